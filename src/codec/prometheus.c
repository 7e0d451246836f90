/* A line is a sample or nothing.  Labels are checked while the line is read and walked again when one is
 * asked for, so that a reader who wants three metrics of six hundred pays for no list. */
#include "codec/prometheus.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

/* What a line of a sample is read with: never past the line's end. */
struct line {
    const char *at;
    const char *end;
};

void prometheus_init(struct prometheus *self, const char *text, size_t len)
{
    *self = (struct prometheus){.at = text, .end = text + len};
}

static bool is_name_byte(char c, bool first, bool colon)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':') ||
           (!first && c >= '0' && c <= '9');
}

static void skip_blanks(struct line *line)
{
    while (line->at < line->end && (*line->at == ' ' || *line->at == '\t')) {
        line->at++;
    }
}

static bool take_char(struct line *line, char c)
{
    if (line->at < line->end && *line->at == c) {
        line->at++;
        return true;
    }
    return false;
}

/* A name without quotes; false when none begins here. */
static bool take_plain_name(struct line *line, bool colon, const char **out, size_t *out_len)
{
    const char *begin = line->at;
    while (line->at < line->end && is_name_byte(*line->at, line->at == begin, colon)) {
        line->at++;
    }
    *out = begin;
    *out_len = (size_t)(line->at - begin);
    return *out_len > 0;
}

/* Behind a backslash: one of the escapes that the format has. */
static bool take_escape(struct line *line)
{
    return take_char(line, '\\') || take_char(line, '"') || take_char(line, 'n');
}

/* A text in quotes. */
static bool take_quoted(struct line *line, const char **out, size_t *out_len)
{
    if (!take_char(line, '"')) {
        return false;
    }
    *out = line->at;
    while (line->at < line->end && *line->at != '"') {
        const bool escape = *line->at++ == '\\';
        if (escape && !take_escape(line)) {
            return false;
        }
    }
    *out_len = (size_t)(line->at - *out);
    return take_char(line, '"');
}

struct label {
    const char *name;
    size_t name_len;
    const char *value; /* NULL: the quoted name of the metric itself */
    size_t value_len;
};

/* What stands between two commas. */
static bool take_label(struct line *line, struct label *out)
{
    *out = (struct label){0};
    if (take_quoted(line, &out->name, &out->name_len)) {
        skip_blanks(line);
        if (line->at == line->end || *line->at != '=') {
            return out->name_len > 0;
        }
    } else if (!take_plain_name(line, false, &out->name, &out->name_len)) {
        return false;
    }
    skip_blanks(line);
    if (!take_char(line, '=')) {
        return false;
    }
    skip_blanks(line);
    return take_quoted(line, &out->value, &out->value_len);
}

/* One label, or the metric's quoted name. */
static const char *take_part(struct prometheus *self, struct line *line)
{
    struct label label;
    if (!take_label(line, &label)) {
        return "labels are name=\"value\", with commas between them";
    }
    if (label.value != NULL) {
        return NULL;
    }
    if (self->name != NULL) {
        return "a sample has two names";
    }
    self->name = label.name;
    self->name_len = label.name_len;
    return NULL;
}

/* The labels behind an opening brace, to the closing one. */
static const char *take_labels(struct prometheus *self, struct line *line)
{
    const char *fault = NULL;
    self->labels = line->at;
    skip_blanks(line);
    bool closed = take_char(line, '}');
    while (fault == NULL && !closed) {
        fault = take_part(self, line);
        skip_blanks(line);
        const bool comma = take_char(line, ',');
        skip_blanks(line);
        closed = take_char(line, '}');
        if (fault == NULL && !closed && !comma) {
            fault = "labels are name=\"value\", with commas between them";
        }
    }
    self->labels_len = closed ? (size_t)(line->at - 1 - self->labels) : 0;
    return fault;
}

/* Everything up to the next blank. */
static size_t take_word(struct line *line, const char **out)
{
    *out = line->at;
    while (line->at < line->end && *line->at != ' ' && *line->at != '\t') {
        line->at++;
    }
    return (size_t)(line->at - *out);
}

static bool word_is(const char *word, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(word, name, len) == 0;
}

/* Digits with at most one point and an exponent. */
static bool is_decimal(const char *word, size_t len)
{
    size_t i = 0;
    size_t n_digits = 0;
    size_t n_points = 0;
    for (; i < len && word[i] != 'e' && word[i] != 'E'; i++) {
        n_digits += word[i] >= '0' && word[i] <= '9';
        n_points += word[i] == '.';
    }
    if (n_digits == 0 || n_points > 1 || n_digits + n_points != i) {
        return false;
    }
    if (i == len) {
        return true;
    }
    i++;
    i += i < len && (word[i] == '+' || word[i] == '-');
    const size_t exponent = i;
    while (i < len && word[i] >= '0' && word[i] <= '9') {
        i++;
    }
    return i == len && i > exponent;
}

/* The word is followed by a byte that belongs to no number, so that strtod ends in time. */
static bool read_number(const char *word, size_t len, double *out)
{
    const size_t sign = len > 0 && (word[0] == '+' || word[0] == '-') ? 1 : 0;
    const char *rest = word + sign;
    const size_t rest_len = len - sign;
    if (sign == 0 && word_is(rest, rest_len, "nan")) {
        *out = (double)NAN;
        return true;
    }
    if (word_is(rest, rest_len, "inf") || word_is(rest, rest_len, "infinity")) {
        *out = word[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    if (!is_decimal(rest, rest_len)) {
        return false;
    }
    *out = text_to_f64(word);
    return true;
}

/* The value, and behind it perhaps a timestamp, perhaps an exemplar. */
static const char *take_value(struct prometheus *self, struct line *line)
{
    const char *word = NULL;
    skip_blanks(line);
    size_t len = take_word(line, &word);
    if (!read_number(word, len, &self->value)) {
        return "a number is expected";
    }
    skip_blanks(line);
    if (line->at == line->end || *line->at == '#') {
        return NULL;
    }
    double ignored = 0.0;
    len = take_word(line, &word);
    if (!read_number(word, len, &ignored)) {
        return "a timestamp is expected behind the value";
    }
    skip_blanks(line);
    return line->at == line->end || *line->at == '#' ? NULL : "more than a value and a timestamp";
}

static const char *take_sample(struct prometheus *self, struct line *line)
{
    self->name = NULL;
    self->name_len = 0;
    self->labels = line->at;
    self->labels_len = 0;
    const bool quoted = *line->at == '{';
    if (!quoted && !take_plain_name(line, true, &self->name, &self->name_len)) {
        return "the name of a metric is expected";
    }
    skip_blanks(line);
    const char *fault = take_char(line, '{') ? take_labels(self, line) : NULL;
    if (fault == NULL && self->name == NULL) {
        fault = "the name of a metric is expected";
    }
    return fault != NULL ? fault : take_value(self, line);
}

int prometheus_next(struct prometheus *self)
{
    while (self->fault == NULL && self->at < self->end) {
        const char *lf = memchr(self->at, '\n', (size_t)(self->end - self->at));
        self->line++;
        if (lf == NULL) {
            self->fault = "the last line does not end: the text was cut";
            break;
        }
        struct line line = {self->at, lf > self->at && lf[-1] == '\r' ? lf - 1 : lf};
        self->at = lf + 1;
        skip_blanks(&line);
        if (line.at == line.end || *line.at == '#') {
            continue;
        }
        self->fault = take_sample(self, &line);
        if (self->fault == NULL) {
            return PROMETHEUS_SAMPLE;
        }
    }
    return self->fault != NULL ? PROMETHEUS_BROKEN : PROMETHEUS_END;
}

bool prometheus_is(const struct prometheus *self, const char *name)
{
    const size_t len = strlen(name);
    return len == self->name_len && memcmp(name, self->name, len) == 0;
}

bool prometheus_label_next(const struct prometheus *self, size_t *at, struct prometheus_label *out)
{
    struct line line = {self->labels + *at, self->labels + self->labels_len};
    struct label label = {0};
    bool found = false;
    for (skip_blanks(&line); !found && take_label(&line, &label); skip_blanks(&line)) {
        found = label.value != NULL;
        skip_blanks(&line);
        (void)take_char(&line, ',');
    }
    *at = (size_t)(line.at - self->labels);
    if (found) {
        *out = (struct prometheus_label){label.name, label.name_len, label.value, label.value_len};
    }
    return found;
}

bool prometheus_label(
    const struct prometheus *self, const char *name, const char **out, size_t *out_len)
{
    const size_t len = strlen(name);
    struct line line = {self->labels, self->labels + self->labels_len};
    struct label label;
    for (skip_blanks(&line); take_label(&line, &label); skip_blanks(&line)) {
        if (label.value != NULL && label.name_len == len && memcmp(label.name, name, len) == 0) {
            *out = label.value;
            *out_len = label.value_len;
            return true;
        }
        skip_blanks(&line);
        (void)take_char(&line, ',');
    }
    return false;
}

size_t prometheus_unescape(const char *raw, size_t len, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        const bool escape = raw[i] == '\\' && i + 1 < len;
        i += escape;
        out[n++] = raw[i];
        if (escape && raw[i] == 'n') {
            out[n - 1] = '\n';
        }
    }
    return n;
}
