/* One table row for each key: what it must be and where it goes.  Then what the item's method needs is
 * held against what it has. */
#include "suite/item.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/canonical.h"
#include "suite/score.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum item_key_kind {
    ITEM_TEXT,
    ITEM_TEXTS,
    ITEM_NUMBER, /* 0 or more */
};

struct item_key {
    const char *key;
    enum item_key_kind kind;
    size_t offset;
    uint32_t min; /* texts of a list */
    uint32_t max;
};

#define AT(member) offsetof(struct item, member)

static const struct item_key keys[] = {
    {"answers", ITEM_TEXTS, AT(answers), 1, ITEM_LIST_MAX},
    {"tolerance", ITEM_NUMBER, AT(tolerance), 0, 0},
    {"pattern", ITEM_TEXT, AT(pattern), 0, 0},
    {"choices", ITEM_TEXTS, AT(choices), ITEM_CHOICES_MIN, ITEM_CHOICES_MAX},
    {"markers", ITEM_TEXTS, AT(markers), 1, ITEM_LIST_MAX},
    {"forbidden", ITEM_TEXTS, AT(forbidden), 1, ITEM_LIST_MAX},
    {"reference", ITEM_TEXT, AT(reference), 0, 0},
    {"rubric", ITEM_TEXT, AT(rubric), 0, 0},
};

struct item_reader {
    struct arena *arena;
    const struct json *root;
    const char **what;
};

static const struct json *
refuse(const struct item_reader *self, const struct json *value, const char *what)
{
    *self->what = what;
    return value != NULL ? value : self->root;
}

/* The text of a value that has one: not empty, not too long, without NUL; else NULL. */
static const char *text_of(struct arena *arena, const struct json *value)
{
    const bool good = value->kind == JSON_STRING && value->len > 0 && value->len <= ITEM_TEXT_MAX &&
                      strlen(value->text) == value->len;
    return good ? arena_copy(arena, value->text, value->len) : NULL;
}

static const struct json *
read_text(const struct item_reader *self, const char *key, const char **out)
{
    const struct json *value = json_find(self->root, key);
    if (value == NULL) {
        return NULL;
    }
    *out = text_of(self->arena, value);
    if (*out != NULL) {
        return NULL;
    }
    return refuse(
        self, value,
        arena_format(
            self->arena, "'%s' must be a text of 1 to %d bytes without NUL", key, ITEM_TEXT_MAX));
}

static const struct json *
read_texts(const struct item_reader *self, const struct item_key *row, struct item_texts *out)
{
    const struct json *list = json_find(self->root, row->key);
    if (list == NULL) {
        return NULL;
    }
    if (list->kind != JSON_ARRAY || list->len < row->min || list->len > row->max) {
        return refuse(
            self, list,
            arena_format(
                self->arena, "'%s' must be a list of %u to %u texts", row->key, row->min,
                row->max));
    }
    const char **texts = arena_alloc(self->arena, list->len * sizeof(*texts));
    uint32_t n = 0;
    for (const struct json *value = list->first; value != NULL; value = value->next) {
        texts[n] = text_of(self->arena, value);
        if (texts[n++] == NULL) {
            return refuse(
                self, value,
                arena_format(
                    self->arena, "'%s' must hold texts of 1 to %d bytes without NUL", row->key,
                    ITEM_TEXT_MAX));
        }
    }
    *out = (struct item_texts){texts, n};
    return NULL;
}

static const struct json *read_number(const struct item_reader *self, const char *key, double *out)
{
    const struct json *value = json_find(self->root, key);
    double number = 0.0;
    if (value == NULL) {
        return NULL;
    }
    if (!json_f64(value, &number) || !(number >= 0.0) || number > ITEM_TOLERANCE_MAX) {
        return refuse(
            self, value, arena_format(self->arena, "'%s' must be a number, 0 or more", key));
    }
    *out = number;
    return NULL;
}

static const struct json *
read_key(const struct item_reader *self, const struct item_key *row, struct item *out)
{
    void *at = (char *)out + row->offset;
    switch (row->kind) {
    case ITEM_TEXTS:
        return read_texts(self, row, at);
    case ITEM_NUMBER:
        return read_number(self, row->key, at);
    case ITEM_TEXT:
    default:
        return read_text(self, row->key, at);
    }
}

/* An answer is short for a list of one; it may be a number, which stands for its text. */
static const struct json *read_answer(const struct item_reader *self, struct item *out)
{
    const struct json *value = json_find(self->root, "answer");
    if (value == NULL) {
        return NULL;
    }
    if (json_find(self->root, "answers") != NULL) {
        return refuse(self, value, "'answer' and 'answers' exclude each other");
    }
    const char **texts = arena_alloc(self->arena, sizeof(*texts));
    const bool number = value->kind == JSON_INTEGER || value->kind == JSON_FLOAT;
    texts[0] =
        number ? arena_copy(self->arena, value->text, value->len) : text_of(self->arena, value);
    if (texts[0] == NULL) {
        return refuse(self, value, "'answer' must be a text that is not empty, or a number");
    }
    out->answers = (struct item_texts){texts, 1};
    return NULL;
}

static bool is_blank_at_ends(const char *text)
{
    static const char blanks[] = " \t\r\n";
    const size_t len = strlen(text);
    return strchr(blanks, text[0]) != NULL || strchr(blanks, text[len - 1]) != NULL;
}

/* Names that stand in records and envelopes. */
static const struct json *
read_names(const struct item_reader *self, uint32_t number, struct item *out)
{
    const struct json *wrong = read_text(self, "id", &out->id);
    if (wrong == NULL) {
        wrong = read_text(self, "category", &out->category);
    }
    if (wrong != NULL) {
        return wrong;
    }
    if (out->id == NULL) {
        out->id = arena_format(self->arena, "%u", number);
    }
    if (strlen(out->id) > ITEM_ID_MAX || is_blank_at_ends(out->id)) {
        return refuse(
            self, json_find(self->root, "id"),
            "'id' must have 1 to 128 bytes, without white space at its ends");
    }
    const char *category = out->category;
    if (category != NULL &&
        (strlen(category) > ITEM_CATEGORY_MAX ||
         strspn(category, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(category))) {
        return refuse(
            self, json_find(self->root, "category"),
            "'category' must be 1 to 64 of a-z, 0-9 and '-'");
    }
    return NULL;
}

static const struct json *
read_scoring(const struct item_reader *self, const struct item_options *options, struct item *out)
{
    const struct json *value = json_find(self->root, "scoring");
    out->scoring = options->scoring;
    if (value == NULL) {
        return NULL;
    }
    const struct scorer *scorer = scorer_find(json_text(value, ""));
    if (scorer == NULL) {
        return refuse(
            self, value, "'scoring' is no method: 'bench list scorers' names those that are");
    }
    out->scoring = scorer->scoring;
    return NULL;
}

/* What the method needs and the item does not have. */
static const struct json *check_needs(const struct item_reader *self, const struct item *item)
{
    const struct scorer *scorer = scorer_of(item->scoring);

    const struct {
        unsigned need;
        bool there;
        const char *keys;
    } rows[] = {
        {SCORER_NEEDS_ANSWERS, item->answers.n > 0, "'answer' or 'answers'"},
        {SCORER_NEEDS_PATTERN, item->pattern != NULL, "'pattern'"},
        {SCORER_NEEDS_CHOICES, item->choices.n > 0, "'choices'"},
        {SCORER_NEEDS_MARKERS, item->markers.n + item->forbidden.n > 0, "'markers' or 'forbidden'"},
        {SCORER_NEEDS_REFERENCE, item->reference != NULL || item->answers.n > 0,
         "'reference' or 'answer'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((scorer->needs & rows[i].need) != 0 && !rows[i].there) {
            return refuse(
                self, NULL,
                arena_format(
                    self->arena, "an item needs %s to be scored by %s (docs/scoring.md)",
                    rows[i].keys, scorer->name));
        }
    }
    const char *what = scorer->check != NULL ? scorer->check(item, self->arena) : NULL;
    if (what == NULL) {
        return NULL;
    }
    const struct json *value = json_find(self->root, "pattern");
    if ((scorer->needs & SCORER_NEEDS_ANSWERS) != 0) {
        const struct json *answer = json_find(self->root, "answer");
        value = answer != NULL ? answer : json_find(self->root, "answers");
    }
    return refuse(self, value, what);
}

const struct json *item_read(
    struct arena *arena,
    const struct json *root,
    const struct item_options *options,
    uint32_t number,
    struct item *out,
    const char **what)
{
    assert(options->scoring != SCORING_NONE);
    const struct item_reader reader = {arena, root, what};
    *out = (struct item){.tolerance = options->tolerance};
    const struct json *wrong = read_names(&reader, number, out);
    if (wrong == NULL) {
        wrong = read_scoring(&reader, options, out);
    }
    if (wrong == NULL) {
        wrong = read_answer(&reader, out);
    }
    for (size_t i = 0; wrong == NULL && i < ARRAY_LEN(keys); i++) {
        wrong = read_key(&reader, &keys[i], out);
    }
    return wrong == NULL ? check_needs(&reader, out) : wrong;
}

static void
add_texts(struct arena *arena, struct json *object, const char *key, const struct item_texts *texts)
{
    if (texts->n == 0) {
        return;
    }
    struct json *list = json_add(arena, object, key, json_new(arena, JSON_ARRAY));
    for (uint32_t i = 0; i < texts->n; i++) {
        (void)json_append(list, json_new_text(arena, texts->texts[i]));
    }
}

static void add_text_if(struct arena *arena, struct json *object, const char *key, const char *text)
{
    if (text != NULL) {
        json_add_text(arena, object, key, text);
    }
}

/* What stands for an item in the hashed list. */
static struct json *hashed_form(struct arena *arena, const struct item *item)
{
    struct json *out = json_new(arena, JSON_OBJECT);
    json_add_text(arena, out, "id", item->id);
    add_text_if(arena, out, "category", item->category);
    json_add_text(arena, out, "scoring", scorer_of(item->scoring)->name);
    if (item->scoring == SCORING_NUMERIC) {
        json_add_f64(arena, out, "tolerance", item->tolerance);
    }
    add_texts(arena, out, "answers", &item->answers);
    add_text_if(arena, out, "pattern", item->pattern);
    add_texts(arena, out, "choices", &item->choices);
    add_texts(arena, out, "markers", &item->markers);
    add_texts(arena, out, "forbidden", &item->forbidden);
    add_text_if(arena, out, "reference", item->reference);
    add_text_if(arena, out, "rubric", item->rubric);
    return out;
}

static struct json *hashed_item(struct arena *arena, const void *list, uint32_t i)
{
    const struct item *items = list;
    return hashed_form(arena, &items[i]);
}

void items_hash(const struct item *items, uint32_t n, char out_hex[65])
{
    canonical_list_hash(hashed_item, items, n, out_hex);
}
