"""with_curl.py - curl sends, lists, reads, marks, deletes: SMTP, IMAP, POP3, with STARTTLS and implicit TLS."""

from world import *

BIG = letter("curl big", body="".join("line %06d of a long letter\r\n" % i for i in range(20000)))


def curl(url, *words, address=B, user="bob@b.test", status=0, stdin=None):
    """URLs name the host, so that the certificate is judged by its name; a port must be given."""
    host, port = expect(r"//([a-z.]+):(\d+)", url).groups()
    return run("curl", "-sS", "--max-time", "20", "--cacert", CA, "--ssl-reqd",
               "--resolve", "%s:%s:%s" % (host, port, address),
               *(["--user", user + ":" + PASSWORD] if user else []), url, *words, status=status, stdin=stdin)


def send(url, subject, text=None, **how):
    file = path("curl.eml", text or letter(subject))
    return curl(url, "--mail-from", "alice@a.test", "--mail-rcpt", "bob@b.test", "--upload-file", file,
                address=A, user="alice@a.test", **how)


@case
def submission():
    """curl submits with STARTTLS, and the letter arrives on the other server"""
    send("smtp://mail.a.test:%d/client.test" % SUBMISSION, "curl starttls")
    expect("^Hello.\r$", arrived("bob@b.test", B, "curl starttls"))


@case
def submissions():
    """curl submits with implicit TLS, half a megabyte"""
    send("smtps://mail.a.test:%d/client.test" % SUBMISSIONS, "curl big", BIG)
    got = arrived("bob@b.test", B, "curl big")
    same(got[got.index("\r\n\r\n"):], BIG[BIG.index("\r\n\r\n"):])


@case
def wrong_password():
    """curl with a wrong password is refused: 67"""
    for scheme, port in ("smtps", SUBMISSIONS), ("imaps", IMAPS), ("pop3s", POP3S):
        curl("%s://mail.b.test:%d/" % (scheme, port), user="bob@b.test:wrong", status=67)


@case
def certificate():
    """curl that asks for another host's name refuses the certificate: 60"""
    curl("imaps://mail.c.test:%d/" % IMAPS, status=60)


@case
def imap_list():
    """curl lists mailboxes over IMAP, with STARTTLS and implicit TLS"""
    for scheme, port in ("imap", IMAP), ("imaps", IMAPS):
        expect(r'^\* LIST \(\\HasNoChildren\) "/" "INBOX"', curl("%s://mail.b.test:%d/" % (scheme, port)))


@case
def imap_read():
    """curl reads a letter and a part of it by its UID"""
    url = "imaps://mail.b.test:%d/INBOX" % IMAPS
    uid = expect(r"\* SEARCH (\d+)", curl(url + "?SUBJECT%20starttls")).group(1)
    expect("^Subject: curl starttls\r$", curl(url + ";UID=" + uid))
    same(curl(url + ";UID=" + uid + ";SECTION=TEXT").strip(), "Hello.")


@case
def imap_store():
    """curl marks, copies and expunges with IMAP commands of its own choice"""
    url = "imaps://mail.b.test:%d/INBOX" % IMAPS
    curl(url, "--request", r"STORE 1 +FLAGS (\Flagged)")
    expect(r"FLAGS \(.*\\Flagged", curl(url, "--request", "FETCH 1 FLAGS"))
    curl(url, "--request", "COPY 1 Archive")
    expect("MESSAGES 1", curl("imaps://mail.b.test:%d/" % IMAPS, "--request", "STATUS Archive (MESSAGES)"))


@case
def imap_append():
    """curl appends a letter to a mailbox"""
    curl("imaps://mail.b.test:%d/Drafts" % IMAPS, "--upload-file", path("curl.eml", letter("curl draft")))
    expect(r"\* SEARCH 1", curl("imaps://mail.b.test:%d/Drafts?SUBJECT%%20draft" % IMAPS))


@case
def pop3_read():
    """curl lists and retrieves over POP3, with STLS and implicit TLS, byte for byte"""
    for scheme, port in ("pop3", POP3), ("pop3s", POP3S):
        url = "%s://mail.b.test:%d/" % (scheme, port)
        same(len(curl(url).split("\n")), 3)
        got = curl(url + "2", "--output", path("curl.out")) or open(path("curl.out"), newline="").read()
        same(got[got.index("\r\n\r\n"):], BIG[BIG.index("\r\n\r\n"):])
        expect(r"^1 \d+\.\d+", curl(url, "--request", "UIDL"))


@case
def pop3_delete():
    """curl deletes over POP3"""
    url = "pop3s://mail.b.test:%d/" % POP3S
    curl(url + "1", "--request", "DELE", "--head")
    same(len(curl(url).split("\n")), 2)


@case
def no_clear_password():
    """curl that insists on a clear password is refused before it is judged"""
    out = run("curl", "-sS", "--user", "bob@b.test:secret", "imap://%s:%d/" % (B, IMAP), status=None)
    expect("curl: ", out)


run_cases()
