/* What both readers share: see floor.h. */
#include "floor.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void floor_die(const struct floor *self, const char *what)
{
    (void)fprintf(stderr, "%s: %s: %s\n", self->name, what, strerror(errno));
    exit(1);
}

void *floor_calloc(const struct floor *self, size_t n, size_t size)
{
    void *memory = calloc(n, size);
    if (memory == NULL) {
        floor_die(self, "memory");
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

static void send_next(struct floor *self, struct floor_stream *stream)
{
    char salt[SALT_DIGITS + 1];
    (void)snprintf(
        salt, sizeof(salt), "%012llx", (unsigned long long)self->n_sent & 0xffffffffffffULL);
    memcpy(self->head + self->salt_at, salt, SALT_DIGITS);
    stream->n_events = 0;
    memset(stream->carry, 0, CARRY);
    stream->sent_ns = now_ns(CLOCK_MONOTONIC);
    if (send(stream->fd, self->head, self->head_len, MSG_NOSIGNAL) != (ssize_t)self->head_len) {
        floor_die(self, "send");
    }
    self->n_sent++;
}

static void open_stream(struct floor *self, struct floor_stream *stream)
{
    const int on = 1;
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stream->fd < 0 ||
        connect(stream->fd, (const struct sockaddr *)&self->address, sizeof(self->address)) != 0) {
        floor_die(self, "connect");
    }
    (void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (self->kernel && setsockopt(stream->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) {
        floor_die(self, "SO_TIMESTAMPNS");
    }
}

bool floor_open(struct floor *self, const char *name, int argc, char **argv)
{
    self->name = name;
    if (argc < FLOOR_ARGS + 1 || inet_pton(AF_INET, argv[1], &self->address.sin_addr) != 1) {
        return false;
    }
    self->address.sin_family = AF_INET;
    self->address.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    self->n_streams = strtoull(argv[3], NULL, 10);
    self->n_requests = strtoull(argv[4], NULL, 10);
    self->tokens = (uint32_t)strtoul(argv[5], NULL, 10);
    self->kernel = strcmp(argv[6], "kernel") == 0;
    if (self->n_streams == 0 || self->n_requests < self->n_streams || self->tokens == 0) {
        return false;
    }
    self->streams = floor_calloc(self, self->n_streams, sizeof(*self->streams));
    self->ttft_ns = floor_calloc(self, self->n_requests, sizeof(int32_t));
    self->gaps_ns = floor_calloc(self, self->n_requests * self->tokens, sizeof(int32_t));
    self->wall_offset_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
    render(self);
    for (uint64_t i = 0; i < self->n_streams; i++) {
        open_stream(self, &self->streams[i]);
    }
    return true;
}

void floor_start(struct floor *self)
{
    self->start_ns = now_ns(CLOCK_MONOTONIC);
    for (uint64_t i = 0; i < self->n_streams; i++) {
        send_next(self, &self->streams[i]);
    }
}

int64_t floor_arrival_ns(struct floor *self, const struct cmsghdr *header)
{
    if (header != NULL && header->cmsg_type == SCM_TIMESTAMPNS) {
        struct timespec at;
        memcpy(&at, CMSG_DATA(header), sizeof(at));
        return at.tv_sec * 1000000000LL + at.tv_nsec - self->wall_offset_ns;
    }
    self->n_user_stamps++;
    return now_ns(CLOCK_MONOTONIC);
}

static void take_event(struct floor *self, struct floor_stream *stream, int64_t at_ns)
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

void floor_take(
    struct floor *self, struct floor_stream *stream, char *data, size_t n, int64_t at_ns)
{
    self->n_reads++;
    char *at = data - CARRY;
    memcpy(at, stream->carry, CARRY);
    const char *end = data + n;
    while ((at = memmem(at, (size_t)(end - at), "data: ", 6)) != NULL) {
        take_event(self, stream, at_ns);
        at += 6;
    }
    memcpy(stream->carry, end - CARRY, CARRY);
    if (memcmp(stream->carry, "0\r\n\r\n", CARRY) != 0) {
        return;
    }
    if (stream->n_events != self->tokens + EXTRA_EVENTS) {
        (void)fprintf(stderr, "%s: an answer of %u events\n", self->name, stream->n_events);
        exit(1);
    }
    self->n_ended++;
    if (self->n_sent < self->n_requests) {
        send_next(self, stream);
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

void floor_print(struct floor *self, const char *way)
{
    const int64_t wall_ns = now_ns(CLOCK_MONOTONIC) - self->start_ns;
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    const double cpu_us = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
                          (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    const uint64_t n_tokens = self->n_requests * self->tokens;
    qsort(self->ttft_ns, self->n_requests, sizeof(int32_t), compare);
    qsort(self->gaps_ns, self->n_gaps, sizeof(int32_t), compare);
    (void)printf(
        "{\"way\":\"%s\",\"streams\":%llu,\"requests\":%llu,\"tokens\":%llu,\"waits\":%llu,\"reads\":%llu,"
        "\"wall_s\":%.6f,\"cpu_us\":%.0f,\"cpu_us_per_token\":%.3f,\"tok_per_s\":%.1f,"
        "\"memory_mb\":%.1f,\"user_stamps\":%llu,",
        way, (unsigned long long)self->n_streams, (unsigned long long)self->n_requests,
        (unsigned long long)n_tokens, (unsigned long long)self->n_waits,
        (unsigned long long)self->n_reads, (double)wall_ns / 1e9, cpu_us, cpu_us / (double)n_tokens,
        (double)n_tokens / ((double)wall_ns / 1e9), (double)used.ru_maxrss / 1024.0,
        (unsigned long long)self->n_user_stamps);
    (void)printf(
        "\"ttft_mean_ms\":%.4f,\"ttft_p50_ms\":%.4f,\"ttft_p99_ms\":%.4f,\"itl_mean_ms\":%.4f,"
        "\"itl_p50_ms\":%.4f,\"itl_p99_ms\":%.4f}\n",
        mean_ms(self->ttft_ns, self->n_requests), quantile_ms(self->ttft_ns, self->n_requests, 0.5),
        quantile_ms(self->ttft_ns, self->n_requests, 0.99), mean_ms(self->gaps_ns, self->n_gaps),
        quantile_ms(self->gaps_ns, self->n_gaps, 0.5),
        quantile_ms(self->gaps_ns, self->n_gaps, 0.99));
}
