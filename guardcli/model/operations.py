"""What an invocation would do, as an inspector understood it: complete or conceded.

An inspector either knows all effects of an operation, or says ``complete=False`` and why. It is never
confidently wrong. An incomplete operation needs at the least an approval unless a rule names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from guardcli.model.effects import Effect, in_order
from guardcli.model.facts import Facts
from guardcli.model.invocation import Invocation


@dataclass(frozen=True, slots=True)
class Target:
    """Something that an operation touches: what kind of thing it is, and its name in parts joined by ``/``.

    ===========  ==============================================
    kind         name
    ===========  ==============================================
    table        ``schema/table``, schema empty where not given
    function     ``schema/function``
    database     database name
    role         role name
    object       ``namespace/kind/name`` in a cluster
    host         ``user@host:port`` as far as given
    ref          ``remote/refs/heads/name``
    file         a path, on the side that `Operation.action` says
    command      a program's name
    resource     a resource of the policy, by its name
    ===========  ==============================================
    """

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Values that an output shows without the name of their column or key, so that no rule about names can find them.

    `form` says what leaves the names out, `instead` what shows them. `columns` holds, for each value, the name that
    does stand beside it, empty for none, and all those in lower case that it may be of; None where any may be there.
    """

    form: str
    instead: str
    columns: tuple[tuple[str, frozenset[str]], ...] | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a call would do.

    `action` is the tool's own word for it, lower case: ``select``, ``drop table``, ``delete``, ``push``,
    ``\\copy``. `complete` says that `effects` holds all there is; otherwise `reason` says what is not known.
    `unbounded` marks a change without a limiting condition; `sensitive` a read of secret material; `unlabelled` an
    output that does not name what it shows.
    """

    tool: str
    action: str
    effects: frozenset[Effect]
    targets: tuple[Target, ...] = ()
    complete: bool = True
    reason: str = ""
    unbounded: bool = False
    sensitive: bool = False
    unlabelled: Unlabelled | None = None

    def __post_init__(self) -> None:
        if not self.complete and not self.reason:
            raise ValueError("an incomplete operation says why")
        if self.complete and Effect.UNKNOWN in self.effects:
            raise ValueError("an operation with unknown effects is not complete")
        if not self.effects:
            raise ValueError("an operation has at least one effect")

    def as_json(self) -> dict[str, object]:
        """Return the stable machine form; `unbounded` and `sensitive` appear only where true."""
        form: dict[str, object] = {
            "tool": self.tool,
            "action": self.action,
            "effects": [effect.value for effect in in_order(self.effects)],
            "targets": [str(target) for target in self.targets],
            "complete": self.complete,
            "reason": self.reason,
        }
        if self.unbounded:
            form["unbounded"] = True
        if self.sensitive:
            form["sensitive"] = True
        return form


class Stream(str, Enum):
    """What a call's output is, as far as masking is concerned."""

    TEXT = "text"
    """Masked and recorded."""
    BINARY = "binary"
    """Git's pack protocol and its like: passed byte-exact, counted and hashed, neither masked nor recorded."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that decided the judgement and that the tool would open by itself later.

    The broker replaces ``argv[index]`` with ``prefix`` + the path of a sealed copy of what was read, so that a
    change of the file after the judgement gains nothing. Where `variable` names an environment variable, that
    is set to the path instead, and `index` is left out. `elsewhere` says that it is read by a process that has none of
    the tool's descriptors any more: ssh closes them, and is what scp starts.
    """

    path: str
    index: int = -1
    prefix: str = ""
    variable: str = ""
    elsewhere: bool = False

    def __post_init__(self) -> None:
        if (self.index < 0) != bool(self.variable):
            raise ValueError("a copy goes into an argument or into a variable")


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that an inspector has to say about one call. `operations` is never empty.

    `environment` holds the variables, name and value, that the broker sets for the tool, so that it does what was
    judged and nothing else.
    """

    operations: tuple[Operation, ...]
    inputs: tuple[Input, ...] = ()
    output: Stream = Stream.TEXT
    environment: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.operations:
            raise ValueError("an inspection has at least one operation")


class Inspector(Protocol):
    """Understands one tool. Pure and fast: no I/O but through `facts`, no state between calls."""

    tool: str

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what `invocation` would do. Never raises for any input; concedes instead."""
        ...


def conceded(tool: str, action: str, reason: str, *effects: Effect, targets: Sequence[Target] = ()) -> Operation:
    """Return an operation that is not understood: `effects` as far as known, and UNKNOWN."""
    return Operation(
        tool=tool,
        action=action,
        effects=frozenset((*effects, Effect.UNKNOWN)),
        targets=tuple(targets),
        complete=False,
        reason=reason,
    )
