/* Any bytes as an answer under judgement: the prompt is UTF-8, holds no mark of a chat template within the
 * answer's piece, and that piece ends where its writer ended it. */
#include "base/mem.h"
#include "base/text.h"
#include "fuzz/require.h"
#include "suite/judge_prompt.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count(const char *in, const char *text)
{
    unsigned n = 0;
    for (const char *p = strstr(in, text); p != NULL; p = strstr(p + 1, text)) {
        n++;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > JUDGE_MATERIAL_MAX / 2) {
        return 0;
    }
    static const struct message messages[] = {{"system", "You are Ada."}, {"user", "Who are you?"}};
    char *answer = mem_copy_bytes(data, size);
    for (unsigned i = 0; i < JUDGE_METHOD_COUNT; i++) {
        const struct judge_question question = {
            .method = (enum judge_method)i,
            .messages = messages,
            .n_messages = 2,
            .reference = answer,
            .answer = answer,
        };
        struct arena arena = {0};
        struct error err = {0};
        struct prompt prompt;
        char nonce[JUDGE_NONCE_SIZE];
        require(judge_prompt_write(&arena, 1, &question, nonce, &prompt, &err) == 0);
        const char *user = prompt.messages[1].content;
        require(text_is_utf8(user, strlen(user)));
        require(strstr(answer, nonce) == NULL);
        require(count(user, arena_format(&arena, "\n[end ANSWER %s]\n", nonce)) == 1);
        require(count(user, arena_format(&arena, "\n[end REFERENCE %s]\n", nonce)) == 1);
        require(strstr(user, "<|") == NULL && strstr(user, "[INST]") == NULL);
        arena_done(&arena);
    }
    free(answer);
    return 0;
}
