/* Where names that tell of a secret end in a text. */

#ifndef GUARD_NAMES_H
#define GUARD_NAMES_H

#include "guard_mask.h"

#define NAME_MAX 20 /* bytes of the longest name */
#define NAME_PARTS 4
#define NAME_PART 512

/* The ends in what was read last: `part` and `index` say which is the next one; `place` is where the rest begins. */
struct names {
    struct text text;
    size_t place;
    unsigned part, index, counts[NAME_PARTS];
    uint32_t ends[NAME_PARTS][NAME_PART];
};

/* Begin to read `text` at `from`; return where the next name ends, in order, 0 behind the last one. */
void guard_read_names(struct names *names, struct text text, size_t from);
size_t guard_next_name(struct names *names);

#endif
