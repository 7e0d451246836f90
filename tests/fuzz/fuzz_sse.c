/* The first bytes choose where the rest is cut; the events must be those of the whole. */
#include "base/mem.h"
#include "codec/sse.h"
#include "fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    N_CUT_BYTES = 4
};

/* Feeds a copy of one piece and writes its events with their lengths. */
static void feed(struct sse *sse, const uint8_t *piece, size_t size, struct bytes *out)
{
    CLEANUP(mem_freep) char *copy = mem_resize(NULL, size, 1);
    if (size > 0) {
        memcpy(copy, piece, size);
    }
    const char *at = copy;
    size_t left = size;
    int outcome = SSE_EVENT;
    while (outcome == SSE_EVENT) {
        outcome = sse_next(sse, &at, &left);
        if (outcome == SSE_EVENT) {
            bytes_add_format(out, "%zu:", sse->len);
            bytes_add(out, sse->data, sse->len);
        }
    }
    require(left == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < N_CUT_BYTES) {
        return 0;
    }
    const uint8_t *stream = data + N_CUT_BYTES;
    const size_t len = size - N_CUT_BYTES;
    CLEANUP(sse_done) struct sse whole;
    CLEANUP(sse_done) struct sse pieces;
    CLEANUP(bytes_done) struct bytes expected;
    CLEANUP(bytes_done) struct bytes got;
    sse_init(&whole);
    sse_init(&pieces);
    bytes_init(&expected, BYTES_MAX_DEFAULT);
    bytes_init(&got, BYTES_MAX_DEFAULT);
    feed(&whole, stream, len, &expected);
    size_t at = 0;
    for (size_t i = 0; at < len; i++) {
        const size_t wanted = data[i % N_CUT_BYTES];
        const size_t piece = wanted < len - at ? wanted : len - at;
        /* A piece of nothing changes nothing, but must not be all there is. */
        const size_t taken = piece == 0 && i % N_CUT_BYTES == 0 ? 1 : piece;
        feed(&pieces, stream + at, taken, &got);
        at += taken;
    }
    require(got.len == expected.len);
    require(got.len == 0 || memcmp(got.data, expected.data, got.len) == 0);
    require(whole.n_comments == pieces.n_comments);
    require(sse_is_inside_event(&whole) == sse_is_inside_event(&pieces));
    return 0;
}
