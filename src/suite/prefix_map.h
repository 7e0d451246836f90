/* prefix_map.h - numbers for the first words of prompts: no two alike, other ones for another seed.
 *
 * Prompt i of a set begins with words that spell prefix_map_at(i): thus no prefix cache can serve one
 * prompt from another. */
#pragma once

#include "base/rng.h"

/* An injective map of 0 .. modulus - 1 onto itself, for a modulus of at most 2^28. */
struct prefix_map {
    uint64_t modulus;
    uint64_t factor;
    uint64_t offset;
};

/* Draws one. */
struct prefix_map prefix_map_draw(struct rng *rng, uint64_t modulus);

/* The number of `index`, which is below the modulus. */
uint64_t prefix_map_at(const struct prefix_map *self, uint64_t index);
