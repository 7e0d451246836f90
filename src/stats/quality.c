/* Scores are added in ascending order, as the samples of all other means are: so the numbers here are those
 * of the metrics, bit for bit, whatever the order of the records. */
#include "stats/quality.h"

#include "base/mem.h"
#include "stats/request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 97.5 % quantile of the normal distribution. */
static const double z_95 = 1.959963984540054;

struct interval quality_wilson(double mean, uint64_t n)
{
    if (n == 0) {
        return (struct interval){.low = (double)NAN, .high = (double)NAN};
    }
    const double count = (double)n;
    const double z2 = z_95 * z_95;
    const double middle = (mean + z2 / (2.0 * count)) / (1.0 + z2 / count);
    const double half =
        z_95 * sqrt(mean * (1.0 - mean) / count + z2 / (4.0 * count * count)) / (1.0 + z2 / count);
    const double low = middle - half;
    const double high = middle + half;
    return (struct interval){.low = low > 0.0 ? low : 0.0, .high = high < 1.0 ? high : 1.0};
}

bool quality_is_known(const struct record_set *records)
{
    for (uint64_t i = 0; i < records->n; i++) {
        if (records->records[i].item != NULL) {
            return true;
        }
    }
    return false;
}

/* Until the end, `accuracy` is the sum of scores. */
static void add_request(struct quality_part *self, const struct record *record)
{
    const bool ok = record->outcome == OUTCOME_OK;
    const bool scored = ok && !isnan(record->item->score);
    self->n++;
    self->n_ok += ok;
    self->n_scored += scored;
    self->accuracy += scored ? record->item->score : 0.0;
}

static void finish_part(struct quality_part *self)
{
    const double sum = self->accuracy;
    const uint64_t n_settled = self->n_scored + (self->n - self->n_ok);
    self->accuracy = self->n_scored > 0 ? sum / (double)self->n_scored : (double)NAN;
    self->wilson = quality_wilson(self->accuracy, self->n_scored);
    self->accuracy_incl_failures = n_settled > 0 ? sum / (double)n_settled : (double)NAN;
    self->wilson_incl_failures = quality_wilson(self->accuracy_incl_failures, n_settled);
}

/* By name, NULL last. */
static int compare_names(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }
    return strcmp(a, b);
}

static int compare_parts(const void *a, const void *b)
{
    const struct quality_part *first = a;
    const struct quality_part *second = b;
    return compare_names(first->category, second->category);
}

static struct quality_part *find_part(const struct quality *self, const char *category)
{
    const struct quality_part key = {.category = category};
    return bsearch(
        &key, self->categories, self->n_categories, sizeof(*self->categories), compare_parts);
}

static bool is_counted(const struct record *record)
{
    return record->item != NULL && request_is_counted(record) &&
           strcmp(record->item->scoring, RECORD_SCORING_NOT_DRAWN) != 0;
}

struct scored {
    double score; /* 0 where there is none: such a request adds nothing */
    const struct record *record;
};

static int compare_scores(const void *a, const void *b)
{
    const struct scored *first = a;
    const struct scored *second = b;
    return (first->score > second->score) - (first->score < second->score);
}

/* The counted requests by rising score; the caller's to free. */
static struct scored *sorted_requests(const struct record_set *records, size_t *out_n)
{
    struct scored *out = mem_alloc(records->n, sizeof(*out));
    size_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (is_counted(record)) {
            const double score = record->item->score;
            out[n++] = (struct scored){isnan(score) ? 0.0 : score, record};
        }
    }
    qsort(out, n, sizeof(*out), compare_scores);
    *out_n = n;
    return out;
}

/* One part for each category that occurs; none when no item has one. */
static void find_categories(struct quality *self, const struct record_set *records)
{
    struct quality_part *parts = mem_alloc(records->n, sizeof(*parts));
    size_t n = 0;
    bool any = false;
    for (uint64_t i = 0; i < records->n; i++) {
        if (is_counted(&records->records[i])) {
            parts[n].category = records->records[i].item->category;
            any = any || parts[n].category != NULL;
            n++;
        }
    }
    qsort(parts, n, sizeof(*parts), compare_parts);
    size_t n_kept = 0;
    for (size_t i = 0; any && i < n; i++) {
        if (i == 0 || compare_parts(&parts[n_kept - 1], &parts[i]) != 0) {
            parts[n_kept++] = parts[i];
        }
    }
    self->categories = parts;
    self->n_categories = n_kept;
}

void quality_compute(const struct record_set *records, struct quality *out)
{
    *out = (struct quality){.known = quality_is_known(records)};
    if (!out->known) {
        return;
    }
    find_categories(out, records);
    size_t n = 0;
    CLEANUP(mem_freep) struct scored *sorted = sorted_requests(records, &n);
    for (size_t i = 0; i < n; i++) {
        const struct record *record = sorted[i].record;
        add_request(&out->all, record);
        if (out->n_categories > 0) {
            add_request(find_part(out, record->item->category), record);
        }
    }
    finish_part(&out->all);
    for (size_t i = 0; i < out->n_categories; i++) {
        finish_part(&out->categories[i]);
    }
}

void quality_done(struct quality *self)
{
    free(self->categories);
    *self = (struct quality){0};
}
