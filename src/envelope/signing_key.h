/* signing_key.h - Ed25519 keys of the dev signature.
 *
 * Source: ENVELOPE.md "Dev signature".  Private keys: PKCS#8 PEM, mode 0600. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct signing_key; /* one owner: signing_key_free */

/* Reads a private key.  `passphrase` NULL: an encrypted key is an error that says how to give one.
 * Errors, all before anything else is done: ERROR_NOT_FOUND with the command that makes a key;
 * ERROR_KEY for another kind of key (naming it) or a file readable by others (naming chmod). */
MUST_CHECK int signing_key_load(
    const char *path, const char *passphrase, struct signing_key **out, struct error *err);

/* True when the file holds an encrypted private key: ask for its passphrase. */
bool signing_key_is_encrypted(const char *path);
void signing_key_free(struct signing_key *self);
void signing_key_freep(struct signing_key **self);

/* Public half as SPKI PEM without the final newline; borrowed. */
const char *signing_key_public_pem(const struct signing_key *self);

/* Pure Ed25519 over `len` bytes. */
MUST_CHECK int signing_key_sign(
    const struct signing_key *self,
    const void *data,
    size_t len,
    uint8_t out[64],
    struct error *err);

/* True when the signature holds for the SPKI PEM public key.  Errors: ERROR_KEY when the PEM is no
 * Ed25519 public key. */
MUST_CHECK int signing_key_check(
    const char *public_pem,
    const void *data,
    size_t len,
    const uint8_t signature[64],
    bool *out,
    struct error *err);

/* Appends the SPKI DER of an Ed25519 public key: what names a key, whatever its PEM looks like.
 * Errors: ERROR_KEY. */
MUST_CHECK int signing_key_public_der(const char *public_pem, struct bytes *out, struct error *err);

/* Writes a new pair: `path` (0600) and `path` with ".key" replaced by ".pub" (or ".pub" appended).
 * Errors: ERROR_USAGE when either file exists; ERROR_IO. */
MUST_CHECK int signing_key_generate(const char *path, char **out_public_path, struct error *err);
