/* Every recorded answer of a real engine through the whole reading path (HTTP, events, JSON), against
 * what Python reads in the same bytes: tests/oracle/engine_fixtures.py wrote engine_fixtures.tsv.
 * Each response is read as a whole and byte by byte. */
#include "base/text.h"
#include "codec/digest.h"
#include "codec/json_pull.h"
#include "engine/engine.h"
#include "support/recording.h"

#include <string.h>

enum {
    ROW_COLUMNS = 17,
    ROWS_LEAST = 140
};

/* The columns of engine_fixtures.tsv. */
struct reading {
    unsigned status;
    const char *kind;
    int64_t events;
    int64_t texts;
    int64_t role;
    int64_t nothing;
    int64_t usages;
    int64_t so_far;
    int64_t prompt;
    int64_t completion;
    int64_t cached;
    int64_t done;
    char finish[ANSWER_FINISH_SIZE];
    char model[64];
    struct bytes text;
};

static void reading_done(struct reading *self)
{
    bytes_done(&self->text);
}

static void add_text(struct reading *self, const struct answer_text *text)
{
    char *room = bytes_reserve(&self->text, text->len);
    assert_non_null(room);
    self->text.len += json_unescape(text->raw, text->len, room);
    self->text.data[self->text.len] = '\0';
}

static void take_answer(struct reading *self, const struct answer_event *answer)
{
    const unsigned texts = ANSWER_CONTENT | ANSWER_REASONING | ANSWER_TOOL;
    self->texts += (answer->what & texts) != 0;
    self->role += (answer->what & ANSWER_ROLE) != 0;
    self->nothing += (answer->what & ANSWER_NOTHING) != 0;
    self->done += (answer->what & ANSWER_DONE) != 0;
    if ((answer->what & ANSWER_USAGE) != 0) {
        self->usages++;
        self->completion = answer->completion_tokens;
    }
    if (answer->tokens_so_far >= 0) {
        self->so_far = answer->tokens_so_far;
    }
    if (answer->prompt_tokens >= 0) {
        self->prompt = answer->prompt_tokens;
    }
    if (answer->cached_tokens >= 0) {
        self->cached = answer->cached_tokens;
    }
    if ((answer->what & ANSWER_FINISH) != 0) {
        memcpy(self->finish, answer->finish, sizeof(self->finish));
    }
    if (answer->model != NULL) {
        assert_true(answer->model_len < sizeof(self->model));
        memcpy(self->model, answer->model, answer->model_len);
        self->model[answer->model_len] = '\0';
    }
    for (unsigned i = 0; i < answer->n_texts; i++) {
        add_text(self, &answer->texts[i]);
    }
}

static void take_body(struct reading *self, const struct bytes *body)
{
    struct answer_event answer;
    if (self->status != 200) {
        char text[4096];
        self->kind = "error";
        engine_error_text(body->data, body->len, text, sizeof(text));
        bytes_add_text(&self->text, text);
    } else if (engine_table[0]->read_body(body->data, body->len, &answer)) {
        self->kind = "body";
        self->events = 1;
        take_answer(self, &answer);
    } else {
        assert_non_null(answer.error);
        self->kind = "refused";
    }
}

static void take_recording(struct reading *self, const struct recording *recording)
{
    self->status = recording->status;
    if (!recording->event_stream) {
        take_body(self, &recording->body);
        return;
    }
    self->kind = "stream";
    for (size_t i = 0; i < recording->n_events; i++) {
        struct answer_event answer;
        const char *data = recording->events[i];
        assert_true(engine_table[0]->read_event(data, strlen(data), &answer));
        assert_int_equal(answer.what & ANSWER_ERROR, 0);
        self->events++;
        take_answer(self, &answer);
    }
}

static void compare(char *const *row, const struct reading *got)
{
    char hex[DIGEST_HEX_SIZE];
    digest_sha256_hex(got->text.data, got->text.len, hex);

    const struct {
        const char *what;
        int64_t value;
        size_t column;
    } counts[] = {
        {"status", got->status, 2},
        {"events", got->events, 4},
        {"texts", got->texts, 5},
        {"role", got->role, 6},
        {"nothing", got->nothing, 7},
        {"usages", got->usages, 8},
        {"so_far", got->so_far, 9},
        {"prompt", got->prompt, 10},
        {"completion", got->completion, 11},
        {"cached", got->cached, 12},
        {"done", got->done, 14},
    };

    bool good = true;
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        if (counts[i].value != strtoll(row[counts[i].column], NULL, 10)) {
            print_error(
                "%s %s: %s is %lld, Python reads %s\n", row[0], row[1], counts[i].what,
                (long long)counts[i].value, row[counts[i].column]);
            good = false;
        }
    }
    const char *finish = got->finish[0] != '\0' ? got->finish : "-";
    const char *model = got->model[0] != '\0' ? got->model : "-";
    if (!text_equal(got->kind, row[3]) || !text_equal(finish, row[13]) ||
        !text_equal(model, row[15]) || !text_equal(hex, row[16])) {
        print_error(
            "%s %s: %s %s %s, text: %s\n", row[0], row[1], got->kind, finish, model,
            got->text.len > 0 ? got->text.data : "");
        good = false;
    }
    assert_true(good);
}

/* Reads the response `row` of its file and compares. */
static void check_row(char *const *row, size_t step)
{
    size_t len = 0;
    char *raw = recording_load(row[0], &len);
    const char *data = raw;
    const long long wanted = strtoll(row[1], NULL, 10);
    for (long long index = 0; index <= wanted; index++) {
        struct recording recording;
        recording_next(&data, &len, step, &recording);
        if (index == wanted) {
            struct reading reading = {
                .kind = "refused", .so_far = -1, .prompt = -1, .completion = -1, .cached = -1};
            bytes_init(&reading.text, RECORDING_SIZE_MAX);
            take_recording(&reading, &recording);
            compare(row, &reading);
            reading_done(&reading);
        }
        recording_done(&recording);
    }
    free(raw);
}

static void split_row(char *line, char *row[ROW_COLUMNS])
{
    size_t n = 0;
    char *rest = line;
    while (rest != NULL) {
        assert_true(n < ROW_COLUMNS);
        row[n++] = strsep(&rest, "\t");
    }
    assert_int_equal(n, ROW_COLUMNS);
}

static void check_all(size_t step)
{
    char *table = NULL;
    size_t table_len = 0;
    struct error err = {0};
    assert_int_equal(
        file_read("tests/oracle/engine_fixtures.tsv", RECORDING_SIZE_MAX, &table, &table_len, &err),
        0);
    unsigned n_rows = 0;
    char *rest = table;
    while (rest != NULL) {
        char *line = strsep(&rest, "\n");
        if (*line == '\0' || *line == '#' || text_starts_with(line, "file\t")) {
            continue;
        }
        char *row[ROW_COLUMNS];
        split_row(line, row);
        check_row(row, step);
        n_rows++;
    }
    free(table);
    assert_true(n_rows >= ROWS_LEAST);
}

static void test_read_event__recorded_answers_equal_python(void **state)
{
    (void)state;
    check_all(RECORDING_SIZE_MAX);
}

static void test_read_event__recorded_answers_byte_by_byte(void **state)
{
    (void)state;
    check_all(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_event__recorded_answers_equal_python),
        cmocka_unit_test(test_read_event__recorded_answers_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
