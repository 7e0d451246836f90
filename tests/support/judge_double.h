/* judge_double.h - a judge that answers by script, in a time that is not the machine's.  Used by tests only.
 *
 * A question is known by the text "Q<number>" in its answer; its script is a list of replies, the last of
 * which is repeated. */
#pragma once

#include "base/mem.h"
#include "suite/judge.h"
#include "support/test.h"

#include <pthread.h>
#include <string.h>

enum {
    DOUBLE_QUESTIONS_MAX = 64,
    DOUBLE_REPLIES_MAX = 8,
    DOUBLE_ASKED_MAX = 1024
};

struct double_reply {
    enum judge_reply_kind kind;
    long status;         /* 0: 200 */
    const char *content; /* of the completion; NULL: `body` as it is */
    const char *finish;  /* NULL: "stop" */
    const char *body;
    int64_t retry_after_ns;
};

struct judge_double {
    pthread_mutex_t mutex;
    int64_t now_ns;
    int64_t latency_ns; /* of a request */
    struct double_reply script[DOUBLE_QUESTIONS_MAX][DOUBLE_REPLIES_MAX];
    uint32_t n_replies[DOUBLE_QUESTIONS_MAX];
    uint32_t n_used[DOUBLE_QUESTIONS_MAX];
    uint32_t n_asked;
    uint32_t asked[DOUBLE_ASKED_MAX];      /* questions, in the order of requests */
    int64_t asked_at_ns[DOUBLE_ASKED_MAX]; /* when each was sent */
};

#define DOUBLE_CORRECT   "{\"reason\":\"r\",\"verdict\":\"correct\"}"
#define DOUBLE_INCORRECT "{\"reason\":\"r\",\"verdict\":\"incorrect\"}"

static inline void
double_say(struct judge_double *self, uint32_t question, struct double_reply reply)
{
    const uint32_t i = self->n_replies[question]++;
    assert_true(i < DOUBLE_REPLIES_MAX);
    self->script[question][i] = reply;
}

/* A completion as an engine writes it. */
static inline char *double_completion(const char *content, const char *finish)
{
    struct arena arena = {0};
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_compact(json_new_text(&arena, content), &text);
    char *body = mem_format(
        "{\"id\":\"x\",\"object\":\"chat.completion\",\"model\":\"judge-1\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":%s},\"finish_reason\":\"%s\"}],"
        "\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":10}}",
        text.data, finish);
    bytes_done(&text);
    arena_done(&arena);
    return body;
}

static inline void double_ask(
    void *context, const struct prompt *prompt, const atomic_bool *stop, struct judge_reply *out)
{
    struct judge_double *self = context;
    const char *at = strstr(prompt->messages[1].content, "Q");
    while (at != NULL && (at[1] < '0' || at[1] > '9')) {
        at = strstr(at + 1, "Q");
    }
    *out = (struct judge_reply){.kind = JUDGE_REPLY_STOPPED};
    if (at == NULL || atomic_load(stop)) {
        return;
    }
    const uint32_t question = (uint32_t)strtoul(at + 1, NULL, 10);
    (void)pthread_mutex_lock(&self->mutex);
    const uint32_t last = self->n_replies[question] - 1;
    const uint32_t used = self->n_used[question]++;
    const struct double_reply *reply = &self->script[question][used < last ? used : last];
    self->asked_at_ns[self->n_asked] = self->now_ns;
    self->asked[self->n_asked++] = question;
    self->now_ns += self->latency_ns;
    (void)pthread_mutex_unlock(&self->mutex);
    *out = (struct judge_reply){
        .kind = reply->kind,
        .status = reply->status != 0 ? reply->status : 200,
        .retry_after_ns = reply->retry_after_ns,
        .error = "no luck",
    };
    if (reply->kind == JUDGE_REPLY_HTTP) {
        out->body =
            reply->content != NULL
                ? double_completion(reply->content, reply->finish != NULL ? reply->finish : "stop")
                : mem_copy_text(reply->body);
        out->body_len = strlen(out->body);
    }
}

static inline int64_t double_now_ns(void *context)
{
    struct judge_double *self = context;
    (void)pthread_mutex_lock(&self->mutex);
    const int64_t ns = self->now_ns;
    (void)pthread_mutex_unlock(&self->mutex);
    return ns;
}

static inline void double_sleep_until(void *context, int64_t ns)
{
    struct judge_double *self = context;
    (void)pthread_mutex_lock(&self->mutex);
    if (self->now_ns < ns) {
        self->now_ns = ns;
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

static inline struct judge_port double_port(struct judge_double *self)
{
    (void)pthread_mutex_init(&self->mutex, NULL);
    return (struct judge_port){
        .context = self,
        .ask = double_ask,
        .now_ns = double_now_ns,
        .sleep_until = double_sleep_until,
    };
}
