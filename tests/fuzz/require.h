/* require.h - an assertion of a fuzzer: aborts, so that libFuzzer keeps the input. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>

static inline void require(bool holds)
{
    if (!holds) {
        abort();
    }
}
