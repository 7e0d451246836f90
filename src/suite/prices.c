/* Prices are facts of a day: every entry carries its source, and a date of its own or the file's. */
#include "suite/prices.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/yaml.h"
#include "suite/embedded.h"
#include "suite/fields.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRICES_FOLDER    "prices/"
#define USD_PER_MTOK_MAX 1e6

enum {
    PRICES_VERSION = 1,
    DATE_LEN = 10 /* YYYY-MM-DD */
};

static const char *const currencies[] = {"USD", NULL};

struct head {
    uint32_t version;
    const char *date;
    unsigned currency;
    const struct json *entries;
};

static const struct field head_fields[] = {
    {.key = "version",
     .kind = FIELD_U32,
     .required = true,
     .offset = offsetof(struct head, version),
     .max = UINT32_MAX},
    {.key = "date", .kind = FIELD_TEXT, .required = true, .offset = offsetof(struct head, date)},
    {.key = "currency",
     .kind = FIELD_CHOICE,
     .offset = offsetof(struct head, currency),
     .choices = currencies},
    {.key = "entries",
     .kind = FIELD_ARRAY,
     .required = true,
     .offset = offsetof(struct head, entries)},
};

struct row {
    struct price_entry entry;
    unsigned currency;
};

#define PRICE(name, needed)                                                 \
    {                                                                       \
        .key = #name, .kind = FIELD_F64, .required = needed,                \
        .offset = offsetof(struct row, entry.name), .max = USD_PER_MTOK_MAX \
    }
#define TEXT(name, needed)                                    \
    {                                                         \
        .key = #name, .kind = FIELD_TEXT, .required = needed, \
        .offset = offsetof(struct row, entry.name)            \
    }

static const struct field row_fields[] = {
    TEXT(provider, true),
    TEXT(model, true),
    PRICE(input_usd_per_mtok, true),
    PRICE(output_usd_per_mtok, true),
    PRICE(cached_input_usd_per_mtok, false),
    TEXT(source, true),
    TEXT(date, false),
    {.key = "currency",
     .kind = FIELD_CHOICE,
     .offset = offsetof(struct row, currency),
     .choices = currencies},
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A day of the calendar, as YYYY-MM-DD. */
static bool is_date(const char *text)
{
    static const char form[] = "dddd-dd-dd";
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int numbers[3] = {0};
    size_t part = 0;
    if (strlen(text) != DATE_LEN) {
        return false;
    }
    for (size_t i = 0; i < DATE_LEN; i++) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '-' ? text[i] != '-' : !digit) {
            return false;
        }
        part += form[i] == '-';
        numbers[part] = digit ? numbers[part] * 10 + (text[i] - '0') : numbers[part];
    }
    const int month = numbers[1];
    if (month < 1 || month > 12) {
        return false;
    }
    const int last = days[month - 1] + (month == 2 && is_leap(numbers[0]) ? 1 : 0);
    return numbers[2] >= 1 && numbers[2] <= last;
}

static int
check_date(const char *name, const struct json *object, const char *date, struct error *err)
{
    if (is_date(date)) {
        return 0;
    }
    return fields_fail(
        err, name, json_find(object, "date"), "'date' must be a day as YYYY-MM-DD, not '%s'", date);
}

static int check_new(
    const char *name, const struct json *value, const struct price_list *list, struct error *err)
{
    const struct price_entry *entry = &list->entries[list->n];
    for (size_t i = 0; i < list->n; i++) {
        const struct price_entry *other = &list->entries[i];
        if (text_equal(other->provider, entry->provider) &&
            text_equal(other->model, entry->model)) {
            return fields_fail(
                err, name, value, "provider '%s', model '%s' has a price already, in line %u",
                entry->provider, entry->model, other->line);
        }
    }
    return 0;
}

/* Reads an entry behind the others of the list. */
static int read_entry(
    const char *name,
    const struct json *value,
    const char *list_date,
    struct price_list *list,
    struct error *err)
{
    struct row row = {.entry = {.cached_input_usd_per_mtok = (double)NAN, .date = list_date}};
    int rc = fields_read(name, value, row_fields, ARRAY_LEN(row_fields), &row, err);
    if (rc == 0) {
        rc = check_date(name, value, row.entry.date, err);
    }
    if (rc == 0) {
        row.entry.line = value->line;
        list->entries[list->n] = row.entry;
        rc = check_new(name, value, list, err);
    }
    if (rc == 0) {
        list->n++;
    }
    return rc;
}

static int read_head(const char *name, const struct json *root, struct head *out, struct error *err)
{
    const int rc = fields_read(name, root, head_fields, ARRAY_LEN(head_fields), out, err);
    if (rc != 0) {
        return rc;
    }
    if (out->version != PRICES_VERSION) {
        return fields_fail(
            err, name, json_find(root, "version"), "'version' must be %d: no other can be read",
            PRICES_VERSION);
    }
    if (out->entries->len == 0) {
        return fields_fail(err, name, out->entries, "'entries' must hold at least one entry");
    }
    return check_date(name, root, out->date, err);
}

/* Adds the entries of one file. */
static int
add_text(struct price_list *self, const char *name, const char *text, size_t len, struct error *err)
{
    struct json *root = NULL;
    struct head head = {0};
    int rc = yaml_parse(&self->arena, name, text, len, &root, err);
    if (rc == 0) {
        rc = read_head(name, root, &head, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (head.entries->len > PRICE_ENTRIES_MAX - self->n) {
        return error_set(
            err, ERROR_LIMIT, "%s: there are more than %d entries", name, PRICE_ENTRIES_MAX);
    }
    self->entries = mem_resize(self->entries, self->n + head.entries->len, sizeof(*self->entries));
    for (const struct json *value = head.entries->first; rc == 0 && value != NULL;
         value = value->next) {
        rc = read_entry(name, value, head.date, self, err);
    }
    return rc;
}

int price_list_read(
    const char *name, const char *text, size_t len, struct price_list *out, struct error *err)
{
    *out = (struct price_list){0};
    out->name = arena_copy_text(&out->arena, file_base_name(name));
    digest_sha256_hex(text, len, out->sha256);
    return add_text(out, name, text, len, err);
}

int price_list_load(const char *path, struct price_list *out, struct error *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    *out = (struct price_list){0};
    const int rc = file_read(path, PRICES_FILE_MAX, &text, &len, err);
    return rc != 0 ? rc : price_list_read(path, text, len, out, err);
}

int price_list_embedded(struct price_list *out, struct error *err)
{
    *out = (struct price_list){.name = ""};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < embedded_table_len; i++) {
        const struct embedded_file *file = &embedded_table[i];
        if (text_starts_with(file->name, PRICES_FOLDER)) {
            rc = add_text(out, file->name, file->text, file->len, err);
        }
    }
    return rc;
}

void price_list_done(struct price_list *self)
{
    free(self->entries);
    self->entries = NULL;
    self->n = 0;
    arena_done(&self->arena);
}

const struct price_entry *
price_list_find(const struct price_list *self, const char *provider, const char *model)
{
    for (size_t i = 0; i < self->n; i++) {
        const struct price_entry *entry = &self->entries[i];
        if (text_equal(entry->provider, provider) && text_equal(entry->model, model)) {
            return entry;
        }
    }
    for (size_t i = 0; i < self->n; i++) {
        const struct price_entry *entry = &self->entries[i];
        if (fnmatch(entry->provider, provider, 0) == 0 && fnmatch(entry->model, model, 0) == 0) {
            return entry;
        }
    }
    return NULL;
}

const char *price_list_missing(
    const struct price_list *self, const char *provider, const char *model, struct arena *arena)
{
    CLEANUP(mem_freep) const char **names = mem_alloc(self->n + 1, sizeof(*names));
    size_t n_models = 0;
    for (size_t i = 0; i < self->n; i++) {
        if (fnmatch(self->entries[i].provider, provider, 0) == 0) {
            names[n_models++] = self->entries[i].model;
        }
    }
    const char *wanted =
        arena_format(arena, "no price for provider '%s', model '%s'", provider, model);
    if (n_models > 0) {
        const char *near = text_nearest(model, names, n_models);
        return near != NULL ? arena_format(arena, "%s: did you mean '%s'?", wanted, near)
                            : arena_format(
                                  arena, "%s: of that provider it has %zu other%s", wanted,
                                  n_models, n_models == 1 ? "" : "s");
    }
    for (size_t i = 0; i < self->n; i++) {
        names[i] = self->entries[i].provider;
    }
    const char *near = text_nearest(provider, names, self->n);
    return near != NULL ? arena_format(arena, "%s: did you mean the provider '%s'?", wanted, near)
                        : arena_format(arena, "%s: it has nothing of that provider", wanted);
}
