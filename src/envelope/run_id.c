/* Milliseconds in front, so that ids sort by time; 74 random bits behind.
 * Source: RFC 9562, section 5.7. */
#include "base/clock.h"
#include "envelope/envelope.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

void run_id_new(int64_t real_ns, char out[RUN_ID_SIZE])
{
    uint8_t id[16];
    const ssize_t n = getrandom(id, sizeof(id), 0);
    assert(n == (ssize_t)sizeof(id));
    const uint64_t ms = (uint64_t)(real_ns / NS_PER_MS);
    for (unsigned i = 0; i < 6; i++) {
        id[i] = (uint8_t)(ms >> (8 * (5 - i)));
    }
    id[6] = (uint8_t)(0x70U | (id[6] & 0x0fU));
    id[8] = (uint8_t)(0x80U | (id[8] & 0x3fU));
    size_t at = 0;
    for (unsigned i = 0; i < sizeof(id); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[at++] = '-';
        }
        (void)snprintf(out + at, 3, "%02x", (unsigned)id[i]);
        at += 2;
    }
}
