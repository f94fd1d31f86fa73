"""The target of a request, read strictly and written anew.

What is judged and what is sent must be read alike by everybody on the way, so a target that two readers could take
for two things is refused, and the one that goes on is written from what was understood: origin form only (RFC 9112,
3.2.1), no empty, ``.`` or ``..`` segment, no escape that hides a separator, no ``;`` in a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlencode

_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PLAIN = re.compile(r"/[!-~]*")
_HIDDEN = re.compile(r"[/\\%;\x00-\x1f\x7f]")
_SAFE = "-._~!$&'()*+,=:@"
"""What stands in a segment as it is (RFC 3986, 3.3)."""


class LocationError(ValueError):
    """The target is not one that is read in one way only; the message says why."""


@dataclass(frozen=True, slots=True)
class Location:
    """The decoded segments of a path, and the pairs of the query, in order."""

    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """The decoded path."""
        return "/" + "/".join(self.segments)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a parameter."""
        return tuple(value for key, value in self.query if key == name)

    def first(self, name: str) -> str | None:
        """Return the first value of a parameter, which is the one that the API server takes; None for none."""
        return next((value for key, value in self.query if key == name), None)

    def target(self, prefix: str = "") -> str:
        """Return the target to send; `prefix` is a path under which the API lies, without a slash at its end."""
        path = f"{prefix}/" + "/".join(quote(segment, safe=_SAFE) for segment in self.segments)
        return f"{path}?{urlencode(self.query, quote_via=quote, safe=',:!*()')}" if self.query else path


def read_location(target: str) -> Location:
    """Return what `target` says. Raises LocationError."""
    if not _PLAIN.fullmatch(target) or "#" in target:
        raise LocationError("the target is not a path of printable ASCII characters")
    path, _, query = target.partition("?")
    if path == "/":
        return Location((), tuple(_pairs(query)))
    return Location(tuple(_segment(part) for part in path[1:].removesuffix("/").split("/")), tuple(_pairs(query)))


def _segment(written: str) -> str:
    segment = _decoded(written)
    if not segment:
        raise LocationError("the path has an empty segment")
    if segment in (".", "..") or _HIDDEN.search(segment):
        raise LocationError("a segment of the path is written in an odd way")
    return segment


def _pairs(query: str) -> Iterable[tuple[str, str]]:
    if ";" in query:
        raise LocationError("the query has a semicolon")
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            yield _decoded(name.replace("+", " ")), _decoded(value.replace("+", " "))


def _decoded(written: str) -> str:
    if _ESCAPES.search(written):
        raise LocationError("an escape of the target is not one")
    try:
        return unquote_to_bytes(written).decode("utf-8")
    except UnicodeDecodeError:
        raise LocationError("the target is not UTF-8") from None
