/* Whether a value is an identifier behind a word that names one. */

#ifndef GUARD_IDENTIFIERS_H
#define GUARD_IDENTIFIERS_H

#include "guard_mask.h"

enum answer { NO, YES, PERHAPS }; /* PERHAPS where python-stdnum must be asked */

/* Judge a value behind the word of this number in guardcli/masking/detectors/national_id.py. */
EXPORT enum answer guard_identifier(const uint8_t *bytes, size_t length, unsigned kind);

/* Judge a value of a column whose name says that it holds identifiers. */
enum answer guard_identified(struct text value);

#endif
