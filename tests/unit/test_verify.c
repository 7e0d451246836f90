/* Envelopes of the public Python suite, files made wrong in known ways, and the records beside an
 * envelope. */
#include "base/file.h"
#include "base/mem.h"
#include "envelope/verify.h"
#include "support/envelope_point.h"
#include "support/test.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

/* What the command makes of it: 0 good, 1 a check failed, 2 the invocation is wrong. */
static int exit_code(const struct verify_options *options, struct verify_report *report)
{
    struct error err = {0};
    const int rc = envelope_verify(options, report, &err);
    if (rc == 0) {
        return report->good ? 0 : 1;
    }
    const enum error_code code = err.code;
    assert_true(code == ERROR_NOT_FOUND || code == ERROR_KEY || code == ERROR_PARSE);
    (void)snprintf(report->checks[0].text, sizeof(report->checks[0].text), "%s", err.text);
    return 2;
}

static const struct check *find_check(const struct verify_report *report, const char *name)
{
    for (size_t i = 0; i < report->n_checks; i++) {
        if (strcmp(report->checks[i].name, name) == 0) {
            return &report->checks[i];
        }
    }
    return NULL;
}

static void assert_check(
    const struct verify_report *report,
    const char *name,
    enum check_result result,
    const char *says)
{
    const struct check *check = find_check(report, name);
    if (check == NULL || check->result != result || strstr(check->text, says) == NULL) {
        print_error(
            "%s: %d '%s', not %d '%s'\n", name, check == NULL ? -1 : (int)check->result,
            check == NULL ? "" : check->text, (int)result, says);
        fail();
    }
}

/* ---- fixtures/verify_cases ---- */

struct expected_case {
    const char *name;
    int exit_here;
    const char *check; /* that fails; NULL: none, or the invocation is refused */
    const char *says;
};

/* ENVELOPE.md "Normal form": the alias_ files that the other side repairs are refused here, each by
 * its name; so are NaN and a nesting beyond the limit. */
static const struct expected_case expected_cases[] = {
    {"good_embedded", 0, NULL, ""},
    {"good_pub", 0, NULL, ""},
    {"wrong_pub", 1, "signer", "other.pub"},
    {"missing_pub", 2, NULL, "/nonexistent.pub"},
    {"rsa_pub", 2, NULL, "an RSA key, not an Ed25519 public key"},
    {"tamper_metric", 1, "signature", "changed after signing"},
    {"tamper_seed", 1, "signature", "changed after signing"},
    {"tamper_hw_only", 1, "fingerprint", "fingerprint_sha256"},
    {"cert_swapped_attacker", 0, NULL, ""},
    {"cert_swapped_attacker_pub", 1, "signer", "cosign.pub"},
    {"bundle_bitflip", 1, "signature", "changed after signing"},
    {"bundle_no_padding", 1, "signature", "signature.bundle"},
    {"unsigned_null", 1, "signature", "not signed"},
    {"sig_method_unknown", 1, "schema", "signature.method"},
    {"alias_seed_string", 1, "normal_form", "seed: a whole number is expected, not a string"},
    {"alias_padded_model", 1, "normal_form", "model.id: white space"},
    {"alias_missing_default", 1, "normal_form", "envelope_version: missing"},
    {"alias_dup_key", 1, "normal_form", "'seed' is repeated"},
    {"alias_minified", 0, NULL, ""},
    {"not_json", 2, NULL, "no JSON"},
    {"trailing_newlines", 0, NULL, ""},
    {"nan_metric_literal_NaN", 1, "normal_form", "not NaN or Infinity"},
    {"deep_300", 1, "normal_form", "nested deeper than 200"},
};

static const struct expected_case *expected_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(expected_cases); i++) {
        if (strcmp(expected_cases[i].name, name) == 0) {
            return &expected_cases[i];
        }
    }
    print_error("no expectation for the case '%s'\n", name);
    fail();
    return NULL;
}

static void run_case(const char *folder, const struct json *row)
{
    const struct expected_case *expected = expected_of(json_text(json_find(row, "case"), ""));
    CLEANUP(mem_freep) char *path = file_join(folder, json_text(json_find(row, "file"), ""));
    const char *key = json_text(json_at(json_find(row, "args"), 1), NULL);
    CLEANUP(mem_freep)
    char *key_path =
        key == NULL ? NULL : (*key == '/' ? mem_copy_text(key) : file_join(folder, key));
    const struct verify_options options = {.path = path, .dev_public_key = key_path};
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const int code = exit_code(&options, report);
    if (code != expected->exit_here) {
        print_error("%s: exit %d, not %d\n", expected->name, code, expected->exit_here);
        fail();
    }
    if (expected->check != NULL) {
        print_message("%s\n", expected->name);
        assert_check(report, expected->check, CHECK_FAIL, expected->says);
    } else if (code == 2) {
        assert_non_null(strstr(report->checks[0].text, expected->says));
    }
}

static void test_verify__every_case_ends_as_stated(void **state)
{
    (void)state;
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: no shared folder with verify_cases\n");
        skip();
    }
    CLEANUP(mem_freep) char *folder = file_join(shared, "fixtures/verify_cases");
    CLEANUP(mem_freep) char *path = file_join(folder, "cases.jsonl");
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read(path, JSON_SIZE_MAX, &text, &len, &err), 0);
    CLEANUP(arena_done) struct arena arena = {0};
    size_t n = 0;
    for (const char *line = text; *line != '\0'; n++) {
        const size_t line_len = strcspn(line, "\n");
        struct json *row = NULL;
        assert_int_equal(json_parse(&arena, "cases", line, line_len, &row, &err), 0);
        run_case(folder, row);
        line += line_len + (line[line_len] == '\n');
    }
    assert_int_equal(n, ARRAY_LEN(expected_cases));
}

/* ---- fixtures/envelopes ---- */

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text);
    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static void verify_published(const char *folder, const char *name)
{
    CLEANUP(mem_freep) char *path = file_join(folder, name);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const struct verify_options options = {.path = path};
    const int code = exit_code(&options, report);
    for (size_t i = 0; i < report->n_checks && code != 0; i++) {
        print_error("%s: %s %s\n", name, report->checks[i].name, report->checks[i].text);
    }
    assert_int_equal(code, 0);
    assert_check(report, "signature", CHECK_PASS, "Ed25519");
    assert_check(report, "signer", CHECK_SKIP, "not pinned");
    assert_check(report, "records", CHECK_SKIP, "names no records file");
    assert_string_equal(report->signer, "embedded key, not pinned");
    assert_int_equal(strlen(report->key_sha256), 64);
    /* Their names end with the first digits of their hash. */
    const char *dash = strrchr(name, '-');
    if (strlen(dash) == strlen("-79d354b13545.json")) {
        assert_memory_equal(dash + 1, report->content_hash, 12);
    }
}

static void test_verify__published_envelopes_are_good(void **state)
{
    (void)state;
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: no shared folder with envelopes\n");
        skip();
    }
    CLEANUP(mem_freep) char *path = file_join(shared, "fixtures/envelopes");
    DIR *folder = opendir(path);
    assert_non_null(folder);
    size_t n = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (ends_with(entry->d_name, ".json")) {
            verify_published(path, entry->d_name);
            n++;
        }
    }
    (void)closedir(folder);
    assert_true(n >= 8);
}

static void test_promise_29__verify_says_whether_the_signer_is_pinned(void **state)
{
    (void)state;
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: no shared folder with envelopes\n");
        skip();
    }
    static const char *const pairs[][2] = {
        {"fixtures/envelopes/bench-baseline.json", "fixtures/envelopes/bench-cosign.pub"},
        {"fixtures/envelopes/marathon-010e9504589b.json",
         "fixtures/envelopes/trust-cosign-2026-05-18-marathon.pub"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        CLEANUP(mem_freep) char *path = file_join(shared, pairs[i][0]);
        CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
        for (size_t j = 0; j < ARRAY_LEN(pairs); j++) {
            CLEANUP(mem_freep) char *key = file_join(shared, pairs[j][1]);
            const struct verify_options options = {.path = path, .dev_public_key = key};
            const int code = exit_code(&options, report);
            assert_int_equal(code, i == j ? 0 : 1);
            assert_non_null(strstr(report->signer, i == j ? "pinned by " : "another key than "));
        }
    }
}

/* ---- Our own files, with records. ---- */

struct written {
    struct envelope_point *point;
    char folder[64];
    char *path;
    char *records_path;
    char *public_path;
};

static void written_make(struct written *self, enum records_level level)
{
    struct error err = {0};
    (void)snprintf(self->folder, sizeof(self->folder), "/tmp/bench-verify-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    CLEANUP(mem_freep) char *key_path = file_join(self->folder, "k.key");
    CLEANUP(signing_key_freep) struct signing_key *key = NULL;
    assert_int_equal(signing_key_generate(key_path, &self->public_path, &err), 0);
    assert_int_equal(signing_key_load(key_path, NULL, &key, &err), 0);
    self->point = envelope_point_new();
    self->point->inputs.records_level = level;
    struct envelope envelope;
    assert_int_equal(envelope_build(&self->point->inputs, &envelope, &err), 0);
    if (envelope_sign(&envelope, key, &err) < 0) {
        print_error("%s\n", err.text);
        fail();
    }
    assert_int_equal(envelope_write(&envelope, self->folder, "c4-", &self->path, &err), 0);
    self->records_path = mem_format(
        "%.*s.records.jsonl.zst", (int)(strlen(self->path) - strlen(".json")), self->path);
    envelope_done(&envelope);
}

static void written_done(struct written *self)
{
    CLEANUP(mem_freep) char *command = mem_format("rm -rf %s", self->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
    envelope_point_free(self->point);
    free(self->path);
    free(self->records_path);
    free(self->public_path);
}

static void test_verify__our_envelope_passes_every_check(void **state)
{
    (void)state;
    struct written written;
    written_make(&written, RECORDS_FULL);
    static const char *const names[] = {"schema",    "normal_form", "fingerprint", "content_hash",
                                        "signature", "signer",      "records",     "recompute"};
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const struct verify_options options = {
        .path = written.path, .dev_public_key = written.public_path, .recompute = true};
    assert_int_equal(exit_code(&options, report), 0);
    assert_int_equal(report->n_checks, ARRAY_LEN(names));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_string_equal(report->checks[i].name, names[i]);
        assert_int_equal(report->checks[i].result, CHECK_PASS);
    }
    assert_non_null(strstr(report->signer, "pinned by "));
    written_done(&written);
}

static void test_verify__without_records_levels(void **state)
{
    (void)state;
    struct written written;
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    written_make(&written, RECORDS_REQUESTS);
    struct verify_options options = {.path = written.path, .recompute = true};
    assert_int_equal(exit_code(&options, report), 0);
    assert_check(report, "recompute", CHECK_PASS, "need token events, which were not kept");
    written_done(&written);

    written_make(&written, RECORDS_OFF);
    options.path = written.path;
    assert_false(file_exists(written.records_path));
    assert_int_equal(exit_code(&options, report), 1);
    assert_check(report, "records", CHECK_FAIL, "names no records file");
    options.recompute = false;
    assert_int_equal(exit_code(&options, report), 0);
    assert_check(report, "records", CHECK_SKIP, "names no records file");
    written_done(&written);
}

static void test_verify__finds_and_proves_the_records(void **state)
{
    (void)state;
    struct written written;
    struct error err = {0};
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    written_make(&written, RECORDS_FULL);
    struct verify_options options = {.path = written.path};
    assert_int_equal(exit_code(&options, report), 0);
    assert_check(report, "records", CHECK_PASS, "");
    assert_check(report, "recompute", CHECK_SKIP, "--recompute");

    CLEANUP(mem_freep) char *moved = mem_format("%s.moved", written.records_path);
    assert_int_equal(rename(written.records_path, moved), 0);
    assert_int_equal(exit_code(&options, report), 0);
    assert_check(report, "records", CHECK_SKIP, "is not there");
    options.require_records = true;
    assert_int_equal(exit_code(&options, report), 1);
    assert_check(report, "records", CHECK_FAIL, "is not there");
    options.records_path = moved;
    assert_int_equal(exit_code(&options, report), 0);
    options.records_path = "/nonexistent.zst";
    assert_int_equal(exit_code(&options, report), 2);

    /* One bit of the compressed file, then other records altogether. */
    CLEANUP(mem_freep) char *packed = NULL;
    size_t len = 0;
    assert_int_equal(file_read(moved, BYTES_MAX_DEFAULT, &packed, &len, &err), 0);
    packed[len / 2] = (char)(packed[len / 2] ^ 1);
    assert_int_equal(file_write_new(written.records_path, packed, len, 0600, &err), 0);
    options.records_path = NULL;
    assert_int_equal(exit_code(&options, report), 1);
    assert_check(report, "records", CHECK_FAIL, "");
    assert_check(report, "recompute", CHECK_SKIP, "not those of the envelope");
    written_done(&written);

    struct written other;
    written_make(&written, RECORDS_FULL);
    written_make(&other, RECORDS_REQUESTS);
    options = (struct verify_options){.path = written.path, .records_path = other.records_path};
    assert_int_equal(exit_code(&options, report), 1);
    assert_check(report, "records", CHECK_FAIL, "records.sha256 is");
    written_done(&written);
    written_done(&other);
}

static void test_verify__a_path_without_json_at_its_end(void **state)
{
    (void)state;
    struct written written;
    written_make(&written, RECORDS_FULL);
    CLEANUP(mem_freep) char *plain = mem_format("%s/plain", written.folder);
    assert_int_equal(rename(written.path, plain), 0);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const struct verify_options options = {.path = plain};
    assert_int_equal(exit_code(&options, report), 0);
    assert_check(report, "records", CHECK_SKIP, "/plain.records.jsonl.zst is not there");
    written_done(&written);
}

/* Changes of the signature block, which is not hashed. */
struct signature_row {
    const char *what;
    const char *from;
    const char *to;
    const char *check;
    const char *says;
};

static void test_verify__names_what_is_wrong_with_a_signature(void **state)
{
    (void)state;
    static const struct signature_row rows[] = {
        {"in a log", "\"rekor_log_index\": -1", "\"rekor_log_index\": 7", "signature",
         "rekor_log_index: -1"},
        {"keyless", "\"dev-key\"", "\"sigstore-cosign\"", "signature", "sigstore-cosign"},
        {"no key", "-----BEGIN PUBLIC KEY-----", "-----BEGIN KEY-----", "signature",
         "signature.certificate: not a public key"},
        {"short", "\"bundle\": \"", "\"bundle\": \"AAAA\", \"x\": \"", "signature",
         "3 bytes, an Ed25519 signature has 64"},
        {"none", "\"signature\": {", "\"signature\": null, \"x\": {", "signature", "not signed"},
        {"a text", "\"signature\": {", "\"signature\": \"s\", \"x\": {", "schema",
         "signature: an o"},
        {"config", "\"max_model_len\": 4096", "\"max_model_len\": 4097", "schema",
         "engine.config_hash: it is not the hash of engine_config"},
        {"no fingerprint", "\"hardware_fingerprint\": {\n    \"fin", "\"x\": {\n    \"fin",
         "schema", "hardware_fingerprint: missing"},
        {"plugin a text", "\"plugin\": null", "\"plugin\": \"mine\"", "schema",
         "plugin: an object is expected"},
        {"plugin without hash", "\"plugin\": null",
         "\"plugin\": {\"id\": \"a\", \"version\": \"1.0.0\", \"kind\": \"pack\"}", "schema",
         "plugin.sha256: missing"},
        {"client", "\"client_fingerprint\": null", "\"client_fingerprint\": {\"driver\": \"\"}",
         "fingerprint", "client_fingerprint.fingerprint_sha256 is not the hash of its fields"},
    };
    struct written written;
    struct error err = {0};
    written_make(&written, RECORDS_OFF);
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    assert_int_equal(file_read(written.path, JSON_SIZE_MAX, &text, &len, &err), 0);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    CLEANUP(mem_freep) char *path = file_join(written.folder, "changed.json");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *at = strstr(text, rows[i].from);
        assert_non_null(at);
        CLEANUP(mem_freep)
        char *changed =
            mem_format("%.*s%s%s", (int)(at - text), text, rows[i].to, at + strlen(rows[i].from));
        assert_int_equal(file_write_new(path, changed, strlen(changed), 0600, &err), 0);
        const struct verify_options options = {.path = path, .dev_public_key = written.public_path};
        assert_int_equal(exit_code(&options, report), 1);
        print_message("%s\n", rows[i].what);
        assert_check(report, rows[i].check, CHECK_FAIL, rows[i].says);
        assert_int_equal(unlink(path), 0);
    }
    written_done(&written);
}

static void test_verify__texts_are_utf_8_whatever_the_file_is_named(void **state)
{
    (void)state;
    struct written written;
    written_make(&written, RECORDS_FULL);
    CLEANUP(mem_freep) char *odd = mem_format("%s/\xff\n.json", written.folder);
    CLEANUP(mem_freep) char *key = mem_format("%s/\xfe.pub", written.folder);
    assert_int_equal(rename(written.path, odd), 0);
    assert_int_equal(rename(written.public_path, key), 0);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const struct verify_options options = {.path = odd, .dev_public_key = key};
    assert_int_equal(exit_code(&options, report), 0);
    assert_check(report, "records", CHECK_SKIP, "/??.records.jsonl.zst is not there");
    assert_non_null(strstr(report->signer, "/?.pub"));
    written_done(&written);
}

static void test_verify__refuses_wrong_invocations(void **state)
{
    (void)state;
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    struct verify_options options = {.path = "/nonexistent.json"};
    assert_int_equal(exit_code(&options, report), 2);
    assert_non_null(strstr(report->checks[0].text, "/nonexistent.json"));
    options.path = "/";
    assert_int_equal(exit_code(&options, report), 2);
    options.path = "/dev/null";
    assert_int_equal(exit_code(&options, report), 2);
    assert_non_null(strstr(report->checks[0].text, "no JSON"));
    options.dev_public_key = "/dev/null";
    assert_int_equal(exit_code(&options, report), 2);
    assert_non_null(strstr(report->checks[0].text, "public key /dev/null: not a public key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify__every_case_ends_as_stated),
        cmocka_unit_test(test_verify__published_envelopes_are_good),
        cmocka_unit_test(test_promise_29__verify_says_whether_the_signer_is_pinned),
        cmocka_unit_test(test_verify__our_envelope_passes_every_check),
        cmocka_unit_test(test_verify__without_records_levels),
        cmocka_unit_test(test_verify__finds_and_proves_the_records),
        cmocka_unit_test(test_verify__a_path_without_json_at_its_end),
        cmocka_unit_test(test_verify__names_what_is_wrong_with_a_signature),
        cmocka_unit_test(test_verify__texts_are_utf_8_whatever_the_file_is_named),
        cmocka_unit_test(test_verify__refuses_wrong_invocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
