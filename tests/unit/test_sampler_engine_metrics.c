/* The sampler of an engine's metrics over a source that answers what the test says: columns, failures, and
 * a source that does not answer, which delays nobody. */
#include "base/attr.h"
#include "base/clock.h"
#include "base/text.h"
#include "support/test.h"
#include "telemetry/recorder.h"

#include <semaphore.h>
#include <string.h>
#include <time.h>

enum {
    PATIENCE_S = 20 /* only a test that fails waits that long */
};

/* What is answered; NULL: an error. */
struct script {
    const char *text;
    bool too_long;
};

static int answer(void *context, struct bytes *out, struct error *err)
{
    const struct script *script = context;
    if (script->too_long) {
        return error_set(err, ERROR_LIMIT, "http://e/metrics: longer than %zu bytes", out->max);
    }
    if (script->text == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "http://e/metrics: Timeout was reached");
    }
    bytes_add_text(out, script->text);
    return 0;
}

static int
open_over(const char *engine, struct script *script, struct sampler **out, struct error *err)
{
    const struct metrics_source source = {
        .engine = engine, .url = "http://e/metrics", .fetch = answer, .context = script};
    const struct sampler_options options = {.root = "/nonexistent", .metrics = &source};
    return sampler_engine_metrics.open(&options, out, err);
}

static double value_of(const struct sampler *sampler, const double *values, const char *key)
{
    for (uint32_t c = 0; c < sampler->sources[0].n_columns; c++) {
        if (text_equal(sampler->sources[0].columns[c].key, key)) {
            return values[c];
        }
    }
    print_error("no column %s\n", key);
    fail();
    return 0.0;
}

static void test_open__has_a_column_for_what_is_told(void **state)
{
    (void)state;
    struct script script = {
        .text = "vllm:num_requests_running 1\nvllm:generation_tokens_total 5\nother 1\n"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    assert_int_equal(open_over("sim", &script, &sampler, &err), 0);
    const struct track *track = &sampler->sources[0];
    assert_string_equal(track->sampler, "engine_metrics");
    assert_string_equal(track->source, "http://e/metrics");
    assert_string_equal(track->part, "engine");
    assert_false(track->counted);
    assert_int_equal(track->n_columns, 3);
    assert_string_equal(track->columns[0].key, "scrape_ms");
    assert_int_equal(track->columns[1].role, TRACK_GAUGE);
    assert_int_equal(track->columns[2].role, TRACK_COUNTER);

    double values[TRACK_COLUMNS_MAX];
    script.text = "vllm:num_requests_running 8\nvllm:generation_tokens_total 9\n";
    assert_true(sampler_engine_metrics.sample(sampler, 0, values));
    assert_true(values[0] >= 0.0);
    assert_near(value_of(sampler, values, "running_requests"), 8.0, 0.0);
    assert_near(value_of(sampler, values, "generated_tokens"), 9.0, 0.0);
    script.text = "vllm:num_requests_running 8\n"; /* the other has gone: not told, not 0 */
    assert_true(sampler_engine_metrics.sample(sampler, 0, values));
    assert_true(isnan(value_of(sampler, values, "generated_tokens")));
    sampler_engine_metrics.close(sampler);
}

static void test_open__waits_for_metrics_that_come_with_the_first_request(void **state)
{
    (void)state;
    struct script script = {.text = "# TYPE tgi_request_count counter\n"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    double values[TRACK_COLUMNS_MAX];
    assert_int_equal(open_over("tgi", &script, &sampler, &err), 0);
    assert_true(sampler_engine_metrics.sample(sampler, 0, values));
    assert_true(isnan(value_of(sampler, values, "running_requests")));
    assert_near(value_of(sampler, values, "generated_tokens"), 0.0, 0.0);
    script.text = "tgi_batch_current_size 4\ntgi_request_generated_tokens_sum 12\n";
    assert_true(sampler_engine_metrics.sample(sampler, 0, values));
    assert_near(value_of(sampler, values, "running_requests"), 4.0, 0.0);
    assert_near(value_of(sampler, values, "generated_tokens"), 12.0, 0.0);
    sampler_engine_metrics.close(sampler);
}

static void test_open__says_what_is_missing(void **state)
{
    (void)state;

    static const struct {
        struct script script;
        const char *says;
    } rows[] = {
        {{.text = NULL}, "engine_metrics: http://e/metrics: Timeout was reached"},
        {{.too_long = true}, "engine_metrics: http://e/metrics: longer than 4194304 bytes"},
        {{.text = "<html>\n"},
         "engine_metrics: http://e/metrics: line 1 is no metric: the name of a metric is expected"},
        {{.text = ""}, "engine_metrics: http://e/metrics has no metric that is known here"},
        {{.text = "other 1\n"},
         "engine_metrics: http://e/metrics has no metric that is known here"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct script script = rows[i].script;
        struct sampler *sampler = NULL;
        struct error err = {0};
        assert_true(open_over("vllm", &script, &sampler, &err) < 0);
        assert_null(sampler);
        assert_string_equal(err.text, rows[i].says);
    }
    struct sampler *sampler = NULL;
    struct error err = {0};
    const struct sampler_options options = {.root = ""};
    assert_int_equal(sampler_engine_metrics.open(&options, &sampler, &err), -ERROR_UNAVAILABLE);
    sampler_engine_metrics.close(NULL);
}

static void test_sample__fails_without_an_answer_and_goes_on(void **state)
{
    (void)state;

    static const struct {
        struct script script;
        const char *trouble;
    } rows[] = {
        {{.text = NULL}, "http://e/metrics: Timeout was reached"},
        {{.too_long = true}, "http://e/metrics: longer than 4194304 bytes"},
        {{.text = "vllm:num_requests_running 1"},
         "http://e/metrics: line 1 is no metric: the last line does not end: the text was cut"},
    };

    struct script script = {.text = "vllm:num_requests_running 1\n"};
    struct sampler *sampler = NULL;
    struct error err = {0};
    double values[TRACK_COLUMNS_MAX];
    assert_int_equal(open_over("vllm", &script, &sampler, &err), 0);
    assert_string_equal(sampler->trouble, "");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        script = rows[i].script;
        assert_false(sampler_engine_metrics.sample(sampler, 0, values));
        assert_string_equal(sampler->trouble, rows[i].trouble);
        script = (struct script){.text = "vllm:num_requests_running 1\n"};
        assert_true(sampler_engine_metrics.sample(sampler, 0, values));
    }
    sampler_engine_metrics.close(sampler);
}

/* Answers at once when it is opened, then not before the test lets it. */
struct stuck {
    bool opened;
    sem_t asked;
    sem_t answer;
    sem_t read; /* the other sampler was read */
};

static void wait_for(sem_t *semaphore)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    assert_int_equal(sem_timedwait(semaphore, &until), 0);
}

static int answer_late(void *context, struct bytes *out, struct error *err)
{
    (void)err;
    struct stuck *stuck = context;
    if (stuck->opened) {
        (void)sem_post(&stuck->asked);
        (void)sem_wait(&stuck->answer);
    }
    stuck->opened = true;
    bytes_add_text(out, "vllm:num_requests_running 1\n");
    return 0;
}

static struct stuck *stuck_now; /* for the sampler below, which has no context of its own */

static bool count_sample(struct sampler *self, uint32_t source, double *values)
{
    (void)self;
    (void)source;
    (void)sem_post(&stuck_now->read);
    values[0] = 0.0;
    return true;
}

static void test_recorder__does_not_wait_for_an_engine_that_does_not_answer(void **state)
{
    (void)state;
    struct stuck stuck = {0};
    struct error err = {0};
    assert_int_equal(sem_init(&stuck.asked, 0, 0), 0);
    assert_int_equal(sem_init(&stuck.answer, 0, 0), 0);
    assert_int_equal(sem_init(&stuck.read, 0, 0), 0);
    stuck_now = &stuck;
    const struct metrics_source source = {
        .engine = "vllm", .url = "http://e/metrics", .fetch = answer_late, .context = &stuck};
    const struct sampler_options options = {.root = "", .metrics = &source};
    struct sampler *samplers[2] = {NULL, NULL};
    assert_int_equal(sampler_engine_metrics.open(&options, &samplers[0], &err), 0);
    assert_int_equal(sampler_null.open(&options, &samplers[1], &err), 0);
    struct sampler_ops counting = sampler_null;
    counting.sample = count_sample;
    samplers[1]->ops = &counting;

    struct recorder *recorder = NULL;
    const int64_t periods_ns[] = {NS_PER_MS, NS_PER_MS};
    assert_int_equal(recorder_start(samplers, 2, periods_ns, &recorder, &err), 0);
    wait_for(&stuck.asked);
    while (sem_trywait(&stuck.read) == 0) {
        /* what was read before */
    }
    for (int i = 0; i < 5; i++) {
        wait_for(&stuck.read);
    }
    for (int i = 0; i < 1000; i++) {
        (void)sem_post(&stuck.answer); /* it answers at once from here on */
    }
    recorder_stop(recorder);
    const struct telemetry *telemetry = recorder_telemetry(recorder, 0);
    assert_true(telemetry->tracks[0].n >= 2);
    assert_true(telemetry->tracks[1].n >= 5);
    assert_near(telemetry->tracks[0].columns[1].values[0], 1.0, 0.0);
    assert_true(telemetry->recorder_cpu_ns > 0);
    assert_true(telemetry->recorder_wall_ns > 0);
    recorder_free(recorder);
    sampler_engine_metrics.close(samplers[0]);
    sampler_null.close(samplers[1]);
    (void)sem_destroy(&stuck.asked);
    (void)sem_destroy(&stuck.answer);
    (void)sem_destroy(&stuck.read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__has_a_column_for_what_is_told),
        cmocka_unit_test(test_open__waits_for_metrics_that_come_with_the_first_request),
        cmocka_unit_test(test_open__says_what_is_missing),
        cmocka_unit_test(test_sample__fails_without_an_answer_and_goes_on),
        cmocka_unit_test(test_recorder__does_not_wait_for_an_engine_that_does_not_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
