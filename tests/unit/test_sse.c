#include "base/mem.h"
#include "base/rng.h"
#include "codec/sse.h"
#include "support/test.h"

#include <string.h>

#define EVENTS_MAX ((size_t)16 << 20)

/* Feeds one piece; appends each event to `out` as "[data]". */
static int feed(struct sse *sse, const char *data, size_t len, struct bytes *out)
{
    for (;;) {
        const int outcome = sse_next(sse, &data, &len);
        if (outcome != SSE_EVENT) {
            assert_true(outcome == SSE_TOO_LONG || len == 0);
            return outcome;
        }
        bytes_add_char(out, '[');
        bytes_add(out, sse->data, sse->len);
        bytes_add_char(out, ']');
    }
}

/* Feeds a copy on the heap, so that a reader that keeps pointers into old pieces is found out. */
static int feed_apart(struct sse *sse, const char *data, size_t len, struct bytes *out)
{
    char *copy = mem_copy_bytes(data, len);
    const int outcome = feed(sse, copy, len, out);
    memset(copy, '#', len);
    free(copy);
    return outcome;
}

static const struct {
    const char *what;
    const char *stream;
    const char *events;
    unsigned n_comments;
    bool inside; /* of an event at the end */
} streams[] = {
    {"one event", "data: hello\n\n", "[hello]", 0, false},
    {"no blank after the colon", "data:hello\n\n", "[hello]", 0, false},
    {"one blank alone is taken", "data:  hello \n\n", "[ hello ]", 0, false},
    {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]", 0, false},
    {"CR", "data: a\r\rdata: b\r\r", "[a][b]", 0, false},
    {"mixed line ends", "data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", "[a][b][c]", 0, false},
    {"LF CR is two ends", "data: a\n\rdata: b\n\n", "[a][b]", 0, false},
    {"several lines join", "data: YHOO\ndata: +2\ndata: 10\n\n", "[YHOO\n+2\n10]", 0, false},
    {"empty data", "data\n\n", "[]", 0, false},
    {"empty data with a colon", "data:\n\n", "[]", 0, false},
    {"two empty lines of data", "data\ndata\n\n", "[\n]", 0, false},
    {"empty line first", "data:\ndata: x\n\n", "[\nx]", 0, false},
    {"empty line last", "data: x\ndata\n\n", "[x\n]", 0, false},
    {"same with and without blank", "data:test\n\ndata: test\n\n", "[test][test]", 0, false},
    {"comments", ": ping\n\n:\ndata: a\n: in the middle\n\n", "[a]", 3, false},
    {"other fields", "event: token\nid: 7\nretry: 10\ndata: a\n\n", "[a]", 0, false},
    {"a field behind the data", "data: a\nevent: token\n\n", "[a]", 0, false},
    {"event without data is dropped", "event: ping\n\ndata: a\n\n", "[a]", 0, false},
    {"names are compared whole", "dat: 1\ndatax: 2\nDATA: 3\nxdata: 4\nd\nda\ndata : 5\n\n", "", 0,
     false},
    {"a blank in front makes another name", " data: a\n\n", "", 0, false},
    {"colons in the value", "data: {\"a\":1}\n\ndata: : x\n\n", "[{\"a\":1}][: x]", 0, false},
    {"byte order mark",
     "\xef\xbb\xbf"
     "data: a\n\n",
     "[a]", 0, false},
    {"byte order mark in front of nothing", "\xef\xbb\xbf\n\ndata: a\n\n", "[a]", 0, false},
    {"byte order mark twice",
     "\xef\xbb\xbf\xef\xbb\xbf"
     "data: a\n\n",
     "", 0, false},
    {"byte order mark later",
     "data: a\n\n\xef\xbb\xbf"
     "data: b\n\n",
     "[a]", 0, false},
    {"half a byte order mark",
     "\xef"
     "data: a\n\ndata: b\n\n",
     "[b]", 0, false},
    {"two thirds of a byte order mark",
     "\xef\xbb"
     "data: a\n\ndata: b\n\n",
     "[b]", 0, false},
    {"half a byte order mark and a line end", "\xef\n\ndata: b\n\n", "[b]", 0, false},
    {"blank lines in front", "\n\r\n\rdata: a\n\n", "[a]", 0, false},
    {"comment in front", ":\n\ndata: a\n\n", "[a]", 1, false},
    {"cut before the blank line", "data: a\n\ndata: b\n", "[a]", 0, true},
    {"cut in the value", "data: a\n\ndata: b", "[a]", 0, true},
    {"cut in the name", "data: a\n\nda", "[a]", 0, true},
    {"cut behind another field", "data: a\n\nevent: x\n", "[a]", 0, true},
    {"cut in a comment", "data: a\n\n: pin", "[a]", 1, false},
    {"cut in a comment inside an event", "data: a\n: pin", "", 1, true},
    {"nothing", "", "", 0, false},
    {"long value", "data: 0123456789abcdef0123456789abcdef\n\n",
     "[0123456789abcdef0123456789abcdef]", 0, false},
    {"as engines end", "data: {\"x\":\"\xc3\xa9\"}\n\ndata: [DONE]\n\n",
     "[{\"x\":\"\xc3\xa9\"}][[DONE]]", 0, false},
};

static void test_sse_next__follows_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        CLEANUP(bytes_done) struct bytes out;
        CLEANUP(sse_done) struct sse sse;
        bytes_init(&out, EVENTS_MAX);
        bytes_add_text(&out, "");
        sse_init(&sse);
        print_message("  %s\n", streams[i].what);
        const size_t len = strlen(streams[i].stream);
        assert_int_equal(feed_apart(&sse, streams[i].stream, len, &out), SSE_NEED_MORE);
        assert_string_equal(out.data, streams[i].events);
        assert_int_equal(sse.n_comments, streams[i].n_comments);
        assert_int_equal(sse_is_inside_event(&sse), streams[i].inside);
    }
}

/* Cuts one stream at two places. */
static void check_cuts(struct sse *sse, size_t row, size_t first, size_t second, struct bytes *out)
{
    const char *stream = streams[row].stream;
    sse_reset(sse);
    bytes_clear(out);
    assert_int_equal(feed_apart(sse, stream, first, out), SSE_NEED_MORE);
    assert_int_equal(feed_apart(sse, stream + first, second - first, out), SSE_NEED_MORE);
    assert_int_equal(feed_apart(sse, stream + second, strlen(stream) - second, out), SSE_NEED_MORE);
    assert_string_equal(out->data, streams[row].events);
    assert_int_equal(sse->n_comments, streams[row].n_comments);
    assert_int_equal(sse_is_inside_event(sse), streams[row].inside);
}

static void check_all_cuts(struct sse *sse, size_t row, struct bytes *out)
{
    const size_t len = strlen(streams[row].stream);
    for (size_t second = 0; second <= len; second++) {
        for (size_t first = 0; first <= second; first++) {
            check_cuts(sse, row, first, second, out);
        }
    }
}

static void test_sse_next__any_two_cuts_equal_the_whole(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes out;
    CLEANUP(sse_done) struct sse sse;
    bytes_init(&out, EVENTS_MAX);
    bytes_add_text(&out, "");
    sse_init(&sse);
    for (size_t row = 0; row < ARRAY_LEN(streams); row++) {
        print_message("  %s\n", streams[row].what);
        check_all_cuts(&sse, row, &out);
    }
}

/* A second reader, written line by line from the standard's text, for whole streams. */
static void
reference_line(const char *line, size_t len, struct bytes *data, bool *any, struct bytes *out)
{
    if (len == 0) {
        if (*any) {
            bytes_add_char(out, '[');
            bytes_add(out, data->data, data->len - 1);
            bytes_add_char(out, ']');
        }
        bytes_clear(data);
        *any = false;
        return;
    }
    const char *colon = memchr(line, ':', len);
    const size_t name_len = colon != NULL ? (size_t)(colon - line) : len;
    if (name_len != 4 || memcmp(line, "data", 4) != 0) {
        return;
    }
    const char *value = colon != NULL ? colon + 1 : line + len;
    size_t value_len = (size_t)(line + len - value);
    if (value_len > 0 && *value == ' ') {
        value++;
        value_len--;
    }
    bytes_add(data, value, value_len);
    bytes_add_char(data, '\n');
    *any = true;
}

static void reference(const char *stream, size_t len, struct bytes *out)
{
    CLEANUP(bytes_done) struct bytes data;
    bytes_init(&data, EVENTS_MAX);
    bool any = false;
    size_t at = len >= 3 && memcmp(stream, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < len) {
        size_t end = at;
        while (end < len && stream[end] != '\r' && stream[end] != '\n') {
            end++;
        }
        if (end == len) {
            return;
        }
        reference_line(stream + at, end - at, &data, &any, out);
        at = end + (stream[end] == '\r' && end + 1 < len && stream[end + 1] == '\n' ? 2 : 1);
    }
}

static void make_stream(struct rng *rng, struct bytes *out)
{
    static const char *const parts[] = {
        "data",       ":",
        " ",          "\n",
        "\r",         "\r\n",
        "data: ",     "data:",
        "\n\n",       "x",
        "event: a\n", "da",
        "ta",         "\xef\xbb\xbf",
        "\xef",       "{\"some\":\"longer value\"}",
        "\r\r",       ": c",
        "d",          "id",
    };
    bytes_clear(out);
    const uint64_t n = 1 + rng_below(rng, 30);
    for (uint64_t i = 0; i < n; i++) {
        bytes_add_text(out, parts[rng_below(rng, ARRAY_LEN(parts))]);
    }
}

static void test_sse_next__equals_a_second_reader_on_random_streams(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes stream;
    CLEANUP(bytes_done) struct bytes expected;
    CLEANUP(bytes_done) struct bytes got;
    CLEANUP(sse_done) struct sse sse;
    bytes_init(&stream, EVENTS_MAX);
    bytes_init(&expected, EVENTS_MAX);
    bytes_init(&got, EVENTS_MAX);
    bytes_add_text(&expected, "");
    bytes_add_text(&got, "");
    sse_init(&sse);
    struct rng rng;
    rng_init(&rng, 11, RNG_STREAM_TEST);
    size_t n_events = 0;
    for (int round = 0; round < 20000; round++) {
        make_stream(&rng, &stream);
        bytes_clear(&expected);
        bytes_clear(&got);
        reference(stream.data, stream.len, &expected);
        sse_reset(&sse);
        for (size_t at = 0; at < stream.len;) {
            const size_t left = stream.len - at;
            const size_t wanted = round % 2 == 0 ? left : 1 + (size_t)rng_below(&rng, 12);
            const size_t piece = wanted < left ? wanted : left;
            assert_int_equal(feed_apart(&sse, stream.data + at, piece, &got), SSE_NEED_MORE);
            at += piece;
        }
        assert_string_equal(got.data, expected.data);
        n_events += got.len > 0 ? 1 : 0;
    }
    assert_true(n_events > 1000);
}

/* Lines of every length, of bytes that are nearly line ends. */
static void test_sse_next__finds_the_end_of_a_line_of_any_length(void **state)
{
    (void)state;
    static const char near[] = {'\t', '\v', '\f', '\x0e', '\x8a', '\x8d', '\0', '\xff'};
    static const char *const ends[] = {"\n\n", "\r\r", "\r\n\r\n"};
    for (size_t len = 0; len < 200; len++) {
        for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
            CLEANUP(sse_done) struct sse sse;
            CLEANUP(bytes_done) struct bytes stream;
            bytes_init(&stream, EVENTS_MAX);
            sse_init(&sse);
            bytes_add_text(&stream, "data: ");
            for (size_t k = 0; k < len; k++) {
                bytes_add_char(&stream, near[(k + len) % sizeof(near)]);
            }
            bytes_add_text(&stream, ends[i]);
            /* More behind it, so that the end is not found for want of bytes. */
            bytes_add_text(
                &stream, ": and a comment that is longer than any block of bytes could be\n"
                         ": and a comment that is longer than any block of bytes could be\n");
            const char *data = stream.data;
            size_t left = stream.len;
            assert_int_equal(sse_next(&sse, &data, &left), SSE_EVENT);
            assert_ptr_equal(sse.data, stream.data + 6);
            assert_int_equal(sse.len, len);
        }
    }
}

static void test_sse_next__hands_whole_events_out_in_place(void **state)
{
    (void)state;
    CLEANUP(sse_done) struct sse sse;
    sse_init(&sse);
    const char piece[] = "event: x\ndata: one\n\n: c\n\ndata: two\r\n\r\ndata: th";
    const char *data = piece;
    size_t len = sizeof(piece) - 1;
    assert_int_equal(sse_next(&sse, &data, &len), SSE_EVENT);
    assert_ptr_equal(sse.data, piece + 15);
    assert_int_equal(sse.len, 3);
    assert_int_equal(sse_next(&sse, &data, &len), SSE_EVENT);
    assert_ptr_equal(sse.data, strstr(piece, "two"));
    assert_int_equal(sse_next(&sse, &data, &len), SSE_NEED_MORE);
    assert_int_equal(len, 0);

    const char rest[] = "ree\n\ndata: four\n\n";
    data = rest;
    len = sizeof(rest) - 1;
    assert_int_equal(sse_next(&sse, &data, &len), SSE_EVENT);
    assert_int_equal(sse.len, 5);
    assert_memory_equal(sse.data, "three", 5);
    assert_ptr_equal(sse.data, sse.carry.data);
    assert_int_equal(sse_next(&sse, &data, &len), SSE_EVENT);
    assert_ptr_equal(sse.data, strstr(rest, "four")); /* in place again */
}

static void test_sse_next__takes_no_memory_for_usual_events(void **state)
{
    (void)state;
    CLEANUP(sse_done) struct sse sse;
    sse_init(&sse);
    const char *before = sse.carry.data;
    assert_non_null(before);
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, EVENTS_MAX);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(feed(&sse, "data: some", 10, &out), SSE_NEED_MORE);
        assert_int_equal(feed(&sse, "thing\n\n", 7, &out), SSE_NEED_MORE);
    }
    assert_int_equal(out.len, 1000 * strlen("[something]"));
    assert_ptr_equal(sse.carry.data, before);
}

/* An event of exactly the maximum passes and one byte more does not, whatever the pieces. */
static void test_sse_next__limits_the_length_of_an_event(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        size_t data_len;
        size_t piece;
        bool two_lines;
        bool good;
    } rows[] = {
        {"maximum, whole", SSE_EVENT_MAX, SIZE_MAX, false, true},
        {"maximum, in pieces", SSE_EVENT_MAX, 65536, false, true},
        {"maximum, two lines", SSE_EVENT_MAX, SIZE_MAX, true, true},
        {"one more, whole", SSE_EVENT_MAX + 1, SIZE_MAX, false, false},
        {"one more, in pieces", SSE_EVENT_MAX + 1, 65536, false, false},
        {"one more, two lines", SSE_EVENT_MAX + 1, SIZE_MAX, true, false},
        {"one more, two lines in pieces", SSE_EVENT_MAX + 1, 65536, true, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(bytes_done) struct bytes stream;
        CLEANUP(bytes_done) struct bytes out;
        CLEANUP(sse_done) struct sse sse;
        bytes_init(&stream, EVENTS_MAX);
        bytes_init(&out, EVENTS_MAX);
        sse_init(&sse);
        print_message("  %s\n", rows[i].what);
        bytes_add_text(&stream, rows[i].two_lines ? "data: x\ndata: " : "data: ");
        const size_t n = rows[i].two_lines ? rows[i].data_len - 2 : rows[i].data_len;
        memset(bytes_reserve(&stream, n), 'y', n);
        stream.len += n;
        bytes_add_text(&stream, "\n\n");
        int outcome = SSE_NEED_MORE;
        for (size_t at = 0; at < stream.len && outcome == SSE_NEED_MORE;) {
            const size_t left = stream.len - at;
            const size_t piece = rows[i].piece < left ? rows[i].piece : left;
            outcome = feed(&sse, stream.data + at, piece, &out);
            at += piece;
        }
        if (rows[i].good) {
            assert_int_equal(outcome, SSE_NEED_MORE);
            assert_int_equal(out.len, rows[i].data_len + 2);
        } else {
            assert_int_equal(outcome, SSE_TOO_LONG);
            assert_int_equal(out.len, 0);
            assert_int_equal(feed(&sse, "data: a\n\n", 9, &out), SSE_TOO_LONG); /* for good */
            sse_reset(&sse);
            assert_int_equal(feed(&sse, "data: a\n\n", 9, &out), SSE_NEED_MORE);
            assert_string_equal(out.data, "[a]");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sse_next__follows_the_rules),
        cmocka_unit_test(test_sse_next__any_two_cuts_equal_the_whole),
        cmocka_unit_test(test_sse_next__equals_a_second_reader_on_random_streams),
        cmocka_unit_test(test_sse_next__finds_the_end_of_a_line_of_any_length),
        cmocka_unit_test(test_sse_next__hands_whole_events_out_in_place),
        cmocka_unit_test(test_sse_next__takes_no_memory_for_usual_events),
        cmocka_unit_test(test_sse_next__limits_the_length_of_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
