/* What a person may write is narrower than what a URL may hold, so that a name is also safe as part of
 * a path and of a line: no empty parts, no "..", no control characters. */
#include "suite/hub_name.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "hf://datasets/"
#define FORM   "the form is hf://datasets/OWNER/NAME/FILE[@REVISION]"

enum {
    COMMIT_LEN = HUB_COMMIT_SIZE - 1
};

/* Part of the text. */
struct span {
    const char *text;
    size_t len;
};

/* What is in front of the next `c`, which is dropped; all of it where there is none. */
static struct span split(struct span *rest, char c)
{
    const char *at = memchr(rest->text, c, rest->len);
    const size_t len = at != NULL ? (size_t)(at - rest->text) : rest->len;
    const size_t used = at != NULL ? len + 1 : len;
    const struct span part = {rest->text, len};
    *rest = (struct span){rest->text + used, rest->len - used};
    return part;
}

static bool copy(struct span part, char *out, size_t size)
{
    if (part.len == 0 || part.len >= size) {
        return false;
    }
    memcpy(out, part.text, part.len);
    out[part.len] = '\0';
    return true;
}

static bool is_good_name(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        if (isalnum((unsigned char)*p) == 0 && strchr("-_.", *p) == NULL) {
            return false;
        }
    }
    const char last = name[strlen(name) - 1];
    return strchr("-.", name[0]) == NULL && strchr("-.", last) == NULL &&
           strstr(name, "..") == NULL && strstr(name, "--") == NULL;
}

/* Parts with '/' between; none is empty, "." or "..", and every byte prints. */
static bool is_good_path(const char *path)
{
    for (const char *p = path; *p != '\0'; p++) {
        if (iscntrl((unsigned char)*p) != 0) {
            return false;
        }
    }
    struct span rest = {path, strlen(path)};
    while (rest.len > 0) {
        const struct span part = split(&rest, '/');
        const bool dots = part.len <= 2 && strncmp(part.text, "..", part.len) == 0;
        if (dots) {
            return false;
        }
    }
    return path[strlen(path) - 1] != '/';
}

static bool is_good_revision(const char *revision)
{
    return is_good_path(revision) && strpbrk(revision, " ~^:?*[\\@") == NULL;
}

/* Behind '@' of NAME@REV/FILE.  A revision of several parts is one of the hub's own: refs/convert/parquet,
 * refs/pr/3. */
static struct span split_revision(struct span *rest)
{
    struct span revision = split(rest, '/');
    if (revision.len == 4 && memcmp(revision.text, "refs", 4) == 0) {
        (void)split(rest, '/');
        const struct span last = split(rest, '/');
        revision.len = (size_t)(last.text + last.len - revision.text);
    }
    return revision;
}

/* The revision behind the last '@' of `file`, which is cut off; false where there is none. */
static bool take_revision_of_file(struct span *file, struct span *out)
{
    const char *at = memrchr(file->text, '@', file->len);
    if (at == NULL) {
        return false;
    }
    const size_t len = (size_t)(at - file->text);
    *out = (struct span){at + 1, file->len - len - 1};
    file->len = len;
    return true;
}

static int fail(const char *text, size_t len, const char *what, struct error *err)
{
    return error_set(err, ERROR_USAGE, "dataset '%.*s': %s", (int)len, text, what);
}

int hub_name_parse(const char *text, size_t len, struct hub_name *out, struct error *err)
{
    struct hub_name name = {.revision = "main"};
    if (len < strlen(PREFIX) || !text_starts_with(text, PREFIX)) {
        return fail(text, len, "only datasets are read: " FORM, err);
    }
    struct span rest = {text + strlen(PREFIX), len - strlen(PREFIX)};
    const struct span owner = split(&rest, '/');
    struct span dataset = split(&rest, '/');
    struct span revision = {0};
    bool has_revision = false;
    const char *at = memchr(dataset.text, '@', dataset.len);
    if (at != NULL) {
        /* Back to behind the '@': the revision may be of several parts. */
        rest.len = (size_t)(text + len - (at + 1));
        rest.text = at + 1;
        dataset.len = (size_t)(at - dataset.text);
        revision = split_revision(&rest);
        has_revision = true;
    }
    struct span file = rest;
    struct span second = {0};
    if (take_revision_of_file(&file, &second)) {
        if (has_revision) {
            return fail(text, len, "it has two revisions", err);
        }
        revision = second;
        has_revision = true;
    }
    if (owner.len == 0 || dataset.len == 0 || file.len == 0) {
        return fail(text, len, "it is not complete: " FORM, err);
    }
    if (!copy(owner, name.owner, sizeof(name.owner)) || !is_good_name(name.owner) ||
        !copy(dataset, name.dataset, sizeof(name.dataset)) || !is_good_name(name.dataset)) {
        return fail(
            text, len,
            "owner and name have at most 96 letters, digits, '-', '_' and '.' each: " FORM, err);
    }
    if (!copy(file, name.file, sizeof(name.file)) || !is_good_path(name.file)) {
        return fail(text, len, "its file is no path inside a dataset: " FORM, err);
    }
    if (has_revision && (!copy(revision, name.revision, sizeof(name.revision)) ||
                         !is_good_revision(name.revision))) {
        return fail(text, len, "its revision is no branch, tag or commit: " FORM, err);
    }
    *out = name;
    return 0;
}

void hub_name_write(const struct hub_name *self, const char *revision, char out[HUB_TEXT_SIZE])
{
    (void)snprintf(
        out, HUB_TEXT_SIZE, PREFIX "%s/%s/%s@%s", self->owner, self->dataset, self->file, revision);
}

bool hub_is_commit(const char *revision)
{
    return strlen(revision) == COMMIT_LEN && strspn(revision, "0123456789abcdef") == COMMIT_LEN;
}
