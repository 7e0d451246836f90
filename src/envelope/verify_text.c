/* The text is hashed as it stands.  What our reader refuses falls in two: a text that is JSON to the
 * other side too but has no single meaning (a repeated key, NaN, a lone surrogate, a number or a
 * nesting beyond the limits) is a fault of the normal form; anything else is no JSON at all. */
#include "envelope/verify_text.h"

#include "base/mem.h"
#include "base/text.h"
#include "codec/base64.h"
#include "codec/canonical.h"
#include "codec/digest.h"
#include "envelope/schema.h"
#include "envelope/signing_key.h"
#include "hardware/fingerprint.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIGNATURE_SIZE = 64
};

void verify_clean(char *text)
{
    const size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        const size_t n = text_utf8_length(text + i, len - i);
        if (n == 0 || (unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            text[i] = '?';
        }
        i += n == 0 ? 1 : n;
    }
}

void verify_add(
    struct verify_report *report,
    const char *name,
    enum check_result result,
    const char *format,
    ...)
{
    assert(report->n_checks < VERIFY_CHECKS_MAX);
    struct check *check = &report->checks[report->n_checks];
    report->n_checks++;
    check->name = name;
    check->result = result;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(check->text, sizeof(check->text), format, args);
    va_end(args);
    verify_clean(check->text);
    if (result == CHECK_FAIL) {
        report->good = false;
    }
}

/* ---- A text that cannot be read. ---- */

/* The place in the text that a message "NAME:LINE:COLUMN: ..." of the reader names, or NULL. */
static const char *place_of(const char *message, const char *name, const char *text, size_t len)
{
    const size_t skip = strlen(name);
    if (strncmp(message, name, skip) != 0 || message[skip] != ':') {
        return NULL;
    }
    char *end = NULL;
    const unsigned long line = strtoul(message + skip + 1, &end, 10);
    const unsigned long column = *end == ':' ? strtoul(end + 1, NULL, 10) : 0;
    const char *at = text;
    for (unsigned long i = 1; i < line && at != NULL; i++) {
        at = memchr(at, '\n', len - (size_t)(at - text));
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL || column == 0 || column > len - (size_t)(at - text)) {
        return NULL;
    }
    return at + column - 1;
}

/* True at NaN and Infinity (the reader points behind a sign): what Python's json module writes for
 * numbers that do not exist. */
static bool is_no_number(const char *at, const char *text, size_t len)
{
    static const char *const words[] = {"NaN", "Infinity"};
    const size_t left = at == NULL ? 0 : len - (size_t)(at - text);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const size_t n = strlen(words[i]);
        if (left >= n && memcmp(at, words[i], n) == 0) {
            return true;
        }
    }
    return false;
}

/* True for what Python's json module reads all the same. */
static bool is_json_elsewhere(const char *message)
{
    static const char *const marks[] = {"is repeated", "lone surrogate", "too large for a double"};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (strstr(message, marks[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static int
explain_unreadable(const struct verify_source *source, struct verify_report *out, struct error *err)
{
    const char *text = source->text;
    const size_t len = source->len;
    const char *at = err->code == ERROR_PARSE ? place_of(err->text, source->name, text, len) : NULL;
    const bool no_number = is_no_number(at, text, len);
    if (err->code == ERROR_PARSE && !no_number && !is_json_elsewhere(err->text)) {
        return error_prefix(err, "not an envelope, no JSON: ");
    }
    verify_add(out, "schema", CHECK_SKIP, "the document cannot be read");
    verify_add(
        out, "normal_form", CHECK_FAIL, "%.900s%s", err->text,
        no_number ? ", not NaN or Infinity: a number that does not exist is null" : "");
    error_clear(err);
    return 0;
}

/* ---- The checks. ---- */

/* Ours: config_hash is the hash of engine_config, which the other side does not write. */
static bool has_wrong_config_hash(const struct json *root)
{
    const struct json *config = json_find(root, "engine_config");
    const bool ours = json_path(root, "software_provenance.bench_version") != NULL;
    if (!ours || config == NULL) {
        return false;
    }
    char hash[DIGEST_HEX_SIZE];
    canonical_sha256(config, NULL, hash);
    return strcmp(json_text(json_path(root, "engine.config_hash"), ""), hash) != 0;
}

/* Ours: the client's machine, where hardware_fingerprint is the engine's. */
static bool has_wrong_client_hash(struct arena *arena, const struct json *root)
{
    const struct json *client = json_find(root, "client_fingerprint");
    const bool ours = json_path(root, "software_provenance.bench_version") != NULL;
    if (!ours || client == NULL || client->kind != JSON_OBJECT) {
        return false;
    }
    char computed[DIGEST_HEX_SIZE];
    fingerprint_sha256(arena, client, computed);
    return strcmp(json_text(json_find(client, "fingerprint_sha256"), ""), computed) != 0;
}

static void check_schema(const struct json *root, struct verify_report *out)
{
    CLEANUP(mem_freep) struct schema_findings *found = MEM_NEW(struct schema_findings);
    schema_check(root, found);
    if (found->schema[0] == '\0' && has_wrong_config_hash(root)) {
        (void)snprintf(
            found->schema, sizeof(found->schema),
            "engine.config_hash: it is not the hash of engine_config");
    }
    const bool schema_good = found->schema[0] == '\0';
    const bool normal_good = found->normal_form[0] == '\0';
    verify_add(
        out, "schema", schema_good ? CHECK_PASS : CHECK_FAIL, "%.1000s",
        schema_good ? "envelope v1" : found->schema);
    verify_add(
        out, "normal_form", normal_good ? CHECK_PASS : CHECK_FAIL, "%.1000s",
        normal_good ? "one text, one hash" : found->normal_form);
}

static void
check_fingerprint(struct arena *arena, const struct json *root, struct verify_report *out)
{
    const struct json *fingerprint = json_find(root, "hardware_fingerprint");
    const char *stored = json_text(json_find(fingerprint, "fingerprint_sha256"), NULL);
    if (fingerprint == NULL || stored == NULL) {
        verify_add(out, "fingerprint", CHECK_SKIP, "there is no hardware_fingerprint");
        return;
    }
    char computed[DIGEST_HEX_SIZE];
    fingerprint_sha256(arena, fingerprint, computed);
    if (has_wrong_client_hash(arena, root)) {
        verify_add(
            out, "fingerprint", CHECK_FAIL,
            "client_fingerprint.fingerprint_sha256 is not the hash of its fields");
    } else if (strcmp(stored, computed) == 0) {
        verify_add(out, "fingerprint", CHECK_PASS, "%s", computed);
    } else {
        verify_add(
            out, "fingerprint", CHECK_FAIL,
            "hardware_fingerprint.fingerprint_sha256 is %.64s, its fields give %s", stored,
            computed);
    }
}

static bool decode_signature(const char *text, uint8_t out[SIGNATURE_SIZE], char why[128])
{
    CLEANUP(bytes_done) struct bytes decoded;
    bytes_init(&decoded, 1 << 20);
    struct error err = {0};
    if (base64_decode(text, strlen(text), &decoded, &err) < 0 || decoded.failed) {
        (void)snprintf(why, 128, "signature.bundle: %.90s", err.text);
        return false;
    }
    if (decoded.len != SIGNATURE_SIZE) {
        (void)snprintf(
            why, 128, "signature.bundle: %zu bytes, an Ed25519 signature has 64", decoded.len);
        return false;
    }
    memcpy(out, decoded.data, SIGNATURE_SIZE);
    return true;
}

static void check_dev_signature(const struct json *signature, struct verify_report *out)
{
    uint8_t bytes[SIGNATURE_SIZE];
    char why[128];
    const char *certificate = json_text(json_find(signature, "certificate"), "");
    if (!decode_signature(json_text(json_find(signature, "bundle"), ""), bytes, why)) {
        verify_add(out, "signature", CHECK_FAIL, "%s", why);
        return;
    }
    int64_t log_index = -1;
    if (json_i64(json_find(signature, "rekor_log_index"), &log_index) && log_index != -1) {
        verify_add(
            out, "signature", CHECK_FAIL,
            "signature.rekor_log_index: -1 is expected, a dev-key signature is in no log");
        return;
    }
    struct error err = {0};
    bool holds = false;
    const size_t hash_len = strlen(out->content_hash);
    if (signing_key_check(certificate, out->content_hash, hash_len, bytes, &holds, &err) < 0) {
        verify_add(out, "signature", CHECK_FAIL, "signature.certificate: %.900s", err.text);
    } else if (!holds) {
        verify_add(
            out, "signature", CHECK_FAIL,
            "the signature does not hold: the file was changed after signing, or another key signed "
            "it");
    } else {
        verify_add(
            out, "signature", CHECK_PASS,
            "Ed25519 over the content hash: not changed after signing");
    }
}

static void check_signature(const struct json *root, struct verify_report *out)
{
    const struct json *signature = json_find(root, "signature");
    if (signature == NULL || signature->kind == JSON_NULL) {
        verify_add(out, "signature", CHECK_FAIL, "the envelope is not signed");
        return;
    }
    const char *method = json_text(json_find(signature, "method"), "");
    if (strcmp(method, "dev-key") == 0) {
        check_dev_signature(signature, out);
    } else if (strcmp(method, "sigstore-cosign") == 0) {
        verify_add(
            out, "signature", CHECK_FAIL, "sigstore-cosign signatures cannot be checked yet");
    } else {
        verify_add(
            out, "signature", CHECK_FAIL,
            "signature.method: '%.64s' is unknown; \"dev-key\" is expected", method);
    }
}

int verify_text_keep(
    const struct verify_source *source,
    struct arena *arena,
    struct json **out_root,
    struct verify_report *out,
    struct error *err)
{
    *out = (struct verify_report){.good = true};
    struct json *root = NULL;
    if (json_parse(arena, source->name, source->text, source->len, &root, err) < 0) {
        const int rc = explain_unreadable(source, out, err);
        if (rc == 0) {
            *out_root = NULL;
        }
        return rc;
    }
    check_schema(root, out);
    if (root->kind == JSON_OBJECT) {
        check_fingerprint(arena, root, out);
        canonical_sha256(root, "signature", out->content_hash);
        verify_add(out, "content_hash", CHECK_PASS, "%s", out->content_hash);
        check_signature(root, out);
    }
    *out_root = root;
    return 0;
}

int verify_text(
    const char *name, const char *text, size_t len, struct verify_report *out, struct error *err)
{
    CLEANUP(arena_done) struct arena arena = {0};
    struct json *root = NULL;
    const struct verify_source source = {name, text, len};
    return verify_text_keep(&source, &arena, &root, out, err);
}
