/* Puts findings in order and the text together again without them. */

#include <stdlib.h>
#include <string.h>

#include "automata.h"

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

/* What YAML would see in a value: NO_SCALAR, or one that brackets would make a list; LOOK: strategies.py must tell. */
enum scalar { NO_SCALAR, SCALAR, LOOK };

static size_t without_blanks(const uint8_t *text, size_t place)
{
    while (place > 0 && (text[place - 1] == ' ' || text[place - 1] == '\t'))
        place--;
    return place;
}

/* Tell whether a colon stands before the value, and a quote before that, as behind a key of JSON. */
static bool behind_quoted_key(const uint8_t *text, size_t start)
{
    size_t colon = without_blanks(text, start);
    if (colon == 0 || text[colon - 1] != ':')
        return false;
    size_t quote = without_blanks(text, colon - 1);
    return quote > 0 && text[quote - 1] == '"';
}
/* Tell whether a value is of such signs alone that it may be a number of JSON; one that begins with a sign of YAML's may be
 * anything. */
static bool may_be_number(const uint8_t *bytes, size_t length)
{
    if (!is(*bytes, DIGIT) && *bytes != '+' && *bytes != '(')
        return true;
    for (size_t place = 0; place < length; place++)
        if (!is(bytes[place], DIGIT) && (!bytes[place] || !strchr(".eE+-", bytes[place])))
            return false;
    return *bytes != '+';
}

/* Tell it of a value behind a colon and a blank, where no brace of the line may make it an element of a mapping, and which
 * is no number, true or false of JSON. */
static enum scalar scalar_at(struct text text, size_t start, size_t end)
{
    const uint8_t *bytes = text.bytes;
    size_t low = start > FURTHEST ? start - FURTHEST : 0, line = start, length = end - start;
    if (!before_scalar(bytes, start))
        return NO_SCALAR;
    bool bare = (!is_at(text, start, ALPHA) && may_be_number(bytes + start, length))
        || (length == 4 && !memcmp(bytes + start, "true", 4)) || (length == 5 && !memcmp(bytes + start, "false", 5));
    if (bytes[start - 2] != ':' || (bare && behind_quoted_key(bytes, start)))
        return LOOK;
    for (; line > low && bytes[line - 1] != '\n'; line--)
        if (bytes[line - 1] == '{')
            return LOOK;
    return accepts(&guard_yaml_start, (struct text){bytes + line, start - line}) ? SCALAR : NO_SCALAR;
}

/* Tell whether the value at `place` may be an element of a list in brackets, which strategies.py looks at closely. */
static bool in_list(const uint8_t *text, size_t place)
{
    size_t low = place > FURTHEST ? place - FURTHEST : 0;
    bool newline = false, same_line = low > 0;
    int closed = 0;
    for (; place > low && (text[place - 1] == ' ' || (text[place - 1] >= '\t' && text[place - 1] <= '\r')); place--)
        newline = newline || text[place - 1] == '\n';
    if (place == low || (text[place - 1] != '[' && text[place - 1] != ','))
        return false;
    for (; place > low; place--) {
        if (text[place - 1] == ']')
            closed++;
        else if (text[place - 1] == '[' && closed-- == 0)
            return true;
        same_line = same_line && text[place - 1] != '\n';
    }
    return newline || same_line;
}

/* Tell whether the value is no number of JSON, which must become a string, and is as wide as it has bytes. */
static bool is_simple(const uint8_t *text, size_t start, size_t end)
{
    bool number = true;
    for (size_t place = start; place < end; place++) {
        if (text[place] >= 0x80)
            return false;
        number = number && is(text[place], DIGIT);
    }
    return !in_list(text, start) && !(number && behind_quoted_key(text, start));
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
    else if (next < 0 || blanks < 2 || next == ' ' || (next >= '\t' && next <= '\r'))
        return label;
    if (label <= room)
        return room;
    if (label - room > blanks - spare)
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
    enum scalar scalar = length ? scalar_at(text, start, end) : LOOK;
    if (scalar == LOOK || !is_simple(text.bytes, start, end))
        return false;
    if (next == ' ' && (after == ' ' || after == '|' || after == 0xe2)) {
        if (after == 0xe2 && text.bytes[end - 1] == ' ')
            return false;
        made = fitted(text, end, end - start, length, &progress->skip);
    }
    if (!made) {
        memset(to, '*', made = end - start);
    } else {
        memcpy(to, label->text, length);
        memset(to + length, ' ', made - length);
        if (scalar == SCALAR) {
            to[0] = '<';
            to[length - 1] = '>';
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
