/* grammar_pop3.c - POP3, and the control socket. */
#include "grammar.h"

#include "base/mem.h"

/* clang-format off */
static const struct rule pop3_rules[] = {
    { "opening", FORMS("USER alice@a.test\r\nPASS secret\r\n", "AUTH PLAIN `base64 plain`\r\n", "USER `user`\r\nPASS `password`\r\n", "AUTH PLAIN\r\n`base64 plain`\r\n", "CAPA\r\n", "") },
    { "command", FORMS("STAT\r\n", "LIST\r\n", "LIST `number`\r\n", "UIDL\r\n", "UIDL `number`\r\n", "RETR `number`\r\n", "RETR `number`\r\n", "TOP `number` `number`\r\n", "DELE `number`\r\n", "DELE `number`\r\n", "RSET\r\n", "NOOP\r\n", "QUIT\r\n",
        "CAPA\r\n", "STLS\r\n", "AUTH\r\n", "AUTH LOGIN\r\n", "AUTH PLAIN\r\n*\r\n", "USER `user`\r\n", "PASS `password`\r\n", "APOP x y\r\n", "`words`\r\n", "retr 1\n", "`long`\r\n") },
    { "plain", FORMS("`nul`alice@a.test`nul`secret", "`nul``user``nul``password`", "`user``nul``user``nul``password`") },
    { "user", FORMS("alice@a.test", "bob@a.test", "nobody@a.test", "`mailbox`") },
    { "password", FORMS("secret", "secret", "wrong", "") },
    { "number", FORMS("1", "2", "3", "`n`", "`big`") },
};

/* COUNT LF, then each word and the secret as SIZE LF bytes. */
static const struct rule control_rules[] = {
    { "opening", FORMS("`command`") },
    { "command", FORMS("2\n`word group``word verb``word password`", "3\n`word group``word verb``word argument``word password`", "4\n`word group``word verb``word argument``word argument``word password`",
        "1\n`word group``word password`", "`big`\n`word group``word verb`", "`n`\n`word argument``word argument`") },
    { "group", FORMS("domain", "user", "alias", "queue", "trace", "check", "compact", "export", "import", "undelete", "status", "`words`") },
    { "verb", FORMS("add", "remove", "list", "passwd", "quota", "admin", "show", "retry", "hold", "release", "drop", "suspend", "resume") },
    { "argument", FORMS("`mailbox`", "a.test", "b.test", "`n`", "`big`", "10M", "INBOX", "--all", "on", "off", "`msgid`", "`words`") },
    { "password", FORMS("", "secret", "`words`") },
};
/* clang-format on */

const struct grammar grammar_pop3 = { pop3_rules, COUNT_OF(pop3_rules) };
const struct grammar grammar_control = { control_rules, COUNT_OF(control_rules) };
