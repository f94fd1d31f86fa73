"""Looking through what git has, without git running anything of the repository's.

``cat-file --batch`` prints ``OID SP TYPE SP SIZE LF CONTENT LF`` for each name it is given, or ``NAME SP missing LF``,
in order. ``ls-files --stage --debug`` prints for each file of the index what `_ENTRY` matches; git calls that format
its own to change, so anything else is refused.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence

from guardcli.model.facts import FactUnavailable, Found

_SCANNED = frozenset({b"blob", b"commit", b"tag"})
"""Types whose content is text that somebody wrote; a tree holds names, which are known without it."""
_HEADER_LIMIT = 1 << 16
PIECE = 4 << 20
"""Bytes of one object that are looked through at once, so that memory does not grow with a file."""
OVERLAP = 1 << 16
"""Bytes that two pieces share, more than any secret has, so that one on the edge is whole in the second."""
_ENTRY = re.compile(
    rb"(?P<mode>[0-7]{6}) [0-9a-f]+ [0-3]\t(?P<name>[^\0]+)\0"
    rb"  ctime: (?P<ctime>[0-9]+):(?P<cnano>[0-9]+)\n  mtime: (?P<mtime>[0-9]+):(?P<mnano>[0-9]+)\n"
    rb"  dev: [0-9]+\tino: [0-9]+\n  uid: [0-9]+\tgid: [0-9]+\n  size: (?P<size>[0-9]+)\tflags: (?P<flags>[0-9a-f]+)\n"
)
_LEFT_ALONE = 0x8000 | 1 << 30
"""Flags of files that the user told git not to look at: assume-unchanged and skip-worktree."""
_REGULAR = (b"100644", b"100755")
_WORD = 0xFFFFFFFF


class ObjectScan:
    """Reads the output of ``cat-file --batch`` as it comes, and keeps what `find` finds. Holds one piece at a time."""

    def __init__(self, names: Sequence[str], find: Callable[[bytes], frozenset[Found]]) -> None:
        self._names = names
        self._find = find
        self._seen = 0
        self._type = b""
        self._wanted = -1
        self._held = bytearray()
        self._found: dict[str, frozenset[Found]] = {}

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes. Raises FactUnavailable where they are not what cat-file prints."""
        self._held += chunk
        while self._header() if self._wanted < 0 else self._content():
            pass

    def finish(self) -> Mapping[str, frozenset[Found]]:
        """Return what was found, by the name that was asked for. Raises FactUnavailable where not all was answered."""
        if self._held or self._wanted >= 0 or self._seen != len(self._names):
            raise FactUnavailable("git did not answer for every object")
        return self._found

    def _header(self) -> bool:
        end = self._held.find(b"\n")
        if end < 0:
            if len(self._held) > _HEADER_LIMIT:
                raise FactUnavailable("git answered in an unknown form")
            return False
        words = bytes(self._held[:end]).split(b" ")
        del self._held[: end + 1]
        if words[-1] in (b"missing", b"ambiguous"):
            self._seen += 1
        elif len(words) == 3 and words[2].isdigit():
            self._type, self._wanted = words[1], int(words[2])
        else:
            raise FactUnavailable("git answered in an unknown form")
        return True

    def _content(self) -> bool:
        if len(self._held) > self._wanted:
            self._look(self._wanted)
            del self._held[: self._wanted + 1]
            self._seen += 1
            self._wanted = -1
            return True
        if len(self._held) < PIECE + OVERLAP:
            return False
        self._look(PIECE + OVERLAP)
        del self._held[:PIECE]
        self._wanted -= PIECE
        return True

    def _look(self, size: int) -> None:
        """Look through the first `size` bytes held."""
        if self._type not in _SCANNED or self._seen >= len(self._names):
            return
        found = self._find(bytes(self._held[:size]))
        if found:
            name = self._names[self._seen]
            self._found[name] = self._found.get(name, frozenset()) | found


def changed_files(listing: bytes, top: str, lstat: Callable[[str], os.stat_result] = os.lstat) -> Mapping[str, str]:
    """Return the files below `top` that are not as the index knows them: name to path, empty if no regular file.

    Compared are size and both times, as git does first; git alone would also notice a change within the same tick
    of the clock in which the index was written. `lstat` asks about a path. Raises FactUnavailable for a listing in
    another form.
    """
    changed: dict[str, str] = {}
    place = 0
    while place < len(listing):
        entry = _ENTRY.match(listing, place)
        if entry is None:
            raise FactUnavailable("git lists its index in an unknown form")
        place = entry.end()
        if entry["mode"] not in _REGULAR or int(entry["flags"], 16) & _LEFT_ALONE:
            continue
        name = os.fsdecode(entry["name"])
        path = f"{top}/{name}"
        try:
            now = lstat(path)
        except (OSError, ValueError):
            changed[name] = ""
            continue
        if not stat.S_ISREG(now.st_mode):
            changed[name] = ""
        elif _stat(now) != tuple(int(entry[part]) for part in ("size", "ctime", "cnano", "mtime", "mnano")):
            changed[name] = path
    return changed


def _stat(now: os.stat_result) -> tuple[int, ...]:
    """Return size and times as an index holds them: 32 bits each."""
    changed, modified = divmod(now.st_ctime_ns, 10**9), divmod(now.st_mtime_ns, 10**9)
    return (now.st_size & _WORD, changed[0] & _WORD, changed[1], modified[0] & _WORD, modified[1])
