/* uring_reader - the floor's work with io_uring in place of epoll and recvmsg.
 *
 * The same closed loop, search and stamps (floor.h), the same one thread; requests are sent by send(2), as the
 * floor does it.  Two ways to receive, both with the kernel's stamp in the control data:
 *
 *   multishot  one request a stream that goes on completing (IORING_RECV_MULTISHOT), into buffers that the
 *              kernel takes from a ring; they are given back after each batch
 *   oneshot    one recvmsg a stream and event; those of a batch are submitted with the next wait
 *
 * One io_uring_enter submits and waits for a batch.  IORING_SETUP_DEFER_TASKRUN keeps the kernel's part of the
 * work in that call, IORING_RECVSEND_POLL_FIRST keeps it from trying a socket that is known to be empty.
 *
 * Exit code 77, and one line, where this system has no io_uring (a container's seccomp filter,
 * kernel.io_uring_disabled, an old kernel). */
#include "floor.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    EXIT_SKIPPED = 77, /* as meson has it */
    N_ENTRIES = 4096,  /* requests that wait to be submitted */
    N_COMPLETIONS = 16384,
    N_BUFFERS = 2048, /* a power of two */
    BUFFER_SIZE = 4096,
    BUFFER_GROUP = 1,
    CONTROL_SIZE = CMSG_SPACE(sizeof(struct timespec))
};

static const char usage[] =
    "usage: uring_reader HOST-IPV4 PORT STREAMS REQUESTS TOKENS kernel|user multishot|oneshot\n"
    "REQUESTS streamed answers of TOKENS tokens from http://HOST:PORT, STREAMS at a time\n";

/* One-shot: what a recvmsg that is under way needs. */
struct reception {
    struct msghdr message;
    struct iovec part;

    union {
        struct cmsghdr align;
        char bytes[CONTROL_SIZE];
    } control;

    char buffer[CARRY + BUFFER_SIZE];
};

struct reader {
    struct floor floor;
    struct io_uring ring;
    bool multishot;
    struct msghdr message;          /* multishot: the form of all */
    struct io_uring_buf_ring *free; /* multishot: buffers for the kernel */
    char *buffers;
    struct reception *receptions; /* one-shot: one a stream */
};

static struct io_uring_sqe *next_request(struct reader *self)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);
    if (sqe == NULL) {
        (void)io_uring_submit(&self->ring);
        sqe = io_uring_get_sqe(&self->ring);
    }
    if (sqe == NULL) {
        floor_die(&self->floor, "no place for a request");
    }
    return sqe;
}

static void receive_many(struct reader *self, struct floor_stream *stream)
{
    struct io_uring_sqe *sqe = next_request(self);
    io_uring_prep_recvmsg_multishot(sqe, stream->fd, &self->message, 0);
    sqe->flags |= IOSQE_BUFFER_SELECT;
    sqe->buf_group = BUFFER_GROUP;
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    io_uring_sqe_set_data(sqe, stream);
}

static void receive_one(struct reader *self, struct floor_stream *stream)
{
    struct reception *reception = &self->receptions[stream - self->floor.streams];
    reception->part = (struct iovec){.iov_base = reception->buffer + CARRY, .iov_len = BUFFER_SIZE};
    reception->message = (struct msghdr){.msg_iov = &reception->part, .msg_iovlen = 1};
    if (self->floor.kernel) {
        reception->message.msg_control = reception->control.bytes;
        reception->message.msg_controllen = CONTROL_SIZE;
    }
    struct io_uring_sqe *sqe = next_request(self);
    io_uring_prep_recvmsg(sqe, stream->fd, &reception->message, 0);
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST;
    io_uring_sqe_set_data(sqe, stream);
}

static void check_result(const struct reader *self, int result)
{
    if (result <= 0) {
        errno = -result;
        floor_die(&self->floor, result == 0 ? "the engine closed the connection" : "recvmsg");
    }
}

/* Gives a buffer back to the kernel; the ring's tail moves after the batch. */
static void add_buffer(const struct reader *self, unsigned id, int offset)
{
    io_uring_buf_ring_add(
        self->free, self->buffers + (size_t)id * BUFFER_SIZE, BUFFER_SIZE, (unsigned short)id,
        io_uring_buf_ring_mask(N_BUFFERS), offset);
}

/* Returns the number of buffers to give back. */
static int take_many(struct reader *self, const struct io_uring_cqe *cqe, int n_back)
{
    struct floor_stream *stream = io_uring_cqe_get_data(cqe);
    if ((cqe->flags & IORING_CQE_F_MORE) == 0) {
        receive_many(self, stream);
    }
    if (cqe->res == -ENOBUFS) {
        return 0; /* all were taken in this batch: the bytes stay in the socket */
    }
    check_result(self, cqe->res);
    const unsigned id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
    struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(
        self->buffers + (size_t)id * BUFFER_SIZE, cqe->res, &self->message);
    if (out == NULL) {
        floor_die(&self->floor, "a completion without its head");
    }
    const size_t n = io_uring_recvmsg_payload_length(out, cqe->res, &self->message);
    check_result(self, (int)n);
    const int64_t at_ns =
        floor_arrival_ns(&self->floor, io_uring_recvmsg_cmsg_firsthdr(out, &self->message));
    /* The stamp is out: the carry may lie where it was. */
    floor_take(&self->floor, stream, io_uring_recvmsg_payload(out, &self->message), n, at_ns);
    add_buffer(self, id, n_back);
    return 1;
}

static int take_one(struct reader *self, const struct io_uring_cqe *cqe, int n_back)
{
    (void)n_back;
    struct floor_stream *stream = io_uring_cqe_get_data(cqe);
    struct reception *reception = &self->receptions[stream - self->floor.streams];
    check_result(self, cqe->res);
    const int64_t at_ns = floor_arrival_ns(
        &self->floor, self->floor.kernel ? CMSG_FIRSTHDR(&reception->message) : NULL);
    floor_take(&self->floor, stream, reception->buffer + CARRY, (size_t)cqe->res, at_ns);
    receive_one(self, stream);
    return 0;
}

static void run(struct reader *self)
{
    int (*take)(struct reader *, const struct io_uring_cqe *, int) =
        self->multishot ? take_many : take_one;
    while (self->floor.n_ended < self->floor.n_requests) {
        const int result = io_uring_submit_and_wait(&self->ring, 1);
        if (result < 0 && result != -EINTR) {
            errno = -result;
            floor_die(&self->floor, "io_uring_enter");
        }
        self->floor.n_waits++;
        int n_back = 0;
        unsigned n = 0;
        unsigned head = 0;
        struct io_uring_cqe *cqe = NULL;
        io_uring_for_each_cqe(&self->ring, head, cqe)
        {
            n_back += take(self, cqe, n_back);
            n++;
        }
        if (n_back > 0) {
            io_uring_buf_ring_advance(self->free, n_back);
        }
        io_uring_cq_advance(&self->ring, n);
    }
}

static void open_ring(struct reader *self)
{
    struct io_uring_params params = {
        .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
        .cq_entries = N_COMPLETIONS,
    };
    const int result = io_uring_queue_init_params(N_ENTRIES, &self->ring, &params);
    if (result == -ENOSYS || result == -EPERM || result == -EINVAL) {
        (void)fprintf(
            stderr, "uring_reader: skipped: io_uring_setup: %s%s\n", strerror(-result),
            result == -EPERM    ? " (forbidden here: seccomp, or kernel.io_uring_disabled)"
            : result == -EINVAL ? " (a kernel before 6.1)"
                                : "");
        exit(EXIT_SKIPPED);
    }
    if (result < 0) {
        errno = -result;
        floor_die(&self->floor, "io_uring_setup");
    }
}

static void *map(const struct reader *self, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        floor_die(&self->floor, "mmap");
    }
    return memory;
}

static void open_buffers(struct reader *self)
{
    self->message.msg_controllen = self->floor.kernel ? CONTROL_SIZE : 0;
    self->free = map(self, N_BUFFERS * sizeof(struct io_uring_buf));
    self->buffers = map(self, (size_t)N_BUFFERS * BUFFER_SIZE);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uintptr_t)self->free,
        .ring_entries = N_BUFFERS,
        .bgid = BUFFER_GROUP,
    };
    const int result = io_uring_register_buf_ring(&self->ring, &registration, 0);
    if (result < 0) {
        errno = -result;
        floor_die(&self->floor, "io_uring_register_buf_ring");
    }
    io_uring_buf_ring_init(self->free);
    for (unsigned i = 0; i < N_BUFFERS; i++) {
        add_buffer(self, i, (int)i);
    }
    io_uring_buf_ring_advance(self->free, N_BUFFERS);
}

int main(int argc, char **argv)
{
    static struct reader self;
    const char *way = argc == FLOOR_ARGS + 2 ? argv[FLOOR_ARGS + 1] : "";
    self.multishot = strcmp(way, "multishot") == 0;
    if (!self.multishot && strcmp(way, "oneshot") != 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    open_ring(&self);
    if (!floor_open(&self.floor, "uring_reader", argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (self.multishot) {
        open_buffers(&self);
    } else {
        self.receptions = floor_calloc(&self.floor, self.floor.n_streams, sizeof(*self.receptions));
    }
    for (uint64_t i = 0; i < self.floor.n_streams; i++) {
        struct floor_stream *stream = &self.floor.streams[i];
        if (self.multishot) {
            receive_many(&self, stream);
        } else {
            receive_one(&self, stream);
        }
    }
    floor_start(&self.floor);
    run(&self);
    floor_print(&self.floor, way);
    io_uring_queue_exit(&self.ring);
    return 0;
}
