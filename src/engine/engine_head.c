/* What a user puts into a request's head is checked before anything is sent: a line break in a header
 * or a key would start a header of its own, and a second Content-Length would end the body elsewhere.
 * Source: RFC 9110 section 5 (field names are tokens, values are visible characters, blanks, tabs and
 * bytes above ASCII). */
#include "base/text.h"
#include "engine/engine_openai.h"

#include <string.h>
#include <strings.h>

/* Names that frame the message or the connection are not the user's to set. */
static const char *const reserved_names[] = {
    "Content-Length", "Transfer-Encoding", "Connection",       "Keep-Alive", "Expect", "TE",
    "Trailer",        "Upgrade",           "Content-Encoding",
};

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_value_char(char c)
{
    const unsigned char u = (unsigned char)c;
    return u == '\t' || (u >= 0x20 && u != 0x7f);
}

static size_t name_length(const char *header)
{
    size_t n = 0;
    while (is_token_char(header[n])) {
        n++;
    }
    return n;
}

bool openai_header_is(const char *header, const char *name)
{
    const size_t n = name_length(header);
    return n == name_length(name) && strncasecmp(header, name, n) == 0;
}

const char *openai_header_value(const char *header)
{
    const char *value = header + name_length(header);
    if (*value == ':') {
        value++;
    }
    while (*value == ' ' || *value == '\t') {
        value++;
    }
    return value;
}

/* The value is not in the text: it may be a secret. */
static int check_header(const char *header, struct error *err)
{
    const size_t n = name_length(header);
    if (n == 0 || header[n] != ':') {
        return error_set(
            err, ERROR_USAGE, "--header: '%.*s' is not of the form Name: value",
            (int)strcspn(header, ":="), header);
    }
    for (const char *p = header + n; *p != '\0'; p++) {
        if (!is_value_char(*p)) {
            return error_set(
                err, ERROR_USAGE, "--header %.*s: the value holds a control character", (int)n,
                header);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(reserved_names); i++) {
        if (openai_header_is(header, reserved_names[i])) {
            return error_set(
                err, ERROR_USAGE, "--header %s: this header belongs to the connection, not to you",
                reserved_names[i]);
        }
    }
    return 0;
}

static int check_key(const struct engine_target *target, struct error *err)
{
    const char *key = target->api_key;
    const char *prefix = engine_option_prefix(target);
    if (*key == '\0') {
        return error_set(err, ERROR_USAGE, "the API key of --%sapi-key-env is empty", prefix);
    }
    for (const char *p = key; *p != '\0'; p++) {
        const unsigned char u = (unsigned char)*p;
        if (u <= 0x20 || u >= 0x7f) {
            return error_set(
                err, ERROR_USAGE,
                "the API key of --%sapi-key-env holds a blank, a line break or a byte that is not "
                "ASCII: look for a trailing newline",
                prefix);
        }
    }
    return 0;
}

int openai_check_headers(const struct engine_target *target, struct error *err)
{
    for (size_t i = 0; i < target->n_headers; i++) {
        const int status = check_header(target->headers[i], err);
        if (status < 0) {
            return status;
        }
    }
    return target->api_key != NULL ? check_key(target, err) : 0;
}
