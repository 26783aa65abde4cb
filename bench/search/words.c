/* words.c - ordinary mail made from a seed: words of several languages by Zipf's law.
 *
 * A vocabulary a language, its words made of the language's syllables, frequent ones short. A
 * letter is in one language; some come with the same text again as HTML, some quote an earlier one.
 */
#include "base/codec.h"
#include "base/mem.h"
#include "search_bench_int.h"

enum { WORDS = 30000 };

struct language {
    const char *const *syllables;
    size_t n;
    bool spaces;
    unsigned percent; /* of the letters */
};

static const char *const english[] = { "the", "in", "er", "an", "re", "on", "at", "en", "nd", "ti",
                                       "es",  "or", "te", "of", "ed", "is", "it", "al", "ar", "st",
                                       "to",  "nt", "ng", "se", "ha", "as", "ou", "io", "le", "ve",
                                       "co",  "me", "de", "hi", "ri", "ro", "ic", "ne", "ea", "ra",
                                       "ce",  "li", "ch", "ll", "be", "ma", "si", "om", "ur" };
static const char *const german[] = { "en",  "er",    "ch",    "te",   "nd",   "ei",   "ie",
                                      "in",  "ge",    "be",    "sch",  "st",   "un",   "zu",
                                      "ung", "heit",  "keit",  "lich", "ver",  "vor",  "aus",
                                      "auf", "mit",   "rechn", "für",  "über", "mög",  "grö",
                                      "ßen", "straß", "käu",   "träg", "ver",  "sand", "ter",
                                      "min", "ant",   "wort",  "frag", "nach", "richt" };
static const char *const russian[] = { "ст",  "но",  "то",  "на",  "ен", "ов",  "ни",  "ра",  "во",
                                       "ко",  "по",  "ро",  "пр",  "ре", "ка",  "ли",  "го",  "не",
                                       "та",  "ос",  "ть",  "ла",  "ва", "де",  "за",  "ми",  "ло",
                                       "ск",  "пи",  "сь",  "мо",  "за", "каз", "чёт", "дог", "вор",
                                       "под", "при", "вет", "ние", "ция" };
static const char *const chinese[] = {
    "的", "一", "是", "不", "了", "在", "人", "有", "我", "他", "这", "个", "们", "中", "来",
    "上", "大", "为", "和", "国", "地", "到", "以", "说", "时", "要", "就", "出", "会", "可",
    "也", "你", "对", "生", "能", "而", "子", "那", "得", "于", "着", "下", "自", "之", "年",
    "过", "发", "后", "作", "里", "用", "道", "行", "所", "然", "家", "种", "事", "成", "方",
    "多", "经", "么", "去", "法", "学", "如", "都", "同", "现", "当", "没", "动", "面", "起",
    "看", "定", "天", "分", "还", "进", "好", "小", "部", "其", "些", "主", "样", "理", "心",
    "她", "本", "前", "开", "但", "因", "只", "从", "想", "实", "日", "军", "者", "意", "无",
    "力", "它", "与", "长", "把", "机", "十", "民", "第", "公", "此", "已", "工", "使", "情",
    "明", "性", "知", "全", "三", "又", "关", "点", "正", "业", "外", "将", "两", "高", "间",
    "由", "问", "很", "最", "重", "并", "物", "手", "应", "战", "向"
};

static const struct language languages[] = {
    { english, COUNT_OF(english), true, 55 },
    { german, COUNT_OF(german), true, 25 },
    { russian, COUNT_OF(russian), true, 10 },
    { chinese, COUNT_OF(chinese), false, 10 },
};

struct words {
    uint64_t state;
    struct arena arena;
    str *vocabulary[COUNT_OF(languages)];
    double *reach; /* of rank i: the share of the ranks up to it */
};

uint64_t words_random(struct words *w)
{
    uint64_t z = w->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static str make_word(struct words *w, const struct language *l, size_t rank)
{
    struct buf b = buf_make(128);
    size_t n = 1 + words_random(w) % 2 + (rank > 50) + (rank > 2000 && words_random(w) % 2);
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(l->syllables[words_random(w) % l->n]));
    str s = arena_copy(&w->arena, buf_str(&b));
    buf_free(&b);
    return s;
}

struct words *words_new(uint64_t seed)
{
    struct words *w = MEM_NEW(struct words);
    w->state = seed;
    w->arena = arena_make(64 * 1024 * 1024);
    for (size_t l = 0; l < COUNT_OF(languages); l++) {
        w->vocabulary[l] = ARENA_ARRAY(&w->arena, WORDS, str);
        for (size_t i = 0; i < WORDS; i++)
            w->vocabulary[l][i] = make_word(w, &languages[l], i);
    }
    w->reach = ARENA_ARRAY(&w->arena, WORDS, double);
    double sum = 0;
    for (size_t i = 0; i < WORDS; i++)
        w->reach[i] = sum += 1.0 / (double)(i + 2);
    for (size_t i = 0; i < WORDS; i++)
        w->reach[i] /= sum;
    return w;
}

void words_free(struct words *w)
{
    arena_free(&w->arena);
    mem_free(w);
}

static size_t draw_rank(struct words *w)
{
    double x = (double)(words_random(w) >> 11) / 9007199254740992.0;
    size_t low = 0, high = WORDS - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->reach[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Few letters are long: 60 words to 6,000, some 300 at the median. */
static size_t draw_length(struct words *w)
{
    size_t n = 60;
    while (n < 6000 && words_random(w) % 100 < 72)
        n += n / 2;
    return n + words_random(w) % n;
}

static const struct language *draw_language(struct words *w, size_t *which)
{
    unsigned percent = (unsigned)(words_random(w) % 100);
    size_t l = 0;
    while (percent >= languages[l].percent)
        percent -= languages[l++].percent;
    *which = l;
    return &languages[l];
}

void words_text(struct words *w, struct buf *out)
{
    size_t l, column = 0;
    const struct language *language = draw_language(w, &l);
    for (size_t i = draw_length(w); i; i--) {
        str word = w->vocabulary[l][draw_rank(w)];
        buf_add(out, word);
        column += word.n;
        if (words_random(w) % 200 == 0)
            buf_addf(out, " %llu", (unsigned long long)words_random(w) % 100000);
        if (column > 70)
            buf_add(out, S("\r\n"));
        else if (language->spaces)
            buf_addc(out, ' ');
        if (column > 70) column = 0;
    }
}

/* --- letters -------------------------------------------------------------------------------- */

static void add_attachment(struct words *w, struct buf *out)
{
    struct buf bytes = buf_make(1 << 17);
    for (size_t n = 20000 + words_random(w) % 60000; bytes.n < n;)
        buf_le64(&bytes, words_random(w));
    buf_add(out, S("\r\n--zz\r\nContent-Type: application/pdf; name=\"bill.pdf\"\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n"));
    base64_encode_lines(out, buf_str(&bytes));
    buf_free(&bytes);
}

static void add_html(struct buf *out, str text)
{
    struct buf html = buf_make(1 << 22);
    buf_add(&html, S("<html><head><style>p { margin: 0 }</style></head><body>"));
    for (str line; str_split(&text, '\n', &line);)
        buf_addf(&html, "<p class=\"plain\">%.*s</p>\r\n", STR_ARG(str_trim(line)));
    buf_add(&html, S("</body></html>\r\n"));
    buf_add(out, S("\r\n--zz\r\nContent-Type: text/html; charset=utf-8\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n"));
    base64_encode_lines(out, buf_str(&html));
    buf_free(&html);
}

void words_letter(struct words *w, struct buf *out)
{
    struct buf text = buf_make(1 << 22), subject = buf_make(1 << 22);
    uint64_t kind = words_random(w) % 100;
    words_text(w, &text);
    words_text(w, &subject);
    buf_addf(out,
             "Received: from mx%llu.c.test (mx.c.test [192.0.2.1])\r\n\tby mail.a.test with ESMTPS;"
             " Sun, 22 Nov 2026 07:00:00 +0000\r\nFrom: ann%llu@c.test\r\nTo: alice@a.test\r\n"
             "Message-ID: <%llx@c.test>\r\nDate: Sun, 22 Nov 2026 07:00:00 +0000\r\n"
             "MIME-Version: 1.0\r\nSubject: ",
             (unsigned long long)words_random(w) % 10, (unsigned long long)words_random(w) % 500,
             (unsigned long long)words_random(w));
    buf_add(out, str_trim(str_take(buf_str(&subject), str_chr(buf_str(&subject), '\r') % 60)));
    if (kind < 55) {
        buf_add(out, S("\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"));
        buf_add(out, buf_str(&text));
    } else {
        buf_add(out, S("\r\nContent-Type: multipart/mixed; boundary=zz\r\n\r\n--zz\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n"));
        buf_add(out, buf_str(&text)); /* no = in it, and short lines */
        if (kind < 95) add_html(out, buf_str(&text));
        if (kind >= 90) add_attachment(w, out);
        buf_add(out, S("\r\n--zz--\r\n"));
    }
    buf_free(&text);
    buf_free(&subject);
}
