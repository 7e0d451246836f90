/* The numbered facts of REAL-ENGINES.md that concern asking, reading and probing, one test each or
 * more, on the recorded bytes.  Facts about connections, time and death (1, 7, 8) are tested where
 * connections are. */
#include "base/text.h"
#include "engine/engine.h"
#include "support/recording.h"

#define TEXTS (ANSWER_CONTENT | ANSWER_REASONING | ANSWER_TOOL)

/* A recorded stream, event by event. */
struct stream {
    struct recording recording;
    struct answer_event *events;
    size_t n;
};

static void stream_done(struct stream *self)
{
    free(self->events);
    recording_done(&self->recording);
}

static void stream_read(const char *name, struct stream *out)
{
    recording_read(name, &out->recording);
    assert_int_equal(out->recording.status, 200);
    assert_true(out->recording.event_stream);
    out->n = out->recording.n_events;
    out->events = mem_alloc(out->n, sizeof(*out->events));
    for (size_t i = 0; i < out->n; i++) {
        const char *data = out->recording.events[i];
        assert_true(engine_table[0]->read_event(data, strlen(data), &out->events[i]));
    }
}

static size_t count(const struct stream *self, unsigned bits)
{
    size_t n = 0;
    for (size_t i = 0; i < self->n; i++) {
        n += (self->events[i].what & bits) != 0;
    }
    return n;
}

/* The last count that a stream told. */
static int32_t last_count(const struct stream *self)
{
    int32_t last = -1;
    for (size_t i = 0; i < self->n; i++) {
        if ((self->events[i].what & ANSWER_USAGE) != 0) {
            last = self->events[i].completion_tokens;
        }
    }
    return last;
}

/* The finish reason of a stream. */
static const char *finish_of(const struct stream *self)
{
    const char *finish = "";
    for (size_t i = 0; i < self->n; i++) {
        if ((self->events[i].what & ANSWER_FINISH) != 0) {
            finish = self->events[i].finish;
        }
    }
    return finish;
}

static char *render(const char *engine, const struct request_shape *shape)
{
    const struct engine_target target = {
        .endpoint = {.authority = "127.0.0.1:1", .path = "/v1"}, .model = "m"};
    const struct message message = {"user", "hi"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    const struct engine_ops *row = engine_find(engine);
    struct rendered out;
    struct error err = {0};
    assert_int_equal(row->render_request(row, &target, shape, &prompt, &out, &err), 0);
    return out.bytes;
}

static void test_real_engines_1__requests_are_http_1_1_and_do_not_ask_to_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_table_len; i++) {
        const struct request_shape shape = {.chat = true, .stream = true, .max_tokens = 4};
        char *bytes = render(engine_table[i]->name, &shape);
        assert_non_null(strstr(bytes, " HTTP/1.1\r\n"));
        assert_null(strstr(bytes, "\r\nConnection:"));
        free(bytes);
    }
}

static void test_real_engines_2__emoji_take_more_tokens_than_events(void **state)
{
    (void)state;
    static const char *const llamacpp[] = {
        "llama-server/chat_stream_emoji_utf8.response",
        "xllamacpp-2026.10.11549/chat_stream_emoji_utf8.response"};
    for (size_t i = 0; i < ARRAY_LEN(llamacpp); i++) {
        CLEANUP(stream_done) struct stream stream;
        stream_read(llamacpp[i], &stream);
        assert_int_equal(count(&stream, TEXTS), 16);
        assert_int_equal(last_count(&stream), 48);
        /* No role chunk at all: the first event is text. */
        assert_int_equal(count(&stream, ANSWER_ROLE), 0);
        assert_int_equal(stream.events[0].what, ANSWER_CONTENT);
    }
}

static void test_real_engines_2__partial_characters_are_empty_events_of_vllm(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream stream;
    stream_read("vllm-0.32.0-cpu/chat_stream_emoji_utf8.response", &stream);
    assert_int_equal(count(&stream, TEXTS), 16);
    assert_int_equal(count(&stream, ANSWER_ROLE), 33); /* the role and 32 partial characters */
    assert_int_equal(last_count(&stream), 48);
}

static void test_real_engines_2__fewer_events_than_tokens_in_plain_text(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream stream;
    stream_read("vllm-0.32.0-cpu/chat_stream_usage_ignore_eos.response", &stream);
    assert_int_equal(last_count(&stream), 64);
    assert_true(count(&stream, TEXTS) < 64);
}

/* Each event's own tokens are the difference to the count before; together they are the total. */
static void check_counts_per_event(const char *name, int32_t total)
{
    CLEANUP(stream_done) struct stream stream;
    stream_read(name, &stream);
    int32_t seen = 0;
    for (size_t i = 0; i < stream.n; i++) {
        const struct answer_event *event = &stream.events[i];
        if ((event->what & TEXTS) != 0) {
            assert_int_equal(event->tokens_so_far, seen + 1);
            seen = event->tokens_so_far;
        }
        if ((event->what & ANSWER_ROLE) != 0) {
            assert_true(event->tokens_so_far <= 0);
        }
    }
    assert_int_equal(seen, total);
    assert_int_equal(last_count(&stream), total);
}

static void test_real_engines_2__counts_of_every_event(void **state)
{
    (void)state;
    check_counts_per_event("vllm-0.32.0-cpu/chat_stream_continuous_usage.response", 5);
    check_counts_per_event("llama-server/chat_stream_timings_per_token.response", 4);
    check_counts_per_event("xllamacpp-2026.10.11549/chat_stream_timings_per_token.response", 4);
}

static void test_real_engines_2__counts_of_every_event_are_asked_for(void **state)
{
    (void)state;
    const struct request_shape shape = {.chat = true, .stream = true, .max_tokens = 4};
    char *vllm = render("vllm", &shape);
    char *llamacpp = render("llamacpp", &shape);
    char *hosted = render("openai", &shape);
    assert_non_null(strstr(vllm, "\"continuous_usage_stats\":true"));
    assert_null(strstr(vllm, "timings_per_token"));
    assert_non_null(strstr(llamacpp, "\"timings_per_token\":true"));
    assert_null(strstr(llamacpp, "continuous_usage_stats"));
    assert_null(strstr(hosted, "timings_per_token"));
    assert_null(strstr(hosted, "continuous_usage_stats"));
    free(vllm);
    free(llamacpp);
    free(hosted);
}

static void test_real_engines_3__the_first_chunk_is_not_a_token(void **state)
{
    (void)state;
    static const char *const names[] = {
        "llama-server/chat_stream_usage.response", "vllm-0.32.0-cpu/chat_stream_usage.response",
        "xllamacpp-2026.10.11549/chat_stream_usage.response",
        "vllm-0.32.0-cpu/chat_stream_continuous_usage.response"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(stream_done) struct stream stream;
        stream_read(names[i], &stream);
        assert_int_equal(stream.events[0].what & (ANSWER_ROLE | TEXTS), ANSWER_ROLE);
        assert_int_equal(stream.events[0].n_texts, 0);
        assert_int_equal(stream.events[1].what & TEXTS, ANSWER_CONTENT);
    }
}

static void test_real_engines_4__chat_usage_is_an_event_without_choices(void **state)
{
    (void)state;
    static const char *const names[] = {
        "llama-server/chat_stream_usage.response", "vllm-0.32.0-cpu/chat_stream_usage.response"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(stream_done) struct stream stream;
        stream_read(names[i], &stream);
        const struct answer_event *usage = &stream.events[stream.n - 2];
        assert_int_equal(usage->what, ANSWER_USAGE);
        assert_int_equal(usage->completion_tokens, 24);
        assert_int_equal(usage->prompt_tokens, 24);
        assert_int_equal(usage->tokens_so_far, -1); /* it counts no event */
        assert_int_equal(stream.events[stream.n - 1].what, ANSWER_DONE);
    }
}

static void test_real_engines_4__completion_usage_is_in_the_finish_event(void **state)
{
    (void)state;
    /* Also when it was not asked for. */
    static const char *const names[] = {
        "llama-server/completions_stream_usage.response",
        "llama-server/completions_stream_nousage.response"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(stream_done) struct stream stream;
        stream_read(names[i], &stream);
        const struct answer_event *finish = &stream.events[stream.n - 2];
        assert_int_equal(finish->what, ANSWER_FINISH | ANSWER_USAGE);
        assert_int_equal(finish->completion_tokens, 16);
        assert_int_equal(finish->prompt_tokens, 4);
    }
}

static void test_real_engines_4__timings_stand_in_for_usage(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream stream;
    stream_read("llama-server/chat_stream_nousage.response", &stream);
    const struct answer_event *finish = &stream.events[stream.n - 2];
    assert_int_equal(finish->what, ANSWER_FINISH | ANSWER_USAGE);
    assert_int_equal(finish->completion_tokens, 24);
    assert_int_equal(finish->prompt_tokens, 24); /* prompt_n 1 and cache_n 23 */
    assert_int_equal(finish->cached_tokens, 23);
}

static void test_real_engines_4__usage_of_several_choices_differs_so_n_is_1(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream llamacpp;
    CLEANUP(stream_done) struct stream vllm;
    stream_read("llama-server/chat_stream_n2.response", &llamacpp);
    stream_read("vllm-0.32.0-cpu/chat_stream_n2.response", &vllm);
    assert_int_equal(count(&llamacpp, ANSWER_USAGE), 2);
    assert_int_equal(last_count(&llamacpp), 4); /* of one choice */
    assert_int_equal(count(&vllm, ANSWER_USAGE), 1);
    assert_int_equal(last_count(&vllm), 8); /* of both */

    const struct engine_target target = {.endpoint = {.authority = "h:1"}, .model = "m"};
    const struct request_shape shape = {.chat = true, .extra_body = "{\"n\":2}"};
    const struct message message = {"user", "hi"};
    const struct prompt prompt = {.messages = &message, .n_messages = 1};
    struct rendered out;
    struct error err = {0};
    assert_int_equal(
        engine_table[0]->render_request(engine_table[0], &target, &shape, &prompt, &out, &err),
        -ERROR_USAGE);
}

static void test_real_engines_5__data_null_comes_first(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream stream;
    stream_read("llama-server/completions_stream_prompt_array.response", &stream);
    assert_string_equal(stream.recording.events[0], "null");
    assert_int_equal(stream.events[0].what, ANSWER_NOTHING);
    assert_int_equal(count(&stream, TEXTS), 6);
}

static void test_real_engines_5__pings_are_no_events(void **state)
{
    (void)state;
    static const char bytes[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        ":\n\n:\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n: ping\n\ndata: "
        "[DONE]\n\n";
    const char *data = bytes;
    size_t len = sizeof(bytes) - 1;
    struct recording recording;
    recording_next(&data, &len, RECORDING_SIZE_MAX, &recording);
    assert_int_equal(recording.n_comments, 3);
    assert_int_equal(recording.n_events, 2);
    struct answer_event event;
    assert_true(
        engine_table[0]->read_event(recording.events[0], strlen(recording.events[0]), &event));
    assert_int_equal(event.what, ANSWER_CONTENT);
    recording_done(&recording);
}

static void test_real_engines_5__empty_text_is_not_a_token(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream stream;
    stream_read("llama-server/completions_stream_stop.response", &stream);
    assert_int_equal(count(&stream, TEXTS), 10);
    assert_int_equal(count(&stream, ANSWER_ROLE), 1);
    assert_int_equal(last_count(&stream), 11);
}

static void test_real_engines_5__progress_is_not_a_role(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream stream;
    stream_read("llama-server/chat_stream_return_progress.response", &stream);
    assert_int_equal(stream.events[0].what, ANSWER_NOTHING);
    assert_int_equal(stream.events[1].what, ANSWER_NOTHING);
    assert_int_equal(stream.events[2].what, ANSWER_ROLE);
    assert_int_equal(stream.events[3].what, ANSWER_CONTENT);
}

static void test_real_engines_6__an_unknown_model_is_answered_by_another(void **state)
{
    (void)state;
    struct recording recording;
    recording_read("llama-server/err_unknown_model.response", &recording);
    assert_int_equal(recording.status, 200);
    struct answer_event event;
    assert_true(engine_table[0]->read_body(recording.body.data, recording.body.len, &event));
    assert_int_equal(event.model_len, strlen("smollm2"));
    assert_memory_equal(event.model, "smollm2", event.model_len);
    recording_done(&recording);
}

static void test_real_engines_6__errors_are_plain_json_also_for_streams(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        unsigned status;
        const char *text; /* its start */
    } rows[] = {
        {"vllm-0.32.0-cpu/err_unknown_model", 404, "The model `no-such-model` does not exist."},
        {"llama-server/err_bad_json", 500, "[json.exception.parse_error.101]"},
        {"xllamacpp-2026.10.11549/err_bad_json", 400, "[json.exception.parse_error.101]"},
        {"vllm-0.32.0-cpu/err_bad_json", 400, "1 validation error:   {'type': 'json_invalid'"},
        {"llama-server/err_prompt_too_long_stream", 400, "request (20031 tokens) exceeds"},
        {"vllm-0.32.0-cpu/err_prompt_too_long_stream", 400, "This model's maximum context length"},
        {"llama-server/err_401_wrong_key", 401, "Invalid API Key"},
        {"llama-server/loading_chat", 503, "Loading model"},
        {"vllm-0.32.0-cpu/err_404", 404, "Not Found"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s.response", rows[i].name);
        struct recording recording;
        recording_read(name, &recording);
        char text[256];
        engine_error_text(recording.body.data, recording.body.len, text, sizeof(text));
        if (recording.status != rows[i].status || recording.event_stream ||
            !text_starts_with(text, rows[i].text)) {
            print_error("%s: %u '%s'\n", name, recording.status, text);
            fail();
        }
        recording_done(&recording);
    }
}

static void test_real_engines_9__cached_tokens_are_told(void **state)
{
    (void)state;
    CLEANUP(stream_done) struct stream cached;
    CLEANUP(stream_done) struct stream fresh;
    CLEANUP(stream_done) struct stream untold;
    stream_read("llama-server/chat_stream_usage.response", &cached);
    stream_read("llama-server/chat_stream_usage_ignore_eos.response", &fresh);
    stream_read("vllm-0.32.0-cpu/chat_stream_usage.response", &untold);
    assert_int_equal(cached.events[cached.n - 2].cached_tokens, 23);
    assert_int_equal(fresh.events[fresh.n - 2].cached_tokens, 0);
    assert_int_equal(untold.events[untold.n - 2].cached_tokens, -1);
}

static void test_real_engines_9__a_salt_keeps_prompts_apart_from_their_first_character(void **state)
{
    (void)state;
    const struct request_shape shape = {
        .chat = true, .stream = true, .max_tokens = 4, .salt = true};
    char *bytes = render("llamacpp", &shape);
    assert_non_null(
        strstr(bytes, "\"content\":\"[ 0000 0000 0000 0000 0000 0000 0000 0000 ] hi\""));
    free(bytes);
}

static void test_real_engines_10__min_tokens_is_never_sent_and_no_limit_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_table_len; i++) {
        const struct request_shape shape = {.chat = true, .stream = true, .ignore_eos = true};
        char *bytes = render(engine_table[i]->name, &shape);
        assert_null(strstr(bytes, "min_tokens"));
        /* llama.cpp would give one token for max_tokens 0. */
        assert_null(strstr(bytes, "max_tokens"));
        assert_null(strstr(bytes, "max_completion_tokens"));
        free(bytes);
    }
}

static void test_real_engines_10__seed_and_temperature_are_always_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < engine_table_len; i++) {
        const struct request_shape shape = {.stream = true, .max_tokens = 4, .seed = 42};
        char *bytes = render(engine_table[i]->name, &shape);
        assert_non_null(strstr(bytes, "\"temperature\":0.0,\"seed\":42,"));
        free(bytes);
    }
}

static void test_real_engines_10__limits_end_with_length(void **state)
{
    (void)state;
    static const char *const names[] = {
        "llama-server/chat_stream_max_tokens_1.response",
        "vllm-0.32.0-cpu/chat_stream_max_tokens_1.response"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(stream_done) struct stream stream;
        stream_read(names[i], &stream);
        assert_int_equal(count(&stream, TEXTS), 1);
        assert_int_equal(last_count(&stream), 1);
        assert_string_equal(finish_of(&stream), "length");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_engines_1__requests_are_http_1_1_and_do_not_ask_to_close),
        cmocka_unit_test(test_real_engines_2__emoji_take_more_tokens_than_events),
        cmocka_unit_test(test_real_engines_2__partial_characters_are_empty_events_of_vllm),
        cmocka_unit_test(test_real_engines_2__fewer_events_than_tokens_in_plain_text),
        cmocka_unit_test(test_real_engines_2__counts_of_every_event),
        cmocka_unit_test(test_real_engines_2__counts_of_every_event_are_asked_for),
        cmocka_unit_test(test_real_engines_3__the_first_chunk_is_not_a_token),
        cmocka_unit_test(test_real_engines_4__chat_usage_is_an_event_without_choices),
        cmocka_unit_test(test_real_engines_4__completion_usage_is_in_the_finish_event),
        cmocka_unit_test(test_real_engines_4__timings_stand_in_for_usage),
        cmocka_unit_test(test_real_engines_4__usage_of_several_choices_differs_so_n_is_1),
        cmocka_unit_test(test_real_engines_5__data_null_comes_first),
        cmocka_unit_test(test_real_engines_5__pings_are_no_events),
        cmocka_unit_test(test_real_engines_5__empty_text_is_not_a_token),
        cmocka_unit_test(test_real_engines_5__progress_is_not_a_role),
        cmocka_unit_test(test_real_engines_6__an_unknown_model_is_answered_by_another),
        cmocka_unit_test(test_real_engines_6__errors_are_plain_json_also_for_streams),
        cmocka_unit_test(test_real_engines_9__cached_tokens_are_told),
        cmocka_unit_test(
            test_real_engines_9__a_salt_keeps_prompts_apart_from_their_first_character),
        cmocka_unit_test(test_real_engines_10__min_tokens_is_never_sent_and_no_limit_is_none),
        cmocka_unit_test(test_real_engines_10__seed_and_temperature_are_always_sent),
        cmocka_unit_test(test_real_engines_10__limits_end_with_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
