"""Write the finders and announcements of all detectors in C, and pieces of text: python scripts/fuzz-finders.py FILE

For scripts/fuzz-native, which knows nothing of Python.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]

from guardcli.masking.compiled.beginnings import Automaton
from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.programs import program
from guardcli.masking.detectors import REGISTRY
from guardcli.masking.followers.announced import ANNOUNCED
from guardcli.masking.followers.compiled import Announcement

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from masking.test_scanner_triggers import example

LONGEST = 90
FINDERS = list(dict.fromkeys(finder for kind in REGISTRY.values() for part in kind.parts() for finder in part.finders))


def parts(finder: Finder) -> tuple[bytes, ...]:
    """Return the expressions of `finder`, in the order of `struct finder`."""
    return finder.head, finder.value, finder.judge.wants, finder.judge.declines, finder.against, finder.lead


def announcing(one: Announcement) -> tuple[bytes, ...]:
    """Return the expressions of an announcement, in the order of `struct announcement`."""
    return one.value, one.last, one.judge.wants, one.judge.declines


def numbers(data: bytes) -> str:
    """Return `data` as C has it."""
    return ",".join(map(str, data))


def beginnings() -> list[str]:
    """Return the automaton of the words that finders begin with, and these finders."""
    chosen = [finder for finder in FINDERS if finder.way is Way.BEGINNING]
    made = Automaton(chosen)
    entries = ",".join(f"{{&finder_{FINDERS.index(finder)}, {number % 9}}}" for number, finder in enumerate(chosen))
    ends = ",".join(f"{{{finder}, {length}}}" for finder, length in made.ends)
    return [
        f"static const uint8_t words_classes[] = {{{numbers(made.classes)}}};",
        f"static const uint32_t words_rows[] = {{{','.join(map(str, made.rows))}}};",
        f"static const struct beginning words_ends[] = {{{ends}}};",
        f"static const struct entry words_entries[] = {{{entries}}};",
        "const struct beginnings fuzzed_beginnings = {words_classes, words_rows, words_ends, words_entries, "
        f"{made.accepting}, {made.width}}};",
    ]


def main() -> None:
    """Write the file that is named."""
    dice, lines = random.Random(1), ['#include "beginnings.h"', '#include "finders.h"', '#include "followers.h"']
    used = (*map(parts, FINDERS), *map(announcing, ANNOUNCED))
    expressions = list(dict.fromkeys(one for several in used for one in several if one))
    for number, one in enumerate(expressions):
        lines.append(f"static const uint32_t program_{number}[] = {{{','.join(map(str, program(one)))}}};")
    for number, finder in enumerate(FINDERS):
        places = ",".join(f"program_{expressions.index(one)}" if one else "0" for one in parts(finder))
        distances = ",".join(map(str, finder.distances)) or "0"
        fields = (
            f"{finder.way:d}, {finder.ahead}, {finder.judge.question:d}, {finder.whole:d}, {{{distances}}}, {places}, 0"
        )
        lines.append(f"static const struct finder finder_{number} = {{{fields}}};")
    around = [number for number, finder in enumerate(FINDERS) if finder.way is not Way.BEGINNING]
    entries = ",".join(f"{{&finder_{number}, {number % 250}}}" for number in around)
    lines.append(f"const struct entry fuzzed_entries[] = {{{entries}, {{0, 0}}, {{0, 255}}}};")
    lines.append(f"const size_t fuzzed_entries_count = {len(around) + 2};")
    lines += beginnings()
    rows, numbered = [], {end: number + 1 for number, one in enumerate(ANNOUNCED) for end in one.ends}
    for one in ANNOUNCED:
        places = ",".join(f"program_{expressions.index(part)}" if part else "0" for part in announcing(one))
        rows.append(f"{{{one.lines}, {one.many:d}, {one.final:d}, {one.judge.question:d}, {places}}}")
    ended = ",".join(str(numbered[end]) for end in sorted(numbered))
    lines.append(f"const struct announcements fuzzed_announcements = {{{{{','.join(rows)}}}, {{{ended}}}}};")
    ends = [end for kind in REGISTRY.values() for part in kind.parts() for end in part.ends]
    about = (*expressions, *ends)
    texts = [example(parser.parse(one), dice)[:LONGEST] for one in about for _ in "ab"]
    texts = [one for one in texts if one]
    for number, one in enumerate(texts):
        lines.append(f"static const uint8_t piece_{number}[] = {{{numbers(one)}}};")
    pieces = ",".join(f"{{piece_{number}, {len(one)}}}" for number, one in enumerate(texts))
    lines.append(f"const struct text fuzzed_pieces[] = {{{pieces}}};\nconst size_t fuzzed_pieces_count = {len(texts)};")
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
