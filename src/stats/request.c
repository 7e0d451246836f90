/* Every definition of a latency stands here once; percentiles, shares and limits all call it. */
#include "stats/request.h"

#include "base/clock.h"
#include "stats/token_events.h"

#include <math.h>

static double span_ms(int64_t from_ns, int64_t to_ns)
{
    if (from_ns == RECORD_NONE || to_ns == RECORD_NONE) {
        return (double)NAN;
    }
    return (double)(to_ns - from_ns) / (double)NS_PER_MS;
}

bool request_is_counted(const struct record *record)
{
    return record->phase == PHASE_WINDOW;
}

int64_t request_start_ns(const struct point_facts *facts, const struct record *record)
{
    return facts->driver == DRIVER_OPEN ? record->scheduled_ns : record->sent_ns;
}

static double tpot_ms(const struct record *record)
{
    if (record->output_tokens < 2) {
        return (double)NAN;
    }
    return span_ms(record->first_token_ns, record->last_token_ns) /
           (double)(record->output_tokens - 1);
}

static double count_or_nan(int32_t count)
{
    return count == RECORD_COUNT_UNKNOWN ? (double)NAN : (double)count;
}

double request_quantity(
    const struct point_facts *facts, const struct record *record, enum quantity quantity)
{
    const int64_t start_ns = request_start_ns(facts, record);
    const bool streams = facts->streaming;
    const int64_t whole_ns = streams ? record->last_token_ns : record->end_ns;
    switch (quantity) {
    case QUANTITY_TTFT_MS:
        return streams ? span_ms(start_ns, record->first_token_ns) : (double)NAN;
    case QUANTITY_TTFT_FROM_SEND_MS:
        return streams ? span_ms(record->sent_ns, record->first_token_ns) : (double)NAN;
    case QUANTITY_TTFO_MS:
        return streams ? span_ms(start_ns, record->content_ns) : (double)NAN;
    case QUANTITY_TPOT_MS:
        return streams ? tpot_ms(record) : (double)NAN;
    case QUANTITY_TOTAL_MS:
        return span_ms(start_ns, whole_ns);
    case QUANTITY_TOTAL_FROM_SEND_MS:
        return span_ms(record->sent_ns, whole_ns);
    case QUANTITY_OUTPUT_TOKENS:
        return count_or_nan(record->output_tokens);
    case QUANTITY_PROMPT_TOKENS:
        return count_or_nan(record->prompt_tokens);
    case QUANTITY_SCORE:
        return record->item != NULL ? record->item->score : (double)NAN;
    }
    return (double)NAN;
}

bool request_passes(const struct point_facts *facts, const struct record *record)
{
    if (record->outcome != OUTCOME_OK) {
        return false;
    }
    /* A comparison with NAN is false: what a request does not have it does not exceed. */
    return !(request_quantity(facts, record, QUANTITY_TTFT_MS) > facts->slo.ttft_ms) &&
           !(request_quantity(facts, record, QUANTITY_TPOT_MS) > facts->slo.tpot_ms) &&
           !(request_quantity(facts, record, QUANTITY_TOTAL_MS) > facts->slo.total_ms);
}

static bool is_between(int64_t at_ns, int64_t from_ns, int64_t to_ns)
{
    return at_ns >= from_ns && at_ns < to_ns;
}

double request_tokens_between(
    const struct point_facts *facts, const struct record *record, int64_t from_ns, int64_t to_ns)
{
    if (!facts->streaming) {
        const bool inside = record->output_tokens > 0 && record->end_ns != RECORD_NONE &&
                            is_between(record->end_ns, from_ns, to_ns);
        return inside ? (double)record->output_tokens : 0.0;
    }
    uint64_t tokens_all = 0;
    uint64_t tokens_inside = 0;
    uint64_t events_inside = 0;
    struct token_reader reader = token_reader_of(record);
    struct token_event event;
    while (token_reader_next(&reader, &event)) {
        tokens_all += event.tokens;
        if (is_between(event.arrival_ns, from_ns, to_ns)) {
            tokens_inside += event.tokens;
            events_inside++;
        }
    }
    if (!record->output_tokens_usage || record->output_tokens < 0) {
        return (double)tokens_inside;
    }
    if (tokens_all == 0) {
        tokens_all = record->n_events;
        tokens_inside = events_inside;
    }
    if (tokens_all == 0) {
        return 0.0;
    }
    /* The product comes first: it is exact, and so is the quotient when all events are inside. */
    return (double)record->output_tokens * (double)tokens_inside / (double)tokens_all;
}
