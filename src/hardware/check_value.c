/* Strict where a wrong reading would be taken for a fact: a text that is no number is none. */
#include "hardware/check_value.h"

#include "base/text.h"

#include <string.h>

/* Digits at *at; false when there are none, or CHECK_CPUS_MAX is reached. */
static bool read_cpu(const char **at, unsigned *out)
{
    unsigned value = 0;
    const char *p = *at;
    while (*p >= '0' && *p <= '9' && value < CHECK_CPUS_MAX) {
        value = value * 10 + (unsigned)(*p - '0');
        p++;
    }
    const bool good = p != *at && value < CHECK_CPUS_MAX;
    *at = p;
    *out = value;
    return good;
}

/* "8" or "8-11" at *at. */
static bool read_range(const char **at, unsigned *first, unsigned *last)
{
    if (!read_cpu(at, first)) {
        return false;
    }
    *last = *first;
    if (**at != '-') {
        return true;
    }
    (*at)++;
    return read_cpu(at, last) && *last >= *first;
}

bool check_read_cpus(const char *text, struct cpu_set_text *out)
{
    *out = (struct cpu_set_text){0};
    while (*text != '\0') {
        unsigned first = 0;
        unsigned last = 0;
        if (!read_range(&text, &first, &last)) {
            return false;
        }
        for (unsigned cpu = first; cpu <= last; cpu++) {
            out->n += !out->has[cpu];
            out->has[cpu] = true;
        }
        const bool goes_on = *text == ',' && text[1] != '\0';
        if (*text != '\0' && !goes_on) {
            return false;
        }
        text += goes_on;
    }
    return true;
}

/* "-1", "3.25": copies the number that the text begins with. */
static bool take_number(const char *text, double *out)
{
    char number[32];
    const size_t n = strspn(text, "-0123456789.");
    if (n == 0 || n >= sizeof(number)) {
        return false;
    }
    memcpy(number, text, n);
    number[n] = '\0';
    struct error err = {0};
    return text_parse_f64(number, -1e18, 1e18, out, &err) == 0;
}

bool check_read_number(const struct reader *reader, const char *path, double *out)
{
    const char *line = reader_line(reader, path, NULL);
    return line != NULL && take_number(line, out);
}

bool check_read_field(const char *text, const char *key, double *out)
{
    const size_t key_len = strlen(key);
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        if (len > key_len && strncmp(line, key, key_len) == 0 &&
            strchr(": \t", line[key_len]) != NULL) {
            const char *value = line + key_len;
            return take_number(value + strspn(value, ": \t"), out);
        }
        line += len + (line[len] == '\n');
    }
    return false;
}
