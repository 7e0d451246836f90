/* Gaps between tokens are small and bring one token each: a stamp of eight bytes and a count of four
 * would store zeros.  What does not fit a short form takes a longer one, so that reading gives back
 * exactly what was written. */
#include "stats/token_events.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

enum {
    KIND_SHIFT = 30,
    KIND_LONG = 3, /* in place of a kind: a longer form */
    LONG_KIND_SHIFT = 26,
    LONG_KIND_MASK = 3,
    LONG_GAP_SHIFT = 16,
    LONG_GAP_MASK = 0x3ff,
    LONG_TOKENS_MASK = TOKEN_LONG_TOKENS - 1,
    WORD_BITS = 32
};

#define SHORT_SHARED (UINT32_C(1) << 29)
#define LONG_FULL    (UINT32_C(1) << 29)
#define LONG_SHARED  (UINT32_C(1) << 28)
#define GAP_MASK     ((uint32_t)TOKEN_GAP_SHORT_NS - 1)

_Static_assert((int)TOKEN_TOOL < (int)KIND_LONG, "the kinds and the escape fit two bits");
_Static_assert(
    TOKEN_GAP_LONG_NS == ((int64_t)LONG_GAP_MASK + 1) << WORD_BITS, "the long gap's two parts");

void token_log_init(struct token_log *self, uint32_t events_expected)
{
    *self = (struct token_log){.cap_words = events_expected + TOKEN_EVENT_WORDS_MAX};
    self->words = mem_alloc(self->cap_words, sizeof(*self->words));
}

void token_log_done(struct token_log *self)
{
    free(self->words);
    *self = (struct token_log){0};
}

void token_log_clear(struct token_log *self)
{
    self->n_words = 0;
    self->last_ns = 0;
}

static uint32_t pack_long(uint32_t *words, const struct token_event *event, int64_t gap_ns)
{
    const uint32_t head = (uint32_t)KIND_LONG << KIND_SHIFT |
                          (event->shared_read ? LONG_SHARED : 0) |
                          (uint32_t)event->kind << LONG_KIND_SHIFT;
    const uint64_t gap = (uint64_t)gap_ns;
    if (gap < (uint64_t)TOKEN_GAP_LONG_NS && event->tokens < TOKEN_LONG_TOKENS) {
        words[0] = head | (uint32_t)(gap >> WORD_BITS) << LONG_GAP_SHIFT | event->tokens;
        words[1] = (uint32_t)gap;
        return 2;
    }
    words[0] = head | LONG_FULL;
    words[1] = event->tokens;
    words[2] = (uint32_t)gap;
    words[3] = (uint32_t)(gap >> WORD_BITS);
    return TOKEN_EVENT_WORDS_MAX;
}

void token_log_add(struct token_log *self, const struct token_event *event)
{
    assert(event->kind < KIND_LONG && (self->n_words == 0 || event->arrival_ns >= self->last_ns));
    if (self->cap_words - self->n_words < TOKEN_EVENT_WORDS_MAX) {
        self->cap_words *= 2;
        self->words = mem_resize(self->words, self->cap_words, sizeof(*self->words));
    }
    const int64_t gap_ns = event->arrival_ns - self->last_ns;
    self->last_ns = event->arrival_ns;
    uint32_t *words = self->words + self->n_words;
    if (event->tokens == 1 && (uint64_t)gap_ns < (uint64_t)TOKEN_GAP_SHORT_NS) {
        words[0] = (uint32_t)event->kind << KIND_SHIFT | (event->shared_read ? SHORT_SHARED : 0) |
                   (uint32_t)gap_ns;
        self->n_words++;
        return;
    }
    self->n_words += pack_long(words, event, gap_ns);
}

struct token_reader token_reader_of(const struct record *record)
{
    return (struct token_reader){.at = record->event_words, .n_left = record->n_events};
}

static void read_long(struct token_reader *self, uint32_t head, struct token_event *out)
{
    uint64_t gap = 0;
    if ((head & LONG_FULL) == 0) {
        gap = (uint64_t)(head >> LONG_GAP_SHIFT & LONG_GAP_MASK) << WORD_BITS | self->at[0];
        out->tokens = head & LONG_TOKENS_MASK;
        self->at++;
    } else {
        gap = (uint64_t)self->at[2] << WORD_BITS | self->at[1];
        out->tokens = self->at[0];
        self->at += TOKEN_EVENT_WORDS_MAX - 1;
    }
    self->arrival_ns += (int64_t)gap;
    out->kind = (uint8_t)(head >> LONG_KIND_SHIFT & LONG_KIND_MASK);
    out->shared_read = (head & LONG_SHARED) != 0;
}

bool token_reader_next(struct token_reader *self, struct token_event *out)
{
    if (self->n_left == 0) {
        return false;
    }
    self->n_left--;
    const uint32_t head = *self->at++;
    const uint32_t kind = head >> KIND_SHIFT;
    if (kind != KIND_LONG) {
        self->arrival_ns += head & GAP_MASK;
        out->tokens = 1;
        out->kind = (uint8_t)kind;
        out->shared_read = (head & SHORT_SHARED) != 0;
    } else {
        read_long(self, head, out);
    }
    out->arrival_ns = self->arrival_ns;
    return true;
}
