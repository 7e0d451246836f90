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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_pull pull;
    json_pull_init(&pull, (const char *)data, size);
    unsigned n_checked = 0;
    for (;;) {
        const enum json_token token = json_pull_next(&pull);
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
