"""Kubernetes Secrets in JSON on one line, in YAML and pretty JSON, and bootstrap tokens."""

from __future__ import annotations

import re

from guardcli.masking.detector import Detector
from guardcli.masking.followers import Follower
from guardcli.masking.secretdata import SecretData, is_encoded_secret

_HEAD = re.compile(rb"( *)(?:- )?(\\?\"?)(data|stringData)\2:[ \t]*(?:\{)?[ \t]*\r?\n")
_PAIRS = re.compile(rb"(?:\\?\"[\w.-]{1,253}\\?\"[ \t]*:[ \t]*\\?\"[^\"\\\n]{0,8192}\\?\"[ \t]*,?[ \t]*){1,400}")
_VALUE = re.compile(rb":[ \t]*\\?\"([^\"\\\n]{1,8192})")
_KIND = re.compile(rb"\\?\"kind\\?\"[ \t]*:[ \t]*\\?\"Secret\\?\"")
_BOOTSTRAP = re.compile(rb"(?<![A-Za-z0-9.])[a-z0-9]{6}\.[a-z0-9]{16}(?![A-Za-z0-9.])")
_NEAR = 4000


class Kubernetes(Detector):
    """Find the values of a Secret, from the first to the last where they stand on one line."""

    name = "kubernetes"
    label = "KUBERNETES_SECRET"
    triggers = (
        rb"(?:^|[\n \"-])(?:data|stringData)\"?:[ \t]{0,8}\{?[ \t]{0,8}\r?\n",
        rb"\"(?:data|stringData)\\?\"[ \t]{0,8}:[ \t]{0,8}\{[ \t]{0,8}\\?\"",
        rb"(?i)(?:--token|bootstrap.?token)[ \t:=\"']{1,8}[a-z0-9]{6}\.[a-z0-9]{16}",
    )

    def begin(self, text: bytes, at: int) -> tuple[int, Follower] | None:
        """Return where the entries begin, if ``data:`` stands alone on its line."""
        if text[at - 1] != 0x0A:
            return None
        line = text.rfind(b"\n", max(0, at - 1000), at - 1) + 1
        head = _HEAD.fullmatch(text, line, at)
        return (at, SecretData(len(head[1]), head[3] == b"stringData")) if head is not None else None

    def find(self, text: bytes, at: int) -> tuple[int, int] | None:
        """Return the values of a Secret on one line, or the bootstrap token that ends at `at`."""
        if text[at - 1] == 0x22:
            return _inline(text, at)
        token = _BOOTSTRAP.match(text, at - 23) if at >= 23 else None
        return token.span() if token is not None else None


def _inline(text: bytes, at: int) -> tuple[int, int] | None:
    """Return from the first to the last value; the keys between go with them and JSON stays JSON."""
    pairs = _PAIRS.match(text, at - (2 if text[at - 2] == 0x5C else 1))
    if pairs is None:
        return None
    values = list(_VALUE.finditer(text, *pairs.span()))
    low = max(text.rfind(b"\n", max(0, at - _NEAR), at) + 1, at - _NEAR, 0)
    newline = text.find(b"\n", pairs.end(), pairs.end() + _NEAR)
    is_secret = _KIND.search(text, low, newline if newline >= 0 else pairs.end() + _NEAR) is not None
    if values and (is_secret or all(is_encoded_secret(value[1]) for value in values)):
        return values[0].start(1), values[-1].end(1)
    return None
