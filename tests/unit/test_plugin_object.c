#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "suite/dataset.h"
#include "suite/plugin_object.h"
#include "suite/plugin_score.h"
#include "support/plugin_fixture.h"

#include <string.h>

/* What a plugin that was built long ago holds: members never move, and new ones come behind these. */
static void test_plugin_abi__members_stay_where_they_are(void **state)
{
    (void)state;
    assert_int_equal(BENCH_PLUGIN_ABI, 1);
    assert_int_equal(sizeof(void *), 8);

    static const struct {
        size_t offset;
        size_t expected;
    } rows[] = {

#define ROW(type, member, expected) {offsetof(struct type, member), expected}
        ROW(bench_plugin, abi, 0),
        ROW(bench_plugin, size, 4),
        ROW(bench_plugin, id, 8),
        ROW(bench_plugin, version, 16),
        ROW(bench_plugin, title, 24),
        ROW(bench_plugin, license, 32),
        ROW(bench_plugin, list, 40),
        ROW(bench_plugin, next_request, 48),
        ROW(bench_plugin, score, 56),
        ROW(bench_plugin, validate, 64),
        ROW(bench_plugin, metric_table, 72),
        ROW(bench_plugin, n_metrics, 80),
        ROW(bench_plugin, metrics, 88),
        ROW(bench_host, abi, 0),
        ROW(bench_host, size, 4),
        ROW(bench_host, warn, 8),
        ROW(bench_host, fail, 16),
        ROW(bench_host, alloc, 24),
        ROW(bench_host, random, 32),
        ROW(bench_host, below, 40),
        ROW(bench_host, uniform, 48),
        ROW(bench_host, json_quote, 56),
        ROW(bench_host, json_text, 64),
        ROW(bench_host, json_number, 72),
        ROW(bench_ask, benchmark, 8),
        ROW(bench_ask, index, 16),
        ROW(bench_plan, benchmark, 8),
        ROW(bench_plan, engine, 16),
        ROW(bench_plan, model, 24),
        ROW(bench_plan, seed, 32),
        ROW(bench_plan, n_requests, 40),
        ROW(bench_plan, max_tokens, 44),
        ROW(bench_plan, context_tokens, 48),
        ROW(bench_answer, benchmark, 8),
        ROW(bench_answer, request, 16),
        ROW(bench_answer, text, 24),
        ROW(bench_answer, len, 32),
        ROW(bench_fact, index, 0),
        ROW(bench_fact, request, 8),
        ROW(bench_fact, outcome, 16),
        ROW(bench_fact, http_status, 20),
        ROW(bench_fact, scheduled_ns, 24),
        ROW(bench_fact, sent_ns, 32),
        ROW(bench_fact, first_token_ns, 40),
        ROW(bench_fact, last_token_ns, 48),
        ROW(bench_fact, end_ns, 56),
        ROW(bench_fact, prompt_tokens, 64),
        ROW(bench_fact, output_tokens, 68),
        ROW(bench_fact, score, 72),
        ROW(bench_result, stride, 4),
        ROW(bench_result, benchmark, 8),
        ROW(bench_result, seed, 16),
        ROW(bench_result, window_ns, 24),
        ROW(bench_result, n, 32),
        ROW(bench_result, facts, 40),
        ROW(bench_metric, key, 0),
        ROW(bench_metric, unit, 8),
        ROW(bench_metric, better, 16),
        ROW(bench_metric, definition, 24),
#undef ROW
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(rows[i].offset, rows[i].expected);
    }
}

static void test_plugin_read__a_shared_object(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    assert_string_equal(it.plugin.id, "test.double");
    assert_string_equal(it.plugin.version, "1.2.3");
    assert_string_equal(it.plugin.title, "A double");
    assert_string_equal(it.plugin.license, "");
    assert_string_equal(plugin_kind_name(it.plugin.kind), "shared-object");
    assert_string_equal(it.plugin.path, folder_name(&it.folder, "double.so"));
    assert_true(it.plugin.has_next_request && it.plugin.has_score && it.plugin.has_validate);
    assert_int_equal(it.plugin.n_specs, 1);
    assert_string_equal(it.plugin.specs[0].id, "test.double.one");
    assert_int_equal(it.plugin.n_metrics, 2);
    assert_string_equal(it.plugin.metrics[0].key, "plugin_counted");
    assert_string_equal(it.plugin.metrics[1].unit, "ms");
    assert_int_equal(it.plugin.metrics[1].better, BETTER_LOWER);
    uint8_t hash[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    assert_int_equal(digest_file(it.plugin.path, hash, &it.err), 0);
    digest_hex(hash, hex);
    assert_string_equal(it.plugin.sha256, hex);
}

static void test_plugin_read__objects_that_are_refused(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        enum error_code code;
        const char *text;
    } rows[] = {
        {"wrong-abi", ERROR_USAGE,
         "its ABI is 7, and this bench has 1: build it with this bench's inferencebench/plugin.h"},
        {"no-symbol", ERROR_USAGE, "it has no symbol 'bench_plugin': see inferencebench/plugin.h"},
        {"small", ERROR_USAGE, "its 'size' is 16, less than the "},
        {"no-list", ERROR_USAGE, "its function list is NULL"},
        {"crashes", ERROR_UNAVAILABLE, "it crashed: Segmentation fault (signal 11)"},
        {"exits", ERROR_UNAVAILABLE, "it ended its process with exit code 3"},
        {"bad-spec", ERROR_PARSE, "list(0):10:8: unknown key 'titel': did you mean 'title'?"},
        {"other-plugin", ERROR_USAGE, "list(0): its plugin is 'my.other' and not 'test.double'"},
        {"no-requests", ERROR_USAGE,
         "list(0): dataset plugin:n=5 needs next_request, which is NULL"},
        {"has-file", ERROR_USAGE,
         "list(0): dataset data.jsonl is a file, and a shared object has none: a pack has"},
        {"no-score", ERROR_USAGE, "list(0): scoring 'plugin' needs score, which is NULL"},
        {"judges-file", ERROR_USAGE, "list(0): scoring 'plugin' needs a dataset 'plugin:n=N'"},
        {"fails", ERROR_UNAVAILABLE, "list: the second benchmark is lost"},
        {"bad-metric-key", ERROR_USAGE,
         "metric 'Not A Key': a key has 1 to 63 of a-z, 0-9 and '_'"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(plugin_fixture_done) struct plugin_fixture it;
        assert_int_equal(plugin_fixture_init(&it, rows[i].name), -(int)rows[i].code);
        if (!text_starts_with(it.err.text, rows[i].text)) {
            fail_msg("%s: %s", rows[i].name, it.err.text);
        }
    }
}

static void test_plugin_read__of_a_later_header(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "large"), 0);
    assert_int_equal(it.plugin.n_metrics, 2);
}

static void test_plugin_read__not_an_object(void **state)
{
    (void)state;
    CLEANUP(folder_done) struct folder folder;
    folder_init(&folder);
    CLEANUP(arena_done) struct arena arena = {0};
    struct plugin plugin = {0};
    struct error err = {0};
    assert_int_equal(plugin_read(&arena, folder.path, &plugin, &err), -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "it holds no plugin.yaml and no *.so: build it first");

    error_clear(&err);
    (void)folder_write(&folder, "a.so", "text");
    assert_int_equal(plugin_read(&arena, folder.path, &plugin, &err), -ERROR_USAGE);
    assert_true(text_starts_with(err.text, "it cannot be loaded: "));

    error_clear(&err);
    (void)folder_write(&folder, "b.so", "text");
    assert_int_equal(plugin_read(&arena, folder.path, &plugin, &err), -ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "and several plugins: name one"));

    error_clear(&err);
    assert_int_equal(chmod(folder.path, 0777), 0);
    assert_int_equal(plugin_read(&arena, folder_name(&folder, "b.so"), &plugin, &err), -ERROR_KEY);
    assert_non_null(strstr(err.text, "unsafe permissions: others can write /tmp/"));

    error_clear(&err);
    assert_int_equal(chmod(folder.path, 0700), 0);
    assert_int_equal(chmod(folder_name(&folder, "b.so"), 0666), 0);
    assert_int_equal(plugin_read(&arena, folder_name(&folder, "b.so"), &plugin, &err), -ERROR_KEY);
    assert_non_null(strstr(err.text, "b.so (mode 0666): chmod go-w /tmp/"));
}

static void requests(const struct plugin *plugin, const struct plugin_pool *pool, struct bytes *out)
{
    struct error err = {0};
    bytes_init(out, 1 << 20);
    assert_int_equal(plugin_object_requests(plugin, pool, out, &err), 0);
}

static void test_plugin_object_requests__follow_from_seed_and_index(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    CLEANUP(bytes_done) struct bytes first = {0};
    CLEANUP(bytes_done) struct bytes again = {0};
    CLEANUP(bytes_done) struct bytes backwards = {0};
    CLEANUP(bytes_done) struct bytes other = {0};
    CLEANUP(bytes_done) struct bytes fewer = {0};
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 42, 5, false}, &first);
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 42, 5, false}, &again);
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 42, 5, true}, &backwards);
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 43, 5, false}, &other);
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 42, 2, false}, &fewer);
    assert_string_equal(first.data, again.data);
    assert_string_equal(first.data, backwards.data);
    assert_string_not_equal(first.data, other.data);
    assert_memory_equal(first.data, fewer.data, fewer.len);
    assert_true(fewer.len < first.len);
    /* The host's numbers are those of base/rng.h, which test_rng holds against numpy. */
    struct rng rng;
    rng_init_sub(&rng, 42, RNG_STREAM_PLUGIN, 0);
    char line[256];
    (void)snprintf(
        line, sizeof(line),
        "{\"prompt\":\"0 \\\"%llu\\\"\",\"answer\":\"yes\",\"deep\":{\"n\":2}}\n",
        (unsigned long long)rng_below(&rng, 1000000));
    assert_memory_equal(first.data, line, strlen(line));
}

static void test_plugin_object_requests__memory_of_earlier_calls_shows(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "remembers"), 0);
    CLEANUP(bytes_done) struct bytes first = {0};
    CLEANUP(bytes_done) struct bytes backwards = {0};
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 42, 5, false}, &first);
    requests(&it.plugin, &(struct plugin_pool){"test.double.one", 42, 5, true}, &backwards);
    assert_string_not_equal(first.data, backwards.data);
}

static void test_dataset_load__of_a_plugin(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    struct dataset_options options = {
        .recipe = "plugin:n=1000",
        .benchmark = "test.double.one",
        .provider = &it.plugin,
        .seed = 42};
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    assert_int_equal(dataset_load(&options, &set, &it.err), 0);
    assert_string_equal(set.id, "plugin:n=1000");
    assert_int_equal(set.n, 8); /* it has no more */
    assert_true(text_starts_with(set.prompts[3].messages[0].content, "3 \""));
    for (uint32_t i = 0; i < set.n; i++) {
        assert_true(text_starts_with(set.lines[i], "{\"prompt\":"));
        assert_true(text_ends_with(set.lines[i], "\"deep\":{\"n\":2}}"));
    }

    struct prompt_set none = {0};
    options.provider = NULL;
    assert_int_equal(dataset_load(&options, &none, &it.err), -ERROR_USAGE);
    assert_string_equal(
        it.err.text, "dataset 'plugin:n=1000': only a benchmark of a shared-object plugin with "
                     "next_request has it");
}

static void test_dataset_load__of_plugins_that_fail(void **state)
{
    (void)state;

    static const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"crashes-late", "plugin test.double: it crashed: Aborted (signal 6)"},
        {"bad-json", "plugin test.double: next_request(0):1:"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(plugin_fixture_done) struct plugin_fixture it;
        assert_int_equal(plugin_fixture_init(&it, rows[i].name), 0);
        const struct dataset_options options = {
            .recipe = "plugin:n=3", .benchmark = "x", .provider = &it.plugin, .seed = 42};
        struct prompt_set set = {0};
        assert_true(dataset_load(&options, &set, &it.err) < 0);
        if (!text_starts_with(it.err.text, rows[i].text)) {
            fail_msg("%s: %s", rows[i].name, it.err.text);
        }
    }
}

static void test_plugin_object_requests__not_of_another_file(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    (void)folder_write(&it.folder, "double.so", "another file");
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, 1000);
    assert_int_equal(
        plugin_object_requests(
            &it.plugin, &(struct plugin_pool){"test.double.one", 42, 5, false}, &out, &it.err),
        -ERROR_UNAVAILABLE);
    assert_true(text_ends_with(it.err.text, "double.so has changed since it was read"));
}

#define ANSWER(request, text)                                                           \
    {                                                                                   \
        sizeof(struct bench_answer), "test.double.one", request, text, sizeof(text) - 1 \
    }

static const struct bench_answer answers[] = {
    ANSWER("{\"answer\": \"yes\", \"deep\": {\"n\": 2}}", "yes"),
    ANSWER("{\"answer\": \"yes\", \"deep\": {\"n\": 4}}", "no"),
    ANSWER("{\"answer\": \"yes\", \"deep\": {\"n\": 4}}", ""),
    ANSWER("{}", "yes"),
    ANSWER("{\"answer\": \"yes\"}", "no"),
};

static void test_plugin_object_score__scores_and_reasons(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    double scores[ARRAY_LEN(answers)];
    char reason[ERROR_TEXT_MAX];
    const struct plugin_scoring scoring = {"test.double.one", 42, answers, ARRAY_LEN(answers)};
    assert_int_equal(plugin_object_score(&it.plugin, &scoring, scores, reason, &it.err), 0);
    assert_near(scores[0], 1.0, 0.0);
    assert_near(scores[1], 0.25, 0.0);
    assert_true(isnan(scores[2]) && isnan(scores[3]) && isnan(scores[4]));
    assert_string_equal(reason, "score: there is no answer to compare with");
    const struct plugin_scoring fine = {"test.double.one", 42, answers, 3};
    assert_int_equal(plugin_object_score(&it.plugin, &fine, scores, reason, &it.err), 0);
    assert_string_equal(reason, "");
}

static void test_plugin_object_score__out_of_range_or_dead(void **state)
{
    (void)state;
    double scores[ARRAY_LEN(answers)];
    char reason[ERROR_TEXT_MAX];

    const struct plugin_scoring scoring = {"test.double.one", 42, answers, 2};
    {
        CLEANUP(plugin_fixture_done) struct plugin_fixture it;
        assert_int_equal(plugin_fixture_init(&it, "bad-score"), 0);
        assert_int_equal(plugin_object_score(&it.plugin, &scoring, scores, reason, &it.err), 0);
        assert_true(isnan(scores[0]) && isnan(scores[1]));
        assert_string_equal(reason, "score gave 1.5, which is not in 0 .. 1");
    }
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "crashes-late"), 0);
    assert_int_equal(
        plugin_object_score(&it.plugin, &scoring, scores, reason, &it.err), -ERROR_UNAVAILABLE);
    assert_string_equal(it.err.text, "it crashed: Segmentation fault (signal 11)");
}

/* What a model thought before it answered is not judged, as with every other scorer. */
static void test_plugin_score__leaves_reasoning_out(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "quality"), 0);
    static const char request[] = "{\"answer\": \"yes\", \"deep\": {\"n\": 4}}";
    const struct plugin_answer items[] = {
        {request, "yes"},
        {request, "<think>no</think>yes"},
        {request, "no"},
        {request, "<think>yes"}};
    const struct plugin_answers given = {"test.double.one", 42, items, ARRAY_LEN(items)};
    double scores[ARRAY_LEN(items)];
    char reason[ERROR_TEXT_MAX];
    assert_int_equal(plugin_score(&it.plugin, &given, scores, reason, &it.err), 0);
    assert_string_equal(reason, "");
    assert_near(scores[0], 1.0, 0.0);
    assert_near(scores[1], 1.0, 0.0);
    assert_near(scores[2], 0.25, 0.0);
    assert_true(isnan(scores[3])); /* nothing is left to judge */
}

static void test_plugin_object_metrics__values_and_absent_ones(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    struct bench_fact facts[] = {
        {.outcome = BENCH_OK}, {.outcome = BENCH_FAILED}, {.outcome = BENCH_OK}};
    const struct bench_result result = {
        .size = sizeof(result), .stride = sizeof(facts[0]), .n = 3, .facts = facts};
    double values[PLUGIN_METRICS_MAX];
    assert_int_equal(plugin_object_metrics(&it.plugin, &result, values, &it.err), 0);
    assert_near(values[0], 2.0, 0.0);
    assert_true(isnan(values[1]));
}

static void test_plugin_object_validate__one_line_a_warning(void **state)
{
    (void)state;
    CLEANUP(plugin_fixture_done) struct plugin_fixture it;
    assert_int_equal(plugin_fixture_init(&it, "good"), 0);
    struct bench_plan plan = {.size = sizeof(plan), .engine = "sim", .max_tokens = 1001};
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, 1000);
    assert_int_equal(plugin_object_validate(&it.plugin, &plan, &out, &it.err), 0);
    assert_string_equal(out.data, "more than a thousand?tokens\nsim\n");
    bytes_clear(&out);
    plan.max_tokens = 10;
    assert_int_equal(plugin_object_validate(&it.plugin, &plan, &out, &it.err), 0);
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plugin_abi__members_stay_where_they_are),
        cmocka_unit_test(test_plugin_read__a_shared_object),
        cmocka_unit_test(test_plugin_read__objects_that_are_refused),
        cmocka_unit_test(test_plugin_read__of_a_later_header),
        cmocka_unit_test(test_plugin_read__not_an_object),
        cmocka_unit_test(test_plugin_object_requests__follow_from_seed_and_index),
        cmocka_unit_test(test_plugin_object_requests__memory_of_earlier_calls_shows),
        cmocka_unit_test(test_dataset_load__of_a_plugin),
        cmocka_unit_test(test_dataset_load__of_plugins_that_fail),
        cmocka_unit_test(test_plugin_object_requests__not_of_another_file),
        cmocka_unit_test(test_plugin_object_score__scores_and_reasons),
        cmocka_unit_test(test_plugin_object_score__out_of_range_or_dead),
        cmocka_unit_test(test_plugin_score__leaves_reasoning_out),
        cmocka_unit_test(test_plugin_object_metrics__values_and_absent_ones),
        cmocka_unit_test(test_plugin_object_validate__one_line_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
