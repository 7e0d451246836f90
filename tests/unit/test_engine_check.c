/* The engine's rows of `bench doctor`, against a server on loopback that answers as the row wants, and the
 * arithmetic of Date headers by hand. */
#include "base/clock.h"
#include "engine/engine_check.h"
#include "support/check_result.h"
#include "support/replay.h"

#include <string.h>
#include <time.h>

#define MODELS "{\"data\":[{\"id\":\"m1\",\"max_model_len\":512}]}"

/* ---- Dates. ---- */

static void test_engine_date_parse__takes_what_servers_must_send(void **state)
{
    (void)state;

    /* Seconds: python3 -c 'from email.utils import *; print(parsedate_to_datetime(TEXT).timestamp())'. */
    static const struct {
        const char *text;
        bool good;
        int64_t seconds;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", true, 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
        {"Tue, 29 Feb 2028 23:59:59 GMT", true, 1835481599},
        {"Sunday, 06-Nov-94 08:49:37 GMT", false, 0},
        {"Sun Nov  6 08:49:37 1994", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
        {"Sun, 06 Nox 1994 08:49:37 GMT", false, 0},
        {"Sun, 06 ovD 1994 08:49:37 GMT", false, 0},
        {"Sun, 00 Nov 1994 08:49:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 24:49:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 08:60:37 GMT", false, 0},
        {"Sun, 06 Nov 1994 08:49:37 GMT ", false, 0},
        {"Sun, 6 Nov 1994 08:49:37 GMT", false, 0},
        {"", false, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t seconds = 0;
        const bool good = engine_date_parse(rows[i].text, &seconds);
        if (good != rows[i].good || seconds != rows[i].seconds) {
            print_error("'%s': %d, %lld\n", rows[i].text, good, (long long)seconds);
            fail();
        }
    }
}

static void test_engine_date_skew__says_what_is_proved(void **state)
{
    (void)state;

    /* Of an answer made between 1000.2 s and 1000.7 s of this clock. */
    static const struct {
        int64_t date_s;
        double skew_s;
    } rows[] = {
        {1000, 0.0},                              /* agrees */
        {999, 0.0},                               /* made in the second before, and kept */
        {998, -0.2},                              /* kept until 1000.0 at the latest */
        {997, -1.2}, {996, -2.2},    {1001, 0.3}, /* 1001.0 was not there yet at 1000.7 */
        {1002, 1.3}, {4600, 3599.3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const double skew_s =
            engine_date_skew_s(rows[i].date_s, INT64_C(1000200000000), INT64_C(1000700000000));
        if (!(fabs(skew_s - rows[i].skew_s) < 1e-9)) {
            print_error("%lld: %.9f\n", (long long)rows[i].date_s, skew_s);
            fail();
        }
    }
}

/* ---- Proxies. ---- */

static void set_variable(const char *name, const char *value)
{
    /* No other thread runs. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const int result = value != NULL ? setenv(name, value, 1) : unsetenv(name);
    assert_int_equal(result, 0);
}

static void clear_proxies(void)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY",    "HTTP_PROXY"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        set_variable(names[i], NULL);
    }
}

static void test_engine_proxy_variable__as_libcurl_reads_them(void **state)
{
    (void)state;

    static const struct {
        const char *url;
        const char *name;
        const char *exempt;
        const char *found;
    } rows[] = {
        {"http://engine.lab:8000", "http_proxy", NULL, "http_proxy"},
        {"http://engine.lab:8000", "HTTP_PROXY", NULL, NULL},
        {"http://engine.lab:8000", "https_proxy", NULL, NULL},
        {"http://engine.lab:8000", "ALL_PROXY", NULL, "ALL_PROXY"},
        {"https://engine.lab", "HTTPS_PROXY", NULL, "HTTPS_PROXY"},
        {"https://engine.lab", "http_proxy", NULL, NULL},
        {"http://localhost:8000", "http_proxy", NULL, NULL},
        {"http://127.0.0.1:8000", "http_proxy", NULL, NULL},
        {"http://[::1]:8000", "http_proxy", NULL, NULL},
        {"http://engine.lab:8000", "http_proxy", "*", NULL},
        {"http://engine.lab:8000", "http_proxy", "other, engine.lab", NULL},
        {"http://engine.lab:8000", "http_proxy", "lab", NULL},
        {"http://engine.lab:8000", "http_proxy", ".lab", NULL},
        {"http://engine.lab:8000", "http_proxy", "ab,engine", "http_proxy"},
        {"http://engine.lab:8000", "http_proxy", ",. ,", "http_proxy"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint endpoint;
        struct error err = {0};
        assert_int_equal(endpoint_parse(rows[i].url, &endpoint, &err), 0);
        clear_proxies();
        set_variable(rows[i].name, "http://proxy.lab:3128");
        set_variable("no_proxy", rows[i].exempt);
        const char *found = engine_proxy_variable(&endpoint);
        if (found != rows[i].found &&
            (found == NULL || rows[i].found == NULL || strcmp(found, rows[i].found) != 0)) {
            print_error("row %zu: %s\n", i, found == NULL ? "none" : found);
            fail();
        }
    }
    clear_proxies();
}

/* ---- The rows. ---- */

struct looking {
    struct arena arena;
    struct check_list list;
    struct engine_site site;
};

static void look(struct looking *self, unsigned port, const char *host, const char *model)
{
    *self = (struct looking){0};
    CLEANUP(mem_freep) char *url = mem_format("http://%s:%u/v1", host, port);
    struct engine_target target = {.model = model};
    struct error err = {0};
    assert_int_equal(endpoint_parse(url, &target.endpoint, &err), 0);
    const struct engine_check_query query = {.engine = engine_find("vllm"), .target = &target};
    engine_check(&query, &self->arena, &self->list, &self->site);
    assert_int_equal(self->list.n, 7);
}

static void assert_row(
    const struct looking *self, const char *name, enum check_status status, const char *found)
{
    const struct check_result *result = result_named(&self->list, name);
    if (result->status != status || strcmp(result->found, found) != 0) {
        print_error("%s: %s '%s'\n", name, check_status_name(result->status), result->found);
        fail();
    }
}

static void test_engine_check__an_engine_as_it_should_be(void **state)
{
    (void)state;
    struct server server = {0};
    route_recording(&server, "/v1/models", "vllm-0.32.0-cpu/models");
    route_recording(&server, "/version", "vllm-0.32.0-cpu/version");
    server_start(&server);
    struct looking looking;
    look(&looking, server.port, "127.0.0.1", "smollm2");
    server_stop(&server);
    assert_row(&looking, "engine.reachable", CHECK_PASS, "HTTP 200");
    assert_row(&looking, "engine.model", CHECK_PASS, "smollm2, context 2048");
    assert_row(&looking, "engine.version", CHECK_PASS, "vllm 0.32.0");
    assert_row(&looking, "engine.route", CHECK_PASS, "from 127.0.0.1 to 127.0.0.1");
    assert_true(looking.site.known);
    assert_int_equal(looking.site.process.pid, getpid());
    assert_int_equal(result_named(&looking.list, "engine.local")->status, CHECK_PASS);
    assert_true(result_named(&looking.list, "engine.round_trip")->value > 0.0);
    arena_done(&looking.arena);
}

static void test_engine_check__nobody_there(void **state)
{
    (void)state;
    /* A port that was somebody's a moment ago and is not listened on. */
    struct server server = {0};
    server_start(&server);
    server_stop(&server);
    struct looking looking;
    look(&looking, server.port, "127.0.0.1", "");
    assert_int_equal(check_list_count(&looking.list, CHECK_FAIL), 1);
    assert_int_equal(check_list_count(&looking.list, CHECK_SKIP), 6);
    assert_non_null(
        strstr(result_named(&looking.list, "engine.reachable")->found, "Failed to connect"));
    assert_row(&looking, "engine.clock", CHECK_SKIP, "the engine does not answer");
    arena_done(&looking.arena);
}

static void test_engine_check__another_model_and_no_version(void **state)
{
    (void)state;
    struct server server = {0};
    route_json(&server, "/v1/models", MODELS);
    server_start(&server);
    struct looking looking;
    look(&looking, server.port, "127.0.0.1", "m2");
    assert_row(&looking, "engine.reachable", CHECK_PASS, "HTTP 200");
    assert_row(
        &looking, "engine.model", CHECK_FAIL,
        "engine vllm does not serve --model 'm2': it serves 'm1'");
    assert_row(&looking, "engine.version", CHECK_SKIP, "it was not asked without a model");
    assert_row(&looking, "engine.clock", CHECK_SKIP, "its answers have no Date header");
    arena_done(&looking.arena);
    look(&looking, server.port, "127.0.0.1", "");
    assert_row(&looking, "engine.model", CHECK_PASS, "m1, context 512");
    assert_row(&looking, "engine.version", CHECK_WARN, "vllm tells no version");
    server_stop(&server);
    arena_done(&looking.arena);
}

static void test_engine_check__a_refusal_is_an_answer(void **state)
{
    (void)state;
    struct server server = {0};
    route_text(&server, "/v1/models", answer_401);
    server_start(&server);
    struct looking looking;
    look(&looking, server.port, "127.0.0.1", "");
    server_stop(&server);
    assert_row(&looking, "engine.reachable", CHECK_PASS, "HTTP 401");
    const struct check_result *model = result_named(&looking.list, "engine.model");
    assert_int_equal(model->status, CHECK_FAIL);
    assert_non_null(strstr(model->found, "--api-key-env"));
    arena_done(&looking.arena);
}

/* Looks at a server whose Date is this text. */
static void look_at_date(struct looking *self, const char *date)
{
    CLEANUP(mem_freep)
    char *answer = mem_format(
        "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: application/json\r\nConnection: "
        "close\r\n\r\n" MODELS,
        date);
    struct server server = {0};
    route_text(&server, "/v1/models", answer);
    server_start(&server);
    look(self, server.port, "127.0.0.1", "");
    server_stop(&server);
}

/* Looks at a server whose clock is off by so much. */
static void look_at_clock(struct looking *self, int offset_s)
{
    const time_t shown = (time_t)(clock_real_ns() / NS_PER_S) + offset_s;
    struct tm utc;
    char date[64];
    assert_non_null(gmtime_r(&shown, &utc));
    assert_true(strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0);
    look_at_date(self, date);
}

static void assert_off_by_an_hour(int offset_s, const char *found)
{
    struct looking looking;
    look_at_clock(&looking, offset_s);
    const struct check_result *clock = result_named(&looking.list, "engine.clock");
    assert_int_equal(clock->status, CHECK_WARN);
    assert_near(clock->value, 3600.0, 120.0);
    assert_non_null(strstr(clock->found, found));
    arena_done(&looking.arena);
}

static void test_engine_check__a_clock_an_hour_off(void **state)
{
    (void)state;
    assert_off_by_an_hour(3600, " s ahead");
    assert_off_by_an_hour(-3600, " s behind");
}

static void test_engine_check__a_date_that_is_none(void **state)
{
    (void)state;
    struct looking looking;
    look_at_date(&looking, "today");
    assert_row(&looking, "engine.clock", CHECK_SKIP, "its Date header is 'today'");
    arena_done(&looking.arena);
}

/* The unspecified address reaches this machine, and libcurl has no exception for it. */
static void test_engine_check__a_proxy_in_the_environment(void **state)
{
    (void)state;
    struct server server = {0};
    route_json(&server, "/v1/models", MODELS);
    server_start(&server);
    CLEANUP(mem_freep) char *proxy = mem_format("http://127.0.0.1:%u", server.port);
    clear_proxies();
    set_variable("http_proxy", proxy);
    struct looking looking;
    look(&looking, server.port, "0.0.0.0", "");
    clear_proxies();
    server_stop(&server);
    assert_row(
        &looking, "engine.route", CHECK_WARN,
        "from 127.0.0.1 to 0.0.0.0; one-shot requests by http_proxy");
    arena_done(&looking.arena);
}

static void test_engine_check_site__whose_machine(void **state)
{
    (void)state;

    static const struct {
        struct engine_site site;
        bool good;
        const char *text;
    } rows[] = {
        {{.local = true, .known = true, .process = {.pid = 410, .name = "vllm"}},
         true,
         "vllm, pid 410"},
        {{.local = true, .address = HOST_ADDRESS_LOOPBACK, .why = "in a container"},
         true,
         "loopback address; in a container"},
        {{.address = HOST_ADDRESS_NETWORK, .why = "the engine is not on this machine"},
         false,
         "the engine is not on this machine"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct check_reading reading = {0};
        engine_check_site(&rows[i].site, &reading);
        assert_true(reading.known);
        assert_int_equal(reading.good, rows[i].good);
        assert_string_equal(reading.text, rows[i].text);
    }
}

static enum check_status judge(const char *name, double value)
{
    const struct check_reading reading = {.known = true, .value = value};
    for (size_t i = 0; engine_check_at(i) != NULL; i++) {
        if (strcmp(engine_check_at(i)->name, name) == 0) {
            return check_judge(engine_check_at(i), &reading);
        }
    }
    return CHECK_SKIP;
}

/* Limits that no server on loopback can trip at will. */
static void test_engine_check__limits(void **state)
{
    (void)state;
    assert_int_equal(judge("engine.clock", 1.0), CHECK_PASS);
    assert_int_equal(judge("engine.clock", 1.001), CHECK_WARN);
    assert_int_equal(judge("engine.round_trip", 1.0), CHECK_PASS);
    assert_int_equal(judge("engine.round_trip", 1.001), CHECK_WARN);
    for (size_t i = 0; engine_check_at(i) != NULL; i++) {
        assert_true(engine_check_at(i)->slow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_engine_date_parse__takes_what_servers_must_send),
        cmocka_unit_test(test_engine_date_skew__says_what_is_proved),
        cmocka_unit_test(test_engine_proxy_variable__as_libcurl_reads_them),
        cmocka_unit_test(test_engine_check__an_engine_as_it_should_be),
        cmocka_unit_test(test_engine_check__nobody_there),
        cmocka_unit_test(test_engine_check__another_model_and_no_version),
        cmocka_unit_test(test_engine_check__a_refusal_is_an_answer),
        cmocka_unit_test(test_engine_check__a_clock_an_hour_off),
        cmocka_unit_test(test_engine_check__a_date_that_is_none),
        cmocka_unit_test(test_engine_check__a_proxy_in_the_environment),
        cmocka_unit_test(test_engine_check_site__whose_machine),
        cmocka_unit_test(test_engine_check__limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
