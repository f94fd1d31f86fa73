"""The option grammar of ssh, scp and sftp: getopt as OpenSSH carries it with it.

Options may be clustered, a value may be glued or the next word, and they end at the first operand or at ``--``. ssh
alone goes on with options after the destination, once, unless ``--`` stood before it (OpenSSH 9.2, ``ssh -G`` tells).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SSH = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:PQ:R:S:TVw:W:XYy"
SCP = "12346ABCTdfOpqRrstvD:F:J:M:P:S:c:i:l:o:X:"
SFTP = "1246AafhNpqrvCc:D:i:l:o:s:S:b:B:F:J:P:R:X:"


@dataclass(frozen=True, slots=True)
class Option:
    """One option as given: its letter, its value, the place of that value in argv, and what is glued before it."""

    letter: str
    value: str = ""
    index: int = 0
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Options, where the operands begin, and why the tool would refuse the whole (empty where it would not)."""

    options: tuple[Option, ...]
    operands: int
    ended: bool = False
    fault: str = ""


def parse(argv: Sequence[str], grammar: str, start: int = 1) -> Parsed:
    """Read options of `grammar` from ``argv[start:]`` until the first operand; `ended` says that ``--`` did it."""
    options: list[Option] = []
    position = start
    while position < len(argv):
        word = argv[position]
        if word == "--":
            return Parsed(tuple(options), position + 1, ended=True)
        if not word.startswith("-") or word == "-":
            break
        if word.startswith("--"):
            return Parsed(tuple(options), position, fault=f"{word} is not an option")
        for offset, letter in enumerate(word[1:], 1):
            place = grammar.find(letter) if letter != ":" else -1
            if place < 0:
                return Parsed(tuple(options), position, fault=f"-{letter} is not an option that is known")
            if grammar[place + 1 : place + 2] != ":":
                options.append(Option(letter))
                continue
            glued = word[offset + 1 :]
            if not glued:
                position += 1
                if position >= len(argv):
                    return Parsed(tuple(options), position, fault=f"-{letter} has no value")
            value = glued or argv[position]
            options.append(Option(letter, value, position, word[: offset + 1] if glued else ""))
            break
        position += 1
    return Parsed(tuple(options), position)


@dataclass(frozen=True, slots=True)
class SshLine:
    """A command line of ssh: options, the destination (None for none), and the words of the remote command.

    `before` is how many options stand before the destination: they win over what it says, those after it do not.
    """

    options: tuple[Option, ...]
    destination: str | None
    command: tuple[str, ...]
    fault: str = ""
    before: int = 0


def parse_ssh(argv: Sequence[str]) -> SshLine:
    """Take a whole command line of ssh apart."""
    first = parse(argv, SSH)
    if first.fault or first.operands >= len(argv):
        return SshLine(first.options, None, (), first.fault)
    destination = argv[first.operands]
    after, before = first.operands + 1, len(first.options)
    ended = first.ended or (first.operands > 1 and argv[first.operands - 1] == "--")
    if ended:
        return SshLine(first.options, destination, tuple(argv[after:]), before=before)
    second = parse(argv, SSH, after)
    return SshLine(first.options + second.options, destination, tuple(argv[second.operands :]), second.fault, before)
