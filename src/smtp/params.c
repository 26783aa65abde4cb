/* params.c - the arguments of MAIL, RCPT and BDAT: paths, numbers, ESMTP parameters. */
#include "smtp/params_int.h"

#include "base/limits.h"
#include "mail/date.h"
#include "store/store.h"

struct parser {
    struct arena *arena;
    struct mail_params *mail;
    struct rcpt_params *rcpt;
    unsigned allow; /* ADDRESS_UTF8 or not, for decoded xtext */
    unsigned seen;  /* bit i: row i was given */
};
typedef bool param_fn(struct parser *p, str value);

struct param {
    str name;
    bool wants_value;
    param_fn *take;
};

/* --- MAIL's parameters ------------------------------------------------------------------------ */

static bool take_size(struct parser *p, str value) /* RFC 1870 4: at most 20 digits */
{
    return str_u64(value, UINT64_MAX, &p->mail->size_bytes);
}

static bool take_body(struct parser *p, str value)
{
    p->mail->binary = str_ieq(value, S("BINARYMIME"));
    p->mail->eight_bit = p->mail->binary || str_ieq(value, S("8BITMIME"));
    return p->mail->eight_bit || str_ieq(value, S("7BIT"));
}

static bool take_requiretls(struct parser *p, str value)
{
    (void)value;
    p->mail->require_tls = true;
    return true;
}

/* A sign, if any, and at most nine digits: RFC 2852 4. */
static bool take_signed(str value, int64_t *out)
{
    uint64_t n;
    bool minus = str_starts(value, S("-"));
    if (minus || str_starts(value, S("+"))) value = str_from(value, 1);
    if (value.n > 9 || !str_u64(value, 999999999, &n)) return false;
    *out = minus ? -(int64_t)n : (int64_t)n;
    return true;
}

/* by-value = by-time ";" by-mode [by-trace]. What is late already cannot be asked to return. */
static bool take_by(struct parser *p, str value)
{
    struct mail_params *m = p->mail;
    size_t semicolon = str_chr(value, ';');
    str how = str_from(value, semicolon);
    m->by = true;
    m->by_trace = how.n == 3 && ascii_lower(how.p[2]) == 't';
    if (how.n != 2 && !m->by_trace) return false;
    m->by_notify = ascii_lower(how.p[1]) == 'n';
    if (!m->by_notify && ascii_lower(how.p[1]) != 'r') return false;
    return take_signed(str_take(value, semicolon), &m->by_s) && (m->by_notify || m->by_s > 0);
}

static bool take_holdfor(struct parser *p, str value)
{
    if (p->mail->held || !ascii_digit(value.p[0])) return false;
    p->mail->held = true;
    return take_signed(value, &p->mail->hold_for_s);
}

static bool take_holduntil(struct parser *p, str value)
{
    struct date until;
    if (p->mail->held || !date_parse_iso(value, &until)) return false;
    p->mail->held = true;
    p->mail->hold_until_s = until.seconds;
    return true;
}

/* RFC 6710 6: "0", or a digit from 1 to 9 with or without a minus. */
static bool take_priority(struct parser *p, str value)
{
    int64_t n;
    if (value.n > 2 || str_starts(value, S("+")) || !take_signed(value, &n)) return false;
    if (n < -9 || n > 9 || (value.n == 2) != (n < 0)) return false;
    p->mail->prioritised = true;
    p->mail->priority = (int)n;
    return true;
}

static bool take_smtputf8(struct parser *p, str value)
{
    (void)value;
    p->mail->utf8 = true;
    return true;
}

static bool take_ret(struct parser *p, str value)
{
    p->mail->ret_full = str_ieq(value, S("FULL"));
    return p->mail->ret_full || str_ieq(value, S("HDRS"));
}

static bool take_envid(struct parser *p, str value)
{
    if (value.n > SMTP_ENVID_BYTES) return false;
    return address_xtext(p->arena, value, 0, SMTP_ENVID_BYTES, &p->mail->envid);
}

/* Who is said to have submitted it first. Nobody here trusts that; it only has to be well-formed.
 */
static bool take_auth(struct parser *p, str value)
{
    str text;
    struct address who;
    if (str_eq(value, S("<>"))) return true;
    return address_xtext(p->arena, value, p->allow, ADDRESS_BYTES, &text) &&
           address_parse(p->arena, text, p->allow, &who);
}

/* --- RCPT's parameters ------------------------------------------------------------------------ */

/* "NEVER", or a list without doubles of the others. RFC 3461 4.1. */
static bool take_notify(struct parser *p, str value)
{
    static const struct {
        str word;
        unsigned bit;
    } words[] = {
        { S_INIT("SUCCESS"), NOTIFY_SUCCESS },
        { S_INIT("FAILURE"), NOTIFY_FAILURE },
        { S_INIT("DELAY"), NOTIFY_DELAY },
    };
    unsigned bits = 0;
    str word;
    if (str_ieq(value, S("NEVER"))) {
        p->rcpt->notify = NOTIFY_NEVER;
        return true;
    }
    if (str_ends(value, S(","))) return false;
    while (str_split(&value, ',', &word)) {
        unsigned bit = 0;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (str_ieq(word, words[i].word)) bit = words[i].bit;
        if (!bit || bits & bit) return false;
        bits |= bit;
    }
    p->rcpt->notify = bits;
    return bits != 0;
}

/* Kept decoded: whoever sends it on encodes it again. */
static bool take_orcpt(struct parser *p, str value)
{
    str type, text;
    if (value.n > SMTP_ORCPT_BYTES) return false;
    if (!address_orcpt(p->arena, value, p->allow, &type, &text)) return false;
    p->rcpt->orcpt = arena_concat(p->arena, (str[]){ type, S(";"), text }, 3);
    return true;
}

/* clang-format off */
static const struct param mail_rows[] = {
    { S_INIT("SIZE"),        true,  take_size },
    { S_INIT("BODY"),        true,  take_body },
    { S_INIT("SMTPUTF8"),    false, take_smtputf8 },
    { S_INIT("RET"),         true,  take_ret },
    { S_INIT("ENVID"),       true,  take_envid },
    { S_INIT("AUTH"),        true,  take_auth },
    { S_INIT("REQUIRETLS"),  false, take_requiretls },
    { S_INIT("BY"),          true,  take_by },
    { S_INIT("HOLDFOR"),     true,  take_holdfor },
    { S_INIT("HOLDUNTIL"),   true,  take_holduntil },
    { S_INIT("MT-PRIORITY"), true,  take_priority },
};
static const struct param rcpt_rows[] = {
    { S_INIT("NOTIFY"),   true,  take_notify },
    { S_INIT("ORCPT"),    true,  take_orcpt },
};
/* clang-format on */

/* --- the arguments as a whole ----------------------------------------------------------------- */

static enum params_fault take_param(struct parser *p, str word, const struct param *rows, size_t n)
{
    size_t equals = str_chr(word, '=');
    bool has_value = equals != STR_NPOS;
    str name = has_value ? str_take(word, equals) : word;
    str value = has_value ? str_from(word, equals + 1) : (str){ 0 };
    for (size_t i = 0; i < n; i++) {
        if (!str_ieq(name, rows[i].name)) continue;
        bool twice = p->seen >> i & 1;
        p->seen |= 1u << i;
        if (twice || has_value != rows[i].wants_value || (has_value && !value.n))
            return PARAMS_VALUE;
        return rows[i].take(p, value) ? PARAMS_FINE : PARAMS_VALUE;
    }
    return PARAMS_UNKNOWN;
}

static enum params_fault take_params(struct parser *p, str rest, const struct param *rows, size_t n)
{
    str word;
    unsigned count = 0;
    if (rest.n && rest.p[0] != ' ') return PARAMS_ADDRESS;
    while (str_split(&rest, ' ', &word)) {
        if (!word.n) continue; /* more than one space is harmless */
        if (++count > SMTP_PARAMETERS) return PARAMS_MANY;
        enum params_fault fault = take_param(p, word, rows, n);
        if (fault) return fault;
    }
    return p->arena->full ? PARAMS_MANY : PARAMS_FINE;
}

/* "FROM:" or "TO:", then the path; a space after the colon is common, and harmless. */
static enum params_fault take_path(struct scan *s, struct parser *p, str keyword, unsigned allow,
                                   struct address *out)
{
    scan_want_lit(s, keyword);
    scan_skip_wsp(s);
    if (s->bad) return PARAMS_SYNTAX;
    address_path(s, p->arena, allow, out);
    return s->bad ? PARAMS_ADDRESS : PARAMS_FINE;
}

static bool is_ascii(struct address a)
{
    return str_is_ascii(a.local) && str_is_ascii(a.domain);
}

enum params_fault smtp_mail_params(struct arena *a, str args, struct mail_params *out)
{
    struct mail_params m = { 0 };
    struct parser p = { .arena = a, .mail = &m, .allow = ADDRESS_UTF8 };
    struct scan s = scan_make(args);
    enum params_fault fault = take_path(&s, &p, S("FROM:"), ADDRESS_UTF8 | ADDRESS_NULL, &m.sender);
    if (!fault)
        fault = take_params(&p, scan_rest(&s), mail_rows, sizeof(mail_rows) / sizeof(mail_rows[0]));
    if (!fault && !m.utf8 && !is_ascii(m.sender)) fault = PARAMS_NEEDS_UTF8;
    if (!fault) *out = m;
    return fault;
}

enum params_fault smtp_rcpt_params(struct arena *a, str args, bool utf8, struct rcpt_params *out)
{
    struct rcpt_params r = { .notify = NOTIFY_DEFAULT };
    struct parser p = { .arena = a, .rcpt = &r, .allow = utf8 ? ADDRESS_UTF8 : 0 };
    struct scan s = scan_make(args);
    enum params_fault fault =
        take_path(&s, &p, S("TO:"), ADDRESS_UTF8 | ADDRESS_POSTMASTER, &r.rcpt);
    if (!fault)
        fault = take_params(&p, scan_rest(&s), rcpt_rows, sizeof(rcpt_rows) / sizeof(rcpt_rows[0]));
    if (!fault && !utf8 && !is_ascii(r.rcpt)) fault = PARAMS_NEEDS_UTF8;
    if (!fault) *out = r;
    return fault;
}

bool smtp_bdat_params(str args, uint64_t *bytes, bool *last)
{
    size_t space = str_chr(args, ' ');
    str rest = space == STR_NPOS ? (str){ 0 } : str_trim(str_from(args, space));
    if (rest.n && !str_ieq(rest, S("LAST"))) return false;
    if (!str_u64(str_take(args, space), UINT64_MAX, bytes)) return false;
    *last = rest.n != 0;
    return true;
}
