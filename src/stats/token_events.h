/* token_events.h - the token events of a request, packed: four bytes for nearly every one.
 *
 * Pure but for the log's memory.  An event is stored as the distance to the event before (the first:
 * to the start of the point).  Words of 32 bits, by the top two bits of an event's first word:
 *
 *     0, 1, 2   one word: that is the kind; bit 29 shared, bits 28..0 gap; it brought one token
 *     3, 0      two words (bit 29 clear): bit 28 shared, 27..26 kind, 25..16 gap >> 32, 15..0 tokens;
 *               then the gap's low 32 bits
 *     3, 1      four words (bit 29 set): bit 28 shared, 27..26 kind; tokens; gap low; gap high
 *
 * So a gap below TOKEN_GAP_SHORT_NS (0.54 s) that brought one token takes 4 bytes, one below
 * TOKEN_GAP_LONG_NS (73 minutes) with up to 65 535 tokens 8, anything else 16: nothing is cut. */
#pragma once

#include "stats/record.h"

#define TOKEN_GAP_SHORT_NS (INT64_C(1) << 29)
#define TOKEN_GAP_LONG_NS  (INT64_C(1) << 42)

enum {
    TOKEN_EVENT_WORDS_MAX = 4, /* longest event */
    TOKEN_LONG_TOKENS = 1 << 16
};

/* One event that carried generated text, as it is written and read. */
struct token_event {
    int64_t arrival_ns; /* since the start of the point; never decreases within a request */
    uint32_t tokens;    /* tokens it brought: the engine's count where known, else 1 (0: the engine
                           counted nothing for it) */
    uint8_t kind;       /* enum token_kind */
    bool shared_read;   /* came in one read with an earlier token event of this request: its stamp
                           is the read's last segment's, the earlier bound is the event before */
};

/* Packs the events of one request as they come; used again for the next. */
struct token_log {
    uint32_t *words; /* own */
    uint32_t n_words;
    uint32_t cap_words;
    int64_t last_ns; /* arrival of the last event */
};

/* Room for so many short events; the log grows beyond. */
void token_log_init(struct token_log *self, uint32_t events_expected);
void token_log_done(struct token_log *self);
void token_log_clear(struct token_log *self);

/* Appends an event that is no earlier than the last. */
void token_log_add(struct token_log *self, const struct token_event *event);

/* Unpacks the events of a record from the first to the last. */
struct token_reader {
    const uint32_t *at; /* borrowed from the record */
    uint32_t n_left;
    int64_t arrival_ns;
};

struct token_reader token_reader_of(const struct record *record);

/* The next event.  False: there is none left, *out is untouched. */
bool token_reader_next(struct token_reader *self, struct token_event *out);
