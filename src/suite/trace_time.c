/* Times as database exports write them. */
#include "base/clock.h"
#include "suite/trace.h"

enum {
    FRACTION_DIGITS = 9,
    YEAR_MIN = 1970,
    YEAR_MAX = 2090, /* ns since 1970 fit into TRACE_TIME_MAX_NS */
    MINUTES_OFFSET_MAX = 14 * 60
};

struct scan {
    const char *at;
    const char *end;
};

/* Exactly `n` digits. */
static bool take_digits(struct scan *self, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (self->at == self->end || *self->at < '0' || *self->at > '9') {
            return false;
        }
        *out = *out * 10 + (*self->at++ - '0');
    }
    return true;
}

static bool take_char(struct scan *self, char c)
{
    if (self->at == self->end || *self->at != c) {
        return false;
    }
    self->at++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01.  Source: the civil calendar counted from March, so that a leap day is the last
 * day of its year. */
static int64_t days_of(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t from_march = (month + 9) % 12;
    const int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static bool take_date(struct scan *self, int64_t *out_days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!take_digits(self, 4, &year) || !take_char(self, '-') || !take_digits(self, 2, &month) ||
        !take_char(self, '-') || !take_digits(self, 2, &day)) {
        return false;
    }
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > days_in_month(year, month)) {
        return false;
    }
    *out_days = days_of(year, month, day);
    return true;
}

static bool take_clock(struct scan *self, int64_t *out_s)
{
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_digits(self, 2, &hour) || !take_char(self, ':') || !take_digits(self, 2, &minute) ||
        !take_char(self, ':') || !take_digits(self, 2, &second) || hour > 23 || minute > 59 ||
        second > 59) {
        return false;
    }
    *out_s = hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_fraction(struct scan *self, int64_t *out_ns)
{
    *out_ns = 0;
    if (!take_char(self, '.')) {
        return true;
    }
    int64_t unit = NS_PER_S;
    int digit = 0;
    int n = 0;
    while (n < FRACTION_DIGITS && take_digits(self, 1, &digit)) {
        unit /= 10;
        *out_ns += digit * unit;
        n++;
    }
    return n > 0;
}

/* Z, +HH:MM or -HH:MM, or nothing. */
static bool take_offset(struct scan *self, int64_t *out_s)
{
    *out_s = 0;
    if (self->at == self->end || take_char(self, 'Z')) {
        return true;
    }
    const bool behind = *self->at == '-';
    int hours = 0;
    int minutes = 0;
    if ((!take_char(self, '+') && !take_char(self, '-')) || !take_digits(self, 2, &hours) ||
        !take_char(self, ':') || !take_digits(self, 2, &minutes) || minutes > 59 ||
        hours * 60 + minutes > MINUTES_OFFSET_MAX) {
        return false;
    }
    const int64_t offset = hours * 60 + minutes;
    *out_s = (behind ? -60 : 60) * offset;
    return true;
}

bool trace_time_parse(const char *text, size_t len, int64_t *out_ns)
{
    struct scan scan = {text, text + len};
    int64_t days = 0;
    int64_t clock_s = 0;
    int64_t fraction_ns = 0;
    int64_t offset_s = 0;
    if (!take_date(&scan, &days) || !(take_char(&scan, ' ') || take_char(&scan, 'T')) ||
        !take_clock(&scan, &clock_s) || !take_fraction(&scan, &fraction_ns) ||
        !take_offset(&scan, &offset_s) || scan.at != scan.end) {
        return false;
    }
    *out_ns = (days * 86400 + clock_s - offset_s) * NS_PER_S + fraction_ns;
    return true;
}
