/* Which letter does an answer choose?  Five rules, the first that finds one decides; a text that names
 * two letters alike has chosen none. */
#include "base/mem.h"
#include "base/text.h"
#include "suite/score_rules.h"
#include "suite/score_text.h"

#include <string.h>

/* Stands for a letter outside ASCII. */
#define OTHER_LETTER '\x7f'

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/* The answer as ASCII: typography made plain, everything else outside ASCII a letter that is no choice.
 * Case is kept, because "a" is a word and "A" a choice. */
static char *plain_copy(const char *text)
{
    struct bytes out;
    bytes_init(&out, BYTES_MAX_DEFAULT);
    size_t len = 0;
    for (; *text != '\0'; text += len) {
        const uint32_t code = score_character(text, &len);
        if (code == SCORE_GONE) {
            continue;
        }
        if (code == 0) {
            bytes_add_char(&out, ' ');
        } else if (code >= 0x80) {
            bytes_add_char(&out, OTHER_LETTER);
        } else if (len == 1 && (*text == '\n' || (code >= 'a' && code <= 'z'))) {
            bytes_add_char(&out, *text); /* as it was written */
        } else {
            bytes_add_char(&out, upper((char)code));
        }
    }
    return bytes_take(&out);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '\'' || c == '_' || c == OTHER_LETTER;
}

static bool is_letter_of(char c, uint32_t n_choices)
{
    return c >= 'A' && c < (char)('A' + (char)n_choices);
}

/* Does one of the choices' letters stand alone at `at`?  `text` is the beginning. */
static bool stands_alone(const char *text, const char *at)
{
    return (at == text || !is_word(at[-1])) && !is_word(at[1]);
}

static const char *skip_any(const char *at, const char *characters)
{
    return at + strspn(at, characters);
}

/* Length of `word` at `at` in either case, standing alone; 0: it does not stand there. */
static size_t word_at(const char *text, const char *at, const char *word)
{
    const size_t len = strlen(word);
    for (size_t i = 0; i < len; i++) {
        if (upper(at[i]) != upper(word[i])) {
            return 0;
        }
    }
    return (at == text || !is_word(at[-1])) && !is_word(at[len]) ? len : 0;
}

/* Past the words and signs that may stand between "answer" and the letter. */
static const char *skip_filler(const char *text, const char *at)
{
    static const char *const words[] = {"is",      "was",   "would",  "should", "be",     "the",
                                        "correct", "right", "best",   "letter", "option", "choice",
                                        "answer",  "i",     "choose", "pick",   "select"};
    static const char signs[] = " \n*`([{\"':=-$\\";
    for (;;) {
        const char *begin = at;
        at = skip_any(at, signs);
        for (size_t i = 0; i < ARRAY_LEN(words); i++) {
            at += word_at(text, at, words[i]);
        }
        if (at == begin) {
            return at;
        }
    }
}

/* The letter that follows the word at `at`, or '\0'. */
static char letter_behind(const char *text, const char *at, const char *word, uint32_t n_choices)
{
    const size_t len = word_at(text, at, word);
    if (len == 0) {
        return '\0';
    }
    const char *letter = skip_filler(text, at + len);
    if (is_letter_of(*letter, n_choices) && stands_alone(text, letter)) {
        return *letter;
    }
    return '\0';
}

/* Rule 1: the letter behind the last "answer", "option" or "choice" that has one. */
static char after_word(const char *text, uint32_t n_choices)
{
    static const char *const words[] = {"answer", "option", "choice"};
    char last = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        char found = '\0';
        for (size_t i = 0; found == '\0' && i < ARRAY_LEN(words); i++) {
            found = letter_behind(text, at, words[i], n_choices);
        }
        if (found != '\0') {
            last = found;
        }
    }
    return last;
}

/* Rule 2: the text begins with the letter, alone or set off: "B", "(b) Paris", "**B.** Paris". */
static char at_start(const char *text, uint32_t n_choices)
{
    const char *at = skip_any(text, " \n*`([{\"'#>$\\");
    if (!is_letter_of(upper(*at), n_choices) || is_word(at[1])) {
        return '\0';
    }
    const char *end = skip_any(at + 1, "*`\"'}$");
    if (*end == '\0' || *end == '\n' || strchr(".:),]-", *end) != NULL) {
        return upper(*at);
    }
    end = skip_any(end, " ");
    if (*end == '\0' || *end == '\n' || *end == ':' || *end == '-') {
        return upper(*at);
    }
    return '\0';
}

/* In brackets, in bold or as code, or in front of a closing bracket: (B), **B**, `B`, {B}, B). */
static bool is_marked(const char *text, const char *at)
{
    static const char *const pairs[] = {"[]", "{}", "**", "``"};
    for (size_t i = 0; at > text && i < ARRAY_LEN(pairs); i++) {
        if (at[-1] == pairs[i][0] && at[1] == pairs[i][1]) {
            return true;
        }
    }
    return at[1] == ')';
}

/* The only letter for which `wanted` holds; '\0' when there is none or another one too. */
static char
only_letter(const char *text, uint32_t n_choices, bool (*wanted)(const char *text, const char *at))
{
    char found = '\0';
    for (const char *at = text; *at != '\0'; at++) {
        if (!is_letter_of(*at, n_choices) || !stands_alone(text, at) || !wanted(text, at)) {
            continue;
        }
        if (found != '\0' && found != *at) {
            return '\0';
        }
        found = *at;
    }
    return found;
}

/* "A" and "I" are words of English. */
static bool is_no_word(const char *text, const char *at)
{
    (void)text;
    return *at != 'A' && *at != 'I';
}

/* Rule 5: the text of one choice, and of no other, stands in the answer. */
static char by_text(const struct item_texts *choices, const char *answer)
{
    char found = '\0';
    for (uint32_t i = 0; i < choices->n; i++) {
        if (!score_contains(answer, choices->texts[i])) {
            continue;
        }
        if (found != '\0') {
            return '\0';
        }
        found = (char)('A' + (char)i);
    }
    return found;
}

char score_chosen_letter(const struct item_texts *choices, const char *answer)
{
    CLEANUP(mem_freep) char *text = plain_copy(answer);
    char found = after_word(text, choices->n);
    if (found == '\0') {
        found = at_start(text, choices->n);
    }
    if (found == '\0') {
        found = only_letter(text, choices->n, is_marked);
    }
    if (found == '\0') {
        found = only_letter(text, choices->n, is_no_word);
    }
    if (found == '\0') {
        found = by_text(choices, answer);
    }
    return found;
}

double score_multiple_choice(const struct item *item, const char *answer)
{
    const char chosen = score_chosen_letter(&item->choices, answer);
    for (uint32_t i = 0; i < item->answers.n; i++) {
        if (chosen == item->answers.texts[i][0]) {
            return 1.0;
        }
    }
    return 0.0;
}

const char *score_multiple_choice_check(const struct item *item, struct arena *arena)
{
    for (uint32_t i = 0; i < item->answers.n; i++) {
        const char *letter = item->answers.texts[i];
        if (letter[1] != '\0' || !is_letter_of(letter[0], item->choices.n)) {
            return arena_format(
                arena, "the answer '%s' is no letter of a choice: it must be one of A to %c",
                letter, (char)('A' + (char)item->choices.n - 1));
        }
    }
    return NULL;
}
