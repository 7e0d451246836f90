/* One process judges all answers of a point. */
#include "suite/plugin_score.h"

#include "base/mem.h"
#include "suite/plugin_object.h"
#include "suite/score_text.h"

int plugin_score(
    const struct plugin *self,
    const struct plugin_answers *answers,
    double *scores,
    char reason[ERROR_TEXT_MAX],
    struct error *err)
{
    CLEANUP(mem_freep) struct bench_answer *given = mem_alloc(answers->n, sizeof(*given));
    CLEANUP(arena_done) struct arena arena = {0};
    for (size_t i = 0; i < answers->n; i++) {
        CLEANUP(bytes_done) struct bytes text;
        bytes_init(&text, BYTES_MAX_DEFAULT);
        score_strip_reasoning(answers->items[i].text, &text);
        given[i] = (struct bench_answer){
            .size = sizeof(given[i]),
            .benchmark = answers->benchmark,
            .request = answers->items[i].request,
            .text = arena_copy(&arena, text.data, text.len),
            .len = text.len,
        };
    }
    const struct plugin_scoring scoring = {answers->benchmark, answers->seed, given, answers->n};
    return plugin_object_score(self, &scoring, scores, reason, err);
}
