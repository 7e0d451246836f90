/* Scores of words against words.  Answers have some hundred words and items a few short texts, so plain
 * searches do. */
#include "base/mem.h"
#include "base/text.h"
#include "suite/score_rules.h"
#include "suite/score_text.h"

#include <stdlib.h>
#include <string.h>

/* A leading article is left out where another word follows: "the Netherlands", but "A". */
static uint32_t first_word(const struct score_words *words)
{
    return words->n > 1 && score_word_is_article(score_word(words, 0)) ? 1 : 0;
}

static bool words_equal(
    const struct score_words *a,
    uint32_t a_from,
    const struct score_words *b,
    uint32_t b_from,
    uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!text_equal(score_word(a, a_from + i), score_word(b, b_from + i))) {
            return false;
        }
    }
    return true;
}

static bool folded_equal(const char *a, const char *b)
{
    CLEANUP(bytes_done) struct bytes first;
    CLEANUP(bytes_done) struct bytes second;
    bytes_init(&first, BYTES_MAX_DEFAULT);
    bytes_init(&second, BYTES_MAX_DEFAULT);
    score_fold(a, &first);
    score_fold(b, &second);
    return text_equal(first.data, second.data);
}

static bool folded_contains(const char *whole, const char *part)
{
    CLEANUP(bytes_done) struct bytes first;
    CLEANUP(bytes_done) struct bytes second;
    bytes_init(&first, BYTES_MAX_DEFAULT);
    bytes_init(&second, BYTES_MAX_DEFAULT);
    score_fold(whole, &first);
    score_fold(part, &second);
    return strstr(first.data, second.data) != NULL;
}

static bool is_exact(const struct score_words *answer, const char *text, const char *expected)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, expected);
    if (words.n == 0) {
        return folded_equal(text, expected);
    }
    const uint32_t a = first_word(answer);
    const uint32_t b = first_word(&words);
    return answer->n - a == words.n - b && words_equal(answer, a, &words, b, words.n - b);
}

double score_exact_match(const struct item *item, const char *answer)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, answer);
    for (uint32_t i = 0; i < item->answers.n; i++) {
        if (is_exact(&words, answer, item->answers.texts[i])) {
            return 1.0;
        }
    }
    return 0.0;
}

static bool contains(const struct score_words *whole, const char *text, const char *part)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, part);
    if (words.n == 0) {
        return folded_contains(text, part);
    }
    for (uint32_t i = 0; i + words.n <= whole->n; i++) {
        if (words_equal(whole, i, &words, 0, words.n)) {
            return true;
        }
    }
    return false;
}

static bool
contains_any(const struct score_words *whole, const char *text, const struct item_texts *parts)
{
    for (uint32_t i = 0; i < parts->n; i++) {
        if (contains(whole, text, parts->texts[i])) {
            return true;
        }
    }
    return false;
}

bool score_contains(const char *whole, const char *part)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, whole);
    return contains(&words, whole, part);
}

double score_substring_match(const struct item *item, const char *answer)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, answer);
    return contains_any(&words, answer, &item->answers) ? 1.0 : 0.0;
}

double score_persona_markers(const struct item *item, const char *answer)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, answer);
    const bool marked = item->markers.n == 0 || contains_any(&words, answer, &item->markers);
    return marked && !contains_any(&words, answer, &item->forbidden) ? 1.0 : 0.0;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted pointers to the words that count: no articles, unless there is nothing else. */
static const char **sorted_words(const struct score_words *words, uint32_t *out_n)
{
    const char **out = mem_alloc((size_t)words->n + 1, sizeof(*out));
    uint32_t n = 0;
    for (uint32_t i = 0; i < words->n; i++) {
        if (!score_word_is_article(score_word(words, i))) {
            out[n++] = score_word(words, i);
        }
    }
    for (uint32_t i = 0; n == 0 && i < words->n; i++) {
        out[i] = score_word(words, i);
    }
    *out_n = n > 0 ? n : words->n;
    qsort(out, *out_n, sizeof(*out), compare_words);
    return out;
}

/* Words that both have, each as often as in the one with fewer of it. */
static uint32_t count_common(const char *const *a, uint32_t n_a, const char *const *b, uint32_t n_b)
{
    uint32_t n = 0;
    for (uint32_t i = 0, k = 0; i < n_a && k < n_b;) {
        const int order = strcmp(a[i], b[k]);
        n += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return n;
}

static double f1_of(const struct score_words *answer, const char *text, const char *expected)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, expected);
    if (words.n == 0) {
        return folded_equal(text, expected) ? 1.0 : 0.0;
    }
    uint32_t n_a = 0;
    uint32_t n_b = 0;
    CLEANUP(mem_freep) const char **a = sorted_words(answer, &n_a);
    CLEANUP(mem_freep) const char **b = sorted_words(&words, &n_b);
    const uint32_t common = count_common(a, n_a, b, n_b);
    return 2.0 * (double)common / ((double)n_a + (double)n_b);
}

double score_f1_token(const struct item *item, const char *answer)
{
    CLEANUP(score_words_done) struct score_words words;
    score_words_init(&words, answer);
    double best = 0.0;
    for (uint32_t i = 0; i < item->answers.n; i++) {
        const double score = f1_of(&words, answer, item->answers.texts[i]);
        best = score > best ? score : best;
    }
    return best;
}
