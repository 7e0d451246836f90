/* A long text about a town, with four sentences planted in it that have nothing to do with the rest, and
 * a question about one of them at its end: only who reads it all can answer. */
#include "base/mem.h"
#include "suite/composer.h"

#include <math.h>

enum {
    DOCUMENT_FACTS = 4
};

static uint32_t draw_length(const struct composed_lengths *lengths, struct rng *rng, uint64_t index)
{
    if (!lengths->range) {
        return lengths->values[index % lengths->n];
    }
    const double low = log((double)lengths->values[0]);
    const double high = log((double)lengths->values[1]);
    return (uint32_t)lround(exp(low + (high - low) * rng_uniform(rng)));
}

static char *
write_question(const struct composer *self, struct beginning who, const struct prose_fact *asked)
{
    if (self->plan->question == QUESTION_SUMMARY) {
        return mem_format(
            "\n\nThis is the end of the document. Summarise it for %s %s in about 150 words.",
            who.first, who.last);
    }
    return mem_format(
        "\n\nThis is the end of the document. %s %s asks: %s Quote the sentence that says so. Then "
        "tell in about 150 words what else the document says.",
        who.first, who.last, asked->question);
}

static void make_document(struct composer *self, uint64_t index)
{
    struct rng rng;
    composer_rng(self, index, &rng);
    const uint32_t n_tokens = draw_length(&self->plan->tokens, &rng, index);
    const struct beginning who = composer_beginning(self, index);
    struct prose_scene scene;
    composer_scene(self, &rng, who.town, &scene);
    struct planted_facts facts;
    composer_draw_facts(self, &scene, DOCUMENT_FACTS, &facts);
    CLEANUP(mem_freep)
    char *question = write_question(self, who, &facts.facts[rng_below(&rng, DOCUMENT_FACTS)]);
    bytes_add_format(&self->text, "%s %s, %s: ", who.first, who.last, who.town);
    composer_add(self, &scene, "title");
    const struct prose_outline outline = {
        .n_tokens = n_tokens - prose_tokens(self->text.data) - prose_tokens(question),
        .headings = true,
        .facts = facts.facts,
        .depths = facts.depths,
        .n_facts = facts.n,
    };
    prose_text_write(&scene, &outline, &self->text);
    bytes_add_text(&self->text, question);
    struct prompt prompt =
        prompt_of_text(self->out->arena, composer_take(self), self->plan->output);
    prompt.n_nominal = n_tokens;
    prompt_list_add(self->out, &prompt);
}

void composed_make_documents(struct composer *self)
{
    for (uint32_t i = 0; i < self->plan->n; i++) {
        make_document(self, i);
    }
}
