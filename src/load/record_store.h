/* record_store.h - where a worker keeps its records and token events while measuring.
 *
 * Memory comes in slabs that are never moved: a record's address stays, and its events lie together.
 * Threads: one worker fills a store; after the workers have ended, record_store_merge takes all. */
#pragma once

#include "base/arena.h"
#include "stats/token_events.h"

struct record_slab;

struct record_store {
    struct record_slab *slabs; /* newest first */
    struct arena events;       /* token events, error bodies, texts */
    uint64_t n;
};

/* Makes the first slab, so that the clock starts with memory at hand. */
void record_store_init(struct record_store *self);
void record_store_done(struct record_store *self);

/* A zeroed record with every time RECORD_NONE and every count unknown. */
struct record *record_store_add(struct record_store *self);

/* Copies packed events (NULL when there are none), or text, to where they stay. */
const uint32_t *record_store_keep_events(struct record_store *self, const struct token_log *events);
const char *record_store_keep_text(struct record_store *self, const char *text, size_t len);

/* Moves all records of all stores, ordered by index, into one array (the caller's: free); their events and
 * texts stay with the stores. */
void record_store_merge(struct record_store *stores, size_t n_stores, struct record_set *out);
