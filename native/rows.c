/* Rows of a result of PostgreSQL (its documentation, "Message Formats", DataRow): walked over, laid out, looked at.
 *
 * A message is a type byte and a length of 32 bits that counts itself; a row has the number of its values, then each
 * with its length before it, -1 for NULL. */

#include "guard_mask.h"

#include <string.h>

#define HEADER 5 /* type and length */
#define NONE ((size_t)-1)

static inline uint32_t number_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Returns where the whole messages of type `kind` end that follow on each other from `at` on, each with a length
 * between `least`, which is 4 or more, and `most`; `count` is how many there are. */
EXPORT size_t guard_messages(const uint8_t *bytes, size_t length, size_t at, uint8_t kind, uint32_t least, uint32_t most,
                             size_t *count)
{
    size_t found = 0;
    while (at < length && length - at >= HEADER && bytes[at] == kind) {
        uint32_t size = number_at(bytes + at + 1);
        if (size < least || size > most || size >= length - at)
            break;
        at += 1 + (size_t)size;
        found++;
    }
    *count = found;
    return at;
}

/* Says of `rows` whole rows where each value begins and how long it is, -1 for NULL, row by row. Returns false where
 * they are not exactly `length` bytes, or one is not exactly as long as `columns` values. */
EXPORT bool guard_row_values(const uint8_t *bytes, size_t length, size_t rows, unsigned columns, uint32_t *begins,
                             int32_t *sizes)
{
    size_t at = 0;
    for (size_t row = 0; row < rows; row++) {
        if (length - at < HEADER + 2 || bytes[at] != 'D')
            return false;
        uint32_t size = number_at(bytes + at + 1);
        if (size < 6 || size >= length - at || (unsigned)(bytes[at + 5] << 8 | bytes[at + 6]) != columns)
            return false;
        size_t end = at + 1 + size;
        at += HEADER + 2;
        for (unsigned column = 0; column < columns; column++) {
            if (end - at < 4)
                return false;
            uint32_t value = number_at(bytes + at);
            at += 4;
            bool null = value == UINT32_MAX;
            if (!null && (value > INT32_MAX || value > end - at))
                return false;
            *begins++ = (uint32_t)at;
            *sizes++ = null ? -1 : (int32_t)value;
            at += null ? 0 : value;
        }
        if (at != end)
            return false;
    }
    return at == length;
}

/* Writes to `out`, which is as long as the rows, the values of the columns that are `seen`, each at its place, and a
 * newline for every other byte. */
EXPORT void guard_row_view(const uint8_t *bytes, size_t length, size_t rows, unsigned columns, const uint8_t *seen,
                           const uint32_t *begins, const int32_t *sizes, uint8_t *out)
{
    memset(out, '\n', length);
    for (size_t row = 0; row < rows; row++, begins += columns, sizes += columns)
        for (unsigned column = 0; column < columns; column++)
            if (seen[column] && sizes[column] > 0)
                memcpy(out + begins[column], bytes + begins[column], (size_t)sizes[column]);
}

/* Puts stars over the values of one column, but for at most `keeps` of their last characters and no more than half of
 * them, of which letters, digits and "@.-_ " stay. Returns how many values are not NULL; all as it was, and NONE, where
 * one is not ASCII. */
EXPORT size_t guard_row_stars(uint8_t *bytes, size_t rows, unsigned columns, unsigned column, unsigned keeps,
                              const uint32_t *begins, const int32_t *sizes)
{
    size_t count = 0;
    begins += column;
    sizes += column;
    for (size_t value = 0; value < rows * columns; value += columns)
        for (int32_t place = 0; place < sizes[value]; place++)
            if (bytes[begins[value] + (uint32_t)place] > 0x7f)
                return NONE;
    for (size_t value = 0; value < rows * columns; value += columns) {
        if (sizes[value] < 0)
            continue;
        count++;
        uint32_t size = (uint32_t)sizes[value], left = keeps < size / 2 ? keeps : size / 2;
        uint8_t *start = bytes + begins[value];
        memset(start, '*', size - left);
        for (uint32_t place = size - left; place < size; place++)
            if (!is(start[place], ALNUM) && start[place] != '@' && start[place] != '.' && start[place] != '-' &&
                start[place] != '_' && start[place] != ' ')
                start[place] = '*';
    }
    return count;
}
