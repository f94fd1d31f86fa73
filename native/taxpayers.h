/* What identifiers are checked with, and the checks of those that taxpayers and companies have. */

#ifndef GUARD_TAXPAYERS_H
#define GUARD_TAXPAYERS_H

#include <string.h>

#include "digits.h"
#include "identities.h"

static inline enum answer tell(bool valid) { return valid ? YES : NO; }
static inline enum answer ask(bool possible) { return possible ? PERHAPS : NO; }

static inline unsigned digit(const struct id *id, size_t place) { return id->signs[place] & 15u; }
static inline unsigned last(const struct id *id) { return digit(id, id->length - 1); }
static inline bool luhn(const struct id *id) { return has_luhn_digit(id->signs, id->length); }

/* ISO 7064, modulus 11, 10. */
static inline bool has_mod_11_10(const struct id *id)
{
    unsigned check = 5;
    for (size_t place = 0; place < id->length; place++)
        check = ((check ? check : 10) * 2 % 11 + digit(id, place)) % 10;
    return check == 1;
}

static inline uint64_t value_of(const uint8_t *digits, size_t count)
{
    uint64_t value = 0;
    while (count--)
        value = value * 10 + (*digits++ & 15);
    return value;
}

/* Those of taxpayers and companies, in taxpayers.c. */
enum answer guard_nip(const struct id *id);
enum answer guard_abn(const struct id *id);
enum answer guard_utr(const struct id *id);
enum answer guard_french(const struct id *id);
enum answer guard_siren(const struct id *id);
enum answer guard_german_vat(const struct id *id);
enum answer guard_regon(const struct id *id);
enum answer guard_finnish(const struct id *id);
enum answer guard_ruc(const struct id *id);
enum answer guard_inn(const struct id *id);
enum answer guard_japanese(const struct id *id);
enum answer guard_ukrainian(const struct id *id);
enum answer guard_asked(const struct id *id);

#endif
