/* Judges the values that finders find: by what they want and decline, and a question of guardcli.masking.compiled.native.Question. */

#define _GNU_SOURCE

#include <string.h>

#include "addresses.h"
#include "automata.h"
#include "digits.h"
#include "finders.h"
#include "identifiers.h"
#include "programs.h"
#include "telephones.h"
#include "values.h"

#define LAST 16      /* bytes at the end of a token that must differ */
#define LAST_BODY 32
#define FEW 4
#define LOGIN_MAX 8192
#define MEASURED 64  /* bytes of a value whose spread counts */
#define MATERIAL_MIN 12
#define ARMOUR_HEAD 100 /* bytes of base64 */

enum { FORMATTED = 1, STRICT = 2 }; /* of question 4 */
enum question { PLACEHOLDER, DUMMY, CHOSEN, ANY_VALUE = 8, TOKEN, BODY, LOGIN, PAIR, COOKIE, GIVEN, RANDOM, MATERIAL, ADDRESS,
                DIALLED, IDENTIFIED, TELEPHONE, AMERICAN, GENERATED, ACCOUNT, ENCODED,
                ENCODED_HEAD, ARMOURED, IDENTIFIER = 64 };

static struct text part(struct text value, size_t from, size_t most)
{
    size_t left = value.length > from ? value.length - from : 0;
    return (struct text){value.bytes + from, left < most ? left : most};
}

static bool differs(struct text value, size_t last)
{
    return guard_variety(part(value, value.length > last ? value.length - last : 0, last)) > FEW;
}

/* Tell whether it ends as the tokens of documentation do. */
static bool is_example(struct text value)
{
    static const char word[] = "EXAMPLE";
    size_t length = sizeof word - 1;
    if (value.length < length)
        return false;
    for (size_t place = 0; place < length; place++) {
        uint8_t byte = value.bytes[value.length - length + place];
        if ((is(byte, LOWER) ? byte - 32 : byte) != word[place])
            return false;
    }
    return true;
}

/* Write what base64 stands for (RFC 4648); return SIZE_MAX where it is none. `padded` says that its signs = must be there. */
static size_t decode(struct text value, bool padded, uint8_t *out)
{
    size_t length = value.length, made = 0;
    unsigned bits = 0, count = 0;
    while (length && value.bytes[length - 1] == '=')
        length--;
    size_t signs = value.length - length, wanted = (4 - length % 4) % 4;
    if (wanted == 3 || (wanted && (signs > wanted || (padded && signs < wanted))))
        return SIZE_MAX;
    for (size_t place = 0; place < length; place++) {
        int digit = guard_sextet(value.bytes[place]);
        if (digit < 0)
            return SIZE_MAX;
        bits = (bits << 6 | (unsigned)digit) & 0xfff;
        if ((count += 6) >= 8)
            out[made++] = (uint8_t)(bits >> (count -= 8));
    }
    return made;
}

/* Return the length of the UTF-8 sequence at `place`, 0 where there is none that can be printed (RFC 3629). */
static size_t printable(struct text text, size_t place)
{
    uint8_t first = text.bytes[place];
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (length == 1)
        return first >= ' ' && first != 0x7f;
    for (size_t index = 1; index < length; index++)
        if (at(text, place + index) < 0x80 || at(text, place + index) > 0xbf)
            return 0;
    if (first == 0xc2 && text.bytes[place + 1] <= 0xa0)
        return 0;
    return length;
}

/* Tell whether it is no placeholder, no variable and no beginning of a structure. */
static bool is_given(struct text value)
{
    int first = at(value, 0), second = at(value, 1);
    bool begun = first == '$' || first == '<' || (second == '{' && (first == '{' || first == '#'))
        || (first == '%' && second == '(');
    return !begun && !guard_is_dummy(value);
}

/* Tell whether it is a name and a password in base64 (RFC 7617). */
static bool is_login(struct text value)
{
    uint8_t plain[LOGIN_MAX];
    size_t place = 0, length = value.length <= LOGIN_MAX ? decode(value, false, plain) : SIZE_MAX, sign = SIZE_MAX;
    if (length == SIZE_MAX)
        return value.length > LOGIN_MAX;
    struct text text = {plain, length};
    for (size_t step; place < length; place += step) {
        if (!(step = printable(text, place)))
            return false;
        if (sign == SIZE_MAX && plain[place] == ':')
            sign = place;
    }
    return sign != SIZE_MAX && is_given((struct text){plain + sign + 1, length - sign - 1});
}

static bool has_pair(struct text value)
{
    uint8_t plain[LOGIN_MAX];
    size_t length = value.length <= LOGIN_MAX ? decode(value, true, plain) : SIZE_MAX;
    if (length == SIZE_MAX)
        return value.length > LOGIN_MAX;
    for (size_t place = 0; place < length; place++)
        if (plain[place] == ':')
            return true;
    return false;
}

static bool is_cookie(struct text value)
{
    struct text part = value;
    while (part.length && *part.bytes != '=') {
        part.bytes++;
        part.length--;
    }
    if (part.length > 1)
        part = (struct text){part.bytes + 1, part.length - 1};
    else
        part = value;
    return value.length >= 4 && !guard_is_placeholder(part);
}

static bool is_body(struct text value)
{
    struct text body = value;
    while (body.length && body.bytes[body.length - 1] == '=')
        body.length--;
    return differs(value, LAST_BODY) && !is_example(body);
}

/* Tell whether the first bytes are spread as random ones are: more than 3.2 bits each (Shannon's entropy). */
static bool is_spread(struct text value)
{
    uint8_t counts[256] = {0};
    value = part(value, 0, MEASURED);
    uint64_t spread = guard_information[value.length];
    for (size_t place = 0; place < value.length; place++)
        counts[value.bytes[place]]++;
    for (size_t byte = 0; byte < 256; byte++)
        spread -= guard_information[counts[byte]];
    return spread > ((uint64_t)value.length << 36) / 5;
}

/* Tell whether it mixes letters and digits, is no words put together, and its bytes are spread. */
static bool is_random(struct text value)
{
    size_t digits = 0, letters = 0, changes = 0;
    for (size_t place = 0; place < value.length; place++) {
        unsigned now = case_of(value, place);
        digits += now == DIGIT;
        letters += (now & ALPHA) != 0;
        changes += now && case_of(value, place + 1) != now;
    }
    if (letters == value.length || digits == value.length || accepts(&guard_words, value))
        return false;
    return !(10 * digits < value.length && 3 * changes < value.length) && is_spread(value);
}

/* Tell whether it may be a telephone number where its place says that it is one: 7 to 15 digits, and signs between them. */
static bool is_dialled(struct text value)
{
    size_t digits = 0, first = at(value, 0) == '+' || at(value, 0) == '(', last = value.length;
    if (last > first && is_at(value, first, DIGIT))
        first++;
    else
        return false;
    if (last - first < 6 || last - first > 23 || !is_at(value, last - 1, DIGIT))
        return false;
    for (size_t place = 0; place < last; place++) {
        uint8_t byte = value.bytes[place];
        digits += is(byte, DIGIT);
        if (place >= first && !is(byte, DIGIT) && (!byte || !strchr(" ()./-", byte)))
            return false;
    }
    return digits >= 7 && digits <= 15;
}

/* Tell whether it is of letters and digits, one digit at least, in eight and more. */
static bool is_generated(struct text value)
{
    size_t letters = 0, digits = 0;
    for (size_t place = 0; place < value.length; place++) {
        letters += is(value.bytes[place], ALPHA);
        digits += is(value.bytes[place], DIGIT);
    }
    return value.length > 7 && digits && letters + digits == value.length;
}

/* Tell a private key in base64 from a certificate by its first bytes. */
static bool is_armoured(struct text value)
{
    static const char key[] = "PRIVATE KEY", ssh[] = "openssh-key-v1";
    uint8_t plain[ARMOUR_HEAD];
    size_t length = decode(part(value, 0, ARMOUR_HEAD), false, plain);
    if (length == SIZE_MAX)
        return false;
    return memmem(plain, length, key, sizeof key - 1) || (length >= sizeof ssh - 1 && !memcmp(plain, ssh, sizeof ssh - 1));
}

static enum answer tell(bool secret) { return secret ? YES : NO; }

enum answer guard_answer(const struct finder *finder, struct text value)
{
    switch (finder->question) {
    case PLACEHOLDER:
        return tell(!guard_is_placeholder(value));
    case DUMMY:
        return tell(!guard_is_dummy(value));
    case CHOSEN:
        return tell(guard_is_chosen(value));
    case ANY_VALUE:
        return YES;
    case TOKEN:
        return tell(differs(value, LAST) && !is_example(value));
    case BODY:
        return tell(is_body(value));
    case LOGIN:
        return tell(is_login(value));
    case PAIR:
        return tell(has_pair(value));
    case GIVEN:
        return tell(is_given(value));
    case COOKIE:
        return tell(is_cookie(value));
    case RANDOM:
        return tell(is_random(value));
    case MATERIAL:
        return tell(guard_variety(part(value, 0, MEASURED)) > MATERIAL_MIN);
    case ADDRESS:
        return tell(guard_is_address(value));
    case ACCOUNT:
        return tell(guard_is_account(value));
    case DIALLED:
        return tell(is_dialled(value));
    case TELEPHONE:
    case AMERICAN:
        return guard_is_telephone(finder->plans, value, finder->question == AMERICAN);
    case IDENTIFIED:
        return guard_identified(value);
    case ENCODED:
    case ENCODED_HEAD:
        return tell(guard_is_encoded(value, finder->question == ENCODED_HEAD));
    case ARMOURED:
        return tell(is_armoured(value));
    case GENERATED:
        return tell(guard_is_chosen(value) || is_generated(value));
    default:
        if (finder->question >= IDENTIFIER)
            return guard_identifier(value.bytes, value.length, finder->question - IDENTIFIER);
        return tell(guard_is_secret_string(value, finder->question & FORMATTED, finder->question & STRICT));
    }
}

enum answer guard_judge(const struct finder *finder, struct text value, struct effort *effort)
{
    struct match match;
    effort->steps += (unsigned)value.length / 2;
    if (finder->wants && guard_run(finder->wants, value, 0, true, effort, &match) == NOTHING)
        return NO;
    if (finder->declines && guard_run(finder->declines, value, 0, true, effort, &match) == FOUND)
        return NO;
    return guard_answer(finder, value);
}

/* Answer one of what native.py calls Question of a value. */
EXPORT bool guard_value(const uint8_t *bytes, size_t length, unsigned question)
{
    struct finder asks = {.question = question};
    struct text value = {bytes, length};
    bool secret = guard_answer(&asks, value) != NO;
    return question == PLACEHOLDER || question == DUMMY ? !secret : secret;
}
