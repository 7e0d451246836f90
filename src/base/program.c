/* The child leads a process group of its own: killing it takes along what it started, and a Ctrl-C at the
 * terminal is left to this program. */
#include "base/program.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 16384,
    FIRST_OTHER_FD = 3
};

/* How long between two looks at a child that has closed its output. */
#define LOOK_NS (2 * NS_PER_MS)

static char path_variable[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char locale_variable[] = "LC_ALL=C";
static char *const environment[] = {path_variable, locale_variable, NULL};

static int add_actions(posix_spawn_file_actions_t *actions, int output)
{
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    }
    if (rc == 0) {
        rc = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    if (rc == 0) {
        rc = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_OTHER_FD);
    }
    return rc;
}

/* Own group, no blocked and no ignored signals. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int rc = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (rc == 0) {
        rc = posix_spawnattr_setpgroup(attributes, 0);
    }
    if (rc == 0) {
        rc = posix_spawnattr_setsigmask(attributes, &none);
    }
    if (rc == 0) {
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    }
    return rc;
}

static int start(const struct program *self, int output, pid_t *out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = add_actions(&actions, output);
        rc = rc == 0 ? set_attributes(&attributes) : rc;
        if (rc == 0) {
            /* The prototype is older than const; nothing is written.  NOLINTNEXTLINE */
            char *const *argv = (char *const *)(uintptr_t)self->argv;
            rc = posix_spawn(out, self->argv[0], &actions, &attributes, argv, environment);
        }
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return rc;
}

static int poll_timeout_ms(int64_t deadline_ns)
{
    const int64_t left_ns = deadline_ns - clock_mono_ns();
    return left_ns <= 0 ? 0 : (int)(left_ns / NS_PER_MS) + 1;
}

/* Reads until the child closes its output. */
static int read_output(
    const struct program *self, int fd, int64_t deadline_ns, struct bytes *out, struct error *err)
{
    const char *name = self->argv[0];
    char piece[PIECE_BYTES];
    size_t total = 0;
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wait, 1, poll_timeout_ms(deadline_ns));
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready == 0) {
            return error_set(
                err, ERROR_LIMIT, "%s did not end within %g s", name,
                (double)self->timeout_ns / (double)NS_PER_S);
        }
        const ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set_os(err, ERROR_IO, errno, "%s: its output cannot be read", name);
        }
        if (n == 0) {
            return 0;
        }
        total += (size_t)n;
        if (total > self->max_bytes) {
            return error_set(
                err, ERROR_LIMIT, "%s printed more than %zu bytes", name, self->max_bytes);
        }
        bytes_add(out, piece, (size_t)n);
    }
}

/* Waits for the end of a child that has closed its output. */
static int wait_end(
    const struct program *self, pid_t pid, int64_t deadline_ns, bool *out_ended, struct error *err)
{
    int status = 0;
    for (;;) {
        const pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid) {
            *out_ended = true;
            break;
        }
        if (ended < 0 && errno != EINTR) {
            return error_set_os(err, ERROR_IO, errno, "%s: waiting for it", self->argv[0]);
        }
        if (clock_mono_ns() >= deadline_ns) {
            return error_set(
                err, ERROR_LIMIT, "%s did not end within %g s", self->argv[0],
                (double)self->timeout_ns / (double)NS_PER_S);
        }
        clock_sleep_until(clock_mono_ns() + LOOK_NS);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return 0;
    }
    return error_set(
        err, ERROR_UNAVAILABLE, "%s ended with %s %d", self->argv[0],
        WIFEXITED(status) ? "exit code" : "signal",
        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static void kill_group(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL); /* it may not lead its group yet */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

int program_run(const struct program *self, struct bytes *out, struct error *err)
{
    const int64_t deadline_ns = clock_mono_ns() + self->timeout_ns;
    int ends[2];
    pid_t pid = 0;
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return error_set_os(err, ERROR_IO, errno, "%s: no pipe", self->argv[0]);
    }
    const int rc = start(self, ends[1], &pid);
    (void)close(ends[1]);
    if (rc != 0) {
        (void)close(ends[0]);
        return error_set_os(err, ERROR_NOT_FOUND, rc, "%s cannot be started", self->argv[0]);
    }
    bool ended = false;
    int result = read_output(self, ends[0], deadline_ns, out, err);
    if (result == 0) {
        result = wait_end(self, pid, deadline_ns, &ended, err);
    }
    (void)close(ends[0]);
    if (!ended) {
        kill_group(pid);
    }
    return result;
}
