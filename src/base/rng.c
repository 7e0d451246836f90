/* Ten rounds of Philox over a 256-bit counter.  The counter starts at zero and is increased before
 * each block, which is what numpy does, so its Philox serves as the oracle in the tests. */
#include "base/rng.h"

#include <assert.h>
#include <math.h>

#define PHILOX_M0 UINT64_C(0xD2E7470EE14C6C93)
#define PHILOX_M1 UINT64_C(0xCA5A826395121157)
#define PHILOX_W0 UINT64_C(0x9E3779B97F4A7C15)
#define PHILOX_W1 UINT64_C(0xBB67AE8584CAA73B)

enum {
    PHILOX_ROUNDS = 10,
    PHILOX_WORDS = 4
};

/* The index sits above the number of the stream in one word, so that sub-stream 0 is the stream. */
enum {
    RNG_SUB_SHIFT = 8
};

static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    return (uint64_t)(((unsigned __int128)a * b) >> 64);
}

static void philox_block(struct rng *self)
{
    for (int i = 0; i < PHILOX_WORDS; i++) {
        self->counter[i]++;
        if (self->counter[i] != 0) {
            break;
        }
    }
    uint64_t x[PHILOX_WORDS] = {
        self->counter[0], self->counter[1], self->counter[2], self->counter[3]};
    uint64_t k0 = self->key[0];
    uint64_t k1 = self->key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        const uint64_t high0 = multiply_high(PHILOX_M0, x[0]);
        const uint64_t low0 = PHILOX_M0 * x[0];
        const uint64_t high1 = multiply_high(PHILOX_M1, x[2]);
        const uint64_t low1 = PHILOX_M1 * x[2];
        x[0] = high1 ^ x[1] ^ k0;
        x[1] = low1;
        x[2] = high0 ^ x[3] ^ k1;
        x[3] = low0;
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
    }
    for (int i = 0; i < PHILOX_WORDS; i++) {
        self->block[i] = x[i];
    }
    self->used = 0;
}

void rng_init(struct rng *self, uint64_t seed, enum rng_stream stream)
{
    rng_init_sub(self, seed, stream, 0);
}

void rng_init_sub(struct rng *self, uint64_t seed, enum rng_stream stream, uint64_t index)
{
    assert(index < (UINT64_C(1) << (64 - RNG_SUB_SHIFT)));
    *self = (struct rng){
        .key = {seed, (uint64_t)stream | (index << RNG_SUB_SHIFT)},
        .used = PHILOX_WORDS,
    };
}

uint64_t rng_next(struct rng *self)
{
    if (self->used == PHILOX_WORDS) {
        philox_block(self);
    }
    return self->block[self->used++];
}

double rng_uniform(struct rng *self)
{
    return (double)(rng_next(self) >> 11) * 0x1p-53;
}

double rng_uniform_open(struct rng *self)
{
    return 1.0 - rng_uniform(self);
}

uint64_t rng_below(struct rng *self, uint64_t n)
{
    assert(n > 0);
    /* Numbers below 2^64 mod n would favour small results: draw again. */
    const uint64_t reject_below = (0 - n) % n;
    uint64_t bits = rng_next(self);
    while (bits < reject_below) {
        bits = rng_next(self);
    }
    return bits % n;
}

double rng_exponential(struct rng *self, double mean)
{
    return -mean * log(rng_uniform_open(self));
}

double rng_normal(struct rng *self)
{
    const double radius = sqrt(-2.0 * log(rng_uniform_open(self)));
    return radius * cos(2.0 * M_PI * rng_uniform(self));
}

double rng_gamma(struct rng *self, double shape, double scale)
{
    assert(shape > 0.0);
    /* Below 1 the method draws for shape + 1 and scales by a power of a uniform. */
    double boost = 1.0;
    if (shape < 1.0) {
        boost = pow(rng_uniform_open(self), 1.0 / shape);
        shape += 1.0;
    }
    const double d = shape - 1.0 / 3.0;
    const double c = 1.0 / sqrt(9.0 * d);
    for (;;) {
        const double x = rng_normal(self);
        const double root = 1.0 + c * x;
        if (root <= 0.0) {
            continue;
        }
        const double v = root * root * root;
        if (log(rng_uniform_open(self)) < 0.5 * x * x + d - d * v + d * log(v)) {
            return boost * d * v * scale;
        }
    }
}

void rng_permutation(struct rng *self, uint32_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t j = (uint32_t)rng_below(self, (uint64_t)i + 1);
        out[i] = out[j];
        out[j] = i;
    }
}
