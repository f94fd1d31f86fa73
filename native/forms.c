/* Finds values behind a head, by the forms of guardcli/masking/compiled/finders.py. What a search has read of a line is not read
 * again for the next trigger. */

#include "searches.h"

#define NEAREST 4  /* bytes before that end in which a value begins that its form does not put further ahead */
#define BEYOND 2   /* bytes behind the place where a value may begin that its head may look at */

/* Match a value at `start` that reaches `at`, but behind a lead, and is judged to be secret. */
static enum outcome holds(const struct finder *finder, struct search *search, size_t start, struct match *match)
{
    struct seen *seen = &search->seen;
    if (seen->start != start + 1) {
        seen->start = start + 1;
        seen->outcome = guard_run(finder->value, search->text, start, false, search->effort, &seen->match);
        if (seen->outcome == FOUND) {
            struct text value = {search->text.bytes + seen->match.start, seen->match.stop - seen->match.start};
            seen->outcome = guard_tell((finder->lead || seen->match.end >= search->at) && guard_is_secret(finder, search, value));
        }
    }
    if (seen->outcome == FOUND)
        *match = seen->match;
    return seen->outcome;
}

/* Find the next head that begins up to `last`, behind a lead that is not far. */
static enum outcome next_head(const struct finder *finder, struct search *search, size_t last)
{
    struct cursor *cursor = search->cursor;
    if (!finder->lead) {
        enum outcome outcome = guard_search(finder->head, search->text, cursor->next, last, search->effort, &cursor->head);
        if (outcome == NOTHING && cursor->next <= last)
            cursor->next = last + 1;
        return outcome;
    }
    for (;;) {
        if (!cursor->led) {
            enum outcome outcome = guard_search(finder->lead, search->text, cursor->next, last, search->effort, &cursor->lead);
            if (outcome == NOTHING && cursor->next <= last)
                cursor->next = last + 1;
            if (outcome != FOUND)
                return outcome;
            cursor->led = true;
        }
        size_t from = cursor->after > cursor->lead.end ? cursor->after : cursor->lead.end;
        size_t most = cursor->lead.end + BEHIND + 1;
        enum outcome outcome = NOTHING;
        if (from <= most && from <= last)
            outcome = guard_search(finder->head, search->text, from, most < last ? most : last, search->effort, &cursor->head);
        if (outcome != NOTHING)
            return outcome;
        if (cursor->after <= most && cursor->after <= last)
            cursor->after = (most < last ? most : last) + 1;
        if (last <= most)
            return NOTHING;
        cursor->led = false;
        cursor->next = cursor->lead.begin + 1;
    }
}

/* Forget the head that is known; the next one begins from `after` on. */
static void go_on(struct cursor *cursor, size_t after)
{
    cursor->known = false;
    cursor->after = after;
    if (!cursor->led)
        cursor->next = after;
}

/* Find the first head from `place` to `high`, as far as a value may begin there, whose value holds. */
static enum outcome find_within(const struct finder *finder, struct search *search, size_t place, size_t high, size_t end,
                                struct match *match)
{
    struct text nearer = {search->text.bytes, high + BEYOND < end ? high + BEYOND : end};
    struct match head;
    while (place <= high) {
        enum outcome outcome = guard_search(finder->head, nearer, place, high, search->effort, &head);
        if (outcome == FOUND)
            outcome = head.end > high ? NOTHING : holds(finder, search, head.end, match);
        else
            return outcome;
        if (outcome != NOTHING)
            return outcome;
        place = head.begin + 1; /* another head may begin within one whose value is none */
    }
    return NOTHING;
}

/* Find the next head on the line, in order, whose value holds; it begins from `low` to `high`. */
static enum outcome find_next(const struct finder *finder, struct search *search, size_t low, size_t high, size_t end,
                              struct match *match)
{
    struct cursor *cursor = search->cursor;
    struct match shorter;
    enum outcome outcome;
    if (cursor->known && cursor->head.begin < low)
        go_on(cursor, low);
    if (cursor->led && cursor->lead.begin < low)
        cursor->led = false;
    if (!cursor->known && cursor->next < low)
        cursor->next = low;
    for (;;) {
        if (!cursor->known) {
            outcome = next_head(finder, search, high);
            if (outcome != FOUND)
                return outcome;
            cursor->known = true;
        }
        if (cursor->head.end > high && !finder->lead)
            return find_within(finder, search, cursor->head.begin, high, end, match);
        if (cursor->head.end > high) {
            struct text nearer = {search->text.bytes, high + BEYOND < end ? high + BEYOND : end};
            outcome = guard_run(finder->head, nearer, cursor->head.begin, false, search->effort, &shorter);
            return outcome != FOUND || shorter.end > high ? (outcome == EXHAUSTED ? EXHAUSTED : NOTHING)
                                                          : holds(finder, search, shorter.end, match);
        }
        outcome = holds(finder, search, cursor->head.end, match);
        if (outcome == FOUND && finder->lead)
            go_on(cursor, match->end);
        if (outcome != NOTHING)
            return outcome;
        go_on(cursor, cursor->head.begin + 1);
    }
}

/* Find the form whose value begins shortly before `at`, or within what the form allows behind it. On a long line a head
 * that began further back may have hidden one: where the next ones hold nothing, all near `at` are looked for. */
enum outcome guard_find_form(const struct finder *finder, struct search *search, struct match *match)
{
    struct text text = search->text;
    size_t at = search->at, end = guard_line_end(text, at, finder->ahead + BEYOND);
    size_t low = guard_line_start(text, at, finder->lead ? STEP + 2 * BEHIND : BEHIND); /* a lead reaches as far from the step before */
    size_t high = at + finder->ahead < end ? at + finder->ahead : finder->ahead ? end : at;
    enum outcome outcome = guard_tell(finder->ahead != 0);
    for (size_t back = 1; !outcome && back <= NEAREST && back <= at; back++)
        outcome = holds(finder, search, at - back, match);
    if (outcome != FOUND)
        return outcome;
    outcome = find_next(finder, search, low, high, end, match);
    if (outcome == NOTHING && !finder->lead && low && text.bytes[low - 1] != '\n')
        return find_within(finder, search, low, high, end, match);
    return outcome;
}
