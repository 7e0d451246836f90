/* The question whether this kernel stamps TCP data is answered by asking it, with one byte at a time over
 * loopback.  The first bytes may come without a stamp: the kernel starts stamping from a work queue a
 * moment after the first socket has asked. */
#include "base/clock.h"
#include "net/socket.h"
#include "net/stamped.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <unistd.h>

enum {
    PROBE_TRIES = 100
};

#define PROBE_PAUSE_NS NS_PER_MS

static void close_fdp(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static int connect_pair(int listener, int sender, int *receiver)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *generic = (struct sockaddr *)&address;
    socklen_t len = sizeof(address);
    if (bind(listener, generic, len) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, generic, &len) < 0 || connect(sender, generic, len) < 0) {
        return -1;
    }
    *receiver = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return *receiver < 0 ? -1 : 0;
}

static bool next_byte_is_stamped(int sender, int receiver)
{
    char byte = 0;

    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct scm_timestamping))];
    } control;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    return send(sender, &byte, 1, MSG_NOSIGNAL) == 1 && recvmsg(receiver, &message, 0) == 1 &&
           stamped_of(&message) != STAMP_NONE;
}

int transport_socket_check_busy_poll(uint32_t us, struct error *err)
{
    CLEANUP(close_fdp) const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    const int os_errno = fd < 0 ? errno : socket_ask_for_busy_poll(fd, us);
    if (os_errno == 0) {
        return 0;
    }
    if (os_errno == EPERM) {
        return error_set(
            err, ERROR_UNAVAILABLE,
            "busy polling is not allowed: run with CAP_NET_ADMIN, or set net.core.busy_read to %u",
            us);
    }
    return error_set_os(err, ERROR_UNAVAILABLE, os_errno, "this kernel has no busy polling");
}

bool transport_socket_has_kernel_stamps(void)
{
    CLEANUP(close_fdp) const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CLEANUP(close_fdp) const int sender = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CLEANUP(close_fdp) int receiver = -1;
    if (listener < 0 || sender < 0 || connect_pair(listener, sender, &receiver) < 0) {
        return false;
    }
    stamped_ask(receiver);
    for (int i = 0; i < PROBE_TRIES; i++) {
        if (next_byte_is_stamped(sender, receiver)) {
            return true;
        }
        clock_sleep_until(clock_mono_ns() + PROBE_PAUSE_NS);
    }
    return false;
}
