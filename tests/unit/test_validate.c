/* Each rule warns of what it is for, in words that hold the figures; a run that fits gets none. */
#include "base/text.h"
#include "suite/validate.h"
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTEXT = 1000 /* tokens that the engine has room for */
};

/* A run that fits in every way; tests change one thing. */
struct world {
    struct spec spec;
    struct request_shape shape;
    struct message messages[2];
    struct prompt prompts[2];
    struct prompt_set set;
    struct slo slo;
    struct engine_identity identity;
    struct validation validation;
    char found[4][VALIDATION_TEXT];
    size_t n_found;
};

static void world_init(struct world *self)
{
    *self = (struct world){
        .spec = {.id = "a.b", .kind = SPEC_PERF},
        .shape = {.chat = true, .stream = true, .max_tokens = 100},
        .messages = {{"user", "Hello"}, {"user", "Hello again"}},
        .slo = {.id = "s", .limits = {.ttft_ms = 1.0, .tpot_ms = HUGE_VAL, .total_ms = HUGE_VAL}},
        .identity = {.max_model_len = CONTEXT},
    };
    for (size_t i = 0; i < ARRAY_LEN(self->prompts); i++) {
        self->prompts[i] = (struct prompt){.messages = &self->messages[i], .n_messages = 1};
    }
    self->set = (struct prompt_set){.prompts = self->prompts, .n = ARRAY_LEN(self->prompts)};
    self->validation = (struct validation){
        .spec = &self->spec,
        .shape = &self->shape,
        .prompts = &self->set,
        .slo = &self->slo,
        .engine = engine_find("vllm"),
        .identity = &self->identity,
    };
}

static void keep(void *context, const char *text)
{
    struct world *self = context;
    assert_true(self->n_found < ARRAY_LEN(self->found));
    (void)snprintf(self->found[self->n_found++], VALIDATION_TEXT, "%s", text);
}

static void expect(struct world *self, const char *text)
{
    self->n_found = 0;
    spec_validate(&self->validation, keep, self);
    if (text == NULL) {
        assert_int_equal(self->n_found, 0);
        return;
    }
    assert_int_equal(self->n_found, 1);
    assert_string_equal(self->found[0], text);
}

static void test_spec_validate__nothing_where_all_fits(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    expect(&world, NULL);
    world.identity.max_model_len = 0; /* not told */
    world.shape.max_tokens = 1000000;
    expect(&world, NULL);
}

static void test_spec_validate__context(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    /* 4500 bytes are at least 900 tokens: with 100 of the answer they just fit. */
    char *text = calloc(1, 4506);
    assert_non_null(text);
    memset(text, 'a', 4500);
    world.messages[1].content = text;
    expect(&world, NULL);
    memset(text, 'a', 4505);
    expect(
        &world,
        "1 of 2 prompts do not fit the engine's context of 1000 tokens: the longest needs at "
        "least 1001 with its answer");
    world.prompts[1].max_tokens = 99; /* a length of its own */
    expect(&world, NULL);
    free(text);
    world_init(&world);
    world.prompts[1].input_tokens = 900; /* what it will be made to have */
    expect(&world, NULL);
    world.prompts[1].input_tokens = 901;
    expect(
        &world,
        "1 of 2 prompts do not fit the engine's context of 1000 tokens: the longest needs at "
        "least 1001 with its answer");
    world_init(&world);
    world.shape.max_tokens = CONTEXT;
    expect(
        &world,
        "max_tokens 1000 leaves no room for a prompt in the engine's context of 1000 tokens");
}

static void test_spec_validate__options_that_the_engine_lacks(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.shape.ignore_eos = true;
    expect(&world, NULL);
    world.validation.engine = engine_find("openai");
    expect(&world, "engine openai has no ignore_eos: answers end by themselves");
}

static void test_spec_validate__service_level(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.slo.for_kind = SLO_FOR_PERF;
    expect(&world, NULL);
    world.slo.for_kind = SLO_FOR_QUALITY;
    expect(&world, "SLO template s is for quality benchmarks; a.b is a perf benchmark");
    world.spec.kind = SPEC_QUALITY;
    expect(&world, NULL);
    world.slo.for_kind = SLO_FOR_PERF;
    expect(&world, "SLO template s is for perf benchmarks; a.b is a quality benchmark");
    world_init(&world);
    world.shape.stream = false;
    expect(
        &world,
        "SLO template s limits TTFT or TPOT, which answers without a stream do not have: only "
        "its total counts");
    world.slo.limits.ttft_ms = HUGE_VAL;
    expect(&world, NULL);
}

static void test_spec_validate__request(void **state)
{
    (void)state;
    struct world world;
    world_init(&world);
    world.shape.extra_body = "{\"top_k\": 3}";
    expect(&world, NULL);
    world.shape.extra_body = "{\"top_k\": 3, \"temperature\": 1}";
    expect(
        &world, "'temperature' of the extra body is sent in place of what the benchmark and the "
                "options say");
    world_init(&world);
    world.shape.temperature = 0.5;
    expect(&world, NULL);
    world.spec.kind = SPEC_QUALITY;
    expect(&world, "temperature 0.5 draws answers by chance: accuracy differs from run to run");
}

static void test_validation_tokens_min__all_messages(void **state)
{
    (void)state;
    const struct message messages[] = {{"system", "12345"}, {"user", "1234567"}};
    const struct prompt prompt = {.messages = messages, .n_messages = 2};
    assert_int_equal(validation_tokens_min(&prompt), 2); /* 12 bytes at 5 each */
    struct prompt counted = prompt;
    counted.n_nominal = 3;
    assert_int_equal(validation_tokens_min(&counted), 3);
    counted.input_tokens = 9; /* with template and salt */
    assert_int_equal(validation_tokens_min(&counted), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec_validate__nothing_where_all_fits),
        cmocka_unit_test(test_spec_validate__context),
        cmocka_unit_test(test_spec_validate__options_that_the_engine_lacks),
        cmocka_unit_test(test_spec_validate__service_level),
        cmocka_unit_test(test_spec_validate__request),
        cmocka_unit_test(test_validation_tokens_min__all_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
