/* Plain walks over the records, one for each number: a million records take milliseconds. */
#include "stats/figure.h"

#include "base/clock.h"
#include "stats/request.h"

#include <math.h>

double figure_window_s(const struct point_facts *facts)
{
    const int64_t length_ns = facts->window_end_ns - facts->window_start_ns;
    return length_ns > 0 ? (double)length_ns / (double)NS_PER_S : (double)NAN;
}

bool figure_in_window(const struct point_facts *facts, int64_t at_ns)
{
    return at_ns != RECORD_NONE && at_ns >= facts->window_start_ns && at_ns < facts->window_end_ns;
}

double figure_throughput(const struct point_facts *facts, const struct record_set *records)
{
    /* Without the events nobody knows which tokens came inside. */
    if (facts->streaming && !records->has_events) {
        return (double)NAN;
    }
    double tokens = 0.0;
    for (uint64_t i = 0; i < records->n; i++) {
        tokens += request_tokens_between(
            facts, &records->records[i], facts->window_start_ns, facts->window_end_ns);
    }
    return tokens / figure_window_s(facts);
}

static bool ended_ok_inside(const struct point_facts *facts, const struct record *record)
{
    return record->outcome == OUTCOME_OK && figure_in_window(facts, record->end_ns);
}

double figure_req_per_s_all(const struct point_facts *facts, const struct record_set *records)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        n += ended_ok_inside(facts, &records->records[i]);
    }
    return (double)n / figure_window_s(facts);
}

double figure_req_per_s_passing(const struct point_facts *facts, const struct record_set *records)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        n += ended_ok_inside(facts, record) && request_passes(facts, record);
    }
    return (double)n / figure_window_s(facts);
}

double figure_prompt_tok_per_s(const struct point_facts *facts, const struct record_set *records)
{
    double tokens = 0.0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        const int64_t at_ns = facts->streaming ? record->first_token_ns : record->end_ns;
        if (record->outcome == OUTCOME_OK && figure_in_window(facts, at_ns)) {
            /* An unknown count is NAN and makes the whole unknown. */
            tokens += request_quantity(facts, record, QUANTITY_PROMPT_TOKENS);
        }
    }
    return tokens / figure_window_s(facts);
}

double figure_cold_start_ms(const struct point_facts *facts, const struct record_set *records)
{
    (void)records;
    if (facts->cold_start_ns == RECORD_NONE) {
        return (double)NAN;
    }
    return (double)facts->cold_start_ns / (double)NS_PER_MS;
}

double figure_connect_wait_max_ms(const struct point_facts *facts, const struct record_set *records)
{
    (void)facts;
    int64_t longest_ns = -1;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        if (request_is_counted(record) && record->connect_ns > longest_ns) {
            longest_ns = record->connect_ns;
        }
    }
    return longest_ns < 0 ? (double)NAN : (double)longest_ns / (double)NS_PER_MS;
}

double figure_n_counted(const struct point_facts *facts, const struct record_set *records)
{
    (void)facts;
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        n += request_is_counted(&records->records[i]);
    }
    return (double)n;
}

double figure_n_ok(const struct point_facts *facts, const struct record_set *records)
{
    (void)facts;
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        n += request_is_counted(record) && record->outcome == OUTCOME_OK;
    }
    return (double)n;
}

double figure_n_scored(const struct point_facts *facts, const struct record_set *records)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        n += request_is_counted(record) && record->outcome == OUTCOME_OK &&
             !isnan(request_quantity(facts, record, QUANTITY_SCORE));
    }
    return (double)n;
}

double figure_n_passing(const struct point_facts *facts, const struct record_set *records)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < records->n; i++) {
        const struct record *record = &records->records[i];
        n += request_is_counted(record) && request_passes(facts, record);
    }
    return (double)n;
}
