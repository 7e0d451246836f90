#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "codec/zstd.h"
#include "support/test.h"

#include <string.h>
#include <zstd.h>

#define LARGE ((size_t)64 << 20)

/* Half of it repeats, half is random. */
static char *make_data(size_t len)
{
    char *data = mem_alloc(len + 1, 1);
    struct rng rng;
    rng_init(&rng, 1, RNG_STREAM_TEST);
    for (size_t i = 0; i < len; i++) {
        const uint64_t bits = i / 1000 % 2 == 0 ? 0 : rng_next(&rng);
        data[i] = (char)(bits & 0xff);
    }
    return data;
}

/* One frame of the data, given in pieces of at most `piece_len` bytes. */
static int compress_pieces(
    const char *data, size_t len, size_t piece_len, struct bytes *out, struct error *err)
{
    CLEANUP(zstd_writer_freep) struct zstd_writer *writer = zstd_writer_new(out);
    for (size_t at = 0; at < len; at += piece_len) {
        const size_t n = len - at < piece_len ? len - at : piece_len;
        const int result = zstd_writer_add(writer, data + at, n, err);
        if (result < 0) {
            return result;
        }
    }
    return zstd_writer_finish(writer, err);
}

static int compress(const char *data, size_t len, struct bytes *out, struct error *err)
{
    return compress_pieces(data, len, LARGE, out, err);
}

static void test_zstd__reads_back_every_size(void **state)
{
    (void)state;
    /* Around the sizes of the decoder's pieces (128 KiB) and of its blocks. */
    static const size_t sizes[] = {0, 1, 2, 1000, 131071, 131072, 131073, 262144, 393216, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(mem_freep) char *data = make_data(sizes[i]);
        CLEANUP(bytes_done) struct bytes frame;
        CLEANUP(bytes_done) struct bytes back;
        bytes_init(&frame, LARGE);
        bytes_init(&back, sizes[i]); /* exactly enough */
        struct error err = {0};
        print_message("  %zu bytes\n", sizes[i]);
        assert_int_equal(compress(data, sizes[i], &frame, &err), 0);
        assert_int_equal(zstd_decompress(frame.data, frame.len, &back, &err), 0);
        assert_int_equal(back.len, sizes[i]);
        if (sizes[i] > 0) {
            assert_memory_equal(back.data, data, sizes[i]);
        }
    }
}

static void test_zstd_writer__takes_any_pieces(void **state)
{
    (void)state;
    static const size_t piece_lens[] = {1, 7, 1000, 65536, 131072, 299999, 300000};
    CLEANUP(mem_freep) char *data = make_data(300000);
    for (size_t i = 0; i < ARRAY_LEN(piece_lens); i++) {
        CLEANUP(bytes_done) struct bytes frame;
        CLEANUP(bytes_done) struct bytes back;
        bytes_init(&frame, LARGE);
        bytes_init(&back, LARGE);
        struct error err = {0};
        assert_int_equal(compress_pieces(data, 300000, piece_lens[i], &frame, &err), 0);
        assert_int_equal(zstd_decompress(frame.data, frame.len, &back, &err), 0);
        assert_int_equal(back.len, 300000);
        assert_memory_equal(back.data, data, 300000);
    }
}

/* The library's own reader of heads is the judge; sizes around where the head of a frame takes another form. */
static void test_zstd_writer__writes_size_and_checksum(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 5, 255, 256, 65791, 65792, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(mem_freep) char *data = make_data(sizes[i]);
        CLEANUP(bytes_done) struct bytes frame;
        bytes_init(&frame, LARGE);
        bytes_add_text(&frame, "kept");
        struct error err = {0};
        assert_int_equal(compress(data, sizes[i], &frame, &err), 0);
        assert_memory_equal(frame.data, "kept\x28\xb5\x2f\xfd", 8);
        assert_int_equal(frame.data[8] & 0x04, 0x04); /* checksum */
        assert_int_equal(ZSTD_getFrameContentSize(frame.data + 4, frame.len - 4), sizes[i]);
        assert_int_equal(
            ZSTD_findFrameCompressedSize(frame.data + 4, frame.len - 4), frame.len - 4);
    }
}

static void test_zstd_decompress__reads_a_frame_of_the_zstd_program(void **state)
{
    (void)state;
    /* printf 'hello hello hello hello\n' | zstd -19 (v1.5.4): no content size, a checksum. */
    static const char frame[] =
        "\x28\xb5\x2f\xfd\x04\x68\x6d\x00\x00\x38\x68\x65\x6c\x6c\x6f\x20\x0a\x01\x00\x99\x4b\x11\xa8\x7c\x2e\xa8";
    CLEANUP(bytes_done) struct bytes back;
    bytes_init(&back, LARGE);
    struct error err = {0};
    assert_int_equal(zstd_decompress(frame, sizeof(frame) - 1, &back, &err), 0);
    assert_string_equal(back.data, "hello hello hello hello\n");
}

static void test_zstd_decompress__appends_the_content_of_all_frames(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes frames;
    CLEANUP(bytes_done) struct bytes back;
    bytes_init(&frames, LARGE);
    bytes_init(&back, LARGE);
    struct error err = {0};
    assert_int_equal(compress("one ", 4, &frames, &err), 0);
    assert_int_equal(compress("", 0, &frames, &err), 0);
    assert_int_equal(compress("two", 3, &frames, &err), 0);
    bytes_add_text(&back, "> ");
    assert_int_equal(zstd_decompress(frames.data, frames.len, &back, &err), 0);
    assert_string_equal(back.data, "> one two");
}

static void test_zstd_decompress__refuses_cut_data_at_every_byte(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *data = make_data(3000);
    CLEANUP(bytes_done) struct bytes frame;
    bytes_init(&frame, LARGE);
    struct error err = {0};
    assert_int_equal(compress(data, 3000, &frame, &err), 0);
    for (size_t len = 0; len < frame.len; len++) {
        CLEANUP(bytes_done) struct bytes back;
        bytes_init(&back, LARGE);
        bytes_add_text(&back, "kept");
        error_clear(&err);
        assert_int_equal(zstd_decompress(frame.data, len, &back, &err), -ERROR_PARSE);
        CLEANUP(mem_freep)
        char *expected = mem_format("zstd: the data is cut off at offset %zu", len);
        assert_string_equal(err.text, expected);
        assert_int_equal(back.len, 4);
    }
}

static void test_zstd_decompress__finds_every_flipped_bit_of_the_content(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *data = make_data(1500);
    CLEANUP(bytes_done) struct bytes frame;
    bytes_init(&frame, LARGE);
    struct error err = {0};
    assert_int_equal(compress(data, 1500, &frame, &err), 0);
    for (size_t i = 0; i < frame.len * 8; i++) {
        CLEANUP(bytes_done) struct bytes back;
        bytes_init(&back, LARGE);
        error_clear(&err);
        frame.data[i / 8] = (char)(frame.data[i / 8] ^ 1 << i % 8);
        const int result = zstd_decompress(frame.data, frame.len, &back, &err);
        frame.data[i / 8] = (char)(frame.data[i / 8] ^ 1 << i % 8);
        /* A bit of the frame header may not matter; then the content must be right. */
        if (result == 0) {
            assert_int_equal(back.len, 1500);
            assert_memory_equal(back.data, data, 1500);
        } else {
            assert_int_equal(back.len, 0);
        }
    }
}

static void test_zstd_decompress__refuses_what_is_no_zstd(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes back;
    bytes_init(&back, LARGE);
    struct error err = {0};
    assert_int_equal(zstd_decompress("hello, world", 12, &back, &err), -ERROR_PARSE);
    assert_true(text_starts_with(err.text, "zstd: damaged data near offset "));

    CLEANUP(bytes_done) struct bytes frame;
    bytes_init(&frame, LARGE);
    error_clear(&err);
    assert_int_equal(compress("hello", 5, &frame, &err), 0);
    bytes_add_text(&frame, "and a tail");
    assert_int_equal(zstd_decompress(frame.data, frame.len, &back, &err), -ERROR_PARSE);
    assert_int_equal(back.len, 0);
}

static void test_zstd_decompress__stops_at_the_limit(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *zeros = mem_alloc(10000000, 1);
    CLEANUP(bytes_done) struct bytes frame;
    CLEANUP(bytes_done) struct bytes back;
    bytes_init(&frame, LARGE);
    bytes_init(&back, 200000);
    bytes_add_text(&back, "kept");
    struct error err = {0};
    assert_int_equal(compress(zeros, 10000000, &frame, &err), 0);
    assert_true(frame.len < 2000); /* a small bomb */
    assert_int_equal(zstd_decompress(frame.data, frame.len, &back, &err), -ERROR_LIMIT);
    assert_string_equal(err.text, "zstd: the decompressed data exceeds 200000 bytes");
    assert_false(back.failed);
    assert_int_equal(back.len, 4);
    assert_string_equal(back.data, "kept");
    assert_true(back.cap < 1000000);
}

/* Whatever the limit, the writer stops at it: in a piece, at the end, or where the size is put in. */
static void test_zstd_writer__stops_at_every_limit(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *data = make_data(3000);
    CLEANUP(bytes_done) struct bytes whole;
    bytes_init(&whole, LARGE);
    struct error err = {0};
    assert_int_equal(compress_pieces(data, 3000, 500, &whole, &err), 0);
    for (size_t max = 0; max < whole.len; max++) {
        CLEANUP(bytes_done) struct bytes frame;
        bytes_init(&frame, max);
        error_clear(&err);
        assert_int_equal(compress_pieces(data, 3000, 500, &frame, &err), -ERROR_LIMIT);
        CLEANUP(mem_freep)
        char *expected = mem_format("zstd: the compressed data exceeds %zu bytes", max);
        assert_string_equal(err.text, expected);
        assert_true(frame.len <= max);
    }
    CLEANUP(bytes_done) struct bytes exact;
    bytes_init(&exact, whole.len);
    error_clear(&err);
    assert_int_equal(compress_pieces(data, 3000, 500, &exact, &err), 0);
    assert_int_equal(exact.len, whole.len);
    assert_memory_equal(exact.data, whole.data, whole.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zstd__reads_back_every_size),
        cmocka_unit_test(test_zstd_writer__takes_any_pieces),
        cmocka_unit_test(test_zstd_writer__writes_size_and_checksum),
        cmocka_unit_test(test_zstd_decompress__reads_a_frame_of_the_zstd_program),
        cmocka_unit_test(test_zstd_decompress__appends_the_content_of_all_frames),
        cmocka_unit_test(test_zstd_decompress__refuses_cut_data_at_every_byte),
        cmocka_unit_test(test_zstd_decompress__finds_every_flipped_bit_of_the_content),
        cmocka_unit_test(test_zstd_decompress__refuses_what_is_no_zstd),
        cmocka_unit_test(test_zstd_decompress__stops_at_the_limit),
        cmocka_unit_test(test_zstd_writer__stops_at_every_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
