/* Where an engine runs, from the recorded /proc trees that tests/oracle/process_trees.py writes. */
#include "base/file.h"
#include "base/mem.h"
#include "hardware/engine_gpus.h"
#include "hardware/engine_site.h"
#include "support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MACHINE "tests/data/processes/machine"

struct found {
    struct arena arena;
    struct json *warnings;
    struct engine_site site;
};

static void found_make(struct found *self, const char *root, const char *address, unsigned port)
{
    static const char *const secrets[] = {"opt/venv/bin/vllm"};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
    *self = (struct found){0};
    self->warnings = json_new(&self->arena, JSON_ARRAY);
    const struct engine_site_query query = {
        .root = root,
        .address = (const struct sockaddr *)&in,
        .secrets = {secrets, ARRAY_LEN(secrets)},
    };
    engine_site_find(&query, &self->arena, self->warnings, &self->site);
}

static void found_done(struct found *self)
{
    arena_done(&self->arena);
}

static void assert_facts(const struct found *self, const char *expected)
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    assert_non_null(self->site.facts);
    json_write_compact(self->site.facts, &text);
    assert_string_equal(text.data, expected);
    bytes_done(&text);
}

static void test_find__the_process_and_its_command_line_without_secrets(void **state)
{
    (void)state;
    struct found found;
    found_make(&found, MACHINE, "127.0.0.1", 8000);
    assert_true(found.site.local);
    assert_true(found.site.known);
    assert_int_equal(found.site.address, HOST_ADDRESS_LOOPBACK);
    assert_int_equal(found.site.process.pid, 410);
    assert_int_equal(found.site.process.parent, 400);
    assert_int_equal(found.site.process.start_ticks, 4100);
    assert_facts(
        &found,
        "{\"pid\":410,\"name\":\"vllm) S 7 (x\",\"executable\":\"/usr/bin/python3.11\","
        "\"command_line\":[\"/opt/venv/bin/python3\",\"/(hidden)\",\"serve\",\"m\",\"--api-key\","
        "\"(hidden)\",\"(hidden)\",\"--port\",\"8000\",\"--hf-token=(hidden)\"],"
        "\"cgroup\":\"/user.slice/session-2.scope\",\"container\":null,\"python\":null,\"gpus\":[]}");
    assert_int_equal(found.warnings->len, 0);
    found_done(&found);
}

static void test_find__by_port(void **state)
{
    (void)state;

    static const struct {
        const char *what;
        const char *root;
        const char *address;
        unsigned port;
        bool local;
        int pid; /* 0: not known */
        const char *warns;
    } rows[] = {
        {"not the service manager that keeps its socket", MACHINE, "127.0.0.1", 8080, true, 500,
         NULL},
        {"by an address of an interface", MACHINE, "10.0.0.5", 8080, true, 501,
         "executable is unknown"},
        {"on all addresses of IPv6", MACHINE, "127.0.0.1", 30000, true, 600, NULL},
        {"a container's proxy", MACHINE, "127.0.0.1", 9000, true, 0,
         "port 9000 is held by docker-proxy (pid 700), which passes connections on to a container"},
        {"a tunnel", MACHINE, "127.0.0.1", 9001, false, 0,
         "port 9001 is held by ssh (pid 701), which passes connections on to what may be another "
         "machine"},
        {"nobody holds the socket", MACHINE, "127.0.0.1", 9002, true, 0,
         "no process that is visible here listens on port 9002"},
        {"two that do not come from each other", MACHINE, "127.0.0.1", 9003, true, 800,
         "2 processes that do not come from each other listen on port 9003"},
        {"a stat line that is cut", MACHINE, "127.0.0.1", 9006, true, 0,
         "process 804, which listens on port 9006, cannot be read"},
        {"nobody listens", MACHINE, "127.0.0.1", 9999, true, 0,
         "nothing listens on port 9999 in this network namespace"},
        {"no tables", "/nonexistent", "127.0.0.1", 8000, true, 0, "/proc/net/tcp cannot be read"},
        {"another machine", MACHINE, "10.0.0.6", 8000, false, 0, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct found found;
        found_make(&found, rows[i].root, rows[i].address, rows[i].port);
        const struct engine_site *site = &found.site;
        const char *warning = json_text(found.warnings->first, "");
        const bool warned = rows[i].warns == NULL ? found.warnings->len == 0
                                                  : strstr(warning, rows[i].warns) != NULL;
        const bool good = site->local == rows[i].local && site->process.pid == rows[i].pid &&
                          site->known == (rows[i].pid != 0) &&
                          (site->facts != NULL) == site->known && warned;
        if (!good) {
            fail_msg("%s: pid %d, '%s'", rows[i].what, site->process.pid, warning);
        }
        found_done(&found);
    }
}

static void test_find__what_a_process_does_not_show_is_unknown(void **state)
{
    (void)state;
    struct found found;
    found_make(&found, MACHINE, "127.0.0.1", 9005);
    assert_facts(
        &found, "{\"pid\":803,\"name\":\"d\",\"executable\":\"unknown\",\"command_line\":null,"
                "\"cgroup\":\"unknown\",\"container\":null,\"python\":null,\"gpus\":[]}");
    assert_int_equal(found.warnings->len, 3);
    found_done(&found);
    found_make(&found, MACHINE, "127.0.0.1", 8080);
    assert_facts(
        &found,
        "{\"pid\":500,\"name\":\"llama-server\",\"executable\":\"/usr/bin/llama-server\","
        "\"command_line\":[\"llama-server\",\"--port\",\"8080\"],"
        "\"cgroup\":\"/system.slice/llama.service\",\"container\":null,\"python\":null,\"gpus\":[]}");
    found_done(&found);
}

static void write_file(const char *root, const char *name, const char *text)
{
    struct error err = {0};
    CLEANUP(mem_freep) char *path = mem_format("%s/%s", root, name);
    CLEANUP(mem_freep) char *folder = mem_copy_bytes(path, (size_t)(strrchr(path, '/') - path));
    assert_int_equal(file_make_folder(folder, &err), 0);
    assert_int_equal(file_write_new(path, text, strlen(text), 0644, &err), 0);
}

static void test_find__says_that_root_would_see_more(void **state)
{
    (void)state;
    char root[] = "/tmp/bench-site-XXXXXX";
    assert_non_null(mkdtemp(root));
    assert_int_equal(chmod(root, 0755), 0);
    write_file(
        root, "proc/net/tcp",
        "head\n   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000   998        "
        "0 1001 1 0 100 0 0 10 0\n");
    write_file(root, "proc/7/stat", "7 (x) S 1 7 7\n");
    CLEANUP(mem_freep) char *denied = mem_format("%s/proc/7/fd", root);
    assert_int_equal(mkdir(denied, 0000), 0);
    const uid_t me = geteuid();
    const bool is_root = me == 0;
    assert_true(!is_root || seteuid(65534) == 0);
    struct found found;
    found_make(&found, root, "127.0.0.1", 8000);
    assert_true(!is_root || seteuid(me) == 0);
    assert_true(found.site.local);
    assert_int_equal(found.warnings->len, 1);
    assert_non_null(strstr(
        found.warnings->first->text,
        "its socket belongs to user 998, and only root may look into every process"));
    found_done(&found);
    CLEANUP(mem_freep) char *command = mem_format("chmod 700 %s && rm -rf %s", denied, root);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

static void test_process__ancestors(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct reader reader = {.arena = &arena, .root = MACHINE};
    assert_true(process_comes_from(&reader, 420, 410));
    assert_true(process_comes_from(&reader, 410, 410));
    assert_false(process_comes_from(&reader, 410, 420));
    assert_false(process_comes_from(&reader, 600, 410)); /* its parent is not there */
    size_t n = 0;
    const int32_t *pids = process_list(&reader, &n);
    assert_int_equal(n, 15);
    assert_int_equal(pids[0], 1);
    assert_int_equal(pids[14], 804);
    assert_string_equal(process_link(&reader, 411, "exe"), "/usr/bin/python3.11");
    assert_null(process_link(&reader, 501, "exe"));
    arena_done(&arena);
}

static void assert_gpus(const struct reader *reader, int32_t pid, const char *expected)
{
    struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    json_write_compact(engine_gpus_read(reader, pid), &text);
    assert_string_equal(text.data, expected);
    bytes_done(&text);
}

static void test_gpus__those_on_which_the_process_or_its_children_compute(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct reader reader = {
        .arena = &arena,
        .root = "tests/data/processes/gpus",
        .warnings = json_new(&arena, JSON_ARRAY)};
    /* AMD: by the memory that processes hold there. */
    assert_gpus(&reader, 4700, "[\"00000000:03:00.0\"]");
    assert_gpus(&reader, 4713, "[\"00000000:03:00.0\"]");
    assert_gpus(&reader, 4800, "[\"00000001:C5:01.0\"]");
    assert_gpus(&reader, 9999, "[]");
    assert_int_equal(reader.warnings->len, 0);
    /* NVIDIA: the processes 4711 and 4712 are on the one GPU. */
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    assert_int_equal(nvml_open(getenv("BENCH_TEST_NVML_OLD"), &nvml, &err), 0);
    reader.nvml = nvml;
    assert_gpus(&reader, 4700, "[\"00000000:8A:00.0\"]");
    assert_int_equal(reader.warnings->len, 0);
    assert_gpus(&reader, 4713, "[]");
    assert_int_equal(reader.warnings->len, 1);
    assert_non_null(strstr(reader.warnings->last->text, "engine_process.gpus is empty"));
    arena_done(&arena);
}

static void test_gpus__are_unknown_where_nothing_tells(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct reader reader = {
        .arena = &arena,
        .root = "tests/data/hardware/odd",
        .warnings = json_new(&arena, JSON_ARRAY)};
    assert_gpus(&reader, 1, "null");
    assert_int_equal(reader.warnings->len, 1);
    CLEANUP(nvml_closep) struct nvml *nvml = NULL;
    struct error err = {0};
    assert_int_equal(nvml_open(getenv("BENCH_TEST_NVML_DOUBLE"), &nvml, &err), 0);
    nvml->device_compute_processes = NULL; /* as of a driver that has no such function */
    nvml->device_compute_processes_v1 = NULL;
    reader.nvml = nvml;
    assert_gpus(&reader, 1, "null");
    assert_non_null(strstr(reader.warnings->last->text, "cannot be read"));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find__the_process_and_its_command_line_without_secrets),
        cmocka_unit_test(test_find__by_port),
        cmocka_unit_test(test_find__what_a_process_does_not_show_is_unknown),
        cmocka_unit_test(test_find__says_that_root_would_see_more),
        cmocka_unit_test(test_process__ancestors),
        cmocka_unit_test(test_gpus__those_on_which_the_process_or_its_children_compute),
        cmocka_unit_test(test_gpus__are_unknown_where_nothing_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
