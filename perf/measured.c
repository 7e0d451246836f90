/* measured - runs a program and tells what it took: CPU of it, of all that it waited for and of what it
 * left behind that has ended, and the greatest memory of any one process.
 *
 *   measured OUT PROGRAM [ARGUMENT...]      {"cpu_s":..,"memory_mb":..} into OUT; exits as PROGRAM did
 *
 * It is there because a process's greatest memory, as the kernel counts it, starts with that of the
 * process that forked it, exec or not: a child of a large script looks large.  This one is small. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EXIT_BAD_USE = 2,
    EXIT_NO_PROGRAM = 127,
    EXIT_SIGNAL = 128 /* plus the signal's number, as a shell says it */
};

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fputs("usage: measured OUT PROGRAM [ARGUMENT...]\n", stderr);
        return EXIT_BAD_USE;
    }
    /* A child that its parent never waited for comes to this process, and so does its CPU. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t pid = fork();
    if (pid == 0) {
        (void)execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(EXIT_NO_PROGRAM);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("measured");
        return EXIT_BAD_USE;
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    struct rusage used;
    (void)getrusage(RUSAGE_CHILDREN, &used);
    FILE *out = fopen(argv[1], "w");
    if (out == NULL) {
        perror(argv[1]);
        return EXIT_BAD_USE;
    }
    const double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    (void)fprintf(
        out, "{\"cpu_s\":%.6f,\"memory_mb\":%.2f}\n", cpu_s, (double)used.ru_maxrss / 1024.0);
    if (fclose(out) != 0) {
        perror(argv[1]);
        return EXIT_BAD_USE;
    }
    return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
