/* control.h - where the control socket is: told to the server and to the command line alike. */
#ifndef POSTHORN_CONTROL_H
#define POSTHORN_CONTROL_H

#include "run/config.h"

/* False if the path does not fit a socket address. */
bool control_address(const struct config *c, struct netaddr *out);

#endif
