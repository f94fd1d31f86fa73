/* Whether digits are a telephone number that somebody has: what the Python library phonenumbers says of them. */

#ifndef GUARD_TELEPHONES_H
#define GUARD_TELEPHONES_H

#include "automata.h"
#include "identifiers.h"

#define CODES 1000
#define HOMES 20

/* What guardcli/masking/compiled/numbering.py packs: of a region the leading digits that say that a number is its own, all its
 * numbers, those of a kind that is known, and a bit for each length that numbers have, or those that are dialled nearby. */
struct region {
    const uint32_t *leading;
    struct automaton general, kinds;
    uint64_t lengths, local;
};

/* Of a country's code: what is dialled before a number, within the country and to leave it; the regions, the main one first.
 * `changes` says that what stands before a number may change the rest. */
struct plan {
    const uint32_t *prefix, *abroad;
    const struct region *regions;
    uint32_t code, changes, count, unused;
};

/* `known` has the codes that there are; a plan that nobody made yet is null. */
struct plans {
    const struct plan *of[CODES], *homes[HOMES];
    uint8_t known[CODES], ready;
};

/* Tell whether it is a number in some of the `homes`, or one with 00 before the country's code, or else an `american` one;
 * PERHAPS where the library must be asked. */
enum answer guard_is_telephone(const struct plans *plans, struct text number, bool american);

#endif
