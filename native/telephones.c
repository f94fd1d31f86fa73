/* Judges telephone numbers by the plans of guardcli/masking/compiled/numbering.py, as phonenumbers parses and judges them: what is
 * dialled before a number is taken off, and the first region whose number it may be decides. */

#include <string.h>

#include "programs.h"
#include "telephones.h"

#define DIGITS_MAX 20
#define LENGTH_MIN 2
#define LENGTH_MAX 17 /* of a number in its country */
#define CODE_MAX 3
#define PREFIX_MAX 3  /* longer ones may stand for more than what is taken off */
#define FEWEST 9      /* as in detectors/phone.py */
#define BEHIND 3
#define GROUP_MAX 4

struct digits {
    uint8_t bytes[DIGITS_MAX + 1];
    size_t length;
};

static struct text behind(struct text number, size_t count) { return (struct text){number.bytes + count, number.length - count}; }
static bool has(uint64_t lengths, size_t length) { return length < 64 && (lengths >> length & 1); }

/* Take the digits; false where there are too many. */
static bool read(struct text number, struct digits *digits)
{
    digits->length = 0;
    for (size_t place = 0; place < number.length; place++) {
        if (!is(number.bytes[place], DIGIT))
            continue;
        if (digits->length == DIGITS_MAX)
            return false;
        digits->bytes[digits->length++] = number.bytes[place];
    }
    return true;
}

static bool is_of(const struct region *region, struct text number)
{
    return has(region->lengths, number.length) && accepts(&region->general, number) && accepts(&region->kinds, number);
}

static enum answer in_plan(const struct plan *plan, struct text number)
{
    if (number.length < LENGTH_MIN || number.length > LENGTH_MAX)
        return NO;
    if (plan->count == 1)
        return is_of(plan->regions, number) ? YES : NO;
    struct effort effort = {.most = STEPS_MAX};
    for (const struct region *region = plan->regions; region < plan->regions + plan->count; region++) {
        struct match match;
        if (!region->leading) {
            if (is_of(region, number))
                return YES;
        } else if (guard_run(region->leading, number, 0, false, &effort, &match) == FOUND)
            return is_of(region, number) ? YES : NO;
    }
    return NO;
}

/* Take off what is dialled before the number; false where the library must. */
static bool without_prefix(const struct plan *plan, struct text *number)
{
    struct match match;
    struct effort effort = {.most = STEPS_MAX};
    if (!plan->prefix || !number->length)
        return true;
    enum outcome outcome = guard_run(plan->prefix, *number, 0, false, &effort, &match);
    if (outcome != FOUND)
        return outcome == NOTHING;
    if (plan->changes && (match.start != match.begin || match.stop != match.end || match.end > PREFIX_MAX))
        return false;
    struct text rest = behind(*number, match.end);
    if (!accepts(&plan->regions->general, *number) || accepts(&plan->regions->general, rest))
        *number = rest;
    return true;
}

static bool is_too_long(const struct region *region, size_t length) { return length >= 64 || !(region->lengths >> length); }

static enum answer in_country(const struct plan *plan, struct text number)
{
    const struct region *main = plan->regions;
    struct text rest = number;
    if (number.length < LENGTH_MIN)
        return NO;
    if (!without_prefix(plan, &rest))
        return PERHAPS;
    if (!has(main->local, rest.length) && (has(main->lengths, rest.length) || is_too_long(main, rest.length)))
        number = rest;
    return in_plan(plan, number);
}

/* Judge a number as it is dialled at home. */
static enum answer at_home(const struct plan *plan, struct text number)
{
    struct match match;
    struct effort effort = {.most = STEPS_MAX};
    unsigned code = plan->code;
    uint8_t first[CODE_MAX];
    size_t size = code > 99 ? 3 : code > 9 ? 2 : 1;
    if (plan->abroad && guard_run(plan->abroad, number, 0, false, &effort, &match) != NOTHING)
        return PERHAPS;
    for (size_t place = size; place--; code /= 10)
        first[place] = (uint8_t)('0' + code % 10);
    if (number.length >= size && !memcmp(number.bytes, first, size)) {
        struct text rest = behind(number, size);
        const struct automaton *general = &plan->regions->general;
        if (!without_prefix(plan, &rest))
            return PERHAPS;
        if ((!accepts(general, number) && accepts(general, rest)) || is_too_long(plan->regions, number.length))
            number = rest;
    }
    return in_country(plan, number);
}

/* Judge a number that begins with its country's code. */
static enum answer with_code(const struct plans *plans, struct text number)
{
    unsigned code = 0;
    if (!plans || !plans->ready)
        return PERHAPS;
    if (number.length <= LENGTH_MIN || *number.bytes == '0')
        return NO;
    for (size_t size = 1; size <= CODE_MAX && size <= number.length; size++) {
        code = code * 10 + (number.bytes[size - 1] & 15u);
        if (plans->known[code])
            return plans->of[code] ? in_country(plans->of[code], behind(number, size)) : PERHAPS;
    }
    return NO;
}

enum answer guard_is_telephone(const struct plans *plans, struct text number, bool american)
{
    struct digits digits;
    enum answer best = NO;
    if (!plans || !read(number, &digits))
        return PERHAPS;
    struct text dialled = {digits.bytes, digits.length};
    if (american)
        return plans->of[1] ? at_home(plans->of[1], dialled) : PERHAPS;
    if (digits.length < FEWEST)
        return NO;
    if (at(number, 0) == '0' && at(number, 1) == '0')
        return with_code(plans, behind(dialled, 2));
    for (size_t home = 0; home < HOMES && best != YES; home++) {
        enum answer one = plans->homes[home] ? at_home(plans->homes[home], dialled) : PERHAPS;
        best = one == NO ? best : one;
    }
    return best;
}

/* Tell whether it is a place's latitude and longitude (ISO 6709). */
static bool is_place(struct text number)
{
    size_t first = run(number, 1, 7, DIGIT);
    int sign = at(number, first + 1);
    return (first == 4 || first == 6) && (sign == '+' || sign == '-') && number.length == 2 * first + 3
        && run(number, first + 2, first + 2, DIGIT) == first + 1;
}

/* Return how much of the number is left without its last group of digits; all where that is none of another number. */
static size_t without_group(struct text number)
{
    size_t end = number.length, place = end;
    while (place && is(number.bytes[place - 1], DIGIT))
        place--;
    size_t group = end - place, joints = place;
    while (joints && number.bytes[joints - 1] && strchr(" ()./-", number.bytes[joints - 1]))
        joints--;
    bool fits = group && group <= GROUP_MAX && place > joints && place - joints <= 3 && joints && is(number.bytes[joints - 1], DIGIT);
    return fits ? joints : end;
}

/* Judge a number with its country's code or of an American form; what is behind it is cut off. */
static enum answer judge(const struct plans *plans, struct text *number)
{
    bool coded = at(*number, 0) == '+';
    if (coded && is_place(*number))
        return NO;
    for (int tries = 0; tries < BEHIND; tries++) {
        struct digits digits;
        if (!read(*number, &digits))
            return PERHAPS;
        struct text dialled = {digits.bytes, digits.length};
        enum answer answer = coded ? with_code(plans, dialled)
            : plans->of[1] ? at_home(plans->of[1], dialled) : PERHAPS;
        if (answer != NO)
            return answer;
        number->length = without_group(*number);
    }
    return NO;
}

/* For the tests: judge one number, as `guard_is_telephone` does. */
EXPORT unsigned guard_telephone(const struct plans *plans, const uint8_t *bytes, size_t length, bool american)
{
    return guard_is_telephone(plans, (struct text){bytes, length}, american);
}

/* Judge those `places` that are of `rank`: write what is a number and begins from `base` on, and leave the places of others
 * and those of which the library must be asked; `left` says how many. Return how many numbers there are. */
EXPORT size_t guard_telephones(const uint8_t *bytes, size_t base, uint8_t rank, const struct plans *plans, struct span *places,
                               size_t count, struct span *found, size_t *left)
{
    size_t numbers = 0;
    *left = 0;
    for (size_t index = 0; index < count; index++) {
        struct span place = places[index];
        struct text number = {bytes + place.start, place.end - place.start};
        enum answer answer = place.rank == rank ? judge(plans, &number) : PERHAPS;
        if (answer == PERHAPS)
            places[(*left)++] = place;
        if (answer != YES || place.start < base)
            continue;
        place.end = place.start + (uint32_t)number.length;
        found[numbers++] = place;
    }
    return numbers;
}
