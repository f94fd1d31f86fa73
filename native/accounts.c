/* Payment cards (ISO/IEC 7812: issuer ranges, lengths, Luhn) and bank accounts (ISO 13616, ISO 7064 modulus 97). */

#include <string.h>

#include "digits.h"

#define CARD_MIN 13
#define CARD_MAX 19
#define NAMED 40 /* bytes before a card in which a word may tell of it */
#define ROW 8 /* cards before one that are looked at */

static bool within(size_t value, size_t low, size_t high) { return value >= low && value <= high; }

static bool is_issued(const uint8_t *digits, size_t length)
{
    unsigned four = number(digits, 4), three = four / 10, two = four / 100;
    if (two / 10 == 4)
        return length == 13 || length == 16 || length == 19;
    if (within(two, 51, 55) || within(four, 2221, 2720))
        return length == 16;
    if (two == 34 || two == 37)
        return length == 15;
    if (four == 6011 || within(three, 644, 649) || two == 65 || two == 62 || within(four, 3528, 3589)
        || within(four, 2200, 2204))
        return within(length, 16, 19);
    if (within(three, 300, 305) || two == 36 || two == 38 || two == 39)
        return within(length, 14, 19);
    if (four == 5019 || within(three, 606, 608) || number(digits, 6) == 636368 || number(digits, 6) == 636297)
        return length == 16;
    return (four == 5018 || four == 5020 || four == 5038 || four == 5893 || four == 6304 || four == 6759
            || within(four, 6761, 6763))
        && within(length, 16, 19);
}

/* Tell whether the digits that are written up to `end` are a card's, and end where a number does. */
static bool is_card(struct text text, size_t end, const uint8_t *digits, size_t length)
{
    if (is_at(text, end, WORD) || (at(text, end) == '.' && is_at(text, end + 1, DIGIT)))
        return false;
    return is_issued(digits, length) && has_luhn_digit(digits, length);
}

/* The groups that are printed on cards; 0 ends each. */
static const uint8_t groupings[][6] = {{4, 4, 4, 4, 0}, {4, 4, 4, 1, 0}, {4, 6, 5, 0}, {4, 6, 4, 0}, {4, 4, 4, 4, 3, 0}, {4, 4, 4, 4, 2, 0}};

/* Collect the digits of one grouping; return where they end, 0 where it is another. */
static size_t grouped(struct text text, size_t place, const uint8_t *groups, uint8_t *digits, size_t *length)
{
    int separator = at(text, place + 4);
    if (separator != ' ' && separator != '-' && separator != '.')
        return 0;
    *length = 0;
    for (; *groups; groups++) {
        if (*length && at(text, place++) != separator)
            return 0;
        if (run(text, place, *groups, DIGIT) != *groups)
            return 0;
        memcpy(digits + *length, text.bytes + place, *groups);
        *length += *groups;
        place += *groups;
    }
    return place;
}

/* Tell whether a group of four digits and no more stands at `place`. */
static bool is_group(struct text text, size_t place)
{
    return run(text, place, 5, DIGIT) == 4 && !is_at(text, place + 4, WORD);
}

/* Tell whether a word that tells of a card stands shortly before `place`, on its line. */
static bool is_named(struct text text, size_t place)
{
    static const char *const words[] = {"card", "visa", "amex", "karte", "carte", "tarjeta", "kredi", "credit", "pan"};
    for (size_t from = place > NAMED ? place - NAMED : 0; from < place; from++)
        for (size_t word = 0; word < sizeof words / sizeof *words; word++) {
            size_t length = strlen(words[word]), same = 0;
            while (same < length && from + same < place && (text.bytes[from + same] | 32) == (uint8_t)words[word][same])
                same++;
            if (same == length && memchr(text.bytes + from, '\n', place - from) == NULL)
                return true;
        }
    return false;
}

/* Tell whether the group at `place` is a month and a year, and the last of its row. */
static bool is_expiry(struct text text, size_t place, int separator)
{
    unsigned month = number(text.bytes + place, 2), year = number(text.bytes + place + 2, 2);
    return within(month, 1, 12) && within(year, 20, 45)
        && !(at(text, place + 4) == separator && is_group(text, place + 5));
}

/* Tell whether a card in groups of four is no part of a longer row of such groups, in which one number of twenty looks
 * like a card by chance: before it there are cards alone, and behind it is one more or nothing. */
static bool stands_alone(struct text text, size_t place, size_t end)
{
    uint8_t digits[CARD_MAX + 1];
    size_t length, first = place;
    int separator = at(text, place + 4);
    while (place - first < 20 * ROW && first >= 5 && at(text, first - 1) == separator && is_group(text, first - 5)
           && (first == 5 || !is_at(text, first - 6, WORD)))
        first -= 5;
    if (is_named(text, first))
        return true;
    if ((place - first) % 20)
        return false;
    for (; first < place; first += 20)
        if (!grouped(text, first, groupings[0], digits, &length) || !is_card(text, first + 19, digits, length))
            return false;
    if (at(text, end) != separator || !is_group(text, end + 1))
        return true;
    if (is_expiry(text, end + 1, separator))
        return true;
    end = grouped(text, end + 1, groupings[0], digits, &length);
    return end && is_card(text, end, digits, length);
}

/* Tell whether a row of so many digits is rather a card's than another's: few have 17 or 18, and 13 are an article's
 * number (EAN) where its check digit is right. What is not, is one behind a word that says so. */
static bool is_usual(const uint8_t *digits, size_t length)
{
    return length == CARD_MIN ? weighed(digits, "1313131313131") % 10 != 0 : length <= 16 || length == CARD_MAX;
}

bool guard_credit_card(struct text text, size_t place, size_t *start, size_t *end)
{
    uint8_t digits[CARD_MAX + 1];
    size_t length;
    bool stripe = place > 1 && text.bytes[place - 1] == 'B' && text.bytes[place - 2] == '%';
    if (!within(text.bytes[place], '2', '6') || (place > 0 && !stripe && is_at(text, place - 1, WORD)))
        return false;
    if (place > 1 && text.bytes[place - 1] == '.' && !is(text.bytes[place - 2], ALPHA) && text.bytes[place - 2] != '.')
        return false; /* of a fraction */
    *start = place;
    length = run(text, place, CARD_MAX + 1, DIGIT);
    *end = place + length;
    if (within(length, CARD_MIN, CARD_MAX) && is_card(text, *end, text.bytes + place, length))
        return (place == 0 || text.bytes[place - 1] != '#') && (is_usual(text.bytes + place, length) || is_named(text, place));
    for (size_t index = 0; index < sizeof groupings / sizeof *groupings; index++)
        if ((*end = grouped(text, place, groupings[index], digits, &length)) && is_card(text, *end, digits, length))
            return index > 0 || stands_alone(text, place, *end);
    return false;
}

static const char *const iban_countries[] = {
    [15] = "NO", [16] = "BE", [18] = "DKFOFIGLNLFKSD", [19] = "MKSI", [20] = "ATBAEEKZXKLTLUMN", [21] = "HRLVLICH",
    [22] = "BHBGCRDEGEGBIEMERSVA", [23] = "AEGIILIQOMSOTL", [24] = "ADCZMDPKROSASKESSETNVG", [25] = "LYPTST",
    [26] = "ISTR", [27] = "BIDJFRGRITMCMRSM", [28] = "ALAZBYCYDOGTHNHULBNIPLSV", [29] = "BREGPSQAUA", [30] = "JOKWMUYE",
    [31] = "MTSC", [32] = "LC", [33] = "RU",
};
#define IBAN_MAX 33

static size_t iban_length(const uint8_t *country)
{
    for (size_t length = 15; length <= IBAN_MAX; length++)
        for (const char *one = iban_countries[length]; one && *one; one += 2)
            if (one[0] == country[0] && one[1] == country[1])
                return length;
    return 0;
}

static bool has_iban_digits(const uint8_t *digits, size_t length)
{
    unsigned rest = 0;
    for (size_t index = 0; index < length; index++) {
        uint8_t one = digits[(index + 4) % length];
        rest = is(one, DIGIT) ? rest * 10 + (one & 15u) : rest * 100 + (one - 55u);
        rest %= 97;
    }
    return rest == 1;
}

bool guard_iban(struct text text, size_t place, size_t *start, size_t *end)
{
    uint8_t digits[IBAN_MAX];
    size_t length = iban_length(text.bytes + place), got = 0;
    bool spaced = at(text, place + 4) == ' ';
    if (!length || (place > 0 && is_at(text, place - 1, WORD)))
        return false;
    *start = place;
    for (; got < length; place++) {
        if (spaced && got && got % 4 == 0) {
            if (at(text, place++) != ' ')
                return false;
        }
        if (!is_at(text, place, DIGIT | UPPER))
            return false;
        digits[got++] = text.bytes[place];
    }
    *end = place;
    return is(digits[2], DIGIT) && is(digits[3], DIGIT) && !is_at(text, place, WORD) && has_iban_digits(digits, length);
}

bool guard_is_account(struct text value)
{
    uint8_t signs[IBAN_MAX];
    size_t got = 0;
    for (size_t place = 0; place < value.length; place++) {
        uint8_t byte = value.bytes[place];
        if (!is(byte, ALNUM))
            continue;
        if (got == IBAN_MAX)
            return false;
        signs[got++] = is(byte, LOWER) ? byte - 32 : byte;
    }
    return got > 4 && got == iban_length(signs) && is(signs[2], DIGIT) && is(signs[3], DIGIT) && has_iban_digits(signs, got);
}
