/* Finds what stands around a telling name where nothing is assigned to it: elements, pairs, arguments, sentences.
 *
 * An automaton reads the text for the names; where one ends, others read what follows, each for one form of
 * guardcli/masking/forms/tails.py; where that is there, what must stand before the name is looked at. */

#include <stdlib.h>
#include <string.h>

#include "automata.h"
#include "names.h"
#include "values.h"

#define RUN_MAX 60   /* bytes between what stands before and the name */
#define VALUE_MAX 8192
#define QUOTE_MAX 4  /* how far before the end of a form its value may begin, as in FormDetector.find */

/* How a form's value is read, so that one that nobody chose is seen at once; ANY: its detector must look. */
enum reading { ANY, STRING, SOLID, TOKEN };
static const uint8_t readings[] = {[6] = STRING, [8] = SOLID, [12] = TOKEN, [13] = TOKEN};

/* Tell whether a word without quotes ends before the byte. */
static bool ends_word(uint8_t byte)
{
    switch (byte) {
    case '"': case '\'': case '`': case '<': case '>': case '|': case ';': case ',':
    case '(': case ')': case '[': case ']': case '{': case '}':
        return true;
    default:
        return is_space(byte);
    }
}

/* Return the length of the string in quotes that begins at `place`, without them; 0 where there is none. */
static size_t quoted(struct text text, size_t place, enum reading how)
{
    int quote = at(text, place);
    size_t count = 0, end = place + 1;
    if (quote != '"' && quote != '\'' && (quote != '`' || how == STRING))
        return 0;
    for (; count < VALUE_MAX && end < text.length && text.bytes[end] != quote; count++, end++) {
        uint8_t byte = text.bytes[end];
        if (how == SOLID ? is_space(byte) : byte == '\n')
            return 0;
        if (how == STRING && byte == '\\') {
            if (at(text, end + 1) < 0 || at(text, end + 1) == '\n')
                return 0;
            end++;
        }
    }
    return at(text, end) == quote ? end - place - 1 : 0;
}

/* Tell whether a value that somebody may have chosen begins at `place` and reaches `end`. */
static bool is_chosen_at(struct text text, size_t place, size_t end, enum reading how)
{
    size_t length = quoted(text, place, how);
    if (length && place + length + 2 >= end && guard_is_chosen((struct text){text.bytes + place + 1, length}))
        return true;
    if (length || how != TOKEN)
        return false;
    while (length < VALUE_MAX && place + length < text.length && !ends_word(text.bytes[place + length]))
        length++;
    return length && place + length >= end && guard_is_chosen((struct text){text.bytes + place, length});
}

/* Tell whether the form whose last byte is before `end` may hold a secret. */
static bool is_promising(struct text text, size_t form, size_t end)
{
    enum reading how = form < sizeof readings ? readings[form] : ANY;
    if (how == ANY)
        return true;
    for (size_t back = 1; back <= QUOTE_MAX && back <= end; back++)
        if (is_chosen_at(text, end - back, end, how))
            return true;
    return false;
}

/* Where names may begin that end at one place; each of them tells. */
struct starts {
    size_t count, places[NAME_MAX];
};

static struct starts starts_of(struct text text, size_t end)
{
    struct starts starts = {.count = 0};
    uint32_t state = guard_told.start;
    for (size_t start = end; starts.count < NAME_MAX && start-- && (state = step(&guard_told, state, text.bytes[start]));)
        if (state >= guard_told.accepting)
            starts.places[starts.count++] = start;
    return starts;
}

/* Return the forms that may have what they want before one of the names, by the byte that stands there. */
static uint64_t forms_before(struct text text, const struct starts *starts)
{
    uint64_t forms = 0;
    for (size_t index = 0; index < starts->count; index++)
        forms |= guard_tails_prior[starts->places[index] ? text.bytes[starts->places[index] - 1] : '\n'];
    return forms;
}

/* Tell whether what the form wants stands before one of the names. */
static bool stands_before(struct text text, size_t form, const struct starts *starts)
{
    const struct automaton *before = guard_tails[form].before;
    if (!before)
        return true;
    for (size_t index = 0; index < starts->count; index++) {
        size_t place = starts->places[index];
        for (size_t count = 0; count <= RUN_MAX; count++, place--) {
            if (ends(before, (struct text){text.bytes, place}))
                return true;
            if (!place || !(guard_tails_run[text.bytes[place - 1]] >> form & 1))
                break;
        }
    }
    return false;
}

/* Return the forms that may follow a name that ends at `end`: by the next byte, and by the next one that is no blank. */
static uint64_t forms_behind(struct text text, size_t end)
{
    uint64_t forms = end < text.length ? guard_tails_first[text.bytes[end]] : 0;
    size_t place = end;
    while (forms && is_blank(at(text, place)))
        place++;
    return forms ? forms & guard_tails_after[place < text.length ? text.bytes[place] : 256] : 0;
}

/* Return where a form ends that is accepted up to `end`: there, or with a `rest` where its line ends; 0 where that is too
 * far. `newline` is the first one behind some place before, or is looked for. */
static size_t whole(struct text text, const struct tail *tail, size_t end, size_t *newline)
{
    if (!tail->rest || text.bytes[end - 1] == '\n')
        return end;
    if (*newline < end) {
        const uint8_t *found = end < text.length ? memchr(text.bytes + end, '\n', text.length - end) : NULL;
        *newline = found ? (size_t)(found - text.bytes) : SIZE_MAX;
    }
    if (*newline == SIZE_MAX)
        return 0;
    size_t rest = *newline - end;
    return rest <= tail->rest + (rest && text.bytes[*newline - 1] == '\r') ? *newline + 1 : 0;
}

/* Add where forms end whose name ends at `end`; what is beyond `most` is counted and not written. */
static size_t add_forms(struct text text, size_t end, size_t *newline, struct hit *hits, size_t count, size_t most)
{
    uint64_t left = forms_behind(text, end);
    if (!left)
        return count;
    struct starts starts = starts_of(text, end);
    for (left &= forms_before(text, &starts); left; left &= left - 1) {
        size_t form = (size_t)__builtin_ctzll(left);
        const struct automaton *tail = guard_tails[form].behind;
        uint32_t state = tail->start;
        int known = -1;
        if (guard_tails[form].name && !ends(guard_tails[form].name, (struct text){text.bytes, end}))
            continue;
        for (size_t place = end; place < text.length && (state = step(tail, state, text.bytes[place])); place++) {
            if (state < tail->accepting)
                continue;
            if (known < 0 && !(known = stands_before(text, form, &starts)))
                break;
            size_t last = whole(text, guard_tails + form, place + 1, newline);
            if (last && is_promising(text, form, last) && count++ < most)
                hits[count - 1] = (struct hit){(uint32_t)last, (uint32_t)form};
        }
    }
    return count;
}

static int by_place(const void *one, const void *other)
{
    const struct hit *a = one, *b = other;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return a->form < b->form ? -1 : a->form > b->form;
}

/* Write where forms end in the text whose names end behind `from`, in order, each once, numbered from `first` on. Return how many
 * places there are, which may be repeated ones too: beyond `most` nothing is in order. `written` gets how many there are in the
 * end. */
EXPORT size_t guard_named(const uint8_t *bytes, size_t length, size_t from, uint32_t first, struct hit *hits, size_t *written,
                          size_t most)
{
    struct text text = {bytes, length};
    size_t count = 0, kept = 0, newline = 0;
    struct names names;
    *written = 0;
    guard_read_names(&names, text, from);
    for (size_t end; (end = guard_next_name(&names));)
        count = add_forms(text, end, &newline, hits, count, most);
    if (count > most)
        return count;
    for (size_t index = 1; index < count; index++)
        if (by_place(hits + index - 1, hits + index) > 0) {
            qsort(hits, count, sizeof *hits, by_place);
            break;
        }
    for (size_t index = 0; index < count; index++)
        if (!kept || by_place(hits + kept - 1, hits + index))
            hits[kept++] = hits[index];
    for (size_t index = 0; index < kept; index++)
        hits[index].form += first;
    *written = kept;
    return count;
}
