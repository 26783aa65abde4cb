/* server.h - a server at the other end of the control socket, whether one runs or not. */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

#include "cli/cli.h"

/* Runs talk(arg, why) on a fiber while a server answers on the control socket: the one that runs, or
 * one beside us that opens the store as its owner, for so long. talk returns ERR_NOTFOUND, with
 * nothing in why, when nobody listens; it is then called once more. What it returned; why is in words
 * unless it was OK. */
typedef enum err cli_talk(void *arg, struct buf *why); /* Waits. */
enum err cli_with_server(struct cli *cli, cli_talk *talk, void *arg, struct buf *why) MUST_CHECK;

#endif
