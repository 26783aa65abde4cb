#!/usr/bin/env python3
"""test_peers.py - each test peer starts on loopback, answers, does its work, and leaves nothing behind.

Prints "ok WHAT" or "not ok WHAT" lines.
"""

import imaplib
import os
import poplib
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time

START_S = 20
ARRIVE_S = 20
ZONE = """$ORIGIN peer.test.
@ 60 IN SOA ns.peer.test. hostmaster.peer.test. 1 60 60 60 60
@ 60 IN NS ns.peer.test.
@ 60 IN MX 10 mx
ns 60 IN A 127.0.0.1
"""
MX_QUESTION = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04peer\x04test\x00\x00\x0f\x00\x01"


class Peer:
    """A peer that runs; DIR is self.dir."""

    def __init__(self, name, **keys):
        # Peers run as users of their own, who must get into the folder.
        self.dir = tempfile.mkdtemp(prefix="peer-")
        self.log = open(self.dir + ".log", "w+")
        self.before(name)
        self.child = subprocess.Popen(["tools/peers.sh", "run", name, self.dir] +
                                      ["%s=%s" % pair for pair in keys.items()],
                                      stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def before(self, name):
        if name == "nsd":
            os.mkdir(self.dir + "/zones")
            with open(self.dir + "/zones/peer.test.zone", "w") as zone:
                zone.write(ZONE)

    def mail(self, user):
        found = subprocess.run(["tools/peers.sh", "owner", "find", "%s/mail/%s" % (self.dir, user),
                                "-path", "*/new/*"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return found.stdout

    def stop(self, how=signal.SIGTERM):
        self.child.send_signal(how)
        self.child.wait(10)

    def remove(self):
        subprocess.run(["tools/peers.sh", "owner", "rm", "-rf", self.dir], check=True)
        os.unlink(self.dir + ".log")

    def said(self):
        """The end of what it logged: on standard error, or in a file of its own."""
        return subprocess.run(["tools/peers.sh", "owner", "tail", "-n", "20", self.dir + ".log",
                               self.dir + "/log/mainlog"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(seconds, what):
    """What what() returns once that is true, or its last answer."""
    end = time.monotonic() + seconds
    while True:
        try:
            got = what()
        except (OSError, EOFError):
            got = None
        if got or time.monotonic() > end:
            return got
        time.sleep(0.05)


def greeting(port):
    with socket.create_connection(("127.0.0.1", port), 2) as s:
        s.settimeout(5)
        return s.recv(200).decode()


def letter(port, to):
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
        smtp.sendmail("alice@a.test", [to], "Subject: hello\r\n\r\nA letter.\r\n")


def gone(port):
    try:
        greeting(port)
        return False
    except OSError:
        return True


def smtp_peer(name):
    """A letter for its own user arrives; one for elsewhere is relayed to a second of its kind."""
    here, there = free_port(), free_port()
    far = Peer(name, port=there, domain="far.test", users="carol")
    near = Peer(name, port=here, domain="near.test", users="bob dora", relay="127.0.0.1:%d" % there)
    try:
        for port in (here, there):
            said = until(START_S, lambda: greeting(port)) or "nothing"
            yield said.startswith("220"), "%s greets with 220: %s" % (name, said.strip()), near
        letter(here, "dora@near.test")
        yield until(ARRIVE_S, lambda: near.mail("dora")), name + " files a letter for its own user", near
        letter(here, "carol@far.test")
        yield until(ARRIVE_S, lambda: far.mail("carol")), name + " relays a letter to another server", near
    finally:
        near.stop()
        far.stop(signal.SIGKILL)
    yield until(5, lambda: gone(here)), name + " ends on SIGTERM, with all its processes", near
    yield until(5, lambda: gone(there)), name + " ends when its starter is killed", far


def dovecot():
    imap, pop3, lmtp = free_port(), free_port(), free_port()
    peer = Peer("dovecot", imap=imap, pop3=pop3, lmtp=lmtp, users="bob")
    try:
        said = until(START_S, lambda: greeting(imap)) or "nothing"
        yield said.startswith("* OK"), "dovecot greets with * OK: " + said.strip(), peer
        with smtplib.LMTP("127.0.0.1", lmtp) as client:
            client.sendmail("alice@a.test", ["bob@peer.test"], "Subject: hello\r\n\r\nA letter.\r\n")
        with imaplib.IMAP4("127.0.0.1", imap) as client:
            client.login("bob", "secret")
            yield client.select()[1] == [b"1"], "dovecot takes a letter over LMTP and shows it in IMAP", peer
        client = poplib.POP3("127.0.0.1", pop3)
        client.user("bob")
        client.pass_("secret")
        yield client.stat()[0] == 1, "dovecot shows it in POP3", peer
        client.quit()
    finally:
        peer.stop()
    yield until(5, lambda: gone(imap)), "dovecot ends on SIGTERM, with all its processes", peer


def nsd():
    port = free_port()
    peer = Peer("nsd", port=port)

    def ask():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.5)
            s.connect(("127.0.0.1", port))
            s.send(MX_QUESTION)
            return s.recv(512)
    try:
        reply = until(START_S, ask) or b""
        # Answer, authoritative, NOERROR, one record.
        yield reply[2:4] == b"\x85\x00" and reply[6:8] == b"\x00\x01", "nsd answers for its zone", peer
    finally:
        peer.stop()


def main():
    failed = 0
    for checks in (nsd(), dovecot(), smtp_peer("postfix"), smtp_peer("exim"), smtp_peer("opensmtpd")):
        peer = None
        used = set()
        try:
            for good, what, peer in checks:
                used.add(peer)
                print("ok" if good else "not ok", what, flush=True)
                failed += not good
                if not good:
                    print(peer.said())
        except Exception as e:
            failed += 1
            print("not ok %s: %r" % (checks.__name__, e))
            print(peer.said() if peer else "")
        for peer in used:
            peer.remove()
    return failed != 0


sys.exit(main())
