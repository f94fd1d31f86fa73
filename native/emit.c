/* Puts findings in order and the text together again without them. */

#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "automata.h"
#include "values.h"

#define FURTHEST 200 /* how far behind a value the next column is looked for; as in strategies.py */

static int by_place(const void *one, const void *other)
{
    const struct span *a = one, *b = other;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank - b->rank;
    return a->drop != b->drop ? a->drop - b->drop : a->rest - b->rest;
}

static size_t size(const struct span *span) { return span->end - span->start; }

/* Sort `spans` and make them disjoint; return how many are left. What covers more wins its label, and no byte of either
 * gets out. Where a credential and personal data overlap, the credential alone is masked: user:PASSWORD@host looks like an
 * address to whom does not see the URL around it. */
EXPORT size_t guard_resolve(struct span *spans, size_t count, const uint8_t *personal)
{
    size_t kept = 0, sorted = 1;
    while (sorted < count && by_place(spans + sorted - 1, spans + sorted) <= 0)
        sorted++;
    if (sorted < count)
        qsort(spans, count, sizeof *spans, by_place);
    for (size_t index = 0; index < count; index++) {
        struct span span = spans[index], *last = spans + kept - 1;
        if (!kept || span.start >= last->end) {
            spans[kept++] = span;
            continue;
        }
        if (personal[span.rank] && !personal[last->rank])
            continue;
        if ((personal[last->rank] && !personal[span.rank]) || size(&span) > size(last))
            last->rank = span.rank;
        if (span.end >= last->end) {
            last->end = span.end;
            last->rest = span.rest;
        }
    }
    return kept;
}

static bool before_scalar(const uint8_t *text, size_t start)
{
    const uint8_t *two = text + start - 2;
    return start >= 2 && two[1] == ' ' && (two[0] == ':' || two[0] == '-' || two[0] == ' ');
}

static bool is_among(int byte, const char *bytes) { return byte > 0 && strchr(bytes, byte) != NULL; }

/* Return where the line of `start` begins, as far as it matters. */
static size_t line_of(const uint8_t *text, size_t start)
{
    size_t low = start > FURTHEST ? start - FURTHEST : 0;
    const uint8_t *newline = memrchr(text + low, '\n', start - low);
    return newline ? (size_t)(newline - text) + 1 : low;
}

/* Return where the blanks and line ends before `place` begin, down to `low`. */
static size_t without_spaces(const uint8_t *text, size_t low, size_t place)
{
    while (place > low && is_space(text[place - 1]))
        place--;
    return place;
}

/* Tell whether a value is a number of JSON, true or false. */
static bool is_number(struct text value)
{
    size_t place = at(value, 0) == '-', digits;
    if ((value.length == 4 && !memcmp(value.bytes, "true", 4)) || (value.length == 5 && !memcmp(value.bytes, "false", 5)))
        return true;
    if (!(digits = run(value, place, SIZE_MAX, DIGIT)))
        return false;
    place += digits;
    if (at(value, place) == '.') {
        if (!(digits = run(value, place + 1, SIZE_MAX, DIGIT)))
            return false;
        place += 1 + digits;
    }
    if (is_among(at(value, place), "eE")) {
        size_t sign = is_among(at(value, place + 1), "+-");
        if (!(digits = run(value, place + 1 + sign, SIZE_MAX, DIGIT)))
            return false;
        place += 1 + sign + digits;
    }
    return place == value.length;
}

/* Tell whether a value may stand without quotes in JSON or in YAML's flow style. */
static bool is_bare(struct text value)
{
    if (!value.length || is_space(*value.bytes) || *value.bytes == '\'' || is_space(value.bytes[value.length - 1]))
        return false;
    for (size_t place = 0; place < value.length; place++)
        if (is_among(value.bytes[place], "\"\\,[]{}\n"))
            return false;
    return true;
}

/* Tell it of a value that stands bare behind a colon: of a quoted key, or of one amid braces. */
static bool is_in_mapping(struct text text, size_t start, size_t end)
{
    const uint8_t *bytes = text.bytes;
    size_t line = line_of(bytes, start), place = start;
    while (place > line && is_blank(bytes[place - 1]))
        place--;
    if (place > line && bytes[place - 1] == ':' && is_number((struct text){bytes + start, end - start})) {
        for (place--; place > line && is_blank(bytes[place - 1]); place--)
            ;
        if (place > line && bytes[place - 1] == '"')
            return true;
    }
    if (start < 2 || bytes[start - 2] != ':' || bytes[start - 1] != ' ')
        return false;
    for (place = start; place > line; place--)
        if (bytes[place - 1] == '{' || bytes[place - 1] == '}')
            return bytes[place - 1] == '{';
    return false;
}

/* Tell it of a value behind the bracket or comma that ends at `last`; `low` is how far back one looks. */
static bool is_in_list(struct text text, size_t low, size_t last, size_t start, size_t end)
{
    const uint8_t *bytes = text.bytes;
    size_t far = text.length - end < FURTHEST ? text.length : end + FURTHEST, next = end, closed = 0;
    while (next < far && is_space(bytes[next]))
        next++;
    int behind = next < far ? bytes[next] : -1;
    if (behind >= 0 && behind != ',' && behind != ']')
        return false;
    for (size_t place = last; place > low; place--) {
        closed += bytes[place - 1] == ']';
        if (bytes[place - 1] == '[' && !closed--)
            return true;
    }
    if (start <= FURTHEST)
        return false;
    if (!memchr(bytes + low, '\n', last - low)) {
        size_t element = without_spaces(bytes, low, last - 1);
        return is_number((struct text){bytes + start, end - start}) || (element > low && is_among(bytes[element - 1], "\"}]"));
    }
    return memchr(bytes + last, '\n', start - last) && behind >= 0;
}

/* Tell whether a value stands bare in JSON or in YAML's flow style: behind a quoted key, or in a list. */
static bool is_in_flow(struct text text, size_t start, size_t end)
{
    size_t low = start > FURTHEST ? start - FURTHEST : 0, last = without_spaces(text.bytes, low, start);
    if (last == low)
        return false;
    if (text.bytes[last - 1] == ':')
        return is_in_mapping(text, start, end);
    return is_among(text.bytes[last - 1], "[,") && is_in_list(text, low, last, start, end);
}

/* Tell whether a value at `start` begins a scalar of YAML's block style. */
static bool is_scalar(const uint8_t *text, size_t start)
{
    size_t line = line_of(text, start);
    return before_scalar(text, start) && accepts(&guard_yaml_start, (struct text){text + line, start - line});
}

/* Tell whether the value is as wide as it has bytes. */
static bool is_ascii(struct text value)
{
    for (size_t place = 0; place < value.length; place++)
        if (value.bytes[place] >= 0x80)
            return false;
    return true;
}

/* Write the value without breaks at a terminal's border, and return it, or as it is where it has none. */
static struct text unwrapped(struct text value, uint8_t *to)
{
    size_t written = 0;
    if (!memchr(value.bytes, '\r', value.length))
        return value;
    for (size_t place = 0; place < value.length; place++) {
        bool wraps = place && value.bytes[place] == ' ' && at(value, place + 1) == '\r' && at(value, place + 2) != '\n'
            && !is_space(value.bytes[place - 1]) && value.bytes[place - 1] != ':';
        if (wraps)
            place++;
        else
            to[written++] = value.bytes[place];
    }
    return (struct text){to, written};
}

/* Return how long the value's place in a table is made by blanks behind the label, or shortened in `skip`; 0 for stars. */
static size_t fitted(struct text text, size_t end, size_t room, size_t label, uint64_t *skip)
{
    size_t blanks = 0, spare = 2;
    while (blanks < FURTHEST && at(text, end + blanks) == ' ')
        blanks++;
    int next = blanks < FURTHEST ? at(text, end + blanks) : -1;
    bool column = next == '|' && blanks < FURTHEST;
    bool line = next == 0xe2 && blanks + 3 <= FURTHEST && at(text, end + blanks + 1) == 0x94
        && at(text, end + blanks + 2) == 0x82;
    if (column || line)
        spare = 1;
    else if (next < 0 || is_space((uint8_t)next) || (blanks < 2 && text.bytes[end - 1] != ' '))
        return label;
    if (label <= room)
        return room;
    if (label - room + spare > blanks)
        return 0;
    *skip = label - room;
    return label;
}

/* Append what stands for text[start:end] where nothing around it asks for more; false where something does. */
static bool put_label(struct text text, size_t start, size_t end, const struct label *label, struct progress *progress,
                      uint8_t *out)
{
    uint8_t *to = out + progress->written;
    size_t length = label->length, made = length;
    int next = at(text, end), after = at(text, end + 1);
    struct text value = {text.bytes + start, end - start};
    if (!length)
        return false;
    value = unwrapped(value, to);
    bool flow = is_in_flow(text, start, end) && is_bare(value), quoted = flow && is_number(value);
    bool scalar = !quoted && (flow || is_scalar(text.bytes, start));
    if (!quoted && next == ' ' && (after == ' ' || after == '|' || after == 0xe2)) {
        if (!is_ascii(value))
            return false;
        made = fitted(text, end, value.length, length, &progress->skip);
    }
    if (!made) {
        memset(to, '*', made = value.length);
    } else {
        to += quoted;
        memcpy(to, label->text, length);
        memset(to + length, ' ', made - length);
        if (scalar) {
            to[0] = '<';
            to[length - 1] = '>';
        } else if (quoted) {
            to[-1] = to[length] = '"';
            made += 2;
        }
    }
    progress->written += made;
    return true;
}

static void copy(struct text text, size_t from, size_t to, struct progress *progress, uint8_t *out)
{
    if (from >= to)
        return;
    memcpy(out + progress->written, text.bytes + from, to - from);
    progress->written += to - from;
}

/* Write text[place:end] to `out` with `spans` replaced, counting each in `counts`. Stop before the first replacement that
 * needs more than a label, with progress->index at its span: the caller puts it there and goes on behind it. `out` must
 * hold the text to its end, where a value may lie behind `end`, and a label for each span. */
EXPORT void guard_emit(const uint8_t *bytes, size_t length, size_t end, const struct span *spans, size_t count,
                       const struct label *labels, uint32_t *counts, struct progress *progress, uint8_t *out)
{
    struct text text = {bytes, length};
    for (; progress->index < count; progress->index++) {
        const struct span *span = spans + progress->index;
        size_t start = span->start > progress->place ? span->start : progress->place;
        if (span->end <= progress->place || span->start >= end)
            continue;
        copy(text, progress->place + progress->skip, start, progress, out);
        progress->place = start;
        progress->skip = 0;
        if (!span->drop && !(progress->masked && span->start < start)) {
            if (!put_label(text, start, span->end, labels + span->rank, progress, out))
                return;
            counts[span->rank]++;
        }
        progress->place = span->end < end ? span->end : end;
        progress->masked = false;
    }
    copy(text, progress->place + progress->skip, end, progress, out);
}
