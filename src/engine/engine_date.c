/* A Date header says a second, not a moment, so it can prove that two clocks differ but not that they
 * agree. */
#include "base/clock.h"
#include "engine/engine_check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    DATE_LENGTH = 29, /* "Sun, 06 Nov 1994 08:49:37 GMT" */
    DATE_WIDTH_S = 2  /* its own second, and one in which it was kept */
};

static bool is_digits(const char *text, size_t n)
{
    return strspn(text, "0123456789") >= n;
}

static int two_digits(const char *text)
{
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* True where every letter of the form stands at its place, and digits elsewhere. */
static bool has_form(const char *text)
{
    return strlen(text) == DATE_LENGTH && memcmp(text + 3, ", ", 2) == 0 &&
           is_digits(text + 5, 2) && text[7] == ' ' && text[11] == ' ' && is_digits(text + 12, 4) &&
           text[16] == ' ' && is_digits(text + 17, 2) && text[19] == ':' &&
           is_digits(text + 20, 2) && text[22] == ':' && is_digits(text + 23, 2) &&
           memcmp(text + 25, " GMT", 4) == 0;
}

bool engine_date_parse(const char *text, int64_t *out_s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (!has_form(text)) {
        return false;
    }
    struct tm utc = {
        .tm_mday = two_digits(text + 5),
        .tm_mon = -1,
        .tm_year = two_digits(text + 12) * 100 + two_digits(text + 14) - 1900,
        .tm_hour = two_digits(text + 17),
        .tm_min = two_digits(text + 20),
        .tm_sec = two_digits(text + 23),
    };
    for (int i = 0; i < 12; i++) {
        if (memcmp(text + 8, months + (size_t)i * 3, 3) == 0) {
            utc.tm_mon = i;
        }
    }
    if (utc.tm_mon < 0 || utc.tm_mday < 1 || utc.tm_mday > 31 || utc.tm_hour > 23 ||
        utc.tm_min > 59 || utc.tm_sec > 60) {
        return false;
    }
    *out_s = timegm(&utc);
    return true;
}

double engine_date_skew_s(int64_t date_s, int64_t sent_real_ns, int64_t received_real_ns)
{
    const double earliest_s = (double)(date_s * NS_PER_S - received_real_ns) / 1e9;
    const double latest_s = (double)((date_s + DATE_WIDTH_S) * NS_PER_S - sent_real_ns) / 1e9;
    if (earliest_s > 0.0) {
        return earliest_s;
    }
    return latest_s < 0.0 ? latest_s : 0.0;
}
