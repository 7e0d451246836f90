/* attr.h - compiler attributes and three small macros that every file may use. */
#pragma once

#include <stddef.h>

/* Runs `fn(&variable)` when the variable leaves scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define MUST_CHECK  __attribute__((warn_unused_result))
/* Off the usual path: kept out of its callers, so that they stay short. */
#define RARE                   __attribute__((cold, noinline))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Moves a pointer out of a cleanup variable: yields it and leaves NULL behind. */
#define TAKE(pointer)                          \
    __extension__({                            \
        __typeof__(pointer) take_ = (pointer); \
        (pointer) = NULL;                      \
        take_;                                 \
    })

/* Number of elements of an array (not of a pointer). */
#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
