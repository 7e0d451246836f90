/* What is known is a number, what is not is null.  The plain figures of struct measurement are one
 * table; what needs words or an object of its own is added around it. */
#include "envelope/summary_json.h"

#include "hardware/normal_text.h"
#include "stats/measurement.h"

#include <math.h>

enum figure_type {
    FIGURE_F64,
    FIGURE_U64,
    FIGURE_COUNT, /* int64_t; RECORD_COUNT_UNKNOWN is null */
};

struct figure {
    const char *key;
    enum figure_type type;
    size_t offset;
};

#define FIGURE(type, member)                                \
    {                                                       \
#member, type, offsetof(struct measurement, member) \
    }

static const struct figure figures[] = {
    FIGURE(FIGURE_U64, n_kernel_stamps),
    FIGURE(FIGURE_U64, n_user_stamps),
    FIGURE(FIGURE_F64, client_lag_p50_us),
    FIGURE(FIGURE_F64, client_lag_p99_us),
    FIGURE(FIGURE_F64, client_lag_max_us),
    FIGURE(FIGURE_F64, client_gap_max_us),
    FIGURE(FIGURE_F64, shared_read_share),
    FIGURE(FIGURE_F64, shared_read_bound_p99_us),
    FIGURE(FIGURE_F64, shared_read_bound_max_us),
    FIGURE(FIGURE_F64, dispatch_delay_p50_us),
    FIGURE(FIGURE_F64, dispatch_delay_p99_us),
    FIGURE(FIGURE_F64, dispatch_delay_max_us),
    FIGURE(FIGURE_F64, turnaround_p50_us),
    FIGURE(FIGURE_F64, turnaround_p99_us),
    FIGURE(FIGURE_F64, turnaround_max_us),
    FIGURE(FIGURE_F64, requested_rate_rps),
    FIGURE(FIGURE_F64, achieved_rate_rps),
    FIGURE(FIGURE_F64, achieved_rate_ratio),
    FIGURE(FIGURE_F64, arrival_ks_p),
    FIGURE(FIGURE_F64, arrival_dispersion_1s),
    FIGURE(FIGURE_F64, in_flight_mean),
    FIGURE(FIGURE_F64, in_flight_max),
    FIGURE(FIGURE_F64, little_residual),
    FIGURE(FIGURE_F64, worker_cpu_share_max),
    FIGURE(FIGURE_F64, worker_work_share_max),
    FIGURE(FIGURE_F64, waited_for_connect_share),
    FIGURE(FIGURE_U64, n_clock_steps),
    FIGURE(FIGURE_U64, n_connects),
    FIGURE(FIGURE_COUNT, cached_prompt_tokens),
    FIGURE(FIGURE_COUNT, prompt_tokens_total),
    FIGURE(FIGURE_U64, n_warmup),
    FIGURE(FIGURE_U64, n_counted),
    FIGURE(FIGURE_U64, n_tail),
};

void summary_json_metrics(struct arena *arena, const struct summary *summary, struct json *metrics)
{
    for (size_t i = 0; i < summary->n_values; i++) {
        json_add_f64(arena, metrics, summary->values[i].metric->key, summary->values[i].value);
    }
    if (summary->cost_source != NULL) {
        const char *source = normal_text_copy(arena, summary->cost_source);
        json_add_text(arena, metrics, "cost_source", source);
    }
}

struct json *summary_json_intervals(struct arena *arena, const struct summary *summary)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    for (size_t i = 0; i < summary->n_values; i++) {
        const struct summary_value *value = &summary->values[i];
        struct json *low = json_new_f64(arena, value->low);
        struct json *high = json_new_f64(arena, value->high);
        if (low->kind == JSON_NULL || high->kind == JSON_NULL) {
            json_add_null(arena, out, value->metric->key);
            continue;
        }
        struct json *pair = json_add(arena, out, value->metric->key, json_new(arena, JSON_ARRAY));
        (void)json_append(pair, low);
        (void)json_append(pair, high);
    }
    return out;
}

static void add_figure(
    struct arena *arena,
    const struct measurement *measurement,
    const struct figure *figure,
    struct json *out)
{
    const void *at = (const char *)measurement + figure->offset;
    switch (figure->type) {
    case FIGURE_F64:
        json_add_f64(arena, out, figure->key, *(const double *)at);
        return;
    case FIGURE_U64:
        (void)json_add(arena, out, figure->key, json_new_u64(arena, *(const uint64_t *)at));
        return;
    case FIGURE_COUNT:
        if (*(const int64_t *)at == RECORD_COUNT_UNKNOWN) {
            json_add_null(arena, out, figure->key);
        } else {
            json_add_i64(arena, out, figure->key, *(const int64_t *)at);
        }
        return;
    }
}

static void add_sources(
    struct arena *arena,
    const struct point_facts *facts,
    const struct measurement *measurement,
    struct json *out)
{
    json_add_text(arena, out, "clock", "CLOCK_MONOTONIC");
    json_add_i64(arena, out, "start_mono_ns", facts->start_mono_ns);
    json_add_i64(arena, out, "start_real_ns", facts->start_real_ns);
    json_add_text(arena, out, "stamp_source", measurement->stamp_kernel ? "kernel" : "user");
    json_add_text(arena, out, "tokens_source", facts->tokens_from_events ? "events" : "usage");
    json_add_i64(arena, out, "n_workers", facts->n_workers);
    json_add_text(arena, out, "driver", driver_name(facts->driver));
    json_add_text(arena, out, "arrival", arrival_name(facts->arrival));
    json_add_bool(arena, out, "streaming", facts->streaming);
    json_add_bool(arena, out, "interrupted", facts->interrupted);
    json_add_bool(arena, out, "engine_changed", facts->engine_changed);
}

static void add_window(struct arena *arena, const struct point_facts *facts, struct json *out)
{
    struct json *window = json_add(arena, out, "window", json_new(arena, JSON_OBJECT));
    json_add_i64(arena, window, "start_ns", facts->window_start_ns);
    json_add_i64(arena, window, "end_ns", facts->window_end_ns);
    json_add_i64(arena, window, "requested_duration_ns", facts->requested_duration_ns);
    json_add_i64(arena, window, "drain_end_ns", facts->end_ns);
    struct json *warmup = json_add(arena, out, "warmup", json_new(arena, JSON_OBJECT));
    json_add_text(arena, warmup, "gate", gate_result_name(facts->gate));
    json_add_f64(arena, warmup, "gate_cov", facts->gate_cov);
    json_add_i64(arena, warmup, "n_completed", facts->n_warmup);
    struct json *slo = json_add(arena, out, "slo_limits", json_new(arena, JSON_OBJECT));
    json_add_f64(arena, slo, "ttft_ms", facts->slo.ttft_ms);
    json_add_f64(arena, slo, "tpot_ms", facts->slo.tpot_ms);
    json_add_f64(arena, slo, "total_ms", facts->slo.total_ms);
}

/* One number for each worker, null where it took no time; one for each step of the window. */
static void add_lists(
    struct arena *arena,
    const struct point_facts *facts,
    const struct measurement *measurement,
    struct json *out)
{
    struct json *shares = json_add(arena, out, "worker_cpu_shares", json_new(arena, JSON_ARRAY));
    for (uint32_t w = 0; w < facts->n_workers; w++) {
        (void)json_append(shares, json_new_f64(arena, worker_cpu_share(&facts->workers[w])));
    }
    const struct in_flight_series *series = &measurement->in_flight_series;
    struct json *over_time =
        json_add(arena, out, "in_flight_over_time", json_new(arena, JSON_OBJECT));
    json_add_f64(arena, over_time, "step_s", series->step_s);
    struct json *means = json_add(arena, over_time, "means", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < series->n; i++) {
        (void)json_append(means, json_new_f64(arena, series->means[i]));
    }
}

static void add_counts(struct arena *arena, const struct measurement *measurement, struct json *out)
{
    struct json *outcomes = json_add(arena, out, "n_outcome", json_new(arena, JSON_OBJECT));
    for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
        (void)json_add(
            arena, outcomes, record_outcome_name((enum outcome)i),
            json_new_u64(arena, measurement->n_outcome[i]));
    }
    struct json *unsupported =
        json_add(arena, out, "unsupported_percentiles", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < measurement->n_unsupported; i++) {
        (void)json_append(
            unsupported, json_new_text(arena, measurement->unsupported_percentiles[i]));
    }
}

/* What a cost is made of, for whoever has another price. */
static void add_usage(struct arena *arena, const struct usage_totals *totals, struct json *out)
{
    struct json *usage = json_add(arena, out, "usage", json_new(arena, JSON_OBJECT));
    json_add_i64(arena, usage, "n_requests", (int64_t)totals->n_requests);
    json_add_i64(arena, usage, "n_with_counts", (int64_t)totals->n_with_counts);
    json_add_i64(arena, usage, "input_tokens", (int64_t)totals->input_tokens);
    json_add_i64(arena, usage, "cached_input_tokens", (int64_t)totals->cached_input_tokens);
    json_add_i64(arena, usage, "output_tokens", (int64_t)totals->output_tokens);
    json_add_i64(arena, usage, "n_costs_told", (int64_t)totals->n_costs_told);
    json_add_f64(
        arena, usage, "cost_told_usd",
        totals->n_costs_told > 0 ? totals->cost_told_usd : (double)NAN);
}

struct json *summary_json_measurement(
    struct arena *arena, const struct point_facts *facts, const struct summary *summary)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    add_sources(arena, facts, &summary->measurement, out);
    add_window(arena, facts, out);
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        add_figure(arena, &summary->measurement, &figures[i], out);
    }
    add_lists(arena, facts, &summary->measurement, out);
    add_usage(arena, &summary->measurement.usage, out);
    add_counts(arena, &summary->measurement, out);
    return out;
}

struct json *summary_json_validity(struct arena *arena, const struct summary *summary)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "status", validity_status_name(summary->validity));
    struct json *reasons = json_add(arena, out, "reasons", json_new(arena, JSON_ARRAY));
    for (size_t i = 0; i < summary->n_reasons; i++) {
        const struct validity_reason *reason = &summary->reasons[i];
        struct json *row = json_append(reasons, json_new(arena, JSON_OBJECT));
        json_add_text(arena, row, "name", reason->name);
        json_add_f64(arena, row, "figure", reason->figure);
        json_add_f64(arena, row, "limit", reason->limit);
        json_add_text(arena, row, "text", reason->text);
    }
    return out;
}

static void add_count(struct arena *arena, struct json *out, const char *key, uint64_t n)
{
    (void)json_add(arena, out, key, json_new_u64(arena, n));
}

static void add_agreement(struct arena *arena, const struct judge_summary *judge, struct json *out)
{
    const uint64_t n =
        judge->n_both[0][0] + judge->n_both[0][1] + judge->n_both[1][0] + judge->n_both[1][1];
    if (n == 0) {
        json_add_null(arena, out, "agreement");
        return;
    }
    struct json *row = json_add(arena, out, "agreement", json_new(arena, JSON_OBJECT));
    add_count(arena, row, "n", n);
    add_count(arena, row, "n_both_correct", judge->n_both[1][1]);
    add_count(arena, row, "n_both_incorrect", judge->n_both[0][0]);
    add_count(arena, row, "n_only_judge_correct", judge->n_both[1][0]);
    add_count(arena, row, "n_only_scorer_correct", judge->n_both[0][1]);
    json_add_f64(arena, row, "share", judge->agreement);
    json_add_f64(arena, row, "cohen_kappa", judge->cohen_kappa);
}

void summary_json_judge(struct arena *arena, const struct judge_summary *judge, struct json *out)
{
    add_count(arena, out, "n_questions", judge->n_questions);
    add_count(arena, out, "n_judged", judge->n_judged);
    add_count(arena, out, "n_correct", judge->n_outcome[JUDGE_CORRECT]);
    add_count(arena, out, "n_not_asked", judge->n_outcome[JUDGE_NOT_ASKED]);
    add_count(arena, out, "n_errors", judge->n_errors);
    struct json *errors = json_add(arena, out, "errors", json_new(arena, JSON_OBJECT));
    for (unsigned i = JUDGE_NO_VERDICT; i < JUDGE_NOT_ASKED; i++) {
        add_count(arena, errors, judge_outcome_name((enum judge_outcome)i), judge->n_outcome[i]);
    }
    add_count(arena, out, "n_retries", judge->n_retries);
    struct json *usage = json_add(arena, out, "usage", json_new(arena, JSON_OBJECT));
    add_count(arena, usage, "n_with_usage", judge->n_with_usage);
    add_count(arena, usage, "prompt_tokens", judge->prompt_tokens);
    add_count(arena, usage, "completion_tokens", judge->output_tokens);
    add_agreement(arena, judge, out);
}
