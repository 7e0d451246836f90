/* Token counts are summed as integers and priced once, so that a total is as exact as its prices. */
#include "stats/cost.h"

#include "stats/request.h"

#include <math.h>

#define TOKENS_PER_MTOK 1e6
#define SECONDS_PER_H   3600.0

struct price_facts price_none(void)
{
    return (struct price_facts){
        .basis = PRICE_NONE,
        .input_usd_per_mtok = (double)NAN,
        .cached_input_usd_per_mtok = (double)NAN,
        .output_usd_per_mtok = (double)NAN,
        .usd_per_hour = (double)NAN,
    };
}

/* More cached tokens than tokens would be a negative price. */
static uint64_t cached_of(const struct record *record)
{
    const int32_t cached = record->cached_tokens;
    if (cached < 0) {
        return 0;
    }
    return (uint64_t)(cached < record->prompt_tokens ? cached : record->prompt_tokens);
}

/* A sum that carries what its roundings lose (Neumaier's): a thousand equal amounts give a thousand times
 * the amount. */
struct sum {
    double value;
    double lost;
};

static void sum_add(struct sum *self, double x)
{
    const double value = self->value + x;
    const bool larger = fabs(self->value) >= fabs(x);
    self->lost += larger ? (self->value - value) + x : (x - value) + self->value;
    self->value = value;
}

void usage_totals_compute(const struct record_set *records, struct usage_totals *out)
{
    *out = (struct usage_totals){0};
    struct sum told = {0};
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (!request_is_counted(record) || record->outcome != OUTCOME_OK) {
            continue;
        }
        out->n_requests++;
        if (!isnan(record->cost_usd)) {
            out->n_costs_told++;
            sum_add(&told, record->cost_usd);
        }
        if (record->prompt_tokens >= 0 && record->output_tokens >= 0 &&
            record->output_tokens_usage) {
            out->n_with_counts++;
            out->input_tokens += (uint64_t)record->prompt_tokens;
            out->cached_input_tokens += cached_of(record);
            out->output_tokens += (uint64_t)record->output_tokens;
        }
    }
    out->cost_told_usd = told.value + told.lost;
}

bool usage_has_costs(const struct usage_totals *usage)
{
    return usage->n_requests > 0 && usage->n_costs_told == usage->n_requests &&
           usage->cost_told_usd > 0.0;
}

static bool all_counted(const struct usage_totals *usage)
{
    return usage->n_requests > 0 && usage->n_with_counts == usage->n_requests &&
           usage->output_tokens > 0;
}

static void cost_by_provider(const struct usage_totals *usage, struct cost *out)
{
    const double usd = usage->cost_told_usd;
    *out = (struct cost){
        .source = COST_SOURCE_PROVIDER,
        .usd_total = usd,
        .usd_per_million_tokens =
            all_counted(usage) ? usd / (double)usage->output_tokens * TOKENS_PER_MTOK : (double)NAN,
        .usd_per_request = usd / (double)usage->n_requests,
    };
}

void cost_by_tokens(
    const struct price_facts *price, const struct usage_totals *usage, struct cost *out)
{
    *out = (struct cost){0};
    if (!all_counted(usage)) {
        return;
    }
    const double cached_usd_per_mtok = isnan(price->cached_input_usd_per_mtok)
                                           ? price->input_usd_per_mtok
                                           : price->cached_input_usd_per_mtok;
    /* USD, a million times. */
    const double micro =
        (double)(usage->input_tokens - usage->cached_input_tokens) * price->input_usd_per_mtok +
        (double)usage->cached_input_tokens * cached_usd_per_mtok +
        (double)usage->output_tokens * price->output_usd_per_mtok;
    const double usd = micro / TOKENS_PER_MTOK;
    *out = (struct cost){
        .source = price->source,
        .usd_total = usd,
        .usd_per_million_tokens = micro / (double)usage->output_tokens,
        .usd_per_request = usd / (double)usage->n_requests,
    };
}

void cost_by_hour(const struct price_facts *price, const struct hour_rates *rates, struct cost *out)
{
    *out = (struct cost){0};
    const bool nothing_known = isnan(rates->tok_per_s) && !(rates->window_s > 0.0);
    if (nothing_known || rates->tok_per_s <= 0.0) {
        return;
    }
    const double usd_per_s = price->usd_per_hour / SECONDS_PER_H;
    *out = (struct cost){
        .source = price->source,
        .usd_total = usd_per_s * rates->window_s,
        .usd_per_million_tokens = usd_per_s / rates->tok_per_s * TOKENS_PER_MTOK,
        .usd_per_request = rates->req_per_s > 0.0 ? usd_per_s / rates->req_per_s : (double)NAN,
    };
}

void cost_compute(
    const struct point_facts *facts,
    const struct usage_totals *usage,
    const struct hour_rates *rates,
    struct cost *out)
{
    *out = (struct cost){0};
    if (usage_has_costs(usage)) {
        cost_by_provider(usage, out);
        return;
    }
    switch (facts->price.basis) {
    case PRICE_NONE:
        return;
    case PRICE_TOKENS:
        cost_by_tokens(&facts->price, usage, out);
        return;
    case PRICE_HOUR:
        cost_by_hour(&facts->price, rates, out);
        return;
    }
}
