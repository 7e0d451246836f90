#include "base/mem.h"
#include "cli/command.h"
#include "envelope/signing_key.h"

struct keygen_options {
    struct option_given given;
    const char *out;
};

static const struct option_row rows[] = {
    {.name = "out",
     .letter = 'o',
     .value_name = "FILE",
     .type = OPTION_TEXT,
     .offset = offsetof(struct keygen_options, out),
     .default_text = "cosign.key",
     .not_empty = true,
     .help = "The private key; the public key lies beside it and ends in .pub."},
};

static const struct option_table table = {rows, ARRAY_LEN(rows), sizeof(struct keygen_options)};

static int
run(const struct cli_context *context,
    const void *options,
    int n_operands,
    char **operands,
    struct error *err)
{
    (void)n_operands;
    (void)operands;
    const struct keygen_options *given = options;
    CLEANUP(mem_freep) char *public_path = NULL;
    const int result = signing_key_generate(given->out, &public_path, err);
    if (result < 0) {
        return result;
    }
    (void)fprintf(
        context->out, "private key  %s  (mode 0600: keep it)\npublic key   %s  (give it away)\n",
        given->out, public_path);
    return EXIT_GOOD;
}

const struct command command_keygen = {
    .name = "keygen",
    .synopsis = "[options]",
    .summary = "make a key pair that signs envelopes",
    .description = "Writes a new Ed25519 key pair. A file that exists is never overwritten.\n",
    .examples = "  bench keygen\n"
                "  bench keygen --out ~/keys/bench.key\n",
    .options = &table,
    .run = run,
};
