/* Thin calls over clock_gettime; the vDSO makes a reading cost about 20 ns. */
#include "base/clock.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

/* Below 2^63, with room for the rounding of a double. */
#define NS_MAX 9.2e18

static int64_t clock_read(clockid_t id)
{
    struct timespec now;
    const int result = clock_gettime(id, &now);
    assert(result == 0);
    (void)result;
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_mono_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_real_ns(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t clock_thread_cpu_ns(void)
{
    return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_process_cpu_ns(void)
{
    return clock_read(CLOCK_PROCESS_CPUTIME_ID);
}

void clock_sleep_until(int64_t until_ns)
{
    const struct timespec until = {
        .tv_sec = until_ns / NS_PER_S,
        .tv_nsec = until_ns % NS_PER_S,
    };
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

int64_t clock_ns_of_seconds(double seconds)
{
    /* Rounded: 1.001 s is just below 1001000000 ns in binary. */
    const double ns = round(seconds * 1e9);
    if (ns < -NS_MAX) {
        return -CLOCK_NEVER;
    }
    if (!(ns <= NS_MAX)) {
        return CLOCK_NEVER;
    }
    return (int64_t)ns;
}

void clock_format_timestamp(int64_t real_ns, char out[CLOCK_TIMESTAMP_SIZE])
{
    /* Rounded down, also before 1970. */
    const int64_t fraction_ns = (real_ns % NS_PER_S + NS_PER_S) % NS_PER_S;
    const time_t seconds = real_ns / NS_PER_S - (real_ns % NS_PER_S < 0 ? 1 : 0);
    const int micros = (int)(fraction_ns / NS_PER_US);
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    const size_t used = strftime(out, CLOCK_TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    if (micros != 0) {
        (void)snprintf(out + used, CLOCK_TIMESTAMP_SIZE - used, ".%06dZ", micros);
    } else {
        (void)snprintf(out + used, CLOCK_TIMESTAMP_SIZE - used, "Z");
    }
}
