/* When tokens come: every expected time below was worked out by hand from the rules in sim_model.c.
 * A prompt of the chat "a" counts 1 + 4 = 5 tokens; words of up to 4 letters count one each. */
#include "test_sim_drive.h"

#define MS NS_PER_MS

enum {
    LINE = 1024
};

static const char *chat(char *out, size_t size, const char *content, unsigned max_tokens)
{
    (void)snprintf(
        out, size,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"stream\":true,\"max_tokens\":%u}",
        content, max_tokens);
    return out;
}

static void ask_at(
    struct drive *drive, struct client *client, int64_t at_ns, const char *content, unsigned tokens)
{
    char body[LINE];
    if (DRIVE_START + at_ns > drive->now_ns) {
        drive_until(drive, at_ns); /* else: together with the one before */
    }
    drive_connect(drive, client);
    drive_ask(drive, client, "/v1/chat/completions", chat(body, sizeof(body), content, tokens));
}

static void assert_tokens(const struct client *client, const char *expected)
{
    char line[LINE];
    assert_string_equal(client_tokens(client, line, sizeof(line)), expected);
}

static void test_fixed__gives_exact_times_whatever_else_runs(void **state)
{
    (void)state;
    const struct sim_options options = {.ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 9};
    struct drive drive;
    static struct client clients[3];
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &clients[0], 0, "a", 3);
    ask_at(&drive, &clients[1], 7 * MS, "b", 2);
    ask_at(&drive, &clients[2], 55 * MS, "c", 1);
    struct sim_load load;
    sim_load_get(drive.sim, &load);
    assert_int_equal(load.n_running, 3);
    drive_until(&drive, 1000 * MS);
    assert_tokens(&clients[0], "1@50 2@60 3@70");
    assert_tokens(&clients[1], "1@57 2@67");
    assert_tokens(&clients[2], "1@105");
    sim_load_get(drive.sim, &load);
    assert_int_equal(load.n_running, 0);
    assert_int_equal(load.n_running_max, 3);
    assert_int_equal(load.n_requests, 3);
    assert_int_equal(load.n_tokens, 6);
    for (size_t i = 0; i < 3; i++) {
        client_done(&clients[i]);
    }
    drive_done(&drive);
}

static void test_fixed__prefill_can_exceed_the_ttft(void **state)
{
    (void)state;
    /* 9 tokens at 100 a second: 90 ms. */
    const struct sim_options options = {
        .ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 2, .prefill_tok_per_s = 100.0};
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &client, 0, "a b c d e", 2);
    drive_until(&drive, 1000 * MS);
    assert_tokens(&client, "1@90 2@100");
    client_done(&client);
    drive_done(&drive);
}

static void test_fixed__a_late_caller_does_not_slow_the_engine(void **state)
{
    (void)state;
    const struct sim_options options = {.ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 4};
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &client, 0, "a", 4);
    drive_until(&drive, 50 * MS);
    drive.now_ns = DRIVE_START + 75 * MS; /* two tokens late */
    drive_until(&drive, 1000 * MS);
    assert_tokens(&client, "1@50 2@75 3@75 4@80");
    const struct write_seen *last = &client.writes[client.n - 2];
    assert_int_equal(last->due_ns, 80 * MS);
    assert_int_equal(client.writes[client.n - 4].due_ns, 60 * MS);
    client_done(&client);
    drive_done(&drive);
}

static void test_fixed__whole_answer_comes_with_its_last_token(void **state)
{
    (void)state;
    const struct sim_options options = {.ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 4};
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    drive_ask(&drive, &client, "/v1/completions", "{\"prompt\":\"a\"}");
    drive_until(&drive, 1000 * MS);
    assert_tokens(&client, "4x4@80");
    client_done(&client);
    drive_done(&drive);
}

static void test_batch__alone_takes_the_larger_of_ttft_and_step(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        int64_t ttft_ms;
        double prefill;
        const char *tokens;
    } rows[] = {
        {"free prefill, ttft above the step", 50, 0.0, "1@50 2@60 3@70"},
        {"free prefill, ttft below the step", 5, 0.0, "1@10 2@20 3@30"},
        {"prefill of 5 tokens takes 25 ms", 20, 200.0, "1@35 2@45 3@55"},
        {"ttft above prefill and step", 60, 200.0, "1@60 2@70 3@80"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_options options = {
            .ttft_ns = rows[i].ttft_ms * MS,
            .itl_ns = 10 * MS,
            .tokens = 3,
            .max_batch = 4,
            .prefill_tok_per_s = rows[i].prefill};
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, NULL);
        ask_at(&drive, &client, 0, "a", 3);
        drive_until(&drive, 1000 * MS);
        char line[LINE];
        if (strcmp(client_tokens(&client, line, sizeof(line)), rows[i].tokens) != 0) {
            print_error("%s: %s\n", rows[i].what, line);
            fail();
        }
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_batch__queues_beyond_the_largest_batch(void **state)
{
    (void)state;
    /* Steps of 10 ms: 0-10, 10-20, ...  Two places; A and B of 2 and 4 tokens come at 0, C at 3, D at 4.
     * A ends with the step that ends at 20, so C runs from 20; B ends at 40, so D runs from 40. */
    const struct sim_options options = {.itl_ns = 10 * MS, .tokens = 9, .max_batch = 2};
    struct drive drive;
    static struct client clients[4];
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &clients[0], 0, "a", 2);
    ask_at(&drive, &clients[1], 0, "b", 4);
    ask_at(&drive, &clients[2], 3 * MS, "c", 2);
    ask_at(&drive, &clients[3], 4 * MS, "d", 1);
    drive_until(&drive, 5 * MS);
    struct sim_load load;
    sim_load_get(drive.sim, &load);
    assert_int_equal(load.n_running, 2);
    assert_int_equal(load.n_waiting, 2);
    drive_until(&drive, 1000 * MS);
    assert_tokens(&clients[0], "1@10 2@20");
    assert_tokens(&clients[1], "1@10 2@20 3@30 4@40");
    assert_tokens(&clients[2], "1@30 2@40");
    assert_tokens(&clients[3], "1@50");
    sim_load_get(drive.sim, &load);
    assert_int_equal(load.n_running_max, 2);
    for (size_t i = 0; i < 4; i++) {
        client_done(&clients[i]);
    }
    drive_done(&drive);
}

static void test_batch__prefill_of_a_newcomer_delays_the_others(void **state)
{
    (void)state;
    /* 5 prompt tokens at 500 a second: 10 ms.  A: step of 20 ms to 20, then 10 ms steps: 30.  B comes
     * at 22, so it joins the step that starts at 30 and lasts 20 ms: both get a token at 50. */
    const struct sim_options options = {
        .itl_ns = 10 * MS, .tokens = 9, .max_batch = 2, .prefill_tok_per_s = 500.0};
    struct drive drive;
    static struct client clients[2];
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &clients[0], 0, "a", 4);
    ask_at(&drive, &clients[1], 22 * MS, "b", 2);
    drive_until(&drive, 1000 * MS);
    assert_tokens(&clients[0], "1@20 2@30 3@50 4@60");
    assert_tokens(&clients[1], "1@50 2@60");
    client_done(&clients[0]);
    client_done(&clients[1]);
    drive_done(&drive);
}

static void test_batch__a_client_that_leaves_frees_its_place(void **state)
{
    (void)state;
    const struct sim_options options = {.itl_ns = 10 * MS, .tokens = 100, .max_batch = 1};
    struct drive drive;
    static struct client clients[3];
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &clients[0], 0, "a", 50);
    ask_at(&drive, &clients[1], 1 * MS, "b", 50);
    ask_at(&drive, &clients[2], 2 * MS, "c", 2);
    drive_until(&drive, 25 * MS);
    sim_conn_gone(drive.sim, clients[0].conn, drive.now_ns); /* while it runs */
    sim_conn_gone(drive.sim, clients[1].conn, drive.now_ns); /* while it waits */
    drive_until(&drive, 1000 * MS);
    assert_tokens(&clients[0], "1@10 2@20");
    assert_tokens(&clients[1], "");
    /* The step that ran at 25 ends at 30. */
    assert_tokens(&clients[2], "1@40 2@50");
    for (size_t i = 0; i < 3; i++) {
        client_done(&clients[i]);
    }
    drive_done(&drive);
}

static void test_batch__whole_answers_hold_a_place_too(void **state)
{
    (void)state;
    const struct sim_options options = {.itl_ns = 10 * MS, .tokens = 3, .max_batch = 1};
    struct drive drive;
    static struct client clients[2];
    drive_open(&drive, &options, NULL);
    for (size_t i = 0; i < 2; i++) {
        drive_connect(&drive, &clients[i]);
        drive_ask(&drive, &clients[i], "/v1/completions", "{\"prompt\":\"a\"}");
    }
    drive_until(&drive, 1000 * MS);
    assert_tokens(&clients[0], "3x3@30");
    assert_tokens(&clients[1], "3x3@60");
    client_done(&clients[0]);
    client_done(&clients[1]);
    drive_done(&drive);
}

static void test_head__goes_out_as_the_real_servers_do(void **state)
{
    (void)state;

    /* One place, and a second request that waits 30 ms for it: llama.cpp sends nothing meanwhile, not
     * even a head (REAL-ENGINES.md, fact 7); vLLM sends its head at once. */
    static const struct {
        const char *what;
        enum sim_style style;
        int64_t head_ms;
    } rows[] = {
        {"vllm", SIM_STYLE_VLLM, 1},
        {"llama.cpp", SIM_STYLE_LLAMACPP, 30},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_options options = {
            .style = rows[i].style, .itl_ns = 10 * MS, .tokens = 3, .max_batch = 1};
        struct drive drive;
        static struct client clients[2];
        drive_open(&drive, &options, NULL);
        ask_at(&drive, &clients[0], 0, "a", 3);
        ask_at(&drive, &clients[1], 1 * MS, "b", 1);
        drive_until(&drive, 1000 * MS);
        if (clients[1].writes[0].at_ns != rows[i].head_ms * MS) {
            print_error("%s: head at %lld\n", rows[i].what, (long long)clients[1].writes[0].at_ns);
            fail();
        }
        assert_tokens(&clients[1], "1@40");
        client_done(&clients[0]);
        client_done(&clients[1]);
        drive_done(&drive);
    }
}

static void test_stalls__pause_everything_and_nothing_else(void **state)
{
    (void)state;

    /* The engine stands still from 55 to 155: what was due before is in time, everything else is 100
     * later; a request that comes inside starts to count at 155. */
    static const struct {
        const char *what;
        uint32_t max_batch;
    } rows[] = {{"fixed", 0}, {"batching", 8}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_options options = {
            .ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 9, .max_batch = rows[i].max_batch};
        struct drive drive;
        static struct client clients[2];
        drive_open(&drive, &options, "{\"stalls\":[{\"at_ms\":55,\"ms\":100}]}");
        ask_at(&drive, &clients[0], 0, "a", 3);
        ask_at(&drive, &clients[1], 100 * MS, "b", 2);
        drive_until(&drive, 1000 * MS);
        assert_tokens(&clients[0], "1@50 2@160 3@170");
        assert_tokens(&clients[1], "1@205 2@215");
        client_done(&clients[0]);
        client_done(&clients[1]);
        drive_done(&drive);
    }
}

static void test_stalls__add_up(void **state)
{
    (void)state;
    const struct sim_options options = {.ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 9};
    struct drive drive;
    static struct client client;
    drive_open(
        &drive, &options,
        "{\"stalls\":[{\"at_ms\":10,\"ms\":5},{\"at_ms\":60,\"ms\":7},{\"at_ms\":67,\"ms\":1}]}");
    ask_at(&drive, &client, 0, "a", 3);
    drive_until(&drive, 1000 * MS);
    /* 50 + 5; 60 + 5 falls into 60..67 and 67..68: + 8; 70 + 13. */
    assert_tokens(&client, "1@55 2@73 3@83");
    client_done(&client);
    drive_done(&drive);
}

/* Mean and spread of the gaps of a long stream. */
static void test_jitter__has_the_mean_and_spread_it_is_given(void **state)
{
    (void)state;

    enum {
        TOKENS = 4000
    };
    const struct sim_options options = {
        .ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = TOKENS, .jitter = 0.2, .seed = 3};
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &client, 0, "a", TOKENS);
    drive_until(&drive, 1000 * NS_PER_S);
    double sum = 0.0;
    double squares = 0.0;
    int64_t before_ns = 0;
    for (size_t i = 0; i < client.n; i++) {
        const struct write_seen *seen = &client.writes[i];
        if (seen->token > 1) {
            const double gap = (double)(seen->at_ns - before_ns) / (double)MS;
            sum += gap;
            squares += gap * gap;
        }
        before_ns = seen->at_ns;
    }
    const double mean = sum / (TOKENS - 1);
    const double spread = sqrt(squares / (TOKENS - 1) - mean * mean);
    /* Four standard errors: 2 / sqrt(3999) = 0.032 for the mean, half of that for the spread. */
    assert_near(mean, 10.0, 0.127);
    assert_near(spread, 2.0, 0.1);
    client_done(&client);
    drive_done(&drive);
}

static void test_jitter__repeats_by_seed_and_not_otherwise(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {1, 1, 2};
    static const uint32_t batches[] = {0, 3};
    for (size_t b = 0; b < ARRAY_LEN(batches); b++) {
        char lines[3][LINE];
        for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
            const struct sim_options options = {
                .ttft_ns = 50 * MS,
                .itl_ns = 10 * MS,
                .tokens = 9,
                .jitter = 0.5,
                .seed = seeds[i],
                .max_batch = batches[b]};
            struct drive drive;
            static struct client client;
            drive_open(&drive, &options, NULL);
            ask_at(&drive, &client, 0, "a", 9);
            drive_until(&drive, 1000 * NS_PER_S);
            (void)client_tokens(&client, lines[i], LINE);
            client_done(&client);
            drive_done(&drive);
        }
        assert_string_equal(lines[0], lines[1]);
        assert_string_not_equal(lines[0], lines[2]);
    }
}

static void test_cache__skips_the_prefill_of_a_repeated_prompt(void **state)
{
    (void)state;
    /* llama.cpp computes the last token again: 1 of 5 tokens at 100 a second is 10 ms, not 50. */
    const struct sim_options options = {
        .style = SIM_STYLE_LLAMACPP,
        .itl_ns = 10 * MS,
        .tokens = 1,
        .prefill_tok_per_s = 100.0,
        .max_batch = 1};
    struct drive drive;
    static struct client clients[3];
    drive_open(&drive, &options, NULL);
    ask_at(&drive, &clients[0], 0, "a", 1);
    ask_at(&drive, &clients[1], 100 * MS, "a", 1);
    ask_at(&drive, &clients[2], 200 * MS, "b", 1);
    drive_until(&drive, 1000 * MS);
    assert_tokens(&clients[0], "1@60");
    assert_tokens(&clients[1], "1@120");
    assert_tokens(&clients[2], "1@260");
    for (size_t i = 0; i < 3; i++) {
        client_done(&clients[i]);
    }
    drive_done(&drive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed__gives_exact_times_whatever_else_runs),
        cmocka_unit_test(test_fixed__prefill_can_exceed_the_ttft),
        cmocka_unit_test(test_fixed__a_late_caller_does_not_slow_the_engine),
        cmocka_unit_test(test_fixed__whole_answer_comes_with_its_last_token),
        cmocka_unit_test(test_batch__alone_takes_the_larger_of_ttft_and_step),
        cmocka_unit_test(test_batch__queues_beyond_the_largest_batch),
        cmocka_unit_test(test_batch__prefill_of_a_newcomer_delays_the_others),
        cmocka_unit_test(test_batch__a_client_that_leaves_frees_its_place),
        cmocka_unit_test(test_batch__whole_answers_hold_a_place_too),
        cmocka_unit_test(test_head__goes_out_as_the_real_servers_do),
        cmocka_unit_test(test_stalls__pause_everything_and_nothing_else),
        cmocka_unit_test(test_stalls__add_up),
        cmocka_unit_test(test_jitter__has_the_mean_and_spread_it_is_given),
        cmocka_unit_test(test_jitter__repeats_by_seed_and_not_otherwise),
        cmocka_unit_test(test_cache__skips_the_prefill_of_a_repeated_prompt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
