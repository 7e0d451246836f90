/* One walk over the events.  Where an event says that it shared its read with the one before, that one
 * was not the read's last; all events of a read have the same earliest time. */
#include "stats/read_bound.h"

#include "base/clock.h"
#include "base/mem.h"
#include "stats/token_events.h"

#include <math.h>

struct bounds {
    uint64_t n;
    int64_t max_ns;
    uint64_t buckets[LAG_BUCKETS];
};

/* What is known to lie before the first read with a token. */
static int64_t earliest_of(const struct record *record)
{
    if (record->headers_ns != RECORD_NONE && record->headers_ns < record->first_token_ns) {
        return record->headers_ns;
    }
    return record->sent_ns;
}

static void add_request(struct bounds *self, const struct record *record)
{
    int64_t earliest_ns = earliest_of(record);
    int64_t last_ns = earliest_ns;
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    while (token_reader_next(&reader, &event)) {
        if (!event.shared_read) {
            earliest_ns = last_ns;
            last_ns = event.arrival_ns;
            continue;
        }
        const int64_t bound_ns = event.arrival_ns - earliest_ns;
        self->n++;
        self->max_ns = bound_ns > self->max_ns ? bound_ns : self->max_ns;
        lag_histogram_add(self->buckets, bound_ns);
    }
}

struct read_bound read_bound_compute(const struct record_set *records)
{
    CLEANUP(mem_freep) struct bounds *bounds = MEM_NEW(struct bounds);
    for (uint64_t i = 0; records->has_events && i < records->n; i++) {
        add_request(bounds, &records->records[i]);
    }
    struct read_bound out = {.n = bounds->n, .p99_us = (double)NAN, .max_us = (double)NAN};
    if (bounds->n > 0) {
        out.max_us = (double)bounds->max_ns / (double)NS_PER_US;
        out.p99_us =
            fmin(out.max_us, lag_histogram_quantile(bounds->buckets, 0.99) / (double)NS_PER_US);
    }
    return out;
}
