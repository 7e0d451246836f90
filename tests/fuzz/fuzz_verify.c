/* Any bytes as an envelope: every answer is a report or one line, and good means that no row failed. */
#include "base/mem.h"
#include "envelope/verify_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_report(const struct verify_report *report)
{
    bool good = true;
    for (size_t i = 0; i < report->n_checks; i++) {
        good = good && report->checks[i].result != CHECK_FAIL;
        const bool one_line = strpbrk(report->checks[i].text, "\n\t\033") == NULL;
        assert(one_line);
    }
    assert(good == report->good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct verify_report *report = MEM_NEW(struct verify_report);
    struct error err = {0};
    const int rc = verify_text("fuzz", (const char *)data, size, report, &err);
    if (rc == 0) {
        check_report(report);
    } else {
        assert(rc == -ERROR_PARSE);
    }
    free(report);
    return 0;
}
