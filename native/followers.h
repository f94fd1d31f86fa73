/* What follows lines: a state between two of them, that says what becomes of the next. */

#ifndef GUARD_FOLLOWERS_H
#define GUARD_FOLLOWERS_H

#include "guard_mask.h"

#define ANNOUNCEMENTS 64
#define CELLS 1024 /* of a row between bars, that are looked at */

/* As Kind of guardcli/masking/followers/compiled.py. */
enum follower { ANNOUNCED, BARS, SECRET_DATA, KEY_BLOCK, BLOCK_SCALAR, FOLLOWERS };

/* Of a value that a line announces, as guardcli/masking/followers/announced.py has it: how many lines are looked at, whether
 * many of them may hold one, or the first that looks like it is the last; what tells that it is secret; programs for a line that
 * holds one, and for the last one. */
struct announcement {
    uint32_t lines, many, final, question;
    const uint32_t *value, *last, *wants, *declines;
};

/* All announcements, and which of them each end of a line is: 0 for none of them, or 1 more than its number. */
struct announcements {
    struct announcement all[ANNOUNCEMENTS];
    uint8_t ends[ANNOUNCEMENTS];
};

/* What guardcli/masking/followers/compiled.py packs. `cut` says that the text is the head of an over-long line; `wanted` is 1 more
 * than the number of the announcement whose programs must be made first; `full`, that there was no room for what was found;
 * `waits`, that somebody waits for the next line. */
struct led {
    uint32_t kind, rank, cut, wanted, full, waits;
    const struct announcements *announcements;
    union {
        struct {
            uint64_t waiting; /* a bit for each announcement */
            uint8_t left[ANNOUNCEMENTS]; /* lines that are looked at */
        } announced;
        struct {
            uint8_t telling[CELLS / 8]; /* a bit for each cell that is looked at */
        } bars;
        struct {
            uint32_t indent, entries, plain; /* how far the head and its entries are indented; whether values are plain text */
        } data;
        struct {
            uint32_t left, shown, prefix; /* lines; whether the label stands there; bytes before the marker */
        } key;
        struct {
            uint32_t indent; /* how far the name is indented */
        } scalar;
    } state;
};

/* A walk over lines. */
struct walk {
    struct text text;
    struct led *led;
    struct span *found;
    size_t count, most;
};

/* A line without its newline; `start` is its place in the text. */
struct row {
    struct text text;
    size_t start;
};

/* Add what goes; false where there is no room. */
bool guard_add(struct walk *walk, size_t start, size_t end, bool drop);

/* Judge a line that somebody waits for; false where the caller must help. Then, whoever waits, see whether something begins
 * behind the line. */
bool guard_announced_line(struct walk *walk, struct row row);
bool guard_announces(struct walk *walk, struct row row);
bool guard_bars_line(struct walk *walk, struct row row);
bool guard_bars_begin(struct walk *walk, struct row row);
bool guard_data_line(struct walk *walk, struct row row);
bool guard_data_begins(struct walk *walk, struct row row);
bool guard_key_line(struct walk *walk, struct row row);
bool guard_key_begins(struct walk *walk, struct row row);
bool guard_scalar_line(struct walk *walk, struct row row);
bool guard_scalar_begins(struct walk *walk, struct row row);

struct automaton;

/* Tell whether the line whose last byte is before `end` ends so, within the reach of such forms. */
bool guard_ends_so(const struct automaton *form, struct text text, size_t end);

#endif
