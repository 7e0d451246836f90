/* One place decides what a name on the command line means. */
#include "cli/specs.h"

int specs_load(const char *folder, struct spec_table *out, struct error *err)
{
    const int result = spec_table_load(folder, out, err);
    return result < 0 && folder[0] != '\0' ? error_prefix(err, "--spec-dir: ") : result;
}

int specs_find(
    struct spec_table *table, const char *name, const struct spec **out, struct error *err)
{
    if (spec_name_is_path(name)) {
        return spec_table_add_file(table, name, out, err);
    }
    return spec_find(table, name, out, err);
}
