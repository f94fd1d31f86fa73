"""What becomes of lines that are followed, as Python's `re` sees them: what ``native/`` is held against."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.compiled.placeholders import is_placeholder
from guardcli.masking.followers.compiled import Kind
from guardcli.masking.followers.follower import Follower, Gone
from guardcli.masking.forms.names import GUARDED, SUFFIX, TELLING

END = re.compile(
    rb"-----END (?:(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----|---- END SSH2"
    rb" ENCRYPTED PRIVATE KEY ----"
)

_MATERIAL = re.compile(
    rb"(?P<before>[ \t|>+\-\"']{0,200})"
    rb"(?P<body>[A-Za-z0-9+/=]{1,512}|(?:Proc-Type|DEK-Info|Version|Comment|Hash): [^\n]{0,200}?)"
    rb"(?P<after>(?:\\[nr]|[ \t\r|+\"',;])*)"
)
_LOOSE = re.compile(_MATERIAL.pattern.replace(b"{1,512}", b"{0,512}"))
_EDGES = b" \t:-)]|>"
"""What may stand at the end of a prefix."""
_NUMBERS = 4
"""By how much the number of a line may be longer than that of the marker's."""
_BLANK = re.compile(rb"[ \t\r|+>]*")
_START_LINE = re.compile(rb"(?:\\[nr]|[ \t\r|+\"',;])*\n")
_MAX_LINES = 2048


_MARKER = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY(?: BLOCK)?-----|"
    rb"-----BEGIN OpenVPN Static key V1-----|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----"
)
_PUTTY = re.compile(rb"(?:.*\W)?Private-Lines: [0-9]{1,4}\r?")


class KeyBlock:
    """State inside a key: whether its label was shown, how many lines more it may have, and how many bytes stood before
    its marker, as ``git blame``, ``grep -n`` and logs put something before each line. Immutable.
    """

    __slots__ = ("_lines", "_prefix", "_shown")

    def __init__(self, shown: bool = False, lines: int = _MAX_LINES, prefix: int = 0) -> None:
        self._shown = shown
        self._lines = lines
        self._prefix = prefix

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: what looks like key material goes, anything else ends the block."""
        if self._lines == 0 or END.search(text, start, end):
            return (), None
        if _BLANK.fullmatch(text, start, end):
            return (), KeyBlock(self._shown, self._lines - 1, self._prefix)
        found = _MATERIAL.fullmatch(text, start, end) or self._behind_prefix(text, start, end)
        if found is None:
            return (), None
        if found.start() > start and not found["body"]:
            return (), KeyBlock(self._shown, self._lines - 1, self._prefix)
        body_start, body_end = found.span("body")
        after = KeyBlock(True, self._lines - 1, self._prefix)
        alone = found.start() == start and not found["before"].strip() and not found["after"].strip()
        if self._shown and alone:
            return (Gone(start, min(end + 1, len(text)), True),), after
        return (Gone(body_start, body_end, self._shown),), after

    def _behind_prefix(self, text: bytes, start: int, end: int) -> re.Match[bytes] | None:
        """Return the material behind what stands before each line, which is as wide as before the marker, or nearly."""
        for width in range(self._prefix - _NUMBERS, self._prefix + _NUMBERS + 1) if self._prefix else ():
            place = start + width
            if start < place <= end and text[place - 1] in _EDGES and (found := _LOOSE.fullmatch(text, place, end)):
                return found
        return None


def key_block(text: bytes, start: int, end: int) -> Follower | None:
    """Return who follows a line with a marker at its end."""
    if _PUTTY.fullmatch(text, start, end):
        return KeyBlock()
    for marker in reversed(list(_MARKER.finditer(text, start, end))):
        if _START_LINE.match(text, marker.end(), marker.end() + 256):
            prefix = text.find(b"----", start, marker.end()) - start if marker.end() - start < 400 else 0
            return KeyBlock(prefix=prefix)
    return None


_ENTRY = re.compile(
    rb"(?P<indent>[+-]? *)[\"']?[\w.-]{1,253}[\"']?: +(?P<quote>[\"']?)(?P<value>[^\"'\r]*?)(?:(?P=quote))?,?[ \t\r]*"
)
_OPEN_ENTRY = re.compile(rb"[+-]? *[\"']?[\w.-]{1,253}[\"']?: +[\"']?(?P<value>[^\"'\r]*)")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4,}={0,2}")
_LONG = 40
_NUMBER = 12
"""Digits alone are a number up to this length: a port, seconds, a user's id."""
_OVERLONG = 4096
"""From this length on, a value is judged by its beginning: its end may not be there yet."""
_EMPTY = (b"", b"|", b">", b"|-", b">-", b"{", b"null")


def is_encoded_secret(value: bytes, cut: bool = False) -> bool:
    """Tell whether `value` is base64 of text, or base64 that no word is like; with `cut` its end is missing."""
    if len(value) >= _OVERLONG:
        return _BASE64.fullmatch(value, 0, _OVERLONG) is not None
    if cut:
        value = value[: len(value) // 4 * 4]
    if len(value) % 4 or _BASE64.fullmatch(value) is None or (value.isdigit() and len(value) < _NUMBER):
        return False
    try:
        plain = base64.b64decode(value, validate=True)
        return plain.decode().isprintable() or not plain.translate(None, b"\n\r\t").decode().isascii()
    except UnicodeDecodeError:
        return len(value) >= _LONG or (value.endswith(b"=") and len(value) >= 16)
    except binascii.Error:
        return False


class SecretData:
    """State under ``data:``: how far it is indented, whether its values are plain text (``stringData``), and how far
    its entries are: what is indented further goes on with a value. A diff's sign counts as a blank.
    """

    __slots__ = ("_entries", "_indent", "_plain")

    def __init__(self, indent: int, plain: bool, entries: int = 0) -> None:
        self._indent = indent
        self._plain = plain
        self._entries = entries

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one entry; a line that is not indented further ends the data."""
        row = text[start:end].rstrip(b"\r")
        content = (row[1:] if row[:1] in (b"+", b"-") and row[1:2] in (b" ", b"") else row).lstrip(b" ")
        if not content:
            return (), self
        indent = len(row) - len(content)
        if indent <= self._indent:
            return (), None
        if self._entries and indent > self._entries:
            gone = self._plain or (len(content) >= _LONG and is_encoded_secret(content, cut))
            return ((Gone(start + indent, end if cut else start + len(row)),) if gone else ()), self
        after = SecretData(self._indent, self._plain, indent)
        entry = (_OPEN_ENTRY if cut else _ENTRY).fullmatch(text, start, end)
        if entry is None:
            return (), after
        value = entry["value"]
        given = value.strip() not in _EMPTY and not is_placeholder(value)
        secret = given if self._plain else is_encoded_secret(value)
        return ((Gone(*entry.span("value")),) if secret else ()), after


_HEAD = re.compile(rb"([+-]? *)(?:- )?(\"?)(data|stringData)\2:[ \t]*(?:\{)?[ \t]*\r?")


def secret_data(text: bytes, start: int, end: int) -> Follower | None:
    """Return who follows ``data:`` alone on its line."""
    head = _HEAD.fullmatch(text, start, end)
    return SecretData(len(head[1]), head[3] == b"stringData") if head is not None else None


class BlockScalar(Follower):
    """State under ``password: |``: how far its name is indented. Immutable."""

    __slots__ = ("_indent",)

    def __init__(self, indent: int) -> None:
        self._indent = indent

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: what is indented further than the name belongs to the value."""
        row = text[start:end].rstrip(b"\r")
        content = row.lstrip(b" \t")
        if not content:
            return (), self
        indent = len(row) - len(content)
        if indent <= self._indent:
            return (), None
        if is_placeholder(content) or content.startswith((b"-----BEGIN", b"-----END")):
            return (), self
        return (Gone(start + indent, start + len(row)),), self


_SCALAR = re.compile(
    rb"(?i)([ \t]*)((?:- )*)[\"']?[\w.-]*?" + GUARDED + SUFFIX + rb"[\"']?:[ \t]+[|>][+-]?[0-9]?[ \t]*\r?"
)


def block_scalar(text: bytes, start: int, end: int) -> Follower | None:
    """Return who follows a name that tells, before a block scalar."""
    head = _SCALAR.fullmatch(text, start, end)
    return BlockScalar(len(head[1]) + len(head[2])) if head is not None else None


class BarredRows(Follower):
    """State between two rows: which cells are looked at. Immutable."""

    __slots__ = ("_telling",)

    def __init__(self, telling: frozenset[int]) -> None:
        self._telling = telling

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one row; a line without a bar ends the table."""
        row = text[start:end]
        if b"|" not in row:
            return (), None
        gone: list[Gone] = []
        place = start + len(row) - len(row.lstrip())
        place += text[place : place + 1] == b"|"
        for index, cell in enumerate(text[place:end].split(b"|")):
            content = cell.strip(b" \t\r`*")
            if index in self._telling and is_chosen(content):
                low = place + cell.find(content)
                gone.append(Gone(low, low + len(content)))
            place += len(cell) + 1
        return ([*gone, Gone(end - 1, end)] if cut and gone else gone), self


_RULER = re.compile(rb"\|[ \t]?:?-{3,}:?[ \t]*\|[-:| \t]*\r?")
_NAME = re.compile(rb"(?i)(?:[\w-]+[ _-])?" + TELLING + SUFFIX)


def bars(text: bytes, start: int, end: int) -> Follower | None:
    """Return who follows the ruler below a header with a name that tells."""
    if not start or not _RULER.fullmatch(text, start, end):
        return None
    header = text[text.rfind(b"\n", 0, start - 1) + 1 : start - 1].strip()
    cells = [cell.strip(b" *`_") for cell in header.removeprefix(b"|").removesuffix(b"|").split(b"|")]
    telling = frozenset(index for index, cell in enumerate(cells) if _NAME.fullmatch(cell))
    return BarredRows(telling) if telling else None


BEGINS: dict[Kind, Callable[[bytes, int, int], Follower | None]] = {
    Kind.BARS: bars,
    Kind.SECRET_DATA: secret_data,
    Kind.KEY_BLOCK: key_block,
    Kind.BLOCK_SCALAR: block_scalar,
}


def followed(kind: Kind, text: bytes) -> list[Gone]:
    """Return what goes of the lines of `text`."""
    found: list[Gone] = []
    follower: Follower | None = None
    start = 0
    while start < len(text):
        newline = text.find(b"\n", start)
        end = newline if newline >= 0 else len(text)
        if follower is not None:
            gone, follower = follower.line(text, start, end)
            found += gone
        if follower is None:
            follower = BEGINS[kind](text, start, end)
        start = end + 1
    return found
