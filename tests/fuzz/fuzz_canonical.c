/* The canonical form: a float reads back to the same bits with no shorter text, and the form of a
 * canonical text is that text. */
#include "base/text.h"
#include "codec/canonical.h"
#include "fuzz/require.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_float(const uint8_t *data)
{
    double value = 0.0;
    memcpy(&value, data, sizeof(value));
    if (!isfinite(value)) {
        return;
    }
    char text[CANONICAL_FLOAT_SIZE];
    const size_t len = canonical_float(value, text);
    require(len == strlen(text));
    const double back = text_to_f64(text);
    uint64_t bits = 0;
    memcpy(&bits, &back, sizeof(bits));
    require(memcmp(&bits, data, sizeof(bits)) == 0);
    require(strchr(text, '.') != NULL || strchr(text, 'e') != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= sizeof(double)) {
        check_float(data);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    struct error err = {0};
    if (json_parse(&arena, "input", (const char *)data, size, &root, &err) < 0) {
        return 0;
    }
    CLEANUP(bytes_done) struct bytes once;
    CLEANUP(bytes_done) struct bytes twice;
    bytes_init(&once, BYTES_MAX_DEFAULT);
    bytes_init(&twice, BYTES_MAX_DEFAULT);
    canonical_write(root, NULL, &once);
    const int result = json_parse(&arena, "canonical", once.data, once.len, &root, &err);
    require(result == 0);
    canonical_write(root, NULL, &twice);
    require(text_equal(once.data, twice.data));
    return 0;
}
