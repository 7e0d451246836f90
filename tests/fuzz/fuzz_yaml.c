/* Whatever YAML is accepted is a JSON tree: written as JSON, the JSON reader reads the same. */
#include "base/text.h"
#include "codec/yaml.h"
#include "fuzz/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    if (yaml_parse(&arena, "input", (const char *)data, size, &root, &err) < 0) {
        require(err.text[0] != '\0');
        return 0;
    }
    CLEANUP(bytes_done) struct bytes once;
    CLEANUP(bytes_done) struct bytes twice;
    bytes_init(&once, BYTES_MAX_DEFAULT);
    bytes_init(&twice, BYTES_MAX_DEFAULT);
    json_write_compact(root, &once);
    const int result = json_parse(&arena, "written", once.data, once.len, &root, &err);
    require(result == 0);
    json_write_compact(root, &twice);
    require(text_equal(once.data, twice.data));
    return 0;
}
