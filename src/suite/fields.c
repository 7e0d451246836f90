/* One row a key: the same table finds typing errors, checks kinds and ranges, and stores. */
#include "suite/fields.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for one error's text behind its place. */
enum {
    WHAT_MAX = ERROR_TEXT_MAX / 2,
    CHOICES_MAX = 256
};

int fields_fail(
    struct error *err, const char *name, const struct json *value, const char *format, ...)
{
    char what[WHAT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return error_set(err, ERROR_PARSE, "%s:%u:%u: %s", name, value->line, value->column, what);
}

/* One value on its way into its member. */
struct reading {
    const char *name;
    const struct field *field;
    const struct json *value;
    struct error *err;
};

static int fail(const struct reading *self, const char *what)
{
    return fields_fail(
        self->err, self->name, self->value, "'%s' must be %s", self->field->key, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What keeps a value from being a text, or NULL. */
static const char *text_fault(const struct json *value)
{
    if (value->kind != JSON_STRING) {
        return "a text";
    }
    if (value->len == 0 || strlen(value->text) != value->len) {
        return "a text that is not empty and holds no NUL";
    }
    if (is_blank(value->text[0]) || is_blank(value->text[value->len - 1])) {
        return "a text without white space at its ends";
    }
    return NULL;
}

static int read_text(const struct reading *self, const char **out)
{
    const char *fault = text_fault(self->value);
    if (fault != NULL) {
        return fail(self, fault);
    }
    *out = self->value->text;
    return 0;
}

static int read_u32(const struct reading *self, const struct json *value, uint32_t *out)
{
    int64_t number = 0;
    if (!json_i64(value, &number) || number < (int64_t)self->field->min ||
        number > (int64_t)self->field->max) {
        return fields_fail(
            self->err, self->name, value, "'%s' must be a whole number between %.0f and %.0f",
            self->field->key, self->field->min, self->field->max);
    }
    *out = (uint32_t)number;
    return 0;
}

static int read_f64(const struct reading *self, const struct json *value, double *out)
{
    double number = 0.0;
    if (!json_f64(value, &number) || number < self->field->min || number > self->field->max) {
        return fields_fail(
            self->err, self->name, value, "'%s' must be a number between %g and %g",
            self->field->key, self->field->min, self->field->max);
    }
    *out = number;
    return 0;
}

static int check_list(const struct reading *self, const char *of)
{
    if (self->value->kind != JSON_ARRAY || self->value->len == 0 ||
        self->value->len > FIELD_LIST_MAX) {
        return fields_fail(
            self->err, self->name, self->value, "'%s' must be a list of 1 to %d %s",
            self->field->key, FIELD_LIST_MAX, of);
    }
    return 0;
}

static int read_u32_list(const struct reading *self, struct u32_list *out)
{
    int rc = check_list(self, "numbers");
    struct u32_list list = {0};
    for (const struct json *value = self->value->first; rc == 0 && value != NULL;
         value = value->next) {
        rc = read_u32(self, value, &list.values[list.n++]);
    }
    if (rc == 0) {
        *out = list;
    }
    return rc;
}

static int read_f64_list(const struct reading *self, struct f64_list *out)
{
    int rc = check_list(self, "numbers");
    struct f64_list list = {0};
    for (const struct json *value = self->value->first; rc == 0 && value != NULL;
         value = value->next) {
        rc = read_f64(self, value, &list.values[list.n++]);
    }
    if (rc == 0) {
        *out = list;
    }
    return rc;
}

static int read_text_list(const struct reading *self, struct text_list *out)
{
    const int rc = check_list(self, "texts");
    struct text_list list = {0};
    for (const struct json *value = self->value->first; rc == 0 && value != NULL;
         value = value->next) {
        const char *fault = text_fault(value);
        if (fault != NULL) {
            return fields_fail(
                self->err, self->name, value, "each of '%s' must be %s", self->field->key, fault);
        }
        list.values[list.n++] = value->text;
    }
    if (rc == 0) {
        *out = list;
    }
    return rc;
}

static int read_choice(const struct reading *self, unsigned *out)
{
    const char *text = json_text(self->value, "");
    char known[CHOICES_MAX] = "";
    size_t len = 0;
    for (unsigned i = 0; self->field->choices[i] != NULL; i++) {
        if (text_equal(self->field->choices[i], text)) {
            *out = i;
            return 0;
        }
        len += (size_t)snprintf(
            known + len, sizeof(known) - len, "%s%s", i == 0 ? "one of: " : ", ",
            self->field->choices[i]);
    }
    return fail(self, known);
}

static int read_value(const struct reading *self, void *member)
{
    switch (self->field->kind) {
    case FIELD_TEXT:
        return read_text(self, member);
    case FIELD_BOOL:
        return json_bool(self->value, member) ? 0 : fail(self, "true or false");
    case FIELD_U32:
        return read_u32(self, self->value, member);
    case FIELD_F64:
        return read_f64(self, self->value, member);
    case FIELD_CHOICE:
        return read_choice(self, member);
    case FIELD_U32_LIST:
        return read_u32_list(self, member);
    case FIELD_F64_LIST:
        return read_f64_list(self, member);
    case FIELD_TEXT_LIST:
        return read_text_list(self, member);
    case FIELD_ARRAY:
        if (self->value->kind != JSON_ARRAY) {
            return fail(self, "a list");
        }
        *(const struct json **)member = self->value;
        return 0;
    case FIELD_OBJECT:
    default:
        if (self->value->kind != JSON_OBJECT) {
            return fail(self, "a mapping of keys to values");
        }
        *(const struct json **)member = self->value;
        return 0;
    }
}

static const struct field *find(const struct field *fields, size_t n_fields, const char *key)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (text_equal(fields[i].key, key)) {
            return &fields[i];
        }
    }
    return NULL;
}

static int fail_unknown(
    const char *name,
    const struct json *value,
    const struct field *fields,
    size_t n_fields,
    struct error *err)
{
    CLEANUP(mem_freep) const char **keys = mem_alloc(n_fields, sizeof(*keys));
    for (size_t i = 0; i < n_fields; i++) {
        keys[i] = fields[i].key;
    }
    const char *nearest = text_nearest(value->key, keys, n_fields);
    if (nearest == NULL) {
        return fields_fail(err, name, value, "unknown key '%s'", value->key);
    }
    return fields_fail(
        err, name, value, "unknown key '%s': did you mean '%s'?", value->key, nearest);
}

int fields_read(
    const char *name,
    const struct json *object,
    const struct field *fields,
    size_t n_fields,
    void *out,
    struct error *err)
{
    if (object->kind != JSON_OBJECT) {
        return fields_fail(err, name, object, "a mapping of keys to values is expected");
    }
    for (const struct json *value = object->first; value != NULL; value = value->next) {
        const struct field *field = find(fields, n_fields, value->key);
        if (field == NULL) {
            return fail_unknown(name, value, fields, n_fields, err);
        }
        const struct reading reading = {name, field, value, err};
        const int rc = read_value(&reading, (char *)out + field->offset);
        if (rc != 0) {
            return rc;
        }
    }
    for (size_t i = 0; i < n_fields; i++) {
        if (fields[i].required && json_find(object, fields[i].key) == NULL) {
            return fields_fail(err, name, object, "key '%s' is missing", fields[i].key);
        }
    }
    return 0;
}
