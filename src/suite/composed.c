/* A kind of workload is a row: its form, its keys with their limits, and its maker. */
#include "suite/composed.h"

#include "base/mem.h"
#include "base/text.h"
#include "suite/composer.h"
#include "suite/dataset.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS_MAX = 8
};

enum key_kind {
    KEY_U32 = 1,
    KEY_LENGTHS,
    KEY_QUESTION,
};

/* How a key is read, and where its value goes. */
struct key {
    const char *name;
    enum key_kind kind; /* 0 ends the list */
    size_t offset;
    uint32_t min;
    uint32_t max;
};

#define AT(member) offsetof(struct composed_plan, member)
#define KEY_N(most)                  \
    {                                \
        "n", KEY_U32, AT(n), 1, most \
    }
#define KEY_OUTPUT                                            \
    {                                                         \
        "output", KEY_U32, AT(output), 1, COMPOSED_TOKENS_MAX \
    }

static const struct row {
    const char *name;
    const char *form;
    struct key keys[KEYS_MAX];
    struct composed_plan defaults;
    const char *required; /* key without a default; NULL: none */
    void (*make)(struct composer *self);
} rows[] = {
    [COMPOSED_DOCUMENTS] =
        {"documents",
         "documents:tokens=4000..32000",
         {{"tokens", KEY_LENGTHS, AT(tokens), COMPOSED_DOCUMENT_MIN, COMPOSED_TOKENS_MAX},
          {"question", KEY_QUESTION, AT(question), 0, 0},
          KEY_N(DATASET_PROMPTS_MAX),
          KEY_OUTPUT},
         {.kind = COMPOSED_DOCUMENTS, .n = 256},
         "tokens",
         composed_make_documents},
    [COMPOSED_RAG] =
        {"rag",
         "rag:chunks=8,chunk-tokens=256",
         {{"chunks", KEY_U32, AT(chunks), 1, COMPOSED_CHUNKS_MAX},
          {"chunk-tokens", KEY_U32, AT(chunk_tokens), COMPOSED_CHUNK_MIN, COMPOSED_TOKENS_MAX},
          KEY_N(DATASET_PROMPTS_MAX),
          KEY_OUTPUT},
         {.kind = COMPOSED_RAG, .n = 512, .chunks = 8, .chunk_tokens = 256},
         NULL,
         composed_make_rag},
    [COMPOSED_MULTI_TURN] =
        {"multi-turn",
         "multi-turn:turns=4",
         {{"turns", KEY_U32, AT(turns), 1, COMPOSED_TURNS_MAX},
          {"conversations", KEY_U32, AT(n), 1, DATASET_PROMPTS_MAX},
          {"user", KEY_U32, AT(user), COMPOSED_USER_MIN, COMPOSED_TOKENS_MAX},
          {"answer", KEY_U32, AT(answer), COMPOSED_ANSWER_MIN, COMPOSED_TOKENS_MAX},
          KEY_OUTPUT},
         {.kind = COMPOSED_MULTI_TURN, .n = 64, .turns = 4, .user = 100, .answer = 200},
         NULL,
         composed_make_turns},
    [COMPOSED_SHARED_PREFIX] =
        {"shared-prefix",
         "shared-prefix:prefix=2000,suffix=100",
         {{"prefix", KEY_U32, AT(prefix), COMPOSED_PREFIX_MIN, COMPOSED_TOKENS_MAX},
          {"groups", KEY_U32, AT(groups), 1, COMPOSED_GROUPS_MAX},
          {"suffix", KEY_U32, AT(suffix), COMPOSED_SUFFIX_MIN, COMPOSED_TOKENS_MAX},
          KEY_N(DATASET_PROMPTS_MAX),
          KEY_OUTPUT},
         {.kind = COMPOSED_SHARED_PREFIX, .n = 1000, .groups = 1, .suffix = 100},
         "prefix",
         composed_make_shared},
};

static const char *const questions[] = {"fact", "summary"};

/* ---- Reading ---- */

/* A recipe while it is read. */
struct reading {
    const struct row *row;
    struct composed_plan plan;
    bool seen[KEYS_MAX];
    struct error *err;
};

static size_t count_keys(const struct row *row)
{
    size_t n = 0;
    while (n < KEYS_MAX && row->keys[n].kind != 0) {
        n++;
    }
    return n;
}

static int fail_key(const struct reading *self, const char *key)
{
    const char *names[KEYS_MAX];
    const size_t n = count_keys(self->row);
    for (size_t i = 0; i < n; i++) {
        names[i] = self->row->keys[i].name;
    }
    const char *nearest = *key != '\0' ? text_nearest(key, names, n) : NULL;
    if (nearest != NULL) {
        return error_set(
            self->err, ERROR_USAGE, "dataset %s: unknown key '%s': did you mean '%s'?",
            self->row->name, key, nearest);
    }
    return error_set(
        self->err, ERROR_USAGE, "dataset %s: unknown key '%s'; the form is %s", self->row->name,
        key, self->row->form);
}

static int
read_number(const struct reading *self, const struct key *key, const char *text, uint32_t *out)
{
    int64_t number = 0;
    if (text_parse_i64(text, key->min, key->max, &number, self->err) != 0) {
        return error_prefix(self->err, "dataset %s: %s: ", self->row->name, key->name);
    }
    *out = (uint32_t)number;
    return 0;
}

/* "N", "N..M" or "N/M/..."; `text` is cut into pieces. */
static int read_lengths(
    const struct reading *self, const struct key *key, char *text, struct composed_lengths *out)
{
    char *dots = strstr(text, "..");
    out->range = dots != NULL;
    if (dots != NULL) {
        *dots = '\0';
        out->n = 2;
        int rc = read_number(self, key, text, &out->values[0]);
        rc = rc != 0 ? rc : read_number(self, key, dots + 2, &out->values[1]);
        if (rc == 0 && out->values[0] > out->values[1]) {
            return error_set(
                self->err, ERROR_USAGE, "dataset %s: %s: %" PRIu32 " is above %" PRIu32,
                self->row->name, key->name, out->values[0], out->values[1]);
        }
        return rc;
    }
    char *rest = text;
    for (out->n = 0; rest != NULL; out->n++) {
        if (out->n == COMPOSED_LENGTHS_MAX) {
            return error_set(
                self->err, ERROR_USAGE, "dataset %s: %s: more than %d lengths", self->row->name,
                key->name, COMPOSED_LENGTHS_MAX);
        }
        const int rc = read_number(self, key, strsep(&rest, "/"), &out->values[out->n]);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int read_question(const struct reading *self, const char *text, enum composed_question *out)
{
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        if (text_equal(questions[i], text)) {
            *out = (enum composed_question)i;
            return 0;
        }
    }
    return error_set(
        self->err, ERROR_USAGE, "dataset %s: question '%s' is not fact or summary", self->row->name,
        text);
}

static int read_value(struct reading *self, const struct key *key, char *text)
{
    char *at = (char *)&self->plan + key->offset;
    switch (key->kind) {
    case KEY_LENGTHS:
        return read_lengths(self, key, text, (struct composed_lengths *)(void *)at);
    case KEY_QUESTION:
        return read_question(self, text, (enum composed_question *)(void *)at);
    case KEY_U32:
    default:
        return read_number(self, key, text, (uint32_t *)(void *)at);
    }
}

static int read_pair(struct reading *self, char *pair)
{
    char *value = pair;
    const char *name = strsep(&value, "=");
    const size_t n = count_keys(self->row);
    size_t at = 0;
    while (at < n && !text_equal(self->row->keys[at].name, name)) {
        at++;
    }
    if (at == n) {
        return fail_key(self, name);
    }
    if (value == NULL || *value == '\0') {
        return error_set(
            self->err, ERROR_USAGE, "dataset %s: '%s' has no value", self->row->name, name);
    }
    if (self->seen[at]) {
        return error_set(
            self->err, ERROR_USAGE, "dataset %s: '%s' is given twice", self->row->name, name);
    }
    self->seen[at] = true;
    return read_value(self, &self->row->keys[at], value);
}

static int check_required(const struct reading *self)
{
    const struct row *row = self->row;
    for (size_t i = 0; i < count_keys(row); i++) {
        if (row->required != NULL && text_equal(row->keys[i].name, row->required) &&
            !self->seen[i]) {
            return error_set(
                self->err, ERROR_USAGE, "dataset %s: '%s' is missing; the form is %s", row->name,
                row->required, row->form);
        }
    }
    return 0;
}

int composed_parse(
    enum composed_kind kind, const char *rest, struct composed_plan *out, struct error *err)
{
    struct reading reading = {.row = &rows[kind], .plan = rows[kind].defaults, .err = err};
    CLEANUP(mem_freep) char *copy = mem_copy_text(rest);
    char *at = copy;
    int rc = 0;
    while (rc == 0 && at != NULL) {
        rc = read_pair(&reading, strsep(&at, ","));
    }
    if (rc == 0) {
        rc = check_required(&reading);
    }
    if (rc == 0) {
        rc = composed_check(&reading.plan, err);
    }
    if (rc == 0) {
        *out = reading.plan;
    }
    return rc;
}

/* ---- Size ---- */

static uint64_t longest(const struct composed_lengths *lengths)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < lengths->n; i++) {
        most = lengths->values[i] > most ? lengths->values[i] : most;
    }
    return most;
}

/* Nominal tokens that one of n is made of, at most. */
static uint64_t tokens_each(const struct composed_plan *plan)
{
    enum {
        RAG_QUESTION = 100 /* question and instruction, about */
    };

    switch (plan->kind) {
    case COMPOSED_DOCUMENTS:
        return longest(&plan->tokens);
    case COMPOSED_RAG:
        return (uint64_t)plan->chunks * plan->chunk_tokens + RAG_QUESTION;
    case COMPOSED_MULTI_TURN:
        /* Each turn is rendered with all before it. */
        return ((uint64_t)plan->turns + 1) * plan->turns / 2 *
               ((uint64_t)plan->user + plan->answer);
    case COMPOSED_SHARED_PREFIX:
    default:
        return (uint64_t)plan->prefix + plan->suffix;
    }
}

int composed_check(const struct composed_plan *plan, struct error *err)
{
    const char *name = rows[plan->kind].name;
    const char *what = plan->kind == COMPOSED_MULTI_TURN ? "conversations" : "prompts";
    if (tokens_each(plan) > COMPOSED_TOTAL_MAX / plan->n) {
        return error_set(
            err, ERROR_USAGE,
            "dataset %s: %" PRIu32 " %s of up to %" PRIu64 " tokens are more than %" PRIu64
            " tokens in all; lower their number or length",
            name, plan->n, what, tokens_each(plan), COMPOSED_TOTAL_MAX);
    }
    if (plan->groups > plan->n) {
        return error_set(
            err, ERROR_USAGE, "dataset %s: %" PRIu32 " groups are more than %" PRIu32 " prompts",
            name, plan->groups, plan->n);
    }
    struct prose prose;
    prose_init(&prose);
    const uint64_t n_beginnings = composer_beginnings(&prose);
    prose_done(&prose);
    if ((uint64_t)plan->n + plan->groups > n_beginnings) {
        return error_set(
            err, ERROR_USAGE,
            "dataset %s: %" PRIu32 " %s are more than the %" PRIu64 " that begin differently", name,
            plan->n, what, n_beginnings - plan->groups);
    }
    return 0;
}

uint32_t composed_rounds(const struct composed_plan *plan)
{
    return plan->kind == COMPOSED_MULTI_TURN ? plan->turns : 1;
}

/* ---- Making ---- */

void composed_make(const struct composed_plan *plan, uint64_t seed, struct prompt_list *out)
{
    struct composer *self = MEM_NEW(struct composer);
    composer_init(self, plan, seed, out);
    rows[plan->kind].make(self);
    composer_done(self);
    free(self);
}

static void add_lengths(
    struct arena *arena, struct json *out, const char *key, const struct composed_lengths *lengths)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    for (uint32_t i = 0; i < lengths->n; i++) {
        if (i > 0) {
            bytes_add_text(&text, lengths->range ? ".." : "/");
        }
        bytes_add_i64(&text, lengths->values[i]);
    }
    json_add_text(arena, out, key, text.data);
}

void composed_record(const struct composed_plan *plan, struct arena *arena, struct json *out)
{
    const struct row *row = &rows[plan->kind];
    for (size_t i = 0; i < count_keys(row); i++) {
        const struct key *key = &row->keys[i];
        const char *at = (const char *)plan + key->offset;
        char *name = arena_copy_text(arena, key->name);
        for (char *p = name; *p != '\0'; p++) {
            *p = (char)(*p == '-' ? '_' : *p);
        }
        if (key->kind == KEY_LENGTHS) {
            add_lengths(arena, out, name, (const struct composed_lengths *)(const void *)at);
        } else if (key->kind == KEY_QUESTION) {
            json_add_text(arena, out, name, questions[plan->question]);
        } else {
            json_add_i64(arena, out, name, *(const uint32_t *)(const void *)at);
        }
    }
    json_add_text(arena, out, "lengths", "nominal: 1 word or mark a token");
}
