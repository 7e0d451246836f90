/* clock.h - the one clock, and its interface for runs in virtual time.
 *
 * Time is int64_t nanoseconds of CLOCK_MONOTONIC everywhere.  Wall time appears only in the
 * envelope's timestamp and in the pair that converts the kernel's receive stamps. */
#pragma once

#include "base/attr.h"

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* A time later than every other; used for "no deadline". */
#define CLOCK_NEVER INT64_MAX

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t clock_mono_ns(void);

/* Nanoseconds since 1970 of CLOCK_REALTIME. */
int64_t clock_real_ns(void);

/* CPU time used by the calling thread, in nanoseconds. */
int64_t clock_thread_cpu_ns(void);

/* CPU time used by the whole process, in nanoseconds. */
int64_t clock_process_cpu_ns(void);

/* Sleeps until CLOCK_MONOTONIC reaches `until_ns`; returns early only on a signal. */
void clock_sleep_until(int64_t until_ns);

/* The nearest nanosecond to a number of seconds given by a person; saturates at CLOCK_NEVER and
 * -CLOCK_NEVER; CLOCK_NEVER when it is not a number. */
int64_t clock_ns_of_seconds(double seconds);

/* Room for "YYYY-MM-DDTHH:MM:SS.ffffffZ". */
enum {
    CLOCK_TIMESTAMP_SIZE = 32
};

/* Writes the UTC time in the envelope's form: six digits of fraction, none when it is zero.
 * Source: ENVELOPE.md, field `timestamp`. */
void clock_format_timestamp(int64_t real_ns, char out[CLOCK_TIMESTAMP_SIZE]);
