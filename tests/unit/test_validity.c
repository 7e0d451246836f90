/* Every row of the table of limits is tripped once, each alone; a sound point trips none. */
#include "base/clock.h"
#include "stats/validity.h"
#include "support/test.h"

#include <string.h>

/* A sound open-loop point of 100 requests a second over 100 s. */
struct point {
    struct point_facts facts;
    struct measurement measurement;
    struct judge_summary judge;
    struct validity_input input;
};

static void sound(struct point *out)
{
    *out = (struct point){
        .facts =
            {
                .driver = DRIVER_OPEN,
                .arrival = ARRIVAL_POISSON,
                .rate_rps = 100.0,
                .requested_duration_ns = 100 * NS_PER_S,
                .window_end_ns = 100 * NS_PER_S,
            },
        .measurement =
            {
                .n_counted = 10000,
                .dispatch_delay_p99_us = 100.0,
                .achieved_rate_ratio = 1.0,
                .arrival_ks_p = 0.5,
                .little_residual = 0.01,
                .in_flight_mean = 200.0,
                .shared_read_share = 0.01,
                .client_lag_p99_us = 50.0,
                .client_gap_max_us = 20000.0,
                .worker_work_share_max = 0.5,
            },
        .input = {.ok_rate = 1.0, .latency_in_flight_s = 2.0},
    };
    out->input.facts = &out->facts;
    out->input.measurement = &out->measurement;
    out->input.judge = &out->judge;
}

/* Changes that trip one row each. */
static void judge_interrupted(struct point *p)
{
    p->judge.n_questions = 100;
    p->judge.n_judged = 99;
    p->judge.n_outcome[JUDGE_NOT_ASKED] = 1;
}

static void judge_without_verdicts(struct point *p)
{
    p->judge.n_questions = 100;
    p->judge.n_judged = 94;
    p->judge.n_errors = 6;
}

static void none_counted(struct point *p)
{
    p->measurement.n_counted = 0;
}

static void late(struct point *p)
{
    p->facts.rate_rps = 10.0; /* 5 % of the gap is 5 ms */
    p->measurement.dispatch_delay_p99_us = 1000.1;
}

static void late_for_the_gap(struct point *p)
{
    p->measurement.dispatch_delay_p99_us = 500.1; /* 5 % of 10 ms */
}

static void too_slow(struct point *p)
{
    p->measurement.achieved_rate_ratio = 1.0 - 0.0430; /* 1 % + 3.29 / sqrt(10000) = 4.29 % */
}

static void too_fast(struct point *p)
{
    p->measurement.achieved_rate_ratio = 1.0430;
}

static void constant_off_by_two(struct point *p)
{
    p->facts.arrival = ARRIVAL_CONSTANT; /* 1 % and one of 10000 arrivals */
    p->measurement.achieved_rate_ratio = 1.0 - 0.0102;
}

static void gamma_even_off(struct point *p)
{
    p->facts.arrival = ARRIVAL_GAMMA; /* 1 % + 3.29 / sqrt(4 * 10000) = 2.645 % */
    p->facts.burstiness = 4.0;
    p->measurement.achieved_rate_ratio = 1.0265;
}

static void bursty(struct point *p)
{
    p->measurement.arrival_ks_p = 0.0009;
}

static void overloaded(struct point *p)
{
    /* 5 % + 3.29 * 0.02 * sqrt(2 / 600) = 5.38 % */
    p->measurement.little_residual = 0.0539;
}

static void closed_overloaded(struct point *p)
{
    p->facts.driver = DRIVER_CLOSED;
    p->measurement.little_residual = 0.0701; /* 5 % and 2 s of 100 s */
}

static void joined(struct point *p)
{
    p->measurement.shared_read_share = 0.051;
}

static void laggard(struct point *p)
{
    p->measurement.client_lag_p99_us = 1000.1;
}

static void stalled(struct point *p)
{
    p->measurement.stamp_kernel = true; /* right stamps do not make the load right */
    p->measurement.client_gap_max_us = 100000.1;
}

static void streams_idle(struct point *p)
{
    p->facts.driver = DRIVER_CLOSED;
    p->facts.concurrency = 8;
    p->measurement.in_flight_mean = 7.599;
}

static void busy(struct point *p)
{
    p->measurement.worker_work_share_max = 0.851;
}

static void other_engine(struct point *p)
{
    p->facts.engine_changed = true;
}

static void failing(struct point *p)
{
    p->input.ok_rate = 0.949;
}

static void stopped(struct point *p)
{
    p->facts.interrupted = true;
}

static void test_validity_judge__each_limit_trips_its_own_row(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        void (*change)(struct point *);
        const char *name;
        double limit;
    } rows[] = {
        {"no counted request", none_counted, "no_requests", 1.0},
        {"dispatch delay over 1 ms", late, "dispatch_delay", 1000.0},
        {"dispatch delay over 5 % of the gap", late_for_the_gap, "dispatch_delay_gap", 500.0},
        {"rate too low", too_slow, "achieved_rate", 0.0429},
        {"rate too high", too_fast, "achieved_rate", 0.0429},
        {"constant rate off", constant_off_by_two, "achieved_rate", 0.0101},
        {"gamma rate off", gamma_even_off, "achieved_rate", 0.02645},
        {"gaps of another process", bursty, "arrival_process", 0.001},
        {"Little, open loop", overloaded, "little_residual", 0.0537989},
        {"Little, closed loop", closed_overloaded, "little_residual", 0.07},
        {"shared reads", joined, "shared_reads", 0.05},
        {"client lag", laggard, "client_lag", 1000.0},
        {"client stall", stalled, "client_stall", 100000.0},
        {"streams without a request", streams_idle, "in_flight", 0.95},
        {"worker", busy, "worker_cpu", 0.85},
        {"engine", other_engine, "engine_changed", 0.0},
        {"judge interrupted", judge_interrupted, "judge_not_asked", 0.0},
        {"judge without verdicts", judge_without_verdicts, "judge_errors", 0.05},
        {"ok rate", failing, "ok_rate", 0.95},
        {"interrupted", stopped, "interrupted", 0.0},
    };

    bool tripped[SUMMARY_REASONS_MAX] = {false};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct point point;
        sound(&point);
        rows[i].change(&point);
        struct validity_reason reasons[SUMMARY_REASONS_MAX];
        size_t n = 0;
        const enum validity_status status = validity_judge(&point.input, reasons, &n);
        if (n != 1 || strcmp(reasons[0].name, rows[i].name) != 0) {
            print_error("%s: %zu reasons\n", rows[i].what, n);
            fail();
        }
        const bool is_invalid = strcmp(rows[i].name, "no_requests") == 0;
        assert_int_equal(status, is_invalid ? VALIDITY_INVALID : VALIDITY_FLAGGED);
        assert_near(reasons[0].limit, rows[i].limit, 1e-6);
        for (size_t t = 0; t < validity_table_len; t++) {
            tripped[t] = tripped[t] || strcmp(validity_table[t].name, rows[i].name) == 0;
        }
    }
    for (size_t t = 0; t < validity_table_len; t++) {
        assert_true(tripped[t]);
    }
}

/* Figures exactly at their limits. */
static void at_limits(struct point *p)
{
    p->facts.rate_rps = 50.0;
    p->measurement.dispatch_delay_p99_us = 1000.0;
    p->measurement.achieved_rate_ratio = 1.01;
    p->measurement.arrival_ks_p = 0.001;
    p->measurement.little_residual = 0.05;
    p->measurement.shared_read_share = 0.05;
    p->measurement.client_lag_p99_us = 1000.0;
    p->measurement.client_gap_max_us = 100000.0;
    p->measurement.worker_work_share_max = 0.85;
    p->input.ok_rate = 0.95;
}

static void as_it_is(struct point *p)
{
    (void)p;
}

static void kernel_stamps(struct point *p)
{
    p->measurement.stamp_kernel = true;
    p->measurement.client_lag_p99_us = 50000.0;
}

/* In a closed loop nothing is scheduled: what the open-loop rows would read does not exist. */
static void closed_loop(struct point *p)
{
    p->facts.driver = DRIVER_CLOSED;
    p->facts.arrival = ARRIVAL_NONE;
    p->facts.rate_rps = 0.0;
    p->measurement.dispatch_delay_p99_us = 1e9;
    p->measurement.achieved_rate_ratio = 0.1;
    p->measurement.arrival_ks_p = 0.0;
}

static void streams_in_flight(struct point *p)
{
    closed_loop(p);
    p->facts.concurrency = 8;
    p->measurement.in_flight_mean = 7.6;
}

/* The last requests of a number of them end with others already gone. */
static void number_of_requests(struct point *p)
{
    closed_loop(p);
    p->facts.concurrency = 8;
    p->facts.requested_duration_ns = 0;
    p->measurement.in_flight_mean = 4.0;
}

static void unknown_figures(struct point *p)
{
    p->measurement.dispatch_delay_p99_us = (double)NAN;
    p->measurement.achieved_rate_ratio = (double)NAN;
    p->measurement.arrival_ks_p = (double)NAN;
    p->measurement.little_residual = (double)NAN;
    p->measurement.shared_read_share = (double)NAN;
    p->measurement.client_lag_p99_us = (double)NAN;
    p->measurement.client_gap_max_us = (double)NAN;
    p->measurement.worker_work_share_max = (double)NAN;
}

static void test_validity_judge__a_sound_point_trips_nothing(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        void (*change)(struct point *);
    } rows[] = {
        {"sound", as_it_is},
        {"at the limits", at_limits},
        {"kernel stamps need no low lag", kernel_stamps},
        {"closed loop", closed_loop},
        {"95 % of the streams", streams_in_flight},
        {"a number of requests", number_of_requests},
        {"figures that do not exist", unknown_figures},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct point point;
        sound(&point);
        rows[i].change(&point);
        struct validity_reason reasons[SUMMARY_REASONS_MAX];
        size_t n = 99;
        const enum validity_status status = validity_judge(&point.input, reasons, &n);
        if (status != VALIDITY_VALID || n != 0) {
            print_error("%s: %s\n", rows[i].what, n > 0 ? reasons[0].text : "");
            fail();
        }
    }
}

static void test_validity_judge__tells_all_reasons_and_the_worst_status(void **state)
{
    (void)state;
    struct point point;
    sound(&point);
    failing(&point);
    none_counted(&point);
    stopped(&point);
    struct validity_reason reasons[SUMMARY_REASONS_MAX];
    size_t n = 0;
    assert_int_equal(validity_judge(&point.input, reasons, &n), VALIDITY_INVALID);
    assert_int_equal(n, 3);
    assert_string_equal(reasons[0].name, "no_requests");
    assert_string_equal(reasons[1].name, "ok_rate");
    assert_string_equal(reasons[2].name, "interrupted");
}

static void test_validity_judge__says_figure_and_limit_in_words(void **state)
{
    (void)state;
    struct point point;
    sound(&point);
    late_for_the_gap(&point);
    failing(&point);
    struct validity_reason reasons[SUMMARY_REASONS_MAX];
    size_t n = 0;
    (void)validity_judge(&point.input, reasons, &n);
    assert_int_equal(n, 2);
    assert_string_equal(
        reasons[0].text,
        "dispatch delay p99 beside the mean gap: 500.1 us is above the limit of 500 us");
    assert_string_equal(
        reasons[1].text,
        "share of counted requests that ended ok: 0.949 is below the limit of 0.95");
    assert_near(reasons[0].figure, 500.1, 1e-9);
    assert_near(reasons[1].figure, 0.949, 1e-9);
}

static void test_validity_table__has_a_source_and_a_text_in_every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < validity_table_len; i++) {
        assert_non_null(strstr(validity_table[i].source, ".md"));
        assert_true(strlen(validity_table[i].text) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(validity_table[i].name, validity_table[j].name);
        }
    }
}

static void test_validity_status_name__names_all_three(void **state)
{
    (void)state;
    assert_string_equal(validity_status_name(VALIDITY_VALID), "valid");
    assert_string_equal(validity_status_name(VALIDITY_FLAGGED), "flagged");
    assert_string_equal(validity_status_name(VALIDITY_INVALID), "invalid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity_judge__each_limit_trips_its_own_row),
        cmocka_unit_test(test_validity_judge__a_sound_point_trips_nothing),
        cmocka_unit_test(test_validity_judge__tells_all_reasons_and_the_worst_status),
        cmocka_unit_test(test_validity_judge__says_figure_and_limit_in_words),
        cmocka_unit_test(test_validity_table__has_a_source_and_a_text_in_every_row),
        cmocka_unit_test(test_validity_status_name__names_all_three),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
