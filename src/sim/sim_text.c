/* A small vocabulary with the lengths of common English words. */
#include "sim/sim_text.h"

#include "base/rng.h"

#include <string.h>

#define PIECE(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }

/* clang-format off */
static const struct sim_piece words[] = {
    PIECE(" the"), PIECE(" of"), PIECE(" and"), PIECE(" a"), PIECE(" to"), PIECE(" in"), PIECE(" is"),
    PIECE(" that"), PIECE(" it"), PIECE(" for"), PIECE(" as"), PIECE(" with"), PIECE(" water"),
    PIECE(" light"), PIECE(" stone"), PIECE(" river"), PIECE(" small"), PIECE(" answer"),
    PIECE(" number"), PIECE(" garden"), PIECE(" morning"), PIECE(" question"), PIECE(" between"),
    PIECE(" because"), PIECE(" slowly"), PIECE(" always"), PIECE(" under"), PIECE(" green"),
    PIECE(" seven"), PIECE(" wind"), PIECE(","), PIECE("."),
};

static const struct sim_piece emoji[] = {
    PIECE("\xf0\x9f\x9a\x80"), PIECE("\xf0\x9f\x8e\x89"), PIECE("\xf0\x9f\x98\x80"),
    PIECE("\xf0\x9f\x8c\x8d"),
};

static const struct sim_piece escapes[] = {
    PIECE(" \\\"quoted\\\""), PIECE("\\n"), PIECE(" back\\\\slash"), PIECE("\\t"),
    PIECE(" na\xc3\xafve"), PIECE(" caf\\u00e9"), PIECE(" \\ud83d\\ude80"),
    PIECE(" \xe4\xbd\xa0\xe5\xa5\xbd"),
};

/* clang-format on */

enum {
    SUB_STREAM_SHIFT = 8 /* rng sub-streams have 56 bits */
};

uint64_t sim_text_key(uint64_t seed, uint64_t body_hash)
{
    struct rng rng;
    rng_init_sub(&rng, seed, RNG_STREAM_SIM_TEXT, body_hash >> SUB_STREAM_SHIFT);
    return rng_next(&rng);
}

/* Spreads the bits of (key, choice, token): the finaliser of SplitMix64. */
static uint64_t spread(uint64_t key, uint32_t choice, uint32_t token)
{
    uint64_t x = key + (((uint64_t)choice << 32) + token) * UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

struct sim_piece
sim_text_token(enum sim_text_kind kind, uint64_t key, uint32_t choice, uint32_t token)
{
    const uint64_t draw = spread(key, choice, token) >> 32;
    switch (kind) {
    case SIM_TEXT_EMOJI:
        return emoji[draw % ARRAY_LEN(emoji)];
    case SIM_TEXT_ESCAPES:
        return escapes[draw % ARRAY_LEN(escapes)];
    case SIM_TEXT_WORDS:
        break;
    }
    struct sim_piece piece = words[draw % ARRAY_LEN(words)];
    if (token == 1 && piece.text[0] == ' ') {
        piece.text++;
        piece.len--;
    }
    return piece;
}
