#include "cli/verb.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>

int verb_find(const char *verb, const char *const *names, size_t n, size_t *out, struct error *err)
{
    assert(n > 0 && n <= VERBS_MAX);
    char all[VERB_NAMES_SIZE] = "";
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (text_equal(verb, names[i])) {
            *out = i;
            return 0;
        }
        len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i > 0 ? ", " : "", names[i]);
        assert(len < sizeof(all));
    }
    const char *nearest = text_nearest(verb, names, n);
    if (nearest != NULL) {
        return error_set(err, ERROR_USAGE, "unknown '%s': did you mean '%s'?", verb, nearest);
    }
    return error_set(err, ERROR_USAGE, "unknown '%s': it is one of %s", verb, all);
}
