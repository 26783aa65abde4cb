/* grammar_common.c - what every protocol carries: addresses, header fields, letters. */
#include "grammar.h"

#include "base/mem.h"

/* clang-format off */
static const struct rule rules[] = {
    { "local", FORMS("alice", "bob", "team", "alice+shop", "postmaster", "nobody", "\"al ice\"", "\"a\\\"b\"", "gr\xc3\xbc\xc3\x9f", "a.b", "`long`") },
    { "domain", FORMS("a.test", "A.Test", "b.test", "c.test", "[10.0.0.1]", "[IPv6:::1]", "xn--bcher-kva.test", "b\xc3\xbc""cher.test", "a..test", "-a.test", "localhost") },
    { "mailbox", FORMS("alice@a.test", "bob@a.test", "team@a.test", "far@b.test", "`local`@`domain`", "postmaster") },
    { "person", FORMS("`mailbox`", "\"A. Lice\" <`mailbox`>", "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?= <`mailbox`>", "A (comment (nested)) <`mailbox`>", "friends: `mailbox`, `mailbox`;", "<@x.test,@y.test:`mailbox`>", "undisclosed:;") },
    { "date", FORMS("Sun, 1 Feb 2026 10:00:00 +0000", "1 Feb 26 10:00 EST", "Sat, 30 Feb 2026 25:61:61 +9999", "Fri, 21 Nov 1997 09:55:06 -0600 (CST)", "yesterday") },
    { "long", FORMS("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "`long``long`", "`long``long``long``long``long`") },
    { "subject", FORMS("hello", "Re: hello", "Fwd: Re[2]: hello (fwd)", "=?ISO-8859-1?B?R3L832U=?=", "=?UTF-8?Q?a?= =?UTF-8?Q?b?=", "[list] Re: [list] hello", "gr\xc3\xbc\xc3\x9f", "`long`") },
    { "msgid", FORMS("<1@a.test>", "<2@a.test>", "<3@b.test>", "<a b@c>", "1@a.test") },
    { "field", FORMS("Subject: `subject`", "From: `person`", "To: `list person`", "Cc: `list person`", "Bcc: `person`", "Reply-To: `person`", "Sender: `person`", "Date: `date`", "Message-ID: `msgid`",
        "In-Reply-To: `msgid`", "References: `many msgid`", "Received: from x by y; `date`", "X-Long: `long`", "Subject:\r\n folded\r\n\tagain", "TLS-Required: No", "Return-Path: <`mailbox`>",
        "Delivered-To: `mailbox`", "List-Id: <l.a.test>", "Auto-Submitted: auto-replied", ": empty", "no colon", "Content-Language: de, en", "Content-Location: http://a.test/", "Content-Disposition: `disposition`") },
    { "disposition", FORMS("inline", "attachment; filename=\"a b.txt\"", "attachment; filename*0*=UTF-8''a%C3%BC; filename*1=b", "attachment; filename=../../x") },
    { "type", FORMS("text/plain", "text/plain; charset=utf-8", "text/plain; charset=iso-8859-1; format=flowed", "text/html; charset=windows-1252", "image/png; name=x", "application/octet-stream", "text", "bogus/`long`") },
    { "encoding", FORMS("7bit", "8bit", "binary", "quoted-printable", "base64", "x-unknown", "base64 (really)") },
    { "words", FORMS("hello", "Gr\xc3\xbc\xc3\x9f", "=C3=BCber=\r\n soft", "R3L832U=", "<html><body>hi<br>there &amp; <script>x</script></body></html>", ".", "..dots", "From here", "`long`", "\xff\xff") },
    { "lines", FORMS("`words`\r\n", "`words`\r\n`lines`", "\r\n`words`\r\n", "") },
    { "fields", FORMS("`field`\r\n", "`field`\r\n`fields`", "`field`\r\n`field`\r\n`fields`") },
    { "part", FORMS("Content-Type: `type`\r\nContent-Transfer-Encoding: `encoding`\r\n\r\n`lines`", "\r\n`lines`", "`fields`\r\n`lines`", "Content-Type: message/rfc822\r\n\r\n`letter`", "`multipart`", "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; `mailbox`\r\nAction: failed\r\nStatus: 5.1.1\r\n") },
    { "multipart", FORMS("Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n`part`\r\n--b\r\n`part`\r\n--b--\r\nepilogue\r\n", "Content-Type: multipart/alternative; boundary=\"in ner\"\r\n\r\n--in ner\r\n`part`\r\n--in ner--\r\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n`part`\r\n--r\r\n`part`\r\n", "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n`letter`\r\n--b--\r\n", "Content-Type: multipart/mixed\r\n\r\n--\r\n`part`\r\n") },
    { "letter", FORMS("`fields`\r\n`lines`", "`fields`MIME-Version: 1.0\r\n`multipart`", "`fields`MIME-Version: 1.0\r\n`part`", "`fields``fields`\r\n`lines`", "a: b\r\n\r\n", "`lines`", "") },
};
/* clang-format on */

const struct grammar grammar_common = { rules, COUNT_OF(rules) };
