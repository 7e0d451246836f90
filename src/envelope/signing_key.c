/* OpenSSL reads every kind of PEM; this file accepts one: an Ed25519 key that nobody else can read.
 * What else people have at hand (a cosign key, an SSH key, an RSA key, the public half) is named in
 * the message, because the key is checked before minutes of traffic are spent. */
#include "envelope/signing_key.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    KEY_FILE_MAX = 64 << 10,
    PASSPHRASE_MAX = 1024,
    SIGNATURE_SIZE = 64
};

struct signing_key {
    EVP_PKEY *key;
    char *public_pem;
};

static void pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void bio_freep(BIO **bio)
{
    BIO_free_all(*bio);
}

static void md_freep(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

/* The text of a private key does not stay in freed memory. */
static void secret_freep(char **text)
{
    if (*text != NULL) {
        OPENSSL_cleanse(*text, strlen(*text));
        free(*text);
    }
}

void signing_key_free(struct signing_key *self)
{
    if (self == NULL) {
        return;
    }
    EVP_PKEY_free(self->key);
    free(self->public_pem);
    free(self);
}

void signing_key_freep(struct signing_key **self)
{
    signing_key_free(*self);
}

const char *signing_key_public_pem(const struct signing_key *self)
{
    return self->public_pem;
}

/* Content of a memory BIO as an owned string; NULL when the writer failed. */
static char *bio_take_text(BIO *bio, bool written)
{
    char *data = NULL;
    const long len = BIO_get_mem_data(bio, &data);
    if (!written || len <= 0) {
        return NULL;
    }
    return mem_copy_bytes(data, (size_t)len);
}

static char *public_pem_of(EVP_PKEY *key)
{
    CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    return bio_take_text(bio, bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1);
}

static char *private_pem_of(EVP_PKEY *key)
{
    CLEANUP(bio_freep) BIO *bio = BIO_new(BIO_s_secmem());
    const bool written =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    return bio_take_text(bio, written);
}

/* ---- What a file holds, by its PEM labels. ---- */

struct foreign_key {
    const char *mark;
    const char *what;
};

static const struct foreign_key foreign_keys[] = {
    {"-----BEGIN OPENSSH PRIVATE KEY-----", "an OpenSSH key"},
    {"-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----", "an ECDSA key of `cosign generate-key-pair`"},
    {"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----",
     "an ECDSA key of `cosign generate-key-pair`"},
    {"-----BEGIN RSA PRIVATE KEY-----", "an RSA key"},
    {"-----BEGIN EC PRIVATE KEY-----", "an ECDSA key"},
    {"-----BEGIN DSA PRIVATE KEY-----", "a DSA key"},
    {"-----BEGIN PUBLIC KEY-----", "the public half of a key"},
    {"-----BEGIN CERTIFICATE-----", "a certificate"},
};

static bool is_encrypted_pem(const char *text)
{
    return strstr(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----") != NULL;
}

/* What a key that OpenSSL could read is, in words. */
static const char *kind_of(const EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return "an RSA key";
    case EVP_PKEY_EC:
        return "an ECDSA key";
    case EVP_PKEY_ED448:
        return "an Ed448 key";
    case EVP_PKEY_X25519:
        return "an X25519 key";
    default:
        return "a key of another kind";
    }
}

static int refuse_kind(const char *path, const char *what, struct error *err)
{
    return error_set(
        err, ERROR_KEY,
        "%s is %s, not an Ed25519 private key; make one with: bench keygen --out NEW.key", path,
        what);
}

static int passphrase_copy(char *buffer, int size, int writing, void *passphrase)
{
    (void)writing;
    const char *text = passphrase;
    if (text == NULL) {
        return -1;
    }
    const size_t len = strlen(text);
    if (len > PASSPHRASE_MAX || len > (size_t)size) {
        return -1;
    }
    memcpy(buffer, text, len); /* NOLINT(bugprone-not-null-terminated-result): counted, not ended */
    return (int)len;
}

static EVP_PKEY *private_key_of(const char *pem, const char *passphrase)
{
    CLEANUP(bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
    CLEANUP(mem_freep) char *own = passphrase == NULL ? NULL : mem_copy_text(passphrase);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, passphrase_copy, own);
    if (own != NULL) {
        OPENSSL_cleanse(own, strlen(own));
    }
    return key;
}

static int check_mode(const char *path, struct error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return error_set(
                err, ERROR_NOT_FOUND,
                "there is no signing key at %s; make one with: bench keygen --out %s", path, path);
        }
        return error_set_os(err, ERROR_IO, errno, "cannot read signing key %s", path);
    }
    if ((info.st_mode & (mode_t)(S_IRWXG | S_IRWXO)) != 0) {
        return error_set(
            err, ERROR_KEY,
            "signing key %s can be used by others (mode %04o); make it private with: chmod 600 %s",
            path, (unsigned)info.st_mode & 07777U, path);
    }
    return 0;
}

static int parse_private(
    const char *path, const char *pem, const char *passphrase, EVP_PKEY **out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(foreign_keys); i++) {
        if (strstr(pem, foreign_keys[i].mark) != NULL) {
            return refuse_kind(path, foreign_keys[i].what, err);
        }
    }
    const bool encrypted = is_encrypted_pem(pem);
    if (encrypted && passphrase == NULL) {
        return error_set(
            err, ERROR_KEY, "signing key %s has a passphrase; give it with --dev-key-pass-env NAME",
            path);
    }
    CLEANUP(pkey_freep) EVP_PKEY *key = private_key_of(pem, passphrase);
    if (key == NULL && encrypted) {
        return error_set(err, ERROR_KEY, "signing key %s: wrong passphrase or damaged key", path);
    }
    if (key == NULL) {
        return refuse_kind(path, "no private key in PEM form", err);
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
        return refuse_kind(path, kind_of(key), err);
    }
    *out = TAKE(key);
    return 0;
}

static char *without_final_newline(char *pem)
{
    const size_t len = strlen(pem);
    if (len > 0 && pem[len - 1] == '\n') {
        pem[len - 1] = '\0';
    }
    return pem;
}

int signing_key_load(
    const char *path, const char *passphrase, struct signing_key **out, struct error *err)
{
    int rc = check_mode(path, err);
    if (rc < 0) {
        return rc;
    }
    CLEANUP(secret_freep) char *pem = NULL;
    size_t len = 0;
    rc = file_read(path, KEY_FILE_MAX, &pem, &len, err);
    if (rc < 0) {
        return rc;
    }
    CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
    rc = parse_private(path, pem, passphrase, &key, err);
    if (rc < 0) {
        return rc;
    }
    char *public_pem = public_pem_of(key);
    if (public_pem == NULL) {
        return error_set(err, ERROR_KEY, "signing key %s has no public half", path);
    }
    struct signing_key *self = MEM_NEW(struct signing_key);
    self->key = TAKE(key);
    self->public_pem = without_final_newline(public_pem);
    *out = self;
    return 0;
}

bool signing_key_is_encrypted(const char *path)
{
    CLEANUP(secret_freep) char *pem = NULL;
    size_t len = 0;
    struct error ignored = {0};
    return file_read(path, KEY_FILE_MAX, &pem, &len, &ignored) == 0 && is_encrypted_pem(pem);
}

int signing_key_sign(
    const struct signing_key *self,
    const void *data,
    size_t len,
    uint8_t out[64],
    struct error *err)
{
    CLEANUP(md_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t out_len = SIGNATURE_SIZE;
    if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, self->key) != 1 ||
        EVP_DigestSign(context, out, &out_len, data, len) != 1 || out_len != SIGNATURE_SIZE) {
        return error_set(err, ERROR_KEY, "the signing key cannot sign");
    }
    return 0;
}

static int parse_public(const char *pem, EVP_PKEY **out, struct error *err)
{
    CLEANUP(bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
    CLEANUP(pkey_freep)
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, passphrase_copy, NULL);
    if (key == NULL) {
        return error_set(err, ERROR_KEY, "not a public key in PEM form");
    }
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
        return error_set(err, ERROR_KEY, "%s, not an Ed25519 public key", kind_of(key));
    }
    *out = TAKE(key);
    return 0;
}

int signing_key_check(
    const char *public_pem,
    const void *data,
    size_t len,
    const uint8_t signature[64],
    bool *out,
    struct error *err)
{
    CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
    const int rc = parse_public(public_pem, &key, err);
    if (rc < 0) {
        return rc;
    }
    CLEANUP(md_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1) {
        return error_set(err, ERROR_KEY, "the public key cannot be used");
    }
    *out = EVP_DigestVerify(context, signature, SIGNATURE_SIZE, data, len) == 1;
    return 0;
}

int signing_key_public_der(const char *public_pem, struct bytes *out, struct error *err)
{
    CLEANUP(pkey_freep) EVP_PKEY *key = NULL;
    const int rc = parse_public(public_pem, &key, err);
    if (rc < 0) {
        return rc;
    }
    unsigned char *der = NULL;
    const int len = i2d_PUBKEY(key, &der);
    if (len <= 0) {
        return error_set(err, ERROR_KEY, "the public key has no DER form");
    }
    bytes_add(out, der, (size_t)len);
    OPENSSL_free(der);
    return 0;
}

static char *public_path_of(const char *path)
{
    const char *suffix = ".key";
    size_t len = strlen(path);
    if (text_ends_with(path, suffix)) {
        len -= strlen(suffix);
    }
    return mem_format("%.*s.pub", (int)len, path);
}

static int write_pair(const char *path, const char *public_path, EVP_PKEY *key, struct error *err)
{
    CLEANUP(secret_freep) char *private_pem = private_pem_of(key);
    CLEANUP(mem_freep) char *public_pem = public_pem_of(key);
    if (private_pem == NULL || public_pem == NULL) {
        return error_set(err, ERROR_KEY, "cannot write the new key in PEM form");
    }
    int rc = file_write_new(path, private_pem, strlen(private_pem), 0600, err);
    if (rc < 0) {
        return rc;
    }
    rc = file_write_new(public_path, public_pem, strlen(public_pem), 0644, err);
    if (rc < 0) {
        (void)remove(path);
    }
    return rc;
}

int signing_key_generate(const char *path, char **out_public_path, struct error *err)
{
    CLEANUP(mem_freep) char *public_path = public_path_of(path);
    if (file_exists(path) || file_exists(public_path)) {
        return error_set(
            err, ERROR_USAGE, "%s exists already and is not overwritten",
            file_exists(path) ? path : public_path);
    }
    CLEANUP(pkey_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL) {
        return error_set(err, ERROR_UNAVAILABLE, "OpenSSL cannot make an Ed25519 key here");
    }
    const int rc = write_pair(path, public_path, key, err);
    if (rc < 0) {
        return rc;
    }
    *out_public_path = TAKE(public_path);
    return 0;
}
