/* The signs behind names that tell of a secret: `=`, `:`, `=>`, those behind a type, the blank behind an option. */

#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "assigned.h"
#include "automata.h"
#include "names.h"
#include "values.h"

/* Add where a sign ends that follows a name that ends at `end`; what is beyond `most` is counted and not written. */
static size_t add_signs(struct text text, size_t from, size_t end, uint32_t *signs, size_t count, size_t most)
{
    static const struct automaton *const tails[] = {&guard_signed, &guard_typed};
    struct text name = part(text, from, end);
    int next = at(text, end);
    if (next < 0 || (is(next, ALPHA) && !is(next, DIGIT)))
        return count;
    for (size_t index = 0; index < 2; index++) {
        uint32_t state = tails[index]->start;
        for (size_t place = end; state && place < text.length; place++)
            if ((state = step(tails[index], state, text.bytes[place])) >= tails[index]->accepting && count++ < most)
                signs[count - 1] = (uint32_t)(place + 1);
    }
    if (is_blank(next) && ends(&guard_long_option, name) && count++ < most)
        signs[count - 1] = (uint32_t)(end + 1);
    if (!is_blank(next) && next != '_' && next != '-' && !is(next, DIGIT))
        return count;
    uint32_t state = guard_flagged.start;
    for (size_t place = end; state && place < text.length; place++)
        if ((state = step(&guard_flagged, state, text.bytes[place])) >= guard_flagged.accepting && ends(&guard_option, name)
            && count++ < most)
            signs[count - 1] = (uint32_t)(place + 1);
    return count;
}

static int by_number(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

/* Return where the line before that of `place` begins, or its own where it is the first. */
static size_t line_before(struct text text, size_t place)
{
    for (unsigned lines = 0; lines < 2 && place; lines++) {
        const uint8_t *newline = memrchr(text.bytes, '\n', lines ? place - 1 : place);
        place = newline ? (size_t)(newline - text.bytes) + 1 : 0;
    }
    return place;
}

size_t guard_signs(struct text text, size_t base, uint32_t *signs, size_t most)
{
    size_t count = 0;
    struct names names;
    guard_read_names(&names, text, line_before(text, base));
    for (size_t end; (end = guard_next_name(&names));)
        count = add_signs(text, end > 128 ? end - 129 : 0, end, signs, count, most);
    for (size_t index = 1; count <= most && index < count; index++)
        if (signs[index] < signs[index - 1]) {
            qsort(signs, count, sizeof *signs, by_number);
            break;
        }
    return count;
}
