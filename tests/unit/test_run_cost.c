/* Which price a run takes: by its engine, its endpoint, its model and what was given; and what it says
 * where it has none. */
#include "base/mem.h"
#include "cli/run_cost.h"
#include "support/scratch.h"

#include <string.h>

/* A run, as far as its price is concerned; nothing is sent. */
struct setting {
    FILE *log;
    char *log_text;
    size_t log_len;
    struct cli_context context;
    struct run_options options;
    struct run_plan plan;
    struct summary *summary;
};

struct point {
    const char *what;
    const char *engine;
    const char *url;
    const char *model;
    const char *prices_file;
    double price_per_hour;
    struct usage_totals usage;
    const char *source;  /* NULL: no price */
    const char *warning; /* NULL: none */
};

static void setting_make(struct setting *self, const struct point *point)
{
    *self = (struct setting){
        .options = {
            .engine = point->engine,
            .prices_file = point->prices_file,
            .price_per_hour = point->price_per_hour,
        }};
    self->log = open_memstream(&self->log_text, &self->log_len);
    assert_non_null(self->log);
    self->context.log = self->log;
    self->plan.context = &self->context;
    self->plan.options = &self->options;
    self->plan.warnings = json_new(&self->plan.arena, JSON_ARRAY);
    struct error err = {0};
    assert_int_equal(endpoint_parse(point->url, &self->plan.target.endpoint, &err), 0);
    (void)snprintf(
        self->plan.identity.model, sizeof(self->plan.identity.model), "%s", point->model);
    self->summary = MEM_NEW(struct summary);
    self->summary->measurement.usage = point->usage;
    assert_int_equal(run_cost_open(&self->plan, &err), 0);
    run_cost_find(&self->plan);
    run_cost_check(&self->plan, self->summary);
}

static void setting_done(struct setting *self)
{
    run_cost_done(&self->plan);
    arena_done(&self->plan.arena);
    (void)fclose(self->log);
    free(self->log_text);
    free(self->summary);
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check(const struct point *point)
{
    struct setting setting;
    setting_make(&setting, point);
    const struct json *first = setting.plan.warnings->first;
    const char *warning = first != NULL ? first->text : NULL;
    const char *source = setting.plan.price.facts.source;
    if (!is_same(source, point->source) || !is_same(warning, point->warning) ||
        setting.plan.warnings->len > 1) {
        print_error(
            "%s: %s, %s\n", point->what, source != NULL ? source : "no price",
            warning != NULL ? warning : "no warning");
        fail();
    }
    setting_done(&setting);
}

#define NO_HOUR ((double)NAN)
#define COUNTED                                                                    \
    {                                                                              \
        .n_requests = 2, .n_with_counts = 2, .input_tokens = 9, .output_tokens = 9 \
    }

static void test_run_cost__takes_a_price_of_this_very_service(void **state)
{
    (void)state;
    struct scratch scratch;
    scratch_init(&scratch);
    (void)scratch_write(
        &scratch, "mine.yaml",
        "version: 1\ndate: 2026-11-01\nentries:\n"
        "  - {provider: vllm, model: 'org/*', input_usd_per_mtok: 1, output_usd_per_mtok: 2, source: s}\n"
        "  - {provider: openai, model: gpt-4o, input_usd_per_mtok: 1, output_usd_per_mtok: 2, "
        "source: s, date: 2026-10-02}\n");
    const char *file = scratch.path;
    static const char own[] = "http://127.0.0.1:8000/v1";
    static const char hosted[] = "https://api.openai.com/v1";

    const struct point points[] = {
        {"own engine", "vllm", own, "gpt-4o", "", NO_HOUR, COUNTED, NULL, NULL},
        {"own server in a provider's protocol", "openai", own, "gpt-4o", "", NO_HOUR, COUNTED, NULL,
         NULL},
        {"own engine behind https", "vllm", "https://api.openai.com/v1", "gpt-4o", "", NO_HOUR,
         COUNTED, NULL, NULL},
        {"hosted", "openai", hosted, "gpt-4o", "", NO_HOUR, COUNTED, "embedded:2026-05-27", NULL},
        {"hosted, another model", "openai", hosted, "gpt-4o-mimi", "", NO_HOUR, COUNTED, NULL,
         "cost: the built-in list has no price for provider 'openai', model 'gpt-4o-mimi': did you "
         "mean 'gpt-4o-mini'?; --prices-file gives one"},
        {"hosted, by another provider", "openai", "https://api.together.xyz/v1", "gpt-4o", "",
         NO_HOUR, COUNTED, NULL,
         "cost: the built-in list has no price for provider 'together', model 'gpt-4o': it has "
         "nothing of that provider; --prices-file gives one"},
        {"a file for an own engine", "vllm", own, "org/model", file, NO_HOUR, COUNTED,
         "prices-file:mine.yaml@2026-11-01", NULL},
        {"a file goes before the list", "openai", hosted, "gpt-4o", file, NO_HOUR, COUNTED,
         "prices-file:mine.yaml@2026-10-02", NULL},
        {"a file without the model, which the list has", "openai", hosted, "gpt-4.1-mini", file,
         NO_HOUR, COUNTED, NULL,
         "--prices-file: mine.yaml has no price for provider 'openai', model 'gpt-4.1-mini': of that "
         "provider it has 1 other"},
        {"by the hour", "vllm", own, "gpt-4o", "", 2.5, COUNTED, "price-per-hour", NULL},
        {"by the hour, hosted", "openai", hosted, "gpt-4o", "", 2.5, COUNTED, "price-per-hour",
         NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        check(&points[i]);
    }
    scratch_done(&scratch);
}

static void test_run_cost__warns_of_what_is_not_used(void **state)
{
    (void)state;
    static const char own[] = "http://127.0.0.1:8000/v1";
    static const char hosted[] = "https://api.openai.com/v1";

    const struct point points[] = {
        {"told, and a price by the hour",
         "vllm",
         own,
         "m",
         "",
         2.5,
         {.n_requests = 2, .n_with_counts = 2, .n_costs_told = 2, .cost_told_usd = 1.0},
         "price-per-hour",
         "cost: the provider told what each answer cost: --price-per-hour is not used"},
        {"told, and a list",
         "openai",
         hosted,
         "gpt-4o",
         "",
         NO_HOUR,
         {.n_requests = 2, .n_with_counts = 2, .n_costs_told = 2, .cost_told_usd = 1.0},
         "embedded:2026-05-27",
         NULL},
        {"told, and no list",
         "openai",
         hosted,
         "m",
         "",
         NO_HOUR,
         {.n_requests = 2, .n_costs_told = 2, .cost_told_usd = 1.0},
         NULL,
         NULL},
        {"told in part",
         "vllm",
         own,
         "m",
         "",
         NO_HOUR,
         {.n_requests = 3, .n_with_counts = 3, .n_costs_told = 2, .cost_told_usd = 1.0},
         NULL,
         "cost: the provider told the cost of 2 of 3 answers only: its figures are not used"},
        {"not counted",
         "openai",
         hosted,
         "gpt-4o",
         "",
         NO_HOUR,
         {.n_requests = 3, .n_with_counts = 1, .input_tokens = 9, .output_tokens = 9},
         "embedded:2026-05-27",
         "cost: 2 of 3 answers came without the engine's own token counts, so that no price can be "
         "put on them: cost is absent"},
        {"not counted, by the hour",
         "vllm",
         own,
         "m",
         "",
         2.5,
         {.n_requests = 3},
         "price-per-hour",
         NULL},
        {"nothing ended ok",
         "openai",
         hosted,
         "gpt-4o",
         "",
         NO_HOUR,
         {0},
         "embedded:2026-05-27",
         NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        check(&points[i]);
    }
}

static void test_run_cost_add__says_whose_price_it_is(void **state)
{
    (void)state;
    const struct point point = {"hosted", "openai", "https://api.openai.com/v1",
                                "gpt-4o", "",       NO_HOUR,
                                COUNTED,  NULL,     NULL};
    struct setting setting;
    setting_make(&setting, &point);
    struct json *options = json_new(&setting.plan.arena, JSON_OBJECT);
    run_cost_add(&setting.plan.arena, &setting.plan, options);

    static const struct {
        const char *path;
        const char *text;
    } rows[] = {
        {"price.basis", "tokens"}, {"price.list", "built in"},   {"price.provider", "openai"},
        {"price.model", "gpt-4o"}, {"price.date", "2026-05-27"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(json_text(json_path(options, rows[i].path), ""), rows[i].text);
    }
    double usd = 0.0;
    assert_true(json_f64(json_path(options, "price.cached_input_usd_per_mtok"), &usd));
    assert_near(usd, 1.25, 0.0);
    assert_non_null(strstr(json_text(json_path(options, "price.source"), ""), "https://"));
    setting_done(&setting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_cost__takes_a_price_of_this_very_service),
        cmocka_unit_test(test_run_cost__warns_of_what_is_not_used),
        cmocka_unit_test(test_run_cost_add__says_whose_price_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
