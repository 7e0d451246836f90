/* The number of events comes first and is bounded by the line's length, so that the array is taken
 * once; every column must then cover exactly that many.  Columns arrive one after the other, so they
 * meet in an unpacked array, which is packed when the line has been read. */
#include "envelope/records_events.h"

#include "base/mem.h"
#include "envelope/records_field.h"

#include <stdlib.h>
#include <string.h>

enum {
    COLUMN_COUNT = 1,
    COLUMN_GAPS = 2,
    COLUMN_TOKENS = 4,
    COLUMN_KINDS = 8,
    COLUMN_SHARED = 16,
    COLUMN_ALL = 31
};

/* As for other times of the file. */
#define EVENT_TIME_MAX (INT64_C(1) << 62)

static const char *const column_keys[] = {"n_events", "gaps_ns", "tokens", "kinds", "shared"};

void events_scratch_done(struct events_scratch *self)
{
    free(self->items);
    token_log_done(&self->log);
    *self = (struct events_scratch){0};
}

static void scratch_reserve(struct events_scratch *self, size_t n)
{
    if (self->log.words == NULL) {
        token_log_init(&self->log, (uint32_t)n);
    }
    if (self->cap < n) {
        self->items = mem_resize(self->items, n, sizeof(*self->items));
        self->cap = n;
    }
    if (n > 0) {
        memset(self->items, 0, n * sizeof(*self->items));
    }
}

static const char *read_n(struct events *self, struct json_pull *pull)
{
    if (!field_read_u64(json_pull_next(pull), pull, &self->n) || self->n > UINT32_MAX) {
        return "a number of events is expected";
    }
    if (self->n <= self->limit) {
        scratch_reserve(self->scratch, self->n);
    }
    return NULL;
}

static const char *read_gaps(const struct events *self, struct json_pull *pull)
{
    int64_t at_ns = 0;
    for (uint64_t i = 0; i < self->n; i++) {
        int64_t gap_ns = 0;
        if (json_pull_next(pull) != JSON_TOKEN_NUMBER || !json_pull_i64(pull, &gap_ns) ||
            (i > 0 && gap_ns < 0) || __builtin_add_overflow(at_ns, gap_ns, &at_ns) ||
            at_ns > EVENT_TIME_MAX || at_ns < -EVENT_TIME_MAX) {
            return "as many gaps as events are expected, none negative";
        }
        self->scratch->items[i].arrival_ns = at_ns;
    }
    return json_pull_next(pull) == JSON_TOKEN_ARRAY_END ? NULL : "more gaps than events";
}

static bool read_kind(enum json_token token, const struct json_pull *pull, uint64_t *out)
{
    for (unsigned kind = 0; token == JSON_TOKEN_STRING && kind <= TOKEN_TOOL; kind++) {
        if (json_pull_is(pull, record_token_kind_name((enum token_kind)kind))) {
            *out = kind;
            return true;
        }
    }
    return false;
}

/* One run [value, count], whose bracket has been taken. */
static bool read_run(struct json_pull *pull, unsigned column, uint64_t *value, uint64_t *n)
{
    const enum json_token token = json_pull_next(pull);
    const bool good = column == COLUMN_KINDS
                          ? read_kind(token, pull, value)
                          : field_read_u64(token, pull, value) && *value <= UINT32_MAX;
    return good && field_read_u64(json_pull_next(pull), pull, n) &&
           json_pull_next(pull) == JSON_TOKEN_ARRAY_END;
}

static void fill_run(struct token_event *items, unsigned column, uint64_t value, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (column == COLUMN_KINDS) {
            items[i].kind = (uint8_t)value;
        } else {
            items[i].tokens = (uint32_t)value;
        }
    }
}

static const char *read_runs(const struct events *self, struct json_pull *pull, unsigned column)
{
    uint64_t filled = 0;
    for (;;) {
        const enum json_token token = json_pull_next(pull);
        if (token == JSON_TOKEN_ARRAY_END) {
            return filled == self->n ? NULL : "the runs do not cover all events";
        }
        uint64_t value = 0;
        uint64_t n = 0;
        if (token != JSON_TOKEN_ARRAY_BEGIN || !read_run(pull, column, &value, &n)) {
            return "runs [value, count] are expected";
        }
        if (n > self->n - filled) {
            return "the runs cover more than all events";
        }
        fill_run(self->scratch->items + filled, column, value, n);
        filled += n;
    }
}

static const char *read_shared(const struct events *self, struct json_pull *pull)
{
    uint64_t next = 0;
    for (;;) {
        const enum json_token token = json_pull_next(pull);
        if (token == JSON_TOKEN_ARRAY_END) {
            return NULL;
        }
        uint64_t i = 0;
        if (!field_read_u64(token, pull, &i) || i < next || i >= self->n) {
            return "rising indices of events are expected";
        }
        self->scratch->items[i].shared_read = true;
        next = i + 1;
    }
}

static unsigned column_of(const struct json_pull *pull, const char **key)
{
    for (unsigned i = 0; i < ARRAY_LEN(column_keys); i++) {
        if (json_pull_is(pull, column_keys[i])) {
            *key = column_keys[i];
            return 1U << i;
        }
    }
    return 0;
}

const char *events_read_member(struct events *self, struct json_pull *pull, const char **key)
{
    const unsigned column = column_of(pull, key);
    if (column == 0) {
        return NULL;
    }
    if ((self->seen & column) != 0) {
        return "given twice";
    }
    self->seen |= column;
    if (column == COLUMN_COUNT) {
        return read_n(self, pull);
    }
    if ((self->seen & COLUMN_COUNT) == 0) {
        return "n_events is expected before it";
    }
    if (self->n > self->limit) {
        return "more events than the line can hold";
    }
    if (json_pull_next(pull) != JSON_TOKEN_ARRAY_BEGIN) {
        return "an array is expected";
    }
    if (column == COLUMN_GAPS) {
        return read_gaps(self, pull);
    }
    return column == COLUMN_SHARED ? read_shared(self, pull) : read_runs(self, pull, column);
}

static const uint32_t *pack(const struct events *self, struct arena *arena)
{
    struct token_log *log = &self->scratch->log;
    token_log_clear(log);
    for (uint64_t i = 0; i < self->n; i++) {
        token_log_add(log, &self->scratch->items[i]);
    }
    uint32_t *words = arena_alloc(arena, log->n_words * sizeof(*words));
    memcpy(words, log->words, log->n_words * sizeof(*words));
    return words;
}

const char *
events_finish(const struct events *self, bool wanted, struct arena *arena, struct record *record)
{
    if ((self->seen & COLUMN_COUNT) == 0) {
        return "n_events is missing";
    }
    const bool has_columns = (self->seen & ~(unsigned)COLUMN_COUNT) != 0;
    if (!wanted || self->n == 0) {
        return has_columns ? "events where none are expected" : NULL;
    }
    if (self->seen != COLUMN_ALL) {
        return "gaps_ns, tokens, kinds or shared is missing";
    }
    record->n_events = (uint32_t)self->n;
    record->event_words = pack(self, arena);
    return NULL;
}
