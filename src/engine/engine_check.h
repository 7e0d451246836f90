/* engine_check.h - what `bench doctor --base-url` looks at: whether the engine answers, who it says it is,
 * and what lies between.
 *
 * It asks what a run would ask before traffic, and opens a few connections more; it sends no prompt. */
#pragma once

#include "engine/engine.h"
#include "hardware/check.h"
#include "hardware/engine_site.h"

struct engine_check_query {
    const struct engine_ops *engine;
    const struct engine_target *target; /* model "": the only one served */
};

/* Adds a result for every row of an engine; rows that need an answer are skipped without one.  *site (may
 * be NULL) gets where the engine runs. */
void engine_check(
    const struct engine_check_query *query,
    struct arena *arena,
    struct check_list *out,
    struct engine_site *site);

/* The i-th row, or NULL at the end. */
const struct check *engine_check_at(size_t i);

/* What is said of where an engine runs. */
void engine_check_site(const struct engine_site *site, struct check_reading *out);

/* Seconds since 1970 of a Date header in the form that servers must send, "Sun, 06 Nov 1994 08:49:37 GMT".
 * False for any other text.  Source: RFC 9110, 5.6.7. */
bool engine_date_parse(const char *text, int64_t *out_s);

/* How far the engine's clock is ahead of this one at least (behind: negative), in seconds, from a Date
 * header and the wall times between which the answer was made.  0 where the two may agree: a Date has
 * whole seconds, and servers that make it once a second are up to one more behind. */
double engine_date_skew_s(int64_t date_s, int64_t sent_real_ns, int64_t received_real_ns);

/* The environment variable that sends one-shot requests to this host through a proxy, as libcurl reads
 * them; NULL: none.  The measured connections never use one. */
const char *engine_proxy_variable(const struct endpoint *endpoint);
