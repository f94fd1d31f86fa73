/* Feeds the library texts that are nearly secrets; see scripts/fuzz-native. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "automata.h"
#include "beginnings.h"
#include "finders.h"
#include "followers.h"
#include "identifiers.h"
#include "tables.h"
#include "telephones.h"

#define LONGEST 4096
#define ROOM 16

/* What scripts/fuzz-finders.py writes: the finders of all detectors, and pieces that they are about. */
extern const struct entry fuzzed_entries[];
extern const size_t fuzzed_entries_count, fuzzed_pieces_count;
extern const struct text fuzzed_pieces[];
extern const struct beginnings fuzzed_beginnings;
extern const struct announcements fuzzed_announcements;

static const char *const pieces[] = {
    "4111111111111111", "4111 1111 1111 1111", "3782 822463 10005", "DE89370400440532013000",
    "DE89 3704 0044 0532 0130 00", "MT84MALT011000012345MTLCAST001S", "536-90-4399", "390.533.447-05",
    "16.727.230/0001-97", "AB 12 34 56 C", "RCCMNL83S18D969H", "54362315-K", "X2482300W", "S1234567D", "212-555-1234",
    "alice.smith@example.com", "a@b.co", "git@h.org", "@b.c@d.e", "//u@h.org", "a.b.c.d.e.f.g.h.i.j", "\xc3\xa9", "\xff",
    "\xe2\x82", "\xf0\x9f\x98\x80", "\n", " ", "  ", "-", ".", "@", "/", "A", "4", "44444444444444444444",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "0123456789abcdef01234567", "0123456789abcdef", ":", "\x1b[1m", "\x1b[1;31", "\x1b]0;t", "\x1b(B", "\x1bPq", "\x1b\\", "\x1b", "\b", "\a", "          ", " | ", "|", "\xe2\x94\x82", "\": ", ": ",
    "password", "pwd", "Token", "api_key", "=", "=", " := ", "\\\"", "\"", "'", "`", "--", " -", "export ", "hunter2secret",
    "self.", "a&b=", "${X}", "x{4}", "[a-z]: str = ", " #", " //", "arn:", "@param ", "u8\"", "xxxxxxxxxxxxxxxx", "\\",
    " is ", " to: ", ">x", "'>x", " value='x", "', 'x", "set('", "with_", "('x", "ENV ", " -> ", "key: ", "<key>", "</key>\n", "': {\n", ": |\n", "#define ",
    "data:\n", "stringData\": {\n", "  key: ", "czNjcjN0", "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "|---|---|\n", "| password |\n", "DEK-Info: ",
    " id | password \n----+----------\n", "\xe2\x94\x80\xe2\x94\x80\xe2\x94\xbc\xe2\x94\x80\n", "\xe2\x94\x82", "-[ RECORD 1 ]-\n", "token,", ",ssn\n", "(1 row)\n", "+--", "\xe6\x97\xa5", "\"\"", "\r\n",
    "+1 212 555 1234", "+49 (0)171/555", "0049", "(0171) 5551234", "+4512-00512",
    "Cookie: a=b", "set-cookie\": \"", "eyJ", "eyJhbGciOiJub25lIn0", "eyJhbGciOjF9.", "eyJhbGciOjF9IA.", "eyJlbmMiOjF9", "-eyJ", "_",
};

static size_t make(uint8_t *text)
{
    size_t length = 0, count = (size_t)rand() % 40;
    while (count--) {
        struct text one = fuzzed_pieces[(size_t)rand() % fuzzed_pieces_count];
        if (rand() % 2) {
            const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)];
            one = (struct text){(const uint8_t *)piece, strlen(piece)};
        }
        size_t part = one.length - (rand() % 4 ? 0 : (size_t)rand() % one.length);
        memcpy(text + length, one.bytes, part);
        if (part && rand() % 5 == 0)
            text[length + (size_t)rand() % part] = (uint8_t)rand();
        length += part;
    }
    return length;
}

static void check(const struct span *span, size_t from, size_t length)
{
    if (span->start > span->end || span->end > length || span->rank >= KINDS || span->end < from)
        abort();
}

/* Put the text together without what was found and some spans more, going on where a caller would. */
static void put_together(const uint8_t *text, size_t length, struct span *spans, size_t count)
{
    static const struct label labels[KINDS] = {{13, "[CREDIT_CARD]"}, {6, "[IBAN]"}, {0, ""}, {7, "[EMAIL]"}, {1, "x"}, {7, "[TOKEN]"}};
    static const uint8_t personal[KINDS] = {1, 0, 1, 0, 1, 0};
    uint32_t counts[KINDS] = {0};
    while (count < ROOM && length) {
        size_t start = (size_t)rand() % length;
        spans[count++] = (struct span){.start = (uint32_t)start,
                                       .end = (uint32_t)(start + 1 + (size_t)rand() % (length - start)),
                                       .rank = (uint8_t)(rand() % KINDS),
                                       .drop = rand() % 8 == 0};
        if (rand() % 3 == 0)
            break;
    }
    count = guard_resolve(spans, count, personal);
    for (size_t index = 1; index < count; index++)
        if (spans[index].start < spans[index - 1].end)
            abort();
    size_t place = (size_t)rand() % (length + 1), end = place + (size_t)rand() % (length - place + 1);
    size_t room = length - place + count * 64;
    uint8_t *out = malloc(room ? room : 1);
    struct progress progress = {.place = place, .masked = rand() % 2 == 0};
    for (; progress.index <= count; progress.index++, progress.written = 0, progress.masked = false) {
        guard_emit(text, length, end, spans, count, labels, counts, &progress, out);
        if (progress.written > room)
            abort();
        if (progress.index == count)
            break;
        progress.place = spans[progress.index].end < end ? spans[progress.index].end : end;
    }
    free(out);
}

static void look(const uint8_t *text, size_t length)
{
    size_t most = 2, pieces;
    for (size_t place = 0; place < length; place++)
        most += text[place] == 0x1b || text[place] == '\b' ? 2 : 0;
    for (int joined = 0; joined < 2; joined++) {
        uint8_t *out = malloc(length ? length : 1);
        uint32_t *seen = malloc(most * sizeof *seen), *raw = malloc(most * sizeof *raw);
        size_t made = guard_view(text, length, joined, out, seen, raw, &pieces);
        if (made > length || pieces > most || seen[pieces - 1] != made || raw[pieces - 1] != length)
            abort();
        free(out);
        free(seen);
        free(raw);
    }
}

/* Find and judge assignments, and judge all of the text as a value. */
static void judge(const uint8_t *text, size_t length)
{
    size_t most = (size_t)rand() % ROOM, findings;
    uint32_t *signs = malloc(most * sizeof *signs + 1);
    struct span *found = malloc(most * sizeof *found + 1);
    size_t count = guard_assigned(text, length, length ? (size_t)rand() % length : 0, 0, signs, found, &findings, most);
    if (findings > count || findings > most)
        abort();
    for (size_t index = 0; index < findings; index++)
        check(found + index, 0, length);
    for (unsigned question = 0; question < 8; question++)
        guard_value(text, length, question);
    size_t part = length ? (size_t)rand() % length : 0;
    guard_identifier(text + part, length - part < 24 ? length - part : 24, (unsigned)rand() % 50);
    guard_word(text, length, rand() % 256 - 1, rand() % 2, rand() % 2, rand() % 2);
    free(signs);
    free(found);
}

/* Find the forms around names, which end in order, and the headers of tokens. */
static void name(const uint8_t *text, size_t length)
{
    size_t most = (size_t)rand() % ROOM, written;
    struct hit *hits = malloc(most * sizeof *hits + 1);
    size_t count = guard_named(text, length, length ? (size_t)rand() % length : 0, 0, hits, &written, most);
    if (written > most || written > count)
        abort();
    for (size_t index = 0; index < written; index++)
        if (hits[index].end > length || (index && hits[index].end < hits[index - 1].end))
            abort();
    uint32_t *ends = malloc(most * sizeof *ends + 1);
    for (size_t index = guard_webtokens(text, length, ends, most); index-- > 0;)
        if (index < most && ends[index] > length)
            abort();
    for (size_t index = guard_cookies(text, length, ends, most); index-- > 0;)
        if (index < most && ends[index] > length)
            abort();
    free(hits);
    free(ends);
}

/* Find what a pattern matches, once in fewer steps than that takes. */
static void match(const uint8_t *text, size_t length)
{
    size_t most = (size_t)rand() % ROOM, from = length ? (size_t)rand() % length : 0, last = from;
    struct pattern pattern = {guard_path.classes, guard_path.rows, guard_path.start, guard_path.accepting,
                              (uint64_t)rand() % 8, (uint64_t)rand() % 20000};
    struct span *found = malloc(most * sizeof *found + 1);
    size_t count = guard_matches(text, length, from, 0, &pattern, found, most);
    for (size_t index = 0; count != SIZE_MAX && index < count && index < most; last = found[index++].end)
        if (found[index].start < last || found[index].end > length || found[index].start >= found[index].end)
            abort();
    free(found);
}

static uint8_t *put(uint8_t *to, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *to++ = (uint8_t)(number >> shift);
    return to;
}

/* Rows of an answer, a byte of them changed perhaps or the last of them cut short, are walked over and laid out. */
static void lay_out(const uint8_t *text, size_t length)
{
    static uint8_t data[8 * LONGEST];
    unsigned columns = (unsigned)rand() % 5;
    uint8_t *at = data;
    for (int rows = rand() % 6; rows > 0; rows--) {
        uint8_t *start = at;
        *at = 'D';
        at += 5;
        *at++ = 0;
        *at++ = (uint8_t)columns;
        for (unsigned column = 0; column < columns; column++) {
            size_t size = (size_t)rand() % (length + 1) % 200, from = (size_t)rand() % (length - size + 1);
            at = put(at, rand() % 5 ? (uint32_t)size : UINT32_MAX);
            if (at[-1] != 0xff || at[-4] != 0xff) {
                memcpy(at, text + from, size);
                at += size;
            }
        }
        put(start + 1, (uint32_t)(at - start - 1));
    }
    size_t size = (size_t)(at - data);
    if (size && rand() % 2)
        data[(size_t)rand() % size] = (uint8_t)(rand() % 3 ? rand() : 0xff);
    if (size && rand() % 4 == 0)
        size -= (size_t)rand() % size;
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    size_t count;
    if (guard_messages(exact, size, size ? (size_t)rand() % size : 0, (uint8_t)'D', 4, INT32_MAX, &count) > size)
        abort();
    bool whole = guard_messages(exact, size, 0, (uint8_t)'D', 6, INT32_MAX, &count) == size;
    size_t values = count * columns;
    uint32_t *begins = malloc(values * sizeof *begins + 1);
    int32_t *sizes = malloc(values * sizeof *sizes + 1);
    if (guard_row_values(exact, size, count, columns, begins, sizes)) {
        uint8_t *view = malloc(size ? size : 1), seen[5] = {1, 0, 1, 1, 0};
        if (!whole)
            abort();
        guard_row_view(exact, size, count, columns, seen, begins, sizes, view);
        for (unsigned column = 0; column < columns; column++)
            guard_row_stars(exact, count, columns, column, (unsigned)rand() % 6, begins, sizes);
        if (!guard_row_values(exact, size, count, columns, begins, sizes))
            abort();
        free(view);
    }
    free(begins);
    free(sizes);
    free(exact);
}

/* Find what stands around hits anywhere, by any finders. */
static void find(const uint8_t *text, size_t length)
{
    size_t count = (size_t)rand() % ROOM, left, most = count + length / 4;
    struct hit *hits = malloc(count * sizeof *hits + 1);
    struct span *found = malloc(most * sizeof *found + 1);
    uint32_t end = 0;
    for (size_t index = 0; index < count; index++) {
        uint32_t step = (uint32_t)rand() % 24;
        end = end + step <= length ? end + step : (uint32_t)length;
        hits[index] = (struct hit){end ? end : length ? 1 : 0, (uint32_t)rand() % (uint32_t)fuzzed_entries_count};
    }
    if (!length)
        count = 0;
    size_t findings = guard_find(text, length, (size_t)rand() % (length + 1), hits, count, fuzzed_entries, (size_t)rand() % 100, found, &left);
    if (findings > most || left > count)
        abort();
    for (size_t index = 0; index < findings; index++)
        if (found[index].start > found[index].end || found[index].end > length)
            abort();
    free(hits);
    free(found);
}

/* Find what begins with any words. */
static void begin(const uint8_t *text, size_t length)
{
    size_t most = (size_t)rand() % ROOM, left, base = (size_t)rand() % (length + 1), from = (size_t)rand() % (base + 1);
    struct span *found = malloc(most * sizeof *found + 1), *places = malloc(most * sizeof *places + 1);
    size_t count = guard_beginnings(text, length, from, base, &fuzzed_beginnings, found, places, &left, most);
    for (size_t index = 0; index < count && index < most; index++)
        if (found[index].start < base || found[index].start > found[index].end || found[index].end > length)
            abort();
    for (size_t index = 0; index < left && index < most; index++)
        if (places[index].start < from || places[index].start >= places[index].end || places[index].end > length)
            abort();
    free(found);
    free(places);
}

/* Look for headings, and walk over all that follows any line as if it were rows of any table. */
static void follow(const uint8_t *text, size_t length)
{
    static const char *const signs[] = {"|", ",", "\t", ", ", "\n"};
    static const unsigned questions[] = {2, 6, 8, 18, 19};
    size_t most = (size_t)rand() % ROOM, count = (size_t)rand() % ROOM, findings;
    struct hit *hits = malloc(count * sizeof *hits + 1);
    struct span *found = malloc(most * sizeof *found + 1);
    uint32_t *ends = malloc(most * sizeof *ends + 1);
    for (size_t index = 0; index < count; index++)
        hits[index] = (struct hit){1 + (uint32_t)rand() % LONGEST, (uint32_t)rand() % 3};
    size_t headings = guard_headings(text, length, (unsigned)rand() % 4, rand() % 2, hits, count, 1, ends, most);
    for (size_t index = 0; index < headings && index < most; index++)
        if (ends[index] > length || (index && ends[index] <= ends[index - 1]))
            abort();
    const char *sign = signs[rand() % 5];
    struct table table = {.layout = (uint32_t)rand() % 3, .question = questions[rand() % 5], .names = (uint32_t)rand() % 4,
                          .total = (uint32_t)rand() % 4, .columns = (uint32_t)rand() % 4, .length = (uint32_t)strlen(sign)};
    memcpy(table.sign, sign, strlen(sign));
    for (int index = 0, at = 0; index < 6; index++, at += rand() % 8)
        table.bounds[index] = table.layout == ALIGNED && index % 2 && rand() % 4 == 0 ? -1 : at;
    size_t place = headings && most ? ends[0] : 0, stop = guard_rows(text, length, place, &table, found, most, &findings);
    if (stop < place || stop > length || findings > most)
        abort();
    for (size_t index = 0; index < findings; index++)
        if (found[index].start >= found[index].end || found[index].end > stop)
            abort();
    free(hits);
    free(found);
    free(ends);
}

/* Judge pieces of the text as telephone numbers, by plans whose parts are any expressions. */
static void dial(const uint8_t *text, size_t length)
{
    static struct plans plans;
    const struct finder *any = fuzzed_entries[(size_t)rand() % (fuzzed_entries_count - 2)].finder;
    struct region regions[2] = {{any->value, guard_version, guard_version, (uint64_t)rand() << 4, 1 << 7},
                                {NULL, guard_version, guard_small_number, UINT64_MAX, 0}};
    struct plan plan = {rand() % 2 ? any->value : NULL, rand() % 4 ? NULL : any->value, regions, (uint32_t)rand() % 1000,
                        rand() % 2, 1 + (uint32_t)rand() % 2, 0};
    size_t count = length ? (size_t)rand() % ROOM : 0, left;
    struct span *places = malloc(count * sizeof *places + 1), *found = malloc(count * sizeof *found + 1);
    for (size_t index = 0; index < count; index++) {
        size_t start = (size_t)rand() % length, size = 1 + (size_t)rand() % (length - start);
        places[index] = (struct span){.start = (uint32_t)start, .end = (uint32_t)(start + size), .rank = (uint8_t)(rand() % 2)};
        guard_telephone(&plans, text + start, size, rand() % 2);
    }
    for (size_t code = 0; code < CODES; code++) {
        plans.of[code] = rand() % 8 ? &plan : NULL;
        plans.known[code] = plans.ready = rand() % 3 != 0;
    }
    for (size_t home = 0; home < HOMES; home++)
        plans.homes[home] = rand() % 8 ? &plan : NULL;
    size_t numbers = guard_telephones(text, length / 4, 1, &plans, places, count, found, &left);
    if (numbers + left > count)
        abort();
    for (size_t index = 0; index < numbers; index++)
        if (found[index].start >= found[index].end || found[index].end > length)
            abort();
    free(places);
    free(found);
}

/* Lead each kind of follower over the lines, with little room, and over the head of a line. */
static void lead(const uint8_t *text, size_t length)
{
    size_t most = 8 + (size_t)rand() % 64, count, place = length ? (size_t)rand() % length : 0, before;
    struct span *found = malloc(most * sizeof *found);
    struct led led = {.kind = (uint32_t)rand() % FOLLOWERS, .announcements = &fuzzed_announcements};
    do {
        before = place;
        place = guard_led(text, length, place, &led, found, most, &count);
        if (place > length || count > most || (led.wanted && led.kind != ANNOUNCED))
            abort();
        for (size_t index = 0; index < count; index++)
            if (found[index].start > found[index].end || found[index].end > length)
                abort();
        led.cut = !led.full && !led.wanted && rand() % 4 == 0;
    } while (place < length && (place > before || led.full));
    free(found);
}

int main(int argc, char **argv)
{
    static uint8_t text[LONGEST];
    static const uint8_t ranks[KINDS] = {0, 1, 2, 3, 4, 5};
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
    unsigned long rounds = 0;
    struct span places[ROOM];
    size_t looks;
    srand(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
    for (; time(NULL) < end; rounds++) {
        struct span *found = malloc(ROOM * sizeof *found);
        size_t length = make(text), from = length ? (size_t)rand() % length : 0;
        uint8_t *exact = malloc(length ? length : 1);
        memcpy(exact, text, length);
        size_t count = guard_sweep(exact, length, from, from, ranks, found, places, &looks, ROOM);
        if (looks && looks <= ROOM && places[looks - 1].end > length)
            abort();
        for (size_t index = 0; index < count && index < ROOM; index++)
            check(found + index, from, length);
        guard_noise(exact, length, from);
        look(exact, length);
        judge(exact, length);
        name(exact, length);
        match(exact, length);
        find(exact, length);
        begin(exact, length);
        follow(exact, length);
        dial(exact, length);
        lead(exact, length);
        put_together(exact, length, found, count < ROOM ? count : ROOM);
        lay_out(exact, length);
        free(exact);
        free(found);
    }
    printf("fuzz-native: nothing found in %lu texts\n", rounds);
    return 0;
}
