/* A failure is formatted where it happens, into a fixed buffer: describing an error must not need
 * memory.  Control characters are replaced, since parts of the text may come from outside. */
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void text_make_one_line(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f) {
            *p = '?';
        }
    }
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
    assert(err != NULL);
    assert(err->code == ERROR_NONE);
    assert(code != ERROR_NONE);

    err->code = code;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    text_make_one_line(err->text);
    return -(int)code;
}

int error_set_os(struct error *err, enum error_code code, int os_errno, const char *format, ...)
{
    assert(err != NULL);
    assert(err->code == ERROR_NONE);
    assert(code != ERROR_NONE);

    err->code = code;
    err->os_errno = os_errno;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    const size_t used = strlen(err->text);
    /* GNU strerrordesc_np is thread-safe and never localised: messages stay the same everywhere. */
    const char *reason = strerrordesc_np(os_errno);
    (void)snprintf(
        err->text + used, sizeof(err->text) - used, ": %s",
        reason != NULL ? reason : "unknown error");
    text_make_one_line(err->text);
    return -(int)code;
}

int error_prefix(struct error *err, const char *format, ...)
{
    assert(err != NULL);
    assert(err->code != ERROR_NONE);

    char old[ERROR_TEXT_MAX];
    (void)snprintf(old, sizeof(old), "%s", err->text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    const size_t used = strlen(err->text);
    (void)snprintf(err->text + used, sizeof(err->text) - used, "%s", old);
    text_make_one_line(err->text);
    return -(int)err->code;
}

void error_clear(struct error *err)
{
    *err = (struct error){0};
}
