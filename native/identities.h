/* Identifiers without their separators, and what each country says of its own. */

#ifndef GUARD_IDENTITIES_H
#define GUARD_IDENTITIES_H

#include "identifiers.h"

#define SIGNS 20

/* An identifier without its separators, and NULs behind it. */
struct id {
    uint8_t signs[SIGNS + 1];
    size_t length;
    struct text raw;
};

/* How many kinds there are, by the numbers of guardcli/masking/detectors/national_id.py and some more. */
unsigned guard_kinds_of_id(void);

/* Tell whether this kind counts also behind words that leave open whose it is. */
bool guard_is_anybodys(unsigned kind);

/* Judge an identifier, of `digits` alone or not, as one of this kind. */
enum answer guard_judge_id(unsigned kind, const struct id *id, bool digits);

/* Of identifiers.c: judge what some country would give out, written with or without separators and the name of the country. */
enum answer guard_of_anybody(const struct id *id);

#endif
