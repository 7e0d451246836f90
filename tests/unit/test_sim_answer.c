/* Files of answers: what is read, what is refused, which line a request gets; then answers on a stream
 * and in one piece. */
#include "sim/sim_answer.h"
#include "test_sim_drive.h"

static void test_open__refuses_what_it_does_not_know(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "answers:1:1: the file holds no answers"},
        {"\n \n", "answers:1:1: the file holds no answers"},
        {"{\"prompt\":\"a\",\"answer\":\"b\"}\n{\"prompt\"", "answers:2:10: "},
        {"[]", "answers:1:1: a line must be an object with one of 'prompt', 'prompt_contains' and"},
        {"{\"answer\":\"b\"}", "answers:1:1: a line must be an object with one of 'prompt',"},
        {"{\"prompt\":\"a\",\"prompt_contains\":\"a\",\"answer\":\"b\"}",
         "answers:1:1: a line must be an object with one of"},
        {"{\"prompt\":7,\"answer\":\"b\"}", "answers:1:11: 'prompt' must be a text"},
        {"{\"prompt_contains\":\"\",\"answer\":\"b\"}", "answers:1:20: 'prompt_contains' must be"},
        {"{\"prompt_contains\":[],\"answer\":\"b\"}", "answers:1:20: 'prompt_contains' must be"},
        {"{\"prompt_contains\":[\"a\",1],\"answer\":\"b\"}",
         "answers:1:25: 'prompt_contains' must"},
        {"{\"messages\":[],\"answer\":\"b\"}",
         "answers:1:13: 'messages' must be a list of 1 to 1000"},
        {"{\"messages\":[{\"role\":\"user\"}],\"answer\":\"b\"}",
         "answers:1:14: a message must have a 'content'"},
        {"{\"prompt\":\"a\"}", "answers:1:1: a line must have an 'answer'"},
        {"{\"prompt\":\"a\",\"answers\":[]}", "answers:1:1: a line must have an 'answer'"},
        {"{\"prompt\":\"a\",\"answers\":[\"b\"],\"answer\":\"b\"}",
         "answers:1:25: 'answer' and 'answers' exclude each other"},
        {"{\"prompt\":\"a\",\"answer\":true}",
         "answers:1:24: 'answer' must be a text without NUL, or"},
        {"{\"prompt\":\"a\",\"answer\":\"\\u0000\"}", "answers:1:24: 'answer' must be a text"},
        {"{\"prompt\":\"a\",\"answer\":\"b\",\"reasoning\":\"\"}",
         "answers:1:40: 'reasoning' must be a text that is not empty"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sim_answers *answers = NULL;
        struct error err = {0};
        const int result = sim_answers_open("answers", rows[i].text, &answers, &err);
        if (result != -ERROR_PARSE || strstr(err.text, rows[i].says) != err.text) {
            print_error("%s: %d %s\n", rows[i].text, result, err.text);
            fail();
        }
    }
}

static void test_open__limits_lines_and_texts(void **state)
{
    (void)state;
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    for (unsigned i = 0; i < SIM_ANSWERS_MAX; i++) {
        bytes_add_text(&text, "{\"prompt\":\"a\",\"answer\":\"b\"}\n");
    }
    struct sim_answers *answers = NULL;
    struct error err = {0};
    assert_int_equal(sim_answers_open("f", text.data, &answers, &err), 0);
    sim_answers_free(answers);
    bytes_add_text(&text, "{\"prompt\":\"a\",\"answer\":\"b\"}");
    assert_int_equal(sim_answers_open("f", text.data, &answers, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "f: more than 100000 lines");

    for (unsigned more = 0; more <= 1; more++) {
        bytes_clear(&text);
        bytes_add_text(&text, "{\"prompt\":\"a\",\"reasoning\":\"b\",\"answer\":\"");
        for (unsigned i = 1; i < SIM_ANSWER_BYTES_MAX + more; i++) {
            bytes_add_char(&text, 'x');
        }
        bytes_add_text(&text, "\"}");
        error_clear(&err);
        const int rc = sim_answers_open("f", text.data, &answers, &err);
        assert_int_equal(rc, more == 0 ? 0 : -ERROR_PARSE);
        if (rc == 0) {
            sim_answers_free(answers);
        }
    }
    assert_string_equal(err.text, "f:1:40: an answer may have 1048576 bytes");
    bytes_done(&text);
}

/* All tokens of an answer in one text. */
static const char *answer_text(const struct sim_answer *answer, uint32_t without)
{
    static char out[512];
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t k = 1; answer != NULL; k++) {
        const struct sim_piece piece = sim_answer_token(answer, without, k);
        if (piece.len == 0) {
            break;
        }
        used += (size_t)snprintf(
            out + used, sizeof(out) - used, "%s%.*s", k > 1 ? "|" : "", (int)piece.len, piece.text);
        assert_true(used < sizeof(out));
    }
    return answer != NULL ? out : "none";
}

static void test_find__takes_the_first_line_that_fits(void **state)
{
    (void)state;
    static const char file[] =
        "{\"prompt\":\"What is 7 times 8?\",\"answer\":\"56\"}\n"
        "{\"prompt\":\"What is 7 times 8?\",\"answer\":\"never\"}\n"
        "\n"
        "{\"prompt_contains\":\"Peru\",\"answers\":[\"Lima\",\"lima\"],\"id\":\"x\"}\n"
        "{\"prompt_contains\":[\"capital\",\"Chile\"],\"answer\":\"Santiago\"}\n"
        "{\"messages\":[{\"role\":\"system\",\"content\":\"You are Ada.\"},{\"role\":\"user\","
        "\"content\":\"Name?\"}],\"answer\":\"Ada\"}\n"
        "{\"prompt\":\"Name?\",\"answer\":\"nobody\"}\n"
        "{\"prompt\":\"10 / 4?\",\"answer\":2.5}\n";

    static const struct {
        const char *body;
        bool chat;
        const char *answer;
    } rows[] = {
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"What is 7 times 8?\"}]}", true, "56"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"[0123456789ab] What is 7 times 8?\"}]}",
         true, "56"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"[0123456789aX] What is 7 times 8?\"}]}",
         true, "none"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"what is 7 times 8?\"}]}", true, "none"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"Of Peru, the capital?\"}]}", true,
         "Lima"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"Chile's capital?\"}]}", true, "Santiago"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"Chile?\"}]}", true, "none"},
        /* Only the last user message counts, and all parts of it. */
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"Peru\"},{\"role\":\"assistant\",\"content\":"
         "\"Peru\"},{\"role\":\"user\",\"content\":\"Mali\"}]}",
         true, "none"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"What is 7 \"},"
         "{\"type\":\"text\",\"text\":\"times 8?\"}]}]}",
         true, "56"},
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"[0123456789ab] You are Ada.\"},{\"role\":"
         "\"user\",\"content\":\"Name?\"}]}",
         true, "Ada"},
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"You are Bob.\"},{\"role\":\"user\","
         "\"content\":\"Name?\"}]}",
         true, "nobody"},
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"Peru\"}]}", true, "none"},
        {"{\"prompt\":\"[0123456789ab] What is 7 times 8?\"}", false, "56"},
        {"{\"prompt\":\"10 / 4?\"}", false, "2.5"},
        {"{\"prompt\":[1,2]}", false, "none"},
        {"{\"messages\":7}", true, "none"},
        {"no JSON", true, "none"},
    };

    struct sim_answers *answers = NULL;
    struct error err = {0};
    assert_int_equal(sim_answers_open("answers", file, &answers, &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_answer *found =
            sim_answers_find(answers, rows[i].body, strlen(rows[i].body), rows[i].chat);
        if (strcmp(answer_text(found, 0), rows[i].answer) != 0) {
            print_error("%s: %s\n", rows[i].body, answer_text(found, 0));
            fail();
        }
    }
    sim_answers_free(answers);
    assert_null(sim_answers_find(NULL, "{}", 2, true));
}

static void test_token__cuts_words_and_escapes_them(void **state)
{
    (void)state;

    static const struct {
        const char *line; /* of the file, without prompt */
        const char *pieces;
        uint32_t n_reasoning;
    } rows[] = {
        {"\"answer\":\"\"", "", 0},
        {"\"answer\":\"The answer is 42.\"", "The| answer| is| 42.", 0},
        {"\"answer\":\"incomprehensible\\n\\nword \"", "incompre|hensible|\\n\\nword| ", 0},
        {"\"answer\":\"a\\\"b\\\\ \\u00e9\\ud83d\\ude80\"", "a\\\"b\\\\| \\u00e9\\ud83d\\ude80", 0},
        {"\"answer\":\"\\ud83d\\ude80\\ud83d\\ude80\\ud83d\\ude80\"",
         "\\ud83d\\ude80\\ud83d\\ude80|\\ud83d\\ude80", 0},
        {"\"reasoning\":\"let me see\",\"answer\":\"42 it is\"", "let| me| see|42| it| is", 3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char file[256];
        (void)snprintf(file, sizeof(file), "{\"prompt\":\"q\",%s}", rows[i].line);
        struct sim_answers *answers = NULL;
        struct error err = {0};
        assert_int_equal(sim_answers_open("answers", file, &answers, &err), 0);
        const struct sim_answer *found = sim_answers_find(answers, "{\"prompt\":\"q\"}", 14, false);
        assert_non_null(found);
        assert_string_equal(answer_text(found, 0), rows[i].pieces);
        assert_int_equal(found->n_reasoning, rows[i].n_reasoning);
        sim_answers_free(answers);
    }
}

static const char answers_file[] =
    "{\"prompt\":\"q\",\"answer\":\"It is \\\"4\\\" of 5.\"}\n"
    "{\"prompt\":\"think\",\"reasoning\":\"hmm so\",\"answer\":\"yes\"}\n"
    "{\"prompt\":\"silence\",\"answer\":\"\"}\n";

/* What stands between quotes behind every `key` of the answer, joined. */
static void joined(const struct client *client, const char *key, char out[256])
{
    size_t used = 0;
    for (const char *at = strstr(client_text(client), key); at != NULL; at = strstr(at, key)) {
        at += strlen(key);
        for (; *at != '"'; at++) {
            assert_true(used + 3 < 256);
            if (*at == '\\') {
                out[used++] = *at++;
            }
            out[used++] = *at;
        }
    }
    out[used] = '\0';
}

static void test_answer__goes_out_in_pieces_or_whole(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        enum sim_style style;
        const char *path;
        const char *body;
        const char *content;
        const char *reasoning;
        const char *finish;
        const char *tokens; /* of usage */
        size_t n_writes;    /* with tokens */
    } rows[] = {
        {"stream", SIM_STYLE_VLLM, "/v1/chat/completions",
         "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":"
         "\"user\",\"content\":\"q\"}]}",
         "It is \\\"4\\\" of 5.", "", "\"finish_reason\":\"stop\"", "\"completion_tokens\":5", 5},
        {"stream, llama.cpp", SIM_STYLE_LLAMACPP, "/v1/chat/completions",
         "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":"
         "\"user\",\"content\":\"q\"}]}",
         "It is \\\"4\\\" of 5.", "", "\"finish_reason\":\"stop\"", "\"completion_tokens\":5", 5},
        {"cut", SIM_STYLE_VLLM, "/v1/chat/completions",
         "{\"stream\":true,\"max_tokens\":2,\"stream_options\":{\"include_usage\":true},"
         "\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}",
         "It is", "", "\"finish_reason\":\"length\"", "\"completion_tokens\":2", 2},
        {"whole", SIM_STYLE_VLLM, "/v1/chat/completions",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}", "It is \\\"4\\\" of 5.", "",
         "\"finish_reason\":\"stop\"", "\"completion_tokens\":5", 1},
        {"reasoning", SIM_STYLE_VLLM, "/v1/chat/completions",
         "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"messages\":[{\"role\":"
         "\"user\",\"content\":\"think\"}]}",
         "yes", "hmm so", "\"finish_reason\":\"stop\"", "\"completion_tokens\":3", 3},
        {"reasoning, whole", SIM_STYLE_VLLM, "/v1/chat/completions",
         "{\"messages\":[{\"role\":\"user\",\"content\":\"think\"}]}", "yes", "hmm so",
         "\"finish_reason\":\"stop\"", "\"completion_tokens\":3", 1},
        {"silence", SIM_STYLE_VLLM, "/v1/chat/completions",
         "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"silence\"}]}", "", "",
         "\"finish_reason\":\"stop\"", "", 0},
        {"a completion has no reasoning", SIM_STYLE_VLLM, "/v1/completions",
         "{\"prompt\":\"think\"}", "", "", "\"text\":\"yes\"", "\"completion_tokens\":1", 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sim_options options = {
            .style = rows[i].style,
            .ttft_ns = NS_PER_MS,
            .itl_ns = NS_PER_MS,
            .tokens = 99,
            .answers = answers_file};
        struct drive drive;
        drive_open(&drive, &options, NULL);
        static struct client client;
        drive_connect(&drive, &client);
        drive_ask(&drive, &client, rows[i].path, rows[i].body);
        drive_until(&drive, NS_PER_S);
        char content[256];
        char reasoning[256];
        char times[256];
        joined(&client, "\"content\":\"", content);
        joined(&client, "\"reasoning_content\":\"", reasoning);
        client_tokens(&client, times, sizeof(times));
        if (strcmp(content, rows[i].content) != 0 || strcmp(reasoning, rows[i].reasoning) != 0 ||
            !client_has(&client, rows[i].finish) || !client_has(&client, rows[i].tokens) ||
            count_of(times, "@") != rows[i].n_writes) {
            print_error(
                "%s: content '%s', reasoning '%s', %s\n%s\n", rows[i].what, content, reasoning,
                times, client_text(&client));
            fail();
        }
        client_done(&client);
        drive_done(&drive);
    }
}

/* A prompt that the file does not know, and an answer that has to be longer than it is. */
static void test_answer__words_fill_what_the_file_does_not_say(void **state)
{
    (void)state;
    const struct sim_options options = {
        .ttft_ns = NS_PER_MS, .itl_ns = NS_PER_MS, .tokens = 7, .answers = answers_file};
    struct drive drive;
    drive_open(&drive, &options, NULL);
    static struct client client;
    drive_connect(&drive, &client);
    drive_ask(
        &drive, &client, "/v1/chat/completions",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"other\"}]}");
    drive_until(&drive, NS_PER_S);
    assert_true(client_has(&client, "\"completion_tokens\":7"));
    client_done(&client);
    drive_connect(&drive, &client);
    drive_ask(
        &drive, &client, "/v1/chat/completions",
        "{\"ignore_eos\":true,\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}");
    drive_until(&drive, 2 * NS_PER_S);
    assert_true(client_has(&client, "\"completion_tokens\":9"));
    char content[256];
    joined(&client, "\"content\":\"", content);
    static const char answer[] = "It is \\\"4\\\" of 5.";
    assert_int_equal(strncmp(content, answer, strlen(answer)), 0);
    assert_true(strlen(content) > strlen(answer));
    client_done(&client);
    drive_done(&drive);
}

static void test_open__the_engine_refuses_a_bad_file(void **state)
{
    (void)state;
    const struct sim_options options = {.answers = "{}"};
    struct sim *sim = NULL;
    struct error err = {0};
    assert_int_equal(sim_open(&options, NULL, &sim, &err), -ERROR_PARSE);
    assert_non_null(strstr(err.text, "answers:1:1: a line must be an object"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__refuses_what_it_does_not_know),
        cmocka_unit_test(test_open__limits_lines_and_texts),
        cmocka_unit_test(test_find__takes_the_first_line_that_fits),
        cmocka_unit_test(test_token__cuts_words_and_escapes_them),
        cmocka_unit_test(test_answer__goes_out_in_pieces_or_whole),
        cmocka_unit_test(test_answer__words_fill_what_the_file_does_not_say),
        cmocka_unit_test(test_open__the_engine_refuses_a_bad_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
