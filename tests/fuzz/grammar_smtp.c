/* grammar_smtp.c - SMTP, submission and LMTP; and what a server that the relay calls answers. */
#include "grammar.h"

#include "base/mem.h"

/* clang-format off */
static const struct rule smtp_rules[] = {
    { "opening", FORMS("`hello`", "`hello``login`", "`login`", "") },
    { "command", FORMS("`transaction`", "`transaction`", "`mail`", "`rcpt`", "`data`", "`chunk letter`", "BDAT `n`\r\n", "BDAT `big` LAST\r\n", "RSET\r\n", "NOOP `maybe words`\r\n", "`hello`", "`login`", "VRFY `maybe mailbox`\r\n",
        "EXPN `mailbox`\r\n", "HELP `maybe verb`\r\n", "STARTTLS\r\n", "QUIT\r\n", "XCLIENT `many xclient`\r\n", "`verb` `words`\r\n", "DATA\r\n", ".\r\n", "`words`\r\n", "`long`\r\n") },
    { "hello", FORMS("EHLO x\r\n", "HELO x\r\n", "LHLO x\r\n", "EHLO [10.0.0.9]\r\n", "EHLO `domain`\r\n", "ehlo\r\n") },
    { "verb", FORMS("MAIL", "RCPT", "DATA", "EHLO", "AUTH", "BDAT", "QUIT", "NOOP", "STARTTLS", "HELP") },
    { "login", FORMS("AUTH PLAIN `base64 plain`\r\n", "AUTH PLAIN\r\n`base64 plain`\r\n", "AUTH LOGIN\r\n`base64 user`\r\n`base64 password`\r\n", "AUTH LOGIN `base64 user`\r\n`base64 password`\r\n", "AUTH PLAIN\r\n*\r\n",
        "AUTH LOGIN\r\n`base64 user`\r\n*\r\n", "AUTH PLAIN =\r\n", "AUTH CRAM-MD5\r\n", "AUTH PLAIN %%%\r\n") },
    { "plain", FORMS("`nul``user``nul``password`", "`user``nul``user``nul``password`", "`user``nul``password`", "`nul`bob@a.test`nul`secret", "`nul`alice@a.test`nul`secret") },
    { "user", FORMS("alice@a.test", "alice@a.test", "bob@a.test", "ALICE@A.TEST", "nobody@a.test", "`mailbox`") },
    { "password", FORMS("secret", "secret", "secret", "wrong", "") },
    { "xclient", FORMS("NAME=x.test", "ADDR=10.1.1.1", "ADDR=IPV6:::1", "PORT=25", "NAME=[UNAVAILABLE]", "LOGIN=alice", "ADDR=`words`") },
    { "from", FORMS("<alice@a.test>", "<>", "<stranger@b.test>", "<`mailbox`>", "<@x.test:`mailbox`>", "`mailbox`", "<bob@a.test>") },
    { "to", FORMS("<alice@a.test>", "<bob@a.test>", "<team@a.test>", "<far@b.test>", "<`mailbox`>", "<`mailbox`>", "<@a.test:far@b.test>", "<far%b.test@a.test>", "<b.test!far@a.test>") },
    { "mailparam", FORMS("SIZE=`n`", "SIZE=`big`", "BODY=8BITMIME", "BODY=BINARYMIME", "BODY=7BIT", "SMTPUTF8", "RET=FULL", "RET=HDRS", "ENVID=x+2By", "BY=`n`;R", "BY=-1;NT", "BY=`big`;RT", "HOLDFOR=`n`", "HOLDFOR=`big`",
        "HOLDUNTIL=2026-01-01T00:00:10Z", "MT-PRIORITY=-9", "MT-PRIORITY=`n`", "REQUIRETLS", "AUTH=<>", "AUTH=a+40b", "X=`words`") },
    { "rcptparam", FORMS("NOTIFY=NEVER", "NOTIFY=SUCCESS", "NOTIFY=SUCCESS,FAILURE,DELAY", "NOTIFY=DELAY", "ORCPT=rfc822;a+2Bb@a.test", "ORCPT=utf-8;\\x{41}@a.test", "ORCPT=`words`", "X") },
    { "mailparams", FORMS("", "", " `many mailparam`") },
    { "rcptparams", FORMS("", "", " `many rcptparam`") },
    { "mail", FORMS("MAIL FROM:`from``mailparams`\r\n", "MAIL FROM:`from``mailparams`\r\n", "MAIL FROM: `from`\r\n") },
    { "rcpt", FORMS("RCPT TO:`to``rcptparams`\r\n", "RCPT TO:`to``rcptparams`\r\n", "RCPT TO:`to``rcptparams`\r\n`rcpt`") },
    { "end", FORMS("\r\n.\r\n", "\r\n.\r\n", "\r\n.\r\n", "\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r\n..\r\n.\r\n") },
    { "data", FORMS("DATA\r\n`letter``end`") },
    { "transaction", FORMS("`mail``rcpt``data`", "`mail``rcpt``data`", "`mail``rcpt``chunk letter`", "`mail``rcpt`BDAT 5\r\na: b\r`chunk lines`", "`mail``rcpt`RSET\r\n", "MAIL FROM:<x@y.test> BODY=BINARYMIME\r\nRCPT TO:<alice@a.test>\r\n`chunk binary`") },
    { "binary", FORMS("a: b\r\n\r\n`nul`\xff\r`nul`\n", "Content-Transfer-Encoding: binary\r\n\r\n`nul``nul``lines`", "`letter`") },
};

/* The relay at our side says EHLO, MAIL, RCPT, DATA and the letter, QUIT. */
static const struct rule far_rules[] = {
    { "opening", FORMS("220 far ESMTP\r\n250-far\r\n250-`capability`\r\n250 `capability`\r\n`willing`", "220 far\r\n250 far\r\n`willing`", "`reply`", "220 far\r\n502 what\r\n250 far\r\n`willing`", "") },
    { "command", FORMS("`reply`", "`willing`", "`reply``reply``reply`", "`lines`") },
    { "willing", FORMS("250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n250 2.0.0 taken\r\n221 bye\r\n", "250 ok\r\n250 ok\r\n354 go\r\n`reply`221 bye\r\n", "250 ok\r\n`reply``reply``reply`", "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n") },
    { "capability", FORMS("PIPELINING", "SIZE `n`", "SIZE 100000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "STARTTLS", "ENHANCEDSTATUSCODES", "AUTH PLAIN LOGIN", "REQUIRETLS", "DELIVERBY `n`", "MT-PRIORITY",
        "LIMITS RCPTMAX=1 MAILMAX=1", "`long`") },
    { "code", FORMS("250", "250", "220", "221", "354", "334", "421", "450", "451", "452", "500", "502", "530", "535", "550", "550", "552", "554", "555", "999", "000", "25") },
    { "status", FORMS("", "2.0.0 ", "4.2.0 ", "4.7.1 ", "5.1.1 ", "5.7.1 ", "5.2.2 ", "9.9.9 ", "`big`.1.1 ") },
    { "reply", FORMS("`code` `status``words`\r\n", "`code` `status``words`\r\n", "`code`-`words`\r\n`code` `status``words`\r\n", "`code`\r\n", "`code`-x\r\n550-y\r\n`code` `long`\r\n", "`code` x\n", "`code` \x1b[31m`nul`\r\n") },
};
/* clang-format on */

const struct grammar grammar_smtp = { smtp_rules, COUNT_OF(smtp_rules) };
const struct grammar grammar_far = { far_rules, COUNT_OF(far_rules) };
