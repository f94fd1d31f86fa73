"""Passwords by the place that a program or a format gives them: options of clients, netrc, pgpass, XML, YAML blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.masking.detector import Detector
from guardcli.masking.followers import Follower, Gone
from guardcli.masking.placeholders import is_placeholder

_NAMES = rb"(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|apikey|access[_-]?key)"
_QUOTED = rb"(?:'([^'\n]{1,8192})'|\"([^\"\n]{1,8192})\"|([^\s\"'|;&<>]{1,8192}))"
_FORMS: Sequence[tuple[bytes, bytes]] = (
    (_NAMES + rb">[^<\s]", rb"(?i)<[\w:.-]{0,60}" + _NAMES + rb">([^<\n]{1,8192})</"),
    (
        _NAMES + rb"\"[ \t]{1,4}value=\"[^\"]",
        rb"(?i)\"[\w:.-]{0,60}" + _NAMES + rb"\"[ \t]{1,4}value=\"([^\"\n]{1,8192})",
    ),
    (_NAMES + rb"%3D[^\s&%]", rb"(?i)" + _NAMES + rb"%3D((?:[^\s&%\"'<>]|%(?!26)){1,8192})"),
    (rb"login[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}password[ \t]", rb"login[ \t]+\S{1,100}[ \t]+password[ \t]+(\S{1,8192})"),
    (
        rb"\b(?:requirepass|masterauth|bindpw|rootpw)[ \t]{1,8}[^\s]",
        rb"(?m)^[ \t]{0,8}(?:requirepass|masterauth|bindpw|rootpw)[ \t]+" + _QUOTED,
    ),
    (
        rb"\b(?:curl|wget|http)[ \t]",
        rb"\b(?:curl|wget|http)[ \t](?:[^\n]{0,400}?[ \t])?(?:-u|-U|--user|--proxy-user)[ \t=]?"
        rb"[\"']?[^\s:\"']{1,100}:([^\s\"']{1,8192})",
    ),
    (rb"\bsshpass[ \t]", rb"sshpass[ \t]+-p[ \t]?" + _QUOTED),
    (rb"\bmysql(?:dump|admin|import)?[ \t]", rb"\bmysql(?:dump|admin|import)?[ \t](?:[^\n]{0,400}?[ \t])?-p" + _QUOTED),
    (
        rb"\b(?:docker|podman|oc|helm|nerdctl|skopeo|buildah)[ \t][a-z ]{0,12}login[ \t]",
        rb"\blogin[ \t](?:[^\n]{0,400}?[ \t])?-p[ \t]+" + _QUOTED,
    ),
    (rb"\bredis-cli[ \t]", rb"\bredis-cli[ \t](?:[^\n]{0,400}?[ \t])?-a[ \t]+" + _QUOTED),
    (rb"--from-literal[ =][\w.-]{1,100}=[^\s]", rb"--from-literal[ =][\"']?[\w.-]{1,100}=[\"']?([^\s\"']{1,8192})"),
    (rb"--password-stdin", rb"(?:echo|printf)[ \t]+(?:-n[ \t]+)?" + _QUOTED + rb"[ \t]*\|[^\n]{0,400}--password-stdin"),
    (
        rb":(?:5432|5433|6432|\*):[^:\s]{1,64}:[^:\s]{1,64}:[^\s:]",
        rb"(?<![^\s\"'])[\w.*/-]{1,255}:(?:5432|5433|6432|\*):[^:\s]{1,64}:[^:\s]{1,64}:([^\s:]{1,8192})",
    ),
    (
        rb"\bsetx?[ \t]{1,4}\w{0,40}(?:password|passwd|token|secret|api_key)[ \t]{1,4}[^\s=]",
        rb"(?i:\bsetx?)[ \t]+[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|TOKEN|SECRET|API_KEY)[ \t]+" + _QUOTED,
    ),
)
"""What the first pass looks for, and what is matched in the line then; its group is the password."""

_BLOCK = _NAMES + rb"[\"']?:[ \t]{1,4}[|>][+-]?[0-9]?[ \t]{0,4}\r?\n"
_BLOCK_HEAD = re.compile(
    rb"(?i)([ \t]*(?:- )?)[\"']?[\w.-]{0,60}" + _NAMES + rb"[\"']?:[ \t]+[|>][+-]?[0-9]?[ \t]*\r?\n"
)
_MATCHED = tuple(re.compile(form) for _, form in _FORMS)
_AHEAD = 500
_BEHIND = 400


class BlockScalar:
    """State under ``password: |``: how far its name is indented. Immutable."""

    __slots__ = ("_indent", "_shown")

    def __init__(self, indent: int, shown: bool = False) -> None:
        self._indent = indent
        self._shown = shown

    def line(self, text: bytes, start: int, end: int, cut: bool = False) -> tuple[Sequence[Gone], Follower | None]:
        """Judge one line: what is indented further than the name belongs to the value."""
        row = text[start:end].rstrip(b"\r")
        content = row.lstrip(b" \t")
        if not content:
            return (), self
        indent = len(row) - len(content)
        if indent <= self._indent:
            return (), None
        if is_placeholder(content) or content.startswith(b"-----BEGIN"):
            return (), self
        return (Gone(start + indent, start + len(row)),), BlockScalar(self._indent, True)


class PlacedPassword(Detector):
    """Find what stands where a password has its place; decline variables and placeholders."""

    name = "placed_password"
    label = "PASSWORD"
    triggers = (*(rb"(?i)" + trigger for trigger, _ in _FORMS), rb"(?i)" + _BLOCK)

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the lines of a block begin."""
        if text[at - 1] != 0x0A:
            return None
        line = text.rfind(b"\n", max(0, at - 400), at - 1) + 1
        head = _BLOCK_HEAD.fullmatch(text, line, at)
        return (at, BlockScalar(len(head[1]))) if head is not None else None

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the first password in its place on the line of `at`."""
        return next(((start, end) for start, end, _ in self.find_all(text, at) if end > start), None)

    def find_all(self, text: bytes, at: int) -> Sequence[tuple[int, int, int]]:
        """Return all passwords in their places near `at`, and at last, empty, how far was looked."""
        low = max(text.rfind(b"\n", max(0, at - _BEHIND), at) + 1, at - _BEHIND, 0)
        newline = text.find(b"\n", at, at + _AHEAD)
        looked = newline if newline >= 0 else min(at + _AHEAD, len(text))
        limit = newline if newline >= 0 else looked + 8192
        places = set()
        for pattern in _MATCHED:
            for found in pattern.finditer(text, low, limit):
                group = found.lastindex or 0
                value = found[group]
                if found.start() < looked and not is_placeholder(value) and not value.startswith((b"$", b"{")):
                    places.add((*found.span(group), 0))
        return [*sorted(places), (looked, looked, 0)]
