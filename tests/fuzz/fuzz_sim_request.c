/* Feeds a simulated engine with arbitrary bytes, once whole and once in pieces: it must not fall over,
 * and where the style does not drop pipelined requests both must give the same answers. */
#include "base/bytes.h"
#include "base/clock.h"
#include "sim/sim.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    STEPS_MAX = 2000,
    BODY_MAX = 1 << 16
};

static void take_actions(struct sim *sim, struct bytes *out)
{
    struct sim_action action;
    for (int i = 0; i < STEPS_MAX && sim_step(sim, NS_PER_S, &action); i++) {
        if (action.kind != SIM_WRITE) {
            sim_conn_gone(sim, action.conn, NS_PER_S);
            return;
        }
        if (action.len == 0) {
            abort();
        }
        bytes_add(out, action.data, action.len);
    }
}

/* Runs the engine to its end or to a limit; keeps what it writes. */
static void
run(enum sim_style style, const char *data, size_t size, size_t piece, struct bytes *out)
{
    const struct sim_options options = {
        .style = style, .tokens = 3, .itl_ns = 1, .max_batch = 2, .max_model_len = 64};
    struct sim *sim = NULL;
    struct error err = {0};
    const int result = sim_open(&options, NULL, &sim, &err);
    assert(result == 0);
    (void)result;
    struct sim_conn *conn = sim_connect(sim, 0, NULL);
    for (size_t at = 0; at < size; at += piece) {
        sim_input(sim, conn, data + at, size - at < piece ? size - at : piece, 0);
    }
    take_actions(sim, out);
    sim_free(sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > BODY_MAX) {
        return 0;
    }
    struct bytes whole;
    struct bytes pieces;
    bytes_init(&whole, BYTES_MAX_DEFAULT);
    bytes_init(&pieces, BYTES_MAX_DEFAULT);
    const char *text = (const char *)data;
    run(SIM_STYLE_LLAMACPP, text, size, size + 1, &whole);
    bytes_clear(&whole);
    run(SIM_STYLE_VLLM, text, size, size + 1, &whole);
    run(SIM_STYLE_VLLM, text, size, 1 + size / 3, &pieces);
    assert(whole.len == pieces.len);
    assert(whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0);
    bytes_done(&whole);
    bytes_done(&pieces);
    return 0;
}
