/* The kernel's own notation, so that what /sys shows can be pasted.
 * Source: "List format" in cpuset(7). */
#include "base/cpu_list.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number of at most four digits at *at, which moves behind it; -1: there is none. */
static int take_number(const char **at)
{
    int value = -1;
    for (; **at >= '0' && **at <= '9' && value <= CPU_NUMBER_MAX; (*at)++) {
        value = (value < 0 ? 0 : value) * 10 + (**at - '0');
    }
    return value <= CPU_NUMBER_MAX ? value : -1;
}

static bool has_cpu(const struct cpu_list *self, int cpu)
{
    for (size_t i = 0; i < self->n; i++) {
        if (self->cpus[i] == cpu) {
            return true;
        }
    }
    return false;
}

/* One part of a list, without its comma; `len` is for the message. */
static int take_part(const char **at, struct cpu_list *out, struct error *err)
{
    const char *part = *at;
    const int len = (int)strcspn(part, ",");
    const int first = take_number(at);
    int last = first;
    if (first >= 0 && **at == '-') {
        (*at)++;
        last = take_number(at);
    }
    if (first < 0 || last < first || *at != part + len) {
        return error_set(
            err, ERROR_USAGE, "'%.*s' is no processor and no range of them, like 0 or 2-5", len,
            part);
    }
    for (int cpu = first; cpu <= last; cpu++) {
        if (has_cpu(out, cpu)) {
            return error_set(err, ERROR_USAGE, "processor %d stands twice in the list", cpu);
        }
        if (out->n == CPU_LIST_MAX) {
            return error_set(err, ERROR_USAGE, "more than %d processors", CPU_LIST_MAX);
        }
        out->cpus[out->n++] = (uint16_t)cpu;
    }
    return 0;
}

int cpu_list_parse(const char *text, struct cpu_list *out, struct error *err)
{
    struct cpu_list list = {.n = 0};
    const char *at = text;
    for (;;) {
        const int result = take_part(&at, &list, err);
        if (result < 0) {
            return result;
        }
        if (*at == '\0') {
            *out = list;
            return 0;
        }
        at++; /* the comma */
    }
}

void cpu_list_write(const struct cpu_list *self, char out[CPU_LIST_TEXT_MAX])
{
    out[0] = '\0';
    size_t len = 0;
    for (size_t i = 0; i < self->n;) {
        size_t last = i;
        while (last + 1 < self->n && self->cpus[last + 1] == self->cpus[last] + 1) {
            last++;
        }
        const char *comma = i > 0 ? "," : "";
        int n = 0;
        if (last > i) {
            n = snprintf(
                out + len, CPU_LIST_TEXT_MAX - len, "%s%u-%u", comma, self->cpus[i],
                self->cpus[last]);
        } else {
            n = snprintf(out + len, CPU_LIST_TEXT_MAX - len, "%s%u", comma, self->cpus[i]);
        }
        len += (size_t)n;
        i = last + 1;
    }
}

void cpu_list_allowed(struct cpu_list *out)
{
    *out = (struct cpu_list){.n = 0};
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return;
    }
    for (int cpu = 0; cpu <= CPU_NUMBER_MAX && out->n < CPU_LIST_MAX; cpu++) {
        if (CPU_ISSET((size_t)cpu, &set)) {
            out->cpus[out->n++] = (uint16_t)cpu;
        }
    }
}

int cpu_list_check(const struct cpu_list *self, const struct cpu_list *allowed, struct error *err)
{
    for (size_t i = 0; i < self->n; i++) {
        if (!has_cpu(allowed, self->cpus[i])) {
            char text[CPU_LIST_TEXT_MAX];
            cpu_list_write(allowed, text);
            return error_set(
                err, ERROR_UNAVAILABLE, "processor %u is none that this process may use: %s",
                self->cpus[i], text);
        }
    }
    return 0;
}

bool cpu_pin(unsigned cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof(set), &set) == 0;
}
