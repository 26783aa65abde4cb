"""with_nasty_mail.py - broken and enormous letters over IMAP: what is told of them is well-formed, true and quick.

The judge is a reader of responses written from the ABNF of RFC 9051 9 alone, and Python's email for parts.
"""

import base64
import email
import email.policy
import imaplib
import random

from world import *

USER, ADDRESS = "carol@a.test", A
PARTS_MAX, DEPTH_MAX = 10000, 32  # our own limits: base/limits.h


# --- a strict reader of what stands in a FETCH response ---------------------------------------------

class Reader:
    """Reads values off the front; whatever the ABNF does not allow is an error."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def want(self, token):
        got = self.text[self.at:self.at + len(token)]
        assert got == token, "expected %r, got %r" % (token, self.text[self.at:self.at + 60])
        self.at += len(token)

    def tries(self, token):
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def number(self):
        found = re.compile(rb"(0|[1-9][0-9]*)").match(self.text, self.at)
        assert found, "no number: %r" % self.text[self.at:self.at + 30]
        self.at = found.end()
        return int(found.group())

    def string(self):
        if self.tries(b"{"):
            n = self.number()
            self.want(b"}\r\n")
            self.at += n
            value = self.text[self.at - n:self.at]
            assert len(value) == n and b"\0" not in value, "a bad literal"
            return value
        self.want(b'"')
        value = bytearray()
        while not self.tries(b'"'):
            c = self.text[self.at:self.at + 1]
            self.at += 1
            if c == b"\\":
                c = self.text[self.at:self.at + 1]
                self.at += 1
                assert c in (b"\\", b'"'), "bad escape"
            # CHAR but CR and LF: nothing of 8 bit, no NUL.
            assert c and b"\x01" <= c <= b"\x7f" and c not in b"\r\n", "in a quoted string: %r" % c
            value += c
        return bytes(value)

    def nstring(self):
        return None if self.tries(b"NIL") else self.string()

    def list(self, item):
        """NIL, or at least one item, spaces between."""
        if self.tries(b"NIL"):
            return []
        self.want(b"(")
        items = [item()]
        while self.tries(b" "):
            items.append(item())
        self.want(b")")
        return items

    def pair(self):
        name = self.string()
        self.want(b" ")
        return name, self.string()

    def spaced(self, *items):
        found = []
        for i, item in enumerate(items):
            if i:
                self.want(b" ")
            found.append(item())
        return found

    def address(self):
        self.want(b"(")
        found = self.spaced(*[self.nstring] * 4)
        self.want(b")")
        return found

    def addresses(self):
        if self.tries(b"NIL"):
            return []
        self.want(b"(")
        found = [self.address()]
        while not self.tries(b")"):
            found.append(self.address())
        return found

    def envelope(self):
        self.want(b"(")
        found = self.spaced(self.nstring, self.nstring, *[self.addresses] * 6, self.nstring, self.nstring)
        self.want(b")")
        return found

    def disposition(self):
        if self.tries(b"NIL"):
            return None
        self.want(b"(")
        found = self.spaced(self.string, lambda: self.list(self.pair))
        self.want(b")")
        return found

    def languages(self):
        return self.list(self.string) if self.text.startswith(b"(", self.at) else self.nstring()

    def body(self, depth=0):
        """The tree, as lists of parts and as dicts; with or without extension data."""
        assert depth <= 2 * DEPTH_MAX
        self.want(b"(")
        many = self.text.startswith(b"(", self.at)
        found = self.many(depth) if many else self.one(depth)
        if self.tries(b" "):
            if many:
                self.spaced(lambda: self.list(self.pair), self.disposition, self.languages, self.nstring)
            else:
                self.spaced(self.nstring, self.disposition, self.languages, self.nstring)
        self.want(b")")
        return found

    def many(self, depth):
        parts = []
        while self.text.startswith(b"(", self.at):
            parts.append(self.body(depth + 1))
        self.want(b" ")
        return {"type": b"multipart", "subtype": self.string(), "parts": parts}

    def one(self, depth):
        kind, subtype, params, _, _, encoding, size = self.spaced(
            self.string, self.string, lambda: self.list(self.pair), self.nstring, self.nstring, self.string, self.number)
        part = {"type": kind, "subtype": subtype, "params": params, "encoding": encoding, "size": size}
        assert (kind, subtype) != (b"multipart", subtype), "a multipart without parts"
        message = kind == b"message" and subtype in (b"rfc822", b"global")
        if message:
            self.want(b" ")
            part["envelope"] = self.envelope()
            self.want(b" ")
            part["inner"] = self.body(depth + 1)
        if message or kind == b"text":
            self.want(b" ")
            part["lines"] = self.number()
        return part


def whole(text, read):
    reader = Reader(text)
    found = getattr(reader, read)()
    same(reader.text[reader.at:], b"")
    return found


# --- sessions ---------------------------------------------------------------------------------------

imaplib._MAXLINE = 1 << 30
session = imap(USER, ADDRESS)


def append(message):
    """Put a message as it is (imaplib's own mends line ends); its UID."""
    tag = session._new_tag()
    session.send(tag + b" APPEND INBOX {%d+}\r\n" % len(message) + message + b"\r\n")
    kind, said = session._get_tagged_response(tag)
    same((kind, said[0][:10]), ("OK", b"[APPENDUID"))
    return said[0].split()[2].rstrip(b"]").decode()


def fetch(uid, items):
    """The response's bytes from the first item on, literals in it, without the last parenthesis."""
    pieces = session.uid("FETCH", uid, "(%s)" % items)[1]
    text = b"".join(b"\r\n".join(piece) if isinstance(piece, tuple) else piece for piece in pieces)
    return text[re.match(rb"\d+ \(UID \d+ ", text).end():-1]


def section(uid, name):
    text = fetch(uid, "BODY.PEEK[%s]" % name)
    head = b"BODY[%s] " % name.encode()
    same(text[:len(head)], head)
    return whole(text[len(head):], "nstring")


def told(uid):
    """ENVELOPE and BODYSTRUCTURE, judged; BODY must be the same tree."""
    envelope = whole(fetch(uid, "ENVELOPE")[len("ENVELOPE "):], "envelope")
    structure = whole(fetch(uid, "BODYSTRUCTURE")[len("BODYSTRUCTURE "):], "body")
    same(whole(fetch(uid, "BODY")[len("BODY "):], "body"), structure)
    return envelope, structure


def judge(message):
    """What every letter must stand: structure that can be read, bytes as they were, sizes that are true."""
    uid = append(message)
    message = re.sub(rb"(?<!\r)\n", b"\r\n", message)  # the store holds CRLF lines
    envelope, structure = told(uid)
    same(section(uid, ""), message)
    same(section(uid, "HEADER") + section(uid, "TEXT"), message)
    same(int(re.search(rb"RFC822.SIZE (\d+)", fetch(uid, "RFC822.SIZE")).group(1)), len(message))
    visit(uid, structure, "")
    return envelope, structure


def visit(uid, part, path, most=40):
    """Every part has the size that the structure says, wherever it lies."""
    for i, inner in enumerate(part.get("parts", [])[:most], 1):
        visit(uid, inner, "%s%d." % (path, i), 5)
    if "parts" in part:
        return
    name = path[:-1] or "1"
    size = len(section(uid, name) or b"")
    # A multipart without parts is told to hold an empty text.
    assert size == part["size"] or part["size"] == 0, "%s: %d bytes, not %d" % (name, size, part["size"])
    if "inner" in part and "parts" in part["inner"]:
        visit(uid, part["inner"], name + ".", 5)


def lines(*text):
    return "\r\n".join(text).encode("utf-8", "surrogateescape") + b"\r\n"


# --- cases ------------------------------------------------------------------------------------------

ODD = {
    "nothing but a line end": b"\r\n",
    "one byte": b"x",
    "no header": b"\r\nbody\r\n",
    "no line end": b"Subject: x",
    "bare LFs": b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n",
    "bare CRs": b"Subject: x\rTo: y\r\n\r\na\rb\r\r\n",
    "controls": b"Subject: a\x01\x1b[2J\x7fb\r\nTo: \x02 <\x03@\x04>\r\n\r\n\x05\r\n",
    "8 bit": b"Subject: Gr\xfc\xdfe\r\nFrom: J\xf6rg <j@x>\r\nTo: \xff\xfe@\x80\r\nContent-Description: \xe4\r\n\r\n\xe4\r\n",
    "empty fields": lines("Subject:", "From:", "To:", "Date:", "Message-ID:", "Content-Type:",
                          "Content-Transfer-Encoding:", "Content-Disposition:", "Content-ID:", "Content-Language:", "", "x"),
    "no type": lines("Content-Type: ; charset=x", "", "x"),
    "half a type": lines("Content-Type: text", "", "x"),
    "types of signs": lines("Content-Type: te\"xt/pl(ain; a=b", "Content-Disposition: (c); filename", "", "x"),
    "comments everywhere": lines("Content-Type: (a) multipart (b(c)) / (d) mixed (e) ; (f) boundary (g) = (h) \"b\" (i)",
                                 "From: (x) a (y) @ (z) b (\\) \\(", "", "--b", "", "one", "--b--"),
    "parameters without a value": lines("Content-Type: text/plain; charset; format=; =x; ;; name=\"", "", "x"),
    "no boundary": lines("Content-Type: multipart/mixed", "", "--b", "", "x", "--b--"),
    "an empty boundary": lines("Content-Type: multipart/mixed; boundary=\"\"", "", "--", "", "x", "----"),
    "a boundary never seen": lines("Content-Type: multipart/mixed; boundary=b", "", "text"),
    "a boundary never closed": lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "one", "--b", "", "two"),
    "a boundary within a boundary": lines("Content-Type: multipart/mixed; boundary=b", "", "--b",
                                          "Content-Type: multipart/mixed; boundary=bb", "", "--bb", "", "x", "--b", "",
                                          "y", "--bb--", "--b--"),
    "the same boundary twice": lines("Content-Type: multipart/mixed; boundary=b", "", "--b",
                                     "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "x", "--b--", "--b--"),
    "only ends": lines("Content-Type: multipart/mixed; boundary=b", "", "--b--", "--b--", "--b--"),
    "a header that the boundary cuts": lines("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: a/b",
                                             " ; c=", "--b--"),
    "a message that is encoded": lines("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "",
                                       base64.b64encode(b"Subject: in\r\n\r\nx\r\n").decode()),
    "a message of nothing": lines("Content-Type: multipart/digest; boundary=b", "", "--b", "--b", "", "--b", "", "", "--b--"),
    "a message/global": lines("Content-Type: message/global", "", "Subject: Grüße", "To: ü@ü.test", "", "ü"),
    "a message/partial": lines("Content-Type: message/partial; number=1; total=2; id=x", "", "Subject: in", "", "x"),
    "RFC 2231": lines("Content-Type: a/b; name*1=b; name*0=\"a\"; name*3=d; x*=''%41; y*0*=utf-8''%C3; y*1=%BC; z*=%;"
                      " w*99999999999999999999=q; v**=1; *=2; u*0*=iso-8859-1'de'%FC; u*2*=%20", "", "x"),
    "groups": lines("To: a:b@x,c@x;,d:;,:;,e:f:g;h;,;", "Cc: ,,,@,<>,<@>,<@x:>,\"\"<\"\"@>,a@b@c,(((", "From: g:", "", "x"),
    "fields again": lines("To: a@x", "To: b@x", "Cc: c@x", "To: d@x", "From: e@x", "From: f@x", "Subject: 1", "Subject: 2",
                          "Content-Type: text/html", "Content-Type: text/plain", "", "x"),
    "long words": lines("Subject: " + "x" * 70000, "To: " + "\"" + "\\\"" * 5000 + "\" <a@b>", "", "x"),
    "a quoted string never closed": lines("To: \"a <b@c>", "Content-Type: text/plain; name=\"b", "", "x"),
    "folds of nothing": b"Subject:\r\n \r\n\t\r\n x\r\nTo:\r\n\ta@b\r\n\r\nx",
    "no colon": lines("Subject", "From a@b", ": x", " continued", "To: a@b", "", "x"),
    "mbox": lines("From a@b Sat Feb  7 21:52:25 2026", "Subject: x", "", ">From y"),
}


@case
def odd():
    """odd letters: well-formed ENVELOPE, BODYSTRUCTURE and BODY, byte-exact sections, true sizes"""
    for name, message in ODD.items():
        try:
            judge(message)
        except AssertionError as e:
            raise AssertionError("%s: %s" % (name, e))


@case
def odd_within():
    """the same letters as parts of a multipart, and as letters within a letter"""
    for kind in b"", b"Content-Type: message/rfc822\r\n":
        for name, message in ODD.items():
            inner = b"--out\r\n" + kind + (b"\r\n" if kind else b"") + message + b"\r\n"
            letter = (b"Content-Type: multipart/mixed; boundary=out\r\n\r\n" + inner + inner + b"--out--\r\n")
            try:
                structure = judge(letter)[1]
                same(len(structure["parts"]), 2)
            except AssertionError as e:
                raise AssertionError("%s: %s" % (name, e))


@case
def addresses():
    """groups, repeated fields and what lacks a part are told as RFC 9051 7.5.2 says"""
    envelope, _ = judge(ODD["fields again"])
    same([a[2] for a in envelope[5]], [b"a", b"b", b"d"])
    same([a[2] for a in envelope[2]], [b"e", b"f"])
    same(envelope[1], b"1")
    envelope, _ = judge(lines("To: A Group: b@x, C <c@x>;, d@x", "", "x"))
    same(envelope[5], [[None, None, b"A Group", None], [None, None, b"b", b"x"], [b"C", None, b"c", b"x"],
                       [None, None, None, None], [None, None, b"d", b"x"]])


def tree(rng, depth=0):
    """A well-formed letter, at random, as email builds it."""
    if depth < 4 and rng.random() < (0.9 if depth == 0 else 0.35):
        part = email.message.Message()
        if depth and rng.random() < 0.3:
            part["Content-Type"] = "message/rfc822"
            part.set_payload([tree(rng, depth + 1)])
            part.get_payload(0)["Subject"] = "inner %d" % rng.randrange(1000)
            return part
        part["Content-Type"] = "multipart/" + rng.choice(["mixed", "alternative", "related"])
        part.set_boundary("b%d.%d" % (depth, rng.randrange(10 ** 9)))
        part.preamble = rng.choice([None, "not shown"])
        part.set_payload([tree(rng, depth + 1) for _ in range(rng.randrange(1, 5))])
        return part
    part = email.message.Message()
    part["Content-Type"] = rng.choice(["text/plain; charset=utf-8", "text/html", "image/png", "a/b; name=\"x y\""])
    part.set_payload("".join("line %d\n" % rng.randrange(99) for _ in range(rng.randrange(5))))
    return part


def compare(uid, parsed, structure, path):
    """Our sections are what email finds in the same bytes."""
    name = path[:-1] or "1"
    same(parsed.get_content_type().encode(), structure["type"] + b"/" + structure["subtype"])
    if structure["type"] == b"multipart":
        same(len(structure["parts"]), len(parsed.get_payload()))
        for i, (inner, told_part) in enumerate(zip(parsed.get_payload(), structure["parts"]), 1):
            compare(uid, inner, told_part, "%s%d." % (path, i))
    elif "inner" in structure:
        inner = parsed.get_payload(0)
        same(structure["envelope"][1], inner["Subject"].encode())
        same(email.message_from_bytes(section(uid, name + ".HEADER"))["Subject"], inner["Subject"])
        compare(uid, inner, structure["inner"], path if "parts" in structure["inner"] else name + ".1.")
    else:
        same(section(uid, name), parsed.get_payload().encode())


@case
def parts():
    """parts of random well-formed letters are what Python's email finds"""
    rng = random.Random(5)
    for _ in range(25):
        message = tree(rng).as_bytes().replace(b"\n", b"\r\n")
        uid = append(message)
        compare(uid, email.message_from_bytes(message), told(uid)[1], "")


@case
def noise():
    """random cuts and changes of such letters stay well-formed and byte-exact"""
    rng = random.Random(6)
    words = [b"--", b"\r\n", b"\n", b"\r", b"(", b"\"", b"\\", b";", b":", b"boundary=", b"\x01", b"\xff", b"message/rfc822"]
    for _ in range(60):
        message = bytearray(tree(rng).as_bytes().replace(b"\n", b"\r\n"))
        for _ in range(rng.randrange(1, 12)):
            at = rng.randrange(len(message) + 1)
            if rng.random() < 0.5:
                del message[at:at + rng.randrange(20)]
            else:
                message[at:at] = rng.choice(words)
        judge(bytes(message) or b"x")


def seconds(message):
    """How long it takes to store it and to tell its structure; the shorter of two."""
    best = 99.0
    for _ in range(2):
        began = time.monotonic()
        uid = append(message)
        fetch(uid, "ENVELOPE BODYSTRUCTURE")
        best = min(best, time.monotonic() - began)
    return best


def many_parts(n):
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * n + b"--b--\r\n"


def many_messages(n):
    return b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + b"--b\r\n\r\nTo: a@b\r\n\r\nx\r\n" * n + b"--b--\r\n"


LONG = {
    "parts": (many_parts, 5000),
    "letters in a digest": (many_messages, 2500),
    "header fields": (lambda n: b"".join(b"X-%d: y\r\n" % i for i in range(n)) + b"\r\nx", 50000),
    "addresses": (lambda n: b"To: " + b", ".join(b"a%d@b" % i for i in range(n)) + b"\r\n\r\nx", 40000),
    "groups": (lambda n: b"To: " + b"a:;" * n + b"\r\n\r\nx", 100000),
    "To fields": (lambda n: b"To: a@b\r\n" * n + b"\r\nx", 40000),
    "comments": (lambda n: b"To: " + b"(" * n + b"a@b\r\n\r\nx", 400000),
    "backslashes": (lambda n: b"Content-Type: text/plain; name=\"" + b"\\" * n + b"\r\n\r\nx", 400000),
    "parameters": (lambda n: b"Content-Type: a/b" + b";a*0=b" * n + b"\r\n\r\nx", 60000),
    "one header line": (lambda n: b"Subject: " + b"x" * n + b"\r\n\r\nx", 500000),
    "folded lines": (lambda n: b"Subject: x" + b"\r\n y" * n + b"\r\n\r\nx", 100000),
    "lines like boundaries": (lambda n: many_parts(10)[:-7] + b"--bx\r\n--\r\n---\r\n" * n, 40000),
    "nested multiparts": (lambda n: b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (i, i)
                                             for i in range(n)), 8000),
    "nested letters": (lambda n: b"Content-Type: message/rfc822\r\n\r\n" * n, 15000),
}


@case
def one_pass():
    """twice the parts, fields, addresses, depth: no more than in proportion, and well-formed"""
    for name, (make, n) in LONG.items():
        once, twice = make(n), make(2 * n)
        a, b = seconds(once), seconds(twice)
        print("# %-24s %6.1f ms, of twice as many %6.1f ms" % (name, a * 1000, b * 1000))
        assert b < 3 * a + 0.1, "%s: %.0f ms, of twice as many %.0f ms" % (name, a * 1000, b * 1000)
        judge(twice)


@case
def limits():
    """10,000 parts are all told; of more the last holds the rest; what is too deep is opaque"""
    def count(part):
        return sum(count(p) for p in part.get("parts", [])) + 1

    same(count(judge(many_parts(PARTS_MAX - 1))[1]), PARTS_MAX)
    same(count(judge(many_parts(2 * PARTS_MAX))[1]), PARTS_MAX)
    structure, depth = judge(LONG["nested letters"][0](50))[1], 0
    while "inner" in structure:
        structure, depth = structure["inner"], depth + 1
    same((depth, structure["type"]), (DEPTH_MAX, b"application"))


run_cases()
