/* A base URL is read once, from the command line, so everything that later code would have to guess at
 * is refused here: user info, query, fragment, a port of zero, an IPv6 address without brackets.  What
 * is left has one spelling, which is also the one that is hashed. */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    PORT_HTTP = 80,
    PORT_HTTPS = 443,
    PORT_MAX = 65535,
    PORT_DIGITS_MAX = 5,
    HOST_NAME_MAX_BYTES = 253 /* RFC 1035, 2.3.4, without the root's dot and length byte */
};

/* A piece of the URL's text. */
struct part {
    const char *text;
    size_t len;
};

static MUST_CHECK int refuse(const char *url, const char *why, struct error *err)
{
    return error_set(err, ERROR_USAGE, "URL '%s': %s", url, why);
}

static bool is_url_char(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL;
}

static char to_lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_alnum(char c)
{
    const char lower = to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static void copy_lower(char *out, struct part part)
{
    for (size_t i = 0; i < part.len; i++) {
        out[i] = to_lower(part.text[i]);
    }
    out[part.len] = '\0';
}

/* Bytes of the scheme with its slashes, or 0 when it is neither of the two. */
static size_t scheme_len(const char *url, bool *tls)
{
    static const char plain[] = "http://";
    static const char secure[] = "https://";
    if (strncasecmp(url, plain, strlen(plain)) == 0) {
        *tls = false;
        return strlen(plain);
    }
    if (strncasecmp(url, secure, strlen(secure)) == 0) {
        *tls = true;
        return strlen(secure);
    }
    return 0;
}

static MUST_CHECK int
parse_port(const char *url, struct part text, struct endpoint *out, struct error *err)
{
    unsigned port = 0;
    bool good = text.len > 0 && text.len <= PORT_DIGITS_MAX;
    for (size_t i = 0; good && i < text.len; i++) {
        good = text.text[i] >= '0' && text.text[i] <= '9';
        port = port * 10 + (unsigned)(text.text[i] - '0');
    }
    if (!good || port == 0 || port > PORT_MAX) {
        return refuse(url, "the port must be a number from 1 to 65535", err);
    }
    out->port = port;
    return 0;
}

static MUST_CHECK int
parse_name(const char *url, struct part host, struct endpoint *out, struct error *err)
{
    if (host.len == 0) {
        return refuse(url, "has no host", err);
    }
    if (host.len > HOST_NAME_MAX_BYTES) {
        return refuse(url, "the host name is longer than 253 characters", err);
    }
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.text[i];
        if (!is_alnum(c) && c != '-' && c != '.' && c != '_') {
            return refuse(url, "the host has a character that no host name has", err);
        }
    }
    if (host.text[0] == '.' || memmem(host.text, host.len, "..", 2) != NULL) {
        return refuse(url, "the host name has an empty label", err);
    }
    copy_lower(out->host, host);
    return 0;
}

/* `text` begins after the '['.  *after is set to what follows the ']'. */
static MUST_CHECK int parse_ipv6(
    const char *url, struct part text, struct endpoint *out, struct part *after, struct error *err)
{
    const char *end = memchr(text.text, ']', text.len);
    if (end == NULL) {
        return refuse(url, "the '[' of an IPv6 address has no ']'", err);
    }
    const struct part literal = {text.text, (size_t)(end - text.text)};
    struct in6_addr address;
    if (literal.len >= INET6_ADDRSTRLEN) {
        return refuse(url, "not an IPv6 address in the brackets", err);
    }
    copy_lower(out->host, literal);
    if (inet_pton(AF_INET6, out->host, &address) != 1) {
        return refuse(url, "not an IPv6 address in the brackets", err);
    }
    out->ipv6_literal = true;
    *after = (struct part){end + 1, text.len - literal.len - 1};
    return 0;
}

static MUST_CHECK int
parse_authority(const char *url, struct part text, struct endpoint *out, struct error *err)
{
    if (memchr(text.text, '@', text.len) != NULL) {
        return refuse(url, "user and password do not belong in it; --api-key-env names a key", err);
    }
    struct part after = {NULL, 0};
    int result = 0;
    if (text.len > 0 && text.text[0] == '[') {
        result = parse_ipv6(url, (struct part){text.text + 1, text.len - 1}, out, &after, err);
        if (result == 0 && after.len > 0 && after.text[0] != ':') {
            result = refuse(url, "only a port may follow the ']'", err);
        }
    } else {
        const char *colon = memchr(text.text, ':', text.len);
        const size_t host_len = colon != NULL ? (size_t)(colon - text.text) : text.len;
        after = (struct part){text.text + host_len, text.len - host_len};
        if (after.len > 1 && memchr(after.text + 1, ':', after.len - 1) != NULL) {
            return refuse(url, "write an IPv6 address in brackets: http://[::1]:8000", err);
        }
        result = parse_name(url, (struct part){text.text, host_len}, out, err);
    }
    if (result < 0) {
        return result;
    }
    out->port = out->tls ? PORT_HTTPS : PORT_HTTP;
    if (after.len == 0) {
        return 0;
    }
    return parse_port(url, (struct part){after.text + 1, after.len - 1}, out, err);
}

static MUST_CHECK int
parse_path(const char *url, struct part path, struct endpoint *out, struct error *err)
{
    while (path.len > 0 && path.text[path.len - 1] == '/') {
        path.len--;
    }
    if (path.len >= ENDPOINT_PATH_MAX) {
        return refuse(url, "the path is longer than 511 characters", err);
    }
    memcpy(out->path, path.text, path.len);
    out->path[path.len] = '\0';
    return 0;
}

static void write_authority(struct endpoint *self)
{
    const char *open = self->ipv6_literal ? "[" : "";
    const char *close = self->ipv6_literal ? "]" : "";
    const unsigned usual = self->tls ? PORT_HTTPS : PORT_HTTP;
    char port[16] = "";
    if (self->port != usual) {
        (void)snprintf(port, sizeof(port), ":%u", self->port);
    }
    (void)snprintf(
        self->authority, sizeof(self->authority), "%s%s%s%s", open, self->host, close, port);
}

int endpoint_parse(const char *url, struct endpoint *out, struct error *err)
{
    struct endpoint parsed = {0};
    const size_t skipped = scheme_len(url, &parsed.tls);
    if (skipped == 0) {
        return refuse(url, "must begin with http:// or https://", err);
    }
    const char *rest = url + skipped;
    for (const char *p = rest; *p != '\0'; p++) {
        if (!is_url_char(*p)) {
            return refuse(url, "has a character that no URL has", err);
        }
    }
    if (strchr(rest, '#') != NULL) {
        return refuse(url, "a fragment ('#...') does not belong in it", err);
    }
    if (strchr(rest, '?') != NULL) {
        return refuse(url, "a query ('?...') does not belong in it", err);
    }
    const size_t authority_len = strcspn(rest, "/");
    int result = parse_authority(url, (struct part){rest, authority_len}, &parsed, err);
    if (result < 0) {
        return result;
    }
    const char *path = rest + authority_len;
    result = parse_path(url, (struct part){path, strlen(path)}, &parsed, err);
    if (result < 0) {
        return result;
    }
    write_authority(&parsed);
    *out = parsed;
    return 0;
}

void endpoint_normal(const struct endpoint *self, char out[ENDPOINT_NORMAL_MAX])
{
    (void)snprintf(
        out, ENDPOINT_NORMAL_MAX, "%s://%s%s%s:%u%s", self->tls ? "https" : "http",
        self->ipv6_literal ? "[" : "", self->host, self->ipv6_literal ? "]" : "", self->port,
        self->path);
}

static bool is_known(const struct address *known, size_t n, const struct addrinfo *info)
{
    for (size_t i = 0; i < n; i++) {
        if (known[i].len == info->ai_addrlen &&
            memcmp(&known[i].storage, info->ai_addr, info->ai_addrlen) == 0) {
            return true;
        }
    }
    return false;
}

int endpoint_resolve(
    const struct endpoint *self,
    struct address out[ENDPOINT_ADDRESSES_MAX],
    size_t *out_n,
    struct error *err)
{
    char port[16];
    (void)snprintf(port, sizeof(port), "%u", self->port);
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_protocol = IPPROTO_TCP,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *infos = NULL;
    const int code = getaddrinfo(self->host, port, &hints, &infos);
    if (code != 0) {
        return error_set(
            err, ERROR_UNAVAILABLE, "host '%s' cannot be resolved: %s", self->host,
            gai_strerror(code));
    }
    size_t n = 0;
    for (const struct addrinfo *i = infos; i != NULL && n < ENDPOINT_ADDRESSES_MAX;
         i = i->ai_next) {
        if (i->ai_addrlen <= sizeof(out[n].storage) && !is_known(out, n, i)) {
            memset(&out[n], 0, sizeof(out[n]));
            memcpy(&out[n].storage, i->ai_addr, i->ai_addrlen);
            out[n].len = i->ai_addrlen;
            n++;
        }
    }
    freeaddrinfo(infos);
    *out_n = n;
    return 0;
}
