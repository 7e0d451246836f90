/* passphrase.h - asks for a secret on the terminal, without showing it. */
#pragma once

#include "base/error.h"

enum {
    PASSPHRASE_MAX = 256
};

/* Asks on /dev/tty and reads one line, echo off.  *out is the caller's: passphrase_free.
 * Errors: ERROR_KEY when there is no terminal (the text names the option that works without one). */
MUST_CHECK int passphrase_ask(const char *prompt, char **out, struct error *err);

/* Wipes and frees; NULL is allowed. */
void passphrase_free(char *text);
