"""The password file of libpq: which password it has for a connection.

Source: PostgreSQL documentation, "The Password File": lines ``host:port:database:user:password``, each of the first
four a value or ``*``, a backslash before ``:`` and ``\\`` in them; the first line that fits counts.
"""

from __future__ import annotations

from collections.abc import Sequence


def password_for(text: str, host: str, port: str, database: str, user: str) -> str | None:
    """Return the password that the file `text` has for a connection, None where it has none."""
    wanted = (host, port, database, user)
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        fields = _fields(line)
        if len(fields) == 5 and all(have in ("*", want) for have, want in zip(fields, wanted, strict=False)):
            return fields[4]
    return None


def _fields(line: str) -> Sequence[str]:
    """Return the fields of a line, without what escapes in them; all behind the fourth colon is the password."""
    found = [""]
    at = 0
    while at < len(line):
        letter = line[at]
        if letter == "\\" and at + 1 < len(line):
            at += 1
            found[-1] += line[at]
        elif letter == ":" and len(found) < 5:
            found.append("")
        else:
            found[-1] += letter
        at += 1
    return found
