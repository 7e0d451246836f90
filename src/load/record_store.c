/* Slabs instead of one growing array: growing would copy megabytes in the middle of a run. */
#include "load/record_store.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_SLAB_LEN = 512
};

struct record_slab {
    struct record_slab *next;
    uint32_t used;
    struct record records[RECORD_SLAB_LEN];
};

static void record_store_grow(struct record_store *self)
{
    struct record_slab *slab = MEM_NEW(struct record_slab);
    slab->next = self->slabs;
    self->slabs = slab;
}

void record_store_init(struct record_store *self)
{
    *self = (struct record_store){0};
    record_store_grow(self);
}

void record_store_done(struct record_store *self)
{
    struct record_slab *slab = self->slabs;
    while (slab != NULL) {
        struct record_slab *next = slab->next;
        free(slab);
        slab = next;
    }
    arena_done(&self->events);
    *self = (struct record_store){0};
}

struct record *record_store_add(struct record_store *self)
{
    if (self->slabs->used == RECORD_SLAB_LEN) {
        record_store_grow(self);
    }
    struct record *record = &self->slabs->records[self->slabs->used++];
    self->n++;
    *record = (struct record){
        .scheduled_ns = RECORD_NONE,
        .sent_ns = RECORD_NONE,
        .headers_ns = RECORD_NONE,
        .role_ns = RECORD_NONE,
        .reasoning_ns = RECORD_NONE,
        .content_ns = RECORD_NONE,
        .tool_ns = RECORD_NONE,
        .first_token_ns = RECORD_NONE,
        .last_token_ns = RECORD_NONE,
        .end_ns = RECORD_NONE,
        .prompt_tokens = RECORD_COUNT_UNKNOWN,
        .output_tokens = RECORD_COUNT_UNKNOWN,
        .cached_tokens = RECORD_COUNT_UNKNOWN,
        .reasoning_tokens = RECORD_COUNT_UNKNOWN,
        .cost_usd = (double)NAN,
    };
    return record;
}

const uint32_t *record_store_keep_events(struct record_store *self, const struct token_log *events)
{
    if (events->n_words == 0) {
        return NULL;
    }
    uint32_t *kept = arena_alloc(&self->events, events->n_words * sizeof(*kept));
    memcpy(kept, events->words, events->n_words * sizeof(*kept));
    return kept;
}

const char *record_store_keep_text(struct record_store *self, const char *text, size_t len)
{
    return arena_copy(&self->events, text, len);
}

static int record_compare(const void *a, const void *b)
{
    const struct record *left = a;
    const struct record *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

/* Copies the store's records to `to` and frees each slab at once: the records need not be there twice. */
static void move_records(struct record_store *self, struct record *to)
{
    while (self->slabs != NULL) {
        struct record_slab *slab = self->slabs;
        self->slabs = slab->next;
        memcpy(to, slab->records, slab->used * sizeof(*to));
        to += slab->used;
        free(slab);
    }
    self->n = 0;
}

void record_store_merge(struct record_store *stores, size_t n_stores, struct record_set *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < n_stores; i++) {
        n += stores[i].n;
    }
    struct record *all = mem_alloc(n, sizeof(*all));
    uint64_t at = 0;
    for (size_t i = 0; i < n_stores; i++) {
        const uint64_t n_moved = stores[i].n;
        move_records(&stores[i], all + at);
        at += n_moved;
    }
    qsort(all, n, sizeof(*all), record_compare);
    *out = (struct record_set){.records = all, .n = n, .has_events = true};
}
