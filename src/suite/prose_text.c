/* Sentences are taken as long as they fit and leave nothing, or room for one more; the last few tokens
 * are filled by sentences of known lengths.  Planted sentences have their room set aside from the start. */
#include "suite/prose_text.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    FILL_MIN = 3, /* the shortest and the longest sentence of a known length */
    FILL_MAX = 9,
    DRAWS_MAX = 6,   /* tries for a sentence that fits */
    SECTION_MIN = 3, /* paragraphs */
    SECTION_SPREAD = 4,
    CHAPTER_MIN = 1500, /* tokens */
    CHAPTER_SPREAD = 1500,
    HEADING_ROOM = 80,   /* no heading without some text below it */
    PARAGRAPH_ROOM = 20, /* no paragraph of a few words */
    FACT_PARTS = 3,
    SENTENCE_BYTES_MAX = 4096
};

void prose_fact_draw(struct prose_scene *scene, struct arena *arena, struct prose_fact *out)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, SENTENCE_BYTES_MAX);
    prose_draw(scene, "fact", true, &text);
    const char *parts[FACT_PARTS];
    char *at = arena_copy(arena, text.data, text.len);
    for (int i = 0; i < FACT_PARTS; i++) {
        static const char arrow[] = " => ";
        parts[i] = at;
        char *next = strstr(at, arrow);
        assert((next != NULL) == (i + 1 < FACT_PARTS));
        if (next != NULL) {
            *next = '\0';
            at = next + strlen(arrow);
        }
    }
    *out = (struct prose_fact){
        .sentence = parts[0],
        .question = parts[1],
        .answer = parts[2],
        .n_tokens = prose_tokens(parts[0]),
    };
}

/* A text while it is written. */
struct writer {
    struct prose_scene *scene;
    const struct prose_outline *outline;
    struct bytes *out;
    struct bytes sentence;
    uint32_t left;          /* tokens to write, planted sentences apart */
    uint32_t total;         /* what `left` was at first */
    uint32_t planted;       /* facts */
    uint32_t section_left;  /* paragraphs until the next heading */
    uint32_t chapter_end;   /* `left` below this: the next chapter */
    uint32_t chapter;       /* number of the present one */
    uint32_t first_subject; /* chapters take the subjects in turn */
    bool paragraph_begun;
};

static void add_sentence(struct writer *self, const char *text)
{
    if (self->out->len > 0) {
        bytes_add_text(self->out, self->paragraph_begun ? " " : "\n\n");
    }
    bytes_add_text(self->out, text);
    self->paragraph_begun = true;
}

static bool fits(const struct writer *self, uint32_t n_tokens)
{
    return n_tokens == self->left || n_tokens + FILL_MIN <= self->left;
}

/* Facts whose place has come. */
static void plant(struct writer *self)
{
    const struct prose_outline *outline = self->outline;
    const double done = (double)(self->total - self->left) / (double)self->total;
    while (self->planted < outline->n_facts &&
           (self->left == 0 || outline->depths[self->planted] <= done)) {
        add_sentence(self, outline->facts[self->planted++].sentence);
    }
}

/* The length of the next filling sentence: it leaves nothing, or enough for another. */
static uint32_t fill_length(uint32_t left)
{
    if (left <= FILL_MAX) {
        return left;
    }
    return left >= FILL_MAX + FILL_MIN ? FILL_MAX : left - FILL_MIN;
}

static void write_filling(struct writer *self)
{
    const uint32_t length = fill_length(self->left);
    assert(length >= FILL_MIN && length <= FILL_MAX);
    char kind[sizeof("fill0")];
    (void)snprintf(kind, sizeof(kind), "fill%u", length);
    prose_draw(self->scene, kind, true, &self->sentence);
    assert(prose_tokens(self->sentence.data) == length);
    add_sentence(self, self->sentence.data);
    self->left -= length;
}

static void write_sentence(struct writer *self, const char *kind)
{
    for (int i = 0; i < DRAWS_MAX; i++) {
        prose_draw(self->scene, kind, true, &self->sentence);
        const uint32_t n_tokens = prose_tokens(self->sentence.data);
        if (fits(self, n_tokens)) {
            add_sentence(self, self->sentence.data);
            self->left -= n_tokens;
            return;
        }
    }
    write_filling(self);
}

static void write_heading(struct writer *self, const char *text)
{
    const uint32_t n_tokens = prose_tokens(text);
    if (self->left < n_tokens + HEADING_ROOM) {
        return;
    }
    self->paragraph_begun = false;
    add_sentence(self, text);
    self->paragraph_begun = false;
    self->left -= n_tokens;
}

static void begin_chapter(struct writer *self)
{
    const uint32_t n = self->scene->prose->n_subjects;
    const uint32_t length = CHAPTER_MIN + (uint32_t)rng_below(self->scene->rng, CHAPTER_SPREAD);
    self->chapter_end = self->left > length ? self->left - length : 0;
    self->chapter++;
    if (self->chapter == 1) {
        return;
    }
    prose_scene_turn_to(self->scene, (self->first_subject + self->chapter - 1) % n);
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, SENTENCE_BYTES_MAX);
    bytes_add_format(&text, "Chapter %u: ", self->chapter);
    prose_draw(self->scene, "subject", true, &self->sentence);
    bytes_add(&text, self->sentence.data, self->sentence.len);
    write_heading(self, text.data);
    self->section_left = 1;
}

static void write_headings(struct writer *self)
{
    if (!self->outline->headings) {
        return;
    }
    if (self->left <= self->chapter_end) {
        begin_chapter(self);
        return;
    }
    if (self->section_left > 0) {
        self->section_left--;
        return;
    }
    prose_draw(self->scene, "heading", true, &self->sentence);
    CLEANUP(mem_freep) char *heading = mem_copy_text(self->sentence.data);
    write_heading(self, heading);
    self->section_left = SECTION_MIN + (uint32_t)rng_below(self->scene->rng, SECTION_SPREAD);
}

/* A text begins by saying what it is about. */
static void draw_plan(struct writer *self)
{
    do {
        prose_draw(self->scene, "plan", false, &self->sentence);
    } while (self->left == self->total && !text_starts_with(self->sentence.data, "open "));
}

/* One paragraph by a plan: "open detail figure". */
static void write_paragraph(struct writer *self)
{
    if (self->left < PARAGRAPH_ROOM && self->left < self->total) {
        write_filling(self);
        return;
    }
    prose_scene_begin_paragraph(self->scene);
    draw_plan(self);
    CLEANUP(mem_freep) char *plan = mem_copy_text(self->sentence.data);
    write_headings(self);
    self->paragraph_begun = false;
    char *rest = plan;
    while (rest != NULL && self->left > 0) {
        write_sentence(self, strsep(&rest, " "));
        plant(self);
    }
}

void prose_text_write(
    struct prose_scene *scene, const struct prose_outline *outline, struct bytes *out)
{
    uint32_t left = outline->n_tokens;
    for (uint32_t i = 0; i < outline->n_facts; i++) {
        assert(left > outline->facts[i].n_tokens);
        left -= outline->facts[i].n_tokens;
    }
    assert(left >= PROSE_TEXT_MIN);
    struct writer self = {
        .scene = scene,
        .outline = outline,
        .out = out,
        .left = left,
        .total = left,
        .chapter_end = left,
        .first_subject = (uint32_t)(scene->subject - scene->prose->subjects),
    };
    bytes_init(&self.sentence, SENTENCE_BYTES_MAX);
    while (self.left > 0) {
        write_paragraph(&self);
    }
    plant(&self);
    bytes_done(&self.sentence);
    assert(self.planted == outline->n_facts);
}
