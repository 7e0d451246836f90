#include "base/mem.h"
#include "base/rng.h"
#include "engine/prompt.h"
#include "support/test.h"

#include <string.h>

enum {
    N_SALTS = 200000
};

/* The place of a word in the table. */
static uint64_t word_index(const char *word)
{
    for (uint64_t i = 0; i < SALT_WORD_COUNT; i++) {
        if (memcmp(prompt_salt_words[i], word, SALT_WORD_LEN) == 0) {
            return i;
        }
    }
    fail_msg("'%.4s' is no word of a salt", word);
    return 0;
}

/* Reads the words back: six bits each, the highest first. */
static uint64_t salt_of(uint64_t seed, uint64_t index)
{
    char text[SALT_TEXT_LEN + 1];
    memset(text, '#', sizeof(text));
    prompt_salt_write(text, seed, index);
    assert_int_equal(text[SALT_TEXT_LEN], '#'); /* not a byte more */
    uint64_t salt = 0;
    for (size_t at = 0; at < SALT_TEXT_LEN; at += SALT_WORD_LEN + 1) {
        salt = salt << 6 | word_index(text + at);
        assert_true(at + SALT_WORD_LEN == SALT_TEXT_LEN || text[at + SALT_WORD_LEN] == ' ');
    }
    return salt;
}

/* Every word is in the samples once, so what holds for the samples' words holds for all salts. */
static void test_prompt_salt_sample__has_every_word_once(void **state)
{
    (void)state;
    bool seen[SALT_WORD_COUNT] = {false};
    for (unsigned group = 0; group < SALT_WORD_COUNT / SALT_WORDS; group++) {
        char text[SALT_LEN + 1];
        prompt_salt_sample(group, text);
        assert_int_equal(strlen(text), SALT_LEN);
        assert_memory_equal(text, "[ ", 2);
        assert_string_equal(text + SALT_LEN - 3, " ] ");
        for (size_t i = 0; i < SALT_WORDS; i++) {
            const uint64_t word = word_index(text + 2 + i * (SALT_WORD_LEN + 1));
            assert_false(seen[word]);
            seen[word] = true;
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_prompt_salt_write__never_repeats(void **state)
{
    (void)state;
    static const uint64_t seeds[] = {0, 42, UINT64_MAX};
    uint64_t *salts = mem_alloc(N_SALTS, sizeof(*salts));
    for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
        for (uint64_t i = 0; i < N_SALTS; i++) {
            /* Half of them from the low end, half from the high end of the index. */
            const uint64_t index = i % 2 == 0 ? i / 2 : (UINT64_C(1) << 48) - 1 - i / 2;
            salts[i] = salt_of(seeds[s], index);
        }
        qsort(salts, N_SALTS, sizeof(*salts), by_value);
        for (size_t i = 1; i < N_SALTS; i++) {
            assert_true(salts[i - 1] != salts[i]);
        }
    }
    free(salts);
}

static void test_prompt_salt_write__is_a_function_of_seed_and_index(void **state)
{
    (void)state;
    assert_true(salt_of(7, 5) == salt_of(7, 5));
    assert_true(salt_of(7, 5) != salt_of(8, 5));

    /* The same network written in Python over numpy.random.Philox(key=[seed, 3]):
     * tests/oracle/salt.py.  Recorded runs depend on these. */
    static const struct {
        uint64_t seed;
        uint64_t index;
        uint64_t salt;
    } rows[] = {
        {UINT64_C(0x0), UINT64_C(0x0), UINT64_C(0x2f3269ed7a04)},
        {UINT64_C(0x0), UINT64_C(0x1), UINT64_C(0x0cedf789de87)},
        {UINT64_C(0x2a), UINT64_C(0x0), UINT64_C(0x2e472cb8ffc0)},
        {UINT64_C(0x2a), UINT64_C(0x1), UINT64_C(0x83b8ff5aef9f)},
        {UINT64_C(0x2a), UINT64_C(0x1000000), UINT64_C(0xcb2f1218b42d)},
        {UINT64_C(0x2a), UINT64_C(0xffffffffffff), UINT64_C(0x63bbe9758292)},
        {UINT64_C(0xffffffffffffffff), UINT64_C(0x75bcd15), UINT64_C(0x0987aec5f1bd)},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const uint64_t salt = salt_of(rows[i].seed, rows[i].index);
        if (salt != rows[i].salt) {
            print_error("row %zu: %012llx\n", i, (unsigned long long)salt);
        }
        assert_true(salt == rows[i].salt);
    }
}

static void count_digits_and_bits(unsigned first[16], unsigned bits[48])
{
    for (uint64_t i = 0; i < N_SALTS; i++) {
        const uint64_t salt = salt_of(42, i);
        first[salt >> 44]++;
        for (unsigned b = 0; b < 48; b++) {
            bits[b] += (unsigned)(salt >> b & 1);
        }
    }
}

/* Neighbours must not share a prefix, or a prefix cache would serve part of the next prompt: over
 * many salts, the first words (by fours) and each bit come about equally often. */
static void test_prompt_salt_write__spreads_neighbours(void **state)
{
    (void)state;
    unsigned first[16] = {0};
    unsigned bits[48] = {0};
    count_digits_and_bits(first, bits);
    /* Six standard deviations of the binomial distribution. */
    for (unsigned d = 0; d < 16; d++) {
        assert_near(first[d], N_SALTS / 16.0, 6 * sqrt(N_SALTS * (1 / 16.0) * (15 / 16.0)));
    }
    for (unsigned b = 0; b < 48; b++) {
        assert_near(bits[b], N_SALTS / 2.0, 6 * sqrt(N_SALTS / 4.0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prompt_salt_sample__has_every_word_once),
        cmocka_unit_test(test_prompt_salt_write__never_repeats),
        cmocka_unit_test(test_prompt_salt_write__is_a_function_of_seed_and_index),
        cmocka_unit_test(test_prompt_salt_write__spreads_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
