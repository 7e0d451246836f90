/* make_certs FOLDER - certificates with their keys for tests of the whole program: root.pem, and below it (or
 * not) NAME.pem and NAME.key, one for each row.  Made while the test runs: none of them ages in a tree. */
#include "support/certs.h"

#define DAY_S (24L * 3600L)

struct row {
    const char *name;
    const char *alt_names;
    bool self_signed;
    long from_s;
    long to_s;
};

static const struct row rows[] = {
    {"good", "IP:127.0.0.1", false, -DAY_S, DAY_S},
    {"self", "IP:127.0.0.1", true, -DAY_S, DAY_S},
    {"expired", "IP:127.0.0.1", false, -2 * DAY_S, -DAY_S},
    {"early", "IP:127.0.0.1", false, DAY_S, 2 * DAY_S},
    {"other", "DNS:other.example", false, -DAY_S, DAY_S},
};

static FILE *create(const char *folder, const char *name, const char *ending)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

static void write_certificate(const struct cert *cert, const char *folder, const char *name)
{
    FILE *file = create(folder, name, ".pem");
    assert_int_equal(PEM_write_X509(file, cert->x509), 1);
    assert_int_equal(fclose(file), 0);
}

static void write_key(const struct cert *cert, const char *folder, const char *name)
{
    FILE *file = create(folder, name, ".key");
    assert_int_equal(PEM_write_PrivateKey(file, cert->key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fputs("usage: make_certs FOLDER\n", stderr);
        return 2;
    }
    struct cert root = cert_make(NULL, NULL, -DAY_S, DAY_S);
    write_certificate(&root, argv[1], "root");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct cert cert =
            cert_make(row->self_signed ? NULL : &root, row->alt_names, row->from_s, row->to_s);
        write_certificate(&cert, argv[1], row->name);
        write_key(&cert, argv[1], row->name);
        cert_done(&cert);
    }
    cert_done(&root);
    return 0;
}
