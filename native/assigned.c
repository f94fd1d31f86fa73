/* Finds what is assigned to names that tell of a secret: password=..., "api_key": ..., --token ... and their like.
 *
 * Three steps: an automaton reads the text for the names (names.c); where one ends, others say where a sign follows (signs.c);
 * there the value is taken (here; quoted.c in quotes) and judged by what stands before it (before.c). The first two read each
 * byte a bounded number of times, whatever it is. */

#include <string.h>

#include "assigned.h"
#include "automata.h"
#include "values.h"

#define NAME_WINDOW 64 /* of the bytes before a sign, those that may hold its name */
#define PARAMETER_WINDOW 80
#define OPTION_MAX 62
#define SHORTEST 3
#define LONG_WORD 5
#define TAG_MAX 60

/* What stands before a value on its line, and what its name tells. */
struct place {
    struct text text, before;
    size_t at;
    bool strict, colon;
};

/* A set of bytes below 128, a bit each. */
struct set {
    uint64_t bits[2];
};
#define BIT(byte) (1ULL << (byte) % 64)
#define SPACES (BIT(0) | BIT('\t') | BIT('\n') | BIT('\v') | BIT('\f') | BIT('\r') | BIT(' '))

static bool has(struct set set, uint8_t byte) { return byte < 128 && set.bits[byte / 64] >> byte % 64 & 1; }

static size_t past_blanks(struct text text, size_t at, size_t most)
{
    size_t count = 0;
    while (count < most && at + count < text.length && is_blank(text.bytes[at + count]))
        count++;
    return at + count;
}

static bool is_spaced(struct place *place)
{
    size_t length = place->before.length;
    size_t open = back_to(place->before, 0, length, '('), close = back_to(place->before, 0, length, ')');
    return is_blank(place->text.bytes[place->at]) || is_blank(last(place->before)) || open + 1 > close + 1;
}

static bool has_code(struct text before) { return accepts(&guard_code, before); }

/* Return where a scalar of YAML begins behind an anchor and a tag of its type: `&name !!str value`. */
static size_t past_properties(struct text text, size_t after)
{
    for (;;) {
        size_t end = after;
        if (at(text, after) == '&' || (at(text, after) == '!' && at(text, after + 1) == '!'))
            while (end - after < TAG_MAX && end < text.length && !is_space(text.bytes[end]))
                end++;
        if (end == after || !is_blank(at(text, end)))
            return after;
        after = past_blanks(text, end, 64);
    }
}

/* Tell whether an alias of YAML stands at `place`: `*name`. */
static bool is_alias(struct text text, size_t place)
{
    size_t end = place + 1;
    while (end < text.length && (is(text.bytes[end], ALPHA | UNDERSCORE) || text.bytes[end] == '-'))
        end++;
    return at(text, place) == '*' && end > place + 1 && (end == text.length || is_space(text.bytes[end]));
}

/* Take what stands alone behind a name at the head of its line, blanks included (YAML, INI). */
static bool take_line(struct place *place, size_t after, struct span *span)
{
    struct text text = place->text;
    if (place->colon) {
        size_t scalar = past_properties(text, after);
        if (scalar > after && is_among(at(text, scalar), "\"'"))
            return guard_take_string(text, scalar, false, place->strict, span);
        after = scalar;
    }
    struct text value = {text.bytes + after, 0};
    if (is_among(at(text, after), "|>{[&!(") || (place->colon && is_alias(text, after)))
        return false;
    while (value.length < VALUE_MAX && after + value.length < text.length && !is_among(value.bytes[value.length], "\n\r"))
        value.length++;
    for (size_t end = 0; end + 1 < value.length; end++)
        if (value.bytes[end] == ' ' && value.bytes[end + 1] == '#')
            value.length = end;
    for (size_t end = 0; end + 2 < value.length; end++)
        if (value.bytes[end] == ' ' && value.bytes[end + 1] == '/' && value.bytes[end + 2] == '/')
            value.length = end;
    while (value.length && is_space(last(value)))
        value.length--;
    struct text bare = value;
    while (bare.length && is_among(last(bare), ",;"))
        bare.length--;
    bool code = bare.length != value.length || is_among(last(value), "{(") || has_code(place->before);
    if (code && memchr(bare.bytes, ' ', bare.length))
        return false;
    int first = at(place->before, 0);
    bool assigned = text.bytes[after - 1] != ':' && (first < 0 || is_blank(last(place->before)));
    bool loose = code || (assigned && !place->strict && (first < 0 || is_blank(first) || first == '\n' || bare.length < LONG_WORD));
    bool literal = place->colon && place->strict && !loose && guard_is_small(bare);
    if (!guard_is_secret_word(bare, -1, loose, place->strict, literal))
        return false;
    return (bare.length >= SHORTEST || place->strict) && is_found(after, after + bare.length, span);
}

/* Return how long the word is before a further field of a form: `a&b=`. */
static size_t before_field(struct text value)
{
    for (size_t place = 0; place < value.length; place++)
        if (value.bytes[place] == '&') {
            size_t end = place + 1;
            while (end < value.length && end - place <= 40 && (is(value.bytes[end], WORD) || is_among(value.bytes[end], ".-")))
                end++;
            if (end > place + 1 && end < value.length && value.bytes[end] == '=')
                return place;
        }
    return value.length;
}

static bool is_alpha(struct text value)
{
    for (size_t place = 0; place < value.length; place++)
        if (!is(value.bytes[place], ALPHA))
            return false;
    return value.length > 0;
}

static size_t count_digits(struct text value)
{
    size_t count = 0;
    for (size_t place = 0; place < value.length; place++)
        count += is(value.bytes[place], DIGIT);
    return count;
}

/* Return the word at `after`, up to a blank or another of the bytes in `stops`. */
static struct text word_at(struct text text, size_t after, struct set stops)
{
    struct text word = {text.bytes + after, 0};
    while (word.length < VALUE_MAX && after + word.length < text.length && !has(stops, word.bytes[word.length]))
        word.length++;
    return word;
}

#define SIGNS (SPACES | BIT('"') | BIT('\'') | BIT(';'))
#define BRACKETS (BIT('<') | BIT('>') | BIT('(') | BIT(')'))
static const struct set flag_stops = {{SIGNS, BIT('`') | BIT('|')}};
static const struct set shell_stops = {{SIGNS | BRACKETS, BIT('`') | BIT('|')}};
static const struct set mark_stops = {{SPACES | BIT('"') | BIT('\'') | BIT('<') | BIT('>'), BIT('`') | BIT('\\')}};
static const struct set word_stops = {
    {SIGNS | BRACKETS | BIT(',') | BIT('&'), BIT('`') | BIT('|') | BIT('{') | BIT('}') | BIT('[') | BIT(']') | BIT('\\')}};

/* Take one word up to one of the bytes in `stops`; `code` says that it may be an expression. */
static bool take_word(struct place *place, size_t after, struct set stops, bool code, bool shell, struct span *span)
{
    struct text text = place->text, value = word_at(text, after, stops);
    if (place->strict && place->colon && after > place->at) {
        struct text whole = word_at(text, after, mark_stops);
        while (whole.length && is_among(last(whole), ")]},;|"))
            whole.length--;
        if (whole.length > value.length && guard_is_chosen(whole))
            return is_found(after, after + whole.length, span);
    }
    if (!value.length)
        return false;
    value.length = before_field(value);
    while (value.length && last(value) == ',')
        value.length--;
    int following = at(text, after + value.length);
    if (text.bytes[after - 1] == ':' && following == '{')
        return false; /* a class of CSS: .fa-user-secret:before{ */
    if (place->colon && following == ' ' && at(text, after + value.length + 1) == '-' && is_alpha(value))
        return false; /* a command that tells it */
    if (value.length < SHORTEST && is_among(following, ",}]") && count_digits(value) == value.length)
        return false;
    if (text.bytes[after - 1] == ':' && is_among(following, "\"'") && value.length && guard_is_open(place->before, (uint8_t)following)) {
        size_t letters = 0;
        while (letters < value.length && is(value.bytes[letters], ALPHA))
            letters++;
        if (letters == value.length)
            return false;
    }
    if (code) {
        struct place here = {.text = text, .before = place->before, .at = after - 1};
        code = (is_among(following, ",);]}.") || (!place->strict && is_spaced(&here)) || has_code(place->before))
            && !guard_is_listed(place->before);
    }
    if (value.length < (place->strict ? 1 : SHORTEST - 1)
        || !guard_is_secret_word(value, following, code, place->strict, shell))
        return false;
    return is_found(after, after + value.length, span);
}

/* Take all of a variable in quotes (`"NAME=two words"`), or between NULs (env -0); only the quote or the NUL ends it. */
static bool take_enclosed(struct place *place, struct span *span)
{
    struct text text = place->text, before = place->before;
    size_t start = before.length, end = place->at, most = place->at + VALUE_MAX;
    while (start && is(before.bytes[start - 1], UPPER | DIGIT | UNDERSCORE))
        start--;
    int quote = start ? before.bytes[start - 1] : 0;
    if ((quote && !is_among(quote, "\"'")) || at(text, end) == '{')
        return false; /* what a format puts in is judged as an expression */
    while (end < text.length && end < most && text.bytes[end] != quote && text.bytes[end] && text.bytes[end] != '\n')
        end += text.bytes[end] == '\\' && quote ? 2 : 1;
    if (end >= text.length || text.bytes[end] != quote)
        return false;
    return guard_is_secret_string(part(text, place->at, end), false, place->strict) && is_found(place->at, end, span);
}

static bool take_assigned(struct place *place, struct span *span)
{
    struct text text = place->text, before = place->before;
    size_t at_ = place->at, after = past_blanks(text, at_, 64), prefix = guard_string_prefix(text, after);
    static const struct text some = {(const uint8_t *)"Some(\"", 6};
    if (text.length - after >= some.length && !memcmp(text.bytes + after, some.bytes, some.length))
        after += some.length - 1; /* as Rust prints an option */
    int quote = at(text, after + prefix);
    if (is_among(quote, "\"'") && at(text, after + prefix + 1) == quote && at(text, after + prefix + 2) == quote)
        after += prefix + 2, prefix = 0; /* three quotes, as TOML and Python have them */
    if (is_among(quote, "\"'`\\") && (quote != '\\' || guard_escapes(text, after))) {
        if (quote != '\\' && !prefix && (quote != '`' || after == at_) && guard_is_open(before, (uint8_t)quote)
            && !(after == at_ && guard_is_variable(before)))
            return false;
        if (quote == '`' && after == at_ && place->colon)
            return false;
        bool formatted = quote == '`' || (prefix && is_among(text.bytes[after + prefix - 1], "fF$rR"));
        return guard_take_string(text, after + prefix, formatted, place->strict, span)
            && !(place->colon && guard_is_bare_token(before) && accepts(&guard_kind, part(text, span->start, span->end)));
    }
    if ((after >= text.length || is_space(text.bytes[after])) && guard_is_open(before, '"'))
        return false;
    if (!place->colon && after == at_ && guard_is_variable(before))
        return take_enclosed(place, span) || take_word(place, at_, shell_stops, false, true, span);
    bool heads = guard_is_head(before) && !guard_has_sentence(before), blank = !before.length || is_blank(last(before));
    if (heads && (place->colon || blank || after > at_) && !(place->colon && after == at_))
        return take_line(place, after, span);
    return take_word(place, after, heads && !place->colon ? shell_stops : word_stops, after > at_ || !heads, false, span);
}

/* Take what follows a command line's option; the blank behind it stands before `at_`. */
static bool take_option(struct text text, size_t at_, struct span *span)
{
    size_t start = at_ - 1, low = at_ > OPTION_MAX + 2 ? at_ - 2 - OPTION_MAX : 0;
    while (start > low && (is(text.bytes[start - 1], ALNUM) || text.bytes[start - 1] == '-'))
        start--;
    size_t length = at_ - 1 - start;
    if (length < 2 || text.bytes[start] != '-' || (length == OPTION_MAX && text.bytes[start + 1] != '-') || length > OPTION_MAX)
        return false;
    if (start && !is_space(text.bytes[start - 1]) && !is_among(text.bytes[start - 1], "\"'[("))
        return false;
    size_t after = past_blanks(text, at_, 64);
    int first = at(text, after);
    if (is_among(first, "-=:|<("))
        return false;
    if (is_among(first, "\"'`") || guard_escapes(text, after))
        return guard_take_string(text, after, false, true, span);
    struct text word = first != '\\' ? word_at(text, after, flag_stops) : (struct text){text.bytes, 0};
    if (!word.length || accepts(&guard_metavariable, word) || !guard_is_secret_word(word, -1, false, true, false))
        return false;
    return is_found(after, after + word.length, span);
}

/* Take the value that begins at or shortly after `at_`, where a sign or an option's blank ends. */
static bool take(struct text text, size_t at_, struct span *span)
{
    static const struct text arn = {(const uint8_t *)"arn:", 4};
    size_t low = at_ > WINDOW ? at_ - WINDOW : 0, newline = back_to(text, low, at_, '\n'), sign = at_ - 1;
    size_t begin = newline == SIZE_MAX ? low : newline + 1;
    int next = at(text, at_), before_sign = text.bytes[at_ - 1];
    uint8_t room[NAME_WINDOW];
    if (is_blank(before_sign)
        && !(at_ >= 3 && (!memcmp(text.bytes + at_ - 3, "||", 2) || !memcmp(text.bytes + at_ - 3, "?\?", 2))))
        return take_option(text, at_, span);
    if (is_among(next, "=>~") || (before_sign == ':' && is_among(next, "/:+")))
        return false;
    while (sign > begin && is_among(text.bytes[sign - 1], "=:|?+") && at_ - sign < 3)
        sign--;
    struct text before = part(text, begin, sign);
    if (before_sign == ':' && next == '?' && back_to(text, begin, sign, '{') != SIZE_MAX)
        return false; /* the message of a shell's ${PASSWORD:?missing} */
    for (size_t place = 0; place + arn.length <= before.length; place++)
        if (before.bytes[place] == 'a' && !memcmp(before.bytes + place, arn.bytes, arn.length))
            return false;
    struct text name = guard_two_words(part(before, before.length > NAME_WINDOW ? before.length - NAME_WINDOW : 0, before.length), room);
    if ((ends(&guard_inside_a_word, name) && !ends(&guard_owned, name)) || ends(&guard_public, name))
        return false;
    if (ends(&guard_short, name) && at_ >= 6 && guard_is_noise(text, at_ - 6))
        return false;
    struct text near = part(before, before.length > PARAMETER_WINDOW ? before.length - PARAMETER_WINDOW : 0, before.length);
    if (accepts(&guard_parameter, near))
        for (size_t place = 0; place + 5 <= before.length; place++)
            if (!memcmp(before.bytes + place, "param", 5) || !memcmp(before.bytes + place, ":type", 5))
                return false;
    struct place place = {text, before, at_, ends(&guard_strict, name), before_sign == ':'};
    return take_assigned(&place, span);
}

/* Find what is assigned in `text` and begins from `base` on, for a detector of `rank`. `signs` is room for the caller's
 * `most` places; `found` for as many findings. Return how many places there are: beyond `most` nothing was judged. */
EXPORT size_t guard_assigned(const uint8_t *bytes, size_t length, size_t base, uint8_t rank, uint32_t *signs,
                             struct span *found, size_t *findings, size_t most)
{
    struct text text = {bytes, length};
    size_t count = guard_signs(text, base, signs, most), done = 0;
    *findings = 0;
    if (count > most)
        return count;
    for (size_t index = 0; index < count; index++) {
        struct span span;
        if (signs[index] <= done || (index && signs[index] == signs[index - 1]) || !take(text, signs[index], &span))
            continue;
        if (span.end - span.start >= OVERLONG)
            guard_extend(text, &span);
        done = span.end;
        span.rank = rank;
        if (span.start >= base && span.end > span.start)
            found[(*findings)++] = span;
    }
    return count;
}
