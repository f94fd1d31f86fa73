/* Tells a value that is secret from what stands for one: placeholders, code, prose, paths. The forms are in expressions.py. */

#include <string.h>

#include "automata.h"
#include "values.h"

#define PLACEHOLDER_MAX 120
#define CHOSEN_LEAST 6
#define CHOSEN_MAX 8192
#define CHOSEN_HEAD 256
#define TELLING_MAX 60
#define SHORTEST 2
#define SMALL_LEAST 6
#define WIDE_MAX 8 /* letters of Chinese, Japanese and Korean */

/* Tell whether it is a sign that people put into passwords. */
static bool is_sign(uint8_t byte)
{
    switch (byte) {
    case '!': case '@': case '#': case '$': case '%': case '^': case '&': case '*': case '?': case '~':
        return true;
    default:
        return false;
    }
}

/* Tell whether it stands before a variable's name in some language, or opens an expression in a template. */
static bool is_mark(uint8_t byte) { return byte == '$' || byte == '@' || byte == '{' || byte == '&'; }

static size_t count_of(struct text value, unsigned classes)
{
    size_t count = 0;
    for (size_t place = 0; place < value.length; place++)
        count += is(value.bytes[place], classes);
    return count;
}

static size_t blanks_of(struct text value)
{
    size_t count = 0;
    for (size_t place = 0; place < value.length; place++)
        count += value.bytes[place] == ' ';
    return count;
}

static bool is_empty(struct text value)
{
    for (size_t place = 0; place < value.length; place++)
        if (!is_space(value.bytes[place]))
            return false;
    return true;
}

bool guard_is_placeholder(struct text value)
{
    return value.length <= PLACEHOLDER_MAX
        && (accepts(&guard_placeholder, value) || accepts(&guard_stars, value) || accepts(&guard_crosses, value)
            || accepts(&guard_asking, value));
}

bool guard_is_dummy(struct text value)
{
    return guard_is_placeholder(value) || (value.length <= PLACEHOLDER_MAX
                                            && (accepts(&guard_dummy, value) || accepts(&guard_hollow, value)
                                                || accepts(&guard_rules, value)));
}

bool guard_is_chosen(struct text value)
{
    bool letter = false, other = false, printable = value.length >= CHOSEN_LEAST && value.length <= CHOSEN_MAX;
    for (size_t place = 0; place < value.length && printable; place++) {
        uint8_t byte = value.bytes[place];
        letter |= is(byte, ALPHA);
        other |= is(byte, DIGIT) || is_sign(byte);
        printable = byte > ' ' && byte != 0x7f;
    }
    if (!letter || !other || !printable)
        return value.length > CHOSEN_MAX;
    struct text head = {value.bytes, value.length < CHOSEN_HEAD ? value.length : CHOSEN_HEAD};
    return !accepts(&guard_ordinary_word, head) && !accepts(&guard_ordinary_name, head)
        && !accepts(&guard_ordinary_place, head);
}

/* Tell whether capitals come as in names: behind a small letter a word begins, an abbreviation, or `Id`. */
static bool is_cased(struct text name)
{
    for (size_t place = 1; place < name.length; place++) {
        unsigned next = case_of(name, place + 1);
        if (case_of(name, place) != UPPER || case_of(name, place - 1) != LOWER)
            continue;
        if (name.bytes[place] == 'I' && place + 1 < name.length && (name.bytes[place + 1] | 0x20) == 'd')
            continue;
        if (!(next & ALPHA) || case_of(name, place + 2) != next)
            return false;
    }
    return true;
}

/* Tell whether it is a name that tells of a secret (`dbPassword`, `api_key_id`), behind a few other words of a name. */
static bool is_telling(struct text value)
{
    for (size_t place = 0; place <= TELLING_MAX && place < value.length; place++) {
        struct text rest = {value.bytes + place, value.length - place};
        uint8_t first = rest.bytes[0];
        bool within = place && is(value.bytes[place - 1], ALPHA) && is_cased(rest);
        if (((place == 0 || within) && accepts(&guard_telling, rest))
            || (is(first, UPPER) && accepts(&guard_capital, rest)))
            return true;
        bool joint = first == '_' || first == '$' || first == '.' || first == '-';
        if (joint && accepts(&guard_telling, (struct text){rest.bytes + 1, rest.length - 1}))
            return true;
        if (!is(first, WORD) && first != '$')
            return false;
    }
    return false;
}

static bool is_prose(struct text value) { return accepts(&guard_sentence, value) && accepts(&guard_stop, value); }

/* Tell whether it is a sentence in any language: words, and a capital, a sign beyond ASCII or a field among them. */
static bool is_foreign(struct text value)
{
    if (blanks_of(value) < 3 || count_of(value, DIGIT) > 2)
        return false;
    for (size_t place = 0; place < value.length; place++)
        if (is(value.bytes[place], UPPER) || value.bytes[place] == '%' || value.bytes[place] > 0x7f)
            return true;
    return false;
}

static bool is_label(struct text value)
{
    const uint8_t *blank = memchr(value.bytes, ' ', value.length), *newline = memchr(value.bytes, '\n', value.length);
    return blank && (!newline || blank < newline) && accepts(&guard_label, value);
}

bool guard_is_small(struct text value) { return value.length >= SMALL_LEAST && count_of(value, LOWER) == value.length; }

/* Tell whether it is a text in a script that has no blanks between words: so many letters are no password. */
static bool is_text(struct text value)
{
    size_t wide = 0;
    for (size_t place = 0; place < value.length; place++)
        wide += value.bytes[place] >= 0xe3 && value.bytes[place] <= 0xed;
    return wide >= WIDE_MAX;
}

/* Tell whether it is the key of a message or of a store: words between dots, one of which tells of a secret. */
static bool is_message(struct text value)
{
    uint32_t state = guard_names.start;
    if (!accepts(&guard_message, value))
        return false;
    for (size_t place = 0; place < value.length; place++)
        if ((state = step(&guard_names, state, value.bytes[place])) >= guard_names.accepting)
            return true;
    return false;
}

unsigned guard_variety(struct text value)
{
    uint64_t seen[4] = {0};
    unsigned count = 0;
    for (size_t place = 0; place < value.length; place++) {
        uint64_t bit = 1ULL << (value.bytes[place] % 64), *word = seen + value.bytes[place] / 64;
        count += !(*word & bit);
        *word |= bit;
    }
    return count;
}

bool guard_is_secret_string(struct text value, bool formatted, bool strict)
{
    if (!strict
        && (value.length < SHORTEST || (value.length == SHORTEST && count_of(value, ALPHA) == SHORTEST)
            || accepts(&guard_version, value) || accepts(&guard_term, value) || is_foreign(value)))
        return false;
    if (is_empty(value) || guard_is_dummy(value) || accepts(&guard_path, value) || is_text(value))
        return false;
    size_t blanks = blanks_of(value);
    if ((blanks > 2 && is_prose(value)) || (blanks && is_label(value)))
        return false;
    if (formatted && accepts(&guard_formatted, value))
        return false;
    if (!(strict && guard_is_small(value)) && is_telling(value))
        return false;
    return !accepts(&guard_fields, value) && !accepts(&guard_ciphers, value) && !is_message(value);
}

bool guard_is_secret_word(struct text value, int following, bool code, bool strict, bool shell)
{
    size_t letters = count_of(value, ALPHA), digits = count_of(value, DIGIT);
    bool called = following == '(' || following == '[';
    int end = value.length ? value.bytes[value.length - 1] : -1;
    if ((following == '"' || following == '\'') && (end == '[' || end == '('))
        return false;
    if (letters && digits && letters + digits == value.length && !called) {
        if ((!code || strict) && !accepts(&guard_suspect, value))
            return true;
        return (!code || strict || guard_is_chosen(value)) && !guard_is_dummy(value) && !is_telling(value);
    }
    if (is_empty(value) || guard_is_dummy(value) || accepts(&guard_path, value) || is_text(value))
        return false;
    if (called && (is(value.bytes[0], ALPHA | UNDERSCORE) || is_mark(value.bytes[0])))
        return false;
    if (accepts(&guard_ciphers, value))
        return false;
    bool expression = accepts(&guard_expression, value) && (code || accepts(&guard_operand, value));
    if (blanks_of(value) && (expression || accepts(&guard_type, value) || is_prose(value)))
        return false;
    if (!strict && accepts(&guard_small_number, value))
        return false;
    if (shell)
        return (strict && guard_is_small(value)) || !is_telling(value);
    bool attribute = accepts(&guard_attribute, value) && !(strict && !code && guard_is_chosen(value)); /* Marble.harbor7 */
    if (expression || accepts(&guard_call, value) || attribute || is_telling(value))
        return false;
    if (accepts(&guard_letters, value))
        return !code && !accepts(&guard_code_word, value);
    return !code || strict || guard_is_chosen(value);
}

EXPORT bool guard_word(const uint8_t *bytes, size_t length, int following, bool code, bool strict, bool shell)
{
    return guard_is_secret_word((struct text){bytes, length}, following, code, strict, shell);
}
