#include "base/clock.h"
#include "codec/digest.h"
#include "suite/synthetic.h"
#include "suite/trace.h"
#include "support/prompts.h"

#include <string.h>

/* By Python's datetime. */
static void test_trace_time_parse__reads_times(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"2023-11-16 18:15:46.6805900", INT64_C(1700158546680590000)},
        {"2023-11-16T18:15:46.68059Z", INT64_C(1700158546680590000)},
        {"1970-01-01 00:00:00", 0},
        {"1970-01-01 00:00:00.000000001", 1},
        {"2024-02-29 23:59:59.999999", INT64_C(1709251199999999000)},
        {"2000-02-29 12:00:00", INT64_C(951825600000000000)},
        {"1972-03-01 00:00:00", INT64_C(68256000000000000)},
        {"2024-05-10 00:00:00.009930+00:00", INT64_C(1715299200009930000)},
        {"2024-05-10 02:30:00+05:30", INT64_C(1715288400000000000)},
        {"2023-12-31 20:00:00-08:00", INT64_C(1704081600000000000)},
        {"2089-12-31 23:59:59", INT64_C(3786911999000000000)},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ns = -1;
        if (!trace_time_parse(rows[i].text, strlen(rows[i].text), &ns) || ns != rows[i].ns) {
            fail_msg("%s: %lld", rows[i].text, (long long)ns);
        }
    }
}

static void test_trace_time_parse__refuses_others(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2023-11-16",
        "2023-11-16 ",
        "2023-11-16 18:15",
        "2023-11-16 18:15:46.",
        "2023-11-16 18:15:46.1234567890",
        "2023-11-16 18:15:46 ",
        "2023-11-16 18:15:46+1",
        "2023-11-16 18:15:46+15:00",
        "2023-11-16 18:15:46+00:60",
        "2023-11-16 24:00:00",
        "2023-11-16 18:60:00",
        "2023-11-16 18:15:60",
        "2023-13-16 18:15:46",
        "2023-00-16 18:15:46",
        "2023-02-29 18:15:46",
        "2100-02-29 18:15:46",
        "2023-11-00 18:15:46",
        "1969-12-31 23:59:59",
        "2091-01-01 00:00:00",
        "23-11-16 18:15:46",
        "2023/11/16 18:15:46",
        "1700158546.68",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ns = 0;
        if (trace_time_parse(rows[i], strlen(rows[i]), &ns)) {
            fail_msg("'%s' is read", rows[i]);
        }
    }
}

static int
read_text(const char *text, uint32_t n, struct arena *arena, struct trace *out, struct error *err)
{
    const struct reader_input input = {"t", text, strlen(text), NULL};
    return trace_read(&input, n, arena, out, err);
}

static void test_trace_read__mooncake(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    struct trace trace;
    struct error err = {0};
    assert_int_equal(
        read_text(
            "\n{\"timestamp\": 27482, \"input_length\": 1030, \"output_length\": 500, "
            "\"hash_ids\": [46, 47, 281474976710656]}\n"
            "{\"timestamp\": 27482.5, \"input_length\": 512, \"output_length\": 0, \"hash_ids\": [46], "
            "\"session\": 7}\n\n"
            "{\"output_length\": 3, \"input_length\": 0, \"timestamp\": 30000}",
            0, &arena, &trace, &err),
        0);
    assert_int_equal(trace.format, TRACE_MOONCAKE);
    assert_int_equal(trace.n, 3);
    assert_int_equal(trace.n_blocks, 4);
    assert_true(trace.requests[0].at_ns == 0);
    assert_true(trace.requests[1].at_ns == 500000);
    assert_true(trace.requests[2].at_ns == INT64_C(2518000000));
    assert_int_equal(trace.requests[0].input, 1030);
    assert_int_equal(trace.requests[0].output, 500);
    assert_int_equal(trace.requests[0].n_blocks, 3);
    assert_int_equal(trace.requests[0].blocks[1], 47);
    assert_int_equal(trace.requests[1].output, 1); /* nothing is no answer */
    assert_int_equal(trace.requests[2].input, SYNTHETIC_INPUT_MIN);
    assert_int_equal(trace.n_raised, 2);
    assert_int_equal(trace.requests[2].n_blocks, 0);
}

static void test_trace_read__azure(void **state)
{
    (void)state;
    CLEANUP(arena_done) struct arena arena = {0};
    struct trace trace;
    struct error err = {0};
    assert_int_equal(
        read_text(
            "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
            "2023-12-31 23:59:59.6805900,4808,10\r\n\r\n"
            "2024-01-01 00:00:00.0000001,374,44\r\n",
            0, &arena, &trace, &err),
        0);
    assert_int_equal(trace.format, TRACE_AZURE);
    assert_int_equal(trace.n, 2);
    assert_true(trace.requests[1].at_ns == 319410100);
    assert_int_equal(trace.requests[0].input, 4808);
    assert_int_equal(trace.requests[1].output, 44);
    /* Other columns, another order. */
    assert_int_equal(
        read_text(
            "TIMESTAMP,NumImages,GeneratedTokens,ContextTokens\n2023-12-31 23:59:59,3,7,90", 0,
            &arena, &trace, &err),
        0);
    assert_int_equal(trace.requests[0].input, 90);
    assert_int_equal(trace.requests[0].output, 7);
}

static void test_trace_read__refuses(void **state)
{
    (void)state;
#define ROW  "{\"timestamp\":5,\"input_length\":9,\"output_length\":9}\n"
#define HEAD "TIMESTAMP,ContextTokens,GeneratedTokens\n"

    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"[1]", "t:1:1: this is no trace: lines of"},
        {"time,in,out\n", "t:1:1: this is no trace"},
        {" \n", "t:1:1: this is no trace"},
        {HEAD, "t:1:1: the trace holds no requests"},
        {"TIMESTAMP,ContextTokens\n",
         "t:1:1: the columns must include TIMESTAMP, ContextTokens and"},
        {HEAD "x,1,2\n", "t:2:1: TIMESTAMP must be a time like"},
        {HEAD "\n2023-11-16 18:15:46,1\n", "t:3:22: GeneratedTokens must be a whole number"},
        {HEAD "2023-11-16 18:15:46,-1,2\n", "t:2:21: ContextTokens must be a whole number"},
        {HEAD "2023-11-16 18:15:46,1,1000001\n", "t:2:23: GeneratedTokens must be a whole number"},
        {HEAD "2023-11-16 18:15:46,\"1\",2\n", "t:2:21: ContextTokens must be a whole number"},
        {HEAD "2023-11-16 18:15:46,1,2\n2023-11-16 18:15:45,1,2\n",
         "t:3:1: the time is before that"},
        {ROW "{\"timestamp\":4.9,\"input_length\":9,\"output_length\":9}",
         "t:2:1: the time is before"},
        {ROW "{", "t:2:2: "},
        {ROW "7", "t:2:1: 'timestamp' must be a number of ms from 0"},
        {"{\"timestamp\":-1,\"input_length\":9,\"output_length\":9}",
         "t:1:14: 'timestamp' must be"},
        {"{\"timestamp\":1e300,\"input_length\":9,\"output_length\":9}",
         "t:1:14: 'timestamp' must"},
        {"{\"timestamp\":\"5\",\"input_length\":9,\"output_length\":9}",
         "t:1:14: 'timestamp' must"},
        {"{\"timestamp\":5,\"output_length\":9}", "t:1:1: 'input_length' must be a whole number"},
        {"{\"timestamp\":5,\"input_length\":9.5,\"output_length\":9}",
         "t:1:31: 'input_length' must"},
        {"{\"timestamp\":5,\"input_length\":9}", "t:1:1: 'output_length' must be a whole number"},
        {"{\"timestamp\":5,\"input_length\":513,\"output_length\":9,\"hash_ids\":[1]}",
         "t:1:64: 'hash_ids' must be a list of one number for each 512 tokens of input_length: 2"},
        {"{\"timestamp\":5,\"input_length\":512,\"output_length\":9,\"hash_ids\":[1,2]}",
         "input_length: 1"},
        {"{\"timestamp\":5,\"input_length\":9,\"output_length\":9,\"hash_ids\":[-1]}",
         "an id of 'hash_ids' must be a whole number"},
        {"{\"timestamp\":5,\"input_length\":9,\"output_length\":9,\"hash_ids\":[\"a\"]}",
         "an id of 'hash_ids' must be a whole number"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct trace trace;
        struct error err = {0};
        assert_int_equal(read_text(rows[i].text, 0, &arena, &trace, &err), -ERROR_PARSE);
        if (strstr(err.text, rows[i].message) == NULL) {
            print_error("%s\n  gives: %s\n", rows[i].text, err.text);
            fail();
        }
    }
}

static void test_trace_read__is_bounded(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    for (int i = 0; i < 101; i++) {
        bytes_add_format(
            &text, "{\"timestamp\":%d,\"input_length\":1000000,\"output_length\":9}\n", i);
    }
    CLEANUP(arena_done) struct arena arena = {0};
    struct trace trace;
    struct error err = {0};
    assert_int_equal(read_text(text.data, 0, &arena, &trace, &err), -ERROR_LIMIT);
    assert_string_equal(
        err.text,
        "t:101:1: more than 100000000 input tokens, which is what a run can hold: keep fewer "
        "requests with n=100");
    error_clear(&err);
    assert_int_equal(read_text(text.data, 100, &arena, &trace, &err), 0);
    assert_int_equal(trace.n, 100);
}

/* Words and full stops. */
static uint32_t nominal_tokens(const char *text)
{
    uint32_t n = 1;
    for (const char *p = text; *p != '\0'; p++) {
        n += *p == ' ' || *p == '.' ? 1 : 0;
    }
    return n;
}

/* How many nominal tokens two texts share at their start. */
static uint32_t shared_tokens(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n]) {
        n++;
    }
    char *same = strndup(a, n);
    const uint32_t tokens = nominal_tokens(same) - 1;
    free(same);
    return tokens;
}

/* The file of tests/data: lengths as recorded, texts shared where ids are.  Sums by Python. */
static void test_trace_load__mooncake(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good("trace:tests/data/traces/mooncake.jsonl", 42, 0, &set);
    assert_int_equal(set.n, 24);
    assert_string_equal(set.id, "trace:mooncake.jsonl");
    const struct trace *trace = set.maker.trace;
    for (uint32_t i = 0; i < set.n; i++) {
        const struct trace_request *request = &trace->requests[i];
        assert_int_equal(set.prompts[i].input_tokens, request->input);
        assert_int_equal(set.prompts[i].max_tokens, request->output);
        assert_int_equal(nominal_tokens(only_text(&set.prompts[i])), request->input);
        assert_true(set.arrivals_ns[i] == request->at_ns);
    }
    for (uint32_t i = 0; i < set.n * set.n; i++) {
        const struct trace_request *a = &trace->requests[i / set.n];
        const struct trace_request *b = &trace->requests[i % set.n];
        uint32_t same = 0;
        while (same < a->n_blocks && same < b->n_blocks && a->blocks[same] == b->blocks[same]) {
            same++;
        }
        const uint32_t shared =
            shared_tokens(only_text(&set.prompts[i / set.n]), only_text(&set.prompts[i % set.n]));
        assert_true(i / set.n == i % set.n || shared >= same * TRACE_BLOCK_TOKENS);
        assert_true(i / set.n == i % set.n || shared <= same * TRACE_BLOCK_TOKENS + 3);
    }
    assert_int_equal(fact_i64(&set, "input_tokens_total"), 40025);
    assert_int_equal(fact_i64(&set, "max_tokens_total"), 319);
    assert_int_equal(fact_i64(&set, "trace_blocks"), 90);
}

static void test_trace_load__azure_and_its_keys(void **state)
{
    (void)state;
    CLEANUP(prompt_set_done) struct prompt_set all = {0};
    CLEANUP(prompt_set_done) struct prompt_set fast = {0};
    CLEANUP(prompt_set_done) struct prompt_set other = {0};
    load_good("trace:tests/data/traces/azure.csv", 42, 0, &all);
    load_good("trace:tests/data/traces/azure.csv,speed=2.5,n=9,exact=off", 42, 0, &fast);
    load_good("trace:tests/data/traces/azure.csv", 43, 0, &other);
    assert_int_equal(all.n, 20);
    assert_int_equal(fast.n, 9);
    assert_int_equal(fast.maker.exact, EXACT_OFF);
    assert_string_not_equal(all.hash, other.hash);
    for (uint32_t i = 0; i < all.n; i++) {
        const char *text = only_text(&all.prompts[i]);
        assert_int_equal(nominal_tokens(text), all.prompts[i].input_tokens);
        assert_true(i == 0 || shared_tokens(text, only_text(&all.prompts[i - 1])) < 3);
    }
    for (uint32_t i = 0; i < fast.n; i++) {
        assert_near((double)fast.arrivals_ns[i], (double)all.arrivals_ns[i] / 2.5, 0.5);
        assert_string_equal(only_text(&fast.prompts[i]), only_text(&all.prompts[i]));
    }
}

/* A text with any number of words, and its blocks' places in it. */
static void test_trace_write__any_length(void **state)
{
    (void)state;
    static const uint64_t blocks[] = {5, 6, 7};
    struct trace_request request = {.input = 1400, .n_blocks = 3, .blocks = blocks};
    const struct trace trace = {.requests = &request, .n = 1};
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    static const uint32_t lengths[] = {4,    5,    511,  512,  513,  515, 516,
                                       1023, 1024, 1027, 1028, 1400, 2000};
    for (size_t i = 0; i < ARRAY_LEN(lengths) * 3; i++) {
        const struct trace_text what = {&trace, 42, 0, lengths[i / 3], (uint32_t)(i % 3)};
        trace_write(&what, &text);
        assert_int_equal(nominal_tokens(text.data), lengths[i / 3]);
    }
}

static void test_recipe_parse__traces(void **state)
{
    (void)state;

    static const struct {
        const char *recipe;
        const char *path;
        double speed;
        uint32_t n;
        const char *message;
    } rows[] = {
        {"trace:a", "a", 1.0, 0, NULL},
        {"trace:a,b.csv,n=7,speed=0.5", "a,b.csv", 0.5, 7, NULL},
        {"trace:n=7", "n=7", 1.0, 0, NULL},
        {"trace:a,m=7", "a,m=7", 1.0, 0, NULL},
        {"trace:", NULL, 0, 0, "dataset 'trace:' is not complete: the form is trace:FILE"},
        {"trace:,n=3", NULL, 0, 0,
         "dataset 'trace:' is not complete: the form is trace:FILE[,speed=X]"},
        {"trace:a,n=0", NULL, 0, 0, "dataset trace: n: '0' is not between 1 and 1000000"},
        {"trace:a,n=", NULL, 0, 0, "dataset trace: n: '' is not a whole number"},
        {"trace:a,speed=0", NULL, 0, 0, "dataset trace: speed: '0' is not between 0.001 and 1000"},
        {"trace:a,speed=fast", NULL, 0, 0, "dataset trace: speed: 'fast' is not a number"},
        {"trace:a,exact=no", NULL, 0, 0, "dataset trace: exact: 'no' is not auto, off or require"},
        {"trace:a,n=3,n=4", NULL, 0, 0, "dataset trace: 'n' is given twice"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct recipe recipe;
        struct error err = {0};
        const int rc = recipe_parse(rows[i].recipe, &recipe, &err);
        if (rows[i].message != NULL) {
            assert_int_equal(rc, -ERROR_USAGE);
            assert_string_equal(err.text, rows[i].message);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(recipe.trace.path_len, strlen(rows[i].path));
        assert_memory_equal(recipe.path, rows[i].path, recipe.trace.path_len);
        assert_near(recipe.trace.speed, rows[i].speed, 0.0);
        assert_int_equal(recipe.trace.n, rows[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_time_parse__reads_times),
        cmocka_unit_test(test_trace_time_parse__refuses_others),
        cmocka_unit_test(test_trace_read__mooncake),
        cmocka_unit_test(test_trace_read__azure),
        cmocka_unit_test(test_trace_read__refuses),
        cmocka_unit_test(test_trace_read__is_bounded),
        cmocka_unit_test(test_trace_load__mooncake),
        cmocka_unit_test(test_trace_load__azure_and_its_keys),
        cmocka_unit_test(test_trace_write__any_length),
        cmocka_unit_test(test_recipe_parse__traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
