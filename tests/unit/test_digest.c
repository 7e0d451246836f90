/* Vectors: NIST, "Secure Hash Standard" examples (SHA-256). */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/digest.h"
#include "support/test.h"

#include <string.h>
#include <unistd.h>

#define HASH_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HASH_OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HASH_OF_MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void test_digest_sha256_hex__equals_the_vectors(void **state)
{
    (void)state;

    static const struct {
        const char *text;
        const char *hex;
    } rows[] = {
        {"", HASH_OF_NOTHING},
        {"abc", HASH_OF_ABC},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char hex[DIGEST_HEX_SIZE];
        digest_sha256_hex(rows[i].text, strlen(rows[i].text), hex);
        assert_string_equal(hex, rows[i].hex);
    }
    char hex[DIGEST_HEX_SIZE];
    digest_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, HASH_OF_NOTHING);
}

static void test_digest_add__any_pieces_equal_the_whole(void **state)
{
    (void)state;
    CLEANUP(digest_freep) struct digest *digest = digest_new();
    uint8_t hash[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    for (int i = 0; i < 1000; i++) {
        char piece[1000];
        memset(piece, 'a', sizeof(piece));
        digest_add(digest, piece, 333);
        digest_add(digest, piece, 0);
        digest_add(digest, piece, 667);
    }
    digest_finish(digest, hash);
    digest_hex(hash, hex);
    assert_string_equal(hex, HASH_OF_MILLION);

    digest_add(digest, "abc", 3); /* it starts anew */
    digest_finish(digest, hash);
    digest_hex(hash, hex);
    assert_string_equal(hex, HASH_OF_ABC);
    digest_finish(digest, hash);
    digest_hex(hash, hex);
    assert_string_equal(hex, HASH_OF_NOTHING);
    digest_free(NULL);
}

static void test_digest_file__equals_the_hash_of_its_bytes(void **state)
{
    (void)state;
    char folder[] = "/tmp/bench-test-digest-XXXXXX";
    assert_non_null(mkdtemp(folder));
    CLEANUP(mem_freep) char *path = file_join(folder, "million");
    CLEANUP(mem_freep) char *data = mem_alloc(1000000, 1);
    memset(data, 'a', 1000000);
    struct error err = {0};
    assert_int_equal(file_write_new(path, data, 1000000, 0600, &err), 0);
    uint8_t hash[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    assert_int_equal(digest_file(path, hash, &err), 0);
    digest_hex(hash, hex);
    assert_string_equal(hex, HASH_OF_MILLION);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(digest_file(path, hash, &err), -ERROR_NOT_FOUND);
    CLEANUP(mem_freep)
    char *expected = mem_format("cannot open %s: No such file or directory", path);
    assert_string_equal(err.text, expected);

    error_clear(&err);
    assert_int_equal(digest_file(folder, hash, &err), -ERROR_NOT_FOUND);
    assert_true(text_ends_with(err.text, ": Is a directory"));

    error_clear(&err);
    assert_int_equal(symlink(path, path), 0);
    assert_int_equal(digest_file(path, hash, &err), -ERROR_IO);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Expected: git hash-object. */
static void test_digest_git_blob__equals_what_git_says(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"},
        {"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
    };
    char path[] = "/tmp/bench-test-digest-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const size_t len = strlen(rows[i][0]);
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, rows[i][0], len, 0), len);
        char hex[DIGEST_GIT_HEX_SIZE];
        struct error err = {0};
        assert_int_equal(digest_git_blob(path, hex, &err), 0);
        assert_string_equal(hex, rows[i][1]);
    }
    (void)close(fd);
    assert_int_equal(unlink(path), 0);
    char hex[DIGEST_GIT_HEX_SIZE];
    struct error err = {0};
    assert_int_equal(digest_git_blob(path, hex, &err), -ERROR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest_sha256_hex__equals_the_vectors),
        cmocka_unit_test(test_digest_add__any_pieces_equal_the_whole),
        cmocka_unit_test(test_digest_file__equals_the_hash_of_its_bytes),
        cmocka_unit_test(test_digest_git_blob__equals_what_git_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
