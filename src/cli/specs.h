/* specs.h - the benchmarks that a command knows, and the one that it was asked for. */
#pragma once

#include "suite/suite.h"

/* Help of the option --spec-dir, which several commands have. */
#define SPEC_DIR_HELP \
    "Benchmarks of this folder's *.yaml files too: they replace built-in ones of the same id."

/* Loads the built-in specs and those of `folder` ("": none).  *out is the caller's, also after a
 * failure: spec_table_done.  Errors: those of spec_table_load, the folder's with "--spec-dir: ". */
MUST_CHECK int specs_load(const char *folder, struct spec_table *out, struct error *err);

/* The benchmark that `name` means: an id, a plugin's id for its first, or the path of a YAML file,
 * which is added to the table.
 * Errors: ERROR_USAGE unknown, with the nearest; those of spec_table_add_file. */
MUST_CHECK int
specs_find(struct spec_table *table, const char *name, const struct spec **out, struct error *err);
