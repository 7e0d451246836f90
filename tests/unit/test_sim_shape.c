/* The simulated engine beside the real ones: the recorded requests are put to it, and its answers must
 * have the shape of the recorded answers: the same header names in the same order, and events with the
 * same keys in the same order and values of the same kind.  What differs is text and numbers. */
#include "base/file.h"
#include "base/mem.h"
#include "codec/json_pull.h"
#include "test_sim_drive.h"

enum {
    FILE_MAX = 1 << 20
};

/* The text of a JSON value with every string as "s" and every number as 0; keys stay. */
static void add_shape(const char *json, size_t len, struct bytes *out)
{
    struct json_pull pull;
    json_pull_init(&pull, json, len);
    for (;;) {
        const enum json_token token = json_pull_next(&pull);
        switch (token) {
        case JSON_TOKEN_END:
            return;
        case JSON_TOKEN_ERROR:
            print_error("no JSON: %.*s\n", (int)len, json);
            fail();
            return;
        case JSON_TOKEN_OBJECT_BEGIN:
            bytes_add_text(out, "{");
            break;
        case JSON_TOKEN_OBJECT_END:
            bytes_add_text(out, "}");
            break;
        case JSON_TOKEN_ARRAY_BEGIN:
            bytes_add_text(out, "[");
            break;
        case JSON_TOKEN_ARRAY_END:
            bytes_add_text(out, "]");
            break;
        case JSON_TOKEN_KEY:
            bytes_add(out, pull.text, pull.len);
            bytes_add_text(out, ":");
            break;
        case JSON_TOKEN_STRING:
            bytes_add_text(out, "s ");
            break;
        case JSON_TOKEN_NUMBER:
            bytes_add_text(out, "0 ");
            break;
        case JSON_TOKEN_TRUE:
        case JSON_TOKEN_FALSE:
            bytes_add_text(out, "bool ");
            break;
        case JSON_TOKEN_NULL:
            bytes_add_text(out, "null ");
            break;
        }
    }
}

/* Distinct lines in order of first appearance. */
static void add_new_line(struct bytes *lines, const struct bytes *line)
{
    struct bytes framed;
    bytes_init(&framed, BYTES_MAX_DEFAULT);
    bytes_add_format(&framed, "%s\n", line->data);
    const char *found = lines->data != NULL ? strstr(lines->data, framed.data) : NULL;
    if (found == NULL || (found > lines->data && found[-1] != '\n')) {
        bytes_add(lines, framed.data, framed.len);
    }
    bytes_done(&framed);
}

static void add_event_shapes(const char *body, struct bytes *lines)
{
    for (const char *at = body; *at != '\0';) {
        const char *end = strstr(at, "\n\n");
        assert_non_null(end);
        struct bytes line;
        bytes_init(&line, BYTES_MAX_DEFAULT);
        if (strncmp(at, "data: [DONE]", 12) == 0) {
            bytes_add_text(&line, "[DONE]");
        } else {
            assert_int_equal(strncmp(at, "data: ", 6), 0);
            add_shape(at + 6, (size_t)(end - at) - 6, &line);
        }
        add_new_line(lines, &line);
        bytes_done(&line);
        at = end + 2;
    }
}

/* Status line and header names, then the body's shape. */
static void add_answer(const char *text, struct bytes *out)
{
    const char *at = text;
    const char *end = strstr(at, "\r\n");
    assert_non_null(end);
    bytes_add(out, at, (size_t)(end - at));
    bytes_add_char(out, '\n');
    for (at = end + 2; strncmp(at, "\r\n", 2) != 0; at = strstr(at, "\r\n") + 2) {
        bytes_add(out, at, strcspn(at, ":"));
        bytes_add_char(out, '\n');
    }
    struct bytes body;
    answer_body(text, &body);
    if (strncmp(body.data, "data: ", 6) == 0) {
        add_event_shapes(body.data, out);
    } else if (body.len > 0) {
        add_shape(body.data, body.len, out);
    }
    bytes_done(&body);
}

struct row {
    const char *name;
    const char *faults;
    uint32_t tokens;
};

/* Natural ends have one token more, which has no text. */
#define STOPS "{\"behaviour\":{\"eos_token\":true}}"
/* One emoji is three tokens, as in the recorded answers. */
#define EMOJI "{\"behaviour\":{\"text\":\"emoji\",\"tokens_per_event\":3}}"

static const struct row llamacpp_rows[] = {
    {"chat_stream_usage", NULL, 100},
    {"chat_stream_nousage", NULL, 100},
    {"chat_stream_usage_ignore_eos", NULL, 10},
    {"chat_stream_max_tokens_1", NULL, 100},
    {"chat_stream_max_completion_tokens", NULL, 100},
    {"chat_stream_natural_stop", STOPS, 6},
    {"chat_stream_n2", NULL, 100},
    {"chat_stream_timings_per_token", NULL, 100},
    {"chat_stream_emoji_utf8", EMOJI, 100},
    {"completions_stream_usage", NULL, 100},
    {"completions_stream_nousage", NULL, 100},
    {"completions_stream_prompt_array", NULL, 100},
    {"completions_stream_prompt_token_ids", NULL, 100},
    {"chat_nonstream", NULL, 100},
    {"completions_nonstream", NULL, 100},
    {"health", NULL, 1},
    {"err_404", NULL, 1},
    {"err_get_on_post_route", NULL, 1},
    {"err_unknown_model", NULL, 100},
    {"err_bad_json", NULL, 1},
    {"err_bad_role_stream", NULL, 1},
    {"err_completions_no_prompt", NULL, 1},
    {"err_empty_body_messages", NULL, 1},
    {"err_max_tokens_wrong_type", NULL, 1},
    {"err_messages_wrong_type", NULL, 1},
};

static const struct row vllm_rows[] = {
    {"chat_stream_usage", NULL, 100},
    {"chat_stream_nousage", NULL, 100},
    {"chat_stream_usage_ignore_eos", NULL, 10},
    {"chat_stream_min_tokens", NULL, 10},
    {"chat_stream_max_tokens_1", NULL, 100},
    {"chat_stream_max_completion_tokens", NULL, 100},
    {"chat_stream_natural_stop", STOPS, 6},
    {"chat_stream_continuous_usage", NULL, 100},
    {"chat_stream_emoji_utf8", EMOJI, 100},
    {"completions_stream_usage", NULL, 100},
    {"completions_stream_nousage", NULL, 100},
    {"completions_stream_prompt_array", NULL, 100},
    {"completions_stream_prompt_token_ids", NULL, 100},
    {"chat_nonstream", NULL, 100},
    {"completions_nonstream", NULL, 100},
    {"health", NULL, 1},
    {"version", NULL, 1},
    {"err_404", NULL, 1},
    {"err_get_on_post_route", NULL, 1},
    {"err_unknown_model", NULL, 1},
    {"err_bad_json", NULL, 1},
    {"err_bad_role_stream", NULL, 1},
    {"err_completions_no_prompt", NULL, 1},
    {"err_empty_body_messages", NULL, 1},
    {"err_max_tokens_wrong_type", NULL, 1},
    {"err_messages_wrong_type", NULL, 1},
    {"err_stream_options_without_stream", NULL, 1},
    {"completions_stream_hits_context_limit", NULL, 1},
};

static char *read_fixture(const char *folder, const char *name, const char *ending)
{
    CLEANUP(mem_freep)
    char *path = mem_format("%s/fixtures/engines/%s/%s.%s", shared_folder(), folder, name, ending);
    char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    if (file_read(path, FILE_MAX, &text, &len, &err) != 0) {
        print_error("%s\n", err.text);
        fail();
    }
    return text;
}

static void compare(enum sim_style style, const char *folder, const struct row *row)
{
    CLEANUP(mem_freep) char *request = read_fixture(folder, row->name, "request");
    CLEANUP(mem_freep) char *recorded = read_fixture(folder, row->name, "response");
    const struct sim_options options = {
        .style = style,
        .model = "smollm2",
        .ttft_ns = NS_PER_MS,
        .itl_ns = NS_PER_MS,
        .tokens = row->tokens,
        .max_model_len = 2048};
    struct drive drive;
    static struct client client;
    drive_open(&drive, &options, row->faults);
    drive_connect(&drive, &client);
    drive_send(&drive, &client, request);
    drive_until(&drive, 10 * NS_PER_S);
    assert_true(client.closed); /* every recorded request asks for it */
    struct bytes expected;
    struct bytes found;
    bytes_init(&expected, BYTES_MAX_DEFAULT);
    bytes_init(&found, BYTES_MAX_DEFAULT);
    add_answer(recorded, &expected);
    add_answer(client_text(&client), &found);
    if (strcmp(expected.data, found.data) != 0) {
        print_error(
            "%s/%s:\n%s\n--- but here:\n%s\n", folder, row->name, expected.data, found.data);
        fail();
    }
    bytes_done(&expected);
    bytes_done(&found);
    client_done(&client);
    drive_done(&drive);
}

static bool skipped(void)
{
    if (shared_folder() != NULL) {
        return false;
    }
    print_message("skipped: no recorded answers on this machine\n");
    skip();
    return true;
}

static void test_answers__have_the_shape_of_llamacpp(void **state)
{
    (void)state;
    for (size_t i = 0; !skipped() && i < ARRAY_LEN(llamacpp_rows); i++) {
        compare(SIM_STYLE_LLAMACPP, "llama-server", &llamacpp_rows[i]);
    }
}

static void test_answers__have_the_shape_of_vllm(void **state)
{
    (void)state;
    for (size_t i = 0; !skipped() && i < ARRAY_LEN(vllm_rows); i++) {
        compare(SIM_STYLE_VLLM, "vllm-0.32.0-cpu", &vllm_rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers__have_the_shape_of_llamacpp),
        cmocka_unit_test(test_answers__have_the_shape_of_vllm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
