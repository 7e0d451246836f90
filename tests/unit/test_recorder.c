/* The recorder over the null sampler and one that fails: first and last sample, order, failures. */
#include "base/clock.h"
#include "support/test.h"
#include "telemetry/recorder.h"

static bool fail_sample(struct sampler *self, uint32_t source, double *values)
{
    (void)self;
    (void)source;
    (void)values;
    return false;
}

static void test_recorder__reads_at_its_beginning_and_at_its_end(void **state)
{
    (void)state;
    struct sampler *samplers[2] = {NULL, NULL};
    struct error err = {0};
    const struct sampler_options options = {.root = ""};
    assert_int_equal(sampler_null.open(&options, &samplers[0], &err), 0);
    assert_int_equal(sampler_null.open(&options, &samplers[1], &err), 0);
    struct sampler_ops failing = sampler_null;
    failing.sample = fail_sample;
    samplers[1]->ops = &failing;

    const int64_t periods_ns[] = {NS_PER_MS, 0};
    const int64_t before_ns = clock_mono_ns();
    struct recorder *recorder = NULL;
    assert_int_equal(recorder_start(samplers, 2, periods_ns, &recorder, &err), 0);
    const int64_t started_ns = clock_mono_ns();
    recorder_stop(recorder);
    const struct telemetry *telemetry = recorder_telemetry(recorder, before_ns);

    assert_int_equal(telemetry->n_tracks, 2);
    const struct track *track = &telemetry->tracks[0];
    assert_true(track->n >= 2);
    assert_true(track->at_ns[0] >= 0 && track->at_ns[0] <= started_ns - before_ns);
    assert_true(track->at_ns[track->n - 1] >= started_ns - before_ns);
    for (uint64_t i = 1; i < track->n; i++) {
        assert_true(track->at_ns[i] > track->at_ns[i - 1]);
        assert_near(track->columns[0].values[i], 0.0, 0.0);
    }
    assert_int_equal(track->period_ns, NS_PER_MS);
    assert_int_equal(telemetry->tracks[1].period_ns, sampler_null.period_ns);
    assert_int_equal(telemetry->tracks[1].n, 0);
    assert_true(telemetry->tracks[1].n_failed >= 2);
    recorder_free(recorder);
    sampler_null.close(samplers[0]);
    sampler_null.close(samplers[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorder__reads_at_its_beginning_and_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
