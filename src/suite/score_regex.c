/* The system's POSIX regular expressions, made safe: a pattern with back references can take a time that
 * is exponential in the text, one with large bounds or nested repetitions gigabytes, so both are refused;
 * and the text is short.  The locale is pinned, so that the environment changes nothing: bytes outside ASCII are
 * themselves. */
#include "base/mem.h"
#include "suite/score_rules.h"

#include <ctype.h>
#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* Skips a bracket expression, whose '[' is at `at`; returns its ']' or the end of the pattern. */
static const char *skip_bracket(const char *at)
{
    at++;
    at += *at == '^';
    at += *at == ']';
    while (*at != '\0' && *at != ']') {
        if (at[0] == '[' && (at[1] == ':' || at[1] == '.' || at[1] == '=')) {
            const char close[] = {at[1], ']', '\0'};
            const char *end = strstr(at + 2, close);
            at = end != NULL ? end + 1 : at;
        }
        at++;
    }
    return at;
}

/* How many times {n,m} at `at` writes out what is before it: m, or n + 1 for {n,}.  *end is behind it. */
static unsigned long bound_at(const char *at, const char **end)
{
    char *digits_end = NULL;
    unsigned long times = strtoul(at + 1, &digits_end, 10);
    if (*digits_end == ',') {
        const char *second = digits_end + 1;
        const unsigned long most = strtoul(second, &digits_end, 10);
        times = digits_end == second ? times + 1 : most;
    }
    const char *brace = strchr(at, '}');
    *end = brace != NULL ? brace + 1 : at + strlen(at);
    return times <= SCORE_PATTERN_ELEMENTS ? times : SCORE_PATTERN_ELEMENTS + 1UL;
}

static bool is_back_reference(const char *at)
{
    return at[0] == '\\' && at[1] >= '1' && at[1] <= '9';
}

/* Past the element at `at`: a bracket expression, an escaped character, any other. */
static const char *next_element(const char *at)
{
    if (*at == '\\' && at[1] != '\0') {
        return at + 2;
    }
    if (*at == '[') {
        at = skip_bracket(at);
    }
    return *at != '\0' ? at + 1 : at;
}

/* Elements written out so far: of each open group, and of what a repetition would repeat. */
struct unrolled {
    unsigned long sums[SCORE_PATTERN_DEPTH + 1];
    unsigned long last; /* counted in the sum, too */
    unsigned depth;
};

static void add_element(struct unrolled *self, unsigned long n)
{
    self->sums[self->depth] += n;
    self->last = n;
}

static void repeat_last(struct unrolled *self, unsigned long times)
{
    const unsigned long repeated = self->last * times;
    self->sums[self->depth] += repeated - (times > 0 ? self->last : 0);
    self->last = repeated > self->last ? repeated : self->last;
}

static void close_group(struct unrolled *self)
{
    if (self->depth > 0) {
        self->depth--;
        add_element(self, self->sums[self->depth + 1] + 1);
    }
}

/* Takes the element or the repetition at `at`; returns what is behind it. */
static const char *unroll(struct unrolled *self, const char *at)
{
    const char *end = at + 1;
    switch (*at) {
    case '(':
        self->depth++;
        self->sums[self->depth] = 0;
        self->last = 0;
        return end;
    case ')':
        close_group(self);
        return end;
    case '*':
    case '?':
        repeat_last(self, 1);
        return end;
    case '+':
        repeat_last(self, 2);
        return end;
    case '{':
        repeat_last(self, bound_at(at, &end));
        return end;
    default:
        add_element(self, 1);
        return next_element(at);
    }
}

/* What makes a pattern dangerous; NULL: nothing. */
static const char *danger_of(const char *pattern)
{
    struct unrolled unrolled = {.depth = 0};
    for (const char *at = pattern; *at != '\0';) {
        if (is_back_reference(at)) {
            return "'pattern' has a back reference, which can take for ever";
        }
        if (*at == '(' && unrolled.depth == SCORE_PATTERN_DEPTH) {
            return "'pattern' has more than 50 groups inside each other";
        }
        at = unroll(&unrolled, at);
        if (unrolled.sums[unrolled.depth] > SCORE_PATTERN_ELEMENTS) {
            return "'pattern' has more than 1000 elements when its repetitions are written out";
        }
    }
    return NULL;
}

/* Compiles in the C locale.  0, or regcomp's error. */
static int compile(const char *pattern, regex_t *out)
{
    return regcomp(out, pattern, REG_EXTENDED | REG_NOSUB);
}

static locale_t enter_c_locale(locale_t *c_locale)
{
    *c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return *c_locale != (locale_t)0 ? uselocale(*c_locale) : (locale_t)0;
}

static void leave_c_locale(locale_t before, locale_t c_locale)
{
    if (c_locale != (locale_t)0) {
        (void)uselocale(before);
        freelocale(c_locale);
    }
}

const char *score_regex_check(const struct item *item, struct arena *arena)
{
    if (strlen(item->pattern) > SCORE_PATTERN_MAX) {
        return "'pattern' is longer than 1000 bytes";
    }
    const char *danger = danger_of(item->pattern);
    if (danger != NULL) {
        return danger;
    }
    locale_t c_locale = (locale_t)0;
    const locale_t before = enter_c_locale(&c_locale);
    regex_t compiled;
    const int failure = compile(item->pattern, &compiled);
    const char *what = NULL;
    if (failure != 0) {
        char text[128];
        (void)regerror(failure, &compiled, text, sizeof(text));
        what = arena_format(arena, "'pattern' is no POSIX extended regular expression: %s", text);
    } else {
        regfree(&compiled);
    }
    leave_c_locale(before, c_locale);
    return what;
}

/* The answer without white space at its ends, cut to what is looked at. */
static char *trimmed(const char *answer)
{
    while (isspace((unsigned char)*answer)) {
        answer++;
    }
    size_t len = strnlen(answer, SCORE_REGEX_TEXT_MAX);
    while (len > 0 && isspace((unsigned char)answer[len - 1])) {
        len--;
    }
    return mem_copy_bytes(answer, len);
}

double score_regex(const struct item *item, const char *answer)
{
    locale_t c_locale = (locale_t)0;
    const locale_t before = enter_c_locale(&c_locale);
    CLEANUP(mem_freep) char *text = trimmed(answer);
    regex_t compiled;
    double score = 0.0;
    if (compile(item->pattern, &compiled) == 0) {
        score = regexec(&compiled, text, 0, NULL, 0) == 0 ? 1.0 : 0.0;
        regfree(&compiled);
    }
    leave_c_locale(before, c_locale);
    return score;
}
