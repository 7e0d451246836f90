/* The kernel makes the text anew at every read from the start. */
#include "telemetry/kernel_file.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int kernel_file_open(const char *folder, const char *name)
{
    CLEANUP(mem_freep) char *path = file_join(folder, name);
    /* What is no file of the kernel (a pipe) must not stop a thread. */
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

void kernel_file_close(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

bool kernel_file_line(int fd, char out[KERNEL_LINE_MAX])
{
    const ssize_t n = pread(fd, out, KERNEL_LINE_MAX - 1, 0);
    if (n <= 0) {
        return false;
    }
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return true;
}

bool kernel_file_line_at(const char *folder, const char *name, char out[KERNEL_LINE_MAX])
{
    const int fd = kernel_file_open(folder, name);
    const bool told = fd >= 0 && kernel_file_line(fd, out);
    kernel_file_close(fd);
    return told;
}

bool kernel_file_number(int fd, double *out)
{
    char text[KERNEL_LINE_MAX];
    int64_t value = 0;
    struct error ignored = {0};
    if (!kernel_file_line(fd, text) ||
        text_parse_i64(text, 0, INT64_C(1) << 53, &value, &ignored) < 0) {
        return false;
    }
    *out = (double)value;
    return true;
}

bool kernel_file_number_at(const char *folder, const char *name, double *out)
{
    const int fd = kernel_file_open(folder, name);
    const bool told = fd >= 0 && kernel_file_number(fd, out);
    kernel_file_close(fd);
    return told;
}
