/* date.c - dates of mail and of IMAP, read leniently and strictly, written in one way each.
 *
 * RFC 5322 3.3, 4.3; RFC 9051 9 (date-time, date); RFC 3339 5.6. The calendar is the proleptic
 * Gregorian one; days are counted with the civil-from-days arithmetic in eras of 400 years.
 */
#include "mail/date.h"

#include "base/scan.h"

#define DAY_SECONDS  86400
#define ZONE_MINUTES 1439 /* 23:59; more is no zone */

static const str months[] = { S_INIT("Jan"), S_INIT("Feb"), S_INIT("Mar"), S_INIT("Apr"),
                              S_INIT("May"), S_INIT("Jun"), S_INIT("Jul"), S_INIT("Aug"),
                              S_INIT("Sep"), S_INIT("Oct"), S_INIT("Nov"), S_INIT("Dec") };
static const char week[] = "SunMonTueWedThuFriSat";

/* RFC 5322 4.3: the military letters were used both ways round and mean nothing. */
static const struct {
    str name;
    int minutes;
} zones[] = {
    { S_INIT("UT"), 0 },     { S_INIT("GMT"), 0 },    { S_INIT("EST"), -300 },
    { S_INIT("EDT"), -240 }, { S_INIT("CST"), -360 }, { S_INIT("CDT"), -300 },
    { S_INIT("MST"), -420 }, { S_INIT("MDT"), -360 }, { S_INIT("PST"), -480 },
    { S_INIT("PDT"), -420 }, { S_INIT("CET"), 60 },   { S_INIT("CEST"), 120 },
    { S_INIT("JST"), 540 },
};

/* A date and a time of day as written. */
struct civil {
    int year, month, day; /* month 1 to 12 */
    int hour, minute, second;
};

/* --- the calendar ------------------------------------------------------------------------------
 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Days since 1970-01-01. Years begin in March, so that the leap day is the last. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct civil civil_from_seconds(int64_t seconds)
{
    int64_t days = floor_div(seconds, DAY_SECONDS), rest = seconds - days * DAY_SECONDS;
    int64_t z = days + 719468, era = floor_div(z, 146097), of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153; /* month, counted from March */
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct civil){ .year = (int)(year + era * 400 + (month <= 2)),
                           .month = month,
                           .day = (int)(of_year - (153 * shifted + 2) / 5 + 1),
                           .hour = (int)(rest / 3600),
                           .minute = (int)(rest / 60 % 60),
                           .second = (int)(rest % 60) };
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool civil_ok(const struct civil *c)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (c->month < 1 || c->month > 12 || c->year < 1 || c->year > 9999) return false;
    int length = lengths[c->month - 1] + (c->month == 2 && is_leap(c->year));
    return c->day >= 1 && c->day <= length && c->hour < 24 && c->minute < 60 && c->second <= 60;
}

static struct date date_of(const struct civil *c, int zone_minutes)
{
    int64_t local = days_from_civil(c->year, c->month, c->day) * DAY_SECONDS + c->hour * 3600 +
                    c->minute * 60 + c->second;
    return (struct date){ local - (int64_t)zone_minutes * 60, zone_minutes };
}

/* --- reading RFC 5322 ---------------------------------------------------------------------------
 */

/* White space, line ends and comments. */
static void skip(struct scan *s)
{
    size_t depth = 0;
    for (; s->at < s->in.n; s->at++) {
        char c = s->in.p[s->at];
        if (c == '(')
            depth++;
        else if (c == ')' && depth)
            depth--;
        else if (c == '\\' && depth && s->at + 1 < s->in.n)
            s->at++;
        else if (!depth && !ascii_wsp(c) && c != '\r' && c != '\n')
            return;
    }
}

static str word(struct scan *s)
{
    skip(s);
    size_t from = s->at;
    while (s->at < s->in.n && ascii_alpha(s->in.p[s->at]))
        s->at++;
    return str_sub(s->in, from, s->at - from);
}

/* One to five digits; how many there were in *digits. */
static int number(struct scan *s, size_t *digits)
{
    skip(s);
    size_t from = s->at;
    int value = 0;
    while (s->at < s->in.n && ascii_digit(s->in.p[s->at]) && s->at - from < 5)
        value = value * 10 + (s->in.p[s->at++] - '0');
    *digits = s->at - from;
    if (!*digits) scan_fail(s);
    return value;
}

static int month_number(str name)
{
    for (int i = 0; i < 12; i++)
        if (str_istarts(name, months[i])) return i + 1;
    return 0;
}

/* RFC 5322 4.3: two digits are 1950 to 2049, three are since 1900. */
static int year_number(struct scan *s)
{
    size_t digits;
    int year = number(s, &digits);
    if (digits == 2) return year + (year < 50 ? 2000 : 1900);
    if (digits == 3) return year + 1900;
    if (digits != 4) scan_fail(s);
    return year;
}

static int numeric_zone(struct scan *s)
{
    int sign = s->in.p[s->at++] == '-' ? -1 : 1;
    size_t digits;
    int value = number(s, &digits);
    if (digits == 2 && scan_try(s, ':')) { /* wrong, and seen: +01:00 */
        size_t more;
        value = value * 100 + number(s, &more);
        digits += more;
    }
    int minutes = value / 100 * 60 + value % 100;
    if (s->bad || digits != 4 || value % 100 > 59 || minutes > ZONE_MINUTES) return 0;
    return sign * minutes;
}

static int zone(struct scan *s)
{
    skip(s);
    char c = scan_peek(s);
    if (c == '+' || c == '-') {
        struct scan try = *s; /* a bad zone does not spoil the date */
        return numeric_zone(&try);
    }
    str name = word(s);
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        if (str_ieq(name, zones[i].name)) return zones[i].minutes;
    return 0;
}

static bool separator(struct scan *s, char c)
{
    skip(s);
    return scan_try(s, c);
}

static void time_of_day(struct scan *s, struct civil *c)
{
    size_t digits;
    c->hour = number(s, &digits);
    if (!separator(s, ':') && !separator(s, '.')) scan_fail(s);
    c->minute = number(s, &digits);
    if (!s->bad && (separator(s, ':') || separator(s, '.'))) c->second = number(s, &digits);
}

/* "Nov 21 09:55:06 1997", as C's asctime has it, stands in mail too. */
static void asctime_date(struct scan *s, struct civil *c, int month)
{
    size_t digits;
    c->month = month;
    c->day = number(s, &digits);
    time_of_day(s, c);
    struct scan try = *s;
    skip(&try);
    if (!ascii_digit(scan_peek(&try))) word(s); /* a zone's name before the year */
    c->year = year_number(s);
}

static void usual_date(struct scan *s, struct civil *c)
{
    size_t digits;
    c->day = number(s, &digits);
    separator(s, '-');
    c->month = month_number(word(s));
    separator(s, '-');
    c->year = year_number(s);
    time_of_day(s, c);
}

bool date_parse(str value, struct date *out)
{
    struct scan s = scan_make(value);
    struct civil c = { 0 };
    str first = word(&s);
    separator(&s, '.');
    separator(&s, ',');
    struct scan ahead = s;
    int month = month_number(first);
    if (!month) month = month_number(word(&ahead));
    if (month && !(first.n && month_number(first) == month)) s = ahead;
    int zone_minutes = 0;
    if (month)
        asctime_date(&s, &c, month);
    else
        usual_date(&s, &c);
    if (s.bad || !civil_ok(&c)) return false;
    if (!month) zone_minutes = zone(&s);
    *out = date_of(&c, zone_minutes);
    return true;
}

/* --- reading IMAP -------------------------------------------------------------------------------
 */

static int fixed(struct scan *s, size_t digits)
{
    uint64_t value;
    str text = scan_n(s, digits);
    if (s->bad || !str_u64(text, 9999, &value)) {
        scan_fail(s);
        return 0;
    }
    return (int)value;
}

static void imap_day_month_year(struct scan *s, struct civil *c, size_t day_digits)
{
    c->day = fixed(s, day_digits);
    scan_want(s, '-');
    str name = scan_n(s, 3);
    c->month = name.n == 3 ? month_number(name) : 0;
    scan_want(s, '-');
    c->year = fixed(s, 4);
}

/* Hours and minutes east of Greenwich, with their separator: "+0100" or "+01:00". */
static int fixed_zone(struct scan *s, str separator)
{
    int sign = scan_try(s, '-') ? -1 : 1;
    if (sign > 0) scan_want(s, '+');
    int hours = fixed(s, 2);
    if (separator.n) scan_want_lit(s, separator);
    int minutes = fixed(s, 2);
    if (hours > 23 || minutes > 59) scan_fail(s);
    return sign * (hours * 60 + minutes);
}

static void fixed_time(struct scan *s, struct civil *c)
{
    c->hour = fixed(s, 2);
    scan_want(s, ':');
    c->minute = fixed(s, 2);
    scan_want(s, ':');
    c->second = fixed(s, 2);
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
bool date_parse_imap(str text, struct date *out)
{
    struct scan s = scan_make(text);
    struct civil c = { 0 };
    bool one_digit = scan_try(&s, ' ');
    imap_day_month_year(&s, &c, one_digit ? 1 : 2);
    scan_want(&s, ' ');
    fixed_time(&s, &c);
    scan_want(&s, ' ');
    int zone_minutes = fixed_zone(&s, (str){ 0 });
    scan_want_end(&s);
    if (s.bad || !civil_ok(&c)) return false;
    *out = date_of(&c, zone_minutes);
    return true;
}

/* RFC 3339 5.6. Fractions of a second are read and dropped. */
bool date_parse_iso(str text, struct date *out)
{
    struct scan s = scan_make(text);
    struct civil c = { 0 };
    c.year = fixed(&s, 4);
    scan_want(&s, '-');
    c.month = fixed(&s, 2);
    scan_want(&s, '-');
    c.day = fixed(&s, 2);
    scan_want_lit(&s, S("T"));
    fixed_time(&s, &c);
    if (scan_try(&s, '.')) (void)scan_u64(&s, UINT64_MAX);
    int zone_minutes = scan_try_lit(&s, S("Z")) ? 0 : fixed_zone(&s, S(":"));
    scan_want_end(&s);
    if (s.bad || !civil_ok(&c)) return false;
    *out = date_of(&c, zone_minutes);
    return true;
}

bool date_parse_imap_day(str text, int64_t *days)
{
    struct scan s = scan_make(text);
    struct civil c = { 0 };
    size_t dash = str_chr(text, '-');
    if (dash != 1 && dash != 2) return false;
    imap_day_month_year(&s, &c, dash);
    scan_want_end(&s);
    if (s.bad || !civil_ok(&c)) return false;
    *days = days_from_civil(c.year, c.month, c.day);
    return true;
}

int64_t date_day(struct date d)
{
    return floor_div(d.seconds + (int64_t)d.zone_minutes * 60, DAY_SECONDS);
}

/* --- writing ------------------------------------------------------------------------------------
 */

/* What has no four-digit year is written as the nearest moment that has one. */
static int64_t writable(int64_t seconds)
{
    const int64_t first = -62135510400, last = 253402214399; /* 0001-01-02, 9999-12-30 23:59:59 */
    return seconds < first ? first : seconds > last ? last : seconds;
}

static struct civil local_civil(struct date d)
{
    return civil_from_seconds(writable(d.seconds) + (int64_t)d.zone_minutes * 60);
}

static void zone_write(struct buf *out, int zone_minutes)
{
    int minutes = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    buf_addf(out, " %c%02d%02d", zone_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void date_write(struct buf *out, struct date d)
{
    struct civil c = local_civil(d);
    int64_t weekday = (days_from_civil(c.year, c.month, c.day) % 7 + 11) % 7; /* 1970: a Thursday */
    buf_add(out, (str){ week + 3 * weekday, 3 });
    buf_addf(out, ", %02d %.*s %04d %02d:%02d:%02d", c.day, STR_ARG(months[c.month - 1]), c.year,
             c.hour, c.minute, c.second);
    zone_write(out, d.zone_minutes);
}

void date_write_imap(struct buf *out, struct date d)
{
    struct civil c = local_civil(d);
    buf_addf(out, "%2d-%.*s-%04d %02d:%02d:%02d", c.day, STR_ARG(months[c.month - 1]), c.year,
             c.hour, c.minute, c.second);
    zone_write(out, d.zone_minutes);
}

void date_write_iso(struct buf *out, int64_t seconds)
{
    struct civil c = civil_from_seconds(writable(seconds));
    buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
             c.second);
}
