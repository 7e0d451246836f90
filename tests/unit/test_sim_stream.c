/* How streams look: behaviours of the script, and the numbered facts of REAL-ENGINES.md that concern
 * the content of an answer. */
#include "test_sim_drive.h"

#define MS NS_PER_MS

static const struct sim_options base_options = {.ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 8};

#define CHAT(more) \
    "{\"messages\":[{\"role\":\"user\",\"content\":\"one two three\"}],\"stream\":true" more "}"
#define USAGE ",\"stream_options\":{\"include_usage\":true}"

/* One request on an engine of its own; the body of its answer, without chunk framing. */
static void ask_once(
    enum sim_style style,
    const char *faults,
    const char *path,
    const char *json,
    struct client *client,
    struct bytes *body)
{
    struct sim_options options = base_options;
    options.style = style;
    struct drive drive;
    drive_open(&drive, &options, faults);
    drive_connect(&drive, client);
    drive_ask(&drive, client, path, json);
    drive_until(&drive, NS_PER_S);
    client_body(client, body);
    drive_done(&drive);
}

struct stream_row {
    const char *what;
    enum sim_style style;
    const char *faults;
    const char *json;

    /* Number of times that a text occurs in the body. */
    struct {
        const char *text;
        size_t n;
    } holds[6];

    const char *tokens; /* NULL: not looked at */
};

static const struct stream_row rows[] = {
    {"vllm: role chunk with empty content, one event a token, finish in the last",
     SIM_STYLE_VLLM,
     NULL,
     CHAT(",\"max_tokens\":3"),
     {{"\"role\":\"assistant\",\"content\":\"\"}", 1},
      {"\"delta\":{\"content\":", 3},
      {"\"finish_reason\":\"length\"", 1},
      {"\"usage\"", 0},
      {"data: [DONE]", 1}},
     "1@50 2@60 3@70"},
    {"llama.cpp: role chunk with null content",
     SIM_STYLE_LLAMACPP,
     NULL,
     CHAT(",\"max_tokens\":3"),
     {{"\"role\":\"assistant\",\"content\":null}", 1},
      {"\"delta\":{\"content\":", 3},
      {"\"finish_reason\":\"length\"", 1},
      {"\"usage\"", 0},
      {"\"timings\"", 1}},
     "1@50 2@60 3@70"},
    {"vllm: stops by itself with an event of empty text",
     SIM_STYLE_VLLM,
     NULL,
     CHAT(USAGE),
     {{"\"finish_reason\":\"stop\"", 1},
      {"{\"content\":\"\"}", 1},
      {"\"completion_tokens\":8", 1},
      {"\"choices\":[],\"usage\"", 1}},
     "1@50 2@60 3@70 4@80 5@90 6@100 7@110 8@120"},
    {"fact 2: 9 tokens of which the last has no text: 8 content events",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"eos_token\":true}}",
     CHAT(USAGE),
     {{"\"delta\":{\"content\":\"", 9}, {"{\"content\":\"\"}", 1}, {"\"completion_tokens\":9", 1}},
     "1@50 2@60 3@70 4@80 5@90 6@100 7@110 8@120"},
    {"fact 2: 48 tokens in 16 events and no role chunk",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"text\":\"emoji\",\"tokens_per_event\":3}}",
     CHAT(",\"max_tokens\":48,\"ignore_eos\":true" USAGE),
     {{"\"delta\":{\"content\":\"\xf0\x9f", 16}, {"\"role\"", 0}, {"\"completion_tokens\":48", 1}},
     "3x3@70 6x3@100 9x3@130 12x3@160 15x3@190 18x3@220 21x3@250 24x3@280 27x3@310 30x3@340 33x3@370 "
     "36x3@400 39x3@430 42x3@460 45x3@490 48x3@520"},
    {"fact 2: partial characters are events of empty text",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"text\":\"emoji\",\"tokens_per_event\":3}}",
     CHAT(",\"max_tokens\":6" USAGE),
     {{"{\"content\":\"\"}", 4}, {"{\"content\":\"\xf0\x9f", 2}, {"\"completion_tokens\":6", 1}},
     "3x3@70 6x3@100"},
    {"several words of one event; the last group is what is left",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"tokens_per_event\":3,\"partial\":\"hold\"}}",
     CHAT(""),
     {{"\"delta\":{\"content\":", 4}},
     "3x3@70 6x3@100 8x2@120"},
    {"held groups before an end without text",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"tokens_per_event\":3,\"eos_token\":true}}",
     CHAT(USAGE),
     {{"\"delta\":{\"content\":", 3}, {"\"completion_tokens\":9", 1}},
     "3x3@70 6x3@100 9x3@130"},
    {"an end without text in a group of its own",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"tokens_per_event\":4,\"eos_token\":true}}",
     CHAT(USAGE),
     {{"\"delta\":{\"content\":", 2}, {"\"completion_tokens\":9", 1}},
     "4x4@80 8x4@120"},
    {"fact 2: continuous usage counts up",
     SIM_STYLE_VLLM,
     NULL,
     CHAT(",\"max_tokens\":3,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":"
          "true}"),
     {{"\"completion_tokens\":0,", 1},
      {"\"completion_tokens\":1,", 1},
      {"\"completion_tokens\":2,", 1},
      {"\"completion_tokens\":3,", 1},
      {"\"completion_tokens\":3}", 1}},
     NULL},
    {"fact 2: timings for each token count up",
     SIM_STYLE_LLAMACPP,
     NULL,
     CHAT(",\"max_tokens\":3,\"timings_per_token\":true"),
     {{"\"predicted_n\":1,", 1}, {"\"predicted_n\":2,", 1}, {"\"predicted_n\":3,", 2}},
     NULL},
    {"fact 4: n = 2 gives one usage for each choice (llama.cpp)",
     SIM_STYLE_LLAMACPP,
     NULL,
     CHAT(",\"max_tokens\":2,\"n\":2" USAGE),
     {{"\"usage\":{\"completion_tokens\":2,", 2},
      {"\"finish_reason\":\"length\",\"index\":1", 1},
      {"\"index\":1,\"delta\":{\"content\":", 2},
      {"\"role\"", 2}},
     "1@50 2@50 3@60 4@60"},
    {"fact 4: n = 2 gives one usage in all (vLLM)",
     SIM_STYLE_VLLM,
     NULL,
     CHAT(",\"max_tokens\":2,\"n\":2" USAGE),
     {{"\"completion_tokens\":4", 1},
      {"\"usage\"", 1},
      {"\"index\":1,\"delta\":{\"content\":", 2},
      {"\"role\"", 2}},
     "1@50 2@50 3@60 4@60"},
    {"fact 5: comments until the first token",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"ping_ms\":20}}",
     CHAT(",\"max_tokens\":2"),
     {{":\n\n", 2}, {"data: ", 5}},
     "1@50 2@60"},
    {"fact 5: data: null comes first",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"null_first\":true}}",
     CHAT(",\"max_tokens\":1"),
     {{"data: null\n\n", 1}},
     "1@50"},
    {"fact 5: events of empty text",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"empty_every\":2}}",
     CHAT(",\"max_tokens\":5"),
     {{"{\"content\":\"\"}", 2}, {"\"delta\":{\"content\":", 7}},
     "1@50 2@60 3@70 4@80 5@90"},
    {"no role",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"role\":false}}",
     CHAT(",\"max_tokens\":2"),
     {{"\"role\"", 0}},
     "1@50 2@60"},
    {"no usage",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"usage\":false}}",
     CHAT(USAGE),
     {{"\"usage\"", 0}},
     NULL},
    {"no usage, llama.cpp",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"usage\":false}}",
     CHAT(USAGE),
     {{"\"usage\"", 0}},
     NULL},
    {"reasoning, then content",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"reasoning\":3}}",
     CHAT(USAGE),
     {{"\"delta\":{\"reasoning_content\":\"", 3},
      {"\"delta\":{\"content\":\"", 6},
      {"\"reasoning_tokens\":3", 1}},
     NULL},
    {"reasoning under another key",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"reasoning\":2,\"reasoning_key\":\"reasoning\"}}",
     CHAT(""),
     {{"\"delta\":{\"reasoning\":\"", 2}, {"\"delta\":{\"content\":\"", 6}},
     NULL},
    {"what a gateway tells besides (vLLM)",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"usage_extra\":\"\\\"cost\\\":0.0002\"}}",
     CHAT(USAGE),
     {{",\"cost\":0.0002}", 1}},
     NULL},
    {"what a gateway tells besides (llama.cpp)",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"usage_extra\":\"\\\"cost\\\":0.0002\"}}",
     CHAT(USAGE),
     {{",\"cost\":0.0002}", 1}},
     NULL},
    {"a tool call at the end",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"tool_calls\":3}}",
     CHAT(""),
     {{"\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"", 2},
      {"\"type\":\"function\",\"function\":{\"name\":\"lookup\",\"arguments\":\"", 1},
      {"\"finish_reason\":\"tool_calls\"", 1},
      {"\"delta\":{\"content\":\"", 6}},
     NULL},
    {"nothing but a tool call",
     SIM_STYLE_LLAMACPP,
     "{\"behaviour\":{\"tool_calls\":100}}",
     CHAT(""),
     {{"\"name\":\"lookup\"", 1}, {"\"delta\":{\"content\":\"", 0}, {"\"arguments\":\"", 8}},
     NULL},
    {"texts that JSON escapes",
     SIM_STYLE_VLLM,
     "{\"behaviour\":{\"text\":\"escapes\"}}",
     CHAT(",\"max_tokens\":60,\"ignore_eos\":true"),
     {{"\\\\slash\"}", SIZE_MAX}, {"\\n\"}", SIZE_MAX}, {"\\ud83d\\ude80", SIZE_MAX}},
     NULL},
};

static void check_row(const struct stream_row *row, const struct client *client, const char *body)
{
    for (size_t h = 0; h < ARRAY_LEN(row->holds) && row->holds[h].text != NULL; h++) {
        const size_t n = count_of(body, row->holds[h].text);
        const size_t want = row->holds[h].n;
        if (want == SIZE_MAX ? n == 0 : n != want) {
            print_error(
                "%s: '%s' occurs %zu times in\n%s\n", row->what, row->holds[h].text, n, body);
            fail();
        }
    }
    char line[2048];
    if (row->tokens != NULL &&
        strcmp(client_tokens(client, line, sizeof(line)), row->tokens) != 0) {
        print_error("%s: %s\n", row->what, line);
        fail();
    }
}

static void test_stream__looks_as_the_script_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static struct client client;
        struct bytes body;
        ask_once(
            rows[i].style, rows[i].faults, "/v1/chat/completions", rows[i].json, &client, &body);
        check_row(&rows[i], &client, body.data);
        bytes_done(&body);
        client_done(&client);
    }
}

static void test_role__shares_a_chunk_with_the_first_token(void **state)
{
    (void)state;
    /* Fact 3: the second write of a llama.cpp stream is one chunk of two events. */
    static struct client client;
    struct bytes body;
    ask_once(SIM_STYLE_LLAMACPP, NULL, "/v1/chat/completions", CHAT(""), &client, &body);
    const char *chunk = client_text(&client) + client.writes[0].end;
    const size_t len = client.writes[1].end - client.writes[0].end;
    char *end = NULL;
    const unsigned long size = strtoul(chunk, &end, 16);
    assert_int_equal((size_t)(end - chunk) + 2 + size + 2, len);
    assert_int_equal(client.writes[1].token, 1);
    const char *first = strstr(chunk, "data: ");
    assert_non_null(strstr(first + 1, "data: "));
    assert_true(strstr(first + 1, "data: ") < chunk + len);
    bytes_done(&body);
    client_done(&client);
}

static void test_whole__has_the_parts_of_the_script_and_repeats(void **state)
{
    (void)state;

    static const struct {
        enum sim_style style;
        bool parts;
        const char *faults;
        size_t n_emoji;
    } wholes[] = {
        {SIM_STYLE_VLLM, false, NULL, 0},
        {SIM_STYLE_LLAMACPP, false, NULL, 0},
        {SIM_STYLE_VLLM, true, "{\"behaviour\":{\"reasoning\":3,\"tool_calls\":2}}", 0},
        {SIM_STYLE_LLAMACPP, true, "{\"behaviour\":{\"reasoning\":3,\"tool_calls\":2}}", 0},
        {SIM_STYLE_VLLM, false, "{\"behaviour\":{\"text\":\"emoji\",\"tokens_per_event\":3}}", 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(wholes); i++) {
        static struct client clients[2];
        struct bytes bodies[2];
        for (size_t k = 0; k < 2; k++) {
            ask_once(
                wholes[i].style, wholes[i].faults, "/v1/chat/completions",
                "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", &clients[k], &bodies[k]);
        }
        const char *body = bodies[0].data;
        assert_string_equal(body, bodies[1].data);
        assert_int_equal(count_of(body, "\"completion_tokens\":8"), 1);
        assert_int_equal(count_of(body, "\"reasoning_content\":\""), wholes[i].parts);
        assert_int_equal(count_of(body, "\"tool_calls\":[{"), wholes[i].parts);
        assert_int_equal(count_of(body, "\xf0\x9f"), wholes[i].n_emoji);
        for (size_t k = 0; k < 2; k++) {
            bytes_done(&bodies[k]);
            client_done(&clients[k]);
        }
    }
}

/* The content events of a stream, one after another. */
static void text_of(uint64_t seed, const char *content, struct bytes *out)
{
    struct sim_options options = base_options;
    options.seed = seed;
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    char json[256];
    (void)snprintf(
        json, sizeof(json),
        "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"stream\":true}", content);
    drive_ask(&drive, &client, "/v1/chat/completions", json);
    drive_until(&drive, NS_PER_S);
    bytes_init(out, BYTES_MAX_DEFAULT);
    static const char key[] = "\"delta\":{\"content\":\"";
    for (const char *at = strstr(client_text(&client), key); at != NULL; at = strstr(at, key)) {
        at += sizeof(key) - 1;
        bytes_add(out, at, strcspn(at, "\""));
    }
    client_done(&client);
    drive_done(&drive);
}

static void test_text__is_drawn_from_seed_and_request(void **state)
{
    (void)state;
    struct bytes a;
    struct bytes b;
    struct bytes c;
    struct bytes d;
    text_of(1, "x", &a);
    text_of(1, "x", &b);
    text_of(2, "x", &c);
    text_of(1, "y", &d);
    assert_true(a.len > 8);
    assert_string_equal(a.data, b.data);
    assert_string_not_equal(a.data, c.data);
    assert_string_not_equal(a.data, d.data);
    assert_int_not_equal(a.data[0], ' ');
    bytes_done(&a);
    bytes_done(&b);
    bytes_done(&c);
    bytes_done(&d);
}

static void test_length__follows_request_and_context(void **state)
{
    (void)state;

    /* Fact 10.  The prompt "a" of a completion counts 1 token; the context is 20. */
    static const struct {
        const char *what;
        enum sim_style style;
        const char *json;
        const char *usage;
        const char *finish;
    } lengths[] = {
        {"own length", SIM_STYLE_VLLM, "{\"prompt\":\"a\"}", "\"completion_tokens\":8", "stop"},
        {"max_tokens below", SIM_STYLE_VLLM, "{\"prompt\":\"a\",\"max_tokens\":3}",
         "\"completion_tokens\":3", "length"},
        {"max_tokens equal", SIM_STYLE_VLLM, "{\"prompt\":\"a\",\"max_tokens\":8}",
         "\"completion_tokens\":8", "length"},
        {"max_tokens above", SIM_STYLE_VLLM, "{\"prompt\":\"a\",\"max_tokens\":12}",
         "\"completion_tokens\":8", "stop"},
        {"ignore_eos", SIM_STYLE_VLLM, "{\"prompt\":\"a\",\"max_tokens\":12,\"ignore_eos\":true}",
         "\"completion_tokens\":12", "length"},
        {"min_tokens", SIM_STYLE_VLLM, "{\"prompt\":\"a\",\"max_tokens\":15,\"min_tokens\":11}",
         "\"completion_tokens\":11", "stop"},
        {"min_tokens is ignored by llama.cpp", SIM_STYLE_LLAMACPP,
         "{\"prompt\":\"a\",\"max_tokens\":15,\"min_tokens\":11}", "\"completion_tokens\":8",
         "stop"},
        {"max_tokens 0 gives one token", SIM_STYLE_LLAMACPP, "{\"prompt\":\"a\",\"max_tokens\":0}",
         "\"completion_tokens\":1", "length"},
        {"the context ends", SIM_STYLE_LLAMACPP,
         "{\"prompt\":\"a\",\"max_tokens\":1000,\"ignore_eos\":true}", "\"completion_tokens\":19",
         "length"},
        {"the context ends after a long prompt", SIM_STYLE_LLAMACPP,
         "{\"prompt\":\"a b c d e f g h i j k l m n o p q\"}", "\"completion_tokens\":3", "length"},
    };

    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct sim_options options = base_options;
        options.style = lengths[i].style;
        options.max_model_len = 20;
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, NULL);
        drive_connect(&drive, &client);
        drive_ask(&drive, &client, "/v1/completions", lengths[i].json);
        drive_until(&drive, NS_PER_S);
        char finish[64];
        (void)snprintf(finish, sizeof(finish), "\"finish_reason\":\"%s\"", lengths[i].finish);
        if (!client_has(&client, lengths[i].usage) || !client_has(&client, finish)) {
            print_error("%s: %s\n", lengths[i].what, client_text(&client));
            fail();
        }
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_cache__tells_cached_tokens(void **state)
{
    (void)state;

    /* Fact 9.  24 words: 24 tokens of a completion; vLLM finds whole blocks of 16 again. */
    static const struct {
        const char *what;
        enum sim_style style;
        const char *faults;
        const char *more;
        const char *second;
    } caches[] = {
        {"llama.cpp", SIM_STYLE_LLAMACPP, NULL, "", "\"cached_tokens\":23"},
        {"not asked for", SIM_STYLE_LLAMACPP, NULL, ",\"cache_prompt\":false",
         "\"cached_tokens\":0"},
        {"switched off", SIM_STYLE_LLAMACPP, "{\"prefix_cache\":false}", "", "\"cached_tokens\":0"},
        {"vllm", SIM_STYLE_VLLM, "{\"prefix_cache\":true}", "", "\"cached_tokens\":16"},
        {"vllm without", SIM_STYLE_VLLM, NULL, "", "\"prompt_tokens_details\":null"},
    };

    for (size_t i = 0; i < ARRAY_LEN(caches); i++) {
        struct sim_options options = base_options;
        options.style = caches[i].style;
        struct drive drive;
        static struct client clients[2];
        drive_open(&drive, &options, caches[i].faults);
        char json[256];
        (void)snprintf(
            json, sizeof(json),
            "{\"prompt\":\"a b c d e f g h i j k l m n o p q r s t u v w x\"%s}", caches[i].more);
        for (size_t k = 0; k < 2; k++) {
            drive_connect(&drive, &clients[k]);
            drive_ask(&drive, &clients[k], "/v1/completions", json);
            drive_until(&drive, (int64_t)(k + 1) * NS_PER_S);
        }
        assert_true(client_has(&clients[0], "\"prompt_tokens\":24"));
        assert_false(client_has(&clients[0], "\"cached_tokens\":1"));
        if (!client_has(&clients[1], caches[i].second)) {
            print_error("%s: %s\n", caches[i].what, client_text(&clients[1]));
            fail();
        }
        client_done(&clients[0]);
        client_done(&clients[1]);
        drive_done(&drive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream__looks_as_the_script_says),
        cmocka_unit_test(test_role__shares_a_chunk_with_the_first_token),
        cmocka_unit_test(test_whole__has_the_parts_of_the_script_and_repeats),
        cmocka_unit_test(test_text__is_drawn_from_seed_and_request),
        cmocka_unit_test(test_length__follows_request_and_context),
        cmocka_unit_test(test_cache__tells_cached_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
