/* System calls are wrapped by the linker (see meson.build), so that the Nth one fails, for N = 1..
 * until nothing is left to fail. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "support/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the wrapped calls do. */
static struct {
    bool counts; /* the test has begun */
    int fail_at; /* 1-based number of the call that fails; 0: none */
    int n_calls;
    int fail_errno;
    const char *failed;   /* name of the call that was made to fail */
    bool short_transfers; /* read and write move one byte at a time */
    bool interrupted;     /* every second read and write ends with EINTR */
    bool no_links;        /* link fails as on a file system without hard links */
} faults;

static bool must_fail(const char *name)
{
    if (!faults.counts) {
        return false;
    }
    faults.n_calls++;
    if (faults.n_calls != faults.fail_at) {
        return false;
    }
    faults.failed = name;
    errno = faults.fail_errno;
    return true;
}

static bool must_interrupt(void)
{
    static bool last;
    last = faults.interrupted && !last;
    errno = last ? EINTR : errno;
    return last;
}

/* The names that -Wl,--wrap gives to the replacement and to the original. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,readability-identifier-naming) */
ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_mkostemp64(char *name, int flags);
int __wrap_mkostemp64(char *name, int flags);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

ssize_t __wrap_read(int fd, void *data, size_t len)
{
    if (must_fail("read") || must_interrupt()) {
        return -1;
    }
    return __real_read(fd, data, faults.short_transfers && len > 1 ? 1 : len);
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
    if (must_fail("write") || must_interrupt()) {
        return -1;
    }
    return __real_write(fd, data, faults.short_transfers && len > 1 ? 1 : len);
}

int __wrap_fsync(int fd)
{
    return must_fail("fsync") ? -1 : __real_fsync(fd);
}

/* A close that fails has closed all the same. */
int __wrap_close(int fd)
{
    const bool fails = must_fail("close");
    const int saved = errno;
    const int result = __real_close(fd);
    errno = fails ? saved : errno;
    return fails ? -1 : result;
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return must_fail("fchmod") ? -1 : __real_fchmod(fd, mode);
}

int __wrap_link(const char *from, const char *to)
{
    if (faults.no_links) {
        errno = EPERM;
        return -1;
    }
    if (must_fail("link")) {
        return -1;
    }
    return __real_link(from, to);
}

int __wrap_mkostemp64(char *name, int flags)
{
    return must_fail("mkostemp") ? -1 : __real_mkostemp64(name, flags);
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return must_fail("renameat2") ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
}

int __wrap_open64(const char *path, int flags, ...)
{
    /* The code under test opens to read only: no mode follows. */
    return must_fail("open") ? -1 : __real_open64(path, flags);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,readability-identifier-naming) */

struct fixture {
    char folder[64];
    char path[128];
};

static int setup(void **state)
{
    struct fixture *fixture = MEM_NEW(struct fixture);
    (void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/bench-test-file-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof(fixture->path), "%s/result.json", fixture->folder);
    memset(&faults, 0, sizeof(faults));
    *state = fixture;
    return 0;
}

/* Removes the folder's files (all tests make files only, one level deep at most). */
static unsigned empty_folder(const char *folder)
{
    unsigned n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    struct dirent *row = NULL;
    /* One thread: readdir is safe. */
    while ((row = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        if (row->d_name[0] != '.' || text_starts_with(row->d_name, ".bench")) {
            CLEANUP(mem_freep) char *path = file_join(folder, row->d_name);
            assert_int_equal(unlink(path), 0);
            n++;
        }
    }
    (void)closedir(dir);
    return n;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    faults.counts = false;
    (void)empty_folder(fixture->folder);
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

static void assert_content(const char *path, const char *content)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read(path, 1000000, &text, &len, &err), 0);
    assert_int_equal(len, strlen(content));
    assert_string_equal(text, content);
}

static void test_file_write_new__writes_content_and_mode(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(file_write_new(fixture->path, "hello", 5, 0640, &err), 0);
    assert_content(fixture->path, "hello");
    struct stat info;
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(info.st_nlink, 1);
    assert_int_equal(empty_folder(fixture->folder), 1);
}

static void test_file_write_new__does_not_replace(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(file_write_new(fixture->path, "first", 5, 0600, &err), 0);
    assert_int_equal(file_write_new(fixture->path, "second", 6, 0600, &err), -ERROR_USAGE);
    CLEANUP(mem_freep)
    char *expected = mem_format("%s exists already and is not overwritten", fixture->path);
    assert_string_equal(err.text, expected);
    assert_content(fixture->path, "first");
    assert_int_equal(empty_folder(fixture->folder), 1);
}

static void test_file_write_new__works_without_hard_links(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    faults.no_links = true;
    assert_int_equal(file_write_new(fixture->path, "first", 5, 0600, &err), 0);
    assert_content(fixture->path, "first");
    assert_int_equal(file_write_new(fixture->path, "second", 6, 0600, &err), -ERROR_USAGE);
    assert_content(fixture->path, "first");
    assert_int_equal(empty_folder(fixture->folder), 1);
}

static void test_file_write_new__survives_short_and_interrupted_writes(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    faults.short_transfers = true;
    faults.interrupted = true;
    assert_int_equal(file_write_new(fixture->path, "hello world", 11, 0600, &err), 0);
    assert_content(fixture->path, "hello world");
}

/* Writes while call number `n` fails.  Returns the result; all that must hold is checked. */
static int write_with_fault(const struct fixture *fixture, int n)
{
    struct error err = {0};
    faults.counts = true;
    faults.fail_at = n;
    faults.n_calls = 0;
    faults.fail_errno = EIO;
    faults.failed = NULL;
    const int result = file_write_new(fixture->path, "hello", 5, 0600, &err);
    faults.counts = false;
    print_message("  call %d: %s\n", n, faults.failed != NULL ? faults.failed : "none");
    if (result == 0) {
        assert_content(fixture->path, "hello");
        assert_int_equal(empty_folder(fixture->folder), 1);
        return result;
    }
    assert_int_equal(result, -ERROR_IO);
    assert_int_equal(err.os_errno, EIO);
    CLEANUP(mem_freep) char *expected = mem_format("cannot write %s", fixture->path);
    assert_true(text_starts_with(err.text, expected));
    assert_true(text_ends_with(err.text, ": Input/output error"));
    assert_int_equal(empty_folder(fixture->folder), 0);
    return result;
}

/* The Nth call fails, for N = 1.. until none does.  Returns how many of them failed the write. */
static unsigned count_failures(const struct fixture *fixture)
{
    unsigned n_failures = 0;
    int n = 0;
    do {
        n++;
        n_failures += write_with_fault(fixture, n) < 0 ? 1 : 0;
    } while (faults.failed != NULL);
    return n_failures;
}

static void test_file_write_new__leaves_nothing_behind_when_any_call_fails(void **state)
{
    /* mkostemp, fchmod, write, fsync, close; open and fsync of the folder.  A link that fails is
     * made up for by renameat2, and the folder's close changes nothing. */
    assert_int_equal(count_failures(*state), 7);
    faults.no_links = true;
    assert_int_equal(count_failures(*state), 8); /* renameat2 too */
}

static void test_file_replace__replaces_whole(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(file_replace(fixture->path, "first", 5, 0600, &err), 0);
    assert_content(fixture->path, "first");
    assert_int_equal(file_replace(fixture->path, "2", 1, 0644, &err), 0);
    assert_content(fixture->path, "2");
    struct stat info;
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_int_equal(empty_folder(fixture->folder), 1);
}

/* The Nth call fails, for N = 1.. until none does: what is there is one of the two texts, and nothing else is. */
static void test_file_replace__leaves_the_old_or_the_new_when_any_call_fails(void **state)
{
    const struct fixture *fixture = *state;
    unsigned n_failures = 0;
    for (int n = 1; n == 1 || faults.failed != NULL; n++) {
        struct error err = {0};
        assert_int_equal(file_replace(fixture->path, "old", 3, 0600, &err), 0);
        faults.counts = true;
        faults.fail_at = n;
        faults.n_calls = 0;
        faults.fail_errno = EIO;
        faults.failed = NULL;
        const int result = file_replace(fixture->path, "new", 3, 0600, &err);
        faults.counts = false;
        if (result < 0) {
            n_failures++;
            assert_int_equal(result, -ERROR_IO);
            CLEANUP(mem_freep) char *expected = mem_format("cannot write %s", fixture->path);
            assert_true(text_starts_with(err.text, expected));
        }
        char *text = NULL;
        size_t len = 0;
        struct error ignored = {0};
        assert_int_equal(file_read(fixture->path, 10, &text, &len, &ignored), 0);
        assert_true(strcmp(text, "new") == 0 || (result < 0 && strcmp(text, "old") == 0));
        free(text);
        assert_int_equal(empty_folder(fixture->folder), 1);
    }
    assert_int_equal(
        n_failures, 7); /* mkostemp, fchmod, write, fsync, close; open and fsync of the folder */
}

static void test_file_write_new__names_the_path_when_the_folder_is_missing(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(file_write_new("/nonexistent/a.json", "x", 1, 0600, &err), -ERROR_IO);
    assert_string_equal(err.text, "cannot write /nonexistent/a.json: No such file or directory");
}

static void test_file_write_new__writes_into_the_current_folder(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(here >= 0);
    assert_int_equal(chdir(fixture->folder), 0);
    const int result = file_write_new("plain.json", "x", 1, 0600, &err);
    assert_int_equal(fchdir(here), 0);
    (void)close(here);
    assert_int_equal(result, 0);
    CLEANUP(mem_freep) char *path = file_join(fixture->folder, "plain.json");
    assert_content(path, "x");
}

static void test_file_read__keeps_every_byte(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};

    enum {
        SIZE = 70000
    };

    CLEANUP(mem_freep) char *data = mem_alloc(SIZE, 1);
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (char)(i * 31 & 0xff);
    }
    assert_int_equal(file_write_new(fixture->path, data, SIZE, 0600, &err), 0);
    CLEANUP(mem_freep) char *read_back = NULL;
    size_t len = 0;
    assert_int_equal(file_read(fixture->path, SIZE, &read_back, &len, &err), 0);
    assert_int_equal(len, SIZE);
    assert_memory_equal(read_back, data, SIZE);
    assert_int_equal(read_back[SIZE], '\0');

    CLEANUP(mem_freep) char *untouched = NULL;
    assert_int_equal(file_read(fixture->path, SIZE - 1, &untouched, &len, &err), -ERROR_LIMIT);
    assert_null(untouched);
    CLEANUP(mem_freep)
    char *expected = mem_format("%s is larger than 69999 bytes", fixture->path);
    assert_string_equal(err.text, expected);
}

static void test_file_read__survives_short_and_interrupted_reads(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(file_write_new(fixture->path, "hello world", 11, 0600, &err), 0);
    faults.short_transfers = true;
    faults.interrupted = true;
    assert_content(fixture->path, "hello world");
}

static void test_file_read__names_what_cannot_be_read(void **state)
{
    const struct fixture *fixture = *state;
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 77;
    struct error err = {0};
    assert_int_equal(file_read("/nonexistent/a", 10, &text, &len, &err), -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "cannot open /nonexistent/a: No such file or directory");

    error_clear(&err);
    assert_int_equal(file_read("/tmp", 10, &text, &len, &err), -ERROR_NOT_FOUND);
    assert_string_equal(err.text, "/tmp is a folder, not a file");

    error_clear(&err);
    assert_int_equal(symlink(fixture->path, fixture->path), 0); /* points at itself */
    assert_int_equal(file_read(fixture->path, 10, &text, &len, &err), -ERROR_IO);
    assert_true(text_ends_with(err.text, ": Too many levels of symbolic links"));
    assert_int_equal(empty_folder(fixture->folder), 1);

    error_clear(&err);
    assert_int_equal(file_write_new(fixture->path, "x", 1, 0600, &err), 0);
    faults.counts = true;
    faults.fail_at = 2; /* open, then read */
    faults.fail_errno = EIO;
    assert_int_equal(file_read(fixture->path, 10, &text, &len, &err), -ERROR_IO);
    assert_string_equal(faults.failed, "read");
    CLEANUP(mem_freep)
    char *expected = mem_format("cannot read %s: Input/output error", fixture->path);
    assert_string_equal(err.text, expected);
    assert_null(text);
    assert_int_equal(len, 77);
}

static void test_file_make_folder__makes_all_parents(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    CLEANUP(mem_freep) char *outer = file_join(fixture->folder, "a");
    CLEANUP(mem_freep) char *inner = file_join(outer, "b");
    CLEANUP(mem_freep) char *with_slash = file_join(inner, "");
    assert_int_equal(file_make_folder(with_slash, &err), 0);
    assert_true(file_is_folder(inner));
    assert_int_equal(file_make_folder(inner, &err), 0);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(outer), 0);
    assert_int_equal(file_make_folder("/", &err), 0);
    assert_int_equal(file_make_folder("", &err), 0); /* the current folder, as for file_join */
}

static void test_file_make_folder__refuses_a_file_in_the_way(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(file_write_new(fixture->path, "x", 1, 0600, &err), 0);
    assert_int_equal(file_make_folder(fixture->path, &err), -ERROR_IO);
    CLEANUP(mem_freep)
    char *expected = mem_format("%s exists and is not a folder", fixture->path);
    assert_string_equal(err.text, expected);

    error_clear(&err);
    CLEANUP(mem_freep) char *below = file_join(fixture->path, "c");
    assert_int_equal(file_make_folder(below, &err), -ERROR_IO);
    CLEANUP(mem_freep)
    char *expected_below = mem_format("cannot make folder %s: Not a directory", below);
    assert_string_equal(err.text, expected_below);
}

static void test_file_check_writable__leaves_nothing_behind(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_int_equal(file_check_writable(fixture->folder, &err), 0);
    assert_int_equal(empty_folder(fixture->folder), 0);
    assert_int_equal(file_check_writable("/nonexistent", &err), -ERROR_IO);
    assert_string_equal(err.text, "cannot write in folder /nonexistent: No such file or directory");
}

static void test_file_exists__tells_files_from_folders(void **state)
{
    const struct fixture *fixture = *state;
    struct error err = {0};
    assert_false(file_exists(fixture->path));
    assert_false(file_is_folder(fixture->path));
    assert_int_equal(file_write_new(fixture->path, "", 0, 0600, &err), 0);
    assert_true(file_exists(fixture->path));
    assert_false(file_is_folder(fixture->path));
    assert_true(file_is_folder(fixture->folder));
}

static void test_file_join__puts_one_slash_between(void **state)
{
    (void)state;

    static const struct {
        const char *folder;
        const char *name;
        const char *joined;
    } rows[] = {
        {"", "a", "a"},
        {"x", "a", "x/a"},
        {"x/", "a", "x/a"},
        {"/", "a", "/a"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(mem_freep) char *joined = file_join(rows[i].folder, rows[i].name);
        assert_string_equal(joined, rows[i].joined);
    }
    assert_string_equal(file_base_name("a/b/c.json"), "c.json");
    assert_string_equal(file_base_name("c.json"), "c.json");
    assert_string_equal(file_base_name("a/"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_file_write_new__writes_content_and_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_write_new__does_not_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_write_new__works_without_hard_links, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_write_new__survives_short_and_interrupted_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_write_new__leaves_nothing_behind_when_any_call_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_replace__replaces_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_replace__leaves_the_old_or_the_new_when_any_call_fails, setup, teardown),
        cmocka_unit_test(test_file_write_new__names_the_path_when_the_folder_is_missing),
        cmocka_unit_test_setup_teardown(
            test_file_write_new__writes_into_the_current_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_read__keeps_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_read__survives_short_and_interrupted_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_read__names_what_cannot_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_make_folder__makes_all_parents, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_make_folder__refuses_a_file_in_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_check_writable__leaves_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_file_exists__tells_files_from_folders, setup, teardown),
        cmocka_unit_test(test_file_join__puts_one_slash_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
