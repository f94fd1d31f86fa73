"""Reads the options in front of an inner command, as getopt does with ``+``: they end at the first operand."""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.inspectors.shell.scope import NotUnderstoodError
from guardcli.inspectors.shell.words import Word


def leading(words: Sequence[Word], flags: str, values: str) -> tuple[list[tuple[str, Word | None]], list[Word]]:
    """Return the options in front of `words` as (name, value), and what follows them.

    `flags` and `values` list the options, separated by blanks. Raises NotUnderstoodError for any other option and for
    a word that could become one.
    """
    plain, valued = frozenset(flags.split()), frozenset(values.split())
    found: list[tuple[str, Word | None]] = []
    position = 0
    while position < len(words):
        word = words[position]
        if not word.known and word.may_be_option:
            raise NotUnderstoodError("an option could be hidden in a word that is not known")
        text = word.text
        if text == "--":
            return found, list(words[position + 1 :])
        if not text.startswith("-") or text == "-" or not word.known:
            break
        position += 1
        if text.startswith("--"):
            name, has_value, value = text.partition("=")
            takes = name in valued
            if not takes and (name not in plain or has_value):
                raise NotUnderstoodError(f"{name} is not among the options known to be harmless")
            if takes and not has_value:
                position += 1
                found.append((name, _value(words, position - 1, name)))
            else:
                found.append((name, Word(value, bare=False) if takes else None))
            continue
        position = _cluster(words, position, plain, valued, found)
    return found, list(words[position:])


def _value(words: Sequence[Word], position: int, name: str) -> Word:
    if position >= len(words):
        raise NotUnderstoodError(f"{name} has no value")
    if words[position].splits:
        raise NotUnderstoodError(f"the value of {name} cannot be known")
    return words[position]


def _cluster(
    words: Sequence[Word],
    position: int,
    plain: frozenset[str],
    valued: frozenset[str],
    found: list[tuple[str, Word | None]],
) -> int:
    text = words[position - 1].text
    if text in plain:
        found.append((text, None))
        return position
    for index, letter in enumerate(text[1:], 1):
        name = "-" + letter
        if name in valued:
            rest = text[index + 1 :]
            if rest:
                found.append((name, Word(rest, bare=False)))
                return position
            found.append((name, _value(words, position, name)))
            return position + 1
        if name not in plain and not (letter.isdigit() and "-#" in plain):
            raise NotUnderstoodError(f"{name} is not among the options known to be harmless")
        found.append((name, None))
    return position
