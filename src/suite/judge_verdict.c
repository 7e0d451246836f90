/* The JSON reader refuses repeated keys, so that a text with two verdicts has none. */
#include "suite/judge_verdict.h"

#include "base/text.h"
#include "codec/json.h"

#include <string.h>

/* Verdicts of each method: the wrong one, the right one. */
static const char *const words[JUDGE_METHOD_COUNT][2] = {
    [JUDGE_LLM] = {"incorrect", "correct"},
    [JUDGE_LLM_PERSONA] = {"inconsistent", "consistent"},
};

/* A part of the judge's text. */
struct slice {
    const char *at;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice self)
{
    while (self.len > 0 && is_blank(self.at[0])) {
        self.at++;
        self.len--;
    }
    while (self.len > 0 && is_blank(self.at[self.len - 1])) {
        self.len--;
    }
    return self;
}

static bool begins_with(struct slice self, const char *text)
{
    const size_t len = strlen(text);
    return self.len >= len && memcmp(self.at, text, len) == 0;
}

/* Without the fence when the whole text stands in one; else as it is. */
static struct slice strip_fence(struct slice self)
{
    static const char *const openings[] = {"```json\n", "```json\r\n", "```\n", "```\r\n"};
    static const char closing[] = "\n```";
    const size_t closing_len = sizeof(closing) - 1;
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
        const size_t len = strlen(openings[i]);
        if (begins_with(self, openings[i]) && self.len >= len + closing_len &&
            memcmp(self.at + self.len - closing_len, closing, closing_len) == 0) {
            return trim((struct slice){self.at + len, self.len - len - closing_len});
        }
    }
    return self;
}

static bool is_member(const struct json *child, const char *name)
{
    return child->key_len == strlen(name) && text_equal(child->key, name);
}

static int check_members(const struct json *root, struct error *err)
{
    if (root->kind != JSON_OBJECT) {
        return error_set(err, ERROR_PARSE, "the judge's answer is JSON, but no object");
    }
    for (const struct json *child = root->first; child != NULL; child = child->next) {
        if (!is_member(child, "reason") && !is_member(child, "verdict")) {
            return error_set(
                err, ERROR_PARSE,
                "the judge's answer has a member '%.40s', which was not asked for", child->key);
        }
        if (child->kind != JSON_STRING) {
            return error_set(
                err, ERROR_PARSE, "'%s' of the judge's answer is no string", child->key);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        const char *key = i == 0 ? "verdict" : "reason";
        if (json_find(root, key) == NULL) {
            return error_set(err, ERROR_PARSE, "the judge's answer has no '%s'", key);
        }
    }
    return 0;
}

int judge_verdict_read(
    enum judge_method method, const char *text, size_t len, bool *right, struct error *err)
{
    const struct slice inside = strip_fence(trim((struct slice){text, len}));
    if (inside.len == 0) {
        return error_set(err, ERROR_PARSE, "the judge's answer is empty");
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    if (json_parse(&arena, "its answer", inside.at, inside.len, &root, err) < 0) {
        err->code = ERROR_PARSE;
        return error_prefix(err, "the judge did not answer with one JSON object: ");
    }
    if (check_members(root, err) < 0) {
        return -ERROR_PARSE;
    }
    const struct json *verdict = json_find(root, "verdict");
    for (size_t i = 0; i < 2; i++) {
        if (verdict->len == strlen(words[method][i]) &&
            text_equal(verdict->text, words[method][i])) {
            *right = i == 1;
            return 0;
        }
    }
    return error_set(
        err, ERROR_PARSE, "the verdict is '%.40s', neither '%s' nor '%s'", verdict->text,
        words[method][1], words[method][0]);
}
