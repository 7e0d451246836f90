/* One system prompt for all prompts of a group, with facts planted in it, and letters that differ and ask
 * for one of them.  The salt goes in front of the letter, behind what is shared. */
#include "base/mem.h"
#include "suite/composer.h"

#include <assert.h>
#include <stdlib.h>

enum {
    TOKENS_A_FACT = 100 /* of the prefix, for each planted fact */
};

/* Groups draw from streams of their own, behind those of the prompts. */
#define GROUP_SUBSTREAM (UINT64_C(1) << 40)

struct group {
    const char *prefix;
    struct planted_facts facts;
};

static void make_group(struct composer *self, uint32_t number, struct group *out)
{
    const uint32_t n_tokens = self->plan->prefix;
    struct rng rng;
    composer_rng(self, GROUP_SUBSTREAM + number, &rng);
    const struct beginning who = composer_beginning(self, number);
    struct prose_scene scene;
    composer_scene(self, &rng, who.town, &scene);
    const uint32_t n_facts = n_tokens / TOKENS_A_FACT;
    composer_draw_facts(
        self, &scene, n_facts < COMPOSER_FACTS_MAX ? n_facts : COMPOSER_FACTS_MAX, &out->facts);
    bytes_add_format(
        &self->text, "%s %s of %s has asked you to answer the letters about ", who.first, who.last,
        who.town);
    composer_add(self, &scene, "subject");
    bytes_add_text(&self->text, ". What you need to know stands below; use nothing else.");
    const struct prose_outline outline = {
        .n_tokens = n_tokens - prose_tokens(self->text.data),
        .headings = true,
        .facts = out->facts.facts,
        .depths = out->facts.depths,
        .n_facts = out->facts.n,
    };
    prose_text_write(&scene, &outline, &self->text);
    out->prefix = composer_take(self);
}

static void make_prompt(struct composer *self, uint32_t index, const struct group *group)
{
    const struct composed_plan *plan = self->plan;
    struct rng rng;
    composer_rng(self, index, &rng);
    const struct beginning who = composer_beginning(self, (uint64_t)plan->groups + index);
    struct prose_scene scene;
    composer_scene(self, &rng, who.town, &scene);
    const struct prose_fact *asked = &group->facts.facts[rng_below(&rng, group->facts.n)];
    CLEANUP(mem_freep) char *question = mem_format("\n\nBut tell me: %s", asked->question);
    bytes_add_format(&self->text, "%s %s of %s writes:", who.first, who.last, who.town);
    composer_fill(self, &scene, plan->suffix, prose_tokens(question));
    bytes_add_text(&self->text, question);
    struct message *messages = arena_alloc(self->out->arena, 2 * sizeof(*messages));
    messages[0] = (struct message){"system", group->prefix};
    messages[1] = (struct message){"user", composer_take(self)};
    const struct prompt prompt = {
        .messages = messages,
        .n_messages = 2,
        .max_tokens = plan->output,
        .salt_message = 1,
        .n_nominal = plan->prefix + plan->suffix,
    };
    prompt_list_add(self->out, &prompt);
}

void composed_make_shared(struct composer *self)
{
    const struct composed_plan *plan = self->plan;
    assert(plan->groups > 0); /* recipes with 0 are refused */
    CLEANUP(mem_freep) struct group *groups = mem_alloc(plan->groups, sizeof(*groups));
    for (uint32_t i = 0; i < plan->groups; i++) {
        make_group(self, i, &groups[i]);
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        make_prompt(self, i, &groups[i % plan->groups]);
    }
}
