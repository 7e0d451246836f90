/* The probes of the running machine: each asks the system once and changes nothing that stays. */
#include "base/clock.h"
#include "base/mem.h"
#include "hardware/check.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/timex.h>

enum {
    READ_BATCHES = 10,
    READS_OF_A_BATCH = 1000,
    WAKES = 100,
    WAKE_RANK = 89 /* 90th percentile of 100, counted from 0 */
};

static int probe_sync(bool *out_synchronised, int64_t *out_error_us)
{
    struct timex timex = {.modes = 0};
    const int state = adjtimex(&timex);
    if (state < 0) {
        return -errno;
    }
    *out_synchronised = state != TIME_ERROR && (timex.status & STA_UNSYNC) == 0;
    *out_error_us = timex.maxerror;
    return 0;
}

/* The shortest of several averages: what a reading costs when nobody interrupts. */
static double probe_read(void)
{
    int64_t least_ns = INT64_MAX;
    for (int i = 0; i < READ_BATCHES; i++) {
        const int64_t begin_ns = clock_mono_ns();
        for (int k = 1; k < READS_OF_A_BATCH; k++) {
            (void)clock_mono_ns();
        }
        const int64_t took_ns = clock_mono_ns() - begin_ns;
        least_ns = took_ns < least_ns ? took_ns : least_ns;
    }
    return (double)least_ns / READS_OF_A_BATCH;
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static double probe_wake(int64_t *out_slack_ns)
{
    const int slack_before = prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    *out_slack_ns = prctl(PR_GET_TIMERSLACK, 0UL, 0UL, 0UL, 0UL);
    int64_t late_ns[WAKES];
    for (int i = 0; i < WAKES; i++) {
        const int64_t until_ns = clock_mono_ns() + NS_PER_MS;
        clock_sleep_until(until_ns);
        late_ns[i] = clock_mono_ns() - until_ns;
    }
    if (slack_before > 0) {
        (void)prctl(PR_SET_TIMERSLACK, (unsigned long)slack_before, 0UL, 0UL, 0UL);
    }
    qsort(late_ns, WAKES, sizeof(late_ns[0]), compare_i64);
    return (double)late_ns[WAKE_RANK];
}

static void probe_pause(int64_t ns)
{
    clock_sleep_until(clock_mono_ns() + ns);
}

struct check_probes check_probes_live(bool may_wait)
{
    return (struct check_probes){
        .clock_sync = probe_sync,
        .clock_read_ns = probe_read,
        .wake_late_ns = may_wait ? probe_wake : NULL,
        .pause = may_wait ? probe_pause : NULL,
    };
}
