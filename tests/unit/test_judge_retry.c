#include "suite/judge_retry.h"
#include "support/test.h"

#define S INT64_C(1000000000)

static struct rng rng_of_test(void)
{
    struct rng rng;
    rng_init(&rng, 1, RNG_STREAM_TEST);
    return rng;
}

static void test_judge_retry_wait__what_is_tried_again(void **state)
{
    (void)state;

    static const struct {
        enum judge_reply_kind kind;
        long status;
        bool again;
    } rows[] = {
        {JUDGE_REPLY_TIMEOUT, 0, true},  {JUDGE_REPLY_CONNECT, 0, true},
        {JUDGE_REPLY_REFUSED, 0, false}, {JUDGE_REPLY_STOPPED, 0, false},
        {JUDGE_REPLY_HTTP, 200, false},  {JUDGE_REPLY_HTTP, 204, false},
        {JUDGE_REPLY_HTTP, 301, false},  {JUDGE_REPLY_HTTP, 400, false},
        {JUDGE_REPLY_HTTP, 401, false},  {JUDGE_REPLY_HTTP, 403, false},
        {JUDGE_REPLY_HTTP, 404, false},  {JUDGE_REPLY_HTTP, 408, true},
        {JUDGE_REPLY_HTTP, 422, false},  {JUDGE_REPLY_HTTP, 425, true},
        {JUDGE_REPLY_HTTP, 429, true},   {JUDGE_REPLY_HTTP, 499, false},
        {JUDGE_REPLY_HTTP, 500, true},   {JUDGE_REPLY_HTTP, 503, true},
        {JUDGE_REPLY_HTTP, 529, true},   {JUDGE_REPLY_HTTP, 599, true},
        {JUDGE_REPLY_HTTP, 600, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rng rng = rng_of_test();
        const struct judge_reply reply = {.kind = rows[i].kind, .status = rows[i].status};
        if ((judge_retry_wait_ns(&reply, 1, &rng) >= 0) != rows[i].again) {
            print_error("kind %d status %ld\n", (int)rows[i].kind, rows[i].status);
            fail();
        }
    }
}

/* Each wait is three quarters to the whole of 1, 2, 4, 8 s; then the question is given up. */
static void test_judge_retry_wait__doubles_and_ends(void **state)
{
    (void)state;
    const struct judge_reply reply = {.kind = JUDGE_REPLY_HTTP, .status = 503};
    struct rng rng = rng_of_test();
    double shares = 0.0;
    for (uint32_t n = 1; n < JUDGE_ATTEMPTS_MAX; n++) {
        const int64_t wait_ns = judge_retry_wait_ns(&reply, n, &rng);
        const int64_t whole_ns = S << (n - 1);
        assert_true(wait_ns > whole_ns * 3 / 4 && wait_ns <= whole_ns);
        shares += (double)wait_ns / (double)whole_ns;
    }
    assert_true(shares < JUDGE_ATTEMPTS_MAX - 1); /* something was drawn */
    assert_int_equal(judge_retry_wait_ns(&reply, JUDGE_ATTEMPTS_MAX, &rng), -1);
}

static void test_judge_retry_wait__repeats_by_seed(void **state)
{
    (void)state;
    const struct judge_reply reply = {.kind = JUDGE_REPLY_TIMEOUT};
    struct rng a = rng_of_test();
    struct rng b = rng_of_test();
    for (uint32_t n = 1; n < JUDGE_ATTEMPTS_MAX; n++) {
        assert_int_equal(judge_retry_wait_ns(&reply, n, &a), judge_retry_wait_ns(&reply, n, &b));
    }
}

static void test_judge_retry_wait__heeds_retry_after(void **state)
{
    (void)state;
    struct judge_reply reply = {.kind = JUDGE_REPLY_HTTP, .status = 429, .retry_after_ns = 20 * S};
    struct rng rng = rng_of_test();
    assert_int_equal(judge_retry_wait_ns(&reply, 1, &rng), 20 * S);
    reply.retry_after_ns = 1; /* shorter than the own wait */
    assert_true(judge_retry_wait_ns(&reply, 1, &rng) > S / 2);
    reply.retry_after_ns = JUDGE_RETRY_AFTER_MAX_NS;
    assert_int_equal(judge_retry_wait_ns(&reply, 1, &rng), JUDGE_RETRY_AFTER_MAX_NS);
    reply.retry_after_ns = JUDGE_RETRY_AFTER_MAX_NS + 1;
    assert_int_equal(judge_retry_wait_ns(&reply, 1, &rng), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_retry_wait__what_is_tried_again),
        cmocka_unit_test(test_judge_retry_wait__doubles_and_ends),
        cmocka_unit_test(test_judge_retry_wait__repeats_by_seed),
        cmocka_unit_test(test_judge_retry_wait__heeds_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
