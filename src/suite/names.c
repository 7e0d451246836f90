/* Ids end up in file names, envelopes and command lines: one form for all of them. */
#include "suite/names.h"

#include <stddef.h>
#include <string.h>

enum {
    SEMVER_NUMBERS = 3
};

bool name_is_id(const char *text)
{
    bool at_start = true;
    for (const char *p = text; *p != '\0'; p++) {
        const bool word = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        if (!word && (at_start || (*p != '-' && *p != '.'))) {
            return false;
        }
        at_start = *p == '.';
    }
    return !at_start;
}

bool name_is_semver(const char *text)
{
    const char *p = text;
    for (int i = 0; i < SEMVER_NUMBERS; i++) {
        const size_t digits = strspn(p, "0123456789");
        if (digits == 0 || (digits > 1 && *p == '0')) {
            return false;
        }
        p += digits;
        if (i + 1 < SEMVER_NUMBERS && *p++ != '.') {
            return false;
        }
    }
    return *p == '\0' || (*p == '-' && name_is_id(p + 1));
}

/* Without leading zeros, the longer of two numbers is the larger one. */
static int compare_numbers(const char *a, const char *b)
{
    const size_t a_len = strspn(a, "0123456789");
    const size_t b_len = strspn(b, "0123456789");
    if (a_len != b_len) {
        return a_len < b_len ? -1 : 1;
    }
    return strncmp(a, b, a_len);
}

int name_compare_semver(const char *a, const char *b)
{
    int order = 0;
    for (int i = 0; order == 0 && i < SEMVER_NUMBERS; i++) {
        order = compare_numbers(a, b);
        a += strcspn(a, ".");
        b += strcspn(b, ".");
        a += *a == '.';
        b += *b == '.';
    }
    return order;
}
