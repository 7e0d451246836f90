/* Whole runs whose stimulus or client is wrong on purpose, in virtual time: each row of the table of
 * limits is tripped by a cause that trips it in the world, and a sound run trips none.
 * Then coordinated omission: percentiles worked out by hand from the schedule and the engine's log. */
#include "stats/validity.h"
#include "support/virtual_world.h"

struct cause {
    const char *reason;
    const char *what;
    struct point_options (*make)(struct world *world);
    const char *faults;
};

/* The worker comes back late from every wait. */
static void always_late(struct world *world, int64_t late_ns)
{
    world->wait_late_ns = late_ns;
    world->n_late = UINT32_MAX;
}

static struct point_options nothing_counted(struct world *world)
{
    struct point_options options = closed_loop(world, 1);
    options.warmup_per_stream = 1;
    options.warmup_timeout_ns = NS_PER_S;
    options.grace_ns = NS_PER_S;
    return options;
}

static struct point_options late_worker(struct world *world)
{
    always_late(world, 2 * NS_PER_MS);
    return open_loop(world, 10.0);
}

static struct point_options late_for_a_high_rate(struct world *world)
{
    always_late(world, 60000); /* 60 us; 5 % of a gap are 50 us */
    return open_loop(world, 1000.0);
}

/* One at a time, 180 ms each: 5.6 a second of 20. */
static struct point_options capped(struct world *world)
{
    struct point_options options = open_loop(world, 20.0);
    options.max_concurrency = 1;
    return options;
}

/* Arrivals of 20 ms leave at once. */
static struct point_options bunched(struct world *world)
{
    always_late(world, 20 * NS_PER_MS);
    struct point_options options = open_loop(world, 200.0);
    options.arrival = ARRIVAL_POISSON;
    return options;
}

/* The engine decodes one request at a time, the rest queues up: it never reaches a steady state. */
static struct point_options overloaded_engine(struct world *world)
{
    world->sim.max_batch = 1;
    return open_loop(world, 20.0);
}

static struct point_options one_stream(struct world *world)
{
    return closed_loop(world, 1);
}

static struct point_options late_reads_without_stamps(struct world *world)
{
    world->user_stamps = true;
    world->recv_late_ns = 2 * NS_PER_MS;
    return closed_loop(world, 1);
}

static struct point_options stopped_once(struct world *world)
{
    world->wait_late_ns = 150 * NS_PER_MS;
    world->late_from_ns = 5 * NS_PER_S;
    world->n_late = 1;
    return open_loop(world, 200.0);
}

/* A stream's next request leaves 30 ms after its answer: 180 of 210 ms in flight. */
static struct point_options slow_turns(struct world *world)
{
    always_late(world, 30 * NS_PER_MS);
    return closed_loop(world, 4);
}

static const struct cause causes[] = {
    {"no_requests", "the only stream never ends its first request", nothing_counted,
     "{\"rules\":[{\"from\":0,\"fault\":\"never\"}]}"},
    {"dispatch_delay", "a late worker", late_worker, NULL},
    {"dispatch_delay_gap", "late for so high a rate", late_for_a_high_rate, NULL},
    {"achieved_rate", "a cap below what the rate needs", capped, NULL},
    {"arrival_process", "sends in bunches", bunched, NULL},
    {"little_residual", "an engine too slow for the rate", overloaded_engine, NULL},
    {"shared_reads", "an engine that sends events in pairs", one_stream,
     "{\"rules\":[{\"fault\":\"join\",\"events\":2}]}"},
    {"client_lag", "late reads, no kernel stamps", late_reads_without_stamps, NULL},
    {"client_stall", "a client that stood still for 150 ms", stopped_once, NULL},
    {"in_flight", "slow turnarounds", slow_turns, NULL},
    {"ok_rate", "every tenth request fails", one_stream,
     "{\"rules\":[{\"every\":10,\"fault\":\"status\",\"status\":500}]}"},
};

/* Rows that virtual time cannot trip, and what trips them. */
static const char *const others[][2] = {
    {"worker_cpu", "virtual time takes no CPU time: test_validity.c"},
    {"engine_changed", "the run tells it, by probing: tests/cli/run-promises"},
    {"interrupted", "the tick tells it, on a thread: test_point.c, promise 31"},
    {"judge_not_asked", "judging comes after the point: tests/cli/run-judge"},
    {"judge_errors", "judging comes after the point: tests/cli/run-judge"},
};

static bool has_reason(const struct summary *summary, const char *name)
{
    for (size_t i = 0; i < summary->n_reasons; i++) {
        if (strcmp(summary->reasons[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static struct summary *run_cause(const struct cause *cause, struct world *world)
{
    world_open(world, cause->faults);
    const struct point_options options = cause->make(world);
    struct point_result result;
    run(&options, &result);
    struct summary *summary = summarise(&result);
    point_result_done(&result);
    world_close(world);
    return summary;
}

static void test_validity__every_row_is_tripped_by_its_cause(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        struct world world;
        CLEANUP(mem_freep) struct summary *summary = run_cause(&causes[i], &world);
        print_message("%s:\n", causes[i].what);
        for (size_t r = 0; r < summary->n_reasons; r++) {
            print_message("    %s\n", summary->reasons[r].text);
        }
        assert_true(has_reason(summary, causes[i].reason));
        assert_int_not_equal(summary->validity, VALIDITY_VALID);
    }
}

static void test_validity__every_row_has_a_cause(void **state)
{
    (void)state;
    for (size_t t = 0; t < validity_table_len; t++) {
        bool found = false;
        for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
            found = found || strcmp(causes[i].reason, validity_table[t].name) == 0;
        }
        for (size_t i = 0; i < ARRAY_LEN(others); i++) {
            found = found || strcmp(others[i][0], validity_table[t].name) == 0;
        }
        if (!found) {
            fail_msg("no cause trips %s", validity_table[t].name);
        }
    }
}

static struct point_options sound_closed(struct world *world)
{
    return closed_loop(world, 4);
}

static struct point_options sound_open(struct world *world)
{
    struct point_options options = open_loop(world, 50.0);
    options.arrival = ARRIVAL_POISSON;
    return options;
}

static void test_validity__a_sound_run_trips_nothing(void **state)
{
    (void)state;
    static const struct cause rows[] = {
        {"", "closed loop", sound_closed, NULL},
        {"", "open loop", sound_open, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world world;
        CLEANUP(mem_freep) struct summary *summary = run_cause(&rows[i], &world);
        if (summary->n_reasons > 0) {
            fail_msg("%s: %s", rows[i].what, summary->reasons[0].text);
        }
        assert_int_equal(summary->validity, VALIDITY_VALID);
    }
}

/* Lateness is not only flagged: it stands in the figures as it was. */
static void test_validity__a_late_worker_is_measured_as_late_as_it_was(void **state)
{
    (void)state;
    struct world world;
    const struct cause cause = {"", "", late_worker, NULL};
    CLEANUP(mem_freep) struct summary *summary = run_cause(&cause, &world);
    assert_near(summary->measurement.dispatch_delay_p50_us, 2000.0, 1e-6);
    assert_near(summary->measurement.dispatch_delay_max_us, 2000.0, 1e-6);
    /* From the schedule with the lateness, from the send without: both, always. */
    assert_near(summary_get(summary, "ttft_p50_ms"), 102.0, 1e-6);
    assert_near(summary_get(summary, "ttft_from_send_p50_ms"), 100.0, 1e-6);
}

static void test_validity__a_client_that_stood_still_tells_how_long(void **state)
{
    (void)state;
    struct world world;
    const struct cause cause = {"", "", stopped_once, NULL};
    CLEANUP(mem_freep) struct summary *summary = run_cause(&cause, &world);
    const struct measurement *m = &summary->measurement;
    assert_true(m->client_gap_max_us >= 150e3 && m->client_gap_max_us <= 170e3);
    assert_true(m->client_lag_max_us > 100e3 && m->client_lag_max_us <= 150e3);
    /* Up to 150 ms late, and the load over time shows that the later ones came at once. */
    assert_true(m->dispatch_delay_max_us > 140e3 && m->dispatch_delay_max_us <= 150e3);
    assert_true(has_reason(summary, "dispatch_delay"));
}

/* ---- Coordinated omission. ---- */

static int compare_doubles(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* numpy's default, written once more. */
static double percentile_by_hand(double *values, size_t n, double percent)
{
    qsort(values, n, sizeof(*values), compare_doubles);
    const double place = (double)(n - 1) * percent / 100.0;
    const size_t below = (size_t)floor(place);
    const size_t above = below + 1 < n ? below + 1 : below;
    return values[below] + (values[above] - values[below]) * (place - floor(place));
}

/* When the engine wrote the first token of its request `number`, since the start of the point. */
static int64_t first_write_ns(const struct world *world, uint64_t number)
{
    for (uint64_t i = 0; i < world->n_truth; i++) {
        if (world->truth[i].request == number && world->truth[i].token == 1) {
            return world->truth[i].write_ns - TRANSPORT_SIM_START_NS;
        }
    }
    fail_msg("the engine's log has no first token of request %d", (int)number);
    return RECORD_NONE;
}

/* TTFT of the requests that the schedule puts into [0, end), one every `gap_ns`, from the engine's log. */
static size_t
ttft_by_hand(const struct world *world, int64_t gap_ns, int64_t end_ns, double *out_ms, size_t cap)
{
    size_t n = 0;
    for (int64_t at_ns = gap_ns; at_ns < end_ns; at_ns += gap_ns) {
        assert_true(n < cap);
        out_ms[n] = (double)(first_write_ns(world, n) - at_ns) / 1e6;
        n++;
    }
    return n;
}

static const char *const stall_2_s = "{\"stalls\":[{\"at_ms\":2000,\"ms\":2000}]}";

/* 50 a second for 6 s: 299 requests, every 20 ms.  The engine stands still in [2 s, 4 s).  First tokens that were
 * due in it come 2 s later: those of 1.90 to 1.98 s, 2100 ms each.  Requests that came in it begin at 4 s and answer
 * at 4.1 s: those of 2.00 to 3.98 s, 2100 to 120 ms.  All others take 100 ms.  So ranks 0 to 5 from the top are 2100,
 * and rank r from 5 on is 2100 - 20 (r - 5).  The p99 lies at place 295.02 of 0 to 298, rank 2.98. */
static void test_omission__a_stall_of_2_s_is_in_the_p99_from_the_schedule(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stall_2_s);
    struct point_options options = open_loop(&world, 50.0);
    options.duration_ns = 6 * NS_PER_S;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    double ttft_ms[400];
    const size_t n =
        ttft_by_hand(&world, NS_PER_S / 50, options.duration_ns, ttft_ms, ARRAY_LEN(ttft_ms));
    assert_int_equal(n, 299);
    assert_near(summary_get(summary, "n_samples"), 299.0, 0.0);
    assert_near(summary_get(summary, "ok_rate"), 1.0, 0.0);

    static const struct {
        const char *key;
        double percent;
        double worked_out_ms;
    } rows[] = {
        {"ttft_p50_ms", 50.0, 100.0},
        {"ttft_p90_ms", 90.0, 2100.0 - 20.0 * (298.0 - 268.2 - 5.0)},
        {"ttft_p95_ms", 95.0, 2100.0 - 20.0 * (298.0 - 283.1 - 5.0)},
        {"ttft_p99_ms", 99.0, 2100.0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const double by_hand = percentile_by_hand(ttft_ms, n, rows[i].percent);
        assert_near(summary_get(summary, rows[i].key), by_hand, 1e-9);
        assert_near(by_hand, rows[i].worked_out_ms, 1e-6);
    }
    point_result_done(&result);
    world_close(&world);
}

/* With a cap of four, four requests feel the stall and all later ones wait in the client.  Counted from the
 * send, the p99 of 1199 requests does not know of it; counted from the schedule it does. */
static void test_omission__a_cap_does_not_hide_the_stall(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, stall_2_s);
    struct point_options options = open_loop(&world, 20.0);
    options.duration_ns = 60 * NS_PER_S;
    options.max_concurrency = 4;
    struct point_result result;
    run(&options, &result);
    CLEANUP(mem_freep) struct summary *summary = summarise(&result);
    static double ttft_ms[1300];
    const size_t n =
        ttft_by_hand(&world, NS_PER_S / 20, options.duration_ns, ttft_ms, ARRAY_LEN(ttft_ms));
    assert_int_equal(n, 1199);
    const double by_hand = percentile_by_hand(ttft_ms, n, 99.0);
    assert_near(summary_get(summary, "ttft_p99_ms"), by_hand, 1e-9);
    assert_near(summary_get(summary, "ttft_from_send_p99_ms"), 100.0, 1e-9);
    assert_true(by_hand > 1900.0);
    assert_true(has_reason(summary, "dispatch_delay"));
    point_result_done(&result);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity__every_row_is_tripped_by_its_cause),
        cmocka_unit_test(test_validity__every_row_has_a_cause),
        cmocka_unit_test(test_validity__a_sound_run_trips_nothing),
        cmocka_unit_test(test_validity__a_late_worker_is_measured_as_late_as_it_was),
        cmocka_unit_test(test_validity__a_client_that_stood_still_tells_how_long),
        cmocka_unit_test(test_omission__a_stall_of_2_s_is_in_the_p99_from_the_schedule),
        cmocka_unit_test(test_omission__a_cap_does_not_hide_the_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
