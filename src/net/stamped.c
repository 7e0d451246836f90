/* SO_TIMESTAMPING, software stamps: taken when the segment enters the stack. */
#include "net/stamped.h"

#include "base/clock.h"
#include "net/stamp.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <string.h>

void stamped_ask(int fd)
{
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    /* Where it is refused, no stamps come, and every receipt says so. */
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags));
}

int64_t stamped_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
            struct scm_timestamping stamps;
            memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
            return (int64_t)stamps.ts[0].tv_sec * NS_PER_S + stamps.ts[0].tv_nsec;
        }
    }
    return STAMP_NONE;
}

ssize_t stamped_recv(int fd, void *buffer, size_t cap, int64_t *out_real_ns)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct scm_timestamping))];
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = cap};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    const ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
    *out_real_ns = n > 0 ? stamped_of(&message) : STAMP_NONE;
    return n;
}
