/* Requests are found again by the hash of their bodies, which their salts make unique.  Truth and
 * records then lie side by side, token by token. */
#include "base/clock.h"
#include "base/mem.h"
#include "load/selftest.h"
#include "sim/sim_ask.h"
#include "stats/percentile.h"
#include "stats/sort.h"
#include "stats/token_events.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One request of the client, and what the engine says of it. */
struct pair {
    uint64_t body_hash;
    const struct record *record;
    int64_t arrived_ns;
    int64_t last_write_ns;
    uint32_t n_written; /* tokens */
    bool single_tokens; /* each write brought one token, in order */
};

struct pairs {
    struct pair *pairs;
    uint64_t n;
    uint64_t *table; /* open addressing: index + 1, 0 free */
    uint64_t mask;
    int64_t *write_ns; /* [pair][token], tokens_max each */
    uint32_t tokens_max;
};

static uint64_t *find_place(const struct pairs *self, uint64_t hash)
{
    uint64_t at = hash & self->mask;
    while (self->table[at] != 0 && self->pairs[self->table[at] - 1].body_hash != hash) {
        at = (at + 1) & self->mask;
    }
    return &self->table[at];
}

static void pairs_init(
    struct pairs *self,
    const struct selftest_recipe *recipe,
    const struct record_set *records,
    const struct workload *workload)
{
    *self = (struct pairs){.tokens_max = recipe->tokens};
    self->pairs = mem_alloc(records->n + 1, sizeof(*self->pairs));
    self->mask = 1;
    while (self->mask < 2 * records->n) {
        self->mask = 2 * self->mask + 1;
    }
    self->table = mem_alloc(self->mask + 1, sizeof(*self->table));
    CLEANUP(mem_freep) char *bytes = mem_alloc(workload->len_max, 1);
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        const uint32_t len = workload_render(workload, record->index, bytes);
        const uint32_t head_len =
            workload->requests[workload_prompt_of(workload, record->index)].head_len;
        const uint64_t hash = sim_hash(0, bytes + head_len, len - head_len);
        uint64_t *place = find_place(self, hash);
        assert(*place == 0); /* salted bodies differ */
        self->pairs[self->n++] =
            (struct pair){.body_hash = hash, .record = record, .single_tokens = true};
        *place = self->n;
    }
    self->write_ns = mem_alloc(self->n * self->tokens_max + 1, sizeof(*self->write_ns));
}

static void pairs_done(struct pairs *self)
{
    free(self->pairs);
    free(self->table);
    free(self->write_ns);
}

static void add_truth(struct pairs *self, const struct sim_truth *entry)
{
    const uint64_t place = *find_place(self, entry->body_hash);
    if (place == 0) {
        return;
    }
    struct pair *pair = &self->pairs[place - 1];
    pair->arrived_ns = entry->arrived_ns;
    pair->last_write_ns = entry->write_ns;
    if (entry->token == 0) {
        return;
    }
    if (entry->tokens != 1 || entry->token != pair->n_written + 1 ||
        entry->token > self->tokens_max) {
        pair->single_tokens = false;
        return;
    }
    self->write_ns[(place - 1) * self->tokens_max + pair->n_written] = entry->write_ns;
    pair->n_written++;
}

/* Absolute errors in ms, as they come. */
struct errors {
    double *values;
    size_t n;
};

static void errors_add(struct errors *self, int64_t measured_ns, int64_t true_ns)
{
    self->values[self->n++] = fabs((double)(measured_ns - true_ns)) / (double)NS_PER_MS;
}

static struct selftest_error errors_summary(struct errors *self)
{
    sort_doubles(self->values, self->n);
    double sum = 0.0;
    for (size_t i = 0; i < self->n; i++) {
        sum += self->values[i];
    }
    return (struct selftest_error){
        .mean_ms = sum / (double)self->n,
        .p50_ms = percentile_sorted(self->values, self->n, 50.0),
        .p99_ms = percentile_sorted(self->values, self->n, 99.0),
        .max_ms = percentile_sorted(self->values, self->n, 100.0),
    };
}

static bool pair_matches(const struct pair *pair)
{
    return pair->record->outcome == OUTCOME_OK && pair->single_tokens && pair->n_written > 0 &&
           pair->n_written == pair->record->n_events;
}

static void compare_tokens(
    const struct pair *pair, const int64_t *write_ns, int64_t start_ns, struct errors *itl)
{
    struct token_reader reader = token_reader_of(pair->record);
    struct token_event event;
    int64_t before_ns = RECORD_NONE;
    for (uint32_t k = 0; token_reader_next(&reader, &event); k++) {
        const int64_t arrival_ns = event.arrival_ns + start_ns;
        if (k > 0) {
            errors_add(itl, arrival_ns - before_ns, write_ns[k] - write_ns[k - 1]);
        }
        before_ns = arrival_ns;
    }
}

static void
compare_pairs(const struct pairs *pairs, const struct point_facts *facts, struct selftest_row *out)
{
    const uint64_t n = pairs->n;
    struct errors ttft = {mem_alloc(n + 1, sizeof(double)), 0};
    struct errors itl = {mem_alloc(n * pairs->tokens_max + 1, sizeof(double)), 0};
    struct errors measured = {mem_alloc(n + 1, sizeof(double)), 0};
    struct errors truth = {mem_alloc(n + 1, sizeof(double)), 0};
    for (uint64_t i = 0; i < n; i++) {
        const struct pair *pair = &pairs->pairs[i];
        if (pair->record->phase != PHASE_WINDOW) {
            continue;
        }
        if (!pair_matches(pair)) {
            out->n_mismatched++;
            continue;
        }
        const int64_t *write_ns = &pairs->write_ns[i * pairs->tokens_max];
        const int64_t ttft_ns = pair->record->first_token_ns - pair->record->sent_ns;
        const int64_t true_ns = write_ns[0] - pair->arrived_ns;
        errors_add(&ttft, ttft_ns, true_ns);
        errors_add(&measured, ttft_ns, 0);
        errors_add(&truth, true_ns, 0);
        compare_tokens(pair, write_ns, facts->start_mono_ns, &itl);
        out->n_requests++;
        out->n_events += pair->record->n_events;
    }
    out->ttft = errors_summary(&ttft);
    out->itl = errors_summary(&itl);
    out->ttft_p99_ms = errors_summary(&measured).p99_ms;
    out->true_ttft_p99_ms = errors_summary(&truth).p99_ms;
    free(ttft.values);
    free(itl.values);
    free(measured.values);
    free(truth.values);
}

/* How much of [from_ns, to_ns) lies inside the window. */
static int64_t overlap_ns(int64_t from_ns, int64_t to_ns, int64_t start_ns, int64_t end_ns)
{
    const int64_t from = from_ns > start_ns ? from_ns : start_ns;
    const int64_t to = to_ns < end_ns ? to_ns : end_ns;
    return to > from ? to - from : 0;
}

/* What the engine itself saw of the load. */
static void add_load(
    const struct selftest_recipe *recipe,
    const struct point_facts *facts,
    const struct pairs *pairs,
    struct selftest_row *out)
{
    const int64_t start_ns = facts->start_mono_ns + facts->window_start_ns;
    const int64_t end_ns = facts->start_mono_ns + facts->window_end_ns;
    double busy_ns = 0.0;
    uint64_t n_events = 0;
    for (uint64_t i = 0; i < pairs->n; i++) {
        const struct pair *pair = &pairs->pairs[i];
        busy_ns += (double)overlap_ns(pair->arrived_ns, pair->last_write_ns, start_ns, end_ns);
        for (uint32_t k = 0; k < pair->n_written; k++) {
            const int64_t at_ns = pairs->write_ns[i * pairs->tokens_max + k];
            n_events += at_ns >= start_ns && at_ns < end_ns;
        }
    }
    const double window_ns = (double)(end_ns - start_ns);
    out->in_flight_share = busy_ns / window_ns / recipe->streams;
    out->events_per_s = (double)n_events / (window_ns / (double)NS_PER_S);
    out->events_share = out->events_per_s / selftest_events_per_s(recipe);
}

void selftest_compare(
    const struct selftest_recipe *recipe,
    const struct point_result *result,
    const struct workload *workload,
    const struct sim_truth *entries,
    uint64_t n,
    struct selftest_row *out)
{
    struct pairs pairs;
    pairs_init(&pairs, recipe, &result->records, workload);
    for (uint64_t i = 0; i < n; i++) {
        if (entries[i].request != UINT64_MAX) {
            add_truth(&pairs, &entries[i]);
        }
    }
    out->streams = recipe->streams;
    compare_pairs(&pairs, &result->facts, out);
    add_load(recipe, &result->facts, &pairs, out);
    pairs_done(&pairs);
}
