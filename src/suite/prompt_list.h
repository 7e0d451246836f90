/* prompt_list.h - what the readers of datasets fill, and the choice of a part of it. */
#pragma once

#include "base/arena.h"
#include "engine/prompt.h"
#include "suite/item.h"

/* A growing list; texts and messages belong to `arena`, the list itself to the heap. */
struct prompt_list {
    struct arena *arena;
    struct prompt *items;
    struct item_options wanted; /* with a method: readers of files read items, too */
    struct item *scored;        /* one for each prompt where items are wanted; else NULL */
    uint32_t n;
    uint32_t cap;
};

void prompt_list_done(struct prompt_list *self);

/* Appends; the number of prompts must be below DATASET_PROMPTS_MAX. */
void prompt_list_add(struct prompt_list *self, const struct prompt *prompt);

/* Appends a prompt with what its answer is held against; every prompt of a list has it, or none. */
void prompt_list_add_scored(
    struct prompt_list *self, const struct prompt *prompt, const struct item *item);

/* A prompt of one user message; `text` is borrowed. */
struct prompt prompt_of_text(struct arena *arena, const char *text, uint32_t max_tokens);

/* Draws min(n, n_wanted) different numbers below `n` (n > 0) by the seed, in ascending order.
 * n_wanted 0: all of them.  Returns them, the caller's to free; *out_n is how many. */
uint32_t *prompt_sample(uint64_t seed, uint32_t n, uint32_t n_wanted, uint32_t *out_n)
    __attribute__((returns_nonnull));
