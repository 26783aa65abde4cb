"""with_reports.py - Python's email package reads our delivery reports, in each form: RFC 3464, RFC 6533."""

import email
import email.policy
import smtplib

from world import *


def send(subject, to, mail=(), rcpt=(), body="Hello.\r\n"):
    session = smtplib.SMTP_SSL(A, SUBMISSIONS, local_hostname="client.test", context=tls())
    session.login("alice@a.test", PASSWORD)
    session.sendmail("alice@a.test", [to], letter(subject, body=body).encode(), list(mail), list(rcpt))
    session.quit()


def report(recipient_words):
    """The one report in alice's INBOX, parsed; the INBOX is empty then."""
    raw = arrived("alice@a.test", A, "could not be delivered").encode("latin-1")
    empty("alice@a.test", A)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    same(message.get_content_type(), "multipart/report")
    same(message.get_param("report-type"), "delivery-status")
    same(message.defects, [])
    words, status, original = message.iter_parts()
    text = words.get_content()
    expect(recipient_words, text)
    expect(r"What happened before:\s+\S+ received from ", text)
    return text, status, original


def fields(status):
    """Of the message, and of its recipients."""
    if status.get_content_type() == "message/delivery-status":
        return status.get_payload()
    # The package has no parser for the international form: blocks of header fields.
    text = status.get_payload(decode=True) or status.get_payload(0).as_bytes(policy=email.policy.SMTPUTF8)
    return [email.message_from_bytes(block, policy=email.policy.default)
            for block in text.replace(b"\r\n", b"\n").strip().split(b"\n\n")]


@case
def plain():
    """an unknown recipient: words, fields, and the header that came"""
    send("plain one", "nobody@b.test", ["ENVID=QQ+2B1"], ["ORCPT=rfc822;no+2Bbody@b.test"])
    text, status, original = report("<nobody@b.test>: failed")
    expect("550 5.1.1", text)
    about, who = fields(status)
    same(about["Original-Envelope-Id"], "QQ+1")
    same(about["Reporting-MTA"], "dns; mail.a.test")
    same(who["Original-Recipient"], "rfc822;no+body@b.test")
    same(who["Final-Recipient"], "rfc822; nobody@b.test")
    same(who["Action"], "failed")
    same(who["Status"], "5.1.1")
    expect("^smtp; 550 5.1.1 ", who["Diagnostic-Code"])
    same(original.get_content_type(), "text/rfc822-headers")
    expect("^Subject: plain one", original.get_content())


@case
def whole():
    """RET=FULL: the letter comes back as it was"""
    send("whole one", "nobody@b.test", ["RET=FULL"], body="..dots\r\nand all\r\n")
    _, _, original = report("<nobody@b.test>: failed")
    same(original.get_content_type(), "message/rfc822")
    same(original.get_payload(0)["Subject"], "whole one")
    same(original.get_payload(0).get_content().split(), ["..dots", "and", "all"])


@case
def international():
    """a letter with a header beyond ASCII: the global parts, with the address as it is"""
    send("Ännchen", "jörg@b.test", ["SMTPUTF8", "RET=FULL"], ["ORCPT=utf-8;jörg@b.test"])
    _, status, original = report("<jörg@b.test>: failed")
    same(status.get_content_type(), "message/global-delivery-status")
    same(original.get_content_type(), "message/global")
    who = fields(status)[1]
    same(who["Final-Recipient"], "utf-8; jörg@b.test")
    same(who["Original-Recipient"], "utf-8;jörg@b.test")


@case
def escaped():
    """an alias beyond ASCII, for a sender who is not: the ASCII form"""
    run(os.environ["POSTHORN"], "--config", os.environ["A_CONFIG"], "alias", "add", "way@a.test", "jörg@b.test")
    send("escaped one", "way@a.test")
    text, status, _ = report("<jörg@b.test>: failed")
    expect("queued jörg@b.test", text)
    same(status.get_content_type(), "message/delivery-status")
    same(fields(status)[1]["Final-Recipient"], "utf-8; j\\x{F6}rg@b.test")


run_cases()
