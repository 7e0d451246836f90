/* What is decoded encodes to the same text, and what is encoded decodes to the same bytes. */
#include "codec/base64.h"
#include "fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_equal(const struct bytes *got, const uint8_t *expected, size_t len)
{
    require(!got->failed && got->len == len);
    require(len == 0 || memcmp(got->data, expected, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(bytes_done) struct bytes plain;
    CLEANUP(bytes_done) struct bytes coded;
    bytes_init(&plain, BYTES_MAX_DEFAULT);
    bytes_init(&coded, BYTES_MAX_DEFAULT);
    struct error err = {0};
    if (base64_decode((const char *)data, size, &plain, &err) == 0) {
        base64_encode(plain.data, plain.len, &coded);
        check_equal(&coded, data, size);
    }
    error_clear(&err);
    bytes_clear(&plain);
    bytes_clear(&coded);
    base64_encode(data, size, &coded);
    const int result = base64_decode(coded.data, coded.len, &plain, &err);
    require(result == 0);
    check_equal(&plain, data, size);
    return 0;
}
