/* What is assigned in quotes: where such a string begins and ends, with the backslashes that escape its quotes. */

#include "assigned.h"
#include "values.h"

#define DEEPEST 7 /* backslashes before a quote: JSON three times within strings of JSON */

/* Return how many backslashes stand at `place`. */
static size_t backslashes(struct text text, size_t place)
{
    size_t count = 0;
    while (at(text, place + count) == '\\')
        count++;
    return count;
}

/* Return how many backslashes escape the double quote at `place`, as in JSON within strings of JSON; 0 for none. */
size_t guard_escapes(struct text text, size_t place)
{
    size_t count = backslashes(text, place);
    return count <= DEEPEST && at(text, place + count) == '"' ? count : 0;
}

/* Take the string whose quote stands at `open`, behind the backslashes that escape it: one behind more is a part of it. */
static bool take_escaped(struct text text, size_t open, bool strict, struct span *span)
{
    size_t level = guard_escapes(text, open), start = open + level + 1, end = start;
    for (size_t count = 0; count < VALUE_MAX && end < text.length && !is_among(text.bytes[end], "\"\n"); count++) {
        size_t more = backslashes(text, end);
        int next = at(text, end + more);
        if (more && (next < 0 || next == '\n' || (next == '"' && more <= level)))
            break;
        end += more ? more + (next == '"') : 1;
    }
    return guard_is_secret_string(part(text, start, end), false, strict) && is_found(start, end, span);
}

/* Take the string whose quote stands at `open`. */
bool guard_take_string(struct text text, size_t open, bool formatted, bool strict, struct span *span)
{
    uint8_t quote = text.bytes[open];
    size_t start = open + 1, end = start;
    if (quote == '\\')
        return take_escaped(text, open, strict, span);
    for (size_t count = 0; count < VALUE_MAX && end < text.length; count++) {
        uint8_t byte = text.bytes[end];
        int next = at(text, end + 1);
        if (byte == '\n' || (byte == quote && !(quote == '\'' && next == '\'')) || (byte == '\\' && (next < 0 || next == '\n')))
            break;
        end += byte == '\\' || byte == quote ? 2 : 1;
    }
    return guard_is_secret_string(part(text, start, end), formatted, strict) && is_found(start, end, span);
}

/* Return how many letters before a string's quote say of what kind it is: r"...", u8"...". */
size_t guard_string_prefix(struct text text, size_t after)
{
    if (!is_among(at(text, after), "ubrfUBRFLN@$"))
        return 0;
    if (is_among(at(text, after + 1), "\"'"))
        return 1;
    static const char *const pairs[] = {"u8", "br", "rb", "Rb", "rB"};
    for (size_t index = 0; index < sizeof pairs / sizeof *pairs; index++)
        if (at(text, after) == pairs[index][0] && at(text, after + 1) == pairs[index][1] && is_among(at(text, after + 2), "\"'"))
            return 2;
    return 0;
}
