/* records_events.h - reads the four columns of a request's token events.
 * Internal to envelope/. */
#pragma once

#include "base/arena.h"
#include "codec/json_pull.h"
#include "stats/token_events.h"

/* Unpacked events of the request that is being read: a column at a time fills them.  Used again for
 * every line: events_scratch_done. */
struct events_scratch {
    struct token_event *items;
    size_t cap;
    struct token_log log;
};

void events_scratch_done(struct events_scratch *self);

struct events {
    struct events_scratch *scratch;
    size_t limit; /* more events than the line has bytes cannot be */
    uint64_t n;
    unsigned seen; /* columns that were read */
};

/* Reads the value of the key that `pull` has just read.  *key is set to its name, or stays NULL when
 * it is no column (nothing was taken then).  Returns NULL, or what is wrong. */
const char *events_read_member(struct events *self, struct json_pull *pull, const char **key);

/* After the last member: checks that all columns came and packs them for the record, in `arena`; with
 * `wanted` false the file has none.  Returns NULL, or what is wrong. */
const char *
events_finish(const struct events *self, bool wanted, struct arena *arena, struct record *record);
