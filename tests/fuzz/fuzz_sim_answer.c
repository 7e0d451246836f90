/* Any bytes as a file of answers, and as a request's body: refused with a line, or every answer found is
 * whole pieces of JSON text. */
#include "base/mem.h"
#include "base/text.h"
#include "require.h"
#include "sim/sim_answer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct sim_answer *answer)
{
    require(answer->n_reasoning <= answer->n);
    for (uint32_t k = 1; k <= answer->n; k++) {
        const struct sim_piece piece = sim_answer_token(answer, 0, k);
        require(piece.len > 0 && strlen(piece.text) == piece.len);
        require(text_is_utf8(piece.text, piece.len));
    }
    require(sim_answer_token(answer, 0, answer->n + 1).len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char known[] = "{\"prompt_contains\":\"a\",\"answer\":\"b\"}";
    char *text = mem_copy_bytes(data, size);
    struct sim_answers *answers = NULL;
    struct error err = {0};
    if (sim_answers_open("f", text, &answers, &err) == 0) {
        static const char *const bodies[] = {
            "{\"prompt\":\"a\"}", "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}"};
        for (int chat = 0; chat <= 1; chat++) {
            const struct sim_answer *found =
                sim_answers_find(answers, bodies[chat], strlen(bodies[chat]), chat == 1);
            if (found != NULL) {
                check_answer(found);
            }
        }
        sim_answers_free(answers);
    } else {
        require(err.code == ERROR_PARSE || err.code == ERROR_LIMIT);
        require(text_starts_with(err.text, "f:"));
    }
    error_clear(&err);
    require(sim_answers_open("f", known, &answers, &err) == 0);
    const struct sim_answer *found = sim_answers_find(answers, text, size, (size & 1) == 1);
    require(found == NULL || found->n == 1);
    sim_answers_free(answers);
    free(text);
    return 0;
}
