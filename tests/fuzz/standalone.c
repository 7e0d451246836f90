/* Replays a corpus without libFuzzer: every file named, and every file of every folder named, goes
 * through the fuzzer's entry point once, in order of names.  A crash or a failed assertion fails the
 * test; so does an empty corpus, which would test nothing. */
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_SIZE_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input lies in a block of exactly its size, so that a read behind it is found by ASan. */
static bool replay_file(const char *path)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    if (file_read(path, INPUT_SIZE_MAX, &text, &len, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    text = mem_resize(TAKE(text), len, 1);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)text, len);
    return true;
}

static int is_visible(const struct dirent *row)
{
    return row->d_name[0] != '.';
}

/* Returns the number of files, or -1. */
static int replay_folder(const char *folder)
{
    struct dirent **rows = NULL;
    const int n = scandir(folder, &rows, is_visible, alphasort);
    if (n < 0) {
        (void)fprintf(stderr, "cannot list %s\n", folder);
        return -1;
    }
    bool good = true;
    for (int i = 0; i < n; i++) {
        CLEANUP(mem_freep) char *path = file_join(folder, rows[i]->d_name);
        good = replay_file(path) && good;
        free(rows[i]);
    }
    free(rows);
    return good ? n : -1;
}

int main(int argc, char **argv)
{
    int n_inputs = 0;
    for (int i = 1; i < argc; i++) {
        int n = 1;
        if (file_is_folder(argv[i])) {
            n = replay_folder(argv[i]);
        } else if (!replay_file(argv[i])) {
            n = -1;
        }
        if (n < 0) {
            return EXIT_FAILURE;
        }
        n_inputs += n;
    }
    if (n_inputs == 0) {
        (void)fprintf(stderr, "no inputs\n");
        return EXIT_FAILURE;
    }
    (void)printf("%d inputs\n", n_inputs);
    return EXIT_SUCCESS;
}
