"""with_offlineimap.py - offlineimap keeps two devices of one person in step: letters, flags, deletions, folders."""

import hashlib
import os
import ssl

from world import *

USER, ADDRESS = "alice@a.test", A
CONFIG = """
[general]
accounts = person
metadata = {device}.state
ui = quiet
socktimeout = 20

[Account person]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {device}

[Repository far]
type = IMAP
remotehost = {address}
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = {ssl}
starttls = {starttls}
cert_fingerprint = {fingerprint}
maxconnections = {connections}
idlefolders = []
expunge = yes
"""


class Device:
    def __init__(self, name, tls, port, connections):
        self.folder = os.path.join(DIR, name)
        certificate = ssl.PEM_cert_to_DER_cert(open(os.path.join(DIR, "mail.a.test.pem")).read())
        self.config = path(name + ".rc", CONFIG.format(
            device=self.folder, address=ADDRESS, port=port, user=USER, password=PASSWORD, connections=connections,
            ssl="yes" if tls else "no", starttls="no" if tls else "yes",
            fingerprint=hashlib.sha512(certificate).hexdigest()))

    def sync(self):
        said = run("offlineimap", "-o", "-c", self.config)
        assert "ERROR" not in said, said

    def files(self, mailbox):
        for sub in "new", "cur":
            folder = os.path.join(self.folder, mailbox, sub)
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                yield os.path.join(folder, name)

    @staticmethod
    def subject(file):
        return expect(r"^Subject: ([^\r\n]*)", open(file, encoding="latin-1").read()).group(1)

    def letters(self, mailbox="INBOX"):
        """Subject -> flags of all letters."""
        return {self.subject(file): file.partition(":2,")[2] for file in self.files(mailbox)}

    def file(self, subject, mailbox="INBOX"):
        return next(file for file in self.files(mailbox) if self.subject(file) == subject)

    def flag(self, subject, flags):
        old = self.file(subject)
        name = os.path.basename(old).partition(":2,")[0] + ":2," + flags
        os.rename(old, os.path.join(self.folder, "INBOX", "cur", name))

    def write(self, subject, mailbox="INBOX"):
        for sub in "new", "cur", "tmp":
            os.makedirs(os.path.join(self.folder, mailbox, sub), exist_ok=True)
        with open(os.path.join(self.folder, mailbox, "cur", subject.replace(" ", "_") + ".device:2,S"), "w") as f:
            f.write(letter(subject).replace("\r\n", "\n"))


laptop = Device("laptop", True, IMAPS, 3)
phone = Device("phone", False, IMAP, 1)


@case
def first_sync():
    """both devices get what lies on the server: over imaps by three connections, and over STARTTLS by one"""
    for i in range(12):
        put(USER, ADDRESS, letter("letter %d" % i, body="body %d\r\n" % i))
    laptop.sync()
    phone.sync()
    same(set(laptop.letters()), {"letter %d" % i for i in range(12)})
    same(phone.letters(), laptop.letters())
    expect("^body 7$", open(laptop.file("letter 7")).read().replace("\r", ""))


@case
def special_folders():
    """the folders that every account has are there"""
    assert {"Drafts", "Sent", "Junk", "Trash", "Archive"} <= set(os.listdir(phone.folder))


@case
def both_ways():
    """flags, letters and folders of both devices meet on the server and on the other device"""
    laptop.flag("letter 3", "FS")
    phone.flag("letter 4", "RS")
    laptop.write("from the laptop")
    phone.write("a plan", "Work")
    for device in laptop, phone, laptop:
        device.sync()
    same(laptop.letters(), phone.letters())
    same(laptop.letters()["letter 3"], "FS")
    same(laptop.letters()["letter 4"], "RS")
    same(laptop.letters()["from the laptop"], "S")
    same(laptop.letters("Work"), {"a plan": "S"})
    session = imap(USER, ADDRESS)
    same(session.search(None, "FLAGGED", "SEEN")[1], [b"4"])
    same(session.search(None, "ANSWERED")[1], [b"5"])
    session.logout()


@case
def deletions():
    """what one device deletes, or moves to a folder, leaves the server's INBOX and the other device"""
    os.remove(laptop.file("letter 0"))
    os.rename(phone.file("letter 11"), os.path.join(phone.folder, "Archive", "cur", "moved:2,S"))
    for device in laptop, phone, laptop:
        device.sync()
    same(laptop.letters(), phone.letters())
    same(len(laptop.letters()), 11)
    same(laptop.letters("Archive"), {"letter 11": "S"})
    session = imap(USER, ADDRESS)
    same(session.select("INBOX")[1], [b"11"])
    session.logout()


@case
def quick():
    """a quick sync (-q) sees a new letter by the count alone"""
    put(USER, ADDRESS, letter("the last"))
    run("offlineimap", "-o", "-q", "-c", phone.config)
    assert "the last" in phone.letters()


run_cases()
