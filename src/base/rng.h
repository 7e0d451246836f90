/* rng.h - Philox4x64-10, a counter-based random number generator with independent streams.
 *
 * Every stochastic step draws from a stream of its own, named by what it is for, so that adding
 * draws in one place never moves another.  A stream is a pure function of (seed, stream).
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11; numpy's
 * numpy.random.Philox(key=[seed, stream], counter=0) gives the same 64-bit numbers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One number for each use of randomness; recorded results depend on them: append, never renumber. */
enum rng_stream {
    RNG_STREAM_PROMPT_ORDER = 1,
    RNG_STREAM_ARRIVAL = 2,
    RNG_STREAM_SALT = 3,
    RNG_STREAM_SYNTHETIC = 4,
    RNG_STREAM_BOOTSTRAP = 5,
    RNG_STREAM_SIM_JITTER = 6,
    RNG_STREAM_SIM_TEXT = 7,
    RNG_STREAM_TEST = 8,
    RNG_STREAM_REPEAT = 9,
    RNG_STREAM_PROSE = 10,
    RNG_STREAM_JUDGE_ORDER = 20,
    RNG_STREAM_JUDGE_JITTER = 21,
    RNG_STREAM_PLUGIN = 30,
};

struct rng {
    uint64_t key[2];
    uint64_t counter[4];
    uint64_t block[4];
    unsigned used; /* numbers of `block` already given out; 4 = empty */
};

/* Starts stream `stream` of `seed`. */
void rng_init(struct rng *self, uint64_t seed, enum rng_stream stream);

/* As rng_init, for the `index`-th independent sub-stream (a request, a worker, a resample);
 * index < 2^56.  Sub-stream 0 is the stream itself: numpy's key is [seed, stream + 256 * index]. */
void rng_init_sub(struct rng *self, uint64_t seed, enum rng_stream stream, uint64_t index);

/* The next 64 random bits. */
uint64_t rng_next(struct rng *self);

/* Uniform in [0, 1) with 53 bits, as numpy's Generator.random. */
double rng_uniform(struct rng *self);

/* Uniform in (0, 1]: safe as the argument of a logarithm. */
double rng_uniform_open(struct rng *self);

/* Uniform integer in [0, n), n > 0, without bias (rejection). */
uint64_t rng_below(struct rng *self, uint64_t n);

/* Exponential with the given mean. */
double rng_exponential(struct rng *self, double mean);

/* Standard normal (Box-Muller, one of the pair). */
double rng_normal(struct rng *self);

/* Gamma with `shape` > 0 and `scale` > 0.  Source: Marsaglia and Tsang, TOMS 26(3), 2000. */
double rng_gamma(struct rng *self, double shape, double scale);

/* A permutation of 0..n-1 written to `out` (Fisher-Yates). */
void rng_permutation(struct rng *self, uint32_t *out, uint32_t n);
