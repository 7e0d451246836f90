/* sim_answer.h - what the simulated engine answers to prompts that it knows.
 *
 * A file of answers is JSON Lines; the first line that fits a request gives the text of its answer, and
 * requests that no line fits get the usual words (sim_text.h):
 *
 *   {"prompt": "What is 7 times 8?", "answer": "56"}
 *   {"prompt_contains": ["capital", "Peru"], "answer": "It is **Lima**."}
 *   {"messages": [{"role": "system", ...}, {"role": "user", ...}], "answers": ["yes", "aye"]}
 *   {"prompt": "Prove it.", "reasoning": "Let me see ...", "answer": "Done."}
 *
 *   prompt           the last user message is this text
 *   prompt_contains  a text, or a list of texts, all of which stand in the last user message
 *   messages         all messages are these (roles are not compared)
 *   answer           the text; "" is an answer without a token
 *   answers          a list instead: its first text
 *   reasoning        reasoning text that goes before the answer (chats only)
 *
 * The three ways to know a prompt exclude each other.  Other keys are left alone, so that a dataset with
 * right answers (docs/adding-a-dataset.md) is a file of answers as it is.  A salt in front of the first
 * message does not count.  An answer is sent in pieces of about a word, each of which is a token; it is
 * cut by max_tokens as any other, and one that has to be longer (ignore_eos) goes on with the usual
 * words. */
#pragma once

#include "base/error.h"
#include "sim/sim_text.h"

#include <stdbool.h>

/* Longest text of an answer, and most lines of a file: a table of a million would take minutes to look
 * through for each request. */
enum {
    SIM_ANSWER_BYTES_MAX = 1 << 20,
    SIM_ANSWERS_MAX = 100000
};

struct sim_answer {
    const struct sim_piece *pieces; /* token k is pieces[k - 1]: first those of the reasoning */
    uint32_t n;
    uint32_t n_reasoning;
};

struct sim_answers;

/* Reads a file's text; `name` is the file's, for messages.  *out is the caller's: sim_answers_free.
 * Errors: ERROR_PARSE "NAME:LINE:COLUMN: what", ERROR_LIMIT. */
MUST_CHECK int
sim_answers_open(const char *name, const char *text, struct sim_answers **out, struct error *err);
void sim_answers_free(struct sim_answers *self);

/* The answer to a request's body (borrowed), or NULL.  `self` may be NULL: it knows nothing. */
const struct sim_answer *
sim_answers_find(const struct sim_answers *self, const char *body, size_t len, bool chat);

/* Text of token `token` (from 1) of a request that this answers, of which `without` pieces are left out
 * at the start.  len 0: the answer is over. */
struct sim_piece sim_answer_token(const struct sim_answer *self, uint32_t without, uint32_t token);
