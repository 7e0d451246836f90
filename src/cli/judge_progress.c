#include "cli/judge_progress.h"

#include "base/clock.h"
#include "cli/progress.h"

enum {
    LINE_SIZE = 256
};

static size_t format(
    const struct judge_progress_line *self,
    const struct judge_progress *progress,
    double seconds,
    char out[LINE_SIZE])
{
    const int len = snprintf(
        out, LINE_SIZE, "%.150s judge %.0f s  %u/%u  %u verdicts  %u errors  %u retries",
        self->label, seconds, progress->n_done, progress->n, progress->n_verdicts,
        progress->n_errors, progress->n_retries);
    return len < LINE_SIZE ? (size_t)len : LINE_SIZE - 1;
}

int judge_progress_tick(void *context, const struct judge_progress *progress)
{
    struct judge_progress_line *self = context;
    const struct cli_context *cli = self->context;
    const int64_t now_ns = clock_mono_ns();
    if (self->began_ns == 0) {
        self->began_ns = now_ns;
        self->plain_ns = now_ns;
    }
    char line[LINE_SIZE];
    size_t len = format(self, progress, (double)(now_ns - self->began_ns) / 1e9, line);
    if (cli->log_is_tty) {
        if (cli->columns > 1 && len >= cli->columns) {
            len = cli->columns - 1;
        }
        (void)fprintf(cli->log, "\r%.*s\033[K", (int)len, line);
        (void)fflush(cli->log);
        self->drawn = true;
    } else if (now_ns - self->plain_ns >= PROGRESS_PLAIN_NS) {
        self->plain_ns = now_ns;
        (void)fprintf(cli->log, "%s\n", line);
        (void)fflush(cli->log);
    }
    return progress_signals();
}

void judge_progress_end(struct judge_progress_line *self)
{
    if (self->drawn) {
        (void)fputs("\r\033[K", self->context->log);
        (void)fflush(self->context->log);
        self->drawn = false;
    }
}
