/* What stands in an envelope: every field in its order, one warning for each thing unknown, and a
 * signature that holds for the bytes that are written. */
#include "codec/canonical.h"
#include "envelope/verify_text.h"
#include "support/envelope_point.h"
#include "support/test.h"

#include <string.h>

static const char *const field_order[] = {
    "envelope_version",
    "suite_id",
    "suite_version",
    "run_id",
    "timestamp",
    "model",
    "engine",
    "quantization",
    "hardware_fingerprint",
    "software_provenance",
    "dataset",
    "seed",
    "driver_options",
    "metrics",
    "distributions",
    "slo_template",
    "warnings",
    "intervals",
    "measurement",
    "validity",
    "records",
    "engine_config",
    "telemetry",
    "host_role",
    "engine_process",
    "client_fingerprint",
    "selftest",
    "quality",
    "plugin",
    "judge",
    "signature",
};

struct built {
    struct envelope_point *point;
    struct envelope envelope;
};

static void built_make(struct built *self)
{
    struct error err = {0};
    assert_int_equal(envelope_build(&self->point->inputs, &self->envelope, &err), 0);
}

static void built_done(struct built *self)
{
    envelope_done(&self->envelope);
    envelope_point_free(self->point);
}

static size_t count_warnings(const struct envelope *envelope, const char *text)
{
    size_t n = 0;
    const struct json *row = json_find(envelope->body, "warnings")->first;
    for (; row != NULL; row = row->next) {
        n += strcmp(row->text, text) == 0;
    }
    return n;
}

static void assert_text(const struct envelope *envelope, const char *path, const char *expected)
{
    const struct json *value = json_path(envelope->body, path);
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    if (value == NULL) {
        print_error("%s is missing\n", path);
        fail();
    }
    canonical_write(value, NULL, &text);
    if (strcmp(text.data, expected) != 0) {
        print_error("%s is %s, not %s\n", path, text.data, expected);
        fail();
    }
    bytes_done(&text);
}

static void test_build__writes_all_fields_in_order(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    built_make(&built);
    const struct json *child = built.envelope.body->first;
    for (size_t i = 0; i < ARRAY_LEN(field_order); i++) {
        assert_non_null(child);
        assert_string_equal(child->key, field_order[i]);
        child = child->next;
    }
    assert_null(child);
    assert_text(&built.envelope, "selftest", "null");
    assert_text(&built.envelope, "quality", "null");
    assert_text(&built.envelope, "plugin", "null");
    assert_text(&built.envelope, "envelope_version", "\"v1\"");
    assert_text(&built.envelope, "timestamp", "\"2026-09-21T14:13:20.123456Z\"");
    assert_text(&built.envelope, "model.id", "\"org/model\"");
    /* printf http://127.0.0.1:8000/v1 | sha256sum */
    assert_text(
        &built.envelope, "model.endpoint_hash",
        "\"87459d11adee7bce23cb37e9d210800e77403ecd52229858300b9215af0ed0fd\"");
    /* printf '{"engine":{"max_model_len":4096},"request":{"max_tokens":6}}' | sha256sum */
    assert_text(
        &built.envelope, "engine.config_hash",
        "\"029caddb7d91c5a824455b2cf654adf70d8d5eeec669928fcba49ea343c5cabf\"");
    assert_text(
        &built.envelope, "engine_config",
        "{\"engine\":{\"max_model_len\":4096},\"request\":{\"max_tokens\":6}}");
    assert_text(&built.envelope, "quantization", "{\"format\":\"fp16\",\"method\":\"\"}");
    assert_text(&built.envelope, "seed", "42");
    assert_text(&built.envelope, "metrics.slo_hardware_class", "\"h100\"");
    assert_text(&built.envelope, "metrics.slo_template_resolved", "\"ttft<200ms, tpot<50ms\"");
    assert_text(&built.envelope, "distributions.ttft_ms", "\"records#ttft_ms\"");
    assert_text(&built.envelope, "telemetry", "null");
    assert_text(&built.envelope, "signature", "null");
    assert_text(
        &built.envelope, "host_role",
        "{\"engine_address\":\"loopback\",\"hardware_fingerprint\":\"engine_and_client\"}");
    built_done(&built);
}

static void test_build__of_a_plugin(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    built.point->inputs.plugin = envelope_point_json(built.point, "{\"id\": \"a\", \"x\": 1}");
    built.point->inputs.plugin_metrics =
        envelope_point_json(built.point, "{\"plugin_a\": 1.5, \"plugin_b\": null}");
    built_make(&built);
    assert_text(&built.envelope, "plugin", "{\"id\":\"a\",\"x\":1}");
    assert_text(&built.envelope, "metrics.plugin_a", "1.5");
    assert_text(&built.envelope, "metrics.plugin_b", "null");
    built_done(&built);
}

static void test_build__writes_every_figure_of_the_measurement(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    struct summary *summary = &built.point->summary;
    summary->measurement.arrival_ks_p = (double)NAN;
    summary->measurement.cached_prompt_tokens = RECORD_COUNT_UNKNOWN;
    summary->measurement.prompt_tokens_total = 240;
    summary->measurement.n_outcome[OUTCOME_TIMEOUT] = 3;
    summary->measurement.in_flight_mean = 3.75;
    summary->measurement.in_flight_series =
        (struct in_flight_series){.step_s = 2.0, .n = 2, .means = {4.0, 3.5}};
    summary->measurement.n_unsupported = 1;
    summary->measurement.unsupported_percentiles[0] = "ttft_p99_ms";
    built_make(&built);
    static const char *const rows[][2] = {
        {"clock", "\"CLOCK_MONOTONIC\""},
        {"stamp_source", "\"kernel\""},
        {"tokens_source", "\"usage\""},
        {"n_workers", "1"},
        {"driver", "\"closed\""},
        {"arrival", "\"none\""},
        {"interrupted", "false"},
        {"window", "{\"drain_end_ns\":300000000,\"end_ns\":235000000,"
                   "\"requested_duration_ns\":200000000,\"start_ns\":35000000}"},
        {"warmup", "{\"gate\":\"cov\",\"gate_cov\":0.031,\"n_completed\":4}"},
        {"slo_limits", "{\"total_ms\":null,\"tpot_ms\":50.0,\"ttft_ms\":200.0}"},
        {"arrival_ks_p", "null"},
        {"cached_prompt_tokens", "null"},
        {"prompt_tokens_total", "240"},
        {"in_flight_mean", "3.75"},
        {"in_flight_over_time", "{\"means\":[4.0,3.5],\"step_s\":2.0}"},
        {"worker_cpu_shares", "[0.005]"},
        {"worker_work_share_max", "0.00375"},
        {"shared_read_bound_max_us", "null"},
        {"client_gap_max_us", "20100.0"},
        {"engine_before", "{\"n_models\":1,\"server\":\"s\",\"version\":\"0.9.1\"}"},
        {"engine_after", "null"},
        {"turnaround_max_us", "5.0"},
        {"n_kernel_stamps", "144"},
        {"unsupported_percentiles", "[\"ttft_p99_ms\"]"},
        {"kernel_version", "\"Linux 6.1.0 x86_64\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "measurement.%s", rows[i][0]);
        assert_text(&built.envelope, path, rows[i][1]);
    }
    assert_text(&built.envelope, "measurement.n_outcome.timeout", "3");
    assert_int_equal(json_path(built.envelope.body, "measurement.n_outcome")->len, OUTCOME_COUNT);
    built_done(&built);
}

static void test_build__writes_metrics_as_floats_and_what_is_not_as_null(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    struct summary *summary = &built.point->summary;
    assert_true(summary->n_values > 3);
    summary->values[0].value = 5.0;
    summary->values[0].low = 4.5;
    summary->values[0].high = 5.5;
    summary->values[1].value = (double)NAN;
    summary->values[1].low = (double)NAN;
    summary->values[1].high = 1.0;
    summary->validity = VALIDITY_FLAGGED;
    summary->n_reasons = 1;
    summary->reasons[0] = (struct validity_reason){
        .name = "ok_rate", .figure = 0.9, .limit = 0.95, .text = "ok_rate 0.9 is below 0.95"};
    built_make(&built);
    char path[80];
    const char *first = summary->values[0].metric->key;
    const char *second = summary->values[1].metric->key;
    (void)snprintf(path, sizeof(path), "metrics.%s", first);
    assert_text(&built.envelope, path, "5.0");
    (void)snprintf(path, sizeof(path), "intervals.%s", first);
    assert_text(&built.envelope, path, "[4.5,5.5]");
    (void)snprintf(path, sizeof(path), "metrics.%s", second);
    assert_text(&built.envelope, path, "null");
    (void)snprintf(path, sizeof(path), "intervals.%s", second);
    assert_text(&built.envelope, path, "null");
    assert_text(
        &built.envelope, "validity",
        "{\"reasons\":[{\"figure\":0.9,\"limit\":0.95,\"name\":\"ok_rate\","
        "\"text\":\"ok_rate 0.9 is below 0.95\"}],\"status\":\"flagged\"}");
    const struct json *metrics = json_find(built.envelope.body, "metrics");
    assert_int_equal(metrics->len, summary->n_values + 2);
    assert_int_equal(json_find(built.envelope.body, "intervals")->len, summary->n_values);
    built_done(&built);
}

/* Each unknown: how it is given, what is written, what is said. */
struct unknown {
    const char *what;
    void (*forget)(struct envelope_inputs *inputs);
    const char *path;
    const char *written;
    const char *warning;
};

static void forget_model(struct envelope_inputs *inputs)
{
    inputs->model_id = "";
}

static void forget_revision(struct envelope_inputs *inputs)
{
    inputs->model_revision = NULL;
}

static void short_revision(struct envelope_inputs *inputs)
{
    inputs->model_revision = "main";
}

static void forget_provider(struct envelope_inputs *inputs)
{
    inputs->model_provider = "  ";
}

static void forget_engine(struct envelope_inputs *inputs)
{
    inputs->engine_name = "";
}

static void forget_version(struct envelope_inputs *inputs)
{
    inputs->engine_version = "unknown";
}

static void forget_config(struct envelope_inputs *inputs)
{
    inputs->engine_config = NULL;
}

static void forget_quantization(struct envelope_inputs *inputs)
{
    inputs->quantization_format = "";
}

static void forget_class(struct envelope_inputs *inputs)
{
    inputs->slo_hardware_class = NULL;
}

static void forget_template(struct envelope_inputs *inputs)
{
    inputs->slo_template = NULL;
}

static void forget_dataset(struct envelope_inputs *inputs)
{
    inputs->dataset_id = "";
}

static void remote_engine(struct envelope_inputs *inputs)
{
    inputs->engine_address = "network";
    inputs->fingerprint_of = FINGERPRINT_OF_CLIENT;
}

static void records_off(struct envelope_inputs *inputs)
{
    inputs->records_level = RECORDS_OFF;
}

static void padded_model(struct envelope_inputs *inputs)
{
    inputs->model_id = " org/model\xc2\xa0\n";
}

static void nothing(struct envelope_inputs *inputs)
{
    (void)inputs;
}

static void no_container(struct envelope_inputs *inputs)
{
    inputs->engine_image_digest = "";
}

static void in_container(struct envelope_inputs *inputs)
{
    inputs->engine_image_digest = "sha256:00";
}

#define TELEMETRY                                                                          \
    "telemetry: no power was sampled: power_avg_w, power_peak_w, energy_joules_total and " \
    "joules_per_token are absent"

static const struct unknown unknowns[] = {
    {"model", forget_model, "model.id", "\"unknown\"", "model.id is unknown"},
    {"revision", forget_revision, "model.revision", "\"unknown\"", "model.revision is unknown"},
    {"short revision", short_revision, "model.revision", "\"unknown\"",
     "model.revision 'main' is not written: the format takes 7 to 40 characters"},
    {"provider", forget_provider, "model.provider", "\"unknown\"", "model.provider is unknown"},
    {"engine", forget_engine, "engine.name", "\"unknown\"", "engine.name is unknown"},
    {"version", forget_version, "engine.version", "\"unknown\"", "engine.version is unknown"},
    {"config", forget_config, "engine_config.engine", "null",
     "the engine told nothing of its configuration: engine.config_hash covers the request "
     "parameters alone"},
    {"quantization", forget_quantization, "quantization", "null", "quantization is unknown"},
    {"class", forget_class, "metrics.slo_hardware_class", "\"unknown\"",
     "metrics.slo_hardware_class is unknown"},
    {"template", forget_template, "slo_template", "\"\"", "slo_template is unknown"},
    {"dataset", forget_dataset, "dataset.id", "\"unknown\"", "dataset.id is unknown"},
    {"remote", remote_engine, "host_role.engine_address", "\"network\"",
     "hardware_fingerprint describes the client's machine; that of the engine is not known"},
    {"process", nothing, "engine_process", "null", "a warning of the run"},
    {"records off", records_off, "records", "null",
     "records are off: the metrics cannot be computed again from raw facts"},
    {"image", nothing, "engine.image_digest", "\"\"", "engine.image_digest is unknown"},
    {"no image", no_container, "engine.image_digest", "\"\"", "a warning of the run"},
    {"an image", in_container, "engine.image_digest", "\"sha256:00\"", "a warning of the run"},
    {"method", nothing, "quantization.method", "\"\"", "quantization.method is unknown"},
    {"telemetry", nothing, "telemetry", "null", TELEMETRY},
    {"padded", padded_model, "model.id", "\"org/model\"", "a warning of the run"},
};

static void assert_signs(struct envelope *envelope)
{
    struct error err = {0};
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_pretty(envelope->body, &text);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    assert_int_equal(verify_text("t", text.data, text.len, report, &err), 0);
    for (size_t i = 0; i < report->n_checks; i++) {
        const bool unsigned_row = strcmp(report->checks[i].name, "signature") == 0;
        if (!unsigned_row && report->checks[i].result != CHECK_PASS) {
            print_error("%s: %s\n", report->checks[i].name, report->checks[i].text);
            fail();
        }
    }
    assert_string_equal(report->content_hash, envelope->content_hash);
    bytes_done(&text);
}

static void test_build__says_once_what_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(unknowns); i++) {
        const struct unknown *row = &unknowns[i];
        struct built built = {.point = envelope_point_new()};
        row->forget(&built.point->inputs);
        built_make(&built);
        assert_text(&built.envelope, row->path, row->written);
        if (count_warnings(&built.envelope, row->warning) != 1) {
            print_error("%s: not warned of once: %s\n", row->what, row->warning);
            fail();
        }
        assert_signs(&built.envelope);
        built_done(&built);
    }
}

static void test_promise_23__energy_is_absent_without_telemetry(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "joules_per_token",
        "power_avg_w",
        "power_peak_w",
        "energy_joules_total",
        "cost_usd_per_million_tokens",
        "cost_source"};
    struct built built = {.point = envelope_point_new()};
    built_make(&built);
    const struct json *metrics = json_find(built.envelope.body, "metrics");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        assert_null(json_find(metrics, keys[i]));
    }
    assert_int_equal(count_warnings(&built.envelope, TELEMETRY), 1);
    built_done(&built);
}

static void test_promise_24__fingerprint_says_whose_it_is(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    remote_engine(&built.point->inputs);
    built_make(&built);
    assert_text(
        &built.envelope, "host_role",
        "{\"engine_address\":\"network\",\"hardware_fingerprint\":\"client\"}");
    built_done(&built);
}

static void test_build__repeats_no_warning_of_the_run(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    built.point->inputs.warnings = envelope_point_json(
        built.point,
        "[\" engine.image_digest is unknown\",\"x\",\"x\",\"engine.image_digest is unknown\"]");
    built_make(&built);
    assert_int_equal(count_warnings(&built.envelope, "engine.image_digest is unknown"), 1);
    assert_int_equal(count_warnings(&built.envelope, "x"), 1);
    built_done(&built);
}

static void test_build__without_any_objects_is_still_whole(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    struct envelope_inputs *inputs = &built.point->inputs;
    inputs->warnings = NULL;
    inputs->driver_options = NULL;
    inputs->engine_config = NULL;
    built_make(&built);
    assert_text(&built.envelope, "driver_options", "{}");
    assert_text(&built.envelope, "engine_config", "{\"engine\":null,\"request\":null}");
    assert_signs(&built.envelope);
    built_done(&built);
}

static void test_build__levels_of_records(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    built_make(&built);
    assert_text(&built.envelope, "records.level", "\"full\"");
    assert_text(&built.envelope, "records.n_requests", "24");
    assert_text(&built.envelope, "records.schema", "\"bench-records-1\"");
    assert_text(&built.envelope, "distributions.itl_ms", "\"records#itl_ms\"");
    assert_true(built.envelope.records.len > 0);
    envelope_done(&built.envelope);

    built.point->inputs.records_level = RECORDS_REQUESTS;
    built_make(&built);
    assert_text(&built.envelope, "records.level", "\"requests\"");
    assert_null(json_path(built.envelope.body, "distributions.itl_ms"));
    envelope_done(&built.envelope);

    built.point->inputs.records_level = RECORDS_OFF;
    built_make(&built);
    assert_text(&built.envelope, "distributions", "{}");
    assert_int_equal(built.envelope.records.len, 0);
    built_done(&built);
}

static struct signing_key *new_key(void)
{
    char folder[] = "/tmp/bench-sign-XXXXXX";
    assert_non_null(mkdtemp(folder));
    CLEANUP(mem_freep) char *path = mem_format("%s/k.key", folder);
    CLEANUP(mem_freep) char *public_path = NULL;
    struct signing_key *key = NULL;
    struct error err = {0};
    assert_int_equal(signing_key_generate(path, &public_path, &err), 0);
    assert_int_equal(signing_key_load(path, NULL, &key, &err), 0);
    (void)remove(path);
    (void)remove(public_path);
    (void)remove(folder);
    return key;
}

static void test_sign__signs_what_any_layout_of_the_text_proves(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    CLEANUP(signing_key_freep) struct signing_key *key = new_key();
    struct error err = {0};
    built_make(&built);
    assert_int_equal(envelope_sign(&built.envelope, key, &err), 0);
    /* Signing again replaces the signature. */
    assert_int_equal(envelope_sign(&built.envelope, key, &err), 0);
    assert_string_equal(built.envelope.body->last->key, "signature");

    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    void (*const writers[])(const struct json *, struct bytes *) = {
        json_write_pretty, json_write_compact};
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
        bytes_clear(&text);
        writers[i](built.envelope.body, &text);
        assert_int_equal(verify_text("t", text.data, text.len, report, &err), 0);
        assert_true(report->good);
    }
    bytes_clear(&text);
    canonical_write(built.envelope.body, NULL, &text);
    assert_int_equal(verify_text("t", text.data, text.len, report, &err), 0);
    assert_true(report->good);
    bytes_done(&text);
    built_done(&built);
}

static void test_sign__any_changed_byte_of_the_body_is_found(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    CLEANUP(signing_key_freep) struct signing_key *key = new_key();
    struct error err = {0};
    built_make(&built);
    assert_int_equal(envelope_sign(&built.envelope, key, &err), 0);
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_compact(built.envelope.body, &text);
    const size_t body_len = (size_t)(strstr(text.data, "\"signature\"") - text.data);
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    for (size_t i = 0; i < body_len; i += 5) {
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            continue; /* the last digit of a float may change without changing the number */
        }
        text.data[i] = (char)(text.data[i] ^ 1);
        error_clear(&err);
        const int rc = verify_text("t", text.data, text.len, report, &err);
        if (rc == 0 && report->good) {
            print_error("byte %zu: '%.20s'\n", i, text.data + i);
            fail();
        }
        text.data[i] = (char)(text.data[i] ^ 1);
    }
    bytes_done(&text);
    built_done(&built);
}

static void test_sign__refuses_to_sign_what_does_not_verify(void **state)
{
    (void)state;
    struct built built = {.point = envelope_point_new()};
    CLEANUP(signing_key_freep) struct signing_key *key = new_key();
    struct error err = {0};
    built.point->inputs.suite_version = "one";
    built_make(&built);
    assert_int_equal(envelope_sign(&built.envelope, key, &err), -ERROR_VERIFY);
    assert_non_null(strstr(err.text, "schema: suite_version: a version like"));
    built_done(&built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build__writes_all_fields_in_order),
        cmocka_unit_test(test_build__of_a_plugin),
        cmocka_unit_test(test_build__writes_every_figure_of_the_measurement),
        cmocka_unit_test(test_build__writes_metrics_as_floats_and_what_is_not_as_null),
        cmocka_unit_test(test_build__says_once_what_is_unknown),
        cmocka_unit_test(test_promise_23__energy_is_absent_without_telemetry),
        cmocka_unit_test(test_promise_24__fingerprint_says_whose_it_is),
        cmocka_unit_test(test_build__repeats_no_warning_of_the_run),
        cmocka_unit_test(test_build__without_any_objects_is_still_whole),
        cmocka_unit_test(test_build__levels_of_records),
        cmocka_unit_test(test_sign__signs_what_any_layout_of_the_text_proves),
        cmocka_unit_test(test_sign__any_changed_byte_of_the_body_is_found),
        cmocka_unit_test(test_sign__refuses_to_sign_what_does_not_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
