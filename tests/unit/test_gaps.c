/* The gaps of many requests, in order, against gathering them all and sorting by the library. */
#include "base/clock.h"
#include "base/rng.h"
#include "stats/sample.h"
#include "support/events.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum {
    REQUESTS = 300,
    EVENTS = 100
};

static uint32_t words[REQUESTS][EVENTS * TOKEN_EVENT_WORDS_MAX];
static struct record records[REQUESTS];

/* A gap with its place before sorting, so that equal ones have an order. */
struct placed {
    struct weighted gap;
    size_t place;
};

static struct placed expected[REQUESTS * EVENTS];

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a;
    const struct placed *y = b;
    if (x->gap.value < y->gap.value || x->gap.value > y->gap.value) {
        return x->gap.value < y->gap.value ? -1 : 1;
    }
    return x->place < y->place ? -1 : 1;
}

static int64_t equal_gap(struct rng *rng)
{
    (void)rng;
    return 10 * NS_PER_MS;
}

static int64_t one_of_two_gaps(struct rng *rng)
{
    return rng_below(rng, 2) == 0 ? 0 : 10 * NS_PER_MS;
}

/* Steady within 10 us, and one in a hundred anywhere from 1 us to 100 s. */
static int64_t steady_gap(struct rng *rng)
{
    if (rng_below(rng, 100) == 0) {
        return (int64_t)(1e3 * pow(10.0, 8.0 * rng_uniform(rng)));
    }
    return 10 * NS_PER_MS + (int64_t)rng_below(rng, 10000);
}

static int64_t even_gap(struct rng *rng)
{
    return (int64_t)rng_below(rng, 20 * NS_PER_MS);
}

static int64_t any_decade_gap(struct rng *rng)
{
    return (int64_t)pow(10.0, 11.0 * rng_uniform(rng));
}

static size_t make_requests(
    int64_t (*next)(struct rng *rng), uint32_t n_requests, uint32_t n_events, uint32_t tokens_max)
{
    struct rng rng;
    rng_init(&rng, n_requests, RNG_STREAM_TEST);
    size_t n = 0;
    for (uint32_t r = 0; r < n_requests; r++) {
        struct token_event events[EVENTS] = {0};
        int64_t at_ns = 0;
        for (uint32_t e = 0; e < n_events; e++) {
            const int64_t gap_ns = next(&rng);
            const uint32_t tokens = 1 + (uint32_t)rng_below(&rng, tokens_max);
            at_ns += gap_ns;
            events[e] = (struct token_event){.arrival_ns = at_ns, .tokens = tokens};
            if (e > 0) {
                const double gap_ms = (double)gap_ns / (double)NS_PER_MS;
                expected[n].gap = (struct weighted){gap_ms / (double)tokens, tokens, r};
                expected[n].place = n;
                n++;
            }
        }
        records[r] = (struct record){.index = r, .phase = PHASE_WINDOW, .outcome = OUTCOME_OK};
        events_pack(&records[r], words[r], events, n_events);
    }
    qsort(expected, n, sizeof(*expected), compare_placed);
    return n;
}

static void test_gaps__are_in_order_however_they_are_spread(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int64_t (*next)(struct rng *rng);
        uint32_t n_requests;
        uint32_t n_events;
        uint32_t tokens_max;
    } rows[] = {
        {"one gap", steady_gap, 1, 2, 1},
        {"a few", any_decade_gap, 3, 10, 1},
        {"all equal", equal_gap, REQUESTS, EVENTS, 1},
        {"two values, one of them 0", one_of_two_gaps, REQUESTS, EVENTS, 1},
        {"steady, with a few far away", steady_gap, REQUESTS, EVENTS, 1},
        {"steady, some events of several tokens", steady_gap, REQUESTS, EVENTS, 3},
        {"even", even_gap, REQUESTS, EVENTS, 1},
        {"over eleven decades", any_decade_gap, REQUESTS, EVENTS, 4},
    };
    const struct point_facts facts = {.streaming = true};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t n =
            make_requests(rows[i].next, rows[i].n_requests, rows[i].n_events, rows[i].tokens_max);
        const struct record_set set = {records, rows[i].n_requests, true};
        struct gaps gaps;
        gaps_init(&gaps, &facts, &set, GAP_TOKENS);
        print_message("  %s\n", rows[i].what);
        assert_int_equal(gaps.n, n);
        assert_int_equal(gaps.n_clusters, rows[i].n_requests);
        uint64_t n_repeated = 0;
        for (size_t k = 0; k < n; k++) {
            assert_memory_equal(&gaps.items[k], &expected[k].gap, sizeof(expected[k].gap));
            n_repeated += expected[k].gap.weight;
        }
        assert_int_equal(gaps.n_repeated, n_repeated);
        gaps_done(&gaps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaps__are_in_order_however_they_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
