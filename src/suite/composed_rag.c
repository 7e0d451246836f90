/* A question, the passages that a search found, and the instruction to answer from them alone.  One
 * passage holds the answer; some are from the same papers and hold other facts; the rest is about other
 * towns.  The question comes first: behind the passages it would follow a text that others share. */
#include "base/mem.h"
#include "suite/composer.h"

#include <stdlib.h>

enum {
    RELATED_SHARE = 4 /* one passage in four is from the right papers, but not the right page */
};

/* A passage: "Source 3: Yearly report of ..." and its text. */
static void write_chunk(
    struct composer *self,
    struct prose_scene *scene,
    uint32_t number,
    const struct planted_facts *facts)
{
    const size_t from = self->text.len;
    bytes_add_format(&self->text, "\n\nSource %u: ", number);
    prose_scene_begin_paragraph(scene);
    composer_add(self, scene, "header");
    const uint32_t n_header = prose_tokens(self->text.data + from);
    const struct prose_outline outline = {
        .n_tokens = self->plan->chunk_tokens - n_header,
        .facts = facts->facts,
        .depths = facts->depths,
        .n_facts = facts->n,
    };
    prose_text_write(scene, &outline, &self->text);
}

static void make_prompt(struct composer *self, uint64_t index, uint32_t *order)
{
    const uint32_t n_chunks = self->plan->chunks;
    struct rng rng;
    composer_rng(self, index, &rng);
    const struct beginning who = composer_beginning(self, index);
    struct prose_scene scene;
    composer_scene(self, &rng, who.town, &scene);
    struct planted_facts asked;
    composer_draw_facts(self, &scene, 1, &asked);
    bytes_add_format(
        &self->text, "%s %s of %s asks: %s", who.first, who.last, who.town,
        asked.facts[0].question);
    rng_permutation(&rng, order, n_chunks);
    for (uint32_t i = 0; i < n_chunks; i++) {
        struct planted_facts other;
        if (order[i] == 0) {
            write_chunk(self, &scene, i + 1, &asked);
        } else if (order[i] <= n_chunks / RELATED_SHARE) {
            composer_draw_facts(self, &scene, 1, &other);
            write_chunk(self, &scene, i + 1, &other);
        } else {
            const struct prose_list *towns = prose_common(&self->prose, "town");
            struct prose_scene elsewhere;
            composer_scene(self, &rng, towns->items[rng_below(&rng, towns->n)], &elsewhere);
            other.n = 0;
            write_chunk(self, &elsewhere, i + 1, &other);
        }
    }
    bytes_add_format(
        &self->text,
        "\n\nAnswer the question of %s %s from these sources and from nothing else. Name the number "
        "of each source that you use. If no source holds the answer, say so.",
        who.first, who.last);
    const char *text = composer_take(self);
    struct prompt prompt = prompt_of_text(self->out->arena, text, self->plan->output);
    prompt.n_nominal = prose_tokens(text);
    prompt_list_add(self->out, &prompt);
}

void composed_make_rag(struct composer *self)
{
    CLEANUP(mem_freep) uint32_t *order = mem_alloc(self->plan->chunks, sizeof(*order));
    for (uint32_t i = 0; i < self->plan->n; i++) {
        make_prompt(self, i, order);
    }
}
