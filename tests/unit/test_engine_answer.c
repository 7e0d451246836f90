#include "base/text.h"
#include "engine/engine.h"
#include "support/test.h"

#include <string.h>

#define D(delta) "{\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]}"

/* What is read in one event.  Texts are joined by '|'; -1 and "" where not told. */
struct row {
    const char *what;
    const char *data;
    unsigned bits;
    const char *texts;
    const char *finish;
    int32_t so_far;
    int32_t prompt;
    int32_t completion;
    int32_t cached;
    int32_t reasoning;
};

#define UNTOLD -1, -1, -1, -1, -1

static const struct row rows[] = {
    {"content", D("{\"content\":\"Hi\"}"), ANSWER_CONTENT, "Hi", "", UNTOLD},
    {"role with content null", D("{\"role\":\"assistant\",\"content\":null}"), ANSWER_ROLE, "", "",
     UNTOLD},
    {"role with content ''", D("{\"role\":\"assistant\",\"content\":\"\"}"), ANSWER_ROLE, "", "",
     UNTOLD},
    {"role together with content (TGI)", D("{\"role\":\"assistant\",\"content\":\" a\"}"),
     ANSWER_CONTENT, " a", "", UNTOLD},
    {"empty delta", D("{}"), ANSWER_ROLE, "", "", UNTOLD},
    {"delta null", D("null"), ANSWER_ROLE, "", "", UNTOLD},
    {"a blank is text", D("{\"content\":\" \"}"), ANSWER_CONTENT, " ", "", UNTOLD},
    {"escapes stay raw", D("{\"content\":\"a\\n\\u00e9\"}"), ANSWER_CONTENT, "a\\n\\u00e9", "",
     UNTOLD},
    {"reasoning_content", D("{\"reasoning_content\":\"hm\",\"content\":null}"), ANSWER_REASONING,
     "hm", "", UNTOLD},
    {"reasoning", D("{\"reasoning\":\"hm\"}"), ANSWER_REASONING, "hm", "", UNTOLD},
    {"the same reasoning under both names counts once",
     D("{\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"}"), ANSWER_REASONING, "hm", "", UNTOLD},
    {"an empty name does not hide the other",
     D("{\"reasoning_content\":\"\",\"reasoning\":\"hm\"}"), ANSWER_REASONING, "hm", "", UNTOLD},
    {"reasoning and content in one delta", D("{\"content\":\"x\",\"reasoning\":\"hm\"}"),
     ANSWER_REASONING | ANSWER_CONTENT, "x|hm", "", UNTOLD},
    {"refusal", D("{\"refusal\":\"No.\"}"), ANSWER_CONTENT, "No.", "", UNTOLD},
    {"tool call begins",
     D("{\"tool_calls\":[{\"index\":0,\"id\":\"c1\",\"type\":\"function\",\"function\":"
       "{\"name\":\"f\",\"arguments\":\"\"}}]}"),
     ANSWER_TOOL, "f", "", UNTOLD},
    {"tool call goes on",
     D("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\"}}]}"), ANSWER_TOOL,
     "{\\\"a", "", UNTOLD},
    {"two tool calls",
     D("{\"tool_calls\":[{\"function\":{\"name\":\"f\"}},{\"function\":{\"name\":\"g\"}}]}"),
     ANSWER_TOOL, "f|g", "", UNTOLD},
    {"tool call without text", D("{\"tool_calls\":[{\"index\":0,\"function\":null}]}"), ANSWER_ROLE,
     "", "", UNTOLD},
    {"tool_calls null", D("{\"content\":\"x\",\"tool_calls\":null}"), ANSWER_CONTENT, "x", "",
     UNTOLD},
    {"the older function_call", D("{\"function_call\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
     ANSWER_TOOL, "f|{}", "", UNTOLD},
    {"completion", "{\"choices\":[{\"text\":\"x\",\"index\":0,\"finish_reason\":null}]}",
     ANSWER_CONTENT, "x", "", UNTOLD},
    {"empty completion", "{\"choices\":[{\"text\":\"\",\"finish_reason\":null}]}", ANSWER_ROLE, "",
     "", UNTOLD},
    {"finish with an empty delta", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}",
     ANSWER_FINISH, "", "length", UNTOLD},
    {"finish with the last text (vLLM)",
     "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}",
     ANSWER_CONTENT | ANSWER_FINISH, "x", "stop", UNTOLD},
    {"a long finish reason is cut",
     "{\"choices\":[{\"delta\":{},\"finish_reason\":\"0123456789abcdefghi\"}]}", ANSWER_FINISH, "",
     "0123456789abcde", UNTOLD},
    {"a finish reason that is no string is none",
     "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":3}]}", ANSWER_CONTENT, "x", "",
     UNTOLD},
    {"two choices in one event",
     "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}},{\"index\":0,\"delta\":{"
     "\"content\":\"a\"}}]}",
     ANSWER_CONTENT, "b|a", "", UNTOLD},
    {"usage without choices",
     "{\"choices\":[],\"usage\":{\"prompt_tokens\":24,\"completion_tokens\":48,\"total_tokens\":"
     "72}}",
     ANSWER_USAGE, "", "", -1, 24, 48, -1, -1},
    {"usage with details",
     "{\"choices\":[],\"usage\":{\"completion_tokens\":48,\"prompt_tokens\":24,"
     "\"prompt_tokens_details\":{\"cached_tokens\":23,\"audio_tokens\":0},"
     "\"completion_tokens_details\":{\"reasoning_tokens\":7}}}",
     ANSWER_USAGE, "", "", -1, 24, 48, 23, 7},
    {"usage with reasoning_tokens of its own (SGLang)",
     "{\"choices\":[],\"usage\":{\"completion_tokens\":4,\"prompt_tokens\":2,"
     "\"reasoning_tokens\":3,\"prompt_tokens_details\":null}}",
     ANSWER_USAGE, "", "", -1, 2, 4, -1, 3},
    {"usage null", "{\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null}", ANSWER_CONTENT,
     "x", "", UNTOLD},
    {"running usage",
     "{\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":34,"
     "\"completion_tokens\":3,\"completion_tokens_details\":null}}",
     ANSWER_CONTENT | ANSWER_USAGE, "x", "", 3, 34, 3, -1, -1},
    {"running usage before the first token",
     "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":{"
     "\"prompt_tokens\":34,\"completion_tokens\":0}}",
     ANSWER_ROLE | ANSWER_USAGE, "", "", 0, 34, 0, -1, -1},
    {"usage in the finish event",
     "{\"usage\":{\"completion_tokens\":16,\"prompt_tokens\":4},\"choices\":[{\"text\":\"\","
     "\"finish_reason\":\"length\"}]}",
     ANSWER_FINISH | ANSWER_USAGE, "", "length", 16, 4, 16, -1, -1},
    {"timings alone",
     "{\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"timings\":{\"cache_n\":23,\"prompt_n\":1,"
     "\"prompt_ms\":9.262,\"predicted_n\":2,\"predicted_ms\":9.314}}",
     ANSWER_CONTENT | ANSWER_USAGE, "x", "", 2, 24, 2, 23, -1},
    {"timings without the cache's share",
     "{\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"timings\":{\"prompt_n\":24,\"predicted_n\":"
     "2}}",
     ANSWER_CONTENT | ANSWER_USAGE, "x", "", 2, 24, 2, -1, -1},
    {"usage goes before timings, whatever their order",
     "{\"timings\":{\"cache_n\":1,\"prompt_n\":2,\"predicted_n\":3},\"choices\":[],\"usage\":{"
     "\"prompt_tokens\":30,\"completion_tokens\":40,\"prompt_tokens_details\":{\"cached_tokens\":"
     "20}}}",
     ANSWER_USAGE, "", "", -1, 30, 40, 20, -1},
    {"timings whose sum does not fit",
     "{\"choices\":[],\"timings\":{\"cache_n\":2147483647,\"prompt_n\":2147483647}}",
     ANSWER_NOTHING, "", "", -1, -1, -1, 2147483647, -1},
    {"counts that are none",
     "{\"choices\":[],\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":\"48\","
     "\"prompt_tokens_details\":{\"cached_tokens\":1.5}}}",
     ANSWER_NOTHING, "", "", UNTOLD},
    {"a count that does not fit", "{\"choices\":[],\"usage\":{\"completion_tokens\":2147483648}}",
     ANSWER_NOTHING, "", "", UNTOLD},
    {"usage that is no object", "{\"choices\":[],\"usage\":7,\"timings\":[{}]}", ANSWER_NOTHING, "",
     "", UNTOLD},
    {"data: null", "null", ANSWER_NOTHING, "", "", UNTOLD},
    {"done", "[DONE]", ANSWER_DONE, "", "", UNTOLD},
    {"done with blanks around it", "  [DONE] \r\n", ANSWER_DONE, "", "", UNTOLD},
    {"no meaning here", "{\"object\":\"ping\",\"choices\":[]}", ANSWER_NOTHING, "", "", UNTOLD},
    {"choices null", "{\"choices\":null}", ANSWER_NOTHING, "", "", UNTOLD},
    {"an empty object", "{}", ANSWER_NOTHING, "", "", UNTOLD},
    {"prompt progress is no role",
     "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}],\"prompt_progress\":{"
     "\"total\":24,\"processed\":0}}",
     ANSWER_NOTHING, "", "", UNTOLD},
    {"prompt_progress null is none",
     "{\"choices\":[{\"delta\":{\"content\":null}}],\"prompt_progress\":null}", ANSWER_ROLE, "", "",
     UNTOLD},
    {"unknown members are skipped",
     "{\"x\":{\"choices\":[{\"delta\":{\"content\":\"no\"}}]},\"choices\":[{\"logprobs\":{"
     "\"content\":[{\"token\":\"t\",\"bytes\":[1,2]}]},\"delta\":{\"audio\":[[{}]],\"content\":"
     "\"yes\"}}],\"y\":[1,true,false,null,\"\"]}",
     ANSWER_CONTENT, "yes", "", UNTOLD},
    {"keys with escapes",
     "{\"\\u0063hoices\":[{\"d\\u0065lta\":{\"conten\\u0074\":\"x\"},\"finish\\u005freason\":"
     "\"stop\"}]}",
     ANSWER_CONTENT | ANSWER_FINISH, "x", "stop", UNTOLD},
    {"a key that only looks alike", "{\"choices\":[{\"delta\":{\"content\\u0000\":\"x\"}}]}",
     ANSWER_ROLE, "", "", UNTOLD},
    {"error null is none", "{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"x\"}}]}",
     ANSWER_CONTENT, "x", "", UNTOLD},
};

static void check_texts(const struct row *row, const struct answer_event *event)
{
    char joined[256] = "";
    size_t at = 0;
    for (unsigned i = 0; i < event->n_texts; i++) {
        const struct answer_text *text = &event->texts[i];
        assert_true(at + text->len + 2 < sizeof(joined));
        if (i > 0) {
            joined[at++] = '|';
        }
        memcpy(joined + at, text->raw, text->len);
        at += text->len;
        assert_int_equal(text->escaped, memchr(text->raw, '\\', text->len) != NULL);
    }
    joined[at] = '\0';
    assert_string_equal(joined, row->texts);
}

static void test_read_event__rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        /* Alone in memory, so that a sanitizer sees a read past the end. */
        const size_t len = strlen(row->data);
        char *data = malloc(len);
        assert_non_null(data);
        memcpy(data, row->data, len);
        struct answer_event event;
        memset(&event, 0x5a, sizeof(event));
        const bool ok = engine_table[0]->read_event(data, len, &event);
        const bool same =
            ok && event.what == row->bits && event.tokens_so_far == row->so_far &&
            event.prompt_tokens == row->prompt && event.completion_tokens == row->completion &&
            event.cached_tokens == row->cached && event.reasoning_tokens == row->reasoning &&
            text_equal(event.finish, row->finish);
        if (!same) {
            print_error(
                "%s: ok %d, bits %x, finish '%s', counts %d %d %d %d %d\n", row->what, ok,
                event.what, event.finish, event.tokens_so_far, event.prompt_tokens,
                event.completion_tokens, event.cached_tokens, event.reasoning_tokens);
        }
        assert_true(same);
        check_texts(row, &event);
        free(data);
    }
}

static void test_read_event__tells_what_the_provider_takes(void **state)
{
    (void)state;
    const double none = (double)NAN;

    const struct {
        const char *what;
        const char *usage;
        double usd;
    } costs[] = {
        {"none", "{\"completion_tokens\":2}", none},
        {"OpenRouter",
         "{\"completion_tokens\":2,\"cost\":0.00014325,\"is_byok\":false,"
         "\"cost_details\":{\"upstream_inference_cost\":0.00014325,"
         "\"upstream_inference_prompt_cost\":0.0001}}",
         0.00014325},
        {"upstream untold", "{\"cost\":0.5,\"cost_details\":{\"upstream_inference_cost\":null}}",
         0.5},
        {"a key of one's own: fee and the upstream bill",
         "{\"cost_details\":{\"upstream_inference_cost\":0.25},\"is_byok\":true,\"cost\":0.0125}",
         0.2625},
        {"a key of one's own, without the upstream bill", "{\"cost\":0.0125,\"is_byok\":true}",
         none},
        {"with an exponent", "{\"cost\":1.5e-7}", 1.5e-7},
        {"nothing taken", "{\"cost\":0}", 0.0},
        {"null", "{\"cost\":null}", none},
        {"a text", "{\"cost\":\"0.5\"}", none},
        {"an object", "{\"cost\":{\"total_cost\":1}}", none},
        {"below zero", "{\"cost\":-0.5}", none},
        {"in another unit", "{\"cost\":1e7}", none},
        {"longer than any amount",
         "{\"cost\":0.00000000000000000000000000000000000000000000000000000000000000001}", none},
        {"details that are none", "{\"cost\":1,\"cost_details\":[1],\"is_byok\":0}", 1.0},
    };

    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        char data[512];
        const int len =
            snprintf(data, sizeof(data), "{\"choices\":[],\"usage\":%s}", costs[i].usage);
        struct answer_event event;
        if (!engine_table[0]->read_event(data, (size_t)len, &event)) {
            print_error("%s: %s\n", costs[i].what, event.error);
            fail();
        }
        const double usd = costs[i].usd;
        if (isnan(usd) ? !isnan(event.cost_usd) : !(fabs(event.cost_usd - usd) <= 0.0)) {
            print_error("%s: %.17g\n", costs[i].what, event.cost_usd);
            fail();
        }
    }
}

static void test_read_event__model_is_borrowed(void **state)
{
    (void)state;
    static const char data[] = "{\"model\":\"m1\",\"choices\":[]}";
    struct answer_event event;
    assert_true(engine_table[0]->read_event(data, sizeof(data) - 1, &event));
    assert_ptr_equal(event.model, strstr(data, "m1"));
    assert_int_equal(event.model_len, 2);
    assert_true(engine_table[0]->read_event("{\"model\":7}", 11, &event));
    assert_null(event.model);
}

static void test_read_event__errors_inside_a_stream(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *data;
        const char *message;
    } errors[] = {
        {"OpenAI, vLLM", "{\"error\":{\"message\":\"Out of \\\"memory\\\"\",\"code\":500}}",
         "Out of \\\"memory\\\""},
        {"TGI", "{\"error\":\"Request failed\",\"error_type\":\"generation\"}", "Request failed"},
        {"older vLLM, SGLang",
         "{\"object\":\"error\",\"message\":\"aborted\",\"type\":\"x\",\"code\":400}", "aborted"},
        {"the same, message first", "{\"message\":\"aborted\",\"object\":\"error\"}", "aborted"},
        {"without a message", "{\"error\":{\"code\":500}}", ""},
        {"neither text nor object", "{\"error\":true}", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct answer_event event;
        const bool ok = engine_table[0]->read_event(errors[i].data, strlen(errors[i].data), &event);
        if (!ok || event.what != ANSWER_ERROR || event.error_len != strlen(errors[i].message) ||
            memcmp(event.error, errors[i].message, event.error_len) != 0) {
            print_error("%s: ok %d, bits %x\n", errors[i].what, ok, event.what);
            fail();
        }
        assert_true(engine_table[0]->read_body(errors[i].data, strlen(errors[i].data), &event));
        assert_int_equal(event.what, ANSWER_ERROR);
    }
}

static void test_read_event__refuses(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *data;
        const char *error; /* part of it */
    } faults[] = {
        {"nothing", "", "value is expected"},
        {"cut", "{\"choices\":[{\"delta\":{\"content\":\"x", ""},
        {"cut behind a key", "{\"choices\":", "value is expected"},
        {"no JSON", "hello", "value is expected"},
        {"more behind it", "{} {}", "goes on"},
        {"more behind null", "null null", "goes on"},
        {"an array", "[]", "not a JSON object"},
        {"a string", "\"x\"", "not a JSON object"},
        {"a number", "7", "not a JSON object"},
        {"choices an object", "{\"choices\":{}}", "choices is not an array"},
        {"a choice that is a number", "{\"choices\":[7]}", "choices is not an array"},
        {"choices cut", "{\"choices\":[", ""},
        {"delta a string", D("\"x\""), "delta is not an object"},
        {"content a number", D("{\"content\":7}"), "not a string"},
        {"content parts", D("{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}"), "not a string"},
        {"text an object", "{\"choices\":[{\"text\":{}}]}", "not a string"},
        {"reasoning an array", D("{\"reasoning\":[]}"), "not a string"},
        {"tool_calls an object", D("{\"tool_calls\":{}}"), "tool_calls is not an array"},
        {"function a string", D("{\"tool_calls\":[{\"function\":\"f\"}]}"), "not an object"},
        {"arguments an object", D("{\"function_call\":{\"arguments\":{}}}"), "not a string"},
        {"a raw line break in a string", D("{\"content\":\"a\nb\"}"), ""},
        {"a lone surrogate", D("{\"content\":\"\\ud800\"}"), ""},
        {"malformed in what is skipped", "{\"x\":[1,}", ""},
        {"malformed in usage", "{\"usage\":{\"prompt_tokens\":01}}", ""},
        {"malformed in an error", "{\"error\":{\"message\":}}", ""},
        {"done in other words", "[DONE", ""},
        {"done in lower case", "[done]", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct answer_event event;
        const size_t len = strlen(faults[i].data);
        const bool ok = engine_table[0]->read_event(faults[i].data, len, &event);
        if (ok || event.error == NULL || event.error_len != strlen(event.error) ||
            event.error_len == 0 || strstr(event.error, faults[i].error) == NULL) {
            print_error("%s: ok %d, %s\n", faults[i].what, ok, ok ? "" : event.error);
            fail();
        }
        assert_false(engine_table[0]->read_body(faults[i].data, len, &event));
    }
}

/* A whole answer of `n` tool calls. */
static size_t write_tool_calls(char *out, size_t size, unsigned n)
{
    size_t at = 0;
    at += (size_t)snprintf(out, size, "{\"choices\":[{\"message\":{\"tool_calls\":[");
    for (unsigned i = 0; i < n; i++) {
        at += (size_t)snprintf(
            out + at, size - at, "%s{\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}",
            i == 0 ? "" : ",");
    }
    at += (size_t)snprintf(out + at, size - at, "]}}]}");
    assert_true(at < size);
    return at;
}

static void test_read_body__limits_the_pieces_of_text(void **state)
{
    (void)state;
    char data[4096];
    struct answer_event event;
    size_t len = write_tool_calls(data, sizeof(data), ANSWER_TEXTS_MAX / 2);
    assert_true(engine_table[0]->read_body(data, len, &event));
    assert_int_equal(event.n_texts, ANSWER_TEXTS_MAX);
    len = write_tool_calls(data, sizeof(data), ANSWER_TEXTS_MAX / 2 + 1);
    assert_false(engine_table[0]->read_body(data, len, &event));
    assert_string_equal(event.error, "the answer has too many pieces of text");
}

static void test_read_body__reads_a_whole_answer(void **state)
{
    (void)state;
    static const char data[] =
        "{\"id\":\"x\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
        "\"assistant\",\"reasoning\":\"hm\",\"content\":\"yes\",\"tool_calls\":[]},"
        "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9,"
        "\"completion_tokens_details\":{\"reasoning_tokens\":5}}}";
    struct answer_event event;
    assert_true(engine_table[0]->read_body(data, sizeof(data) - 1, &event));
    assert_int_equal(event.what, ANSWER_CONTENT | ANSWER_REASONING | ANSWER_FINISH | ANSWER_USAGE);
    assert_int_equal(event.n_texts, 2);
    assert_int_equal(event.completion_tokens, 9);
    assert_int_equal(event.reasoning_tokens, 5);
    assert_string_equal(event.finish, "stop");
}

static void test_read_body__needs_choices(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{}", "null", "[DONE]", "{\"choices\":[]}", "{\"status\":\"ok\"}", "{\"usage\":{}}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct answer_event event;
        assert_false(engine_table[0]->read_body(bodies[i], strlen(bodies[i]), &event));
        assert_non_null(event.error);
    }
}

/* Whatever is cut off, the rest is refused: no prefix of an event is an event. */
static void test_read_event__no_prefix_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t len = strlen(rows[i].data);
        if (rows[i].data[0] != '{') {
            continue;
        }
        for (size_t n = 0; n < len; n++) {
            struct answer_event event;
            assert_false(engine_table[0]->read_event(rows[i].data, n, &event));
        }
    }
}

static void test_engine_error_text__rows(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *body;
        const char *text;
    } bodies[] = {
        {"OpenAI", "{\"error\":{\"code\":404,\"message\":\"no \\\"m\\\"\\nhere\"}}",
         "no \"m\" here"},
        {"TGI", "{\"error\":\"Input is empty\",\"error_type\":\"validation\"}", "Input is empty"},
        {"older vLLM", "{\"object\":\"error\",\"message\":\"too long\",\"code\":400}", "too long"},
        {"FastAPI, text", "{\"detail\":\"Not Found\"}", "Not Found"},
        {"FastAPI, list",
         "{\"detail\":[3,{\"loc\":[\"body\",0],\"msg\":\"field required\"},{\"msg\":\"second\"}]}",
         "field required"},
        {"message of a body that is cut", "{\"error\":{\"message\":\"half\",\"typ", "half"},
        {"cut inside the message", "{\"error\":{\"message\":\"hal",
         "{\"error\":{\"message\":\"hal"},
        {"unknown shape", "{\"status\":\"bad\"}", "{\"status\":\"bad\"}"},
        {"an empty message", "{\"error\":{\"message\":\"\"}}", "{\"error\":{\"message\":\"\"}}"},
        {"a list that is malformed", "{\"detail\":[}", "{\"detail\":[}"},
        {"HTML", "<h1>502</h1>\r\n", "<h1>502</h1>  "},
        {"nothing", "", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        char out[128];
        engine_error_text(bodies[i].body, strlen(bodies[i].body), out, sizeof(out));
        if (!text_equal(out, bodies[i].text)) {
            print_error("%s: '%s'\n", bodies[i].what, out);
        }
        assert_string_equal(out, bodies[i].text);
    }
}

static bool is_cut_well(const char *body, const char *whole, size_t size)
{
    char *out = malloc(size);
    assert_non_null(out);
    engine_error_text(body, strlen(body), out, size);
    const size_t n = strnlen(out, size);
    const bool good = n < size && text_is_utf8(out, n) && strncmp(out, whole, n) == 0;
    free(out);
    return good;
}

/* For every room: NUL-terminated inside it, whole characters, and a prefix of the whole text. */
static void test_engine_error_text__is_cut_at_whole_characters(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *body;
    } bodies[] = {
        {"escapes", "{\"error\":{\"message\":\"a\\u00e9\\ud83d\\ude80\\\"b\\u20acc\"}}"},
        {"raw UTF-8", "{\"error\":\"a\xc3\xa9\xf0\x9f\x9a\x80 b\xe2\x82\xac\"}"},
        {"unknown shape", "a\xc3\xa9\xf0\x9f\x9a\x80 b\xe2\x82\xac"},
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        const size_t len = strlen(bodies[i].body);
        char whole[128];
        engine_error_text(bodies[i].body, len, whole, sizeof(whole));
        assert_true(text_is_utf8(whole, strlen(whole)));
        for (size_t size = 1; size <= len + 1; size++) {
            if (!is_cut_well(bodies[i].body, whole, size)) {
                print_error("%s in %zu\n", bodies[i].what, size);
                fail();
            }
        }
    }
    char untouched = 'x';
    engine_error_text("{}", 2, &untouched, 0);
    assert_int_equal(untouched, 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_event__rows),
        cmocka_unit_test(test_read_event__tells_what_the_provider_takes),
        cmocka_unit_test(test_read_event__model_is_borrowed),
        cmocka_unit_test(test_read_event__errors_inside_a_stream),
        cmocka_unit_test(test_read_event__refuses),
        cmocka_unit_test(test_read_event__no_prefix_is_taken),
        cmocka_unit_test(test_read_body__limits_the_pieces_of_text),
        cmocka_unit_test(test_read_body__reads_a_whole_answer),
        cmocka_unit_test(test_read_body__needs_choices),
        cmocka_unit_test(test_engine_error_text__rows),
        cmocka_unit_test(test_engine_error_text__is_cut_at_whole_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
