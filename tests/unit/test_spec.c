#include "base/text.h"
#include "codec/digest.h"
#include "suite/dataset.h"
#include "suite/embedded.h"
#include "suite/suite.h"
#include "support/scratch.h"

#include <string.h>

/* A spec with every key, from which the rows of the tests differ by one line. */
static const char *const good_lines[] = {
    "id: my.pack.one",
    "plugin: my.pack",
    "version: 1.2.3",
    "title: One",
    "kind: perf",
    "dataset: {recipe: chatbot-short, help: ask around}",
    "request: {shape: completion, stream: false, max_tokens: 7, temperature: 0.5, ignore_eos: true}",
    "load: {driver: open, concurrency: [1, 2], rates_rps: [0.5, 4]}",
    "slo_template: llm.relaxed",
    "warmup: {requests_per_stream: 5}",
    "metrics: [req_per_s_all, ttft_p99_ms]",
};

enum {
    LINES = ARRAY_LEN(good_lines),
    TEXT_MAX = 4096
};

/* The good spec with line `at` (from 0; LINES: none) replaced by `line`. */
static void compose(char text[TEXT_MAX], size_t at, const char *line)
{
    size_t len = 0;
    for (size_t i = 0; i < LINES; i++) {
        const char *use = i == at ? line : good_lines[i];
        len += (size_t)snprintf(text + len, TEXT_MAX - len, "%s\n", use);
    }
}

static int read_text(struct arena *arena, const char *text, struct spec *out, struct error *err)
{
    return spec_read(arena, &(struct spec_text){"s.yaml", "test", text, strlen(text)}, out, err);
}

static void test_spec_read__every_key(void **state)
{
    (void)state;
    char text[TEXT_MAX];
    compose(text, LINES, "");
    CLEANUP(arena_done) struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    assert_int_equal(read_text(&arena, text, &spec, &err), 0);
    assert_string_equal(spec.id, "my.pack.one");
    assert_string_equal(spec.plugin, "my.pack");
    assert_string_equal(spec.version, "1.2.3");
    assert_string_equal(spec.title, "One");
    assert_string_equal(spec.source, "test");
    assert_int_equal(spec.kind, SPEC_PERF);
    assert_string_equal(spec.dataset, "chatbot-short");
    assert_string_equal(spec.dataset_help, "ask around");
    assert_false(spec.shape.chat);
    assert_false(spec.shape.stream);
    assert_int_equal(spec.shape.max_tokens, 7);
    assert_near(spec.shape.temperature, 0.5, 0.0);
    assert_true(spec.shape.ignore_eos);
    assert_null(spec.shape.extra_body);
    assert_true(spec.shape.salt);
    assert_int_equal(spec.driver, DRIVER_OPEN);
    assert_int_equal(spec.n_concurrency, 2);
    assert_int_equal(spec.concurrency[1], 2);
    assert_int_equal(spec.n_rates, 2);
    assert_near(spec.rates_rps[0], 0.5, 0.0);
    assert_string_equal(spec.slo_template, "llm.relaxed");
    assert_int_equal(spec.warmup_per_stream, 5);
    assert_int_equal(spec.n_metrics, 2);
    assert_ptr_equal(spec.metrics[0], metric_find("req_per_s_all"));
    assert_ptr_equal(spec.metrics[1], metric_find("ttft_p99_ms"));
}

static void test_spec_read__defaults_and_choices(void **state)
{
    (void)state;
    static const char text[] = "id: a.b\nplugin: a\nversion: 0.1.0-rc.1\ntitle: T\nkind: perf\n"
                               "dataset: {recipe: 'synthetic:input=9,output=3'}\n"
                               "request:\n  shape: chat\n  max_tokens: 1\n"
                               "  extra_body: {top_k: 1, stop: [\"\\u00e9\"]}\n"
                               "load: {driver: closed, concurrency: [3]}\n"
                               "slo_template: ./mine.yaml\n";
    CLEANUP(arena_done) struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    assert_int_equal(read_text(&arena, text, &spec, &err), 0);
    assert_int_equal(spec.kind, SPEC_PERF);
    assert_int_equal(spec.scoring.scoring, SCORING_NONE);
    assert_true(spec.shape.salt);
    assert_string_equal(spec.dataset_help, "");
    assert_true(spec.shape.chat);
    assert_true(spec.shape.stream);
    assert_near(spec.shape.temperature, 0.0, 0.0);
    assert_false(spec.shape.ignore_eos);
    assert_string_equal(spec.shape.extra_body, "{\"top_k\":1,\"stop\":[\"\\u00e9\"]}");
    assert_int_equal(spec.driver, DRIVER_CLOSED);
    assert_int_equal(spec.n_rates, 0);
    assert_int_equal(spec.warmup_per_stream, 3);
}

/* A quality benchmark up to its scoring. */
#define QUALITY                                                                                       \
    "id: a.b\nplugin: a\nversion: 1.0.0\ntitle: T\nkind: quality\ndataset: {recipe: chatbot-short}\n" \
    "request: {shape: chat, max_tokens: 1}\nload: {driver: closed, concurrency: [3]}\n"               \
    "slo_template: llm.quality\n"

static void test_spec_read__a_quality_benchmark(void **state)
{
    (void)state;
    static const char text[] = QUALITY "scoring: numeric\nscoring_options: {tolerance: 0.5}\n";
    CLEANUP(arena_done) struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    assert_int_equal(read_text(&arena, text, &spec, &err), 0);
    assert_int_equal(spec.kind, SPEC_QUALITY);
    assert_int_equal(spec.scoring.scoring, SCORING_NUMERIC);
    assert_near(spec.scoring.tolerance, 0.5, 0.0);
    assert_int_equal(spec.warmup_per_stream, 0);
    assert_false(spec.shape.salt);
}

static void test_spec_read__refuses_a_bad_quality_benchmark(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {QUALITY, "s.yaml:1:1: a benchmark of kind 'quality' needs 'scoring'"},
        {QUALITY "scoring: exakt_match\n",
         "s.yaml:10:10: unknown scoring 'exakt_match': did you mean 'exact_match'?"},
        {QUALITY "scoring: guess\n",
         "s.yaml:10:10: unknown scoring 'guess': 'bench list scorers' names the methods"},
        {QUALITY "scoring: 7\n", "s.yaml:10:10: 'scoring' must be a text"},
        {QUALITY "scoring: numeric\nscoring_options: {tolerance: -1}\n",
         "s.yaml:11:30: 'tolerance' must be "},
        {QUALITY "scoring: numeric\nscoring_options: {slack: 1}\n",
         "s.yaml:11:26: unknown key 'slack'"},
        {QUALITY "scoring: numeric\nwarmup: {requests_per_stream: 0}\n",
         "s.yaml:11:9: a quality benchmark has no 'warmup': each item is asked once"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct spec spec = {0};
        struct error err = {0};
        const int rc = read_text(&arena, rows[i].text, &spec, &err);
        if (rc != -ERROR_PARSE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%d '%s' is not '%s'\n", rc, err.text, rows[i].message);
            fail();
        }
    }
}

struct bad_row {
    const char *what;
    size_t at;        /* line that is replaced */
    const char *line; /* "": left out */
    const char *message;
};

static void check_bad(const struct bad_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[TEXT_MAX];
        compose(text, rows[i].at, rows[i].line);
        CLEANUP(arena_done) struct arena arena = {0};
        struct spec spec = {.id = "untouched"};
        struct error err = {0};
        const int rc = read_text(&arena, text, &spec, &err);
        if (rc != -ERROR_PARSE || !text_starts_with(err.text, rows[i].message)) {
            print_error("%s: %d '%s' is not '%s'\n", rows[i].what, rc, err.text, rows[i].message);
            fail();
        }
        assert_string_equal(spec.id, "untouched");
    }
}

static void test_spec_read__bad_names(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        {"no id", 0, "", "s.yaml:2:1: key 'id' is missing"},
        {"id is a number", 0, "id: 4", "s.yaml:1:5: 'id' must be a text"},
        {"id with a capital", 0, "id: my.pack.One", "s.yaml:1:5: 'id' must be words of a-z, 0-9"},
        {"id with two dots", 0, "id: my.pack..one", "s.yaml:1:5: 'id' must be words of a-z, 0-9"},
        {"id begins with a dash", 0, "id: -my.pack.one",
         "s.yaml:1:5: 'id' must be words of a-z, 0-9"},
        {"id ends with a dot", 0, "id: my.pack.", "s.yaml:1:5: 'id' must be words of a-z, 0-9"},
        {"id of another plugin", 0, "id: my.package.one",
         "s.yaml:1:5: 'id' must be the plugin's id, a dot and a name"},
        {"id is the plugin's", 0, "id: my.pack",
         "s.yaml:1:5: 'id' must be the plugin's id, a dot and a name"},
        {"id is too long", 0,
         "id: my.pack.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "s.yaml:1:5: 'id' must be shorter than 128 bytes"},
        {"plugin with a slash", 1, "plugin: my/pack",
         "s.yaml:2:9: 'plugin' must be words of a-z, 0-9"},
        {"version of two numbers", 2, "version: '1.2'",
         "s.yaml:3:10: 'version' must be a version like 1.0.0"},
        {"version with a zero in front", 2, "version: 01.2.3",
         "s.yaml:3:10: 'version' must be a version like 1.0.0"},
        {"version with a tail", 2, "version: 1.2.3x",
         "s.yaml:3:10: 'version' must be a version like 1.0.0"},
        {"version without a pre-release", 2, "version: 1.2.3-",
         "s.yaml:3:10: 'version' must be a version like 1.0.0"},
        {"version is a number", 2, "version: 1.2", "s.yaml:3:10: 'version' must be a text"},
        {"empty title", 3, "title: ''", "s.yaml:4:8: 'title' must be a text that is not empty"},
        {"title ends with a blank", 3, "title: 'One '",
         "s.yaml:4:8: 'title' must be a text without white space at its ends"},
        {"title with a NUL", 3, "title: \"O\\0ne\"",
         "s.yaml:4:8: 'title' must be a text that is not empty and holds no NUL"},
        {"unknown kind", 4, "kind: fast", "s.yaml:5:7: 'kind' must be one of: perf, quality"},
        {"kind is a list", 4, "kind: [perf]", "s.yaml:5:7: 'kind' must be one of: perf, quality"},
        {"unknown key", 3, "titel: One", "s.yaml:4:8: unknown key 'titel': did you mean 'title'?"},
        {"foreign key", 3, "colour: red", "s.yaml:4:9: unknown key 'colour'"},
        {"key twice", 3, "kind: perf", "s.yaml:5:"},
        {"no mapping at all", 0, "- 1", "s.yaml:"},
    };
    check_bad(rows, ARRAY_LEN(rows));
}

static void test_spec_read__bad_parts(void **state)
{
    (void)state;
    static const struct bad_row rows[] = {
        {"no dataset", 5, "", "s.yaml:1:1: key 'dataset' is missing"},
        {"dataset is a text", 5, "dataset: chatbot-short",
         "s.yaml:6:10: 'dataset' must be a mapping of keys to values"},
        {"dataset without a recipe", 5, "dataset: {help: none}",
         "s.yaml:6:10: key 'recipe' is missing"},
        {"unknown dataset", 5, "dataset: {recipe: chatbot-shrt}",
         "s.yaml:6:19: unknown dataset 'chatbot-shrt': did you mean 'chatbot-short'?"},
        {"no shape", 6, "request: {max_tokens: 4}", "s.yaml:7:10: key 'shape' is missing"},
        {"unknown shape", 6, "request: {shape: completions, max_tokens: 4}",
         "s.yaml:7:18: 'shape' must be one of: chat, completion"},
        {"no max_tokens", 6, "request: {shape: chat}", "s.yaml:7:10: key 'max_tokens' is missing"},
        {"max_tokens 0", 6, "request: {shape: chat, max_tokens: 0}",
         "s.yaml:7:36: 'max_tokens' must be a whole number between 1 and 1000000"},
        {"max_tokens 1.0", 6, "request: {shape: chat, max_tokens: 1.0}",
         "s.yaml:7:36: 'max_tokens' must be a whole number between 1 and 1000000"},
        {"max_tokens too large", 6, "request: {shape: chat, max_tokens: 99999999999999999999}",
         "s.yaml:7:36: 'max_tokens' must be a whole number between 1 and 1000000"},
        {"stream is a text", 6, "request: {shape: chat, max_tokens: 1, stream: 'true'}",
         "s.yaml:7:47: 'stream' must be true or false"},
        {"temperature below 0", 6, "request: {shape: chat, max_tokens: 1, temperature: -0.1}",
         "s.yaml:7:52: 'temperature' must be a number between 0 and 10"},
        {"extra_body is a text", 6, "request: {shape: chat, max_tokens: 1, extra_body: '{}'}",
         "s.yaml:7:51: 'extra_body' must be a mapping of keys to values"},
        {"unknown driver", 7, "load: {driver: opened, rates_rps: [1]}",
         "s.yaml:8:16: 'driver' must be one of: closed, open"},
        {"no driver", 7, "load: {rates_rps: [1]}", "s.yaml:8:7: key 'driver' is missing"},
        {"closed without points", 7, "load: {driver: closed, rates_rps: [1]}",
         "s.yaml:8:7: driver 'closed' needs 'concurrency: [...]'"},
        {"open without points", 7, "load: {driver: open, concurrency: [1]}",
         "s.yaml:8:7: driver 'open' needs 'rates_rps: [...]'"},
        {"no list", 7, "load: {driver: closed, concurrency: 4}",
         "s.yaml:8:37: 'concurrency' must be a list of 1 to 32 numbers"},
        {"empty list", 7, "load: {driver: open, rates_rps: []}",
         "s.yaml:8:33: 'rates_rps' must be a list of 1 to 32 numbers"},
        {"too many points", 7,
         "load: {driver: open, rates_rps: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,1]}",
         "s.yaml:8:33: 'rates_rps' must be a list of 1 to 32 numbers"},
        {"concurrency 0", 7, "load: {driver: closed, concurrency: [4, 0]}",
         "s.yaml:8:41: 'concurrency' must be a whole number between 1 and 100000"},
        {"rate 0", 7, "load: {driver: open, rates_rps: [1, 0]}",
         "s.yaml:8:37: 'rates_rps' must be a number between 0.001 and 1e+06"},
        {"rate is a text", 7, "load: {driver: open, rates_rps: [fast]}",
         "s.yaml:8:34: 'rates_rps' must be a number between 0.001 and 1e+06"},
        {"unknown template", 8, "slo_template: llm.standrd",
         "s.yaml:9:15: unknown SLO template 'llm.standrd': did you mean 'llm.standard'?"},
        {"no template", 8, "", "s.yaml:1:1: key 'slo_template' is missing"},
        {"negative warm-up", 9, "warmup: {requests_per_stream: -1}",
         "s.yaml:10:31: 'requests_per_stream' must be a whole number between 0 and 1000"},
        {"unknown metric", 10, "metrics: [tft_p50_ms]",
         "s.yaml:11:11: unknown metric 'tft_p50_ms': did you mean 'ttft_p50_ms'?"},
        {"metrics are no list", 10, "metrics: ttft_p50_ms",
         "s.yaml:11:10: 'metrics' must be a list of 1 to 32 texts"},
        {"a metric is a number", 10, "metrics: [ttft_p50_ms, 3]",
         "s.yaml:11:24: each of 'metrics' must be a text"},
        {"five metrics", 10,
         "metrics: [ttft_p50_ms, ttft_p90_ms, ttft_p95_ms, ttft_p99_ms, ttft_mean_ms]",
         "s.yaml:11:10: 'metrics' must be at most 4"},
        {"unknown warm-up key", 9, "warmup: {requests: 1}", "s.yaml:10:20: unknown key 'requests'"},
    };
    check_bad(rows, ARRAY_LEN(rows));
}

static void test_spec_read__extra_body_too_large(void **state)
{
    (void)state;

    enum {
        BIG = 1 << 17
    };

    char *text = malloc(BIG + TEXT_MAX);
    assert_non_null(text);
    int len = snprintf(
        text, TEXT_MAX,
        "id: a.b\nplugin: a\nversion: 1.0.0\ntitle: T\nkind: perf\n"
        "dataset: {recipe: chatbot-short}\nload: {driver: open, rates_rps: [1]}\n"
        "slo_template: llm.standard\nrequest:\n  shape: chat\n  max_tokens: 1\n"
        "  extra_body:\n    k: ");
    memset(text + len, 'x', BIG);
    memcpy(text + len + BIG, "\n", 2);
    CLEANUP(arena_done) struct arena arena = {0};
    struct spec spec = {0};
    struct error err = {0};
    assert_int_equal(read_text(&arena, text, &spec, &err), -ERROR_PARSE);
    assert_string_equal(err.text, "s.yaml:13:5: 'extra_body' is too large");
    free(text);
}

static void test_spec_table_load__built_in(void **state)
{
    (void)state;
    struct error err = {0};
    CLEANUP(spec_table_done) struct spec_table table = {0};
    assert_int_equal(spec_table_load(NULL, &table, &err), 0);
    const struct spec *chat = &table.specs[0];
    assert_string_equal(chat->id, "llm.inference.chatbot-short");
    assert_string_equal(chat->source, "built in");
    assert_true(chat->shape.chat && chat->shape.stream);
    assert_int_equal(chat->shape.max_tokens, 128);
    assert_int_equal(chat->driver, DRIVER_CLOSED);
    assert_int_equal(chat->concurrency[0], 1);
    const struct spec *share = NULL;
    assert_int_equal(spec_find(&table, "llm.inference.sharegpt-v3", &share, &err), 0);
    assert_int_equal(share->driver, DRIVER_OPEN);
    assert_int_equal(share->n_rates, 5);
    assert_near(share->rates_rps[4], 256.0, 0.0);
    const struct spec *code = NULL;
    assert_int_equal(spec_find(&table, "llm.inference.code-completion", &code, &err), 0);
    assert_false(code->shape.chat);
    assert_int_equal(code->n_concurrency, 4);
    assert_int_equal(code->concurrency[3], 64);
}

/* Each built-in file is called after what it defines. */
static void test_embedded_table__names_match_ids(void **state)
{
    (void)state;
    struct error err = {0};
    CLEANUP(spec_table_done) struct spec_table table = {0};
    assert_int_equal(spec_table_load(NULL, &table, &err), 0);
    for (size_t i = 0; i < table.n; i++) {
        char name[256];
        (void)snprintf(name, sizeof(name), "specs/%s.yaml", table.specs[i].id);
        const struct embedded_file *file = embedded_find(name);
        assert_non_null(file);
        assert_int_equal(strlen(file->text), file->len);
    }
    assert_null(embedded_find("specs/none.yaml"));
}

/* The bytes in the binary are those of data/. */
static void test_embedded_table__equals_the_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < embedded_table_len; i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "data/%s", embedded_table[i].name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        for (size_t at = 0; at < embedded_table[i].len; at++) {
            assert_int_equal(fgetc(file), (unsigned char)embedded_table[i].text[at]);
        }
        assert_int_equal(fgetc(file), EOF);
        (void)fclose(file);
    }
}

static void test_spec_table_load__folder_overrides_in_place(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    char text[TEXT_MAX];
    compose(text, LINES, "");
    (void)scratch_write(&scratch, "b-own.yaml", text);
    (void)scratch_write(&scratch, "notes.txt", "not a spec");
    (void)scratch_write(&scratch, ".hidden.yaml", "not a spec");
    (void)scratch_write(
        &scratch, "a-chat.yaml",
        "id: llm.inference.chatbot-short\nplugin: llm.inference\nversion: 9.0.0\ntitle: Mine\n"
        "kind: perf\ndataset: {recipe: 'jsonl:mine.jsonl'}\nrequest: {shape: chat, max_tokens: 5}\n"
        "load: {driver: closed, concurrency: [2]}\nslo_template: llm.standard\n");
    struct error err = {0};
    CLEANUP(spec_table_done) struct spec_table table = {0};
    CLEANUP(spec_table_done) struct spec_table built_in = {0};
    assert_int_equal(spec_table_load(NULL, &built_in, &err), 0);
    assert_int_equal(spec_table_load(scratch.folder, &table, &err), 0);
    assert_int_equal(table.n, built_in.n + 1);
    assert_string_equal(table.specs[0].version, "9.0.0");
    assert_string_equal(table.specs[0].source, scratch_path(&scratch, "a-chat.yaml"));
    assert_string_equal(table.specs[1].id, built_in.specs[1].id);
    assert_string_equal(table.specs[built_in.n].id, "my.pack.one");
}

/* A file that is named by hand comes before everything else of its id. */
static void test_spec_table_add_file__replaces_or_appends(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    char text[TEXT_MAX];
    compose(text, LINES, "");
    (void)scratch_write(&scratch, "one.yaml", text);
    compose(text, 2, "version: 7.0.0");
    (void)scratch_write(&scratch, "other.yaml", text);
    struct error err = {0};
    CLEANUP(spec_table_done) struct spec_table table = {0};
    assert_int_equal(spec_table_load("", &table, &err), 0);
    const size_t n = table.n;
    const struct spec *spec = NULL;
    assert_int_equal(
        spec_table_add_file(&table, scratch_path(&scratch, "one.yaml"), &spec, &err), 0);
    assert_string_equal(spec->version, "1.2.3");
    assert_int_equal(table.n, n + 1);
    assert_int_equal(
        spec_table_add_file(&table, scratch_path(&scratch, "other.yaml"), &spec, &err), 0);
    assert_string_equal(spec->version, "7.0.0");
    assert_string_equal(spec->text, text);
    char sha256[DIGEST_HEX_SIZE];
    digest_sha256_hex(text, strlen(text), sha256);
    assert_string_equal(spec->sha256, sha256);
    assert_int_equal(table.n, n + 1);
    assert_int_equal(
        spec_table_add_file(&table, scratch_path(&scratch, "none.yaml"), &spec, &err),
        -ERROR_NOT_FOUND);
}

static void test_spec_table_load__bad_folders(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    struct spec_table table = {0};
    struct error err = {0};
    assert_int_equal(spec_table_load("/no/such/folder", &table, &err), -ERROR_NOT_FOUND);
    assert_string_equal(
        err.text, "cannot list the specs in /no/such/folder: No such file or directory");

    char text[TEXT_MAX];
    compose(text, LINES, "");
    (void)scratch_write(&scratch, "a.yaml", text);
    (void)scratch_write(&scratch, "b.yaml", text);
    error_clear(&err);
    assert_int_equal(spec_table_load(scratch.folder, &table, &err), -ERROR_PARSE);
    assert_non_null(strstr(err.text, "b.yaml:1:1: benchmark 'my.pack.one' is already defined by"));

    (void)scratch_write(&scratch, "b.yaml", "id: 3\n");
    error_clear(&err);
    assert_int_equal(spec_table_load(scratch.folder, &table, &err), -ERROR_PARSE);
    assert_non_null(strstr(err.text, "b.yaml:1:5: 'id' must be a text"));

    assert_int_equal(unlink(scratch.path), 0);
    assert_int_equal(mkdir(scratch_path(&scratch, "c.yaml"), 0700), 0);
    error_clear(&err);
    assert_int_equal(spec_table_load(scratch.folder, &table, &err), -ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "c.yaml is a folder"));
    assert_null(table.specs);
}

static void test_spec_table_load__too_many_files(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    for (int i = 0; i <= SPECS_MAX; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "%d.yaml", i);
        (void)scratch_write(&scratch, name, "");
    }
    struct spec_table table = {0};
    struct error err = {0};
    assert_int_equal(spec_table_load(scratch.folder, &table, &err), -ERROR_LIMIT);
    assert_non_null(strstr(err.text, "holds 1001 specs; 1000 are the most"));
}

static void test_spec_find__benchmark_plugin_and_nearest(void **state)
{
    (void)state;
    struct error err = {0};
    CLEANUP(spec_table_done) struct spec_table table = {0};
    assert_int_equal(spec_table_load(NULL, &table, &err), 0);
    const struct spec *spec = NULL;
    assert_int_equal(spec_find(&table, "llm.inference.sharegpt-v3", &spec, &err), 0);
    assert_string_equal(spec->id, "llm.inference.sharegpt-v3");
    assert_int_equal(spec_find(&table, "llm.inference", &spec, &err), 0);
    assert_ptr_equal(spec, &table.specs[0]);

    static const struct {
        const char *id;
        const char *text;
    } rows[] = {
        {"llm.inference.chatbot-shor",
         "unknown suite 'llm.inference.chatbot-shor': did you mean 'llm.inference.chatbot-short'?"},
        {"llm.inferense", "unknown suite 'llm.inferense': did you mean 'llm.inference'?"},
        {"sharegpt-v3", "unknown suite 'sharegpt-v3': did you mean 'llm.inference.sharegpt-v3'?"},
        {"short", "unknown suite 'short': see `bench list`"},
        {"vision", "unknown suite 'vision': see `bench list`"},
        {"", "unknown suite '': see `bench list`"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        spec = NULL;
        error_clear(&err);
        assert_int_equal(spec_find(&table, rows[i].id, &spec, &err), -ERROR_USAGE);
        assert_string_equal(err.text, rows[i].text);
        assert_null(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec_read__every_key),
        cmocka_unit_test(test_spec_read__defaults_and_choices),
        cmocka_unit_test(test_spec_read__a_quality_benchmark),
        cmocka_unit_test(test_spec_read__refuses_a_bad_quality_benchmark),
        cmocka_unit_test(test_spec_read__bad_names),
        cmocka_unit_test(test_spec_read__bad_parts),
        cmocka_unit_test(test_spec_read__extra_body_too_large),
        cmocka_unit_test(test_spec_table_load__built_in),
        cmocka_unit_test(test_embedded_table__names_match_ids),
        cmocka_unit_test(test_embedded_table__equals_the_files),
        cmocka_unit_test(test_spec_table_load__folder_overrides_in_place),
        cmocka_unit_test(test_spec_table_add_file__replaces_or_appends),
        cmocka_unit_test(test_spec_table_load__bad_folders),
        cmocka_unit_test(test_spec_table_load__too_many_files),
        cmocka_unit_test(test_spec_find__benchmark_plugin_and_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
