/* composer.h - what the makers of composed workloads share. */
#pragma once

#include "suite/composed.h"
#include "suite/prefix_map.h"
#include "suite/prose_text.h"

/* A set while it is made. */
struct composer {
    const struct composed_plan *plan;
    uint64_t seed;
    struct prose prose;
    struct prefix_map beginnings;
    struct prompt_list *out;
    struct bytes text; /* the one being written */
};

void composer_init(
    struct composer *out,
    const struct composed_plan *plan,
    uint64_t seed,
    struct prompt_list *prompts);
void composer_done(struct composer *self);

/* Three names that no other number has together; a prompt begins with them. */
struct beginning {
    const char *first;
    const char *last;
    const char *town;
};

struct beginning composer_beginning(const struct composer *self, uint64_t number);

/* How many there are. */
uint64_t composer_beginnings(const struct prose *prose);

/* The stream of prompt, conversation or group `index`. */
void composer_rng(const struct composer *self, uint64_t index, struct rng *out);

/* A scene in `town` with a subject drawn at random. */
void composer_scene(
    const struct composer *self, struct rng *rng, const char *town, struct prose_scene *out);

/* Appends an item of a kind with its slots filled. */
void composer_add(struct composer *self, struct prose_scene *scene, const char *kind);

/* The written text as a copy that lives as long as the set; the next one begins empty. */
const char *composer_take(struct composer *self);

/* Appends paragraphs until self->text has `n_tokens` nominal tokens, but for `n_later` that the caller
 * still adds. */
void composer_fill(
    struct composer *self, struct prose_scene *scene, uint32_t n_tokens, uint32_t n_later);

/* Draws `n` facts of the scene and rising places for them. */
enum {
    COMPOSER_FACTS_MAX = 8
};

struct planted_facts {
    struct prose_fact facts[COMPOSER_FACTS_MAX];
    double depths[COMPOSER_FACTS_MAX];
    uint32_t n;
};

void composer_draw_facts(
    struct composer *self, struct prose_scene *scene, uint32_t n, struct planted_facts *out);

void composed_make_documents(struct composer *self);
void composed_make_rag(struct composer *self);
void composed_make_turns(struct composer *self);
void composed_make_shared(struct composer *self);
