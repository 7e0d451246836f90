/* Scoring happens when the measurement is over; it needs nothing but the texts and the items. */
#include "cli/run_quality.h"

#include "base/clock.h"
#include "base/mem.h"
#include "suite/score.h"

#include <math.h>
#include <stdlib.h>

static bool is_quality(const struct spec *spec)
{
    return spec->kind == SPEC_QUALITY;
}

int run_quality_check_options(
    const struct run_options *options, const struct spec *spec, struct error *err)
{
    const struct {
        bool given;
        const char *name;
    } rows[] = {
        {options->duration_given, "duration"},
        {options->warmup >= 0, "warmup"},
        {options->gate_given, "warmup-gate"},
        {options->warmup_timeout_given, "warmup-timeout"},
    };

    for (size_t i = 0; is_quality(spec) && i < ARRAY_LEN(rows); i++) {
        if (rows[i].given) {
            return error_set(
                err, ERROR_USAGE,
                "--%s has no meaning for %s, which asks each of its items once: leave it out, or give "
                "--requests to ask fewer",
                rows[i].name, spec->id);
        }
    }
    return 0;
}

int run_quality_check_items(
    const struct run_options *options, const struct run_work *work, struct error *err)
{
    if (is_quality(work->spec) && options->mode != RUN_ALL && options->requests > work->prompts.n) {
        return error_set(
            err, ERROR_USAGE, "--requests: %s has %u items, and each is asked once at most",
            work->spec->id, work->prompts.n);
    }
    return 0;
}

void run_quality_apply(const struct run_work *work, struct point_options *options)
{
    if (!is_quality(work->spec)) {
        return;
    }
    const uint64_t wanted = options->n_requests;
    options->n_requests = wanted > 0 && wanted < work->prompts.n ? wanted : work->prompts.n;
    options->duration_ns = CLOCK_NEVER;
    options->warmup_per_stream = 0;
    options->gate = GATE_MODE_OFF;
    options->save_text = true;
}

static double score_of(const struct item *item, const struct record *record)
{
    if (record->outcome != OUTCOME_OK || record->text == NULL) {
        return (double)NAN;
    }
    return item_score(item, record->content != NULL ? record->content : record->text);
}

void run_quality_score(
    const struct run_work *work, struct point_result *result, struct run_quality *out)
{
    *out = (struct run_quality){.items = NULL};
    if (!is_quality(work->spec)) {
        return;
    }
    struct record_set *records = &result->records;
    out->items = mem_alloc(records->n, sizeof(*out->items));
    for (uint64_t i = 0; i < records->n; i++) {
        struct record *record = &records->records[i];
        const struct item *item = &work->prompts.items[record->prompt_index];
        out->items[i] = (struct record_item){
            .id = item->id,
            .category = item->category,
            .scoring = scorer_of(item->scoring)->name,
            .score = score_of(item, record),
        };
        record->item = &out->items[i];
    }
}

void run_quality_done(struct run_quality *self)
{
    free(self->items);
    *self = (struct run_quality){.items = NULL};
}
