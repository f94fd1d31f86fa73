/* Walks over the rows of tables and over records, and judges what stands in the columns that are masked.
 *
 * It takes the rows that are plain: where one is not, guardcli/masking/tables/headed.py and records.py say what it is, and the walk
 * goes on behind it. */

#define _GNU_SOURCE

#include <string.h>

#include "finders.h"
#include "tables.h"

#define LONG_LINE 32768 /* as in spans.py */
#define WIDE_EDGE 3

struct walk {
    struct text text;
    struct table *table;
    struct span *found;
    size_t count, most;
};

static const char blanks[] = " \t\n\r\v\f";

unsigned guard_character(struct text text, size_t place, unsigned *columns)
{
    const uint8_t *bytes = text.bytes + place;
    size_t left = text.length - place;
    *columns = 1;
    if (*bytes < 0x80)
        return 1;
    if (left > 1 && *bytes >= 0xc2 && *bytes < 0xe0 && (bytes[1] & 0xc0) == 0x80) {
        unsigned code = (*bytes & 31u) << 6 | (bytes[1] & 63u);
        bool plain = code < 0x300 || (code >= 0x3a3 && code < 0x483) || (code >= 0x48a && code < 0x530);
        return plain ? 2 : 0;
    }
    if (left > 2 && (*bytes & 0xf0) == 0xe0 && (bytes[1] & 0xc0) == 0x80 && (bytes[2] & 0xc0) == 0x80) {
        unsigned code = (*bytes & 15u) << 12 | (bytes[1] & 63u) << 6 | (bytes[2] & 63u);
        bool plain = (code >= 0x1e00 && code < 0x1f00) || (code >= 0x2010 && code < 0x2028) || (code >= 0x2500 && code < 0x25fd)
            || (code >= 0x20a0 && code < 0x20c0) || (code >= 0x2190 && code < 0x231a);
        bool wide = (code >= 0x3041 && code < 0x3097) || (code >= 0x30a1 && code < 0x30fb) || (code >= 0x4e00 && code < 0x9fff)
            || (code >= 0xac00 && code < 0xd7a4);
        *columns = wide ? 2 : 1;
        return plain || wide ? 3 : 0;
    }
    return 0;
}

/* Take a cell if it is what is looked for; false where Python must tell, or there is no room. */
static bool take(struct walk *walk, struct text cell)
{
    struct finder asks = {.question = walk->table->question};
    if (!cell.length)
        return true;
    enum answer answer = guard_answer(&asks, cell);
    if (answer == PERHAPS)
        return false;
    if (answer == NO)
        return true;
    if (walk->count == walk->most) {
        walk->table->full = 1;
        return false;
    }
    size_t start = (size_t)(cell.bytes - walk->text.bytes);
    walk->found[walk->count++] = (struct span){
        .start = (uint32_t)start, .end = (uint32_t)(start + cell.length), .rank = (uint8_t)walk->table->rank};
    return true;
}

/* Tell whether the row may be one that ends all rows: it is blank, or holds how many there are. */
static bool may_end(struct text row)
{
    int first = at(row, 0);
    if (first == '(' || first == '\\')
        return true;
    return !guard_stripped(row, " \t\r").length;
}

static bool is_ruler(struct text row)
{
    size_t place = 0, dashes = 0, end = row.length;
    struct text drawn = guard_stripped(row, " \r");
    if (at(drawn, 0) == 0xe2) {
        while (place < end) {
            if (row.bytes[place] == ' ' || row.bytes[place] == '\r')
                place++;
            else if (end - place >= WIDE_EDGE && row.bytes[place] == 0xe2 && (row.bytes[place + 1] & 0xfe) == 0x94)
                place += WIDE_EDGE;
            else
                return false;
        }
        return true;
    }
    if (end && row.bytes[end - 1] == '\r')
        end--;
    if (end && (row.bytes[end - 1] == '+' || row.bytes[end - 1] == '|'))
        end--;
    if (end && (*row.bytes == '+' || *row.bytes == '|'))
        place++;
    for (; place < end; place++) {
        dashes += row.bytes[place] == '-';
        if (row.bytes[place] != '-' && row.bytes[place] != '+' && row.bytes[place] != ' ')
            return false;
    }
    return dashes != 0;
}

/* Turn positions on a terminal into places of the row, as _bytes_between of tables.py does; false where Python must. */
static bool between(struct text row, bool ascii, int32_t first, int32_t last, size_t *low, size_t *high)
{
    *low = (size_t)first < row.length ? (size_t)first : row.length;
    *high = last >= 0 && (size_t)last < row.length ? (size_t)last : row.length;
    if (ascii)
        return true;
    *low = *high = row.length;
    size_t place = 0;
    for (size_t offset = 0; offset < row.length;) {
        unsigned columns, size = guard_character(row, offset, &columns);
        if (!size)
            return false;
        if (place >= (size_t)first && *low == row.length)
            *low = offset;
        if (last >= 0 && place >= (size_t)last) {
            *high = offset;
            break;
        }
        place += columns;
        offset += size;
    }
    return true;
}

static size_t without_edge(struct text cell)
{
    size_t end = cell.length;
    while (end && strchr(" \r+|", cell.bytes[end - 1]) && cell.bytes[end - 1])
        end--;
    return end;
}

static struct text behind(struct text row, size_t place) { return (struct text){row.bytes + place, row.length - place}; }

/* Return how many blanks, and edges with blanks behind them, stand before a value. */
static size_t edges_before(struct text cell)
{
    size_t end = 0, place = 0;
    for (;;) {
        while (at(cell, place) == ' ')
            place++;
        end = place;
        while (at(cell, place) == '+' || at(cell, place) == '|' || at(cell, place) == '\r')
            place++;
        if (place == end || at(cell, place) != ' ')
            return end;
    }
}

static bool walk_aligned(struct walk *walk, struct text row)
{
    const struct table *table = walk->table;
    if (is_ruler(row))
        return true;
    bool ascii = true;
    for (size_t place = 0; place < row.length; place++)
        ascii &= row.bytes[place] < 0x80;
    for (size_t column = 0; column < table->columns; column++) {
        size_t low, high;
        if (!between(row, ascii, table->bounds[2 * column], table->bounds[2 * column + 1], &low, &high))
            return false;
        struct text cell = {row.bytes + low, high > low ? high - low : 0};
        cell.length = without_edge(cell);
        if (cell.length > 1 && cell.bytes[cell.length - 1] == '.' && cell.bytes[cell.length - 2] == ' ') {
            cell.length--; /* psql's sign of a wrapped cell */
            while (cell.length && cell.bytes[cell.length - 1] == ' ')
                cell.length--;
        }
        cell = behind(cell, edges_before(cell));
        if (guard_stripped(cell, blanks).length && !take(walk, cell))
            return false;
    }
    return true;
}

/* Return where the field at `place` ends and its value in `value`; SIZE_MAX where Python must tell. */
static size_t field_end(const struct table *table, struct text row, size_t place, struct text *value)
{
    size_t end = place;
    if (at(row, place) == '"') {
        if (*table->sign == '\n')
            return SIZE_MAX;
        for (end++; end < row.length && (row.bytes[end] != '"' || at(row, end + 1) == '"'); end++)
            end += row.bytes[end] == '"';
        if (end >= row.length)
            return SIZE_MAX;
        *value = (struct text){row.bytes + place + 1, end - place - 1};
        end++;
        bool whole = end == row.length || (end + table->length <= row.length && !memcmp(row.bytes + end, table->sign, table->length));
        return whole ? end : SIZE_MAX;
    }
    const uint8_t *next = row.length > place ? memmem(row.bytes + place, row.length - place, table->sign, table->length) : NULL;
    end = next ? (size_t)(next - row.bytes) : row.length;
    *value = (struct text){row.bytes + place, end - place};
    return end;
}

/* Tell whether the row is a header of another result, or looks like one. */
static bool may_be_a_header(const struct table *table, struct text row)
{
    size_t index = 0, masked = 0, end;
    bool named = false;
    if (table->length != 1 || !strchr("|,;\t~^#!\x1f", *table->sign))
        return false;
    for (size_t place = 0; place <= row.length; place = end + 1, index++) {
        const uint8_t *next = place < row.length ? memchr(row.bytes + place, *table->sign, row.length - place) : NULL;
        end = next ? (size_t)(next - row.bytes) : row.length;
        struct text field = guard_stripped((struct text){row.bytes + place, end - place}, "\"");
        if (!guard_is_name(field))
            return false;
        while (masked < table->columns && (size_t)table->bounds[masked] < index)
            masked++;
        bool known = masked < table->columns && (size_t)table->bounds[masked] == index;
        named |= !known && (table->names == ANY_NAME || guard_is_column(table->names, field) != NO);
    }
    return named;
}

static bool walk_delimited(struct walk *walk, struct text row)
{
    const struct table *table = walk->table;
    size_t index = 0, masked = 0;
    row.length -= row.length && row.bytes[row.length - 1] == '\r';
    if (memchr(row.bytes, '\r', row.length) || may_be_a_header(table, row))
        return false;
    for (size_t place = 0; place <= row.length; index++) {
        struct text value;
        size_t end = field_end(table, row, place, &value);
        if (end == SIZE_MAX)
            return false;
        if (masked < table->columns && (size_t)table->bounds[masked] == index) {
            masked++;
            if (!take(walk, value))
                return false;
        }
        place = end + table->length;
    }
    return table->total <= 1 || index == table->total;
}

static size_t edge_at(struct text row, size_t place)
{
    if (at(row, place) == '|')
        return 1;
    bool wide = place + 2 < row.length && row.bytes[place] == 0xe2
        && ((row.bytes[place + 1] == 0x94 && row.bytes[place + 2] == 0x82) || (row.bytes[place + 1] == 0x95 && row.bytes[place + 2] == 0x91));
    return wide ? WIDE_EDGE : 0;
}

static bool is_marker(struct text row)
{
    static const char record[] = "[ RECORD ", star[] = "* Record ";
    size_t place = 0, size = sizeof record - 1, number = run(row, size, row.length, DIGIT);
    if (number && row.length > size && !memcmp(row.bytes, star, size))
        return !guard_stripped(behind(row, size + number), " \t\r").length;
    while (place < row.length) {
        if (strchr("-+|", row.bytes[place]) && row.bytes[place])
            place++;
        else if (row.length - place >= WIDE_EDGE && row.bytes[place] == 0xe2 && (row.bytes[place + 1] & 0xfe) == 0x94)
            place += WIDE_EDGE;
        else
            break;
    }
    if (row.length - place < size || memcmp(row.bytes + place, record, size))
        return false;
    size_t digits = run(row, place + size, row.length, DIGIT);
    return digits && at(row, place + size + digits) == ' ' && at(row, place + size + digits + 1) == ']';
}

/* Return where what may stand behind a value begins: blanks, an edge, the sign of a wrapped value. */
static size_t without_tail(struct text value)
{
    static const char *const signs[] = {"\xe2\x94\x82", "\xe2\x95\x91", "\xe2\x86\xb5", "\xe2\x80\xa6"};
    for (int edges = 0; edges < 2; edges++) {
        size_t size = 0;
        while (value.length && (value.bytes[value.length - 1] == ' ' || value.bytes[value.length - 1] == '\r'))
            value.length--;
        if (value.length && (value.bytes[value.length - 1] == '|' || value.bytes[value.length - 1] == '+'))
            size = 1;
        for (size_t sign = 0; sign < sizeof signs / sizeof *signs; sign++)
            if (value.length >= WIDE_EDGE && !memcmp(value.bytes + value.length - WIDE_EDGE, signs[sign], WIDE_EDGE))
                size = WIDE_EDGE;
        bool edge = size && edge_at(value, value.length - size);
        value.length -= size;
        if (!edge)
            break;
    }
    while (value.length && (value.bytes[value.length - 1] == ' ' || value.bytes[value.length - 1] == '\r'))
        value.length--;
    return value.length;
}

static bool walk_record(struct walk *walk, struct text row)
{
    struct table *table = walk->table;
    if (is_marker(row)) {
        table->hit = 0;
        return true;
    }
    if (!table->total)
        return false;
    bool corner = row.length > 2 && row.bytes[0] == 0xe2
        && ((row.bytes[1] == 0x94 && row.bytes[2] == 0x94) || (row.bytes[1] == 0x95 && row.bytes[2] == 0x9a));
    if (corner || at(row, 0) == '*' || (at(row, 0) == '+' && at(row, 1) == '-'))
        return false;
    size_t start = edge_at(row, 0), place;
    if (start && at(row, start) != ' ')
        return false;
    start += start != 0;
    for (place = start; place < row.length && !edge_at(row, place) && row.bytes[place] != 0xe2; place++)
        if (row.bytes[place] == ':' && at(row, place + 1) == ' ')
            break;
    size_t sign = edge_at(row, place);
    if (place == row.length || (row.bytes[place] != ':' && !sign))
        return false;
    struct text name = guard_stripped((struct text){row.bytes + start, place - start}, blanks);
    place += sign ? sign : 1;
    struct text value = {row.bytes + place, row.length - place};
    if (!(name = guard_stripped(name, "\"")).length)
        return false;
    enum answer named = guard_is_column(table->names, name);
    if (named == PERHAPS)
        return false;
    value.length = without_tail(value);
    uint32_t before = table->hit;
    table->hit = named == YES;
    if (named != YES || take(walk, guard_stripped(value, blanks)))
        return true;
    table->hit = before;
    return false;
}

/* Judge the rows of `table` from `place` on that are whole lines and plain, and write what goes; return where the first row
 * is that is not, or for which there is no room. */
EXPORT size_t guard_rows(const uint8_t *bytes, size_t length, size_t place, struct table *table, struct span *found,
                         size_t most, size_t *count)
{
    static bool (*const walks[])(struct walk *, struct text) = {walk_aligned, walk_delimited, walk_record};
    struct walk walk = {.text = {bytes, length}, .table = table, .found = found, .most = most};
    table->full = 0;
    while (place < length) {
        const uint8_t *newline = memchr(bytes + place, '\n', length - place);
        struct text row = {bytes + place, newline ? (size_t)(newline - bytes) - place : 0};
        size_t before = walk.count;
        if (!newline || row.length > LONG_LINE || may_end(row) || !walks[table->layout](&walk, row)) {
            walk.count = before;
            break;
        }
        place += row.length + 1;
    }
    *count = walk.count;
    return place;
}
