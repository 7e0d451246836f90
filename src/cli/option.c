/* The parser walks argv once.  What it may not do is guess: no abbreviations, no option given twice, no
 * value taken for an option that has none.  Exclusive options are found by what was given, not by what
 * the values are. */
#include "cli/option.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

enum {
    NAME_SIZE = 256
};

/* One walk over argv. */
struct walk {
    const struct option_table *table;
    int argc;
    char **argv;
    int at; /* next word */
    void *out;
    int n_operands;
    int asks; /* OPTION_ASKS_* */
    bool only_operands;
    const char *values[OPTION_ROWS_MAX]; /* by row, of those given */
};

static bool given_at(const void *options, size_t i)
{
    const struct option_given *given = options;
    return (given->bits[i / 64] >> (i % 64) & 1) != 0;
}

static void set_given(void *options, size_t i)
{
    struct option_given *given = options;
    given->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

/* Index of the row with this name, or table->n. */
static size_t row_index(const struct option_table *table, const char *name)
{
    size_t i = 0;
    while (i < table->n && !text_equal(table->rows[i].name, name)) {
        i++;
    }
    return i;
}

const struct option_row *option_find(const struct option_table *table, const char *name)
{
    const size_t i = row_index(table, name);
    return i < table->n ? &table->rows[i] : NULL;
}

bool option_is_given(const struct option_table *table, const void *options, const char *name)
{
    const size_t i = row_index(table, name);
    assert(i < table->n);
    return given_at(options, i);
}

static void set_default(const struct option_row *row, void *out)
{
    if (row->type == OPTION_TEXT) {
        const char *text = row->default_text != NULL ? row->default_text : "";
        memcpy((char *)out + row->offset, &text, sizeof(text));
    } else if (row->default_text != NULL) {
        struct error err = {0};
        const int result = option_value_parse(row, row->default_text, out, &err);
        assert(result == 0);
    }
}

void option_defaults(const struct option_table *table, void *out)
{
    assert(table->n <= OPTION_ROWS_MAX);
    assert(table->size >= sizeof(struct option_given));
    memset(out, 0, table->size);
    for (size_t i = 0; i < table->n; i++) {
        set_default(&table->rows[i], out);
    }
}

static int unknown_option(const struct walk *walk, const char *name, struct error *err)
{
    const char *names[OPTION_ROWS_MAX + 2];
    size_t n = 0;
    for (; n < walk->table->n; n++) {
        names[n] = walk->table->rows[n].name;
    }
    names[n++] = "help";
    names[n++] = "version";
    const char *nearest = text_nearest(name, names, n);
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "unknown option '--%s': did you mean '--%s'?", name, nearest);
    }
    return error_set(err, ERROR_USAGE, "unknown option '--%s': see --help", name);
}

/* The next word as the value of `row`.  It may begin with one dash, as a negative number does. */
static int
next_value(struct walk *walk, const struct option_row *row, const char **out, struct error *err)
{
    if (walk->at >= walk->argc || text_starts_with(walk->argv[walk->at], "--")) {
        return error_set(err, ERROR_USAGE, "--%s needs a value: %s", row->name, row->value_name);
    }
    *out = walk->argv[walk->at++];
    return 0;
}

/* Reads the value of option number `i` into its member. */
static int take_value(const struct walk *walk, size_t i, struct error *err)
{
    const struct option_row *row = &walk->table->rows[i];
    if (option_value_parse(row, walk->values[i], walk->out, err) < 0) {
        return error_prefix(err, "--%s: ", row->name);
    }
    return 0;
}

/* Takes option number `i` with its value; `attached` is the text behind '=' or a letter, or NULL. */
static int take_option(struct walk *walk, size_t i, const char *attached, struct error *err)
{
    const struct option_row *row = &walk->table->rows[i];
    const char *value = attached;
    if (row->unbuilt) {
        return error_set(err, ERROR_USAGE, "--%s: not built yet", row->name);
    }
    if (row->type == OPTION_FLAG && attached != NULL) {
        return error_set(err, ERROR_USAGE, "--%s takes no value: '%s'", row->name, attached);
    }
    if (row->type != OPTION_FLAG && value == NULL) {
        const int result = next_value(walk, row, &value, err);
        if (result < 0) {
            return result;
        }
    }
    if (given_at(walk->out, i) && row->type != OPTION_TEXTS) {
        return value == NULL
                   ? error_set(err, ERROR_USAGE, "--%s is given twice", row->name)
                   : error_set(err, ERROR_USAGE, "--%s is given twice: '%s'", row->name, value);
    }
    set_given(walk->out, i);
    walk->values[i] = value;
    return row->type == OPTION_TEXTS ? take_value(walk, i, err) : 0;
}

static int take_long(struct walk *walk, const char *word, struct error *err)
{
    const char *equals = strchr(word, '=');
    const size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    char name[NAME_SIZE];
    (void)snprintf(name, sizeof(name), "%.*s", len < NAME_SIZE ? (int)len : NAME_SIZE, word);
    const size_t i = row_index(walk->table, name);
    if (i < walk->table->n) {
        return take_option(walk, i, equals != NULL ? equals + 1 : NULL, err);
    }
    if (equals == NULL && text_equal(name, "help")) {
        walk->asks = OPTION_ASKS_HELP;
        return 0;
    }
    if (equals == NULL && text_equal(name, "version")) {
        walk->asks = OPTION_ASKS_VERSION;
        return 0;
    }
    return unknown_option(walk, name, err);
}

static int take_short(struct walk *walk, const char *word, struct error *err)
{
    for (size_t i = 0; i < walk->table->n; i++) {
        if (walk->table->rows[i].letter == word[0]) {
            return take_option(walk, i, word[1] != '\0' ? word + 1 : NULL, err);
        }
    }
    if (text_equal(word, "h")) {
        walk->asks = OPTION_ASKS_HELP;
        return 0;
    }
    if (text_equal(word, "V")) {
        walk->asks = OPTION_ASKS_VERSION;
        return 0;
    }
    return error_set(err, ERROR_USAGE, "unknown option '-%s': see --help", word);
}

static int take_word(struct walk *walk, struct error *err)
{
    char *word = walk->argv[walk->at++];
    if (walk->only_operands || word[0] != '-' || word[1] == '\0') {
        walk->argv[walk->n_operands++] = word;
        return 0;
    }
    if (text_equal(word, "--")) {
        walk->only_operands = true;
        return 0;
    }
    return word[1] == '-' ? take_long(walk, word + 2, err) : take_short(walk, word + 1, err);
}

/* True when the list of names, by one blank apart, holds `name`. */
static bool list_holds(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *p = list; p != NULL; p = strchr(p, ' ')) {
        p += *p == ' ' ? 1 : 0;
        if (strncmp(p, name, len) == 0 && (p[len] == ' ' || p[len] == '\0')) {
            return true;
        }
    }
    return false;
}

/* The first option given that the given row `i` excludes, or NULL. */
static const char *find_excluded(const struct option_table *table, const void *options, size_t i)
{
    const char *list = table->rows[i].excludes;
    for (size_t j = 0; list != NULL && j < table->n; j++) {
        if (given_at(options, j) && list_holds(list, table->rows[j].name)) {
            return table->rows[j].name;
        }
    }
    return NULL;
}

static int
check_exclusions(const struct option_table *table, const void *options, struct error *err)
{
    for (size_t i = 0; i < table->n; i++) {
        const char *other = given_at(options, i) ? find_excluded(table, options, i) : NULL;
        if (other != NULL) {
            return error_set(
                err, ERROR_USAGE, "--%s and --%s exclude each other: give one of them",
                table->rows[i].name, other);
        }
    }
    return 0;
}

/* Values come last: two options that exclude each other are told before a wrong value of one. */
static int take_values(const struct walk *walk, struct error *err)
{
    const int result = check_exclusions(walk->table, walk->out, err);
    if (result < 0) {
        return result;
    }
    for (size_t i = 0; i < walk->table->n; i++) {
        const bool taken = walk->table->rows[i].type == OPTION_TEXTS;
        if (given_at(walk->out, i) && !taken && take_value(walk, i, err) < 0) {
            return -(int)err->code;
        }
    }
    return 0;
}

int option_parse(
    const struct option_table *table,
    int argc,
    char **argv,
    void *out,
    int *n_operands,
    struct error *err)
{
    struct walk walk = {.table = table, .argc = argc, .argv = argv, .out = out};
    option_defaults(table, out);
    while (walk.at < argc && walk.asks == 0) {
        const int result = take_word(&walk, err);
        if (result < 0) {
            return result;
        }
    }
    *n_operands = walk.n_operands;
    return walk.asks != 0 ? walk.asks : take_values(&walk, err);
}
