/* Whatever is packed comes back; the forms have the sizes that memory is planned with. */
#include "base/rng.h"
#include "support/events.h"

enum {
    N = 500
};

static void assert_round_trip(const struct token_event *events, uint32_t n)
{
    static uint32_t words[N * TOKEN_EVENT_WORDS_MAX];
    struct record record = {0};
    events_pack(&record, words, events, n);
    struct token_reader reader = token_reader_of(&record);
    struct token_event got;
    for (uint32_t i = 0; i < n; i++) {
        assert_true(token_reader_next(&reader, &got));
        assert_int_equal(got.arrival_ns, events[i].arrival_ns);
        assert_int_equal(got.tokens, events[i].tokens);
        assert_int_equal(got.kind, events[i].kind);
        assert_int_equal(got.shared_read, events[i].shared_read);
    }
    assert_false(token_reader_next(&reader, &got));
}

static void test_token_log__forms_take_4_8_and_16_bytes(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int64_t gap_ns;
        uint32_t tokens;
        uint32_t words;
    } rows[] = {
        {"no gap", 0, 1, 1},
        {"10 ms", 10000000, 1, 1},
        {"longest short gap", TOKEN_GAP_SHORT_NS - 1, 1, 1},
        {"shortest long gap", TOKEN_GAP_SHORT_NS, 1, 2},
        {"no tokens", 10000000, 0, 2},
        {"several tokens", 10000000, 5, 2},
        {"most tokens", 0, TOKEN_LONG_TOKENS - 1, 2},
        {"longest long gap", TOKEN_GAP_LONG_NS - 1, 1, 2},
        {"longer", TOKEN_GAP_LONG_NS, 1, 4},
        {"more tokens", 1, TOKEN_LONG_TOKENS, 4},
        {"all tokens", INT64_MAX, UINT32_MAX, 4},
        {"before the start of the point", -1, 1, 4},
    };

    for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
        for (unsigned variant = 0; variant < 6; variant++) {
            const struct token_event event = {
                .arrival_ns = rows[r].gap_ns,
                .tokens = rows[r].tokens,
                .kind = (uint8_t)(variant % 3),
                .shared_read = variant >= 3,
            };
            struct token_log log;
            token_log_init(&log, 1);
            token_log_add(&log, &event);
            if (log.n_words != rows[r].words) {
                print_error("%s: %u words, not %u\n", rows[r].what, log.n_words, rows[r].words);
                fail();
            }
            token_log_done(&log);
            assert_round_trip(&event, 1);
        }
    }
}

static void test_token_reader__gives_back_random_events(void **state)
{
    (void)state;
    static struct token_event events[N];
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng rng;
        rng_init(&rng, seed, RNG_STREAM_TEST);
        int64_t at_ns = -(int64_t)rng_below(&rng, 2);
        for (uint32_t i = 0; i < N; i++) {
            at_ns += (int64_t)(rng_next(&rng) >> (8 + rng_below(&rng, 56)) >> 8);
            events[i] = (struct token_event){
                .arrival_ns = at_ns,
                .tokens = rng_below(&rng, 2) == 0
                              ? 1
                              : (uint32_t)(rng_next(&rng) >> 32 >> rng_below(&rng, 32)),
                .kind = (uint8_t)rng_below(&rng, 3),
                .shared_read = rng_below(&rng, 2) == 0,
            };
        }
        assert_round_trip(events, N);
    }
}

static void test_token_log__is_used_again(void **state)
{
    (void)state;
    struct token_log log;
    token_log_init(&log, 0);
    for (int round = 0; round < 3; round++) {
        for (int64_t i = 0; i < 100; i++) {
            token_log_add(&log, &(struct token_event){.arrival_ns = i, .tokens = 1});
        }
        assert_int_equal(log.n_words, 100);
        assert_int_equal(log.last_ns, 99);
        token_log_clear(&log);
    }
    token_log_done(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_log__forms_take_4_8_and_16_bytes),
        cmocka_unit_test(test_token_reader__gives_back_random_events),
        cmocka_unit_test(test_token_log__is_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
