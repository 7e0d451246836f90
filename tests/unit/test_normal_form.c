/* One good document, and what is wrong with it after one change: a fault of the schema (both sides
 * refuse it) or of the normal form (the Python suite would repair it, so it has two hashes). */
#include "base/mem.h"
#include "envelope/schema.h"
#include "envelope/schema_form.h"
#include "envelope/verify_text.h"
#include "hardware/normal_text.h"
#include "support/test.h"

#include <string.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char good[] =
    "{\"envelope_version\":\"v1\",\"suite_id\":\"s\",\"suite_version\":\"1.0.0\","
    "\"run_id\":\"019ebf74-9c6e-7b36-9234-39c3fd8ced02\","
    "\"timestamp\":\"2026-06-13T05:29:11.022500Z\",\n"
    "\"model\":{\"id\":\"m\",\"revision\":\"unknown\",\"provider\":\"p\",\"endpoint_hash\":\"" HEX64
    "\"},\n"
    "\"engine\":{\"name\":\"e\",\"version\":\"1\",\"config_hash\":\"" HEX64
    "\",\"image_digest\":\"\"},\n"
    "\"quantization\":{\"format\":\"fp16\",\"method\":\"\"},\n"
    "\"hardware_fingerprint\":{\"fingerprint_sha256\":\"" HEX64 "\",\"dmi_uuid\":\"d\",\"gpus\":"
    "[{\"model\":\"g\",\"pci_id\":\"0\",\"serial\":\"s\",\"vbios\":\"v\"}],\"cpu\":{\"model\":\"c\","
    "\"microcode\":\"0x1\"},\"memory\":{\"channels\":8,\"speed_mts\":4800,\"ecc\":true},\"bios\":"
    "{\"version\":\"b\",\"resizable_bar\":false,\"above_4g\":true},\"numa\":{\"n\":\" any \"},"
    "\"driver\":\"\",\"cuda\":\"\",\"nccl\":\"\"},\n"
    "\"software_provenance\":{\"image_digest\":\"\",\"pip_freeze_hash\":\"" HEX64
    "\",\"git_commit\":\"unknown\",\"nvidia_smi_q_hash\":\"\"},\n"
    "\"dataset\":{\"id\":\"d\",\"hash\":\"" HEX64 "\"},\n"
    "\"seed\":42,\n"
    "\"driver_options\":{\"stop\":\"\\n\"},\n"
    "\"metrics\":{\"a\":1.5,\"b\":2,\"c\":\"x\",\"d\":null},\n"
    "\"distributions\":{\"t\":\"records#t\"},\"slo_template\":\"\",\"warnings\":[\"w\"],\n"
    "\"signature\":{\"method\":\"dev-key\",\"certificate\":\"c\",\"rekor_log_index\":-1,"
    "\"bundle\":\"AA==\"}}";

enum verdict {
    GOOD,
    SCHEMA,
    NORMAL,
};

struct change {
    const char *what;
    const char *from;
    const char *to;
    enum verdict verdict;
    const char *says; /* begins with */
};

static const struct change changes[] = {
    {"nothing", "{", "{", GOOD, ""},
    {"unknown fields", "\"seed\":42", "\"seed\":42,\"ours\":[1,\" x \",true]", GOOD, ""},
    {"unknown fields inside", "\"id\":\"m\"", "\"id\":\"m\",\"more\":\" x \"", GOOD, ""},
    {"quantization null", "{\"format\":\"fp16\",\"method\":\"\"}", "null", GOOD, ""},
    {"huge seed", "42", "123456789012345678901234567890", GOOD, ""},
    {"negative seed", "42", "-42", GOOD, ""},
    {"timestamp without fraction", ".022500Z", "Z", GOOD, ""},
    {"version with a tail", "1.0.0", "1.0.0-rc.1_a", GOOD, ""},
    {"revision of 40 characters of two bytes", "\"unknown\",\"provider\"",
     "\"éééééééééééééééééééééééééééééééééééééééé\",\"provider\"", GOOD, ""},
    {"huge speed", "4800", "99999999999999999999", GOOD, ""},
    {"no gpus", "[{\"model\":\"g\",\"pci_id\":\"0\",\"serial\":\"s\",\"vbios\":\"v\"}]", "[]", GOOD,
     ""},

    {"version 2", "\"v1\"", "\"v2\"", SCHEMA, "envelope_version: \"v1\" is expected (line 1)"},
    {"suite_id empty", "\"suite_id\":\"s\"", "\"suite_id\":\"\"", SCHEMA,
     "suite_id: a string that is not empty"},
    {"suite_id missing", "\"suite_id\":\"s\",", "", SCHEMA, "suite_id: missing"},
    {"suite_id number", "\"suite_id\":\"s\"", "\"suite_id\":1", SCHEMA,
     "suite_id: a string is exp"},
    {"two numbers", "1.0.0", "1.0", SCHEMA, "suite_version: a version like"},
    {"no number", "1.0.0", "1..0", SCHEMA, "suite_version: a version like"},
    {"empty tail", "1.0.0", "1.0.0-", SCHEMA, "suite_version: a version like"},
    {"plus tail", "1.0.0", "1.0.0+1", SCHEMA, "suite_version: a version like"},
    {"bad tail", "1.0.0", "1.0.0-a+b", SCHEMA, "suite_version: a version like"},
    {"uuid 4", "-7b36-", "-4b36-", SCHEMA, "run_id: a UUID of version 7"},
    {"uuid variant", "-9234-", "-c234-", SCHEMA, "run_id: a UUID of version 7"},
    {"uuid upper", "019ebf74", "019EBF74", SCHEMA, "run_id: a UUID of version 7"},
    {"timestamp no date", "2026-06-13T05:29:11.022500Z", "soon", SCHEMA, "timestamp: YYYY"},
    {"timestamp null", "\"2026-06-13T05:29:11.022500Z\"", "null", SCHEMA, "timestamp: YYYY"},
    {"model null", "{\"id\":\"m\"", "null,\"x\":{\"id\":\"m\"", SCHEMA, "model: an object is exp"},
    {"revision short", "\"unknown\",\"provider\"", "\"main\",\"provider\"", SCHEMA,
     "model.revision: 7 to 40 characters"},
    {"revision long", "\"unknown\",\"provider\"",
     "\"01234567890123456789012345678901234567890\",\"provider\"", SCHEMA, "model.revision: 7 to"},
    {"hash short", "\"endpoint_hash\":\"0", "\"endpoint_hash\":\"", SCHEMA,
     "model.endpoint_hash: 64 lower-case hex digits"},
    {"hash upper", "\"endpoint_hash\":\"0123456789a", "\"endpoint_hash\":\"0123456789A", SCHEMA,
     "model.endpoint_hash: 64 lower-case"},
    {"engine array", "\"engine\":{", "\"engine\":[],\"x\":{", SCHEMA, "engine: an object"},
    {"quantization text", "{\"format\":\"fp16\",\"method\":\"\"}", "\"fp16\"", SCHEMA,
     "quantization: an object"},
    {"quantization without format", "\"format\":\"fp16\",", "", SCHEMA, "quantization.format: mis"},
    {"gpus object", "\"gpus\":[", "\"gpus\":{},\"x\":[", SCHEMA,
     "hardware_fingerprint.gpus: an array"},
    {"gpu null", "\"gpus\":[", "\"gpus\":[null,", SCHEMA, "hardware_fingerprint.gpus[0]: an obj"},
    {"gpu serial missing", "\"serial\":\"s\",", "", SCHEMA,
     "hardware_fingerprint.gpus[0].serial: missing"},
    {"cpu missing", "\"cpu\":", "\"cpus\":", SCHEMA, "hardware_fingerprint.cpu: missing"},
    {"channels 0", "\"channels\":8", "\"channels\":0", SCHEMA,
     "hardware_fingerprint.memory.channels: a number from 1"},
    {"channels 17", "\"channels\":8", "\"channels\":17", SCHEMA,
     "hardware_fingerprint.memory.channels: a number up to 16"},
    {"channels huge", "\"channels\":8", "\"channels\":99999999999999999999", SCHEMA,
     "hardware_fingerprint.memory.channels: a number up to 16"},
    {"channels huge negative", "\"channels\":8", "\"channels\":-99999999999999999999", SCHEMA,
     "hardware_fingerprint.memory.channels: a number from 1"},
    {"channels null", "\"channels\":8", "\"channels\":null", SCHEMA,
     "hardware_fingerprint.memory.channels: a whole number is expected, not null"},
    {"bool null", "\"ecc\":true", "\"ecc\":null", SCHEMA, "hardware_fingerprint.memory.ecc: true"},
    {"bios bool missing", "\"resizable_bar\":false,", "", SCHEMA,
     "hardware_fingerprint.bios.resizable_bar: missing"},
    {"seed 1.5", "42", "42.5", SCHEMA, "seed: a whole number is expected, not a float"},
    {"seed word", "42", "\"many\"", SCHEMA, "seed: a whole number is expected, not a string"},
    {"seed array", "42", "[42]", SCHEMA, "seed: a whole number is expected, not an array"},
    {"seed object", "42", "{}", SCHEMA, "seed: a whole number is expected, not an object"},
    {"seed missing", "\"seed\":42,", "", SCHEMA, "seed: missing"},
    {"metrics empty", "{\"a\":1.5,\"b\":2,\"c\":\"x\",\"d\":null}", "{}", SCHEMA,
     "metrics: at least one"},
    {"metric array", "\"a\":1.5", "\"a\":[1.5]", SCHEMA, "metrics.a: a number, a string or null"},
    {"metric object", "\"a\":1.5", "\"a\":{}", SCHEMA, "metrics.a: a number, a string or null"},
    {"distribution number", "\"records#t\"", "1", SCHEMA, "distributions.t: a string is expected"},
    {"warning number", "[\"w\"]", "[\"w\",1]", SCHEMA, "warnings[1]: a string is expected"},
    {"warnings text", "[\"w\"]", "\"w\"", SCHEMA, "warnings: an array"},
    {"signature text", "\"signature\":{", "\"signature\":\"s\",\"x\":{", SCHEMA,
     "signature: an obj"},
    {"signature method", "dev-key", "gpg", SCHEMA, "signature.method: \"dev-key\" or \"sigstore"},
    {"certificate empty", "\"certificate\":\"c\"", "\"certificate\":\"\"", SCHEMA,
     "signature.certificate: a string that is not"},
    {"document array", good, "[]", SCHEMA, "document: an object"},

    {"padded text", "\"id\":\"m\"", "\"id\":\" m\"", NORMAL,
     "model.id: white space at the ends of the string (line 2)"},
    {"padded by no-break space", "\"id\":\"m\"", "\"id\":\"m\\u00a0\"", NORMAL, "model.id: white"},
    {"padded by ideographic space", "\"id\":\"m\"", "\"id\":\"m\\u3000\"", NORMAL, "model.id: wh"},
    {"padded metric", "\"c\":\"x\"", "\"c\":\"x \"", NORMAL, "metrics.c: white"},
    {"padded metric key", "\"c\":\"x\"", "\"c \":\"x\"", NORMAL,
     "metrics.c : white space at the ends of the key"},
    {"padded option key", "\"stop\"", "\" stop\"", NORMAL, "driver_options. stop: white"},
    {"padded numa key", "\"n\":", "\"n\\n\":", NORMAL, "hardware_fingerprint.numa.n\n: white"},
    {"padded distribution", "\"records#t\"", "\" records#t\"", NORMAL, "distributions.t: white"},
    {"padded distribution key", "\"t\":", "\"\\tt\":", NORMAL, "distributions.\tt: white"},
    {"padded warning", "[\"w\"]", "[\"w\",\"\\n\"]", NORMAL, "warnings[1]: white"},
    {"padded gpu", "\"serial\":\"s\"", "\"serial\":\"s\\u2029\"", NORMAL,
     "hardware_fingerprint.gpus[0].serial: white"},
    {"seed text", "42", "\"42\"", NORMAL,
     "seed: a whole number is expected, not a string (line 8)"},
    {"seed float", "42", "42.0", NORMAL, "seed: a whole number is expected, not a float"},
    {"seed exponent", "42", "4.2e1", NORMAL, "seed: a whole number is expected, not a float"},
    {"seed true", "42", "true", NORMAL, "seed: a whole number is expected, not a boolean"},
    {"ecc number", "\"ecc\":true", "\"ecc\":1", NORMAL,
     "hardware_fingerprint.memory.ecc: true or false is expected, not a whole number"},
    {"ecc text", "\"ecc\":true", "\"ecc\":\"yes\"", NORMAL,
     "hardware_fingerprint.memory.ecc: true"},
    {"metric true", "\"a\":1.5", "\"a\":true", NORMAL, "metrics.a: a number, a string or null"},
    {"timestamp zero fraction", ".022500Z", ".000000Z", NORMAL, "timestamp: YYYY"},
    {"timestamp milliseconds", ".022500Z", ".022Z", NORMAL, "timestamp: YYYY"},
    {"timestamp offset", ".022500Z", ".022500+00:00", NORMAL, "timestamp: YYYY"},
    {"timestamp space", "13T05", "13 05", NORMAL, "timestamp: YYYY"},
    {"timestamp lower case", ".022500Z", ".022500z", NORMAL, "timestamp: YYYY"},
    {"timestamp number", "\"2026-06-13T05:29:11.022500Z\"", "1781328551", NORMAL, "timestamp: Y"},
    {"timestamp number text", "2026-06-13T05:29:11.022500Z", "1781328551", NORMAL, "timestamp: Y"},
    {"no envelope_version", "\"envelope_version\":\"v1\",", "", NORMAL,
     "envelope_version: missing, and the other side would add a default"},
    {"no image_digest", ",\"image_digest\":\"\"},\n\"quant", "},\n\"quant", NORMAL,
     "engine.image_digest: missing"},
    {"no quantization", "\"quantization\":", "\"quantisation\":", NORMAL, "quantization: missing"},
    {"no method", ",\"method\":\"\"", "", NORMAL, "quantization.method: missing"},
    {"no gpus", "\"gpus\":", "\"gpu\":", NORMAL, "hardware_fingerprint.gpus: missing"},
    {"no ecc", ",\"ecc\":true", "", NORMAL, "hardware_fingerprint.memory.ecc: missing"},
    {"no numa", "\"numa\":", "\"numb\":", NORMAL, "hardware_fingerprint.numa: missing"},
    {"no nccl", ",\"nccl\":\"\"", "", NORMAL, "hardware_fingerprint.nccl: missing"},
    {"no smi", ",\"nvidia_smi_q_hash\":\"\"", "", NORMAL,
     "software_provenance.nvidia_smi_q_hash: missing"},
    {"no options", "\"driver_options\":", "\"x\":", NORMAL, "driver_options: missing"},
    {"no distributions", "\"distributions\":", "\"x\":", NORMAL, "distributions: missing"},
    {"no slo_template", "\"slo_template\":\"\",", "", NORMAL, "slo_template: missing"},
    {"no warnings", "\"warnings\":", "\"x\":", NORMAL, "warnings: missing"},
    {"no signature", "\"signature\":", "\"x\":", NORMAL, "signature: missing"},
    {"no log index", "\"rekor_log_index\":-1,", "", NORMAL, "signature.rekor_log_index: missing"},
    {"no bundle", ",\"bundle\":\"AA==\"", "", NORMAL, "signature.bundle: missing"},
};

static char *changed(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL) {
        print_error("not in the text: %s\n", from);
        fail();
        return NULL;
    }
    return mem_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_as_expected(const struct change *row, const struct schema_findings *found)
{
    switch (row->verdict) {
    case GOOD:
        return found->schema[0] == '\0' && found->normal_form[0] == '\0';
    case SCHEMA:
        return begins(found->schema, row->says);
    case NORMAL:
        return found->schema[0] == '\0' && begins(found->normal_form, row->says) &&
               found->normal_form[0] != '\0';
    }
    return false;
}

static void test_schema_check__names_each_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const struct change *row = &changes[i];
        CLEANUP(mem_freep) char *text = changed(good, row->from, row->to);
        CLEANUP(arena_done) struct arena arena = {0};
        struct json *root = NULL;
        struct error err = {0};
        struct schema_findings found;
        if (json_parse(&arena, "t", text, strlen(text), &root, &err) < 0) {
            print_error("%s: %s\n", row->what, err.text);
            fail();
        }
        schema_check(root, &found);
        if (!is_as_expected(row, &found)) {
            print_error(
                "%s: schema '%s', normal form '%s'\n", row->what, found.schema, found.normal_form);
            fail();
        }
    }
}

static void test_schema_check__keeps_the_first_fault_of_each_sort(void **state)
{
    (void)state;
    static const char text[] = "{\"seed\":\"42\",\"metrics\":{\"a\":true}}";
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    struct schema_findings found;
    assert_int_equal(json_parse(&arena, "t", text, strlen(text), &root, &err), 0);
    schema_check(root, &found);
    assert_string_equal(found.schema, "suite_id: missing");
    assert_true(begins(found.normal_form, "envelope_version: missing"));
}

struct unreadable {
    const char *what;
    const char *from;
    const char *to;
    const char *says; /* NULL: no JSON at all */
};

static const struct unreadable unreadables[] = {
    {"repeated key", "\"seed\":42", "\"seed\":42,\"seed\":42", "'seed' is repeated"},
    {"repeated key inside", "\"stop\":", "\"stop\":1,\"stop\":", "'stop' is repeated"},
    {"NaN", "1.5", "NaN", "not NaN or Infinity"},
    {"Infinity", "1.5", "Infinity", "not NaN or Infinity"},
    {"-Infinity", "1.5", "-Infinity", "not NaN or Infinity"},
    {"beyond a double", "1.5", "1e999", "too large for a double"},
    {"lone surrogate", "\"c\":\"x\"", "\"c\":\"\\ud800\"", "lone surrogate"},
    {"a word", "1.5", "nan", NULL},
    {"cut", "}}", "}", NULL},
    {"empty", good, "", NULL},
    {"text behind", "}}", "}}x", NULL},
    {"single quotes", "\"v1\"", "'v1'", NULL},
};

static void test_verify_text__tells_no_json_from_json_of_two_meanings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(unreadables); i++) {
        const struct unreadable *row = &unreadables[i];
        CLEANUP(mem_freep) char *text = changed(good, row->from, row->to);
        CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
        struct error err = {0};
        const int rc = verify_text("a:b.json", text, strlen(text), report, &err);
        const bool expected =
            row->says == NULL
                ? rc == -ERROR_PARSE && begins(err.text, "not an envelope, no JSON: a:b.json:")
                : rc == 0 && !report->good && report->content_hash[0] == '\0' &&
                      strcmp(report->checks[1].name, "normal_form") == 0 &&
                      report->checks[1].result == CHECK_FAIL &&
                      strstr(report->checks[1].text, row->says) != NULL;
        if (!expected) {
            print_error("%s: %d '%s' '%s'\n", row->what, rc, err.text, report->checks[1].text);
            fail();
        }
    }
}

static void test_verify_text__refuses_what_is_too_deep(void **state)
{
    (void)state;
    char deep[2 * 201 + 1] = "";
    memset(deep, '[', 201);
    memset(deep + 201, ']', 201);
    CLEANUP(mem_freep) char *text = changed(good, "42", deep);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    struct error err = {0};
    assert_int_equal(verify_text("t", text, strlen(text), report, &err), 0);
    assert_false(report->good);
    assert_non_null(strstr(report->checks[1].text, "nested deeper than 200"));
}

struct time_row {
    const char *text;
    bool good;
};

static void test_is_timestamp__takes_days_that_exist(void **state)
{
    (void)state;
    static const struct time_row rows[] = {
        {"2026-06-13T05:29:11Z", true},         {"2026-06-13T05:29:11.022500Z", true},
        {"2024-02-29T00:00:00Z", true},         {"2000-02-29T00:00:00Z", true},
        {"2025-02-29T00:00:00Z", false},        {"1900-02-29T00:00:00Z", false},
        {"2026-04-31T00:00:00Z", false},        {"2026-00-01T00:00:00Z", false},
        {"2026-13-01T00:00:00Z", false},        {"2026-01-00T00:00:00Z", false},
        {"0000-01-01T00:00:00Z", false},        {"2026-01-01T24:00:00Z", false},
        {"2026-01-01T00:60:00Z", false},        {"2026-01-01T00:00:60Z", false},
        {"2026-01-01T00:00:00.000000Z", false}, {"2026-01-01T00:00:00.00000Z", false},
        {"2026-01-01T00:00:00", false},         {"", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (schema_is_timestamp(rows[i].text, strlen(rows[i].text)) != rows[i].good) {
            print_error("%s\n", rows[i].text);
            fail();
        }
    }
}

struct copy_row {
    const char *what;
    const char *from;
    const char *to;
};

static void test_normal_text_copy__strips_and_repairs(void **state)
{
    (void)state;
    static const struct copy_row rows[] = {
        {"plain", "a b", "a b"},
        {"ascii", " \t\n\v\f\ra \n", "a"},
        {"unicode", "\xe3\x80\x80\xc2\xa0x\xe2\x80\xa8\xe1\x9a\x80", "x"},
        {"only space", "  ", ""},
        {"empty", "", ""},
        {"not white in Unicode", "\x1cx\x1f", "\x1cx\x1f"},
        {"bad byte", "a\xff\xc3", "a??"},
        {"bad at the end of space", " \xa0", "?"},
    };
    CLEANUP(arena_done) struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *copy = normal_text_copy(&arena, rows[i].from);
        if (strcmp(copy, rows[i].to) != 0) {
            print_error("%s: '%s'\n", rows[i].what, copy);
            fail();
        }
        assert_false(normal_text_is_padded(copy, strlen(copy)));
    }
    assert_int_equal(normal_text_length("a\xc3\xa9\xe3\x80\x80", 6), 3);
}

static void test_names__are_there_for_every_form_and_kind(void **state)
{
    (void)state;
    for (unsigned form = FORM_ANY; form <= FORM_DATE; form++) {
        assert_true(strlen(schema_form_name((enum schema_form)form)) > 0);
    }
    for (unsigned kind = JSON_NULL; kind <= JSON_OBJECT; kind++) {
        const struct json value = {.kind = (enum json_kind)kind};
        assert_true(strlen(schema_kind_name(&value)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_check__names_each_fault),
        cmocka_unit_test(test_schema_check__keeps_the_first_fault_of_each_sort),
        cmocka_unit_test(test_verify_text__tells_no_json_from_json_of_two_meanings),
        cmocka_unit_test(test_verify_text__refuses_what_is_too_deep),
        cmocka_unit_test(test_is_timestamp__takes_days_that_exist),
        cmocka_unit_test(test_normal_text_copy__strips_and_repairs),
        cmocka_unit_test(test_names__are_there_for_every_form_and_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
