/* What finders search a line with, and how far they have looked. */

#ifndef GUARD_SEARCHES_H
#define GUARD_SEARCHES_H

#include "finders.h"

#define BEHIND 400 /* bytes of a line that are looked at before the end of a trigger */
#define STEP 256 /* bytes of a line that are searched for leads together */

/* How far the heads of a form have been looked for: those that begin before `next` are known, the last in `head`. Where a
 * form has a lead, it is the one in `lead`, and its heads that begin before `after` are known. */
struct cursor {
    size_t next, after;
    bool known, led;
    struct match head, lead;
};

/* How far one line was last searched for a whole: from `origin` on up to before `next`, for a trigger that ended at `at`;
 * from `low` to there each place was tried and none begins one. */
struct walk {
    const struct finder *finder;
    size_t line, origin, low, next, at;
};

/* What was last seen of a value: `start` is one more than where it was looked for, 0 where none was. */
struct seen {
    size_t start;
    enum outcome outcome;
    struct match match;
};

struct search {
    struct text text;
    size_t at;
    struct effort *effort;
    bool unsure; /* of what is found the detector must be asked */
    struct cursor *cursor;
    struct walk *walk;
    struct seen seen;
};

static inline enum outcome guard_tell(bool found) { return found ? FOUND : NOTHING; }

/* Tell whether a value is what the finder looks for, or may be: `unsure` says so then. */
static inline bool guard_is_secret(const struct finder *finder, struct search *search, struct text value)
{
    enum answer answer = guard_judge(finder, value, search->effort);
    search->unsure = answer == PERHAPS;
    return answer != NO;
}

/* Of forms.c: find the value of a form whose trigger ended at the search's place. */
enum outcome guard_find_form(const struct finder *finder, struct search *search, struct match *match);

#endif
