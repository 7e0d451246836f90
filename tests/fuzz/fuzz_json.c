/* The tree reader: whatever it accepts is written and read again to the same text in every form, and
 * the pull reader judges alike. */
#include "base/text.h"
#include "codec/canonical.h"
#include "codec/json.h"
#include "codec/json_pull.h"
#include "fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum json_token pull_all(const char *text, size_t len, const char **why)
{
    struct json_pull pull;
    json_pull_init(&pull, text, len);
    enum json_token token = JSON_TOKEN_NULL;
    while (token != JSON_TOKEN_END && token != JSON_TOKEN_ERROR) {
        token = json_pull_next(&pull);
    }
    *why = pull.error;
    return token;
}

static void check_rewritten(const struct bytes *written, const char *compact)
{
    CLEANUP(arena_done) struct arena arena = {0};
    CLEANUP(bytes_done) struct bytes again;
    bytes_init(&again, BYTES_MAX_DEFAULT);
    struct json *root = NULL;
    struct error err = {0};
    const int result = json_parse(&arena, "written", written->data, written->len, &root, &err);
    require(result == 0);
    json_write_compact(root, &again);
    require(text_equal(again.data, compact));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    const char *text = (const char *)data;
    const char *why = NULL;
    const enum json_token token = pull_all(text, size, &why);
    if (json_parse(&arena, "input", text, size, &root, &err) < 0) {
        require(token == JSON_TOKEN_ERROR || text_ends_with(err.text, "is repeated"));
        return 0;
    }
    require(token == JSON_TOKEN_END || text_equal(why, "nested too deep"));
    CLEANUP(bytes_done) struct bytes compact;
    CLEANUP(bytes_done) struct bytes pretty;
    bytes_init(&compact, BYTES_MAX_DEFAULT);
    bytes_init(&pretty, BYTES_MAX_DEFAULT);
    json_write_compact(json_copy(&arena, root), &compact);
    json_write_pretty(root, &pretty);
    check_rewritten(&compact, compact.data);
    check_rewritten(&pretty, compact.data);
    return 0;
}
