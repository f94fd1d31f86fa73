/* Terminal output without its escape sequences (ECMA-48, and the strings of OSC, DCS, SOS, PM and APC), and where each
 * piece of it came from. See guardcli/masking/views.py for what the two views are for. */

#include <string.h>

#include "guard_mask.h"

#define ESC 0x1b
#define BEL 0x07

static bool between(int byte, int low, int high) { return byte >= low && byte <= high; }

static size_t past(struct text text, size_t place, int low, int high)
{
    while (between(at(text, place), low, high))
        place++;
    return place;
}

static bool opens_string(int byte) { return byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_'; }

static size_t string_end(struct text text, size_t place)
{
    while (place < text.length && text.bytes[place] != BEL && text.bytes[place] != ESC && text.bytes[place] != '\n')
        place++;
    return place;
}

/* Return where the sequence at `place` ends, which is an escape or a backspace; it may be one that the end cuts off. */
static size_t sequence_end(struct text text, size_t place)
{
    int next = at(text, place + 1);
    if (text.bytes[place] != ESC)
        return place + 1;
    if (next == '[') {
        place = past(text, past(text, place + 2, '0', '?'), ' ', '/');
        return place + between(at(text, place), '@', '~');
    }
    if (opens_string(next)) {
        place = string_end(text, place + 2);
        return place + (at(text, place) == BEL ? 1 : at(text, place) == ESC && at(text, place + 1) == '\\' ? 2 : 0);
    }
    place = past(text, place + 1, ' ', '/');
    next = at(text, place);
    return place + (between(next, '0', 'Z') || next == '\\' || next == '`' || between(next, 'a', '~'));
}

/* Tell whether the sequence moves nothing: a colour, a mode, a character set. */
static bool is_colour(struct text text, size_t start, size_t end)
{
    int last = text.bytes[end - 1];
    if (text.bytes[start] != ESC || end - start < 3)
        return false;
    if (text.bytes[start + 1] == '[')
        return memchr("mKhlnc", last, 6) != NULL;
    return between(text.bytes[start + 1], ' ', '/') && between(last, '0', '~');
}

/* Write what a reader sees of the sequence; return how many bytes, never more than it has. */
static size_t show(struct text text, size_t start, size_t end, uint8_t *out)
{
    if (is_colour(text, start, end))
        return 0;
    size_t close = text.bytes[start] == ESC && opens_string(at(text, start + 1)) ? string_end(text, start + 2) : 0;
    if (close <= start + 2) {
        *out = ' ';
        return 1;
    }
    memset(out, 0, 2);
    memcpy(out + 2, text.bytes + start + 2, close - start - 2);
    if (close < end)
        out[close - start] = 0;
    return close - start + (close < end);
}

static size_t next_sequence(struct text text, size_t place)
{
    const uint8_t *escape = memchr(text.bytes + place, ESC, text.length - place);
    size_t end = escape ? (size_t)(escape - text.bytes) : text.length;
    const uint8_t *back = memchr(text.bytes + place, '\b', end - place);
    return back ? (size_t)(back - text.bytes) : end;
}

/* Write the view of the text to `out`, which must be as long as the text; `joined` leaves out all sequences. `seen` and
 * `raw` get where each piece begins, in the view and in the text, and where both end; they must hold two for each escape
 * and backspace and two more. Return the length of the view, and in `pieces` how many there are. */
EXPORT size_t guard_view(const uint8_t *bytes, size_t length, bool joined, uint8_t *out, uint32_t *seen, uint32_t *raw,
                         size_t *pieces)
{
    struct text text = {bytes, length};
    size_t made = 0, place = 0, count = 0;
    while (place < length) {
        size_t start = next_sequence(text, place), end = start < length ? sequence_end(text, start) : start;
        if (start > place) {
            memcpy(out + made, bytes + place, start - place);
            seen[count] = (uint32_t)made;
            raw[count++] = (uint32_t)place;
            made += start - place;
        }
        size_t shown = joined || start == length ? 0 : show(text, start, end, out + made);
        if (shown) {
            seen[count] = (uint32_t)made;
            raw[count++] = (uint32_t)start;
            made += shown;
        }
        place = end;
    }
    seen[count] = (uint32_t)made;
    raw[count++] = (uint32_t)length;
    *pieces = count;
    return made;
}
