"""with_senders.py - programs that people send with: msmtp and mutt; and mutt reads."""

import os
import pty
import select
import time

from world import *


def msmtp(*words, text=None, status=0):
    return run("msmtp", "-C", "/dev/null", "--host", A, "--user", "alice@a.test", "--passwordeval", "echo secret",
               "--tls=on", "--tls-trust-file", CA, "--from", "alice@a.test", "--timeout", "20", *words,
               stdin=text, status=status)


@case
def msmtp_starttls():
    """msmtp submits with STARTTLS"""
    msmtp("--port", str(SUBMISSION), "--auth=plain", "bob@b.test", text=letter("msmtp one").replace("\r\n", "\n"))
    arrived("bob@b.test", B, "msmtp one")


@case
def msmtp_implicit():
    """msmtp submits with implicit TLS and AUTH LOGIN, to two people on two servers"""
    msmtp("--port", str(SUBMISSIONS), "--tls-starttls=off", "--auth=login", "bob@b.test", "carol@a.test",
          text=letter("msmtp two"))
    arrived("bob@b.test", B, "msmtp two")
    arrived("carol@a.test", A, "msmtp two")


@case
def msmtp_bcc():
    """msmtp -t: the hidden recipient gets the letter, and nobody sees his name"""
    text = letter("msmtp bcc").replace("To: bob@b.test\r\n", "To: bob@b.test\r\nBcc: carol@a.test\r\n")
    msmtp("--port", str(SUBMISSION), "--auth=plain", "-t", "--undisclosed-recipients=off", text=text)
    assert "carol" not in arrived("bob@b.test", B, "msmtp bcc")
    arrived("carol@a.test", A, "msmtp bcc")


@case
def msmtp_wrong_password():
    """msmtp with a wrong password is told so: 77"""
    expect(r"535 5\.7\.8", msmtp("--port", str(SUBMISSION), "--auth=plain", "--passwordeval", "echo wrong",
                                "bob@b.test", text=letter("never"), status=77))


@case
def msmtp_serverinfo():
    """msmtp sees what the server offers"""
    out = msmtp("--port", str(SUBMISSION), "--auth=off", "--serverinfo")
    for word in "SIZE", "PIPELINING", "AUTH", "PLAIN", "DSN":
        expect(word, out)


MUTTRC = """
set ssl_ca_certificates_file=%s ssl_verify_host=no ssl_force_tls=yes
set certificate_file=%s
set realname="Alice Ångström" from=alice@a.test use_from=yes use_envelope_from=yes copy=no
set smtp_url=smtps://alice@a.test@%s:%d smtp_pass=secret
set imap_user=bob@b.test imap_pass=secret
set charset=utf-8 send_charset=utf-8
set wait_key=no quit=yes delete=yes move=no mark_old=no confirmappend=no beep=no pager=builtin
unset prompt_after
"""


def muttrc():
    file = os.path.join(DIR, "muttrc")
    with open(file, "w", encoding="utf-8") as f:
        f.write(MUTTRC % (CA, CA, A, SUBMISSIONS))
    return file


@case
def mutt_sends():
    """mutt submits a letter with an attachment and names beyond ASCII"""
    run("mutt", "-n", "-F", muttrc(), "-s", "mutt one", "-a", path("note.bin", "\x00\x01\xff" * 20), "--", "bob@b.test",
        stdin="Hello from mutt.\n")
    got = arrived("bob@b.test", B, "mutt one")
    expect("^From: Alice =\\?utf-8\\?", got)
    expect("^Content-Disposition: attachment; filename=\"note.bin\"", got)


def mutt_in_terminal(keys):
    """mutt with a terminal; keys are pushed. What it wrote on the screen."""
    os.makedirs(path("Mail"), exist_ok=True)  # or mutt asks
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(HOME=DIR, TERM="xterm", LC_ALL="C.UTF-8")
        os.execvp("mutt", ["mutt", "-n", "-F", muttrc(), "-f", "imaps://%s:%d/INBOX" % (B, IMAPS),
                           "-e", 'push "%s"' % keys])
    screen, end = b"", time.monotonic() + 20
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        screen += piece
    else:
        os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(terminal)
    return screen.decode("utf-8", "replace")


@case
def mutt_reads():
    """mutt opens the INBOX over IMAP, reads a letter, deletes it and syncs"""
    screen = mutt_in_terminal("<search>mutt one<enter><display-message><exit><delete-message><quit>")
    expect("mutt one", screen)
    session = imap("bob@b.test", B)
    same(uids(session, "SUBJECT", '"mutt one"'), [])
    session.logout()


run_cases()
