/* floor_reader - what it costs to only read: the floor that a measuring client is compared with.
 *
 * A closed loop of `--streams` requests over one epoll and one thread, against an engine that speaks
 * like vLLM.  A read is searched for "data: " (an event) and for the last five bytes of a chunked
 * answer, "0\r\n\r\n"; nothing is parsed, checked or kept but one number for each event.  A pattern cut by
 * the end of a read is found because the last five bytes of a read are put in front of the next: one
 * byte less than "data: ", so that nothing is counted twice.
 *
 * Stamps are the kernel's (SO_TIMESTAMPNS) unless --user-stamps.  One line of JSON on stdout; times
 * and memory in it are those of the loop, before the percentiles are worked out.
 *
 * This is a tool of perf/, not an example: it takes an answer's form for granted. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CARRY = 5, /* bytes of a read that are seen again: strlen("data: ") - 1, strlen("0\r\n\r\n") */
    READ_SIZE = 64 * 1024,
    EVENTS_PER_WAIT = 1024,
    REQUEST_SIZE = 1024,
    ROLE_EVENTS = 1,  /* events of an answer before its first token */
    EXTRA_EVENTS = 3, /* events that are no token: role, usage, [DONE] */
    ARGS = 6,
    SALT_DIGITS = 12
};

static const char usage[] =
    "usage: floor_reader HOST-IPV4 PORT STREAMS REQUESTS TOKENS kernel|user\n"
    "REQUESTS streamed answers of TOKENS tokens from http://HOST:PORT, STREAMS at a time\n";

struct stream {
    int fd;
    uint32_t n_events;
    int64_t sent_ns;
    int64_t last_ns; /* arrival of the last token */
    char carry[CARRY];
};

struct floor {
    struct sockaddr_in address;
    uint64_t n_streams;
    uint64_t n_requests;
    uint32_t tokens;
    bool kernel;
    int epoll;
    int64_t wall_offset_ns; /* realtime - monotonic */
    uint64_t n_sent;
    uint64_t n_ended;
    uint64_t n_reads;
    uint64_t n_ttft;
    uint64_t n_gaps;
    uint64_t n_user_stamps;
    struct stream *streams;
    int32_t *ttft_ns; /* n_requests */
    int32_t *gaps_ns; /* n_requests * (tokens - 1) */
    char head[REQUEST_SIZE];
    size_t head_len;
    size_t salt_at;
    char buffer[CARRY + READ_SIZE];
};

static void die(const char *what)
{
    (void)fprintf(stderr, "floor_reader: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *must_calloc(size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (memory == NULL) {
        die("memory");
    }
    return memory;
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec at;
    (void)clock_gettime(clock, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void render(struct floor *self)
{
    char body[REQUEST_SIZE / 2];
    const int body_len = snprintf(
        body, sizeof(body),
        "{\"model\":\"sim\",\"messages\":[{\"role\":\"user\",\"content\":\"[%0*d] Response town leg "
        "career even answer watch. Support who cost.\"}],\"max_tokens\":%u,\"temperature\":0.0,"
        "\"seed\":42,\"stream\":true,\"stream_options\":{\"include_usage\":true,"
        "\"continuous_usage_stats\":true}}",
        SALT_DIGITS, 0, self->tokens);
    const int len = snprintf(
        self->head, sizeof(self->head),
        "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
        body_len, body);
    assert(len > 0 && (size_t)len < sizeof(self->head));
    self->head_len = (size_t)len;
    self->salt_at = (size_t)(strstr(self->head, "\"[") + 2 - self->head);
}

static void send_next(struct floor *self, struct stream *stream)
{
    char salt[SALT_DIGITS + 1];
    (void)snprintf(salt, sizeof(salt), "%012llx", (unsigned long long)self->n_sent);
    memcpy(self->head + self->salt_at, salt, SALT_DIGITS);
    stream->n_events = 0;
    memset(stream->carry, 0, CARRY);
    stream->sent_ns = now_ns(CLOCK_MONOTONIC);
    if (send(stream->fd, self->head, self->head_len, MSG_NOSIGNAL) != (ssize_t)self->head_len) {
        die("send");
    }
    self->n_sent++;
}

static void open_stream(struct floor *self, struct stream *stream)
{
    const int on = 1;
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stream->fd < 0 ||
        connect(stream->fd, (const struct sockaddr *)&self->address, sizeof(self->address)) != 0) {
        die("connect");
    }
    (void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (self->kernel && setsockopt(stream->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) {
        die("SO_TIMESTAMPNS");
    }
    if (fcntl(stream->fd, F_SETFL, O_NONBLOCK) != 0) {
        die("fcntl");
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, stream->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

/* Bytes read behind the carry; *at_ns is when they came. */
static size_t read_some(struct floor *self, const struct stream *stream, int64_t *at_ns)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec part = {.iov_base = self->buffer + CARRY, .iov_len = READ_SIZE};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (self->kernel) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
    }
    const ssize_t n = recvmsg(stream->fd, &message, 0);
    if (n <= 0) {
        die(n == 0 ? "the engine closed the connection" : "recvmsg");
    }
    const struct cmsghdr *header = self->kernel ? CMSG_FIRSTHDR(&message) : NULL;
    if (header != NULL && header->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec at;
        memcpy(&at, CMSG_DATA(header), sizeof(at));
        *at_ns = at.tv_sec * 1000000000LL + at.tv_nsec - self->wall_offset_ns;
    } else {
        *at_ns = now_ns(CLOCK_MONOTONIC);
        self->n_user_stamps++;
    }
    self->n_reads++;
    return (size_t)n;
}

static void take_event(struct floor *self, struct stream *stream, int64_t at_ns)
{
    const uint32_t index = stream->n_events++;
    if (index < ROLE_EVENTS || index >= ROLE_EVENTS + self->tokens) {
        return;
    }
    if (index == ROLE_EVENTS) {
        self->ttft_ns[self->n_ttft++] = (int32_t)(at_ns - stream->sent_ns);
    } else {
        self->gaps_ns[self->n_gaps++] = (int32_t)(at_ns - stream->last_ns);
    }
    stream->last_ns = at_ns;
}

static void read_stream(struct floor *self, struct stream *stream)
{
    int64_t at_ns = 0;
    const size_t n = read_some(self, stream, &at_ns);
    memcpy(self->buffer, stream->carry, CARRY);
    const char *end = self->buffer + CARRY + n;
    const char *at = self->buffer;
    while ((at = memmem(at, (size_t)(end - at), "data: ", 6)) != NULL) {
        take_event(self, stream, at_ns);
        at += 6;
    }
    memcpy(stream->carry, end - CARRY, CARRY);
    if (memcmp(stream->carry, "0\r\n\r\n", CARRY) != 0) {
        return;
    }
    if (stream->n_events != self->tokens + EXTRA_EVENTS) {
        (void)fprintf(stderr, "floor_reader: an answer of %u events\n", stream->n_events);
        exit(1);
    }
    self->n_ended++;
    if (self->n_sent < self->n_requests) {
        send_next(self, stream);
    }
}

static void run(struct floor *self)
{
    static struct epoll_event events[EVENTS_PER_WAIT];
    for (uint64_t i = 0; i < self->n_streams; i++) {
        send_next(self, &self->streams[i]);
    }
    while (self->n_ended < self->n_requests) {
        const int n = epoll_wait(self->epoll, events, EVENTS_PER_WAIT, -1);
        if (n < 0 && errno != EINTR) {
            die("epoll_wait");
        }
        for (int i = 0; i < n; i++) {
            read_stream(self, events[i].data.ptr);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a;
    const int32_t y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static double mean_ms(const int32_t *values, uint64_t n)
{
    double sum = 0.0;
    for (uint64_t i = 0; i < n; i++) {
        sum += values[i];
    }
    return n > 0 ? sum / (double)n / 1e6 : 0.0;
}

/* Linear interpolation between the ranks, as numpy does it; of sorted values. */
static double quantile_ms(const int32_t *sorted, uint64_t n, double share)
{
    if (n == 0) {
        return 0.0;
    }
    const double rank = share * (double)(n - 1);
    const uint64_t below = (uint64_t)rank;
    const uint64_t above = below + 1 < n ? below + 1 : below;
    const double low = sorted[below];
    const double high = sorted[above];
    return (low + (high - low) * (rank - (double)below)) / 1e6;
}

static void print(struct floor *self, int64_t wall_ns, const struct rusage *used)
{
    const double cpu_us = (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1e6 +
                          (double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec);
    const uint64_t n_tokens = self->n_requests * self->tokens;
    qsort(self->ttft_ns, self->n_requests, sizeof(int32_t), compare);
    qsort(self->gaps_ns, self->n_gaps, sizeof(int32_t), compare);
    (void)printf(
        "{\"streams\":%llu,\"requests\":%llu,\"tokens\":%llu,\"reads\":%llu,\"wall_s\":%.6f,"
        "\"cpu_us\":%.0f,\"cpu_us_per_token\":%.3f,\"tok_per_s\":%.1f,\"memory_mb\":%.1f,"
        "\"user_stamps\":%llu,",
        (unsigned long long)self->n_streams, (unsigned long long)self->n_requests,
        (unsigned long long)n_tokens, (unsigned long long)self->n_reads, (double)wall_ns / 1e9,
        cpu_us, cpu_us / (double)n_tokens, (double)n_tokens / ((double)wall_ns / 1e9),
        (double)used->ru_maxrss / 1024.0, (unsigned long long)self->n_user_stamps);
    (void)printf(
        "\"ttft_mean_ms\":%.4f,\"ttft_p50_ms\":%.4f,\"ttft_p99_ms\":%.4f,\"itl_mean_ms\":%.4f,"
        "\"itl_p50_ms\":%.4f,\"itl_p99_ms\":%.4f}\n",
        mean_ms(self->ttft_ns, self->n_requests), quantile_ms(self->ttft_ns, self->n_requests, 0.5),
        quantile_ms(self->ttft_ns, self->n_requests, 0.99), mean_ms(self->gaps_ns, self->n_gaps),
        quantile_ms(self->gaps_ns, self->n_gaps, 0.5),
        quantile_ms(self->gaps_ns, self->n_gaps, 0.99));
}

int main(int argc, char **argv)
{
    static struct floor self;
    if (argc != ARGS + 1 || inet_pton(AF_INET, argv[1], &self.address.sin_addr) != 1) {
        (void)fputs(usage, stderr);
        return 2;
    }
    self.address.sin_family = AF_INET;
    self.address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    self.n_streams = strtoull(argv[3], NULL, 10);
    self.n_requests = strtoull(argv[4], NULL, 10);
    self.tokens = (uint32_t)strtoul(argv[5], NULL, 10);
    self.kernel = strcmp(argv[6], "kernel") == 0;
    if (self.n_streams == 0 || self.n_requests < self.n_streams || self.tokens == 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    self.streams = must_calloc(self.n_streams, sizeof(*self.streams));
    self.ttft_ns = must_calloc(self.n_requests, sizeof(int32_t));
    self.gaps_ns = must_calloc(self.n_requests * self.tokens, sizeof(int32_t));
    self.epoll = epoll_create1(EPOLL_CLOEXEC);
    self.wall_offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
    render(&self);
    for (uint64_t i = 0; i < self.n_streams; i++) {
        open_stream(&self, &self.streams[i]);
    }
    const int64_t start_ns = now_ns(CLOCK_MONOTONIC);
    run(&self);
    const int64_t wall_ns = now_ns(CLOCK_MONOTONIC) - start_ns;
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    print(&self, wall_ns, &used);
    return 0;
}
