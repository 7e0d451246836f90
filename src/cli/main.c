/* The one place that knows the process: its streams, its terminal, its environment.  Nothing else runs
 * yet while it looks at them. */
#include "cli/command.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool terminal_is_plain(void)
{
    const char *term = getenv("TERM"); // NOLINT(concurrency-mt-unsafe)
    return term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0;
}

static bool wants_no_color(void)
{
    const char *no_color = getenv("NO_COLOR"); // NOLINT(concurrency-mt-unsafe)
    return no_color != NULL && no_color[0] != '\0';
}

static unsigned terminal_columns(int fd)
{
    struct winsize size = {0};
    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int main(int argc, char **argv)
{
    /* Only for the width of characters: numbers are the same in every locale. */
    (void)setlocale(LC_CTYPE, ""); // NOLINT(concurrency-mt-unsafe)
    /* A reader that goes away is a failed write, not the end of a run in the middle of its files. */
    (void)signal(SIGPIPE, SIG_IGN);
    const bool plain = terminal_is_plain();
    const struct cli_context context = {
        .out = stdout,
        .log = stderr,
        .log_is_tty = !plain && isatty(STDERR_FILENO),
        .color = !plain && !wants_no_color() && isatty(STDOUT_FILENO),
        .columns = terminal_columns(STDOUT_FILENO),
    };
    return cli_main(&context, argc, argv);
}
