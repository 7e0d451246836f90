/* "trace:FILE[,speed=X][,n=N][,exact=MODE]": keys are read from the end, so that a file's name may hold
 * commas: what is not KEY=VALUE with a known key belongs to the name. */
#include "base/mem.h"
#include "base/text.h"
#include "suite/dataset.h"
#include "suite/recipe.h"

#include <stdlib.h>
#include <string.h>

/* Faster than a thousand times, or slower, is no replay of anything. */
#define SPEED_MIN 0.001
#define SPEED_MAX 1000.0

static int read_speed(const char *value, struct trace_plan *out, struct error *err)
{
    return text_parse_f64(value, SPEED_MIN, SPEED_MAX, &out->speed, err);
}

static int read_n(const char *value, struct trace_plan *out, struct error *err)
{
    int64_t number = 0;
    const int rc = text_parse_i64(value, 1, DATASET_PROMPTS_MAX, &number, err);
    out->n = (uint32_t)number;
    return rc;
}

static int read_exact(const char *value, struct trace_plan *out, struct error *err)
{
    return exact_lengths_parse(value, &out->exact, err);
}

static const struct {
    const char *name; /* with the sign */
    int (*read)(const char *value, struct trace_plan *out, struct error *err);
} keys[] = {
    {"speed=", read_speed},
    {"n=", read_n},
    {"exact=", read_exact},
};

/* The key that `text` begins with, or ARRAY_LEN(keys). */
static size_t find_key(const char *text)
{
    size_t i = 0;
    while (i < ARRAY_LEN(keys) && !text_starts_with(text, keys[i].name)) {
        i++;
    }
    return i;
}

int recipe_trace_parse(const char *rest, struct trace_plan *out, struct error *err)
{
    CLEANUP(mem_freep) char *text = mem_copy_text(rest);
    struct trace_plan plan = {.speed = 1.0};
    bool given[ARRAY_LEN(keys)] = {false};
    for (char *comma = strrchr(text, ','); comma != NULL; comma = strrchr(text, ',')) {
        const size_t key = find_key(comma + 1);
        if (key == ARRAY_LEN(keys)) {
            break;
        }
        const int name_len = (int)strlen(keys[key].name) - 1;
        if (given[key]) {
            return error_set(
                err, ERROR_USAGE, "dataset trace: '%.*s' is given twice", name_len, keys[key].name);
        }
        given[key] = true;
        if (keys[key].read(comma + 1 + name_len + 1, &plan, err) < 0) {
            return error_prefix(err, "dataset trace: %.*s: ", name_len, keys[key].name);
        }
        *comma = '\0';
    }
    plan.path_len = strlen(text);
    if (plan.path_len == 0) {
        return error_set(
            err, ERROR_USAGE, "dataset 'trace:' is not complete: the form is trace:FILE[,speed=X]");
    }
    *out = plan;
    return 0;
}
