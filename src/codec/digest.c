/* EVP calls that can only fail when OpenSSL itself is broken or out of memory: asserted. */
#include "codec/digest.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    FILE_PIECE_SIZE = 65536
};

struct digest {
    EVP_MD_CTX *context;
};

static void digest_start(struct digest *self)
{
    const int started = EVP_DigestInit_ex(self->context, EVP_sha256(), NULL);
    assert(started == 1);
    (void)started;
}

struct digest *digest_new(void)
{
    struct digest *self = MEM_NEW(struct digest);
    self->context = EVP_MD_CTX_new();
    assert(self->context != NULL);
    digest_start(self);
    return self;
}

void digest_free(struct digest *self)
{
    if (self == NULL) {
        return;
    }
    EVP_MD_CTX_free(self->context);
    free(self);
}

void digest_freep(struct digest **self)
{
    digest_free(*self);
}

void digest_add(struct digest *self, const void *data, size_t len)
{
    const int added = EVP_DigestUpdate(self->context, data, len);
    assert(added == 1);
    (void)added;
}

void digest_finish(struct digest *self, uint8_t out[DIGEST_SIZE])
{
    const int finished = EVP_DigestFinal_ex(self->context, out, NULL);
    assert(finished == 1);
    (void)finished;
    digest_start(self);
}

void digest_sha256(const void *data, size_t len, uint8_t out[DIGEST_SIZE])
{
    const int hashed = EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL);
    assert(hashed == 1);
    (void)hashed;
}

void digest_hex(const uint8_t digest[DIGEST_SIZE], char out[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 0xf];
    }
    out[DIGEST_HEX_SIZE - 1] = '\0';
}

void digest_sha256_hex(const void *data, size_t len, char out[DIGEST_HEX_SIZE])
{
    uint8_t digest[DIGEST_SIZE];
    digest_sha256(data, len, digest);
    digest_hex(digest, out);
}

static void file_closep(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

int digest_file(const char *path, uint8_t out[DIGEST_SIZE], struct error *err)
{
    CLEANUP(file_closep) FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot open %s", path);
    }
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    CLEANUP(mem_freep) char *piece = mem_alloc(FILE_PIECE_SIZE, 1);
    size_t len = 0;
    while ((len = fread(piece, 1, FILE_PIECE_SIZE, file)) > 0) {
        digest_add(digest, piece, len);
    }
    if (ferror(file) != 0) {
        const enum error_code code = errno == EISDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot read %s", path);
    }
    digest_finish(digest, out);
    return 0;
}
