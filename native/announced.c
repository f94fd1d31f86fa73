/* Follows lines that announce a value on one of the next: guardcli/masking/followers/announced.py says which, and what the
 * value looks like; guardcli/masking/forms/lineends.py how such lines end. */

#define _GNU_SOURCE

#include <string.h>

#include "automata.h"
#include "finders.h"
#include "followers.h"
#include "programs.h"
#include "values.h"

#define NEXT_VALUE 0 /* the question of what stands beside a word like `value`: no other question is of this number there */

/* Tell whether what stands behind the word is secret, in quotes or without: there, code is none. */
static bool is_next_value(struct text line, struct text value)
{
    int before = value.bytes > line.bytes ? value.bytes[-1] : -1;
    if (*value.bytes == '$' || !guard_is_secret_string(value, false, true))
        return false;
    if (before == '"' || before == '\'')
        return true;
    struct text inner = line;
    while (inner.length && is_space(*inner.bytes)) {
        inner.bytes++;
        inner.length--;
    }
    while (inner.length && is_space(inner.bytes[inner.length - 1]))
        inner.length--;
    int first = at(inner, 0), last = inner.length ? inner.bytes[inner.length - 1] : -1;
    const uint8_t *place = memmem(line.bytes, line.length, value.bytes, value.length);
    bool assigned = memchr(line.bytes, '=', (size_t)(place - line.bytes));
    bool code = first == '"' || first == '\'' || last == ',' || last == ';' || assigned;
    return guard_is_secret_word(value, -1, code, false, false);
}

static bool is_secret(const struct announcement *one, struct text line, struct text value, struct effort *effort)
{
    struct finder asks = {.question = one->question, .wants = one->wants, .declines = one->declines};
    if (!value.length)
        return false;
    return one->question == NEXT_VALUE ? is_next_value(line, value) : guard_judge(&asks, value, effort) == YES;
}

/* Judge a line that may hold the value; `stays` tells whether the next one may hold it, too. */
static bool judge(struct walk *walk, const struct announcement *one, struct row row, bool *stays)
{
    struct match match;
    struct effort effort = {.most = STEPS_MAX};
    size_t end = row.start + row.text.length;
    enum outcome outcome = guard_run(one->value, row.text, 0, true, &effort, &match);
    *stays = false;
    if (outcome == EXHAUSTED)
        return guard_add(walk, row.start, end, false);
    if (outcome == FOUND) {
        struct text value = {row.text.bytes + match.start, match.stop - match.start};
        bool secret = is_secret(one, row.text, value, &effort);
        *stays = one->many;
        if (secret && !guard_add(walk, row.start + match.start, walk->led->cut ? end : row.start + match.stop, false))
            return false;
        if (secret || one->many || one->final)
            return true;
    }
    *stays = guard_run(one->last, row.text, 0, true, &effort, &match) != FOUND;
    return true;
}

bool guard_announced_line(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    size_t count = walk->count;
    uint64_t waiting = led->state.announced.waiting;
    for (uint64_t left = waiting; left; left &= left - 1) {
        size_t number = (size_t)__builtin_ctzll(left);
        bool stays;
        if (!judge(walk, led->announcements->all + number, row, &stays)) {
            walk->count = count;
            return false;
        }
        if (--led->state.announced.left[number] == 0 || !stays) {
            led->state.announced.left[number] = 0;
            led->state.announced.waiting &= ~(UINT64_C(1) << number);
        }
    }
    led->waits = led->state.announced.waiting != 0;
    return true;
}

bool guard_announces(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    const struct announcements *announcements = led->announcements;
    size_t end = row.start + row.text.length, last;
    end -= row.text.length && row.text.bytes[row.text.length - 1] == '\r';
    for (last = end; last > row.start && is_blank(walk->text.bytes[last - 1]);)
        last--;
    if (last == row.start)
        return true;
    for (uint64_t left = guard_line_ends_last[walk->text.bytes[last - 1]]; left; left &= left - 1) {
        size_t form = (size_t)__builtin_ctzll(left), number = announcements->ends[form];
        if (!number-- || led->state.announced.left[number] || !guard_ends_so(guard_line_ends[form], walk->text, end))
            continue;
        if (!announcements->all[number].value) {
            led->wanted = (uint32_t)number + 1;
            return false;
        }
        led->state.announced.left[number] = (uint8_t)announcements->all[number].lines;
        led->state.announced.waiting |= UINT64_C(1) << number;
        led->waits = 1;
    }
    return true;
}
