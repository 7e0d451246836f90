/* Every check of the host against files of a machine: what passes, what trips its limit, what cannot be
 * read.  A row of src/hardware/check_*.c that is not shown in all three states here fails. */
#include "hardware/check_rows.h"
#include "hardware/check_value.h"
#include "support/check_result.h"
#include "support/tree.h"

#include <string.h>

#define CPU     "/sys/devices/system/cpu"
#define POLICY0 CPU "/cpufreq/policy0"
#define POLICY1 CPU "/cpufreq/policy1"
#define CGROUP  "/sys/fs/cgroup"
#define THP     "/sys/kernel/mm/transparent_hugepage"
#define CLOCK   "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define STATUS  "/proc/self/status"
#define SUPPLY  "/sys/class/power_supply"

enum {
    FILES_MAX = 7
};

/* ---- Probes that say what the row wants. ---- */

enum answer {
    NOT_ASKED,
    REFUSED,
    GOOD,
    BAD,
};

static double probe_value;
static enum answer probe_answer;

static int fake_sync(bool *out_synchronised, int64_t *out_error_us)
{
    *out_synchronised = probe_answer == GOOD;
    *out_error_us = 1500;
    return probe_answer == REFUSED ? -1 : 0;
}

static double fake_read(void)
{
    return probe_value;
}

static double fake_wake(int64_t *out_slack_ns)
{
    *out_slack_ns = 50000;
    return probe_value * 1e3;
}

static bool fake_stamps(void)
{
    return probe_answer == GOOD;
}

/* ---- The table. ---- */

static const struct row {
    const char *name;
    struct tree_file files[FILES_MAX];
    enum answer answer;
    double value; /* of a probe */
    enum check_status status;
    const char *found;
} rows[] = {
    {.name = "cpu.governor",
     .files =
         {{POLICY0 "/scaling_governor", "performance\n"},
          {POLICY1 "/scaling_governor", "performance\n"}},
     .status = CHECK_PASS,
     .found = "performance"},
    {.name = "cpu.governor",
     .files = {{POLICY0 "/scaling_governor", "schedutil\n"}},
     .status = CHECK_WARN,
     .found = "schedutil"},
    {.name = "cpu.governor",
     .files =
         {{POLICY0 "/scaling_governor", "powersave\n"},
          {POLICY1 "/scaling_governor", "performance\n"}},
     .status = CHECK_WARN,
     .found = "powersave on 1 of 2 groups of processors"},
    {.name = "cpu.governor",
     .status = CHECK_SKIP,
     .found = "no cpufreq: a virtual machine, or the firmware decides"},
    {.name = "cpu.governor",
     .files = {{POLICY0 "/scaling_governor", "performance\n"}, {POLICY1 "/", ""}},
     .status = CHECK_SKIP,
     .found = POLICY1 "/scaling_governor cannot be read"},

    {.name = "cpu.frequency",
     .files =
         {{POLICY0 "/scaling_max_freq", "3465000\n"}, {POLICY0 "/cpuinfo_max_freq", "3500000\n"}},
     .status = CHECK_PASS,
     .found = "3465 of 3500 MHz"},
    {.name = "cpu.frequency", /* the lower of two: 98.9 % */
     .files =
         {{POLICY0 "/scaling_max_freq", "3500000\n"},
          {POLICY0 "/cpuinfo_max_freq", "3500000\n"},
          {POLICY1 "/scaling_max_freq", "3461500\n"},
          {POLICY1 "/cpuinfo_max_freq", "3500000\n"}},
     .status = CHECK_WARN,
     .found = "3462 of 3500 MHz"},
    {.name = "cpu.frequency",
     .status = CHECK_SKIP,
     .found = "no cpufreq: a virtual machine, or the firmware decides"},
    {.name = "cpu.frequency",
     .files = {{POLICY0 "/scaling_max_freq", "3500000\n"}, {POLICY0 "/cpuinfo_max_freq", "0\n"}},
     .status = CHECK_SKIP,
     .found = POLICY0 " does not tell its highest frequency"},

    {.name = "cpu.turbo",
     .files = {{CPU "/intel_pstate/no_turbo", "0\n"}},
     .status = CHECK_PASS,
     .found = "on"},
    {.name = "cpu.turbo",
     .files = {{CPU "/intel_pstate/no_turbo", "1\n"}},
     .status = CHECK_WARN,
     .found = "off"},
    {.name = "cpu.turbo",
     .files = {{CPU "/cpufreq/boost", "1\n"}},
     .status = CHECK_PASS,
     .found = "on"},
    {.name = "cpu.turbo",
     .files = {{CPU "/cpufreq/boost", "0\n"}},
     .status = CHECK_WARN,
     .found = "off"},
    {.name = "cpu.turbo", .status = CHECK_SKIP, .found = "the kernel does not tell"},

    {.name = "cpu.cores",
     .files =
         {{STATUS, "Name:\tbench\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n"},
          {CPU "/cpu0/topology/thread_siblings_list", "0,2\n"},
          {CPU "/cpu1/topology/thread_siblings_list", "1,3\n"},
          {CPU "/cpu2/topology/thread_siblings_list", "0,2\n"},
          {CPU "/cpu3/topology/thread_siblings_list", "1,3\n"},
          {CPU "/smt/active", "1\n"}},
     .status = CHECK_PASS,
     .found = "2 cores, 4 processors, SMT on"},
    {.name = "cpu.cores", /* two processors of one core */
     .files =
         {{STATUS, "Cpus_allowed_list:\t0-1\n"},
          {CPU "/cpu0/topology/thread_siblings_list", "0-1\n"},
          {CPU "/cpu1/topology/thread_siblings_list", "0-1\n"},
          {CPU "/smt/active", "1\n"}},
     .status = CHECK_WARN,
     .found = "1 core, 2 processors, SMT on"},
    {.name = "cpu.cores", /* the core's other processor is not ours */
     .files =
         {{STATUS, "Cpus_allowed_list:\t1\n"},
          {CPU "/cpu1/topology/thread_siblings_list", "0-1\n"},
          {CPU "/smt/active", "0\n"}},
     .status = CHECK_WARN,
     .found = "1 core, 1 processor, SMT off"},
    {.name = "cpu.cores",
     .status = CHECK_SKIP,
     .found = "/proc/self/status has no Cpus_allowed_list"},
    {.name = "cpu.cores",
     .files =
         {{STATUS, "Cpus_allowed_list:\t0-1\n"},
          {CPU "/cpu0/topology/thread_siblings_list", "0\n"}},
     .status = CHECK_SKIP,
     .found = "processor 1 does not tell its core"},

    {.name = "cpu.isolated",
     .files = {{STATUS, "Cpus_allowed_list:\t0-3\n"}, {CPU "/isolated", "\n"}},
     .status = CHECK_PASS,
     .found = "4, none isolated"},
    {.name = "cpu.isolated",
     .files = {{STATUS, "Cpus_allowed_list:\t0-3\n"}, {CPU "/isolated", "2-7\n"}},
     .status = CHECK_PASS,
     .found = "2; isolated: 2-7"},
    {.name = "cpu.isolated",
     .files = {{STATUS, "Cpus_allowed_list:\t4-5\n"}, {CPU "/isolated", "2-7\n"}},
     .status = CHECK_WARN,
     .found = "0; isolated: 2-7"},
    {.name = "cpu.isolated",
     .files = {{STATUS, "Cpus_allowed_list:\t4-5\n"}},
     .status = CHECK_SKIP,
     .found = "the kernel does not tell"},

    {.name = "cpu.quota",
     .files =
         {{STATUS, "Cpus_allowed_list:\t0-3\n"}, {CGROUP "/cgroup.controllers", "cpu memory\n"}},
     .status = CHECK_PASS,
     .found = "none"},
    {.name = "cpu.quota",
     .files = {{STATUS, "Cpus_allowed_list:\t0-3\n"}, {CGROUP "/cpu.max", "max 100000\n"}},
     .status = CHECK_PASS,
     .found = "none"},
    {.name = "cpu.quota",
     .files = {{STATUS, "Cpus_allowed_list:\t0-3\n"}, {CGROUP "/cpu.max", "400000 100000\n"}},
     .status = CHECK_PASS,
     .found = "4 processors of 4"},
    {.name = "cpu.quota",
     .files = {{STATUS, "Cpus_allowed_list:\t0-3\n"}, {CGROUP "/cpu.max", "150000 100000\n"}},
     .status = CHECK_WARN,
     .found = "1.5 processors of 4"},
    {.name = "cpu.quota", /* the group above has less */
     .files =
         {{STATUS, "Cpus_allowed_list:\t0-3\n"},
          {"/proc/self/cgroup", "0::/a/b\n"},
          {CGROUP "/a/b/cpu.max", "max 100000\n"},
          {CGROUP "/a/cpu.max", "50000 100000\n"}},
     .status = CHECK_WARN,
     .found = "0.5 processors of 4"},
    {.name = "cpu.quota", /* version 1, two controllers in one hierarchy */
     .files =
         {{STATUS, "Cpus_allowed_list:\t0-3\n"},
          {"/proc/self/cgroup", "5:memory:/x\n3:cpu,cpuacct:/job\n0::/\n"},
          {CGROUP "/cpu/job/cpu.cfs_quota_us", "200000\n"},
          {CGROUP "/cpu/job/cpu.cfs_period_us", "100000\n"},
          {CGROUP "/cpu/cpu.cfs_quota_us", "-1\n"},
          {CGROUP "/cpu/cpu.cfs_period_us", "100000\n"}},
     .status = CHECK_WARN,
     .found = "2 processors of 4"},
    {.name = "cpu.quota",
     .files = {{CGROUP "/cpu.max", "150000 100000\n"}},
     .status = CHECK_SKIP,
     .found = "1.5 processors, and it is not known how many there are"},
    {.name = "cpu.quota",
     .files = {{STATUS, "Cpus_allowed_list:\t0-3\n"}},
     .status = CHECK_SKIP,
     .found = "no control group with processors is mounted"},

    {.name = "cpu.load",
     .files = {{"/proc/loadavg", "4.00 9.00 9.00 1/100 1\n"}, {CPU "/online", "0-7\n"}},
     .status = CHECK_PASS,
     .found = "4.00 on 8 processors"},
    {.name = "cpu.load",
     .files = {{"/proc/loadavg", "4.01 0.00 0.00 1/100 1\n"}, {CPU "/online", "0-7\n"}},
     .status = CHECK_WARN,
     .found = "4.01 on 8 processors"},
    {.name = "cpu.load",
     .files = {{"/proc/loadavg", "4.01 0.00 0.00 1/100 1\n"}},
     .status = CHECK_SKIP,
     .found = "/proc/loadavg or the processors cannot be read"},

    {.name = "cpu.steal", /* 10 of 1000; guest time is in user already */
     .files = {{"/proc/stat", "cpu  100 0 100 700 50 20 20 10 90 0\ncpu0 1 2 3\n"}},
     .status = CHECK_PASS,
     .found = "1.0 % since this machine was started"},
    {.name = "cpu.steal",
     .files = {{"/proc/stat", "cpu  100 0 100 695 50 20 20 15 0 0\n"}},
     .status = CHECK_WARN,
     .found = "1.5 % since this machine was started"},
    {.name = "cpu.steal",
     .files = {{"/proc/stat", "cpu  100 0 100 700 50 20 20\n"}},
     .status = CHECK_SKIP,
     .found = "/proc/stat does not tell"},

    {.name = "clock.source",
     .files = {{CLOCK, "kvm-clock\n"}},
     .status = CHECK_PASS,
     .found = "kvm-clock"},
    {.name = "clock.source", .files = {{CLOCK, "hpet\n"}}, .status = CHECK_FAIL, .found = "hpet"},
    {.name = "clock.source",
     .files = {{CLOCK, "acpi_pm\n"}},
     .status = CHECK_FAIL,
     .found = "acpi_pm"},
    {.name = "clock.source",
     .files = {{CLOCK, "sundial\n"}},
     .status = CHECK_SKIP,
     .found = "sundial, which is not in the list of this program"},
    {.name = "clock.source", .status = CHECK_SKIP, .found = "the kernel does not tell"},

    {.name = "clock.read", .answer = GOOD, .value = 250.0, .status = CHECK_PASS, .found = "250 ns"},
    {.name = "clock.read", .answer = GOOD, .value = 251.0, .status = CHECK_WARN, .found = "251 ns"},
    {.name = "clock.read", .status = CHECK_SKIP, .found = "not asked of another root"},

    {.name = "clock.sync",
     .answer = GOOD,
     .status = CHECK_PASS,
     .found = "synchronised, within 1.5 ms"},
    {.name = "clock.sync", .answer = BAD, .status = CHECK_WARN, .found = "not synchronised"},
    {.name = "clock.sync",
     .answer = REFUSED,
     .status = CHECK_SKIP,
     .found = "the kernel does not tell (adjtimex)"},
    {.name = "clock.sync", .status = CHECK_SKIP, .found = "not asked of another root"},

    {.name = "timer.wake",
     .answer = GOOD,
     .value = 1000.0,
     .status = CHECK_PASS,
     .found = "1000 us, timer slack 50000 ns"},
    {.name = "timer.wake",
     .answer = GOOD,
     .value = 1001.0,
     .status = CHECK_WARN,
     .found = "1001 us, timer slack 50000 ns"},
    {.name = "timer.wake", .status = CHECK_SKIP, .found = "not asked of another root"},

    {.name = "kernel.stamps", .answer = GOOD, .status = CHECK_PASS, .found = "on loopback"},
    {.name = "kernel.stamps",
     .answer = BAD,
     .status = CHECK_WARN,
     .found = "received bytes carry no stamp"},
    {.name = "kernel.stamps", .status = CHECK_SKIP, .found = "not asked of another root"},

    {.name = "memory.available",
     .files = {{"/proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable:    1048576 kB\n"}},
     .status = CHECK_PASS,
     .found = "1024 MiB"},
    {.name = "memory.available",
     .files = {{"/proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable:    1047552 kB\n"}},
     .status = CHECK_WARN,
     .found = "1023 MiB"},
    {.name = "memory.available", /* 1 GiB less 600 MiB, of which 100 MiB can be dropped */
     .files =
         {{"/proc/meminfo", "MemAvailable:    8388608 kB\n"},
          {CGROUP "/memory.max", "1073741824\n"},
          {CGROUP "/memory.current", "629145600\n"},
          {CGROUP "/memory.stat", "anon 1\ninactive_file 104857600\n"}},
     .status = CHECK_WARN,
     .found = "524 MiB left to this control group"},
    {.name = "memory.available", /* version 1; the root has no limit */
     .files =
         {{"/proc/meminfo", "MemAvailable:    8388608 kB\n"},
          {"/proc/self/cgroup", "4:memory:/job\n"},
          {CGROUP "/memory/memory.limit_in_bytes", "9223372036854771712\n"},
          {CGROUP "/memory/memory.usage_in_bytes", "999999999999\n"},
          {CGROUP "/memory/job/memory.limit_in_bytes", "2147483648\n"},
          {CGROUP "/memory/job/memory.usage_in_bytes", "1073741824\n"}},
     .status = CHECK_PASS,
     .found = "1024 MiB left to this control group"},
    {.name = "memory.available",
     .files = {{"/proc/meminfo", "MemTotal: 2097152 kB\n"}},
     .status = CHECK_SKIP,
     .found = "/proc/meminfo has no MemAvailable"},

    {.name = "memory.swap",
     .files = {{"/proc/meminfo", "SwapTotal:       0 kB\nSwapFree:        0 kB\n"}},
     .status = CHECK_PASS,
     .found = "there is no swap"},
    {.name = "memory.swap",
     .files = {{"/proc/meminfo", "SwapTotal: 2097152 kB\nSwapFree: 1994752 kB\n"}},
     .status = CHECK_PASS,
     .found = "100 of 2048 MiB in use"},
    {.name = "memory.swap",
     .files = {{"/proc/meminfo", "SwapTotal: 2097152 kB\nSwapFree: 1993728 kB\n"}},
     .status = CHECK_WARN,
     .found = "101 of 2048 MiB in use"},
    {.name = "memory.swap", .status = CHECK_SKIP, .found = "/proc/meminfo does not tell"},

    {.name = "memory.huge_pages",
     .files =
         {{THP "/enabled", "[always] madvise never\n"},
          {THP "/defrag", "always defer defer+madvise [madvise] never\n"}},
     .status = CHECK_PASS,
     .found = "always, defrag madvise"},
    {.name = "memory.huge_pages",
     .files =
         {{THP "/enabled", "[always] madvise never\n"},
          {THP "/defrag", "[always] defer defer+madvise madvise never\n"}},
     .status = CHECK_WARN,
     .found = "always, defrag always"},
    {.name = "memory.huge_pages",
     .files = {{THP "/enabled", "[always] madvise never\n"}},
     .status = CHECK_SKIP,
     .found = "the kernel does not tell"},

    {.name = "memory.balancing",
     .files = {{"/sys/devices/system/node/node0/", ""}, {"/proc/sys/kernel/numa_balancing", "1\n"}},
     .status = CHECK_PASS,
     .found = "one node"},
    {.name = "memory.balancing",
     .files =
         {{"/sys/devices/system/node/node0/", ""},
          {"/sys/devices/system/node/node1/", ""},
          {"/proc/sys/kernel/numa_balancing", "0\n"}},
     .status = CHECK_PASS,
     .found = "off, 2 nodes"},
    {.name = "memory.balancing",
     .files =
         {{"/sys/devices/system/node/node0/", ""},
          {"/sys/devices/system/node/node1/", ""},
          {"/proc/sys/kernel/numa_balancing", "1\n"}},
     .status = CHECK_WARN,
     .found = "on, 2 nodes"},
    {.name = "memory.balancing", .status = CHECK_SKIP, .found = "the kernel does not tell"},

    {.name = "power.supply",
     .files = {{SUPPLY "/AC/type", "Mains\n"}},
     .status = CHECK_PASS,
     .found = "mains"},
    {.name = "power.supply",
     .files = {{SUPPLY "/BAT0/type", "Battery\n"}, {SUPPLY "/BAT0/status", "Charging\n"}},
     .status = CHECK_PASS,
     .found = "mains, with a battery"},
    {.name = "power.supply",
     .files = {{SUPPLY "/BAT0/type", "Battery\n"}, {SUPPLY "/BAT0/status", "Discharging\n"}},
     .status = CHECK_WARN,
     .found = "a battery that is being discharged"},
    {.name = "power.supply", /* of a mouse */
     .files =
         {{SUPPLY "/hid/type", "Battery\n"},
          {SUPPLY "/hid/scope", "Device\n"},
          {SUPPLY "/hid/status", "Discharging\n"}},
     .status = CHECK_PASS,
     .found = "mains"},
    {.name = "power.supply", .status = CHECK_SKIP, .found = "the kernel shows no power supply"},

    {.name = "limits.descriptors",
     .files =
         {{"/proc/self/limits",
           "Max processes   1  2  processes\nMax open files            1024                 "
           "2128                 files     \n"}},
     .status = CHECK_PASS,
     .found = "2128"},
    {.name = "limits.descriptors",
     .files =
         {{"/proc/self/limits",
           "Max open files            1024                 2127                 files     \n"}},
     .status = CHECK_WARN,
     .found = "2127"},
    {.name = "limits.descriptors",
     .files =
         {{"/proc/self/limits",
           "Max open files            1024                 unlimited            files     \n"}},
     .status = CHECK_PASS,
     .found = "no limit"},
    {.name = "limits.descriptors",
     .status = CHECK_SKIP,
     .found = "/proc/self/limits does not tell"},

    {.name = "limits.ports",
     .files = {{"/proc/sys/net/ipv4/ip_local_port_range", "32768\t42767\n"}},
     .status = CHECK_PASS,
     .found = "10000, from 32768 to 42767"},
    {.name = "limits.ports",
     .files = {{"/proc/sys/net/ipv4/ip_local_port_range", "32768\t42766\n"}},
     .status = CHECK_WARN,
     .found = "9999, from 32768 to 42766"},
    {.name = "limits.ports",
     .files = {{"/proc/sys/net/ipv4/ip_local_port_range", "60999\t32768\n"}},
     .status = CHECK_SKIP,
     .found = "the kernel does not tell"},

    {.name = "limits.backlog",
     .files = {{"/proc/sys/net/core/somaxconn", "1000\n"}},
     .status = CHECK_PASS,
     .found = "1000"},
    {.name = "limits.backlog",
     .files = {{"/proc/sys/net/core/somaxconn", "128\n"}},
     .status = CHECK_WARN,
     .found = "128"},
    {.name = "limits.backlog", .status = CHECK_SKIP, .found = "the kernel does not tell"},
};

static void run_row(const struct row *row, struct check_list *out)
{
    struct tree tree;
    struct arena arena = {0};
    tree_init(&tree);
    for (size_t i = 0; i < FILES_MAX && row->files[i].path != NULL; i++) {
        tree_add(&tree, &row->files[i]);
    }
    struct check_context context = {.reader = {.arena = &arena, .root = tree.root}};
    probe_answer = row->answer;
    probe_value = row->value;
    if (row->answer != NOT_ASKED) {
        context.probes = (struct check_probes){
            .clock_sync = fake_sync,
            .clock_read_ns = fake_read,
            .wake_late_ns = fake_wake,
            .kernel_stamps = fake_stamps,
        };
    }
    check_host(&context, out);
    arena_done(&arena);
    tree_done(&tree);
}

static void test_check_host__says_what_it_found(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct check_list list = {0};
        run_row(&rows[i], &list);
        const struct check_result *result = result_named(&list, rows[i].name);
        if (result->status != rows[i].status || !text_equal(result->found, rows[i].found)) {
            print_error(
                "row %zu, %s: %s '%s', not %s '%s'\n", i, rows[i].name,
                check_status_name(result->status), result->found, check_status_name(rows[i].status),
                rows[i].found);
            good = false;
        }
    }
    assert_true(good);
}

/* No limit without a case that passes it, one that trips it, and one that cannot be read. */
static void test_check_host__every_row_is_shown_in_every_state(void **state)
{
    (void)state;
    for (size_t i = 0; check_at(i) != NULL; i++) {
        const struct check *check = check_at(i);
        unsigned seen = 0;
        for (size_t k = 0; k < ARRAY_LEN(rows) && check->part == CHECK_HOST; k++) {
            seen |= text_equal(rows[k].name, check->name) ? 1U << rows[k].status : 0U;
        }
        const unsigned wanted = 1U << CHECK_PASS | 1U << CHECK_SKIP | 1U << check->trip;
        if (check->part == CHECK_HOST && seen != wanted) {
            print_error("%s: states %#x, not %#x\n", check->name, seen, wanted);
            fail();
        }
    }
}

static void test_check_host__reads_nothing_and_passes_nothing_where_there_is_nothing(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct check_context context = {.reader = {.arena = &arena, .root = "/nonexistent"}};
    struct check_list list = {0};
    check_host(&context, &list);
    assert_false(check_gpus(&context, &list));
    assert_int_equal(check_list_count(&list, CHECK_SKIP), list.n);
    arena_done(&arena);
}

/* As `bench run` asks: rows that sleep or send are not there. */
static void test_check_host__leaves_slow_rows_to_bench_doctor(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct check_context context = {
        .reader = {.arena = &arena, .root = "/nonexistent"}, .fast_only = true};
    struct check_list list = {0};
    check_host(&context, &list);
    assert_false(has_result(&list, "timer.wake"));
    assert_false(has_result(&list, "kernel.stamps"));
    assert_true(has_result(&list, "cpu.steal"));
    assert_null(check_probes_live(false).wake_late_ns);
    assert_null(check_probes_live(false).pause);
    arena_done(&arena);
}

static struct tree paused_tree;

/* A second passes: 200 ticks, 3 of them stolen. */
static void fake_pause(int64_t ns)
{
    assert_int_equal(ns, 1000000000);
    CLEANUP(mem_freep) char *path = mem_format("%s/proc/stat", paused_tree.root);
    assert_int_equal(remove(path), 0);
    tree_add(
        &paused_tree, &(struct tree_file){"/proc/stat", "cpu  1000 0 1000 8197 0 0 0 503 0 0\n"});
}

static void test_check_host__takes_stolen_time_of_a_window(void **state)
{
    (void)state;
    struct arena arena = {0};
    tree_init(&paused_tree);
    tree_add(
        &paused_tree, &(struct tree_file){"/proc/stat", "cpu  1000 0 1000 8000 0 0 0 500 0 0\n"});
    const struct check_context context = {
        .reader = {.arena = &arena, .root = paused_tree.root}, .probes = {.pause = fake_pause}};
    struct check_list list = {0};
    check_host(&context, &list);
    const struct check_result *result = result_named(&list, "cpu.steal");
    assert_int_equal(result->status, CHECK_WARN);
    assert_string_equal(result->found, "1.5 % of the last second");
    tree_done(&paused_tree);
    arena_done(&arena);
}

static void test_check_read_cpus__takes_lists_and_nothing_else(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        bool good;
        unsigned n;
    } lists[] = {
        {"", true, 0},
        {"0", true, 1},
        {"0-3,8", true, 5},
        {"0-3,2-5", true, 6},
        {"4095", true, 1},
        {"4096", false, 0},
        {"3-1", false, 0},
        {"1,", false, 0},
        {"a", false, 0},
        {"1-", false, 0},
        {"-1", false, 0},
        {"0 1", false, 0},
        {"99999999999999999999", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct cpu_set_text set;
        const bool good = check_read_cpus(lists[i].text, &set);
        if (good != lists[i].good || (good && set.n != lists[i].n)) {
            print_error("'%s': %d, %u\n", lists[i].text, good, set.n);
            fail();
        }
    }
}

/* The probes answer on this machine; what they answer is its own affair. */
static void test_check_probes__answer(void **state)
{
    (void)state;
    const struct check_probes probes = check_probes_live(true);
    bool synchronised = false;
    int64_t error_us = -1;
    assert_int_equal(probes.clock_sync(&synchronised, &error_us), 0);
    assert_true(error_us >= 0);
    assert_true(probes.clock_read_ns() > 0.0);
    int64_t slack_ns = 0;
    assert_true(probes.wake_late_ns(&slack_ns) >= 0.0);
    assert_int_equal(slack_ns, 1);
}

static void test_check_limit_text__says_the_limit(void **state)
{
    (void)state;
    char text[CHECK_TEXT_SIZE];
    check_limit_text(
        &(struct check){.order = CHECK_AT_MOST, .limit = 0.5, .wanted = "a processor"}, text);
    assert_string_equal(text, "at most 0.5 a processor");
    check_limit_text(
        &(struct check){.order = CHECK_AT_LEAST, .limit = 10000.0, .wanted = ""}, text);
    assert_string_equal(text, "at least 10000");
    check_limit_text(&(struct check){.order = CHECK_IN_WORDS, .wanted = "on"}, text);
    assert_string_equal(text, "on");
}

/* A text that an engine or a driver chose moves no cursor and stays one line. */
static void test_check_list_add__keeps_texts_printable(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *found;
    } rows_of_text[] = {
        {"a\033[31mb\r\nc\177", "a?[31mb??c?"},
        {"\xc2\x9b\x31m", "??1m"}, /* CSI in one character */
        {"\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac"},
        {"\xff\xc3", "??"}, /* no UTF-8, and a character cut in two */
        {"", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows_of_text); i++) {
        struct check_list list = {0};
        struct check_reading reading = {0};
        check_words(&reading, true, "%s", rows_of_text[i].text);
        check_list_add(&list, check_at(0), &reading);
        assert_string_equal(list.results[0].found, rows_of_text[i].found);
    }
}

/* Names are unique, and no text is missing: they are what is documented. */
static void test_check_at__rows_are_whole(void **state)
{
    (void)state;
    size_t n = 0;
    for (; check_at(n) != NULL; n++) {
        const struct check *check = check_at(n);
        assert_true(check->what[0] != '\0' && check->source[0] != '\0' && check->fix[0] != '\0');
        assert_true(check->trip == CHECK_WARN || check->trip == CHECK_FAIL);
        assert_true(check->order != CHECK_IN_WORDS || check->wanted[0] != '\0');
        for (size_t k = 0; k < n; k++) {
            assert_string_not_equal(check->name, check_at(k)->name);
        }
    }
    assert_true(n <= CHECK_LIST_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_host__says_what_it_found),
        cmocka_unit_test(test_check_host__every_row_is_shown_in_every_state),
        cmocka_unit_test(test_check_host__reads_nothing_and_passes_nothing_where_there_is_nothing),
        cmocka_unit_test(test_check_host__leaves_slow_rows_to_bench_doctor),
        cmocka_unit_test(test_check_host__takes_stolen_time_of_a_window),
        cmocka_unit_test(test_check_read_cpus__takes_lists_and_nothing_else),
        cmocka_unit_test(test_check_probes__answer),
        cmocka_unit_test(test_check_limit_text__says_the_limit),
        cmocka_unit_test(test_check_list_add__keeps_texts_printable),
        cmocka_unit_test(test_check_at__rows_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
