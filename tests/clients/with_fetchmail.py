"""with_fetchmail.py - fetchmail carries letters from b.test to a.test: POP3 or IMAP in, SMTP out."""

import os
import subprocess

from world import *

SOURCE = os.environ["SOURCE_DIR"]
PEERS = os.environ.get("PEERS", SOURCE + "/build/peers")


def libraries():
    triplet = subprocess.run(["gcc", "-print-multiarch"], stdout=subprocess.PIPE, text=True).stdout.strip()
    root = PEERS + "/fetchmail"
    return ":".join(root + sub for sub in ("/usr/lib/" + triplet, "/lib/" + triplet, "/usr/lib"))


def fetchmail(protocol, port, *options, server="", status=0):
    """Debian's own, unpacked; the letters go to alice over SMTP. server: options of the server."""
    more = "" if "ssl" in options else "sslproto 'TLS1.2+'"
    config = path("fetchmailrc", """
        poll %s protocol %s port %d %s user 'bob@b.test' password 'secret'
        smtphost %s/%d smtpname 'alice@a.test' sslcertck sslcertfile '%s' sslcommonname 'mail.b.test' %s %s
        """ % (B, protocol, port, server, A, SMTP, CA, " ".join(options), more))
    return run(PEERS + "/fetchmail/usr/bin/fetchmail", "-v", "-v", "-f", config, "--pidfile", path("fetchmail.pid"),
               "--idfile", path("fetchids"), env={"LD_LIBRARY_PATH": libraries(), "FETCHMAILHOME": DIR}, status=status)


@case
def unpacked():
    """fetchmail is there"""
    run(SOURCE + "/tools/peers.sh", "unpack", "fetchmail")
    expect("fetchmail", run(PEERS + "/fetchmail/usr/bin/fetchmail", "--version", env={"LD_LIBRARY_PATH": libraries()},
                            status=None))


@case
def pop3s():
    """fetchmail takes all over POP3 with TLS, delivers by SMTP and deletes"""
    for i in range(3):
        put("bob@b.test", B, letter("fetchmail %d" % i, body=".\r\nline %d\r\n" % i))
    fetchmail("POP3", POP3S, "ssl", "fetchall")
    for i in range(3):
        expect("^\\.\r\nline %d\r$" % i, arrived("alice@a.test", A, "fetchmail %d" % i))
    session = imap("bob@b.test", B)
    same(uids(session), [])
    session.logout()


@case
def stls_keep():
    """fetchmail over POP3 with STLS keeps, remembers by UIDL, and takes only the new"""
    put("bob@b.test", B, letter("fetchmail kept"))
    fetchmail("POP3", POP3, "keep", server="uidl")
    arrived("alice@a.test", A, "fetchmail kept")
    put("bob@b.test", B, letter("fetchmail new"))
    out = fetchmail("POP3", POP3, "keep", server="uidl")
    assert "reading message bob@b.test@mail.b.test:1" not in out
    arrived("alice@a.test", A, "fetchmail new")
    arrived("alice@a.test", A, "fetchmail kept")


@case
def imap_starttls():
    """fetchmail over IMAP with STARTTLS takes what is unseen and deletes it"""
    put("bob@b.test", B, letter("fetchmail imap"))
    fetchmail("IMAP", IMAP)
    arrived("alice@a.test", A, "fetchmail imap")


@case
def nothing():
    """fetchmail with nothing to do says so: 1"""
    empty("bob@b.test", B)
    fetchmail("IMAP", IMAPS, "ssl", status=1)


run_cases()
