/* Identifiers behind a word that names them, and those in columns: what is written with signs between, and of whatever country. */

#include <string.h>

#include "digits.h"
#include "identities.h"

/* What a column of identifiers holds as well: those of companies, of patients, of taxpayers, by their numbers. */
static const uint8_t others[] = {2, 3, 6, 23, 27, 32, 33, 34, 36, 37, 40, 41, 49, 50, 58, 60, 61, 62};

static bool is_digits(const struct id *id)
{
    struct text text = {id->signs, id->length};
    return run(text, 0, SIGNS, DIGIT) == id->length;
}

enum answer guard_of_anybody(const struct id *id)
{
    struct id plain = *id;
    bool named = !memcmp(id->signs, "PT", 2) || !memcmp(id->signs, "CL", 2) || !memcmp(id->signs, "HR", 2);
    if (named) {
        plain.length -= 2;
        memmove(plain.signs, plain.signs + 2, SIGNS - 1);
    }
    bool digits = is_digits(&plain);
    enum answer best = NO;
    for (unsigned kind = 0; kind < guard_kinds_of_id() && best != YES; kind++) {
        enum answer one = guard_is_anybodys(kind) ? guard_judge_id(kind, &plain, digits) : NO;
        best = one == NO ? best : one;
    }
    return best == YES && (named || id->length != id->raw.length) ? PERHAPS : best;
}

/* Take the separators out of `id->raw`; false where it is too long. */
static bool read(struct id *id)
{
    for (size_t place = 0; place < id->raw.length; place++) {
        uint8_t byte = id->raw.bytes[place];
        if (!is(byte, ALNUM) && byte != '&')
            continue;
        if (id->length == SIGNS)
            return false;
        id->signs[id->length++] = is(byte, LOWER) ? byte - 32 : byte;
    }
    return true;
}

EXPORT enum answer guard_identifier(const uint8_t *bytes, size_t length, unsigned kind)
{
    struct id id = {.raw = {bytes, length}};
    return kind < guard_kinds_of_id() && read(&id) ? guard_judge_id(kind, &id, is_digits(&id)) : NO;
}

/* Tell whether it is written as an American number is: 536-90-4399. */
static bool is_dashed(struct text value)
{
    return value.length == 11 && run(value, 0, 4, DIGIT) == 3 && value.bytes[3] == '-' && run(value, 4, 3, DIGIT) == 2
        && value.bytes[6] == '-' && run(value, 7, 4, DIGIT) == 4;
}

enum answer guard_identified(struct text value)
{
    struct id id = {.raw = value};
    bool plain = true, odd = false;
    for (size_t place = 0; place < value.length; place++) {
        uint8_t byte = value.bytes[place];
        if (byte > 0x7f)
            return NO;
        plain &= is(byte, ALNUM);
        odd |= !is(byte, ALNUM) && (!byte || !strchr("-./ ", byte));
    }
    if (odd)
        return PERHAPS;
    if (!read(&id))
        return NO;
    bool digits = is_digits(&id);
    enum answer best = guard_of_anybody(&id), other;
    for (size_t index = 0; index < sizeof others / sizeof *others && best != YES; index++)
        if ((other = guard_judge_id(others[index], &id, digits)) != NO)
            best = plain ? other : PERHAPS;
    if (best == PERHAPS && is_dashed(value) && guard_is_american(id.signs))
        return YES;
    bool company = (id.length == 9 || id.length == 10) && is(id.signs[id.length - 1], UPPER);
    return best == NO && company ? PERHAPS : best;
}
