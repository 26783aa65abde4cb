"""with_senders.py - programs that people send with: msmtp, and mutt without a screen."""

import os

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
set charset=utf-8 send_charset=utf-8
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


run_cases()
