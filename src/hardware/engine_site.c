/* Listener, its holders, the first of them, what that one is.  At each step it is said what is missing,
 * and whether root would see more. */
#include "hardware/engine_site.h"

#include "base/text.h"
#include "hardware/engine_gpus.h"
#include "hardware/reader.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Programs that listen for others.  Names as the kernel keeps them: 15 bytes. */
static const struct {
    const char *name;
    bool same_machine; /* what they pass connections to is in a container here */
} forwarders[] = {
    {"docker-proxy", true}, {"rootlessport", true}, {"slirp4netns", true}, {"pasta", true},
    {"pasta.avx2", true},   {"gvproxy", false},     {"ssh", false},        {"sshd", false},
    {"autossh", false},     {"kubectl", false},     {"socat", false},      {"haproxy", false},
    {"nginx", false},       {"envoy", false},       {"traefik", false},    {"caddy", false},
    {"stunnel", false},     {"stunnel4", false},    {"tailscaled", false}, {"cloudflared", false},
};

PRINTF_LIKE(2, 3) static void unknown(struct engine_site *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(out->why, sizeof(out->why), format, args);
    va_end(args);
}

/* False when the listener is no engine. */
static bool is_engine(struct engine_site *out, const struct process *process, unsigned port)
{
    for (size_t i = 0; i < ARRAY_LEN(forwarders); i++) {
        if (!text_equal(process->name, forwarders[i].name)) {
            continue;
        }
        out->local = forwarders[i].same_machine;
        unknown(
            out, "port %u is held by %s (pid %d), which passes connections on to %s", port,
            process->name, process->pid,
            out->local ? "a container" : "what may be another machine");
        return false;
    }
    return true;
}

/* Why no process holds the socket. */
static void explain_no_holder(
    struct engine_site *out,
    const struct listener_list *listeners,
    const struct process_holders *holders,
    unsigned port)
{
    if (holders->n_denied > 0) {
        unknown(
            out,
            "the process that listens on port %u is not visible: its socket belongs to user %u, and "
            "only root may look into every process",
            port, listeners->rows[0].uid);
    } else {
        unknown(
            out,
            "no process that is visible here listens on port %u: it is in another pid namespace, "
            "as in a container",
            port);
    }
}

/* The process, or why it is not known. */
static void find_process(
    const struct reader *reader, const struct engine_site_query *query, struct engine_site *out)
{
    const unsigned port = listener_port(query->address);
    struct listener_list listeners;
    struct process_holders holders;
    listeners_find(reader, "/proc/net", query->address, &listeners);
    if (!listeners.readable) {
        unknown(out, "/proc/net/tcp cannot be read");
        return;
    }
    if (listeners.n == 0) {
        unknown(
            out,
            "nothing listens on port %u in this network namespace: connections to it are passed on, "
            "as to a container",
            port);
        return;
    }
    process_holders_find(reader, &listeners, &holders);
    size_t n_roots = 0;
    const int32_t pid = process_holders_root(reader, &holders, &n_roots);
    if (pid == 0) {
        explain_no_holder(out, &listeners, &holders, port);
        return;
    }
    struct process process;
    if (!process_read(reader, pid, &process)) {
        unknown(out, "process %d, which listens on port %u, cannot be read", pid, port);
        return;
    }
    if (!is_engine(out, &process, port)) {
        return;
    }
    if (n_roots > 1) {
        reader_warn(
            reader,
            "engine_process: %zu processes that do not come from each other listen on port %u: the "
            "one with the lowest pid is described",
            n_roots, port);
    }
    out->process = process;
    out->known = true;
}

/* The path in a line "5:memory:/system.slice/x.service"; NULL when it is none. */
static const char *cgroup_path(const struct reader *reader, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    const char *path =
        colon == NULL ? NULL : memchr(colon + 1, ':', len - (size_t)(colon + 1 - line));
    return path == NULL ? NULL : reader_trim(reader, path + 1, len - (size_t)(path + 1 - line));
}

/* Of all hierarchies the first that names more than the root, else the root. */
static const char *cgroup_of(const struct reader *reader, int32_t pid)
{
    const char *text =
        reader_file(reader, arena_format(reader->arena, "/proc/%d/cgroup", pid), NULL);
    const char *root = NULL;
    for (const char *line = text == NULL ? "" : text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        const char *path = cgroup_path(reader, line, len);
        if (path != NULL && !text_equal(path, "/")) {
            return path;
        }
        root = path != NULL ? path : root;
        line += len + (line[len] == '\n');
    }
    return root;
}

static void add_text_or_unknown(
    const struct reader *reader, struct json *facts, const char *key, const char *value)
{
    json_add_text(reader->arena, facts, key, value == NULL ? "unknown" : value);
    if (value == NULL) {
        reader_warn(reader, "engine_process.%s is unknown: it cannot be read", key);
    }
}

static void
add_or_null(const struct reader *reader, struct json *facts, const char *key, struct json *value)
{
    (void)json_add(
        reader->arena, facts, key, value == NULL ? json_new(reader->arena, JSON_NULL) : value);
}

static void add_command_line(
    const struct reader *reader, const struct engine_site_query *query, struct engine_site *out)
{
    size_t len = 0;
    const char *path = arena_format(reader->arena, "/proc/%d/cmdline", out->process.pid);
    const char *bytes = reader_bytes(reader, path, &len, NULL);
    if (bytes == NULL) {
        json_add_null(reader->arena, out->facts, "command_line");
        reader_warn(reader, "engine_process.command_line is unknown: it cannot be read");
        return;
    }
    (void)json_add(
        reader->arena, out->facts, "command_line",
        secret_text_command_line(reader->arena, bytes, len, &query->secrets));
}

static void describe(
    const struct reader *reader, const struct engine_site_query *query, struct engine_site *out)
{
    const int32_t pid = out->process.pid;
    out->facts = json_new(reader->arena, JSON_OBJECT);
    json_add_i64(reader->arena, out->facts, "pid", pid);
    json_add_text(reader->arena, out->facts, "name", out->process.name);
    const char *exe = process_link(reader, pid, "exe");
    add_text_or_unknown(
        reader, out->facts, "executable",
        exe == NULL ? NULL : reader_trim(reader, exe, strlen(exe)));
    add_command_line(reader, query, out);
    add_text_or_unknown(reader, out->facts, "cgroup", cgroup_of(reader, pid));
    container_read(reader, pid, &out->container);
    python_env_read(reader, pid, exe == NULL ? "" : exe, &out->python);
    add_or_null(reader, out->facts, "container", out->container.facts);
    add_or_null(reader, out->facts, "python", out->python.facts);
    (void)json_add(
        reader->arena, out->facts, "gpus",
        query->simulated ? json_new(reader->arena, JSON_ARRAY) : engine_gpus_read(reader, pid));
}

void engine_site_find(
    const struct engine_site_query *query,
    struct arena *arena,
    struct json *warnings,
    struct engine_site *out)
{
    const struct reader reader = {
        .arena = arena, .root = query->root, .warnings = warnings, .nvml = query->nvml};
    *out = (struct engine_site){.address = host_address_kind(&reader, query->address)};
    if (out->address == HOST_ADDRESS_NETWORK) {
        unknown(out, "the engine is not on this machine");
        return;
    }
    out->local = true;
    find_process(&reader, query, out);
    if (!out->known) {
        reader_warn(&reader, "engine_process is unknown: %s", out->why);
        return;
    }
    describe(&reader, query, out);
}
