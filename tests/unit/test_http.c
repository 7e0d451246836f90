#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"
#include "net/http.h"
#include "support/test.h"

#include <glob.h>
#include <string.h>

#define OK       "HTTP/1.1 200 OK\r\n"
#define CHUNKED  "Transfer-Encoding: chunked\r\n"
#define BODY_CAP ((size_t)1 << 22)

/* All that a reader can tell about its input. */
struct reading {
    unsigned status;
    unsigned minor_version;
    enum http_body kind;
    bool keep_alive;
    bool event_stream;
    bool json;
    bool got_head;
    bool ended;
    bool eof_good; /* what http_response_eof says after the last byte */
    bool untouched;
    size_t taken; /* bytes up to the end of the response */
    struct bytes body;
    const char *error;
};

static void reading_done(struct reading *self)
{
    bytes_done(&self->body);
}

/* Feeds one piece.  Returns false when the response is over. */
static bool feed(struct http_response *http, struct reading *out, const char *piece, size_t len)
{
    const char *data = piece;
    size_t left = len;
    for (;;) {
        const enum http_event event = http_response_next(http, &data, &left);
        switch (event) {
        case HTTP_NEED_MORE:
            assert_int_equal(left, 0);
            out->taken += len;
            return true;
        case HTTP_HEAD:
            assert_false(out->got_head);
            out->got_head = true;
            out->status = http->status;
            out->minor_version = http->minor_version;
            out->kind = http->body_kind;
            out->keep_alive = http->keep_alive;
            out->event_stream = http->event_stream;
            out->json = http->json;
            break;
        case HTTP_BODY:
            assert_true(out->got_head);
            assert_true(http->body_len > 0);
            assert_true(http->body >= piece && http->body + http->body_len <= piece + len);
            bytes_add(&out->body, http->body, http->body_len);
            break;
        case HTTP_END:
            out->ended = true;
            out->taken += len - left;
            /* The end stays the end. */
            assert_int_equal(http_response_next(http, &data, &left), HTTP_END);
            return false;
        case HTTP_ERROR:
            out->error = http->error;
            assert_int_equal(http_response_next(http, &data, &left), HTTP_ERROR);
            return false;
        }
    }
}

/* Reads the pieces between the cuts.  Each piece is copied to memory of its own size, so that a
 * sanitizer sees any step past its end. */
static void
read_pieces(const char *data, size_t len, const size_t *cuts, size_t n_cuts, struct reading *out)
{
    struct http_response *http = MEM_NEW(struct http_response);
    http->line = mem_alloc(HTTP_LINE_ROOM, 1);
    http_response_init(http);
    *out = (struct reading){0};
    bytes_init(&out->body, BODY_CAP);
    out->untouched = http_response_is_untouched(http);
    size_t at = 0;
    bool more = true;
    for (size_t i = 0; i <= n_cuts && more; i++) {
        const size_t end = i < n_cuts ? cuts[i] : len;
        CLEANUP(mem_freep) char *piece = mem_alloc(end - at + 1, 1);
        memcpy(piece + 1, data + at, end - at);
        more = feed(http, out, piece + 1, end - at);
        at = end;
    }
    out->untouched = out->untouched && http_response_is_untouched(http);
    out->eof_good = out->error == NULL && http_response_eof(http);
    free(http->line);
    free(http);
}

static bool same(const struct reading *a, const struct reading *b)
{
    return a->status == b->status && a->minor_version == b->minor_version && a->kind == b->kind &&
           a->keep_alive == b->keep_alive && a->event_stream == b->event_stream &&
           a->json == b->json && a->got_head == b->got_head && a->ended == b->ended &&
           a->eof_good == b->eof_good && a->untouched == b->untouched &&
           (a->error != NULL || a->taken == b->taken) && a->error == b->error &&
           a->body.len == b->body.len &&
           (a->body.len == 0 || memcmp(a->body.data, b->body.data, a->body.len) == 0);
}

static void check_split(
    const char *what,
    const char *data,
    size_t len,
    const struct reading *whole,
    const size_t *cuts,
    size_t n_cuts)
{
    struct reading parts;
    read_pieces(data, len, cuts, n_cuts, &parts);
    const bool equal = same(whole, &parts);
    reading_done(&parts);
    if (!equal) {
        fail_msg(
            "%s: split into %zu pieces, first at %zu, reads otherwise", what, n_cuts + 1, cuts[0]);
    }
}

enum {
    ALL_SPLITS_MAX = 4096,
    RANDOM_SPLITS = 60,
    CUTS_MAX = 64
};

static int compare_sizes(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a;
    const size_t y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static void
check_random_splits(const char *what, const char *data, size_t len, const struct reading *whole)
{
    struct rng rng;
    rng_init(&rng, len, RNG_STREAM_TEST);
    for (int i = 0; i < RANDOM_SPLITS; i++) {
        size_t cuts[CUTS_MAX];
        const size_t n = 1 + (size_t)rng_below(&rng, CUTS_MAX - 1);
        for (size_t k = 0; k < n; k++) {
            cuts[k] = (size_t)rng_below(&rng, len + 1);
        }
        qsort(cuts, n, sizeof(cuts[0]), compare_sizes);
        check_split(what, data, len, whole, cuts, n);
    }
}

/* Every split into two (short inputs), many random ones, and byte by byte. */
static void
check_all_splits(const char *what, const char *data, size_t len, const struct reading *whole)
{
    for (size_t cut = 0; cut <= len && len <= ALL_SPLITS_MAX; cut++) {
        check_split(what, data, len, whole, &cut, 1);
    }
    check_random_splits(what, data, len, whole);
    CLEANUP(mem_freep) size_t *cuts = mem_alloc(len + 1, sizeof(*cuts));
    for (size_t i = 0; i < len; i++) {
        cuts[i] = i;
    }
    if (len > 0) {
        check_split(what, data, len, whole, cuts, len);
    }
}

struct good_row {
    const char *what;
    const char *input;
    unsigned status;
    enum http_body kind;
    bool keep_alive;
    const char *body;
    const char *rest; /* what is left after the end; NULL: the response is not over */
};

static const struct good_row good_rows[] = {
    {"length", OK "Content-Length: 5\r\n\r\nhello", 200, HTTP_BODY_LENGTH, true, "hello", ""},
    {"length zero", OK "Content-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH, true, "", ""},
    {"next response follows", OK "Content-Length: 2\r\n\r\nokHTTP/1.1", 200, HTTP_BODY_LENGTH, true,
     "ok", "HTTP/1.1"},
    {"length with leading zeros", OK "Content-Length: 0005\r\n\r\nhello", 200, HTTP_BODY_LENGTH,
     true, "hello", ""},
    {"length twice, equal", OK "Content-Length: 2\r\ncontent-length: 2\r\n\r\nok", 200,
     HTTP_BODY_LENGTH, true, "ok", ""},
    {"length as a list of equals", OK "Content-Length: 2 , 2\r\n\r\nok", 200, HTTP_BODY_LENGTH,
     true, "ok", ""},
    {"chunks", OK CHUNKED "\r\n3\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n", 200, HTTP_BODY_CHUNKED,
     true, "abc0123456789", ""},
    {"no chunk but the last", OK CHUNKED "\r\n0\r\n\r\n", 200, HTTP_BODY_CHUNKED, true, "", ""},
    {"chunk extensions", OK CHUNKED "\r\n3;a=b\r\nabc\r\n2 ; c=\"d\"\r\nde\r\n0;x\r\n\r\n", 200,
     HTTP_BODY_CHUNKED, true, "abcde", ""},
    {"blanks after a chunk size", OK CHUNKED "\r\n3  \r\nabc\r\n0\t\r\n\r\n", 200,
     HTTP_BODY_CHUNKED, true, "abc", ""},
    {"upper-case hex", OK CHUNKED "\r\nA\r\n0123456789\r\n0\r\n\r\n", 200, HTTP_BODY_CHUNKED, true,
     "0123456789", ""},
    {"many zeros in a chunk size", OK CHUNKED "\r\n00000000000000000003\r\nabc\r\n0000\r\n\r\n",
     200, HTTP_BODY_CHUNKED, true, "abc", ""},
    {"trailers", OK CHUNKED "\r\n1\r\na\r\n0\r\nX-A: 1\r\nContent-Length: 9\r\n\r\nrest", 200,
     HTTP_BODY_CHUNKED, true, "a", "rest"},
    {"names in any case", OK "tRANSFER-eNCODING:\t ChunkED \t\r\n\r\n1\r\na\r\n0\r\n\r\n", 200,
     HTTP_BODY_CHUNKED, true, "a", ""},
    {"encoding as a list with empty elements", OK "Transfer-Encoding: ,chunked,\r\n\r\n0\r\n\r\n",
     200, HTTP_BODY_CHUNKED, true, "", ""},
    {"chunked beside a length", OK CHUNKED "Content-Length: 99\r\n\r\n1\r\na\r\n0\r\n\r\n", 200,
     HTTP_BODY_CHUNKED, false, "a", ""},
    {"a length before chunked", OK "Content-Length: 99\r\n" CHUNKED "\r\n1\r\na\r\n0\r\n\r\n", 200,
     HTTP_BODY_CHUNKED, false, "a", ""},
    {"lines end in LF alone", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", 200, HTTP_BODY_LENGTH,
     true, "ok", ""},
    {"trailer lines end in LF alone", OK CHUNKED "\r\n1\r\na\r\n0\r\nA: b\n\n", 200,
     HTTP_BODY_CHUNKED, true, "a", ""},
    {"no reason phrase", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH, true,
     "", ""},
    {"no reason and no space", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH,
     true, "", ""},
    {"reason in UTF-8", "HTTP/1.1 404 nicht da \xc3\xa4\r\nContent-Length: 0\r\n\r\n", 404,
     HTTP_BODY_LENGTH, true, "", ""},
    {"a status outside the classes", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", 999,
     HTTP_BODY_LENGTH, true, "", ""},
    {"empty header values", OK "A:\r\nB: \r\nContent-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH,
     true, "", ""},
    {"204 has no body", "HTTP/1.1 204 No Content\r\n\r\nrest", 204, HTTP_BODY_NONE, true, "",
     "rest"},
    {"304 has no body whatever it says", "HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\nrest", 304,
     HTTP_BODY_NONE, true, "", "rest"},
    {"100 before the answer", "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nok", 200,
     HTTP_BODY_LENGTH, true, "ok", ""},
    {"103 with fields that do not count",
     "HTTP/1.1 103 Early\r\nContent-Length: 7\r\nConnection: close\r\n\r\nHTTP/1.1 102 X\r\n\r\n" OK
     "Content-Length: 2\r\n\r\nok",
     200, HTTP_BODY_LENGTH, true, "ok", ""},
    {"close", OK "Connection: close\r\nContent-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH, false, "",
     ""},
    {"close in a list", OK "Connection: X-A , Close\r\nContent-Length: 0\r\n\r\n", 200,
     HTTP_BODY_LENGTH, false, "", ""},
    {"close wins over keep-alive",
     OK "Connection: keep-alive\r\nConnection: close\r\n"
        "Content-Length: 0\r\n\r\n",
     200, HTTP_BODY_LENGTH, false, "", ""},
    {"a word that only contains close", OK "Connection: closed\r\nContent-Length: 0\r\n\r\n", 200,
     HTTP_BODY_LENGTH, true, "", ""},
    {"1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH, false, "",
     ""},
    {"1.0 with keep-alive",
     "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", 200,
     HTTP_BODY_LENGTH, true, "", ""},
    {"1.0 with chunks",
     "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" CHUNKED "\r\n1\r\na\r\n0\r\n\r\n", 200,
     HTTP_BODY_CHUNKED, false, "a", ""},
    {"a later minor version", "HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n", 200, HTTP_BODY_LENGTH,
     true, "", ""},
    {"until the end", OK "\r\nall of it", 200, HTTP_BODY_UNTIL_EOF, false, "all of it", NULL},
    {"until the end, nothing comes", OK "\r\n", 200, HTTP_BODY_UNTIL_EOF, false, "", NULL},
    {"largest length", OK "Content-Length: 9223372036854775807\r\n\r\nx", 200, HTTP_BODY_LENGTH,
     true, "x", NULL},
    {"largest chunk", OK CHUNKED "\r\n7fffffffffffffff\r\nx", 200, HTTP_BODY_CHUNKED, true, "x",
     NULL},
};

static void check_good(const struct good_row *row)
{
    const size_t len = strlen(row->input);
    CLEANUP(reading_done) struct reading whole;
    read_pieces(row->input, len, NULL, 0, &whole);
    const bool over = row->rest != NULL;
    if (whole.error != NULL || !whole.got_head || whole.ended != over ||
        whole.status != row->status || whole.kind != row->kind ||
        whole.keep_alive != row->keep_alive || whole.body.len != strlen(row->body) ||
        (whole.body.len > 0 && !text_equal(whole.body.data, row->body)) ||
        (over && !text_equal(row->input + whole.taken, row->rest))) {
        fail_msg(
            "%s: error %s, ended %d, status %u, kind %d, keep %d, %zu bytes, taken %zu of %zu",
            row->what, whole.error, whole.ended, whole.status, (int)whole.kind, whole.keep_alive,
            whole.body.len, whole.taken, len);
    }
    check_all_splits(row->what, row->input, len, &whole);
}

static void test_http_response_next__reads_what_servers_send(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good_rows); i++) {
        check_good(&good_rows[i]);
    }
}

struct bad_row {
    const char *what;
    const char *input;
    const char *error;
};

static const struct bad_row bad_rows[] = {
    {"empty line first", "\r\n" OK, "not an HTTP response"},
    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "not an HTTP response"},
    {"lower case", "http/1.1 200 OK\r\n", "not an HTTP response"},
    {"HTTP/2", "HTTP/2.0 200 OK\r\n", "not HTTP/1.0 or HTTP/1.1"},
    {"HTTP/1.x", "HTTP/1.x 200 OK\r\n", "not HTTP/1.0 or HTTP/1.1"},
    {"HTTP/1.10", "HTTP/1.10 200 OK\r\n", "not HTTP/1.0 or HTTP/1.1"},
    {"status of two digits", "HTTP/1.1 20  OK\r\n", "the status is not a number of three digits"},
    {"status of four digits", "HTTP/1.1 2000 OK\r\n", "the status is not a number of three digits"},
    {"status below 100", "HTTP/1.1 099 OK\r\n", "the status is not a number of three digits"},
    {"status in words", "HTTP/1.1 good OK\r\n", "the status is not a number of three digits"},
    {"upgrade", "HTTP/1.1 101 Switching\r\n", "status 101, but no other protocol was asked for"},
    {"CR in the reason", "HTTP/1.1 200 a\rb\r\n", "a carriage return inside a line of the head"},
    {"CR in a value", OK "A: b\rc\r\n", "a carriage return inside a line of the head"},
    {"two CRs", OK "A: b\r\r\n", "a carriage return inside a line of the head"},
    {"folded", OK "A: b\r\n c\r\n", "a folded header line"},
    {"folded by a tab", OK "A: b\r\n\tc\r\n", "a folded header line"},
    {"no colon", OK "hello\r\n", "a header line without a colon"},
    {"no name", OK ": b\r\n", "a header without a name"},
    {"blank before the colon", OK "Content-Length : 5\r\n", "white space in a header name"},
    {"bad character in a name", OK "a(b: c\r\n", "a character that no header name has"},
    {"high byte in a name", OK "\xc3\xa4: c\r\n", "a character that no header name has"},
    {"length in words", OK "Content-Length: five\r\n", "Content-Length is not a number"},
    {"length with a sign", OK "Content-Length: +5\r\n", "Content-Length is not a number"},
    {"negative length", OK "Content-Length: -5\r\n", "Content-Length is not a number"},
    {"empty length", OK "Content-Length:\r\n", "Content-Length is not a number"},
    {"length in hex", OK "Content-Length: 0x5\r\n", "Content-Length is not a number"},
    {"length with a blank", OK "Content-Length: 5 5\r\n", "Content-Length is not a number"},
    {"length beyond 63 bits", OK "Content-Length: 9223372036854775808\r\n",
     "Content-Length is too large"},
    {"length that wraps", OK "Content-Length: 18446744073709551621\r\n",
     "Content-Length is too large"},
    {"two lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n",
     "two different Content-Lengths"},
    {"two lengths in a list", OK "Content-Length: 5, 6\r\n", "two different Content-Lengths"},
    {"gzip", OK "Transfer-Encoding: gzip, chunked\r\n", "a Transfer-Encoding other than chunked"},
    {"identity", OK "Transfer-Encoding: identity\r\n", "a Transfer-Encoding other than chunked"},
    {"chunked twice", OK CHUNKED CHUNKED, "Transfer-Encoding is chunked twice"},
    {"empty encoding", OK "Transfer-Encoding:\r\n", "an empty Transfer-Encoding"},
    {"chunk size in words", OK CHUNKED "\r\nxyz\r\n", "a chunk size that is not a number"},
    {"chunk size missing", OK CHUNKED "\r\n;a=b\r\n", "a chunk size that is not a number"},
    {"chunk size with a sign", OK CHUNKED "\r\n+3\r\nabc\r\n", "a chunk size that is not a number"},
    {"chunk size with a prefix", OK CHUNKED "\r\n0x3\r\nabc\r\n",
     "a chunk size that is not a number"},
    {"chunk size with a word", OK CHUNKED "\r\n3 abc\r\n", "a chunk size that is not a number"},
    {"chunk size beyond 63 bits", OK CHUNKED "\r\n8000000000000000\r\n",
     "a chunk size that is too large"},
    {"chunk size that wraps", OK CHUNKED "\r\n10000000000000003\r\nabc\r\n",
     "a chunk size that is too large"},
    {"LF alone after a chunk size", OK CHUNKED "\r\n3\nabc\r\n", "a chunk size line without CRLF"},
    {"CR in a chunk extension", OK CHUNKED "\r\n3;a\rb\r\n",
     "a control character in a chunk extension"},
    {"chunk longer than its size", OK CHUNKED "\r\n3\r\nabcd\r\n",
     "a chunk that is longer than its size"},
    {"LF alone after a chunk", OK CHUNKED "\r\n3\r\nabc\n", "a chunk that is longer than its size"},
    {"CR alone after a chunk", OK CHUNKED "\r\n3\r\nabc\rx",
     "a chunk that is longer than its size"},
    {"bad trailer", OK CHUNKED "\r\n0\r\nhello\r\n", "a header line without a colon"},
};

static void check_bad(const char *what, const char *input, size_t len, const char *error)
{
    CLEANUP(reading_done) struct reading whole;
    read_pieces(input, len, NULL, 0, &whole);
    if (whole.error == NULL || !text_equal(whole.error, error)) {
        fail_msg("%s: '%s' instead of '%s'", what, whole.error, error);
    }
    check_all_splits(what, input, len, &whole);
}

static void test_http_response_next__says_what_is_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_rows); i++) {
        const struct bad_row *row = &bad_rows[i];
        check_bad(row->what, row->input, strlen(row->input), row->error);
    }
    static const char nul_in_value[] = OK "A: b\0c\r\n";
    check_bad("NUL in a value", nul_in_value, sizeof(nul_in_value) - 1, "a NUL byte in the head");
    static const char nul_in_reason[] = "HTTP/1.1 200 O\0K\r\n";
    check_bad(
        "NUL in the reason", nul_in_reason, sizeof(nul_in_reason) - 1, "a NUL byte in the head");
    static const char nul_in_name[] = OK "A\0b: c\r\n";
    check_bad(
        "NUL in a name", nul_in_name, sizeof(nul_in_name) - 1,
        "a character that no header name has");
    static const char nul_in_extension[] = OK CHUNKED "\r\n3;\0\r\n";
    check_bad(
        "NUL in a chunk extension", nul_in_extension, sizeof(nul_in_extension) - 1,
        "a control character in a chunk extension");
}

/* A response whose first field line has `len` bytes without its end. */
static void write_field(struct bytes *out, size_t len, const char *end)
{
    bytes_add_text(out, "A: ");
    for (size_t i = 3; i < len; i++) {
        bytes_add_char(out, 'x');
    }
    bytes_add_text(out, end);
}

static void test_http_response_next__has_limits_that_no_split_moves(void **state)
{
    (void)state;
    static const char *const ends[] = {"\r\n", "\n"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        CLEANUP(bytes_done) struct bytes input;
        bytes_init(&input, BODY_CAP);
        bytes_add_text(&input, OK);
        write_field(&input, HTTP_LINE_MAX, ends[i]);
        bytes_add_text(&input, "Content-Length: 0\r\n\r\n");
        CLEANUP(reading_done) struct reading whole;
        read_pieces(input.data, input.len, NULL, 0, &whole);
        assert_true(whole.ended);
        check_all_splits("longest line", input.data, input.len, &whole);

        bytes_clear(&input);
        bytes_add_text(&input, OK);
        write_field(&input, HTTP_LINE_MAX + 1, ends[i]);
        check_bad("line too long", input.data, input.len, "a line longer than 8192 bytes");
    }
}

static void test_http_response_next__bounds_heads_and_trailers_together(void **state)
{
    (void)state;
    CLEANUP(bytes_done) struct bytes input;
    bytes_init(&input, BODY_CAP);
    bytes_add_text(&input, OK);
    while (input.len <= HTTP_HEAD_MAX) {
        write_field(&input, 8000, "\r\n");
    }
    check_bad("endless head", input.data, input.len, "a head longer than 65536 bytes");

    bytes_clear(&input);
    while (input.len <= HTTP_HEAD_MAX) {
        bytes_add_text(&input, "HTTP/1.1 102 Processing\r\n");
        write_field(&input, 8000, "\r\n\r\n");
    }
    check_bad("endless interim heads", input.data, input.len, "a head longer than 65536 bytes");

    bytes_clear(&input);
    bytes_add_text(&input, OK CHUNKED "\r\n0\r\n");
    while (input.len <= HTTP_HEAD_MAX + 100) {
        write_field(&input, 8000, "\r\n");
    }
    check_bad("endless trailers", input.data, input.len, "a head longer than 65536 bytes");
}

struct type_row {
    const char *type;
    bool event_stream;
    bool json;
};

static const struct type_row type_rows[] = {
    {"text/event-stream", true, false},
    {"Text/Event-Stream; charset=utf-8", true, false},
    {"text/event-stream ;x=y", true, false},
    {"application/json", false, true},
    {"APPLICATION/JSON;charset=utf-8", false, true},
    {"application/json5", false, false},
    {"text/plain", false, false},
    {"", false, false},
};

static void check_type(const struct type_row *row)
{
    char input[256];
    const int len = snprintf(
        input, sizeof(input), OK "Content-Type: %s\r\nContent-Length: 0\r\n\r\n", row->type);
    CLEANUP(reading_done) struct reading whole;
    read_pieces(input, (size_t)len, NULL, 0, &whole);
    if (!whole.ended || whole.event_stream != row->event_stream || whole.json != row->json) {
        fail_msg("%s: event stream %d, json %d", row->type, whole.event_stream, whole.json);
    }
}

static void test_http_response_next__knows_the_two_content_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(type_rows); i++) {
        check_type(&type_rows[i]);
    }
}

struct eof_row {
    const char *what;
    const char *input;
    bool good;
};

static const struct eof_row eof_rows[] = {
    {"nothing had begun", "", true},
    {"one byte", "H", false},
    {"in the head", OK "A: b\r\n", false},
    {"after an interim head", "HTTP/1.1 100 Continue\r\n\r\n", false},
    {"body until the end", OK "\r\nabc", true},
    {"no byte of a body until the end", OK "\r\n", true},
    {"length reached", OK "Content-Length: 2\r\n\r\nok", true},
    {"length not reached", OK "Content-Length: 2\r\n\r\no", false},
    {"in a chunk", OK CHUNKED "\r\n3\r\nab", false},
    {"between chunks", OK CHUNKED "\r\n3\r\nabc\r\n", false},
    {"before the last line", OK CHUNKED "\r\n0\r\n", false},
    {"last chunk", OK CHUNKED "\r\n0\r\n\r\n", true},
};

static void check_eof(const struct eof_row *row)
{
    CLEANUP(reading_done) struct reading whole;
    read_pieces(row->input, strlen(row->input), NULL, 0, &whole);
    if (whole.eof_good != row->good) {
        fail_msg("%s: %d", row->what, whole.eof_good);
    }
}

static void test_http_response_eof__tells_an_end_from_a_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(eof_rows); i++) {
        check_eof(&eof_rows[i]);
    }
}

static void test_http_response_is_untouched__until_the_first_byte(void **state)
{
    (void)state;
    struct http_response *http = MEM_NEW(struct http_response);
    http->line = mem_alloc(HTTP_LINE_ROOM, 1);
    http_response_init(http);
    assert_true(http_response_is_untouched(http));
    const char *data = OK "\r\n";
    size_t len = 1;
    assert_int_equal(http_response_next(http, &data, &len), HTTP_NEED_MORE);
    assert_false(http_response_is_untouched(http));
    len = strlen(OK) - 1;
    assert_int_equal(http_response_next(http, &data, &len), HTTP_NEED_MORE);
    assert_false(http_response_is_untouched(http));
    http_response_init(http);
    assert_true(http_response_is_untouched(http));
    free(http->line);
    free(http);
}

static void test_http_response_init__reads_the_next_response_of_a_connection(void **state)
{
    (void)state;
    static const char input[] =
        OK CHUNKED "Connection: close\r\nContent-Type: text/event-stream\r\n\r\n"
                   "1\r\na\r\n0\r\n\r\n" OK "Content-Length: 1\r\n\r\nb";
    const char *data = input;
    size_t len = sizeof(input) - 1;
    struct http_response *http = MEM_NEW(struct http_response);
    http->line = mem_alloc(HTTP_LINE_ROOM, 1);
    http_response_init(http);
    assert_int_equal(http_response_next(http, &data, &len), HTTP_HEAD);
    assert_int_equal(http_response_next(http, &data, &len), HTTP_BODY);
    assert_int_equal(http_response_next(http, &data, &len), HTTP_END);
    assert_false(http->keep_alive);
    http_response_init(http);
    assert_int_equal(http_response_next(http, &data, &len), HTTP_HEAD);
    assert_true(http->keep_alive);
    assert_false(http->event_stream);
    assert_int_equal(http->content_length, 1);
    assert_int_equal(http_response_next(http, &data, &len), HTTP_BODY);
    assert_int_equal(http->body[0], 'b');
    assert_int_equal(http_response_next(http, &data, &len), HTTP_END);
    assert_int_equal(len, 0);
    free(http->line);
    free(http);
}

/* Returns the length of the first answer. */
static size_t check_answer(const char *path, const char *data, size_t len)
{
    CLEANUP(reading_done) struct reading whole;
    read_pieces(data, len, NULL, 0, &whole);
    if (!whole.ended) {
        fail_msg("%s: no end: %s, %zu of %zu bytes", path, whole.error, whole.taken, len);
    }
    check_all_splits(path, data, len, &whole);
    return whole.taken;
}

static void check_recorded(const char *path)
{
    CLEANUP(mem_freep) char *file = NULL;
    size_t len = 0;
    struct error err = {0};
    if (file_read(path, BODY_CAP, &file, &len, &err) != 0) {
        fail_msg("%s", err.text);
    }
    /* One file may hold several answers of one connection. */
    for (size_t at = 0; at < len;) {
        at += check_answer(path, file + at, len - at);
    }
}

static void test_http_response_next__reads_every_recorded_answer_at_any_split(void **state)
{
    (void)state;
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: recorded answers of real engines are not here\n");
        skip();
    }
    char pattern[256];
    (void)snprintf(pattern, sizeof(pattern), "%s/fixtures/engines/*/*.response", shared);
    glob_t found;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 100);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        check_recorded(found.gl_pathv[i]);
    }
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_response_next__reads_what_servers_send),
        cmocka_unit_test(test_http_response_next__says_what_is_malformed),
        cmocka_unit_test(test_http_response_next__has_limits_that_no_split_moves),
        cmocka_unit_test(test_http_response_next__bounds_heads_and_trailers_together),
        cmocka_unit_test(test_http_response_next__knows_the_two_content_types),
        cmocka_unit_test(test_http_response_eof__tells_an_end_from_a_cut),
        cmocka_unit_test(test_http_response_is_untouched__until_the_first_byte),
        cmocka_unit_test(test_http_response_init__reads_the_next_response_of_a_connection),
        cmocka_unit_test(test_http_response_next__reads_every_recorded_answer_at_any_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
