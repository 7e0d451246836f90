/* check_result.h - one result out of a list, by the name of its check. */
#pragma once

#include "base/text.h"
#include "hardware/check.h"
#include "support/test.h"

/* A result that no check gives, where there is none of this name. */
static inline const struct check_result *
result_named(const struct check_list *list, const char *name)
{
    static const struct check_result absent = {
        .status = (enum check_status) - 1, .found = "(no such result)"};
    for (size_t i = 0; i < list->n; i++) {
        if (text_equal(list->results[i].check->name, name)) {
            return &list->results[i];
        }
    }
    return &absent;
}

static inline bool has_result(const struct check_list *list, const char *name)
{
    return result_named(list, name)->check != NULL;
}
