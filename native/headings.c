/* Tells under which lines a table may begin whose header names a column that tells: guardcli/masking/tables/telling.py says what
 * becomes of them. What is left out here begins none. */

#define _GNU_SOURCE

#include <string.h>

#include "automata.h"
#include "tables.h"

#define LONGEST_NAME 240
#define DIGITS_MAX 12

static const char record[] = "[ RECORD ";

/* Tell whether a letter is there that Python takes for one of ASCII where it looks at no case. */
static bool holds_a_twin(struct text name)
{
    static const char *const twins[] = {"\xc4\xb0", "\xc4\xb1", "\xc5\xbf", "\xe2\x84\xaa"};
    for (size_t index = 0; index < sizeof twins / sizeof *twins; index++)
        if (memmem(name.bytes, name.length, twins[index], strlen(twins[index])))
            return true;
    return false;
}

enum answer guard_is_column(unsigned names, struct text name)
{
    static const struct automaton *const known[] = {&guard_column_strict, &guard_column_loose, &guard_column_numbers,
                                                    &guard_column_identifiers};
    uint8_t plain[LONGEST_NAME + 2];
    size_t length = 0;
    for (size_t place = 0; place < name.length; place++) {
        uint8_t byte = name.bytes[place];
        if (byte > 0x7f)
            return holds_a_twin(name) ? PERHAPS : NO;
        if (length > LONGEST_NAME)
            return NO;
        if (is(byte, UPPER) && place && is(name.bytes[place - 1], LOWER | DIGIT))
            plain[length++] = '_';
        plain[length++] = byte == ' ' || byte == '-' ? '_' : byte;
    }
    struct text made = {plain, length};
    if (!accepts(known[names], made))
        return NO;
    uint32_t state = guard_column_of_none.start;
    for (size_t place = 0; place < length && state; place++)
        if ((state = step(&guard_column_of_none, state, plain[place])) >= guard_column_of_none.accepting)
            return NO;
    return YES;
}

bool guard_is_name(struct text field)
{
    size_t place = at(field, 0) == '"', end = field.length;
    if (!is_at(field, place, ALPHA | UNDERSCORE) && at(field, place) != '?')
        return false;
    if (end > place + 1 && field.bytes[end - 1] == '"')
        end--;
    for (place++; place < end; place++)
        if (!is(field.bytes[place], WORD) && field.bytes[place] != '?'
            && !(field.bytes[place] == ' ' && place + 1 < end && is(field.bytes[place + 1], WORD)))
            return false;
    return true;
}

struct text guard_stripped(struct text text, const char *signs)
{
    while (text.length && *text.bytes && strchr(signs, *text.bytes)) {
        text.bytes++;
        text.length--;
    }
    while (text.length && text.bytes[text.length - 1] && strchr(signs, text.bytes[text.length - 1]))
        text.length--;
    return text;
}

static bool is_horizontal(uint32_t code)
{
    return code == 0x2500 || code == 0x2501 || code == 0x2550 || code == 0x2504 || code == 0x2505 || code == 0x2508
        || code == 0x2509 || code == 0x254c || code == 0x254d;
}

/* Return what a sign of a ruler is: '+' where columns meet, '-', or 0 for another; `size` is its length. */
static int mark(struct text ruler, size_t place, size_t *size)
{
    const uint8_t *bytes = ruler.bytes + place;
    *size = 1;
    if (place + 2 < ruler.length && bytes[0] == 0xe2 && (bytes[1] == 0x94 || bytes[1] == 0x95) && (bytes[2] & 0xc0) == 0x80) {
        *size = 3;
        return is_horizontal(0x2000u + ((bytes[1] & 63u) << 6) + (bytes[2] & 63u)) ? '-' : '+';
    }
    return *bytes == ' ' || *bytes == '+' ? '+' : *bytes == '-' ? '-' : *bytes > 0x7f ? -1 : 0;
}

/* Move so many characters of a header on; false where Python must tell how wide one is. */
static bool move(struct text header, size_t *place, size_t count)
{
    while (count && *place < header.length) {
        unsigned columns = 1, size = guard_character(header, *place, &columns);
        if (!size || columns != 1)
            return false;
        *place += size;
        count--;
    }
    return true;
}

/* Tell whether a column between the marks of `ruler` has a name that tells, as `aligned` of tables.py does. */
static enum answer names_one(unsigned names, struct text header, struct text ruler)
{
    size_t low = 0, high = 0, width = 0, size = 1;
    enum answer answer = NO;
    ruler = guard_stripped(ruler, "\r");
    for (size_t place = 0; place <= ruler.length; place += size) {
        int sign = place < ruler.length ? mark(ruler, place, &size) : '+';
        if (sign < 0)
            return PERHAPS;
        if (sign != '+') {
            width++;
            continue;
        }
        if (!move(header, &high, width))
            return PERHAPS;
        struct text name = {header.bytes + low, high - low};
        for (;;) { /* as strip does, of edges too */
            struct text shorter = guard_stripped(name, " |\r");
            static const char *const edges[] = {"\xe2\x94\x82", "\xe2\x94\x83", "\xe2\x95\x91", "\xe2\x94\x86", "\xe2\x94\x87",
                                                "\xe2\x94\x8a", "\xe2\x94\x8b", "\xe2\x95\x8e", "\xe2\x95\x8f"};
            for (size_t edge = 0; edge < sizeof edges / sizeof *edges; edge++) {
                if (shorter.length >= 3 && !memcmp(shorter.bytes, edges[edge], 3)) {
                    shorter.bytes += 3;
                    shorter.length -= 3;
                }
                if (shorter.length >= 3 && !memcmp(shorter.bytes + shorter.length - 3, edges[edge], 3))
                    shorter.length -= 3;
            }
            if (shorter.length == name.length)
                break;
            name = shorter;
        }
        if (name.length && (answer = guard_is_column(names, name)) != NO)
            return answer;
        if (place == ruler.length)
            break;
        if (!move(header, &high, 1))
            return PERHAPS;
        low = high;
        width = 0;
    }
    return answer;
}

/* Tell whether all that the ruler is made of is a ruler's, as telling.py's triggers say. */
static bool is_ruler(struct text row)
{
    size_t place = 0, end = row.length;
    if (at(row, 0) == 0xe2) {
        int second = at(row, 1), third = at(row, 2);
        if (second == 0x94)
            return row.length > 3 && (third == 0x80 || third == 0x9c || third == 0xa0 || third == 0xa3 || third == 0xa1);
        return row.length > 3 && second == 0x95 && (third == 0x90 || third == 0x9e || third == 0x9f || third == 0xa0);
    }
    if (end && row.bytes[end - 1] == '\r')
        end--;
    if (end && row.bytes[end - 1] == '|')
        end--;
    if (end && (*row.bytes == '+' || *row.bytes == '|'))
        place++;
    if (end < place + 2 || row.bytes[place] != '-' || row.bytes[1] != '-')
        return false;
    for (; place < end; place++)
        if (row.bytes[place] != '-' && row.bytes[place] != '+' && row.bytes[place] != ' ')
            return false;
    return true;
}

/* Tell whether a record begins below the line; `next` is where the marker stands next in the text. */
static bool is_record(struct text text, struct line line, const uint8_t **next)
{
    const uint8_t *last = text.bytes + text.length, *begin = text.bytes + line.start, *end = text.bytes + line.end;
    if (line.row.length > 9 && !memcmp(begin, "* Record ", 9))
        return is(begin[9], DIGIT);
    while (*next && *next < begin)
        *next = memmem(*next + 1, (size_t)(last - *next - 1), record, sizeof record - 1);
    for (const uint8_t *place = *next; place && place < end;) {
        struct text rest = {place, (size_t)(end - place)};
        size_t digits = run(rest, sizeof record - 1, DIGITS_MAX, DIGIT);
        if (digits && at(rest, sizeof record - 1 + digits) == ' ' && at(rest, sizeof record + digits) == ']')
            return true;
        place = memmem(place + 1, (size_t)(end - place - 1), record, sizeof record - 1);
    }
    return false;
}

/* Tell whether the line is a header of names in capitals with two blanks between them; more than those may be. */
static bool may_be_spaced(struct text header)
{
    const uint8_t *gap = header.length ? memmem(header.bytes, header.length, "  ", 2) : NULL;
    if (!gap || !is(*header.bytes, UPPER))
        return false;
    for (const uint8_t *place = header.bytes; place < gap; place++)
        if (is(*place, LOWER))
            return false;
    return true;
}

/* Tell whether rows for COPY follow, as pg_dump writes them. */
static bool begins_copy(struct text header)
{
    static const char copy[] = "COPY ", from[] = " FROM stdin";
    return header.length > sizeof copy && !memcmp(header.bytes, copy, sizeof copy - 1)
        && memmem(header.bytes, header.length, from, sizeof from - 1);
}

/* Tell whether the line is a header amid an output that names a column, as FirstLine.within of tables.py does. */
static enum answer is_header(unsigned names, struct text header)
{
    static const char signs[] = "|,;\t~^#!\x1f";
    size_t place = 0;
    while (header.length && (header.bytes[header.length - 1] == '\r' || header.bytes[header.length - 1] == '\n'))
        header.length--;
    if (may_be_spaced(header) || begins_copy(header))
        return PERHAPS;
    if (header.length > 3 && !memcmp(header.bytes, "\xef\xbb\xbf", 3)) /* the mark of UTF-8 */
        header = (struct text){header.bytes + 3, header.length - 3};
    while (is_at(header, place, WORD) || at(header, place) == '?' || at(header, place) == '"' || at(header, place) == ' ')
        place++;
    int sign = at(header, place);
    if (sign <= 0 || !strchr(signs, sign))
        return NO;
    enum answer answer = NO;
    for (size_t start = 0; start <= header.length; start = place + 1) {
        const uint8_t *end = start < header.length ? memchr(header.bytes + start, sign, header.length - start) : NULL;
        place = end ? (size_t)(end - header.bytes) : header.length;
        struct text field = {header.bytes + start, place - start};
        if (!guard_is_name(field))
            return NO;
        if (answer == NO)
            answer = guard_is_column(names, guard_stripped(field, "\""));
    }
    return answer;
}

/* Return the line that ends before `end`; it begins where `bytes` do if its newline is too far. */
static struct line line_before(const uint8_t *bytes, size_t end, size_t most)
{
    size_t low = end + 1 > most ? end + 1 - most : 0;
    const uint8_t *newline = memrchr(bytes + low, '\n', end - low);
    size_t start = newline ? (size_t)(newline - bytes) + 1 : 0;
    return (struct line){{bytes + start, end - start}, start, end};
}

/* Tell whether rows may begin behind the line whose newline is at `end`. */
static bool begins_rows(struct text text, unsigned names, size_t end)
{
    struct line line = line_before(text.bytes, end, WIDEST), above;
    int first = at(line.row, 0);
    bool ruler = first == 0xe2 || ((first == '-' || first == '+' || first == '|') && at(line.row, 1) == '-');
    if (!ruler)
        return is_header(names, line.row) != NO;
    if (!line.start)
        return false;
    above = line_before(text.bytes, line.start - 1, WIDEST);
    bool far = !above.start && line.start > WIDEST;
    return far || names_one(names, above.row, line.row) != NO;
}

/* Tell whether the line may end what follows a marker: no marker before that begins anything else. */
static bool may_end_records(struct text row)
{
    int first = at(row, 0), second = at(row, 1);
    bool drawn = first == 0xe2 && (second == 0x94 || second == 0x95);
    return first == '(' || first == '\\' || drawn || (first == '+' && second == '-') || !guard_stripped(row, " \t\r").length;
}

/* Write where lines end, of `length` bytes of whole lines, behind which rows may begin that the names of this number head:
 * rulers and markers of records, which are looked for if `all`, and those at which hits of `number` end. Of the markers of
 * records that follow on each other the first is enough. Return how many there are, also beyond `most`. */
EXPORT size_t guard_headings(const uint8_t *bytes, size_t length, unsigned names, bool all, const struct hit *hits, size_t count,
                             unsigned number, uint32_t *ends, size_t most)
{
    struct text text = {bytes, length};
    size_t found = 0, index = 0, end;
    const uint8_t *next = all && length ? memmem(bytes, length, record, sizeof record - 1) : NULL;
    bool within = false;
    for (size_t start = 0; start < length; start = end + 1) {
        const uint8_t *newline = NULL;
        while (index < count && (hits[index].form != number || hits[index].end <= start))
            index++;
        if (all)
            newline = memchr(bytes + start, '\n', length - start);
        else if (index < count && hits[index].end <= length)
            newline = bytes + hits[index].end - 1;
        if (!newline)
            break;
        end = (size_t)(newline - bytes);
        struct line line = {{bytes + start, end - start}, start, end};
        bool hit = index < count && hits[index].end == end + 1, wanted;
        within = within && !may_end_records(line.row);
        wanted = all && is_record(text, line, &next);
        if (wanted && within)
            continue;
        within |= wanted;
        if (!wanted && (hit || (all && start && is_ruler(line.row))))
            wanted = begins_rows(text, names, end);
        if (wanted && found++ < most)
            ends[found - 1] = (uint32_t)(end + 1);
    }
    return found;
}
