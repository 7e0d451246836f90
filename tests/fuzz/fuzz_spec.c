/* Any bytes as a benchmark spec: refused in one line, or what was read keeps the rules that runs rely
 * on. */
#include "base/text.h"
#include "suite/dataset.h"
#include "suite/slo.h"
#include "suite/suite.h"

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

static void check_spec(const struct spec *spec)
{
    struct error err = {0};
    require(text_starts_with(spec->id, spec->plugin) && strlen(spec->id) < SPEC_ID_MAX);
    require(spec->driver == DRIVER_CLOSED ? spec->n_concurrency > 0 : spec->n_rates > 0);
    require(spec->n_concurrency <= SPEC_POINTS_MAX && spec->n_rates <= SPEC_POINTS_MAX);
    for (uint32_t i = 0; i < spec->n_concurrency; i++) {
        require(spec->concurrency[i] > 0);
    }
    for (uint32_t i = 0; i < spec->n_rates; i++) {
        require(spec->rates_rps[i] > 0.0);
    }
    require(spec->shape.max_tokens > 0 && spec->shape.temperature >= 0.0);
    require(dataset_check(spec->dataset, &err) == 0);
    require(slo_check(spec->slo_template, &err) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    const struct spec_text text = {"f", "fuzz", (const char *)data, size};
    if (spec_read(&arena, &text, &spec, &err) == 0) {
        check_spec(&spec);
    } else {
        require(err.code == ERROR_PARSE || err.code == ERROR_LIMIT);
        require(err.text[0] != '\0');
    }
    arena_done(&arena);
    return 0;
}
