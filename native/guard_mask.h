/* What the parts of the native core share. See README.md. */

#ifndef GUARD_MASK_H
#define GUARD_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_MASK_VERSION 21 /* raised with every change of what is exported; guardcli/masking/compiled/native.py holds it too */
#define EXPORT __attribute__((visibility("default")))
#define NO_RANK 255

/* Bytes that must not get out, as guardcli.masking.spans.Span. */
struct span {
    uint32_t start, end;
    uint8_t rank, drop, rest, unused;
};

struct label {
    uint8_t length; /* 0: its rule does more than put a label there */
    char text[63];
};

struct progress {
    uint64_t place, skip, index, written; /* up to where the text is done; blanks behind that go; next span; output */
    uint8_t masked;                       /* a label of the span that goes on stands there already */
};

struct text {
    const uint8_t *bytes;
    size_t length;
};

/* Where a form of tails.py or a trigger ends. */
struct hit {
    uint32_t end, form;
};

/* What the sweep looks for, in the order of guardcli.masking.compiled.native.Swept. */
enum kind { CREDIT_CARD, IBAN, NATIONAL_ID, EMAIL, PHONE, VENDOR_TOKEN, KINDS };

enum class { DIGIT = 1, UPPER = 2, LOWER = 4, UNDERSCORE = 8, LOCAL = 16, PLAIN = 32, LABEL = 64, HEX = 128 };
#define ALPHA (UPPER | LOWER)
#define ALNUM (DIGIT | ALPHA)
#define WORD (ALNUM | UNDERSCORE)
extern const uint8_t guard_class[256];

static inline bool is(uint8_t byte, unsigned classes) { return (guard_class[byte] & classes) != 0; }
static inline int at(struct text text, size_t place) { return place < text.length ? text.bytes[place] : -1; }
static inline bool is_at(struct text text, size_t place, unsigned classes)
{
    return place < text.length && is(text.bytes[place], classes);
}
/* Return which of digits, small and capital letters it is; 0 for another byte and at the end. */
static inline unsigned case_of(struct text text, size_t place)
{
    return is_at(text, place, ALNUM) ? guard_class[text.bytes[place]] & ALNUM : 0;
}
static inline size_t run(struct text text, size_t place, size_t most, unsigned classes)
{
    size_t count = 0;
    while (count < most && is_at(text, place + count, classes))
        count++;
    return count;
}

/* Each takes the place where its form begins (for an address, that of its @) and writes start and end. */
bool guard_credit_card(struct text text, size_t place, size_t *start, size_t *end);
bool guard_iban(struct text text, size_t place, size_t *start, size_t *end);
bool guard_national_id(struct text text, size_t place, size_t *start, size_t *end);
bool guard_email(struct text text, size_t place, size_t *start, size_t *end);
bool guard_is_noise(struct text text, size_t start);

/* What native.py calls; each is explained where it is defined. */
EXPORT unsigned guard_mask_version(void);
EXPORT size_t guard_sweep(const uint8_t *bytes, size_t length, size_t from, size_t base, const uint8_t *ranks,
                          struct span *found, struct span *places, size_t *looks, size_t most);
EXPORT size_t guard_resolve(struct span *spans, size_t count, const uint8_t *personal);
EXPORT void guard_emit(const uint8_t *bytes, size_t length, size_t end, const struct span *spans, size_t count,
                       const struct label *labels, uint32_t *counts, struct progress *progress, uint8_t *out);
EXPORT size_t guard_view(const uint8_t *bytes, size_t length, bool joined, uint8_t *out, uint32_t *seen, uint32_t *raw,
                         size_t *pieces);
EXPORT size_t guard_assigned(const uint8_t *bytes, size_t length, size_t base, uint8_t rank, uint32_t *signs,
                             struct span *found, size_t *findings, size_t most);
EXPORT size_t guard_named(const uint8_t *bytes, size_t length, size_t from, uint32_t first, struct hit *hits, size_t *written,
                          size_t most);
EXPORT void guard_numbers(const struct hit *hits, size_t count, uint8_t *seen);
struct entry;
EXPORT size_t guard_find(const uint8_t *bytes, size_t length, size_t base, struct hit *hits, size_t count,
                         const struct entry *entries, size_t steps, struct span *found, size_t *left);
struct beginnings;
EXPORT size_t guard_beginnings(const uint8_t *bytes, size_t length, size_t from, size_t base,
                               const struct beginnings *beginnings, struct span *found, struct span *places, size_t *left,
                               size_t most);
EXPORT unsigned guard_program(const uint32_t *program, const uint8_t *bytes, size_t length, size_t from, unsigned how,
                              uint64_t *places);
EXPORT size_t guard_webtokens(const uint8_t *bytes, size_t length, uint32_t *ends, size_t most);
EXPORT size_t guard_cookies(const uint8_t *bytes, size_t length, uint32_t *ends, size_t most);
struct pattern;
EXPORT size_t guard_matches(const uint8_t *bytes, size_t length, size_t base, uint8_t rank, const struct pattern *pattern,
                            struct span *found, size_t most);
EXPORT bool guard_value(const uint8_t *bytes, size_t length, unsigned question);
EXPORT bool guard_word(const uint8_t *bytes, size_t length, int following, bool code, bool strict, bool shell);
EXPORT bool guard_noise(const uint8_t *bytes, size_t length, size_t start);
EXPORT size_t guard_headings(const uint8_t *bytes, size_t length, unsigned names, bool all, const struct hit *hits, size_t count,
                             unsigned number, uint32_t *ends, size_t most);
struct plans;
EXPORT unsigned guard_telephone(const struct plans *plans, const uint8_t *bytes, size_t length, bool american);
EXPORT size_t guard_telephones(const uint8_t *bytes, size_t base, uint8_t rank, const struct plans *plans, struct span *places,
                               size_t count, struct span *found, size_t *left);
struct table;
EXPORT size_t guard_rows(const uint8_t *bytes, size_t length, size_t place, struct table *table, struct span *found,
                         size_t most, size_t *count);
struct led;
EXPORT size_t guard_led(const uint8_t *bytes, size_t length, size_t place, struct led *led, struct span *found, size_t most,
                        size_t *count);
EXPORT size_t guard_messages(const uint8_t *bytes, size_t length, size_t at, uint8_t kind, uint32_t least, uint32_t most,
                             size_t *count);
EXPORT bool guard_row_values(const uint8_t *bytes, size_t length, size_t rows, unsigned columns, uint32_t *begins,
                             int32_t *sizes);
EXPORT void guard_row_view(const uint8_t *bytes, size_t length, size_t rows, unsigned columns, const uint8_t *seen,
                           const uint32_t *begins, const int32_t *sizes, uint8_t *out);
EXPORT size_t guard_row_stars(uint8_t *bytes, size_t rows, unsigned columns, unsigned column, unsigned keeps,
                              const uint32_t *begins, const int32_t *sizes);

#endif
