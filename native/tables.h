/* What the rows of tables and their headings share. */

#ifndef GUARD_TABLES_H
#define GUARD_TABLES_H

#include "guard_mask.h"
#include "identifiers.h"

#define WIDEST 2000     /* as _WIDEST of telling.py */
#define ANY_NAME UINT32_MAX /* of a table whose names Python knows */

#define COLUMNS_MAX 64
#define SIGN_MAX 12

enum layout { ALIGNED, DELIMITED, RECORDS };

/* What guardcli/masking/tables/rows.py packs. `bounds` holds the first and the last position of each column of aligned rows, and
 * the indexes of the masked fields of others, in order. `total` says of records that a
 * line stands between names and values, `hit` that the last name of a record is masked. */
struct table {
    uint32_t layout, question, names, total, columns, length, rank, hit, full;
    int32_t bounds[2 * COLUMNS_MAX];
    uint8_t sign[SIGN_MAX];
};

/* A line without its newline; `start` is its place in the text. */
struct line {
    struct text row;
    size_t start, end;
};

/* Tell whether a column's name is one of those that are numbered so in guardcli/masking/tables/headings.py; PERHAPS of one that
 * is not of ASCII alone. */
enum answer guard_is_column(unsigned names, struct text name);

/* Tell whether a header's field is a name, as _IDENTIFIER of tables.py. */
bool guard_is_name(struct text field);

/* Return how long the character at `place` is, and how many columns of a terminal it takes; 0 where Python must tell. */
unsigned guard_character(struct text text, size_t place, unsigned *columns);

struct text guard_stripped(struct text text, const char *signs);

#endif
