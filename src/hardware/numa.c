/* {"nodes": [{"id", "cpus": [...], "memory_mb"}]}, as the public Python suite writes it: lists of
 * CPUs spelled out, memory in MiB cut to whole ones.
 * Source: https://docs.kernel.org/admin-guide/mm/numaperf.html */
#include "base/text.h"
#include "hardware/reader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    CPU_MAX = 65536
};

/* Reads digits; false when there are none or the number is not below CPU_MAX. */
static bool read_number(const char **at, unsigned *out)
{
    unsigned value = 0;
    const char *p = *at;
    while (*p >= '0' && *p <= '9' && value < CPU_MAX) {
        value = value * 10 + (unsigned)(*p - '0');
        p++;
    }
    if (p == *at || value >= CPU_MAX) {
        return false;
    }
    *at = p;
    *out = value;
    return true;
}

/* "8" or "8-11" at *at; false when it is anything else or not above `least`. */
static bool read_range(const char **at, unsigned least, unsigned *first, unsigned *last)
{
    if (!read_number(at, first)) {
        return false;
    }
    *last = *first;
    if (**at == '-') {
        (*at)++;
        if (!read_number(at, last)) {
            return false;
        }
    }
    return *first >= least && *last >= *first;
}

/* "0-3,8-11".  NULL when it is anything else; an empty list is one without CPUs. */
static struct json *cpu_list(const struct reader *self, const char *text)
{
    struct json *cpus = json_new(self->arena, JSON_ARRAY);
    unsigned least = 0;
    while (*text != '\0') {
        unsigned first = 0;
        unsigned last = 0;
        if (!read_range(&text, least, &first, &last)) {
            return NULL;
        }
        for (unsigned cpu = first; cpu <= last; cpu++) {
            (void)json_append(cpus, json_new_i64(self->arena, cpu));
        }
        least = last + 1;
        const bool goes_on = *text == ',' && text[1] != '\0';
        if (*text != '\0' && !goes_on) {
            return NULL;
        }
        text += goes_on;
    }
    return cpus;
}

/* The digits behind `label` in *text; -1 when there are none. */
static int64_t number_behind(const char *text, const char *label)
{
    const char *at = text == NULL ? NULL : strstr(text, label);
    if (at == NULL) {
        return -1;
    }
    at += strlen(label);
    at += strspn(at, " \t");
    const size_t n = strspn(at, "0123456789");
    if (n == 0 || n > 15) {
        return -1;
    }
    int64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* What the machine has, in MiB: the pages present in the node's zones.  MemTotal is what the kernel manages
 * of it now, which a virtual machine's balloon changes from minute to minute.  -1 when it is not told. */
static int64_t present_mb(const char *zones, unsigned id)
{
    char head[32];
    (void)snprintf(head, sizeof(head), "Node %u, zone", id);
    int64_t pages = -1;
    const char *at = zones == NULL ? NULL : strstr(zones, head);
    for (; at != NULL; at = strstr(at + 1, head)) {
        const char *end = strstr(at, "\nNode ");
        const char *line = strstr(at, "\n        present ");
        if (line != NULL && (end == NULL || line < end)) {
            const int64_t n = number_behind(line, "present");
            pages = n < 0 ? pages : (pages < 0 ? 0 : pages) + n;
        }
    }
    return pages < 0 ? -1 : pages * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
}

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 6;
}

/* MiB of a node, from the better source that tells; *out_managed: it is what the kernel manages. */
static int64_t node_memory_mb(
    const struct reader *self,
    const char *folder,
    const char *zones,
    unsigned id,
    bool *out_managed)
{
    const int64_t present = present_mb(zones, id);
    if (present >= 0) {
        return present;
    }
    const char *meminfo = reader_file(self, arena_format(self->arena, "%s/meminfo", folder), NULL);
    const int64_t kb = number_behind(meminfo, "MemTotal:");
    *out_managed = *out_managed || kb >= 0;
    return kb < 0 ? -1 : kb / 1024;
}

static void add_node(
    const struct reader *self,
    const char *name,
    const char *zones,
    struct json *nodes,
    bool *out_managed)
{
    const char *digits = name + strlen("node");
    if (!is_number(digits)) {
        return;
    }
    unsigned id = 0;
    (void)read_number(&digits, &id);
    const char *folder = arena_format(self->arena, "/sys/devices/system/node/%s", name);
    const char *list = reader_file(self, arena_format(self->arena, "%s/cpulist", folder), NULL);
    struct json *cpus = list == NULL ? NULL : cpu_list(self, reader_trim(self, list, strlen(list)));
    const int64_t mb = node_memory_mb(self, folder, zones, id, out_managed);
    struct json *node = json_append(nodes, json_new(self->arena, JSON_OBJECT));
    json_add_i64(self->arena, node, "id", id);
    if (cpus == NULL) {
        reader_warn(self, "hardware_fingerprint.numa: the CPUs of %s are unknown", name);
        cpus = json_new(self->arena, JSON_ARRAY);
    }
    (void)json_add(self->arena, node, "cpus", cpus);
    if (mb < 0) {
        reader_warn(
            self, "hardware_fingerprint.numa: the memory of %s is unknown and written as 0", name);
    }
    json_add_i64(self->arena, node, "memory_mb", mb < 0 ? 0 : mb);
}

void numa_read(const struct reader *self, struct json *fingerprint)
{
    struct json *numa =
        json_add(self->arena, fingerprint, "numa", json_new(self->arena, JSON_OBJECT));
    size_t n = 0;
    const char **names = reader_folder(self, "/sys/devices/system/node", "node", &n);
    struct json *nodes = json_new(self->arena, JSON_ARRAY);
    const char *zones = reader_file(self, "/proc/zoneinfo", NULL);
    bool managed = false;
    for (size_t i = 0; i < n; i++) {
        add_node(self, names[i], zones, nodes, &managed);
    }
    if (managed) {
        reader_warn(
            self,
            "hardware_fingerprint.numa: memory is what the kernel manages now, and may change: "
            "/proc/zoneinfo does not tell what is there");
    }
    if (nodes->len == 0) {
        reader_warn(self, "hardware_fingerprint.numa is unknown: the kernel shows no nodes");
        return;
    }
    (void)json_add(self->arena, numa, "nodes", nodes);
}
