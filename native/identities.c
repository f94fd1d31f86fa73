/* National identifiers of forms that any number has, behind a word that names them: their check digits and dates, as
 * python-stdnum knows them. What it holds against tables, or against the day that it is, it is asked for. */

#include "taxpayers.h"

#define SURE_YEAR 2024 /* who was born until then has been born */

static bool is_day(unsigned year, unsigned month, unsigned day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

/* Tell whether year, month and day stand at the beginning, two digits each. */
static bool is_born(const uint8_t *id, unsigned century) { return is_day(century + number(id, 2), number(id + 2, 2), number(id + 4, 2)); }

static enum answer american(const struct id *id) { return tell(guard_is_american(id->signs)); }
static enum answer cpf(const struct id *id) { return tell(guard_is_cpf(id->signs)); }
static enum answer cnpj(const struct id *id) { return tell(guard_is_cnpj(id->signs)); }
static enum answer nhs(const struct id *id) { return tell(weighed(id->signs, ":987654321") % 11 == 0); }

static enum answer pesel(const struct id *id)
{
    static const uint16_t centuries[] = {1900, 2000, 2100, 2200, 1800};
    unsigned month = number(id->signs + 2, 2), check = weighed(id->signs, "1379137913");
    return tell((10 - check % 10) % 10 == last(id)
                && is_day(centuries[month / 20] + number(id->signs, 2), month % 20, number(id->signs + 4, 2)));
}

static enum answer aadhaar(const struct id *id)
{
    static const char product[] = "0123456789" "1234067895" "2340178956" "3401289567" "4012395678"
                                  "5987604321" "6598710432" "7659821043" "8765932104" "9876543210";
    static const char permuted[] = "0123456789" "1576283094" "5803796142" "8916043527" "9453126870" "4286573901" "2793806415" "7046913258";
    unsigned check = 0, same = 0;
    for (size_t place = 0; place < 12; place++) {
        unsigned one = permuted[place % 8 * 10 + digit(id, 11 - place)] & 15u;
        check = product[check * 10 + one] & 15u;
        same += digit(id, place) == digit(id, 11 - place);
    }
    return tell(!check && digit(id, 0) >= 2 && same < 12);
}

static enum answer tfn(const struct id *id)
{
    return tell(weighed(id->signs, id->length == 9 ? "14375869:" : "14375869") % 11 == 0);
}

static enum answer idnr(const struct id *id)
{
    unsigned counts[10] = {0}, repeated = 0, most = 0;
    for (size_t place = 0; place < 10; place++)
        counts[digit(id, place)]++;
    for (size_t one = 0; one < 10; one++) {
        repeated += counts[one] > 1;
        most = counts[one] > most ? counts[one] : most;
    }
    return tell(digit(id, 0) && repeated == 1 && most <= 3 && has_mod_11_10(id));
}

/* Zeros at its beginning may be left out. */
static enum answer bsn(const struct id *id)
{
    unsigned total = 11 - last(id);
    for (size_t place = 2; place <= id->length; place++)
        total += (unsigned)place * digit(id, id->length - place);
    return tell(total % 11 == 0 && value_of(id->signs, id->length));
}

/* Born in this century or the last one; a plus stands for a hundred years more. */
static enum answer personnummer(const struct id *id)
{
    const uint8_t *date = id->signs + id->length - 10;
    bool older = memchr(id->raw.bytes, '+', id->raw.length) != NULL;
    unsigned year = id->length == 12 ? number(id->signs, 4) : number(date, 2) + (!number(date, 2) && older ? 1900 : 2000);
    return tell(id->length != 11 && is_day(year, number(date + 2, 2), number(date + 4, 2)) && has_luhn_digit(date, 10));
}

static enum answer nir(const struct id *id)
{
    uint8_t digits[15];
    memcpy(digits, id->signs, sizeof digits);
    if (digits[5] == '2' && (digits[6] == 'A' || digits[6] == 'B'))
        memcpy(digits + 5, digits[6] == 'A' ? "19" : "18", 2);
    for (size_t place = 0; place < sizeof digits; place++)
        if (!is(digits[place], DIGIT))
            return NO;
    return tell(97 - value_of(digits, 13) % 97 == number(digits + 13, 2));
}

static enum answer hetu(const struct id *id)
{
    const uint8_t *raw = id->raw.bytes;
    if (id->raw.length != 11 || run(id->raw, 0, 6, DIGIT) != 6 || run(id->raw, 7, 3, DIGIT) != 3)
        return NO;
    unsigned century = raw[6] == '+' ? 1800 : strchr("-UVWXY", raw[6]) ? 1900 : strchr("ABCDEF", raw[6]) ? 2000 : 0;
    unsigned person = number(raw + 7, 3), check = (number(raw, 6) * 1000 + person) % 31;
    return tell(century && person >= 2 && person < 900 && "0123456789ABCDEFHJKLMNPRSTUVWXY"[check] == raw[10]
                && is_day(century + number(raw + 4, 2), number(raw + 2, 2), number(raw, 2)));
}

static enum answer pan(const struct id *id)
{
    struct text text = {id->signs, id->length};
    return tell(run(text, 0, 5, UPPER) == 5 && run(text, 5, 4, DIGIT) == 4 && is_at(text, 9, UPPER)
                && strchr("ABCFGHJKLPT", id->signs[3]) && number(id->signs + 5, 4));
}

static enum answer swiss(const struct id *id)
{
    return tell(number(id->signs, 3) == 756 && weighed(id->signs, "1313131313131") % 10 == 0);
}

static enum answer rrn(const struct id *id)
{
    static const uint16_t centuries[] = {1800, 1900, 1900, 2000, 2000, 1900, 1900, 2000, 2000, 1800};
    unsigned check = weighed(id->signs, "234567892345");
    return tell(is_born(id->signs, centuries[digit(id, 6)]) && number(id->signs + 7, 2) <= 96 && (11 - check % 11) % 10 == last(id));
}

static enum answer until_today(unsigned year, unsigned month, unsigned day)
{
    return is_day(year, month, day) ? year <= SURE_YEAR ? YES : PERHAPS : NO;
}

static enum answer norwegian(const struct id *id)
{
    unsigned day = number(id->signs, 2), month = number(id->signs + 2, 2), year = number(id->signs + 4, 2);
    unsigned person = number(id->signs + 6, 3);
    if (weighed(id->signs, "3761894521") % 11 || weighed(id->signs, "54327654321") % 11 || day >= 80)
        return NO;
    unsigned century = person < 500 ? 1900 : person < 750 && year >= 54 ? 1800 : year < 40 ? 2000 : person >= 900 ? 1900 : 0;
    return century ? until_today(century + year, month > 40 ? month - 40 : month, day > 40 ? day - 40 : day) : NO;
}

static enum answer danish(const struct id *id)
{
    unsigned year = number(id->signs + 4, 2), person = digit(id, 6);
    unsigned century = person >= 5 && person <= 8 && year >= 58 ? 1800
        : person <= 3 || ((person == 4 || person == 9) && year >= 37) ? 1900 : 2000;
    return until_today(century + year, number(id->signs + 2, 2), number(id->signs, 2));
}

static enum answer czech(const struct id *id)
{
    unsigned year = 1900 + number(id->signs, 2);
    if (id->length == 9)
        year -= year >= 1980 ? 100 : 0;
    else
        year += year < 1954 ? 100 : 0;
    if (id->length == 9 ? year > 1953 : number(id->signs, 9) % 11 % 10 != last(id))
        return NO;
    return tell(is_day(year, number(id->signs + 2, 2) % 50 % 20, number(id->signs + 4, 2)));
}

static enum answer belgian(const struct id *id)
{
    unsigned rest = number(id->signs + 9, 2);
    uint64_t before = value_of(id->signs, 9);
    if (number(id->signs + 2, 2) > 12 || !(before || rest))
        return NO;
    return 97 - before % 97 == rest ? YES : ask(97 - (before + 2000000000) % 97 == rest);
}

static enum answer romanian(const struct id *id)
{
    static const uint16_t centuries[] = {0, 1900, 1900, 1800, 1800, 2000, 2000, 1900, 1900, 1900};
    unsigned check = weighed(id->signs, "279146358279") % 11;
    return ask(digit(id, 0) && is_born(id->signs + 1, centuries[digit(id, 0)]) && (check == 10 ? 1 : check) == last(id));
}

static enum answer bulgarian(const struct id *id)
{
    unsigned month = number(id->signs + 2, 2), year = number(id->signs, 2), shift = month > 40 ? 40 : month > 20 ? 20 : 0;
    year += shift == 40 ? 2000 : shift ? 1800 : 1900;
    return tell(is_day(year, month - shift, number(id->signs + 4, 2)) && weighed(id->signs, "2485:9736") % 11 % 10 == last(id));
}

static enum answer oib(const struct id *id) { return tell(has_mod_11_10(id)); }

/* Of Lithuania and Estonia, which write it without separators. */
static enum answer baltic(const struct id *id)
{
    static const uint16_t centuries[] = {0, 1800, 1800, 1900, 1900, 2000, 2000, 2100, 2100, 0};
    unsigned check = weighed(id->signs, "1234567891") % 11, first = digit(id, 0);
    check = check == 10 ? weighed(id->signs, "3456789123") % 11 % 10 : check;
    bool born = first == 9 || (first && is_born(id->signs + 1, centuries[first]));
    return tell(born && check == last(id) && id->raw.length == id->length);
}

static enum answer estonian(const struct id *id) { return digit(id, 0) == 9 ? NO : baltic(id); }

static enum answer turkish(const struct id *id)
{
    unsigned first = (10 - weighed(id->signs, "313131313") % 10) % 10;
    return tell(digit(id, 0) && first == digit(id, 9) && (first + weighed(id->signs, "111111111")) % 10 == last(id));
}

static enum answer israeli(const struct id *id) { return tell(luhn(id) && value_of(id->signs, id->length)); }

static enum answer curp(const struct id *id)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ";
    unsigned total = 0;
    for (size_t place = 0; place < 17; place++)
        total += (unsigned)(strchr(alphabet, id->signs[place]) - alphabet) * (unsigned)(18 - place);
    return ask((10 - total % 10) % 10 == last(id) && is_born(id->signs + 4, is(id->signs[16], DIGIT) ? 1900 : 2000));
}

static enum answer rfc(const struct id *id) { return ask(is_born(id->signs + id->length - 9, 2000)); }

static enum answer cuit(const struct id *id)
{
    static const char *const kinds = "20 23 24 27 30 33 34 50 51 55";
    unsigned check = 11 - weighed(id->signs, "5432765432") % 11;
    bool known = false;
    for (const char *kind = kinds; !known && *kind; kind += kind[2] ? 3 : 2)
        known = !memcmp(kind, id->signs, 2);
    return tell(known && (check == 11 ? 0 : check == 10 ? 9 : check) == last(id));
}

static enum answer rut(const struct id *id)
{
    unsigned total = 0;
    for (size_t place = 0; place + 1 < id->length; place++) {
        if (!is(id->signs[id->length - 2 - place], DIGIT))
            return NO;
        total += digit(id, id->length - 2 - place) * (unsigned)(4 + (11 - place) % 6);
    }
    return tell("0123456789K"[total % 11] == id->signs[id->length - 1]);
}

static enum answer cedula(const struct id *id) { return luhn(id) ? YES : PERHAPS; /* a list has some more */ }

static enum answer chinese(const struct id *id)
{
    uint64_t rest = 0;
    for (size_t place = 0; place < 17; place++)
        rest = (rest * 13 + digit(id, place)) % 11;
    rest = (12 - 2 * rest % 11) % 11;
    return ask(id->signs[17] == "0123456789X"[rest] && is_day(number(id->signs + 6, 4), number(id->signs + 10, 2), number(id->signs + 12, 2)));
}

static enum answer malaysian(const struct id *id) { return ask(is_born(id->signs, 1900) || is_born(id->signs, 2000)); }

static enum answer indonesian(const struct id *id)
{
    unsigned day = number(id->signs + 6, 2) % 40, month = number(id->signs + 8, 2), year = number(id->signs + 10, 2);
    return ask(is_day(1900 + year, month, day) || is_day(2000 + year, month, day));
}

static enum answer cnic(const struct id *id) { return tell(last(id) && digit(id, 0) >= 1 && digit(id, 0) <= 7); }

static enum answer ird(const struct id *id)
{
    uint8_t eight[9] = "00000000";
    memcpy(eight + 9 - id->length, id->signs, id->length - 1);
    unsigned check = (11 - weighed(eight, "32765432") % 11) % 11, value = number(id->signs, id->length);
    if (check == 10)
        check = (11 - weighed(eight, "74325276") % 11) % 11;
    return tell(check == last(id) && value > 10000000 && value < 150000000);
}

static enum answer kennitala(const struct id *id)
{
    unsigned day = number(id->signs, 2), century = last(id) == 9 ? 1900 : last(id) ? 0 : 2000;
    return tell(century && weighed(id->signs, "3276543210") % 11 == 0
                && is_day(century + number(id->signs + 4, 2), number(id->signs + 2, 2), day >= 40 ? day - 40 : day));
}

static enum answer amka(const struct id *id)
{
    unsigned day = number(id->signs, 2), month = number(id->signs + 2, 2), year = number(id->signs + 4, 2);
    return tell(luhn(id) && (is_day(1900 + year, month, day) || is_day(2000 + year, month, day)));
}

static enum answer portuguese(const struct id *id)
{
    return tell(digit(id, 0) && (11 - weighed(id->signs, "98765432") % 11) % 11 % 10 == last(id));
}

static enum answer pps(const struct id *id)
{
    static const char alphabet[] = "WABCDEFGHIJKLMNOPQRSTUV";
    struct text text = {id->signs, id->length};
    uint8_t ninth = id->signs[8];
    if (run(text, 0, 8, DIGIT) != 7 || (ninth && !strchr("ABHWTX", ninth)))
        return NO;
    unsigned more = ninth && strchr("ABH", ninth) ? 9 * (unsigned)(strchr(alphabet, ninth) - alphabet) : 0;
    return tell((uint8_t)alphabet[(weighed(id->signs, "8765432") + more) % 23] == id->signs[7]);
}

static enum answer austrian(const struct id *id)
{
    return tell(digit(id, 0) && weighed(id->signs, "3790584216") % 11 == digit(id, 3));
}

static enum answer emso(const struct id *id)
{
    unsigned year = number(id->signs + 4, 3);
    return tell(is_day(year + (year < 800 ? 2000 : 1000), number(id->signs + 2, 2), number(id->signs, 2))
                && (11 - weighed(id->signs, "765432765432") % 11) % 11 % 10 == last(id));
}

static enum answer canadian(const struct id *id) { return tell(digit(id, 0) && digit(id, 0) != 8 && luhn(id)); }
static enum answer african(const struct id *id) { return ask(luhn(id)); }

static enum answer thai(const struct id *id)
{
    unsigned total = 11 * 9 * 12 + 2 * digit(id, 0) + digit(id, 1);
    for (size_t place = 3; place < 12; place++)
        total -= (unsigned)(place - 2) * digit(id, place);
    return tell(digit(id, 0) && digit(id, 0) != 9 && (11 - total % 11) % 10 == last(id));
}

static enum answer italian(const struct id *id)
{
    struct text text = {id->signs, id->length};
    return ask(id->length == 11 ? luhn(id) : run(text, 0, 17, ALNUM) == 16 && guard_is_italian(id->signs));
}

static enum answer spanish(const struct id *id)
{
    struct text text = {id->signs, id->length};
    if (run(text, 0, 8, DIGIT) == 8)
        return tell(guard_is_dni(id->signs));
    return tell(run(text, 1, 8, DIGIT) == 7 && id->signs[0] >= 'X' && guard_is_nie(id->signs));
}

/* Of digits alone, or of letters as well; how long it is without its separators; in the order of national_id.py. */
static const struct kind_of_id {
    uint8_t least, most;
    bool letters, anybody; /* `anybody`: also behind words that leave open whose it is */
    enum answer (*check)(const struct id *id);
} kinds[] = {
    {9, 9, false, true, american},      {11, 11, false, true, cpf},        {14, 14, false, false, cnpj},
    {10, 10, false, false, nhs},        {11, 11, false, true, pesel},      {12, 12, false, true, aadhaar},
    {8, 9, false, false, tfn},          {11, 11, false, true, idnr},       {1, 9, false, true, bsn},
    {10, 12, false, true, personnummer}, {15, 15, true, true, nir},        {10, 11, true, true, hetu},
    {10, 10, true, true, pan},          {13, 13, false, true, swiss},      {13, 13, false, true, rrn},        {13, 13, false, false, rrn},
    {11, 11, false, true, norwegian},   {10, 10, false, true, danish},     {9, 10, false, true, czech},
    {11, 11, false, true, belgian},     {13, 13, false, true, romanian},   {10, 10, false, true, bulgarian},
    {11, 11, false, true, oib},         {11, 11, false, false, baltic},     {11, 11, false, true, turkish},
    {1, 9, false, true, israeli},       {18, 18, true, true, curp},        {13, 13, true, false, rfc},
    {11, 11, false, true, cuit},        {8, 9, true, true, rut},           {11, 11, false, false, cedula},
    {18, 18, true, true, chinese},      {12, 12, false, false, malaysian}, {16, 16, false, false, indonesian},
    {13, 13, false, false, cnic},       {8, 9, false, false, ird},         {10, 10, false, false, kennitala},
    {11, 11, false, false, amka},       {9, 9, false, true, portuguese},   {8, 9, true, true, pps},
    {10, 10, false, false, austrian},   {13, 13, false, false, emso},      {8, 18, true, false, guard_of_anybody},
    {9, 9, false, true, canadian},           {13, 13, false, true, african},    {13, 13, false, true, thai},
    {11, 16, true, true, italian},      {9, 9, true, true, spanish},
    {11, 11, false, true, estonian},    {10, 12, true, false, guard_nip},  {11, 11, false, false, guard_abn},
    {9, 9, false, false, guard_asked},  {10, 10, false, false, guard_utr}, {9, 9, true, false, guard_asked},
    {13, 13, false, false, guard_french}, {9, 14, false, false, guard_siren}, {11, 11, true, false, guard_german_vat},
    {9, 9, false, false, guard_regon},  {15, 15, true, false, guard_asked}, {8, 8, false, false, guard_finnish},
    {11, 11, false, false, guard_ruc},  {10, 12, false, false, guard_inn}, {12, 12, false, false, guard_japanese},
    {10, 10, false, false, guard_ukrainian}, {10, 10, false, false, guard_asked},
};
#define COUNT (sizeof kinds / sizeof *kinds)

unsigned guard_kinds_of_id(void) { return COUNT; }
bool guard_is_anybodys(unsigned kind) { return kinds[kind].anybody; }

enum answer guard_judge_id(unsigned kind, const struct id *id, bool digits)
{
    bool fits = id->length >= kinds[kind].least && id->length <= kinds[kind].most && (digits || kinds[kind].letters);
    return fits ? kinds[kind].check(id) : NO;
}
