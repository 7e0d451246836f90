/* Neither side needs its whole input at once.  The encoder is given pieces, so that a text that is larger
 * than what it compresses to need never exist; it learns the size at the end, and puts it into the head
 * then.  The decoder goes piece by piece into a buffer that knows its maximum, because the size that a
 * frame states about itself is only a claim. */
#include "codec/zstd.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Records gain nothing from a window beyond 256 KiB (they shrink to 0.27 of their size with it and with
 * the level's own 2 MiB), and the encoder holds its window in memory. */
enum {
    LEVEL = 3,
    WINDOW_LOG = 18
};

/* Source: RFC 8878, 3.1.1.1: magic number, descriptor, window descriptor, then the content size where the
 * descriptor says so. */
enum {
    DESCRIPTOR_AT = 4,
    SIZE_AT = 6,
    SIZE_LEN = 8,
    DESCRIPTOR_SIZE_8 = 0xc0 /* the content size has 8 bytes */
};

struct zstd_writer {
    ZSTD_CCtx *context;
    struct bytes *out; /* borrowed */
    size_t frame_at;   /* in out */
    uint64_t n_added;
};

static void decompressor_freep(ZSTD_DCtx **context)
{
    (void)ZSTD_freeDCtx(*context);
}

struct zstd_writer *zstd_writer_new(struct bytes *out)
{
    struct zstd_writer *self = MEM_NEW(struct zstd_writer);
    *self = (struct zstd_writer){ZSTD_createCCtx(), out, out->len, 0};
    assert(self->context != NULL);
    (void)ZSTD_CCtx_setParameter(self->context, ZSTD_c_compressionLevel, LEVEL);
    (void)ZSTD_CCtx_setParameter(self->context, ZSTD_c_windowLog, WINDOW_LOG);
    (void)ZSTD_CCtx_setParameter(self->context, ZSTD_c_checksumFlag, 1);
    (void)ZSTD_CCtx_setParameter(self->context, ZSTD_c_contentSizeFlag, 0);
    return self;
}

void zstd_writer_freep(struct zstd_writer **self)
{
    if (*self != NULL) {
        (void)ZSTD_freeCCtx((*self)->context);
        free(*self);
    }
}

static int too_large(const struct zstd_writer *self, struct error *err)
{
    return error_set(
        err, ERROR_LIMIT, "zstd: the compressed data exceeds %zu bytes", self->out->max);
}

/* One call of the encoder, whose output goes to `out`.  *left becomes 0 when nothing is left inside it that
 * this mode asks for. */
static int compress_piece(
    struct zstd_writer *self,
    ZSTD_inBuffer *in,
    ZSTD_EndDirective mode,
    size_t *left,
    struct error *err)
{
    const size_t room = ZSTD_CStreamOutSize();
    const size_t free_bytes = self->out->failed ? 0 : self->out->max - self->out->len;
    if (free_bytes == 0) {
        return too_large(self, err);
    }
    const size_t piece_size = room < free_bytes ? room : free_bytes;
    ZSTD_outBuffer piece = {.dst = bytes_reserve(self->out, piece_size), .size = piece_size};
    *left = ZSTD_compressStream2(self->context, &piece, in, mode);
    assert(ZSTD_isError(*left) == 0);
    self->out->len += piece.pos;
    self->out->data[self->out->len] = '\0';
    return 0;
}

int zstd_writer_add(struct zstd_writer *self, const void *data, size_t len, struct error *err)
{
    ZSTD_inBuffer in = {.src = data, .size = len};
    while (in.pos < in.size) {
        size_t left = 0;
        if (compress_piece(self, &in, ZSTD_e_continue, &left, err) < 0) {
            return -(int)err->code;
        }
    }
    self->n_added += len;
    return 0;
}

/* The frame has been written without its size: moves the rest on and puts it in, little-endian. */
static int insert_size(struct zstd_writer *self, struct error *err)
{
    if (bytes_reserve(self->out, SIZE_LEN) == NULL) {
        return too_large(self, err);
    }
    char *frame = self->out->data + self->frame_at;
    const size_t frame_len = self->out->len - self->frame_at;
    memmove(frame + SIZE_AT + SIZE_LEN, frame + SIZE_AT, frame_len - SIZE_AT);
    frame[DESCRIPTOR_AT] = (char)((unsigned char)frame[DESCRIPTOR_AT] | DESCRIPTOR_SIZE_8);
    for (unsigned i = 0; i < SIZE_LEN; i++) {
        frame[SIZE_AT + i] = (char)(self->n_added >> (8 * i) & 0xff);
    }
    self->out->len += SIZE_LEN;
    self->out->data[self->out->len] = '\0';
    return 0;
}

int zstd_writer_finish(struct zstd_writer *self, struct error *err)
{
    ZSTD_inBuffer in = {0};
    size_t left = 1;
    while (left > 0) {
        if (compress_piece(self, &in, ZSTD_e_end, &left, err) < 0) {
            return -(int)err->code;
        }
    }
    return insert_size(self, err);
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

const char *zstd_library_version(void)
{
    return ZSTD_versionString();
}
