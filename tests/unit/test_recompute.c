/* The numbers of an envelope against its records: equal bit for bit, or the first difference by
 * name. */
#include "envelope/recompute.h"
#include "envelope/summary_json.h"
#include "support/envelope_point.h"
#include "support/records_text.h"
#include "support/test.h"

#include <string.h>

struct setting {
    struct envelope_point *point;
    struct envelope envelope;
    struct bytes records;
};

static void setting_make(struct setting *self, enum records_level level)
{
    struct error err = {0};
    self->point = envelope_point_new();
    self->point->inputs.records_level = level;
    assert_int_equal(envelope_build(&self->point->inputs, &self->envelope, &err), 0);
    bytes_init(&self->records, BYTES_MAX_DEFAULT);
    records_text(
        self->point->inputs.run_id, &self->point->facts, &self->point->set, level, &self->records);
}

static void setting_done(struct setting *self)
{
    bytes_done(&self->records);
    envelope_done(&self->envelope);
    envelope_point_free(self->point);
}

static void assert_recompute(struct setting *self, enum check_result result, const char *says)
{
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    recompute_check(self->envelope.body, "r", self->records.data, self->records.len, report);
    assert_int_equal(report->n_checks, 1);
    if (report->checks[0].result != result || strstr(report->checks[0].text, says) == NULL) {
        print_error(
            "%d '%s', not '%s'\n", (int)report->checks[0].result, report->checks[0].text, says);
        fail();
    }
}

static void test_recompute__gives_every_number_again(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_FULL);
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");
    setting_done(&setting);
}

static void test_recompute__gives_energy_again(void **state)
{
    (void)state;
    int64_t at_ns[] = {-INT64_C(7), INT64_C(33333333), INT64_C(3600000000000)};
    double values[] = {262143328000.0, 1234567.0, 4321234567.0};
    double watts[] = {100.25, (double)NAN, 300.125};
    struct track_column columns[] = {
        {.key = "energy_uj", .role = TRACK_ENERGY, .range = 262143328850.0, .values = values},
        {.key = "power_w", .role = TRACK_POWER, .resolution = 0.001, .values = watts},
    };

    struct track track = {
        .sampler = "rapl",
        .source = "intel-rapl:0 package-0",
        .part = "package",
        .counted = true,
        .period_ns = 100000000,
        .n = 3,
        .at_ns = at_ns,
        .n_columns = 2,
        .columns = columns,
    };
    const struct telemetry telemetry = {.n_tracks = 1, .tracks = &track};
    struct setting setting;
    struct error err = {0};
    setting.point = envelope_point_new();
    setting.point->facts.telemetry = &telemetry;
    summary_compute(&setting.point->facts, &setting.point->set, &setting.point->summary);
    assert_int_equal(envelope_build(&setting.point->inputs, &setting.envelope, &err), 0);
    bytes_init(&setting.records, BYTES_MAX_DEFAULT);
    records_text(
        setting.point->inputs.run_id, &setting.point->facts, &setting.point->set, RECORDS_FULL,
        &setting.records);
    const struct json *body = setting.envelope.body;
    assert_non_null(json_path(body, "metrics.joules_per_token"));
    assert_int_equal(json_path(body, "telemetry.sources")->len, 1);
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");

    /* A number changed, then a sample changed. */
    (void)json_remove(json_find(body, "metrics"), "power_peak_w");
    assert_recompute(&setting, CHECK_FAIL, "metrics.power_peak_w: the envelope has nothing");
    char *digits = strstr(setting.records.data, "4321234567");
    assert_non_null(digits);
    digits[0] = '3';
    assert_recompute(&setting, CHECK_FAIL, "metrics.joules_per_token");
    setting_done(&setting);
}

static void price_setting(struct setting *self, const struct price_facts *price)
{
    struct error err = {0};
    self->point = envelope_point_new();
    self->point->facts.price = *price;
    summary_compute(&self->point->facts, &self->point->set, &self->point->summary);
    assert_int_equal(envelope_build(&self->point->inputs, &self->envelope, &err), 0);
    bytes_init(&self->records, BYTES_MAX_DEFAULT);
    records_text(
        self->point->inputs.run_id, &self->point->facts, &self->point->set, RECORDS_FULL,
        &self->records);
}

static void test_recompute__gives_the_judge_again(void **state)
{
    (void)state;
    struct setting setting;
    struct error err = {0};
    setting.point = envelope_point_new();
    struct judgement judgements[3] = {
        {.outcome = JUDGE_CORRECT,
         .n_attempts = 1,
         .prompt_tokens = 90,
         .output_tokens = 9,
         .scorer = 1.0},
        {.outcome = JUDGE_INCORRECT,
         .n_attempts = 2,
         .prompt_tokens = 91,
         .output_tokens = 8,
         .scorer = 1.0},
        {.outcome = JUDGE_NO_VERDICT,
         .n_attempts = 1,
         .prompt_tokens = 92,
         .output_tokens = 7,
         .scorer = (double)NAN,
         .error = "the judge's answer is empty"},
    };
    for (size_t i = 0; i < ARRAY_LEN(judgements); i++) {
        setting.point->records[4 + i].judgement = &judgements[i];
    }
    setting.point->inputs.judge =
        envelope_point_json(setting.point, "{\"model\":\"judge-1\",\"prompt\":{}}");
    summary_compute(&setting.point->facts, &setting.point->set, &setting.point->summary);
    assert_int_equal(envelope_build(&setting.point->inputs, &setting.envelope, &err), 0);
    bytes_init(&setting.records, BYTES_MAX_DEFAULT);
    records_text(
        setting.point->inputs.run_id, &setting.point->facts, &setting.point->set, RECORDS_FULL,
        &setting.records);
    const struct json *judge = json_find(setting.envelope.body, "judge");
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_compact(judge, &text);
    assert_string_equal(
        text.data,
        "{\"model\":\"judge-1\",\"prompt\":{},\"n_questions\":3,\"n_judged\":2,\"n_correct\":1,"
        "\"n_not_asked\":0,\"n_errors\":1,\"errors\":{\"no_verdict\":1,\"cut\":0,\"malformed\":0,"
        "\"status\":0,\"timeout\":0,\"connect\":0,\"too_long\":0},\"n_retries\":1,\"usage\":"
        "{\"n_with_usage\":3,\"prompt_tokens\":273,\"completion_tokens\":24},\"agreement\":{\"n\":2,"
        "\"n_both_correct\":1,\"n_both_incorrect\":0,\"n_only_judge_correct\":0,"
        "\"n_only_scorer_correct\":1,\"share\":0.5,\"cohen_kappa\":0.0}}");
    bytes_done(&text);
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");

    /* A verdict of the records changed; then an envelope that knows of no judge. */
    char *verdict = strstr(setting.records.data, "\"outcome\":\"correct\"");
    assert_non_null(verdict);
    memcpy(verdict, "\"outcome\":\"timeout\"", strlen("\"outcome\":\"timeout\""));
    assert_recompute(
        &setting, CHECK_FAIL, "judge.n_judged: the envelope has 2, the records give 1");
    memcpy(verdict, "\"outcome\":\"correct\"", strlen("\"outcome\":\"correct\""));
    assert_non_null(json_remove(setting.envelope.body, "judge"));
    assert_recompute(&setting, CHECK_FAIL, "judge.n_questions: the envelope has nothing");
    setting_done(&setting);
}

static void test_recompute__gives_cost_again(void **state)
{
    (void)state;
    const struct price_facts price = {
        .basis = PRICE_TOKENS,
        .source = "prices-file:p.yaml@2026-11-01",
        .input_usd_per_mtok = 0.15,
        .cached_input_usd_per_mtok = (double)NAN,
        .output_usd_per_mtok = 0.6,
        .usd_per_hour = (double)NAN,
    };
    struct setting setting;
    price_setting(&setting, &price);
    const struct json *metrics = json_find(setting.envelope.body, "metrics");
    assert_string_equal(json_text(json_find(metrics, "cost_source"), ""), price.source);
    double usd = 0.0;
    assert_true(json_f64(json_find(metrics, "cost_usd_per_million_tokens"), &usd));
    assert_near(usd, (12 * 0.15 + 6 * 0.6) / 6, 1e-15); /* of each request: 12 in, 6 out */
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");

    /* Another price in the records, then another source in the envelope. */
    char *digits = strstr(setting.records.data, "0.15");
    assert_non_null(digits);
    digits[2] = '2';
    assert_recompute(&setting, CHECK_FAIL, "metrics.cost_usd_per_million_tokens: the envelope has");
    digits[2] = '1';
    assert_recompute(&setting, CHECK_PASS, "all equal");
    struct json *row = json_remove(setting.envelope.body, "metrics");
    assert_non_null(json_remove(row, "cost_source"));
    json_add_text(&setting.envelope.arena, row, "cost_source", "provider");
    (void)json_add(&setting.envelope.arena, setting.envelope.body, "metrics", row);
    assert_recompute(
        &setting, CHECK_FAIL, "metrics.cost_source: the envelope has \"provider\", the records");
    setting_done(&setting);
}

static void test_recompute__refuses_cost_that_no_price_gives(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "cost_usd_per_million_tokens", "cost_usd_per_request", "cost_usd_total", "cost_source"};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct setting setting;
        setting_make(&setting, RECORDS_FULL);
        json_add_text(
            &setting.envelope.arena, json_find(setting.envelope.body, "metrics"), keys[i], "3");
        assert_recompute(&setting, CHECK_FAIL, "the envelope has \"3\", the records give nothing");
        setting_done(&setting);
    }
}

/* Replaces the value at a path of two keys. */
static void replace(struct setting *self, const char *object_key, const char *key, const char *text)
{
    struct json *object =
        *object_key == '\0' ? self->envelope.body : json_find(self->envelope.body, object_key);
    assert_non_null(json_remove(object, key));
    (void)json_add(
        &self->envelope.arena, object, key,
        json_copy(&self->envelope.arena, envelope_point_json(self->point, text)));
}

/* Every third answer is wrong, in two categories; the last has none. */
static void score_setting(struct setting *self, struct record_item *items)
{
    struct error err = {0};
    self->point = envelope_point_new();
    for (size_t i = 0; i < POINT_REQUESTS; i++) {
        items[i] = (struct record_item){
            .id = "i",
            .category = i % 2 == 0 ? "even" : "odd",
            .scoring = "numeric",
            .score = i % 3 == 0 ? 0.0 : 1.0,
        };
        self->point->records[i].item = &items[i];
    }
    items[POINT_REQUESTS - 1].score = (double)NAN;
    summary_compute(&self->point->facts, &self->point->set, &self->point->summary);
    assert_int_equal(envelope_build(&self->point->inputs, &self->envelope, &err), 0);
    bytes_init(&self->records, BYTES_MAX_DEFAULT);
    records_text(
        self->point->inputs.run_id, &self->point->facts, &self->point->set, RECORDS_FULL,
        &self->records);
}

static void test_recompute__gives_accuracy_again(void **state)
{
    (void)state;
    struct record_item items[POINT_REQUESTS];
    struct setting setting;
    score_setting(&setting, items);
    const struct json *quality = json_find(setting.envelope.body, "quality");
    double accuracy = 0.0;
    assert_true(json_f64(json_find(quality, "accuracy"), &accuracy));
    assert_near(accuracy, 13.0 / 19.0, 1e-15); /* of 4..22: all but 6, 9, 12, 15, 18 and 21 */
    assert_int_equal(json_find(quality, "categories")->len, 2);
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");

    char *score = strstr(setting.records.data, "\"index\":7,");
    assert_non_null(score);
    score = strstr(score, "\"score\":1.0");
    assert_non_null(score);
    score[strlen("\"score\":")] = '0';
    assert_recompute(&setting, CHECK_FAIL, "metrics.accuracy: the envelope has 0.684");
    setting_done(&setting);

    score_setting(&setting, items);
    replace(&setting, "quality", "categories", "[]");
    assert_recompute(&setting, CHECK_FAIL, "quality.categories: the envelope has []");
    setting_done(&setting);
}

static void test_recompute__refuses_accuracy_that_no_score_gives(void **state)
{
    (void)state;
    static const char *const keys[] = {"accuracy", "accuracy_incl_failures", "n_scored"};
    struct setting setting;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        setting_make(&setting, RECORDS_FULL);
        json_add_f64(
            &setting.envelope.arena, json_find(setting.envelope.body, "metrics"), keys[i], 1.0);
        assert_recompute(&setting, CHECK_FAIL, "the envelope has 1.0, the records give nothing");
        setting_done(&setting);
    }
    setting_make(&setting, RECORDS_FULL);
    replace(&setting, "", "quality", "{\"accuracy\":1.0}");
    assert_recompute(&setting, CHECK_FAIL, "envelope.quality: the envelope has {");
    setting_done(&setting);
}

/* 100 W for 2 s before the point begins, and an engine that was not as idle as that. */
static void test_recompute__gives_the_idle_baseline_again(void **state)
{
    (void)state;
    int64_t at_ns[] = {-INT64_C(3000000000), -INT64_C(2000000000), INT64_C(3600000000000)};
    double watts[] = {100.0, 100.0, 100.0};
    double running[] = {7.0, 3.0, 9.0};
    struct track_column power = {.key = "power_w", .role = TRACK_POWER, .values = watts};
    struct track_column engine = {
        .key = "running_requests", .role = TRACK_GAUGE, .values = running};
    struct track tracks[] = {
        {.sampler = "rapl",
         .source = "package",
         .part = "package",
         .counted = true,
         .n = 3,
         .at_ns = at_ns,
         .n_columns = 1,
         .columns = &power},
        {.sampler = "engine_metrics",
         .source = "u",
         .part = "engine",
         .n = 3,
         .at_ns = at_ns,
         .n_columns = 1,
         .columns = &engine},
    };
    const struct telemetry telemetry = {
        .n_tracks = 2,
        .tracks = tracks,
        .idle_start_ns = -INT64_C(2500000000),
        .idle_end_ns = -INT64_C(500000000),
    };
    struct setting setting;
    struct error err = {0};
    setting.point = envelope_point_new();
    setting.point->facts.telemetry = &telemetry;
    summary_compute(&setting.point->facts, &setting.point->set, &setting.point->summary);
    assert_int_equal(envelope_build(&setting.point->inputs, &setting.envelope, &err), 0);
    bytes_init(&setting.records, BYTES_MAX_DEFAULT);
    records_text(
        setting.point->inputs.run_id, &setting.point->facts, &setting.point->set, RECORDS_FULL,
        &setting.records);

    static const struct {
        const char *key;
        double value;
    } figures[] = {
        {"duration_s", 2.0},
        {"power_avg_w", 100.0},
        {"power_peak_w", 100.0},
        {"energy_joules", 200.0},
        {"engine_running_requests_max", 3.0},
    };

    const struct json *idle = json_path(setting.envelope.body, "telemetry.idle_baseline");
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        double value = 0.0;
        assert_true(json_f64(json_find(idle, figures[i].key), &value));
        assert_near(value, figures[i].value, 1e-9);
    }
    assert_int_equal(json_find(idle, "sources")->len, 1);
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");
    char *digits = strstr(setting.records.data, "\"idle_start_ns\":-2500000000");
    assert_non_null(digits);
    digits[strlen("\"idle_start_ns\":-")] = '1';
    assert_recompute(&setting, CHECK_FAIL, "telemetry.idle_baseline: the envelope has");
    setting_done(&setting);
}

/* It has figures of its own, which nothing here can compute: it is said, and nothing of it is compared. */
static void test_recompute__leaves_the_self_test_alone(void **state)
{
    (void)state;
    struct setting setting;
    struct error err = {0};
    setting_make(&setting, RECORDS_FULL);
    envelope_done(&setting.envelope);
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *selftest = json_new(&arena, JSON_OBJECT);
    json_add_f64(&arena, selftest, "ttft_error_p99_ms", 0.25);
    setting.point->inputs.selftest = selftest;
    assert_int_equal(envelope_build(&setting.point->inputs, &setting.envelope, &err), 0);
    double figure = 0.0;
    assert_true(json_f64(json_path(setting.envelope.body, "selftest.ttft_error_p99_ms"), &figure));
    assert_near(figure, 0.25, 0.0);
    assert_recompute(&setting, CHECK_PASS, "all equal; the self-test is not from the records");
    setting_done(&setting);
}

static void test_recompute__gives_the_engines_metrics_again(void **state)
{
    (void)state;
    int64_t at_ns[] = {-INT64_C(7), INT64_C(3333), INT64_C(3600000000000)};
    double waiting[] = {1.0, 0.1, 5.0};
    double generated[] = {100.0, 1234567.0, 4321234567.0};
    struct track_column columns[] = {
        {.key = "waiting_requests", .role = TRACK_GAUGE, .values = waiting},
        {.key = "generated_tokens", .role = TRACK_COUNTER, .values = generated},
    };

    struct track track = {
        .sampler = "engine_metrics",
        .source = "http://e/metrics",
        .part = "engine",
        .period_ns = 1000000000,
        .cpu_ns = 77,
        .n = 3,
        .at_ns = at_ns,
        .n_columns = 2,
        .columns = columns,
    };
    const struct telemetry telemetry = {
        .n_tracks = 1, .tracks = &track, .recorder_cpu_ns = 3, .recorder_wall_ns = 1000};
    struct setting setting;
    struct error err = {0};
    setting.point = envelope_point_new();
    setting.point->facts.telemetry = &telemetry;
    summary_compute(&setting.point->facts, &setting.point->set, &setting.point->summary);
    assert_int_equal(envelope_build(&setting.point->inputs, &setting.envelope, &err), 0);
    bytes_init(&setting.records, BYTES_MAX_DEFAULT);
    records_text(
        setting.point->inputs.run_id, &setting.point->facts, &setting.point->set, RECORDS_FULL,
        &setting.records);
    const struct json *body = setting.envelope.body;
    const struct json *row = json_at(json_path(body, "telemetry.tracks"), 0);
    assert_int_equal(json_find(row, "levels")->len, 1);
    assert_int_equal(json_find(row, "totals")->len, 1);
    int64_t ns = 0;
    assert_true(json_i64(json_find(row, "cpu_ns"), &ns));
    assert_int_equal(ns, 77);
    assert_non_null(json_path(body, "telemetry.engine.generated_tokens"));
    assert_null(json_path(body, "metrics.power_avg_w"));
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");

    struct json *recorder = json_path(body, "telemetry.recorder");
    (void)json_remove(recorder, "cpu_share");
    assert_recompute(&setting, CHECK_FAIL, "telemetry.recorder: the envelope has");
    json_add_f64(&setting.envelope.arena, recorder, "cpu_share", 0.003);
    assert_recompute(&setting, CHECK_PASS, " values computed again, all equal");
    char *digits = strstr(setting.records.data, "4321234567");
    assert_non_null(digits);
    digits[0] = '3';
    assert_recompute(&setting, CHECK_FAIL, "telemetry.engine: the envelope has");
    setting_done(&setting);
}

static void test_recompute__refuses_telemetry_that_has_no_samples(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_FULL);
    struct json *body = setting.envelope.body;
    (void)json_remove(body, "telemetry");
    struct json *claimed = json_add(
        &setting.envelope.arena, body, "telemetry", json_new(&setting.envelope.arena, JSON_OBJECT));
    json_add_f64(&setting.envelope.arena, claimed, "watts", 300.0);
    assert_recompute(
        &setting, CHECK_FAIL,
        "envelope.telemetry: the envelope has {\"watts\":300.0}, the records give nothing");
    setting_done(&setting);
}

static void test_recompute__refuses_energy_that_no_sample_gives(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_FULL);
    json_add_f64(
        &setting.envelope.arena, json_find(setting.envelope.body, "metrics"), "power_avg_w", 300.0);
    assert_recompute(
        &setting, CHECK_FAIL,
        "metrics.power_avg_w: the envelope has 300.0, the records give nothing");
    setting_done(&setting);
}

static void test_recompute__without_events_says_what_is_not_proved(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_REQUESTS);
    assert_recompute(&setting, CHECK_PASS, " need token events, which were not kept");
    setting_done(&setting);
}

static void test_recompute__counts_metrics_from_elsewhere(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_FULL);
    json_add_f64(
        &setting.envelope.arena, json_find(setting.envelope.body, "metrics"), "tokens_per_dollar",
        300.0);
    assert_recompute(&setting, CHECK_PASS, "; 1 metrics are not from the records");
    setting_done(&setting);
}

struct lie {
    const char *object;
    const char *key;
    const char *text;
    const char *says;
};

static void test_recompute__names_the_first_difference(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {"metrics", "ok_rate", "0.5",
         "metrics.ok_rate: the envelope has 0.5, the records give 1.0"},
        {"metrics", "ok_rate", "1", "metrics.ok_rate: the envelope has 1, the records give 1.0"},
        {"metrics", "ttft_p50_ms", "null", "metrics.ttft_p50_ms: the envelope has null"},
        {"intervals", "ok_rate", "[0.0,2.0]", "intervals.ok_rate: the envelope has [0.0,2.0]"},
        {"measurement", "stamp_source", "\"user\"", "measurement.stamp_source: the envelope has"},
        {"measurement", "in_flight_mean", "999.0", "measurement.in_flight_mean"},
        {"measurement", "n_outcome", "{}", "measurement.n_outcome"},
        {"validity", "status", "\"perfect\"", "validity.status"},
        {"validity", "reasons", "[1]", "validity.reasons"},
        {"records", "n_requests", "23", "records.n_requests: the envelope has 23"},
        {"records", "level", "\"requests\"", "records.level"},
        {"records", "schema", "\"x\"", "records.schema"},
        {"", "seed", "43", "envelope.seed: the envelope has 43, the records give 42"},
        {"", "run_id", "\"x\"", "envelope.run_id: the envelope has \"x\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct setting setting;
        setting_make(&setting, RECORDS_FULL);
        replace(&setting, lies[i].object, lies[i].key, lies[i].text);
        assert_recompute(&setting, CHECK_FAIL, lies[i].says);
        setting_done(&setting);
    }
}

static void test_recompute__misses_a_metric_that_was_left_out(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_FULL);
    assert_non_null(json_remove(json_find(setting.envelope.body, "metrics"), "tpot_p99_ms"));
    assert_recompute(&setting, CHECK_FAIL, "metrics.tpot_p99_ms: the envelope has nothing");
    assert_non_null(json_remove(setting.envelope.body, "metrics"));
    assert_recompute(&setting, CHECK_FAIL, "the envelope has nothing");
    setting_done(&setting);
}

static void test_recompute__refuses_records_that_cannot_be_read(void **state)
{
    (void)state;
    struct setting setting;
    setting_make(&setting, RECORDS_FULL);
    setting.records.len -= 2;
    assert_recompute(&setting, CHECK_FAIL, "the last line is cut");
    setting_done(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recompute__gives_every_number_again),
        cmocka_unit_test(test_recompute__gives_energy_again),
        cmocka_unit_test(test_recompute__gives_the_judge_again),
        cmocka_unit_test(test_recompute__gives_cost_again),
        cmocka_unit_test(test_recompute__refuses_cost_that_no_price_gives),
        cmocka_unit_test(test_recompute__gives_accuracy_again),
        cmocka_unit_test(test_recompute__refuses_accuracy_that_no_score_gives),
        cmocka_unit_test(test_recompute__gives_the_idle_baseline_again),
        cmocka_unit_test(test_recompute__leaves_the_self_test_alone),
        cmocka_unit_test(test_recompute__gives_the_engines_metrics_again),
        cmocka_unit_test(test_recompute__refuses_telemetry_that_has_no_samples),
        cmocka_unit_test(test_recompute__refuses_energy_that_no_sample_gives),
        cmocka_unit_test(test_recompute__without_events_says_what_is_not_proved),
        cmocka_unit_test(test_recompute__counts_metrics_from_elsewhere),
        cmocka_unit_test(test_recompute__names_the_first_difference),
        cmocka_unit_test(test_recompute__misses_a_metric_that_was_left_out),
        cmocka_unit_test(test_recompute__refuses_records_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
