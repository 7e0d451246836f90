/* A limit holds for a group and all below it, so what this process may use is the smallest on the way to
 * the root.  In a container the way ends at the container's own root, whose limits it shows.
 * Source: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/. */
#include "base/text.h"
#include "hardware/check_rows.h"
#include "hardware/check_value.h"

#include <math.h>
#include <string.h>

/* Version 1 writes no limit as the largest multiple of a page. */
#define NO_LIMIT_BYTES 1e18

/* The path in a line "N:cpu,cpuacct:/PATH" whose controllers hold this one; version 2 has "".  NULL where
 * they do not. */
static char *
path_of_line(const struct reader *reader, const char *line, size_t len, const char *controller)
{
    const char *names = memchr(line, ':', len);
    const char *path =
        names == NULL ? NULL : memchr(names + 1, ':', len - (size_t)(names + 1 - line));
    if (path == NULL) {
        return NULL;
    }
    const char *list = arena_format(reader->arena, ",%.*s,", (int)(path - names - 1), names + 1);
    const char *wanted = arena_format(reader->arena, ",%s,", controller);
    return strstr(list, wanted) == NULL
               ? NULL
               : arena_copy(reader->arena, path + 1, len - (size_t)(path + 1 - line));
}

/* The path of this process; "" where nothing tells. */
static char *own_path(const struct reader *reader, const char *controller)
{
    const char *text = reader_file(reader, "/proc/self/cgroup", NULL);
    for (const char *line = text; line != NULL && *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        char *path = path_of_line(reader, line, len, controller);
        if (path != NULL) {
            return path;
        }
        line += len + (line[len] == '\n');
    }
    return arena_copy_text(reader->arena, "");
}

/* "/a/b" -> "/a" -> "": false after the root. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

static bool read_at(const struct reader *reader, const char *folder, const char *file, double *out)
{
    return check_read_number(reader, arena_format(reader->arena, "%s/%s", folder, file), out);
}

static void take_smaller(double *least, double value)
{
    *least = value < *least ? value : *least;
}

/* "max 100000" or "150000 100000". */
static void read_quota_v2(const struct reader *reader, const char *folder, struct check_group *out)
{
    const char *line = reader_line(reader, arena_format(reader->arena, "%s/cpu.max", folder), NULL);
    const char *blank = line == NULL ? NULL : strchr(line, ' ');
    if (blank == NULL) {
        return;
    }
    out->known = true;
    const char *quota = arena_copy(reader->arena, line, (size_t)(blank - line));
    struct error err = {0};
    double quota_us = 0.0;
    double period_us = 0.0;
    if (text_parse_f64(quota, 1.0, 1e18, &quota_us, &err) == 0 &&
        text_parse_f64(blank + 1, 1.0, 1e18, &period_us, &err) == 0) {
        take_smaller(&out->processors, quota_us / period_us);
    }
}

static void read_quota_v1(const struct reader *reader, const char *folder, struct check_group *out)
{
    double quota_us = 0.0;
    double period_us = 0.0;
    if (!read_at(reader, folder, "cpu.cfs_quota_us", &quota_us) ||
        !read_at(reader, folder, "cpu.cfs_period_us", &period_us)) {
        return;
    }
    out->known = true;
    if (quota_us > 0.0 && period_us > 0.0) {
        take_smaller(&out->processors, quota_us / period_us);
    }
}

/* Limit less use; pages of files that nobody has touched lately are given back when memory is short. */
static void
read_memory(const struct reader *reader, const char *folder, bool v1, struct check_group *out)
{
    double limit = 0.0;
    double used = 0.0;
    if (!read_at(reader, folder, v1 ? "memory.limit_in_bytes" : "memory.max", &limit) ||
        limit >= NO_LIMIT_BYTES ||
        !read_at(reader, folder, v1 ? "memory.usage_in_bytes" : "memory.current", &used)) {
        return;
    }
    double idle = 0.0;
    const char *path = arena_format(reader->arena, "%s/memory.stat", folder);
    const char *stat = reader_file(reader, path, NULL);
    if (stat != NULL) {
        (void)check_read_field(stat, v1 ? "total_inactive_file" : "inactive_file", &idle);
    }
    take_smaller(&out->memory_bytes, limit - used + idle);
}

static void read_v1(const struct reader *reader, const char *controller, struct check_group *out)
{
    char *path = own_path(reader, controller);
    do {
        const char *folder = arena_format(reader->arena, "/sys/fs/cgroup/%s%s", controller, path);
        if (text_equal(controller, "cpu")) {
            read_quota_v1(reader, folder, out);
        } else {
            read_memory(reader, folder, true, out);
        }
    } while (go_up(path));
}

struct check_group check_group_read(const struct reader *reader)
{
    struct check_group out = {.processors = (double)INFINITY, .memory_bytes = (double)INFINITY};
    char *path = own_path(reader, "");
    do {
        const char *folder = arena_format(reader->arena, "/sys/fs/cgroup%s", path);
        read_quota_v2(reader, folder, &out);
        read_memory(reader, folder, false, &out);
    } while (go_up(path));
    read_v1(reader, "cpu", &out);
    read_v1(reader, "memory", &out);
    /* The root of a machine has no quota, and no file that says so. */
    out.known = out.known ||
                reader_line(reader, "/sys/fs/cgroup/cgroup.controllers", NULL) != NULL ||
                reader_line(reader, "/sys/fs/cgroup/cpu/cpu.shares", NULL) != NULL;
    return out;
}
