/* Two walks over the records: the first counts, the second fills.  Sorting makes everything that
 * follows independent of the order in which requests happened to be stored. */
#include "stats/sample.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/token_events.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

void sample_init(
    struct sample *self,
    const struct point_facts *facts,
    const struct record_set *records,
    enum quantity quantity)
{
    size_t n_counted = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        n_counted += request_is_counted(&records->records[i]);
    }
    *self = (struct sample){.values = mem_alloc(n_counted, sizeof(double))};
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (!request_is_counted(record)) {
            continue;
        }
        if (record->outcome != OUTCOME_OK) {
            self->n_failed++;
            continue;
        }
        const double value = request_quantity(facts, record, quantity);
        if (!isnan(value)) {
            self->values[self->n] = value;
            self->n++;
        }
    }
    sort_doubles(self->values, self->n);
    for (size_t i = 0; i < self->n_failed; i++) {
        self->values[self->n + i] = (double)INFINITY;
    }
}

void sample_done(struct sample *self)
{
    free(self->values);
    *self = (struct sample){0};
}

/* The gap that ends with events[i], measured from *last_ns, which moves on.  False: no gap. */
static bool next_gap(
    const struct token_event *event, enum gap_kind kind, int64_t *last_ns, struct weighted *out)
{
    if (kind == GAP_TOKENS && event->tokens == 0) {
        return false;
    }
    const int64_t from_ns = *last_ns;
    *last_ns = event->arrival_ns;
    if (from_ns == RECORD_NONE) {
        return false;
    }
    const uint32_t weight = kind == GAP_TOKENS ? event->tokens : 1;
    const double gap_ms = (double)(event->arrival_ns - from_ns) / (double)NS_PER_MS;
    *out = (struct weighted){.value = gap_ms / (double)weight, .weight = weight};
    return true;
}

/* Appends the gaps of one request. */
static void add_gaps(struct gaps *self, const struct record *record, enum gap_kind kind)
{
    const size_t n_before = self->n;
    int64_t last_ns = RECORD_NONE;
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    while (token_reader_next(&reader, &event)) {
        struct weighted gap;
        if (!next_gap(&event, kind, &last_ns, &gap)) {
            continue;
        }
        gap.cluster = (uint32_t)self->n_clusters;
        self->n_repeated += gap.weight;
        self->items[self->n] = gap;
        self->n++;
    }
    self->n_clusters += self->n > n_before;
}

static bool has_gaps(const struct record *record)
{
    return request_is_counted(record) && record->outcome == OUTCOME_OK && record->n_events > 1;
}

void gaps_init(
    struct gaps *self,
    const struct point_facts *facts,
    const struct record_set *records,
    enum gap_kind kind)
{
    *self = (struct gaps){0};
    size_t n_max = 0;
    const bool streams = facts->streaming && records->has_events;
    for (uint64_t i = 0; streams && i < records->n; i++) {
        n_max += has_gaps(&records->records[i]) ? records->records[i].n_events - 1 : 0;
    }
    self->items = mem_alloc(n_max, sizeof(*self->items));
    for (uint64_t i = 0; streams && i < records->n; i++) {
        if (has_gaps(&records->records[i])) {
            add_gaps(self, &records->records[i], kind);
        }
    }
    assert(self->n <= n_max);
    sort_weighted(self->items, self->n);
}

void gaps_done(struct gaps *self)
{
    free(self->items);
    *self = (struct gaps){0};
}
