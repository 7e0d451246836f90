/* Any text as a base URL: it is refused in one line, or its normal form is a URL that means the same and
 * is its own normal form. */
#include "base/mem.h"
#include "net/endpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_normal(const struct endpoint *endpoint)
{
    char normal[ENDPOINT_NORMAL_MAX];
    char again[ENDPOINT_NORMAL_MAX];
    endpoint_normal(endpoint, normal);
    struct endpoint reread;
    struct error err = {0};
    require(endpoint_parse(normal, &reread, &err) == 0);
    endpoint_normal(&reread, again);
    require(strcmp(normal, again) == 0);
    require(strcmp(endpoint->host, reread.host) == 0);
    require(strcmp(endpoint->authority, reread.authority) == 0);
    require(strcmp(endpoint->path, reread.path) == 0);
    require(endpoint->port == reread.port && endpoint->port > 0 && endpoint->port < 65536);
    require(endpoint->tls == reread.tls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *url = mem_copy_bytes(data, size);
    struct endpoint endpoint;
    struct error err = {0};
    const int result = endpoint_parse(url, &endpoint, &err);
    if (result == 0) {
        check_normal(&endpoint);
    } else {
        require(result == -ERROR_USAGE && err.text[0] != '\0');
    }
    free(url);
    return 0;
}
