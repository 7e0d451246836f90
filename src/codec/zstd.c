/* The decoder goes piece by piece into a buffer that knows its maximum, because the size that a
 * frame states about itself is only a claim. */
#include "codec/zstd.h"

#include "base/mem.h"

#include <assert.h>
#include <zstd.h>

enum {
    LEVEL = 3
};

static void compressor_freep(ZSTD_CCtx **context)
{
    (void)ZSTD_freeCCtx(*context);
}

static void decompressor_freep(ZSTD_DCtx **context)
{
    (void)ZSTD_freeDCtx(*context);
}

int zstd_compress(const void *data, size_t len, struct bytes *out, struct error *err)
{
    CLEANUP(compressor_freep) ZSTD_CCtx *context = ZSTD_createCCtx();
    assert(context != NULL);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);

    const size_t bound = ZSTD_compressBound(len);
    CLEANUP(mem_freep) char *frame = mem_alloc(bound, 1);
    const size_t frame_len = ZSTD_compress2(context, frame, bound, data, len);
    assert(ZSTD_isError(frame_len) == 0);
    if (out->failed || frame_len > out->max - out->len) {
        return error_set(err, ERROR_LIMIT, "zstd: the compressed data exceeds %zu bytes", out->max);
    }
    bytes_add(out, frame, frame_len);
    return 0;
}

/* Decompresses one piece.  *hint becomes 0 at the end of a frame. */
static int decompress_piece(
    ZSTD_DCtx *context, ZSTD_inBuffer *in, ZSTD_outBuffer *piece, size_t *hint, struct error *err)
{
    piece->pos = 0;
    *hint = ZSTD_decompressStream(context, piece, in);
    if (ZSTD_isError(*hint) != 0) {
        return error_set(
            err, ERROR_PARSE, "zstd: damaged data near offset %zu: %s", in->pos,
            ZSTD_getErrorName(*hint));
    }
    return 0;
}

static int decompress_all(ZSTD_inBuffer *in, struct bytes *out, struct error *err)
{
    CLEANUP(decompressor_freep) ZSTD_DCtx *context = ZSTD_createDCtx();
    assert(context != NULL);
    const size_t piece_size = ZSTD_DStreamOutSize();
    CLEANUP(mem_freep) char *memory = mem_alloc(piece_size, 1);
    ZSTD_outBuffer piece = {.dst = memory, .size = piece_size};
    size_t hint = 1;
    /* A full piece may leave more behind in the decoder, unless the frame ended with it. */
    while (in->pos < in->size || (hint != 0 && piece.pos == piece.size)) {
        if (decompress_piece(context, in, &piece, &hint, err) < 0) {
            return -(int)err->code;
        }
        if (piece.pos > out->max - out->len) {
            return error_set(
                err, ERROR_LIMIT, "zstd: the decompressed data exceeds %zu bytes", out->max);
        }
        bytes_add(out, memory, piece.pos);
    }
    if (hint != 0) {
        return error_set(err, ERROR_PARSE, "zstd: the data is cut off at offset %zu", in->size);
    }
    return 0;
}

int zstd_decompress(const void *data, size_t len, struct bytes *out, struct error *err)
{
    assert(!out->failed);
    const size_t len_before = out->len;
    ZSTD_inBuffer in = {.src = data, .size = len};
    if (decompress_all(&in, out, err) < 0) {
        out->len = len_before;
        if (out->data != NULL) {
            out->data[len_before] = '\0';
        }
        return -(int)err->code;
    }
    return 0;
}
