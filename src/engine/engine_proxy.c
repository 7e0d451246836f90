/* The rules by which libcurl takes a proxy from the environment, for one host.
 * Source: https://everything.curl.dev/usingcurl/proxies/env.html */
#include "base/text.h"
#include "engine/engine_check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_loopback(const char *host)
{
    return text_equal(host, "localhost") || text_starts_with(host, "127.") ||
           text_equal(host, "::1");
}

/* True when an entry of the list is the host, or a domain that it is in. */
static bool is_listed(const char *list, const char *host)
{
    const size_t host_len = strlen(host);
    while (*list != '\0') {
        list += strspn(list, ", ");
        const size_t len = strcspn(list, ", ");
        const char *entry = list;
        list += len;
        const size_t dot = entry[0] == '.' ? 1 : 0;
        const size_t n = len - dot;
        if (len == 1 && entry[0] == '*') {
            return true;
        }
        if (len <= dot || n > host_len) {
            continue;
        }
        const char *end = host + host_len - n;
        if (strncasecmp(end, entry + dot, n) == 0 && (end == host || end[-1] == '.')) {
            return true;
        }
    }
    return false;
}

const char *engine_proxy_variable(const struct endpoint *endpoint)
{
    /* HTTP_PROXY in capitals is what a CGI program gets of a header of that name: libcurl ignores it. */
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {
        "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
    const char *exempt = variable("no_proxy");
    exempt = exempt != NULL ? exempt : variable("NO_PROXY");
    if (is_loopback(endpoint->host) || (exempt != NULL && is_listed(exempt, endpoint->host))) {
        return NULL;
    }
    for (const char *const *name = endpoint->tls ? https : http; *name != NULL; name++) {
        if (variable(*name) != NULL) {
            return *name;
        }
    }
    return NULL;
}
