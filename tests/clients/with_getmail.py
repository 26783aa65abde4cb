"""with_getmail.py - getmail downloads over POP3 and IMAP: keeps, and then deletes."""

import os

from world import *

CONFIG = """
[retriever]
type = {kind}
server = {address}
port = {port}
username = bob@b.test
password = secret
ca_certs = {ca}
{more}

[destination]
type = MDA_external
path = {deliver}
arguments = ("{folder}",)
allow_root_commands = true

[options]
verbose = 1
read_all = {read_all}
delete = {delete}
delivered_to = false
received = false
"""
SUBJECTS = ["getmail %d" % i for i in range(5)]


def getmail(name, kind, port, delete, read_all="false", more=""):
    """One run of getmail into the folder of this name; the subjects that lie there afterwards."""
    folder = path(name)
    os.makedirs(folder, exist_ok=True)
    os.makedirs(path("getmail"), exist_ok=True)
    # getmail's own Maildirs are refused to root. It misses the end of a child that ends before it waits for
    # it, and then hangs for a minute: so the child takes its time.
    deliver = path("deliver", '#!/bin/sh\ncat >"$1/$$"\nsleep 0.2\n')
    os.chmod(deliver, 0o700)
    config = path("getmail/%s.rc" % name, CONFIG.format(
        kind=kind, address=B, port=port, ca=CA, folder=folder, deliver=deliver, delete=delete, read_all=read_all, more=more))
    run("getmail", "--getmaildir", path("getmail"), "--rcfile", config)
    letters = [open(os.path.join(folder, name), encoding="latin-1").read() for name in os.listdir(folder)]
    return sorted(expect(r"^Subject: (.*?)\r?$", text).group(1) for text in letters)


def left():
    session = imap("bob@b.test", B)
    n = len(uids(session))
    session.logout()
    return n


@case
def keeps():
    """getmail reads all over POP3 with TLS and leaves them on the server"""
    for subject in SUBJECTS:
        put("bob@b.test", B, letter(subject))
    same(getmail("pop", "SimplePOP3SSLRetriever", POP3S, "false"), SUBJECTS)
    same(left(), 5)


@case
def only_new():
    """getmail's second run, by UIDL, fetches only what is new"""
    put("bob@b.test", B, letter("getmail 5"))
    same(getmail("pop", "SimplePOP3SSLRetriever", POP3S, "false"), SUBJECTS + ["getmail 5"])


@case
def over_imap():
    """getmail reads all over IMAP with TLS"""
    same(getmail("imap", "SimpleIMAPSSLRetriever", IMAPS, "false", more='mailboxes = ("INBOX",)'),
         SUBJECTS + ["getmail 5"])


@case
def deletes():
    """getmail with delete empties the mailbox over POP3"""
    same(getmail("gone", "SimplePOP3SSLRetriever", POP3S, "true", read_all="true"), SUBJECTS + ["getmail 5"])
    same(left(), 0)


run_cases()
