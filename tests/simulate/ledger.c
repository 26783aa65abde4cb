/* ledger.c - every letter of a world: its token, its text, and whom it should reach. */
#include <stdio.h>
#include <string.h>

#include "simulate/simulate.h"

struct letter *letter_new(struct world *w, const char *sender, size_t filler_bytes)
{
    must(w->letters_n < LEDGER_LETTERS);
    struct letter *l = &w->letters[w->letters_n];
    *l = (struct letter){ .number = w->letters_n++, .filler_bytes = filler_bytes };
    snprintf(l->token, sizeof l->token, "tok%05uX", l->number);
    snprintf(l->sender, sizeof l->sender, "%s", sender);
    count_up(TALLY_LETTERS, 1);
    return l;
}

const char *aim_end(const struct aim *a)
{
    return a->path[a->hops - 1];
}

bool letter_to(struct letter *l, const struct aim *aim)
{
    if (l->n == AIMS_MAX) return false;
    for (unsigned i = 0; i < l->n; i++)
        if (strcmp(aim_end(&l->aims[i]), aim_end(aim)) == 0) return false;
    l->aims[l->n++] = *aim;
    return true;
}

/* Lines that begin with dots are among them. */
static void filler(const struct letter *l, struct buf *out)
{
    for (size_t line = 0; line * 60 < l->filler_bytes; line++)
        buf_addf(out, "%sline %zu of %s, and so on and so on until its end.\r\n",
                 line % 7 == 3 ? "." : "", line, l->token);
}

void letter_write(const struct letter *l, struct buf *out)
{
    buf_addf(out,
             "From: <%s>\r\n"
             "To: somebody:;\r\n"
             "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n"
             "Message-ID: <%s@simulate.test>\r\n"
             "X-Token: %s\r\n"
             "Subject: letter %s\r\n"
             "\r\n"
             "The body of %s.\r\n",
             l->sender[0] ? l->sender : "alice@a.test", l->token, l->token, l->token, l->token);
    filler(l, out);
    buf_addf(out, "The end of %s.\r\n", l->token);
}

struct letter *letter_of(struct world *w, str text)
{
    size_t at = str_find(text, S("tok"));
    for (; at != STR_NPOS;) {
        uint64_t number;
        str digits = str_sub(text, at + 3, 5);
        bool whole = str_sub(text, at + 8, 1).n && text.p[at + 8] == 'X';
        if (whole && str_u64(digits, LEDGER_LETTERS, &number) && number < w->letters_n)
            return &w->letters[number];
        size_t next = str_find(str_from(text, at + 3), S("tok"));
        at = next == STR_NPOS ? STR_NPOS : at + 3 + next;
    }
    return NULL;
}

void letter_decided(struct world *w, struct letter *l, char class, str reply)
{
    static const enum tally tallies[] = { [LETTER_UNDECIDED] = TALLY_UNDECIDED,
                                          [LETTER_ACCEPTED] = TALLY_ACCEPTED,
                                          [LETTER_REFUSED] = TALLY_REFUSED };
    l->state = class == '2' ? LETTER_ACCEPTED : class ? LETTER_REFUSED : LETTER_UNDECIDED;
    uint64_t troubled = l->to ? sim_machine_troubled(l->to->m.seam) : 0;
    if (l->state == LETTER_REFUSED && l->to && troubled > l->to->troubled)
        l->refused_us = seam_mono_us(w->people);
    count_up(tallies[l->state], 1);
    tell(w, "%s: %.*s", l->token, STR_ARG(class ? str_chomp(reply) : S("no answer")));
}

void letters_uncertain(struct world *w, const struct server *s)
{
    for (unsigned i = 0; i < w->letters_n; i++) {
        struct letter *l = &w->letters[i];
        if (l->state != LETTER_REFUSED || l->to != s || l->refused_us <= s->accepted_us) continue;
        tell(w, "%s: was refused, but that may not have been written", l->token);
        l->state = LETTER_UNDECIDED;
    }
}

static struct aim *aim_at(struct letter *l, str user_address)
{
    for (unsigned i = 0; i < l->n; i++)
        if (str_eq(str_of(aim_end(&l->aims[i])), user_address)) return &l->aims[i];
    return NULL;
}

void letter_may_vanish(struct letter *l, str user_address)
{
    struct aim *a = aim_at(l, user_address);
    if (a) a->may_vanish = true;
}

void letter_may_double(struct letter *l, str user_address)
{
    struct aim *a = aim_at(l, user_address);
    if (a) a->may_double = true;
}
