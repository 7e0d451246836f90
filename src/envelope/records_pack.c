/* The text is hashed and compressed as it is made: what stays in memory is the frame. */
#include "codec/zstd.h"
#include "envelope/records_file.h"

struct packing {
    struct digest *digest;
    struct zstd_writer *frame;
    size_t text_len;
};

static int take(void *context, const char *text, size_t len, struct error *err)
{
    struct packing *self = context;
    if (len > RECORDS_SIZE_MAX - self->text_len) {
        return error_set(
            err, ERROR_LIMIT, "the records are larger than %zu bytes; use --records requests",
            RECORDS_SIZE_MAX);
    }
    self->text_len += len;
    digest_add(self->digest, text, len);
    return zstd_writer_add(self->frame, text, len, err);
}

int records_pack(
    const struct records_source *source,
    struct bytes *out,
    char text_sha256[DIGEST_HEX_SIZE],
    struct error *err)
{
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    CLEANUP(zstd_writer_freep) struct zstd_writer *frame = zstd_writer_new(out);
    struct packing packing = {digest, frame, 0};
    const struct records_sink sink = {take, &packing};
    int result = records_write(source, &sink, err);
    if (result == 0) {
        result = zstd_writer_finish(frame, err);
    }
    if (result == 0) {
        uint8_t hash[DIGEST_SIZE];
        digest_finish(digest, hash);
        digest_hex(hash, text_sha256);
    }
    return result;
}
