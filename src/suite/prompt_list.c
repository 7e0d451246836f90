/* Sampling is selection without repetition that keeps the order: each prompt is taken with the
 * probability (still wanted) / (still to come), which makes every subset equally likely.
 * Source: Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S. */
#include "suite/prompt_list.h"

#include "base/mem.h"
#include "base/rng.h"
#include "suite/dataset.h"

#include <assert.h>
#include <stdlib.h>

/* Sub-stream of the prompt order that draws the kept prompts, apart from those that number
 * requests. */
#define SAMPLE_SUBSTREAM (UINT64_C(1) << 48)

enum {
    LIST_FIRST_CAP = 256
};

void prompt_list_done(struct prompt_list *self)
{
    free(self->items);
    free(self->scored);
    *self = (struct prompt_list){0};
}

void prompt_list_add(struct prompt_list *self, const struct prompt *prompt)
{
    assert(self->n < DATASET_PROMPTS_MAX);
    if (self->n == self->cap) {
        self->cap = self->cap == 0 ? LIST_FIRST_CAP : self->cap * 2;
        self->items = mem_resize(self->items, self->cap, sizeof(*self->items));
    }
    self->items[self->n++] = *prompt;
}

void prompt_list_add_scored(
    struct prompt_list *self, const struct prompt *prompt, const struct item *item)
{
    const uint32_t cap = self->cap;
    prompt_list_add(self, prompt);
    if (self->cap != cap) {
        self->scored = mem_resize(self->scored, self->cap, sizeof(*self->scored));
    }
    self->scored[self->n - 1] = *item;
}

struct prompt prompt_of_text(struct arena *arena, const char *text, uint32_t max_tokens)
{
    struct message *message = arena_alloc(arena, sizeof(*message));
    *message = (struct message){.role = "user", .content = text};
    return (struct prompt){.messages = message, .n_messages = 1, .max_tokens = max_tokens};
}

uint32_t *prompt_sample(uint64_t seed, uint32_t n, uint32_t n_wanted, uint32_t *out_n)
{
    assert(n > 0);
    const uint32_t n_kept = n_wanted == 0 || n_wanted > n ? n : n_wanted;
    uint32_t *kept = mem_alloc(n_kept, sizeof(*kept));
    struct rng rng;
    rng_init_sub(&rng, seed, RNG_STREAM_PROMPT_ORDER, SAMPLE_SUBSTREAM);
    uint32_t n_taken = 0;
    for (uint32_t i = 0; n_taken < n_kept; i++) {
        if (rng_below(&rng, n - i) < n_kept - n_taken) {
            kept[n_taken++] = i;
        }
    }
    *out_n = n_kept;
    return kept;
}
