/* Fingerprints from files: what `bench fingerprint --json` prints is taken, anything else is refused by the
 * name of what is wrong. */
#include "base/mem.h"
#include "envelope/host_file.h"
#include "hardware/fingerprint.h"
#include "support/scratch.h"

#include <string.h>

struct host_file {
    struct scratch scratch;
    struct arena arena;
    struct json *warnings;
    char *text; /* of a good file */
    size_t n_told;
};

static void host_file_make(struct host_file *self)
{
    *self = (struct host_file){0};
    scratch_init(&self->scratch);
    self->warnings = json_new(&self->arena, JSON_ARRAY);
    struct json *told = json_new(&self->arena, JSON_ARRAY);
    struct json *made = fingerprint_read(&self->arena, "tests/data/hardware/server", told);
    (void)json_add(&self->arena, made, "warnings", told);
    self->n_told = told->len;
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_pretty(made, &text);
    self->text = bytes_take(&text);
}

static void host_file_done(struct host_file *self)
{
    free(self->text);
    arena_done(&self->arena);
    scratch_done(&self->scratch);
}

static int read_text(
    struct host_file *self, const char *text, size_t len, struct json **out, struct error *err)
{
    const char *path = scratch_write_bytes(&self->scratch, "host.json", text, len);
    return host_file_read(&self->arena, path, self->warnings, out, err);
}

static void test_read__gives_the_fingerprint_and_what_it_does_not_know(void **state)
{
    (void)state;
    struct host_file file;
    struct json *out = NULL;
    struct error err = {0};
    host_file_make(&file);
    assert_int_equal(read_text(&file, file.text, strlen(file.text), &out, &err), 0);
    assert_string_equal(
        json_text(json_find(out, "fingerprint_sha256"), ""),
        "80ee24291552524201ca0604b3d801dbd1c42983bc1e2c226a12e8157a26b33c");
    assert_null(json_find(out, "warnings"));
    assert_non_null(json_find(out, "host"));
    assert_true(file.n_told > 5);
    assert_int_equal(file.warnings->len, file.n_told);
    assert_string_equal(
        json_text(json_at(file.warnings, 0), ""),
        "hardware_fingerprint.gpus: serial of 00000000:0A:00.0 is unknown");
    host_file_done(&file);
}

static void test_read__refuses_by_name(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *from; /* NULL: `to` is the whole text */
        const char *to;
        const char *says;
    } rows[] = {
        {"no JSON", NULL, "field  value\n", "host.json:1:1: "},
        {"empty", NULL, "", "host.json:1:1: "},
        {"an array", NULL, "[]", "hardware_fingerprint: an object is expected (line 1)"},
        {"something else", NULL, "{}", "hardware_fingerprint.fingerprint_sha256: missing"},
        {"an envelope", NULL, "{\"envelope_version\": \"v1\"}", "is a whole envelope"},
        {"a field that is missing", "\"microcode\"", "\"x\"",
         "hardware_fingerprint.cpu.microcode: missing"},
        {"a default that is missing", "\"ecc\"", "\"x\"",
         "hardware_fingerprint.memory.ecc: missing"},
        {"another type", "\"speed_mts\": 1", "\"speed_mts\": \"1\"",
         "hardware_fingerprint.memory.speed_mts: a whole number is expected"},
        {"out of range", "\"channels\": 1", "\"channels\": 17",
         "hardware_fingerprint.memory.channels: a number up to 16 is expected"},
        {"a GPU without a serial", "\"serial\"", "\"x\"",
         "hardware_fingerprint.gpus[0].serial: missing"},
        {"padding", "\"R24\"", "\" R24\"", "hardware_fingerprint.bios.version: white space"},
        {"a key with padding", "\"nodes\"", "\"nodes \"",
         "hardware_fingerprint.numa.nodes : white space"},
        {"a field that was changed", "\"R24\"", "\"R25\"",
         "fingerprint_sha256 is not the hash of its fields"},
        {"a key twice", "\"nccl\"", "\"cuda\"", "is repeated"},
        {"warnings of another type", "\"warnings\": [", "\"warnings\": {}, \"x\": [",
         "warnings: an array is expected"},
        {"a warning of another type", "\"warnings\": [", "\"warnings\": [1,",
         "warnings: strings are expected"},
    };

    struct host_file file;
    host_file_make(&file);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *at = rows[i].from == NULL ? file.text : strstr(file.text, rows[i].from);
        assert_non_null(at);
        const char *rest = rows[i].from == NULL ? "" : at + strlen(rows[i].from);
        CLEANUP(mem_freep)
        char *text = mem_format("%.*s%s%s", (int)(at - file.text), file.text, rows[i].to, rest);
        struct json *out = NULL;
        struct error err = {0};
        const int result = read_text(&file, text, strlen(text), &out, &err);
        if (result != -(int)ERROR_USAGE || strstr(err.text, rows[i].says) == NULL) {
            fail_msg("%s: %d, '%s'", rows[i].what, result, err.text);
        }
        assert_non_null(strstr(err.text, "bench fingerprint --json"));
        assert_null(out);
    }
    host_file_done(&file);
}

static void test_read__has_a_limit(void **state)
{
    (void)state;
    struct host_file file;
    host_file_make(&file);
    const size_t len = strlen(file.text);
    CLEANUP(mem_freep) char *text = mem_alloc(HOST_FILE_MAX + 1, 1);
    memset(text, ' ', HOST_FILE_MAX + 1);
    memcpy(text, file.text, len);
    struct json *out = NULL;
    struct error err = {0};
    assert_int_equal(read_text(&file, text, HOST_FILE_MAX, &out, &err), 0);
    assert_int_equal(read_text(&file, text, HOST_FILE_MAX + 1, &out, &err), -(int)ERROR_USAGE);
    assert_non_null(strstr(err.text, "a fingerprint has at most 1048576 bytes"));
    error_clear(&err);
    assert_int_equal(
        host_file_read(&file.arena, "missing.json", file.warnings, &out, &err),
        -(int)ERROR_NOT_FOUND);
    error_clear(&err);
    assert_int_equal(
        host_file_read(&file.arena, "/tmp", file.warnings, &out, &err), -(int)ERROR_NOT_FOUND);
    host_file_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__gives_the_fingerprint_and_what_it_does_not_know),
        cmocka_unit_test(test_read__refuses_by_name),
        cmocka_unit_test(test_read__has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
