/* The earliest time of an event that was not the last token of its read. */
#include "stats/read_bound.h"
#include "support/events.h"
#include "support/test.h"

enum {
    EVENTS_MAX = 6
};

/* One request: what came before its tokens, then arrivals in ms; `shared` marks those that came in one
 * read with the event before. */
struct row {
    const char *what;
    int64_t sent_ms;
    int64_t headers_ms;
    uint32_t n;
    int64_t arrivals_ms[EVENTS_MAX];
    bool shared[EVENTS_MAX];
    uint64_t n_bounds;
    double max_us;
};

static void test_read_bound__is_the_distance_to_what_was_read_before(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"no event", 0, 10, 0, {0}, {false}, 0, (double)NAN},
        {"each alone", 0, 10, 3, {10, 20, 30}, {false}, 0, (double)NAN},
        {"a pair: since the event before", 0, 10, 3, {10, 20, 20}, {false, false, true}, 1, 1e4},
        {"a whole stall", 0, 9, 5, {10, 210, 210, 210, 220}, {false, false, true, true}, 2, 2e5},
        {"the first read: since headers read before", 0, 4, 2, {10, 10}, {false, true}, 1, 6e3},
        {"headers in that read: since the send", 3, 10, 2, {10, 10}, {false, true}, 1, 7e3},
        {"two reads", 0, 1, 5, {10, 10, 50, 50, 90}, {false, true, false, true, false}, 2, 4e4},
    };
    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        const struct row *row = &rows[r];
        struct token_event events[EVENTS_MAX] = {0};
        uint32_t words[EVENTS_MAX * TOKEN_EVENT_WORDS_MAX];
        for (uint32_t i = 0; i < row->n; i++) {
            events[i] = (struct token_event){
                .arrival_ns = row->arrivals_ms[i] * 1000000,
                .tokens = 1,
                .shared_read = row->shared[i]};
        }
        struct record record = {
            .sent_ns = row->sent_ms * 1000000,
            .headers_ns = row->headers_ms * 1000000,
            .first_token_ns = row->n > 0 ? events[0].arrival_ns : RECORD_NONE,
        };
        events_pack(&record, words, events, row->n);
        const struct record_set set = {.records = &record, .n = 1, .has_events = true};
        const struct read_bound bound = read_bound_compute(&set);
        const bool same_max =
            isnan(row->max_us) ? isnan(bound.max_us) : fabs(bound.max_us - row->max_us) < 1e-9;
        if (bound.n != row->n_bounds || !same_max) {
            print_error("%s: %d bounds, max %g us\n", row->what, (int)bound.n, bound.max_us);
            fail();
        }
        /* One request's few bounds: the quantile lies within a bucket of the largest. */
        assert_true(
            isnan(row->max_us) ? isnan(bound.p99_us)
                               : bound.p99_us <= bound.max_us && bound.p99_us > bound.max_us * 0.9);
    }
}

static void test_read_bound__without_events_there_is_none(void **state)
{
    (void)state;
    struct record record = {.first_token_ns = 5};
    const struct record_set set = {.records = &record, .n = 1, .has_events = false};
    const struct read_bound bound = read_bound_compute(&set);
    assert_int_equal(bound.n, 0);
    assert_true(isnan(bound.p99_us) && isnan(bound.max_us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_bound__is_the_distance_to_what_was_read_before),
        cmocka_unit_test(test_read_bound__without_events_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
