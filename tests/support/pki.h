/* pki.h - a root, a certificate below it, and a client that trusts the root, for TLS tests. */
#pragma once

#include "net/tls.h"
#include "support/certs.h"

#define HOST  "engine.example"
#define DAY_S (24L * 3600L)

struct pki {
    struct cert root;
    struct cert leaf;
    char root_path[64];
    struct tls_context *context;
};

static inline void pki_open_context(struct pki *self, const char *ca_file, bool insecure)
{
    struct error err = {0};
    tls_context_free(self->context);
    self->context = NULL;
    if (tls_context_open(ca_file, insecure, &self->context, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

static inline void pki_init(struct pki *self)
{
    *self = (struct pki){0};
    self->root = cert_make(NULL, NULL, -DAY_S, DAY_S);
    self->leaf = cert_make(
        &self->root, "DNS:" HOST ",DNS:*.wild.example,IP:127.0.0.1,IP:::1", -DAY_S, DAY_S);
    cert_write(&self->root, self->root_path);
    pki_open_context(self, self->root_path, false);
}

static inline void pki_done(struct pki *self)
{
    tls_context_free(self->context);
    (void)unlink(self->root_path);
    cert_done(&self->leaf);
    cert_done(&self->root);
}
