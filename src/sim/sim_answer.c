/* The table is read into trees once; a request's body is read into a tree of its own, which only an
 * engine with answers does. */
#include "sim/sim_answer.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/json_lines.h"

#include <stdlib.h>
#include <string.h>

enum {
    PIECE_BYTES = 8, /* of a word that are one token at most */
    SALT_BYTES = 15, /* "[0123456789ab] " */
    MESSAGES_MAX = 1000
};

struct entry {
    const struct json *prompt;   /* text, or NULL */
    const struct json *contains; /* text or list of texts, or NULL */
    const struct json *messages; /* list, or NULL */
    struct sim_answer answer;
};

struct sim_answers {
    struct arena arena;
    struct entry *entries;
    uint32_t n;
};

struct reader {
    struct sim_answers *answers;
    struct json_lines lines;
    struct error *err;
};

static int fail(const struct reader *self, const struct json *value, const char *what)
{
    return json_lines_fail(&self->lines, value, what, self->err);
}

/* Bytes of the token that starts here: white space, then a word or a piece of one. */
static size_t piece_length(const char *text, size_t left)
{
    size_t len = 0;
    while (len < left && strchr(" \t\r\n", text[len]) != NULL) {
        len++;
    }
    const size_t word = len;
    while (len < left && len - word < PIECE_BYTES && strchr(" \t\r\n", text[len]) == NULL) {
        len += text_utf8_length(text + len, left - len); /* a tree's text is UTF-8 */
    }
    return len;
}

/* The piece as it stands in JSON. */
static struct sim_piece escaped_piece(struct arena *arena, const char *text, size_t len)
{
    CLEANUP(arena_done) struct arena scratch = {0};
    CLEANUP(bytes_done) struct bytes json;
    bytes_init(&json, BYTES_MAX_DEFAULT);
    json_write_compact(json_new_bytes(&scratch, text, len), &json);
    const size_t inside = json.len - 2; /* without the quotes */
    return (struct sim_piece){arena_copy(arena, json.data + 1, inside), (uint32_t)inside};
}

static uint32_t count_pieces(const char *text, size_t len)
{
    uint32_t n = 0;
    for (size_t at = 0; at < len; at += piece_length(text + at, len - at)) {
        n++;
    }
    return n;
}

static void add_pieces(struct arena *arena, const struct json *text, struct sim_piece *out)
{
    for (size_t at = 0; text != NULL && at < text->len;) {
        const size_t len = piece_length(text->text + at, text->len - at);
        *out++ = escaped_piece(arena, text->text + at, len);
        at += len;
    }
}

static bool is_text(const struct json *value)
{
    return value->kind == JSON_STRING && strlen(value->text) == value->len;
}

/* A number stands for its digits, as in an item of a quality benchmark. */
static bool is_answer(const struct json *value)
{
    return value->kind == JSON_INTEGER || value->kind == JSON_FLOAT || is_text(value);
}

static int read_answer(struct reader *self, const struct json *root, struct sim_answer *out)
{
    const struct json *list = json_find(root, "answers");
    const struct json *answer = list != NULL ? json_at(list, 0) : json_find(root, "answer");
    const struct json *reasoning = json_find(root, "reasoning");
    if (list != NULL && json_find(root, "answer") != NULL) {
        return fail(self, list, "'answer' and 'answers' exclude each other");
    }
    if (answer == NULL) {
        return fail(self, root, "a line must have an 'answer'");
    }
    if (!is_answer(answer)) {
        return fail(self, answer, "'answer' must be a text without NUL, or a number");
    }
    if (reasoning != NULL && (!is_text(reasoning) || reasoning->len == 0)) {
        return fail(self, reasoning, "'reasoning' must be a text that is not empty");
    }
    const size_t reasoning_len = reasoning != NULL ? reasoning->len : 0;
    if (answer->len + reasoning_len > SIM_ANSWER_BYTES_MAX) {
        return fail(self, answer, "an answer may have 1048576 bytes");
    }
    out->n_reasoning = reasoning != NULL ? count_pieces(reasoning->text, reasoning->len) : 0;
    out->n = out->n_reasoning + count_pieces(answer->text, answer->len);
    struct arena *arena = &self->answers->arena;
    struct sim_piece *pieces = arena_alloc(arena, (out->n + 1) * sizeof(*pieces));
    add_pieces(arena, reasoning, pieces);
    add_pieces(arena, answer, pieces + out->n_reasoning);
    out->pieces = pieces;
    return 0;
}

static int check_contains(const struct reader *self, const struct json *value)
{
    const bool list = value->kind == JSON_ARRAY && value->len > 0;
    for (const struct json *text = list ? value->first : value; text != NULL;
         text = list ? text->next : NULL) {
        if (!is_text(text) || text->len == 0) {
            return fail(self, text, "'prompt_contains' must be a text or a list of texts");
        }
    }
    return 0;
}

static int check_messages(const struct reader *self, const struct json *value)
{
    if (value->kind != JSON_ARRAY || value->len == 0 || value->len > MESSAGES_MAX) {
        return fail(self, value, "'messages' must be a list of 1 to 1000 messages");
    }
    for (const struct json *message = value->first; message != NULL; message = message->next) {
        const struct json *content = json_find(message, "content");
        if (content == NULL || !is_text(content)) {
            return fail(self, message, "a message must have a 'content', a text");
        }
    }
    return 0;
}

static int read_entry(struct reader *self, const struct json *root, struct entry *out)
{
    out->prompt = json_find(root, "prompt");
    out->contains = json_find(root, "prompt_contains");
    out->messages = json_find(root, "messages");
    const int ways = (out->prompt != NULL) + (out->contains != NULL) + (out->messages != NULL);
    if (root->kind != JSON_OBJECT || ways != 1) {
        return fail(
            self, root,
            "a line must be an object with one of 'prompt', 'prompt_contains' and 'messages'");
    }
    int rc = 0;
    if (out->prompt != NULL && !is_text(out->prompt)) {
        rc = fail(self, out->prompt, "'prompt' must be a text without NUL");
    } else if (out->contains != NULL) {
        rc = check_contains(self, out->contains);
    } else if (out->messages != NULL) {
        rc = check_messages(self, out->messages);
    }
    return rc == 0 ? read_answer(self, root, &out->answer) : rc;
}

static int read_all(struct reader *self)
{
    struct sim_answers *answers = self->answers;
    uint32_t cap = 0;
    for (;;) {
        struct json *root = NULL;
        const int rc = json_lines_next(&self->lines, &answers->arena, &root, self->err);
        if (rc <= 0) {
            return rc;
        }
        if (answers->n == SIM_ANSWERS_MAX) {
            return error_set(
                self->err, ERROR_LIMIT, "%s: more than %d lines", self->lines.name,
                SIM_ANSWERS_MAX);
        }
        if (answers->n == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            answers->entries = mem_resize(answers->entries, cap, sizeof(*answers->entries));
        }
        struct entry entry = {0};
        if (read_entry(self, root, &entry) != 0) {
            return -(int)self->err->code;
        }
        answers->entries[answers->n++] = entry;
    }
}

int sim_answers_open(
    const char *name, const char *text, struct sim_answers **out, struct error *err)
{
    struct sim_answers *self = MEM_NEW(struct sim_answers);
    struct reader reader = {.answers = self, .err = err};
    json_lines_init(&reader.lines, name, text, strlen(text));
    int rc = read_all(&reader);
    if (rc == 0 && self->n == 0) {
        rc = error_set(err, ERROR_PARSE, "%s:1:1: the file holds no answers", name);
    }
    if (rc != 0) {
        sim_answers_free(self);
        return rc;
    }
    *out = self;
    return 0;
}

void sim_answers_free(struct sim_answers *self)
{
    if (self != NULL) {
        free(self->entries);
        arena_done(&self->arena);
        free(self);
    }
}

/* The text of a message: a string, or the "text" of its parts, one after another. */
static const char *message_text(struct arena *arena, const struct json *content)
{
    if (content == NULL || content->kind != JSON_ARRAY) {
        return json_text(content, "");
    }
    const char *text = "";
    for (const struct json *part = content->first; part != NULL; part = part->next) {
        text = arena_format(arena, "%s%s", text, json_text(json_find(part, "text"), ""));
    }
    return text;
}

/* Past the salt, when there is one. */
static const char *without_salt(const char *text)
{
    const bool salted = strlen(text) >= SALT_BYTES && text[0] == '[' &&
                        strspn(text + 1, "0123456789abcdef") == SALT_BYTES - 3 &&
                        strncmp(text + SALT_BYTES - 2, "] ", 2) == 0;
    return salted ? text + SALT_BYTES : text;
}

/* What is asked: the texts of all messages; a completion has one. */
struct asked {
    const char *texts[MESSAGES_MAX];
    uint32_t n;
    const char *last; /* user message; NULL: none */
};

static void read_chat(struct asked *self, struct arena *arena, const struct json *messages)
{
    const bool list = messages != NULL && messages->kind == JSON_ARRAY;
    for (const struct json *message = list ? messages->first : NULL;
         message != NULL && self->n < MESSAGES_MAX; message = message->next) {
        const char *text = message_text(arena, json_find(message, "content"));
        text = self->n == 0 ? without_salt(text) : text;
        self->texts[self->n++] = text;
        if (text_equal(json_text(json_find(message, "role"), ""), "user")) {
            self->last = text;
        }
    }
}

static bool contains_all(const char *text, const struct json *wanted)
{
    if (wanted->kind == JSON_STRING) {
        return strstr(text, wanted->text) != NULL;
    }
    for (const struct json *part = wanted->first; part != NULL; part = part->next) {
        if (strstr(text, part->text) == NULL) {
            return false;
        }
    }
    return true;
}

static bool messages_equal(const struct asked *asked, const struct json *messages)
{
    uint32_t i = 0;
    for (const struct json *message = messages->first; message != NULL; message = message->next) {
        const char *content = json_find(message, "content")->text;
        if (i == asked->n || !text_equal(asked->texts[i], content)) {
            return false;
        }
        i++;
    }
    return i == asked->n;
}

static bool fits(const struct entry *entry, const struct asked *asked)
{
    if (entry->messages != NULL) {
        return messages_equal(asked, entry->messages);
    }
    if (asked->last == NULL) {
        return false;
    }
    return entry->prompt != NULL ? text_equal(entry->prompt->text, asked->last)
                                 : contains_all(asked->last, entry->contains);
}

const struct sim_answer *
sim_answers_find(const struct sim_answers *self, const char *body, size_t len, bool chat)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    if (self == NULL || json_parse(&arena, "body", body, len, &root, &err) != 0) {
        return NULL;
    }
    struct asked asked = {.n = 0};
    if (chat) {
        read_chat(&asked, &arena, json_find(root, "messages"));
    } else {
        asked.last = without_salt(json_text(json_find(root, "prompt"), ""));
        asked.texts[asked.n++] = asked.last;
    }
    for (uint32_t i = 0; i < self->n; i++) {
        if (fits(&self->entries[i], &asked)) {
            return &self->entries[i].answer;
        }
    }
    return NULL;
}

struct sim_piece sim_answer_token(const struct sim_answer *self, uint32_t without, uint32_t token)
{
    const uint32_t at = without + token - 1;
    return at < self->n ? self->pieces[at] : (struct sim_piece){"", 0};
}
