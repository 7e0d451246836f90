/* lengths.h - prompts as long as was asked for, by the engine's own count.
 *
 * What counts is what the engine will report: prompt_tokens of the request's usage, with the chat
 * template and the salt.  Words are taken from the end of a text or added to it until the count is
 * right.  Two ways of counting: the engine's tokenizer (a text costs a question, so every prompt is
 * counted), held against the usage of a few one-token requests, which also tell what the template
 * adds; or, where there is no tokenizer, those requests alone: one of them holds every word that a
 * text can have, and when it shows that each is one token, lengths are known without further ones.
 * All of it happens before the clock starts; the result is a function of spec, seed and engine. */
#pragma once

#include "suite/dataset.h"

#include <stdbool.h>

enum length_method {
    LENGTHS_NOMINAL,  /* words and full stops of the text; nobody was asked */
    LENGTHS_USAGE,    /* by one-token requests */
    LENGTHS_TOKENIZE, /* by the engine's tokenizer */
};

/* Bounds of the questions. */
enum {
    LENGTHS_TRIES = 32,  /* texts tried for one prompt before its nearest is taken */
    LENGTHS_SAMPLE = 16, /* prompts counted by requests where the vocabulary is another */
    LENGTHS_THREADS_TOKENIZE = 8,
    LENGTHS_THREADS_USAGE = 4,
};

/* How the engine is asked.  Both functions are called by several threads at once.
 * Errors of both: ERROR_UNAVAILABLE, one line. */
struct length_source {
    void *context;
    /* Tokens of the text alone; NULL: no tokenizer. */
    int (*tokenize)(void *context, const char *text, uint32_t *out, struct error *err);
    /* Prompt tokens of a request with this text. */
    int (*usage)(void *context, const char *text, uint32_t *out, struct error *err);
    /* Called about once a second by the calling thread; NULL: never. */
    void (*tick)(void *context, uint32_t n_done, uint32_t n);
    bool salt; /* requests carry a salt in front */
};

struct length_span {
    uint32_t min;
    uint32_t max;
    double mean;
};

struct lengths {
    enum length_method method;
    uint32_t n_prompts; /* that have a wanted length */
    uint32_t n_counted; /* of these, counted by the engine as they are now */
    uint32_t n_exact;   /* of these, known to have it */
    struct length_span wanted;
    struct length_span reached; /* of those counted; of all where that is known */
    int32_t template_tokens;    /* what the engine adds to a text; the salt is apart */
    uint32_t salt_tokens;
    bool salt_varies;         /* with the salt, so no length is exact */
    uint32_t n_requests;      /* one-token requests sent to find out */
    char why[ERROR_TEXT_MAX]; /* why it is not by the tokenizer, or nominal; "" */
};

/* Changes the set's texts, its hash and its recipe's facts.  A set without wanted lengths, or with
 * exact=off, is left as it is (out->n_prompts 0).
 * Errors: only with exact=require: ERROR_UNAVAILABLE when not every length can be reached. */
MUST_CHECK int lengths_fit(
    struct prompt_set *set,
    const struct length_source *source,
    struct lengths *out,
    struct error *err);

const char *length_method_name(enum length_method method);
