/* What guardcli/masking/compiled/beginnings.py hands over: words, and who looks at what begins with them. */

#ifndef GUARD_BEGINNINGS_H
#define GUARD_BEGINNINGS_H

#include "finders.h"

#define NO_BEGINNING UINT16_MAX

/* What may begin where a word ends: who finds it, and how long the word is. */
struct beginning {
    uint16_t finder, length;
};

/* A row of the automaton holds where the next state's row begins, and at `width`, its last place, where the beginnings of its
 * own state are among `ends`: those of states from `accepting` on, NO_BEGINNING behind the last one of each. `entries` has
 * a finder only where its trigger was there. */
struct beginnings {
    const uint8_t *classes;
    const uint32_t *rows;
    const struct beginning *ends;
    const struct entry *entries;
    uint32_t accepting, width;
};

#endif
