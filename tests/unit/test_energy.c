/* Scripted traces whose integral is known by hand: steps, edges, wraps, resets, gaps. */
#include "base/mem.h"
#include "stats/energy.h"
#include "support/test.h"

#include <string.h>

#define S INT64_C(1000000000)

enum {
    SAMPLES = 8
};

/* One track with one column over samples at given tenths of a second; NAN: not told. */
struct trace {
    int64_t at_ns[SAMPLES];
    double values[SAMPLES];
    struct track_column column;
    struct track track;
};

static void trace_init(
    struct trace *self,
    enum column_role role,
    double range,
    const int *tenths,
    const double *values,
    uint64_t n)
{
    *self = (struct trace){0};
    for (uint64_t i = 0; i < n; i++) {
        self->at_ns[i] = tenths[i] * (S / 10);
        self->values[i] = values[i];
    }
    self->column =
        (struct track_column){.key = "value", .role = role, .range = range, .values = self->values};
    self->track = (struct track){
        .sampler = "null",
        .source = "trace",
        .part = "package",
        .counted = true,
        .period_ns = S,
        .n = n,
        .at_ns = self->at_ns,
        .n_columns = 1,
        .columns = &self->column,
    };
}

static struct energy *compute(struct track *tracks, uint32_t n, int64_t start_ns, int64_t end_ns)
{
    struct energy *out = MEM_NEW(struct energy);
    const struct telemetry telemetry = {.n_tracks = n, .tracks = tracks};
    const struct span span = {start_ns, end_ns};
    energy_compute(&telemetry, &span, out);
    return out;
}

#define J 1e6

static const struct row {
    const char *what;
    enum column_role role;
    double range;
    uint64_t n;
    int tenths[SAMPLES];
    double values[SAMPLES];
    int64_t start_tenths;
    int64_t end_tenths;
    double joules;
    double uncertainty;
    double peak_w;
    uint64_t n_gaps;
    uint64_t n_wraps;
    uint64_t n_resets;
} rows[] = {
    {"constant power",
     TRACK_POWER,
     0,
     3,
     {0, 10, 20},
     {100, 100, 100},
     0,
     20,
     200,
     0,
     100,
     0,
     0,
     0},
    {"a ramp, cut at both edges",
     TRACK_POWER,
     0,
     3,
     {0, 10, 20},
     {0, 100, 0},
     5,
     15,
     75,
     25,
     100,
     0,
     0,
     0},
    {"a step of power",
     TRACK_POWER,
     0,
     4,
     {0, 10, 10, 20},
     {50, 50, 150, 150},
     0,
     20,
     200,
     0,
     150,
     0,
     0,
     0},
    {"power not told in the middle is a gap",
     TRACK_POWER,
     0,
     5,
     {0, 10, 20, 30, 40},
     {100, (double)NAN, (double)NAN, 200, 200},
     0,
     40,
     650,
     150,
     200,
     1,
     0,
     0},
    {"a counter",
     TRACK_ENERGY,
     0,
     3,
     {0, 10, 20},
     {5 * J, 15 * J, 35 * J},
     0,
     20,
     30,
     0,
     20,
     0,
     0,
     0},
    {"a counter, linear at the edges",
     TRACK_ENERGY,
     0,
     4,
     {0, 10, 20, 30},
     {0, 10 * J, 30 * J, 70 * J},
     5,
     25,
     45,
     25,
     40,
     0,
     0,
     0},
    {"a counter over a gap loses nothing",
     TRACK_ENERGY,
     0,
     3,
     {0, 10, 60},
     {0, 10 * J, 60 * J},
     0,
     60,
     60,
     0,
     10,
     1,
     0,
     0},
    {"a wrap",
     TRACK_ENERGY,
     100 * J,
     4,
     {0, 10, 20, 30},
     {80 * J, 95 * J, 10 * J, 25 * J},
     0,
     30,
     45,
     0,
     15,
     0,
     1,
     0},
    {"a wrap at the window's edge",
     TRACK_ENERGY,
     100 * J,
     3,
     {0, 10, 20},
     {90 * J, 0, 10 * J},
     5,
     20,
     15,
     5,
     10,
     0,
     1,
     0},
    {"a reset is estimated from the rates beside it",
     TRACK_ENERGY,
     0,
     4,
     {0, 10, 20, 30},
     {500 * J, 510 * J, 3 * J, 23 * J},
     0,
     30,
     45,
     15,
     20,
     0,
     0,
     1},
    {"a wrap that would mean too much power is a reset",
     TRACK_ENERGY,
     262143 * J,
     4,
     {0, 10, 20, 30},
     {500 * J, 510 * J, 3 * J, 13 * J},
     0,
     30,
     30,
     10,
     10,
     0,
     0,
     1},
};

static void test_energy_compute__gives_the_exact_integral_of_a_script(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct trace trace;
        trace_init(&trace, row->role, row->range, row->tenths, row->values, row->n);
        CLEANUP(mem_freep)
        struct energy *energy =
            compute(&trace.track, 1, row->start_tenths * (S / 10), row->end_tenths * (S / 10));
        print_message("%s\n", row->what);
        assert_int_equal(energy->n_sources, 1);
        assert_true(energy->known);
        assert_near(energy->energy_j, row->joules, 0.0);
        assert_near(energy->uncertainty_j, row->uncertainty, 0.0);
        assert_int_equal(energy->sources[0].coverage.n_gaps, row->n_gaps);
        assert_int_equal(energy->sources[0].n_wraps, row->n_wraps);
        assert_int_equal(energy->sources[0].n_resets, row->n_resets);
        const double seconds = (double)(row->end_tenths - row->start_tenths) / 10.0;
        assert_near(energy->power_avg_w, row->joules / seconds, 1e-12);
        if (row->n_resets == 0) {
            assert_near(energy->power_peak_w, row->peak_w, 1e-9);
        }
    }
}

static void test_energy_compute__gives_no_part_for_the_whole(void **state)
{
    (void)state;
    const int tenths[] = {0, 10, 20};
    const double watts[] = {100, 100, 100};
    struct trace traces[2];
    trace_init(&traces[0], TRACK_POWER, 0, tenths, watts, 3);
    trace_init(&traces[1], TRACK_POWER, 0, tenths, watts, 2); /* lost after one second */
    struct track tracks[2] = {traces[0].track, traces[1].track};
    CLEANUP(mem_freep) struct energy *lost = compute(tracks, 2, 0, 2 * S);
    assert_int_equal(lost->n_sources, 2);
    assert_false(lost->known);
    assert_true(isnan(lost->energy_j));
    assert_near(lost->sources[0].energy_j, 200.0, 0.0);
    assert_true(isnan(lost->sources[1].energy_j));

    tracks[1].counted = false;
    CLEANUP(mem_freep) struct energy *alone = compute(tracks, 2, 0, 2 * S);
    assert_true(alone->known);
    assert_near(alone->energy_j, 200.0, 0.0);

    CLEANUP(mem_freep) struct energy *before = compute(tracks, 1, -S, S);
    assert_false(before->known);
    CLEANUP(mem_freep) struct energy *none = compute(NULL, 0, 0, S);
    assert_false(none->known);
    assert_int_equal(none->n_sources, 0);
}

static void test_energy_compute__takes_the_peak_of_all_together(void **state)
{
    (void)state;
    const int tenths[] = {0, 10, 20};
    const int later[] = {0, 15, 20};
    const double up[] = {0, 100, 0};
    const double down[] = {30, 0, 40};
    struct trace traces[2];
    trace_init(&traces[0], TRACK_POWER, 0, tenths, up, 3);
    trace_init(&traces[1], TRACK_POWER, 0, later, down, 3);
    struct track tracks[2] = {traces[0].track, traces[1].track};
    CLEANUP(mem_freep) struct energy *energy = compute(tracks, 2, 0, 2 * S);
    assert_true(energy->known);
    assert_near(energy->power_peak_w, 110.0, 1e-9); /* at 1.0 s: 100 + 10 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_energy_compute__gives_the_exact_integral_of_a_script),
        cmocka_unit_test(test_energy_compute__gives_no_part_for_the_whole),
        cmocka_unit_test(test_energy_compute__takes_the_peak_of_all_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
