/* Folders of /proc are read entry by entry: a busy server has a hundred thousand descriptors. */
#include "hardware/process.h"

#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LINK_MAX_BYTES = 4096,
    PIDS_MAX = 1 << 22 /* the kernel's own limit, PID_MAX_LIMIT */
};

/* Fields of /proc/PID/stat behind the name, from 0: state, ppid, ... starttime is field 22 of all. */
enum {
    STAT_PARENT = 1,
    STAT_START = 19
};

static bool is_number(const char *text, int64_t max, int64_t *out)
{
    struct error err = {0};
    return text_parse_i64(text, 0, max, out, &err) == 0;
}

/* The n-th word of a line; "" when there are fewer. */
static const char *word_at(struct arena *arena, const char *line, unsigned n)
{
    for (; n > 0; n--) {
        line += strcspn(line, " \n");
        line += strspn(line, " ");
    }
    return arena_copy(arena, line, strcspn(line, " \n"));
}

bool process_read(const struct reader *reader, int32_t pid, struct process *out)
{
    const char *text = reader_file(reader, arena_format(reader->arena, "/proc/%d/stat", pid), NULL);
    const char *open = text == NULL ? NULL : strchr(text, '(');
    const char *close = text == NULL ? NULL : strrchr(text, ')'); /* a name may hold any byte */
    if (open == NULL || close == NULL || close < open || close[1] != ' ') {
        return false;
    }
    int64_t parent = 0;
    int64_t start = 0;
    if (!is_number(word_at(reader->arena, close + 2, STAT_PARENT), INT32_MAX, &parent) ||
        !is_number(word_at(reader->arena, close + 2, STAT_START), INT64_MAX, &start)) {
        return false;
    }
    *out = (struct process){.pid = pid, .parent = (int32_t)parent, .start_ticks = (uint64_t)start};
    (void)snprintf(
        out->name, sizeof(out->name), "%s",
        reader_trim(reader, open + 1, (size_t)(close - open - 1)));
    return true;
}

static int compare_pids(const void *a, const void *b)
{
    const int32_t left = *(const int32_t *)a;
    const int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

const int32_t *process_list(const struct reader *reader, size_t *out_n)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/proc", reader->root);
    CLEANUP(mem_freep) int32_t *pids = NULL;
    size_t n = 0;
    size_t room = 0;
    *out_n = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return NULL;
    }
    /* One thread reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    for (const struct dirent *entry = readdir(folder); entry != NULL && n < PIDS_MAX;
         entry = readdir(folder)) { /* NOLINT(concurrency-mt-unsafe) */
        int64_t pid = 0;
        if (!is_number(entry->d_name, INT32_MAX, &pid) || pid == 0) {
            continue;
        }
        if (n == room) {
            room = room == 0 ? 256 : 2 * room;
            pids = mem_resize(pids, room, sizeof(*pids));
        }
        pids[n++] = (int32_t)pid;
    }
    (void)closedir(folder);
    if (n == 0) {
        return NULL;
    }
    qsort(pids, n, sizeof(*pids), compare_pids);
    int32_t *out = arena_alloc(reader->arena, n * sizeof(*out));
    memcpy(out, pids, n * sizeof(*out));
    *out_n = n;
    return out;
}

const char *process_link(const struct reader *reader, int32_t pid, const char *name)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/proc/%d/%s", reader->root, pid, name);
    char target[LINK_MAX_BYTES];
    const ssize_t len = readlink(path, target, sizeof(target));
    if (len <= 0 || (size_t)len == sizeof(target)) {
        return NULL;
    }
    return arena_copy(reader->arena, target, (size_t)len);
}

/* "socket:[12345]". */
static bool is_one_of(const char *target, const struct listener_list *listeners)
{
    static const char head[] = "socket:[";
    if (!text_starts_with(target, head)) {
        return false;
    }
    const unsigned long long inode = strtoull(target + strlen(head), NULL, 10);
    for (size_t i = 0; i < listeners->n; i++) {
        if (listeners->rows[i].inode == inode) {
            return true;
        }
    }
    return false;
}

enum held {
    HELD_NOT,
    HELD_YES,
    HELD_DENIED,
};

static enum held
holds(const struct reader *reader, int32_t pid, const struct listener_list *listeners)
{
    CLEANUP(mem_freep) char *path = mem_format("%s/proc/%d/fd", reader->root, pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return errno == EACCES || errno == EPERM ? HELD_DENIED : HELD_NOT;
    }
    enum held held = HELD_NOT;
    /* One thread reads this stream. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    for (const struct dirent *entry = readdir(folder); entry != NULL && held == HELD_NOT;
         entry = readdir(folder)) { /* NOLINT(concurrency-mt-unsafe) */
        char target[64];
        const ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
        if (len > 0) {
            target[len] = '\0';
            held = is_one_of(target, listeners) ? HELD_YES : HELD_NOT;
        } else if (len < 0 && (errno == EACCES || errno == EPERM)) {
            held = HELD_DENIED;
        }
    }
    (void)closedir(folder);
    return held;
}

void process_holders_find(
    const struct reader *reader, const struct listener_list *listeners, struct process_holders *out)
{
    *out = (struct process_holders){0};
    size_t n = 0;
    const int32_t *pids = process_list(reader, &n);
    for (size_t i = 0; i < n; i++) {
        const enum held held = holds(reader, pids[i], listeners);
        out->n_denied += held == HELD_DENIED;
        if (held == HELD_YES && out->n < PROCESS_HOLDERS_MAX) {
            out->pids[out->n++] = pids[i];
        }
    }
}

static bool is_holder(const struct process_holders *holders, int32_t pid)
{
    for (size_t i = 0; i < holders->n; i++) {
        if (holders->pids[i] == pid) {
            return true;
        }
    }
    return false;
}

static bool is_service_manager(const struct reader *reader, int32_t pid)
{
    struct process process;
    return process_read(reader, pid, &process) && text_equal(process.name, "systemd");
}

/* The parents of a process, nearest first, as far as they can be read. */
static bool next_ancestor(const struct reader *reader, int32_t *pid)
{
    struct process process;
    if (!process_read(reader, *pid, &process) || process.parent == 0) {
        return false;
    }
    *pid = process.parent;
    return true;
}

static bool
has_holder_above(const struct reader *reader, const struct process_holders *holders, int32_t pid)
{
    for (unsigned i = 0; i < PROCESS_DEPTH_MAX && next_ancestor(reader, &pid); i++) {
        if (is_holder(holders, pid)) {
            return true;
        }
    }
    return false;
}

int32_t process_holders_root(
    const struct reader *reader, const struct process_holders *holders, size_t *out_n_roots)
{
    struct process_holders services = {0};
    for (size_t i = 0; i < holders->n; i++) {
        if (holders->n == 1 || !is_service_manager(reader, holders->pids[i])) {
            services.pids[services.n++] = holders->pids[i];
        }
    }
    int32_t root = 0;
    *out_n_roots = 0;
    for (size_t i = 0; i < services.n; i++) {
        if (has_holder_above(reader, &services, services.pids[i])) {
            continue;
        }
        root = root == 0 ? services.pids[i] : root;
        *out_n_roots += 1;
    }
    return root;
}

bool process_comes_from(const struct reader *reader, int32_t pid, int32_t ancestor)
{
    for (unsigned i = 0; i < PROCESS_DEPTH_MAX && pid != ancestor; i++) {
        if (!next_ancestor(reader, &pid)) {
            return false;
        }
    }
    return pid == ancestor;
}
