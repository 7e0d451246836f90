/* Adding a drawn number and multiplying by one that has no factor in common with the modulus.  All are
 * below 2^28, so nothing overflows. */
#include "suite/prefix_map.h"

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

struct prefix_map prefix_map_draw(struct rng *rng, uint64_t modulus)
{
    struct prefix_map map = {.modulus = modulus, .offset = rng_below(rng, modulus)};
    do {
        map.factor = rng_below(rng, modulus);
    } while (common_divisor(modulus, map.factor) != 1);
    return map;
}

uint64_t prefix_map_at(const struct prefix_map *self, uint64_t index)
{
    return (index * self->factor + self->offset) % self->modulus;
}
