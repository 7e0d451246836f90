/* kernel_file.h - small files in which the kernel shows one number or one line, opened once and read again
 * and again.  Internal to telemetry/. */
#pragma once

#include <stdbool.h>

enum {
    KERNEL_LINE_MAX = 64
};

/* A descriptor of FOLDER/NAME, or -1 with errno set. */
int kernel_file_open(const char *folder, const char *name);

/* Closes the descriptor; -1 is nothing. */
void kernel_file_close(int fd);

/* The first line, without its end; false when it cannot be read. */
bool kernel_file_line(int fd, char out[KERNEL_LINE_MAX]);
bool kernel_file_line_at(const char *folder, const char *name, char out[KERNEL_LINE_MAX]);

/* The number that the file holds, a whole one from 0 to 2^53, as it stands; false otherwise. */
bool kernel_file_number(int fd, double *out);
bool kernel_file_number_at(const char *folder, const char *name, double *out);
