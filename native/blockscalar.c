/* Follows the lines of a YAML block scalar under a name that tells: `password: |`. */

#define _GNU_SOURCE

#include <string.h>

#include "automata.h"
#include "followers.h"
#include "values.h"

static size_t blanks_of(struct text row)
{
    size_t count = 0;
    while (is_blank(at(row, count)))
        count++;
    return count;
}

static bool begins_with(struct text text, const char *word)
{
    return text.length >= strlen(word) && !memcmp(text.bytes, word, strlen(word));
}

/* Judge a line: what is indented further than the name belongs to the value. */
bool guard_scalar_line(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    struct text seen = row.text;
    while (seen.length && seen.bytes[seen.length - 1] == '\r')
        seen.length--;
    size_t indent = blanks_of(seen);
    struct text content = {seen.bytes + indent, seen.length - indent};
    if (!content.length)
        return true;
    if (indent <= led->state.scalar.indent) {
        led->waits = 0;
        return true;
    }
    if (guard_is_placeholder(content) || begins_with(content, "-----BEGIN") || begins_with(content, "-----END"))
        return true;
    return guard_add(walk, row.start + indent, row.start + seen.length, false);
}

bool guard_scalar_begins(struct walk *walk, struct row row)
{
    struct led *led = walk->led;
    struct text line = row.text;
    line.length -= line.length && line.bytes[line.length - 1] == '\r';
    size_t last = line.length;
    while (last && is_blank(line.bytes[last - 1]))
        last--;
    bool sign = last && (is(line.bytes[last - 1], DIGIT) || strchr("|>+-", line.bytes[last - 1]));
    if (led->waits || !sign || !guard_ends_so(&guard_scalar_head, walk->text, row.start + line.length))
        return true;
    size_t indent = blanks_of(line);
    while (at(line, indent) == '-' && at(line, indent + 1) == ' ')
        indent += 2;
    led->waits = 1;
    led->state.scalar.indent = (uint32_t)indent;
    return true;
}
