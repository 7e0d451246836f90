/* Results appear whole or not at all: every system call of the writing fails in turn, and what lies
 * in the folder afterwards is either everything or nothing. */
#include "base/file.h"
#include "envelope/verify.h"
#include "support/envelope_point.h"
#include "support/test.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- System calls that fail when told.  A program's own definition of a symbol comes before the
 * library's; the label gives a function here the symbol's name. ---- */

static struct {
    bool armed;
    int fail_at;      /* the call that fails, from 1; 0: none */
    int n_calls;      /* calls since arming */
    int error;        /* its errno */
    bool short_write; /* every write takes one byte less than asked */
} faults;

static bool is_failing(void)
{
    if (!faults.armed) {
        return false;
    }
    faults.n_calls++;
    if (faults.n_calls != faults.fail_at) {
        return false;
    }
    errno = faults.error;
    return true;
}

/* dlsym returns a data pointer; the copy makes it a function without a cast that C forbids. */
static void real_function(const char *name, void *out, size_t size)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    assert_non_null(symbol);
    memcpy(out, &symbol, size);
}

ssize_t faulty_write(int fd, const void *data, size_t n) __asm__("write");
int faulty_fsync(int fd) __asm__("fsync");
int faulty_fchmod(int fd, mode_t mode) __asm__("fchmod");
int faulty_link(const char *from, const char *to) __asm__("link");
int faulty_renameat2(
    int from_fd, const char *from, int to_fd, const char *to, unsigned flags) __asm__("renameat2");
int faulty_close(int fd) __asm__("close");
int faulty_mkostemp(char *template, int flags) __asm__("mkostemp64");
int faulty_open(const char *path, int flags, ...) __asm__("open64");

ssize_t faulty_write(int fd, const void *data, size_t n)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) {
        real_function("write", &real, sizeof(real));
    }
    if (is_failing()) {
        return -1;
    }
    return real(fd, data, faults.armed && faults.short_write && n > 1 ? n / 2 : n);
}

int faulty_fsync(int fd)
{
    static int (*real)(int);
    if (real == NULL) {
        real_function("fsync", &real, sizeof(real));
    }
    return is_failing() ? -1 : real(fd);
}

int faulty_fchmod(int fd, mode_t mode)
{
    static int (*real)(int, mode_t);
    if (real == NULL) {
        real_function("fchmod", &real, sizeof(real));
    }
    return is_failing() ? -1 : real(fd, mode);
}

int faulty_link(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    if (real == NULL) {
        real_function("link", &real, sizeof(real));
    }
    return is_failing() ? -1 : real(from, to);
}

int faulty_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    static int (*real)(int, const char *, int, const char *, unsigned);
    if (real == NULL) {
        real_function("renameat2", &real, sizeof(real));
    }
    return is_failing() ? -1 : real(from_fd, from, to_fd, to, flags);
}

int faulty_close(int fd)
{
    static int (*real)(int);
    if (real == NULL) {
        real_function("close", &real, sizeof(real));
    }
    /* As Linux does: the descriptor is gone, whatever close answers. */
    const bool fails = is_failing();
    const int saved = errno;
    const int rc = real(fd);
    if (fails) {
        errno = saved;
        return -1;
    }
    return rc;
}

int faulty_mkostemp(char *template, int flags)
{
    static int (*real)(char *, int);
    if (real == NULL) {
        real_function("mkostemp64", &real, sizeof(real));
    }
    return is_failing() ? -1 : real(template, flags);
}

int faulty_open(const char *path, int flags, ...)
{
    static int (*real)(const char *, int, ...);
    if (real == NULL) {
        real_function("open64", &real, sizeof(real));
    }
    va_list args;
    va_start(args, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return is_failing() ? -1 : real(path, flags, mode);
}

/* ---- A signed envelope and a folder. ---- */

struct scene {
    struct envelope_point *point;
    struct envelope envelope;
    char folder[64];
};

static void scene_make(struct scene *self)
{
    struct error err = {0};
    (void)snprintf(self->folder, sizeof(self->folder), "/tmp/bench-write-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    CLEANUP(mem_freep) char *key_path = file_join(self->folder, "k.key");
    CLEANUP(mem_freep) char *public_path = NULL;
    CLEANUP(signing_key_freep) struct signing_key *key = NULL;
    assert_int_equal(signing_key_generate(key_path, &public_path, &err), 0);
    assert_int_equal(signing_key_load(key_path, NULL, &key, &err), 0);
    assert_int_equal(unlink(key_path), 0);
    assert_int_equal(unlink(public_path), 0);
    self->point = envelope_point_new();
    assert_int_equal(envelope_build(&self->point->inputs, &self->envelope, &err), 0);
    assert_int_equal(envelope_sign(&self->envelope, key, &err), 0);
}

static void scene_done(struct scene *self)
{
    CLEANUP(mem_freep) char *command = mem_format("rm -rf %s", self->folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
    envelope_done(&self->envelope);
    envelope_point_free(self->point);
}

static size_t count_files(const char *path)
{
    size_t n = 0;
    DIR *folder = opendir(path);
    assert_non_null(folder);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        n += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    }
    (void)closedir(folder);
    return n;
}

static int write_with_fault(struct scene *self, int fail_at, int error, struct error *err)
{
    char *path = NULL;
    faults.armed = true;
    faults.fail_at = fail_at;
    faults.n_calls = 0;
    faults.error = error;
    const int rc = envelope_write(&self->envelope, self->folder, "c4-", &path, err);
    faults.armed = false;
    if (rc == 0) {
        CLEANUP(mem_freep) struct verify_report *report = MEM_NEW(struct verify_report);
        const struct verify_options options = {
            .path = path, .recompute = true, .require_records = true};
        struct error verify_err = {0};
        assert_int_equal(envelope_verify(&options, report, &verify_err), 0);
        assert_true(report->good);
    } else {
        assert_null(path);
    }
    free(path);
    return rc;
}

static void test_write__names_files_by_prefix_and_hash(void **state)
{
    (void)state;
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    char *path = NULL;
    assert_int_equal(envelope_write(&scene.envelope, scene.folder, "rps0p5-", &path, &err), 0);
    CLEANUP(mem_freep)
    char *expected = mem_format("%s/rps0p5-%.12s.json", scene.folder, scene.envelope.content_hash);
    CLEANUP(mem_freep)
    char *records =
        mem_format("%s/rps0p5-%.12s.records.jsonl.zst", scene.folder, scene.envelope.content_hash);
    assert_string_equal(path, expected);
    assert_true(file_exists(records));
    assert_int_equal(count_files(scene.folder), 2);
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    assert_int_equal(file_read(path, JSON_SIZE_MAX, &text, &len, &err), 0);
    assert_memory_equal(text, "{\n  \"envelope_version\": \"v1\",\n  \"suite_id\"", 42);
    assert_memory_equal(text + len - 4, "}\n}\n", 4);
    free(path);
    scene_done(&scene);
}

static void test_write__overwrites_nothing(void **state)
{
    (void)state;
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    assert_int_equal(write_with_fault(&scene, 0, 0, &err), 0);
    assert_int_equal(write_with_fault(&scene, 0, 0, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, ".json exists already and is not overwritten"));
    assert_int_equal(count_files(scene.folder), 2);

    /* The records alone are there: they stay, and no envelope comes to them. */
    CLEANUP(mem_freep)
    char *path = mem_format("%s/c4-%.12s.json", scene.folder, scene.envelope.content_hash);
    assert_int_equal(unlink(path), 0);
    error_clear(&err);
    assert_int_equal(write_with_fault(&scene, 0, 0, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, ".records.jsonl.zst exists already"));
    assert_int_equal(count_files(scene.folder), 1);
    scene_done(&scene);
}

/* The n-th call of a writing fails.  Returns true when the writing failed for it; *out_reached says
 * whether there was an n-th call. */
static bool fail_nth(int n, int error, bool *out_reached)
{
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    const int rc = write_with_fault(&scene, n, error, &err);
    *out_reached = faults.n_calls >= n;
    const size_t n_files = count_files(scene.folder);
    if (n_files != (rc == 0 ? 2U : 0U)) {
        print_error("call %d fails: %d '%s', %zu files\n", n, rc, err.text, n_files);
        fail();
    }
    if (rc < 0) {
        assert_int_equal(rc, -ERROR_IO);
        assert_non_null(strstr(err.text, "/tmp/bench-write-"));
    }
    scene_done(&scene);
    return rc < 0;
}

static void test_write__leaves_all_or_nothing_whatever_fails(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        size_t n_failed = 0;
        bool reached = true;
        for (int n = 1; reached; n++) {
            n_failed += fail_nth(n, errors[i], &reached);
        }
        /* Two files, each: make, mode, write, sync, close, folder open, folder sync.  (A link that
         * fails is made good by a rename.) */
        assert_true(n_failed >= 14);
    }
}

static void test_write__takes_short_writes(void **state)
{
    (void)state;
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    faults.short_write = true;
    const int rc = write_with_fault(&scene, 0, 0, &err);
    faults.short_write = false;
    assert_int_equal(rc, 0);
    scene_done(&scene);
}

static void test_write__on_a_full_disk(void **state)
{
    (void)state;
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
    /* Room for the records but not for the envelope, then for neither. */
    const rlim_t limits[] = {scene.envelope.records.len, 16};
    int codes[ARRAY_LEN(limits)];
    size_t n_files[ARRAY_LEN(limits)];
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        const struct rlimit small = {.rlim_cur = limits[i], .rlim_max = old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        error_clear(&err);
        codes[i] = write_with_fault(&scene, 0, 0, &err);
        n_files[i] = count_files(scene.folder);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, old_handler);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        assert_int_equal(codes[i], -ERROR_IO);
        assert_int_equal(n_files[i], 0);
    }
    assert_non_null(strstr(err.text, "File too large"));
    scene_done(&scene);
}

static void test_write__into_a_folder_that_cannot_be_written(void **state)
{
    (void)state;
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    assert_int_equal(chmod(scene.folder, 0555), 0);
    const uid_t me = geteuid();
    assert_true(me != 0 || seteuid(65534) == 0);
    const int rc = write_with_fault(&scene, 0, 0, &err);
    assert_true(me != 0 || seteuid(me) == 0);
    assert_int_equal(chmod(scene.folder, 0755), 0);
    assert_int_equal(rc, -ERROR_IO);
    assert_non_null(strstr(err.text, "Permission denied"));
    assert_int_equal(count_files(scene.folder), 0);

    char *path = NULL;
    error_clear(&err);
    assert_int_equal(
        envelope_write(&scene.envelope, "/nonexistent/folder", "", &path, &err), -ERROR_IO);
    assert_non_null(strstr(err.text, "/nonexistent/folder/"));
    scene_done(&scene);
}

static void test_write__without_records_writes_one_file(void **state)
{
    (void)state;
    struct scene scene;
    struct error err = {0};
    scene_make(&scene);
    bytes_done(&scene.envelope.records);
    char *path = NULL;
    assert_int_equal(envelope_write(&scene.envelope, scene.folder, "", &path, &err), 0);
    assert_int_equal(count_files(scene.folder), 1);
    free(path);
    scene_done(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write__names_files_by_prefix_and_hash),
        cmocka_unit_test(test_write__overwrites_nothing),
        cmocka_unit_test(test_write__leaves_all_or_nothing_whatever_fails),
        cmocka_unit_test(test_write__takes_short_writes),
        cmocka_unit_test(test_write__on_a_full_disk),
        cmocka_unit_test(test_write__into_a_folder_that_cannot_be_written),
        cmocka_unit_test(test_write__without_records_writes_one_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
