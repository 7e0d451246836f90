/* floor.h - the work that a reader which only reads does, whichever way its bytes come: the closed loop, the
 * request, the search for events, one number for each of them, and the line of figures at the end.
 * floor_reader.c brings the bytes by epoll, uring_reader.c by io_uring; nothing else differs.
 *
 * A read is searched for "data: " (an event) and for the last five bytes of a chunked answer, "0\r\n\r\n";
 * nothing is parsed, checked or kept but one number for each event.  A pattern cut by the end of a read is
 * found because the last five bytes of a read are put in front of the next: one byte less than "data: ", so
 * that nothing is counted twice.
 *
 * This is a tool of perf/, not an example: it takes an answer's form for granted. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    CARRY = 5, /* bytes of a read that are seen again: strlen("data: ") - 1, strlen("0\r\n\r\n") */
    REQUEST_SIZE = 1024,
    ROLE_EVENTS = 1,  /* events of an answer before its first token */
    EXTRA_EVENTS = 3, /* events that are no token: role, usage, [DONE] */
    FLOOR_ARGS = 6,   /* HOST-IPV4 PORT STREAMS REQUESTS TOKENS kernel|user */
    SALT_DIGITS = 12
};

struct floor_stream {
    int fd;
    uint32_t n_events;
    int64_t sent_ns;
    int64_t last_ns; /* arrival of the last token */
    char carry[CARRY];
};

struct floor {
    const char *name; /* of the program */
    struct sockaddr_in address;
    uint64_t n_streams;
    uint64_t n_requests;
    uint32_t tokens;
    bool kernel;            /* kernel stamps */
    int64_t wall_offset_ns; /* realtime - monotonic */
    uint64_t n_sent;
    uint64_t n_ended;
    uint64_t n_waits; /* system calls that waited */
    uint64_t n_reads; /* pieces of bytes that came */
    uint64_t n_ttft;
    uint64_t n_gaps;
    uint64_t n_user_stamps;
    int64_t start_ns;
    struct floor_stream *streams;
    int32_t *ttft_ns; /* n_requests */
    int32_t *gaps_ns; /* n_requests * (tokens - 1) */
    char head[REQUEST_SIZE];
    size_t head_len;
    size_t salt_at;
};

/* Ends the program with the text of errno. */
_Noreturn void floor_die(const struct floor *self, const char *what);
void *floor_calloc(const struct floor *self, size_t n, size_t size);

/* Takes the first FLOOR_ARGS arguments, makes the memory and connects all streams, blocking sockets.  False: the
 * arguments are wrong. */
bool floor_open(struct floor *self, const char *name, int argc, char **argv);

/* Sends the first request of each stream.  The time counts from here. */
void floor_start(struct floor *self);

/* When a message came: the kernel's stamp in its control data, or now. */
int64_t floor_arrival_ns(struct floor *self, const struct cmsghdr *header);

/* `data` has CARRY bytes before it that may be written over.  Sends the stream's next request when its answer
 * has ended. */
void floor_take(
    struct floor *self, struct floor_stream *stream, char *data, size_t n, int64_t at_ns);

/* One line of JSON on stdout; times and memory in it are those of the loop, before the percentiles are worked
 * out.  `way`: how the bytes came. */
void floor_print(struct floor *self, const char *way);
