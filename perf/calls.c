/* calls - counts from inside a program how often it waits for the network and reads from it: a library for
 * LD_PRELOAD that stands before libc's functions.  At exit it writes one line of JSON to the file that
 * CALLS_OUT names.  Counting costs a few ns a call, so a run that is counted is not one that is timed. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static _Atomic unsigned long n_waits;
static _Atomic unsigned long n_reads;
static _Atomic unsigned long n_sends;

static int (*real_epoll_wait)(int, struct epoll_event *, int, int);
static int (*real_epoll_pwait2)(
    int, struct epoll_event *, int, const struct timespec *, const sigset_t *);
static ssize_t (*real_recvmsg)(int, struct msghdr *, int);
static ssize_t (*real_recv)(int, void *, size_t, int);
static ssize_t (*real_send)(int, const void *, size_t, int);

/* A cast between pointers to functions and to objects is POSIX's, not C's. */
static void find(void *function, const char *name)
{
    *(void **)function = dlsym(RTLD_NEXT, name);
    if (*(void **)function == NULL) {
        (void)fprintf(stderr, "calls: no %s\n", name);
        exit(1);
    }
}

__attribute__((constructor)) static void calls_begin(void)
{
    find(&real_epoll_wait, "epoll_wait");
    find(&real_epoll_pwait2, "epoll_pwait2");
    find(&real_recvmsg, "recvmsg");
    find(&real_recv, "recv");
    find(&real_send, "send");
}

__attribute__((destructor)) static void calls_end(void)
{
    /* The library is in the program that starts the client, too. */
    const char *path = n_waits > 0 ? getenv("CALLS_OUT") : NULL;
    FILE *out = path != NULL ? fopen(path, "we") : NULL;
    if (out != NULL) {
        (void)fprintf(
            out, "{\"waits\":%lu,\"reads\":%lu,\"sends\":%lu}\n", n_waits, n_reads, n_sends);
        (void)fclose(out);
    }
}

int epoll_wait(int epoll, struct epoll_event *events, int n_max, int timeout_ms)
{
    atomic_fetch_add_explicit(&n_waits, 1, memory_order_relaxed);
    return real_epoll_wait(epoll, events, n_max, timeout_ms);
}

int epoll_pwait2(
    int epoll,
    struct epoll_event *events,
    int n_max,
    const struct timespec *timeout,
    const sigset_t *signals)
{
    atomic_fetch_add_explicit(&n_waits, 1, memory_order_relaxed);
    return real_epoll_pwait2(epoll, events, n_max, timeout, signals);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    atomic_fetch_add_explicit(&n_reads, 1, memory_order_relaxed);
    return real_recvmsg(fd, message, flags);
}

ssize_t recv(int fd, void *buffer, size_t cap, int flags)
{
    atomic_fetch_add_explicit(&n_reads, 1, memory_order_relaxed);
    return real_recv(fd, buffer, cap, flags);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    atomic_fetch_add_explicit(&n_sends, 1, memory_order_relaxed);
    return real_send(fd, data, len, flags);
}
