/* Any bytes as a records file: they are refused, or what was read can be written, read again and
 * computed from. */
#include "base/mem.h"
#include "envelope/records_file.h"
#include "stats/summary.h"
#include "support/records_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bootstrap intervals cost time that grows with the records. */
enum {
    SUMMARY_RECORDS_MAX = 4
};

static void write_loaded(const struct records_loaded *loaded, struct bytes *out)
{
    bytes_init(out, BYTES_MAX_DEFAULT);
    records_text(
        loaded->run_id, &loaded->facts, &loaded->records,
        loaded->records.has_events ? RECORDS_FULL : RECORDS_REQUESTS, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct records_loaded loaded;
    struct records_loaded again;
    struct error err = {0};
    if (records_parse("fuzz", (const char *)data, size, &loaded, &err) < 0) {
        assert(strncmp(err.text, "fuzz:", 5) == 0);
        return 0;
    }
    struct bytes first;
    struct bytes second;
    write_loaded(&loaded, &first);
    const int rc = records_parse("again", first.data, first.len, &again, &err);
    assert(rc == 0);
    write_loaded(&again, &second);
    assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    if (loaded.records.n <= SUMMARY_RECORDS_MAX) {
        struct summary *summary = MEM_NEW(struct summary);
        summary_compute(&loaded.facts, &loaded.records, summary);
        free(summary);
    }
    bytes_done(&first);
    bytes_done(&second);
    records_loaded_done(&again);
    records_loaded_done(&loaded);
    return 0;
}
