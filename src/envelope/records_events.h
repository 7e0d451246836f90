/* records_events.h - reads the four columns of a request's token events.
 * Internal to envelope/. */
#pragma once

#include "base/arena.h"
#include "codec/json_pull.h"
#include "stats/record.h"

struct events {
    size_t limit; /* more events than the line has bytes cannot be */
    uint64_t n;
    struct token_event *items;
    unsigned seen; /* columns that were read */
};

/* Reads the value of the key that `pull` has just read.  *key is set to its name, or stays NULL when
 * it is no column (nothing was taken then).  Returns NULL, or what is wrong. */
const char *events_read_member(
    struct events *self, struct json_pull *pull, struct arena *arena, const char **key);

/* After the last member: checks that all columns came and gives them to the record; with `wanted`
 * false the file has none.  Returns NULL, or what is wrong. */
const char *events_finish(const struct events *self, bool wanted, struct record *record);
