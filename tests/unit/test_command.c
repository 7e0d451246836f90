#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/print.h"
#include "cli/run_options.h"
#include "support/test.h"

#include <errno.h>
#include <string.h>

enum {
    ARGS_MAX = 16
};

/* What one command line gave. */
struct called {
    int code;
    char *out;
    char *log;
};

static void called_done(struct called *self)
{
    free(self->out);
    free(self->log);
}

static struct called call_at(const char *line, unsigned columns, bool color)
{
    static char text[1024];
    char *argv[ARGS_MAX];
    int argc = 0;
    (void)snprintf(text, sizeof(text), "bench %s", line);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < ARGS_MAX);
        argv[argc++] = word;
    }
    struct called outcome = {0};
    size_t out_len = 0;
    size_t log_len = 0;
    const struct cli_context context = {
        .out = open_memstream(&outcome.out, &out_len),
        .log = open_memstream(&outcome.log, &log_len),
        .color = color,
        .columns = columns,
    };
    assert_non_null(context.out);
    assert_non_null(context.log);
    outcome.code = cli_main(&context, argc, argv);
    (void)fclose(context.out);
    (void)fclose(context.log);
    return outcome;
}

static struct called call(const char *line)
{
    return call_at(line, 0, false);
}

static void test_exit_code_of__every_kind_of_failure(void **state)
{
    (void)state;

    static const struct {
        enum error_code code;
        int exit_code;
    } rows[] = {
        {ERROR_NONE, 0},   {ERROR_USAGE, 2},         {ERROR_NOT_FOUND, 2},   {ERROR_IO, 1},
        {ERROR_PARSE, 2},  {ERROR_LIMIT, 2},         {ERROR_UNAVAILABLE, 1}, {ERROR_KEY, 2},
        {ERROR_VERIFY, 1}, {ERROR_INTERRUPTED, 130},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(exit_code_of(rows[i].code), rows[i].exit_code);
    }
}

static void test_cli_main__every_command_has_a_page_and_a_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_table_len; i++) {
        const struct command *command = command_table[i];
        char line[64];
        char usage[64];
        (void)snprintf(line, sizeof(line), "%s --help", command->name);
        (void)snprintf(usage, sizeof(usage), "Usage: bench %s", command->name);
        CLEANUP(called_done) struct called page = call(line);
        assert_int_equal(page.code, 0);
        assert_string_equal(page.log, "");
        assert_true(text_starts_with(page.out, usage));
        (void)snprintf(line, sizeof(line), "help %s", command->name);
        CLEANUP(called_done) struct called same = call(line);
        assert_string_equal(page.out, same.out);
        (void)snprintf(line, sizeof(line), "%s -V", command->name);
        CLEANUP(called_done) struct called version = call(line);
        assert_int_equal(version.code, 0);
        assert_true(text_starts_with(version.out, "bench "));
    }
}

/* True when the text holds the word, not only as a part of a longer one. */
static bool has_word(const char *text, const char *word)
{
    const size_t len = strlen(word);
    for (const char *p = strstr(text, word); p != NULL; p = strstr(p + 1, word)) {
        const bool begins = p > text && strchr(" -/", p[-1]) != NULL;
        if (begins && strchr("abcdefghijklmnopqrstuvwxyz-", p[len]) == NULL) {
            return true;
        }
    }
    return false;
}

/* No line is longer than `max`. */
static void expect_width(const char *text, size_t max)
{
    for (const char *p = text; *p != '\0';) {
        const size_t len = strcspn(p, "\n");
        if (len > max) {
            print_error("%.*s\n", (int)len, p);
            fail();
        }
        p += len + (p[len] == '\n' ? 1 : 0);
    }
}

/* Every option that may be shown stands in the page, and no other. */
static void expect_options(const char *page, const struct option_table *options, bool unbuilt_too)
{
    for (size_t i = 0; i < options->n; i++) {
        const struct option_row *row = &options->rows[i];
        const bool is_command = command_find(row->name) != NULL; /* its name is there anyway */
        if (!is_command && has_word(page, row->name) != (unbuilt_too || !row->unbuilt)) {
            print_error("--%s in\n%s", row->name, page);
            fail();
        }
    }
}

/* All that is there is told, in 80 columns (examples are kept as they are). */
static void test_help__pages_fit_a_terminal_and_name_every_option(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_table_len; i++) {
        const struct command *command = command_table[i];
        char line[64];
        (void)snprintf(line, sizeof(line), "help %s", command->name);
        CLEANUP(called_done) struct called page = call(line);
        expect_options(page.out, command->options, true);
        expect_width(page.out, 80);
    }
}

static void test_help__narrow_terminals_fold_earlier(void **state)
{
    (void)state;
    CLEANUP(called_done) struct called page = call_at("help keygen", 60, true);
    assert_int_equal(page.code, 0);
    assert_non_null(strstr(page.out, "\033[1mOptions:\033[0m"));
    expect_width(page.out, 60);
}

static void test_help__every_topic_has_a_page(void **state)
{
    (void)state;
    CLEANUP(called_done) struct called overview = call("help");
    for (size_t i = 0; i < topic_table_len; i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "help %s", topic_table[i].name);
        CLEANUP(called_done) struct called page = call(line);
        assert_int_equal(page.code, 0);
        assert_true(strlen(page.out) > 100);
        assert_non_null(strstr(overview.out, topic_table[i].name));
        assert_null(command_find(topic_table[i].name));
    }
}

static void test_cli_main__planned_commands_say_so(void **state)
{
    (void)state;
    CLEANUP(called_done) struct called all = call("help --all");
    for (size_t i = 0; i < planned_table_len; i++) {
        CLEANUP(called_done) struct called outcome = call(planned_table[i].name);
        char expected[80];
        (void)snprintf(
            expected, sizeof(expected), "bench: %s: not built yet\n", planned_table[i].name);
        assert_int_equal(outcome.code, 2);
        assert_string_equal(outcome.log, expected);
        assert_string_equal(outcome.out, "");
        assert_null(command_find(planned_table[i].name));
        assert_true(has_word(all.out, planned_table[i].name));
    }
}

/* Every option stands in every generated document; what is not built yet is not completed. */
static void test_help__documents_hold_every_option(void **state)
{
    (void)state;
    static const char *const formats[] = {"markdown", "bash", "zsh", "fish"};
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "help --format %s", formats[i]);
        CLEANUP(called_done) struct called page = call(line);
        assert_int_equal(page.code, 0);
        expect_options(page.out, &run_option_table, i == 0);
    }
}

/* A stream that takes nothing. */
static ssize_t refuse_write(void *cookie, const char *data, size_t len)
{
    (void)data;
    (void)len;
    errno = *(const int *)cookie;
    return 0;
}

static struct called call_refused(int os_errno)
{
    struct called outcome = {0};
    size_t log_len = 0;
    const struct cli_context context = {
        .out = fopencookie(&os_errno, "w", (cookie_io_functions_t){.write = refuse_write}),
        .log = open_memstream(&outcome.log, &log_len),
    };
    assert_non_null(context.out);
    char name[] = "bench";
    char command[] = "version";
    char *argv[] = {name, command};
    outcome.code = cli_main(&context, 2, argv);
    (void)fclose(context.out);
    (void)fclose(context.log);
    return outcome;
}

static void test_cli_main__results_that_cannot_be_written_are_a_failure(void **state)
{
    (void)state;
    CLEANUP(called_done) struct called full = call_refused(ENOSPC);
    assert_int_equal(full.code, 1);
    assert_string_equal(
        full.log, "bench version: the results could not be written to stdout: "
                  "No space left on device\n");
    CLEANUP(called_done) struct called gone = call_refused(EPIPE);
    assert_int_equal(gone.code, 1);
    assert_string_equal(gone.log, "");
}

static void test_print_folded__words_stay_whole(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        struct print_fold fold;
        const char *expected;
    } rows[] = {
        {"short", "one two", {.width = 20}, "one two\n"},
        {"folds at the width", "one two three", {.width = 8}, "one two\nthree\n"},
        {"exactly the width", "one two", {.width = 7}, "one two\n"},
        {"a long word stays whole", "a verylongword b", {.width = 5}, "a\nverylongword\nb\n"},
        {"indented, first line begun",
         "one two",
         {.indent = 4, .at = 4, .width = 9},
         "one\n    two\n"},
        {"indented", "one two", {.indent = 4, .at = 1, .width = 20}, "   one two\n"},
        {"paragraphs", "one\n\ntwo\n", {.width = 20}, "one\n\ntwo\n"},
        {"kept lines", "  a  b\ntwo\n", {.width = 5}, "  a  b\ntwo\n"},
        {"empty", "", {.width = 5}, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        print_folded(out, rows[i].text, &rows[i].fold);
        (void)fclose(out);
        if (strcmp(text, rows[i].expected) != 0) {
            print_error("%s: '%s'\n", rows[i].what, text);
        }
        assert_string_equal(text, rows[i].expected);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_code_of__every_kind_of_failure),
        cmocka_unit_test(test_cli_main__every_command_has_a_page_and_a_version),
        cmocka_unit_test(test_help__pages_fit_a_terminal_and_name_every_option),
        cmocka_unit_test(test_help__narrow_terminals_fold_earlier),
        cmocka_unit_test(test_help__every_topic_has_a_page),
        cmocka_unit_test(test_cli_main__planned_commands_say_so),
        cmocka_unit_test(test_help__documents_hold_every_option),
        cmocka_unit_test(test_cli_main__results_that_cannot_be_written_are_a_failure),
        cmocka_unit_test(test_print_folded__words_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
