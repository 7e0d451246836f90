/* One JSON object a line, each parsed alone into a scratch arena: only what becomes a prompt is kept.
 * A text that begins with '[' is one list of such objects.
 * Keys that mean nothing here are left alone, because data files carry ids, labels and answers. */
#include "base/mem.h"
#include "base/text.h"
#include "codec/json_lines.h"
#include "suite/dataset.h"
#include "suite/dataset_readers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGES_MAX = 1000,
    LENGTH_MAX = 1000000 /* tokens */
};

struct line {
    struct json_lines lines;
    struct arena *arena;            /* of the prompts */
    const struct recipe_keys *keys; /* NULL: every field has its usual name */
    struct error *err;
};

static int fail(const struct line *self, const struct json *value, const char *what)
{
    return json_lines_fail(&self->lines, value, what, self->err);
}

static int
read_content(const struct line *self, const struct json *value, const char *what, const char **out)
{
    if (value->kind != JSON_STRING || value->len == 0 || strlen(value->text) != value->len) {
        return fail(self, value, what);
    }
    *out = arena_copy(self->arena, value->text, value->len);
    return 0;
}

static int read_message(const struct line *self, const struct json *value, struct message *out)
{
    static const char *const roles[] = {"system", "user", "assistant"};
    const struct json *role = json_find(value, "role");
    const struct json *content = json_find(value, "content");
    if (role == NULL || content == NULL) {
        return fail(self, value, "a message must have 'role' and 'content'");
    }
    out->role = NULL;
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (text_equal(roles[i], json_text(role, ""))) {
            out->role = roles[i];
        }
    }
    if (out->role == NULL) {
        return fail(self, role, "'role' must be system, user or assistant");
    }
    return read_content(
        self, content, "'content' must be a text that is not empty and holds no NUL",
        &out->content);
}

static int read_messages(const struct line *self, const struct json *list, struct prompt *out)
{
    if (list->kind != JSON_ARRAY || list->len == 0 || list->len > MESSAGES_MAX) {
        return fail(self, list, "'messages' must be a list of 1 to 1000 messages");
    }
    struct message *messages = arena_alloc(self->arena, list->len * sizeof(*messages));
    uint32_t n = 0;
    for (const struct json *value = list->first; value != NULL; value = value->next) {
        const int rc = read_message(self, value, &messages[n++]);
        if (rc != 0) {
            return rc;
        }
    }
    if (!text_equal(messages[n - 1].role, "user")) {
        return fail(self, list->last, "the last message must be the user's");
    }
    out->messages = messages;
    out->n_messages = n;
    return 0;
}

static int read_max_tokens(const struct line *self, const struct json *value, uint32_t *out)
{
    int64_t number = 0;
    if (value == NULL) {
        return 0;
    }
    if (!json_i64(value, &number) || number < 1 || number > LENGTH_MAX) {
        return fail(self, value, "'max_tokens' must be a whole number between 1 and 1000000");
    }
    *out = (uint32_t)number;
    return 0;
}

static int read_object(const struct line *self, const struct json *root, struct prompt *out)
{
    const struct json *text = json_find(root, "prompt");
    const struct json *messages = json_find(root, "messages");
    if (root->kind != JSON_OBJECT || (text == NULL) == (messages == NULL)) {
        return fail(
            self, root,
            "a line must be an object with either 'prompt' or 'messages' (fields of other names: "
            "FILE?prompt-field=NAME)");
    }
    struct prompt prompt = {0};
    int rc = 0;
    if (text != NULL) {
        const char *content = NULL;
        rc = read_content(
            self, text, "'prompt' must be a text that is not empty and holds no NUL", &content);
        prompt = prompt_of_text(self->arena, content, 0);
    } else {
        rc = read_messages(self, messages, &prompt);
    }
    if (rc == 0) {
        rc = read_max_tokens(self, json_find(root, "max_tokens"), &prompt.max_tokens);
    }
    if (rc == 0) {
        *out = prompt;
    }
    return rc;
}

/* Where the recipe chose other names for fields. */
static int rename_fields(const struct line *self, struct arena *scratch, struct json *root)
{
    if (self->keys == NULL || root->kind != JSON_OBJECT) {
        return 0;
    }
    const char *missing = recipe_keys_apply(self->keys, scratch, root);
    if (missing == NULL) {
        return 0;
    }
    char what[RECIPE_VALUE_SIZE + 64];
    (void)snprintf(what, sizeof(what), "the line has no field '%s'", missing);
    return fail(self, root, what);
}

static int read_line(const struct line *self, const struct json *root, struct prompt_list *out)
{
    if (out->n == DATASET_PROMPTS_MAX) {
        return error_set(
            self->err, ERROR_LIMIT, "%s:%" PRIu64 ":1: more than %d prompts", self->lines.name,
            self->lines.number, DATASET_PROMPTS_MAX);
    }
    struct prompt prompt = {0};
    const int rc = read_object(self, root, &prompt);
    if (rc != 0) {
        return rc;
    }
    if (out->wanted.scoring == SCORING_NONE) {
        prompt_list_add(out, &prompt);
        return 0;
    }
    struct item item;
    const char *what = NULL;
    const struct json *wrong = item_read(out->arena, root, &out->wanted, out->n + 1, &item, &what);
    if (wrong != NULL) {
        return fail(self, wrong, what);
    }
    item.line = (uint32_t)json_lines_place(&self->lines, root);
    prompt_list_add_scored(out, &prompt, &item);
    return 0;
}

struct named {
    const char *id;
    uint32_t line;
};

static int compare_ids(const void *a, const void *b)
{
    const struct named *first = a;
    const struct named *second = b;
    const int order = strcmp(first->id, second->id);
    return order != 0 ? order : (first->line > second->line) - (first->line < second->line);
}

/* Records name items by their ids. */
static int check_ids(const struct line *self, const struct prompt_list *list)
{
    if (list->scored == NULL) {
        return 0;
    }
    CLEANUP(mem_freep) struct named *sorted = mem_alloc(list->n, sizeof(*sorted));
    for (uint32_t i = 0; i < list->n; i++) {
        sorted[i] = (struct named){list->scored[i].id, list->scored[i].line};
    }
    qsort(sorted, list->n, sizeof(*sorted), compare_ids);
    for (uint32_t i = 1; i < list->n; i++) {
        if (text_equal(sorted[i - 1].id, sorted[i].id)) {
            return error_set(
                self->err, ERROR_PARSE,
                "%s:%" PRIu32 ":1: the id '%s' is that of line %" PRIu32 " too", self->lines.name,
                sorted[i].line, sorted[i].id, sorted[i - 1].line);
        }
    }
    return 0;
}

static int
read_value(struct line *self, struct arena *scratch, struct json *root, struct prompt_list *out)
{
    const int rc = rename_fields(self, scratch, root);
    return rc != 0 ? rc : read_line(self, root, out);
}

static int read_lines(struct line *self, struct prompt_list *out)
{
    int rc = 1;
    while (rc > 0) {
        CLEANUP(arena_done) struct arena scratch = {0};
        struct json *root = NULL;
        rc = json_lines_next(&self->lines, &scratch, &root, self->err);
        if (rc > 0 && read_value(self, &scratch, root, out) != 0) {
            return -(int)self->err->code;
        }
    }
    return rc;
}

/* The same objects in one list, as .json files have them: parsed whole. */
static int read_list(struct line *self, const struct reader_input *input, struct prompt_list *out)
{
    CLEANUP(arena_done) struct arena scratch = {0};
    struct json *list = NULL;
    int rc = json_parse(&scratch, input->name, input->text, input->len, &list, self->err);
    self->lines.number = 1;
    struct json *next = NULL;
    for (struct json *value = rc == 0 ? list->first : NULL; rc == 0 && value != NULL;
         value = next) {
        next = value->next;
        rc = read_value(self, &scratch, value, out);
    }
    return rc;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_list(const struct reader_input *input)
{
    size_t i = 0;
    while (i < input->len && is_space(input->text[i])) {
        i++;
    }
    return i < input->len && input->text[i] == '[';
}

int jsonl_read(const struct reader_input *input, struct prompt_list *out, struct error *err)
{
    struct line line = {.arena = out->arena, .keys = input->keys, .err = err};
    json_lines_init(&line.lines, input->name, input->text, input->len);
    const int rc = is_list(input) ? read_list(&line, input, out) : read_lines(&line, out);
    if (rc == 0 && out->n == 0) {
        return error_set(err, ERROR_PARSE, "%s:1:1: the file holds no prompts", input->name);
    }
    return rc == 0 ? check_ids(&line, out) : rc;
}
