/* Metrics: slices lie inside the text, labels are found where they stand, values decode into their own
 * length, and what is broken stays broken. */
#include "base/mem.h"
#include "codec/prometheus.h"
#include "fuzz/require.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_inside(const struct prometheus *reader, const char *begin, const char *at, size_t len)
{
    return at >= begin && at + len <= reader->end;
}

static void check_sample(const struct prometheus *reader, const char *begin)
{
    static const char *const names[] = {"le", "engine", "tp_rank", "a", ""};
    require(reader->name_len > 0 && is_inside(reader, begin, reader->name, reader->name_len));
    require(is_inside(reader, begin, reader->labels, reader->labels_len));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *raw = NULL;
        size_t len = 0;
        if (prometheus_label(reader, names[i], &raw, &len)) {
            CLEANUP(mem_freep) char *text = mem_alloc(len + 1, 1);
            require(raw >= reader->labels && raw + len < reader->labels + reader->labels_len);
            require(prometheus_unescape(raw, len, text) <= len);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(mem_freep) char *text = mem_alloc(size, 1);
    memcpy(text, data, size);
    struct prometheus reader;
    prometheus_init(&reader, text, size);
    uint64_t line = 0;
    int outcome = PROMETHEUS_END;
    while ((outcome = prometheus_next(&reader)) == PROMETHEUS_SAMPLE) {
        require(reader.line > line);
        line = reader.line;
        check_sample(&reader, text);
    }
    require((outcome == PROMETHEUS_BROKEN) == (reader.fault != NULL));
    require(prometheus_next(&reader) == outcome);
    return 0;
}
