#include "base/mem.h"
#include "base/text.h"
#include "suite/dataset_readers.h"
#include "support/prompts.h"
#include "support/scratch.h"

#include <fcntl.h>
#include <string.h>

static const char *const v3_file = "ShareGPT_V3_unfiltered_cleaned_split.json";

struct reading {
    struct arena arena;
    struct prompt_list list;
    struct sharegpt_counts counts;
    struct error err;
    int rc;
};

static void reading_done(struct reading *self)
{
    prompt_list_done(&self->list);
    arena_done(&self->arena);
}

/* Reads a copy of the text of exactly its size, so that a sanitizer sees every step too far. */
static void
read_bytes(struct reading *self, const char *text, size_t len, uint64_t seed, uint32_t n_wanted)
{
    *self = (struct reading){.rc = 1};
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    char *at = copy + 1;
    memcpy(at, text, len);
    self->list.arena = &self->arena;
    const struct sharegpt_input input = {"f", at, len, seed, n_wanted};
    self->rc = sharegpt_read(&input, &self->list, &self->counts, &self->err);
    free(copy);
}

static void read_text(struct reading *self, const char *text)
{
    read_bytes(self, text, strlen(text), 1, 0);
}

static char *read_file(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long len = ftell(file);
    assert_true(len > 0);
    rewind(file);
    char *bytes = malloc((size_t)len);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)len, file), len);
    (void)fclose(file);
    *out_len = (size_t)len;
    return bytes;
}

/* What another program makes of a file with every kind of conversation.
 * Source: tests/oracle/dataset_oracle.py. */
static void test_sharegpt_read__agrees_with_the_oracle(void **state)
{
    (void)state;
    size_t len = 0;
    size_t want_len = 0;
    char *text = read_file("tests/data/suite/sharegpt.json", &len);
    char *want = read_file("tests/data/suite/sharegpt.tsv", &want_len);
    CLEANUP(reading_done) struct reading have;
    read_bytes(&have, text, len, 1, 0);
    assert_int_equal(have.rc, 0);
    assert_int_equal(have.counts.n_conversations, 150);
    assert_int_equal(have.counts.n_usable, have.list.n);
    const char *p = want;
    uint32_t n = 0;
    while (p < want + want_len) {
        CLEANUP(arena_done) struct arena arena = {0};
        struct error err = {0};
        struct json *prompt = NULL;
        char *tab = NULL;
        const unsigned long tokens = strtoul(p, &tab, 10);
        const char *end = memchr(p, '\n', (size_t)(want + want_len - p));
        assert_non_null(end);
        assert_int_equal(
            json_parse(&arena, "want", tab + 1, (size_t)(end - tab - 1), &prompt, &err), 0);
        assert_true(n < have.list.n);
        assert_string_equal(only_text(&have.list.items[n]), prompt->text);
        assert_int_equal(have.list.items[n].max_tokens, tokens);
        n++;
        p = end + 1;
    }
    assert_int_equal(n, have.list.n);
    const struct sharegpt_counts *counts = &have.counts;
    assert_int_equal(
        counts->n_usable + counts->n_no_turns + counts->n_not_human + counts->n_no_answer +
            counts->n_bad_text + counts->n_too_short + counts->n_too_long,
        counts->n_conversations);
    assert_true(
        counts->n_no_turns > 0 && counts->n_not_human > 0 && counts->n_no_answer > 0 &&
        counts->n_bad_text > 0 && counts->n_too_short > 0 && counts->n_too_long > 0);
    free(text);
    free(want);
}

/* The same conversations in every other form are the same prompts. */
static void expect_same(const char *what, const char *text, const struct reading *want)
{
    CLEANUP(reading_done) struct reading have;
    read_text(&have, text);
    if (have.rc != 0 || memcmp(&have.counts, &want->counts, sizeof(have.counts)) != 0) {
        print_error("%s: %d '%s'\n", what, have.rc, have.err.text);
        fail();
    }
    for (uint32_t i = 0; i < want->list.n; i++) {
        assert_string_equal(only_text(&have.list.items[i]), only_text(&want->list.items[i]));
        assert_int_equal(have.list.items[i].max_tokens, want->list.items[i].max_tokens);
    }
}

static void test_sharegpt_read__every_form_gives_the_same(void **state)
{
    (void)state;
    size_t len = 0;
    char *bytes = read_file("tests/data/suite/sharegpt.json", &len);
    CLEANUP(mem_freep) char *list = mem_copy_bytes(bytes, len);
    free(bytes);
    CLEANUP(reading_done) struct reading want;
    read_text(&want, list);
    assert_int_equal(want.rc, 0);
    CLEANUP(mem_freep) char *under_a_key = mem_format("{\"version\": [1], \"data\": %s}", list);
    expect_same("under a key", under_a_key, &want);
    CLEANUP(mem_freep)
    char *under_our_key = mem_format(" {\"conversations\": %s, \"items\": [3]}\n", list);
    expect_same("under a key that conversations have, too", under_our_key, &want);
    /* The file has one conversation a line: "[" first ",\n " next ... "]\n". */
    CLEANUP(mem_freep) char *lines = mem_copy_text(list + 1);
    for (char *p = strstr(lines, ",\n "); p != NULL; p = strstr(p, ",\n ")) {
        p[0] = '\r';
        p[2] = '\n';
    }
    *strrchr(lines, ']') = ' ';
    expect_same("lines", lines, &want);
}

#define HUMAN(text) "{\"from\":\"human\",\"value\":\"" text "\"}"
#define GPT(text)   "{\"from\":\"gpt\",\"value\":\"" text "\"}"
#define GOOD        HUMAN("thirteen byte") "," GPT("thirteen byte")

/* One conversation beside a good one: which counter it moves. */
static const struct conversation_row {
    const char *what;
    const char *conversation;
    size_t counter; /* offset */
} conversation_rows[] = {
    {"usual", "{\"id\":\"a\",\"conversations\":[" GOOD "]}",
     offsetof(struct sharegpt_counts, n_usable)},
    {"conversation", "{\"conversation\":[" GOOD "]}", offsetof(struct sharegpt_counts, n_usable)},
    {"items", "{\"items\":[" GOOD "," HUMAN("x") "]}", offsetof(struct sharegpt_counts, n_usable)},
    {"system turns in front", "{\"items\":[{\"from\":\"system\",\"value\":1}," GOOD "]}",
     offsetof(struct sharegpt_counts, n_usable)},
    {"other keys in turns",
     "{\"items\":[{\"x\":[{\"from\":\"gpt\"}],\"from\":\"user\",\"value\":\"thirteen byte\"},"
     "{\"role\":\"assistant\",\"content\":\"thirteen byte\",\"y\":{}}]}",
     offsetof(struct sharegpt_counts, n_usable)},
    {"second list is left alone", "{\"items\":[" GOOD "],\"conversations\":[1]}",
     offsetof(struct sharegpt_counts, n_usable)},
    {"no list", "{\"id\":1}", offsetof(struct sharegpt_counts, n_no_turns)},
    {"empty list", "{\"items\":[]}", offsetof(struct sharegpt_counts, n_no_turns)},
    {"list is a text", "{\"items\":\"x\"}", offsetof(struct sharegpt_counts, n_no_turns)},
    {"list is an object", "{\"items\":{\"a\":[1]}}", offsetof(struct sharegpt_counts, n_no_turns)},
    {"only a system turn", "{\"items\":[{\"from\":\"system\",\"value\":\"be nice\"}]}",
     offsetof(struct sharegpt_counts, n_not_human)},
    {"the rest of a conversation", "{\"items\":[" GPT("thirteen byte") "," GOOD "]}",
     offsetof(struct sharegpt_counts, n_not_human)},
    {"unknown speaker",
     "{\"items\":[{\"from\":\"parrot\",\"value\":\"thirteen byte\"}," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_not_human)},
    {"no speaker", "{\"items\":[{\"value\":\"thirteen byte\"}," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_not_human)},
    {"no answer", "{\"items\":[" HUMAN("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_no_answer)},
    {"asked twice", "{\"items\":[" HUMAN("thirteen byte") "," HUMAN("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_no_answer)},
    {"no text", "{\"items\":[{\"from\":\"human\"}," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"text is an object",
     "{\"items\":[" HUMAN("thirteen byte") ",{\"from\":\"gpt\",\"value\":{\"a\":\"b\"}}]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"blank", "{\"items\":[" HUMAN("  \\n\\t\\r      \\u0020   ") "," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"NUL", "{\"items\":[" HUMAN("thirteen\\u0000byte") "," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"half a character in the answer",
     "{\"items\":[" HUMAN("thirteen byte") "," GPT("thirteen \\udc00 byte") "]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"half a character at the end",
     "{\"items\":[" HUMAN("thirteen byte\\ud83d") "," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"half a character elsewhere",
     "{\"title\":\"\\uD83D \\ud83d\\ud83d \\uDE00\",\"items\":[" GOOD "]}",
     offsetof(struct sharegpt_counts, n_bad_text)},
    {"short prompt", "{\"items\":[" HUMAN("twelve bytes") "," GPT("thirteen byte") "]}",
     offsetof(struct sharegpt_counts, n_too_short)},
    {"short answer", "{\"items\":[" HUMAN("thirteen byte") "," GPT("twelve bytes") "]}",
     offsetof(struct sharegpt_counts, n_too_short)},
};

static void check_conversation(const struct conversation_row *row)
{
    char text[2048];
    (void)snprintf(text, sizeof(text), " [ {\"items\":[" GOOD "]},\n%s] \n", row->conversation);
    CLEANUP(reading_done) struct reading have;
    read_text(&have, text);
    const uint64_t counter = *(const uint64_t *)((const char *)&have.counts + row->counter);
    const uint64_t usable = row->counter == offsetof(struct sharegpt_counts, n_usable) ? 2 : 1;
    if (have.rc != 0 || counter != usable || have.counts.n_usable != usable ||
        have.counts.n_conversations != 2) {
        print_error("%s: %d %s\n", row->what, have.rc, have.err.text);
        fail();
    }
    assert_string_equal(only_text(&have.list.items[have.list.n - 1]), "thirteen byte");
    assert_int_equal(have.list.items[0].max_tokens, 4);
}

static void test_sharegpt_read__which_conversations_are_used(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(conversation_rows); i++) {
        check_conversation(&conversation_rows[i]);
    }
}

/* Lengths at both sides of each limit, plain and with every byte written as six. */
static void test_sharegpt_read__lengths(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        size_t prompt;
        size_t answer;
        bool used;
    } rows[] = {
        {"shortest", 13, 13, true},
        {"prompt too short", 12, 13, false},
        {"answer too short", 13, 12, false},
        {"longest prompt", 4096, 4096, true},
        {"prompt too long", 4097, 13, false},
        {"longest in all", 16, 8176, true},
        {"together too long", 16, 8177, false},
        {"far too long", 13, 60000, false},
    };

    enum {
        ROOM = 1 << 20
    };

    char *text = malloc(ROOM);
    assert_non_null(text);
    for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        const char *unit = i % 2 == 0 ? "x" : "\\u0041";
        size_t len = (size_t)snprintf(
            text, ROOM, "[{\"items\":[" GOOD "]},{\"items\":[{\"from\":\"human\",\"value\":\"");
        for (size_t k = 0; k < rows[i / 2].prompt; k++) {
            len += (size_t)snprintf(text + len, ROOM - len, "%s", unit);
        }
        len += (size_t)snprintf(text + len, ROOM - len, "\"},{\"from\":\"gpt\",\"value\":\"");
        for (size_t k = 0; k < rows[i / 2].answer; k++) {
            len += (size_t)snprintf(text + len, ROOM - len, "%s", unit);
        }
        (void)snprintf(text + len, ROOM - len, "\"}]}]");
        CLEANUP(reading_done) struct reading have;
        read_text(&have, text);
        if (have.rc != 0 || have.counts.n_usable != (rows[i / 2].used ? 2 : 1)) {
            print_error("%s: %d %s\n", rows[i / 2].what, have.rc, have.err.text);
            fail();
        }
        if (rows[i / 2].used) {
            assert_int_equal(strlen(only_text(&have.list.items[1])), rows[i / 2].prompt);
            assert_int_equal(have.list.items[1].max_tokens, (rows[i / 2].answer + 3) / 4);
        }
    }
    free(text);
}

static void test_sharegpt_read__malformed(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        const char *message;
    } rows[] = {
        {"nothing", "", "f:1:1: a value is expected"},
        {"an object without turns", "{\"items\":[]}", "f:1:1: none of 1 conversations can be used"},
        {"an object with an empty list", "{\"data\":[]}",
         "f:1:1: none of 1 conversations can be used"},
        {"a number", "3", "f:1:1: a list of conversations, or one on each line, is expected"},
        {"lines, the second is a list", "{\"items\":[" GOOD "]}\n[]",
         "f:2:1: the text goes on after its value"},
        {"lines, the second is cut", "{\"items\":[" GOOD "]}\n\n{\"items\":[",
         "f:3:11: a value is expected"},
        {"more text behind an object", "{\"data\":[{\"items\":[" GOOD "]}]}\n x",
         "f:2:2: the text goes on after its value"},
        {"empty list", "[]", "f:1:1: none of 0 conversations can be used"},
        {"nothing usable", "[{\"items\":[]},{}]", "f:1:1: none of 2 conversations can be used"},
        {"a list of texts", "[\n \"a\"]", "f:2:5: a conversation must be an object"},
        {"turns are texts", "[{\"items\":[\"a\"]}]",
         "f:1:15: a turn must be an object with 'from' and 'value'"},
        {"cut behind a turn", "[{\"items\":[" GOOD, "f:1:91: ',' or ']' is expected"},
        {"cut in a string", "[\n{\"items\":[{\"from\":\"hum", "f:2:23: string is not closed"},
        {"cut in other data", "[{\"x\":[[1,", "f:1:11: a value is expected"},
        {"more text", "[{\"items\":[" GOOD "]}] x", "f:1:95: the text goes on after its value"},
        {"no comma", "[{\"items\":[" GOOD "]}{}]", "f:1:93: ',' or ']' is expected"},
        {"bad escape", "[{\"a\":\"\\x\"}]", "f:1:8: unknown escape in a string"},
        {"half an escape", "[{\"a\":\"\\ud8\"}]", "f:1:8: \\u needs four hex digits"},
        {"bad UTF-8", "[{\"a\":\"\xff\"}]", "f:1:8: invalid UTF-8 in a string"},
        {"turn value missing", "[{\"items\":[{\"from\":}]}]", "f:1:20: a value is expected"},
        {"text value missing", "[{\"items\":[{\"value\"}]}]",
         "f:1:20: ':' is expected after a key"},
        {"other value missing", "[{\"items\":[{\"x\":}]}]", "f:1:17: a value is expected"},
        {"list missing", "[{\"items\":}]", "f:1:11: a value is expected"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(reading_done) struct reading have;
        read_text(&have, rows[i].text);
        if (have.rc != -ERROR_PARSE || !text_starts_with(have.err.text, rows[i].message)) {
            print_error(
                "%s: %d '%s' is not '%s'\n", rows[i].what, have.rc, have.err.text, rows[i].message);
            fail();
        }
        assert_int_equal(have.list.n, 0);
    }
}

/* Every beginning of a good text fails in words and touches nothing behind its end. */
static void test_sharegpt_read__every_cut_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"id\":1,\"conversations\":[" GOOD "],\"x\":[{\"y\":null}]},{\"items\":[]}]";
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        CLEANUP(reading_done) struct reading have;
        read_bytes(&have, text, len, 1, 0);
        assert_int_equal(have.rc, -ERROR_PARSE);
        assert_true(text_starts_with(have.err.text, "f:1:"));
    }
}

static void test_sharegpt_read__repairs_are_limited(void **state)
{
    (void)state;

    enum {
        HALVES = 1001,
        ROOM = HALVES * 6 + 256
    };

    char *text = malloc(ROOM);
    assert_non_null(text);
    size_t len = (size_t)snprintf(text, ROOM, "[{\"items\":[" GOOD "]},{\"a\":\"");
    for (int i = 0; i < HALVES; i++) {
        len += (size_t)snprintf(text + len, ROOM - len, "\\udfff");
    }
    (void)snprintf(text + len, ROOM - len, "\"}]");
    CLEANUP(reading_done) struct reading have;
    read_text(&have, text);
    assert_int_equal(have.rc, -ERROR_PARSE);
    assert_non_null(strstr(have.err.text, "lone surrogate in a string"));
    free(text);
}

static void test_sharegpt_read__too_many(void **state)
{
    (void)state;
    static const char one[] = "{\"items\":[" GOOD "]},";
    const size_t one_len = sizeof(one) - 1;
    const size_t n = (size_t)DATASET_PROMPTS_MAX + 1;
    char *text = malloc(n * one_len + 2);
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < n; i++) {
        memcpy(text + 1 + i * one_len, one, one_len);
    }
    CLEANUP(reading_done) struct reading have;
    have = (struct reading){.list.arena = &have.arena};
    const struct sharegpt_input input = {"f", text, n * one_len + 1, 1, 5};
    assert_int_equal(sharegpt_read(&input, &have.list, &have.counts, &have.err), -ERROR_LIMIT);
    assert_string_equal(have.err.text, "f holds more than 1000000 usable conversations");
    free(text);
}

/* A file of `n` conversations whose prompts are "question number 0", ... */
static void write_numbered(struct scratch *scratch, const char *name, unsigned n)
{
    FILE *file = fopen(scratch_path(scratch, name), "w");
    assert_non_null(file);
    for (unsigned i = 0; i < n; i++) {
        (void)fprintf(
            file,
            "%s{\"id\":\"%u\",\"conversations\":[" HUMAN("question number %u") "," GPT(
                "thirteen byte") "]}\n",
            i == 0 ? "[" : ",", i, i);
    }
    (void)fputs("]\n", file);
    assert_int_equal(fclose(file), 0);
}

static void test_dataset_load__sharegpt_file(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    write_numbered(&scratch, "own.json", 1500);
    char recipe[SCRATCH_PATH_MAX + 16];
    (void)snprintf(recipe, sizeof(recipe), "sharegpt:%s", scratch.path);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    CLEANUP(prompt_set_done) struct prompt_set again = {0};
    CLEANUP(prompt_set_done) struct prompt_set other = {0};
    CLEANUP(prompt_set_done) struct prompt_set few = {0};
    load_good(recipe, 42, 0, &set);
    load_good(recipe, 42, 0, &again);
    load_good(recipe, 43, 0, &other);
    load_good(recipe, 42, 10, &few);
    assert_string_equal(set.id, "sharegpt:own.json");
    assert_int_equal(set.n, DATASET_SHAREGPT_PROMPTS);
    assert_int_equal(few.n, 10);
    assert_string_equal(set.hash, again.hash);
    assert_string_not_equal(set.hash, other.hash);
    unsigned long last = 0;
    for (uint32_t i = 0; i < set.n; i++) {
        static const char start[] = "question number ";
        const char *text = only_text(&set.prompts[i]);
        assert_true(text_starts_with(text, start));
        const unsigned long number = strtoul(text + sizeof(start) - 1, NULL, 10);
        assert_true(i == 0 || number > last);
        last = number;
    }
    assert_int_equal(fact_i64(&set, "n_conversations"), 1500);
    assert_int_equal(fact_i64(&set, "n_available"), 1500);
    assert_int_equal(fact_i64(&set, "n_prompts"), 1000);
    assert_int_equal(fact_i64(&set, "n_skipped_too_short"), 0);
    assert_int_equal(fact_i64(&set, "max_tokens_total"), 4000);
    assert_string_equal(fact_text(&set, "lengths"), "nominal: 4 bytes a token");
}

/* A repair is made in memory alone. */
static void test_dataset_load__the_file_is_not_changed(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    static const char text[] =
        "[{\"items\":[" GOOD "]},{\"title\":\"\\ud800\",\"items\":[" GOOD "]}]";
    (void)scratch_write(&scratch, "half.json", text);
    char recipe[SCRATCH_PATH_MAX + 16];
    (void)snprintf(recipe, sizeof(recipe), "sharegpt:%s", scratch.path);
    CLEANUP(prompt_set_done) struct prompt_set set = {0};
    load_good(recipe, 42, 0, &set);
    assert_int_equal(set.n, 1);
    assert_int_equal(fact_i64(&set, "n_skipped_bad_text"), 1);
    size_t len = 0;
    char *after = read_file(scratch.path, &len);
    assert_int_equal(len, sizeof(text) - 1);
    assert_memory_equal(after, text, len);
    free(after);
}

/* Puts the environment of a user whose folders are all empty. */
static void use_empty_home(const struct scratch *scratch)
{
    set_variable("BENCH_DATA_DIR", NULL);
    set_variable("XDG_DATA_HOME", NULL);
    set_variable("XDG_CACHE_HOME", NULL);
    set_variable("BENCH_CACHE_DIR", NULL);
    set_variable("HOME", scratch->folder);
}

/* PROMISES.md 18: missing data is never replaced, and the message says how to get it. */
static void test_dataset_load__promise_18_missing_data_is_an_error(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    use_empty_home(&scratch);
    struct prompt_set set = {0};
    struct error err = {0};
    char want[ERROR_TEXT_MAX];
    assert_int_equal(load_recipe("sharegpt-v3", 1, 0, &set, &err), -ERROR_UNAVAILABLE);
    (void)snprintf(
        want, sizeof(want),
        "dataset 'sharegpt-v3': its data is not here: 'bench fetch sharegpt-v3' gets it (about 650 "
        "MB), or put %s in one of: %s/.local/share/bench/datasets/%s, ./data/%s; or give "
        "sharegpt:FILE",
        v3_file, scratch.folder, v3_file, v3_file);
    assert_string_equal(err.text, want);
    assert_null(set.prompts);

    /* Every place that is searched is named. */
    set_variable("BENCH_DATA_DIR", "/no/such");
    set_variable("XDG_DATA_HOME", "/nor/this");
    error_clear(&err);
    assert_int_equal(load_recipe("sharegpt-v3", 1, 0, &set, &err), -ERROR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "one of: /no/such/ShareGPT_V3"));
    assert_non_null(strstr(err.text, ", /nor/this/bench/datasets/ShareGPT_V3"));
    set_variable("HOME", NULL);
    set_variable("XDG_DATA_HOME", "");
    set_variable("BENCH_DATA_DIR", "");
    error_clear(&err);
    assert_int_equal(load_recipe("sharegpt-v3", 1, 0, &set, &err), -ERROR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "one of: ./data/ShareGPT_V3"));
}

static void test_dataset_load__sharegpt_v3_is_found(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    use_empty_home(&scratch);
    write_numbered(&scratch, v3_file, 3);
    set_variable("BENCH_DATA_DIR", scratch.folder);
    CLEANUP(prompt_set_done) struct prompt_set named = {0};
    load_good("sharegpt-v3", 1, 0, &named);
    assert_string_equal(named.id, "sharegpt-v3");
    assert_int_equal(named.n, 3);
    assert_string_equal(fact_text(&named, "source"), scratch.path);

    /* ./data of the folder that the program runs in. */
    use_empty_home(&scratch);
    char from[SCRATCH_PATH_MAX];
    char to[SCRATCH_PATH_MAX];
    (void)snprintf(from, sizeof(from), "%s", scratch.path);
    assert_int_equal(mkdir(scratch_path(&scratch, "data"), 0700), 0);
    (void)snprintf(to, sizeof(to), "%s/data/%s", scratch.folder, v3_file);
    assert_int_equal(rename(from, to), 0);
    const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(here >= 0);
    assert_int_equal(chdir(scratch.folder), 0);
    CLEANUP(prompt_set_done) struct prompt_set local = {0};
    load_good("sharegpt-v3", 1, 0, &local);
    assert_int_equal(fchdir(here), 0);
    (void)close(here);
    assert_string_equal(local.hash, named.hash);
    assert_int_equal(unlink(to), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sharegpt_read__agrees_with_the_oracle),
        cmocka_unit_test(test_sharegpt_read__every_form_gives_the_same),
        cmocka_unit_test(test_sharegpt_read__which_conversations_are_used),
        cmocka_unit_test(test_sharegpt_read__lengths),
        cmocka_unit_test(test_sharegpt_read__malformed),
        cmocka_unit_test(test_sharegpt_read__every_cut_is_refused),
        cmocka_unit_test(test_sharegpt_read__repairs_are_limited),
        cmocka_unit_test(test_sharegpt_read__too_many),
        cmocka_unit_test(test_dataset_load__sharegpt_file),
        cmocka_unit_test(test_dataset_load__the_file_is_not_changed),
        cmocka_unit_test(test_dataset_load__promise_18_missing_data_is_an_error),
        cmocka_unit_test(test_dataset_load__sharegpt_v3_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
