/* doctor_engine.h - the engine that `bench doctor --base-url` looks at. */
#pragma once

#include "cli/option.h"
#include "engine/engine_check.h"

/* Its options, as `bench run` has them. */
struct doctor_engine {
    const char *base_url; /* "": none is looked at */
    int engine;           /* index into engine_table */
    const char *model;
    const char *api_key_env;
    struct option_texts headers;
    const char *cacert;
    bool insecure;
};

/* Reads URL, key, headers and certificates; sends nothing.  Everything in *out is borrowed from the
 * options, the environment, or static.
 * Errors: ERROR_USAGE, ERROR_NOT_FOUND or ERROR_PARSE naming the option. */
MUST_CHECK int doctor_engine_target(
    const struct doctor_engine *options, struct engine_target *out, struct error *err);
