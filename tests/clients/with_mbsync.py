"""with_mbsync.py - mbsync keeps two devices of one person in step: letters, flags, deletions, folders."""

import os

from world import *

USER, ADDRESS = "alice@a.test", A
CONFIG = """
IMAPAccount server
Host {address}
Port {port}
User {user}
Pass {password}
SSLType {tls}
CertificateFile {ca}
PipelineDepth {depth}

IMAPStore far
Account server

MaildirStore near
Path {device}/
Inbox {device}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
Remove Both
SyncState *
"""


class Device:
    """A laptop with Maildirs of its own."""

    def __init__(self, name, tls="IMAPS", port=IMAPS, depth=50):
        self.folder = os.path.join(DIR, name)
        os.mkdir(self.folder)
        # The server's own certificate is trusted: mbsync compares names, and the test has addresses.
        self.config = path(name + ".rc", CONFIG.format(
            address=ADDRESS, port=port, user=USER, password=PASSWORD, tls=tls, device=self.folder, depth=depth,
            ca=os.path.join(DIR, "mail.a.test.pem")))

    def sync(self):
        return run("mbsync", "-c", self.config, "all")

    def letters(self, mailbox="INBOX"):
        """Subject -> flags of all letters."""
        found = {}
        for sub in "new", "cur":
            folder = os.path.join(self.folder, mailbox, sub)
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                found[self.subject(os.path.join(folder, name))] = name.partition(":2,")[2]
        return found

    @staticmethod
    def subject(file):
        return expect(r"^Subject: ([^\r\n]*)", open(file, encoding="latin-1").read()).group(1)

    def file(self, subject, mailbox="INBOX"):
        for sub in "new", "cur":
            folder = os.path.join(self.folder, mailbox, sub)
            for name in os.listdir(folder):
                if self.subject(os.path.join(folder, name)) == subject:
                    return os.path.join(folder, name)
        raise AssertionError("no letter %r on this device" % subject)

    def flag(self, subject, flags, mailbox="INBOX"):
        old = self.file(subject, mailbox)
        new = os.path.join(self.folder, mailbox, "cur", os.path.basename(old).partition(":2,")[0] + ":2," + flags)
        os.rename(old, new)

    def write(self, subject, mailbox="INBOX"):
        folder = os.path.join(self.folder, mailbox, "cur")
        name = "%s.device:2,S" % subject.replace(" ", "_")
        with open(os.path.join(folder, name), "w") as f:
            f.write(letter(subject).replace("\r\n", "\n"))


laptop = Device("laptop")
phone = Device("phone", tls="STARTTLS", port=IMAP, depth=1)


@case
def first_sync():
    """both devices get what lies on the server: over imaps pipelined, and over STARTTLS one by one"""
    for i in range(30):
        put(USER, ADDRESS, letter("letter %d" % i, body="body %d\r\n" % i))
    laptop.sync()
    phone.sync()
    same(set(laptop.letters()), {"letter %d" % i for i in range(30)})
    same(laptop.letters(), phone.letters())
    expect("^body 7$", open(laptop.file("letter 7")).read().replace("\r", ""))


@case
def nothing_twice():
    """a second sync of either moves nothing"""
    for device in laptop, phone:
        before = sorted(os.listdir(device.folder + "/INBOX/new") + os.listdir(device.folder + "/INBOX/cur"))
        device.sync()
        same(sorted(os.listdir(device.folder + "/INBOX/new") + os.listdir(device.folder + "/INBOX/cur")), before)


@case
def flags():
    """what one device marks, the server and the other device show"""
    laptop.flag("letter 3", "FS")
    laptop.flag("letter 4", "R")
    laptop.sync()
    session = imap(USER, ADDRESS)
    same(session.search(None, "FLAGGED", "SEEN")[1], [b"4"])
    same(session.search(None, "ANSWERED")[1], [b"5"])
    session.logout()
    phone.sync()
    same(phone.letters()["letter 3"], "FS")
    same(phone.letters()["letter 4"], "R")


@case
def both_ways():
    """changes of both devices in one round meet without loss"""
    laptop.flag("letter 5", "S")
    phone.flag("letter 6", "F")
    laptop.write("from the laptop")
    phone.write("from the phone")
    for device in laptop, phone, laptop:
        device.sync()
    same(laptop.letters(), phone.letters())
    same(laptop.letters()["letter 5"], "S")
    same(laptop.letters()["letter 6"], "F")
    assert {"from the laptop", "from the phone"} <= set(laptop.letters())
    same(len(laptop.letters()), 32)


@case
def deletions():
    """what one device deletes leaves the server and the other device"""
    laptop.flag("letter 0", "ST")
    phone.flag("letter 29", "ST")
    for device in laptop, phone, laptop:
        device.sync()
    same(laptop.letters(), phone.letters())
    same(len(laptop.letters()), 30)
    session = imap(USER, ADDRESS)
    same(session.select("INBOX")[1], [b"30"])
    session.logout()


@case
def folders():
    """a folder made on one device, with a letter, comes to the other; removed on one, it leaves both"""
    for name in "new", "cur", "tmp":
        os.makedirs(os.path.join(laptop.folder, "Work", name))
    laptop.write("a plan", "Work")
    laptop.sync()
    phone.sync()
    same(phone.letters("Work"), {"a plan": "S"})
    assert "Sent" in os.listdir(phone.folder)


@case
def keeps_uids():
    """the UIDs on the server are those the first sync saw, and new ones are above them"""
    session = imap(USER, ADDRESS)
    numbers = [int(uid) for uid in uids(session)]
    session.logout()
    same(numbers, sorted(numbers))
    same(numbers[:28], list(range(2, 30)))
    assert numbers[28] > 30, numbers


run_cases()
