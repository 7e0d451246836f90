/* prose.h - sentences that read like a text, composed by a seed out of the corpus in data/text.
 *
 * The corpus is lists of items by kind ("open: ...", "place: ..."), some common, some of a subject (a
 * harbour, a library).  A sentence is an item whose {slots} are replaced by items of other kinds.  What a
 * text is about stays the same for as long as it should: its town, people and year for the whole scene,
 * place, thing, trouble and cause for a paragraph.
 *
 * Nominal tokens: each word and each mark of punctuation counts one; line breaks count none. */
#pragma once

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rng.h"

#include <stdint.h>

enum {
    PROSE_KINDS_MAX = 80,
    PROSE_SUBJECTS_MAX = 16,
    PROSE_ITEMS_MAX = 64, /* of one kind, for a subject: its own and the common ones */
    PROSE_CAST = 6,
    PROSE_NAME_MAX = 40
};

struct prose_list {
    const char **items;
    uint32_t n;
    uint32_t cap;
};

/* Lists by kind. */
struct prose_subject {
    struct prose_list lists[PROSE_KINDS_MAX];
};

/* The corpus as read; read-only. */
struct prose {
    struct arena arena;
    const char *kinds[PROSE_KINDS_MAX];
    uint32_t n_kinds;
    struct prose_subject common;
    struct prose_subject subjects[PROSE_SUBJECTS_MAX];
    uint32_t n_subjects;
};

/* Reads the built-in corpus.  *out is the caller's: prose_done. */
void prose_init(struct prose *out);
void prose_done(struct prose *self);

/* The common items of a kind that the corpus has. */
const struct prose_list *prose_common(const struct prose *self, const char *kind);

/* What one text is about. */
struct prose_scene {
    const struct prose *prose;
    struct rng *rng;
    const struct prose_subject *subject;
    const char *town;
    const char *river;
    const char *board;
    int year;
    char cast[PROSE_CAST][PROSE_NAME_MAX];
    const char *bound[PROSE_KINDS_MAX]; /* what a kind means in this paragraph; NULL: not yet */
    const char *last[PROSE_KINDS_MAX];  /* drawn last; NULL: none */
    uint64_t
        used[PROSE_KINDS_MAX]; /* items that were drawn, by number: each once before any twice */
};

/* A scene in `town`, drawn from `rng`, which stays in use; both are borrowed.  Subject 0 until another
 * is set. */
void prose_scene_init(
    struct prose_scene *out, const struct prose *prose, struct rng *rng, const char *town);

/* Changes the subject; the people and the town stay. */
void prose_scene_turn_to(struct prose_scene *self, uint32_t subject);

/* A paragraph begins: the next sentences have a place, a trouble and a cause of their own. */
void prose_scene_begin_paragraph(struct prose_scene *self);

/* Puts an item of `kind` with its slots filled into `out`, in place of what was there; the first letter
 * is a capital if `sentence`.  `kind` is one of the corpus. */
void prose_draw(struct prose_scene *self, const char *kind, bool sentence, struct bytes *out);

/* As prose_draw, for a text of the caller's own. */
void prose_fill_slots(struct prose_scene *self, const char *text, bool sentence, struct bytes *out);

/* Nominal tokens of a text. */
uint32_t prose_tokens(const char *text);
