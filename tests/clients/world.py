"""world.py - what every client's test needs: the world it runs in, commands, letters, and TAP cases."""

import os
import poplib
import re
import imaplib
import ssl
import subprocess
import sys
import time
import traceback

A, B, CA, DIR = (os.environ[name] for name in ("A_ADDRESS", "B_ADDRESS", "CA", "WORLD_DIR"))
SMTP, SUBMISSION, SUBMISSIONS, IMAP, IMAPS, POP3, POP3S, LMTP, PROXIED = (
    int(os.environ["PORT_" + name])
    for name in ("SMTP", "SUBMISSION", "SUBMISSIONS", "IMAP", "IMAPS", "POP3", "POP3S", "LMTP",
                                          "PROXIED"))
PASSWORD = "secret"
PATIENCE_S = 20

CASES = []


def case(function):
    """A test case; its docstring is its name. Cases run in the order of the file."""
    CASES.append(function)
    return function


def run_cases():
    """Run all cases, print TAP, end the program."""
    print("1..%d" % len(CASES))
    good = True
    for number, function in enumerate(CASES, 1):
        began = time.monotonic()
        try:
            function()
            verdict = "ok"
        except Exception:
            verdict, good = "not ok", False
            trouble = traceback.format_exc()
        print("%s %d - %s (%.1f s)" % (verdict, number, function.__doc__.strip(), time.monotonic() - began))
        if verdict != "ok":
            print("".join("# %s\n" % line for line in trouble.splitlines()))
        sys.stdout.flush()
    sys.exit(not good)


def run(*words, stdin=None, status=0, env=None):
    """Run a program and return what it says, both outputs as one. status: the one expected; None: any."""
    done = subprocess.run(words, input=(stdin or "").encode("latin-1"), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30,
                          env=dict(os.environ, HOME=DIR, LC_ALL="C", **(env or {})))
    said = done.stdout.decode("latin-1")
    if status is not None and done.returncode != status:
        raise AssertionError("%s\nstatus %d, expected %d:\n%s" % (" ".join(words), done.returncode, status, said))
    return said


def expect(pattern, text):
    """The text holds this regular expression (^ and $ are of lines)."""
    found = re.search(pattern, text, re.M)
    assert found, "not found: %s\nin:\n%s" % (pattern, text)
    return found


def same(got, wanted):
    assert got == wanted, "got %r\nwanted %r" % (got, wanted)


def letter(subject, sender="alice@a.test", to="bob@b.test", body="Hello.\r\n"):
    return ("From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: Sat, 7 Feb 2026 21:52:25 +0000\r\n"
            "Message-ID: <%s@client.test>\r\n\r\n%s" % (sender, to, subject, subject.replace(" ", "."), body))


def path(name, text=None):
    """A file in the world's folder, written when there is a text."""
    name = os.path.join(DIR, name)
    if text is not None:
        with open(name, "w", encoding="latin-1", newline="") as f:
            f.write(text)
        os.chmod(name, 0o600)
    return name


def tls():
    return ssl.create_default_context(cafile=CA)


def imap(user, address):
    """A logged-in session with INBOX selected, for looking at what a client did."""
    session = imaplib.IMAP4_SSL(address, IMAPS, ssl_context=tls())
    session.login(user, PASSWORD)
    session.select("INBOX")
    return session


def pop3(user, address):
    session = poplib.POP3_SSL(address, POP3S, context=tls())
    session.user(user)
    session.pass_(PASSWORD)
    return session


def put(user, address, message, mailbox="INBOX"):
    session = imap(user, address)
    same(session.append(mailbox, None, None, message.encode("latin-1"))[0], "OK")
    session.logout()


def uids(session, *criteria):
    return session.uid("SEARCH", *(criteria or ("ALL",)))[1][0].split()


def arrived(user, address, subject):
    """Wait for the letter with this subject; its bytes as IMAP gives them."""
    end = time.monotonic() + PATIENCE_S
    session = imap(user, address)
    try:
        while time.monotonic() < end:
            session.noop()
            found = uids(session, "SUBJECT", '"%s"' % subject)
            if found:
                same(len(found), 1)
                return session.uid("FETCH", found[0], "(BODY.PEEK[])")[1][0][1].decode("latin-1")
            time.sleep(0.02)
    finally:
        session.logout()
    raise AssertionError("no letter with the subject %r for %s" % (subject, user))


def empty(user, address):
    """Remove all that lies in the INBOX."""
    session = imap(user, address)
    session.store("1:*", "+FLAGS.SILENT", r"\Deleted")
    session.expunge()
    session.logout()
