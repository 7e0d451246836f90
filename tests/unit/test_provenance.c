/* What an envelope says of software: real values, or unknown with a warning. */
#include "codec/digest.h"
#include "envelope/envelope.h"
#include "support/scratch.h"

#include <string.h>

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FREEZE       "1111111111111111111111111111111111111111111111111111111111111111"

struct provenance {
    struct arena arena;
    struct json *warnings;
    struct json *made;
};

static void provenance_make(struct provenance *self, const struct provenance_inputs *inputs)
{
    *self = (struct provenance){0};
    self->warnings = json_new(&self->arena, JSON_ARRAY);
    self->made = software_provenance_read(&self->arena, inputs, self->warnings);
}

static const char *text_of(const struct provenance *self, const char *key)
{
    return json_text(json_find(self->made, key), "missing");
}

static size_t count_warnings(const struct provenance *self, const char *part)
{
    size_t n = 0;
    for (const struct json *row = self->warnings->first; row != NULL; row = row->next) {
        n += strstr(row->text, part) != NULL;
    }
    return n;
}

static const char *const nowhere[] = {"/nonexistent/nvidia-smi", NULL};

static void test_promise_25__provenance_is_real_or_unknown(void **state)
{
    (void)state;
    static const char *const keys[] = {"image_digest",  "pip_freeze_hash",
                                       "git_commit",    "nvidia_smi_q_hash",
                                       "commands",      "pip_freeze_of",
                                       "bench_version", "bench_sha256",
                                       "kernel",        "libc",
                                       "openssl",       "libraries"};
    const struct provenance_inputs inputs = {.nvidia_smi = nowhere};
    struct provenance provenance;
    provenance_make(&provenance, &inputs);
    const struct json *row = provenance.made->first;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++, row = row->next) {
        assert_non_null(row);
        assert_string_equal(row->key, keys[i]);
    }
    assert_null(row);
    char self_hex[DIGEST_HEX_SIZE];
    uint8_t digest[DIGEST_SIZE];
    struct error err = {0};
    assert_int_equal(digest_file("/proc/self/exe", digest, &err), 0);
    digest_hex(digest, self_hex);
    assert_string_equal(text_of(&provenance, "bench_sha256"), self_hex);
    const size_t commit_len = strlen(text_of(&provenance, "git_commit"));
    assert_true(commit_len >= 7 && commit_len <= 40);
    static const char *const libraries[] = {"curl", "yaml", "zstd"};
    for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
        const struct json *value = json_find(json_find(provenance.made, "libraries"), libraries[i]);
        assert_true(json_text(value, "")[0] >= '0' && json_text(value, "")[0] <= '9');
    }
    /* Nothing is known of the engine. */
    assert_string_equal(text_of(&provenance, "image_digest"), "");
    assert_string_equal(text_of(&provenance, "pip_freeze_hash"), EMPTY_SHA256);
    assert_string_equal(text_of(&provenance, "pip_freeze_of"), "unknown");
    assert_string_equal(text_of(&provenance, "nvidia_smi_q_hash"), "");
    assert_int_equal(
        count_warnings(&provenance, "image_digest is unknown: the engine's process is not known"),
        1);
    assert_int_equal(count_warnings(&provenance, "pip_freeze_hash is that of an empty list"), 1);
    assert_int_equal(
        count_warnings(&provenance, "nvidia_smi_q_hash is unknown: the engine is not on this"), 1);
    arena_done(&provenance.arena);
}

static void test_read__what_is_known_of_the_engine(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        struct engine_site site;
        bool simulated;
        const char *image;
        const char *freeze;
        const char *freeze_of;
        size_t n_warnings; /* of image and packages */
        const char *warns;
    } rows[] = {
        {.what = "no container, no Python",
         .site = {.known = true, .local = true},
         .image = "",
         .freeze = EMPTY_SHA256,
         .freeze_of = "no Python"},
        {.what = "both",
         .site =
             {.known = true,
              .local = true,
              .container = {.found = CONTAINER_READ, .image_digest = "sha256:00"},
              .python = {.found = PYTHON_READ, .freeze_sha256 = FREEZE}},
         .image = "sha256:00",
         .freeze = FREEZE,
         .freeze_of = "engine"},
        {.what = "neither is shown",
         .site =
             {.known = true,
              .local = true,
              .container = {.found = CONTAINER_UNKNOWN, .why = "for root"},
              .python = {.found = PYTHON_UNKNOWN, .why = "no idea"}},
         .image = "",
         .freeze = EMPTY_SHA256,
         .freeze_of = "unknown",
         .n_warnings = 2,
         .warns = "are unknown: no idea"},
        {.what = "a process that is not known is not described",
         .site = {.local = true, .python = {.found = PYTHON_READ, .freeze_sha256 = FREEZE}},
         .image = "",
         .freeze = EMPTY_SHA256,
         .freeze_of = "unknown",
         .n_warnings = 2,
         .warns = "are unknown: its process is not known"},
        {.what = "this program's own engine",
         .site = {.local = true},
         .simulated = true,
         .image = "",
         .freeze = EMPTY_SHA256,
         .freeze_of = "no Python",
         .n_warnings = 1,
         .warns = "image_digest is unknown"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct provenance_inputs inputs = {
            .site = &rows[i].site, .simulated = rows[i].simulated, .nvidia_smi = nowhere};
        struct provenance provenance;
        provenance_make(&provenance, &inputs);
        assert_string_equal(text_of(&provenance, "image_digest"), rows[i].image);
        assert_string_equal(text_of(&provenance, "pip_freeze_hash"), rows[i].freeze);
        assert_string_equal(text_of(&provenance, "pip_freeze_of"), rows[i].freeze_of);
        const size_t n = count_warnings(&provenance, "image_digest") +
                         count_warnings(&provenance, "pip_freeze_hash");
        if (n != rows[i].n_warnings ||
            (rows[i].warns != NULL && count_warnings(&provenance, rows[i].warns) != 1)) {
            fail_msg("%s: %zu warnings", rows[i].what, n);
        }
        assert_int_equal(count_warnings(&provenance, "nvidia"), 0);
        arena_done(&provenance.arena);
    }
}

static void test_engine_image_digest__by_what_is_known(void **state)
{
    (void)state;
    const struct engine_site unknown = {0};
    const struct engine_site native = {.known = true};
    const struct engine_site hidden = {.known = true, .container = {.found = CONTAINER_UNKNOWN}};
    const struct engine_site shown = {
        .known = true, .container = {.found = CONTAINER_READ, .image_digest = "sha256:00"}};
    assert_null(engine_image_digest(&unknown));
    assert_string_equal(engine_image_digest(&native), "");
    assert_null(engine_image_digest(&hidden));
    assert_string_equal(engine_image_digest(&shown), "sha256:00");
}

static void test_nvidia_smi__is_run_where_there_are_its_gpus(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *script; /* NULL: not there */
        bool local;
        bool has_nvidia;
        const char *hash;
        const char *warns; /* NULL: of nothing */
    } rows[] = {
        /* printf -- '-q\n' | sha256sum */
        {"what it prints is hashed", "#!/bin/sh\necho \"$@\"\n", true, true,
         "c1fdca6e539ec025d4fde5b9129defdb28afab6fec5f5e1b53efe4f59f65dd38", NULL},
        {"no GPU of NVIDIA: it is not run", "#!/bin/sh\necho \"$@\"\n", true, false, "", NULL},
        {"an engine elsewhere", "#!/bin/sh\necho \"$@\"\n", false, true, "",
         "nvidia_smi_q_hash is unknown: the engine is not on this machine"},
        {"it fails", "#!/bin/sh\necho no\nexit 9\n", true, true, "", "ended with exit code 9"},
        {"it is not installed", NULL, true, true, "", "nvidia-smi is not there"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scratch scratch;
        scratch_init(&scratch);
        if (rows[i].script != NULL) {
            const char *path =
                scratch_write_bytes(&scratch, "nvidia-smi", rows[i].script, strlen(rows[i].script));
            assert_int_equal(chmod(path, 0755), 0);
        }
        const char *const paths[] = {
            "/nonexistent/nvidia-smi", scratch_path(&scratch, "nvidia-smi"), NULL};
        const struct engine_site site = {.known = rows[i].local, .local = rows[i].local};
        const struct provenance_inputs inputs = {
            .site = &site, .has_nvidia = rows[i].has_nvidia, .nvidia_smi = paths};
        struct provenance provenance;
        provenance_make(&provenance, &inputs);
        if (strcmp(text_of(&provenance, "nvidia_smi_q_hash"), rows[i].hash) != 0) {
            fail_msg("%s: %s", rows[i].what, text_of(&provenance, "nvidia_smi_q_hash"));
        }
        assert_int_equal(count_warnings(&provenance, "nvidia"), rows[i].warns != NULL);
        assert_true(rows[i].warns == NULL || count_warnings(&provenance, rows[i].warns) == 1);
        const struct json *command = json_at(json_find(provenance.made, "commands"), 0);
        assert_int_equal(command != NULL, rows[i].hash[0] != '\0');
        if (command != NULL) {
            assert_string_equal(json_text(json_at(json_find(command, "argv"), 0), ""), paths[1]);
            assert_string_equal(json_text(json_at(json_find(command, "argv"), 1), ""), "-q");
            assert_string_equal(json_text(json_find(command, "output_sha256"), ""), rows[i].hash);
        }
        arena_done(&provenance.arena);
        scratch_done(&scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promise_25__provenance_is_real_or_unknown),
        cmocka_unit_test(test_read__what_is_known_of_the_engine),
        cmocka_unit_test(test_engine_image_digest__by_what_is_known),
        cmocka_unit_test(test_nvidia_smi__is_run_where_there_are_its_gpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
