/* An argument is read from left to right.  At each word that names a secret and is followed by a
 * separator, the value behind it is hidden; where a key of known form begins, that key is. */
#include "hardware/secret_text.h"

#include "base/bytes.h"
#include "base/text.h"
#include "hardware/normal_text.h"

#include <string.h>
#include <strings.h>

/* The last part of a name that means a secret, with '-' for '_': "hf-token" ends with "token".  A
 * longer word that only contains it ("max-tokens", "tokenizer", "api-key-file") does not. */
static const char *const secret_endings[] = {
    "api-key",     "api-keys",   "apikey",      "access-key", "secret-key", "private-key",
    "account-key", "token",      "auth",        "password",   "passwd",     "passphrase",
    "secret",      "credential", "credentials", "pass",       "pwd",        "signature",
};

/* Headers whose values are whole lines. */
static const char *const secret_headers[] = {
    "authorization", "proxy-authorization", "x-api-key", "x-auth-token", "cookie", "set-cookie"};

/* Beginnings of keys, and how many letters, digits, '-' and '_' must follow. */
static const struct {
    const char *begin;
    size_t n_more;
} key_forms[] = {
    {"sk-", 8},    /* OpenAI, Anthropic and what imitates them */
    {"hf_", 8},    /* Hugging Face */
    {"nvapi-", 8}, /* NVIDIA */
    {"ghp_", 16},  /* GitHub */
    {"gho_", 16},  {"ghs_", 16}, {"github_pat_", 16}, {"glpat-", 16}, /* GitLab */
    {"xoxb-", 8},  {"xoxp-", 8},                                      /* Slack */
    {"AKIA", 16},  {"ASIA", 16},                                      /* AWS */
    {"AIza", 30},                                                     /* Google */
    {"eyJ", 20},                                                      /* JSON Web Token */
};

/* Words of HTTP's Authorization. */
static const char *const schemes[] = {"Bearer ", "Basic "};

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* In lower case, '-' for '_'. */
static int folded(char c)
{
    if (c == '_') {
        return '-';
    }
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool same_folded(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (folded(a[i]) != folded(b[i])) {
            return false;
        }
    }
    return true;
}

static bool is_header_name(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(secret_headers); i++) {
        if (strlen(secret_headers[i]) == len && same_folded(name, secret_headers[i], len)) {
            return true;
        }
    }
    return false;
}

/* A secret's ending, alone or behind '-' or '_'; or behind anything where it is long enough to be no
 * accident ("openaiapikey"). */
static bool is_secret_name(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(secret_endings); i++) {
        const size_t n = strlen(secret_endings[i]);
        if (n > len || !same_folded(name + len - n, secret_endings[i], n)) {
            continue;
        }
        if (n == len || folded(name[len - n - 1]) == '-' || n >= strlen("apikey")) {
            return true;
        }
    }
    return is_header_name(name, len);
}

bool secret_text_names_next(const char *argument)
{
    size_t len = strlen(argument);
    if (len < 2 || argument[0] != '-') {
        return false;
    }
    while (len > 0 && *argument == '-') {
        argument++;
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_name_char(argument[i]) && argument[i] != '.') {
            return false;
        }
    }
    const char *point = strrchr(argument, '.'); /* "--server.api-key" */
    const char *name = point == NULL ? argument : point + 1;
    return is_secret_name(name, strlen(name));
}

/* Bytes up to the quote that ends a quoted value. */
static size_t quoted_length(const char *value, char quote)
{
    size_t len = 0;
    while (value[len] != '\0' && value[len] != quote) {
        len += value[len] == '\\' && value[len + 1] != '\0' ? 2 : 1;
    }
    return len;
}

/* Behind a word that names a secret: where its value begins; else NULL.  The separator may be '=' or
 * ':', with a quote before it (JSON, perhaps inside a text) and white space around it. */
static const char *value_behind(const char *word, size_t len)
{
    if (!is_secret_name(word, len)) {
        return NULL;
    }
    const char *at = word + len;
    at += strspn(at, "\\");
    at += *at == '"' || *at == '\'';
    at += strspn(at, " \t");
    if (*at != '=' && *at != ':') {
        return NULL;
    }
    at++;
    at += strspn(at, " \t");
    return at + strspn(at, "\\");
}

/* True when a word is the end of the argument's own name: "--api-key", "HF_TOKEN", "--server.api-key". */
static bool is_own_name(const char *argument, const char *word)
{
    for (const char *at = argument; at < word; at++) {
        if (!is_name_char(*at) && *at != '.') {
            return false;
        }
    }
    return true;
}

/* Where the value ends.  That of the argument's own name is all that is left: a key may hold any byte. */
static const char *value_end(const char *argument, const char *word, size_t len, const char *value)
{
    if (word[len] == '=' && is_own_name(argument, word)) {
        return value + strlen(value);
    }
    if (*value == '"' || *value == '\'') {
        return value + 1 + quoted_length(value + 1, *value);
    }
    if (is_header_name(word, len)) {
        return value + strcspn(value, "\"'");
    }
    return value + strcspn(value, "&\"' \t\n");
}

/* Length of the key that begins here, or 0. */
static size_t key_length(const char *at)
{
    for (size_t i = 0; i < ARRAY_LEN(key_forms); i++) {
        const size_t begin = strlen(key_forms[i].begin);
        if (strncmp(at, key_forms[i].begin, begin) != 0) {
            continue;
        }
        size_t more = 0;
        while (is_name_char(at[begin + more]) || (more > 0 && at[begin + more] == '.')) {
            more++;
        }
        if (more >= key_forms[i].n_more) {
            return begin + more;
        }
    }
    return 0;
}

/* "Bearer xyz": length of the word, when something follows it. */
static size_t scheme_length(const char *at)
{
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        const size_t len = strlen(schemes[i]);
        if (strncasecmp(at, schemes[i], len) == 0 && at[len] != '\0') {
            return len;
        }
    }
    return 0;
}

/* "://user:password@host": length of what stands before the '@'; 0 when there is none. */
static size_t user_info_length(const char *at)
{
    const size_t len = strcspn(at, "/?# \"'");
    size_t last = 0;
    for (size_t i = 0; i < len; i++) {
        last = at[i] == '@' ? i : last;
    }
    return last;
}

static size_t known_length(const char *at, const struct secret_list *known)
{
    size_t longest = 0;
    for (size_t i = 0; known != NULL && i < known->n; i++) {
        const size_t len = strlen(known->texts[i]);
        if (len >= SECRET_KNOWN_MIN && len > longest && strncmp(at, known->texts[i], len) == 0) {
            longest = len;
        }
    }
    return longest;
}

/* What begins at a place: `n_shown` bytes are copied, then `n_hidden` bytes are not. */
struct finding {
    size_t n_shown;
    size_t n_hidden;
};

/* A secret that only the beginning of a word can begin. */
static struct finding find_at_word(const char *argument, const char *at)
{
    const size_t key_len = key_length(at);
    if (key_len > 0) {
        return (struct finding){0, key_len};
    }
    const size_t scheme_len = scheme_length(at);
    if (scheme_len > 0) {
        return (struct finding){scheme_len, strcspn(at + scheme_len, " \"'")};
    }
    const char *word = at + strspn(at, "-");
    size_t len = 0;
    while (is_name_char(word[len])) {
        len++;
    }
    const char *value = len > 0 ? value_behind(word, len) : NULL;
    if (value == NULL) {
        return (struct finding){0};
    }
    const bool quoted = *value == '"' || *value == '\'';
    const char *end = value_end(argument, word, len, value);
    const char *begin = quoted && end[0] == *value ? value + 1 : value;
    return (struct finding){(size_t)(begin - at), (size_t)(end - begin)};
}

static struct finding find(const char *argument, const char *at, const struct secret_list *known)
{
    const size_t known_len = known_length(at, known);
    if (known_len > 0) {
        return (struct finding){0, known_len};
    }
    if (text_starts_with(at, "://")) {
        return (struct finding){3, user_info_length(at + 3)};
    }
    const bool word_begins = is_name_char(*at) && (at == argument || !is_name_char(at[-1]));
    return word_begins ? find_at_word(argument, at) : (struct finding){0};
}

char *secret_text_hide(struct arena *arena, const char *argument, const struct secret_list *known)
{
    CLEANUP(bytes_done) struct bytes out;
    bytes_init(&out, BYTES_MAX_DEFAULT);
    for (const char *at = argument; *at != '\0';) {
        const struct finding found = find(argument, at, known);
        const size_t n_shown = found.n_shown + found.n_hidden > 0 ? found.n_shown : 1;
        bytes_add(&out, at, n_shown);
        if (found.n_hidden > 0) {
            bytes_add_text(&out, SECRET_TEXT_HIDDEN);
        }
        at += n_shown + found.n_hidden;
    }
    return arena_copy(arena, out.len == 0 ? "" : out.data, out.len);
}

static void add_argument(
    struct arena *arena, struct json *out, const char *text, const struct secret_list *known)
{
    const char *hidden = secret_text_hide(arena, text, known);
    const size_t len = strlen(hidden);
    if (len > SECRET_ARGUMENT_BYTES) {
        hidden =
            arena_format(arena, "%.*s... (%zu bytes)", (int)SECRET_ARGUMENT_BYTES, hidden, len);
    }
    (void)json_append(out, json_new_text(arena, normal_text_copy(arena, hidden)));
}

struct json *secret_text_command_line(
    struct arena *arena, const char *bytes, size_t len, const struct secret_list *known)
{
    struct json *out = json_new(arena, JSON_ARRAY);
    bool hide_this = false; /* the option before took a secret */
    bool hide_more = false; /* and may take several */
    for (size_t at = 0; at < len;) {
        const size_t n = strnlen(bytes + at, len - at);
        const char *text = arena_copy(arena, bytes + at, n);
        if (out->len == SECRET_ARGUMENTS_MAX) {
            (void)json_append(out, json_new_text(arena, "... (more arguments)"));
            break;
        }
        hide_more = hide_more && text[0] != '-';
        if (hide_this || hide_more) {
            (void)json_append(out, json_new_text(arena, SECRET_TEXT_HIDDEN));
            hide_more = true;
            hide_this = false;
        } else {
            add_argument(arena, out, text, known);
            hide_this = secret_text_names_next(text);
        }
        at += n + 1;
    }
    return out;
}
