/* Parent and child talk over two pipes: up comes the port, or what went wrong, and in the end a
 * byte when all is handed over; the end of the other pipe tells the child to stop.  The truth comes over in a memory file. */
#include "load/selftest_engine.h"

#include "base/mem.h"
#include "sim/sim_server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct selftest_engine {
    pid_t pid;
    int up_fd;    /* read end */
    int down_fd;  /* write end */
    int truth_fd; /* memory file */
    unsigned port;
};

/* First message of the child. */
struct hello {
    unsigned port; /* 0: failed */
    enum error_code code;
    char text[ERROR_TEXT_MAX];
};

static bool write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        const ssize_t n = write(fd, at, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool read_all(int fd, void *data, size_t len)
{
    char *at = data;
    while (len > 0) {
        const ssize_t n = read(fd, at, len);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool hand_over(const struct sim_server *server, int truth_fd)
{
    enum {
        ENTRIES = 1024
    };
    struct sim_truth entries[ENTRIES];
    const struct sim_truth_log *log = sim_server_truth(server);
    const uint64_t n = sim_truth_count(log);
    for (uint64_t from = 0; from < n; from += ENTRIES) {
        const uint64_t count = n - from < ENTRIES ? n - from : ENTRIES;
        for (uint64_t i = 0; i < count; i++) {
            entries[i] = *sim_truth_at(log, from + i);
        }
        if (!write_all(truth_fd, entries, count * sizeof(*entries))) {
            return false;
        }
    }
    return true;
}

/* The child's whole life.  The terminal's Ctrl-C is the parent's to handle. */
_Noreturn static void
engine_main(const struct sim_options *sim, int up_fd, int down_fd, int truth_fd)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_NAME, "selftest-engine");
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_DFL);
    const struct sim_server_options options = {.sim = *sim, .keep_truth = true};
    struct sim_server *server = NULL;
    struct error err = {0};
    struct hello hello = {0};
    if (sim_server_start(&options, &server, &err) < 0) {
        hello.code = err.code;
        (void)snprintf(hello.text, sizeof(hello.text), "%s", err.text);
        (void)write_all(up_fd, &hello, sizeof(hello));
        _exit(1);
    }
    hello.port = sim_server_port(server);
    bool good = write_all(up_fd, &hello, sizeof(hello));
    char byte = 0;
    while (read(down_fd, &byte, 1) < 0 && errno == EINTR) {
    }
    good = good && hand_over(server, truth_fd) && write_all(up_fd, &byte, sizeof(byte));
    _exit(good ? 0 : 1);
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void engine_free(struct selftest_engine *self)
{
    close_fd(self->up_fd);
    close_fd(self->down_fd);
    close_fd(self->truth_fd);
    free(self);
}

/* The child's ends of the pipes in child_fds: up, down. */
MUST_CHECK static int
open_channels(struct selftest_engine *self, int child_fds[2], struct error *err)
{
    int up[2] = {-1, -1};
    int down[2] = {-1, -1};
    self->truth_fd = memfd_create("truth", MFD_CLOEXEC);
    if (self->truth_fd < 0 || pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0) {
        const int saved = errno;
        close_fd(up[0]);
        close_fd(up[1]);
        return error_set_os(err, ERROR_IO, saved, "cannot start the simulated engine's process");
    }
    self->up_fd = up[0];
    self->down_fd = down[1];
    child_fds[0] = up[1];
    child_fds[1] = down[0];
    return 0;
}

static void reap(struct selftest_engine *self, struct rusage *usage)
{
    while (wait4(self->pid, NULL, 0, usage) < 0 && errno == EINTR) {
    }
}

MUST_CHECK static int greet(struct selftest_engine *self, struct error *err)
{
    struct hello hello = {0};
    struct rusage usage = {0};
    if (!read_all(self->up_fd, &hello, sizeof(hello))) {
        reap(self, &usage);
        return error_set(err, ERROR_IO, "the simulated engine's process ended at its start");
    }
    if (hello.port == 0) {
        reap(self, &usage);
        return error_set(err, hello.code, "%s", hello.text);
    }
    self->port = hello.port;
    return 0;
}

int selftest_engine_start(
    const struct sim_options *sim, struct selftest_engine **out, struct error *err)
{
    struct selftest_engine *self = MEM_NEW(struct selftest_engine);
    *self = (struct selftest_engine){.up_fd = -1, .down_fd = -1, .truth_fd = -1};
    int child_fds[2] = {-1, -1};
    int result = open_channels(self, child_fds, err);
    if (result < 0) {
        engine_free(self);
        return result;
    }
    self->pid = fork();
    if (self->pid == 0) {
        close_fd(self->down_fd);
        engine_main(sim, child_fds[0], child_fds[1], self->truth_fd);
    }
    const int fork_errno = errno;
    close_fd(child_fds[0]);
    close_fd(child_fds[1]);
    result =
        self->pid < 0
            ? error_set_os(err, ERROR_IO, fork_errno, "cannot start the simulated engine's process")
            : greet(self, err);
    if (result < 0) {
        engine_free(self);
        return result;
    }
    *out = self;
    return 0;
}

unsigned selftest_engine_port(const struct selftest_engine *self)
{
    return self->port;
}

static int64_t cpu_of(const struct rusage *usage)
{
    const int64_t s = (int64_t)usage->ru_utime.tv_sec + (int64_t)usage->ru_stime.tv_sec;
    const int64_t us = (int64_t)usage->ru_utime.tv_usec + (int64_t)usage->ru_stime.tv_usec;
    return s * INT64_C(1000000000) + us * 1000;
}

MUST_CHECK static int
map_truth(const struct selftest_engine *self, struct selftest_truth *out, struct error *err)
{
    const off_t size = lseek(self->truth_fd, 0, SEEK_END);
    assert(size >= 0);
    out->n = (uint64_t)size / sizeof(*out->entries);
    if (out->n == 0) {
        return 0;
    }
    void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, self->truth_fd, 0);
    if (map == MAP_FAILED) {
        return error_set_os(err, ERROR_IO, errno, "cannot map the simulated engine's truth");
    }
    out->map = map;
    out->entries = map;
    out->map_len = (size_t)size;
    for (uint64_t i = 0; i < out->n; i++) {
        out->n_tokens += out->entries[i].tokens;
    }
    return 0;
}

int selftest_engine_stop(
    struct selftest_engine *self, struct selftest_truth *out, struct error *err)
{
    if (self == NULL) {
        return 0;
    }
    close_fd(self->down_fd);
    self->down_fd = -1;
    struct selftest_truth truth = {0};
    struct rusage usage = {0};
    char done = 0;
    const bool good = read_all(self->up_fd, &done, sizeof(done));
    reap(self, &usage);
    int result = 0;
    if (!good) {
        result = error_set(err, ERROR_IO, "the simulated engine's process ended too early");
    } else if (out != NULL) {
        truth.cpu_ns = cpu_of(&usage);
        result = map_truth(self, &truth, err);
    }
    if (result == 0 && out != NULL) {
        *out = truth;
    }
    engine_free(self);
    return result;
}

void selftest_truth_done(struct selftest_truth *self)
{
    if (self->map_len > 0) {
        (void)munmap(self->map, self->map_len);
    }
    *self = (struct selftest_truth){0};
}
