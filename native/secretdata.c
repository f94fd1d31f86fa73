/* Follows the data and stringData of a Kubernetes Secret in YAML and pretty-printed JSON.
 *
 * kubectl prints `data` before `kind`, so a line cannot know whether it stands in a Secret or a ConfigMap. Under `data` a value
 * goes that is base64 of text, or long base64; plain words of a ConfigMap are not that. */

#include <string.h>

#include "followers.h"
#include "values.h"

#define HEAD_MAX 1000
#define KEY_MAX 253
#define LONG 40        /* of a value that need be no text */
#define PADDED 16      /* the same, where signs fill it up */
#define NUMBER 12      /* digits alone are a number up to this length: a port, seconds, a user's id */
#define OVERLONG_DATA 4096 /* from this length on, a value is judged by its beginning: its end may not be there yet */

/* Return how many signs of base64 there are, and those that fill up; 0 where all is none of it. */
static size_t signs_of(struct text value)
{
    size_t signs = 0;
    while (signs < value.length && guard_sextet(value.bytes[signs]) >= 0)
        signs++;
    for (size_t place = signs; place < value.length; place++)
        if (value.bytes[place] != '=')
            return 0;
    return signs >= 4 && value.length - signs <= 2 ? signs : 0;
}

/* What base64 stands for: no text; printable signs of ASCII; other ASCII; text with other letters. */
enum plain { NO_TEXT, PRINTABLE, CONTROLS, LETTERS };

static enum plain plain_of(struct text value, size_t signs)
{
    enum plain found = PRINTABLE;
    uint32_t bits = 0, code = 0, least = 0;
    unsigned left = 0;
    for (size_t place = 0; place < signs; place++) {
        bits = bits << 6 | (uint32_t)guard_sextet(value.bytes[place]);
        if (place % 4 == 0)
            continue;
        uint8_t byte = (uint8_t)(bits >> (6 - 2 * (place % 4)));
        if (left) {
            if ((byte & 0xc0) != 0x80)
                return NO_TEXT;
            code = code << 6 | (byte & 63u);
            if (--left == 0 && (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
                return NO_TEXT;
        } else if (byte < 0x80) {
            if (found == PRINTABLE && (byte < ' ' || byte == 0x7f))
                found = CONTROLS;
        } else {
            left = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
            least = left == 3 ? 0x10000 : left == 2 ? 0x800 : 0x80;
            if (byte < 0xc2 || byte > 0xf4)
                return NO_TEXT;
            code = byte & (0x3fu >> left);
            found = LETTERS;
        }
    }
    return left ? NO_TEXT : found;
}

bool guard_is_encoded(struct text value, bool cut)
{
    if (value.length >= OVERLONG_DATA)
        return signs_of((struct text){value.bytes, OVERLONG_DATA}) != 0;
    if (cut)
        value.length -= value.length % 4;
    size_t signs = signs_of(value);
    if (value.length % 4 || !signs)
        return false;
    if (value.length < NUMBER && run(value, 0, value.length, DIGIT) == value.length)
        return false;
    enum plain plain = plain_of(value, signs);
    return plain == NO_TEXT ? value.length >= LONG || (signs < value.length && value.length >= PADDED) : plain != CONTROLS;
}

/* Return how many bytes stand before what a line says: the sign of a diff, and blanks. */
static size_t indent_of(struct text row)
{
    int first = at(row, 0), second = at(row, 1);
    size_t place = (first == '+' || first == '-') && (second == ' ' || second < 0);
    while (at(row, place) == ' ')
        place++;
    return place;
}

static struct text without_returns(struct text row)
{
    while (row.length && row.bytes[row.length - 1] == '\r')
        row.length--;
    return row;
}

static bool is_quote(int byte) { return byte == '"' || byte == '\''; }

/* Find the value of an entry, as far as the line goes where it is `cut`; false where the line is none. */
static bool value_of(struct text row, bool cut, struct text *value)
{
    size_t place = at(row, 0) == '+' || at(row, 0) == '-', count = 0, end = row.length;
    while (at(row, place) == ' ')
        place++;
    place += is_quote(at(row, place));
    while (count < KEY_MAX && (is_at(row, place + count, WORD) || at(row, place + count) == '.' || at(row, place + count) == '-'))
        count++;
    if (!count && !(place == 1 && *row.bytes == '-')) /* which may be the key itself */
        return false;
    place += count;
    place += is_quote(at(row, place));
    if (at(row, place) != ':' || at(row, place + 1) != ' ')
        return false;
    for (place++; at(row, place) == ' ';)
        place++;
    int quote = is_quote(at(row, place)) ? at(row, place) : -1;
    place += quote >= 0;
    if (!cut) {
        while (end > place && (is_blank(row.bytes[end - 1]) || row.bytes[end - 1] == '\r'))
            end--;
        end -= end > place && row.bytes[end - 1] == ',';
        end -= end > place && row.bytes[end - 1] == quote;
    }
    *value = (struct text){row.bytes + place, end - place};
    for (size_t index = 0; index < value->length; index++)
        if (is_quote(value->bytes[index]) || value->bytes[index] == '\r')
            return false;
    return true;
}

/* Tell whether a value of stringData is none: what begins a block or a map, or null. */
static bool is_empty(struct text value)
{
    static const char *const empty[] = {"", "|", ">", "|-", ">-", "{", "null"};
    while (value.length && is_space(*value.bytes)) {
        value.bytes++;
        value.length--;
    }
    while (value.length && is_space(value.bytes[value.length - 1]))
        value.length--;
    for (size_t index = 0; index < sizeof empty / sizeof *empty; index++)
        if (value.length == strlen(empty[index]) && !memcmp(value.bytes, empty[index], value.length))
            return true;
    return false;
}

bool guard_data_line(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    struct text seen = without_returns(row.text), value;
    size_t indent = indent_of(seen), end = row.start + row.text.length;
    if (indent == seen.length)
        return true;
    if (indent <= led->state.data.indent) {
        led->waits = 0;
        return true;
    }
    if (led->state.data.entries && indent > led->state.data.entries) {
        struct text content = {seen.bytes + indent, seen.length - indent};
        bool gone = led->state.data.plain || (content.length >= LONG && guard_is_encoded(content, led->cut));
        return !gone || guard_add(walk, row.start + indent, led->cut ? end : row.start + seen.length, false);
    }
    led->state.data.entries = (uint32_t)indent;
    if (!value_of(row.text, led->cut, &value))
        return true;
    bool given = !is_empty(value) && !guard_is_placeholder(value);
    bool secret = led->state.data.plain ? given : guard_is_encoded(value, false);
    size_t start = (size_t)(value.bytes - walk->text.bytes);
    return !secret || guard_add(walk, start, start + value.length, false);
}

/* Begin where `data:` stands alone on its line, or with a brace. */
bool guard_data_begins(struct walk *walk, struct row row)
{
    static const char data[] = "data", string[] = "stringData";
    struct led *led = walk->led;
    struct text text = row.text;
    if (led->waits || text.length > HEAD_MAX)
        return true;
    size_t place = at(text, 0) == '+' || at(text, 0) == '-';
    while (at(text, place) == ' ')
        place++;
    size_t indent = place;
    place += at(text, place) == '-' && at(text, place + 1) == ' ' ? 2 : 0;
    bool quoted = at(text, place) == '"';
    place += quoted;
    size_t left = text.length > place ? text.length - place : 0;
    bool plain = left >= sizeof string - 1 && !memcmp(text.bytes + place, string, sizeof string - 1);
    if (!plain && (left < sizeof data - 1 || memcmp(text.bytes + place, data, sizeof data - 1)))
        return true;
    place += plain ? sizeof string - 1 : sizeof data - 1;
    if (quoted && at(text, place++) != '"')
        return true;
    if (at(text, place++) != ':')
        return true;
    while (is_blank(at(text, place)))
        place++;
    place += at(text, place) == '{';
    while (is_blank(at(text, place)))
        place++;
    place += at(text, place) == '\r';
    if (place != text.length)
        return true;
    led->waits = 1;
    led->state.data.indent = (uint32_t)indent;
    led->state.data.entries = 0;
    led->state.data.plain = plain;
    return true;
}
