/* answer.h - walks JSON objects with the pull reader by lists of members.
 *
 * Internal to engine/.  A member's handler gets the value's first token and must take the whole
 * value; unknown members are skipped; keys may come in any order and with escapes. */
#pragma once

#include "codec/json_pull.h"
#include "engine/engine.h"

#include <string.h>

/* State while one event is read. */
struct answer_reader {
    struct json_pull pull;
    struct answer_event *out;
    const char *fault;  /* what is wrong, static; NULL: ask the pull reader */
    bool has_choice;    /* "choices" has at least one element */
    bool has_text;      /* the current delta has brought text */
    bool has_reasoning; /* the current delta has brought reasoning */
    bool is_empty;      /* some choice brought neither text nor a finish reason */
    bool is_progress;   /* the event tells of the prompt's progress */
    bool has_finish;    /* the current choice has a finish reason */
    bool is_error;      /* the top level says "object": "error" */
    const char *message;
    size_t message_len;
    int64_t timing_prompt; /* llama.cpp's timings; -1: not told */
    int64_t timing_cached;
    int64_t timing_predicted;
    double cost;          /* usage.cost, USD; NAN: not told */
    double upstream_cost; /* of it, what the provider's own provider takes */
    bool is_byok;         /* the upstream provider sends a bill of its own */
};

/* Takes a member's value, whose first token is `value`. */
typedef bool answer_read(struct answer_reader *self, enum json_token value);

/* The members of an object: what reads the one with this name, or NULL, which skips it. */
typedef answer_read *answer_members(const char *key, size_t len);

/* A row in the body of such a function.  The name is a literal, so that the compiler makes one or two
 * instructions of its comparison, where a loop over a table would call memcmp for each event's each key. */
#define ANSWER_MEMBER(name, read)                                              \
    if (len == sizeof(name) - 1 && memcmp(key, name, sizeof(name) - 1) == 0) { \
        return read;                                                           \
    }

void answer_reader_init(
    struct answer_reader *self, const char *data, size_t len, struct answer_event *out);

/* Takes an object whose '{' was the last token. */
bool answer_read_object(struct answer_reader *self, answer_members *members);

/* Takes the rest of a value whose first token is `value`. */
bool answer_skip(struct answer_reader *self, enum json_token value);

/* Records a fault; returns false. */
bool answer_fail(struct answer_reader *self, const char *what);

/* The last NUMBER as a count, or -1 when it is none (negative, a fraction, too large). */
int32_t answer_count(const struct answer_reader *self);

/* Handlers of a top-level "error" and its like, shared with engine_error_text. */
bool answer_read_error(struct answer_reader *self, enum json_token value);
bool answer_read_object_kind(struct answer_reader *self, enum json_token value);
bool answer_read_message_text(struct answer_reader *self, enum json_token value);
