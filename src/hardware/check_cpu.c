/* Processors: how fast they may run, how many this process has, and who else uses them. */
#include "base/clock.h"
#include "base/text.h"
#include "hardware/check_rows.h"
#include "hardware/check_value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CPU_FOLDER  "/sys/devices/system/cpu"
#define FREQ_FOLDER CPU_FOLDER "/cpufreq"
#define NO_CPUFREQ  "no cpufreq: a virtual machine, or the firmware decides"

enum {
    STEAL_WINDOW_MS = 1000
};

/* ---- Frequency. ---- */

static void read_governor(const struct check_context *context, struct check_reading *out)
{
    const struct reader *reader = &context->reader;
    size_t n = 0;
    const char **names = reader_folder(reader, FREQ_FOLDER, "policy", &n);
    const char *other = NULL;
    size_t n_other = 0;
    for (size_t i = 0; i < n; i++) {
        const char *path =
            arena_format(reader->arena, FREQ_FOLDER "/%s/scaling_governor", names[i]);
        const char *line = reader_line(reader, path, NULL);
        if (line == NULL) {
            check_unknown(out, "%s cannot be read", path);
            return;
        }
        if (!text_equal(line, "performance")) {
            other = line;
            n_other++;
        }
    }
    if (n == 0) {
        check_unknown(out, NO_CPUFREQ);
    } else if (other == NULL) {
        check_words(out, true, "performance");
    } else if (n_other == n) {
        check_words(out, false, "%s", other);
    } else {
        check_words(out, false, "%s on %zu of %zu groups of processors", other, n_other, n);
    }
}

static void read_max_frequency(const struct check_context *context, struct check_reading *out)
{
    const struct reader *reader = &context->reader;
    size_t n = 0;
    const char **names = reader_folder(reader, FREQ_FOLDER, "policy", &n);
    double least_pct = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        double set_khz = 0.0;
        double own_khz = 0.0;
        const char *folder = arena_format(reader->arena, FREQ_FOLDER "/%s", names[i]);
        if (!check_read_number(
                reader, arena_format(reader->arena, "%s/scaling_max_freq", folder), &set_khz) ||
            !check_read_number(
                reader, arena_format(reader->arena, "%s/cpuinfo_max_freq", folder), &own_khz) ||
            own_khz <= 0.0) {
            check_unknown(out, "%s does not tell its highest frequency", folder);
            return;
        }
        const double pct = 100.0 * set_khz / own_khz;
        if (pct < least_pct) {
            least_pct = pct;
            check_number(out, pct, "%.0f of %.0f MHz", set_khz / 1e3, own_khz / 1e3);
        }
    }
    if (n == 0) {
        check_unknown(out, NO_CPUFREQ);
    }
}

/* Two drivers, two files, one of them the other way round. */
static void read_turbo(const struct check_context *context, struct check_reading *out)
{
    const char *no_turbo = reader_line(&context->reader, CPU_FOLDER "/intel_pstate/no_turbo", NULL);
    const char *boost = reader_line(&context->reader, FREQ_FOLDER "/boost", NULL);
    if (no_turbo == NULL && boost == NULL) {
        check_unknown(out, "the kernel does not tell");
        return;
    }
    const bool on = no_turbo != NULL ? text_equal(no_turbo, "0") : text_equal(boost, "1");
    check_words(out, on, on ? "on" : "off");
}

/* ---- How many. ---- */

static bool read_allowed(const struct check_context *context, struct cpu_set_text *out)
{
    const char *status = reader_file(&context->reader, "/proc/self/status", NULL);
    const char *list =
        status == NULL ? NULL : reader_value(&context->reader, status, "Cpus_allowed_list");
    return list != NULL && check_read_cpus(list, out) && out->n > 0;
}

unsigned check_processors(const struct check_context *context)
{
    struct cpu_set_text allowed;
    return read_allowed(context, &allowed) ? allowed.n : 0;
}

/* True for the lowest of those allowed processors that share its core. */
static bool leads_its_core(
    const struct cpu_set_text *siblings, const struct cpu_set_text *allowed, unsigned cpu)
{
    for (unsigned lower = 0; lower < cpu; lower++) {
        if (siblings->has[lower] && allowed->has[lower]) {
            return false;
        }
    }
    return true;
}

static void read_cores(const struct check_context *context, struct check_reading *out)
{
    const struct reader *reader = &context->reader;
    struct cpu_set_text allowed;
    if (!read_allowed(context, &allowed)) {
        check_unknown(out, "/proc/self/status has no Cpus_allowed_list");
        return;
    }
    unsigned n_cores = 0;
    for (unsigned cpu = 0; cpu < CHECK_CPUS_MAX; cpu++) {
        if (!allowed.has[cpu]) {
            continue;
        }
        const char *path =
            arena_format(reader->arena, CPU_FOLDER "/cpu%u/topology/thread_siblings_list", cpu);
        const char *list = reader_line(reader, path, NULL);
        struct cpu_set_text siblings;
        if (list == NULL || !check_read_cpus(list, &siblings)) {
            check_unknown(out, "processor %u does not tell its core", cpu);
            return;
        }
        n_cores += leads_its_core(&siblings, &allowed, cpu);
    }
    const char *smt = reader_line(reader, CPU_FOLDER "/smt/active", NULL);
    const char *said = smt == NULL ? "" : text_equal(smt, "1") ? ", SMT on" : ", SMT off";
    check_number(
        out, n_cores, "%u core%s, %u processor%s%s", n_cores, n_cores == 1 ? "" : "s", allowed.n,
        allowed.n == 1 ? "" : "s", said);
}

static void read_isolated(const struct check_context *context, struct check_reading *out)
{
    const struct reader *reader = &context->reader;
    struct cpu_set_text allowed;
    struct cpu_set_text isolated;
    const char *text = reader_file(reader, CPU_FOLDER "/isolated", NULL);
    const char *list = text == NULL ? NULL : reader_trim(reader, text, strlen(text));
    if (!read_allowed(context, &allowed) || list == NULL || !check_read_cpus(list, &isolated)) {
        check_unknown(out, "the kernel does not tell");
        return;
    }
    unsigned n_shared = 0;
    for (unsigned cpu = 0; cpu < CHECK_CPUS_MAX; cpu++) {
        n_shared += allowed.has[cpu] && !isolated.has[cpu];
    }
    if (isolated.n == 0) {
        check_number(out, n_shared, "%u, none isolated", n_shared);
    } else {
        check_number(out, n_shared, "%u; isolated: %s", n_shared, list);
    }
}

static void read_quota(const struct check_context *context, struct check_reading *out)
{
    const struct check_group group = check_group_read(&context->reader);
    const unsigned n = check_processors(context);
    if (!group.known) {
        check_unknown(out, "no control group with processors is mounted");
    } else if (isinf(group.processors)) {
        check_words(out, true, "none");
    } else if (n == 0) {
        check_unknown(
            out, "%.4g processors, and it is not known how many there are", group.processors);
    } else {
        check_words(out, group.processors >= n, "%.4g processors of %u", group.processors, n);
    }
}

/* ---- Who else. ---- */

static void read_load(const struct check_context *context, struct check_reading *out)
{
    const struct reader *reader = &context->reader;
    struct cpu_set_text online;
    double load = 0.0;
    const char *list = reader_line(reader, CPU_FOLDER "/online", NULL);
    if (!check_read_number(reader, "/proc/loadavg", &load) || list == NULL ||
        !check_read_cpus(list, &online) || online.n == 0) {
        check_unknown(out, "/proc/loadavg or the processors cannot be read");
        return;
    }
    check_number(
        out, load / online.n, "%.2f on %u processor%s", load, online.n, online.n == 1 ? "" : "s");
}

/* Ticks of all processors together. */
struct ticks {
    double all;
    double stolen;
};

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guests are in user already.
 * Source: proc_stat(5). */
static bool read_ticks(const struct check_context *context, struct ticks *out)
{
    enum {
        STOLEN = 7,
        COUNTED
    };

    const char *text = reader_line(&context->reader, "/proc/stat", NULL);
    double ticks[COUNTED];
    if (text == NULL || !text_starts_with(text, "cpu ")) {
        return false;
    }
    /* Too large a number saturates. NOLINTNEXTLINE(cert-err34-c) */
    const int n = sscanf(
        text, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1], &ticks[2], &ticks[3],
        &ticks[4], &ticks[5], &ticks[6], &ticks[STOLEN]);
    if (n < COUNTED) {
        return false;
    }
    *out = (struct ticks){.stolen = ticks[STOLEN]};
    for (int i = 0; i < COUNTED; i++) {
        out->all += ticks[i];
    }
    return true;
}

static void read_steal(const struct check_context *context, struct check_reading *out)
{
    struct ticks before = {0};
    struct ticks now = {0};
    bool told = true;
    if (context->probes.pause != NULL) {
        told = read_ticks(context, &before);
        context->probes.pause(STEAL_WINDOW_MS * NS_PER_MS);
    }
    if (!told || !read_ticks(context, &now) || now.all <= before.all) {
        check_unknown(out, "/proc/stat does not tell");
        return;
    }
    const double pct = 100.0 * (now.stolen - before.stolen) / (now.all - before.all);
    check_number(
        out, pct, "%.1f %% %s", pct,
        context->probes.pause != NULL ? "of the last second" : "since this machine was started");
}

const struct host_check cpu_checks[] = {
    {{.name = "cpu.governor",
      .what = "the governor of the processors' frequency: any other raises the clock only after "
              "work has come",
      .order = CHECK_IN_WORDS,
      .wanted = "performance",
      .trip = CHECK_WARN,
      .source = FREQ_FOLDER "/policy*/scaling_governor",
      .fix = "cpupower frequency-set -g performance"},
     read_governor},
    {{.name = "cpu.frequency",
      .what = "the highest frequency that is allowed, of what the processor can do",
      .order = CHECK_AT_LEAST,
      .limit = CHECK_FREQUENCY_MIN_PCT,
      .wanted = "%",
      .trip = CHECK_WARN,
      .source = FREQ_FOLDER "/policy*/scaling_max_freq, cpuinfo_max_freq",
      .fix = "cpupower frequency-set -u with the processor's own; look for a power profile"},
     read_max_frequency},
    {{.name = "cpu.turbo",
      .what = "frequencies above the nominal one: without them client and engine are slower than "
              "this processor is elsewhere",
      .order = CHECK_IN_WORDS,
      .wanted = "on",
      .trip = CHECK_WARN,
      .source = CPU_FOLDER "/intel_pstate/no_turbo, cpufreq/boost",
      .fix =
          "echo 0 > " CPU_FOLDER "/intel_pstate/no_turbo, or 1 > cpufreq/boost; or leave it, and "
          "compare only with runs that had it off"},
     read_turbo},
    {{.name = "cpu.cores",
      .what = "cores behind the processors that this process may use; with SMT two processors are "
              "one core",
      .order = CHECK_AT_LEAST,
      .limit = CHECK_CORES_MIN,
      .wanted = "cores",
      .trip = CHECK_WARN,
      .source = "/proc/self/status, " CPU_FOLDER "/cpu*/topology/thread_siblings_list",
      .fix = "give this process more cores (taskset, cpuset, a larger machine)"},
     read_cores},
    {{.name = "cpu.isolated",
      .what =
          "processors that the scheduler spreads this process over: on isolated ones all threads "
          "stay where they began",
      .order = CHECK_AT_LEAST,
      .limit = 1.0,
      .wanted = "not isolated",
      .trip = CHECK_WARN,
      .source = CPU_FOLDER "/isolated, /proc/self/status",
      .fix = "start bench without taskset, and give it the isolated processors with --pin"},
     read_isolated},
    {{.name = "cpu.quota",
      .what =
          "processor time that control groups allow: when it is used up, all threads stand still "
          "until the next period",
      .order = CHECK_IN_WORDS,
      .wanted = "none, or all processors",
      .trip = CHECK_WARN,
      .source = "/sys/fs/cgroup: cpu.max, cpu.cfs_quota_us, of this group and those above",
      .fix = "raise the quota (docker --cpus, resources.limits.cpu, CPUQuota=), or use a cpuset"},
     read_quota},
    {{.name = "cpu.load",
      .what = "work of all programs, average of the last minute, for each processor",
      .order = CHECK_AT_MOST,
      .limit = CHECK_LOAD_MAX,
      .wanted = "a processor",
      .trip = CHECK_WARN,
      .source = "/proc/loadavg, " CPU_FOLDER "/online",
      .fix = "stop what else runs here, or wait until it is done"},
     read_load},
    {{.name = "cpu.steal",
      .what = "time in which the hypervisor gave this machine's processors to others",
      .order = CHECK_AT_MOST,
      .limit = CHECK_STEAL_MAX_PCT,
      .wanted = "%",
      .trip = CHECK_WARN,
      .source = "/proc/stat",
      .fix = "use a machine with processors of its own"},
     read_steal},
};

const size_t cpu_checks_len = ARRAY_LEN(cpu_checks);
