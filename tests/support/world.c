/* world.c - a test's folder, its loopback network, its certificate authority and its name server.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "support/fail.h"
#include "support/world_int.h"

_Noreturn void fail_now(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fprintf(stderr, "\nFAILED: ");
    vfprintf(stderr, format, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    fflush(NULL);
    abort();
}

static void command(struct world *w, const char *what, const char *const *argv)
{
    static char output[16384];
    (void)w;
    if (run_program(argv, NULL, output, sizeof output, 60))
        fail_now("%s failed:\n%s", what, output);
}

/* --- certificates ----------------------------------------------------------------------------- */

static void make_ca(struct world *w)
{
    char key[600];
    snprintf(w->ca, sizeof w->ca, "%s/ca.pem", w->dir);
    snprintf(key, sizeof key, "%s/ca.key", w->dir);
    command(w, "making the CA",
            (const char *const[]){ "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                   "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                                   w->ca, "-days", "30", "-subj", "/CN=Posthorn test CA", NULL });
}

void world_certificate(struct world *w, const char *host, const char *address, char cert[512],
                       char key[512])
{
    char request[600], extensions[600], text[256], ca_key[600];
    snprintf(cert, 512, "%s/%s.pem", w->dir, host);
    snprintf(key, 512, "%s/%s.key", w->dir, host);
    snprintf(request, sizeof request, "%s/%s.csr", w->dir, host);
    snprintf(extensions, sizeof extensions, "%s/%s.ext", w->dir, host);
    snprintf(text, sizeof text, "subjectAltName=DNS:%s,DNS:localhost,IP:%s\n", host, address);
    snprintf(ca_key, sizeof ca_key, "%s/ca.key", w->dir);
    file_write(extensions, text);
    snprintf(text, sizeof text, "/CN=%s", host);
    command(w, "asking for a certificate",
            (const char *const[]){ "openssl", "req", "-newkey", "ec", "-pkeyopt",
                                   "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
                                   request, "-subj", text, NULL });
    command(w, "signing a certificate",
            (const char *const[]){ "openssl", "x509", "-req", "-in", request, "-CA", w->ca,
                                   "-CAkey", ca_key, "-CAcreateserial", "-out", cert, "-days", "30",
                                   "-extfile", extensions, NULL });
}

/* --- the world -------------------------------------------------------------------------------- */

struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    unsigned pid = (unsigned)getpid();
    snprintf(w->dir, sizeof w->dir, "/tmp/posthorn-test-XXXXXX");
    if (!mkdtemp(w->dir)) fail_now("mkdtemp: %m");
    chmod(w->dir, 0755); /* peers run as users of their own */
    w->net[0] = (unsigned char)(64 + pid / 250 % 128);
    w->net[1] = (unsigned char)(1 + pid % 250);
    make_ca(w);
    return w;
}

const char *world_address(const struct world *w, int host, char text[16])
{
    snprintf(text, 16, "127.%u.%u.%d", w->net[0], w->net[1], host);
    return text;
}

const char *world_dir(const struct world *w)
{
    return w->dir;
}

const char *world_ca(const struct world *w)
{
    return w->ca;
}

void world_keep(struct world *w)
{
    w->keep = true;
}

void world_free(struct world *w)
{
    static char output[4096];
    while (w->servers)
        server_free(w->servers);
    world_dns_stop(w);
    if (w->keep)
        fprintf(stderr, "kept: %s\n", w->dir);
    else
        run_program((const char *const[]){ "rm", "-rf", w->dir, NULL }, NULL, output, sizeof output,
                    60);
    free(w);
}

/* --- names ------------------------------------------------------------------------------------ */

void world_zone(struct world *w, const char *domain, const char *rest)
{
    char path[700], text[10000];
    snprintf(path, sizeof path, "%s/dns", w->dir);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/dns/zones", w->dir);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/dns/zones/%s.zone", w->dir, domain);
    snprintf(text, sizeof text,
             "$ORIGIN %s.\n$TTL 5\n@ IN SOA ns hostmaster 1 60 60 60 5\n@ IN NS ns\nns IN A "
             "127.%u.%u.1\n%s",
             domain, w->net[0], w->net[1], rest);
    file_write(path, text);
}

/* Does the name server answer? Any reply at all will do. */
static bool dns_answers(void *arg)
{
    struct world *w = arg;
    static const unsigned char question[] = "\x12\x34\x01\0\0\1\0\0\0\0\0\0\1a\4test\0\0\x0f\0\1";
    char text[16], reply[512];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT_DNS) };
    struct timeval wait = { .tv_usec = 100000 };
    inet_pton(AF_INET, world_address(w, 1, text), &to.sin_addr);
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    bool ok = sendto(s, question, sizeof question - 1, 0, (struct sockaddr *)&to, sizeof to) > 0 &&
              recv(s, reply, sizeof reply, 0) > 0;
    close(s);
    return ok;
}

/* Unless the test has written its own. */
static void zone(struct world *w, const char *domain, const char *rest)
{
    char path[700];
    snprintf(path, sizeof path, "%s/dns/zones/%s.zone", w->dir, domain);
    if (access(path, F_OK)) world_zone(w, domain, rest);
}

static void zones(struct world *w)
{
    char text[512];
    for (int i = 0; i < 2; i++) {
        const char *domain = i ? "b.test" : "a.test";
        snprintf(text, sizeof text, "@ IN MX 10 mail\nmail IN A 127.%u.%u.%d\n", w->net[0],
                 w->net[1], 2 + i);
        zone(w, domain, text);
    }
    zone(w, "c.test", "@ IN MX 0 .\n");
    snprintf(text, sizeof text, "@ IN MX 10 mail\nmail IN A 127.%u.%u.250\n", w->net[0], w->net[1]);
    zone(w, "d.test", text);
    snprintf(text, sizeof text, "@ IN MX 10 mail\nmail IN A 127.%u.%u.9\n", w->net[0], w->net[1]);
    zone(w, "peer.test", text); /* another program's server: host 9 */
}

void world_dns_start(struct world *w)
{
    char listen[32], address[16], port[32], dir[600], script[600];
    zones(w);
    snprintf(listen, sizeof listen, "listen=%s", world_address(w, 1, address));
    snprintf(port, sizeof port, "port=%d", PORT_DNS);
    snprintf(dir, sizeof dir, "%s/dns", w->dir);
    snprintf(script, sizeof script, "%s/tools/peers.sh", SOURCE_DIR);
    command(w, "unpacking nsd", (const char *const[]){ script, "unpack", "nsd", NULL });
    w->dns = peer_start(w, "nsd",
                        (const char *const[]){ script, "run", "nsd", dir, listen, port, NULL });
    if (!wait_until(dns_answers, w, 20))
        fail_now("the name server does not answer; see %s", peer_log(w->dns));
}

void world_dns_stop(struct world *w)
{
    if (w->dns) peer_stop(w->dns, SIGTERM);
    w->dns = NULL;
}
