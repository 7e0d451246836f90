/* Clocks and waking: every figure is a difference of two readings of a clock. */
#include "base/text.h"
#include "hardware/check_rows.h"

#define CLOCK_FILE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
#define NOT_ASKED  "not asked of another root"

/* Sources that a program reads without a system call, and sources that take about a microsecond over the
 * bus.  Any other is not judged.
 * Source: https://docs.kernel.org/timers/timekeeping.html; vdso(7). */
static const struct {
    const char *name;
    bool good;
} clock_sources[] = {
    {"tsc", true},
    {"kvm-clock", true},
    {"hyperv_clocksource_tsc_page", true},
    {"arch_sys_counter", true},
    {"riscv_clocksource", true},
    {"timebase", true},
    {"tod", true},
    {"hpet", false},
    {"acpi_pm", false},
    {"pit", false},
    {"jiffies", false},
    {"refined-jiffies", false},
};

static void read_source(const struct check_context *context, struct check_reading *out)
{
    const char *name = reader_line(&context->reader, CLOCK_FILE, NULL);
    if (name == NULL) {
        check_unknown(out, "the kernel does not tell");
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(clock_sources); i++) {
        if (text_equal(name, clock_sources[i].name)) {
            check_words(out, clock_sources[i].good, "%s", name);
            return;
        }
    }
    check_unknown(out, "%s, which is not in the list of this program", name);
}

static void read_duration(const struct check_context *context, struct check_reading *out)
{
    if (context->probes.clock_read_ns == NULL) {
        check_unknown(out, NOT_ASKED);
        return;
    }
    const double ns = context->probes.clock_read_ns();
    check_number(out, ns, "%.0f ns", ns);
}

static void read_sync(const struct check_context *context, struct check_reading *out)
{
    bool synchronised = false;
    int64_t error_us = 0;
    if (context->probes.clock_sync == NULL) {
        check_unknown(out, NOT_ASKED);
    } else if (context->probes.clock_sync(&synchronised, &error_us) < 0) {
        check_unknown(out, "the kernel does not tell (adjtimex)");
    } else if (synchronised) {
        check_words(out, true, "synchronised, within %.1f ms", (double)error_us / 1e3);
    } else {
        check_words(out, false, "not synchronised");
    }
}

static void read_wake(const struct check_context *context, struct check_reading *out)
{
    if (context->probes.wake_late_ns == NULL) {
        check_unknown(out, NOT_ASKED);
        return;
    }
    int64_t slack_ns = -1;
    const double us = context->probes.wake_late_ns(&slack_ns) / 1e3;
    check_number(out, us, "%.0f us, timer slack %lld ns", us, (long long)slack_ns);
}

static void read_stamps(const struct check_context *context, struct check_reading *out)
{
    if (context->probes.kernel_stamps == NULL) {
        check_unknown(out, NOT_ASKED);
        return;
    }
    const bool stamped = context->probes.kernel_stamps();
    check_words(out, stamped, stamped ? "on loopback" : "received bytes carry no stamp");
}

const struct host_check clock_checks[] = {
    {{.name = "clock.source",
      .what = "where the kernel's clock comes from: those that are read over a bus take a "
              "microsecond, in the middle of what is measured",
      .order = CHECK_IN_WORDS,
      .wanted = "read without a call",
      .trip = CHECK_FAIL,
      .source = CLOCK_FILE,
      .fix = "see 'dmesg | grep -i tsc' for why tsc was given up; on a virtual machine choose "
             "kvm-clock"},
     read_source},
    {{.name = "clock.read",
      .what = "how long one reading of the clock takes here",
      .order = CHECK_AT_MOST,
      .limit = CHECK_CLOCK_READ_MAX_NS,
      .wanted = "ns",
      .trip = CHECK_WARN,
      .source = "clock_gettime(CLOCK_MONOTONIC), the shortest of ten averages over 1000",
      .fix = "choose another clock source; without one, sandboxes that trap system calls do this"},
     read_duration},
    {{.name = "clock.sync",
      .what =
          "whether the wall clock follows others': time stamps of envelopes are compared across "
          "machines",
      .order = CHECK_IN_WORDS,
      .wanted = "synchronised",
      .trip = CHECK_WARN,
      .source = "adjtimex(2): STA_UNSYNC, maxerror",
      .fix = "timedatectl set-ntp true, or start chronyd"},
     read_sync},
    {{.name = "timer.wake",
      .what =
          "how late a thread wakes from a sleep of 1 ms, 90th percentile: an open loop sends that "
          "late",
      .order = CHECK_AT_MOST,
      .limit = CHECK_WAKE_LATE_MAX_US,
      .wanted = "us",
      .trip = CHECK_WARN,
      .slow = true,
      .source = "100 sleeps with a timer slack of 1 ns, as the client's workers have it",
      .fix = "stop what else runs here; 'bench selftest' tells what the client reaches"},
     read_wake},
    {{.name = "kernel.stamps",
      .what =
          "whether the kernel says when bytes arrived; without that, arrival is when the client "
          "came to read them",
      .order = CHECK_IN_WORDS,
      .wanted = "on loopback",
      .trip = CHECK_WARN,
      .slow = true,
      .source = "SO_TIMESTAMPING on a connection of this process to itself",
      .fix = "run on Linux itself: sandboxes with a network stack of their own have none"},
     read_stamps},
};

const size_t clock_checks_len = ARRAY_LEN(clock_checks);
