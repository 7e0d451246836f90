/* Envelopes of other writers have a cost per million tokens and a source, and no totals: then that is all
 * that is shown. */
#include "cli/cost_row.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/summary_row.h"

#include <math.h>
#include <string.h>

enum {
    DAY_LEN = 10
};

static double number_at(const struct json *root, const char *path)
{
    double value = (double)NAN;
    (void)json_f64(json_path(root, path), &value);
    return value;
}

/* False where there is no such count. */
static bool count_at(const struct json *object, const char *key, uint64_t *out)
{
    int64_t value = 0;
    if (!json_i64(json_find(object, key), &value) || value < 0) {
        return false;
    }
    *out = (uint64_t)value;
    return true;
}

static void read_usage(const struct json *root, struct cost_row *out)
{
    const struct json *usage = json_path(root, "measurement.usage");
    struct usage_totals *totals = &out->usage;
    out->has_usage = count_at(usage, "n_requests", &totals->n_requests) &&
                     count_at(usage, "n_with_counts", &totals->n_with_counts) &&
                     count_at(usage, "input_tokens", &totals->input_tokens) &&
                     count_at(usage, "cached_input_tokens", &totals->cached_input_tokens) &&
                     count_at(usage, "output_tokens", &totals->output_tokens) &&
                     totals->cached_input_tokens <= totals->input_tokens;
}

static void read_rates(const struct json *root, struct hour_rates *out)
{
    const double window_ns = number_at(root, "measurement.window.end_ns") -
                             number_at(root, "measurement.window.start_ns");
    *out = (struct hour_rates){
        .window_s = window_ns > 0.0 ? window_ns / (double)NS_PER_S : (double)NAN,
        .tok_per_s = number_at(root, "metrics.throughput_tok_per_s"),
        .req_per_s = number_at(root, "metrics.req_per_s_all"),
    };
}

/* "prices-file:x.yaml@2026-11-01" and "embedded:2026-11-01" end with the date of the price; what a
 * provider told, and what an hour cost, is of the day of the run. */
static void read_source(struct arena *arena, const char *source, struct cost_row *out)
{
    const char *at = strrchr(source, '@');
    out->cost.source = source;
    out->date = "";
    if (text_equal(source, COST_SOURCE_PROVIDER) || text_equal(source, COST_SOURCE_HOUR)) {
        out->date = out->day;
    } else if (text_starts_with(source, "embedded:")) {
        out->cost.source = "embedded";
        out->date = source + strlen("embedded:");
    } else if (text_starts_with(source, "prices-file:") && at != NULL) {
        out->cost.source = arena_copy(arena, source, (size_t)(at - source));
        out->date = at + 1;
    }
}

static void read_cost(struct arena *arena, const struct json *root, struct cost_row *out)
{
    out->cost = (struct cost){
        .usd_total = number_at(root, "metrics.cost_usd_total"),
        .usd_per_million_tokens = number_at(root, "metrics.cost_usd_per_million_tokens"),
        .usd_per_request = number_at(root, "metrics.cost_usd_per_request"),
    };
    const char *source = json_text(json_path(root, "metrics.cost_source"), "");
    if (source[0] != '\0') {
        read_source(arena, source, out);
    }
}

int cost_row_read(struct arena *arena, const char *path, struct cost_row *out, struct error *err)
{
    struct json *root = NULL;
    const int result = envelope_read(arena, path, &root, err);
    if (result < 0) {
        return result;
    }
    const char *timestamp = json_text(json_find(root, "timestamp"), "");
    *out = (struct cost_row){
        .file = arena_copy_text(arena, file_base_name(path)),
        .benchmark = json_text(json_find(root, "suite_id"), ""),
        .model = json_text(json_path(root, "model.id"), ""),
        .provider = json_text(json_path(root, "model.provider"), ""),
        .load = envelope_load_text(arena, root),
        .day = strlen(timestamp) > DAY_LEN ? arena_copy(arena, timestamp, DAY_LEN) : "",
        .date = "",
    };
    read_usage(root, out);
    read_rates(root, &out->rates);
    read_cost(arena, root, out);
    return 0;
}

bool cost_row_by_list(
    struct cost_row *self, struct arena *arena, const struct price_list *list, const char **why)
{
    self->cost = (struct cost){0};
    self->date = "";
    const struct price_entry *entry = price_list_find(list, self->provider, self->model);
    if (entry == NULL) {
        *why = arena_format(
            arena, "%s has %s", list->name,
            price_list_missing(list, self->provider, self->model, arena));
        return false;
    }
    if (!self->has_usage) {
        *why = "it has no token totals (measurement.usage) that a price could be put on";
        return false;
    }
    const struct price_facts price = {
        .basis = PRICE_TOKENS,
        .source = arena_format(arena, "prices-file:%s", list->name),
        .input_usd_per_mtok = entry->input_usd_per_mtok,
        .cached_input_usd_per_mtok = entry->cached_input_usd_per_mtok,
        .output_usd_per_mtok = entry->output_usd_per_mtok,
    };
    cost_by_tokens(&price, &self->usage, &self->cost);
    if (self->cost.source == NULL) {
        *why = "not every answer came with the engine's own token counts";
        return false;
    }
    self->date = entry->date;
    return true;
}

bool cost_row_by_hour(struct cost_row *self, double usd_per_hour, const char **why)
{
    const struct price_facts price = {
        .basis = PRICE_HOUR, .source = COST_SOURCE_HOUR, .usd_per_hour = usd_per_hour};
    cost_by_hour(&price, &self->rates, &self->cost);
    self->date = "";
    if (self->cost.source == NULL) {
        *why = "it has no throughput that a price of time could be divided by";
        return false;
    }
    return true;
}
