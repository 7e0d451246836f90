/* Judging against a double: no network, and waits that take no time. */
#include "codec/json.h"
#include "stats/record.h"
#include "suite/judge.h"
#include "suite/judge_retry.h"
#include "support/judge_double.h"

#include <stdio.h>

#define S INT64_C(1000000000)

enum {
    SEED = 42
};

static const struct message asked[] = {{"user", "Capital of Peru?"}};

struct world {
    struct judge_double judge;
    struct judge_port port;
    struct judge_options options;
    struct judge_question questions[DOUBLE_QUESTIONS_MAX];
    char answers[DOUBLE_QUESTIONS_MAX][16];
    uint32_t n;
    struct judge_results results;
};

static struct world *world_new(uint32_t n)
{
    struct world *self = MEM_NEW(struct world);
    self->port = double_port(&self->judge);
    self->n = n;
    self->options = (struct judge_options){.seed = SEED, .concurrency = 1, .port = &self->port};
    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(self->answers[i], sizeof(self->answers[i]), "Q%u", i);
        self->questions[i] = (struct judge_question){
            .id = i,
            .messages = asked,
            .n_messages = 1,
            .reference = "Lima",
            .answer = self->answers[i],
        };
    }
    return self;
}

static void world_freep(struct world **self)
{
    judge_results_done(&(*self)->results);
    free(*self);
}

static void say(struct world *self, uint32_t question, const char *content)
{
    double_say(&self->judge, question, (struct double_reply){.content = content});
}

static void say_status(struct world *self, uint32_t question, long status)
{
    double_say(&self->judge, question, (struct double_reply){.status = status, .body = "{}"});
}

static void run(struct world *self)
{
    judge_run(&self->options, self->questions, self->n, &self->results);
    assert_int_equal(self->results.n, self->n);
}

static enum judge_outcome outcome(const struct world *self, uint32_t i)
{
    return (enum judge_outcome)self->results.rows[i].judgement.outcome;
}

static void test_judge_run__verdicts_and_counts(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(3);
    say(world, 0, DOUBLE_CORRECT);
    say(world, 1, DOUBLE_INCORRECT);
    say(world, 2, "I would say correct.");
    run(world);
    assert_int_equal(outcome(world, 0), JUDGE_CORRECT);
    assert_int_equal(outcome(world, 1), JUDGE_INCORRECT);
    assert_int_equal(outcome(world, 2), JUDGE_NO_VERDICT);
    const struct judge_result *row = &world->results.rows[0];
    assert_int_equal(row->judgement.prompt_tokens, 100);
    assert_int_equal(row->judgement.output_tokens, 10);
    assert_int_equal(row->judgement.n_attempts, 1);
    assert_int_equal(row->judgement.http_status, 200);
    assert_string_equal(row->model, "judge-1");
    assert_null(row->judgement.answer);
    assert_null(row->judgement.error);
    assert_non_null(strstr(
        world->results.rows[2].judgement.error,
        "one JSON object: its answer:1:1: a value is expected "
        "(it said 'I would say correct.')"));
    assert_false(world->results.interrupted || world->results.given_up);
}

static void test_judge_run__keeps_texts_when_asked(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(2);
    world->options.save_text = true;
    say(world, 0, DOUBLE_CORRECT);
    double_say(&world->judge, 1, (struct double_reply){.content = "Let me", .finish = "length"});
    run(world);
    assert_string_equal(world->results.rows[0].judgement.answer, DOUBLE_CORRECT);
    assert_int_equal(outcome(world, 1), JUDGE_CUT);
    assert_string_equal(world->results.rows[1].judgement.answer, "Let me");
}

/* What is no verdict, and how it is counted. */
static void test_judge_run__kinds_of_errors(void **state)
{
    (void)state;

    static const struct {
        struct double_reply reply;
        enum judge_outcome outcome;
        const char *error;
    } rows[] = {
        {{.content = ""}, JUDGE_NO_VERDICT, "is empty"},
        {{.content =
              "Well,\n\tyes\x7f, it is \xc3\xa9. aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9"},
         JUDGE_NO_VERDICT,
         "(it said 'Well,  yes , it is \xc3\xa9. aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...')"},
        {{.content = DOUBLE_CORRECT, .finish = "length"}, JUDGE_CUT, "--judge-max-tokens"},
        {{.body = "{}"}, JUDGE_MALFORMED, "no chat completion"},
        {{.body = "<html>"}, JUDGE_MALFORMED, "did not answer with JSON"},
        {{.body = "{\"choices\":[]}"}, JUDGE_MALFORMED, "no chat completion"},
        {{.body = "{\"choices\":[{\"text\":\"correct\"}]}"}, JUDGE_MALFORMED, "no chat completion"},
        {{.body = "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}"},
         JUDGE_NO_VERDICT,
         "without a text"},
        {{.status = 401, .body = "{\"error\":{\"message\":\"bad key\"}}"},
         JUDGE_STATUS,
         "401: bad key"},
        {{.status = 400, .body = "{\"error\":{\"message\":\"too long\"}}"},
         JUDGE_STATUS,
         "400: too long"},
        {{.status = 503, .body = "{}"}, JUDGE_STATUS, "503"},
        {{.kind = JUDGE_REPLY_TIMEOUT}, JUDGE_TIMEOUT, "no luck"},
        {{.kind = JUDGE_REPLY_CONNECT}, JUDGE_CONNECT, "no luck"},
        {{.kind = JUDGE_REPLY_REFUSED}, JUDGE_CONNECT, "no luck"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(world_freep) struct world *world = world_new(1);
        double_say(&world->judge, 0, rows[i].reply);
        run(world);
        const struct judgement *judgement = &world->results.rows[0].judgement;
        if (judgement->outcome != rows[i].outcome || judgement->error == NULL ||
            strstr(judgement->error, rows[i].error) == NULL) {
            print_error("row %zu: %d '%s'\n", i, judgement->outcome, judgement->error);
            fail();
        }
    }
}

static void test_judge_run__tries_again_with_longer_waits(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(1);
    say_status(world, 0, 503);
    double_say(&world->judge, 0, (struct double_reply){.kind = JUDGE_REPLY_CONNECT});
    double_say(&world->judge, 0, (struct double_reply){.kind = JUDGE_REPLY_TIMEOUT});
    say(world, 0, DOUBLE_CORRECT);
    run(world);
    assert_int_equal(outcome(world, 0), JUDGE_CORRECT);
    assert_int_equal(world->results.rows[0].judgement.n_attempts, 4);
    const int64_t *at_ns = world->judge.asked_at_ns;
    assert_int_equal(at_ns[0], 0);
    for (int i = 1; i < 4; i++) {
        const int64_t gap_ns = at_ns[i] - at_ns[i - 1];
        const int64_t whole_ns = S << (i - 1);
        assert_true(gap_ns > whole_ns * 3 / 4 && gap_ns <= whole_ns);
    }
}

static void test_judge_run__attempts_are_bounded(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(1);
    say_status(world, 0, 500);
    run(world);
    assert_int_equal(outcome(world, 0), JUDGE_STATUS);
    assert_int_equal(world->judge.n_asked, JUDGE_ATTEMPTS_MAX);
    assert_int_equal(world->results.rows[0].judgement.n_attempts, JUDGE_ATTEMPTS_MAX);
    assert_true(world->judge.now_ns <= 15 * S);
}

static void test_judge_run__a_bad_verdict_is_not_asked_again(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(1);
    say(world, 0, "no");
    say(world, 0, DOUBLE_CORRECT);
    run(world);
    assert_int_equal(outcome(world, 0), JUDGE_NO_VERDICT);
    assert_int_equal(world->judge.n_asked, 1);
}

/* The pause that one request is told holds for the next question as well. */
static void test_judge_run__retry_after_holds_all_requests(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(2);
    double_say(
        &world->judge, 0,
        (struct double_reply){.status = 429, .body = "{}", .retry_after_ns = 40 * S});
    say(world, 0, DOUBLE_CORRECT);
    say(world, 1, DOUBLE_CORRECT);
    run(world);
    assert_int_equal(world->judge.n_asked, 3);
    assert_int_equal(world->judge.asked_at_ns[1], 40 * S);
    assert_true(world->judge.asked_at_ns[2] >= 40 * S);
}

static void test_judge_run__rate_is_kept_also_by_retries(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(8);
    world->options.max_rps = 2.0;
    world->options.concurrency = 4;
    for (uint32_t i = 0; i < world->n; i++) {
        if (i == 3) {
            say_status(world, i, 502);
        }
        say(world, i, DOUBLE_CORRECT);
    }
    run(world);
    assert_int_equal(world->judge.n_asked, 9);
    for (uint32_t i = 0; i < world->n; i++) {
        assert_int_equal(outcome(world, i), JUDGE_CORRECT);
    }
    /* Nine requests at two a second: the last one cannot come before four seconds are over. */
    assert_true(world->judge.now_ns >= 4 * S);
}

static void test_judge_run__asks_in_the_given_order(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(16);
    for (uint32_t i = 0; i < world->n; i++) {
        say(world, i, DOUBLE_CORRECT);
    }
    run(world);
    for (uint32_t i = 0; i < world->n; i++) {
        assert_int_equal(world->judge.asked[i], i);
    }
}

static void test_judge_run__results_do_not_depend_on_concurrency(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *one = world_new(40);
    CLEANUP(world_freep) struct world *many = world_new(40);
    many->options.concurrency = JUDGE_CONCURRENCY_MAX;
    for (uint32_t i = 0; i < one->n; i++) {
        const char *texts[] = {DOUBLE_CORRECT, DOUBLE_INCORRECT, "neither"};
        say(one, i, texts[i % 3]);
        say(many, i, texts[i % 3]);
    }
    run(one);
    run(many);
    for (uint32_t i = 0; i < one->n; i++) {
        assert_int_equal(outcome(one, i), outcome(many, i));
        assert_memory_equal(
            one->results.rows[i].judgement.answer_sha256,
            many->results.rows[i].judgement.answer_sha256, 32);
    }
}

static void test_judge_run__gives_up_on_a_judge_that_is_gone(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(20);
    say(world, 0, DOUBLE_CORRECT);
    for (uint32_t i = 1; i < world->n; i++) {
        say_status(world, i, 403);
    }
    run(world);
    assert_true(world->results.given_up);
    assert_false(world->results.interrupted);
    assert_int_equal(world->judge.n_asked, 1 + JUDGE_FAILED_IN_A_ROW_MAX);
    assert_int_equal(outcome(world, JUDGE_FAILED_IN_A_ROW_MAX), JUDGE_STATUS);
    assert_int_equal(outcome(world, JUDGE_FAILED_IN_A_ROW_MAX + 1), JUDGE_NOT_ASKED);
    assert_int_equal(outcome(world, 19), JUDGE_NOT_ASKED);
}

static void test_judge_run__bad_verdicts_are_no_reason_to_give_up(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(20);
    for (uint32_t i = 0; i < world->n; i++) {
        say(world, i, "hm");
    }
    run(world);
    assert_false(world->results.given_up);
    assert_int_equal(world->judge.n_asked, 20);
}

struct watcher {
    unsigned n_looks;
    unsigned stops_at;
    uint32_t n; /* questions, as it was told */
};

static int watch(void *context, const struct judge_progress *progress)
{
    struct watcher *self = context;
    self->n = progress->n;
    self->n_looks++;
    return self->n_looks > self->stops_at ? 1 : 0;
}

/* A judge that never comes to an end: the wait after each failure is asked for by the server, and time
 * stands still while it is slept through. */
static void sleep_for_ever(void *context, int64_t ns)
{
    (void)context;
    (void)ns;
}

static void test_judge_run__an_interruption_leaves_the_rest_unasked(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(2);
    struct watcher watcher = {.stops_at = 1}; /* the second look is that of the watching thread */
    world->options.tick = watch;
    world->options.tick_context = &watcher;
    world->port.sleep_until = sleep_for_ever;
    say_status(world, 0, 503);
    say_status(world, 1, 503);
    run(world);
    assert_true(world->results.interrupted);
    assert_false(world->results.given_up);
    assert_int_equal(watcher.n, 2);
    assert_int_equal(outcome(world, 0), JUDGE_NOT_ASKED);
    assert_int_equal(outcome(world, 1), JUDGE_NOT_ASKED);
}

static void test_judge_run__nothing_is_sent_after_an_interruption(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(2);
    struct watcher watcher = {.stops_at = 0};
    world->options.tick = watch;
    world->options.tick_context = &watcher;
    run(world);
    assert_true(world->results.interrupted);
    assert_int_equal(world->judge.n_asked, 0);
    assert_int_equal(outcome(world, 1), JUDGE_NOT_ASKED);
}

static void test_judge_run__an_answer_that_is_too_long_is_not_sent(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(2);
    CLEANUP(mem_freep) char *answer = mem_alloc(JUDGE_MATERIAL_MAX + 1, 1);
    memset(answer, 'a', JUDGE_MATERIAL_MAX);
    world->questions[0].answer = answer;
    say(world, 1, DOUBLE_CORRECT);
    run(world);
    assert_int_equal(outcome(world, 0), JUDGE_TOO_LONG);
    assert_int_equal(world->results.rows[0].judgement.n_attempts, 0);
    assert_int_equal(outcome(world, 1), JUDGE_CORRECT);
}

static void test_judge_run__nothing_to_ask(void **state)
{
    (void)state;
    CLEANUP(world_freep) struct world *world = world_new(0);
    run(world);
    assert_int_equal(world->judge.n_asked, 0);
}

static void test_judge_draw__by_the_seed_without_repetition(void **state)
{
    (void)state;
    uint32_t a[50];
    uint32_t b[50];
    uint32_t c[50];
    assert_int_equal(judge_draw(SEED, 50, 0, a), 50);
    assert_int_equal(judge_draw(SEED, 50, 10, b), 10);
    assert_int_equal(judge_draw(SEED + 1, 50, 50, c), 50);
    assert_int_equal(judge_draw(SEED, 3, 10, c + 10), 3);
    assert_memory_equal(a, b, 10 * sizeof(a[0])); /* fewer are the first of all */
    assert_memory_not_equal(a, c, 10 * sizeof(a[0]));
    bool seen[50] = {false};
    for (uint32_t i = 0; i < 50; i++) {
        assert_true(a[i] < 50 && !seen[a[i]]);
        seen[a[i]] = true;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_judge_run__verdicts_and_counts),
        cmocka_unit_test(test_judge_run__keeps_texts_when_asked),
        cmocka_unit_test(test_judge_run__kinds_of_errors),
        cmocka_unit_test(test_judge_run__tries_again_with_longer_waits),
        cmocka_unit_test(test_judge_run__attempts_are_bounded),
        cmocka_unit_test(test_judge_run__a_bad_verdict_is_not_asked_again),
        cmocka_unit_test(test_judge_run__retry_after_holds_all_requests),
        cmocka_unit_test(test_judge_run__rate_is_kept_also_by_retries),
        cmocka_unit_test(test_judge_run__asks_in_the_given_order),
        cmocka_unit_test(test_judge_run__results_do_not_depend_on_concurrency),
        cmocka_unit_test(test_judge_run__gives_up_on_a_judge_that_is_gone),
        cmocka_unit_test(test_judge_run__bad_verdicts_are_no_reason_to_give_up),
        cmocka_unit_test(test_judge_run__an_interruption_leaves_the_rest_unasked),
        cmocka_unit_test(test_judge_run__nothing_is_sent_after_an_interruption),
        cmocka_unit_test(test_judge_run__an_answer_that_is_too_long_is_not_sent),
        cmocka_unit_test(test_judge_run__nothing_to_ask),
        cmocka_unit_test(test_judge_draw__by_the_seed_without_repetition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
