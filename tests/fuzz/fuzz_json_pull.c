/* The pull reader: slices lie inside the input, the depth follows the tokens, strings decode into
 * their own length, and skipping ends where reading on ends. */
#include "base/mem.h"
#include "base/text.h"
#include "codec/json_pull.h"
#include "fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_slice(const struct json_pull *pull, bool is_text)
{
    require(pull->text >= pull->begin && pull->text + pull->len <= pull->end);
    if (!is_text) {
        int64_t value = 0;
        (void)json_pull_i64(pull, &value);
        return;
    }
    CLEANUP(mem_freep) char *out = mem_alloc(pull->len, 1);
    const size_t len = json_unescape(pull->text, pull->len, out);
    require(len <= pull->len);
    require(pull->escaped || len == pull->len);
    require(text_is_utf8(out, len));
}

/* Skips the value that `pull`, a copy, is in front of or inside; both ways must end alike. */
static void check_skip(struct json_pull skipping, struct json_pull reading, bool behind_key)
{
    const unsigned target = behind_key ? reading.depth : reading.depth - 1;
    enum json_token token = JSON_TOKEN_NULL;
    do {
        token = json_pull_next(&reading);
    } while (token != JSON_TOKEN_ERROR && reading.depth > target);
    const bool skipped = json_pull_skip(&skipping);
    require(skipped == (token != JSON_TOKEN_ERROR));
    require(skipping.at == reading.at);
}

/* In front of a key: taken alone and taken with its value's first token, both must end alike. */
static void check_member(struct json_pull alone, struct json_pull with_value)
{
    require(json_pull_next(&alone) == JSON_TOKEN_KEY);
    const struct json_key expected = {alone.text, alone.len, alone.escaped};
    struct json_key key = {0};
    const enum json_token token = json_pull_member(&with_value, &key);
    require(token == json_pull_next(&alone));
    require(with_value.at == alone.at && with_value.depth == alone.depth);
    require(with_value.error == alone.error);
    require(
        key.text == expected.text && key.len == expected.len && key.escaped == expected.escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_pull pull;
    json_pull_init(&pull, (const char *)data, size);
    unsigned n_checked = 0;
    for (;;) {
        const struct json_pull before = pull;
        const enum json_token token = json_pull_next(&pull);
        if (token == JSON_TOKEN_KEY) {
            check_member(before, before);
        }
        require(pull.depth <= JSON_PULL_DEPTH_MAX);
        require(pull.at >= pull.begin && pull.at <= pull.end);
        if (token == JSON_TOKEN_END || token == JSON_TOKEN_ERROR) {
            require(token == JSON_TOKEN_ERROR || (pull.depth == 0 && pull.at == pull.end));
            require(json_pull_next(&pull) == token);
            return 0;
        }
        const bool is_text = token == JSON_TOKEN_KEY || token == JSON_TOKEN_STRING;
        if (is_text || token == JSON_TOKEN_NUMBER) {
            check_slice(&pull, is_text);
        }
        const bool begins = token == JSON_TOKEN_OBJECT_BEGIN || token == JSON_TOKEN_ARRAY_BEGIN;
        if ((begins || token == JSON_TOKEN_KEY) && n_checked < 16) {
            n_checked++;
            check_skip(pull, pull, token == JSON_TOKEN_KEY);
        }
    }
}
