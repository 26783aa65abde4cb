/* stay.c - --stay: both servers go on, and everything is said that a mail client asks for. */
#include <signal.h>
#include <stdio.h>

#include "demo/journey.h"

static void show_server(const struct server *s, const char *user, const char *password)
{
    const char *at = server_address(s);
    printf("\n   %s   (log: %s)\n", server_domain(s), server_log(s));
    printf("      server       %s   (mail.%s; the certificate holds for both)\n", at,
           server_domain(s));
    printf("      user         %s   password: %s\n", user, password);
    printf("      IMAP         %d STARTTLS   %d TLS\n", PORT_IMAP, PORT_IMAPS);
    printf("      POP3         %d STARTTLS   %d TLS\n", PORT_POP3, PORT_POP3S);
    printf("      submission   %d STARTTLS   %d TLS\n", PORT_SUBMISSION, PORT_SUBMISSIONS);
    printf("      MX           %d\n", PORT_SMTP);
    printf("      ask it       build/src/posthorn/posthorn --config %s queue list\n",
           server_config(s));
}

void stay(struct demo *d)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t ends;
    int which;
    sigemptyset(&ends);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        signal(signals[i], SIG_DFL); /* a shell may have us ignore Ctrl-C */
        sigaddset(&ends, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &ends, NULL);
    printf("\nBoth servers stay. Point any mail client at them:\n");
    show_server(d->a, "alice@a.test", alice_password);
    show_server(d->b, "bob@b.test", bob_password);
    printf("\n   also dave@a.test and carol@b.test, with the passwords of their neighbours\n");
    printf("   CA to trust     %s\n", world_ca(d->world));
    printf("   for example     curl --cacert %s -u 'bob@b.test:%s' 'imaps://%s:%d/INBOX?ALL'\n",
           world_ca(d->world), bob_password, server_address(d->b), PORT_IMAPS);
    printf("\nCtrl-C ends both and removes everything.\n");
    sigwait(&ends, &which);
    printf("\nending\n");
}
