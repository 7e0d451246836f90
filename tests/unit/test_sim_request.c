/* The server's request reader: forms that are read, forms that are refused, and every split of both. */
#include "sim/sim_request.h"
#include "support/test.h"

#include <string.h>

struct row {
    const char *what;
    const char *bytes;
    unsigned bad_status; /* 0: well formed */
    bool keep_alive;
    const char *method;
    const char *path;
    const char *body;
    const char *key;
    size_t left; /* bytes behind the request */
};

static const struct row rows[] = {
    {"get", "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 0, true, "GET", "/health", "", "", 0},
    {"line ends without CR", "GET / HTTP/1.1\nHost: x\n\n", 0, true, "GET", "/", "", "", 0},
    {"empty lines first", "\r\n\n\r\nGET / HTTP/1.1\r\n\r\n", 0, true, "GET", "/", "", "", 0},
    {"query", "GET /v1/models?x=1 HTTP/1.1\r\n\r\n", 0, true, "GET", "/v1/models", "", "", 0},
    {"body by length", "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET", 0, true, "POST", "/a",
     "abc", "", 3},
    {"empty body", "POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 0, true, "POST", "/a", "", "",
     0},
    {"same length twice", "POST /a HTTP/1.1\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\nx", 0,
     true, "POST", "/a", "x", "", 0},
    {"chunked",
     "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n"
     "\r\nG",
     0, true, "POST", "/a", "abc0123456789", "", 1},
    {"chunked with trailer",
     "POST /a HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\nT: 1\r\nU: 2\r\n\r\n", 0,
     true, "POST", "/a", "x", "", 0},
    {"chunk line ends without CR", "POST /a HTTP/1.1\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n", 0,
     true, "POST", "/a", "x", "", 0},
    {"key", "GET / HTTP/1.1\r\nAuthorization: Bearer  abc \r\n\r\n", 0, true, "GET", "/", "", "abc",
     0},
    {"other scheme", "GET / HTTP/1.1\r\nAuthorization: Basic abc\r\n\r\n", 0, true, "GET", "/", "",
     "", 0},
    {"close", "GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n", 0, false, "GET", "/", "", "", 0},
    {"1.0", "GET / HTTP/1.0\r\n\r\n", 0, false, "GET", "/", "", "", 0},
    {"1.0 kept", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, true, "GET", "/", "", "",
     0},
    {"no version", "GET /\r\n\r\n", 400, false, NULL, NULL, NULL, NULL, 0},
    {"empty target", "GET  HTTP/1.1\r\n\r\n", 400, false, NULL, NULL, NULL, NULL, 0},
    {"version 2", "GET / HTTP/2.0\r\n\r\n", 505, false, NULL, NULL, NULL, NULL, 0},
    {"long method", "ABCDEFGHIJKLMNOPQRST / HTTP/1.1\r\n\r\n", 400, false, NULL, NULL, NULL, NULL,
     0},
    {"no colon", "GET / HTTP/1.1\r\nHost\r\n\r\n", 400, false, NULL, NULL, NULL, NULL, 0},
    {"no name", "GET / HTTP/1.1\r\n: x\r\n\r\n", 400, false, NULL, NULL, NULL, NULL, 0},
    {"bad length", "GET / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 400, false, NULL, NULL, NULL,
     NULL, 0},
    {"no length", "GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400, false, NULL, NULL, NULL, NULL,
     0},
    {"two lengths", "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400,
     false, NULL, NULL, NULL, NULL, 0},
    {"huge length", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413, false,
     NULL, NULL, NULL, NULL, 0},
    {"length and chunked",
     "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, false, NULL,
     NULL, NULL, NULL, 0},
    {"gzip", "GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501, false, NULL, NULL, NULL,
     NULL, 0},
    {"bad chunk size", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\n", 400, false,
     NULL, NULL, NULL, NULL, 0},
    {"no chunk size", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400, false, NULL,
     NULL, NULL, NULL, 0},
    {"long chunk size", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n000000001\r\n", 400,
     false, NULL, NULL, NULL, NULL, 0},
    {"huge chunk", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413, false,
     NULL, NULL, NULL, NULL, 0},
    {"bad chunk end", "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", 400, false,
     NULL, NULL, NULL, NULL, 0},
};

static void check(const struct row *row, const struct sim_request *request, const struct bytes *in)
{
    assert_int_equal(request->bad_status, row->bad_status);
    if (row->bad_status != 0) {
        assert_int_equal(request->state, SIM_REQUEST_BROKEN);
        assert_non_null(request->bad_reason);
        return;
    }
    assert_int_equal(request->state, SIM_REQUEST_DONE);
    assert_string_equal(request->method, row->method);
    assert_string_equal(request->path, row->path);
    assert_string_equal(request->key, row->key);
    assert_int_equal(request->keep_alive, row->keep_alive);
    assert_int_equal(request->body_len, strlen(row->body));
    assert_memory_equal(in->data + request->body_at, row->body, request->body_len);
    assert_int_equal(in->len - request->at, row->left);
}

/* Feeds the row in pieces that end at `cuts` and at the end. */
static void feed(const struct row *row, const size_t *cuts, size_t n_cuts)
{
    const size_t len = strlen(row->bytes);
    struct sim_request request;
    struct bytes in;
    sim_request_init(&request);
    bytes_init(&in, BYTES_MAX_DEFAULT);
    bool done = false;
    size_t at = 0;
    for (size_t i = 0; i <= n_cuts; i++) {
        const size_t end = i < n_cuts ? cuts[i] : len;
        bytes_add(&in, row->bytes + at, end - at);
        at = end;
        done = sim_request_read(&request, &in);
    }
    if (!done) {
        print_error("%s: not complete\n", row->what);
        fail();
    }
    check(row, &request, &in);
    bytes_done(&in);
}

static void test_read__knows_good_and_bad_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        feed(&rows[i], NULL, 0);
    }
}

static void feed_all_cuts(const struct row *row)
{
    const size_t len = strlen(row->bytes);
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            feed(row, (const size_t[]){a, b}, 2);
        }
    }
}

static void test_read__any_two_cuts_equal_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        feed_all_cuts(&rows[i]);
    }
}

static void test_read__every_byte_alone_equals_the_whole(void **state)
{
    (void)state;
    size_t cuts[512];
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        cuts[i] = i;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        feed(&rows[i], cuts, strlen(rows[i].bytes));
    }
}

static void test_read__no_proper_prefix_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].bad_status != 0) {
            continue;
        }
        const size_t whole = strlen(rows[i].bytes) - rows[i].left;
        for (size_t len = 0; len < whole; len++) {
            struct sim_request request;
            struct bytes in;
            sim_request_init(&request);
            bytes_init(&in, BYTES_MAX_DEFAULT);
            bytes_add(&in, rows[i].bytes, len);
            assert_false(sim_request_read(&request, &in));
            bytes_done(&in);
        }
    }
}

/* A request line, and `fill` bytes of something in one long line, with or without its end. */
static enum sim_request_state
read_long(const char *start, size_t fill, const char *end, unsigned *bad)
{
    struct sim_request request;
    struct bytes in;
    sim_request_init(&request);
    bytes_init(&in, BYTES_MAX_DEFAULT);
    bytes_add_text(&in, start);
    for (size_t i = 0; i < fill; i++) {
        bytes_add_char(&in, 'x');
    }
    bytes_add_text(&in, end);
    (void)sim_request_read(&request, &in);
    bytes_done(&in);
    *bad = request.bad_status;
    return request.state;
}

static void test_read__limits_lines_and_heads(void **state)
{
    (void)state;
    static const char head[] = "GET / HTTP/1.1\r\nX: ";
    static const char chunked[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;";
    static const char trailer[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:";
    static const char key[] = "GET / HTTP/1.1\r\nAuthorization: Bearer ";

    static const struct {
        const char *what;
        const char *start;
        size_t fill;
        const char *end;
        enum sim_request_state state;
        unsigned bad;
    } limits[] = {
        {"largest head", head, SIM_HEAD_MAX - sizeof(head) + 1 - 4, "\r\n\r\n", SIM_REQUEST_DONE,
         0},
        {"head too long", head, SIM_HEAD_MAX - sizeof(head) + 1 - 3, "\r\n\r\n", SIM_REQUEST_BROKEN,
         431},
        {"head without end", head, SIM_HEAD_MAX, "", SIM_REQUEST_BROKEN, 431},
        {"chunk line", chunked, 1000, "\r\nx\r\n0\r\n\r\n", SIM_REQUEST_DONE, 0},
        {"chunk line too long", chunked, 1100, "\r\nx\r\n0\r\n\r\n", SIM_REQUEST_BROKEN, 400},
        {"chunk line without end", chunked, 1100, "", SIM_REQUEST_BROKEN, 400},
        {"trailer too long", trailer, 1100, "\r\n\r\n", SIM_REQUEST_BROKEN, 400},
        {"trailer without end", trailer, 1100, "", SIM_REQUEST_BROKEN, 400},
        {"key too long", key, SIM_KEY_MAX, "\r\n\r\n", SIM_REQUEST_BROKEN, 400},
        {"path too long", "GET /", SIM_PATH_MAX, " HTTP/1.1\r\n\r\n", SIM_REQUEST_BROKEN, 400},
    };

    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        unsigned bad = 0;
        const enum sim_request_state end =
            read_long(limits[i].start, limits[i].fill, limits[i].end, &bad);
        if (end != limits[i].state || bad != limits[i].bad) {
            print_error("%s: state %d, status %u\n", limits[i].what, (int)end, bad);
            fail();
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__knows_good_and_bad_requests),
        cmocka_unit_test(test_read__any_two_cuts_equal_the_whole),
        cmocka_unit_test(test_read__every_byte_alone_equals_the_whole),
        cmocka_unit_test(test_read__no_proper_prefix_is_complete),
        cmocka_unit_test(test_read__limits_lines_and_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
