/* The keys are a table, so that a wrong one is told the nearest right one. */
#include "suite/recipe_keys.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct key {
    const char *name;
    size_t offset;
};

#define FIELD(number) offsetof(struct recipe_keys, fields) + (size_t)(number)*RECIPE_VALUE_SIZE

static const struct key keys[] = {
    {"prompt-field", FIELD(FIELD_PROMPT)},
    {"messages-field", FIELD(FIELD_MESSAGES)},
    {"max-tokens-field", FIELD(FIELD_MAX_TOKENS)},
    {"answer-field", FIELD(FIELD_ANSWER)},
    {"id-field", FIELD(FIELD_ID)},
    {"category-field", FIELD(FIELD_CATEGORY)},
    {"format", offsetof(struct recipe_keys, format)},
};

/* The names that lines have where nothing is chosen. */
static const char *const usual[FIELD_COUNT] = {"prompt", "messages", "max_tokens",
                                               "answer", "id",       "category"};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz-_";

static int fail_key(const char *name, struct error *err)
{
    const char *names[ARRAY_LEN(keys)];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        names[i] = keys[i].name;
    }
    const char *nearest = text_nearest(name, names, ARRAY_LEN(names));
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "dataset: unknown key '%s': did you mean '%s'?", name, nearest);
    }
    return error_set(
        err, ERROR_USAGE,
        "dataset: unknown key '%s': it is one of prompt-field, messages-field, max-tokens-field, "
        "answer-field, id-field, category-field, format",
        name);
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (text_equal(keys[i].name, name)) {
            return &keys[i];
        }
    }
    return NULL;
}

static int take_pair(char *pair, struct recipe_keys *out, struct error *err)
{
    char *value = pair;
    const char *name = strsep(&value, "=");
    const struct key *key = find_key(name);
    if (key == NULL) {
        return fail_key(name, err);
    }
    char *slot = (char *)out + key->offset;
    if (value == NULL || *value == '\0') {
        return error_set(err, ERROR_USAGE, "dataset: '%s' has no value", name);
    }
    if (*slot != '\0') {
        return error_set(err, ERROR_USAGE, "dataset: '%s' is given twice", name);
    }
    if (strlen(value) >= RECIPE_VALUE_SIZE) {
        return error_set(
            err, ERROR_USAGE, "dataset: '%s' is longer than %d bytes", name, RECIPE_VALUE_SIZE - 1);
    }
    memcpy(slot, value, strlen(value) + 1);
    return 0;
}

static int check(const struct recipe_keys *keys_given, struct error *err)
{
    if (keys_given->fields[FIELD_PROMPT][0] != '\0' &&
        keys_given->fields[FIELD_MESSAGES][0] != '\0') {
        return error_set(
            err, ERROR_USAGE, "dataset: prompt-field and messages-field exclude each other");
    }
    if (keys_given->format[0] != '\0' && !text_equal(keys_given->format, "jsonl") &&
        !text_equal(keys_given->format, "sharegpt")) {
        return error_set(
            err, ERROR_USAGE, "dataset: format '%s' is not jsonl or sharegpt", keys_given->format);
    }
    return 0;
}

/* The last '?' that a word and '=' follow, or NULL. */
static const char *find_begin(const char *text)
{
    const char *mark = strrchr(text, '?');
    if (mark == NULL) {
        return NULL;
    }
    const size_t word = strspn(mark + 1, lower);
    return word > 0 && mark[1 + word] == '=' ? mark : NULL;
}

int recipe_keys_parse(const char *text, size_t *out_len, struct recipe_keys *out, struct error *err)
{
    *out = (struct recipe_keys){0};
    const char *begin = find_begin(text);
    *out_len = begin != NULL ? (size_t)(begin - text) : strlen(text);
    if (begin == NULL) {
        return 0;
    }
    CLEANUP(mem_freep) char *copy = mem_copy_text(begin + 1);
    char *rest = copy;
    while (rest != NULL) {
        const int rc = take_pair(strsep(&rest, ","), out, err);
        if (rc != 0) {
            return rc;
        }
    }
    return check(out, err);
}

bool recipe_keys_rename(const struct recipe_keys *self)
{
    bool any = false;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        any = any || self->fields[i][0] != '\0';
    }
    return any;
}

/* The value of the chosen field, taken out of the line or copied from inside it; NULL when it is not there. */
static struct json *take_field(const char *chosen, struct arena *arena, struct json *line)
{
    struct json *value = json_remove(line, chosen);
    if (value == NULL) {
        const struct json *inside = json_path(line, chosen);
        value = inside != NULL ? json_copy(arena, inside) : NULL;
    }
    return value;
}

const char *
recipe_keys_apply(const struct recipe_keys *self, struct arena *arena, struct json *line)
{
    struct json *values[FIELD_COUNT] = {NULL};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const char *chosen = self->fields[i];
        values[i] = *chosen != '\0' ? take_field(chosen, arena, line) : NULL;
        if (*chosen != '\0' && values[i] == NULL && (i == FIELD_PROMPT || i == FIELD_MESSAGES)) {
            return chosen;
        }
    }
    const bool prompt_or_messages = values[FIELD_PROMPT] != NULL || values[FIELD_MESSAGES] != NULL;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const bool other = prompt_or_messages && i <= FIELD_MESSAGES;
        if (self->fields[i][0] != '\0' || other) {
            (void)json_remove(line, usual[i]);
        }
        if (values[i] != NULL) {
            (void)json_add(arena, line, usual[i], values[i]);
        }
    }
    return NULL;
}
