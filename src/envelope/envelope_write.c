/* Signing and writing.  What is written is what was verified: the bytes are made once, read back as
 * a stranger would read them, and only then given a name.  The records come first, so an envelope on
 * disk implies its records; when the envelope fails, the records that were just written go again. */
#include "base/file.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/canonical.h"
#include "envelope/envelope.h"
#include "envelope/verify.h"
#include "envelope/verify_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HASH_DIGITS_IN_NAME = 12,
    SIGNATURE_SIZE = 64
};

/* The bytes of the envelope's file. */
static void file_text(const struct envelope *self, struct bytes *out)
{
    json_write_pretty(self->body, out);
    bytes_add_char(out, '\n');
}

static void
attach_signature(struct envelope *self, const char *certificate, const uint8_t *signature)
{
    struct bytes bundle;
    bytes_init(&bundle, BYTES_MAX_DEFAULT);
    base64_encode(signature, SIGNATURE_SIZE, &bundle);
    struct json *object = json_new(&self->arena, JSON_OBJECT);
    json_add_text(&self->arena, object, "method", "dev-key");
    json_add_text(&self->arena, object, "certificate", certificate);
    json_add_i64(&self->arena, object, "rekor_log_index", -1);
    json_add_text(&self->arena, object, "bundle", bundle.data);
    bytes_done(&bundle);
    (void)json_remove(self->body, "signature");
    (void)json_add(&self->arena, self->body, "signature", object);
}

/* Reads the bytes back and checks them as `bench verify` does. */
static int check_own_text(const struct envelope *self, struct error *err)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, JSON_SIZE_MAX);
    file_text(self, &text);
    if (text.failed) {
        return error_set(err, ERROR_LIMIT, "the envelope is larger than %zu bytes", JSON_SIZE_MAX);
    }
    CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
    int rc = verify_text("the new envelope", text.data, text.len, report, err);
    if (rc < 0) {
        return rc;
    }
    if (strcmp(report->content_hash, self->content_hash) != 0) {
        return error_set(err, ERROR_VERIFY, "the new envelope has another hash when read back");
    }
    for (size_t i = 0; i < report->n_checks; i++) {
        if (report->checks[i].result == CHECK_FAIL) {
            return error_set(
                err, ERROR_VERIFY, "the new envelope does not verify: %s: %.900s",
                report->checks[i].name, report->checks[i].text);
        }
    }
    return 0;
}

int envelope_sign(struct envelope *self, const struct signing_key *key, struct error *err)
{
    uint8_t signature[SIGNATURE_SIZE];
    canonical_sha256(self->body, "signature", self->content_hash);
    const int rc =
        signing_key_sign(key, self->content_hash, strlen(self->content_hash), signature, err);
    if (rc < 0) {
        return rc;
    }
    attach_signature(self, signing_key_public_pem(key), signature);
    return check_own_text(self, err);
}

static int write_envelope(const struct envelope *self, const char *path, struct error *err)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, JSON_SIZE_MAX);
    file_text(self, &text);
    if (text.failed) {
        return error_set(err, ERROR_LIMIT, "the envelope is larger than %zu bytes", JSON_SIZE_MAX);
    }
    return file_write_new(path, text.data, text.len, 0644, err);
}

int envelope_write(
    const struct envelope *self,
    const char *folder,
    const char *prefix,
    char **out_path,
    struct error *err)
{
    CLEANUP(mem_freep)
    char *stem = mem_format("%s%.*s", prefix, HASH_DIGITS_IN_NAME, self->content_hash);
    CLEANUP(mem_freep) char *name = mem_format("%s.json", stem);
    CLEANUP(mem_freep) char *records_name = mem_format("%s.records.jsonl.zst", stem);
    CLEANUP(mem_freep) char *path = file_join(folder, name);
    CLEANUP(mem_freep) char *records_path = file_join(folder, records_name);
    const bool has_records = self->records.len > 0;
    if (file_exists(path)) {
        return error_set(err, ERROR_USAGE, "%s exists already and is not overwritten", path);
    }
    if (has_records) {
        const int rc =
            file_write_new(records_path, self->records.data, self->records.len, 0644, err);
        if (rc < 0) {
            return rc;
        }
    }
    const int rc = write_envelope(self, path, err);
    if (rc < 0) {
        if (has_records) {
            (void)unlink(records_path);
        }
        return rc;
    }
    *out_path = TAKE(path);
    return 0;
}
