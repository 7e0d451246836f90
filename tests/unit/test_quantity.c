/* One request at a time: its latencies, its verdict, its tokens, and who is in flight with whom. */
#include "base/clock.h"
#include "stats/figure.h"
#include "stats/in_flight.h"
#include "stats/request.h"
#include "support/events.h"
#include "support/test.h"

/* Scheduled at 1 ms, sent at 3 ms, tokens at 10, 20 and 40 ms, end at 45 ms. */
static struct token_event three_events[3];
static uint32_t three_words[3 * TOKEN_EVENT_WORDS_MAX];

static struct record three_tokens(void)
{
    for (int i = 0; i < 3; i++) {
        three_events[i] = (struct token_event){.tokens = 1};
    }
    three_events[0].arrival_ns = 10 * NS_PER_MS;
    three_events[1].arrival_ns = 20 * NS_PER_MS;
    three_events[2].arrival_ns = 40 * NS_PER_MS;
    struct record record = {
        .phase = PHASE_WINDOW,
        .scheduled_ns = 1 * NS_PER_MS,
        .sent_ns = 3 * NS_PER_MS,
        .first_token_ns = 10 * NS_PER_MS,
        .content_ns = 20 * NS_PER_MS,
        .last_token_ns = 40 * NS_PER_MS,
        .end_ns = 45 * NS_PER_MS,
        .prompt_tokens = 7,
        .output_tokens = 3,
    };
    events_pack(&record, three_words, three_events, 3);
    return record;
}

static void test_request_quantity__follows_the_definitions(void **state)
{
    (void)state;
    const double none = (double)NAN;
    static const char *const names[QUANTITY_COUNT] = {"ttft",   "ttft from send", "ttfo",
                                                      "tpot",   "total",          "total from send",
                                                      "output", "prompt",         "score"};

    const struct {
        const char *what;
        enum driver driver;
        bool streaming;
        double expected[QUANTITY_COUNT];
    } rows[] = {
        {"open loop", DRIVER_OPEN, true, {9, 7, 19, 15, 39, 37, 3, 7, 0.25}},
        {"closed loop", DRIVER_CLOSED, true, {7, 7, 17, 15, 37, 37, 3, 7, 0.25}},
        {"open, whole", DRIVER_OPEN, false, {none, none, none, none, 44, 42, 3, 7, 0.25}},
        {"closed, whole", DRIVER_CLOSED, false, {none, none, none, none, 42, 42, 3, 7, 0.25}},
    };
    const struct record_item item = {.id = "x", .scoring = "numeric", .score = 0.25};
    struct record record = three_tokens();
    record.item = &item;
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        const struct point_facts facts = {.driver = rows[r].driver, .streaming = rows[r].streaming};
        for (size_t q = 0; q < QUANTITY_COUNT; q++) {
            const double got = request_quantity(&facts, &record, (enum quantity)q);
            const double expected = rows[r].expected[q];
            if (isnan(expected) ? !isnan(got) : !(fabs(got - expected) < 1e-12)) {
                print_error("%s, %s: %g, not %g\n", rows[r].what, names[q], got, expected);
                fail();
            }
        }
    }
}

static void test_request_quantity__is_nan_where_a_stamp_or_count_is_missing(void **state)
{
    (void)state;
    const struct point_facts facts = {.driver = DRIVER_OPEN, .streaming = true};
    struct record record = three_tokens();
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_SCORE)));
    record.output_tokens = 1;
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_TPOT_MS)));
    record.output_tokens = RECORD_COUNT_UNKNOWN;
    record.prompt_tokens = RECORD_COUNT_UNKNOWN;
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_OUTPUT_TOKENS)));
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_PROMPT_TOKENS)));
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_TPOT_MS)));
    record.content_ns = RECORD_NONE;
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_TTFO_MS)));
    record.sent_ns = RECORD_NONE;
    assert_true(isnan(request_quantity(&facts, &record, QUANTITY_TOTAL_FROM_SEND_MS)));
}

static void test_request_passes__holds_every_limit_and_only_those_that_apply(void **state)
{
    (void)state;
    const double none = (double)INFINITY;

    const struct {
        const char *what;
        struct slo_limits slo;
        bool streaming;
        int output_tokens;
        enum outcome outcome;
        bool passes;
    } rows[] = {
        {"no limits", {none, none, none}, true, 3, OUTCOME_OK, true},
        {"at every limit", {9, 15, 39}, true, 3, OUTCOME_OK, true},
        {"ttft too long", {8.9, 15, 39}, true, 3, OUTCOME_OK, false},
        {"tpot too long", {9, 14.9, 39}, true, 3, OUTCOME_OK, false},
        {"total too long", {9, 15, 38.9}, true, 3, OUTCOME_OK, false},
        {"one token has no tpot", {9, 0.1, 39}, true, 1, OUTCOME_OK, true},
        {"whole answers have no ttft", {0.1, 0.1, 44}, false, 3, OUTCOME_OK, true},
        {"whole answers end at their end", {0.1, 0.1, 43.9}, false, 3, OUTCOME_OK, false},
        {"failed", {none, none, none}, true, 3, OUTCOME_TRUNCATED, false},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        const struct point_facts facts = {
            .driver = DRIVER_OPEN, .streaming = rows[r].streaming, .slo = rows[r].slo};
        struct record record = three_tokens();
        record.output_tokens = rows[r].output_tokens;
        record.outcome = (uint8_t)rows[r].outcome;
        if (request_passes(&facts, &record) != rows[r].passes) {
            print_error("%s\n", rows[r].what);
            fail();
        }
    }
}

static void test_request_tokens_between__spreads_the_total_over_the_events(void **state)
{
    (void)state;

    const struct {
        const char *what;
        uint32_t tokens[3];
        int output_tokens;
        bool usage;
        int64_t from_ms;
        int64_t to_ms;
        double expected;
    } rows[] = {
        {"one an event", {1, 1, 1}, 3, false, 0, 100, 3.0},
        {"first inside, last outside", {1, 1, 1}, 3, false, 10, 40, 2.0},
        {"nothing inside", {1, 1, 1}, 3, false, 41, 100, 0.0},
        {"engine's counts of events", {1, 4, 2}, 7, true, 15, 100, 6.0},
        {"total above the events'", {1, 1, 1}, 6, true, 0, 20, 2.0},
        {"total below the events'", {2, 2, 2}, 3, true, 20, 100, 2.0},
        {"total of events without counts", {0, 0, 0}, 6, true, 20, 100, 4.0},
        {"all of an odd total", {3, 3, 1}, 11, true, 0, 100, 11.0},
        {"events without counts and total", {0, 0, 0}, 0, false, 0, 100, 0.0},
        {"total unknown", {1, 2, 3}, RECORD_COUNT_UNKNOWN, true, 0, 100, 6.0},
    };
    const struct point_facts facts = {.streaming = true};
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        struct record record = three_tokens();
        for (size_t e = 0; e < 3; e++) {
            three_events[e].tokens = rows[r].tokens[e];
        }
        events_pack(&record, three_words, three_events, 3);
        record.output_tokens = rows[r].output_tokens;
        record.output_tokens_usage = rows[r].usage;
        const double got = request_tokens_between(
            &facts, &record, rows[r].from_ms * NS_PER_MS, rows[r].to_ms * NS_PER_MS);
        if (fabs(got - rows[r].expected) > 1e-12) {
            print_error("%s: %g\n", rows[r].what, got);
            fail();
        }
    }
}

/* Any cut of time into two halves gives the same total. */
static void test_request_tokens_between__halves_sum_to_the_total(void **state)
{
    (void)state;
    const struct point_facts facts = {.streaming = true};
    struct record record = three_tokens();
    record.output_tokens = 17;
    record.output_tokens_usage = true;
    for (int64_t cut_ms = 0; cut_ms <= 50; cut_ms++) {
        const double before = request_tokens_between(&facts, &record, 0, cut_ms * NS_PER_MS);
        const double after =
            request_tokens_between(&facts, &record, cut_ms * NS_PER_MS, 50 * NS_PER_MS);
        assert_near(before + after, 17.0, 1e-12);
    }
}

static void test_request_tokens_between__without_streaming_all_arrive_at_the_end(void **state)
{
    (void)state;
    const struct point_facts facts = {0};
    struct record record = three_tokens();
    assert_near(request_tokens_between(&facts, &record, 45 * NS_PER_MS, 46 * NS_PER_MS), 3.0, 0.0);
    assert_near(request_tokens_between(&facts, &record, 0, 45 * NS_PER_MS), 0.0, 0.0);
    record.end_ns = RECORD_NONE;
    assert_near(request_tokens_between(&facts, &record, -5, 100 * NS_PER_MS), 0.0, 0.0);
    record = three_tokens();
    record.output_tokens = RECORD_COUNT_UNKNOWN;
    assert_near(request_tokens_between(&facts, &record, 0, 100 * NS_PER_MS), 0.0, 0.0);
}

static void test_request_tokens_between__counts_nothing_that_never_arrived(void **state)
{
    (void)state;
    const struct point_facts facts = {.streaming = true};
    struct record record = three_tokens();
    record.n_events = 0;
    record.event_words = NULL;
    record.output_tokens = 20;
    record.output_tokens_usage = true;
    assert_near(request_tokens_between(&facts, &record, 0, 100 * NS_PER_MS), 0.0, 0.0);
}

static void test_in_flight_compute__of_a_known_timetable(void **state)
{
    (void)state;

    /* In seconds; the window is [10, 20). */
    static const struct {
        int64_t sent_s;
        int64_t end_s;
    } rows[] = {
        {8, 12},  /* 2 s inside */
        {12, 14}, /* starts as another ends */
        {12, 18}, /* */
        {19, 23}, /* 1 s inside */
        {1, 10},  /* ends as the window starts */
        {20, 22}, /* starts as it ends */
        {17, -1}, /* never ended: 3 s inside, to 30 s */
        {-1, 15}, /* never sent */
    };
    struct record records[ARRAY_LEN(rows)];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        records[i] = (struct record){
            .sent_ns = rows[i].sent_s < 0 ? RECORD_NONE : rows[i].sent_s * NS_PER_S,
            .end_ns = rows[i].end_s < 0 ? RECORD_NONE : rows[i].end_s * NS_PER_S,
        };
    }
    const struct record_set set = {.records = records, .n = ARRAY_LEN(records)};
    struct point_facts facts = {
        .window_start_ns = 10 * NS_PER_S, .window_end_ns = 20 * NS_PER_S, .end_ns = 30 * NS_PER_S};
    const struct in_flight got = in_flight_compute(&facts, &set);
    assert_near(got.mean, (2.0 + 2.0 + 6.0 + 1.0 + 3.0) / 10.0, 1e-12);
    assert_near(got.max, 2.0, 0.0);
    /* Sent inside: 2, 6, 4 and 13 s long. */
    assert_near(got.latency_mean_s, 25.0 / 4.0, 1e-12);
    assert_near(got.little_residual, fabs(14.0 - 25.0) / 14.0, 1e-12);
    facts.window_end_ns = facts.window_start_ns;
    assert_true(isnan(in_flight_compute(&facts, &set).mean));
}

static void test_figure_prompt_tok_per_s__is_unknown_when_one_count_is(void **state)
{
    (void)state;
    struct record records[2] = {three_tokens(), three_tokens()};
    const struct record_set set = {.records = records, .n = 2, .has_events = true};
    const struct point_facts facts = {.streaming = true, .window_end_ns = NS_PER_S};
    assert_near(figure_prompt_tok_per_s(&facts, &set), 14.0, 1e-12);
    records[1].prompt_tokens = RECORD_COUNT_UNKNOWN;
    assert_true(isnan(figure_prompt_tok_per_s(&facts, &set)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_quantity__follows_the_definitions),
        cmocka_unit_test(test_request_quantity__is_nan_where_a_stamp_or_count_is_missing),
        cmocka_unit_test(test_request_passes__holds_every_limit_and_only_those_that_apply),
        cmocka_unit_test(test_request_tokens_between__spreads_the_total_over_the_events),
        cmocka_unit_test(test_request_tokens_between__halves_sum_to_the_total),
        cmocka_unit_test(test_request_tokens_between__without_streaming_all_arrive_at_the_end),
        cmocka_unit_test(test_request_tokens_between__counts_nothing_that_never_arrived),
        cmocka_unit_test(test_in_flight_compute__of_a_known_timetable),
        cmocka_unit_test(test_figure_prompt_tok_per_s__is_unknown_when_one_count_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
