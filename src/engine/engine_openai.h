/* engine_openai.h - what all rows of the engine table share: the OpenAI wire form.
 *
 * Internal to engine/.  The functions have the contracts of the members of struct engine_ops. */
#pragma once

#include "engine/engine.h"

MUST_CHECK int openai_probe(
    const struct engine_ops *self,
    const struct engine_target *target,
    struct arena *arena,
    struct engine_identity *out,
    struct error *err);

MUST_CHECK int openai_render_request(
    const struct engine_ops *self,
    const struct engine_target *target,
    const struct request_shape *shape,
    const struct prompt *prompt,
    struct rendered *out,
    struct error *err);

bool openai_read_event(const char *data, size_t len, struct answer_event *out);
bool openai_read_body(const char *data, size_t len, struct answer_event *out);

/* Checks what goes into a request's head besides our own text.  Errors: ERROR_USAGE. */
MUST_CHECK int openai_check_headers(const struct engine_target *target, struct error *err);

/* The text behind the colon of a "Name: value" header and the white space after it. */
const char *openai_header_value(const char *header);

/* True when two header lines (or names) have the same name, in any case. */
bool openai_header_is(const char *header, const char *name);

/* What every question outside of the measured path has in common: where the API and what lies beside it
 * are, and the headers.  All in the arena or borrowed from the target. */
struct engine_ask {
    const char *base; /* scheme://authority/path of the API */
    const char
        *root; /* the same without a final /v1: version, configuration and metrics lie there */
    const char **headers;
    size_t n_headers;
};

void engine_ask_init(
    struct engine_ask *self,
    const struct engine_target *target,
    const char *accept,
    struct arena *arena);

/* What the info rows of an engine's metrics tell: metric -> list of label -> value, stripped as by
 * config_strip, in `arena`.  NULL when there are none, or the text is broken. */
struct json *engine_info_rows(struct arena *arena, const char *text, size_t len);

/* A copy in `arena` of what an engine tells of itself, without what differs between two answers of
 * the same unchanged engine (counters, load, times, ids) and without secrets; long templates are
 * replaced by their hash.  NULL gives NULL. */
struct json *config_strip(struct arena *arena, const struct json *config);
