/* Memory, and what the kernel does with it behind a program's back; and where the power comes from. */
#include "base/text.h"
#include "hardware/check_rows.h"
#include "hardware/check_value.h"

#include <math.h>
#include <string.h>

#define THP_FOLDER "/sys/kernel/mm/transparent_hugepage"

static void read_available(const struct check_context *context, struct check_reading *out)
{
    const char *text = reader_file(&context->reader, "/proc/meminfo", NULL);
    double kb = 0.0;
    if (text == NULL || !check_read_field(text, "MemAvailable", &kb)) {
        check_unknown(out, "/proc/meminfo has no MemAvailable");
        return;
    }
    const double machine_mb = kb / 1024.0;
    const double group_mb = check_group_read(&context->reader).memory_bytes / 1048576.0;
    if (group_mb < machine_mb) {
        check_number(out, group_mb, "%.0f MiB left to this control group", group_mb);
    } else {
        check_number(out, machine_mb, "%.0f MiB", machine_mb);
    }
}

static void read_swap(const struct check_context *context, struct check_reading *out)
{
    const char *text = reader_file(&context->reader, "/proc/meminfo", NULL);
    double total_kb = 0.0;
    double free_kb = 0.0;
    if (text == NULL || !check_read_field(text, "SwapTotal", &total_kb) ||
        !check_read_field(text, "SwapFree", &free_kb)) {
        check_unknown(out, "/proc/meminfo does not tell");
        return;
    }
    const double used_mb = (total_kb - free_kb) / 1024.0;
    if (total_kb <= 0.0) {
        check_number(out, 0.0, "there is no swap");
    } else {
        check_number(out, used_mb, "%.0f of %.0f MiB in use", used_mb, total_kb / 1024.0);
    }
}

/* "always [madvise] never": the chosen word. */
static const char *read_choice(const struct reader *reader, const char *path)
{
    const char *line = reader_line(reader, path, NULL);
    const char *open = line == NULL ? NULL : strchr(line, '[');
    const char *close = open == NULL ? NULL : strchr(open, ']');
    return close == NULL ? NULL : arena_copy(reader->arena, open + 1, (size_t)(close - open - 1));
}

static void read_huge_pages(const struct check_context *context, struct check_reading *out)
{
    const char *enabled = read_choice(&context->reader, THP_FOLDER "/enabled");
    const char *defrag = read_choice(&context->reader, THP_FOLDER "/defrag");
    if (enabled == NULL || defrag == NULL) {
        check_unknown(out, "the kernel does not tell");
        return;
    }
    const bool stalls = text_equal(enabled, "always") && text_equal(defrag, "always");
    check_words(out, !stalls, "%s, defrag %s", enabled, defrag);
}

static void read_balancing(const struct check_context *context, struct check_reading *out)
{
    const struct reader *reader = &context->reader;
    size_t n = 0;
    double mode = 0.0;
    (void)reader_folder(reader, "/sys/devices/system/node", "node", &n);
    if (n == 1) {
        check_words(out, true, "one node");
    } else if (n == 0 || !check_read_number(reader, "/proc/sys/kernel/numa_balancing", &mode)) {
        check_unknown(out, "the kernel does not tell");
    } else {
        check_words(out, mode <= 0.0, "%s, %zu nodes", mode > 0.0 ? "on" : "off", n);
    }
}

/* A battery of the machine itself: those of mice and keyboards have the scope Device.
 * Source: https://docs.kernel.org/power/power_supply_class.html */
static void read_power(const struct check_context *context, struct check_reading *out)
{
    static const char folder[] = "/sys/class/power_supply";
    const struct reader *reader = &context->reader;
    size_t n = 0;
    const char **names = reader_folder(reader, folder, "", &n);
    bool battery = false;
    for (size_t i = 0; i < n; i++) {
        const char *at = arena_format(reader->arena, "%s/%s", folder, names[i]);
        const char *type = reader_line(reader, arena_format(reader->arena, "%s/type", at), NULL);
        const char *scope = reader_line(reader, arena_format(reader->arena, "%s/scope", at), NULL);
        const char *status =
            reader_line(reader, arena_format(reader->arena, "%s/status", at), NULL);
        if (type == NULL || !text_equal(type, "Battery") ||
            (scope != NULL && text_equal(scope, "Device"))) {
            continue;
        }
        battery = true;
        if (status != NULL && text_equal(status, "Discharging")) {
            check_words(out, false, "a battery that is being discharged");
            return;
        }
    }
    if (n == 0) {
        check_unknown(out, "the kernel shows no power supply");
    } else {
        check_words(out, true, battery ? "mains, with a battery" : "mains");
    }
}

const struct host_check memory_checks[] = {
    {{.name = "memory.available",
      .what = "memory that a program can still have, on this machine and in its control groups",
      .order = CHECK_AT_LEAST,
      .limit = CHECK_MEMORY_MIN_MB,
      .wanted = "MiB",
      .trip = CHECK_WARN,
      .source = "/proc/meminfo: MemAvailable; /sys/fs/cgroup: memory.max, memory.current",
      .fix = "stop what else runs here, raise the control group's limit, or keep fewer records "
             "(--records)"},
     read_available},
    {{.name = "memory.swap",
      .what = "memory that was moved to a disk: what is needed of it comes back milliseconds later",
      .order = CHECK_AT_MOST,
      .limit = CHECK_SWAP_MAX_MB,
      .wanted = "MiB in use",
      .trip = CHECK_WARN,
      .source = "/proc/meminfo: SwapTotal, SwapFree",
      .fix = "swapoff -a, when memory is free for what is swapped out"},
     read_swap},
    {{.name = "memory.huge_pages",
      .what =
          "transparent huge pages: with both at 'always' a program stands still while memory is "
          "put in order for it",
      .order = CHECK_IN_WORDS,
      .wanted = "not both always",
      .trip = CHECK_WARN,
      .source = THP_FOLDER "/enabled, defrag",
      .fix = "echo madvise > " THP_FOLDER "/defrag"},
     read_huge_pages},
    {{.name = "memory.balancing",
      .what = "NUMA balancing: it takes pages away for a moment to learn who uses them",
      .order = CHECK_IN_WORDS,
      .wanted = "off, or one node",
      .trip = CHECK_WARN,
      .source = "/proc/sys/kernel/numa_balancing, /sys/devices/system/node",
      .fix = "sysctl kernel.numa_balancing=0"},
     read_balancing},
    {{.name = "power.supply",
      .what = "where the power comes from: on a battery, laptops hold processors and GPUs back",
      .order = CHECK_IN_WORDS,
      .wanted = "mains",
      .trip = CHECK_WARN,
      .source = "/sys/class/power_supply",
      .fix = "plug it in"},
     read_power},
};

const size_t memory_checks_len = ARRAY_LEN(memory_checks);
