/* Whether a value is a secret: what values.c tells, each explained there or in guardcli/masking/compiled/rightside.py. */

#ifndef GUARD_VALUES_H
#define GUARD_VALUES_H

#include "guard_mask.h"

static inline bool is_blank(int byte) { return byte == ' ' || byte == '\t'; }
static inline bool is_space(int byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }

/* Return how many different bytes there are. */
unsigned guard_variety(struct text value);

/* Return what a sign of base64 stands for (RFC 4648); -1 for another byte. */
static inline int guard_sextet(uint8_t byte)
{
    if (is(byte, ALPHA))
        return is(byte, UPPER) ? byte - 'A' : byte - 'a' + 26;
    if (is(byte, DIGIT))
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

bool guard_is_placeholder(struct text value);
bool guard_is_dummy(struct text value);
bool guard_is_chosen(struct text value);
/* One word in small letters (`rootpassword`), as people choose it and names in code are not. */
bool guard_is_small(struct text value);
bool guard_is_secret_string(struct text value, bool formatted, bool strict);
/* `following` is the byte behind the value, -1 at the end of the text. */
bool guard_is_secret_word(struct text value, int following, bool code, bool strict, bool shell);

/* Tell whether a value is base64 of text, or base64 that no word is like; with `cut` its end is missing. */
bool guard_is_encoded(struct text value, bool cut);

#define OVERLONG 8000 /* as BOUND of overlong.py: a value as long as this may go on */

/* Let a value that is longer than its form looks go on to where its quote, its line or its word ends. */
void guard_extend(struct text text, struct span *span);

#endif
