/* rows_search.c - SEARCH in 10,000 ordinary letters. */
#include <string.h>

#include "imap_int.h"

/* How long it takes to find a word that stands in some of them. */
static double search_ms(struct ground *g, const char *key, unsigned rank)
{
    struct client c;
    char word[16];
    client_open(&c, &g->system);
    client_run(&c, "SELECT INBOX");
    mail_word(rank, word);
    double start = now_s();
    const char *found = client_ask(&c, "SEARCH %s %s", key, word);
    double ms = (now_s() - start) * 1000;
    const char *line = strstr(found, "SEARCH ");
    if (!line || line[7] < '0' || line[7] > '9') bench_die("SEARCH %s %s finds nothing", key, word);
    client_close(&c);
    return ms;
}

double row_subject(struct ground *g)
{
    return search_ms(g, "SUBJECT", 600);
}

double row_body(struct ground *g)
{
    return search_ms(g, "BODY", 4000);
}
