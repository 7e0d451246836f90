/* Fault scripts: what is read, what is refused, whom a rule meets; then every fault at work on a
 * stream and on a whole answer. */
#include "sim/sim_fault.h"
#include "test_sim_drive.h"

#define MS NS_PER_MS

static void test_open__refuses_what_it_does_not_know(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        enum error_code code;
        const char *says;
    } rows[] = {
        {"{", ERROR_PARSE, "fault script:1:"},
        {"[]", ERROR_USAGE, "is no object"},
        {"{\"rulez\":[]}", ERROR_USAGE, "fault script:1:10: 'rulez' is no key"},
        {"{\"rules\":{}}", ERROR_USAGE, "'rules' is no array"},
        {"{\"rules\":[1]}", ERROR_USAGE, "is no object"},
        {"{\"rules\":[{}]}", ERROR_USAGE, "neither a fault nor a behaviour"},
        {"{\"rules\":[{\"fault\":\"rest\"}]}", ERROR_USAGE,
         "unknown fault 'rest'; did you mean 'reset'?"},
        {"{\"rules\":[{\"fault\":\"xyzzy\"}]}", ERROR_USAGE, "unknown fault 'xyzzy'"},
        {"{\"rules\":[{\"fault\":7}]}", ERROR_USAGE, "unknown fault ''"},
        {"{\"rules\":[{\"fault\":\"reset\",\"tokn\":3}]}", ERROR_USAGE, "'tokn' is no key"},
        {"{\"rules\":[{\"fault\":\"reset\",\"token\":-1}]}", ERROR_USAGE,
         "'token' is no whole number between 0 and"},
        {"{\"rules\":[{\"fault\":\"status\",\"status\":99}]}", ERROR_USAGE, "between 100 and 599"},
        {"{\"rules\":[{\"fault\":\"status\",\"body\":7}]}", ERROR_USAGE, "'body' is no text"},
        {"{\"rules\":[{\"fault\":\"split\",\"bytes\":0}]}", ERROR_USAGE, "between 1 and"},
        {"{\"rules\":[{\"fault\":\"join\",\"events\":\"2\"}]}", ERROR_USAGE, "'events' is no"},
        {"{\"rules\":[{\"fault\":\"refuse\",\"request\":1}]}", ERROR_USAGE, "has no request yet"},
        {"{\"rules\":[{\"fault\":\"refuse\",\"every\":2}]}", ERROR_USAGE, "has no request yet"},
        {"{\"rules\":[{\"behaviour\":{\"role\":1}}]}", ERROR_USAGE,
         "'role' is neither true nor false"},
        {"{\"rules\":[{\"behaviour\":{\"tools\":1}}]}", ERROR_USAGE, "'tools' is no key"},
        {"{\"behaviour\":{\"text\":\"word\"}}", ERROR_USAGE, "did you mean 'words'?"},
        {"{\"behaviour\":{\"tokens_per_event\":0}}", ERROR_USAGE, "between 1 and 1024"},
        {"{\"behaviour\":3}", ERROR_USAGE, "'behaviour' is no object"},
        {"{\"stalls\":3}", ERROR_USAGE, "'stalls' is no array"},
        {"{\"stalls\":[{\"at\":3}]}", ERROR_USAGE, "'at' is no key"},
        {"{\"stalls\":[{\"at_ms\":5,\"ms\":10},{\"at_ms\":14,\"ms\":1}]}", ERROR_USAGE,
         "starts before the stall before it has ended"},
        {"{\"identity\":{\"version\":2}}", ERROR_USAGE, "'version' is no text"},
        {"{\"loading_ms\":1.5}", ERROR_USAGE, "'loading_ms' is no whole number"},
        {"{\"close_streams\":\"yes\"}", ERROR_USAGE, "neither true nor false"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim_script *script = NULL;
        struct error err = {0};
        const int result = sim_script_open(rows[i].text, SIM_STYLE_VLLM, &script, &err);
        if (result != -(int)rows[i].code || strstr(err.text, rows[i].says) == NULL) {
            print_error("%s: %d %s\n", rows[i].text, result, err.text);
            fail();
        }
    }
}

/* `n` times `item`, in an array under `key`. */
static void open_many(const char *key, const char *item, size_t n, const char *says)
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    bytes_add_format(&text, "{\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        bytes_add_format(&text, "%s%s", i > 0 ? "," : "", item);
    }
    bytes_add_text(&text, "]}");
    struct sim_script *script = NULL;
    struct error err = {0};
    const int result = sim_script_open(text.data, SIM_STYLE_VLLM, &script, &err);
    assert_int_equal(result, says != NULL ? -ERROR_LIMIT : 0);
    if (says != NULL) {
        assert_string_equal(err.text, says);
    }
    sim_script_free(script);
    bytes_done(&text);
}

static void test_open__limits_rules_and_stalls(void **state)
{
    (void)state;
    open_many("rules", "{\"fault\":\"never\"}", SIM_RULES_MAX, NULL);
    open_many(
        "rules", "{\"fault\":\"never\"}", SIM_RULES_MAX + 1, "fault script: more than 256 rules");
    open_many("stalls", "{\"at_ms\":1}", SIM_STALLS_MAX, NULL);
    open_many("stalls", "{\"at_ms\":1}", SIM_STALLS_MAX + 1, "fault script: more than 64 stalls");
}

static void test_match__selects_requests_and_connections(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *rule;
        uint64_t connection;
        const char *hits; /* of requests 0..11 */
    } rows[] = {
        {"always", "\"fault\":\"never\"", 0, "111111111111"},
        {"one", "\"fault\":\"never\",\"request\":3", 0, "000100000000"},
        {"every third", "\"fault\":\"never\",\"every\":3", 0, "001001001001"},
        {"from", "\"fault\":\"never\",\"from\":9", 0, "000000000111"},
        {"range", "\"fault\":\"never\",\"from\":2,\"to\":4", 0, "001110000000"},
        {"every second of a range", "\"fault\":\"never\",\"from\":4,\"every\":2", 0,
         "000001010101"},
        {"this connection", "\"fault\":\"never\",\"connection\":7", 7, "111111111111"},
        {"another connection", "\"fault\":\"never\",\"connection\":7", 8, "000000000000"},
        {"every second connection", "\"fault\":\"never\",\"every_connection\":2", 1,
         "111111111111"},
        {"not every second connection", "\"fault\":\"never\",\"every_connection\":2", 2,
         "000000000000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[256];
        (void)snprintf(text, sizeof(text), "{\"rules\":[{%s}]}", rows[i].rule);
        struct sim_script *script = NULL;
        struct error err = {0};
        assert_int_equal(sim_script_open(text, SIM_STYLE_VLLM, &script, &err), 0);
        char hits[13] = {0};
        for (uint64_t request = 0; request < 12; request++) {
            struct sim_behaviour behaviour;
            const struct sim_rule *rule =
                sim_script_match(script, request, rows[i].connection, &behaviour);
            hits[request] = rule != NULL ? '1' : '0';
        }
        if (strcmp(hits, rows[i].hits) != 0) {
            print_error("%s: %s\n", rows[i].what, hits);
            fail();
        }
        sim_script_free(script);
    }
}

static void test_match__takes_the_first_fault_and_adds_behaviours(void **state)
{
    (void)state;
    struct sim_script *script = NULL;
    struct error err = {0};
    assert_int_equal(
        sim_script_open(
            "{\"rules\":[{\"request\":1,\"behaviour\":{\"reasoning\":4}},"
            "{\"from\":1,\"fault\":\"stall\",\"ms\":5,\"behaviour\":{\"tool_calls\":2}},"
            "{\"fault\":\"never\"}],\"behaviour\":{\"empty_every\":9}}",
            SIM_STYLE_LLAMACPP, &script, &err),
        0);
    struct sim_behaviour behaviour;
    assert_int_equal(sim_script_match(script, 0, 0, &behaviour)->fault, SIM_FAULT_NEVER);
    assert_int_equal(behaviour.reasoning, 0);
    assert_int_equal(behaviour.empty_every, 9);
    assert_int_equal(behaviour.partial, SIM_PARTIAL_HOLD);
    const struct sim_rule *rule = sim_script_match(script, 1, 0, &behaviour);
    assert_int_equal(rule->fault, SIM_FAULT_STALL);
    assert_int_equal(rule->ms, 5);
    assert_int_equal(rule->token, 1);
    assert_int_equal(behaviour.reasoning, 4);
    assert_int_equal(behaviour.tool_calls, 2);
    sim_script_free(script);
}

static void test_open__has_the_styles_habits(void **state)
{
    (void)state;
    struct sim_script *script = NULL;
    struct error err = {0};
    assert_int_equal(sim_script_open(NULL, SIM_STYLE_LLAMACPP, &script, &err), 0);
    const struct sim_habits *habits = sim_script_habits(script);
    assert_int_equal(habits->idle_close_ns, 5 * NS_PER_S);
    assert_int_equal(habits->keep_alive_max, 100);
    assert_true(habits->close_streams && habits->prefix_cache);
    sim_script_free(script);
    assert_int_equal(sim_script_open("{}", SIM_STYLE_VLLM, &script, &err), 0);
    habits = sim_script_habits(script);
    assert_int_equal(habits->idle_close_ns, 0);
    assert_int_equal(habits->keep_alive_max, 0);
    assert_false(habits->close_streams || habits->prefix_cache);
    sim_script_free(script);
}

/* What a fault does to request 0 on an engine of TTFT 50 ms, ITL 10 ms, 4 tokens. */
struct fault_row {
    const char *what;
    const char *rule;
    bool stream;
    const char *tokens;
    const char *end;   /* "open", "closed" or "reset" */
    int64_t end_ms;    /* of closed and reset */
    const char *holds; /* NULL: nothing is looked for */
    const char *lacks;
    size_t n_writes; /* 0: not looked at */
};

static const struct fault_row fault_rows[] = {
    {"no fault", "\"request\":1,\"fault\":\"never\"", true, "1@50 2@60 3@70 4@80", "open", 0,
     "[DONE]", NULL, 7},
    {"reset", "\"fault\":\"reset\",\"token\":3", true, "1@50 2@60", "reset", 70, NULL, "[DONE]", 4},
    {"reset before the head", "\"fault\":\"reset\",\"token\":0", true, "", "reset", 0, NULL, NULL,
     0},
    {"reset before the end", "\"fault\":\"reset\",\"token\":5", true, "1@50 2@60 3@70 4@80",
     "reset", 80, NULL, "[DONE]", 6},
    {"reset that never comes", "\"fault\":\"reset\",\"token\":6", true, "1@50 2@60 3@70 4@80",
     "open", 0, "[DONE]", NULL, 7},
    {"truncate", "\"fault\":\"truncate\",\"token\":3", true, "1@50 2@60", "closed", 70, NULL,
     "[DONE]", 4},
    {"fact 8: hang, then the end", "\"fault\":\"hang\",\"token\":3", true, "1@50 2@60", "closed",
     31070, NULL, "[DONE]", 4},
    {"hang before the head", "\"fault\":\"hang\",\"token\":0,\"ms\":100", true, "", "closed", 100,
     NULL, NULL, 0},
    {"never", "\"fault\":\"never\"", true, "", "open", 0, NULL, NULL, 0},
    {"stall", "\"fault\":\"stall\",\"token\":3,\"ms\":500", true, "1@50 2@60 3@570 4@580", "open",
     0, "[DONE]", NULL, 7},
    {"stall before the head", "\"fault\":\"stall\",\"token\":0,\"ms\":500", true,
     "1@550 2@560 3@570 4@580", "open", 0, "[DONE]", NULL, 7},
    {"stall before the end", "\"fault\":\"stall\",\"token\":5,\"ms\":500", true,
     "1@50 2@60 3@70 4@80", "open", 0, "[DONE]", NULL, 7},
    {"slow headers", "\"fault\":\"slow_headers\",\"bytes\":100,\"ms\":5", true,
     "1@50 2@60 3@70 4@80", "open", 0, "[DONE]", NULL, 8},
    {"slow headers beyond the first token", "\"fault\":\"slow_headers\",\"bytes\":100,\"ms\":70",
     true, "1@70 2@70 3@70 4@80", "open", 0, "[DONE]", NULL, 8},
    {"status 429", "\"fault\":\"status\",\"status\":429", true, "", "open", 0,
     "HTTP/1.1 429 Too Many Requests\r\n", "event-stream", 1},
    {"status 503 with a body", "\"fault\":\"status\",\"status\":503,\"body\":\"busy\"", true, "",
     "open", 0, "\r\n\r\nbusy", NULL, 1},
    {"status 500", "\"fault\":\"status\"", true, "", "open", 0, "HTTP/1.1 500 ", NULL, 1},
    {"a status without a name", "\"fault\":\"status\",\"status\":418", true, "", "open", 0,
     "HTTP/1.1 418 ", NULL, 1},
    {"malformed chunk", "\"fault\":\"malformed_chunk\",\"token\":3", true, "1@50 2@60 3@70 4@80",
     "open", 0, "\r\nzz\r\n", NULL, 7},
    {"malformed chunk at the end", "\"fault\":\"malformed_chunk\",\"token\":5", true,
     "1@50 2@60 3@70 4@80", "open", 0, "\r\nzz\r\n", NULL, 7},
    {"malformed JSON", "\"fault\":\"malformed_json\",\"token\":3", true, "1@50 2@60 4@80", "open",
     0, "{\"content\":\n\n", NULL, 7},
    {"malformed JSON at the end", "\"fault\":\"malformed_json\",\"token\":5", true,
     "1@50 2@60 3@70 4@80", "open", 0, "{\"content\":\n\n", NULL, 7},
    {"error event", "\"fault\":\"error_event\",\"token\":3", true, "1@50 2@60", "open", 0,
     "data: {\"error\":{\"message\"", NULL, 5},
    {"error event at the end", "\"fault\":\"error_event\",\"token\":5", true, "1@50 2@60 3@70 4@80",
     "open", 0, "data: {\"error\":{\"message\"", NULL, 7},
    {"empty", "\"fault\":\"empty\"", true, "", "open", 0, "[DONE]", "\"role\"", 2},
    {"split", "\"fault\":\"split\",\"bytes\":7", true, "1@50 2@60 3@70 4@80", "open", 0, "[DONE]",
     NULL, 14},
    {"split in time", "\"fault\":\"split\",\"bytes\":7,\"us\":2000", true, "1@54 2@62 3@72 4@82",
     "open", 0, "[DONE]", NULL, 14},
    {"join", "\"fault\":\"join\"", true, "2x2@60 4x2@80", "open", 0, "[DONE]", NULL, 5},
    {"join with a rest", "\"fault\":\"join\",\"events\":3", true, "3x3@70 4@80", "open", 0,
     "[DONE]", NULL, 5},
    {"join of all", "\"fault\":\"join\",\"events\":100", true, "4x4@80", "open", 0, "[DONE]", NULL,
     4},
    {"whole: no fault", "\"request\":1,\"fault\":\"never\"", false, "4x4@80", "open", 0,
     "\"completion_tokens\":4", NULL, 1},
    {"whole: reset", "\"fault\":\"reset\",\"token\":3", false, "", "reset", 80, "HTTP/1.1 200",
     "\"metrics\"", 1},
    {"whole: reset before", "\"fault\":\"reset\",\"token\":0", false, "", "reset", 80, NULL, NULL,
     0},
    {"whole: truncate", "\"fault\":\"truncate\"", false, "", "closed", 80, "HTTP/1.1 200",
     "\"metrics\"", 1},
    {"whole: hang", "\"fault\":\"hang\",\"ms\":100", false, "", "closed", 180, "HTTP/1.1 200",
     "\"metrics\"", 1},
    {"whole: stall", "\"fault\":\"stall\",\"token\":3,\"ms\":500", false, "4x4@580", "open", 0,
     "\"completion_tokens\":4", NULL, 1},
    {"whole: slow headers", "\"fault\":\"slow_headers\",\"bytes\":300,\"ms\":5", false, "4x4@90",
     "open", 0, "\"completion_tokens\":4", NULL, 3},
    {"whole: malformed JSON", "\"fault\":\"malformed_json\"", false, "4x4@80", "open", 0,
     "\"metrics\":null]", NULL, 1},
    {"whole: malformed length", "\"fault\":\"malformed_chunk\"", false, "4x4@80", "open", 0,
     "content-length: z", NULL, 1},
    {"whole: error", "\"fault\":\"error_event\"", false, "4x4@80", "open", 0, "HTTP/1.1 500 ", NULL,
     1},
    {"whole: empty", "\"fault\":\"empty\"", false, "", "open", 0, "\"completion_tokens\":0", NULL,
     1},
    {"whole: split", "\"fault\":\"split\",\"bytes\":20", false, "4x4@80", "open", 0,
     "\"completion_tokens\":4", NULL, 2},
};

static void run_fault(const struct fault_row *row, uint32_t max_batch, struct client *client)
{
    const struct sim_options options = {
        .ttft_ns = 50 * MS, .itl_ns = 10 * MS, .tokens = 4, .max_batch = max_batch};
    struct drive drive;
    char script[256];
    (void)snprintf(script, sizeof(script), "{\"rules\":[{%s}]}", row->rule);
    drive_open(&drive, &options, script);
    drive_connect(&drive, client);
    drive_ask(
        &drive, client, "/v1/chat/completions",
        row->stream ? "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":true}"
                    : "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
    drive_until(&drive, 60 * NS_PER_S);
    struct sim_load load;
    sim_load_get(drive.sim, &load);
    assert_int_equal(load.n_running + load.n_waiting, 0);
    drive_done(&drive);
}

static bool row_holds(const struct fault_row *row, const struct client *client, bool times)
{
    char line[1024];
    const char *end = client->reset ? "reset" : client->closed ? "closed" : "open";
    return strcmp(end, row->end) == 0 &&
           (!times || strcmp(client_tokens(client, line, sizeof(line)), row->tokens) == 0) &&
           (!times || client->end_ns == row->end_ms * MS) &&
           (row->n_writes == 0 || client->n == row->n_writes) &&
           (row->holds == NULL || client_has(client, row->holds)) &&
           (row->lacks == NULL || !client_has(client, row->lacks));
}

static void test_fault__does_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fault_rows); i++) {
        static struct client client;
        run_fault(&fault_rows[i], 0, &client);
        if (!row_holds(&fault_rows[i], &client, true)) {
            char line[1024];
            print_error(
                "%s: tokens '%s', %zu writes, end at %lld\n%s\n", fault_rows[i].what,
                client_tokens(&client, line, sizeof(line)), client.n, (long long)client.end_ns,
                client_text(&client));
            fail();
        }
        client_done(&client);
    }
}

static void test_fault__works_in_a_batch_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fault_rows); i++) {
        static struct client client;
        run_fault(&fault_rows[i], 3, &client);
        /* A stalled stream does not stall the batch, so only its other properties are the same. */
        const bool same_times = strstr(fault_rows[i].rule, "stall") == NULL &&
                                strstr(fault_rows[i].rule, "slow") == NULL &&
                                strstr(fault_rows[i].what, "before") == NULL;
        if (!row_holds(&fault_rows[i], &client, same_times)) {
            char line[1024];
            print_error(
                "%s: tokens '%s', %zu writes, end at %lld\n%s\n", fault_rows[i].what,
                client_tokens(&client, line, sizeof(line)), client.n, (long long)client.end_ns,
                client_text(&client));
            fail();
        }
        client_done(&client);
    }
}

static void test_refuse__meets_connections(void **state)
{
    (void)state;
    const struct sim_options options = {.tokens = 4};
    struct drive drive;
    static struct client client;
    drive_open(
        &drive, &options,
        "{\"rules\":[{\"connection\":1,\"fault\":\"refuse\"},{\"every_connection\":4,\"fault\":"
        "\"refuse\"}]}");
    static const bool refused[] = {false, true, false, true, false, false, false, true};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        drive_connect(&drive, &client);
        assert_int_equal(client.conn == NULL, refused[i]);
        client_done(&client);
    }
    drive_done(&drive);
}

/* Bytes up to the end of the write that completes the token. */
static size_t end_of_token(const struct client *client, uint32_t token)
{
    size_t end = 0;
    for (size_t i = 0; i < client->n; i++) {
        if (client->writes[i].token == token) {
            assert_int_equal(end, 0);
            end = client->writes[i].end;
        }
    }
    return end;
}

static void test_split__gives_the_bytes_of_the_whole(void **state)
{
    (void)state;
    static const struct fault_row whole = {
        .rule = "\"request\":9,\"fault\":\"never\"", .stream = true};
    static struct client expected;
    run_fault(&whole, 0, &expected);
    for (unsigned bytes = 1; bytes < 300; bytes++) {
        char rule[64];
        (void)snprintf(rule, sizeof(rule), "\"fault\":\"split\",\"bytes\":%u", bytes);
        const struct fault_row row = {.rule = rule, .stream = true};
        static struct client client;
        run_fault(&row, 0, &client);
        assert_string_equal(client_text(&client), client_text(&expected));
        for (uint32_t token = 1; token <= 4; token++) {
            assert_int_equal(end_of_token(&client, token), end_of_token(&expected, token));
        }
        client_done(&client);
    }
    client_done(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__refuses_what_it_does_not_know),
        cmocka_unit_test(test_open__limits_rules_and_stalls),
        cmocka_unit_test(test_open__has_the_styles_habits),
        cmocka_unit_test(test_match__selects_requests_and_connections),
        cmocka_unit_test(test_match__takes_the_first_fault_and_adds_behaviours),
        cmocka_unit_test(test_fault__does_what_it_says),
        cmocka_unit_test(test_fault__works_in_a_batch_too),
        cmocka_unit_test(test_refuse__meets_connections),
        cmocka_unit_test(test_split__gives_the_bytes_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
