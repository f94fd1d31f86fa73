"""Words of a shell command: what is known of one before it is expanded.

The parser says where a word lies; this module reads its bytes again with its own strict patterns (POSIX Shell Command
Language, 2.2 Quoting and 2.6 Word Expansions), so that a byte which the parser took for something else is noticed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BARE = re.compile(r"""(?:[^\s\\;&|<>()$`"'\x00-\x20]++|\\[^\n])++\Z""")
"""Characters of an unquoted word; anything else in one is a sign of a wrong parse."""

RAW = re.compile(r"'[^']*'\Z")
ANSI = re.compile(r"\$'(?:[^'\\]|\\[^'])*'\Z", re.DOTALL)
"""``$'…'`` without ``\\'``, which shells that do not know this quoting end at another place."""

QUOTED = re.compile(r'"(?:[^"\\$`]|\\.|\$(?![\w({@*#?!$\[\\-]))*"\Z', re.DOTALL)
"""A double-quoted string without any expansion."""

PARAMETER = re.compile(
    r"\$\{#?(?:[A-Za-z_]\w*|[0-9]+|[@*#?$!-])(?:\[[0-9@*]+\])?"
    r"(?:(?::?[-+?=]|##?|%%?|//?|\^\^?|,,?|:)[^`$<>'\"\\{}()]*)?\}\Z"
)
"""A parameter expansion that runs nothing: no substitution, no ``@P``, no indirection, no computed subscript."""

ARITHMETIC = re.compile(r"\$\(\(([\s\w+*/%<>=!&|()?:,$~^-]*)\)\)\Z")

_ESCAPE_IN_QUOTES = re.compile(r'\\([\\"$`])|\\\n')
_GLOB = re.compile(r"[*?\[]")
_BRACES = re.compile(r"\{[^}]*(?:,|\.\.)")


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `text` has ``*`` in the place of each part that is not known.

    `known` says that the word is exactly `text`; otherwise `prefix` is what it certainly starts with, and `splits`
    says that it may become several words or none. `tilde` marks an unquoted leading ``~``, `bare` a word
    without any quoting.
    """

    text: str
    known: bool = True
    prefix: str = ""
    splits: bool = False
    tilde: bool = False
    bare: bool = True

    @property
    def may_be_option(self) -> bool:
        """Tell whether it could begin with ``-`` once it is expanded."""
        if self.known:
            return self.text.startswith("-")
        return self.splits or not self.prefix or self.prefix.startswith("-")


DYNAMIC = Word("*", known=False, splits=True)
"""A word of which nothing is known."""


HOME = Word("~", known=False, splits=True)
"""What ``$HOME`` stands for: a directory that is not known by its name, and may be anything where the text sets it."""


def literal(text: str) -> Word:
    """Return a word that is known and quoted."""
    return Word(text, bare=False)


def bare_word(raw: str) -> Word | None:
    """Return the word that unquoted `raw` is; None where the bytes are not those of one."""
    if not BARE.match(raw):
        return None
    quoted = "\\" in raw
    text = re.sub(r"\\(.)", r"\1", raw) if quoted else raw
    plain = re.sub(r"\\.", "_", raw) if quoted else raw
    tilde = raw.startswith("~")
    if _BRACES.search(plain):
        prefix = plain.split("{", 1)[0]
        return Word(f"{prefix}*", known=False, prefix=prefix, splits=True, bare=not quoted)
    glob = _GLOB.search(plain)
    if glob and plain != "[":
        return Word(text, known=False, prefix=plain[: glob.start()], tilde=tilde, bare=not quoted)
    return Word(text, tilde=tilde, bare=not quoted)


def quoted_word(raw: str) -> Word | None:
    """Return the word that a double-quoted `raw` without expansions is; None where it has some."""
    if not QUOTED.match(raw):
        return None
    return literal(_ESCAPE_IN_QUOTES.sub(lambda match: match.group(1) or "", raw[1:-1]))


def raw_word(raw: str) -> Word | None:
    """Return the word that a single-quoted `raw` is."""
    return literal(raw[1:-1]) if RAW.match(raw) else None


def joined(parts: list[Word], raw: str) -> Word:
    """Return the word made of adjacent `parts`; `raw` is the source of the whole."""
    prefix = ""
    for part in parts:
        prefix += part.text if part.known else part.prefix
        if not part.known:
            break
    braces = any(part.bare and part.known and "{" in part.text for part in parts) and re.search(r"\{.*[,.].*\}", raw)
    known = not braces and all(part.known for part in parts)
    return Word(
        prefix.split("{", 1)[0] + "*" if braces else "".join(part.text for part in parts),
        known=known,
        prefix="" if known else prefix.split("{", 1)[0] if braces else prefix,
        splits=bool(braces) or any(part.splits for part in parts),
        tilde=parts[0].tilde,
        bare=all(part.bare for part in parts),
    )


def plain_arithmetic(raw: str) -> bool:
    """Tell whether ``$((…))`` holds only numbers, names and operators, and cannot be a subshell instead."""
    match = ARITHMETIC.match(raw)
    if not match or "$(" in match.group(1) or re.search(r"\w\s+\w", match.group(1)):
        return False
    depth = 0
    for sign in match.group(1):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0
