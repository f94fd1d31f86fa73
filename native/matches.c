/* Finds what a policy's own pattern matches, by an automaton of guardcli/masking/compiled/automata.py: the longest of the leftmost. */

#include "automata.h"
#include "values.h"

/* Return where the longest match at `place` ends, or `place`; none goes beyond a newline. */
static size_t longest(struct text text, size_t place, const struct automaton *of, uint64_t *steps)
{
    uint32_t state = of->start;
    size_t end = place;
    for (size_t next = place; next < text.length && text.bytes[next] != '\n'; next++, ++*steps) {
        if (!(state = step(of, state, text.bytes[next])))
            break;
        if (state >= of->accepting)
            end = next + 1;
    }
    return end;
}

/* Write what `pattern` matches that begins from `base` on, as of `rank`; after so many matches the rest of the text is one.
 * Return how many there are, also beyond `most`; SIZE_MAX where it would take more steps than are enough, and where one
 * is so long that more may belong to it. */
EXPORT size_t guard_matches(const uint8_t *bytes, size_t length, size_t base, uint8_t rank, const struct pattern *pattern,
                            struct span *found, size_t most)
{
    struct text text = {bytes, length};
    struct automaton of = {pattern->classes, pattern->rows, pattern->start, pattern->accepting};
    uint64_t steps = 0, matches = 0;
    size_t count = 0, place = 0;
    while (place < length) {
        size_t end = matches == pattern->matches ? length : longest(text, place, &of, &steps);
        if (steps > pattern->steps || (end - place >= OVERLONG && matches < pattern->matches))
            return SIZE_MAX;
        if (end == place) {
            place++;
            continue;
        }
        matches++;
        if (place >= base && count++ < most)
            found[count - 1] = (struct span){.start = (uint32_t)place, .end = (uint32_t)end, .rank = rank};
        place = end;
    }
    return count;
}
