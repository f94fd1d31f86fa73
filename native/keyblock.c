/* Follows the body of an armoured private key from its BEGIN marker over the lines up to its END marker. */

#define _GNU_SOURCE

#include <string.h>

#include "automata.h"
#include "followers.h"
#include "values.h"

#define LINES_MAX 2048
#define BEFORE_MAX 200
#define BODY_MAX 512
#define HEADER_MAX 200
#define WIDEST 400 /* bytes of a line up to the end of its marker within which something may stand before the key */
#define FURTHEST 256 /* bytes behind a marker that ends its line */
#define NUMBERS 4  /* by how much the number of a line may be longer than that of the marker's */

/* What of a line is of a key: all from `start` on, its body between what may stand around it. */
struct material {
    size_t start, body, end;
};

static bool is_before(int byte) { return byte >= 0 && byte && strchr(" \t|>+-\"'", byte); }
static bool is_after(int byte) { return byte >= 0 && byte && strchr(" \t\r|+\"',;", byte); }
static bool is_body(int byte) { return byte >= 0 && (is((uint8_t)byte, ALNUM) || byte == '+' || byte == '/' || byte == '='); }

/* Tell whether nothing but blanks, quotes and written line breaks stands from `place` on. */
static bool is_over(struct text row, size_t place)
{
    while (place < row.length) {
        bool written = row.bytes[place] == '\\' && (at(row, place + 1) == 'n' || at(row, place + 1) == 'r');
        if (!written && !is_after(row.bytes[place]))
            return false;
        place += written ? 2 : 1;
    }
    return true;
}

/* Return how long a header of armour is at `place`, as far as its value may be seen; 0 where there is none. */
static size_t header_at(struct text row, size_t place)
{
    static const char *const names[] = {"Proc-Type: ", "DEK-Info: ", "Version: ", "Comment: ", "Hash: "};
    size_t left = row.length - place;
    for (size_t index = 0; index < sizeof names / sizeof *names; index++)
        if (left >= strlen(names[index]) && !memcmp(row.bytes + place, names[index], strlen(names[index])))
            return strlen(names[index]);
    return 0;
}

/* Find the material that is all of the line from `start` on; with `loose` its body may be nothing. */
static bool material_at(struct text row, size_t start, bool loose, struct material *found)
{
    size_t body = start, count = 0;
    while (body < row.length && body - start < BEFORE_MAX && is_before(row.bytes[body]))
        body++;
    size_t header = body < row.length ? header_at(row, body) : 0;
    for (size_t place = body; !loose && !is_body(at(row, body)) && place-- > start;)
        if (row.bytes[place] == '+')
            body = place; /* which may stand before a body, and be one */
    while (count < BODY_MAX && is_body(at(row, body + count)))
        count++;
    *found = (struct material){start, body, body + count};
    if ((count || loose) && is_over(row, found->end))
        return true;
    for (size_t value = 0; header && value <= HEADER_MAX && body + header + value <= row.length; value++)
        if (is_over(row, found->end = body + header + value))
            return true;
    return false;
}

/* Find material behind what stands before each line, which is as wide as before the marker, or nearly. */
static bool material_behind(struct text row, size_t prefix, struct material *found)
{
    for (size_t width = prefix > NUMBERS ? prefix - NUMBERS : 1; prefix && width <= prefix + NUMBERS && width <= row.length; width++)
        if (row.bytes[width - 1] && strchr(" \t:-)]|>", row.bytes[width - 1]) && material_at(row, width, true, found))
            return true;
    return false;
}

static bool ends_key(struct text row)
{
    static const char end[] = "-----END ", ssh[] = "---- END SSH2 ENCRYPTED PRIVATE KEY ----";
    const uint8_t *place = row.bytes, *last = row.bytes + row.length;
    if (memmem(row.bytes, row.length, ssh, sizeof ssh - 1))
        return true;
    for (; (place = memmem(place, (size_t)(last - place), end, sizeof end - 1)); place++) {
        const uint8_t *name = place + sizeof end - 1, *stop = name;
        while (stop < last && *stop != '-')
            stop++;
        if (last - stop >= 5 && !memcmp(stop, "-----", 5) && accepts(&guard_key_name, (struct text){name, (size_t)(stop - name)}))
            return true;
    }
    return false;
}

static bool is_all(struct text row, const char *signs)
{
    for (size_t place = 0; place < row.length; place++)
        if (!row.bytes[place] || !strchr(signs, row.bytes[place]))
            return false;
    return true;
}

static bool is_void(const uint8_t *bytes, size_t from, size_t to)
{
    for (; from < to; from++)
        if (!is_space(bytes[from]))
            return false;
    return true;
}

bool guard_key_line(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    struct material found;
    size_t end = row.start + row.text.length;
    bool shown = led->state.key.shown;
    if (!led->state.key.left || ends_key(row.text)) {
        led->waits = 0;
        return true;
    }
    led->state.key.left--;
    if (is_all(row.text, " \t\r|+>"))
        return true;
    if (!material_at(row.text, 0, false, &found) && !material_behind(row.text, led->state.key.prefix, &found)) {
        led->waits = 0;
        return true;
    }
    if (found.start && found.body == found.end)
        return true;
    led->state.key.shown = 1;
    bool alone = !found.start && is_void(row.text.bytes, 0, found.body) && is_void(row.text.bytes, found.end, row.text.length);
    if (shown && alone)
        return guard_add(walk, row.start, end < walk->text.length ? end + 1 : end, true);
    return guard_add(walk, row.start + found.body, row.start + found.end, shown);
}

/* Begin behind a marker that ends its line, and where a file of PuTTY says how many lines follow. */
bool guard_key_begins(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    struct text line = row.text;
    size_t end = row.start + line.length, prefix = 0;
    if (led->waits || !line.length)
        return true;
    const uint8_t *dash = memrchr(line.bytes, '-', line.length);
    if (!dash)
        return true;
    size_t marker = (size_t)(dash - line.bytes) + 1;
    if (is_over(line, marker)) {
        if (line.length - marker >= FURTHEST || !guard_ends_so(&guard_key_marker, walk->text, row.start + marker))
            return true;
        const uint8_t *first = memmem(line.bytes, marker, "----", 4);
        prefix = marker < WIDEST && first ? (size_t)(first - line.bytes) : 0;
    } else if (!guard_ends_so(&guard_key_lines, walk->text, end - (line.bytes[line.length - 1] == '\r'))) {
        return true;
    }
    led->waits = 1;
    led->state.key.left = LINES_MAX;
    led->state.key.shown = 0;
    led->state.key.prefix = (uint32_t)prefix;
    return true;
}
