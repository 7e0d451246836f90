/* Names are arrays indexed by their enum, so that a name is written once and read both ways.
 *
 * The lag histogram splits every octave at eight fixed mantissas.  They are constants and not calls
 * of exp2, so that two machines with different mathematical libraries fill the same buckets. */
#include "stats/record.h"

#include "base/text.h"

#include <assert.h>
#include <math.h>

static const char *const outcome_names[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "ok",
    [OUTCOME_CONNECT] = "connect",
    [OUTCOME_TLS] = "tls",
    [OUTCOME_TIMEOUT] = "timeout",
    [OUTCOME_STATUS] = "status",
    [OUTCOME_TRUNCATED] = "truncated",
    [OUTCOME_MALFORMED] = "malformed",
    [OUTCOME_EMPTY] = "empty",
    [OUTCOME_UNFINISHED] = "unfinished",
};

static const char *const phase_names[] = {
    [PHASE_WARMUP] = "warmup",
    [PHASE_WINDOW] = "window",
    [PHASE_TAIL] = "tail",
};

static const char *const token_kind_names[] = {
    [TOKEN_CONTENT] = "content",
    [TOKEN_REASONING] = "reasoning",
    [TOKEN_TOOL] = "tool",
};

static const char *const driver_names[] = {
    [DRIVER_CLOSED] = "closed",
    [DRIVER_OPEN] = "open",
};

static const char *const arrival_names[] = {
    [ARRIVAL_NONE] = "none",   [ARRIVAL_POISSON] = "poisson", [ARRIVAL_CONSTANT] = "constant",
    [ARRIVAL_GAMMA] = "gamma", [ARRIVAL_TRACE] = "trace",
};

static const char *const gate_result_names[] = {
    [GATE_OFF] = "off",
    [GATE_COV] = "cov",
    [GATE_STATIONARY] = "stationary",
    [GATE_TIMEOUT] = "timeout",
};

static const char *const price_basis_names[] = {
    [PRICE_NONE] = "none",
    [PRICE_TOKENS] = "tokens",
    [PRICE_HOUR] = "hour",
};

/* The index of `name`, or -1. */
static int name_index(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (text_equal(names[i], name)) {
            return (int)i;
        }
    }
    return -1;
}

const char *record_outcome_name(enum outcome outcome)
{
    assert((size_t)outcome < ARRAY_LEN(outcome_names));
    return outcome_names[outcome];
}

bool record_outcome_parse(const char *name, enum outcome *out)
{
    const int i = name_index(outcome_names, ARRAY_LEN(outcome_names), name);
    if (i < 0) {
        return false;
    }
    *out = (enum outcome)i;
    return true;
}

const char *record_phase_name(enum phase phase)
{
    assert((size_t)phase < ARRAY_LEN(phase_names));
    return phase_names[phase];
}

bool record_phase_parse(const char *name, enum phase *out)
{
    const int i = name_index(phase_names, ARRAY_LEN(phase_names), name);
    if (i < 0) {
        return false;
    }
    *out = (enum phase)i;
    return true;
}

const char *record_token_kind_name(enum token_kind kind)
{
    assert((size_t)kind < ARRAY_LEN(token_kind_names));
    return token_kind_names[kind];
}

const char *driver_name(enum driver driver)
{
    assert((size_t)driver < ARRAY_LEN(driver_names));
    return driver_names[driver];
}

bool driver_parse(const char *name, enum driver *out)
{
    const int i = name_index(driver_names, ARRAY_LEN(driver_names), name);
    if (i < 0) {
        return false;
    }
    *out = (enum driver)i;
    return true;
}

const char *arrival_name(enum arrival arrival)
{
    assert((size_t)arrival < ARRAY_LEN(arrival_names));
    return arrival_names[arrival];
}

bool arrival_parse(const char *name, enum arrival *out)
{
    const int i = name_index(arrival_names, ARRAY_LEN(arrival_names), name);
    if (i < 0) {
        return false;
    }
    *out = (enum arrival)i;
    return true;
}

const char *gate_result_name(enum gate_result result)
{
    assert((size_t)result < ARRAY_LEN(gate_result_names));
    return gate_result_names[result];
}

bool gate_result_parse(const char *name, enum gate_result *out)
{
    const int i = name_index(gate_result_names, ARRAY_LEN(gate_result_names), name);
    if (i < 0) {
        return false;
    }
    *out = (enum gate_result)i;
    return true;
}

const char *price_basis_name(enum price_basis basis)
{
    assert((size_t)basis < ARRAY_LEN(price_basis_names));
    return price_basis_names[basis];
}

enum {
    LAG_STEPS = 8 /* buckets an octave */
};

/* 2^(j/8), and 2^((j + 1/2)/8). */
static const double lag_edges[LAG_STEPS] = {
    1.0,
    1.0905077326652577,
    1.1892071150027210,
    1.2968395546510096,
    1.4142135623730951,
    1.5422108254079407,
    1.6817928305074290,
    1.8340080864093424,
};
static const double lag_middles[LAG_STEPS] = {
    1.0442737824274138, 1.1387886347566916, 1.2418578120734840, 1.3542555469368927,
    1.4768261459394993, 1.6104903319492543, 1.7562521603732995, 1.9152065613971474,
};

static size_t lag_bucket(int64_t duration_ns)
{
    if (duration_ns < 1) {
        return 0;
    }
    const unsigned octave = 63U - (unsigned)__builtin_clzll((uint64_t)duration_ns);
    const double mantissa = (double)duration_ns / (double)(UINT64_C(1) << octave);
    size_t step = LAG_STEPS - 1;
    while (mantissa < lag_edges[step]) {
        step--;
    }
    const size_t bucket = (size_t)octave * LAG_STEPS + step;
    return bucket < LAG_BUCKETS ? bucket : LAG_BUCKETS - 1;
}

void lag_histogram_add(uint64_t lag[LAG_BUCKETS], int64_t duration_ns)
{
    lag[lag_bucket(duration_ns)]++;
}

double lag_histogram_quantile(const uint64_t lag[LAG_BUCKETS], double p)
{
    assert(p >= 0.0 && p <= 1.0);
    uint64_t total = 0;
    for (size_t b = 0; b < LAG_BUCKETS; b++) {
        total += lag[b];
    }
    if (total == 0) {
        return (double)NAN;
    }
    /* The smallest bucket with at least a share p at or below it, and never an empty one. */
    const double wanted = fmax(1.0, ceil(p * (double)total));
    uint64_t below = 0;
    size_t b = 0;
    for (; b < LAG_BUCKETS - 1; b++) {
        below += lag[b];
        if ((double)below >= wanted) {
            break;
        }
    }
    return ldexp(lag_middles[b % LAG_STEPS], (int)(b / LAG_STEPS));
}
