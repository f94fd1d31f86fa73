"""Whether ten digits are a number of the North American plan: what `phonenumbers` says of them, for a part of its time.

The library's own tables are asked as the library asks them (`is_valid_number`): the first region whose leading digits
fit, or that has such numbers and no leading digits, decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

DIGITS = 10
COUNTRY = 1
_KINDS = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number"),
    *("pager", "uan", "voicemail", "fixed_line", "mobile"),
)

Region = tuple[re.Pattern[str] | None, re.Pattern[str]]
"""The leading digits that say that a number is the region's, where it has such, and its numbers."""


def is_american(digits: str) -> bool:
    """Tell whether `digits`, ten of them without the country's code, may be a number that somebody has."""
    for leading, numbers in _plan():
        if leading is None or leading.match(digits):
            known = numbers.fullmatch(digits) is not None
            if known or leading is not None:
                return known
    return False


@lru_cache(1)
def _plan() -> tuple[Region, ...]:
    return tuple(_regions())


def _regions() -> Iterator[Region]:
    import phonenumbers  # only when a number is there: the tables of all countries take time to load

    for name in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[COUNTRY]:
        region = phonenumbers.PhoneMetadata.metadata_for_region(name, None)
        if region is None or region.general_desc is None:
            continue
        kinds = [getattr(region, kind) for kind in _KINDS]
        patterns = [
            kind.national_number_pattern
            for kind in kinds
            if kind is not None and (not kind.possible_length or DIGITS in kind.possible_length)
        ]
        general = region.general_desc.national_number_pattern
        numbers = re.compile(rf"(?=(?:{general})\Z)(?:{'|'.join(filter(None, patterns))})", re.ASCII)
        yield re.compile(region.leading_digits) if region.leading_digits else None, numbers
