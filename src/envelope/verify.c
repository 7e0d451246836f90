/* The envelope's own bytes first (verify_text), then what lies outside it: who signed, and the
 * records file. */
#include "envelope/verify.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "codec/zstd.h"
#include "envelope/recompute.h"
#include "envelope/records_file.h"
#include "envelope/signing_key.h"
#include "envelope/verify_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC_KEY_MAX ((size_t)64 << 10)

/* SHA-256 of a public key's DER: names a key whatever its PEM looks like. */
static int key_hash(const char *pem, char out[DIGEST_HEX_SIZE], struct error *err)
{
    CLEANUP(bytes_done) struct bytes der;
    bytes_init(&der, BYTES_MAX_DEFAULT);
    const int rc = signing_key_public_der(pem, &der, err);
    if (rc < 0) {
        return rc;
    }
    digest_sha256_hex(der.data, der.len, out);
    return 0;
}

/* ---- Who signed. ---- */

static int load_pinned(const char *path, char out[DIGEST_HEX_SIZE], struct error *err)
{
    CLEANUP(mem_freep) char *pem = NULL;
    size_t len = 0;
    int rc = file_read(path, PUBLIC_KEY_MAX, &pem, &len, err);
    if (rc < 0) {
        return rc;
    }
    rc = key_hash(pem, out, err);
    return rc < 0 ? error_prefix(err, "public key %s: ", path) : 0;
}

static void check_signer(
    const struct json *root, const char *pinned_path, const char *pinned, struct verify_report *out)
{
    const char *certificate =
        json_text(json_find(json_find(root, "signature"), "certificate"), NULL);
    struct error err = {0};
    if (certificate == NULL || key_hash(certificate, out->key_sha256, &err) < 0) {
        verify_add(
            out, "signer", pinned_path == NULL ? CHECK_SKIP : CHECK_FAIL,
            "there is no key in the envelope");
        return;
    }
    if (pinned_path == NULL) {
        (void)snprintf(out->signer, sizeof(out->signer), "embedded key, not pinned");
        verify_add(
            out, "signer", CHECK_SKIP,
            "embedded key, not pinned: proves that the file was not changed, not who signed it; "
            "give --dev-public-key");
        return;
    }
    if (strcmp(pinned, out->key_sha256) != 0) {
        (void)snprintf(out->signer, sizeof(out->signer), "another key than %.200s", pinned_path);
        verify_add(
            out, "signer", CHECK_FAIL, "signed by key %.16s..., but %.600s is key %.16s...",
            out->key_sha256, pinned_path, pinned);
        return;
    }
    (void)snprintf(out->signer, sizeof(out->signer), "pinned by %.200s", pinned_path);
    verify_add(out, "signer", CHECK_PASS, "pinned by %.900s", pinned_path);
}

/* ---- The records file. ---- */

static char *records_path_of(const struct verify_options *options)
{
    if (options->records_path != NULL) {
        return mem_copy_text(options->records_path);
    }
    const char *suffix = ".json";
    const size_t len =
        strlen(options->path) - (text_ends_with(options->path, suffix) ? strlen(suffix) : 0);
    return mem_format("%.*s.records.jsonl.zst", (int)len, options->path);
}

/* Reads and decompresses.  1: it is damaged, and the row says so. */
static int
read_records(const char *path, struct bytes *text, struct verify_report *out, struct error *err)
{
    CLEANUP(mem_freep) char *packed = NULL;
    size_t len = 0;
    const int rc = file_read(path, RECORDS_SIZE_MAX, &packed, &len, err);
    if (rc < 0) {
        return rc;
    }
    struct error damage = {0};
    if (zstd_decompress(packed, len, text, &damage) < 0) {
        verify_add(out, "records", CHECK_FAIL, "%.600s: %.300s", path, damage.text);
        return 1;
    }
    return 0;
}

static int check_digest(
    const struct json *records,
    const char *path,
    const struct bytes *text,
    struct verify_report *out)
{
    char hash[DIGEST_HEX_SIZE];
    digest_sha256_hex(text->data, text->len, hash);
    const char *stored = json_text(json_find(records, "sha256"), "");
    if (strcmp(stored, hash) != 0) {
        verify_add(
            out, "records", CHECK_FAIL, "records.sha256 is %.64s, %.600s has %s", stored, path,
            hash);
        return 1;
    }
    verify_add(out, "records", CHECK_PASS, "%s", hash);
    return 0;
}

static void
no_records(const struct verify_options *options, const char *why, struct verify_report *out)
{
    const bool needed = options->require_records || options->recompute;
    verify_add(out, "records", needed ? CHECK_FAIL : CHECK_SKIP, "%.1000s", why);
    verify_add(out, "recompute", CHECK_SKIP, "there are no records to compute from");
}

static int check_records(
    const struct verify_options *options,
    const struct json *root,
    struct verify_report *out,
    struct error *err)
{
    const struct json *records = json_find(root, "records");
    if (records == NULL || records->kind != JSON_OBJECT) {
        no_records(options, "the envelope names no records file", out);
        return 0;
    }
    CLEANUP(mem_freep) char *path = records_path_of(options);
    if (options->records_path == NULL && !file_exists(path)) {
        CLEANUP(mem_freep) char *why = mem_format("%s is not there", path);
        no_records(options, why, out);
        return 0;
    }
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, RECORDS_SIZE_MAX);
    int rc = read_records(path, &text, out, err);
    if (rc == 0) {
        rc = check_digest(records, path, &text, out);
    }
    if (rc < 0) {
        return rc;
    }
    if (rc > 0) {
        verify_add(out, "recompute", CHECK_SKIP, "the records are not those of the envelope");
    } else if (!options->recompute) {
        verify_add(out, "recompute", CHECK_SKIP, "not asked for; give --recompute");
    } else {
        recompute_check(root, path, text.data, text.len, out);
    }
    return 0;
}

int envelope_verify(
    const struct verify_options *options, struct verify_report *out, struct error *err)
{
    char pinned[DIGEST_HEX_SIZE] = "";
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    int rc = file_read(options->path, JSON_SIZE_MAX, &text, &len, err);
    if (rc == 0 && options->dev_public_key != NULL) {
        rc = load_pinned(options->dev_public_key, pinned, err);
    }
    if (rc < 0) {
        return rc;
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    const struct verify_source source = {options->path, text, len};
    rc = verify_text_keep(&source, &arena, &root, report, err);
    if (rc < 0) {
        return rc;
    }
    if (root != NULL && root->kind == JSON_OBJECT) {
        check_signer(root, options->dev_public_key, pinned, report);
        verify_clean(report->signer);
        rc = check_records(options, root, report, err);
        if (rc < 0) {
            return rc;
        }
    }
    *out = *report;
    return 0;
}
