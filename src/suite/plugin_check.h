/* plugin_check.h - whether a plugin keeps to the rules: what `bench plugin check` says of it. */
#pragma once

#include "suite/plugin.h"

enum plugin_verdict {
    PLUGIN_OK,
    PLUGIN_NOTE, /* allowed, and worth a look */
    PLUGIN_FAIL,
};

struct plugin_finding {
    const char *check; /* "requests", "score", ... */
    const char *about; /* the benchmark's id, or "" for the plugin */
    enum plugin_verdict verdict;
    const char *text;
};

enum {
    PLUGIN_FINDINGS_MAX = 5 * PLUGIN_SPECS_MAX + 8
};

/* Texts live in the arena. */
struct plugin_findings {
    struct arena arena;
    struct plugin_finding *items;
    size_t n;
    bool good; /* nothing failed */
};

const char *plugin_verdict_name(enum plugin_verdict verdict);

/* Runs everything that a plugin does, twice and in another order, over requests and answers made for it.
 * *out is the caller's: plugin_findings_done. */
void plugin_check(const struct plugin *plugin, struct plugin_findings *out);
void plugin_findings_done(struct plugin_findings *self);
