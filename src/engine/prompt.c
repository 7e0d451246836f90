/* The salt is a permutation of 48-bit numbers, so that different indices can never meet: a balanced
 * Feistel network over two halves of 24 bits, which is invertible whatever its round function does.
 * The round keys are the run's salt stream; the round function is a multiply-and-shift mixer, for
 * looks only: nothing here is secret, the salt has to be unique and to share no prefix with its
 * neighbours.  It is spelled in words and not in digits, because the number of tokens of digits and
 * letters in a row depends on which they are ("ab" is one, "a7" two), and an input length could then
 * not be exact.
 * Source: Luby and Rackoff, "How to construct pseudorandom permutations from pseudorandom functions",
 * SIAM J. Comput. 17(2), 1988; mixer constants of MurmurHash3's 64-bit finaliser (public domain). */
#include "engine/prompt.h"

#include "base/rng.h"

#include <assert.h>
#include <string.h>

/* Recorded runs depend on the order: never change it. */
/* clang-format off */
const char prompt_salt_words[SALT_WORD_COUNT][SALT_WORD_LEN + 1] = {
    "time", "year", "life", "hand", "part", "case", "week", "home",
    "room", "area", "book", "word", "side", "head", "game", "line",
    "city", "name", "team", "body", "face", "foot", "plan", "mind",
    "view", "town", "road", "site", "star", "cost", "data", "land",
    "wall", "news", "step", "film", "tree", "term", "rule", "fire",
    "bank", "west", "page", "east", "size", "fund", "bill", "song",
    "lake", "bird", "fish", "salt", "ring", "wood", "iron", "gold",
    "rain", "snow", "wind", "moon", "tool", "lock", "card", "file",
};

/* clang-format on */

enum {
    SALT_WORD_BITS = 6,
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

void prompt_salt_write(char *out, uint64_t seed, uint64_t index)
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
    for (unsigned i = SALT_WORDS; i > 0; i--) {
        const char *word = prompt_salt_words[salt & (SALT_WORD_COUNT - 1)];
        memcpy(out + (size_t)(i - 1) * (SALT_WORD_LEN + 1), word, SALT_WORD_LEN);
        salt >>= SALT_WORD_BITS;
        if (i < SALT_WORDS) {
            out[i * (SALT_WORD_LEN + 1) - 1] = ' ';
        }
    }
}

void prompt_salt_sample(unsigned group, char out[SALT_LEN + 1])
{
    assert(group < SALT_WORD_COUNT / SALT_WORDS);
    char *at = stpcpy(out, "[ ");
    for (unsigned i = 0; i < SALT_WORDS; i++) {
        at = stpcpy(at, prompt_salt_words[group * SALT_WORDS + i]);
        *at++ = ' ';
    }
    at = stpcpy(at, "] ");
    assert(at == out + SALT_LEN);
}
