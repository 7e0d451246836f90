/* lengths_fit.h - what calibrating and fitting share.  Internal to suite/lengths*.c. */
#pragma once

#include "suite/lengths.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* One prompt's way to its length. */
struct fitted {
    char *text; /* owned */
    uint32_t reached;
    bool counted; /* by the engine */
    bool known;   /* reached is certain */
};

struct fitting {
    const struct prompt_set *set;
    const struct length_source *source;
    struct lengths *out;
    bool require;
    double tokens_per_word; /* the engine's tokens for each nominal one */
    bool proven;            /* each nominal token is one of the engine's: lengths need no count */
    uint32_t n_threads;
    struct fitted *prompts; /* set->n */
    atomic_uint next;
    atomic_uint n_done;
    atomic_uint n_requests;
    atomic_bool failed;
    struct error err; /* the first failure's, once `failed` */
    pthread_mutex_t lock;
    sem_t finished;
};

/* Counts a text behind the words of one group of salts, by the tokenizer or by a request. */
struct counting {
    bool by_tokenizer;
    unsigned group;
    const char *text;
};

MUST_CHECK int
lengths_count(struct fitting *self, const struct counting *what, uint32_t *out, struct error *err);

/* Finds out how to count, and what the engine adds to a text: method, template, salt.
 * Errors: ERROR_UNAVAILABLE: it cannot be counted; why is in out->why too. */
MUST_CHECK int lengths_calibrate(struct fitting *self, struct error *err);
