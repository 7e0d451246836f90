/* Conversations whose earlier answers are written here, so that what is sent does not depend on what the
 * engine said.  The prompts of all first turns come first, then those of all second turns, and so on; a
 * turn's messages are the beginning of the next turn's, in the same memory. */
#include "base/mem.h"
#include "suite/composer.h"

/* "Anna Ellis from Ashby here, ...", what the matter is, and what is asked. */
static void write_first_turn(struct composer *self, struct prose_scene *scene, struct beginning who)
{
    CLEANUP(bytes_done) struct bytes ask;
    bytes_init(&ask, BYTES_MAX_DEFAULT);
    prose_draw(scene, "ask", true, &ask);
    bytes_add_format(
        &self->text, "%s %s from %s here. I have to speak about ", who.first, who.last, who.town);
    composer_add(self, scene, "subject");
    bytes_add_text(&self->text, ", and this is what I know so far.");
    composer_fill(self, scene, self->plan->user, prose_tokens(ask.data));
    bytes_add_format(&self->text, "\n\n%s", ask.data);
}

static void
write_turn(struct composer *self, struct prose_scene *scene, const char *kind, uint32_t n)
{
    prose_scene_begin_paragraph(scene);
    CLEANUP(bytes_done) struct bytes first;
    bytes_init(&first, BYTES_MAX_DEFAULT);
    prose_draw(scene, kind, true, &first);
    bytes_add(&self->text, first.data, first.len);
    composer_fill(self, scene, n, 0);
}

/* The messages of all its turns. */
struct conversation {
    struct message *messages;
};

static struct message *make_conversation(struct composer *self, uint64_t index)
{
    const struct composed_plan *plan = self->plan;
    const uint32_t n_messages = 2 * plan->turns - 1;
    struct message *messages = arena_alloc(self->out->arena, n_messages * sizeof(*messages));
    struct rng rng;
    composer_rng(self, index, &rng);
    const struct beginning who = composer_beginning(self, index);
    struct prose_scene scene;
    composer_scene(self, &rng, who.town, &scene);
    for (uint32_t i = 0; i < n_messages; i++) {
        if (i == 0) {
            write_first_turn(self, &scene, who);
        } else if (i % 2 == 0) {
            write_turn(self, &scene, "follow", plan->user);
        } else {
            write_turn(self, &scene, "lead", plan->answer);
        }
        messages[i].role = i % 2 == 0 ? "user" : "assistant";
        messages[i].content = composer_take(self);
    }
    return messages;
}

void composed_make_turns(struct composer *self)
{
    const struct composed_plan *plan = self->plan;
    CLEANUP(mem_freep) struct conversation *all = mem_alloc(plan->n, sizeof(*all));
    for (uint32_t i = 0; i < plan->n; i++) {
        all[i].messages = make_conversation(self, i);
    }
    for (uint32_t turn = 0; turn < plan->turns; turn++) {
        for (uint32_t i = 0; i < plan->n; i++) {
            const struct prompt prompt = {
                .messages = all[i].messages,
                .n_messages = 2 * turn + 1,
                .max_tokens = plan->output,
                .n_nominal = (turn + 1) * plan->user + turn * plan->answer,
            };
            prompt_list_add(self->out, &prompt);
        }
    }
}
