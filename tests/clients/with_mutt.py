"""with_mutt.py - mutt or neomutt on a screen: what a person does in a day with its keys.

  with_mutt.py PROGRAM
"""

import os
import sys

from terminal import Terminal
from world import *

PROGRAM = sys.argv[1]
USER, ADDRESS = "alice@a.test", A
RC = """
set ssl_ca_certificates_file={ca} ssl_verify_host=no ssl_force_tls=yes certificate_file={ca}
set imap_user={user} imap_pass={password} imap_idle=yes imap_keepalive=300 timeout=1 mail_check=1
set folder=imaps://{address}:{imaps}/ spoolfile=+INBOX record=+Sent postponed=+Drafts trash=+Trash
set header_cache={cache} message_cachedir={cache}
set smtp_url=smtps://{user}@{address}:{submissions} smtp_pass={password}
set realname=Alice from={user} use_from=yes copy=yes editor="{editor}" autoedit=yes fast_reply=yes
set sort=date-received charset=utf-8 index_format="%4C %S %s" status_format="%f [%m]"
set wait_key=no quit=yes delete=yes move=no mark_old=no confirmappend=no beep=no beep_new=no pager=builtin
set mail_check_recent=no abort_nosubject=no abort_unmodified=no resolve=no pager_stop=yes
set sleep_time=0
unset help
ignore *
unignore subject from
"""


def start():
    os.makedirs(path("cache"), exist_ok=True)
    editor = path("editor", "#!/bin/sh\necho 'Written on a screen.' >>\"$1\"\n")
    os.chmod(editor, 0o700)
    rc = path("muttrc", RC.format(ca=CA, user=USER, password=PASSWORD, address=ADDRESS, imaps=IMAPS, editor=editor,
                                  submissions=SUBMISSIONS, cache=path("cache")))
    return Terminal(PROGRAM, PROGRAM, "-n", "-F", rc)


def go(screen, number):
    """The cursor on the letter of this number."""
    screen.keys(str(number), "Enter")


def flags(mailbox, subject):
    """The flags of the letter, as another session sees them; None: it is not there."""
    session = imap(USER, ADDRESS)
    session.select(mailbox, readonly=True)
    found = uids(session, "SUBJECT", '"%s"' % subject)
    said = session.uid("FETCH", found[0], "(FLAGS)")[1][0].decode() if found else None
    session.logout()
    return said


def becomes(ask, *wanted):
    end = time.monotonic() + PATIENCE_S
    while (got := ask()) not in wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert got in wanted, "got %r, wanted one of %r" % (got, wanted)


for subject in "one", "two", "three", "four":
    put(USER, ADDRESS, letter("letter " + subject, body="This is %s.\r\n" % subject))
screen = start()


@case
def opens():
    """the INBOX is listed, unread"""
    for subject in "one", "two", "three", "four":
        screen.shows(r"^ +\d N *letter %s$" % subject)


@case
def reads():
    """a letter is shown, and is read from then on"""
    go(screen, 2)
    screen.keys("Enter")
    screen.shows("^This is two")
    screen.keys("i")
    screen.shows(r"^ +2 [ -] *letter two$")
    screen.keys("$")
    becomes(lambda: "Seen" in flags("INBOX", "letter two"), True)


@case
def marks():
    """a flag set here is on the server after a sync"""
    go(screen, 3)
    screen.keys("F")
    screen.shows("^ +3 N?! *letter three$")
    screen.keys("$")
    becomes(lambda: "Flagged" in flags("INBOX", "letter three"), True)


@case
def hears():
    """a new letter appears by IDLE, with no key pressed; another device's mark too"""
    put(USER, ADDRESS, letter("letter five"))
    screen.shows(r"^ +5 N *letter five$")
    session = imap(USER, ADDRESS)
    session.store("4", "+FLAGS", r"\Answered")
    session.logout()
    screen.shows(r"^ +4 .?r *letter four$")


@case
def searches():
    """a search on the server (=b) limits the list to one letter"""
    screen.keys("l", "=b 'This is three'", "Enter")
    screen.lacks("letter four")
    screen.shows("letter three")
    screen.keys("l", "all", "Enter")
    screen.shows("letter four")


@case
def moves():
    """a letter saved to a folder leaves the INBOX and lies there"""
    go(screen, 1)
    screen.keys("s")
    screen.shows("(?i)save to mailbox")
    screen.keys("C-u", "+Archive", "Enter")
    screen.shows(r"^ +1 .?D *letter one$")
    screen.keys("$")
    screen.lacks("letter one")
    same(flags("INBOX", "letter one"), None)
    assert flags("Archive", "letter one") is not None


@case
def deletes():
    """a deleted letter lies in the Trash, and no longer in the INBOX"""
    go(screen, 1)
    screen.keys("d")
    screen.shows(r"^ +1 .?D *letter two$")
    screen.keys("$")
    screen.lacks("letter two")
    same(flags("INBOX", "letter two"), None)
    assert flags("Trash", "letter two") is not None


@case
def changes_folder():
    """another folder is opened by its name, and what was moved is there"""
    screen.keys("c")
    screen.shows("(?i)open mailbox")
    screen.keys("C-u", "+Archive", "Enter")
    screen.shows("letter one")
    screen.keys("c")
    screen.shows("(?i)open mailbox")
    screen.keys("C-u", "!", "Enter")
    screen.shows("letter three")


@case
def sends():
    """a letter written here arrives, and a copy lies in Sent"""
    screen.keys("m")
    screen.shows("^To:")
    screen.keys("bob@b.test", "Enter")
    screen.shows("^Subject:")
    screen.keys("from a screen", "Enter")
    screen.shows("Fcc: [=+]Sent")
    screen.keys("y")
    expect("^Written on a screen", arrived("bob@b.test", B, "from a screen"))
    becomes(lambda: flags("Sent", "from a screen") is not None, True)
    assert "Seen" in flags("Sent", "from a screen")


@case
def ends():
    """it leaves by itself, and all is as it was shown"""
    screen.keys("q")
    screen.ended()
    session = imap(USER, ADDRESS)
    same(len(uids(session)), 3)
    session.logout()


try:
    run_cases()
finally:
    screen.close()
