/* The order is a keyed permutation (a small Feistel network with cycle walking), so that no table of
 * indices has to be built or kept while measuring. */
#include "load/workload.h"

#include "base/mem.h"
#include "base/rng.h"
#include "codec/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEISTEL_ROUNDS = 6
};

static uint32_t mix32(uint64_t x)
{
    /* The finaliser of SplitMix64. */
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((x ^ (x >> 31)) >> 32);
}

static uint32_t feistel(uint64_t key, unsigned half_bits, uint32_t value)
{
    const uint32_t mask = (uint32_t)((UINT64_C(1) << half_bits) - 1);
    uint32_t left = value >> half_bits;
    uint32_t right = value & mask;
    for (unsigned round = 0; round < FEISTEL_ROUNDS; round++) {
        const uint32_t mixed = mix32(key + ((uint64_t)round << 40) + right) & mask;
        const uint32_t next = left ^ mixed;
        left = right;
        right = next;
    }
    return (left << half_bits) | right;
}

/* Requests of one round: conversations, or the whole pool. */
static uint32_t round_len(const struct workload *self)
{
    return self->n / self->n_rounds;
}

uint32_t workload_prompt_of(const struct workload *self, uint64_t index)
{
    if (self->in_order) {
        return (uint32_t)(index % self->n);
    }
    const uint32_t n = round_len(self);
    const uint32_t at = (uint32_t)(index % self->n);
    struct rng rng;
    rng_init_sub(&rng, self->seed, RNG_STREAM_PROMPT_ORDER, index / self->n);
    const uint64_t key = rng_next(&rng);
    unsigned half_bits = 1;
    while ((UINT64_C(1) << (2 * half_bits)) < n) {
        half_bits++;
    }
    uint32_t value = at % n;
    do {
        value = feistel(key, half_bits, value);
    } while (value >= n);
    return at / n * n + value;
}

/* Turns of one conversation in one walk have the same. */
static uint64_t salt_index(const struct workload *self, uint64_t index)
{
    const uint32_t n = round_len(self);
    return index / self->n * n + index % n;
}

uint32_t workload_render(const struct workload *self, uint64_t index, char *out)
{
    const struct rendered *request = &self->requests[workload_prompt_of(self, index)];
    memcpy(out, request->bytes, request->len);
    if (request->salt_at > 0) {
        prompt_salt_write(out + request->salt_at, self->seed, salt_index(self, index));
    }
    return request->len;
}

void workload_digest(const struct workload *self, char out_hex[65])
{
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    CLEANUP(mem_freep) char *bytes = mem_alloc((size_t)self->len_max + 1, 1);
    for (uint64_t index = 0; index < self->n; index++) {
        const uint32_t len = workload_render(self, index, bytes);
        const uint32_t head_len = self->requests[workload_prompt_of(self, index)].head_len;
        bytes[len] = '\n';
        digest_add(digest, bytes + head_len, (size_t)(len - head_len) + 1);
    }
    uint8_t hash[DIGEST_SIZE];
    digest_finish(digest, hash);
    digest_hex(hash, out_hex);
}

int workload_init(struct workload *out, const struct workload_source *source, struct error *err)
{
    const uint32_t n = source->n_prompts;
    const uint32_t n_rounds = source->n_rounds == 0 ? 1 : source->n_rounds;
    assert(n > 0 && n % n_rounds == 0);
    struct workload self = {
        .engine = source->engine,
        .requests = mem_alloc(n, sizeof(struct rendered)),
        .n = n,
        .n_rounds = n_rounds,
        .seed = source->shape->seed,
        .max_tokens = source->shape->max_tokens,
        .in_order = source->in_order,
    };
    for (uint32_t i = 0; i < n; i++) {
        const struct prompt *prompt = &source->prompts[i];
        const int result = source->engine->render_request(
            source->engine, source->target, source->shape, prompt, &self.requests[i], err);
        if (result < 0) {
            workload_done(&self);
            return result;
        }
        self.len_max = self.requests[i].len > self.len_max ? self.requests[i].len : self.len_max;
        self.max_tokens =
            prompt->max_tokens > self.max_tokens ? prompt->max_tokens : self.max_tokens;
    }
    *out = self;
    return 0;
}

void workload_done(struct workload *self)
{
    for (uint32_t i = 0; i < self->n; i++) {
        free(self->requests[i].bytes);
    }
    free(self->requests);
    *self = (struct workload){0};
}
