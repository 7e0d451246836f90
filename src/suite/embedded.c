/* The table itself is generated; only the look-up is written by hand. */
#include "suite/embedded.h"

#include "base/text.h"

const struct embedded_file *embedded_find(const char *name)
{
    for (size_t i = 0; i < embedded_table_len; i++) {
        if (text_equal(embedded_table[i].name, name)) {
            return &embedded_table[i];
        }
    }
    return NULL;
}
