/* What stands before a value on its line: the line's beginning, a variable, a list, a sentence, an open string. */

#include <string.h>

#include "assigned.h"
#include "automata.h"
#include "values.h"

#define HEAD_MAX 100
#define HEAD_BLANKS 64

/* Return the last two words of `name`, a blank between them, in `room`. */
struct text guard_two_words(struct text name, uint8_t *room)
{
    size_t end = name.length, length = 0, bounds[4], count = 0;
    for (; count < 4; count += 2) {
        while (end && is_space(name.bytes[end - 1]))
            end--;
        if (!end)
            break;
        bounds[count + 1] = end;
        while (end && !is_space(name.bytes[end - 1]))
            end--;
        bounds[count] = end;
    }
    while (count) {
        count -= 2;
        memcpy(room + length, name.bytes + bounds[count], bounds[count + 1] - bounds[count]);
        length += bounds[count + 1] - bounds[count];
        if (count)
            room[length++] = ' ';
    }
    return (struct text){room, length};
}

/* Tell whether a string is open where `before` ends: the next quote would close it. A quoted name opens none. */
bool guard_is_open(struct text before, uint8_t quote)
{
    size_t end = before.length, count = 0;
    if (end >= WINDOW - 3)
        return false;
    while (end && is_blank(before.bytes[end - 1]))
        end--;
    if (end && (before.bytes[end - 1] == quote || (end > 1 && before.bytes[end - 1] == ']' && before.bytes[end - 2] == quote)))
        return false;
    for (size_t place = 0; place < before.length; place++)
        if (at(before, place) == quote && at(before, place + 1) == quote && at(before, place + 2) == quote)
            place += 2; /* three open a text of many lines, in which one quote is no end */
        else
            count += before.bytes[place] == quote && (place == 0 || before.bytes[place - 1] != '\\');
    return count % 2 == 1;
}

/* Tell whether `before` is all of a line: blanks, `export` and their like, a name. At most HEAD_MAX bytes of the name's,
 * two quotes and HEAD_BLANKS blanks; where it is long enough to have more of them, the parts are counted. */
bool guard_is_head(struct text before)
{
    size_t trailing = 0, ends_at[WINDOW + 1], count = 0;
    if (!accepts(&guard_head, before))
        return false;
    while (trailing < before.length && is_blank(before.bytes[before.length - 1 - trailing]))
        trailing++;
    if (before.length <= HEAD_MAX && trailing <= HEAD_BLANKS)
        return true;
    uint32_t state = guard_head_begins.start;
    for (size_t place = 0; state && place <= before.length && place <= WINDOW; place++) {
        if (state >= guard_head_begins.accepting)
            ends_at[count++] = place;
        if (place < before.length)
            state = step(&guard_head_begins, state, before.bytes[place]);
    }
    for (size_t blanks = 0; blanks <= trailing && blanks <= HEAD_BLANKS; blanks++)
        for (size_t quotes = 0; quotes <= 2; quotes++) {
            size_t end = before.length - blanks;
            if (quotes > end || (quotes && !is_among(before.bytes[end - quotes], "\"']")))
                break;
            end -= quotes;
            size_t low = end;
            while (low && end - low < HEAD_MAX && (is(before.bytes[low - 1], WORD) || is_among(before.bytes[low - 1], "./$: -")))
                low--;
            for (size_t index = count; index-- && ends_at[index] >= low;)
                if (ends_at[index] <= end)
                    return true;
        }
    return false;
}

bool guard_has_sentence(struct text before)
{
    size_t words = 0, letters = 0;
    for (size_t place = 0; place < before.length; place++) {
        uint8_t byte = before.bytes[place];
        if (is(byte, ALPHA)) {
            letters++;
        } else {
            words = byte == ' ' && letters ? words + 1 : 0;
            letters = 0;
            if (words == 2)
                return true;
        }
    }
    return false;
}

/* Tell whether `before` ends with a variable in capitals, as shells have them. */
bool guard_is_variable(struct text before)
{
    size_t start = before.length;
    while (start && (is(before.bytes[start - 1], UPPER | DIGIT | UNDERSCORE)))
        start--;
    if (start == before.length || !is(before.bytes[start], UPPER))
        return false;
    int prior = start ? before.bytes[start - 1] : 0;
    return !prior || is_space(prior) || is_among(prior, ";&|(\"'{,!-");
}

/* Tell whether the name is one of a list of pairs, as logs, data sources and defaults of variables have them. */
bool guard_is_listed(struct text before)
{
    size_t start = before.length, count = 0;
    while (start && (is(before.bytes[start - 1], WORD) || is_among(before.bytes[start - 1], ".-")))
        start--;
    if (start && is_among(before.bytes[start - 1], "{["))
        return true;
    start = before.length;
    while (start && count <= 40 && (is(before.bytes[start - 1], WORD) || before.bytes[start - 1] == ' ')) {
        start--;
        count++;
    }
    if (!start || before.bytes[start - 1] != ';' || count > 41 || (count == 41 && before.bytes[start] != ' '))
        return false;
    start--;
    while (start && !is_among(before.bytes[start - 1], "=;\n"))
        start--;
    return start && before.bytes[start - 1] == '=';
}

/* Tell whether the name is `token` alone, or ends in `Token`: that of a lexer's, a highlighter's or a theme's as well. */
bool guard_is_bare_token(struct text before)
{
    static const char word[] = "oken";
    size_t end = before.length, length = sizeof word - 1;
    while (end && (is_blank(before.bytes[end - 1]) || is_among(before.bytes[end - 1], "\"'\\")))
        end--;
    if (end <= length || memcmp(before.bytes + end - length, word, length))
        return false;
    size_t first = end - length - 1;
    return before.bytes[first] == 'T'
        || (before.bytes[first] == 't' && (!first || !(is(before.bytes[first - 1], WORD) || is_among(before.bytes[first - 1], ".-"))));
}
