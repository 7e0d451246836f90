/* One chat completion for each question, at temperature 0, not streamed. */
#include "suite/judge_http.h"

#include "base/clock.h"
#include "base/mem.h"
#include "engine/engine_once.h"
#include "suite/judge_reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Longer waits are as long as this one: nobody waits for either. */
enum {
    RETRY_AFTER_READ_S = 1000000
};

static enum judge_reply_kind kind_of(const struct error *err)
{
    if (err->code != ERROR_UNAVAILABLE) {
        return JUDGE_REPLY_REFUSED;
    }
    return err->os_errno == ETIMEDOUT ? JUDGE_REPLY_TIMEOUT : JUDGE_REPLY_CONNECT;
}

/* Records and envelopes name an endpoint by its hash alone. */
static const char *without_url(const char *text)
{
    static const char end[] = "/chat/completions: ";
    const char *found = strstr(text, end);
    return found != NULL ? found + strlen(end) : text;
}

static void
ask(void *context, const struct prompt *prompt, const atomic_bool *stop, struct judge_reply *out)
{
    const struct judge_http *self = context;
    const struct request_shape shape = {
        .chat = true,
        .max_tokens = self->max_tokens,
        .temperature = 0.0,
        .seed = self->seed,
    };
    const struct engine_once once = {
        .engine = self->engine,
        .target = self->target,
        .shape = &shape,
        .prompt = prompt,
        .timeout_ms = (long)(self->timeout_ns / NS_PER_MS),
        .max_bytes = JUDGE_BODY_MAX,
        .stop = stop,
    };
    struct web_answer answer = {0};
    struct error err = {0};
    *out = (struct judge_reply){0};
    const int result = engine_ask_once(&once, &answer, &err);
    if (result == ENGINE_ONCE_STOPPED) {
        out->kind = JUDGE_REPLY_STOPPED;
        return;
    }
    if (result < 0) {
        out->kind = kind_of(&err);
        (void)snprintf(out->error, sizeof(out->error), "%s", without_url(err.text));
        return;
    }
    out->status = answer.status;
    const long wait_s =
        answer.retry_after_s < RETRY_AFTER_READ_S ? answer.retry_after_s : RETRY_AFTER_READ_S;
    out->retry_after_ns = wait_s * NS_PER_S;
    out->body_len = answer.body.len;
    out->body = bytes_take(&answer.body);
    web_answer_done(&answer);
}

static int64_t now_ns(void *context)
{
    (void)context;
    return clock_mono_ns();
}

static void sleep_until(void *context, int64_t ns)
{
    (void)context;
    clock_sleep_until(ns);
}

struct judge_port judge_http_port(struct judge_http *self)
{
    return (struct judge_port){
        .context = self,
        .ask = ask,
        .now_ns = now_ns,
        .sleep_until = sleep_until,
    };
}
