/* What the kernel lets this process open.  A run checks its own load against the same limits before it
 * sends anything (net/limits.h); here they are held against a load of CHECK_STREAMS. */
#include "base/text.h"
#include "hardware/check_rows.h"
#include "hardware/check_value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "Max open files            1024                 524288               files".  The client raises its soft
 * limit to the hard one by itself.  INFINITY: none; NAN: not told. */
static double hard_limit(const struct check_context *context)
{
    static const char key[] = "Max open files";
    const char *text = reader_file(&context->reader, "/proc/self/limits", NULL);
    const char *line = text == NULL ? NULL : strstr(text, key);
    char soft[24] = "";
    char hard[24] = "";
    if (line == NULL || sscanf(line + strlen(key), "%23s %23s", soft, hard) != 2) {
        return (double)NAN;
    }
    double n = (double)NAN;
    struct error err = {0};
    const bool is_number = text_parse_f64(hard, 0.0, 1e18, &n, &err) == 0;
    return is_number || !text_equal(hard, "unlimited") ? n : (double)INFINITY;
}

static void read_descriptors(const struct check_context *context, struct check_reading *out)
{
    const double n = hard_limit(context);
    if (isnan(n)) {
        check_unknown(out, "/proc/self/limits does not tell");
    } else if (isinf(n)) {
        check_number(out, n, "no limit");
    } else {
        check_number(out, n, "%.0f", n);
    }
}

static void read_ports(const struct check_context *context, struct check_reading *out)
{
    const char *line =
        reader_file(&context->reader, "/proc/sys/net/ipv4/ip_local_port_range", NULL);
    unsigned low = 0;
    unsigned high = 0;
    /* Too large a number is refused below. NOLINTNEXTLINE(cert-err34-c) */
    if (line == NULL || sscanf(line, "%u %u", &low, &high) != 2 || low == 0 || high < low ||
        high > 65535) {
        check_unknown(out, "the kernel does not tell");
        return;
    }
    const unsigned n = high - low + 1;
    check_number(out, n, "%u, from %u to %u", n, low, high);
}

static void read_backlog(const struct check_context *context, struct check_reading *out)
{
    double n = 0.0;
    if (check_read_number(&context->reader, "/proc/sys/net/core/somaxconn", &n)) {
        check_number(out, n, "%.0f", n);
    } else {
        check_unknown(out, "the kernel does not tell");
    }
}

const struct host_check limit_checks[] = {
    {{.name = "limits.descriptors",
      .what =
          "files and sockets that this process may have open: two for each of 1000 streams with "
          "the built-in engine, and some beside them",
      .order = CHECK_AT_LEAST,
      .limit = CHECK_DESCRIPTORS_MIN,
      .wanted = "",
      .trip = CHECK_WARN,
      .source = "/proc/self/limits: Max open files, hard limit",
      .fix = "ulimit -Hn 65536 as root, LimitNOFILE= of a service, docker --ulimit nofile"},
     read_descriptors},
    {{.name = "limits.ports",
      .what = "local ports for connections to one address: an engine that closes connections takes "
              "one for each request, for a minute",
      .order = CHECK_AT_LEAST,
      .limit = CHECK_PORTS_MIN,
      .wanted = "",
      .trip = CHECK_WARN,
      .source = "/proc/sys/net/ipv4/ip_local_port_range",
      .fix = "sysctl net.ipv4.ip_local_port_range='15000 60999', or --source-address A,B,..."},
     read_ports},
    {{.name = "limits.backlog",
      .what = "connections that an engine on this machine can have waiting when all are opened at "
              "once",
      .order = CHECK_AT_LEAST,
      .limit = CHECK_BACKLOG_MIN,
      .wanted = "",
      .trip = CHECK_WARN,
      .source = "/proc/sys/net/core/somaxconn",
      .fix = "sysctl net.core.somaxconn=4096, before the engine is started"},
     read_backlog},
};

const size_t limit_checks_len = ARRAY_LEN(limit_checks);
