/* The file system's free space is wrapped by the linker (see meson.build), so that it can be small. */
#include "base/text.h"
#include "suite/hub_download.h"
#include "support/scratch.h"
#include "support/test.h"

#include <string.h>
#include <sys/statvfs.h>

#define MIB ((uint64_t)1 << 20)

static uint64_t free_bytes;

/* The linker chooses this name. */
/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,readability-identifier-naming) */
int __wrap_statvfs64(const char *path, struct statvfs *out);

/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,readability-identifier-naming) */
int __wrap_statvfs64(const char *path, struct statvfs *out)
{
    (void)path;
    *out = (struct statvfs){.f_frsize = 1, .f_bavail = free_bytes};
    return 0;
}

/* Nothing answers at the endpoint: what ends before it is asked says so. */
static int download(struct scratch *scratch, const struct hub_facts *facts, struct error *err)
{
    const struct hub_name name = {.owner = "o", .dataset = "n", .file = "f", .revision = "main"};
    const struct hub_settings settings = {
        .endpoint = "http://127.0.0.1:1", .max_bytes = 100 * MIB, .cache = scratch->folder};
    char path[SCRATCH_PATH_MAX];
    char etag_path[SCRATCH_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/part", scratch->folder);
    (void)snprintf(etag_path, sizeof(etag_path), "%s/part.etag", scratch->folder);
    const struct hub_download self = {&settings, &name, "0123456789abcdef0123456789abcdef01234567",
                                      facts,     path,  etag_path};
    return hub_download_run(&self, err);
}

static void test_hub_download_run__looks_for_room_first(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    const struct hub_facts facts = {.size = 50 * MIB, .has_size = true};
    struct error err = {0};
    free_bytes = 66 * MIB - 1; /* 16 MiB are left to others */
    assert_int_equal(download(&scratch, &facts, &err), -ERROR_IO);
    char message[SCRATCH_PATH_MAX + 100];
    (void)snprintf(
        message, sizeof(message),
        "%s: 65 MiB are free and 67 are needed: make room, or set BENCH_CACHE_DIR to another "
        "folder",
        scratch.folder);
    assert_string_equal(err.text, message);
    /* With enough of it the hub is asked. */
    error_clear(&err);
    free_bytes = 66 * MIB;
    assert_int_equal(download(&scratch, &facts, &err), -ERROR_UNAVAILABLE);
    assert_true(text_starts_with(err.text, "http://127.0.0.1:1/datasets/o/n/resolve/0123"));
    assert_non_null(strstr(err.text, "; 0 of 52428800 bytes are kept: run it again to go on"));
}

/* What is here already needs no room, and a file that is whole needs no request. */
static void test_hub_download_run__counts_what_is_here(void **state)
{
    (void)state;
    CLEANUP(scratch_done) struct scratch scratch;
    scratch_init(&scratch);
    (void)scratch_write_bytes(&scratch, "part", "abc", 3);
    free_bytes = 16 * MIB;
    struct error err = {0};
    const struct hub_facts facts = {.size = 3, .has_size = true};
    assert_int_equal(download(&scratch, &facts, &err), 0);
    const struct hub_facts longer = {.size = 4, .has_size = true};
    assert_int_equal(download(&scratch, &longer, &err), -ERROR_IO);
    assert_non_null(strstr(err.text, "16 MiB are free and 17 are needed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hub_download_run__looks_for_room_first),
        cmocka_unit_test(test_hub_download_run__counts_what_is_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
