/* memory.h - how much memory the real process has, and how much of it there is.
 *
 * What counts is what the process itself asked for: pages of mapped files, the index among them, are
 * the system's to take back, and are not counted.
 */
#ifndef RUN_MEMORY_H
#define RUN_MEMORY_H

#include <stdint.h>

/* Before the sandbox, which lets nobody open these files later. */
void memory_open(void);
/* Bytes of the machine, or of the control group that the process is in, if that has fewer. 0: not known. */
uint64_t memory_of_machine(void);
/* Bytes that the process has now; 0: not known. */
uint64_t memory_resident(void);
/* From now on it is measured every second against the ceiling (base/purse.h), and what has become free is
 * given back to the system when nothing grows any more. On a thread of its own; without one the log says that
 * nothing is measured. */
struct seam;
struct memory_watch;
struct memory_watch *memory_watch_start(struct seam *seam, uint64_t ceiling_bytes);
void memory_watch_end(struct memory_watch *w); /* NULL is fine */

/* Sets the gauges of memory (base/metric.h). Some 100 us, more with a torn heap. */
void memory_measure(void);

#endif
