/* schema_form.h - the forms that texts of an envelope take.  Internal to envelope/. */
#pragma once

#include "codec/json.h"

enum schema_form {
    FORM_ANY,
    FORM_VERSION_1, /* "v1" */
    FORM_SEMVER,    /* digits.digits.digits, then maybe '-' and letters, digits, '_', '.' */
    FORM_UUID7,
    FORM_HEX64,
    FORM_METHOD,  /* of a signature */
    FORM_INTEGER, /* a text that the other side would take as a whole number */
    FORM_DATE,    /* a text that begins like a date */
};

bool schema_form_holds(enum schema_form form, const char *text, size_t len);

/* For messages: "64 lower-case hex digits". */
const char *schema_form_name(enum schema_form form);

/* For messages: "a string", "a boolean", ... */
const char *schema_kind_name(const struct json *value);
