"""Refspecs: which refs of the remote a push changes, by the rules of git-push(1).

``[+]SOURCE[:DESTINATION]``; an empty source deletes; ``:`` alone means every branch that both sides have; ``^REF``
excludes; ``*`` stands for the same part on both sides. A destination without ``refs/`` means the ref of that name on
the remote if there is one, be it a branch or a tag, so it stands for both here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_KINDS = ("heads/", "tags/", "remotes/", "notes/")


@dataclass(frozen=True, slots=True)
class Refspec:
    """One refspec: `destination` is None where no colon was given."""

    source: str
    destination: str | None
    force: bool = False

    @property
    def deletes(self) -> bool:
        """Whether it removes the destination."""
        return not self.source and bool(self.destination)

    @property
    def matching(self) -> bool:
        """Whether it is ``:``, every branch that both sides have."""
        return not self.source and self.destination == ""

    @property
    def pattern(self) -> bool:
        """Whether it holds a ``*``."""
        return "*" in self.source or "*" in (self.destination or "")


def parse_refspec(text: str) -> Refspec:
    """Return the refspec that `text` is."""
    force = text.startswith("+")
    source, colon, destination = text.removeprefix("+").partition(":")
    return Refspec("HEAD" if source == "@" else source, destination if colon else None, force)


def candidates(name: str) -> tuple[str, ...]:
    """Return the refs of a remote that an unqualified or full `name` may mean."""
    if name.startswith("refs/"):
        return (name,)
    if name.startswith(_KINDS):
        return (f"refs/{name}", f"refs/heads/{name}")
    return (f"refs/heads/{name}", f"refs/tags/{name}")


def mapped(refspec: Refspec, ref: str) -> str | None:
    """Return where `refspec` sends the local `ref`, None where it does not concern it."""
    destination = refspec.source if refspec.destination is None else refspec.destination
    if "*" not in refspec.source:
        return destination if ref == refspec.source else None
    before, _, after = refspec.source.partition("*")
    if len(ref) < len(before) + len(after) or not ref.startswith(before) or not ref.endswith(after):
        return None
    return destination.replace("*", ref[len(before) : len(ref) - len(after)], 1)


def from_words(words: Sequence[str], *, delete: bool) -> list[Refspec]:
    """Return the refspecs of a command line; ``tag NAME`` is two words for one, `delete` is ``--delete``."""
    found: list[Refspec] = []
    rest = iter(words)
    for word in rest:
        if word == "tag":
            ref = f"refs/tags/{next(rest, '')}"
            found.append(Refspec("" if delete else ref, ref))
        elif delete:
            found.append(Refspec("", word.removeprefix("+").removeprefix(":")))
        elif not word.startswith("^"):
            found.append(parse_refspec(word))
    return found
