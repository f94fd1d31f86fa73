/* Reads a text for the names that tell of a secret, by an automaton: four parts of it at a time, each a step in turn.
 *
 * A step waits for what the one before it loads; four that do not depend on each other take the time of one. What the automaton
 * knows of the bytes before a part is that of the longest name: it begins so far before. */

#include "automata.h"
#include "names.h"

#define SHORT 64 /* bytes that are not worth being parted */

/* Read `count` parts of `size` bytes. */
static void read_parts(struct names *names, unsigned count, size_t size)
{
    const struct automaton of = guard_names;
    const uint8_t *bytes = names->text.bytes + names->place;
    uint32_t states[NAME_PARTS];
    for (unsigned part = 0; part < count; part++) {
        size_t begin = part * size, known = names->place + begin < NAME_MAX ? names->place + begin : NAME_MAX;
        states[part] = of.start;
        names->counts[part] = 0;
        for (const uint8_t *byte = bytes + begin - known; byte < bytes + begin; byte++)
            states[part] = step(&of, states[part], *byte);
    }
    for (size_t place = 0; place < size; place++)
        for (unsigned part = 0; part < count; part++) {
            states[part] = step(&of, states[part], bytes[part * size + place]);
            if (states[part] >= of.accepting)
                names->ends[part][names->counts[part]++] = (uint32_t)(names->place + part * size + place + 1);
        }
    for (unsigned part = count; part < NAME_PARTS; part++)
        names->counts[part] = 0;
    names->part = names->index = 0;
    names->place += count * size;
}

void guard_read_names(struct names *names, struct text text, size_t from)
{
    names->text = text;
    names->place = from;
    names->part = NAME_PARTS;
}

size_t guard_next_name(struct names *names)
{
    for (;;) {
        for (; names->part < NAME_PARTS; names->part++, names->index = 0)
            if (names->index < names->counts[names->part])
                return names->ends[names->part][names->index++];
        size_t left = names->text.length - names->place;
        if (!left)
            return 0;
        if (left < SHORT)
            read_parts(names, 1, left);
        else
            read_parts(names, NAME_PARTS, left / NAME_PARTS < NAME_PART ? left / NAME_PARTS : NAME_PART);
    }
}
