/* `bench canonical`: the bytes that are hashed, for anybody who wants to check by hand. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "codec/canonical.h"

#include <errno.h>

enum {
    READ_STEP = 65536
};

struct canonical_options {
    struct option_given given;
    bool sha256;
    bool without_signature;
};

static const struct option_row rows[] = {
    {.name = "sha256",
     .type = OPTION_FLAG,
     .offset = offsetof(struct canonical_options, sha256),
     .help = "Print the SHA-256 of the canonical bytes instead."},
    {.name = "without-signature",
     .type = OPTION_FLAG,
     .offset = offsetof(struct canonical_options, without_signature),
     .help = "Leave the member 'signature' of the document out: what an envelope's content_hash "
             "is of."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct canonical_options)};

static int read_stdin(struct bytes *out, struct error *err)
{
    bytes_init(out, JSON_SIZE_MAX);
    size_t n = 0;
    do {
        char *room = bytes_reserve(out, READ_STEP);
        if (room == NULL) {
            return error_set(
                err, ERROR_LIMIT, "-: longer than %zu MiB", JSON_SIZE_MAX / 1024 / 1024);
        }
        n = fread(room, 1, READ_STEP, stdin);
        out->len += n;
    } while (n > 0);
    if (ferror(stdin) != 0) {
        return error_set_os(err, ERROR_IO, errno, "-: cannot be read");
    }
    return 0;
}

static int
read_document(struct arena *arena, const char *path, struct json **out, struct error *err)
{
    if (!text_equal(path, "-")) {
        return json_parse_file(arena, path, out, err);
    }
    CLEANUP(bytes_done) struct bytes text = {0};
    const int result = read_stdin(&text, err);
    if (result < 0) {
        return result;
    }
    return json_parse(arena, path, text.data != NULL ? text.data : "", text.len, out, err);
}

static void print_document(
    const struct cli_context *context,
    const struct canonical_options *options,
    const struct json *document)
{
    const char *skip = options->without_signature ? "signature" : NULL;
    if (options->sha256) {
        char hex[65];
        canonical_sha256(document, skip, hex);
        (void)fprintf(context->out, "%s\n", hex);
        return;
    }
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, BYTES_MAX_DEFAULT);
    canonical_write(document, skip, &text);
    (void)fwrite(text.data, 1, text.len, context->out);
}

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    struct arena arena = {0};
    struct json *document = NULL;
    const int result = read_document(&arena, operands[0], &document, err);
    if (result == 0) {
        print_document(context, options, document);
    }
    arena_done(&arena);
    return result;
}

const struct command command_canonical = {
    .name = "canonical",
    .synopsis = "<file or -> [options]",
    .summary = "print the canonical bytes of a JSON text, or their hash",
    .description =
        "Prints the canonical form of a JSON text, without a final newline: keys sorted by code "
        "point, ASCII only, integers as written, floats in their shortest form. It is what "
        "Python's json.dumps(x, sort_keys=True, separators=(',', ':')) gives.\n",
    .examples = "  bench canonical --sha256 --without-signature results/c4-4a7ac8857dbf.json\n"
                "  echo '{\"b\": 1, \"a\": 2}' | bench canonical -\n",
    .options = &table,
    .n_operands_min = 1,
    .n_operands_max = 1,
    .run = run,
};
