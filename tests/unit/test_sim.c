/* Connections and routes: who is answered, in which order, and when a connection ends. */
#include "codec/json_pull.h"
#include "test_sim_drive.h"

#define MS NS_PER_MS

#define SHORT  "{\"prompt\":\"a\",\"max_tokens\":1}"
#define STREAM "{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true}"

static struct sim_options options_of(enum sim_style style)
{
    return (struct sim_options){
        .style = style, .ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 4, .model = "m"};
}

struct route_row {
    const char *what;
    enum sim_style style;
    unsigned status;
    const char *path;
    const char *headers;
    const char *body; /* NULL: GET */
    const char *holds;
};

static const struct route_row route_rows[] = {
    {"models", SIM_STYLE_VLLM, 200, "/v1/models", "", NULL, "\"id\":\"m\""},
    {"models has the context", SIM_STYLE_VLLM, 200, "/v1/models", "", NULL,
     "\"max_model_len\":131072"},
    {"llama.cpp models", SIM_STYLE_LLAMACPP, 200, "/v1/models", "", NULL, "\"n_ctx_train\":131072"},
    {"models are open", SIM_STYLE_VLLM, 200, "/v1/models", "no key", NULL, "\"id\":\"m\""},
    {"health is open", SIM_STYLE_LLAMACPP, 200, "/health", "no key", NULL, "{\"status\":\"ok\"}"},
    {"health without a body", SIM_STYLE_VLLM, 200, "/health", "", NULL, "content-length: 0\r\n"},
    {"version", SIM_STYLE_VLLM, 200, "/version", "", NULL, "{\"version\":\""},
    {"no version", SIM_STYLE_LLAMACPP, 404, "/version", "", NULL, "not_found_error"},
    {"props", SIM_STYLE_LLAMACPP, 200, "/props", "", NULL, "\"build_info\":\""},
    {"no props", SIM_STYLE_VLLM, 404, "/props", "", NULL, "{\"detail\":\"Not Found\"}"},
    {"metrics", SIM_STYLE_VLLM, 200, "/metrics", "", NULL,
     "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n"},
    {"llama.cpp metrics", SIM_STYLE_LLAMACPP, 200, "/metrics", "", NULL,
     "llamacpp:requests_processing 0\n"},
    {"metrics need the key", SIM_STYLE_LLAMACPP, 401, "/metrics", "no key", NULL,
     "{\"error\":{\"message\":\"Invalid API Key\",\"type\":\"authentication_error\",\"code\":401}}"},
    {"no key", SIM_STYLE_VLLM, 401, "/v1/completions", "no key", SHORT, "Unauthorized"},
    {"wrong key", SIM_STYLE_LLAMACPP, 401, "/v1/completions", "Authorization: Bearer no\r\n", SHORT,
     "Invalid API Key"},
    {"right key", SIM_STYLE_VLLM, 200, "/v1/completions", "", SHORT, "text_completion"},
    {"tokenize", SIM_STYLE_VLLM, 200, "/tokenize", "", "{\"x\":[1],\"prompt\":\"one two three\"}",
     "{\"count\":4,\"max_model_len\":131072,\"tokens\":[1,2,3,4],"},
    {"llama.cpp tokenize", SIM_STYLE_LLAMACPP, 200, "/tokenize", "", "{\"content\":\"one two\"}",
     "{\"tokens\":[1,2]}"},
    {"tokenize without text", SIM_STYLE_VLLM, 400, "/tokenize", "", "{\"content\":\"a\"}",
     "body.prompt"},
    {"tokenize with a number", SIM_STYLE_LLAMACPP, 400, "/tokenize", "", "{\"content\":1}",
     "Field required"},
    {"tokenize cut", SIM_STYLE_LLAMACPP, 400, "/tokenize", "", "{\"x\":[", "Field required"},
    {"tokenize of an array", SIM_STYLE_LLAMACPP, 400, "/tokenize", "", "[]", "Field required"},
    {"unknown route", SIM_STYLE_LLAMACPP, 404, "/nope", "", NULL, "File Not Found"},
    {"wrong method", SIM_STYLE_VLLM, 405, "/v1/completions", "", NULL, "allow: POST\r\n"},
    {"wrong method, llama.cpp", SIM_STYLE_LLAMACPP, 404, "/v1/completions", "", NULL,
     "File Not Found"},
    {"fact 6: unknown model", SIM_STYLE_VLLM, 404, "/v1/completions", "",
     "{\"model\":\"x\",\"prompt\":\"a\"}", "The model `x` does not exist. Valid aliases: m."},
    {"fact 6: unknown model is ignored", SIM_STYLE_LLAMACPP, 200, "/v1/completions", "",
     "{\"model\":\"x\",\"prompt\":\"a\"}", "\"model\":\"m\""},
    {"fact 6: bad JSON", SIM_STYLE_VLLM, 400, "/v1/completions", "",
     "{\"prompt\":", "json_invalid"},
    {"fact 6: bad JSON is 500", SIM_STYLE_LLAMACPP, 500, "/v1/completions", "",
     "{\"prompt\":", "parse_error"},
    {"stream options without stream", SIM_STYLE_LLAMACPP, 200, "/v1/completions", "",
     "{\"prompt\":\"a\",\"stream_options\":{}}", "text_completion"},
    {"max_tokens 0", SIM_STYLE_VLLM, 400, "/v1/completions", "",
     "{\"prompt\":\"a\",\"max_tokens\":0}", "must be at least 1"},
    {"too many choices", SIM_STYLE_LLAMACPP, 400, "/v1/completions", "",
     "{\"prompt\":\"a\",\"n\":9}", "n must be between 1 and 8"},
    {"broken head", SIM_STYLE_VLLM, 400, "/health", "no colon\r\n", NULL, "malformed header"},
};

static void test_routes__answer_in_the_style(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(route_rows); i++) {
        const struct route_row *row = &route_rows[i];
        struct sim_options options = options_of(row->style);
        options.api_key = "secret";
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, NULL);
        drive_connect(&drive, &client);
        const bool no_key = strcmp(row->headers, "no key") == 0;
        const char *headers = no_key                    ? ""
                              : row->headers[0] == '\0' ? "Authorization: Bearer secret\r\n"
                                                        : row->headers;
        drive_ask_with(&drive, &client, row->path, headers, row->body);
        drive_until(&drive, NS_PER_S);
        char status[32];
        (void)snprintf(status, sizeof(status), "HTTP/1.1 %u ", row->status);
        if (strncmp(client_text(&client), status, strlen(status)) != 0 ||
            !client_has(&client, row->holds)) {
            print_error("%s: %s\n", row->what, client_text(&client));
            fail();
        }
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_prompt__too_long_is_refused_in_plain_json(void **state)
{
    (void)state;

    /* Fact 6.  Context of 10, prompt of 10 tokens. */
    static const struct {
        enum sim_style style;
        const char *holds;
    } rows[] = {
        {SIM_STYLE_VLLM, "maximum context length is 10 tokens"},
        {SIM_STYLE_LLAMACPP,
         "\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":10,\"n_ctx\":10"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim_options options = options_of(rows[i].style);
        options.max_model_len = 10;
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, NULL);
        drive_connect(&drive, &client);
        drive_ask(
            &drive, &client, "/v1/completions",
            "{\"stream\":true,\"prompt\":\"a b c d e f g h i j\"}");
        drive_until(&drive, NS_PER_S);
        assert_int_equal(client.writes[0].at_ns, 0);
        assert_true(client_has(&client, "HTTP/1.1 400 Bad Request\r\n"));
        assert_true(client_has(&client, "application/json"));
        assert_true(client_has(&client, rows[i].holds));
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_streams__end_the_connection_as_the_style_does(void **state)
{
    (void)state;

    /* Fact 1: llama.cpp promises to keep the connection and closes it after a stream. */
    static const struct {
        const char *what;
        enum sim_style style;
        bool closed;
        const char *faults;
        const char *body;
        const char *holds;
    } rows[] = {
        {"llama.cpp, stream", SIM_STYLE_LLAMACPP, true, NULL, STREAM,
         "Keep-Alive: timeout=5, max=100\r\n"},
        {"llama.cpp, whole", SIM_STYLE_LLAMACPP, false, NULL, SHORT,
         "Keep-Alive: timeout=5, max=100\r\n"},
        {"vllm, stream", SIM_STYLE_VLLM, false, NULL, STREAM, "vary: Origin\r\n"},
        {"vllm made to close", SIM_STYLE_VLLM, true, "{\"close_streams\":true}", STREAM,
         "connection: close\r\n"},
        {"llama.cpp made to keep", SIM_STYLE_LLAMACPP, false, "{\"close_streams\":false}", STREAM,
         "Keep-Alive: "},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_options options = options_of(rows[i].style);
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, rows[i].faults);
        drive_connect(&drive, &client);
        drive_ask(&drive, &client, "/v1/completions", rows[i].body);
        drive_until(&drive, NS_PER_S);
        if (client.closed != rows[i].closed || !client_has(&client, rows[i].holds)) {
            print_error("%s: closed %d\n%s\n", rows[i].what, client.closed, client_text(&client));
            fail();
        }
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_connection__ends_when_it_is_idle_too_long(void **state)
{
    (void)state;
    /* Fact 1: at 5.00 s after the connect or the last answer. */
    const struct sim_options options = options_of(SIM_STYLE_LLAMACPP);
    struct drive drive;
    static struct client clients[2];
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &clients[0]);
    drive_connect(&drive, &clients[1]);
    drive_until(&drive, 3 * NS_PER_S);
    drive_ask(&drive, &clients[1], "/health", NULL);
    drive_until(&drive, 60 * NS_PER_S);
    assert_true(clients[0].closed);
    assert_int_equal(clients[0].end_ns, 5 * NS_PER_S);
    assert_true(clients[1].closed);
    assert_int_equal(clients[1].end_ns, 8 * NS_PER_S);
    client_done(&clients[0]);
    client_done(&clients[1]);
    drive_done(&drive);
}

static void test_connection__ends_with_its_hundredth_answer(void **state)
{
    (void)state;
    const struct sim_options options = options_of(SIM_STYLE_LLAMACPP);
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    for (int64_t i = 1; i <= 100; i++) {
        assert_false(client_has(&client, "Connection: close"));
        drive_ask(&drive, &client, "/health", NULL);
        drive_until(&drive, i * MS);
        assert_int_equal(client.closed, i == 100);
    }
    assert_true(client_has(&client, "Connection: close\r\n"));
    assert_int_equal(count_of(client_text(&client), "{\"status\":\"ok\"}"), 100);
    client_done(&client);
    drive_done(&drive);
}

static void test_pipelining__is_answered_in_order_or_not_at_all(void **state)
{
    (void)state;
    static const char two[] = "POST /v1/completions HTTP/1.1\r\nContent-Length: 34\r\n\r\n"
                              "{\"prompt\":\"first\",\"max_tokens\":2}\n"
                              "GET /health HTTP/1.1\r\n\r\nGET /v1/models HTTP/1.1\r\n\r\n";
    struct drive drive;
    static struct client client;
    struct sim_options options = options_of(SIM_STYLE_VLLM);
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    drive_send(&drive, &client, two);
    drive_until(&drive, NS_PER_S);
    assert_int_equal(client.n, 3);
    assert_int_equal(client.writes[0].at_ns, 60 * MS);
    assert_int_equal(client.writes[2].at_ns, 60 * MS);
    const char *first = strstr(client_text(&client), "text_completion");
    const char *second = strstr(client_text(&client), "content-length: 0");
    const char *third = strstr(client_text(&client), "\"object\":\"list\"");
    assert_true(first != NULL && second != NULL && third != NULL);
    assert_true(first < second && second < third);
    client_done(&client);
    drive_done(&drive);
    /* Fact 1: of two pipelined requests llama.cpp answers one. */
    options = options_of(SIM_STYLE_LLAMACPP);
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    drive_send(&drive, &client, two);
    drive_until(&drive, NS_PER_S);
    assert_int_equal(client.n, 1);
    drive_ask(&drive, &client, "/health", NULL);
    drive_until(&drive, 2 * NS_PER_S);
    assert_int_equal(client.n, 2);
    client_done(&client);
    drive_done(&drive);
}

static void test_http10__is_closed_and_gets_chunks_all_the_same(void **state)
{
    (void)state;
    for (int style = SIM_STYLE_VLLM; style <= SIM_STYLE_LLAMACPP; style++) {
        const struct sim_options options = options_of((enum sim_style)style);
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, NULL);
        drive_connect(&drive, &client);
        drive_send(
            &drive, &client,
            "POST /v1/completions HTTP/1.0\r\nContent-Length: 44\r\n\r\n"
            "{\"prompt\":\"a\",\"max_tokens\":1,\"stream\":true }");
        drive_until(&drive, NS_PER_S);
        assert_true(client.closed);
        struct bytes body;
        client_body(&client, &body); /* chunked, whatever was asked for */
        assert_non_null(strstr(body.data, "[DONE]"));
        bytes_done(&body);
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_expect__is_answered_before_the_body(void **state)
{
    (void)state;
    const struct sim_options options = options_of(SIM_STYLE_VLLM);
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    drive_send(
        &drive, &client,
        "POST /v1/completions HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 14\r\n\r\n");
    drive_until(&drive, 5 * MS);
    assert_string_equal(client_text(&client), "HTTP/1.1 100 Continue\r\n\r\n");
    drive_send(&drive, &client, "{\"prompt\":\"a\"}");
    drive_until(&drive, NS_PER_S);
    assert_int_equal(count_of(client_text(&client), "HTTP/1.1 "), 2);
    assert_int_equal(client.writes[1].at_ns, (5 + 50 + 3 * 10) * MS);
    client_done(&client);
    drive_done(&drive);
}

static void test_loading__answers_503_everywhere(void **state)
{
    (void)state;

    static const struct {
        enum sim_style style;
        const char *path;
        const char *body;
    } rows[] = {
        {SIM_STYLE_LLAMACPP, "/health", NULL},
        {SIM_STYLE_LLAMACPP, "/v1/models", NULL},
        {SIM_STYLE_LLAMACPP, "/v1/completions", SHORT},
        {SIM_STYLE_VLLM, "/v1/models", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_options options = options_of(rows[i].style);
        struct drive drive;
        static struct client client;
        drive_open(&drive, &options, "{\"loading_ms\":500}");
        drive_connect(&drive, &client);
        drive_until(&drive, 499 * MS);
        drive_ask(&drive, &client, rows[i].path, rows[i].body);
        drive_until(&drive, 500 * MS);
        assert_true(client_has(&client, "HTTP/1.1 503 Service Unavailable\r\n"));
        assert_true(client_has(&client, "{\"error\":{\"message\":\"Loading model\""));
        drive_ask(&drive, &client, rows[i].path, rows[i].body);
        drive_until(&drive, 900 * MS);
        assert_true(client_has(&client, "HTTP/1.1 200 OK\r\n"));
        client_done(&client);
        drive_done(&drive);
    }
}

static void test_identity__changes_after_so_many_requests(void **state)
{
    (void)state;
    const struct sim_options options = options_of(SIM_STYLE_VLLM);
    struct drive drive;
    static struct client client;
    drive_open(
        &drive, &options,
        "{\"identity\":{\"after_requests\":1,\"version\":\"9.9\",\"model\":\"other\"}}");
    drive_connect(&drive, &client);
    drive_ask(&drive, &client, "/version", NULL);
    drive_until(&drive, 1 * MS);
    drive_ask(&drive, &client, "/v1/models", NULL);
    drive_until(&drive, 2 * MS);
    assert_false(client_has(&client, "9.9") || client_has(&client, "other"));
    drive_ask(&drive, &client, "/v1/completions", SHORT);
    drive_until(&drive, NS_PER_S);
    drive_ask(&drive, &client, "/version", NULL);
    drive_until(&drive, NS_PER_S + MS);
    assert_true(client_has(&client, "{\"version\":\"9.9\"}"));
    drive_ask(&drive, &client, "/v1/models", NULL);
    drive_until(&drive, NS_PER_S + 2 * MS);
    assert_true(client_has(&client, "\"id\":\"other\""));
    client_done(&client);
    drive_done(&drive);
}

static const char conversation[] =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    "10\r\n{\"messages\":[{\"r\r\n23\r\nole\":\"user\",\"content\":\"hello\"}],\"st\r\n"
    "1e\r\nream\":true,\"max_tokens\":2    }\r\n0\r\n\r\n";

enum {
    CONVERSATION = sizeof(conversation) - 1
};

/* All bytes and times of the answer to a request that is given in pieces that end at `cuts`. */
static void converse(enum sim_style style, const size_t *cuts, size_t n_cuts, struct bytes *out)
{
    const struct sim_options options = options_of(style);
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    size_t at = 0;
    for (size_t i = 0; i <= n_cuts; i++) {
        const size_t end = i < n_cuts ? cuts[i] : (size_t)CONVERSATION;
        sim_input(drive.sim, client.conn, conversation + at, end - at, drive.now_ns);
        at = end;
    }
    drive_until(&drive, NS_PER_S);
    bytes_clear(out);
    bytes_add_text(out, client_text(&client));
    for (size_t i = 0; i < client.n; i++) {
        bytes_add_format(out, " %lld", (long long)client.writes[i].at_ns);
    }
    client_done(&client);
    drive_done(&drive);
}

static void test_input__any_split_equals_the_whole(void **state)
{
    (void)state;
    struct bytes whole;
    struct bytes split;
    bytes_init(&whole, BYTES_MAX_DEFAULT);
    bytes_init(&split, BYTES_MAX_DEFAULT);

    static const enum sim_style styles[] = {SIM_STYLE_VLLM, SIM_STYLE_LLAMACPP};

    for (size_t i = 0; i < CONVERSATION * ARRAY_LEN(styles); i++) {
        const enum sim_style style = styles[i % ARRAY_LEN(styles)];
        const size_t a = i / ARRAY_LEN(styles);
        converse(style, NULL, 0, &whole);
        assert_non_null(strstr(whole.data, "[DONE]"));
        for (size_t b = a; b < CONVERSATION; b += 7) {
            converse(style, (const size_t[]){a, b}, 2, &split);
            assert_string_equal(split.data, whole.data);
        }
    }
    bytes_done(&whole);
    bytes_done(&split);
}

static void test_connection__ignores_input_after_its_end(void **state)
{
    (void)state;
    const struct sim_options options = options_of(SIM_STYLE_LLAMACPP);
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    drive_ask(&drive, &client, "/v1/completions", STREAM);
    struct sim_action action = {.kind = SIM_WRITE};
    while (action.kind == SIM_WRITE) {
        drive.now_ns = sim_next_ns(drive.sim);
        assert_true(sim_step(drive.sim, drive.now_ns, &action));
        drive_send(&drive, &client, "GET /health HTTP/1.1\r\n\r\n");
    }
    assert_int_equal(action.kind, SIM_CLOSE);
    assert_int_equal(sim_next_ns(drive.sim), CLOCK_NEVER);
    client_done(&client);
    drive_done(&drive); /* with the connection still there */
}

static void test_open__has_defaults(void **state)
{
    (void)state;
    const struct sim_options options = {.ttft_ns = 0};
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, NULL);
    drive_connect(&drive, &client);
    drive_ask(&drive, &client, "/v1/completions", "{\"prompt\":\"a\"}");
    drive_until(&drive, 0);
    assert_true(client_has(&client, "\"model\":\"sim\""));
    assert_true(client_has(&client, "\"completion_tokens\":16"));
    client_done(&client);
    drive_done(&drive);
    struct sim *sim = NULL;
    struct error err = {0};
    assert_int_equal(sim_open(&options, "{\"x\":1}", &sim, &err), -ERROR_USAGE);
    sim_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes__answer_in_the_style),
        cmocka_unit_test(test_prompt__too_long_is_refused_in_plain_json),
        cmocka_unit_test(test_streams__end_the_connection_as_the_style_does),
        cmocka_unit_test(test_connection__ends_when_it_is_idle_too_long),
        cmocka_unit_test(test_connection__ends_with_its_hundredth_answer),
        cmocka_unit_test(test_connection__ignores_input_after_its_end),
        cmocka_unit_test(test_pipelining__is_answered_in_order_or_not_at_all),
        cmocka_unit_test(test_http10__is_closed_and_gets_chunks_all_the_same),
        cmocka_unit_test(test_expect__is_answered_before_the_body),
        cmocka_unit_test(test_loading__answers_503_everywhere),
        cmocka_unit_test(test_identity__changes_after_so_many_requests),
        cmocka_unit_test(test_input__any_split_equals_the_whole),
        cmocka_unit_test(test_open__has_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
