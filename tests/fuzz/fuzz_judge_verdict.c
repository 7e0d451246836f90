/* Any bytes as a judge's answer: no verdict, with a reason in one line, or a verdict that the bytes name
 * exactly once behind the key, and that one method alone takes. */
#include "fuzz/require.h"
#include "suite/judge_verdict.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned n_taken = 0;
    for (unsigned i = 0; i < JUDGE_METHOD_COUNT; i++) {
        struct error err = {0};
        bool right = false;
        const int status =
            judge_verdict_read((enum judge_method)i, (const char *)data, size, &right, &err);
        if (status == 0) {
            require(err.code == ERROR_NONE && memchr(data, '{', size) != NULL);
            n_taken++;
        } else {
            require(err.code == ERROR_PARSE && err.text[0] != '\0');
            require(strchr(err.text, '\n') == NULL);
        }
    }
    require(n_taken <= 1);
    return 0;
}
