/* Finds forms that have no literal to search for: groups of digits and letters, addresses around an @.
 *
 * Each class of bytes becomes one bit a byte; a form is then a few shifts and ands over 64 places at once. That costs the
 * same whatever the text holds. Only where all of a form is there its check runs. */

#include <string.h>

#if defined __SSE2__ && !defined GUARD_PORTABLE
#include <emmintrin.h>
#endif

#include "guard_mask.h"

typedef unsigned __int128 wide; /* 64 places and the 64 behind them: no form is longer */

struct masks {
    uint64_t digit, upper, blank, hyphen, dot, slash, sign;
};

#define R(low, high, value) [low ... high] = value
const uint8_t guard_class[256] = {
    ['\0'] = PLAIN, R('\b', '\n', PLAIN), R('\f', '\r', PLAIN), [0x1b] = PLAIN,
    R(' ', '$', PLAIN), ['%'] = PLAIN | LOCAL, ['&'] = PLAIN, ['\''] = PLAIN | LOCAL, R('(', '*', PLAIN),
    ['+'] = PLAIN | LOCAL, [','] = PLAIN, ['-'] = PLAIN | LOCAL | LABEL, ['.'] = PLAIN | LOCAL, ['/'] = PLAIN,
    R('0', '9', PLAIN | LOCAL | DIGIT), R(':', '@', PLAIN), R('A', 'Z', PLAIN | LOCAL | UPPER), R('[', '^', PLAIN),
    ['_'] = PLAIN | LOCAL | UNDERSCORE, ['`'] = PLAIN, R('a', 'z', PLAIN | LOCAL | LOWER), R('{', 0x7f, PLAIN),
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
    return (struct masks){between(four, '0', '9'), between(four, 'A', 'Z'), equal(four, ' '), equal(four, '-'),
                          equal(four, '.'), equal(four, '/'), equal(four, '@')};
}
#else
static struct masks classify(const uint8_t *bytes)
{
    struct masks masks = {0};
    for (int index = 0; index < 64; index++) {
        uint8_t byte = bytes[index];
        masks.digit |= (uint64_t)is(byte, DIGIT) << index;
        masks.upper |= (uint64_t)is(byte, UPPER) << index;
        masks.blank |= (uint64_t)(byte == ' ') << index;
        masks.hyphen |= (uint64_t)(byte == '-') << index;
        masks.dot |= (uint64_t)(byte == '.') << index;
        masks.slash |= (uint64_t)(byte == '/') << index;
        masks.sign |= (uint64_t)(byte == '@') << index;
    }
    return masks;
}
#endif

static struct masks classify_at(struct text text, size_t place)
{
    uint8_t last[64] = {0};
    if (place + 64 <= text.length)
        return classify(text.bytes + place);
    if (place >= text.length)
        return (struct masks){0};
    memcpy(last, text.bytes + place, text.length - place);
    return classify(last);
}

static wide both(uint64_t low, uint64_t high) { return (wide)high << 64 | low; }

struct candidates {
    uint64_t of[KINDS];
};

/* Return where forms begin in the 64 places of `now`; `before` holds the last place before them. */
static struct candidates candidates(struct masks before, struct masks now, struct masks next)
{
    wide d = both(now.digit, next.digit), u = both(now.upper, next.upper), blank = both(now.blank, next.blank);
    wide hyphen = both(now.hyphen, next.hyphen), dot = both(now.dot, next.dot), slash = both(now.slash, next.slash);
    wide d2 = d & d >> 1, d3 = d2 & d >> 2, d4 = d2 & d2 >> 2, d8 = d4 & d4 >> 4, part = blank | hyphen;
    wide run16 = u | d;
    uint64_t first_digit = now.digit & ~(now.digit << 1 | before.digit >> 63);
    uint64_t first_upper = now.upper & ~(now.upper << 1 | before.upper >> 63);
    wide card = (d8 & d4 >> 8 & d >> 12) | (d4 & part >> 4 & d4 >> 5 & part >> 9 & d4 >> 10 & part >> 14 & d >> 15)
        | (d4 & part >> 4 & d4 >> 5 & d2 >> 9 & part >> 11 & d4 >> 12);
    wide numbers = (d3 & hyphen >> 3 & d2 >> 4 & hyphen >> 6 & d4 >> 7)
        | (d3 & dot >> 3 & d3 >> 4 & dot >> 7 & d3 >> 8 & hyphen >> 11 & d2 >> 12)
        | (d2 & dot >> 2 & d3 >> 3 & dot >> 6 & d3 >> 7 & slash >> 10 & d4 >> 11 & hyphen >> 15 & d2 >> 16)
        | (d8 & (u >> 8 | (hyphen >> 8 & u >> 9)));
    wide point = dot | hyphen;
    wide phone = d3 & point >> 3 & d3 >> 4 & point >> 7 & d4 >> 8;
    wide letters = u & u >> 1 & (d2 >> 2 | (blank >> 2 & d2 >> 3));
    wide tax = u & u >> 1;
    run16 &= run16 >> 1;
    run16 &= run16 >> 2;
    run16 &= run16 >> 4;
    run16 &= run16 >> 8;
    tax &= tax >> 2 & tax >> 4 & run16;
    wide named = letters | tax | (u & d4 >> 1 & d3 >> 5);
    return (struct candidates){{
        [CREDIT_CARD] = (uint64_t)card & first_digit,
        [IBAN] = (uint64_t)(letters & d2 >> 2) & first_upper,
        [NATIONAL_ID] = ((uint64_t)numbers & first_digit) | ((uint64_t)named & first_upper),
        [EMAIL] = now.sign,
        [PHONE] = (uint64_t)phone & first_digit,
    }};
}

static bool look_closely(struct text text, size_t place, struct span *span)
{
    size_t start = place, end = place + 12;
    bool (*const checks[])(struct text, size_t, size_t *, size_t *) = {guard_credit_card, guard_iban, guard_national_id,
                                                                         guard_email};
    if (span->rank == PHONE) {
        if (place > 0 && is(text.bytes[place - 1], WORD))
            return false;
        *span = (struct span){.start = (uint32_t)end, .end = (uint32_t)end, .drop = true};
        return true;
    }
    if (!checks[span->rank](text, place, &start, &end))
        return false;
    *span = (struct span){.start = (uint32_t)start, .end = (uint32_t)end};
    return true;
}

EXPORT unsigned guard_mask_version(void) { return GUARD_MASK_VERSION; }

/* Find what begins in text[from:length] and keep what begins from `base` on. `ranks` holds one for each kind, NO_RANK for
 * what is off. Return how many there are; those beyond `most` are counted and not written. An empty span, whose `drop` is
 * set, says where a closer look is to begin. */
EXPORT size_t guard_sweep(const uint8_t *bytes, size_t length, size_t from, size_t base, const uint8_t *ranks,
                          struct span *found, size_t most)
{
    struct text text = {bytes, length};
    struct masks before = {0}, now = classify_at(text, from), next;
    size_t count = 0, done[KINDS] = {0};
    for (size_t place = from; place < length; place += 64, before = now, now = next) {
        next = classify_at(text, place + 64);
        struct candidates there = candidates(before, now, next);
        for (uint8_t kind = 0; kind < KINDS; kind++) {
            if (ranks[kind] == NO_RANK)
                continue;
            for (uint64_t left = there.of[kind]; left; left &= left - 1) {
                size_t begin = place + (size_t)__builtin_ctzll(left);
                struct span span = {.rank = kind};
                if (begin < done[kind] || !look_closely(text, begin, &span))
                    continue;
                done[kind] = span.end;
                span.rank = ranks[kind];
                if (span.start < base && !span.drop)
                    continue;
                if (count++ < most)
                    found[count - 1] = span;
            }
        }
    }
    return count;
}
