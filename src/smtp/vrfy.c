/* vrfy.c - VRFY, EXPN, HELP: answers that tell an address harvester nothing. RFC 5321 3.5.3, 7.3.
 */
#include "smtp/smtp_int.h"

enum err smtp_vrfy(struct smtp *s, str args)
{
    if (!args.n) return smtp_reply(s, 501, "5.5.4", S("VRFY whom?"));
    return smtp_reply(s, 252, "2.1.5", S("RCPT will tell"));
}

enum err smtp_expn(struct smtp *s, str args)
{
    (void)args;
    return smtp_reply(s, 502, "5.5.1", S("lists are not shown"));
}

enum err smtp_help(struct smtp *s, str args)
{
    (void)args;
    return smtp_reply(s, 214, "2.0.0", S("see RFC 5321"));
}
