/* The text is pulled token by token; of a usable conversation only the places of two strings are
 * noted.  When the end is reached, the kept ones are drawn and decoded.  So memory grows with the
 * number of conversations, not with their length.
 *
 * Two shapes exist in public: a list of objects with "conversations" (or "conversation", as SGLang's
 * reader allows) whose turns are {"from", "value"}, and older exports with "items" in its place.  Both
 * are read, and turns written as {"role", "content"} too; the list may be the value of a key of one object, and
 * the conversations may follow each other without a list, one on each line.
 *
 * The file was scraped from web pages, where a cut can leave half of a surrogate pair.  That is no
 * Unicode text, but no reason to refuse the other 99 999 conversations: the half is overwritten by
 * U+FFFD in our private copy, and the conversation is not used. */
#include "base/mem.h"
#include "codec/json_pull.h"
#include "suite/dataset.h"
#include "suite/dataset_readers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BYTES_PER_TOKEN = 4,
    ESCAPE_BYTES_MAX = 6, /* "\u0041" is one byte of text */
    REPAIRS_MAX = 1000,   /* half characters in one file */
    UNICODE_ESCAPE_LEN = 6
};

/* Longest raw string that may be short enough: longer ones are not decoded to be measured. */
#define RAW_MAX ((size_t)SHAREGPT_TOTAL_TOKENS_MAX * BYTES_PER_TOKEN * ESCAPE_BYTES_MAX)

/* Raw string inside the text. */
struct slice {
    const char *raw;
    size_t len;
};

struct candidate {
    struct slice prompt;
    uint32_t answer_tokens;
};

enum speaker {
    SPEAKER_NONE, /* no such key, or a name that is not known */
    SPEAKER_SYSTEM,
    SPEAKER_HUMAN,
    SPEAKER_MODEL,
};

struct turn {
    enum speaker speaker;
    bool has_text;
    struct slice text;
};

/* What is known of one conversation while its turns pass. */
struct conversation {
    bool has_turns;
    bool repaired;
    bool not_human;
    unsigned n_seen; /* turns of the wanted pair: 0, 1 (prompt), 2 (answer) */
    struct turn prompt;
    struct turn answer;
};

struct sharegpt {
    const struct sharegpt_input *input;
    struct json_pull pull;
    struct sharegpt_counts counts;
    struct candidate *candidates;
    uint32_t n;
    uint32_t cap;
    unsigned n_repairs;
    bool repaired; /* since this was last cleared */
    char *scratch; /* RAW_MAX bytes */
    struct error *err;
};

uint64_t sharegpt_nominal_tokens(size_t n_bytes)
{
    return ((uint64_t)n_bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
}

static int fail_at(const struct sharegpt *self, const char *at, const char *what)
{
    uint64_t line = 1;
    const char *begin = self->pull.begin;
    for (const char *p = begin; p < at; p++) {
        if (*p == '\n') {
            line++;
            begin = p + 1;
        }
    }
    return error_set(
        self->err, ERROR_PARSE, "%s:%" PRIu64 ":%zu: %s", self->input->name, line,
        (size_t)(at - begin) + 1, what);
}

static int fail_here(const struct sharegpt *self, const char *what)
{
    return fail_at(self, self->pull.at, what);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* True when the reader stopped at "\uD8xx" .. "\uDFxx", which can only be half a character. */
static bool at_half_character(const struct json_pull *pull)
{
    const char *p = pull->at;
    if (pull->end - p < UNICODE_ESCAPE_LEN || p[0] != '\\' || p[1] != 'u') {
        return false;
    }
    const bool surrogate = (p[2] == 'd' || p[2] == 'D') && is_hex(p[3]) && p[3] >= '8';
    return surrogate && is_hex(p[4]) && is_hex(p[5]);
}

/* The next token; an error has been described when it is JSON_TOKEN_ERROR. */
static enum json_token next(struct sharegpt *self, int *rc)
{
    for (;;) {
        const struct json_pull before = self->pull;
        const enum json_token token = json_pull_next(&self->pull);
        if (token != JSON_TOKEN_ERROR) {
            return token;
        }
        if (!at_half_character(&self->pull) || self->n_repairs == REPAIRS_MAX) {
            *rc = fail_here(self, self->pull.error);
            return token;
        }
        char *escape = self->input->text + (self->pull.at - self->pull.begin);
        memcpy(escape, "\\ufffd", UNICODE_ESCAPE_LEN);
        self->n_repairs++;
        self->repaired = true;
        self->pull = before;
    }
}

/* Reads on until the container that was open at depth `depth` + 1 has ended. */
static int skip_to(struct sharegpt *self, unsigned depth)
{
    int rc = 0;
    while (rc == 0 && self->pull.depth > depth) {
        (void)next(self, &rc);
    }
    return rc;
}

/* Behind a key: its whole value. */
static int skip_value(struct sharegpt *self)
{
    int rc = 0;
    const unsigned depth = self->pull.depth;
    (void)next(self, &rc);
    return rc != 0 ? rc : skip_to(self, depth);
}

struct speaker_name {
    const char *name;
    enum speaker speaker;
};

static const struct speaker_name speaker_names[] = {
    {"human", SPEAKER_HUMAN},   {"user", SPEAKER_HUMAN},      {"gpt", SPEAKER_MODEL},
    {"chatgpt", SPEAKER_MODEL}, {"assistant", SPEAKER_MODEL}, {"bing", SPEAKER_MODEL},
    {"bard", SPEAKER_MODEL},    {"system", SPEAKER_SYSTEM},
};

static enum speaker speaker_of(const struct json_pull *pull)
{
    for (size_t i = 0; i < ARRAY_LEN(speaker_names); i++) {
        if (json_pull_is(pull, speaker_names[i].name)) {
            return speaker_names[i].speaker;
        }
    }
    return SPEAKER_NONE;
}

/* Behind a key of a turn: its value, into `turn` where the key means something. */
static int read_turn_value(struct sharegpt *self, struct turn *turn)
{
    const bool is_from = json_pull_is(&self->pull, "from") || json_pull_is(&self->pull, "role");
    const bool is_text = json_pull_is(&self->pull, "value") || json_pull_is(&self->pull, "content");
    if (!is_from && !is_text) {
        return skip_value(self);
    }
    int rc = 0;
    const unsigned depth = self->pull.depth;
    const enum json_token token = next(self, &rc);
    if (rc != 0) {
        return rc;
    }
    if (token != JSON_TOKEN_STRING) {
        return skip_to(self, depth);
    }
    if (is_from) {
        turn->speaker = speaker_of(&self->pull);
    } else {
        turn->has_text = true;
        turn->text = (struct slice){self->pull.text, self->pull.len};
    }
    return 0;
}

/* Behind the beginning of a turn. */
static int read_turn(struct sharegpt *self, struct turn *out)
{
    int rc = 0;
    *out = (struct turn){0};
    while (rc == 0) {
        if (next(self, &rc) == JSON_TOKEN_OBJECT_END) {
            return 0;
        }
        if (rc == 0) {
            rc = read_turn_value(self, out);
        }
    }
    return rc;
}

static void see_turn(struct conversation *conversation, const struct turn *turn)
{
    conversation->has_turns = true;
    if (conversation->n_seen == 0 && turn->speaker == SPEAKER_SYSTEM) {
        return;
    }
    if (conversation->n_seen == 0) {
        conversation->not_human = turn->speaker != SPEAKER_HUMAN;
        conversation->prompt = *turn;
    } else if (conversation->n_seen == 1) {
        conversation->answer = *turn;
    }
    conversation->n_seen++;
}

/* Behind the key of the turns: the list. */
static int read_turns(struct sharegpt *self, struct conversation *conversation)
{
    int rc = 0;
    const unsigned depth = self->pull.depth;
    enum json_token token = next(self, &rc);
    if (rc != 0 || token != JSON_TOKEN_ARRAY_BEGIN) {
        return rc != 0 ? rc : skip_to(self, depth);
    }
    for (;;) {
        token = next(self, &rc);
        if (rc != 0 || token == JSON_TOKEN_ARRAY_END) {
            return rc;
        }
        if (token != JSON_TOKEN_OBJECT_BEGIN) {
            return fail_here(self, "a turn must be an object with 'from' and 'value'");
        }
        struct turn turn;
        rc = read_turn(self, &turn);
        if (rc != 0) {
            return rc;
        }
        see_turn(conversation, &turn);
    }
}

static bool is_turns_key(const struct json_pull *pull)
{
    return json_pull_is(pull, "conversations") || json_pull_is(pull, "conversation") ||
           json_pull_is(pull, "items");
}

/* Behind the beginning of a conversation. */
static int read_conversation(struct sharegpt *self, struct conversation *out)
{
    int rc = 0;
    *out = (struct conversation){0};
    self->repaired = false;
    while (rc == 0) {
        if (next(self, &rc) == JSON_TOKEN_OBJECT_END) {
            out->repaired = self->repaired;
            return 0;
        }
        if (rc != 0) {
            break;
        }
        rc =
            is_turns_key(&self->pull) && !out->has_turns ? read_turns(self, out) : skip_value(self);
    }
    return rc;
}

/* Decoded bytes of a string; false when it is blank or holds a NUL. */
static bool measure(struct sharegpt *self, const struct slice *slice, size_t *out)
{
    if (slice->len > RAW_MAX) {
        *out = SIZE_MAX / 2;
        return true;
    }
    const size_t len = json_unescape(slice->raw, slice->len, self->scratch);
    if (memchr(self->scratch, '\0', len) != NULL) {
        return false;
    }
    size_t blank = 0;
    while (blank < len && strchr(" \t\r\n", self->scratch[blank]) != NULL) {
        blank++;
    }
    *out = len;
    return blank < len;
}

/* Which counter a conversation belongs to; fills `candidate` for a usable one. */
static uint64_t *
judge(struct sharegpt *self, const struct conversation *conversation, struct candidate *candidate)
{
    struct sharegpt_counts *counts = &self->counts;
    if (!conversation->has_turns) {
        return &counts->n_no_turns;
    }
    if (conversation->n_seen == 0 || conversation->not_human) {
        return &counts->n_not_human;
    }
    if (conversation->n_seen < 2 || conversation->answer.speaker != SPEAKER_MODEL) {
        return &counts->n_no_answer;
    }
    size_t prompt_len = 0;
    size_t answer_len = 0;
    if (conversation->repaired || !conversation->prompt.has_text ||
        !conversation->answer.has_text || !measure(self, &conversation->prompt.text, &prompt_len) ||
        !measure(self, &conversation->answer.text, &answer_len)) {
        return &counts->n_bad_text;
    }
    const uint64_t prompt_tokens = sharegpt_nominal_tokens(prompt_len);
    const uint64_t answer_tokens = sharegpt_nominal_tokens(answer_len);
    if (prompt_tokens > SHAREGPT_PROMPT_TOKENS_MAX ||
        prompt_tokens + answer_tokens > SHAREGPT_TOTAL_TOKENS_MAX) {
        return &counts->n_too_long;
    }
    if (prompt_tokens < SHAREGPT_TOKENS_MIN || answer_tokens < SHAREGPT_TOKENS_MIN) {
        return &counts->n_too_short;
    }
    *candidate = (struct candidate){conversation->prompt.text, (uint32_t)answer_tokens};
    return &counts->n_usable;
}

static int add_conversation(struct sharegpt *self, const struct conversation *conversation)
{
    struct candidate candidate;
    uint64_t *counter = judge(self, conversation, &candidate);
    self->counts.n_conversations++;
    (*counter)++;
    if (counter != &self->counts.n_usable) {
        return 0;
    }
    if (self->n == DATASET_PROMPTS_MAX) {
        return error_set(
            self->err, ERROR_LIMIT, "%s holds more than %d usable conversations", self->input->name,
            DATASET_PROMPTS_MAX);
    }
    if (self->n == self->cap) {
        self->cap = self->cap == 0 ? 1024 : self->cap * 2;
        self->candidates = mem_resize(self->candidates, self->cap, sizeof(*self->candidates));
    }
    self->candidates[self->n++] = candidate;
    return 0;
}

/* Behind the beginning of a list of conversations: to its end. */
static int read_list(struct sharegpt *self)
{
    int rc = 0;
    while (rc == 0) {
        const enum json_token token = next(self, &rc);
        if (rc != 0 || token == JSON_TOKEN_ARRAY_END) {
            return rc;
        }
        if (token != JSON_TOKEN_OBJECT_BEGIN) {
            return fail_here(self, "a conversation must be an object");
        }
        struct conversation conversation;
        rc = read_conversation(self, &conversation);
        if (rc == 0) {
            rc = add_conversation(self, &conversation);
        }
    }
    return rc;
}

/* Behind a key: true when its value is a list whose first object has turns, so that it is one of conversations
 * and not one of turns.  Looks ahead only. */
static bool holds_conversations(const struct sharegpt *self)
{
    struct json_pull pull = self->pull;
    const enum json_token first = json_pull_next(&pull);
    const enum json_token second = json_pull_next(&pull);
    if (first != JSON_TOKEN_ARRAY_BEGIN || second != JSON_TOKEN_OBJECT_BEGIN) {
        return false;
    }
    while (json_pull_next(&pull) == JSON_TOKEN_KEY) {
        if (is_turns_key(&pull)) {
            return json_pull_next(&pull) == JSON_TOKEN_ARRAY_BEGIN;
        }
        if (!json_pull_skip(&pull)) {
            return false;
        }
    }
    return false;
}

/* Behind a key of an object that stands alone, as read_conversation does for one in a list. */
static int read_outer_value(struct sharegpt *self, struct conversation *conversation, bool *is_list)
{
    if (holds_conversations(self)) {
        int rc = 0;
        (void)next(self, &rc);
        *is_list = true;
        return rc != 0 ? rc : read_list(self);
    }
    const bool turns = is_turns_key(&self->pull) && !conversation->has_turns && !*is_list;
    return turns ? read_turns(self, conversation) : skip_value(self);
}

/* Behind the beginning of an object that stands alone: a conversation, or one that holds the list. */
static int read_outer(struct sharegpt *self)
{
    struct conversation conversation = {0};
    bool is_list = false;
    int rc = 0;
    self->repaired = false;
    while (rc == 0) {
        if (next(self, &rc) == JSON_TOKEN_OBJECT_END) {
            conversation.repaired = self->repaired;
            return is_list ? 0 : add_conversation(self, &conversation);
        }
        if (rc == 0) {
            rc = read_outer_value(self, &conversation, &is_list);
        }
    }
    return rc;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind a whole value: true at the beginning of another object, where the reader now is (JSON Lines). */
static bool begin_next_object(struct sharegpt *self)
{
    struct json_pull *pull = &self->pull;
    const char *p = pull->at;
    while (p < pull->end && is_space(*p)) {
        p++;
    }
    if (p == pull->end || *p != '{') {
        return false;
    }
    const char *begin = pull->begin; /* of the file: places are told from there */
    json_pull_init(pull, p, (size_t)(pull->end - p));
    pull->begin = begin;
    return true;
}

static int read_all(struct sharegpt *self)
{
    int rc = 0;
    enum json_token token = next(self, &rc);
    if (rc == 0 && token == JSON_TOKEN_ARRAY_BEGIN) {
        rc = read_list(self);
    } else if (rc == 0 && token == JSON_TOKEN_OBJECT_BEGIN) {
        rc = read_outer(self);
        while (rc == 0 && begin_next_object(self)) {
            (void)next(self, &rc);
            rc = rc != 0 ? rc : read_outer(self);
        }
    } else if (rc == 0) {
        return fail_at(
            self, self->pull.begin, "a list of conversations, or one on each line, is expected");
    }
    if (rc == 0) {
        (void)next(self, &rc); /* the end, or what must not be there */
    }
    return rc;
}

static void keep_some(const struct sharegpt *self, struct prompt_list *out)
{
    uint32_t n_kept = 0;
    CLEANUP(mem_freep)
    uint32_t *kept = prompt_sample(self->input->seed, self->n, self->input->n_wanted, &n_kept);
    for (uint32_t i = 0; i < n_kept; i++) {
        const struct candidate *candidate = &self->candidates[kept[i]];
        char *text = arena_alloc(out->arena, candidate->prompt.len + 1);
        (void)json_unescape(candidate->prompt.raw, candidate->prompt.len, text);
        const struct prompt prompt = prompt_of_text(out->arena, text, candidate->answer_tokens);
        prompt_list_add(out, &prompt);
    }
}

int sharegpt_read(
    const struct sharegpt_input *input,
    struct prompt_list *out,
    struct sharegpt_counts *counts,
    struct error *err)
{
    struct sharegpt reader = {.input = input, .err = err, .scratch = mem_alloc(RAW_MAX, 1)};
    json_pull_init(&reader.pull, input->text, input->len);
    int rc = read_all(&reader);
    if (rc == 0 && reader.n == 0) {
        rc = error_set(
            err, ERROR_PARSE, "%s:1:1: none of %" PRIu64 " conversations can be used", input->name,
            reader.counts.n_conversations);
    }
    if (rc == 0) {
        keep_some(&reader, out);
        *counts = reader.counts;
    }
    free(reader.scratch);
    free(reader.candidates);
    return rc;
}
