/* judge_prompt.h - what a judge is asked: the rules from data/judge/, and around each piece of material a
 * line with a code that the material cannot hold.
 *
 * The code is the SHA-256 of the seed and of all the material, so that the same run sends the same bytes,
 * and a text that held it would have to hold a hash of itself.  Marks that chat templates read as the ends
 * of messages ("<|im_end|>", "[INST]") are broken up by a blank, because an engine takes them for its own
 * wherever they stand; bytes that are not UTF-8 become U+FFFD.  Nothing is cut. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "engine/prompt.h"

#include <stddef.h>
#include <stdint.h>

/* How an answer is judged; names as in a spec's `scoring`. */
enum judge_method {
    JUDGE_LLM,         /* right or wrong, against a reference */
    JUDGE_LLM_PERSONA, /* consistent with a persona, or not */
};

enum {
    JUDGE_METHOD_COUNT = JUDGE_LLM_PERSONA + 1,
    JUDGE_NONCE_SIZE = 33 /* 32 hex digits and a NUL */
};

/* Raise it together with any change of data/judge/: a judge that is asked otherwise judges otherwise. */
#define JUDGE_PROMPT_VERSION "1.0.0"

/* Longest material of one question, in bytes: the context of any judge ends long before. */
#define JUDGE_MATERIAL_MAX ((size_t)1 << 20)

/* One answer to be judged.  All borrowed. */
struct judge_question {
    uint64_t
        id; /* of the request, below 2^56; with the seed it names the question's random numbers */
    enum judge_method method;
    const struct message *messages; /* what was asked */
    uint32_t n_messages;
    const char *reference; /* NULL: none */
    const char *rubric;    /* NULL: none */
    const char *persona;   /* NULL: the first system message, which then leaves the conversation */
    const char *answer;
};

const char *judge_method_name(enum judge_method method);
bool judge_method_parse(const char *name, enum judge_method *out);

/* The template, as in data/judge/NAME.txt, and its SHA-256 in lower-case hex. */
const char *judge_template(enum judge_method method);
void judge_template_sha256(enum judge_method method, char out[65]);

/* Writes the two messages, system and user, into `arena`; `nonce` may be NULL.
 * Errors: ERROR_LIMIT when the material is longer than JUDGE_MATERIAL_MAX. */
MUST_CHECK int judge_prompt_write(
    struct arena *arena,
    uint64_t seed,
    const struct judge_question *question,
    char nonce[JUDGE_NONCE_SIZE],
    struct prompt *out,
    struct error *err);
