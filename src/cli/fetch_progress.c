/* On a terminal one line is rewritten ten times a second; elsewhere a plain line appears every ten seconds, as
 * with bench run (progress.h). */
#include "cli/fetch_progress.h"

#include "base/clock.h"
#include "cli/progress.h"

#include <string.h>

enum {
    LINE_MAX_BYTES = 256
};

#define DRAW_PERIOD_NS (100 * NS_PER_MS)
#define MIB            (1024.0 * 1024.0)

static size_t
format(const struct fetch_progress *self, uint64_t have, uint64_t total, char out[LINE_MAX_BYTES])
{
    const double seconds = (double)(self->last_ns - self->began_ns) / 1e9;
    const double rate = seconds > 0.0 ? (double)(have - self->had) / seconds : 0.0;
    char of[64] = "";
    char left[64] = "";
    if (total > 0) {
        (void)snprintf(
            of, sizeof(of), " of %.1f MiB  %.0f%%", (double)total / MIB,
            100.0 * (double)have / (double)total);
    } else {
        (void)snprintf(of, sizeof(of), " MiB");
    }
    if (total > have && rate > 0.0) {
        (void)snprintf(left, sizeof(left), "  %.0f s left", (double)(total - have) / rate);
    }
    const int len = snprintf(
        out, LINE_MAX_BYTES, "%.1f%s  %.1f MiB/s%s  %.100s", (double)have / MIB, of, rate / MIB,
        left, self->name);
    return len < LINE_MAX_BYTES ? (size_t)len : LINE_MAX_BYTES - 1;
}

static void show(void *user, uint64_t have, uint64_t total)
{
    struct fetch_progress *self = user;
    const struct cli_context *cli = self->context;
    const int64_t now_ns = clock_mono_ns();
    if (self->began_ns == 0) {
        self->began_ns = now_ns;
        self->last_ns = now_ns;
        self->had = have;
        return;
    }
    if (now_ns - self->last_ns < (cli->log_is_tty ? DRAW_PERIOD_NS : PROGRESS_PLAIN_NS)) {
        return;
    }
    self->last_ns = now_ns;
    char line[LINE_MAX_BYTES];
    size_t len = format(self, have, total, line);
    if (cli->log_is_tty) {
        if (cli->columns > 1 && len >= cli->columns) {
            len = cli->columns - 1;
        }
        (void)fprintf(cli->log, "\r%.*s\033[K", (int)len, line);
        self->drawn = true;
    } else {
        (void)fprintf(cli->log, "%s\n", line);
    }
    (void)fflush(cli->log);
}

static void tell_wait(void *user)
{
    const struct fetch_progress *self = user;
    (void)fprintf(self->context->log, "another process fetches %s: waiting for it\n", self->name);
    (void)fflush(self->context->log);
}

static bool is_stopped(void *user)
{
    (void)user;
    return progress_signals() > 0;
}

struct hub_watch fetch_progress_watch(struct fetch_progress *self)
{
    return (struct hub_watch){
        .user = self, .progress = show, .wait = tell_wait, .stop = is_stopped};
}

void fetch_progress_end(struct fetch_progress *self)
{
    if (self->drawn) {
        (void)fputs("\r\033[K", self->context->log);
        (void)fflush(self->context->log);
        self->drawn = false;
    }
}
