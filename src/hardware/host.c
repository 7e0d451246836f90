/* What moves a measurement and is no part of the format's fingerprint: kernel, clocks, scheduling,
 * limits.  A file that is not there gives "unknown" and no warning: most of these exist on some machines
 * only, and none of them is part of the hash. */
#include "base/text.h"
#include "hardware/reader.h"

#include <string.h>

#define CPU_FOLDER "/sys/devices/system/cpu"

static void
add_line(const struct reader *self, struct json *host, const char *key, const char *path)
{
    const char *line = reader_line(self, path, NULL);
    json_add_text(self->arena, host, key, line == NULL ? "unknown" : line);
}

/* A list of CPUs, empty when there are none in it. */
static void
add_list(const struct reader *self, struct json *host, const char *key, const char *path)
{
    const char *text = reader_file(self, path, NULL);
    json_add_text(
        self->arena, host, key, text == NULL ? "unknown" : reader_trim(self, text, strlen(text)));
}

/* "always [madvise] never": the chosen word. */
static void
add_choice(const struct reader *self, struct json *host, const char *key, const char *path)
{
    const char *line = reader_line(self, path, NULL);
    const char *open = line == NULL ? NULL : strchr(line, '[');
    const char *close = open == NULL ? NULL : strchr(open, ']');
    json_add_text(
        self->arena, host, key,
        close == NULL ? "unknown" : reader_trim(self, open + 1, (size_t)(close - open - 1)));
}

/* One value for all CPUs, or "mixed". */
static void
add_cpufreq(const struct reader *self, struct json *host, const char *key, const char *file)
{
    size_t n = 0;
    const char **names = reader_folder(self, CPU_FOLDER "/cpufreq", "policy", &n);
    const char *all = NULL;
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_format(self->arena, CPU_FOLDER "/cpufreq/%s/%s", names[i], file);
        const char *line = reader_line(self, path, NULL);
        line = line == NULL ? "unknown" : line;
        all = all == NULL || text_equal(all, line) ? line : "mixed";
    }
    json_add_text(self->arena, host, key, all == NULL ? "unknown" : all);
}

/* Two drivers, two files, one of them the other way round. */
static void add_turbo(const struct reader *self, struct json *host)
{
    const char *no_turbo = reader_line(self, CPU_FOLDER "/intel_pstate/no_turbo", NULL);
    const char *boost = reader_line(self, CPU_FOLDER "/cpufreq/boost", NULL);
    const char *value = "unknown";
    if (no_turbo != NULL) {
        value = text_equal(no_turbo, "0") ? "on" : "off";
    } else if (boost != NULL) {
        value = text_equal(boost, "1") ? "on" : "off";
    }
    json_add_text(self->arena, host, "turbo", value);
}

static void add_mitigations(const struct reader *self, struct json *host)
{
    struct json *out =
        json_add(self->arena, host, "mitigations", json_new(self->arena, JSON_OBJECT));
    size_t n = 0;
    const char **names = reader_folder(self, CPU_FOLDER "/vulnerabilities", "", &n);
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_format(self->arena, CPU_FOLDER "/vulnerabilities/%s", names[i]);
        add_line(self, out, reader_trim(self, names[i], strlen(names[i])), path);
    }
}

/* The path of this process in the unified hierarchy: "0::PATH"; "" at its root, or without one. */
static const char *cgroup_path(const struct reader *self)
{
    const char *text = reader_file(self, "/proc/self/cgroup", NULL);
    for (const char *line = text; line != NULL && *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (text_starts_with(line, "0::")) {
            const char *path = reader_trim(self, line + 3, len - 3);
            return text_equal(path, "/") ? "" : path;
        }
        line += len + (line[len] == '\n');
    }
    return "";
}

/* Version 2 under its path; version 1 as a container sees its own. */
static void add_limits(const struct reader *self, struct json *host)
{
    static const struct {
        const char *key;
        const char *file;
        const char *file_v1;
    } rows[] = {
        {"cgroup_cpu_max", "cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"},
        {"cgroup_memory_max", "memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"},
        {"cgroup_cpus", "cpuset.cpus.effective", "/sys/fs/cgroup/cpuset/cpuset.effective_cpus"},
    };

    const char *group = cgroup_path(self);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *path = arena_format(self->arena, "/sys/fs/cgroup%s/%s", group, rows[i].file);
        const char *line = reader_line(self, path, NULL);
        if (line == NULL) {
            line = reader_line(self, rows[i].file_v1, NULL);
        }
        json_add_text(self->arena, host, rows[i].key, line == NULL ? "unknown" : line);
    }
}

/* "none" only where the processor could say that there is one and does not. */
static void add_hypervisor(const struct reader *self, struct json *host)
{
    const char *type = reader_line(self, "/sys/hypervisor/type", NULL);
    const char *cpuinfo = reader_file(self, "/proc/cpuinfo", NULL);
    const char *flags = cpuinfo == NULL ? NULL : reader_value(self, cpuinfo, "flags");
    const bool inside =
        flags != NULL && strstr(arena_format(self->arena, "%s ", flags), " hypervisor ") != NULL;
    const char *maker = reader_line(self, "/sys/class/dmi/id/sys_vendor", NULL);
    const char *value = flags == NULL ? "unknown" : "none";
    if (type != NULL) {
        value = type;
    } else if (inside) {
        value = maker == NULL ? "yes" : arena_format(self->arena, "yes (%s)", maker);
    }
    json_add_text(self->arena, host, "hypervisor", value);
}

void host_read(const struct reader *self, struct json *fingerprint)
{
    struct json *host =
        json_add(self->arena, fingerprint, "host", json_new(self->arena, JSON_OBJECT));
    add_line(self, host, "kernel", "/proc/sys/kernel/osrelease");
    add_list(self, host, "cpus_online", CPU_FOLDER "/online");
    add_list(self, host, "cpus_isolated", CPU_FOLDER "/isolated");
    add_line(self, host, "smt", CPU_FOLDER "/smt/control");
    add_cpufreq(self, host, "governor", "scaling_governor");
    add_cpufreq(self, host, "frequency_driver", "scaling_driver");
    add_turbo(self, host);
    add_choice(self, host, "huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled");
    add_line(
        self, host, "clock_source",
        "/sys/devices/system/clocksource/clocksource0/current_clocksource");
    add_hypervisor(self, host);
    add_limits(self, host);
    add_mitigations(self, host);
}
