/* names.h - the forms of ids and versions, in specs and plugins. */
#pragma once

#include <stdbool.h>

/* Lower-case words of a-z, 0-9 and '-', joined by single dots; a word does not begin with '-'. */
bool name_is_id(const char *text);

/* A version like 1.0.0; a pre-release may follow behind '-'.  Source: semver.org 2.0.0, 2 and 9. */
bool name_is_semver(const char *text);

/* Compares the three numbers of two versions: below 0, 0, above 0.  Pre-releases are not looked at. */
int name_compare_semver(const char *a, const char *b);
