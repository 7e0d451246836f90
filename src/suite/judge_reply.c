/* The body is read into a tree: only the content of the first choice is the judge's word, its reasoning is
 * not. */
#include "suite/judge_reply.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "engine/engine.h"
#include "stats/record.h"
#include "suite/judge_verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAID_SHOWN = 80 /* bytes of a judge's text in an error */
};

void judge_reply_done(struct judge_reply *self)
{
    free(self->body);
    *self = (struct judge_reply){0};
}

static void fail(struct judge_result *out, enum judge_outcome outcome, const char *text)
{
    out->judgement.outcome = (uint8_t)outcome;
    out->error = mem_copy_text(text);
    out->judgement.error = out->error;
}

/* What the judge said instead of a verdict: its beginning, as one line of whole characters. */
static void fail_with_text(struct judge_result *out, const char *what, const char *said)
{
    char begin[SAID_SHOWN + 1] = "";
    const size_t len = strlen(said);
    size_t n = 0;
    while (n < len && n < SAID_SHOWN) {
        const size_t step = text_utf8_length(said + n, len - n);
        if (step == 0 || n + step > SAID_SHOWN) {
            break;
        }
        memcpy(begin + n, said + n, step);
        if ((unsigned char)said[n] < ' ' || said[n] == 0x7f) {
            begin[n] = ' ';
        }
        n += step;
    }
    begin[n] = '\0';
    CLEANUP(mem_freep)
    char *line = mem_format("%s (it said '%s%s')", what, begin, n < len ? "..." : "");
    fail(out, JUDGE_NO_VERDICT, line);
}

static int32_t read_count(const struct json *usage, const char *key)
{
    int64_t value = 0;
    return json_i64(json_find(usage, key), &value) && value >= 0 && value <= INT32_MAX
               ? (int32_t)value
               : RECORD_COUNT_UNKNOWN;
}

/* The judge's word, also where it was cut. */
static void keep_content(const struct json *content, bool save_text, struct judge_result *out)
{
    digest_sha256(content->text, content->len, out->judgement.answer_sha256);
    if (save_text) {
        out->answer = mem_copy_bytes(content->text, content->len);
        out->judgement.answer = out->answer;
    }
}

static void
read_content(const struct json *content, enum judge_method method, struct judge_result *out)
{
    bool right = false;
    struct error err = {0};
    if (judge_verdict_read(method, content->text, content->len, &right, &err) < 0) {
        fail_with_text(out, err.text, content->text);
        return;
    }
    out->judgement.outcome = (uint8_t)(right ? JUDGE_CORRECT : JUDGE_INCORRECT);
}

static void read_completion(
    const struct json *root, enum judge_method method, bool save_text, struct judge_result *out)
{
    const struct json *usage = json_find(root, "usage");
    const struct json *choice = json_at(json_find(root, "choices"), 0);
    const struct json *content = json_path(choice, "message.content");
    out->judgement.prompt_tokens = read_count(usage, "prompt_tokens");
    out->judgement.output_tokens = read_count(usage, "completion_tokens");
    (void)snprintf(out->model, sizeof(out->model), "%s", json_text(json_find(root, "model"), ""));
    const bool has_text = content != NULL && content->kind == JSON_STRING;
    if (has_text) {
        keep_content(content, save_text, out);
    }
    if (choice == NULL || json_find(choice, "message") == NULL) {
        fail(out, JUDGE_MALFORMED, "the judge's endpoint answered with no chat completion");
    } else if (text_equal(json_text(json_find(choice, "finish_reason"), ""), "length")) {
        fail(
            out, JUDGE_CUT,
            "the judge's answer was cut at its token limit: raise --judge-max-tokens");
    } else if (!has_text) {
        fail(out, JUDGE_NO_VERDICT, "the judge answered without a text");
    } else {
        read_content(content, method, out);
    }
}

static void read_http(
    const struct judge_reply *reply,
    enum judge_method method,
    bool save_text,
    struct judge_result *out)
{
    const char *body = reply->body != NULL ? reply->body : "";
    out->judgement.http_status = (uint16_t)reply->status;
    if (reply->status != 200) {
        char text[200];
        char line[256];
        engine_error_text(body, reply->body_len, text, sizeof(text));
        (void)snprintf(
            line, sizeof(line), "the judge's endpoint answered %ld: %s", reply->status, text);
        fail(out, JUDGE_STATUS, line);
        return;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    if (json_parse(&arena, "answer", body, reply->body_len, &root, &err) < 0) {
        CLEANUP(mem_freep)
        char *text = mem_format("the judge's endpoint did not answer with JSON: %s", err.text);
        fail(out, JUDGE_MALFORMED, text);
        return;
    }
    read_completion(root, method, save_text, out);
}

void judge_reply_read(
    const struct judge_reply *reply,
    enum judge_method method,
    bool save_text,
    struct judge_result *out)
{
    out->judgement.prompt_tokens = RECORD_COUNT_UNKNOWN;
    out->judgement.output_tokens = RECORD_COUNT_UNKNOWN;
    switch (reply->kind) {
    case JUDGE_REPLY_HTTP:
        read_http(reply, method, save_text, out);
        return;
    case JUDGE_REPLY_TIMEOUT:
        fail(out, JUDGE_TIMEOUT, reply->error);
        return;
    case JUDGE_REPLY_CONNECT:
    case JUDGE_REPLY_REFUSED:
        fail(out, JUDGE_CONNECT, reply->error);
        return;
    case JUDGE_REPLY_STOPPED:
        out->judgement.outcome = JUDGE_NOT_ASKED;
        return;
    }
}
