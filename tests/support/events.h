/* events.h - token events as plain arrays, to and from the packed form of a record. */
#pragma once

#include "stats/token_events.h"
#include "support/test.h"

#include <string.h>

/* Packs `n` events into words[TOKEN_EVENT_WORDS_MAX * n] and gives them to the record, which borrows. */
static inline void
events_pack(struct record *record, uint32_t *words, const struct token_event *events, uint32_t n)
{
    struct token_log log;
    token_log_init(&log, n);
    token_log_clear(&log);
    for (uint32_t i = 0; i < n; i++) {
        token_log_add(&log, &events[i]);
    }
    memcpy(words, log.words, log.n_words * sizeof(*words));
    token_log_done(&log);
    record->n_events = n;
    record->event_words = n > 0 ? words : NULL;
}

/* Event i of the record. */
static inline struct token_event events_at(const struct record *record, uint32_t i)
{
    struct token_reader reader = token_reader_of(record);
    struct token_event event = {0};
    for (uint32_t k = 0; k <= i; k++) {
        assert_true(token_reader_next(&reader, &event));
    }
    return event;
}
