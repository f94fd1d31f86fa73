/* Leads followers from line to line, over as many lines as there are, and finds where what they follow begins. */

#define _GNU_SOURCE

#include <string.h>

#include "automata.h"
#include "followers.h"

#define LONG_LINE 32768 /* as in spans.py */
#define REACH 1000      /* bytes of a line before its end that are read */

struct follows {
    bool (*line)(struct walk *, struct row);
    bool (*begins)(struct walk *, struct row);
};

static const struct follows all[] = {
    [ANNOUNCED] = {guard_announced_line, guard_announces},
    [BARS] = {guard_bars_line, guard_bars_begin},
    [SECRET_DATA] = {guard_data_line, guard_data_begins},
    [KEY_BLOCK] = {guard_key_line, guard_key_begins},
    [BLOCK_SCALAR] = {guard_scalar_line, guard_scalar_begins},
};

bool guard_add(struct walk *walk, size_t start, size_t end, bool drop)
{
    if (walk->count == walk->most) {
        walk->led->full = 1;
        return false;
    }
    walk->found[walk->count++] = (struct span){
        .start = (uint32_t)start, .end = (uint32_t)end, .rank = (uint8_t)walk->led->rank, .drop = drop};
    return true;
}

/* A text begins as if a line break stood before it. */
bool guard_ends_so(const struct automaton *form, struct text text, size_t end)
{
    uint32_t state = form->start;
    size_t low = end > REACH ? end - REACH : 0;
    for (size_t place = end; place > low;)
        if ((state = step(form, state, text.bytes[--place])) >= form->accepting)
            return true;
        else if (!state)
            return false;
    return !low && step(form, state, '\n') >= form->accepting;
}

/* Return the line whose newline is at `end`. */
static struct row line_before(const uint8_t *bytes, size_t end)
{
    const uint8_t *newline = end ? memrchr(bytes, '\n', end) : NULL;
    size_t start = newline ? (size_t)(newline - bytes) + 1 : 0;
    return (struct row){{bytes + start, end - start}, start};
}

/* Judge the lines from `place` on, or with `cut` the head of one; return where the first line is that somebody else must judge.
 * What the line before it announces may not be known then, so it is looked at once more. */
EXPORT size_t guard_led(const uint8_t *bytes, size_t length, size_t place, struct led *led, struct span *found, size_t most,
                        size_t *count)
{
    struct walk walk = {.text = {bytes, length}, .led = led, .found = found, .most = most};
    const struct follows *follows = all + led->kind;
    led->full = led->wanted = 0;
    *count = 0;
    if (place && !led->cut && bytes[place - 1] == '\n' && !follows->begins(&walk, line_before(bytes, place - 1)))
        return place;
    while (place < length) {
        const uint8_t *newline = led->cut ? NULL : memchr(bytes + place, '\n', length - place);
        size_t end = newline ? (size_t)(newline - bytes) : length;
        struct row row = {{bytes + place, end - place}, place};
        if (led->waits) {
            struct led before = *led;
            if ((row.text.length > LONG_LINE && !led->cut) || !follows->line(&walk, row)) {
                before.full = led->full;
                *led = before;
                break;
            }
            *count = walk.count;
        }
        place = newline ? end + 1 : end;
        if (newline && !follows->begins(&walk, row))
            break;
    }
    return place;
}
