/* figures.h - what tests of budgets have in common: one server, its figures, what it answers.
 *
 * All of them fail the test when what they ask for is not there.
 */
#ifndef BUDGET_FIGURES_H
#define BUDGET_FIGURES_H

#include "support/chat.h"
#include "support/server.h"

extern struct world *world;
extern struct server *server;

/* The value of a line of `posthorn metrics`, by all that stands before it. */
long long metric(const char *name);
/* How often this budget struck. */
long long struck(const char *budget);

struct chat *to(int port);
/* The next line begins so. */
void expect(struct chat *c, const char *words);
/* After whatever else is said there is such a line, and then the end. */
void expect_last(struct chat *c, const char *words);
void send_much(struct chat *c, char byte, size_t n);

#endif
