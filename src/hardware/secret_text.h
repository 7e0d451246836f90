/* secret_text.h - command lines without the keys and passwords in them.
 *
 * The rule is to hide too much rather than too little: a name that means a secret hides its value,
 * and so does a value that has the form of a known kind of key, whatever its name. */
#pragma once

#include "codec/json.h"

#define SECRET_TEXT_HIDDEN "(hidden)"

enum {
    SECRET_ARGUMENTS_MAX = 1024,  /* of one command line; more are cut, and the list says so */
    SECRET_ARGUMENT_BYTES = 4096, /* of one argument; likewise */
    SECRET_KNOWN_MIN = 4 /* a shorter known secret is not looked for: it would be everywhere */
};

/* Texts that are secret wherever they stand, like the key that this program was given itself. */
struct secret_list {
    const char *const *texts;
    size_t n;
};

/* One argument without its secrets, in the arena.  `known` may be NULL. */
char *secret_text_hide(struct arena *arena, const char *argument, const struct secret_list *known);

/* True for an argument like "--api-key", whose value is the next argument. */
bool secret_text_names_next(const char *argument);

/* The arguments of a command line as /proc/PID/cmdline holds them (each ends with a NUL), as an array
 * of strings in the envelope's normal form. */
struct json *secret_text_command_line(
    struct arena *arena, const char *bytes, size_t len, const struct secret_list *known);
