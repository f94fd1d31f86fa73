/* Identifiers of taxpayers and companies behind a word that names them: their check digits, as python-stdnum knows them. */

#include "taxpayers.h"

static bool has_letters(const struct id *id, size_t count) { return run((struct text){id->signs, count}, 0, count, UPPER) == count; }

/* Of taxpayers and companies: Poland's, with or without the name of the country. */
enum answer guard_nip(const struct id *id)
{
    const uint8_t *digits = id->signs + (id->length == 12 ? 2 : 0);
    bool named = id->length == 12 && !memcmp(id->signs, "PL", 2);
    return tell((named || id->length == 10) && run((struct text){digits, 10}, 0, 10, DIGIT) == 10
                && weighed(digits, "657234567") % 11 == (digits[9] & 15u));
}

enum answer guard_abn(const struct id *id)
{
    unsigned total = 10 * (digit(id, 0) - 1u);
    for (size_t place = 1; place < 11; place++)
        total += (unsigned)(2 * place - 1) * digit(id, place);
    return tell(digit(id, 0) && total % 89 == 0);
}

enum answer guard_utr(const struct id *id)
{
    return tell("21987654321"[weighed(id->signs + 1, "6789:5432") % 11] == id->signs[0]);
}

enum answer guard_french(const struct id *id) { return tell(digit(id, 0) < 4 && value_of(id->signs, 10) % 511 == value_of(id->signs + 10, 3)); }
enum answer guard_siren(const struct id *id) { return id->length == 9 || id->length == 14 ? ask(luhn(id) || !memcmp(id->signs, "356", 3)) : NO; }

enum answer guard_german_vat(const struct id *id)
{
    struct id plain = *id;
    plain.length -= 2;
    memmove(plain.signs, plain.signs + 2, SIGNS - 1);
    return tell(has_letters(id, 2) && plain.signs[0] != '0' && has_mod_11_10(&plain));
}

enum answer guard_regon(const struct id *id) { return tell(weighed(id->signs, "89234567") % 11 % 10 == last(id)); }
enum answer guard_finnish(const struct id *id) { return tell(weighed(id->signs, "79:58421") % 11 == 0); }
enum answer guard_ruc(const struct id *id) { return ask((11 - weighed(id->signs, "5432765432") % 11) % 10 == last(id)); }

enum answer guard_inn(const struct id *id)
{
    if (id->length == 10)
        return tell(weighed(id->signs, "24:359468") % 11 % 10 == last(id));
    return tell(id->length == 12 && weighed(id->signs, "724:359468") % 11 % 10 == digit(id, 10)
                && weighed(id->signs, "3724:359468") % 11 % 10 == last(id));
}

enum answer guard_japanese(const struct id *id)
{
    unsigned rest = weighed(id->signs, "65432765432") % 11;
    return tell((rest < 2 ? 0 : 11 - rest) == last(id));
}

enum answer guard_ukrainian(const struct id *id) { return tell(weighed(id->signs, ":57946:57") % 11 % 10 == last(id)); }
enum answer guard_asked(const struct id *id) { return ask(id->length > 0); /* its check digit is in a table */ }
