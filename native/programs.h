/* Programs of guardcli/masking/compiled/programs.py, which match as Python's `re` does. */

#ifndef GUARD_PROGRAMS_H
#define GUARD_PROGRAMS_H

#include "guard_mask.h"

#define STEPS_MAX 65536 /* of all that is tried for one finding */
#define RUNS 8

/* A stretch of the text whose bytes are all of one set, as far as it has been read; `ended`: the byte behind is of no such. */
struct stretch {
    const uint32_t *members;
    const uint8_t *from, *to;
    bool ended;
};

/* What is spent on a text, and what was read of it. */
struct effort {
    unsigned steps, most;
    struct stretch stretches[RUNS];
};

/* What is said of an attempt: EXHAUSTED where it would take too many steps or too much room. */
enum outcome { NOTHING, FOUND, EXHAUSTED };

/* Where a match begins and ends, and its last group; where it has none, all of it. */
struct match {
    size_t begin, end, start, stop;
};

/* Match at `from`, the `whole` of the text or a part. What it takes is added to `effort`, for one attempt or many. */
enum outcome guard_run(const uint32_t *program, struct text text, size_t from, bool whole, struct effort *effort,
                       struct match *match);

/* Match at the first place from `from` to `last` where it can be. */
enum outcome guard_search(const uint32_t *program, struct text text, size_t from, size_t last, struct effort *effort,
                          struct match *match);

/* Tell whether a byte of a set of the program stands at `place`, or the end where the set has it. */
static inline bool is_of_set(const uint32_t *program, uint32_t set, struct text text, size_t place)
{
    unsigned byte = place < text.length ? text.bytes[place] : 256;
    return program[set + byte / 32] >> byte % 32 & 1;
}

#endif
