/* The line is cut to the terminal's width: a line that wraps cannot be rewritten.  What matters least
 * (the median TTFT so far) stands last. */
#include "cli/progress.h"

#include "base/clock.h"

#include <math.h>
#include <signal.h>
#include <string.h>

enum {
    PROGRESS_LINE_MAX = 256,
    RATE_TEXT_SIZE = 32
};

/* From here on %.4g would write an exponent. */
#define RATE_WHOLE_FROM 999.5

static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
    (void)number;
    if (signals_seen < 2) {
        signals_seen = signals_seen + 1;
    }
}

void progress_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

int progress_signals(void)
{
    return (int)signals_seen;
}

/* Four digits of a rate, and never an exponent: 0.8988, 89.88, 8988, 44951. */
static void format_rate(double rate, char out[RATE_TEXT_SIZE])
{
    (void)snprintf(out, RATE_TEXT_SIZE, rate < RATE_WHOLE_FROM ? "%.4g" : "%.0f", rate);
}

static size_t progress_format(
    const struct progress *self, const struct point_snapshot *snapshot, char out[PROGRESS_LINE_MAX])
{
    const double window_s = (double)snapshot->window_elapsed_ns / 1e9;
    char of[32] = "";
    if (self->duration_ns != CLOCK_NEVER && snapshot->window_elapsed_ns > 0) {
        (void)snprintf(of, sizeof(of), "/%.0f", (double)self->duration_ns / 1e9);
    }
    const double seconds = window_s > 0.0 ? window_s : (double)snapshot->elapsed_ns / 1e9;
    const double whole_s = (double)snapshot->elapsed_ns / 1e9;
    const double rate = whole_s > 0.0 ? (double)snapshot->n_ended / whole_s : 0.0;
    const double tokens = whole_s > 0.0 ? (double)snapshot->n_tokens / whole_s : 0.0;
    char tokens_text[RATE_TEXT_SIZE];
    char rate_text[RATE_TEXT_SIZE];
    format_rate(tokens, tokens_text);
    format_rate(rate, rate_text);
    char ttft[32] = "";
    if (!isnan(snapshot->ttft_p50_ms)) {
        const char *name = self->stream ? "TTFT" : "E2E";
        (void)snprintf(ttft, sizeof(ttft), "  %s %.3g ms", name, snapshot->ttft_p50_ms);
    }
    const int len = snprintf(
        out, PROGRESS_LINE_MAX, "%s %s %.0f%s s  %lld in flight  %s tok/s  %s req/s  %llu errors%s",
        self->label, snapshot->phase, seconds, of, (long long)snapshot->in_flight, tokens_text,
        rate_text, (unsigned long long)snapshot->n_failed, ttft);
    return len < PROGRESS_LINE_MAX ? (size_t)len : PROGRESS_LINE_MAX - 1;
}

int progress_tick(void *context, const struct point_snapshot *snapshot)
{
    struct progress *self = context;
    char line[PROGRESS_LINE_MAX];
    size_t len = progress_format(self, snapshot, line);
    const struct cli_context *cli = self->context;
    if (cli->log_is_tty) {
        if (cli->columns > 1 && len >= cli->columns) {
            len = cli->columns - 1;
        }
        (void)fprintf(cli->log, "\r%.*s\033[K", (int)len, line);
        (void)fflush(cli->log);
        self->drawn = true;
    } else if (snapshot->elapsed_ns - self->last_plain_ns >= PROGRESS_PLAIN_NS) {
        self->last_plain_ns = snapshot->elapsed_ns;
        (void)fprintf(cli->log, "%s\n", line);
        (void)fflush(cli->log);
    }
    return progress_signals();
}

void progress_end(struct progress *self)
{
    if (self->drawn) {
        (void)fputs("\r\033[K", self->context->log);
        (void)fflush(self->context->log);
        self->drawn = false;
    }
}
