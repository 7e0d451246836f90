/* plugin_score.h - answers of models, judged by a plugin's code. */
#pragma once

#include "suite/plugin.h"

struct plugin_answer {
    const char *request; /* JSON text that asked for it */
    const char *text;    /* as the model gave it */
};

struct plugin_answers {
    const char *benchmark;
    uint64_t seed;
    const struct plugin_answer *items;
    size_t n;
};

/* Sets n scores, 0..1, NAN where there is none.  Reasoning blocks are left out first, as for every other
 * scorer.  The first reason why a score is missing, if the plugin gave one, goes to `reason` ("" else).
 * Errors: those of plugin_object_score. */
MUST_CHECK int plugin_score(
    const struct plugin *self,
    const struct plugin_answers *answers,
    double *scores,
    char reason[ERROR_TEXT_MAX],
    struct error *err);
