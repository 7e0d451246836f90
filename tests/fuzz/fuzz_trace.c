/* Any bytes as a trace: refused with a line, or times ascend from 0 and lengths can be sent; a short prompt of it
 * can be written. */
#include "base/text.h"
#include "suite/synthetic.h"
#include "suite/trace.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_trace(const struct trace *trace)
{
    require(trace->n > 0 && trace->requests[0].at_ns == 0);
    for (uint32_t i = 0; i < trace->n; i++) {
        const struct trace_request *request = &trace->requests[i];
        require(i == 0 || request->at_ns >= trace->requests[i - 1].at_ns);
        require(request->input >= SYNTHETIC_INPUT_MIN && request->input <= TRACE_TOKENS_MAX);
        require(request->output >= 1 && request->output <= TRACE_TOKENS_MAX);
    }
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    const uint32_t last = trace->n - 1;
    const uint32_t most = 2 * TRACE_BLOCK_TOKENS;
    const uint32_t n = trace->requests[last].input;
    trace_write(&(struct trace_text){trace, 42, last, n < most ? n : most, 0}, &text);
    require(text.len > 0 && text.data[text.len - 1] == '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct trace trace;
    struct error err = {0};
    const struct reader_input input = {"f", (const char *)data, size, NULL};
    if (trace_read(&input, 0, &arena, &trace, &err) == 0) {
        check_trace(&trace);
    } else {
        require(err.code == ERROR_PARSE || err.code == ERROR_LIMIT);
        require(text_starts_with(err.text, "f:"));
    }
    arena_done(&arena);
    return 0;
}
