/* Follows tables of Markdown (GitHub Flavored Markdown 4.10) of which a column's name tells of a secret. */

#define _GNU_SOURCE

#include <string.h>

#include "automata.h"
#include "followers.h"
#include "values.h"

#define HEADER_MAX 4000
#define DASHES_MIN 3

static struct text stripped(struct text text, const char *signs)
{
    while (text.length && *text.bytes && strchr(signs, *text.bytes)) {
        text.bytes++;
        text.length--;
    }
    while (text.length && text.bytes[text.length - 1] && strchr(signs, text.bytes[text.length - 1]))
        text.length--;
    return text;
}

/* Tell whether the line stands under a header: |---|:--:|. */
static bool is_ruler(struct text row)
{
    size_t place = 1, dashes = 0;
    if (at(row, 0) != '|')
        return false;
    place += is_blank(at(row, place));
    place += at(row, place) == ':';
    while (at(row, place + dashes) == '-')
        dashes++;
    place += dashes;
    place += at(row, place) == ':';
    while (is_blank(at(row, place)))
        place++;
    if (dashes < DASHES_MIN || at(row, place) != '|')
        return false;
    for (; place < row.length; place++)
        if (!strchr("-:| \t", row.bytes[place]) || !row.bytes[place])
            return place + 1 == row.length && row.bytes[place] == '\r';
    return true;
}

/* Return the next cell of what is left of a row, without its bar. */
static struct text next_cell(struct text *left)
{
    const uint8_t *bar = memchr(left->bytes, '|', left->length);
    struct text cell = {left->bytes, bar ? (size_t)(bar - left->bytes) : left->length};
    size_t gone = cell.length + (bar != NULL);
    left->bytes += gone;
    left->length -= gone;
    return cell;
}

bool guard_bars_begin(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    if (led->waits || !row.start || !is_ruler(row.text))
        return true;
    const uint8_t *bytes = walk->text.bytes;
    size_t end = row.start - 1, low = end > HEADER_MAX ? end - HEADER_MAX : 0;
    const uint8_t *newline = memrchr(bytes + low, '\n', end - low);
    if (!newline && low)
        return true;
    size_t start = newline ? (size_t)(newline - bytes) + 1 : 0;
    struct text header = stripped((struct text){bytes + start, end - start}, " \t\n\r\v\f");
    memset(led->state.bars.telling, 0, sizeof led->state.bars.telling);
    if (at(header, 0) == '|') {
        header.bytes++;
        header.length--;
    }
    header.length -= header.length && header.bytes[header.length - 1] == '|';
    for (size_t index = 0; header.length && index < CELLS; index++)
        if (accepts(&guard_bar_name, stripped(next_cell(&header), " *`_"))) {
            led->state.bars.telling[index / 8] |= (uint8_t)(1 << index % 8);
            led->waits = 1;
        }
    return true;
}

bool guard_bars_line(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    size_t count = walk->count, end = row.start + row.text.length;
    struct text left = row.text;
    if (!memchr(left.bytes, '|', left.length)) {
        led->waits = 0;
        return true;
    }
    while (left.length && is_space(*left.bytes)) {
        left.bytes++;
        left.length--;
    }
    if (at(left, 0) == '|')
        next_cell(&left);
    for (size_t index = 0; left.length && index < CELLS; index++) {
        struct text cell = stripped(next_cell(&left), " \t\r`*");
        if (!(led->state.bars.telling[index / 8] >> index % 8 & 1) || !guard_is_chosen(cell))
            continue;
        size_t start = (size_t)(cell.bytes - walk->text.bytes);
        if (!guard_add(walk, start, start + cell.length, false)) {
            walk->count = count;
            return false;
        }
    }
    return !led->cut || walk->count == count || guard_add(walk, end - 1, end, false);
}
