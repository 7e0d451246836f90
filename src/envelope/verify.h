/* verify.h - what an envelope proves, check by check. */
#pragma once

#include "base/error.h"
#include "codec/json.h"

#include <stdbool.h>

enum check_result {
    CHECK_PASS,
    CHECK_FAIL,
    CHECK_SKIP, /* not asked for, or nothing to check */
};

/* One row of the outcome, in order: "schema", "normal_form", "fingerprint", "content_hash",
 * "signature", "signer", "records", "recompute". */
struct check {
    const char *name;
    enum check_result result;
    char text[ERROR_TEXT_MAX];
};

enum {
    VERIFY_CHECKS_MAX = 16
};

struct verify_options {
    const char *path;
    const char *records_path;   /* NULL: beside the envelope */
    const char *dev_public_key; /* NULL: embedded key, not pinned */
    bool recompute;             /* every metric again from the records */
    bool require_records;       /* a missing records file fails, else it is skipped */
};

struct verify_report {
    size_t n_checks;
    struct check checks[VERIFY_CHECKS_MAX];
    bool good;             /* no check failed */
    char content_hash[65]; /* "" when the file is no readable JSON */
    char signer[256];      /* "embedded key, not pinned" / "pinned by FILE" */
    char key_sha256[65];   /* of the signer's SPKI DER; "" unsigned */
};

/* Fills the report; a check that fails is no error: `good` is false then (exit code 1).
 * A document that Python's json module reads but that has no single meaning (repeated key, NaN, lone
 * surrogate, deeper than JSON_DEPTH_MAX) fails the check "normal_form".
 * Errors, all about the invocation (exit code 2): ERROR_NOT_FOUND for the envelope, or a key or
 * records file that was named; ERROR_KEY when the named key is no Ed25519 public key; ERROR_PARSE
 * when the file is not JSON at all.  Others (exit code 1): ERROR_LIMIT when it is larger than
 * JSON_SIZE_MAX, ERROR_IO. */
MUST_CHECK int
envelope_verify(const struct verify_options *options, struct verify_report *out, struct error *err);
