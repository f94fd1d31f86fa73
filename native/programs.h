/* Programs of guardcli/masking/compiled/programs.py, which match as Python's `re` does. */

#ifndef GUARD_PROGRAMS_H
#define GUARD_PROGRAMS_H

#include "guard_mask.h"

/* What is said of an attempt: EXHAUSTED where it would take too many steps or too much room. */
#define STEPS_MAX 65536 /* of all that is tried for one finding */

enum outcome { NOTHING, FOUND, EXHAUSTED };

/* Where a match begins and ends, and its last group; where it has none, all of it. */
struct match {
    size_t begin, end, start, stop;
};

/* Match at `from`, the `whole` of the text or a part. `steps` counts down, for one attempt or many. */
enum outcome guard_run(const uint32_t *program, struct text text, size_t from, bool whole, unsigned *steps,
                       struct match *match);

/* Match at the first place from `from` to `last` where it can be. */
enum outcome guard_search(const uint32_t *program, struct text text, size_t from, size_t last, unsigned *steps,
                          struct match *match);

#endif
