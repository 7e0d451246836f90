/* A text is mapped to code points first, so that the rules of punctuation see the neighbours of each. */
#include "suite/score_text.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* Code points from..to become `to_code`; 0: they separate; SCORE_GONE: they vanish. */
struct range {
    uint32_t from;
    uint32_t to;
    uint32_t code;
};

static const struct range ranges[] = {
    {0x09, 0x0d, ' '},
    {0x85, 0x85, ' '},
    {0xa0, 0xa0, ' '},
    {0x1680, 0x1680, ' '},
    {0x2000, 0x200a, ' '},
    {0x2028, 0x2029, ' '},
    {0x202f, 0x202f, ' '},
    {0x205f, 0x205f, ' '},
    {0x3000, 0x3000, ' '},
    {0xad, 0xad, SCORE_GONE},
    {0x200b, 0x200d, SCORE_GONE},
    {0x2060, 0x2060, SCORE_GONE},
    {0xfe0e, 0xfe0f, SCORE_GONE},
    {0xfeff, 0xfeff, SCORE_GONE},
    {0xb4, 0xb4, '\''},
    {0x2bc, 0x2bc, '\''},
    {0x2018, 0x2019, '\''},
    {0x201b, 0x201b, '\''},
    {0x2032, 0x2032, '\''},
    {0xab, 0xab, '"'},
    {0xbb, 0xbb, '"'},
    {0x201a, 0x201a, '"'},
    {0x201c, 0x201f, '"'},
    {0x2033, 0x2033, '"'},
    {0x2039, 0x203a, '"'},
    {0x2010, 0x2015, '-'},
    {0x2212, 0x2212, '-'},
    {0xfe58, 0xfe58, '-'},
    {0xfe63, 0xfe63, '-'},
    {0x2044, 0x2044, '/'},
    {0x2215, 0x2215, '/'},
    {0xa1, 0xa1, 0}, /* inverted exclamation mark */
    {0xa7, 0xa7, 0}, /* section, pilcrow, middle dot, inverted question mark */
    {0xb6, 0xb7, 0},
    {0xbf, 0xbf, 0},
    {0xd7, 0xd7, 0}, /* multiplication, division */
    {0xf7, 0xf7, 0},
    {0x2016, 0x2017, 0}, /* general punctuation: bullets, dots, daggers */
    {0x2020, 0x2027, 0},
    {0x203b, 0x203e, 0},
    {0x2041, 0x2043, 0},
    {0x2045, 0x205e, 0},
    {0x2190, 0x21ff, 0}, /* arrows */
    {0x2200, 0x22ff, 0}, /* mathematical operators, but for those above */
    {0x3001, 0x3003, 0}, /* punctuation of Chinese and Japanese */
    {0x3008, 0x3011, 0},
    {0x3014, 0x301b, 0},
    {0x30fb, 0x30fb, 0},
    {0xff61, 0xff65, 0},
};

enum {
    FULL_WIDTH_FIRST = 0xff01,
    FULL_WIDTH_LAST = 0xff5e,
    FULL_WIDTH_SHIFT = 0xfee0,
    GROUP_DIGITS = 3
};

/* Every `step`th code point of from..to, the first among them, becomes itself plus `add`. */
struct capital {
    uint32_t from;
    uint32_t to;
    uint32_t step;
    int32_t add;
};

static const struct capital capitals[] = {
    {'A', 'Z', 1, 32},     {0xc0, 0xd6, 1, 32},     {0xd8, 0xde, 1, 32},
    {0x100, 0x12e, 2, 1},  {0x132, 0x136, 2, 1},    {0x139, 0x147, 2, 1},
    {0x14a, 0x176, 2, 1},  {0x178, 0x178, 1, -121}, {0x179, 0x17d, 2, 1},
    {0x386, 0x386, 1, 38}, {0x388, 0x38a, 1, 37},   {0x38c, 0x38c, 1, 64},
    {0x38e, 0x38f, 1, 63}, {0x391, 0x3a1, 1, 32},   {0x3a3, 0x3ab, 1, 32},
    {0x3c2, 0x3c2, 1, 1}, /* the sigma at the end of a word */
    {0x400, 0x40f, 1, 80}, {0x410, 0x42f, 1, 32},
};

static uint32_t decode(const char *text, size_t *len)
{
    const unsigned char *u = (const unsigned char *)text;
    *len = text_utf8_length(text, strnlen(text, 4));
    switch (*len) {
    case 1:
        return u[0];
    case 2:
        return (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU);
    case 3:
        return (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
    case 4:
        return (u[0] & 0x07U) << 18 | (u[1] & 0x3fU) << 12 | (u[2] & 0x3fU) << 6 | (u[3] & 0x3fU);
    default:
        *len = 1;
        return 0;
    }
}

static void encode(uint32_t code, struct bytes *out)
{
    if (code < 0x80) {
        bytes_add_char(out, (char)code);
        return;
    }
    const unsigned n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    bytes_add_char(out, (char)(heads[n] | code >> (6 * (n - 1))));
    for (unsigned i = n - 1; i > 0; i--) {
        bytes_add_char(out, (char)(0x80 | (code >> (6 * (i - 1)) & 0x3f)));
    }
}

static uint32_t lower(uint32_t code)
{
    for (size_t i = 0; i < ARRAY_LEN(capitals); i++) {
        const struct capital *row = &capitals[i];
        if (code >= row->from && code <= row->to) {
            const bool capital = (code - row->from) % row->step == 0;
            return capital ? (uint32_t)((int32_t)code + row->add) : code;
        }
    }
    return code;
}

uint32_t score_character(const char *text, size_t *len)
{
    uint32_t code = decode(text, len);
    if (code >= FULL_WIDTH_FIRST && code <= FULL_WIDTH_LAST) {
        code -= FULL_WIDTH_SHIFT;
    }
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (code >= ranges[i].from && code <= ranges[i].to) {
            return ranges[i].code;
        }
    }
    return lower(code);
}

/* Code points of a text, with 0 in front of the first and behind the last. */
struct points {
    uint32_t *codes;
    size_t n; /* without the zeros */
};

static struct points points_of(const char *text)
{
    struct points out = {.codes = mem_alloc(strlen(text) + 2, sizeof(uint32_t))};
    size_t len = 0;
    for (; *text != '\0'; text += len) {
        const uint32_t code = score_character(text, &len);
        if (code != SCORE_GONE) {
            out.codes[++out.n] = code;
        }
    }
    return out;
}

static bool is_digit(uint32_t code)
{
    return code >= '0' && code <= '9';
}

static bool is_alnum(uint32_t code)
{
    return code >= 0x80 || is_digit(code) || (code >= 'a' && code <= 'z');
}

/* A run of this character behind a letter or digit, and not in front of one: c++, c#. */
static bool ends_word(const uint32_t *at)
{
    const uint32_t *first = at;
    const uint32_t *last = at;
    while (first[-1] == *at) {
        first--;
    }
    while (last[1] == *at) {
        last++;
    }
    return is_alnum(first[-1]) && !is_alnum(last[1]);
}

/* Does the punctuation at `at` belong to a word?  Rule 4 of score_text.h. */
static bool belongs_to_word(const uint32_t *at)
{
    const uint32_t before = at[-1];
    const uint32_t behind = at[1];
    switch (*at) {
    case '\'':
    case '_':
        return is_alnum(before) && is_alnum(behind);
    case '.':
        return is_alnum(before) ? is_alnum(behind) : is_digit(behind);
    case ':':
    case '/':
        return is_digit(before) && is_digit(behind);
    case '-':
        return !is_alnum(before) && (is_digit(behind) || (behind == '.' && is_digit(at[2])));
    case '%':
        return is_digit(before);
    case '$':
        return is_digit(behind);
    case '+':
    case '#':
        return ends_word(at);
    default:
        return false;
    }
}

/* The comma of 1,000.  The zero behind the last code point ends every look ahead. */
static bool groups_digits(const uint32_t *at)
{
    unsigned n = 0;
    while (n <= GROUP_DIGITS && is_digit(at[1 + n])) {
        n++;
    }
    return *at == ',' && is_digit(at[-1]) && n == GROUP_DIGITS;
}

static void end_word(struct score_words *self, size_t begin)
{
    struct bytes *text = &self->text;
    const size_t len = text->len - begin;
    if (len == 0) {
        return;
    }
    if (len > 2 && memcmp(text->data + text->len - 2, "'s", 2) == 0) {
        text->len -= 2;
    }
    bytes_add_char(text, '\0');
    if (self->n == self->cap) {
        self->cap = self->cap == 0 ? 64 : 2 * self->cap;
        self->at = mem_resize(self->at, self->cap, sizeof(*self->at));
    }
    self->at[self->n++] = (uint32_t)begin;
}

void score_words_init(struct score_words *self, const char *text)
{
    *self = (struct score_words){0};
    bytes_init(&self->text, BYTES_MAX_DEFAULT);
    const struct points points = points_of(text);
    size_t begin = 0;
    for (size_t i = 1; i <= points.n; i++) {
        const uint32_t *at = points.codes + i;
        if (is_alnum(*at) || belongs_to_word(at)) {
            encode(*at, &self->text);
        } else if (!groups_digits(at)) {
            end_word(self, begin);
            begin = self->text.len;
        }
    }
    end_word(self, begin);
    free(points.codes);
}

void score_words_done(struct score_words *self)
{
    bytes_done(&self->text);
    free(self->at);
    *self = (struct score_words){0};
}

const char *score_word(const struct score_words *self, uint32_t i)
{
    return self->text.data + self->at[i];
}

bool score_word_is_article(const char *word)
{
    return text_equal(word, "a") || text_equal(word, "an") || text_equal(word, "the");
}

void score_fold(const char *text, struct bytes *out)
{
    const size_t begin = out->len;
    bool blank = false;
    size_t len = 0;
    for (; *text != '\0'; text += len) {
        const uint32_t code = score_character(text, &len);
        if (code == SCORE_GONE) {
            continue;
        }
        if (code == 0 || code == ' ') {
            blank = out->len > begin;
            continue;
        }
        if (blank) {
            bytes_add_char(out, ' ');
            blank = false;
        }
        encode(code, out);
    }
    bytes_add(out, "", 0);
}

/* Length of the tag at `text`, in either case, or 0. */
static size_t tag_at(const char *text, const char *tag)
{
    size_t len = 0;
    for (; tag[len] != '\0'; len++) {
        const char c = text[len];
        const char small = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        if (small != tag[len]) {
            return 0;
        }
    }
    return len;
}

void score_strip_reasoning(const char *text, struct bytes *out)
{
    const size_t begin = out->len;
    bool inside = false;
    while (*text != '\0') {
        const size_t opens = tag_at(text, "<think>");
        const size_t closes = tag_at(text, "</think>");
        const bool tag = opens + closes > 0;
        if (closes > 0 && !inside) {
            out->len = begin;
        }
        if (!tag && !inside) {
            bytes_add_char(out, *text);
        }
        inside = tag ? opens > 0 : inside;
        text += tag ? opens + closes : 1;
    }
    bytes_add(out, "", 0);
}
