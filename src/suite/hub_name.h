/* hub_name.h - the name of a file of a dataset on the Hugging Face hub. */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    HUB_NAME_SIZE = 97,      /* owner, dataset.  Source: huggingface_hub's validate_repo_id: 96 */
    HUB_REVISION_SIZE = 256, /* of a branch or a tag, as git allows in a file system */
    HUB_FILE_SIZE = 1025,    /* path inside the dataset */
    HUB_COMMIT_SIZE = 41,    /* SHA-1 as hex */
    HUB_TEXT_SIZE = 64 + 2 * HUB_NAME_SIZE + HUB_REVISION_SIZE + HUB_FILE_SIZE
};

struct hub_name {
    char owner[HUB_NAME_SIZE];
    char dataset[HUB_NAME_SIZE];
    char file[HUB_FILE_SIZE];
    char revision[HUB_REVISION_SIZE]; /* branch, tag or commit; "main" when none was given */
};

/* Reads the first `len` bytes of `text`: hf://datasets/OWNER/NAME/FILE[@REV], or with the revision
 * behind the name as the hub's own file system writes it: hf://datasets/OWNER/NAME@REV/FILE.
 * Errors: ERROR_USAGE, names the text and what is wrong. */
MUST_CHECK int
hub_name_parse(const char *text, size_t len, struct hub_name *out, struct error *err);

/* "hf://datasets/OWNER/NAME/FILE@REVISION" with this revision. */
void hub_name_write(const struct hub_name *self, const char *revision, char out[HUB_TEXT_SIZE]);

/* True for the 40 digits of a commit: what they name never changes. */
bool hub_is_commit(const char *revision);
