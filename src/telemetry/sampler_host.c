/* The client's own processor time and context switches, and what its machine's processors do.  Totals, so
 * that a long period loses nothing between the readings.  The frequency is that of up to sixteen cores
 * spread over the machine: the kernel has to ask each core for it.
 * Source: getrusage(2), proc_stat(5), https://docs.kernel.org/admin-guide/pm/cpufreq.html */
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "hardware/reader.h"
#include "stats/host_load.h"
#include "telemetry/kernel_file.h"
#include "telemetry/sampler.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SOURCE_CLIENT,
    SOURCE_MACHINE,
    SOURCES,
    FREQUENCIES_MAX = 16
};

/* A line a processor and one long line of interrupts: 60 KB with 512 processors. */
#define STAT_TEXT_MAX ((size_t)1 << 20)

#define CPUFREQ_FOLDER "/sys/devices/system/cpu/cpufreq"

static const struct track_column client_columns[] = {
    {.key = HOST_CLIENT_CPU, .role = TRACK_COUNTER, .resolution = 1e-6},
    {.key = HOST_VOLUNTARY_SWITCHES, .role = TRACK_COUNTER, .resolution = 1.0},
    {.key = HOST_INVOLUNTARY_SWITCHES, .role = TRACK_COUNTER, .resolution = 1.0},
    {.key = HOST_MAJOR_FAULTS, .role = TRACK_COUNTER, .resolution = 1.0},
};

/* In the order of struct machine. */
static const struct track_column machine_columns[] = {
    {.key = HOST_BUSY, .role = TRACK_COUNTER, .resolution = 0.01},
    {.key = HOST_STEAL, .role = TRACK_COUNTER, .resolution = 0.01},
    {.key = HOST_SWITCHES, .role = TRACK_COUNTER, .resolution = 1.0},
    {.key = HOST_CPUS, .role = TRACK_GAUGE, .resolution = 1.0},
    {.key = HOST_FREQUENCY, .role = TRACK_GAUGE, .resolution = 1e-3}, /* where cores tell it */
};

struct host {
    struct sampler sampler;
    struct track sources[SOURCES];
    struct track_column columns[SOURCES][TRACK_COLUMNS_MAX];
    int stat_fd;
    struct bytes stat;
    double tick_s;
    uint32_t n_frequencies;
    int frequency_fds[FREQUENCIES_MAX];
};

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static bool sample_client(double *values)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return false;
    }
    values[0] = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    values[1] = (double)usage.ru_nvcsw;
    values[2] = (double)usage.ru_nivcsw;
    values[3] = (double)usage.ru_majflt;
    return true;
}

static bool read_stat(struct host *self)
{
    bytes_clear(&self->stat);
    for (;;) {
        const size_t piece = 16384;
        char *room = bytes_reserve(&self->stat, piece);
        if (room == NULL) {
            return false;
        }
        const ssize_t n = pread(self->stat_fd, room, piece, (off_t)self->stat.len);
        if (n <= 0) {
            *room = '\0';
            return n == 0 && self->stat.len > 0;
        }
        self->stat.len += (size_t)n;
    }
}

struct machine {
    double busy_s;
    double steal_s;
    double switches;
    double cpus;
};

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice": guests are in user. */
static bool read_cpu_line(const char *line, double tick_s, struct machine *out)
{
    enum {
        IDLE = 3,
        IOWAIT = 4,
        STEAL = 7,
        FIELDS = 8
    };

    double busy = 0.0;
    const char *at = line + strlen("cpu");
    for (int i = 0; i < FIELDS; i++) {
        char *end = NULL;
        const unsigned long long ticks = strtoull(at, &end, 10);
        if (end == at) {
            return false;
        }
        at = end;
        if (i == STEAL) {
            out->steal_s = (double)ticks * tick_s;
        } else if (i != IDLE && i != IOWAIT) {
            busy += (double)ticks;
        }
    }
    out->busy_s = busy * tick_s;
    return true;
}

static bool parse_stat(const char *text, double tick_s, struct machine *out)
{
    bool has_cpu = false;
    bool has_switches = false;
    *out = (struct machine){0};
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (text_starts_with(line, "cpu ")) {
            has_cpu = read_cpu_line(line, tick_s, out);
        } else if (text_starts_with(line, "cpu")) {
            out->cpus += 1.0;
        } else if (text_starts_with(line, "ctxt ")) {
            out->switches = (double)strtoull(line + strlen("ctxt "), NULL, 10);
            has_switches = true;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return has_cpu && has_switches;
}

/* Mean over the cores that tell it, in MHz; the files hold kHz. */
static double read_frequency(const struct host *self)
{
    double sum = 0.0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_frequencies; i++) {
        double khz = 0.0;
        if (kernel_file_number(self->frequency_fds[i], &khz)) {
            sum += khz / 1e3;
            n++;
        }
    }
    return n == 0 ? (double)NAN : sum / n;
}

static bool sample_machine(struct host *self, double *values)
{
    struct machine machine;
    if (!read_stat(self) || !parse_stat(self->stat.data, self->tick_s, &machine)) {
        return false;
    }
    values[0] = machine.busy_s;
    values[1] = machine.steal_s;
    values[2] = machine.switches;
    values[3] = machine.cpus;
    if (self->n_frequencies > 0) {
        values[4] = read_frequency(self);
    }
    return true;
}

static bool host_sample(struct sampler *sampler, uint32_t source, double *values)
{
    return source == SOURCE_CLIENT ? sample_client(values)
                                   : sample_machine((struct host *)sampler, values);
}

static void host_close(struct sampler *sampler)
{
    struct host *self = (struct host *)sampler;
    if (self == NULL) {
        return;
    }
    for (uint32_t i = 0; i < self->n_frequencies; i++) {
        kernel_file_close(self->frequency_fds[i]);
    }
    kernel_file_close(self->stat_fd);
    bytes_done(&self->stat);
    free(self);
}

/* Spread evenly over all there are. */
static void open_frequencies(struct host *self, const char *root)
{
    struct arena arena = {0};
    size_t n = 0;
    const struct reader reader = {.arena = &arena, .root = root};
    const char **policies = reader_folder(&reader, CPUFREQ_FOLDER, "policy", &n);
    const size_t step = n / FREQUENCIES_MAX + 1;
    for (size_t i = 0; i < n && self->n_frequencies < FREQUENCIES_MAX; i += step) {
        const char *folder = arena_format(&arena, "%s" CPUFREQ_FOLDER "/%s", root, policies[i]);
        const int fd = kernel_file_open(folder, "scaling_cur_freq");
        if (fd >= 0) {
            self->frequency_fds[self->n_frequencies++] = fd;
        }
    }
    arena_done(&arena);
}

static void add_source(
    struct host *self, const char *source, const struct track_column *columns, uint32_t n_columns)
{
    struct track_column *own = self->columns[self->sampler.n_sources];
    memcpy(own, columns, n_columns * sizeof(*columns));
    self->sources[self->sampler.n_sources++] = (struct track){
        .sampler = HOST_SAMPLER,
        .source = source,
        .part = "client",
        .n_columns = n_columns,
        .columns = own,
    };
}

static int host_open(const struct sampler_options *options, struct sampler **out, struct error *err)
{
    CLEANUP(mem_freep) char *folder = mem_format("%s/proc", options->root);
    const int fd = kernel_file_open(folder, "stat");
    if (fd < 0) {
        return error_set(err, ERROR_UNAVAILABLE, "host: %s/stat cannot be read", folder);
    }
    struct host *self = MEM_NEW(struct host);
    self->sampler = (struct sampler){.ops = &sampler_host, .sources = self->sources};
    self->stat_fd = fd;
    self->tick_s = 1.0 / (double)sysconf(_SC_CLK_TCK);
    bytes_init(&self->stat, STAT_TEXT_MAX);
    struct machine machine;
    if (!read_stat(self) || !parse_stat(self->stat.data, self->tick_s, &machine)) {
        host_close(&self->sampler);
        return error_set(
            err, ERROR_UNAVAILABLE, "host: %s/stat has no lines 'cpu' and 'ctxt'", folder);
    }
    open_frequencies(self, options->root);
    add_source(self, HOST_CLIENT, client_columns, ARRAY_LEN(client_columns));
    const uint32_t n_columns = ARRAY_LEN(machine_columns);
    add_source(
        self, HOST_MACHINE, machine_columns, self->n_frequencies > 0 ? n_columns : n_columns - 1);
    *out = &self->sampler;
    return 0;
}

const struct sampler_ops sampler_host = {
    .name = HOST_SAMPLER,
    .summary = "the client's processor time and context switches, and its machine's processors",
    .scope = SAMPLER_CLIENT,
    .period_ns = 500 * NS_PER_MS,
    .open = host_open,
    .sample = host_sample,
    .close = host_close,
};
