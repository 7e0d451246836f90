/* The salt is a permutation of 48-bit numbers, so that different indices can never meet: a balanced
 * Feistel network over two halves of 24 bits, which is invertible whatever its round function does.
 * The round keys are the run's salt stream; the round function is a multiply-and-shift mixer, for
 * looks only: nothing here is secret, the salt has to be unique and to share no prefix with its
 * neighbours.
 * Source: Luby and Rackoff, "How to construct pseudorandom permutations from pseudorandom functions",
 * SIAM J. Comput. 17(2), 1988; mixer constants of MurmurHash3's 64-bit finaliser (public domain). */
#include "engine/prompt.h"

#include "base/rng.h"

#include <assert.h>

enum {
    SALT_ROUNDS = 6,
    SALT_HALF_BITS = 24,
    SALT_HALF_MASK = (1 << SALT_HALF_BITS) - 1
};

static uint64_t round_value(uint64_t half, uint64_t key)
{
    uint64_t x = half ^ key;
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return (x ^ x >> 33) & SALT_HALF_MASK;
}

void prompt_salt_write(char *hex, uint64_t seed, uint64_t index)
{
    assert(index >> (2 * SALT_HALF_BITS) == 0);
    struct rng keys;
    rng_init(&keys, seed, RNG_STREAM_SALT);
    uint64_t left = index >> SALT_HALF_BITS;
    uint64_t right = index & SALT_HALF_MASK;
    for (unsigned i = 0; i < SALT_ROUNDS; i++) {
        const uint64_t next = left ^ round_value(right, rng_next(&keys));
        left = right;
        right = next;
    }
    uint64_t salt = left << SALT_HALF_BITS | right;
    for (unsigned i = SALT_HEX_LEN; i > 0; i--) {
        hex[i - 1] = "0123456789abcdef"[salt & 0xf];
        salt >>= 4;
    }
}
