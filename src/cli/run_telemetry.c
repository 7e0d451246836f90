/* Power of another machine cannot be read here, and this machine's must not stand for it. */
#include "cli/run_telemetry.h"

#include "base/text.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static bool is_same_host(const struct sockaddr *a, const struct sockaddr *b)
{
    if (a->sa_family != b->sa_family) {
        return false;
    }
    if (a->sa_family == AF_INET) {
        struct sockaddr_in x;
        struct sockaddr_in y;
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return x.sin_addr.s_addr == y.sin_addr.s_addr;
    }
    if (a->sa_family == AF_INET6) {
        struct sockaddr_in6 x;
        struct sockaddr_in6 y;
        memcpy(&x, a, sizeof(x));
        memcpy(&y, b, sizeof(y));
        return memcmp(&x.sin6_addr, &y.sin6_addr, sizeof(x.sin6_addr)) == 0;
    }
    return false;
}

/* 127.0.0.0/8; ::1 is an address of the loopback interface. */
static bool is_loopback_4(const struct sockaddr *address)
{
    struct sockaddr_in in;
    if (address->sa_family != AF_INET) {
        return false;
    }
    memcpy(&in, address, sizeof(in));
    return ntohl(in.sin_addr.s_addr) >> 24 == 127;
}

/* True when the engine's first address is one of this machine's. */
static bool is_local(const struct run_plan *plan)
{
    if (run_plan_is_built_in(plan->options)) {
        return true;
    }
    if (plan->n_addresses == 0) {
        return false;
    }
    const struct sockaddr *address = (const struct sockaddr *)&plan->addresses[0].storage;
    struct ifaddrs *list = NULL;
    bool found = is_loopback_4(address);
    if (!found && getifaddrs(&list) == 0) {
        for (const struct ifaddrs *row = list; row != NULL && !found; row = row->ifa_next) {
            found = row->ifa_addr != NULL && is_same_host(row->ifa_addr, address);
        }
        freeifaddrs(list);
    }
    return found;
}

static void note(struct run_plan *plan, const char *text)
{
    (void)json_append(
        plan->warnings,
        json_new_text(&plan->arena, arena_format(&plan->arena, "telemetry: %s", text)));
}

static void open_samplers(struct run_telemetry *self, struct run_plan *plan)
{
    const struct sampler_options options = {.root = ""};
    for (size_t i = 0; i < sampler_table_len && self->n < RUN_SAMPLERS_MAX; i++) {
        struct error err = {0};
        if (sampler_table[i] == &sampler_null) {
            continue;
        }
        if (sampler_table[i]->open(&options, &self->samplers[self->n], &err) < 0) {
            note(plan, err.text);
            continue;
        }
        if (sampler_table[i] == &sampler_nvml && self->samplers[self->n]->n_sources > 1) {
            note(
                plan,
                "energy is that of all GPUs here, also of those that the engine does not use");
        }
        self->n++;
    }
}

void run_telemetry_begin(struct run_telemetry *self, struct run_plan *plan)
{
    *self = (struct run_telemetry){0};
    if (plan->options->virtual_time) {
        return;
    }
    if (!is_local(plan)) {
        note(plan, "the engine is not on this machine, whose power says nothing of it");
        return;
    }
    open_samplers(self, plan);
    struct error err = {0};
    if (self->n > 0 && recorder_start(self->samplers, self->n, 0, &self->recorder, &err) < 0) {
        note(plan, err.text);
    }
}

void run_telemetry_end(struct run_telemetry *self, struct point_result *result)
{
    if (self->recorder == NULL) {
        return;
    }
    recorder_stop(self->recorder);
    if (result != NULL) {
        result->facts.telemetry = recorder_telemetry(self->recorder, result->facts.start_mono_ns);
    }
}

void run_telemetry_done(struct run_telemetry *self)
{
    recorder_free(self->recorder);
    for (uint32_t i = 0; i < self->n; i++) {
        self->samplers[i]->ops->close(self->samplers[i]);
    }
    *self = (struct run_telemetry){0};
}
