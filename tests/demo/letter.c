/* letter.c - the letters that Alice writes: accents, emoji, text and HTML, and a photo. */
#include "base/codec.h"
#include "demo/letter.h"
#include "mail/encoded.h"

static const char text[] =
    "Lieber Bob,\r\n\r\nGr\xc3\xbc\xc3\x9f"
    "e vom Z\xc3\xbcrichsee! \xf0\x9f\x8f\x94\xef\xb8\x8f Das Wetter ist sch\xc3\xb6n, "
    "das Foto h\xc3\xa4ngt an.\r\n.. und ein Punkt am Zeilenanfang\r\n\r\n"
    "Alice\r\n";
static const char subject[] = "Gr\xc3\xbc\xc3\x9f"
                              "e aus Z\xc3\xbcrich \xf0\x9f\x8f\x94\xef\xb8\x8f";

str letter_text(void)
{
    return str_of(text);
}

str letter_subject(void)
{
    return str_of(subject);
}

/* Noise, as a photo is to whoever carries it; the same each time. */
static void photo_fill(struct buf *b)
{
    uint32_t x = 2463534242u;
    while (b->n < PHOTO_BYTES) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        buf_le32(b, x);
    }
}

static void write_photo(struct buf *out)
{
    struct buf photo = buf_make(PHOTO_BYTES + 8);
    photo_fill(&photo);
    buf_add(out, S("--outer\r\nContent-Type: image/jpeg; name=\"see.jpg\"\r\n"
                   "Content-Disposition: attachment; filename=\"see.jpg\"\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n"));
    base64_encode_lines(out, buf_str(&photo));
    buf_free(&photo);
}

bool letter_photo_is(str base64)
{
    struct buf photo = buf_make(PHOTO_BYTES + 8), got = buf_make(2 * PHOTO_BYTES);
    photo_fill(&photo);
    bool same = base64_decode_lenient(&got, base64) && str_eq(buf_str(&got), buf_str(&photo));
    buf_free(&photo);
    buf_free(&got);
    return same;
}

struct buf letter_write(unsigned number, bool photo)
{
    struct buf b = buf_make(4 * PHOTO_BYTES);
    buf_add(&b, S("From: "));
    encoded_phrase(&b, S("Alice M\xc3\xbcller"));
    buf_add(&b, S(" <alice@a.test>\r\nTo: Bob <bob@b.test>\r\nCc: Carol <carol@b.test>\r\n"
                  "Bcc: Dave <dave@a.test>\r\nSubject: "));
    encoded_encode(&b, letter_subject());
    if (number) buf_addf(&b, " %u", number);
    buf_add(&b,
            S("\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n"
              "--outer\r\nContent-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n"
              "--inner\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: 8bit\r\n\r\n"));
    buf_add(&b, letter_text());
    buf_add(&b, S("\r\n--inner\r\nContent-Type: text/html; charset=utf-8\r\n"
                  "Content-Transfer-Encoding: 8bit\r\n\r\n"
                  "<p>Lieber Bob,</p><p>Gr\xc3\xbc\xc3\x9f"
                  "e vom <b>Z\xc3\xbcrichsee</b>! \xf0\x9f\x8f\x94\xef\xb8\x8f</p>\r\n"
                  "--inner--\r\n"));
    if (photo) write_photo(&b);
    buf_add(&b, S("--outer--\r\n"));
    return b;
}

str letter_body(str message)
{
    size_t at = str_find(message, S("\r\n\r\n"));
    return at == STR_NPOS ? (str){ 0 } : str_from(message, at + 4);
}

str letter_header(str message)
{
    size_t at = str_find(message, S("\r\n\r\n"));
    return str_take(message, at == STR_NPOS ? message.n : at + 2);
}
