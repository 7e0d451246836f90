/* Checked by the rows of the envelope's own schema, so that what passes here verifies later. */
#include "envelope/host_file.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "envelope/schema.h"
#include "hardware/fingerprint.h"
#include "hardware/normal_text.h"

#define NEXT_STEP "write it with 'bench fingerprint --json' on the engine's host"

static int parse(struct arena *arena, const char *path, struct json **out, struct error *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    const int result = file_read(path, HOST_FILE_MAX, &text, &len, err);
    if (result < 0 && err->code == ERROR_LIMIT) {
        error_clear(err);
        return error_set(
            err, ERROR_USAGE, "%s: a fingerprint has at most %d bytes: " NEXT_STEP, path,
            (int)HOST_FILE_MAX);
    }
    if (result < 0) {
        return result;
    }
    struct error reason = {0};
    if (json_parse(arena, path, text, len, out, &reason) < 0) {
        return error_set(err, ERROR_USAGE, "%.700s: no fingerprint: " NEXT_STEP, reason.text);
    }
    return 0;
}

static int
check(struct arena *arena, const char *path, const struct json *fingerprint, struct error *err)
{
    if (json_find(fingerprint, "envelope_version") != NULL) {
        return error_set(
            err, ERROR_USAGE, "%s is a whole envelope, not a fingerprint: " NEXT_STEP, path);
    }
    CLEANUP(mem_freep) struct schema_findings *found = MEM_NEW(struct schema_findings);
    schema_check_fingerprint(fingerprint, found);
    const char *fault = found->schema[0] != '\0' ? found->schema : found->normal_form;
    if (*fault != '\0') {
        return error_set(err, ERROR_USAGE, "%s: %.700s: " NEXT_STEP, path, fault);
    }
    char hash[DIGEST_HEX_SIZE];
    fingerprint_sha256(arena, fingerprint, hash);
    if (!text_equal(json_text(json_find(fingerprint, "fingerprint_sha256"), ""), hash)) {
        return error_set(
            err, ERROR_USAGE,
            "%s: fingerprint_sha256 is not the hash of its fields, which were changed: " NEXT_STEP,
            path);
    }
    return 0;
}

static int take_warnings(
    struct arena *arena,
    const char *path,
    struct json *fingerprint,
    struct json *warnings,
    struct error *err)
{
    const struct json *told = json_remove(fingerprint, "warnings");
    if (told == NULL) {
        return 0;
    }
    if (told->kind != JSON_ARRAY) {
        return error_set(
            err, ERROR_USAGE, "%s: warnings: an array is expected (line %u): " NEXT_STEP, path,
            told->line);
    }
    for (const struct json *row = told->first; row != NULL; row = row->next) {
        if (row->kind != JSON_STRING) {
            return error_set(
                err, ERROR_USAGE, "%s: warnings: strings are expected (line %u): " NEXT_STEP, path,
                row->line);
        }
        (void)json_append(warnings, json_new_text(arena, normal_text_copy(arena, row->text)));
    }
    return 0;
}

int host_file_read(
    struct arena *arena,
    const char *path,
    struct json *warnings,
    struct json **out,
    struct error *err)
{
    struct json *fingerprint = NULL;
    int result = parse(arena, path, &fingerprint, err);
    if (result == 0) {
        result = check(arena, path, fingerprint, err);
    }
    if (result == 0) {
        result = take_warnings(arena, path, fingerprint, warnings, err);
    }
    if (result == 0) {
        *out = fingerprint;
    }
    return result;
}
