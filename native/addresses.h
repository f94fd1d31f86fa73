/* Whether a value is the address of a crypto currency. */

#ifndef GUARD_ADDRESSES_H
#define GUARD_ADDRESSES_H

#include "guard_mask.h"

/* Judge what has the form of one: its check sum, or how its signs are spread. */
bool guard_is_address(struct text value);

#endif
