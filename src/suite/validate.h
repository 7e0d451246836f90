/* validate.h - does a benchmark fit the engine, the options and its service level?
 *
 * Looked at before anything is sent.  A finding is a warning, and with --strict the end of the run.
 * One row each; what needs no engine to be wrong is refused elsewhere. */
#pragma once

#include "engine/engine.h"
#include "suite/dataset.h"
#include "suite/slo.h"
#include "suite/suite.h"

/* All borrowed. */
struct validation {
    const struct spec *spec;
    const struct request_shape *shape; /* the spec's with what the command line changed */
    const struct prompt_set *prompts;
    const struct slo *slo;
    const struct engine_ops *engine;
    const struct engine_identity *identity;
};

enum {
    VALIDATION_TEXT = 256,
    /* Bytes of a token in the sparsest texts that are sent: composed of words (docs/adding-a-dataset.md)
     * a token has five to six, English prose has four, code three.  What is too long at five bytes a token is too
     * long. */
    VALIDATION_TOKEN_BYTES = 5
};

/* Calls `found` with one line for each finding, in the order of the rules. */
void spec_validate(
    const struct validation *self, void (*found)(void *context, const char *text), void *context);

/* Least number of tokens that a prompt may have: the length that was asked for or composed, else the bytes
 * of its messages / VALIDATION_TOKEN_BYTES. */
uint64_t validation_tokens_min(const struct prompt *prompt);
