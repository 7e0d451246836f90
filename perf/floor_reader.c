/* floor_reader - what it costs to only read: the floor that a measuring client is compared with.
 *
 * The work of floor.h over one epoll and one thread, against an engine that speaks like vLLM.  Stamps are the
 * kernel's (SO_TIMESTAMPNS) unless the last argument is `user`.  One line of JSON on stdout. */
#include "floor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum {
    READ_SIZE = 64 * 1024,
    EVENTS_PER_WAIT = 1024
};

static const char usage[] =
    "usage: floor_reader HOST-IPV4 PORT STREAMS REQUESTS TOKENS kernel|user\n"
    "REQUESTS streamed answers of TOKENS tokens from http://HOST:PORT, STREAMS at a time\n";

static void read_stream(struct floor *self, struct floor_stream *stream)
{
    static char buffer[CARRY + READ_SIZE];

    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec part = {.iov_base = buffer + CARRY, .iov_len = READ_SIZE};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (self->kernel) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
    }
    const ssize_t n = recvmsg(stream->fd, &message, MSG_DONTWAIT);
    if (n <= 0) {
        floor_die(self, n == 0 ? "the engine closed the connection" : "recvmsg");
    }
    const int64_t at_ns = floor_arrival_ns(self, self->kernel ? CMSG_FIRSTHDR(&message) : NULL);
    floor_take(self, stream, buffer + CARRY, (size_t)n, at_ns);
}

static int watch_all(const struct floor *self)
{
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (uint64_t i = 0; i < self->n_streams; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &self->streams[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, self->streams[i].fd, &event) != 0) {
            floor_die(self, "epoll_ctl");
        }
    }
    return epoll;
}

int main(int argc, char **argv)
{
    static struct floor self;
    static struct epoll_event events[EVENTS_PER_WAIT];
    if (!floor_open(&self, "floor_reader", argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    const int epoll = watch_all(&self);
    floor_start(&self);
    while (self.n_ended < self.n_requests) {
        const int n = epoll_wait(epoll, events, EVENTS_PER_WAIT, -1);
        if (n < 0 && errno != EINTR) {
            floor_die(&self, "epoll_wait");
        }
        self.n_waits++;
        for (int i = 0; i < n; i++) {
            read_stream(&self, events[i].data.ptr);
        }
    }
    floor_print(&self, "epoll");
    return 0;
}
