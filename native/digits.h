/* What check digits are made of. */

#ifndef GUARD_DIGITS_H
#define GUARD_DIGITS_H

#include "guard_mask.h"

static inline unsigned number(const uint8_t *digits, size_t count)
{
    unsigned value = 0;
    while (count--)
        value = value * 10 + (*digits++ & 15);
    return value;
}

/* Sum digits, each times its weight: 0 to 9, and : for ten. */
static inline unsigned weighed(const uint8_t *digits, const char *weights)
{
    unsigned total = 0;
    for (; *weights; weights++, digits++)
        total += (unsigned)(*weights - '0') * (*digits & 15);
    return total;
}

static inline bool has_luhn_digit(const uint8_t *digits, size_t length)
{
    unsigned total = 0;
    for (size_t index = 0; index < length; index++) {
        unsigned digit = digits[length - 1 - index] & 15;
        total += index % 2 ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
    }
    return total % 10 == 0;
}

/* Checks of persons.c, of identifiers without their separators. */
bool guard_is_american(const uint8_t *id);
bool guard_is_cpf(const uint8_t *id);
bool guard_is_cnpj(const uint8_t *id);
bool guard_is_italian(const uint8_t *id);
bool guard_is_dni(const uint8_t *id);
bool guard_is_nie(const uint8_t *id);

/* Of accounts.c: whether it is an account number (ISO 13616), in letters of any case and whatever stands between them. */
bool guard_is_account(struct text value);

#endif
