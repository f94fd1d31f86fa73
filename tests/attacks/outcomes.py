"""From what the agent gained to a table: a row an attempt, a column a mode."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "threat-model.md"
BEGIN, END = "<!-- attacks: written by tests/attacks/test_attacks.py -->", "<!-- end of attacks -->"

OWN_USER = "own user"
MODES = {
    "off": ("off", "shared"),
    "own user": (OWN_USER, "shared"),
    "isolated": ("require", "shared"),
    "proxy": ("require", "proxy"),
    "own network": ("require", "none"),
}
"""Column → what `guard run` is given for --isolate and --network."""

NETWORK = "the network is shared"
BY_MODE = "files and programs are as open as their modes say"
OPEN_INSIDE: Mapping[str, Mapping[str, str]] = {
    "own user": {
        "a server on the loopback of the machine": NETWORK,
        "a host on the network": f"{NETWORK}: agents need their model",
        "the cloud's metadata service": NETWORK,
        "names looked up, which carries data out (DNS)": NETWORK,
        "the broker's process seen at all": "processes are seen; their memory, descriptors and environment are not",
        "memory shared with the machine (/dev/shm, System V)": BY_MODE,
    },
    "isolated": {
        "a server on the loopback of the machine": NETWORK,
        "a host on the network": f"{NETWORK}: agents need their model",
        "the cloud's metadata service": NETWORK,
        "names looked up, which carries data out (DNS)": NETWORK,
    },
    "proxy": {},
    "own network": {},
}
"""What stays open inside, and why: nothing else may."""


def outcome(result: Sequence[str]) -> str:
    """Return ``stopped``, ``harmless`` or ``open`` for what an attempt said: evidence, error, why it is harmless."""
    evidence, _, harmless = result
    if not evidence:
        return "stopped"
    return "harmless" if harmless else "open"


def table(results: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Return the table for `results`: mode → attempt → what it said."""
    lines = ["| attempt | " + " | ".join(MODES) + " |", "| --- " * (len(MODES) + 1) + "|"]
    first = next(iter(results.values()))
    for words in first:
        cells = [outcome(results[mode][words]) for mode in MODES]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    counts = [
        ", ".join(
            f"{sum(outcome(one) == what for one in results[mode].values())} {what}"
            for what in ("stopped", "harmless", "open")
        )
        for mode in MODES
    ]
    return "\n".join([*lines, f"| **{len(first)} attempts** | " + " | ".join(counts) + " |"])


def on_the_page() -> dict[str, dict[str, str]]:
    """Return the table as docs/threat-model.md has it: mode → attempt → outcome."""
    text = PAGE.read_text()
    part = text[text.index(BEGIN) : text.index(END)]
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in part.splitlines() if line.startswith("| ")][2:-1]
    return {mode: {row[0]: row[number + 1] for row in rows} for number, mode in enumerate(MODES)}


def write(results: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Put the table into docs/threat-model.md."""
    text = PAGE.read_text()
    start, stop = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(f"{text[:start]}\n{table(results)}\n{text[stop:]}")
