/* A bare number leaves out the samplers that wait for others: every reading of an engine's metrics costs
 * the engine, and whoever wants that says so by name. */
#include "telemetry/sample_periods.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    WORD_SIZE = 64
};

void sample_periods_profile(struct sample_periods *self)
{
    assert(sampler_table_len <= SAMPLERS_MAX);
    for (size_t i = 0; i < sampler_table_len; i++) {
        if (sampler_table[i]->profile_period_ns > 0) {
            self->ns[i] = sampler_table[i]->profile_period_ns;
        }
    }
}

static int parse_ms(const char *text, int64_t *out_ns, struct error *err)
{
    int64_t ms = 0;
    if (text_equal(text, "off")) {
        *out_ns = SAMPLE_OFF;
        return 0;
    }
    const int result = text_parse_i64(text, SAMPLE_MS_MIN, SAMPLE_MS_MAX, &ms, err);
    *out_ns = ms * NS_PER_MS;
    return result;
}

static int unknown_sampler(const char *name, struct error *err)
{
    const char *names[SAMPLERS_MAX];
    for (size_t i = 0; i < sampler_table_len; i++) {
        names[i] = sampler_table[i]->name;
    }
    const char *nearest = text_nearest(name, names, sampler_table_len);
    return error_set(
        err, ERROR_USAGE, "there is no sampler '%s'%s%s%s", name,
        nearest != NULL ? ": did you mean '" : "", nearest != NULL ? nearest : "",
        nearest != NULL ? "'?" : "");
}

/* "NAME=MS", `len` bytes. */
static int set_one(struct sample_periods *self, const char *text, size_t len, struct error *err)
{
    char word[WORD_SIZE] = "";
    const bool fits = len < sizeof(word);
    (void)snprintf(word, sizeof(word), "%.*s", fits ? (int)len : WORD_SIZE - 1, text);
    char *equals = strchr(word, '=');
    if (!fits || equals == NULL) {
        return error_set(err, ERROR_USAGE, "'%s' is not NAME=MS", word);
    }
    *equals = '\0';
    for (size_t i = 0; i < sampler_table_len; i++) {
        if (text_equal(sampler_table[i]->name, word)) {
            return parse_ms(equals + 1, &self->ns[i], err);
        }
    }
    return unknown_sampler(word, err);
}

static int set_all(struct sample_periods *self, const char *text, struct error *err)
{
    int64_t period_ns = 0;
    const int result = parse_ms(text, &period_ns, err);
    for (size_t i = 0; result == 0 && i < sampler_table_len; i++) {
        const bool stays = sampler_table[i]->waits && period_ns != SAMPLE_OFF;
        self->ns[i] = stays ? self->ns[i] : period_ns;
    }
    return result;
}

int sample_periods_parse(const char *text, struct sample_periods *self, struct error *err)
{
    struct sample_periods periods = *self;
    int result = 0;
    if (strpbrk(text, "=,") == NULL) {
        result = set_all(&periods, text, err);
        *self = result == 0 ? periods : *self;
        return result;
    }
    for (const char *at = text; at != NULL && result == 0;) {
        const size_t len = strcspn(at, ",");
        result = set_one(&periods, at, len, err);
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    *self = result == 0 ? periods : *self;
    return result;
}
