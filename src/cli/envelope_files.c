/* Files that are no envelopes are named, and spoil the exit code, but not the table. */
#include "cli/envelope_files.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_json(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && text_ends_with(entry->d_name, ".json") ? 1 : 0;
}

int envelope_files_visit(
    const struct cli_context *context,
    const char *command,
    const char *path,
    const struct envelope_visit *visit,
    size_t *n_bad,
    struct error *err)
{
    *n_bad = 0;
    if (!file_is_folder(path)) {
        return visit->take(visit->context, path, err);
    }
    struct dirent **entries = NULL;
    const int n = scandir(path, &entries, is_json, by_name);
    if (n < 0) {
        return error_set_os(err, ERROR_IO, errno, "%s", path);
    }
    for (int i = 0; i < n; i++) {
        CLEANUP(mem_freep) char *file = file_join(path, entries[i]->d_name);
        struct error file_err = {0};
        if (visit->take(visit->context, file, &file_err) < 0) {
            (void)fprintf(context->log, "bench %s: %s\n", command, file_err.text);
            *n_bad += 1;
        }
        free(entries[i]);
    }
    free(entries);
    if (*n_bad == (size_t)n) {
        return error_set(err, ERROR_UNAVAILABLE, "%s: there are no envelopes", path);
    }
    return 0;
}
