/* options.h - what the command line of a crash test that goes in rounds may say. */
#ifndef CRASH_OPTIONS_H
#define CRASH_OPTIONS_H

/* "--rounds N --seed S"; *rounds stays if it is not said, and the seed is then the time. */
void options_read(int argc, char **argv, int *rounds, unsigned *seed);

#endif
