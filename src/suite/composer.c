/* Everything is drawn from streams of the prompt's own, so prompt i does not depend on how many there
 * are. */
#include "suite/composer.h"

#include "base/mem.h"
#include "suite/dataset.h"

#include <assert.h>

/* The seed's own sub-stream; prompts, conversations and groups have those from 0. */
#define BEGINNINGS_SUBSTREAM (UINT64_C(1) << 48)

uint64_t composer_beginnings(const struct prose *prose)
{
    return (uint64_t)prose_common(prose, "first")->n * prose_common(prose, "last")->n *
           prose_common(prose, "town")->n;
}

void composer_init(
    struct composer *out,
    const struct composed_plan *plan,
    uint64_t seed,
    struct prompt_list *prompts)
{
    *out = (struct composer){.plan = plan, .seed = seed, .out = prompts};
    prose_init(&out->prose);
    bytes_init(&out->text, DATASET_FILE_MAX);
    struct rng rng;
    rng_init_sub(&rng, seed, RNG_STREAM_PROSE, BEGINNINGS_SUBSTREAM);
    out->beginnings = prefix_map_draw(&rng, composer_beginnings(&out->prose));
}

void composer_done(struct composer *self)
{
    prose_done(&self->prose);
    bytes_done(&self->text);
}

struct beginning composer_beginning(const struct composer *self, uint64_t number)
{
    assert(number < self->beginnings.modulus);
    uint64_t rest = prefix_map_at(&self->beginnings, number);
    const char *names[3];
    static const char *const kinds[3] = {"first", "last", "town"};
    for (int i = 0; i < 3; i++) {
        const struct prose_list *list = prose_common(&self->prose, kinds[i]);
        /* The set outlives the corpus, but its texts are copies. */
        names[i] = list->items[rest % list->n];
        rest /= list->n;
    }
    return (struct beginning){names[0], names[1], names[2]};
}

void composer_rng(const struct composer *self, uint64_t index, struct rng *out)
{
    rng_init_sub(out, self->seed, RNG_STREAM_PROSE, index);
}

void composer_scene(
    const struct composer *self, struct rng *rng, const char *town, struct prose_scene *out)
{
    prose_scene_init(out, &self->prose, rng, town);
    prose_scene_turn_to(out, (uint32_t)rng_below(rng, self->prose.n_subjects));
}

void composer_add(struct composer *self, struct prose_scene *scene, const char *kind)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    prose_draw(scene, kind, false, &text);
    bytes_add(&self->text, text.data, text.len);
}

const char *composer_take(struct composer *self)
{
    assert(!self->text.failed);
    const char *text = arena_copy(self->out->arena, self->text.data, self->text.len);
    bytes_clear(&self->text);
    return text;
}

void composer_fill(
    struct composer *self, struct prose_scene *scene, uint32_t n_tokens, uint32_t n_later)
{
    const uint32_t n_written = prose_tokens(self->text.data);
    assert(n_written + n_later + PROSE_TEXT_MIN <= n_tokens);
    const struct prose_outline outline = {.n_tokens = n_tokens - n_written - n_later};
    prose_text_write(scene, &outline, &self->text);
}

void composer_draw_facts(
    struct composer *self, struct prose_scene *scene, uint32_t n, struct planted_facts *out)
{
    assert(n <= COMPOSER_FACTS_MAX);
    out->n = n;
    for (uint32_t i = 0; i < n; i++) {
        prose_fact_draw(scene, self->out->arena, &out->facts[i]);
        /* Anywhere within its share of the text, so that the places rise. */
        out->depths[i] = ((double)i + rng_uniform(scene->rng)) / (double)n;
    }
}
