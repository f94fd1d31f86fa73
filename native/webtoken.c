/* Finds where what proves a session on the web may begin: JSON Web Tokens (RFC 7515), base64url of an object that names an
 * algorithm and a dot; and cookies (RFC 6265). */

#include <string.h>

#include "automata.h"

#define SEEN 9           /* bytes of a header that the first pass knows: eyJ and six more */
#define HEADER_MAX 1503

static int digit_of(uint8_t byte)
{
    if (is(byte, UPPER))
        return byte - 'A';
    if (is(byte, LOWER))
        return byte - 'a' + 26;
    if (is(byte, DIGIT))
        return byte - '0' + 52;
    return byte == '-' ? 62 : byte == '_' ? 63 : -1;
}

static bool holds(const uint8_t *bytes, size_t length, const char *wanted)
{
    for (size_t place = 0; place + 5 <= length; place++)
        if (bytes[place] == '"' && !memcmp(bytes + place, wanted, 5))
            return true;
    return false;
}

/* Tell whether it decodes to what may be an object with an algorithm; the detector reads the JSON. */
static bool is_header(struct text header)
{
    uint8_t plain[HEADER_MAX];
    size_t length = 0;
    unsigned bits = 0, count = 0;
    if (header.length > HEADER_MAX || header.length % 4 == 1)
        return false;
    for (size_t place = 0; place < header.length; place++) {
        bits = (bits << 6 | (unsigned)digit_of(header.bytes[place])) & 0xfff;
        if ((count += 6) >= 8)
            plain[length++] = (uint8_t)(bits >> (count -= 8));
    }
    while (length && (plain[length - 1] == ' ' || (plain[length - 1] >= '\t' && plain[length - 1] <= '\r')))
        length--;
    return length && plain[length - 1] == '}' && (holds(plain, length, "\"alg\"") || holds(plain, length, "\"enc\""));
}

/* Write where the ninth byte of each such header ends; return how many there are, also beyond `most`. */
EXPORT size_t guard_webtokens(const uint8_t *bytes, size_t length, uint32_t *ends, size_t most)
{
    size_t count = 0, known = 0;
    for (const uint8_t *found = bytes; (found = memchr(found, 'J', length - (size_t)(found - bytes))); found++) {
        size_t place = (size_t)(found - bytes);
        if (place < 2 || bytes[place - 1] != 'y' || bytes[place - 2] != 'e' || (place > 2 && is(bytes[place - 3], WORD)))
            continue;
        size_t start = place - 2;
        if (known < place)
            known = place;
        while (known < length && digit_of(bytes[known]) >= 0)
            known++;
        struct text header = {bytes + start, known - start};
        if (header.length >= SEEN && known < length && bytes[known] == '.' && is_header(header) && count++ < most)
            ends[count - 1] = (uint32_t)(start + SEEN);
    }
    return count;
}

/* Write where the first byte of a cookie's value ends in each header; return how many there are, also beyond `most`. */
EXPORT size_t guard_cookies(const uint8_t *bytes, size_t length, uint32_t *ends, size_t most)
{
    uint32_t state = step(&guard_cookie, guard_cookie.start, '\n');
    size_t count = 0;
    for (size_t place = 0; place < length; place++)
        if ((state = step(&guard_cookie, state, bytes[place])) >= guard_cookie.accepting && count++ < most)
            ends[count - 1] = (uint32_t)(place + 1);
    return count;
}
