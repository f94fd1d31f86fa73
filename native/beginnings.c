/* Finds what begins with one of some words, wherever it stands, in one reading of the text for all that may be there: by
 * the automaton that guardcli/masking/compiled/beginnings.py makes of the words. */

#include "beginnings.h"
#include "values.h"

#define BEFORE 400 /* bytes of a line that go with a secret that cannot be told within the steps there are */

struct room {
    struct span *spans;
    size_t count, most;
};

static void put(struct room *room, struct span span)
{
    if (room->count++ < room->most)
        room->spans[room->count - 1] = span;
}

/* Look at what begins at `place`; say in `done` where it ends. */
static void look(const struct entry *entry, struct text text, size_t place, size_t base, struct room *found,
                 struct room *unsure, size_t *done)
{
    const struct finder *finder = entry->finder;
    struct match match;
    struct effort effort = {.most = STEPS_MAX};
    enum answer answer = YES;
    enum outcome outcome = guard_run(finder->value, text, place, false, &effort, &match);
    if (outcome == FOUND) {
        struct text value = {text.bytes + match.start, match.stop - match.start};
        if ((answer = guard_judge(finder, value, &effort)) != NO)
            outcome = guard_is_public(finder, text, match.start, &effort);
        outcome = outcome == FOUND ? NOTHING : outcome == NOTHING && answer != NO ? FOUND : outcome;
    }
    if (outcome == NOTHING)
        return;
    struct span span = {.start = (uint32_t)match.start, .end = (uint32_t)match.stop, .rank = (uint8_t)entry->rank};
    if (outcome == EXHAUSTED) {
        span.start = (uint32_t)guard_line_start(text, place, BEFORE);
        span.end = (uint32_t)guard_line_end(text, place, text.length);
    } else if (answer == PERHAPS) {
        span.start = (uint32_t)match.begin;
        span.end = (uint32_t)match.end;
    } else if (span.end - span.start >= OVERLONG) {
        guard_extend(text, &span);
    }
    *done = span.end;
    if (answer == PERHAPS)
        put(unsure, span);
    else if (span.start >= base)
        put(found, span);
}

/* Find what begins in text[from:length] as `beginnings` say, and keep what is secret from `base` on. Return how much that is,
 * and in `*left` how many `places` of which the detector must be asked; what is beyond `most` is counted and not written. */
EXPORT size_t guard_beginnings(const uint8_t *bytes, size_t length, size_t from, size_t base,
                               const struct beginnings *beginnings, struct span *found, struct span *places, size_t *left,
                               size_t most)
{
    struct text text = {bytes, length};
    struct room sure = {found, 0, most}, unsure = {places, 0, most};
    size_t done[NO_RANK + 1] = {0};
    uint32_t state = 0;
    for (size_t place = from; place < length; place++) {
        state = beginnings->rows[state + beginnings->classes[bytes[place]]];
        if (state < beginnings->accepting)
            continue;
        const struct beginning *one = beginnings->ends + beginnings->rows[state + beginnings->width];
        for (; one->finder != NO_BEGINNING; one++) {
            const struct entry *entry = beginnings->entries + one->finder;
            size_t begin = place + 1 - one->length;
            if (entry->finder && begin >= done[entry->rank])
                look(entry, text, begin, base, &sure, &unsure, done + entry->rank);
        }
    }
    *left = unsure.count;
    return sure.count;
}
