/* Every prompt draws from a sub-stream of its own, so prompt i does not depend on how many there are.
 * Its first words spell its number, moved by a permutation that depends on the seed: thus no two
 * prompts share a prefix that an engine's cache could serve, and other seeds begin otherwise. */
#include "suite/synthetic.h"

#include "base/bytes.h"
#include "base/rng.h"
#include "suite/dataset.h"
#include "suite/prefix_map.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    SENTENCE_MIN = 6, /* words */
    SENTENCE_SPREAD = 9,
    SENTENCE_ROOM = 3, /* a full stop, a word and the last full stop */
    VARIED_TAIL = 5    /* nominal tokens at the end that a variant may change */
};

/* The seed's own sub-stream; prompts use those from 0. */
#define PREFIX_SUBSTREAM (UINT64_C(1) << 48)

int synthetic_check(const struct synthetic_plan *plan, struct error *err)
{
    /* Mean and three standard deviations: what all but a few drawn lengths stay below. */
    const double total = ((double)plan->input + 3.0 * plan->input_stddev) * (double)plan->n;
    if (total > (double)SYNTHETIC_TOTAL_MAX) {
        return error_set(
            err, ERROR_USAGE,
            "dataset synthetic: %" PRIu32 " prompts of up to %.0f tokens are more than %" PRIu64
            " tokens in all; lower n or input",
            plan->n, (double)plan->input + 3.0 * plan->input_stddev, SYNTHETIC_TOTAL_MAX);
    }
    return 0;
}

static uint32_t draw_length(
    struct rng *rng, enum distribution distribution, uint32_t mean, double stddev, uint32_t min)
{
    double length = (double)mean;
    switch (distribution) {
    case DISTRIBUTION_NORMAL:
        length += stddev * rng_normal(rng);
        break;
    case DISTRIBUTION_UNIFORM:
        /* A uniform interval of this width has the wanted standard deviation. */
        length += stddev * sqrt(12.0) * (rng_uniform(rng) - 0.5);
        break;
    case DISTRIBUTION_CONSTANT:
    default:
        break;
    }
    /* Three deviations, as synthetic_check assumes. */
    const double low = fmax((double)min, (double)mean - 3.0 * stddev);
    const double high = fmin((double)SYNTHETIC_TOKENS_MAX, (double)mean + 3.0 * stddev);
    return (uint32_t)lround(fmin(fmax(length, low), high));
}

static struct prefix_map prefix_map_of(uint64_t seed)
{
    const uint64_t n_words = synthetic_words_len;
    struct rng rng;
    rng_init_sub(&rng, seed, RNG_STREAM_SYNTHETIC, PREFIX_SUBSTREAM);
    return prefix_map_draw(&rng, n_words * n_words * n_words);
}

/* Words go out one by one with the blanks, capitals and full stops of sentences. */
struct writer {
    struct bytes *text;
    uint32_t left;          /* nominal tokens still to write */
    uint32_t sentence_left; /* words until the next full stop; 0: a sentence begins */
    struct rng *rng;
};

/* The last token is always a full stop, and no sentence begins without room for it. */
static void end_sentence(struct writer *self)
{
    if (self->left == 1 || self->left >= SENTENCE_ROOM) {
        bytes_add_char(self->text, '.');
        self->left--;
        self->sentence_left = 0;
    } else {
        self->sentence_left = 1;
    }
}

static void write_word(struct writer *self, uint64_t index)
{
    const char *word = synthetic_words[index];
    if (self->text->len > 0) {
        bytes_add_char(self->text, ' ');
    }
    if (self->sentence_left == 0) {
        self->sentence_left = SENTENCE_MIN + (uint32_t)rng_below(self->rng, SENTENCE_SPREAD);
        bytes_add_char(self->text, (char)(word[0] - 'a' + 'A'));
        word++;
    }
    bytes_add_text(self->text, word);
    self->left--;
    self->sentence_left--;
    if (self->left == 1 || self->sentence_left == 0) {
        end_sentence(self);
    }
}

/* What one text is made of. */
struct text_plan {
    uint32_t n_tokens;
    uint32_t variant;
    uint64_t prefix;
};

static void write_text(const struct text_plan *plan, struct rng *rng, struct bytes *text)
{
    struct writer writer = {.text = text, .left = plan->n_tokens, .rng = rng};
    uint64_t prefix = plan->prefix;
    bytes_clear(text);
    for (int i = 0; i < SYNTHETIC_PREFIX; i++) {
        write_word(&writer, prefix % synthetic_words_len);
        prefix /= synthetic_words_len;
    }
    while (writer.left > 0) {
        uint64_t word = rng_below(rng, synthetic_words_len);
        if (writer.left <= VARIED_TAIL) {
            word = (word + plan->variant) % synthetic_words_len;
        }
        write_word(&writer, word);
    }
}

/* The lengths of a prompt, which its sub-stream gives first. */
static void draw_lengths(
    const struct synthetic_plan *plan, struct rng *rng, uint32_t *out_input, uint32_t *out_output)
{
    *out_input =
        draw_length(rng, plan->distribution, plan->input, plan->input_stddev, SYNTHETIC_INPUT_MIN);
    *out_output = draw_length(rng, plan->distribution, plan->output, plan->output_stddev, 1);
}

void synthetic_write(
    const struct synthetic_plan *plan,
    uint64_t seed,
    uint64_t index,
    uint32_t n_tokens,
    uint32_t variant,
    struct bytes *out)
{
    const struct prefix_map map = prefix_map_of(seed);
    struct rng rng;
    rng_init_sub(&rng, seed, RNG_STREAM_SYNTHETIC, index);
    uint32_t drawn[2];
    draw_lengths(plan, &rng, &drawn[0], &drawn[1]);
    const struct text_plan text = {
        .n_tokens = n_tokens,
        .variant = variant,
        .prefix = prefix_map_at(&map, index % map.modulus),
    };
    write_text(&text, &rng, out);
}

void synthetic_make(const struct synthetic_plan *plan, uint64_t seed, struct prompt_list *out)
{
    CLEANUP(bytes_done) struct bytes text;
    bytes_init(&text, DATASET_FILE_MAX);
    for (uint32_t i = 0; i < plan->n; i++) {
        struct rng rng;
        rng_init_sub(&rng, seed, RNG_STREAM_SYNTHETIC, i);
        uint32_t input = 0;
        uint32_t output = 0;
        draw_lengths(plan, &rng, &input, &output);
        synthetic_write(plan, seed, i, input, 0, &text);
        struct prompt prompt =
            prompt_of_text(out->arena, arena_copy(out->arena, text.data, text.len), output);
        prompt.input_tokens = input;
        prompt_list_add(out, &prompt);
    }
}
