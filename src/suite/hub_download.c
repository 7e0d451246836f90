/* A file of a commit never changes, but the host that gives it may not be what it was: a resumed request carries
 * the ETag of what is here (If-Range), and is begun anew when the answer is not the rest of just that.  Whether
 * the whole is right is decided afterwards, by its hash. */
#include "suite/hub_download.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    /* Requests for one file in one go.  Each one after the first needs new bytes since the last, so that a host
     * that gives nothing is asked once. */
    REQUESTS_MAX = 10,
    REFUSAL_BYTES_MAX = 65536, /* of an error's text, which nobody reads */
    PARTIAL_MODE = 0644
};

/* Space that is left free for others. */
#define SPARE_BYTES ((uint64_t)16 << 20)

enum verdict {
    GOING_ON,
    BAD_RANGE, /* the answer is not the rest of what is here */
    TOO_LONG,  /* more bytes than the hub told of, or than may be fetched */
    NOT_WRITTEN,
    STOPPED,
};

/* One request under way. */
struct transfer {
    const struct hub_download *download;
    struct hub_answer *answer;
    int fd;
    uint64_t have; /* bytes in the file */
    uint64_t n_refusal;
    bool begun; /* the first bytes of the content have come */
    enum verdict verdict;
    int os_errno;
};

static void fd_closep(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static bool begin_anew(struct transfer *self)
{
    self->have = 0;
    if (ftruncate(self->fd, 0) != 0 || lseek(self->fd, 0, SEEK_SET) != 0) {
        self->verdict = NOT_WRITTEN;
        self->os_errno = errno;
        return false;
    }
    return true;
}

/* "bytes 100-199/200" begins where the file ends. */
static bool goes_on(const struct transfer *self)
{
    static const char unit[] = "bytes ";
    const char *range = self->answer->range;
    char from[32];
    const int len = snprintf(from, sizeof(from), "%" PRIu64 "-", self->have);
    return text_starts_with(range, unit) && strncmp(range + strlen(unit), from, (size_t)len) == 0;
}

/* The version that the bytes are of, noted before them.  Weak ones do not name bytes. */
static bool note_etag(struct transfer *self)
{
    const char *etag = self->answer->etag;
    const char *path = self->download->etag_path;
    struct error err = {0};
    if (etag[0] != '"') {
        (void)unlink(path);
        return true;
    }
    if (file_replace(path, etag, strlen(etag), PARTIAL_MODE, &err) != 0) {
        self->verdict = NOT_WRITTEN;
        self->os_errno = err.os_errno;
        return false;
    }
    return true;
}

static bool begin(struct transfer *self, long status)
{
    self->begun = true;
    if (status == 206 && !goes_on(self)) {
        self->verdict = BAD_RANGE;
        return false;
    }
    if (status == 200 && !begin_anew(self)) {
        return false;
    }
    return note_etag(self);
}

static bool write_piece(struct transfer *self, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(self->fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            self->verdict = NOT_WRITTEN;
            self->os_errno = errno;
            return false;
        }
        self->have += (uint64_t)n;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

static uint64_t longest(const struct hub_download *self)
{
    return self->facts->has_size ? self->facts->size : self->settings->max_bytes;
}

static bool take(void *user, long status, const char *data, size_t len)
{
    struct transfer *self = user;
    const struct hub_watch *watch = self->download->settings->watch;
    if (status != 200 && status != 206) {
        self->n_refusal += len;
        return self->n_refusal <= REFUSAL_BYTES_MAX;
    }
    if (!self->begun && !begin(self, status)) {
        return false;
    }
    if (self->have + len > longest(self->download)) {
        self->verdict = TOO_LONG;
        return false;
    }
    if (!write_piece(self, data, len)) {
        return false;
    }
    if (watch != NULL && watch->progress != NULL) {
        watch->progress(watch->user, self->have, self->download->facts->size);
    }
    return true;
}

static bool stop(void *user)
{
    struct transfer *self = user;
    const struct hub_watch *watch = self->download->settings->watch;
    if (watch == NULL || watch->stop == NULL || !watch->stop(watch->user)) {
        return false;
    }
    self->verdict = STOPPED;
    return true;
}

/* What is here can be gone on with when its version is known, or the whole will be checked by its hash. */
static int ask_for_rest(struct transfer *self, struct error *err)
{
    const struct hub_download *download = self->download;
    CLEANUP(mem_freep)
    char *url = hub_file_url(download->settings, download->name, download->commit);
    CLEANUP(mem_freep) char *etag = NULL;
    size_t len = 0;
    struct error ignored = {0};
    if (file_read(download->etag_path, HUB_ETAG_SIZE, &etag, &len, &ignored) != 0) {
        etag = NULL;
    }
    if (self->have > 0 && etag == NULL && download->facts->sha256[0] == '\0' && !begin_anew(self)) {
        return 0;
    }
    char range[64];
    char if_range[HUB_ETAG_SIZE + 16];
    const char *headers[2];
    size_t n = 0;
    if (self->have > 0) {
        (void)snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-", self->have);
        headers[n++] = range;
        if (etag != NULL) {
            (void)snprintf(if_range, sizeof(if_range), "If-Range: %s", etag);
            headers[n++] = if_range;
        }
    }
    const struct web_sink sink = {.user = self, .take = take, .stop = stop};
    const struct hub_question question = {
        .url = url, .headers = headers, .n_headers = n, .sink = &sink};
    return hub_ask(download->settings, &question, self->answer, err);
}

static bool is_whole(const struct transfer *self)
{
    const struct hub_facts *facts = self->download->facts;
    return facts->has_size ? self->have == facts->size : self->begun;
}

static int fail_short(const struct transfer *self, const struct error *why, struct error *err)
{
    const uint64_t total = self->download->facts->size;
    const char *reason = why->code != ERROR_NONE ? why->text : "the answer ended early";
    return error_set(
        err, ERROR_UNAVAILABLE,
        "%.700s; %" PRIu64 " of %" PRIu64 " bytes are kept: run it again to go on", reason,
        self->have, total);
}

static int fail_long(const struct transfer *self, struct error *err)
{
    const struct hub_download *download = self->download;
    char text[HUB_TEXT_SIZE];
    hub_name_write(download->name, download->commit, text);
    (void)unlink(download->path);
    (void)unlink(download->etag_path);
    if (download->facts->has_size) {
        return error_set(
            err, ERROR_VERIFY,
            "%.700s: more came than the %" PRIu64 " bytes that the hub told of; nothing is kept",
            text, download->facts->size);
    }
    return error_set(
        err, ERROR_LIMIT, "%.700s: it is longer than %" PRIu64 " bytes; nothing is kept", text,
        download->settings->max_bytes);
}

static int fail_verdict(const struct transfer *self, struct error *err)
{
    const char *path = self->download->path;
    switch (self->verdict) {
    case NOT_WRITTEN:
        return error_set_os(err, ERROR_IO, self->os_errno, "cannot write %s", path);
    case STOPPED:
        return error_set(
            err, ERROR_INTERRUPTED, "stopped; %" PRIu64 " bytes are kept: run it again to go on",
            self->have);
    case TOO_LONG:
        return fail_long(self, err);
    case GOING_ON:
    case BAD_RANGE:
    default:
        return error_set(
            err, ERROR_UNAVAILABLE, "%s: the host does not go on where it was asked to", path);
    }
}

/* Outcomes of step besides a failure. */
enum {
    WHOLE = 0,
    AGAIN = 1
};

/* One request, and what follows from it. */
static int step(struct transfer *self, struct error *err)
{
    struct error why = {0};
    const uint64_t before = self->have;
    self->begun = false;
    self->verdict = GOING_ON;
    *self->answer = (struct hub_answer){0};
    const int rc = ask_for_rest(self, &why);
    if (rc < 0 && why.code != ERROR_UNAVAILABLE) {
        *err = why;
        return rc;
    }
    const long status = self->answer->status;
    const bool unusable = self->verdict == BAD_RANGE || (rc >= 0 && status == 416);
    if (unusable && before > 0) {
        self->verdict = GOING_ON;
        return begin_anew(self) ? AGAIN : fail_verdict(self, err);
    }
    if (self->verdict != GOING_ON) {
        return fail_verdict(self, err);
    }
    if (rc >= 0 && status != 200 && status != 206) {
        return hub_fail(self->download->settings, self->download->name, self->answer, err);
    }
    if (rc == 0 && is_whole(self)) {
        return WHOLE;
    }
    return self->have > before ? AGAIN : fail_short(self, &why, err);
}

static int check_space(const struct hub_download *self, uint64_t have, struct error *err)
{
    struct statvfs info;
    if (!self->facts->has_size || statvfs(self->settings->cache, &info) != 0) {
        return 0;
    }
    const uint64_t left = (uint64_t)info.f_bavail * info.f_frsize;
    const uint64_t needed = self->facts->size - have + SPARE_BYTES;
    if (needed <= left) {
        return 0;
    }
    return error_set(
        err, ERROR_IO,
        "%s: %" PRIu64 " MiB are free and %" PRIu64
        " are needed: make room, or set BENCH_CACHE_DIR to another folder",
        self->settings->cache, left >> 20, (needed >> 20) + 1);
}

static int open_partial(const struct hub_download *self, struct transfer *out, struct error *err)
{
    const int fd = open(self->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, PARTIAL_MODE);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || lseek(fd, 0, SEEK_END) < 0) {
        const int why = errno;
        fd_closep(&fd);
        return error_set_os(err, ERROR_IO, why, "cannot write %s", self->path);
    }
    out->fd = fd;
    out->have = (uint64_t)info.st_size;
    if (out->have > longest(self) && !begin_anew(out)) {
        fd_closep(&fd);
        return fail_verdict(out, err);
    }
    return 0;
}

int hub_download_run(const struct hub_download *self, struct error *err)
{
    struct hub_answer answer = {0};
    struct transfer transfer = {.download = self, .answer = &answer, .fd = -1};
    int rc = open_partial(self, &transfer, err);
    if (rc != 0) {
        return rc;
    }
    CLEANUP(fd_closep) const int fd = transfer.fd;
    rc = check_space(self, transfer.have, err);
    if (rc == 0 && !(self->facts->has_size && transfer.have == self->facts->size)) {
        rc = AGAIN;
    }
    for (unsigned n = 0; rc == AGAIN && n < REQUESTS_MAX; n++) {
        rc = step(&transfer, err);
    }
    if (rc == AGAIN) {
        const struct error none = {0};
        return fail_short(&transfer, &none, err);
    }
    if (rc == WHOLE && fsync(fd) != 0) {
        return error_set_os(err, ERROR_IO, errno, "cannot write %s", self->path);
    }
    return rc;
}
