"""with_python.py - Python's smtplib, imaplib and poplib: what scripts use."""

import imaplib
import poplib
import smtplib
import threading
from email.message import EmailMessage

from world import *


def refused(code, function, *args):
    """The call fails with this SMTP code."""
    try:
        function(*args)
    except smtplib.SMTPRecipientsRefused as e:
        same({c for c, _ in e.recipients.values()}, {code})
    except smtplib.SMTPResponseException as e:
        same(e.smtp_code, code)
    else:
        raise AssertionError("not refused: %r" % (args,))


def error(kind, function, *args):
    try:
        function(*args)
    except kind as e:
        return str(e)
    raise AssertionError("no error: %r" % (args,))


def submit():
    session = smtplib.SMTP(A, SUBMISSION, "client.test")
    session.starttls(context=tls())
    session.login("alice@a.test", PASSWORD)
    return session


def mime():
    message = EmailMessage()
    message["From"] = "Alice Ångström <alice@a.test>"
    message["To"] = "Bob <bob@b.test>"
    message["Subject"] = "python: Grüße"
    message.set_content("Zoë grüßt.\n.\n")
    message.add_alternative("<p>Zoë grüßt.</p>\n", subtype="html")
    message.add_attachment(bytes(range(256)) * 20, maintype="application", subtype="octet-stream", filename="x.bin")
    return message


@case
def smtplib_sends():
    """smtplib submits a MIME letter with STARTTLS; Date and Message-ID are added"""
    session = submit()
    session.send_message(mime())
    session.quit()
    got = arrived("bob@b.test", B, "python: Gr")
    expect("^Date: ", got)
    expect("^Message-ID: <", got)
    expect("^Received: from", got)


@case
def smtplib_many():
    """smtplib sends fifty letters in one session, and all arrive once"""
    session = smtplib.SMTP_SSL(A, SUBMISSIONS, "client.test", context=tls())
    session.login("alice@a.test", PASSWORD)
    for i in range(50):
        session.sendmail("alice@a.test", ["carol@a.test"], letter("many %02d" % i, to="carol@a.test"))
    session.quit()
    reader = imap("carol@a.test", A)
    subjects = [part[1].decode().strip() for part in reader.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
                if isinstance(part, tuple)]
    same(sorted(subjects), ["Subject: many %02d" % i for i in range(50)])
    reader.logout()


@case
def smtplib_refused():
    """smtplib: no log-in, no relay, no such user, a wrong password, another's address"""
    session = smtplib.SMTP(A, SUBMISSION, "client.test")
    refused(530, session.sendmail, "alice@a.test", "bob@b.test", "x")
    session.starttls(context=tls())
    refused(535, session.login, "alice@a.test", "wrong")
    session.login("alice@a.test", PASSWORD)
    refused(550, session.sendmail, "bob@b.test", "carol@a.test", letter("x"))
    refused(550, session.sendmail, "alice@a.test", "nobody@a.test", letter("x"))
    session.quit()
    session = smtplib.SMTP(A, SMTP, "client.test")
    refused(550, session.sendmail, "x@elsewhere.test", "bob@b.test", letter("x"))
    session.quit()


@case
def imaplib_walk():
    """imaplib: list, create, append, search, fetch, store, copy, move, expunge, rename, delete"""
    m = imap("alice@a.test", A)
    same(m.create("Work")[0], "OK")
    same(m.subscribe("Work")[0], "OK")
    assert any(b'"Work"' in line for line in m.lsub()[1])
    message = letter("walk").encode()
    same(m.append("Work", r"(\Seen $Todo)", imaplib.Time2Internaldate(1770500000), message)[0], "OK")
    same(m.select("Work"), ("OK", [b"1"]))
    same(m.search(None, "KEYWORD", "$Todo"), ("OK", [b"1"]))
    same(m.fetch("1", "(RFC822)")[1][0][1], message)
    same(m.fetch("1", "(BODY.PEEK[]<6.12>)")[1][0][1], message[6:18])
    same(m.store("1", "+FLAGS", r"(\Flagged)")[0], "OK")
    expect(r"\\Flagged", m.fetch("1", "(FLAGS)")[1][0].decode())
    same(m.copy("1", "Archive")[0], "OK")
    same(m.uid("MOVE", "1", "INBOX")[0], "OK")
    same(m.search(None, "ALL"), ("OK", [b""]))
    same(m.select("Archive"), ("OK", [b"1"]))
    m.store("1", "+FLAGS", r"\Deleted")
    same(m.expunge(), ("OK", [b"1"]))
    same(m.rename("Work", "Done")[0], "OK")
    same(m.delete("Done")[0], "OK")
    same(m.status("INBOX", "(MESSAGES UNSEEN)"), ("OK", [b'"INBOX" (MESSAGES 1 UNSEEN 0)']))
    same(m.namespace()[0], "OK")
    m.logout()


@case
def imaplib_tls():
    """imaplib: STARTTLS, AUTHENTICATE PLAIN, and no password in clear"""
    m = imaplib.IMAP4(A, IMAP)
    assert "LOGINDISABLED" in m.capabilities, m.capabilities
    error(imaplib.IMAP4.error, m.login, "alice@a.test", PASSWORD)
    m.starttls(tls())
    m.authenticate("PLAIN", lambda challenge: b"\0alice@a.test\0secret")
    same(m.select("INBOX", readonly=True)[0], "OK")
    m.logout()
    expect("AUTHENTICATIONFAILED", error(imaplib.IMAP4.error, imaplib.IMAP4_SSL(A, IMAPS, ssl_context=tls()).login,
                                         "alice@a.test", "wrong"))


@case
def imaplib_idle():
    """an idling session hears of a new letter within a second, and of another device's flag"""
    m = imap("alice@a.test", A)
    n = int(m.select("INBOX")[1][0])
    m.send(b"i1 IDLE\r\n")
    expect(r"^\+ ", m.readline().decode())
    began = time.monotonic()
    threading.Thread(target=put, args=("alice@a.test", A, letter("idle"))).start()
    same(m.readline(), b"* %d EXISTS\r\n" % (n + 1))
    other = imap("alice@a.test", A)
    other.store(str(n + 1), "+FLAGS", r"\Flagged")
    line = m.readline().decode()
    expect(r"^\* %d FETCH \(.*\\Flagged" % (n + 1), line)
    m.send(b"DONE\r\n")
    expect("^i1 OK", m.readline().decode())
    assert time.monotonic() - began < 2, "too slow"
    other.logout()
    m.logout()


@case
def imaplib_large():
    """imaplib appends and fetches ten megabytes, byte for byte"""
    message = letter("ten", body=("0123456789" * 7 + "\r\n") * 145000).encode()
    m = imap("carol@a.test", A)
    same(m.append("Archive", None, None, message)[0], "OK")
    m.select("Archive")
    assert m.fetch("1", "(BODY.PEEK[])")[1][0][1] == message
    m.logout()


@case
def poplib_reads():
    """poplib: STLS, capabilities, list, uidl, top, retr, rset, dele; a cut connection deletes nothing"""
    empty("bob@b.test", B)
    for i in range(3):
        put("bob@b.test", B, letter("poplib %d" % i, body=".\r\n..\r\nend %d\r\n" % i))
    p = poplib.POP3(B, POP3)
    error(poplib.error_proto, p.user, "bob@b.test")
    p.stls(tls())
    assert "TOP" in p.capa() and "UIDL" in p.capa()
    p.user("bob@b.test")
    p.pass_(PASSWORD)
    same(p.stat()[0], 3)
    same(len(p.uidl()[1]), 3)
    same(p.retr(2)[1][-3:], [b".", b"..", b"end 1"])
    same(p.top(1, 1)[1][-2:], [b"", b"."])
    p.dele(1)
    p.close()
    p = pop3_soon()
    same(p.stat()[0], 3)
    p.dele(1)
    p.rset()
    p.dele(2)
    p.quit()
    p = pop3_soon()
    same(p.stat()[0], 2)
    assert b"Subject: poplib 2" in p.retr(2)[1]
    p.quit()


def pop3_soon():
    """A session; the one before may still hold the lock for a moment."""
    end = time.monotonic() + 5
    while True:
        try:
            return pop3("bob@b.test", B)
        except poplib.error_proto as e:
            if "IN-USE" not in str(e) or time.monotonic() > end:
                raise
            time.sleep(0.02)


@case
def poplib_lock():
    """a second POP3 session is told that the mailbox is in use"""
    p = pop3_soon()
    expect("IN-USE", error(poplib.error_proto, pop3, "bob@b.test", B))
    p.quit()


run_cases()
