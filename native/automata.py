"""Writes the automata of the compiled core, in C: ``python native/automata.py FILE``. The build does it.

guardcli/masking/compiled/automata.py makes them, of the forms in expressions.py.
"""

from __future__ import annotations

import math
import runpy
import sys
from pathlib import Path
from typing import Any

_MADE = runpy.run_path(str(Path(__file__).parent.parent / "guardcli" / "masking" / "compiled" / "automata.py"))
compile_bytes = _MADE["compile_bytes"]


def declared(name: str, automaton: Any) -> str:
    """Return `automaton` in C. Its rows hold where the next row begins, so that a step is two loads and an addition."""
    width = max(automaton.classes) + 1
    if len(automaton.rows) * width > 1 << 16:
        raise ValueError(f"{name} has {len(automaton.rows)} states of {width} classes: write it as two")
    rows = ",".join(str(state * width) for row in automaton.rows for state in row)
    classes = ",".join(map(str, automaton.classes))
    return (
        f"static const uint8_t {name}_classes[256] = {{{classes}}};\n"
        f"static const uint16_t {name}_rows[] = {{{rows}}};\n"
        f"const struct automaton guard_{name} = "
        f"{{{name}_classes, {name}_rows, {automaton.start * width}, {automaton.accepting * width}}};\n"
    )


def after_blanks(automaton: Any) -> tuple[set[int], bool]:
    """Return which bytes may follow blanks, or stand first, and whether blanks alone are accepted."""
    reached, waiting = {automaton.start}, [automaton.start]
    while waiting:
        row = automaton.rows[waiting.pop()]
        further = {row[automaton.classes[byte]] for byte in b" \t"} - reached - {0}
        reached |= further
        waiting += further
    alive = {byte for byte in range(256) for state in reached if automaton.rows[state][automaton.classes[byte]]}
    return alive - set(b" \t"), any(state >= automaton.accepting for state in reached)


def declared_tails(tails: list[tuple[bytes, bytes, bytes, int, bytes]]) -> str:
    """Return the automata of the forms around a name, in C, and which bytes begin them and stand between."""
    made, rows = [], []
    first, after, prior, run = [0] * 256, [0] * 257, [0] * 256, [0] * 256
    for number, (behind, before, between, rest, name) in enumerate(tails):
        automaton, bit = compile_bytes(behind), 1 << number
        made.append(declared(f"tail_{number}", automaton))
        backward = compile_bytes(before, backward=True) if before else None
        if backward is not None:
            made.append(declared(f"before_{number}", backward))
        made += [declared(f"called_{number}", compile_bytes(name, backward=True))] if name else []
        others = (f"&guard_{kind}_{number}" if one else "0" for kind, one in (("before", before), ("called", name)))
        rows.append(f"{{&guard_tail_{number}, {', '.join(others)}, {rest}}}")
        between_one = compile_bytes(between) if between else None
        alive, blank = after_blanks(automaton)
        after[256] |= bit * blank
        for byte in range(256):
            runs = between_one is not None and between_one.fullmatch(bytes([byte]))
            stands = backward is None or backward.rows[backward.start][backward.classes[byte]] != 0
            first[byte] |= bit * (automaton.rows[automaton.start][automaton.classes[byte]] != 0)
            after[byte] |= bit * (blank or byte in alive)
            prior[byte] |= bit * (runs or stands)
            run[byte] |= bit * runs
    bits = {"first": first, "after": after, "prior": prior, "run": run}
    tables = [f"const uint64_t guard_tails_{name}[] = {{{','.join(map(str, one))}}};\n" for name, one in bits.items()]
    return "".join(made) + f"const struct tail guard_tails[] = {{{','.join(rows)}}};\n" + "".join(tables)


def declared_line_ends(ends: list[bytes]) -> str:
    """Return the automata of the ends of lines, in C, and a bit for each with whose last byte but blanks it may end."""
    made, last = [], [0] * 256
    for number, end in enumerate(ends):
        automaton = compile_bytes(end, backward=True)
        made.append(declared(f"line_end_{number}", automaton))
        for byte in after_blanks(automaton)[0]:
            last[byte] |= 1 << number
    rows = ",".join(f"&guard_line_end_{number}" for number in range(len(ends)))
    table = f"const uint64_t guard_line_ends_last[] = {{{','.join(map(str, last))}}};\n"
    return "".join(made) + f"const struct automaton *const guard_line_ends[] = {{{rows}}};\n" + table


def declared_information(most: int) -> str:
    """Return, in C, what the judge of random values adds up: n log n, in bits, times 1 << 32, up to `most`."""
    numbers = ",".join(str(round(n * math.log2(n) * (1 << 32)) if n else 0) for n in range(most + 1))
    return f"const uint64_t guard_information[] = {{{numbers}}};\n"


def main() -> None:
    """Write the automata of expressions.py to the file that is named, as C."""
    found = runpy.run_path(str(Path(__file__).with_name("expressions.py")))
    made = [declared(name, compile_bytes(one)) for name, one in found["EXPRESSIONS"].items()]
    made += [declared(name, compile_bytes(one, backward=True)) for name, one in found["BACKWARD"].items()]
    made += [declared_tails(found["TAILS"]), declared_line_ends(found["LINE_ENDS"]), declared_information(64)]
    Path(sys.argv[1]).write_text('#include "automata.h"\n\n' + "\n".join(made))


if __name__ == "__main__":
    main()
