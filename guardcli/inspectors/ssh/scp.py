"""scp: what is copied from where to where, and what its options run or redirect."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace

from guardcli.inspectors.shell.files import is_home, is_sensitive, steers
from guardcli.inspectors.ssh.call import config_files, environment, harmless, shared_option
from guardcli.inspectors.ssh.options import SCP, Option, parse
from guardcli.inspectors.ssh.settings import Settings
from guardcli.inspectors.ssh.targets import Destination, host_target, parse_destination, parse_uri
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation, Target, conceded

_PLAIN = frozenset("12346BCTpqrvcilXO")
MAX_OPERANDS = 1000
"""Files of one call: each is an operation that the policy looks at."""

_SHELL_SIGNS = re.compile(r"[^\w./@%+=:,~ -]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a copy: a path, and the host it is on (None for this side)."""

    path: str
    host: Destination | None = None

    @property
    def target(self) -> Target:
        """The file as a target."""
        return Target("file", self.path or ".")


class ScpInspector:
    """Understands calls of scp."""

    tool = "scp"

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what the call would copy. Never raises."""
        parsed = parse(invocation.argv, SCP)
        operands = invocation.argv[parsed.operands :]
        if parsed.fault:
            return Inspection((conceded(self.tool, "scp", f"scp would refuse the call: {parsed.fault}", Effect.FILE),))
        letters = {option.letter for option in parsed.options}
        if letters & {"t", "f"}:
            return Inspection((conceded(self.tool, "scp", "scp is called as its own server side", Effect.FILE),))
        if len(operands) < 2:
            return Inspection((harmless(self.tool, "usage"),))
        if len(operands) > MAX_OPERANDS:
            reason = f"more than {MAX_OPERANDS} files are named; make several calls of it"
            return Inspection((conceded(self.tool, "copy", reason, Effect.WRITE, Effect.FILE),))
        settings = Settings(self.tool)
        environment(invocation, settings)
        for option in parsed.options:
            take_option(option, settings, _PLAIN)
        places = [_place(word) for word in operands]
        host = next((place.host.host for place in places if place.host), "")
        inputs = config_files(parsed.options, host, invocation, facts, settings)
        operations = self._copies(places[:-1], places[-1], letters, settings)
        return Inspection((*settings.operations, *operations), tuple(inputs))

    def _copies(self, sources: list[Place], end: Place, letters: Set[str], settings: Settings) -> list[Operation]:
        operations = []
        widens = steers(end.path)
        for source in sources:
            operations += self._copy(source, end, settings, widens=widens, whole="r" in letters)
        if "O" in letters:
            for place in (*sources, end):
                if place.host and _SHELL_SIGNS.search(place.path):
                    reason = "with -O the other side's shell reads the path"
                    operations.append(conceded(self.tool, "scp", reason, Effect.EXECUTE))
        return operations

    def _copy(self, source: Place, end: Place, settings: Settings, *, widens: bool, whole: bool) -> list[Operation]:
        faults = [place.host.fault for place in (source, end) if place.host and place.host.fault]
        targets = [reached(place.host, settings) for place in (source, end) if place.host]
        if faults:
            return [conceded(self.tool, "copy", faults[0], Effect.WRITE, Effect.FILE, targets=targets)]
        if end.host:
            effects = {Effect.WRITE, Effect.FILE}
            action = "copy between hosts" if source.host else "upload"
        else:
            effects = {Effect.READ, Effect.FILE} if source.host else {Effect.WRITE, Effect.FILE}
            action = "download" if source.host else "copy"
        if widens:
            effects.add(Effect.PRIVILEGE)
        return [
            Operation(
                self.tool,
                action,
                frozenset(effects),
                (*targets, source.target, end.target),
                sensitive=is_sensitive(source.path) or (whole and is_home(source.path or "~")),
            )
        ]


def take_option(option: Option, settings: Settings, plain: frozenset[str]) -> None:
    """Take an option of scp or sftp; what runs a program has the effect execute."""
    if option.letter in ("S", "D"):
        settings.add(f"-{option.letter}", Effect.EXECUTE)
    elif option.letter == "P":
        settings.keyword("port", option.value)
    elif option.letter in plain or option.letter in ("F", "b"):
        return
    elif option.letter not in ("o", "J", "A") or not shared_option(option, settings):
        settings.concede(f"-{option.letter}", f"the option -{option.letter} is not known here", Effect.EXECUTE)


def reached(host: Destination, settings: Settings) -> Target:
    """Return the host that a copy really reaches."""
    real = settings.values.get("hostname") or host.host
    port = host.port or settings.values.get("port", "")
    return host_target(real, host.user or settings.values.get("user", ""), port)


def _place(word: str) -> Place:
    """Read an operand as scp does."""
    uri = parse_uri(word, "scp")
    if uri is not None:
        return Place(uri.path or "", uri)
    end = _colon(word)
    if end is None:
        return Place(word)
    user, _, host = word[:end].rpartition("@")
    bracketed = host.startswith("[") and host.endswith("]")
    found = parse_destination(host[1:-1] if bracketed else host)
    return Place(word[end + 1 :], replace(found, user=user))


def _colon(word: str) -> int | None:
    """Return where the colon stands that makes an operand remote: before any slash, not first, not in brackets."""
    bracket = word.startswith("[")
    for index, sign in enumerate(word):
        if sign == "/" or (sign == ":" and index == 0):
            return None
        bracket = bracket or word.startswith("@[", index)
        if sign == "]" and bracket and word.startswith(":", index + 1):
            return index + 1
        if sign == ":" and not bracket:
            return index
    return None
