#include "codec/base64.h"
#include "support/test.h"

#include <string.h>

static void test_base64__equals_the_vectors_of_rfc_4648(void **state)
{
    (void)state;

    static const struct {
        const char *plain;
        const char *coded;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_done) struct bytes coded;
        CLEANUP(bytes_done) struct bytes plain;
        bytes_init(&coded, 100);
        bytes_init(&plain, 100);
        bytes_add_text(&coded, ">"); /* both append */
        bytes_add_text(&plain, ">");
        base64_encode(rows[i].plain, strlen(rows[i].plain), &coded);
        assert_string_equal(coded.data + 1, rows[i].coded);
        struct error err = {0};
        assert_int_equal(base64_decode(rows[i].coded, strlen(rows[i].coded), &plain, &err), 0);
        assert_string_equal(plain.data + 1, rows[i].plain);
    }
}

static void test_base64_decode__refuses_all_but_the_one_spelling(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *text;
        const char *error;
    } rows[] = {
        {"no padding", "Zg", "base64: length 2 is no multiple of 4 (padding is required)"},
        {"half a padding", "Zg=", "base64: length 3 is no multiple of 4 (padding is required)"},
        {"newline at the end", "Zm9v\n",
         "base64: length 5 is no multiple of 4 (padding is required)"},
        {"blank inside", "Zm9 ", "base64: invalid character at offset 3"},
        {"newline inside", "Zm\n9", "base64: invalid character at offset 2"},
        {"URL alphabet, minus", "-//+", "base64: invalid character at offset 0"},
        {"URL alphabet, underscore", "+_/+", "base64: invalid character at offset 1"},
        {"padding in front", "=m9v", "base64: invalid character at offset 0"},
        {"padding inside", "Zg==Zg==", "base64: invalid character at offset 2"},
        {"padding before a character", "Zg=v", "base64: invalid character at offset 2"},
        {"three paddings", "Z===", "base64: invalid character at offset 1"},
        {"padding alone", "====", "base64: invalid character at offset 0"},
        {"stray bits, one byte", "Zh==", "base64: unused bits are set at offset 1"},
        {"stray bits, two bytes", "Zm9=", "base64: unused bits are set at offset 2"},
        {"not ASCII", "\xc3\xa9zz", "base64: invalid character at offset 0"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_done) struct bytes plain;
        bytes_init(&plain, 100);
        bytes_add_text(&plain, "kept");
        struct error err = {0};
        print_message("  %s\n", rows[i].what);
        assert_int_equal(
            base64_decode(rows[i].text, strlen(rows[i].text), &plain, &err), -ERROR_PARSE);
        assert_string_equal(err.text, rows[i].error);
        assert_string_equal(plain.data, "kept");
    }
}

/* Every text of four characters of a small alphabet: what is accepted is what encoding gives. */
static void test_base64_decode__accepts_only_what_encode_writes(void **state)
{
    (void)state;
    static const char letters[] = "ABQgw/+9=-\n z";
    const size_t n = sizeof(letters); /* with the NUL */
    unsigned n_accepted = 0;
    for (size_t i = 0; i < n * n * n * n; i++) {
        const char text[4] = {
            letters[i % n], letters[i / n % n], letters[i / n / n % n], letters[i / n / n / n]};
        CLEANUP(bytes_done) struct bytes plain;
        CLEANUP(bytes_done) struct bytes again;
        bytes_init(&plain, 100);
        bytes_init(&again, 100);
        struct error err = {0};
        if (base64_decode(text, sizeof(text), &plain, &err) == 0) {
            base64_encode(plain.data, plain.len, &again);
            assert_int_equal(again.len, sizeof(text));
            assert_memory_equal(again.data, text, sizeof(text));
            n_accepted++;
        }
    }
    /* Nine letters of the alphabet; before one '=' those with two zero bits at their end (A, Q, g,
     * w), before two with four (A, Q, g, w again: 0, 16, 32, 48). */
    assert_int_equal(n_accepted, 9 * 9 * 9 * 9 + 9 * 9 * 4 + 9 * 4);
}

static void test_base64__reads_back_every_content(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes coded;
    CLEANUP(bytes_done) struct bytes plain;
    bytes_init(&coded, 100);
    bytes_init(&plain, 100);
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        const uint8_t content[5] = {
            (uint8_t)(bits & 0xff), (uint8_t)(bits >> 8), (uint8_t)(bits * 7 & 0xff),
            (uint8_t)(bits >> 3 & 0xff), (uint8_t)(bits >> 5 & 0xff)};
        const size_t len = bits % 6;
        bytes_clear(&coded);
        bytes_clear(&plain);
        base64_encode(content, len, &coded);
        struct error err = {0};
        assert_int_equal(base64_decode(coded.data, coded.len, &plain, &err), 0);
        assert_int_equal(plain.len, len);
        if (len > 0) {
            assert_memory_equal(plain.data, content, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64__equals_the_vectors_of_rfc_4648),
        cmocka_unit_test(test_base64_decode__refuses_all_but_the_one_spelling),
        cmocka_unit_test(test_base64_decode__accepts_only_what_encode_writes),
        cmocka_unit_test(test_base64__reads_back_every_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
