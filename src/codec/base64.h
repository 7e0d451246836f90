/* base64.h - strict base64: padding required, no white space, no stray bits. Source: RFC 4648. */
#pragma once

#include "base/bytes.h"
#include "base/error.h"

/* Appends the encoding of `len` bytes. */
void base64_encode(const void *data, size_t len, struct bytes *out);

/* Appends the decoding.  Errors: ERROR_PARSE naming the offset; nothing is appended then. */
MUST_CHECK int base64_decode(const char *text, size_t len, struct bytes *out, struct error *err);
