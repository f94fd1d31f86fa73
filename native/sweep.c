/* Finds forms that have no literal to search for: groups of digits and letters, addresses around an @.
 *
 * Each class of bytes becomes one bit a byte; a form is then a few shifts and ands over 64 places at once. That costs the
 * same whatever the text holds. Only where all of a form is there its check runs. */

#include <string.h>

#if defined __SSE2__ && !defined GUARD_PORTABLE
#include <emmintrin.h>
#endif

#include "guard_mask.h"

#define PHONE_LENGTH 12
typedef unsigned __int128 wide; /* 64 places and the 64 behind them: no form is longer */

/* What is known of 64 places. `joint` is what stands between groups: a blank, hyphen, dot or slash. */
struct masks {
    uint64_t digit, upper, hex, joint, sign, plus;
};

struct joints {
    uint64_t blank, hyphen, dot, slash;
};

#define R(low, high, value) [low ... high] = value
const uint8_t guard_class[256] = {
    ['\0'] = PLAIN, R('\b', '\n', PLAIN), R('\f', '\r', PLAIN), [0x1b] = PLAIN,
    R(' ', '$', PLAIN), ['%'] = PLAIN | LOCAL, ['&'] = PLAIN, ['\''] = PLAIN | LOCAL, R('(', '*', PLAIN),
    ['+'] = PLAIN | LOCAL, [','] = PLAIN, ['-'] = PLAIN | LOCAL | LABEL, ['.'] = PLAIN | LOCAL, ['/'] = PLAIN,
    R('0', '9', PLAIN | LOCAL | DIGIT | HEX), R(':', '@', PLAIN), R('A', 'Z', PLAIN | LOCAL | UPPER), R('[', '^', PLAIN),
    ['_'] = PLAIN | LOCAL | UNDERSCORE, ['`'] = PLAIN, R('a', 'f', PLAIN | LOCAL | LOWER | HEX), R('g', 'z', PLAIN | LOCAL | LOWER), R('{', 0x7f, PLAIN),
    R(0x80, 0xff, LOCAL),
};

#if defined __SSE2__ && !defined GUARD_PORTABLE
static uint64_t between(const __m128i *four, char low, char high)
{
    uint64_t bits = 0;
    for (int index = 0; index < 4; index++) {
        __m128i above = _mm_cmpgt_epi8(four[index], _mm_set1_epi8((char)(low - 1)));
        __m128i below = _mm_cmplt_epi8(four[index], _mm_set1_epi8((char)(high + 1)));
        bits |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_and_si128(above, below)) << (16 * index);
    }
    return bits;
}

static uint64_t equal(const __m128i *four, char wanted)
{
    uint64_t bits = 0;
    for (int index = 0; index < 4; index++)
        bits |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(four[index], _mm_set1_epi8(wanted)))
            << (16 * index);
    return bits;
}

static struct masks classify(const uint8_t *bytes)
{
    __m128i four[4];
    memcpy(four, bytes, 64);
    uint64_t digit = between(four, '0', '9');
    return (struct masks){digit, between(four, 'A', 'Z'), digit | between(four, 'a', 'f'),
                          between(four, '-', '/') | equal(four, ' '), equal(four, '@'), equal(four, '+')};
}

static struct joints classify_joints(const uint8_t *bytes)
{
    __m128i four[4];
    memcpy(four, bytes, 64);
    return (struct joints){equal(four, ' '), equal(four, '-'), equal(four, '.'), equal(four, '/')};
}
#else
static uint64_t between(const uint8_t *bytes, char low, char high)
{
    uint64_t bits = 0;
    for (int index = 0; index < 64; index++)
        bits |= (uint64_t)(bytes[index] >= low && bytes[index] <= high) << index;
    return bits;
}

static uint64_t equal(const uint8_t *bytes, char wanted) { return between(bytes, wanted, wanted); }

static struct masks classify(const uint8_t *bytes)
{
    uint64_t digit = between(bytes, '0', '9');
    return (struct masks){digit, between(bytes, 'A', 'Z'), digit | between(bytes, 'a', 'f'),
                          between(bytes, '-', '/') | equal(bytes, ' '), equal(bytes, '@'), equal(bytes, '+')};
}

static struct joints classify_joints(const uint8_t *bytes)
{
    return (struct joints){equal(bytes, ' '), equal(bytes, '-'), equal(bytes, '.'), equal(bytes, '/')};
}
#endif

/* Return 64 bytes of the text at `place`, NULs behind its end. */
static const uint8_t *window(struct text text, size_t place, uint8_t *room)
{
    if (place + 64 <= text.length)
        return text.bytes + place;
    memset(room, 0, 64);
    if (place < text.length)
        memcpy(room, text.bytes + place, text.length - place);
    return room;
}

static wide both(uint64_t low, uint64_t high) { return (wide)high << 64 | low; }

static wide run16(wide set)
{
    set &= set >> 1;
    set &= set >> 2;
    set &= set >> 4;
    return set & set >> 8;
}

/* Tell whether any form may begin in `now`: each holds one of these. It is what almost all text is spared by. */
static bool may_hold_a_form(struct masks now, struct masks next)
{
    wide d = both(now.digit, next.digit), u = both(now.upper, next.upper), joint = both(now.joint, next.joint);
    wide d2 = d & d >> 1, d3 = d2 & d >> 2, d4 = d2 & d2 >> 2, u2 = u & u >> 1;
    wide groups = d3 & joint >> 3 & (d3 >> 4 | (d2 >> 4 & joint >> 6 & d4 >> 7));
    wide letters = u2 & ~(u << 1) & (d2 >> 2 | (joint >> 2 & d2 >> 3) | (u2 >> 2 & u2 >> 4));
    return (groups | (d4 & d4 >> 4) | letters | (u & d4 >> 1)) || now.sign || (now.plus & (uint64_t)(d >> 1))
        || (run16(both(now.hex, next.hex)) != 0);
}

struct candidates {
    uint64_t of[KINDS];
};

/* Return where forms begin in `now`; `before` holds the last place before it, `joint` what the joints are. */
static struct candidates candidates(struct masks before, struct masks now, struct masks next, const struct joints *joint)
{
    wide d = both(now.digit, next.digit), u = both(now.upper, next.upper);
    wide blank = both(joint[0].blank, joint[1].blank), hyphen = both(joint[0].hyphen, joint[1].hyphen);
    wide dot = both(joint[0].dot, joint[1].dot), slash = both(joint[0].slash, joint[1].slash);
    wide d2 = d & d >> 1, d3 = d2 & d >> 2, d4 = d2 & d2 >> 2, d8 = d4 & d4 >> 4;
    wide part = blank | hyphen | dot, point = dot | hyphen;
    uint64_t first_digit = now.digit & ~(now.digit << 1 | before.digit >> 63);
    uint64_t first_upper = now.upper & ~(now.upper << 1 | before.upper >> 63);
    wide card = (d8 & d4 >> 8 & d >> 12) | (d4 & part >> 4 & d4 >> 5 & part >> 9 & d4 >> 10 & part >> 14 & d >> 15)
        | (d4 & part >> 4 & d4 >> 5 & d2 >> 9 & part >> 11 & d4 >> 12);
    wide numbers = (d3 & hyphen >> 3 & d2 >> 4 & hyphen >> 6 & d4 >> 7)
        | (d3 & dot >> 3 & d3 >> 4 & dot >> 7 & d3 >> 8 & hyphen >> 11 & d2 >> 12)
        | (d2 & dot >> 2 & d3 >> 3 & dot >> 6 & d3 >> 7 & slash >> 10 & d4 >> 11 & hyphen >> 15 & d2 >> 16)
        | (d8 & (u >> 8 | (hyphen >> 8 & u >> 9))) | (d4 & d2 >> 4 & hyphen >> 6 & d3 >> 7);
    wide phone = d3 & point >> 3 & d3 >> 4 & point >> 7 & d4 >> 8;
    wide letters = u & u >> 1 & (d2 >> 2 | (blank >> 2 & d2 >> 3)), tax = u & u >> 1;
    tax &= tax >> 2 & tax >> 4 & run16(u | d);
    wide named = letters | tax | (u & d4 >> 1 & d3 >> 5);
    return (struct candidates){{
        [CREDIT_CARD] = (uint64_t)card & first_digit,
        [IBAN] = (uint64_t)(letters & d2 >> 2) & first_upper,
        [NATIONAL_ID] = ((uint64_t)numbers & first_digit) | ((uint64_t)named & first_upper),
        [EMAIL] = now.sign,
        [PHONE] = ((uint64_t)phone & first_digit) | (now.plus & (uint64_t)(d >> 1)),
        [VENDOR_TOKEN] = (uint64_t)run16(both(now.hex, next.hex)) & ~(now.hex << 1 | before.hex >> 63),
    }};
}

static bool look_closely(struct text text, size_t place, struct span *span)
{
    size_t start, end;
    bool (*const checks[])(struct text, size_t, size_t *, size_t *) = {guard_credit_card, guard_iban, guard_national_id,
                                                                         guard_email};
    if (!checks[span->rank](text, place, &start, &end))
        return false;
    *span = (struct span){.start = (uint32_t)start, .end = (uint32_t)end};
    return true;
}

static size_t hex(struct text text, size_t place, size_t most) { return run(text, place, most, HEX); }

/* Return where the telephone number with a country's code ends whose plus stands at `place`: as many digits as can be, seven
 * at the least, up to three of them the code and thirteen behind it, each after three signs at the most. */
static size_t international_end(struct text text, size_t place)
{
    size_t code = run(text, place + 1, 3, DIGIT), end = place + 2, found = 0;
    if (at(text, place + 1) == '0')
        return 0;
    for (size_t digits = 1; digits <= code + 13;) {
        if (digits >= 7 && !is_at(text, end, WORD))
            found = end;
        size_t next = end;
        while (next < end + 3 && next < text.length && strchr(" .()/-", text.bytes[next]) && text.bytes[next])
            next++;
        while (next > end && !is_at(text, next, DIGIT))
            next--;
        if (!is_at(text, next, DIGIT) || (digits < code && next > end))
            break;
        end = next + 1;
        digits++;
    }
    return found;
}

/* Return where the American telephone number at `place` ends: its groups begin with no digit below 2. */
static size_t american_end(struct text text, size_t place)
{
    size_t end = place + PHONE_LENGTH;
    bool low = text.bytes[place] < '2' || at(text, place + 4) < '2';
    return low || is_at(text, end, WORD) || at(text, end) == '-' ? 0 : end;
}

/* Return where a form ends that has no literal and whose detector judges it, 0 where there is none at `place`: a telephone
 * number, 24:64 digits and 32-8-8 digits of hexadecimal. */
static size_t form_end(struct text text, size_t place, uint8_t kind)
{
    int before = place ? text.bytes[place - 1] : -1;
    if (place > 0 && is((uint8_t)before, WORD))
        return 0;
    if (kind == PHONE && (before == '+' || before == '.'))
        return 0;
    if (kind == PHONE && text.bytes[place] == '+' && (before == ']' || before == ')'))
        return 0; /* a sum */
    if (kind == PHONE && text.bytes[place] == '+')
        return international_end(text, place);
    if (kind == PHONE)
        return before == '-' ? 0 : american_end(text, place);
    size_t end = place + hex(text, place, 33);
    if (end == place + 24 && at(text, end) == ':' && hex(text, end + 1, 64) == 64)
        end += 65;
    else if (end == place + 32 && at(text, end) == '-' && hex(text, end + 1, 8) == 8 && at(text, end + 9) == '-'
             && hex(text, end + 10, 8) == 8)
        end += 18;
    else
        return 0;
    return is_at(text, end, WORD) ? 0 : end;
}

EXPORT unsigned guard_mask_version(void) { return GUARD_MASK_VERSION; }

/* Find what begins in text[from:length] and keep what begins from `base` on. `ranks` holds one for each kind, NO_RANK for
 * what is off. Return how many there are, and in `*looks` how many `places` there are with a form that its detector must
 * judge; of both, those beyond `most` are counted and not written. */
EXPORT size_t guard_sweep(const uint8_t *bytes, size_t length, size_t from, size_t base, const uint8_t *ranks,
                          struct span *found, struct span *places, size_t *looks, size_t most)
{
    struct text text = {bytes, length};
    uint8_t room[64];
    struct masks before = {0}, now = classify(window(text, from, room)), next;
    size_t count = 0, done[PHONE] = {0};
    *looks = 0;
    for (size_t place = from; place < length; place += 64, before = now, now = next) {
        next = classify(window(text, place + 64, room));
        if (!may_hold_a_form(now, next))
            continue;
        struct joints joints[] = {classify_joints(window(text, place, room)),
                                  classify_joints(window(text, place + 64, room))};
        struct candidates there = candidates(before, now, next, joints);
        for (uint8_t kind = PHONE; kind < KINDS; kind++)
            for (uint64_t left = ranks[kind] == NO_RANK ? 0 : there.of[kind]; left; left &= left - 1) {
                size_t begin = place + (size_t)__builtin_ctzll(left), end = form_end(text, begin, kind);
                if (end && (*looks)++ < most)
                    places[*looks - 1] = (struct span){.start = (uint32_t)begin, .end = (uint32_t)end, .rank = ranks[kind]};
            }
        for (uint8_t kind = 0; kind < PHONE; kind++) {
            if (ranks[kind] == NO_RANK)
                continue;
            for (uint64_t left = there.of[kind]; left; left &= left - 1) {
                size_t begin = place + (size_t)__builtin_ctzll(left);
                struct span span = {.rank = kind};
                if (begin < done[kind] || !look_closely(text, begin, &span))
                    continue;
                done[kind] = span.end;
                span.rank = ranks[kind];
                if (span.start >= base && count++ < most)
                    found[count - 1] = span;
            }
        }
    }
    return count;
}
