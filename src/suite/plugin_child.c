/* A fork without exec: the child has the parent's code and needs no protocol to be asked.  The result
 * comes back over a pipe, the described failure in a page that both share.  After a fork in a process
 * with threads only memory may be asked for and files used, and that is all that is done here; the
 * sanitizers' handlers are taken off, so that a crash looks alike in every build. */
#include "suite/plugin_child.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIECE_BYTES = 65536,
    EXIT_DONE = 0,
    EXIT_DESCRIBED = 119, /* `work` failed and described it */
    EXIT_CUT = 118        /* what goes back was too much, or the pipe broke */
};

/* What the child tells apart from its bytes; in memory that both share. */
struct report {
    struct error err;
};

static void reset_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,  SIGABRT,
                                  SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        (void)signal(signals[i], SIG_DFL);
    }
}

static void redirect(int fd, int flags)
{
    const int null = open("/dev/null", flags | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, fd);
        (void)close(null);
    }
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The child's whole life. */
_Noreturn static void child_main(const struct plugin_child *self, int fd, struct report *report)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setpgid(0, 0);
    reset_signals();
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    redirect(STDIN_FILENO, O_RDONLY);
    redirect(STDOUT_FILENO, O_WRONLY);
    struct bytes out;
    bytes_init(&out, self->max_bytes);
    struct error err = {0};
    if (self->work(self->context, &out, &err) < 0) {
        report->err = err;
        _exit(EXIT_DESCRIBED);
    }
    _exit(!out.failed && write_all(fd, out.data, out.len) ? EXIT_DONE : EXIT_CUT);
}

static int poll_timeout_ms(int64_t deadline_ns)
{
    const int64_t left_ns = deadline_ns - clock_mono_ns();
    return left_ns <= 0 ? 0 : (int)(left_ns / NS_PER_MS) + 1;
}

static int fail_time(const struct plugin_child *self, struct error *err)
{
    return error_set(
        err, ERROR_LIMIT, "it did not answer within %g s",
        (double)self->timeout_ns / (double)NS_PER_S);
}

/* Reads until the child closes its end. */
static int read_result(
    const struct plugin_child *self,
    int fd,
    int64_t deadline_ns,
    struct bytes *out,
    struct error *err)
{
    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        const int ready = poll(&wait, 1, poll_timeout_ms(deadline_ns));
        if (ready == 0) {
            return fail_time(self, err);
        }
        char piece[PIECE_BYTES];
        const ssize_t n = ready < 0 ? -1 : read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return error_set_os(err, ERROR_IO, errno, "its process cannot be read");
        }
        if (n == 0) {
            return 0;
        }
        bytes_add(out, piece, (size_t)n);
    }
}

static void kill_group(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL); /* it may not lead its group yet */
}

/* The status of a child that has closed its end; it is killed when it lives on. */
static bool wait_end(pid_t pid, int64_t deadline_ns, int *status)
{
    enum {
        LOOK_NS = 1000000
    };

    for (;;) {
        const pid_t ended = waitpid(pid, status, WNOHANG);
        if (ended == pid) {
            return true;
        }
        if ((ended < 0 && errno != EINTR) || clock_mono_ns() >= deadline_ns) {
            return false;
        }
        clock_sleep_until(clock_mono_ns() + LOOK_NS);
    }
}

static int
judge(const struct plugin_child *self, int status, const struct report *report, struct error *err)
{
    if (WIFSIGNALED(status)) {
        const int number = WTERMSIG(status);
        const char *name = sigdescr_np(number);
        return error_set(
            err, ERROR_UNAVAILABLE, "it crashed: %s (signal %d)", name != NULL ? name : "killed",
            number);
    }
    switch (WEXITSTATUS(status)) {
    case EXIT_DONE:
        return 0;
    case EXIT_DESCRIBED:
        *err = report->err;
        err->text[ERROR_TEXT_MAX - 1] = '\0';
        return -(int)err->code;
    case EXIT_CUT:
        return error_set(err, ERROR_LIMIT, "it gave more than %zu bytes", self->max_bytes);
    default:
        return error_set(
            err, ERROR_UNAVAILABLE, "it ended its process with exit code %d", WEXITSTATUS(status));
    }
}

static int collect(
    const struct plugin_child *self,
    int fd,
    pid_t pid,
    struct bytes *out,
    struct error *err,
    int *status)
{
    const int64_t deadline_ns = clock_mono_ns() + self->timeout_ns;
    int rc = read_result(self, fd, deadline_ns, out, err);
    if (rc == 0 && wait_end(pid, deadline_ns, status)) {
        (void)kill(-pid, SIGKILL); /* what it left behind */
        return 0;
    }
    if (rc == 0) {
        rc = fail_time(self, err);
    }
    kill_group(pid);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
    }
    return rc;
}

static int run_shared(
    const struct plugin_child *self, struct report *report, struct bytes *out, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return error_set_os(err, ERROR_IO, errno, "no process can be started for it");
    }
    const pid_t pid = fork();
    if (pid == 0) {
        child_main(self, ends[1], report);
    }
    const int saved = errno;
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return error_set_os(err, ERROR_IO, saved, "no process can be started for it");
    }
    int status = 0;
    const int rc = collect(self, ends[0], pid, out, err, &status);
    (void)close(ends[0]);
    return rc == 0 ? judge(self, status, report, err) : rc;
}

int plugin_child_run(const struct plugin_child *self, struct bytes *out, struct error *err)
{
    struct report *report =
        mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED) {
        return error_set_os(err, ERROR_IO, errno, "no process can be started for it");
    }
    const int rc = run_shared(self, report, out, err);
    (void)munmap(report, sizeof(*report));
    return rc;
}
