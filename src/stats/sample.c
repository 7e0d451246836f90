/* One value a request: counted, filled, sorted.  Sorting makes everything that follows independent of
 * the order in which requests happened to be stored.
 *
 * Gaps may be a hundred million, so they are not gathered and then sorted, which would take their
 * memory twice: they are counted, then written straight to their places among buckets of neighbouring
 * values, and each short bucket is sorted.  Most gaps of a steady engine lie close together while a few
 * lie far away, so the range is cut into even cells first, and each cell into as many buckets as it needs,
 * by the gaps of some thousand requests.  The records are walked three times, which is cheap.  Equal gaps
 * stay in the order of their requests. */
#include "stats/sample.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/token_events.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum {
    BUCKET_LEN = 32,      /* gaps aimed at in one bucket: these are sorted by insertion */
    BUCKET_BITS_MAX = 12, /* more and every write misses the caches: measured by perf/stats_scale */
    CELL_BITS_MAX = 12,
    SPREAD_REQUESTS = 2048 /* that say how full the cells are */
};

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

static bool has_gaps(const struct record *record)
{
    return request_is_counted(record) && record->outcome == OUTCOME_OK && record->n_events > 1;
}

/* What is done with every gap: three walks put them where they belong, and one, of some requests, says how
 * they are spread. */
enum walk {
    WALK_COUNT,
    WALK_SPREAD,  /* sizes of the cells */
    WALK_MEASURE, /* sizes of the buckets */
    WALK_PLACE,
};

/* Values side by side, cut into 2^n buckets. */
struct cell {
    uint64_t n; /* gaps of the requests that say how full it is */
    size_t first_bucket;
    unsigned shift; /* key inside the cell to bucket */
};

struct placing {
    struct gaps *gaps;
    uint64_t key_min; /* of all values */
    uint64_t key_max;
    unsigned shift; /* key - key_min to cell */
    size_t n_cells;
    struct cell *cells;
    size_t n_buckets;
    size_t *places; /* WALK_MEASURE: [bucket + 1] its size; WALK_PLACE: where its next gap goes */
};

static size_t bucket_of(const struct placing *self, double value)
{
    const uint64_t key = sort_key(value) - self->key_min;
    const struct cell *cell = &self->cells[key >> self->shift];
    const uint64_t inside = key & ((UINT64_C(1) << self->shift) - 1);
    return cell->first_bucket + (size_t)(inside >> cell->shift);
}

static void take_gap(struct placing *self, enum walk walk, const struct weighted *gap)
{
    switch (walk) {
    case WALK_COUNT: {
        const uint64_t key = sort_key(gap->value);
        self->key_min = key < self->key_min ? key : self->key_min;
        self->key_max = key > self->key_max ? key : self->key_max;
        self->gaps->n_repeated += gap->weight;
        self->gaps->n++;
        break;
    }
    case WALK_SPREAD:
        self->cells[(sort_key(gap->value) - self->key_min) >> self->shift].n++;
        break;
    case WALK_MEASURE:
        self->places[bucket_of(self, gap->value) + 1]++;
        break;
    case WALK_PLACE:
        self->gaps->items[self->places[bucket_of(self, gap->value)]++] = *gap;
        break;
    }
}

/* Takes the gaps of one request; returns whether there were any. */
static bool walk_request(
    struct placing *self,
    enum walk walk,
    const struct record *record,
    enum gap_kind kind,
    uint32_t cluster)
{
    bool any = false;
    int64_t last_ns = RECORD_NONE;
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    while (token_reader_next(&reader, &event)) {
        struct weighted gap;
        if (next_gap(&event, kind, &last_ns, &gap)) {
            gap.cluster = cluster;
            take_gap(self, walk, &gap);
            any = true;
        }
    }
    return any;
}

/* How full the cells are, by every stride-th request. */
static void walk_some(
    struct placing *self, const struct record_set *records, enum gap_kind kind, uint64_t stride)
{
    for (uint64_t i = 0; i < records->n; i += stride) {
        if (has_gaps(&records->records[i])) {
            (void)walk_request(self, WALK_SPREAD, &records->records[i], kind, 0);
        }
    }
}

static void
walk_all(struct placing *self, enum walk walk, const struct record_set *records, enum gap_kind kind)
{
    size_t n_clusters = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (has_gaps(record)) {
            n_clusters += walk_request(self, walk, record, kind, (uint32_t)n_clusters);
        }
    }
    self->gaps->n_clusters = n_clusters;
}

static unsigned bits_for(uint64_t n, uint64_t len, unsigned max)
{
    unsigned bits = 0;
    while (bits < max && n >> bits > len) {
        bits++;
    }
    return bits;
}

/* Even cells over the range of the values. */
static void choose_cells(struct placing *self)
{
    const unsigned bits = bits_for(self->gaps->n, BUCKET_LEN, CELL_BITS_MAX);
    const uint64_t range = self->key_max - self->key_min;
    while (range >> self->shift >> bits > 0) {
        self->shift++;
    }
    self->n_cells = (size_t)1 << bits;
}

/* As many buckets in each cell as make them short: in all one a cell and about 2^BUCKET_BITS_MAX more. */
static void
choose_buckets(struct placing *self, const struct record_set *records, enum gap_kind kind)
{
    const uint64_t stride = records->n / SPREAD_REQUESTS + 1;
    walk_some(self, records, kind, stride);
    const uint64_t shortest = self->gaps->n >> (BUCKET_BITS_MAX - 1);
    const uint64_t len = shortest > BUCKET_LEN ? shortest : BUCKET_LEN;
    for (size_t i = 0; i < self->n_cells; i++) {
        struct cell *cell = &self->cells[i];
        const unsigned bits = bits_for(cell->n * stride, len, self->shift);
        cell->first_bucket = self->n_buckets;
        cell->shift = self->shift - bits;
        self->n_buckets += (size_t)1 << bits;
    }
}

void gaps_init(
    struct gaps *self,
    const struct point_facts *facts,
    const struct record_set *records,
    enum gap_kind kind)
{
    *self = (struct gaps){0};
    if (!facts->streaming || !records->has_events) {
        return;
    }
    struct placing placing = {.gaps = self, .key_min = UINT64_MAX};
    walk_all(&placing, WALK_COUNT, records, kind);
    if (self->n == 0) {
        return;
    }
    choose_cells(&placing);
    CLEANUP(mem_freep)
    struct cell *cells = mem_alloc(placing.n_cells, sizeof(*cells));
    placing.cells = cells;
    choose_buckets(&placing, records, kind);
    CLEANUP(mem_freep)
    size_t *places = mem_alloc(placing.n_buckets + 1, sizeof(*places));
    placing.places = places;
    walk_all(&placing, WALK_MEASURE, records, kind);
    for (size_t b = 1; b <= placing.n_buckets; b++) {
        places[b] += places[b - 1];
    }
    self->items = mem_alloc(self->n, sizeof(*self->items));
    walk_all(&placing, WALK_PLACE, records, kind);
    /* Each place has moved to the end of its bucket. */
    for (size_t b = 0; b < placing.n_buckets; b++) {
        const size_t begin = b == 0 ? 0 : places[b - 1];
        sort_weighted(self->items + begin, places[b] - begin);
    }
}

void gaps_done(struct gaps *self)
{
    free(self->items);
    *self = (struct gaps){0};
}
