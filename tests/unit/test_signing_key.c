/* Keys of the dev signature: what is accepted, what is refused and with which words. */
#include "base/file.h"
#include "base/mem.h"
#include "codec/digest.h"
#include "envelope/signing_key.h"
#include "support/test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
};

static int folder_make(void **state)
{
    static struct folder folder;
    (void)snprintf(folder.path, sizeof(folder.path), "/tmp/bench-key-XXXXXX");
    if (mkdtemp(folder.path) == NULL) {
        return -1;
    }
    *state = &folder;
    return 0;
}

static int folder_remove(void **state)
{
    const struct folder *folder = *state;
    CLEANUP(mem_freep) char *command = mem_format("rm -rf %s", folder->path);
    return system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): own folder */
}

static char *path_in(void **state, const char *name)
{
    return file_join(((const struct folder *)*state)->path, name);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    struct error err = {0};
    assert_int_equal(file_write_new(path, text, strlen(text), mode, &err), 0);
}

static char *read_text(const char *path)
{
    char *text = NULL;
    size_t len = 0;
    struct error err = {0};
    assert_int_equal(file_read(path, 1 << 16, &text, &len, &err), 0);
    return text;
}

/* RFC 8032, section 7.1, test 2, as PKCS#8: the key, its public half, message 0x72, signature. */
static const char rfc_private[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
static const char rfc_public[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"
                                 "-----END PUBLIC KEY-----";
static const uint8_t rfc_signature[64] = {
    0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca, 0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40,
    0xa2, 0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22, 0x23, 0xeb, 0xdb, 0x69, 0xda,
    0x08, 0x5a, 0xc1, 0xe4, 0x3e, 0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d, 0x8c,
    0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0, 0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00,
};

static void test_sign__gives_the_signature_of_rfc_8032(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "rfc.key");
    write_text(path, rfc_private, 0600);
    struct error err = {0};
    CLEANUP(signing_key_freep) struct signing_key *key = NULL;
    assert_int_equal(signing_key_load(path, NULL, &key, &err), 0);
    assert_string_equal(signing_key_public_pem(key), rfc_public);
    uint8_t signature[64];
    assert_int_equal(signing_key_sign(key, "\x72", 1, signature, &err), 0);
    assert_memory_equal(signature, rfc_signature, sizeof(signature));
}

static void test_check__holds_only_for_the_same_bytes(void **state)
{
    (void)state;
    struct error err = {0};
    bool good = false;
    assert_int_equal(signing_key_check(rfc_public, "\x72", 1, rfc_signature, &good, &err), 0);
    assert_true(good);
    assert_int_equal(signing_key_check(rfc_public, "\x73", 1, rfc_signature, &good, &err), 0);
    assert_false(good);
    for (size_t bit = 0; bit < 512; bit += 37) {
        uint8_t wrong[64];
        memcpy(wrong, rfc_signature, sizeof(wrong));
        wrong[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(signing_key_check(rfc_public, "\x72", 1, wrong, &good, &err), 0);
        assert_false(good);
    }
}

static void test_generate__makes_a_pair_that_works(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "new.key");
    CLEANUP(mem_freep) char *expected_public = path_in(state, "new.pub");
    struct error err = {0};
    CLEANUP(mem_freep) char *public_path = NULL;
    assert_int_equal(signing_key_generate(path, &public_path, &err), 0);
    assert_string_equal(public_path, expected_public);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    CLEANUP(signing_key_freep) struct signing_key *key = NULL;
    assert_int_equal(signing_key_load(path, NULL, &key, &err), 0);
    assert_false(signing_key_is_encrypted(path));

    CLEANUP(mem_freep) char *public_pem = read_text(public_path);
    const size_t len = strlen(public_pem);
    assert_int_equal(public_pem[len - 1], '\n');
    public_pem[len - 1] = '\0';
    assert_string_equal(public_pem, signing_key_public_pem(key));
    uint8_t signature[64];
    bool good = false;
    assert_int_equal(signing_key_sign(key, "hash", 4, signature, &err), 0);
    assert_int_equal(signing_key_check(public_pem, "hash", 4, signature, &good, &err), 0);
    assert_true(good);
}

static void test_generate__appends_pub_to_other_names(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "other.pem");
    CLEANUP(mem_freep) char *expected = path_in(state, "other.pem.pub");
    CLEANUP(mem_freep) char *public_path = NULL;
    struct error err = {0};
    assert_int_equal(signing_key_generate(path, &public_path, &err), 0);
    assert_string_equal(public_path, expected);
}

static void test_generate__overwrites_nothing(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "once.key");
    CLEANUP(mem_freep) char *public_path = path_in(state, "once.pub");
    write_text(public_path, "mine", 0644);
    CLEANUP(mem_freep) char *out = NULL;
    struct error err = {0};
    assert_int_equal(signing_key_generate(path, &out, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "once.pub exists already"));
    assert_false(file_exists(path));

    assert_int_equal(unlink(public_path), 0);
    write_text(path, "mine", 0600);
    error_clear(&err);
    assert_int_equal(signing_key_generate(path, &out, &err), -ERROR_USAGE);
    assert_non_null(strstr(err.text, "once.key exists already"));
    assert_false(file_exists(public_path));
}

static void test_generate__says_where_it_cannot_write(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *out = NULL;
    struct error err = {0};
    assert_int_equal(signing_key_generate("/nonexistent/folder/a.key", &out, &err), -ERROR_IO);
    assert_non_null(strstr(err.text, "/nonexistent/folder/a.key"));
}

/* PEM of a fresh key of some kind, by OpenSSL; encrypted when `passphrase` is given. */
static char *pem_of(EVP_PKEY *key, const char *passphrase)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    assert_non_null(key);
    assert_int_equal(
        PEM_write_bio_PKCS8PrivateKey(
            bio, key, passphrase == NULL ? NULL : EVP_aes_256_cbc(), passphrase,
            passphrase == NULL ? 0 : (int)strlen(passphrase), NULL, NULL),
        1);
    const long len = BIO_get_mem_data(bio, &data);
    char *text = mem_copy_bytes(data, (size_t)len);
    (void)BIO_free(bio);
    EVP_PKEY_free(key);
    return text;
}

struct refusal {
    const char *what;
    const char *content; /* NULL: made by the test */
    mode_t mode;
    const char *says;
};

static void assert_refused(const char *path, const struct refusal *row, const char *content)
{
    struct signing_key *key = NULL;
    struct error err = {0};
    write_text(path, content, row->mode);
    const int rc = signing_key_load(path, NULL, &key, &err);
    if (rc != -ERROR_KEY || strstr(err.text, row->says) == NULL) {
        print_error("%s: %d %s\n", row->what, rc, err.text);
        fail();
    }
    assert_null(key);
    assert_int_equal(unlink(path), 0);
}

static void test_load__refuses_other_keys_by_name(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "wrong.key");
    static const struct refusal rows[] = {
        {"readable by the group", rfc_private, 0640, "chmod 600"},
        {"readable by all", rfc_private, 0604, "chmod 600"},
        {"OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", 0600, "an OpenSSH key"},
        {"cosign", "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAA\n", 0600,
         "`cosign generate-key-pair`"},
        {"old cosign", "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAA\n", 0600,
         "`cosign generate-key-pair`"},
        {"PKCS#1", "-----BEGIN RSA PRIVATE KEY-----\nAA\n", 0600, "an RSA key"},
        {"SEC1", "-----BEGIN EC PRIVATE KEY-----\nAA\n", 0600, "an ECDSA key"},
        {"public half", rfc_public, 0600, "the public half"},
        {"certificate", "-----BEGIN CERTIFICATE-----\nAA\n", 0600, "a certificate"},
        {"no PEM", "hello\n", 0600, "no private key in PEM form"},
        {"empty", "", 0600, "bench keygen --out"},
        {"damaged", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600,
         "no private key in PEM form"},
        {"damaged, encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA\n", 0600,
         "--dev-key-pass-env"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_refused(path, &rows[i], rows[i].content);
    }
}

static void test_load__refuses_other_kinds_in_pkcs8(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "kind.key");
    static const struct refusal rows[] = {
        {"RSA", NULL, 0600, "an RSA key"},
        {"EC", NULL, 0600, "an ECDSA key"},
        {"ED448", NULL, 0600, "an Ed448 key"},
        {"X25519", NULL, 0600, "an X25519 key"},
        {"X448", NULL, 0600, "a key of another kind"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EVP_PKEY *key = NULL;
        if (strcmp(rows[i].what, "RSA") == 0) {
            key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
        } else if (strcmp(rows[i].what, "EC") == 0) {
            key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        } else {
            key = EVP_PKEY_Q_keygen(NULL, NULL, rows[i].what);
        }
        CLEANUP(mem_freep) char *pem = pem_of(key, NULL);
        assert_refused(path, &rows[i], pem);
    }
}

static void test_load__names_the_command_for_a_missing_key(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "absent.key");
    struct signing_key *key = NULL;
    struct error err = {0};
    assert_int_equal(signing_key_load(path, NULL, &key, &err), -ERROR_NOT_FOUND);
    assert_non_null(strstr(err.text, "bench keygen --out"));
    assert_non_null(strstr(err.text, "absent.key"));
    assert_false(signing_key_is_encrypted(path));
}

static void test_load__takes_a_passphrase(void **state)
{
    CLEANUP(mem_freep) char *path = path_in(state, "locked.key");
    CLEANUP(mem_freep) char *pem = pem_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "open sesame");
    write_text(path, pem, 0600);
    assert_true(signing_key_is_encrypted(path));

    CLEANUP(signing_key_freep) struct signing_key *key = NULL;
    struct error err = {0};
    assert_int_equal(signing_key_load(path, NULL, &key, &err), -ERROR_KEY);
    assert_non_null(strstr(err.text, "--dev-key-pass-env"));
    error_clear(&err);
    assert_int_equal(signing_key_load(path, "wrong", &key, &err), -ERROR_KEY);
    assert_non_null(strstr(err.text, "wrong passphrase"));
    error_clear(&err);
    CLEANUP(mem_freep) char *long_one = mem_alloc(5000, 1);
    memset(long_one, 'x', 4999);
    assert_int_equal(signing_key_load(path, long_one, &key, &err), -ERROR_KEY);
    error_clear(&err);
    assert_int_equal(signing_key_load(path, "open sesame", &key, &err), 0);
    uint8_t signature[64];
    assert_int_equal(signing_key_sign(key, "x", 1, signature, &err), 0);
}

static void test_check__refuses_what_is_no_ed25519_public_key(void **state)
{
    (void)state;
    bool good = true;
    struct error err = {0};
    assert_int_equal(signing_key_check("nonsense", "x", 1, rfc_signature, &good, &err), -ERROR_KEY);
    error_clear(&err);
    assert_int_equal(
        signing_key_check(rfc_private, "x", 1, rfc_signature, &good, &err), -ERROR_KEY);
    const char *shared = shared_folder();
    if (shared == NULL) {
        print_message("skipped: no shared folder with a public RSA key\n");
        skip();
    }
    CLEANUP(mem_freep) char *path = file_join(shared, "fixtures/verify_cases/keys/rsa.pub");
    CLEANUP(mem_freep) char *pem = read_text(path);
    error_clear(&err);
    assert_int_equal(signing_key_check(pem, "x", 1, rfc_signature, &good, &err), -ERROR_KEY);
    assert_non_null(strstr(err.text, "an RSA key"));
}

static void test_public_der__is_the_same_for_any_layout_of_the_pem(void **state)
{
    (void)state;
    /* echo -n PEM | openssl pkey -pubin -outform DER | sha256sum */
    static const char sha256[] = "deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170";
    struct error err = {0};
    struct bytes plain;
    struct bytes padded;
    bytes_init(&plain, 1024);
    bytes_init(&padded, 1024);
    CLEANUP(mem_freep) char *text = mem_format("comment\n%s\n\n", rfc_public);
    assert_int_equal(signing_key_public_der(rfc_public, &plain, &err), 0);
    assert_int_equal(signing_key_public_der(text, &padded, &err), 0);
    char hex[DIGEST_HEX_SIZE];
    digest_sha256_hex(plain.data, plain.len, hex);
    assert_string_equal(hex, sha256);
    digest_sha256_hex(padded.data, padded.len, hex);
    assert_string_equal(hex, sha256);
    assert_int_equal(signing_key_public_der("nonsense", &plain, &err), -ERROR_KEY);
    bytes_done(&plain);
    bytes_done(&padded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__gives_the_signature_of_rfc_8032),
        cmocka_unit_test(test_check__holds_only_for_the_same_bytes),
        cmocka_unit_test(test_generate__makes_a_pair_that_works),
        cmocka_unit_test(test_generate__appends_pub_to_other_names),
        cmocka_unit_test(test_generate__overwrites_nothing),
        cmocka_unit_test(test_generate__says_where_it_cannot_write),
        cmocka_unit_test(test_load__refuses_other_keys_by_name),
        cmocka_unit_test(test_load__refuses_other_kinds_in_pkcs8),
        cmocka_unit_test(test_load__names_the_command_for_a_missing_key),
        cmocka_unit_test(test_load__takes_a_passphrase),
        cmocka_unit_test(test_check__refuses_what_is_no_ed25519_public_key),
        cmocka_unit_test(test_public_der__is_the_same_for_any_layout_of_the_pem),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
