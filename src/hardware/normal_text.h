/* normal_text.h - texts as both sides of the format keep them.
 *
 * The public Python suite strips Unicode white space from the ends of strings and keys before it
 * hashes, so such a text has two hashes.  Lives here because the fingerprint is the lowest layer that
 * needs it; envelope/ uses it too. */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* True when the UTF-8 text begins or ends with a character of the Unicode property White_Space. */
bool normal_text_is_padded(const char *text, size_t len);

/* Number of code points of a UTF-8 text. */
size_t normal_text_length(const char *text, size_t len);

/* A copy without white space at its ends, with '?' for every byte that is not UTF-8. */
char *normal_text_copy(struct arena *arena, const char *text);
