/* Calibration: how the engine's tokens can be counted, and what it adds to a text. */
#include "base/mem.h"
#include "suite/lengths_fit.h"
#include "suite/synthetic.h"

#include <math.h>
#include <stdio.h>

/* Texts for calibration are prompts of numbers that no set has: no prompt of the run is in the
 * engine's cache because of them. */
#define CALIBRATION_INDEX (UINT64_C(1) << 40)

enum {
    SALT_GROUPS = SALT_WORD_COUNT / SALT_WORDS,
    ANCHORS = 3,
    LINE_POINTS = 3
};

/* Nominal lengths of the calibration texts: different, and small for any context. */
static const uint32_t anchor_lengths[ANCHORS] = {16, 61, 160};

/* The same for the line through texts, from short to long: the longest that the engine takes decides, so
 * that the words of one text weigh little. */
static const uint32_t line_lengths[LINE_POINTS] = {16, 160, 640};

static int ask_usage(struct fitting *self, const char *text, uint32_t *out, struct error *err)
{
    (void)atomic_fetch_add(&self->n_requests, 1);
    return self->source->usage(self->source->context, text, out, err);
}

static int ask_tokenizer(struct fitting *self, const char *text, uint32_t *out, struct error *err)
{
    return self->source->tokenize(self->source->context, text, out, err);
}

/* The text as it will be sent, with the words of one group of salts. */
static void add_salt(const struct fitting *self, unsigned group, struct bytes *out)
{
    if (self->source->salt) {
        char salt[SALT_LEN + 1];
        prompt_salt_sample(group, salt);
        bytes_add_text(out, salt);
    }
}

static void write_text(const struct fitting *self, uint32_t n_words, struct bytes *out)
{
    const struct prompt_maker *maker = &self->set->maker;
    synthetic_write(&maker->plan, maker->seed, CALIBRATION_INDEX + n_words, n_words, 0, out);
}

int lengths_count(
    struct fitting *self, const struct counting *what, uint32_t *out, struct error *err)
{
    CLEANUP(bytes_done) struct bytes content;
    bytes_init(&content, DATASET_FILE_MAX);
    add_salt(self, what->group, &content);
    bytes_add_text(&content, what->text);
    return what->by_tokenizer ? ask_tokenizer(self, content.data, out, err)
                              : ask_usage(self, content.data, out, err);
}

/* Are all salts the same number of tokens?  Every word is in one of the groups; where each group has
 * the same count, and (by the tokenizer) exactly one token for each word, no salt can differ. */
static int check_salt(struct fitting *self, bool by_tokenizer, const char *text, struct error *err)
{
    uint32_t first = 0;
    for (unsigned group = 0; group < SALT_GROUPS; group++) {
        uint32_t count = 0;
        const struct counting what = {by_tokenizer, group, text};
        const int rc = lengths_count(self, &what, &count, err);
        if (rc < 0) {
            return rc;
        }
        first = group == 0 ? count : first;
        self->out->salt_varies = self->out->salt_varies || count != first;
    }
    if (!by_tokenizer) {
        self->out->salt_tokens = SALT_TOKENS; /* nominal: only the sum with the template is known */
        return 0;
    }
    CLEANUP(bytes_done) struct bytes bare;
    bytes_init(&bare, DATASET_FILE_MAX);
    bytes_add_format(&bare, "[ ] %s", text);
    uint32_t without = 0;
    int rc = ask_tokenizer(self, bare.data, &without, err);
    self->out->salt_varies = self->out->salt_varies || first != without + SALT_WORDS;
    if (rc == 0) {
        rc = ask_tokenizer(self, text, &without, err);
        self->out->salt_tokens = first - without;
    }
    return rc;
}

/* What the engine adds to a text: the same for every text, or the tokenizer is not what it counts by. */
static int calibrate_tokenizer(struct fitting *self, struct error *err)
{
    struct lengths *out = self->out;
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    uint32_t tokens = 0;
    for (uint32_t i = 0; i < ANCHORS; i++) {
        uint32_t used = 0;
        write_text(self, anchor_lengths[i], &text);
        int rc = lengths_count(self, &(struct counting){true, i, text.data}, &tokens, err);
        if (rc == 0) {
            rc = lengths_count(self, &(struct counting){false, i, text.data}, &used, err);
        }
        if (rc < 0) {
            return rc;
        }
        const int32_t added = (int32_t)used - (int32_t)tokens;
        if (i > 0 && added != out->template_tokens) {
            return error_set(
                err, ERROR_UNAVAILABLE,
                "its tokenizer does not count as its usage does: the difference is %d for one text and "
                "%d for another",
                out->template_tokens, added);
        }
        out->template_tokens = added;
    }
    const double text_tokens = (double)tokens - (self->source->salt ? SALT_TOKENS : 0);
    self->tokens_per_word = fmax(0.1, text_tokens / anchor_lengths[ANCHORS - 1]);
    write_text(self, anchor_lengths[0], &text);
    out->method = LENGTHS_TOKENIZE;
    return self->source->salt ? check_salt(self, true, text.data, err) : 0;
}

/* Every word that a text can have, small and with a capital, and a full stop.  Returns its nominal
 * length. */
static uint32_t vocabulary_text(struct bytes *out)
{
    bytes_clear(out);
    for (uint32_t i = 0; i < synthetic_words_len; i++) {
        const char *word = synthetic_words[i];
        bytes_add_format(out, "%s%s %c%s", i > 0 ? " " : "", word, word[0] - 'a' + 'A', word + 1);
    }
    bytes_add_char(out, '.');
    return 2 * synthetic_words_len + 1;
}

/* A line through texts.  Only the shortest must be answered: it gives the template, once the longest
 * that was answered has told what a word takes. */
struct line {
    uint32_t words; /* between the two */
    int64_t tokens;
    uint32_t first; /* of the shortest text, with all that the engine adds */
};

static int draw_line(struct fitting *self, struct line *out, struct error *err)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    struct error too_long = {0};
    for (uint32_t i = 0; i < LINE_POINTS; i++) {
        uint32_t used = 0;
        write_text(self, line_lengths[i], &text);
        const struct counting what = {false, 0, text.data};
        const int rc = lengths_count(self, &what, &used, i < 2 ? err : &too_long);
        if (rc < 0) {
            return i < 2 ? rc : 0;
        }
        out->first = i == 0 ? used : out->first;
        out->words = line_lengths[i] - line_lengths[0];
        out->tokens = (int64_t)used - out->first;
    }
    return 0;
}

/* Is each nominal token one of the engine's?  The text of all words says it, where it lies on the line.
 * Behind a salt every word has a blank before it; without one the first may be another number of tokens. */
static bool prove(struct fitting *self, const struct line *line)
{
    const struct lengths *out = self->out;
    if (!self->source->salt || out->salt_varies || line->tokens != line->words) {
        return false;
    }
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    const uint32_t nominal = vocabulary_text(&text);
    const struct counting what = {false, 0, text.data};
    uint32_t whole = 0;
    struct error too_long = {0}; /* then nothing is proven */
    return lengths_count(self, &what, &whole, &too_long) == 0 &&
           (int64_t)whole == (int64_t)out->template_tokens + out->salt_tokens + nominal;
}

/* Without a tokenizer. */
static int calibrate_usage(struct fitting *self, struct error *err)
{
    struct lengths *out = self->out;
    struct line line = {0};
    int rc = draw_line(self, &line, err);
    if (rc == 0 && self->source->salt) {
        CLEANUP(bytes_done) struct bytes text;
        bytes_init(&text, DATASET_FILE_MAX);
        write_text(self, line_lengths[0], &text);
        rc = check_salt(self, false, text.data, err);
    }
    if (rc < 0) {
        return rc;
    }
    self->tokens_per_word = fmax(0.1, (double)line.tokens / line.words);
    out->template_tokens =
        (int32_t)lround(line.first - self->tokens_per_word * line_lengths[0] - out->salt_tokens);
    out->method = LENGTHS_USAGE;
    self->proven = prove(self, &line);
    return 0;
}

int lengths_calibrate(struct fitting *self, struct error *err)
{
    const struct lengths empty = *self->out;
    int rc = -1;
    if (self->source->tokenize != NULL) {
        rc = calibrate_tokenizer(self, err);
        if (rc == 0) {
            return 0;
        }
    }
    struct error tokenizer = *err;
    *self->out = empty;
    error_clear(err);
    rc = calibrate_usage(self, err);
    (void)snprintf(
        self->out->why, sizeof(self->out->why), "%s", rc == 0 ? tokenizer.text : err->text);
    return rc;
}
