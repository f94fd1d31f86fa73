/* What guardcli/masking/compiled/finders.py hands over: how the secret around a trigger is found. */

#ifndef GUARD_FINDERS_H
#define GUARD_FINDERS_H

#include "identifiers.h"
#include "programs.h"

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

/* Judge a value by the finder's question and its two expressions, or by the question alone; PERHAPS where its detector must
 * be asked. */
struct effort;
enum answer guard_judge(const struct finder *finder, struct text value, struct effort *effort);
enum answer guard_answer(const struct finder *finder, struct text value);

/* Tell whether a name beside the value that begins at `start` says that it is public. */
enum outcome guard_is_public(const struct finder *finder, struct text text, size_t start, struct effort *effort);

/* Return where the line of `at` begins or ends, or what lies `most` bytes before or behind. */
size_t guard_line_start(struct text text, size_t at, size_t most);
size_t guard_line_end(struct text text, size_t at, size_t most);

#endif
