/* The terminal itself is asked, not stdin: stdin may be a file.  Echo comes back on every way out. */
#include "cli/passphrase.h"

#include "base/mem.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int no_terminal(struct error *err)
{
    return error_set(
        err, ERROR_KEY,
        "the key is protected by a passphrase and there is no terminal to ask on: "
        "--dev-key-pass-env NAME takes it from the environment");
}

static void close_terminal(FILE **terminal)
{
    if (*terminal != NULL) {
        (void)fclose(*terminal);
    }
}

int passphrase_ask(const char *prompt, char **out, struct error *err)
{
    const int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return no_terminal(err);
    }
    CLEANUP(close_terminal) FILE *terminal = fdopen(fd, "r+e");
    struct termios before;
    if (terminal == NULL || tcgetattr(fd, &before) != 0) {
        return no_terminal(err);
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)fputs(prompt, terminal);
    (void)fflush(terminal);
    (void)tcsetattr(fd, TCSAFLUSH, &silent);
    char *line = mem_alloc(PASSPHRASE_MAX, 1);
    const bool read = fgets(line, PASSPHRASE_MAX, terminal) != NULL;
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    (void)dprintf(fd, "\n"); /* not through the stream: it was last read from */
    if (!read) {
        passphrase_free(line);
        return no_terminal(err);
    }
    line[strcspn(line, "\n")] = '\0';
    *out = line;
    return 0;
}

void passphrase_free(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, PASSPHRASE_MAX);
        free(text);
    }
}
