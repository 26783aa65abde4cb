/* rset.c - RSET, NOOP, QUIT. RFC 5321 4.1.1.5, 4.1.1.9, 4.1.1.10. */
#include "smtp/smtp_int.h"

enum err smtp_rset(struct smtp *s, str args)
{
    if (args.n) return smtp_reply(s, 501, "5.5.4", S("RSET takes no argument"));
    smtp_forget_transaction(s);
    return smtp_reply(s, 250, "2.0.0", S("forgotten"));
}

enum err smtp_noop(struct smtp *s, str args)
{
    (void)args; /* RFC 5321 4.1.1.9: a string may follow, and is ignored */
    return smtp_reply(s, 250, "2.0.0", S("ok"));
}

enum err smtp_quit(struct smtp *s, str args)
{
    if (args.n) return smtp_reply(s, 501, "5.5.4", S("QUIT takes no argument"));
    s->closing = true;
    str text = arena_concat(&s->command, (str[]){ smtp_hostname(s), S(" goodbye") }, 2);
    return smtp_reply(s, 221, "2.0.0", text);
}
