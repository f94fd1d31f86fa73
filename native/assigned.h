/* What the parts of assigned.c share: before.c, quoted.c and signs.c, where each function is explained. */

#ifndef GUARD_ASSIGNED_H
#define GUARD_ASSIGNED_H

#include <string.h>

#include "guard_mask.h"

#define WINDOW 200 /* bytes of the line before a sign that are looked at */
#define VALUE_MAX 8192

static inline struct text part(struct text text, size_t start, size_t end) { return (struct text){text.bytes + start, end - start}; }

static inline bool is_among(int byte, const char *bytes) { return byte > 0 && strchr(bytes, byte) != NULL; }

static inline int last(struct text text) { return text.length ? text.bytes[text.length - 1] : -1; }

static inline size_t back_to(struct text text, size_t low, size_t high, int byte)
{
    while (high > low && text.bytes[high - 1] != byte)
        high--;
    return high > low ? high - 1 : SIZE_MAX;
}

static inline bool is_found(size_t start, size_t end, struct span *span)
{
    *span = (struct span){.start = (uint32_t)start, .end = (uint32_t)end};
    return true;
}

/* before.c; `before` is the line up to the sign, or its last WINDOW bytes. */
struct text guard_two_words(struct text name, uint8_t *room);
bool guard_is_open(struct text before, uint8_t quote);
bool guard_is_head(struct text before);
bool guard_has_sentence(struct text before);
bool guard_is_variable(struct text before);
bool guard_is_listed(struct text before);
bool guard_is_bare_token(struct text before);

/* quoted.c */
size_t guard_escapes(struct text text, size_t place);
size_t guard_string_prefix(struct text text, size_t after);
bool guard_take_string(struct text text, size_t open, bool formatted, bool strict, struct span *span);

/* signs.c: write where signs end behind which something may be assigned to a name, in order, for values from `base` on: those
 * behind names on earlier lines than the last before it may be left out. Return how many there are: beyond `most` they are
 * counted only, and those written are in no order. */
size_t guard_signs(struct text text, size_t base, uint32_t *signs, size_t most);

#endif
