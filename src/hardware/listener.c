/* A socket of IPv6 takes connections to IPv4 addresses too, unless it was told not to, which the table
 * does not say: such a socket comes last. */
#include "hardware/listener.h"

#include "hardware/host_address.h"

#include <netinet/in.h>
#include <string.h>

/* How well a socket's address fits. */
enum fit {
    FIT_NONE,
    FIT_ANY_OTHER, /* all addresses of IPv6, asked for one of IPv4 */
    FIT_ANY,       /* all addresses */
    FIT_EXACT,
};

/* What is looked for, and the best that was found. */
struct search {
    unsigned char address[16];
    size_t address_len;
    unsigned port;
    enum fit best;
    struct listener_list *out;
};

enum {
    FIELD_LOCAL = 1,
    FIELD_STATE = 3,
    FIELD_UID = 7,
    FIELD_INODE = 9,
    FIELDS = 10
};

struct field {
    const char *text;
    size_t len;
};

unsigned listener_port(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return ntohs(in.sin_port);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        return ntohs(in6.sin6_port);
    }
    return 0;
}

/* Number of fields in white space that were found. */
static size_t split(const char *line, size_t len, struct field out[FIELDS])
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < FIELDS;) {
        while (i < len && line[i] == ' ') {
            i++;
        }
        const size_t start = i;
        while (i < len && line[i] != ' ') {
            i++;
        }
        if (i > start) {
            out[n++] = (struct field){line + start, i - start};
        }
    }
    return n;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A whole field as a number; false when it is none, or too large. */
static bool number_of(const char *text, size_t len, unsigned base, uint64_t *out)
{
    uint64_t value = 0;
    if (len == 0 || len > 20) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const int digit = digit_of(text[i]);
        if (digit < 0 || (unsigned)digit >= base || value > (UINT64_MAX - 15) / base) {
            return false;
        }
        value = value * base + (unsigned)digit;
    }
    *out = value;
    return true;
}

/* "0100007F:1F90": words of four bytes as the machine holds them, then the port.  0: no address. */
static size_t address_of(const struct field *field, unsigned char out[16], unsigned *out_port)
{
    const char *colon = memchr(field->text, ':', field->len);
    const size_t digits = colon == NULL ? 0 : (size_t)(colon - field->text);
    uint64_t port = 0;
    if ((digits != 8 && digits != 32) ||
        !number_of(colon + 1, field->len - digits - 1, 16, &port) || port > 65535) {
        return 0;
    }
    for (size_t i = 0; i < digits / 8; i++) {
        uint64_t word = 0;
        if (!number_of(field->text + 8 * i, 8, 16, &word)) {
            return 0;
        }
        const uint32_t bytes = (uint32_t)word;
        memcpy(out + 4 * i, &bytes, 4);
    }
    *out_port = (unsigned)port;
    return digits / 2;
}

static enum fit fit_of(const struct search *search, const unsigned char *local, size_t len)
{
    static const unsigned char zero[16] = {0};
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    const bool any = memcmp(local, zero, len) == 0;
    if (len == 16 && search->address_len == 4) {
        if (any) {
            return FIT_ANY_OTHER;
        }
        const bool same =
            memcmp(local, mapped, 12) == 0 && memcmp(local + 12, search->address, 4) == 0;
        return same ? FIT_EXACT : FIT_NONE;
    }
    if (len != search->address_len) {
        return FIT_NONE;
    }
    if (memcmp(local, search->address, len) == 0) {
        return FIT_EXACT;
    }
    return any ? FIT_ANY : FIT_NONE;
}

static void read_row(struct search *search, const char *line, size_t len)
{
    struct field fields[FIELDS];
    unsigned char local[16];
    unsigned port = 0;
    uint64_t state = 0;
    uint64_t uid = 0;
    uint64_t inode = 0;
    if (split(line, len, fields) < FIELDS ||
        !number_of(fields[FIELD_STATE].text, fields[FIELD_STATE].len, 16, &state) ||
        state != 0x0a || !number_of(fields[FIELD_UID].text, fields[FIELD_UID].len, 10, &uid) ||
        !number_of(fields[FIELD_INODE].text, fields[FIELD_INODE].len, 10, &inode)) {
        return;
    }
    const size_t local_len = address_of(&fields[FIELD_LOCAL], local, &port);
    if (local_len == 0 || port != search->port) {
        return;
    }
    const enum fit fit = fit_of(search, local, local_len);
    if (fit == FIT_NONE || fit < search->best) {
        return;
    }
    if (fit > search->best) {
        search->best = fit;
        search->out->n = 0;
    }
    if (search->out->n < LISTENERS_MAX) {
        search->out->rows[search->out->n++] = (struct listener){inode, (uint32_t)uid};
    }
}

static void read_table(const struct reader *reader, const char *path, struct search *search)
{
    const char *text = reader_file(reader, path, NULL);
    if (text == NULL) {
        return;
    }
    search->out->readable = true;
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        read_row(search, line, len);
        line += len + (line[len] == '\n');
    }
}

/* What connect(2) does. */
static void take_unspecified_for_loopback(struct search *search)
{
    static const unsigned char zero[16] = {0};
    if (memcmp(search->address, zero, search->address_len) == 0) {
        search->address[0] = search->address_len == 4 ? 127 : 0;
        search->address[search->address_len - 1] = 1;
    }
}

void listeners_find(
    const struct reader *reader,
    const char *folder,
    const struct sockaddr *address,
    struct listener_list *out)
{
    *out = (struct listener_list){0};
    struct search search = {.port = listener_port(address), .out = out};
    search.address_len = host_address_bytes(address, search.address);
    if (search.address_len == 0) {
        return;
    }
    take_unspecified_for_loopback(&search);
    read_table(reader, arena_format(reader->arena, "%s/tcp", folder), &search);
    read_table(reader, arena_format(reader->arena, "%s/tcp6", folder), &search);
}
