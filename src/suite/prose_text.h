/* prose_text.h - texts of an exact nominal length: paragraphs, headings, chapters, planted facts. */
#pragma once

#include "suite/prose.h"

/* A sentence that is put into a text, and its question and answer. */
struct prose_fact {
    const char *sentence; /* in the arena given to prose_fact_draw */
    const char *question; /* "which handle must ...?", without a capital */
    const char *answer;
    uint32_t n_tokens; /* of the sentence */
};

/* Draws a fact about a thing that no other fact of the scene is about, as long as the corpus has one. */
void prose_fact_draw(struct prose_scene *scene, struct arena *arena, struct prose_fact *out);

/* How a text is built. */
struct prose_outline {
    uint32_t n_tokens; /* of the whole, planted sentences included */
    bool headings; /* sections with headings; chapters with subjects of their own in a long text */
    const struct prose_fact *facts; /* planted, in this order, each at ... */
    const double *depths;           /* ... this share of the text, 0 to 1, rising */
    uint32_t n_facts;
};

enum {
    PROSE_TEXT_MIN = 8 /* tokens besides the planted sentences */
};

/* Appends a text of outline->n_tokens nominal tokens, at least PROSE_TEXT_MIN more than the facts have. */
void prose_text_write(
    struct prose_scene *scene, const struct prose_outline *outline, struct bytes *out);
