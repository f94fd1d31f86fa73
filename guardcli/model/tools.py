"""What a policy says about a tool that guard has no inspector of its own for."""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.model.effects import Effect


@dataclass(frozen=True, slots=True)
class ToolPattern:
    """One line of a policy's knowledge: a call whose arguments match is `action`, with exactly `effects`.

    `match` is a regular expression in RE2's syntax, searched in the arguments joined by single spaces, the tool's
    own name left out and every argument quoted as for a shell where it needs to be: an argument with a space in it
    cannot pass for two. Anchor it with ``^``, or an argument that merely contains the words matches as well.
    """

    match: str
    effects: frozenset[Effect]
    action: str


@dataclass(frozen=True, slots=True)
class ToolCredential:
    """What a tool's process is given by the name `variable`: the credential itself, or a file that holds it.

    `reference` is ``provider:reference``.
    """

    variable: str
    reference: str
    in_file: bool = False


@dataclass(frozen=True, slots=True)
class ToolRules:
    """All that a policy knows about `tool`; the first pattern that matches a call describes it.

    Where `sql` names a client of another database, such as ``mysql``, its statements describe what no pattern does.
    An allowed call gets `credentials`, and of variables what `set` says; what fits a glob of `drop` it does not get.
    """

    tool: str
    patterns: tuple[ToolPattern, ...] = ()
    sql: str = ""
    credentials: tuple[ToolCredential, ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    drop: tuple[str, ...] = ()

    @property
    def equips(self) -> bool:
        """Whether the tool's process gets something else than the caller has."""
        return bool(self.credentials or self.set or self.drop)
