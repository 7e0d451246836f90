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
    FILE_PIECE_SIZE = 65536,
    GIT_HASH_SIZE = (DIGEST_GIT_HEX_SIZE - 1) / 2
};

struct digest {
    EVP_MD_CTX *context;
    const EVP_MD *kind;
};

static void digest_start(struct digest *self)
{
    const int started = EVP_DigestInit_ex(self->context, self->kind, NULL);
    assert(started == 1);
    (void)started;
}

static struct digest *digest_of(const EVP_MD *kind)
{
    struct digest *self = MEM_NEW(struct digest);
    self->kind = kind;
    self->context = EVP_MD_CTX_new();
    assert(self->context != NULL);
    digest_start(self);
    return self;
}

struct digest *digest_new(void)
{
    return digest_of(EVP_sha256());
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

static void write_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0xf];
    }
    out[2 * n] = '\0';
}

void digest_hex(const uint8_t digest[DIGEST_SIZE], char out[DIGEST_HEX_SIZE])
{
    write_hex(digest, DIGEST_SIZE, out);
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

static FILE *open_file(const char *path, struct error *err)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        const enum error_code code =
            errno == ENOENT || errno == ENOTDIR ? ERROR_NOT_FOUND : ERROR_IO;
        const int failed = error_set_os(err, code, errno, "cannot open %s", path);
        (void)failed;
    }
    return file;
}

static int add_file(struct digest *digest, FILE *file, const char *path, struct error *err)
{
    CLEANUP(mem_freep) char *piece = mem_alloc(FILE_PIECE_SIZE, 1);
    size_t len = 0;
    while ((len = fread(piece, 1, FILE_PIECE_SIZE, file)) > 0) {
        digest_add(digest, piece, len);
    }
    if (ferror(file) != 0) {
        const enum error_code code = errno == EISDIR ? ERROR_NOT_FOUND : ERROR_IO;
        return error_set_os(err, code, errno, "cannot read %s", path);
    }
    return 0;
}

int digest_file(const char *path, uint8_t out[DIGEST_SIZE], struct error *err)
{
    CLEANUP(file_closep) FILE *file = open_file(path, err);
    if (file == NULL) {
        return -(int)err->code;
    }
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    const int rc = add_file(digest, file, path, err);
    if (rc == 0) {
        digest_finish(digest, out);
    }
    return rc;
}

int digest_git_blob(const char *path, char out[DIGEST_GIT_HEX_SIZE], struct error *err)
{
    CLEANUP(file_closep) FILE *file = open_file(path, err);
    if (file == NULL) {
        return -(int)err->code;
    }
    struct stat info;
    if (fstat(fileno(file), &info) != 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot read %s", path);
    }
    CLEANUP(digest_freep) struct digest *digest = digest_of(EVP_sha1());
    char head[32];
    const int head_len = snprintf(head, sizeof(head), "blob %lld", (long long)info.st_size);
    digest_add(digest, head, (size_t)head_len + 1); /* with its NUL */
    const int rc = add_file(digest, file, path, err);
    if (rc == 0) {
        uint8_t hash[EVP_MAX_MD_SIZE];
        digest_finish(digest, hash);
        write_hex(hash, GIT_HASH_SIZE, out);
    }
    return rc;
}
