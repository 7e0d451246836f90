/* Any bytes as a ShareGPT file: refused in one line, or every conversation counted once and every kept
 * prompt a text of a usual length. */
#include "base/text.h"
#include "suite/dataset_readers.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_prompts(const struct prompt_list *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const char *text = list->items[i].messages[0].content;
        const size_t len = strlen(text);
        require(text_is_utf8(text, len));
        require(sharegpt_nominal_tokens(len) >= SHAREGPT_TOKENS_MIN);
        require(
            sharegpt_nominal_tokens(len) + list->items[i].max_tokens <= SHAREGPT_TOTAL_TOKENS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The reader repairs its text in place. */
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    struct arena arena = {0};
    struct prompt_list list = {.arena = &arena};
    struct sharegpt_counts counts = {0};
    struct error err = {0};
    const struct sharegpt_input input = {"f", text, size, 1, 3};
    if (sharegpt_read(&input, &list, &counts, &err) == 0) {
        require(list.n == (counts.n_usable < 3 ? counts.n_usable : 3));
        require(
            counts.n_usable + counts.n_no_turns + counts.n_not_human + counts.n_no_answer +
                counts.n_bad_text + counts.n_too_short + counts.n_too_long ==
            counts.n_conversations);
        check_prompts(&list);
    } else {
        require(err.code == ERROR_PARSE && err.text[0] == 'f');
    }
    prompt_list_done(&list);
    arena_done(&arena);
    free(text);
    return 0;
}
