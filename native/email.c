/* E-mail addresses (RFC 5321 in the forms that occur), the documentation domains of RFC 2606 included. Declined: remotes
 * of scp and ssh, user names in URLs, systemd's units, names of files, binary data. */

#include <string.h>

#include "guard_mask.h"

#define LOCAL_MAX 64
#define LABELS_MAX 8
#define LABEL_MAX 63
#define TOP_LEVEL_MAX 24
#define CHAIN_MAX 120
#define SAFE_LENGTH 16 /* from here on random bytes do not look like an address (less than once in 10^13 bytes) */
#define BEFORE 32

/* Last labels that name a unit or a file (getty@tty1.service, icon@2x.png) and no domain. */
static const char *const no_domains[] = {
    "service", "socket", "timer", "target", "mount", "slice", "scope", "device", "swap", "automount", "png", "jpg",
    "jpeg", "gif", "svg", "webp", "ico", "bmp", "json", "yaml", "yml", "xml", "tar", "gz", "bz2", "xz", "html", "htm",
    "txt", "conf", "cfg", "ini", "log", "css", "js", "jsx", "ts", "tsx", "rb", "java", "class", "cpp", "hpp", "lua",
    "exe", "dll",
};

static bool is_domain(const uint8_t *label, size_t length)
{
    char lower[TOP_LEVEL_MAX + 1] = {0};
    for (size_t index = 0; index < length; index++)
        lower[index] = (char)(label[index] | 32);
    for (size_t index = 0; index < sizeof no_domains / sizeof *no_domains; index++)
        if (no_domains[index][0] == lower[0] && no_domains[index][1] == lower[1] && !strcmp(no_domains[index], lower))
            return false;
    return true;
}

/* Return the length of the UTF-8 sequence at `bytes` (Unicode 15, table 3-7). Where there is none, 0, and in `bad` how
 * many bytes one replacement character stands for. */
static size_t sequence(const uint8_t *bytes, size_t left, size_t *bad)
{
    uint8_t first = bytes[0], low = 0x80, high = 0xbf;
    size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (first == 0xe0)
        low = 0xa0;
    else if (first == 0xed)
        high = 0x9f;
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f;
    *bad = 1;
    for (size_t index = 1; index < length; index++, low = 0x80, high = 0xbf) {
        if (index >= left || bytes[index] < low || bytes[index] > high)
            return 0;
        *bad = index + 1;
    }
    return length;
}

/* Return how many bytes of letters beyond ASCII stand at `place`: UTF-8, without the blanks and the signs of
 * punctuation of Unicode's blocks 2000 to 2BFF, 3000 to 303F and FF00 to FF20. */
static size_t letters(struct text text, size_t place, size_t most)
{
    size_t start = place, length, bad;
    while (place < text.length && text.bytes[place] >= 0x80 && place - start < most) {
        const uint8_t *bytes = text.bytes + place;
        length = sequence(bytes, text.length - place, &bad);
        if (!length || (*bytes == 0xc2 && bytes[1] != 0xaa && bytes[1] != 0xb5 && bytes[1] != 0xba)
            || (*bytes == 0xe2 && bytes[1] < 0xb0) || (*bytes == 0xe3 && bytes[1] == 0x80)
            || (*bytes == 0xef && bytes[1] >= 0xbc && bytes[2] < 0xa1))
            break;
        place += length;
    }
    return place - start;
}

/* Return the length of the label at `place`, of letters beyond ASCII (RFC 5890) where it has some. */
static size_t label_length(struct text text, size_t place)
{
    size_t start = place, before;
    do {
        before = place;
        place += run(text, place, LABEL_MAX + 1, ALNUM | LABEL);
        place += letters(text, place, LABEL_MAX + 1);
    } while (place != before && place - start <= LABEL_MAX);
    return place - start;
}

/* Return where the domain at `place` ends, 0 where there is none: as many labels as can be, the last one of letters. */
static size_t domain_end(struct text text, size_t place)
{
    size_t bounds[LABELS_MAX], count = 0;
    while (count < LABELS_MAX) {
        size_t length = label_length(text, place);
        if (!length || length > LABEL_MAX || at(text, place + length) != '.' || text.bytes[place] == '-'
            || text.bytes[place + length - 1] == '-')
            break;
        bounds[count++] = place += length + 1;
    }
    while (count--) {
        size_t beyond = letters(text, bounds[count], LABEL_MAX);
        size_t length = run(text, bounds[count], TOP_LEVEL_MAX + 1, ALPHA), end = bounds[count] + length;
        if (beyond && !is_at(text, bounds[count] + beyond, WORD | LABEL))
            return bounds[count] + beyond;
        if (length < 2 || length > TOP_LEVEL_MAX || is_at(text, end, WORD | LABEL))
            continue;
        return is_domain(text.bytes + bounds[count], length) ? end : 0;
    }
    return 0;
}

/* Tell whether what stands before `start` is bytes that no text has; NUL and escape sequences are text here. */
bool guard_is_noise(struct text text, size_t start)
{
    size_t place = start > BEFORE ? start - BEFORE : 0, odd = 0, seen = 0, bad = 1, length;
    while (place < start && text.bytes[place] >= 0x80 && text.bytes[place] < 0xc0)
        place++;
    for (; place < start; place += length, seen++) {
        const uint8_t *bytes = text.bytes + place;
        length = sequence(bytes, start - place, &bad);
        if (!length || (length == 1 && !is(*bytes, PLAIN)) || (length == 3 && !memcmp(bytes, "\xef\xbf\xbd", 3)))
            odd++;
        if (!length)
            length = bad;
    }
    return odd * 8 > seen;
}

/* Return where the local part before `sign` begins: with letters beyond ASCII (RFC 6531) where that is UTF-8. */
static size_t local_start(struct text text, size_t sign)
{
    size_t start = sign, ascii = sign, place, length, bad;
    while (start > 0 && sign - start < LOCAL_MAX && is(text.bytes[start - 1], LOCAL))
        start--;
    while (ascii > start && text.bytes[ascii - 1] < 0x80)
        ascii--;
    for (place = start; place < sign; place += length) {
        if (!(length = sequence(text.bytes + place, sign - place, &bad)))
            return ascii;
        if (length > 1 && !letters(text, place, 1))
            start = place + length;
    }
    return start;
}

/* Tell whether it is the user@host of a prompt, of a remote path or of a URL. */
static bool is_place(struct text text, size_t start, size_t sign, size_t end)
{
    int next = at(text, end), after = at(text, end + 1);
    bool git = sign - start == 3 && !memcmp(text.bytes + start, "git", 3);
    if (next == ':' && (after == '~' || after == '/' || git))
        return true;
    if (next == '/' && git)
        return true;
    if (next < 0 && git)
        return false;
    return start > 1 && text.bytes[start - 1] == '/' && text.bytes[start - 2] == '/';
}

/* Tell whether the header before the angle bracket says that it names a message (RFC 5322, 3.6.4). */
static bool is_message(struct text text, size_t start)
{
    static const char *const headers[] = {"message-id: ", "in-reply-to: ", "references: "};
    if (!start || text.bytes[start - 1] != '<')
        return false;
    for (size_t index = 0; index < sizeof headers / sizeof *headers; index++) {
        size_t length = strlen(headers[index]), same = 0;
        while (start > length && same < length && (text.bytes[start - 1 - length + same] | 32) == (uint8_t)headers[index][same])
            same++;
        if (same == length)
            return true;
    }
    return false;
}

/* What hangs on an address by further signs: no two addresses, and taken as a whole. */
static size_t chain_end(struct text text, size_t end)
{
    for (size_t count = 0; count < CHAIN_MAX && at(text, end) == '@'; count++) {
        size_t length = 0;
        while (length < LOCAL_MAX && at(text, end + 1 + length) < 0x80 && is_at(text, end + 1 + length, LOCAL))
            length++;
        if (!length)
            break;
        end += 1 + length;
    }
    return end;
}

/* Tell whether an address ends like most do and has two signs and more in each part: random bytes do once in 10^10. */
static bool is_usual(struct text text, size_t start, size_t sign, size_t end)
{
    static const char *const usual[] = {
        "com", "org", "net", "edu", "gov", "info", "dev", "app", "io", "de", "uk", "fr", "it", "es", "nl", "be", "ch",
        "at", "pl", "se", "no", "dk", "fi", "ie", "pt", "br", "in", "au", "jp", "cn", "kr", "mx", "ru", "us", "ca", "eu",
        "co", "me", "ai",
    };
    size_t top = end;
    while (text.bytes[top - 1] != '.')
        top--;
    if (sign - start < 2 || top - sign < 4)
        return false;
    for (size_t index = 0; index < sizeof usual / sizeof *usual; index++)
        if (strlen(usual[index]) == end - top && !memcmp(usual[index], text.bytes + top, end - top))
            return true;
    return false;
}

bool guard_email(struct text text, size_t place, size_t *start, size_t *end)
{
    if (!place || !is(text.bytes[place - 1], LOCAL)
        || (!is_at(text, place + 1, ALNUM) && !letters(text, place + 1, 1)))
        return false;
    *end = domain_end(text, place + 1);
    if (!*end)
        return false;
    for (*start = local_start(text, place); *start < place; ++*start)
        if (!memchr(".'%", text.bytes[*start], 3))
            break;
    if (*start == place || is_place(text, *start, place, *end) || is_message(text, *start))
        return false;
    if (is_usual(text, *start, place, *end)) {
        *end = chain_end(text, *end);
        return true;
    }
    *end = chain_end(text, *end);
    return *end - *start >= SAFE_LENGTH || !guard_is_noise(text, *start);
}

EXPORT bool guard_noise(const uint8_t *bytes, size_t length, size_t start)
{
    return guard_is_noise((struct text){bytes, length}, start < length ? start : length);
}
