/* Turns files into one C source, so that the binary carries its data.
 *
 * Usage: embed OUT.c NAME=PATH...  OUT.c defines embedded_table in the order given.  Bytes become
 * string literals, one for each line of the file, which compiles faster than lists of numbers. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    LITERAL_BYTES_MAX = 2000 /* a long line is cut into several literals */
};

static void write_byte(FILE *out, int c)
{
    if (c == '"' || c == '\\') {
        (void)fprintf(out, "\\%c", c);
    } else if (c >= ' ' && c < 0x7f && c != '?') {
        (void)fputc(c, out);
    } else {
        /* Three digits always: a digit after the escape stays apart from it. */
        (void)fprintf(out, "\\%03o", (unsigned)c);
    }
}

static bool write_file(FILE *out, size_t index, const char *path)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        perror(path);
        return false;
    }
    (void)fprintf(out, "static const char file_%zu[] =\n    \"", index);
    size_t in_literal = 0;
    int c = fgetc(in);
    while (c != EOF) {
        write_byte(out, c);
        in_literal++;
        const bool cut = c == '\n' || in_literal == LITERAL_BYTES_MAX;
        c = fgetc(in);
        if (cut && c != EOF) {
            (void)fputs("\"\n    \"", out);
            in_literal = 0;
        }
    }
    (void)fputs("\";\n\n", out);
    const bool ok = ferror(in) == 0;
    if (!ok) {
        perror(path);
    }
    (void)fclose(in);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fputs("usage: embed OUT.c NAME=PATH...\n", stderr);
        return 2;
    }
    FILE *out = fopen(argv[1], "wb");
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    (void)fputs("/* Made by tools/embed.c. */\n#include \"suite/embedded.h\"\n\n", out);
    for (int i = 2; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        if (equals == NULL || !write_file(out, (size_t)i - 2, equals + 1)) {
            (void)fprintf(stderr, "embed: cannot use '%s'\n", argv[i]);
            return 1;
        }
    }
    (void)fputs("const struct embedded_file embedded_table[] = {\n", out);
    for (int i = 2; i < argc; i++) {
        const size_t name_len = strcspn(argv[i], "=");
        (void)fprintf(
            out, "    {\"%.*s\", file_%d, sizeof(file_%d) - 1},\n", (int)name_len, argv[i], i - 2,
            i - 2);
    }
    (void)fprintf(out, "};\nconst size_t embedded_table_len = %d;\n", argc - 2);
    if (fclose(out) != 0) {
        perror(argv[1]);
        return 1;
    }
    return 0;
}
