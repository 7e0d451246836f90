/* The prompts of a trace: blocks of synthetic text, drawn by the seed and the block's id. */
#include "suite/trace.h"

#include "base/clock.h"
#include "suite/synthetic.h"

#include <math.h>

/* Numbers of synthetic texts that are blocks; prompts without blocks use those from 0. */
#define BLOCK_INDEX (UINT64_C(1) << 49)

static const struct synthetic_plan plain = {.distribution = DISTRIBUTION_CONSTANT};

/* How many of the `left` tokens go into the block at hand.  What is left for the next one must be enough
 * for a text. */
static uint32_t block_size(uint32_t left, bool is_last)
{
    if (is_last || left < TRACE_BLOCK_TOKENS + SYNTHETIC_INPUT_MIN) {
        return left;
    }
    return TRACE_BLOCK_TOKENS;
}

void trace_write(const struct trace_text *self, struct bytes *out)
{
    const struct trace_request *request = &self->trace->requests[self->index];
    if (request->n_blocks == 0) {
        synthetic_write(&plain, self->seed, self->index, self->n_tokens, self->variant, out);
        return;
    }
    CLEANUP(bytes_done) struct bytes block;
    bytes_init(&block, DATASET_FILE_MAX);
    bytes_clear(out);
    uint32_t left = self->n_tokens;
    for (uint32_t i = 0; left > 0; i++) {
        const uint32_t n = block_size(left, i + 1 == request->n_blocks);
        const uint32_t variant = n == left ? self->variant : 0;
        synthetic_write(&plain, self->seed, BLOCK_INDEX + request->blocks[i], n, variant, &block);
        bytes_add_text(out, i > 0 ? " " : "");
        bytes_add(out, block.data, block.len);
        left -= n;
    }
}

static void write_prompt(
    const struct prompt_maker *self,
    uint32_t index,
    uint32_t n_tokens,
    uint32_t variant,
    struct bytes *out)
{
    const struct trace_text text = {self->trace, self->seed, index, n_tokens, variant};
    trace_write(&text, out);
}

static void make_prompts(const struct trace *trace, struct prompt_set *set)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    set->n = trace->n;
    set->prompts = arena_alloc(&set->arena, trace->n * sizeof(*set->prompts));
    for (uint32_t i = 0; i < trace->n; i++) {
        const struct trace_request *request = &trace->requests[i];
        set->maker.write(&set->maker, i, request->input, 0, &text);
        set->prompts[i] = prompt_of_text(
            &set->arena, arena_copy(&set->arena, text.data, text.len), request->output);
        set->prompts[i].input_tokens = request->input;
    }
}

static void scale_times(const struct trace *trace, double speed, struct prompt_set *set)
{
    int64_t *at_ns = arena_alloc(&set->arena, trace->n * sizeof(*at_ns));
    for (uint32_t i = 0; i < trace->n; i++) {
        at_ns[i] = (int64_t)llround((double)trace->requests[i].at_ns / speed);
    }
    set->arrivals_ns = at_ns;
}

static void
add_facts(const struct trace *trace, const struct trace_plan *plan, struct prompt_set *set)
{
    static const char *const formats[] = {"mooncake", "azure"};
    struct arena *arena = &set->arena;
    struct json *recipe = set->recipe;
    const int64_t span_ns = set->arrivals_ns[trace->n - 1];
    uint64_t input = 0;
    for (uint32_t i = 0; i < trace->n; i++) {
        input += trace->requests[i].input;
    }
    json_add_text(arena, recipe, "trace_format", formats[trace->format]);
    json_add_f64(arena, recipe, "trace_speed", plan->speed);
    json_add_f64(arena, recipe, "trace_span_s", (double)span_ns / NS_PER_S);
    json_add_i64(arena, recipe, "trace_blocks", (int64_t)trace->n_blocks);
    json_add_i64(arena, recipe, "n_raised_lengths", trace->n_raised);
    json_add_i64(arena, recipe, "input_tokens_total", (int64_t)input);
    json_add_text(arena, recipe, "lengths", "nominal: 1 word or full stop a token");
}

int trace_load(
    const struct reader_input *input,
    const struct trace_plan *plan,
    uint64_t seed,
    struct prompt_set *set,
    struct error *err)
{
    struct trace *trace = arena_alloc(&set->arena, sizeof(*trace));
    const int rc = trace_read(input, plan->n, &set->arena, trace, err);
    if (rc != 0) {
        return rc;
    }
    set->maker = (struct prompt_maker){
        .write = write_prompt,
        .exact = plan->exact,
        .plan = plain,
        .trace = trace,
        .seed = seed,
    };
    make_prompts(trace, set);
    scale_times(trace, plan->speed, set);
    add_facts(trace, plan, set);
    return 0;
}
