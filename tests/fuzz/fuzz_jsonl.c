/* Any bytes as a JSON Lines file of prompts: refused with a line, or every prompt has messages of known
 * roles and a text, and the list has a hash. */
#include "base/text.h"
#include "suite/dataset.h"
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

static void check_prompt(const struct prompt *prompt)
{
    require(prompt->n_messages > 0);
    for (uint32_t i = 0; i < prompt->n_messages; i++) {
        const struct message *message = &prompt->messages[i];
        require(message->content[0] != '\0');
        require(text_is_utf8(message->content, strlen(message->content)));
        require(
            text_equal(message->role, "user") || text_equal(message->role, "system") ||
            text_equal(message->role, "assistant"));
    }
    require(text_equal(prompt->messages[prompt->n_messages - 1].role, "user"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct prompt_list list = {.arena = &arena};
    struct error err = {0};
    const struct reader_input input = {"f", (const char *)data, size, NULL};
    if (jsonl_read(&input, &list, &err) == 0) {
        for (uint32_t i = 0; i < list.n; i++) {
            check_prompt(&list.items[i]);
        }
        char hash[65];
        dataset_hash(list.items, list.n, hash);
        require(strlen(hash) == 64);
    } else {
        require(err.code == ERROR_PARSE || err.code == ERROR_LIMIT);
        require(text_starts_with(err.text, "f:"));
    }
    prompt_list_done(&list);
    arena_done(&arena);
    return 0;
}
