/* spec_lint.h - what a spec may say, and yet is hardly meant: advice for the one who writes it.
 *
 * spec_read refuses what is wrong; these rules find what is right in form and makes figures that
 * cannot be compared, repeated or found again.  One row each. */
#pragma once

#include "suite/suite.h"

enum {
    SPEC_FINDINGS_MAX = 32,
    SPEC_FINDING_TEXT = 200
};

struct spec_finding {
    const char *rule; /* name of the row */
    unsigned line;    /* of the spec's text, from 1 */
    char text[SPEC_FINDING_TEXT];
};

struct spec_findings {
    size_t n;
    struct spec_finding items[SPEC_FINDINGS_MAX]; /* in the order of the rules */
};

/* What the rules are, for lists and docs. */
struct spec_rule {
    const char *name;
    const char *what; /* what it finds, in a few words */
};

extern const size_t spec_rule_table_len;
const struct spec_rule *spec_rule_at(size_t i);

/* Holds every rule against a spec that spec_read has accepted. */
void spec_lint(const struct spec *spec, struct spec_findings *out);
