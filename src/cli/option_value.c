/* Values: text to member, by the type of the row.  Numbers are read in the widest form and then held
 * against the row's range, so that a message can say which bound was missed. */
#include "base/text.h"
#include "cli/option.h"

#include <assert.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    NUMBER_TEXT_MAX = 64
};

const char *option_choice(const struct option_row *row, size_t i)
{
    if (row->choice_at != NULL) {
        return row->choice_at(i);
    }
    return row->choices != NULL ? row->choices[i] : NULL;
}

static void *member_at(const struct option_row *row, void *out)
{
    return (char *)out + row->offset;
}

static int check_range(
    const struct option_row *row,
    const char *text,
    double value,
    double type_max,
    struct error *err)
{
    const double max = row->max > 0.0 ? row->max : type_max;
    if (row->above_min && value <= row->min) {
        return error_set(err, ERROR_USAGE, "'%s' must be above %.10g", text, row->min);
    }
    if (value < row->min) {
        return error_set(err, ERROR_USAGE, "'%s' must be at least %.10g", text, row->min);
    }
    if (value > max) {
        return error_set(err, ERROR_USAGE, "'%s' must be at most %.10g", text, max);
    }
    return 0;
}

/* True for digits behind at most one sign: a whole number, of whatever size. */
static bool is_whole(const char *text)
{
    const char *digits = text + (*text == '-' || *text == '+' ? 1 : 0);
    return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

static int parse_integer(
    const struct option_row *row,
    const char *text,
    int64_t type_max,
    int64_t *out,
    struct error *err)
{
    int64_t value = 0;
    const int result = text_parse_i64(text, INT64_MIN, INT64_MAX, &value, err);
    if (result < 0 && !is_whole(text)) {
        return result;
    }
    double near = (double)value;
    if (result < 0) {
        error_clear(err);
        near = text[0] == '-' ? (double)-INFINITY : (double)INFINITY;
    }
    if (check_range(row, text, near, (double)type_max, err) < 0) {
        return -(int)err->code;
    }
    *out = value;
    return 0;
}

static int
parse_number(const struct option_row *row, const char *text, double *out, struct error *err)
{
    double value = 0.0;
    if (text_parse_f64(text, (double)-INFINITY, (double)INFINITY, &value, err) < 0) {
        return -(int)err->code;
    }
    const int result = check_range(row, text, value, DBL_MAX, err);
    if (result < 0) {
        return result;
    }
    *out = value;
    return 0;
}

static int parse_choice(const struct option_row *row, const char *text, int *out, struct error *err)
{
    const char *names[OPTION_LIST_MAX];
    size_t n = 0;
    for (; option_choice(row, n) != NULL; n++) {
        assert(n < ARRAY_LEN(names));
        names[n] = option_choice(row, n);
        if (text_equal(names[n], text)) {
            *out = (int)n;
            return 0;
        }
    }
    char list[ERROR_TEXT_MAX / 2] = "";
    for (size_t i = 0; i < n; i++) {
        const size_t used = strlen(list);
        (void)snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    const char *nearest = text_nearest(text, names, n);
    if (nearest != NULL) {
        return error_set(
            err, ERROR_USAGE, "unknown '%s': did you mean '%s'? (one of %s)", text, nearest, list);
    }
    return error_set(err, ERROR_USAGE, "unknown '%s': it is one of %s", text, list);
}

/* Cuts the next member off a comma list.  Returns the text after it, or NULL when it was the last.
 * A member too long for any number is cut, and then is no number. */
static const char *next_member(const char *text, char out[NUMBER_TEXT_MAX])
{
    const size_t len = strcspn(text, ",");
    (void)snprintf(out, NUMBER_TEXT_MAX, "%.*s", len < INT_MAX ? (int)len : INT_MAX, text);
    return text[len] == ',' ? text + len + 1 : NULL;
}

static int parse_member(
    const struct option_row *row, const char *text, struct option_f64_list *list, struct error *err)
{
    if (list->n == OPTION_LIST_MAX) {
        return error_set(err, ERROR_USAGE, "more than %d values", OPTION_LIST_MAX);
    }
    double value = 0.0;
    int result = 0;
    if (row->type == OPTION_U32_LIST) {
        int64_t integer = 0;
        result = parse_integer(row, text, UINT32_MAX, &integer, err);
        value = (double)integer;
    } else {
        result = parse_number(row, text, &value, err);
    }
    if (result < 0) {
        return result;
    }
    for (uint32_t i = 0; i < list->n; i++) {
        if (!(list->values[i] < value) && !(list->values[i] > value)) {
            return error_set(err, ERROR_USAGE, "'%s' stands twice in the list", text);
        }
    }
    list->values[list->n++] = value;
    return 0;
}

/* Both kinds of list are read as doubles: they hold every uint32_t exactly. */
static int parse_list(
    const struct option_row *row, const char *text, struct option_f64_list *out, struct error *err)
{
    struct option_f64_list list = {0};
    if (row->keyword != NULL && text_equal(text, row->keyword)) {
        list.keyword = true;
        *out = list;
        return 0;
    }
    if (text[0] == '\0') {
        return error_set(err, ERROR_USAGE, "'' is an empty list");
    }
    for (const char *rest = text; rest != NULL;) {
        char member[NUMBER_TEXT_MAX];
        rest = next_member(rest, member);
        const int result = parse_member(row, member, &list, err);
        if (result < 0) {
            return result;
        }
    }
    *out = list;
    return 0;
}

static int parse_lists(const struct option_row *row, const char *text, void *out, struct error *err)
{
    struct option_f64_list list = {0};
    const int result = parse_list(row, text, &list, err);
    if (result < 0) {
        return result;
    }
    if (row->type == OPTION_F64_LIST) {
        *(struct option_f64_list *)out = list;
        return 0;
    }
    struct option_u32_list *integers = out;
    *integers = (struct option_u32_list){.n = list.n, .keyword = list.keyword};
    for (uint32_t i = 0; i < list.n; i++) {
        integers->values[i] = (uint32_t)list.values[i];
    }
    return 0;
}

static int add_text(
    const struct option_row *row, const char *text, struct option_texts *out, struct error *err)
{
    if (row->not_empty && text[0] == '\0') {
        return error_set(err, ERROR_USAGE, "'' is empty");
    }
    if (out->n == OPTION_LIST_MAX) {
        return error_set(err, ERROR_USAGE, "given more than %d times", OPTION_LIST_MAX);
    }
    out->values[out->n++] = text;
    return 0;
}

static int
parse_u32(const struct option_row *row, const char *text, uint32_t *out, struct error *err)
{
    int64_t value = 0;
    const int result = parse_integer(row, text, UINT32_MAX, &value, err);
    if (result < 0) {
        return result;
    }
    *out = (uint32_t)value;
    return 0;
}

static int
parse_text(const struct option_row *row, const char *text, const char **out, struct error *err)
{
    if (row->not_empty && text[0] == '\0') {
        return error_set(err, ERROR_USAGE, "'' is empty");
    }
    *out = text;
    return 0;
}

int option_value_parse(const struct option_row *row, const char *text, void *out, struct error *err)
{
    void *member = member_at(row, out);
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)member = true;
        return 0;
    case OPTION_TEXT:
        return parse_text(row, text, member, err);
    case OPTION_I64:
        return parse_integer(row, text, INT64_MAX, member, err);
    case OPTION_U32:
        return parse_u32(row, text, member, err);
    case OPTION_F64:
        return parse_number(row, text, member, err);
    case OPTION_CHOICE:
        return parse_choice(row, text, member, err);
    case OPTION_U32_LIST:
    case OPTION_F64_LIST:
        return parse_lists(row, text, member, err);
    case OPTION_TEXTS:
        return add_text(row, text, member, err);
    }
    assert(false);
    return 0;
}
