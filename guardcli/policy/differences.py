"""What differs between two versions of a policy, file by file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import unified_diff

LINES_MAX = 5000
"""Lines of both texts of one file that are compared: the work grows with their product."""


def last_before(versions: Iterable[tuple[int, str]], version: int, name: str) -> int:
    """Return the last of `versions`, each with the name of its policy, before `version` of that name; 0 for none."""
    return max((one for one, named in versions if one < version and named == name), default=0)


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return each file that is another one with the lines that differ, in the form of ``diff -u``."""
    found = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, "").splitlines(), after.get(name, "").splitlines()
        if old != new:
            too_long = len(old) + len(new) > LINES_MAX
            lines = [] if too_long else list(unified_diff(old, new, lineterm=""))[2:]
            found.append((name, ["  too long to be compared here"] if too_long else lines))
    return found
