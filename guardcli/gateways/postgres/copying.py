"""COPY to the client: what it copies, and masking its data in the three formats.

A server sends one row in each CopyData. In text format the fields of a row stand between delimiters that appear within
a value only behind a backslash, or not at all; in CSV a value that holds one is quoted; in binary each field has its
length. Rows in which nothing is to be replaced stay as they are.
Source: PostgreSQL documentation, "COPY", File Formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

from pglast import parser

from guardcli.gateways.postgres.codec.fields import message
from guardcli.gateways.postgres.codec.frames import HEADER
from guardcli.gateways.postgres.codec.violations import ProtocolViolation
from guardcli.inspectors.sql.parse import parse
from guardcli.inspectors.sql.tree import Node, constant, strings, untag
from guardcli.masking.engine import Finding

_length_at = Struct(">I").unpack_from
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_NAMED_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)
_TO_ESCAPE = re.compile(rb"[\\\b\f\n\r\t\v]")
_WRITTEN = {value[0]: b"\\" + name for name, value in _NAMED_ESCAPES.items()} | {0x5C: b"\\\\"}
_PARTING = b"\t,;|"
"""Delimiters that no detector takes for a part of what it looks for, so that values may stand beside each other."""

Replace = Callable[[bytes], "bytes | None"]


@dataclass(frozen=True, slots=True)
class CopyTerms:
    """What a COPY … TO STDOUT says: how it writes, and the SELECT that gives the same columns.

    `select` is right for a text of one statement only. `whole` is true where no columns are named: those that are
    generated are then left out. `encoding` is empty where the client's holds.
    """

    select: str
    format: str = "text"
    delimiter: bytes = b"\t"
    null: bytes = b"\\N"
    quote: bytes = b'"'
    escape: bytes = b'"'
    header: bool = False
    whole: bool = False
    encoding: str = ""

    @property
    def can_be_cut(self) -> bool:
        """Whether a delimiter can be told from a part of a value: not behind a NULL that ends as an escape begins."""
        return self.format != "text" or (len(self.null) - len(self.null.rstrip(b"\\"))) % 2 == 0

    @property
    def escapes(self) -> tuple[bytes, bytes] | None:
        """What stands before which bytes of a value, where that is of the statement's own choice; else None."""
        if self.format == "csv":
            return None if self.quote == self.escape == b'"' else (self.escape, self.quote + self.escape)
        return None if self.format == "binary" or self.delimiter == b"\t" else (b"\\", b"\\" + self.delimiter)


def copy_terms(text: str, place: int = 0) -> CopyTerms | None:
    """Return what the statement of `text` at `place`, a COPY to the client, says; None where it is something else."""
    statements = parse(text)
    if isinstance(statements, str) or place >= len(statements):
        return None
    tag, body = untag(statements[place])
    if tag != "CopyStmt" or body.get("is_from") or body.get("is_program") or "filename" in body:
        return None
    options = {str(one.get("defname", "")): one.get("arg") for _, one in map(untag, body.get("options", ()))}
    format = str(_value(options.get("format")) or "text").lower()
    csv = format == "csv"
    quote = str(_value(options.get("quote")) or '"').encode()
    return CopyTerms(
        select=_select(text, body),
        format=format,
        delimiter=str(_value(options.get("delimiter")) or ("," if csv else "\t")).encode(),
        null=_null(options, csv),
        quote=quote,
        escape=str(_value(options.get("escape")) or quote.decode()).encode(),
        header="header" in options and _is_header(options["header"]),
        whole="relation" in body and "attlist" not in body,
        encoding=str(_value(options.get("encoding")) or ""),
    )


def _null(options: Mapping[str, object], csv: bool) -> bytes:
    given = _value(options["null"]) if "null" in options else None
    return str(given).encode() if given is not None else (b"" if csv else b"\\N")


def _is_header(node: object) -> bool:
    """Say whether what HEADER is given means that there is one; words are the same in any case."""
    return node is None or str(_value(node)).lower() in ("true", "on", "1")


def _value(node: object) -> object:
    """Return the value of an option: a string, a number, a truth."""
    tag, body = untag(node)
    if tag == "String":
        return str(body.get("sval", ""))
    if tag == "Integer":
        return int(body.get("ival", 0))
    if tag == "Boolean":
        return bool(body.get("boolval", False))
    return constant(node)


def _select(text: str, body: Node) -> str:
    if "relation" not in body:
        return _within_parentheses(text)
    relation = body["relation"]
    parts = [str(relation[key]) for key in ("catalogname", "schemaname", "relname") if relation.get(key)]
    columns = ", ".join(map(_quoted, strings(body.get("attlist")))) or "*"
    return f"SELECT {columns} FROM ONLY {'.'.join(map(_quoted, parts))}"  # noqa: S608 - every name is quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _within_parentheses(text: str) -> str:
    """Return what stands in the first parentheses of `text`, as PostgreSQL's own scanner sees them."""
    depth = start = 0
    for token in parser.scan(text):
        if token.name == "ASCII_40":
            depth += 1
            start = start or token.end + 1
        elif token.name == "ASCII_41":
            depth -= 1
            if not depth:
                return text[start : token.start]
    return ""


class CopyMask:
    """Masks the data of one COPY.

    `named` has for each column what replaces its values, None for those that no rule names; empty where no rule names
    any. `mend` replaces what is found in a value of the column at an index. `find` is the detectors'.
    """

    def __init__(
        self,
        terms: CopyTerms,
        named: Sequence[Replace | None],
        find: Callable[[bytes], Sequence[Finding]] | None,
        mend: Callable[[int, bytes], bytes | None],
    ) -> None:
        self._terms = terms
        self._named = named if any(named) else ()
        self._find = find
        self._mend = mend
        self._head = terms.header
        self._begun = False
        self.replaced = [0] * len(named)
        self._field = re.compile(_field_pattern(terms), re.DOTALL)

    def take(self, raw: bytes) -> bytes:
        """Take whole CopyData messages; return them masked."""
        if self._terms.format == "binary":
            return b"".join(self._binary(data) for data in _payloads(raw))
        if self._named or self._head:
            return b"".join(message(0x64, self._row(data)) for data in _payloads(raw))
        if self._find is None or (self._is_plain(raw) and not self._find(_flattened(raw))):
            return raw
        return b"".join(message(0x64, self._row(data)) for data in _payloads(raw))

    def _row(self, data: bytes) -> bytes:
        if self._head:
            self._head = False
            return data
        line = data.rstrip(b"\r\n")
        if not self._named and self._find is not None and self._is_plain(line) and not self._find(line):
            return data
        fields = self._field.findall(line) if line else [b""]
        if self._named and len(fields) != len(self._named):
            raise ProtocolViolation("a row of COPY data with another number of fields than was described")
        if self._named and sum(map(len, fields)) + len(fields) - 1 != len(line):
            raise ProtocolViolation("a row of COPY data that is not fields and delimiters")
        sign = self._terms.delimiter
        return sign.join(self._replaced(place, one) for place, one in enumerate(fields)) + data[len(line) :]

    def _is_plain(self, data: bytes) -> bool:
        """Say whether the detectors see in `data` what they would see in each value by itself."""
        if self._terms.delimiter not in _PARTING:
            return False
        escapes = self._terms.escapes
        if escapes is None:
            return True
        escape, signs = escapes
        return escape not in data and not any(sign in data for sign in {*signs} - {*self._terms.delimiter})

    def _replaced(self, place: int, field: bytes) -> bytes:
        if field == self._terms.null:
            return field
        replace = self._named[place] if self._named else None
        if replace is None and self._find is None:
            return field
        value = self._read(field)
        if replace is not None:
            self.replaced[place] += 1
        new = replace(value) if replace is not None else self._mend(place, value)
        if new is None:
            return self._terms.null
        return field if new == value else self._written(new)

    def _read(self, field: bytes) -> bytes:
        terms = self._terms
        if terms.format == "csv":
            if not field.startswith(terms.quote) or len(field) < 2:
                return field
            inner = field[1:-1].replace(terms.escape + terms.quote, terms.quote)
            return inner if terms.escape == terms.quote else inner.replace(terms.escape * 2, terms.escape)
        return _ESCAPE.sub(_unescaped, field) if b"\\" in field else field

    def _written(self, value: bytes) -> bytes:
        terms = self._terms
        if terms.format == "csv":
            inner = value if terms.escape == terms.quote else value.replace(terms.escape, terms.escape * 2)
            return terms.quote + inner.replace(terms.quote, terms.escape + terms.quote) + terms.quote
        written = _TO_ESCAPE.sub(lambda found: _WRITTEN[found[0][0]], value)
        return written if terms.delimiter == b"\t" else written.replace(terms.delimiter, b"\\" + terms.delimiter)

    # -- binary --

    def _binary(self, data: bytes) -> bytes:
        head = b""
        if not self._begun:
            self._begun = True
            if not data.startswith(_SIGNATURE) or len(data) < 19:
                raise ProtocolViolation("binary COPY data that does not begin as such")
            at = 19 + _length_at(data, 15)[0]
            head, data = data[:at], data[at:]
        if not data or data[:2] == b"\xff\xff":
            return message(0x64, head + data)
        pieces, at, place = [head, data[:2]], 2, 0
        while at < len(data):
            (length,) = _length_at(data, at) if at + 4 <= len(data) else (0xFFFFFFFE,)
            end = at + 4 + (0 if length == 0xFFFFFFFF else length)
            if end > len(data):
                raise ProtocolViolation("a binary row of COPY data that is shorter than its values")
            pieces.append(self._binary_field(place, data[at:end]))
            at, place = end, place + 1
        if self._named and place != len(self._named):
            raise ProtocolViolation("a row of COPY data with another number of fields than was described")
        return message(0x64, b"".join(pieces))

    def _binary_field(self, place: int, field: bytes) -> bytes:
        if field == b"\xff\xff\xff\xff":
            return field
        value = field[4:]
        replace = self._named[place] if self._named else None
        if replace is not None:
            self.replaced[place] += 1
        new = replace(value) if replace is not None else self._mend(place, value)
        return b"\xff\xff\xff\xff" if new is None else len(new).to_bytes(4, "big") + new


def _field_pattern(terms: CopyTerms) -> bytes:
    """Return what matches each field of a row with the delimiter before it; the field is the group."""
    sign = re.escape(terms.delimiter)
    before = rb"(?:^|" + sign + rb")"
    if terms.format == "csv":
        quote, escape = re.escape(terms.quote), re.escape(terms.escape)
        inner = rb"(?:" + escape + quote + rb"|" + escape + escape + rb"|[^" + quote + rb"])*"
        return before + rb"(" + quote + inner + quote + rb"|[^" + sign + rb"]*)"
    return before + rb"((?:[^\\" + sign + rb"]|\\.)*)"


def _payloads(raw: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(raw):
        end = at + 1 + _length_at(raw, at + 1)[0]
        found.append(raw[at + HEADER : end])
        at = end
    return found


def _flattened(raw: bytes) -> bytes:
    """Return the rows of whole CopyData messages, a newline in the place of each header."""
    return b"\n".join(_payloads(raw))


def _unescaped(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return bytes([int(found[1], 8) & 0xFF])
    if found[2]:
        return bytes([int(found[2], 16)])
    return _NAMED_ESCAPES.get(found[3], found[3])
