/* National identifiers whose form tells by itself, with check digits or reserved ranges: US SSN and ITIN, BR CPF and
 * CNPJ, UK NINO, IT codice fiscale, ES DNI and NIE, SG NRIC and FIN,
 * FI henkilötunnus. */

#include <string.h>

#include "digits.h"

#define ID_MAX 18

/* How a form is written: 9 a digit, A a letter, a an optional blank, h an optional hyphen, c a letter or a digit; any
 * other byte itself. */
static size_t written(struct text text, size_t place, const char *form, uint8_t *compact)
{
    size_t count = 0;
    for (; *form; form++) {
        int byte = at(text, place);
        if (*form == '_' || *form == '~') {
            place += byte == (*form == '_' ? ' ' : '-');
            continue;
        }
        if (*form == '9' || *form == 'A' || *form == 'X') {
            unsigned wanted = *form == '9' ? DIGIT : *form == 'A' ? UPPER : DIGIT | UPPER;
            if (!is_at(text, place, wanted))
                return 0;
            compact[count++] = (uint8_t)byte;
        } else if (byte != *form) {
            return 0;
        }
        place++;
    }
    compact[count] = 0;
    return place;
}

bool guard_is_american(const uint8_t *id)
{
    unsigned area = number(id, 3), group = number(id + 3, 2), serial = number(id + 5, 4);
    if (area >= 900)
        return group >= 70 && group != 89 && group != 93;
    if (!area || area == 666 || !group || !serial)
        return false;
    return memcmp(id, "078051120", 9) && memcmp(id, "457555462", 9) && memcmp(id, "219099999", 9);
}

static unsigned modulus(unsigned total) { return (11 - total % 11) % 11 % 10; }

bool guard_is_cpf(const uint8_t *id)
{
    static const uint8_t none[11] = "00000000000";
    unsigned first = 0, second = 0;
    for (unsigned index = 0; index < 9; index++) {
        first += (10 - index) * (id[index] & 15);
        second += (11 - index) * (id[index] & 15);
    }
    first = modulus(first);
    second = modulus(second + 2 * first);
    return memcmp(id, none, 11) && first == (id[9] & 15u) && second == (id[10] & 15u);
}

bool guard_is_cnpj(const uint8_t *id)
{
    return memcmp(id, "000000000000", 12) && modulus(weighed(id, "543298765432")) == (id[12] & 15u)
        && modulus(weighed(id, "6543298765432")) == (id[13] & 15u);
}

/* The prefix of a National Insurance number must be one that is allocated; it has no check digit. */
static bool is_british(const uint8_t *id)
{
    static const char *const unused[] = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
    if (strchr("DFIQUV", id[0]) || strchr("DFIOQUV", id[1]))
        return false;
    for (size_t index = 0; index < sizeof unused / sizeof *unused; index++)
        if (!memcmp(unused[index], id, 2))
            return false;
    return id[8] >= 'A' && id[8] <= 'D';
}

/* Return the digit that `one` is or, where numbers collide, stands for; -1 for another letter. */
static int tax_digit(uint8_t one)
{
    static const char instead[] = "LMNPQRSTUV";
    const char *found = is(one, DIGIT) ? NULL : strchr(instead, one);
    return is(one, DIGIT) ? one & 15 : found ? (int)(found - instead) : -1;
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    year += year < 20 ? 2000 : 1900;
    return day >= 1 && day <= days[month - 1] + (month == 2 && year % 4 == 0);
}

bool guard_is_italian(const uint8_t *id)
{
    static const uint8_t odd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25,
                                  24, 23};
    static const uint8_t digits[] = {6, 7, 9, 10, 12, 13, 14};
    static const char months[] = "ABCDEHLMPRST";
    const char *month = strchr(months, id[8]);
    unsigned total = 0;
    for (size_t index = 0; index < sizeof digits; index++)
        if (tax_digit(id[digits[index]]) < 0)
            return false;
    if (!month || !is(id[11], UPPER))
        return false;
    for (size_t index = 0; index < 15; index++) {
        unsigned value = is(id[index], DIGIT) ? id[index] & 15u : (unsigned)(id[index] - 'A');
        total += index % 2 ? value : odd[value];
    }
    return total % 26 == (unsigned)(id[15] - 'A')
        && is_date(tax_digit(id[6]) * 10 + tax_digit(id[7]), (int)(month - months) + 1,
                   (tax_digit(id[9]) * 10 + tax_digit(id[10])) % 40);
}

bool guard_is_dni(const uint8_t *id) { return id[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[number(id, 8) % 23]; }

bool guard_is_nie(const uint8_t *id)
{
    return id[0] >= 'X' && id[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[((id[0] - 'X') * 10000000u + number(id + 1, 7)) % 23];
}

static bool is_singaporean(const uint8_t *id)
{
    unsigned total = weighed(id + 1, "2765432") + (id[0] == 'T' || id[0] == 'G' ? 4 : 0);
    return id[8] == (id[0] == 'S' || id[0] == 'T' ? "JZIHGFEDCBA" : "XWUTRQPNMLK")[total % 11];
}

/* A date of birth, a number and its rest by 31. */
static bool is_finnish(const uint8_t *id)
{
    unsigned month = number(id + 2, 2);
    return month >= 1 && month <= 12 && is_date((int)number(id + 4, 2), (int)month, (int)number(id, 2))
        && id[9] == "0123456789ABCDEFHJKLMNPRSTUVWXY"[number(id, 9) % 31];
}

/* In this order; a first letter that must be one of a few stands in `first`. */
static const struct {
    const char *form, *first;
    bool (*is_valid)(const uint8_t *id);
} identifiers[] = {
    {"999-99-9999", NULL, guard_is_american}, {"999.999.999-99", NULL, guard_is_cpf}, {"99.999.999/9999-99", NULL, guard_is_cnpj},
    {"AA_99_99_99_A", NULL, is_british}, {"AAAAAAXXAXXAXXXA", NULL, guard_is_italian}, {"99999999~A", NULL, guard_is_dni}, {"999999-999X", NULL, is_finnish},
    {"A9999999~A", "XYZ", guard_is_nie}, {"A9999999A", "STFG", is_singaporean},
};

bool guard_national_id(struct text text, size_t place, size_t *start, size_t *end)
{
    uint8_t compact[ID_MAX];
    if (place > 0 && (is(text.bytes[place - 1], WORD | LABEL) || text.bytes[place - 1] == '.'))
        return false;
    *start = place;
    for (size_t index = 0; index < sizeof identifiers / sizeof *identifiers; index++) {
        const char *first = identifiers[index].first;
        if (first && !strchr(first, text.bytes[place]))
            continue;
        *end = written(text, place, identifiers[index].form, compact);
        if (*end && !is_at(text, *end, WORD | LABEL) && identifiers[index].is_valid(compact))
            return true;
    }
    return false;
}
