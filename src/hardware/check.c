/* A reading meets its row here: one place decides what passes, and how it is told. */
#include "hardware/check.h"

#include "base/text.h"
#include "hardware/check_rows.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void check_unknown(struct check_reading *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    out->known = false;
    out->good = false;
    out->value = (double)NAN;
}

void check_words(struct check_reading *out, bool good, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    out->known = true;
    out->good = good;
    out->value = (double)NAN;
}

void check_number(struct check_reading *out, double value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->text, sizeof(out->text), format, args);
    va_end(args);
    out->known = true;
    out->good = false;
    out->value = value;
}

enum check_status check_judge(const struct check *check, const struct check_reading *reading)
{
    bool good = reading->good;
    if (!reading->known) {
        return CHECK_SKIP;
    }
    if (check->order == CHECK_AT_MOST) {
        good = reading->value <= check->limit;
    } else if (check->order == CHECK_AT_LEAST) {
        good = reading->value >= check->limit;
    }
    return good ? CHECK_PASS : check->trip;
}

/* Texts come from files, drivers and engines: what is no printable UTF-8 becomes '?', so that a text stays
 * one line and no terminal obeys it. */
static void make_printable(char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        const size_t n = text_utf8_length(text, left);
        const bool good = n > 1 || (n == 1 && *text >= 0x20 && *text != 0x7f);
        const bool is_c1 =
            n == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0;
        if (!good || is_c1) {
            memset(text, '?', n > 1 ? n : 1);
        }
        text += n > 1 ? n : 1;
        left -= n > 1 ? n : 1;
    }
}

void check_list_add(
    struct check_list *self, const struct check *check, const struct check_reading *reading)
{
    assert(self->n < CHECK_LIST_MAX);
    struct check_result *out = &self->results[self->n++];
    out->check = check;
    out->status = check_judge(check, reading);
    out->value = reading->value;
    memcpy(out->found, reading->text, sizeof(out->found));
    make_printable(out->found);
}

size_t check_list_count(const struct check_list *self, enum check_status status)
{
    size_t n = 0;
    for (size_t i = 0; i < self->n; i++) {
        n += self->results[i].status == status;
    }
    return n;
}

const char *check_status_name(enum check_status status)
{
    static const char *const names[] = {
        [CHECK_PASS] = "PASS",
        [CHECK_SKIP] = "SKIP",
        [CHECK_WARN] = "WARN",
        [CHECK_FAIL] = "FAIL",
    };
    return names[status];
}

const char *check_part_name(enum check_part part)
{
    static const char *const names[] = {
        [CHECK_HOST] = "host",
        [CHECK_GPU] = "gpu",
        [CHECK_ENGINE] = "engine",
    };
    return names[part];
}

void check_limit_text(const struct check *check, char out[CHECK_TEXT_SIZE])
{
    if (check->order == CHECK_IN_WORDS) {
        (void)snprintf(out, CHECK_TEXT_SIZE, "%s", check->wanted);
        return;
    }
    (void)snprintf(
        out, CHECK_TEXT_SIZE, "at %s %.10g%s%s", check->order == CHECK_AT_MOST ? "most" : "least",
        check->limit, check->wanted[0] != '\0' ? " " : "", check->wanted);
}

struct json *check_list_json(const struct check_list *self, struct arena *arena)
{
    struct json *rows = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < self->n; i++) {
        const struct check_result *result = &self->results[i];
        const struct check *check = result->check;
        char limit[CHECK_TEXT_SIZE];
        check_limit_text(check, limit);
        struct json *row = json_append(rows, json_new(arena, JSON_OBJECT));
        json_add_text(arena, row, "part", check_part_name(check->part));
        json_add_text(arena, row, "name", check->name);
        json_add_text(arena, row, "status", check_status_name(result->status));
        json_add_text(arena, row, "found", result->found);
        json_add_f64(arena, row, "value", result->value);
        json_add_text(arena, row, "limit", limit);
        json_add_text(arena, row, "what", check->what);
        json_add_text(arena, row, "source", check->source);
        json_add_text(arena, row, "fix", check->fix);
    }
    return rows;
}

/* ---- The rows of the host. ---- */

static const struct host_check *host_check_at(size_t i)
{
    const struct {
        const struct host_check *rows;
        size_t n;
    } tables[] = {
        {cpu_checks, cpu_checks_len},
        {clock_checks, clock_checks_len},
        {memory_checks, memory_checks_len},
        {limit_checks, limit_checks_len},
    };

    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        if (i < tables[t].n) {
            return &tables[t].rows[i];
        }
        i -= tables[t].n;
    }
    return NULL;
}

void check_host(const struct check_context *context, struct check_list *out)
{
    for (size_t i = 0; host_check_at(i) != NULL; i++) {
        const struct host_check *row = host_check_at(i);
        if (context->fast_only && row->check.slow) {
            continue;
        }
        struct check_reading reading = {0};
        row->read(context, &reading);
        check_list_add(out, &row->check, &reading);
    }
}

const struct check *check_at(size_t i)
{
    size_t n_host = 0;
    while (host_check_at(n_host) != NULL) {
        if (n_host == i) {
            return &host_check_at(i)->check;
        }
        n_host++;
    }
    i -= n_host;
    if (i == 0) {
        return &gpu_driver_check;
    }
    i -= 1;
    if (i < gpu_checks_len) {
        return &gpu_checks[i].check;
    }
    i -= gpu_checks_len;
    return i < link_checks_len ? &link_checks[i].check : NULL;
}
