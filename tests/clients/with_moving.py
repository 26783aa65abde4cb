"""with_moving.py - mail moves in and out with Python's mailbox module and mbsync at the other end, and comes back."""

import mailbox
import os
import shutil
import signal
import socket
import subprocess
import time

from world import *

POSTHORN, A_CONFIG = os.environ["POSTHORN"], os.environ["A_CONFIG"]
FLAGS = {"S": r"\Seen", "R": r"\Answered", "F": r"\Flagged", "D": r"\Draft", "T": r"\Deleted", "P": "$Forwarded"}
PEOPLE = 0


def posthorn(*words, stdin="", status=0, config=A_CONFIG):
    return run(POSTHORN, "--config", config, *words, stdin=stdin, status=status)


def somebody(config=A_CONFIG):
    """A new user of a.test."""
    global PEOPLE
    PEOPLE += 1
    user = "mover%d@a.test" % PEOPLE
    posthorn("user", "add", user, stdin=PASSWORD + "\n", config=config)
    return user


def text_of(number, where="INBOX"):
    return ("From: someone@else.test\nTo: alice@a.test\nSubject: %s %d\nMessage-ID: <%s.%d@else.test>\n\n"
            "Hello %d.\nFrom here on\n>From there\n>>From afar\n\nend\n\n" % (where, number, where, number, number))


def letters_of(number):
    return "".join(letter for bit, letter in enumerate("DFPRST") if number >> bit & 1)


def make_maildir(name, numbers, folders=()):
    """A Maildir, as Python writes it; the dates are a second apart."""
    where = os.path.join(DIR, name)
    box = mailbox.Maildir(where, create=True)

    def fill(box, label):
        for number in numbers:
            message = mailbox.MaildirMessage(text_of(number, label))
            message.set_subdir("new" if number % 7 == 6 else "cur")
            message.set_flags(letters_of(number % 64))
            message.set_date(1500000000 + number)
            box.add(message)

    fill(box, "INBOX")
    for folder in folders:
        fill(box.add_folder(folder), folder)
    return where


def seen_in(session, folder):
    """Subject -> (flags, internal date, text) of a mailbox over IMAP."""
    same(session.select('"%s"' % folder, readonly=True)[0], "OK")
    found = {}
    for answer in session.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]:
        if not isinstance(answer, tuple):
            continue
        facts, text = answer[0].decode(), answer[1].decode("latin-1")
        date = imaplib.Internaldate2tuple(answer[0])
        flags = set(expect(r"FLAGS \(([^)]*)\)", facts).group(1).split()) - {r"\Recent"}
        found[expect(r"^Subject: ([^\r\n]*)", text).group(1)] = (flags, time.mktime(date), text)
    return found


def check_account(user, numbers, folders=("INBOX",), flags=True):
    session = imap(user, A)
    for folder in folders:
        found = seen_in(session, folder)
        label = folder.replace("/", ".")
        same(set(found), {"%s %d" % (label, n) for n in numbers})
        for n in numbers:
            is_flags, date, text = found["%s %d" % (label, n)]
            same(text, text_of(n, label).replace("\n", "\r\n"))
            same(int(date), 1500000000 + n)
            if flags:
                same(is_flags, {FLAGS[x] for x in letters_of(n % 64)})
    session.logout()


def maildir_in(where):
    """(folder, unique text) -> (flags, date) of a Maildir++."""
    found = {}
    box = mailbox.Maildir(where, create=False)
    for folder in [None] + box.list_folders():
        inside = box.get_folder(folder) if folder else box
        for message in inside:
            found[folder or "INBOX", message.as_string()] = (message.get_flags(), message.get_date())
    return found


@case
def maildir_and_back():
    """a Maildir that Python wrote comes in and goes out with every byte, flag, date and folder"""
    numbers = range(100)
    source = make_maildir("source", numbers, ["Archive.2019", "Entw&APw-rfe"])
    user = somebody()
    expect(r"^300 messages imported$", posthorn("import", user, source))
    check_account(user, numbers, ["INBOX", "Archive/2019"])
    target = os.path.join(DIR, "target")
    expect(r"^300 messages written$", posthorn("export", user, target))
    same(maildir_in(target), maildir_in(source))
    expect(r"^0 messages written, 300 were there already$", posthorn("export", user, target))
    expect(r"^0 messages imported, 300 were here already$", posthorn("import", user, source))
    # What is exported is what is imported: a second account becomes the same.
    other = somebody()
    expect(r"^300 messages imported$", posthorn("import", other, target))
    check_account(other, numbers, ["INBOX", "Archive/2019"])


@case
def only_the_new():
    """an import that is run again brings what has come since, and nothing that was deleted here"""
    user = somebody()
    source = make_maildir("growing", range(20))
    posthorn("import", user, source)
    session = imap(user, A)
    session.store("1:5", "+FLAGS.SILENT", r"\Deleted")
    session.uid("EXPUNGE", "1:5")
    left = len(uids(session))
    session.logout()
    make_maildir("growing", range(20, 25))
    expect(r"^5 messages imported, 20 were here already$", posthorn("import", user, source))
    session = imap(user, A)
    same(len(uids(session)), left + 5)
    session.logout()


@case
def mbox_and_back():
    """an mbox that Python wrote comes in and goes out: texts, Status, X-Status, X-Keywords, From quoting"""
    name = os.path.join(DIR, "old.mbox")
    box = mailbox.mbox(name)
    for number in range(64):
        message = mailbox.mboxMessage(text_of(number).replace("\n>", "\n->"))  # Python quotes no quotes
        message.set_flags(letters_of(number).replace("S", "RO").replace("P", "").replace("R", "A", 0))
        message.set_from("someone@else.test", time.gmtime(1500000000 + number))
        if number % 3 == 0:
            message["X-Keywords"] = "red blue "
        box.add(message)
    box.close()
    user = somebody()
    expect(r"^64 messages imported$", posthorn("import", user, name))
    session = imap(user, A)
    found = seen_in(session, "INBOX")
    session.logout()
    for number in range(64):
        flags, date, text = found["INBOX %d" % number]
        same(text, text_of(number).replace("\n>", "\n->").replace("\n", "\r\n"))
        same(int(date), 1500000000 + number)
        same({"red", "blue"} <= flags, number % 3 == 0)
        same(r"\Seen" in flags, "S" in letters_of(number) or "R" in letters_of(number))
        same(r"\Flagged" in flags, "F" in letters_of(number))
    expect(r"^0 messages imported, 64 were here already$", posthorn("import", user, name, "--format", "mbox"))
    target = os.path.join(DIR, "mboxes")
    posthorn("export", user, target, "--format", "mbox")
    again = mailbox.mbox(os.path.join(target, "INBOX.mbox"), create=False)
    same(len(again), 64)
    for number, message in enumerate(again):
        same(message["Subject"], "INBOX %d" % number)
        same("R" in message.get_flags(), r"\Seen" in found["INBOX %d" % number][0])
        same(message["X-Keywords"] is not None, number % 3 == 0)
        raw = again.get_bytes(message_key(again, number)).decode()
        same(raw.partition("\n\n")[2], text_of(number).replace("\n>", "\n->").replace("\nFrom", "\n>From")
             .partition("\n\n")[2])
    other = somebody()
    expect(r"^64 messages imported$", posthorn("import", other, target, "--format", "mbox"))
    session = imap(other, A)
    same(seen_in(session, "INBOX"), found)
    session.logout()


@case
def other_files_have_the_same_names():
    """an mbox whose first From line another one has, too; a 1.eml of another folder: none is taken for the other"""
    user = somebody()
    for number in (1, 2):
        text = "From nobody Thu Jan  1 00:00:00 1970\nSubject: of %d\n\nText.\n" % number
        name = os.path.join(DIR, "same%d.mbox" % number)
        open(name, "w").write(text)
        expect(r"^1 messages imported$", posthorn("import", user, name))
        expect(r"^0 messages imported, 1 were here already$", posthorn("import", user, name))
        folder = os.path.join(DIR, "same%d" % number)
        os.mkdir(folder)
        open(os.path.join(folder, "1.eml"), "w").write(text.partition("\n")[2])
        expect(r"^1 messages imported$", posthorn("import", user, folder, "--format", "eml"))
        expect(r"^0 messages imported, 1 were here already$", posthorn("import", user, folder, "--format", "eml"))


@case
def a_backup_follows_no_links():
    """links that somebody else put into a backup folder: what they lead to is neither written nor taken away"""
    precious = os.path.join(DIR, "precious")
    os.mkdir(precious)
    victim = os.path.join(precious, "file")
    for number, name in enumerate(("segments", "lock", "progress", "manifest.new")):
        open(victim, "w").write("precious")
        folder = os.path.join(DIR, "linked%d" % number)
        os.mkdir(folder)
        os.symlink(precious if name == "segments" else victim, os.path.join(folder, name))
        posthorn("backup", folder, status=1)
        same(os.listdir(precious), ["file"])
        same(open(victim).read(), "precious")


def message_key(box, number):
    return sorted(box.keys())[number]


@case
def eml_and_back():
    """a tree of .eml files goes out and comes in: bytes, flags, keywords, dates, folders"""
    user = somebody()
    posthorn("import", user, make_maildir("foreml", range(64), ["Work.2019"]))
    session = imap(user, A)
    session.store("1:3", "+FLAGS.SILENT", "blue")
    before = seen_in(session, "INBOX"), seen_in(session, "Work/2019")
    session.logout()
    target = os.path.join(DIR, "tree")
    expect(r"^128 messages written$", posthorn("export", user, target, "--format", "eml"))
    same(len([f for f in os.listdir(target + "/Work/2019") if f.endswith(".eml")]), 64)
    expect(r"^0 messages written, 128 were", posthorn("export", user, target, "--format", "eml"))
    other = somebody()
    expect(r"^128 messages imported$", posthorn("import", other, target, "--format", "eml"))
    session = imap(other, A)
    same((seen_in(session, "INBOX"), seen_in(session, "Work/2019")), before)
    session.logout()


@case
def as_dovecot_has_it():
    """Dovecot's names, keywords, subscriptions and UTF-8 folders are understood"""
    where = os.path.join(DIR, "dovecot")
    for folder in "", ".Entw&APw-rfe", ".Grüße.2020", ".Not subscribed":
        for sub in "cur", "new", "tmp":
            os.makedirs(os.path.join(where, folder, sub))
    path("dovecot/dovecot-keywords", "0 $Label1\n1 holiday\n")
    path("dovecot/subscriptions", "V\t2\n\nINBOX\nEntw&APw-rfe\nGrüße\t2020\n".encode().decode("latin-1"))
    text = text_of(1)
    name = path("dovecot/cur/1400000000.M1P2.host,S=%d,W=%d:2,Sab" % (len(text), len(text) + text.count("\n")), text)
    os.utime(name, (1400000000, 1400000000))
    path("dovecot/.Grüße.2020/cur/1400000001.x:2,PF", text_of(2))
    user = somebody()
    expect(r"^2 messages imported$", posthorn("import", user, where))
    session = imap(user, A)
    flags, date, _ = seen_in(session, "INBOX")["INBOX 1"]
    same((flags, int(date)), ({r"\Seen", "$Label1", "holiday"}, 1400000000))
    same(seen_in(session, "Gr&APwA3w-e/2020")["INBOX 2"][0], {r"\Flagged", "$Forwarded"})
    listed = b"\n".join(session.lsub()[1]).decode()
    session.logout()
    assert "Entw&APw-rfe" in listed and "Gr&APwA3w-e/2020" in listed and "Not subscribed" not in listed


MBSYNC = """
IMAPAccount server
Host {address}
Port {port}
User {user}
Pass {password}
SSLType IMAPS
CertificateFile {cert}

IMAPStore far
Account server

MaildirStore near
Path {device}/
Inbox {device}/INBOX
SubFolders {layout}

Channel all
Far :far:
Near :near:
Patterns *
Create Both
SyncState *
"""


@case
def what_mbsync_wrote():
    """what mbsync fetched, in folders within folders or beside each other, comes in; and mbsync reads what went out"""
    user = somebody()
    posthorn("import", user, make_maildir("forsync", range(40), ["Work.2019"]))
    for layout in "Verbatim", "Maildir++":
        device = os.path.join(DIR, "device-" + layout)
        os.mkdir(device)
        config = path("mbsync-" + layout, MBSYNC.format(address=A, port=IMAPS, user=user, password=PASSWORD,
                      device=device, layout=layout, cert=os.path.join(DIR, "mail.a.test.pem")))
        if layout == "Maildir++":
            text = open(config).read().replace("Path %s/\n" % device, "")
            path("mbsync-" + layout, text)
        run("mbsync", "-c", config, "all")
        other = somebody()
        source = device if layout == "Verbatim" else device + "/INBOX"
        expect(r"^80 messages imported$", posthorn("import", other, source, "--format", "maildir"))
        session, first = imap(other, A), imap(user, A)
        for folder in "INBOX", "Work/2019":
            got, wanted = seen_in(session, folder), seen_in(first, folder)
            same(set(got), set(wanted))
            for subject in got:
                # mbsync adds a field of its own; it keeps no flag of a draft or passed-on message
                same(got[subject][0] - {"$Forwarded"}, wanted[subject][0] - {"$Forwarded"})
                same(got[subject][2].partition("\r\n\r\n")[2], wanted[subject][2].partition("\r\n\r\n")[2])
        session.logout()
        first.logout()


@case
def bad_messages():
    """what is no message is named, passed over and counted; the rest comes in; the exit status says so"""
    where = make_maildir("bad", range(10))
    path("bad/cur/1.empty:2,S", "")
    os.mkdir(where + "/cur/2.folder:2,S")
    os.symlink("/etc/passwd", where + "/cur/3.link:2,S")
    os.mkfifo(where + "/cur/4.pipe:2,S")
    path("bad/cur/5.nul:2,S", text_of(77).replace("end", "e\0d"))
    path("bad/cur/6.lines:2,S", text_of(78).replace("\n", "\r\n"))
    user = somebody()
    said = posthorn("import", user, where, status=1)
    for name in "1.empty", "2.folder", "3.link", "4.pipe":
        expect(r"^posthorn: cur/%s:2,S: .*; passed over$" % re.escape(name), said)
    expect(r"^12 messages imported, 4 passed over; in 1 NUL bytes became 0x80$", said)
    expect(r"no mbox: .*; passed over", posthorn("import", user, path("no.mbox", "hello\n"), status=1))
    expect(r"no such user", posthorn("import", "nobody@a.test", where, status=1))
    expect(r"^usage: ", posthorn("import", user, status=2))
    session = imap(user, A)
    assert "e\x80d" in seen_in(session, "INBOX")["INBOX 77"][2]
    same(seen_in(session, "INBOX")["INBOX 78"][2], text_of(78).replace("\n", "\r\n"))
    session.logout()


@case
def names_are_only_names():
    """mailboxes called .. and / write nowhere else; what is there is never written over"""
    user = somebody()
    session = imap(user, A)
    for name in "..", "../../escape", ".hidden", "a.b", "x.eml", "x.mbox/y":
        same(session.create('"%s"' % name)[0], "OK")
        same(session.append('"%s"' % name, None, None, text_of(1).replace("\n", "\r\n").encode())[0], "OK")
    session.logout()
    for kind in "maildir", "mbox", "eml":
        target = os.path.join(DIR, "jail-" + kind, "inner", "target")
        os.makedirs(os.path.dirname(target))
        expect(r"^6 messages written$", posthorn("export", user, target, "--format", kind))
        same(os.listdir(os.path.join(DIR, "jail-" + kind)), ["inner"])
        same(os.listdir(os.path.dirname(target)), ["target"])
        other = somebody()
        expect(r"^6 messages imported$", posthorn("import", other, target, "--format", kind))
        session = imap(other, A)
        for name in "..", "../../escape", ".hidden", "a.b", "x.eml", "x.mbox/y":
            same(len(seen_in(session, name)), 1)
        session.logout()
    os.makedirs(os.path.join(DIR, "trap"))
    os.symlink("/tmp", os.path.join(DIR, "trap", "cur"))
    expect(r"in the way", posthorn("export", user, os.path.join(DIR, "trap"), status=1))
    path("mboxes2", "")
    os.remove(path("mboxes2", ""))
    os.mkdir(os.path.join(DIR, "mboxes2"))
    path("mboxes2/x.eml.mbox", "precious")
    path("mboxes2/%2e..mbox", "precious")
    said = posthorn("export", user, os.path.join(DIR, "mboxes2"), "--format", "mbox", status=1)
    expect(r"^posthorn: \.\.: its file is there already, and is not from this mailbox", said)
    same(open(os.path.join(DIR, "mboxes2/%2e..mbox")).read(), "precious")


TRIP = """
[server]
data_dir = {data}
log_level = error
[deliver]
hostname = mail.a.test
[listener imap]
address = {address}:{port}
protocol = imap
tls = none
auth_in_clear = yes
"""
TRIP_PORT = 4143


class Serving:
    """`posthorn serve` with a configuration of its own, for as long as the block."""

    def __init__(self, config):
        self.config = config

    def __enter__(self):
        self.process = subprocess.Popen([POSTHORN, "--config", self.config, "serve"])
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                imaplib.IMAP4(A, TRIP_PORT).logout()
                return self
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the server did not start")

    def __exit__(self, *trouble):
        self.process.terminate()
        same(self.process.wait(PATIENCE_S), 0)

    def session(self, user):
        session = imaplib.IMAP4(A, TRIP_PORT)
        session.login(user, PASSWORD)
        return session


def dovecot_maildir(name):
    """A Maildir as Dovecot leaves it: index files, sizes in names, keywords, subscriptions, folders in folders."""
    folders = {"": ["work", "$Label1", "holiday"], ".Archive": [], ".Archive.2019.Q1": ["paid"],
               ".Gr&APwA3w-e": ["work"], ".Sent": []}
    for folder, keywords in folders.items():
        at = os.path.join(name, folder)
        for sub in "cur", "new", "tmp":
            os.makedirs(os.path.join(DIR, at, sub))
        path(at + "/dovecot-keywords", "".join("%d %s\n" % pair for pair in enumerate(keywords)))
        path(at + "/dovecot-uidlist", "3 V1500000000 N1000 G0123456789abcdef\n")
        for file in "dovecot.index.log", "dovecot.index.cache":
            path(at + "/" + file, "\x01\x02binary\n")
        if folder:
            path(at + "/maildirfolder", "")
        for n in range(40):
            body = ("Gr\xc3\xbc\xc3\x9fe\n" + "x" * (900 * (n % 5)) + "\n") * (200 if n == 13 else 1)
            text = text_of(n, folder[1:] or "INBOX") + body + ("no end of line" if n % 11 == 3 else "")
            letters = letters_of(n * 5 % 64) + "".join("abc"[k] for k in range(len(keywords)) if n >> k & 1)
            size = "S=%d,W=%d" % (len(text), len(text) + text.count("\n"))
            unique = "%d.M%dP77.mail,%s" % (1500000000 + n * 86400, n, size)
            where = "/new/" + unique if n % 9 == 8 else "/cur/" + unique + ":2," + letters
            os.utime(path(at + where, text), (1500000000 + n * 86399,) * 2)
    path(name + "/subscriptions", "V\t2\n\nArchive\t2019\tQ1\nSent\n")
    return os.path.join(DIR, name)


def letters_in(where):
    """(folder, bytes) -> (flags, keywords, date) of a Maildir++ with Dovecot's keywords."""
    found = {}
    for folder in [""] + [f for f in os.listdir(where) if f.startswith(".")]:
        at = os.path.join(where, folder)
        words = dict(line.split() for line in open(at + "/dovecot-keywords")) if \
            os.path.exists(at + "/dovecot-keywords") else {}
        for sub in "cur", "new":
            for name in os.listdir(os.path.join(at, sub)):
                file, letters = os.path.join(at, sub, name), name.partition(":2,")[2]
                with open(file, "rb") as f:
                    text = f.read()
                same((folder, text) in found, False)
                found[folder, text] = ({x for x in letters if x.isupper()},
                                       {words[str(ord(x) - ord("a"))] for x in letters if x.islower()},
                                       int(os.stat(file).st_mtime))
    return found


def told_over_imap(serving, user):
    """All that a person's client is told: folders, subscriptions, UIDs, flags, dates, texts."""
    session = serving.session(user)
    folders = sorted(re.search(rb'"?([^"]*)"?$', line).group(1).decode() for line in session.list()[1])
    everything = {folder: (seen_in(session, folder), uids(session), session.status(
        '"%s"' % folder, "(UIDVALIDITY UIDNEXT MESSAGES UNSEEN)")[1]) for folder in folders}
    everything["subscribed"] = sorted(session.lsub()[1])
    session.logout()
    return everything


@case
def round_trip():
    """Dovecot's Maildir in, read, backed up, the data folder lost, restored, read, and out again: as it was"""
    source = dovecot_maildir("trip/source")
    data, backup, target = (os.path.join(DIR, "trip", name) for name in ("data", "backup", "target"))
    os.mkdir(data, 0o700)
    config = path("trip/conf", TRIP.format(data=data, address=A, port=TRIP_PORT))
    posthorn("domain", "add", "a.test", config=config)
    user = somebody(config)
    before = letters_in(source)
    same(len(before), 200)
    with Serving(config) as serving:
        expect(r"^200 messages imported$", posthorn("import", user, source, config=config))
        told = told_over_imap(serving, user)
        for folder in "INBOX", "Archive", "Archive/2019/Q1", "Gr&APwA3w-e", "Sent":
            same(len(told[folder][0]), 40)
        for (folder, text), (flags, keywords, date) in before.items():
            label = folder[1:] or "INBOX"
            number = int(expect(r"^Subject: \S+ (\d+)$", text.decode("latin-1")).group(1))
            got = told[label.replace(".", "/")][0]["%s %d" % (label, number)]
            wanted = text.decode("latin-1").replace("\n", "\r\n")
            assert got[2] in (wanted, wanted + "\r\n"), number
            same(got[:2], ({FLAGS[x] for x in flags} | keywords, date))
        expect(r"lies in the data folder", posthorn("backup", data + "/inside", status=1, config=config))
        posthorn("backup", backup, config=config)
        expect(r"a server runs on the data folder .*: stop it", posthorn("restore", backup, status=1, config=config))
        session = serving.session(user)  # what comes after the backup is lost with the folder
        session.append("INBOX", None, None, letter("too late").encode())
        session.logout()
    shutil.rmtree(data)
    posthorn("restore", backup, config=config)
    expect(r"all is well", posthorn("check", config=config))
    with Serving(config) as serving:
        same(told_over_imap(serving, user), told)
        expect(r"^200 messages written$", posthorn("export", user, target, config=config))
        expect(r"^0 messages imported, 200 were here already$", posthorn("import", user, source, config=config))
    after = letters_in(target)

    def with_end(letters):
        return {(folder, text if text.endswith(b"\n") else text + b"\n"): facts
                for (folder, text), facts in letters.items()}

    same(len(after), 200)
    for key, facts in with_end(before).items():
        same((key[0], key[1][:200], with_end(after).get(key)), (key[0], key[1][:200], facts))


def alone():
    """A configuration without a server, with a user."""
    os.makedirs(os.path.join(DIR, "alone/data"), mode=0o700)
    config = path("alone/conf", "[server]\ndata_dir = %s/alone/data\nlog_level = error\n" % DIR)
    posthorn("domain", "add", "a.test", config=config)
    return config


@case
def cut_and_gone_on():
    """without a server too; killed in the middle again and again, an import ends with each message once"""
    config = alone()
    user = somebody(config)
    source = make_maildir("many", range(3000))
    cuts = 0
    for delay in 0.03, 0.06, 0.1, 0.15, 0.2, 0.3:
        process = subprocess.Popen([POSTHORN, "--config", config, "import", user, source], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the process beside it dies too
            cuts += 1
        process.wait()
    said = posthorn("import", user, source, config=config)
    kept, had = map(int, expect(r"^(\d+) messages imported, (\d+) were here already$", said).groups())
    same(kept + had, 3000)
    assert cuts >= 2 and had > 0, (cuts, had)
    expect(r"all is well", posthorn("check", config=config))
    target = os.path.join(DIR, "alone/out")
    for delay in 0.02, 0.1, 0.2:
        process = subprocess.Popen([POSTHORN, "--config", config, "export", user, target], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    posthorn("export", user, target, config=config)
    same(maildir_in(target), maildir_in(source))


@case
def undeleted():
    """what IMAP deleted, with its mailbox or alone, is listed and comes back once, as new messages"""
    user = somebody()
    posthorn("import", user, make_maildir("undo", [9, 17, 1], ["Work"]))
    session = imap(user, A)
    before = seen_in(session, "INBOX"), seen_in(session, "Work")
    session.select("INBOX")
    session.store("1:*", "+FLAGS.SILENT", r"\Deleted")
    session.expunge()
    same(session.delete("Work")[0], "OK")
    session.select("INBOX")
    same(uids(session), [])
    listed = posthorn("undelete", user, "--list")
    same(len(listed.splitlines()), 6)
    expect(r"^Work  uid \d+  deleted .* with its mailbox  .*  work 17$", listed)
    expect(r"^0 messages restored$", posthorn("undelete", user, "--mailbox", "Sent"))
    expect(r"--sinse: no such option", posthorn("undelete", user, "--sinse", "1h", status=2))
    expect(r"^3 messages restored$", posthorn("undelete", user, "--mailbox", "inbox", "--since", "1h"))
    expect(r"^3 messages restored$", posthorn("undelete", user))
    expect(r"^0 messages restored$", posthorn("undelete", user))
    expect(r"no age", posthorn("undelete", user, "--since", "soon", status=2))
    session.noop()
    same((seen_in(session, "INBOX"), seen_in(session, "Work")), before)
    session.select("INBOX")
    same(uids(session), [b"4", b"5", b"6"])
    session.logout()


@case
def quota():
    """an import stops at the quota, says so, and goes on when there is room"""
    user = somebody()
    source = make_maildir("heavy", range(50))
    posthorn("user", "quota", user, "2K")
    expect(r"quota", posthorn("import", user, source, status=1))
    posthorn("user", "quota", user, "0")
    said = posthorn("import", user, source)
    kept, had = map(int, expect(r"^(\d+) messages imported, (\d+) were here already$", said).groups())
    same(kept + had, 50)
    posthorn("check")


@case
def names_with_controls():
    """a folder whose name holds a line end or ESC makes no mailbox that IMAP could not name"""
    where = make_maildir("controls", range(3))
    for folder in ".a\nb", ".esc\x1b[2J":
        os.makedirs(os.path.join(where, folder, "cur"))
        path(os.path.join("controls", folder, "cur", "1400000001.x:2,S"), text_of(9))
    user = somebody()
    said = posthorn("import", user, where, status=1)
    expect(r"^3 messages imported, [24] passed over$", said)
    same(said.count("no mailbox can have this name"), 2)
    assert "\x1b" not in said
    session = imap(user, A)
    listed = b"\n".join(session.list()[1]).decode()
    session.logout()
    assert "&AAo-" not in listed and "&ABs-" not in listed, listed


@case
def all_slots_of_the_control_socket():
    """more requests than the control socket takes: the one more is told why, and the next one is served"""
    with open(A_CONFIG) as config:
        folder = expect(r"^data_dir = (.*)$", config.read()).group(1)
    held = [socket.socket(socket.AF_UNIX) for _ in range(16)]
    for one in held:
        one.connect(os.path.join(folder, "control"))
    expect(r"closed the control socket without an answer: .*try again", posthorn("ping", status=1))
    for one in held:
        one.close()
    expect(r"^posthorn ", posthorn("ping"))


run_cases()
