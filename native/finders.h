/* What guardcli/masking/compiled/finders.py hands over: how the secret around a trigger is found. */

#ifndef GUARD_FINDERS_H
#define GUARD_FINDERS_H

#include "guard_mask.h"

#define DISTANCES 6 /* an even number: no room is left before the addresses */

/* As guardcli.masking.compiled.finders.Finder. Programs that it has not are null. */
struct finder {
    uint32_t way, ahead, question, whole, behind[DISTANCES];
    const uint32_t *head, *value, *wants, *declines, *against, *lead;
    const struct plans *plans; /* of telephone numbers */
};

/* Of a trigger: who finds, null where Python does, and as of which rank. */
struct entry {
    const struct finder *finder;
    uint64_t rank;
};

/* Tell whether a value is what the finder looks for, by its question and its two expressions; or may be, where its detector
 * must be asked. */
bool guard_is_secret(const struct finder *finder, struct text value);
bool guard_is_unsure(const struct finder *finder, struct text value);

#endif
