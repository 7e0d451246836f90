/* Drawing is without repetition until a list is used up, so that a long text repeats a sentence as late
 * as it can.  A slot may draw an item that has slots itself: filling goes on until none is left. */
#include "suite/prose.h"

#include "base/mem.h"
#include "base/text.h"
#include "suite/embedded.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define TEXT_FOLDER "text/"
#define COMMON_FILE TEXT_FOLDER "common.txt"

enum {
    LIST_FIRST_CAP = 16,
    SLOT_NAME_MAX = 16,
    SLOT_DEPTH_MAX = 3, /* items in items in items */
    SENTENCE_BYTES_MAX = 4096,
    YEAR_FIRST = 1921,
    YEAR_SPREAD = 90,
    PAST_NEAREST = 3, /* years before the scene's */
    PAST_SPREAD = 37
};

/* ---- Reading ---- */

static uint32_t find_kind(const struct prose *self, const char *name, size_t len)
{
    uint32_t kind = 0;
    while (kind < self->n_kinds &&
           !(strncmp(self->kinds[kind], name, len) == 0 && self->kinds[kind][len] == '\0')) {
        kind++;
    }
    return kind;
}

static void add_item(struct prose *self, struct prose_list *list, const char *text, size_t len)
{
    if (list->n == list->cap) {
        const uint32_t cap = list->cap == 0 ? LIST_FIRST_CAP : 2 * list->cap;
        const char **items = arena_alloc(&self->arena, cap * sizeof(*items));
        if (list->n > 0) {
            memcpy(items, list->items, list->n * sizeof(*items));
        }
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = arena_copy(&self->arena, text, len);
}

/* The number of a kind that may be new. */
static uint32_t add_kind(struct prose *self, const char *name, size_t len)
{
    const uint32_t kind = find_kind(self, name, len);
    if (kind == self->n_kinds) {
        assert(self->n_kinds < PROSE_KINDS_MAX);
        self->kinds[self->n_kinds++] = arena_copy(&self->arena, name, len);
    }
    return kind;
}

/* "kind: item | item" */
static void
read_line(struct prose *self, struct prose_subject *subject, const char *line, size_t len)
{
    static const char between[] = " | ";
    const char *colon = memchr(line, ':', len);
    assert(colon != NULL);
    struct prose_list *list = &subject->lists[add_kind(self, line, (size_t)(colon - line))];
    const char *at = colon + strlen(": ");
    const char *end = line + len;
    while (at < end) {
        const char *stop = memmem(at, (size_t)(end - at), between, strlen(between));
        const char *item_end = stop != NULL ? stop : end;
        add_item(self, list, at, (size_t)(item_end - at));
        at = stop != NULL ? stop + strlen(between) : end;
    }
}

static void
read_file(struct prose *self, struct prose_subject *subject, const struct embedded_file *file)
{
    for (const char *line = file->text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (len > 0 && line[0] != '#') {
            read_line(self, subject, line, len);
        }
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}

static struct prose_subject *next_subject(struct prose *self)
{
    assert(self->n_subjects < PROSE_SUBJECTS_MAX);
    return &self->subjects[self->n_subjects++];
}

void prose_init(struct prose *out)
{
    *out = (struct prose){0};
    for (size_t i = 0; i < embedded_table_len; i++) {
        const struct embedded_file *file = &embedded_table[i];
        if (text_equal(file->name, COMMON_FILE)) {
            read_file(out, &out->common, file);
        } else if (text_starts_with(file->name, TEXT_FOLDER)) {
            read_file(out, next_subject(out), file);
        }
    }
}

void prose_done(struct prose *self)
{
    arena_done(&self->arena);
    *self = (struct prose){0};
}

static uint32_t kind_of(const struct prose *self, const char *name, size_t len)
{
    const uint32_t kind = find_kind(self, name, len);
    assert(kind < self->n_kinds);
    return kind;
}

const struct prose_list *prose_common(const struct prose *self, const char *kind)
{
    return &self->common.lists[kind_of(self, kind, strlen(kind))];
}

/* ---- Scenes ---- */

/* How long an item stays what its kind means. */
enum scope {
    SCOPE_PARAGRAPH,
    SCOPE_FACT, /* one call */
};

static const struct {
    const char *kind;
    enum scope scope;
} scopes[] = {
    {"place", SCOPE_PARAGRAPH},   {"part", SCOPE_PARAGRAPH},  {"crew", SCOPE_PARAGRAPH},
    {"role", SCOPE_PARAGRAPH},    {"goods", SCOPE_PARAGRAPH}, {"trouble", SCOPE_PARAGRAPH},
    {"measure", SCOPE_PARAGRAPH}, {"cause", SCOPE_PARAGRAPH}, {"vault", SCOPE_FACT},
    {"relic", SCOPE_FACT},        {"colour", SCOPE_FACT},     {"vessel", SCOPE_FACT},
    {"room", SCOPE_FACT},         {"giver", SCOPE_FACT},      {"pledge", SCOPE_FACT},
    {"password", SCOPE_FACT},
};

static void forget(struct prose_scene *self, enum scope scope)
{
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (scopes[i].scope == scope) {
            const char *kind = scopes[i].kind;
            self->bound[kind_of(self->prose, kind, strlen(kind))] = NULL;
        }
    }
}

static bool is_bound(const char *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (text_equal(scopes[i].kind, kind)) {
            return true;
        }
    }
    return false;
}

/* Item `i` of the subject's own and then the common ones. */
static const char *item_at(const struct prose_scene *self, uint32_t kind, uint32_t i)
{
    const struct prose_list *own = &self->subject->lists[kind];
    return i < own->n ? own->items[i] : self->prose->common.lists[kind].items[i - own->n];
}

static uint32_t count_items(const struct prose_scene *self, uint32_t kind)
{
    return self->subject->lists[kind].n + self->prose->common.lists[kind].n;
}

/* Draws an item that was not drawn yet, other than `unlike` (NULL: any). */
static const char *draw_item(struct prose_scene *self, uint32_t kind, const char *unlike)
{
    const uint32_t n = count_items(self, kind);
    assert(n > 1 || (n == 1 && unlike == NULL));
    assert(n <= PROSE_ITEMS_MAX);
    uint32_t i = (uint32_t)rng_below(self->rng, n);
    for (uint32_t tried = 0; tried <= 2 * n; tried++) {
        if (tried == n) {
            self->used[kind] = 0;
        }
        if ((self->used[kind] >> i & 1) == 0 && item_at(self, kind, i) != unlike) {
            break;
        }
        i = (i + 1) % n;
    }
    self->used[kind] |= UINT64_C(1) << i;
    self->last[kind] = item_at(self, kind, i);
    return self->last[kind];
}

/* Any item, as numbers and months are drawn: repetition is in their nature. */
static const char *draw_any(struct prose_scene *self, const char *kind, const char *unlike)
{
    const struct prose_list *list = prose_common(self->prose, kind);
    const char *item = NULL;
    do {
        item = list->items[rng_below(self->rng, list->n)];
    } while (item == unlike);
    return item;
}

void prose_scene_init(
    struct prose_scene *out, const struct prose *prose, struct rng *rng, const char *town)
{
    *out = (struct prose_scene){
        .prose = prose,
        .rng = rng,
        .subject = &prose->subjects[0],
        .town = town,
    };
    out->river = draw_any(out, "river", NULL);
    out->board = draw_any(out, "board", NULL);
    out->year = YEAR_FIRST + (int)rng_below(rng, YEAR_SPREAD);
    for (size_t i = 0; i < PROSE_CAST; i++) {
        (void)snprintf(
            out->cast[i], sizeof(out->cast[i]), "%s %s", draw_any(out, "first", NULL),
            draw_any(out, "last", NULL));
    }
}

void prose_scene_turn_to(struct prose_scene *self, uint32_t subject)
{
    assert(subject < self->prose->n_subjects);
    self->subject = &self->prose->subjects[subject];
    memset(self->used, 0, sizeof(self->used));
    memset(self->last, 0, sizeof(self->last));
    prose_scene_begin_paragraph(self);
}

void prose_scene_begin_paragraph(struct prose_scene *self)
{
    forget(self, SCOPE_PARAGRAPH);
}

/* ---- Slots ---- */

/* Slots that are not lists: what the scene itself has. */
static bool write_own_slot(struct prose_scene *self, const char *name, struct bytes *out)
{
    if (text_equal(name, "town")) {
        bytes_add_text(out, self->town);
    } else if (text_equal(name, "river")) {
        bytes_add_text(out, self->river);
    } else if (text_equal(name, "board")) {
        bytes_add_text(out, self->board);
    } else if (text_equal(name, "year")) {
        bytes_add_i64(out, self->year);
    } else if (text_equal(name, "past")) {
        bytes_add_i64(out, self->year - PAST_NEAREST - (int)rng_below(self->rng, PAST_SPREAD));
    } else if (text_equal(name, "town2")) {
        bytes_add_text(out, draw_any(self, "town", self->town));
    } else if (text_equal(name, "person")) {
        bytes_add_text(out, self->cast[rng_below(self->rng, PROSE_CAST / 2)]);
    } else if (text_equal(name, "person2")) {
        bytes_add_text(
            out, self->cast[PROSE_CAST / 2 + rng_below(self->rng, PROSE_CAST - PROSE_CAST / 2)]);
    } else {
        return false;
    }
    return true;
}

/* "place2" is a place other than {place}. */
static void write_slot(struct prose_scene *self, const char *name, size_t len, struct bytes *out)
{
    char text[SLOT_NAME_MAX];
    assert(len < sizeof(text));
    memcpy(text, name, len);
    text[len] = '\0';
    if (write_own_slot(self, text, out)) {
        return;
    }
    const bool other = text[len - 1] == '2';
    text[len - (other ? 1 : 0)] = '\0';
    const uint32_t kind = kind_of(self->prose, text, strlen(text));
    if (!is_bound(text)) {
        bytes_add_text(out, draw_item(self, kind, other ? self->last[kind] : NULL));
    } else if (other) {
        bytes_add_text(out, draw_item(self, kind, self->bound[kind]));
    } else {
        if (self->bound[kind] == NULL) {
            self->bound[kind] = draw_item(self, kind, NULL);
        }
        bytes_add_text(out, self->bound[kind]);
    }
}

/* Replaces the slots of `text`; false: there was none. */
static bool fill_once(struct prose_scene *self, const char *text, struct bytes *out)
{
    bool found = false;
    bytes_clear(out);
    while (*text != '\0') {
        const size_t plain = strcspn(text, "{");
        bytes_add(out, text, plain);
        text += plain;
        if (*text == '{') {
            const size_t len = strcspn(text, "}");
            write_slot(self, text + 1, len - 1, out);
            text += len + 1;
            found = true;
        }
    }
    return found;
}

static void raise_first(struct bytes *out)
{
    for (size_t i = 0; i < out->len; i++) {
        if (out->data[i] != '"') {
            const char c = out->data[i];
            out->data[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
            return;
        }
    }
}

void prose_fill_slots(struct prose_scene *self, const char *text, bool sentence, struct bytes *out)
{
    CLEANUP(bytes_done) struct bytes inner;
    bytes_init(&inner, SENTENCE_BYTES_MAX);
    forget(self, SCOPE_FACT);
    bool more = fill_once(self, text, out);
    for (int depth = 1; more; depth++) {
        assert(depth <= SLOT_DEPTH_MAX);
        bytes_clear(&inner);
        bytes_add(&inner, out->data, out->len);
        more = fill_once(self, inner.data, out);
    }
    if (sentence) {
        raise_first(out);
    }
    assert(!out->failed && out->len > 0);
}

void prose_draw(struct prose_scene *self, const char *kind, bool sentence, struct bytes *out)
{
    const uint32_t index = kind_of(self->prose, kind, strlen(kind));
    prose_fill_slots(self, draw_item(self, index, NULL), sentence, out);
}

/* ---- Counting ---- */

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

uint32_t prose_tokens(const char *text)
{
    uint32_t n = 0;
    bool in_word = false;
    for (; *text != '\0'; text++) {
        const bool word = is_word_byte(*text);
        n += (word && !in_word) || (!word && *text != ' ' && *text != '\n') ? 1 : 0;
        in_word = word;
    }
    return n;
}
