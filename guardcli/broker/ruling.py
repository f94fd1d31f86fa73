"""What a session is judged by, of the centre's policy and the machine's own.

The centre's goes first. The machine's own, where its user has chosen one, can only make it stricter; where nobody has
chosen one, what guard falls back on has no say beside the centre's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guardcli.model.masking import MaskRule
from guardcli.policy import Policy
from guardcli.policy.tightening import masking_only

if TYPE_CHECKING:  # what checks signatures takes long to load, and most machines have no centre
    from guardcli.policy.bundles import Assigned


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who decides: `policy`, made stricter by `own`; `groups` are those that the centre knows, None for one's own word.

    `assigned` is what the centre answered; `away` for how many seconds it had been out of reach then, None for not.
    """

    policy: Policy
    own: Policy | None = None
    groups: tuple[str, ...] | None = None
    assigned: Assigned | None = None
    away: float | None = None

    @property
    def is_central(self) -> bool:
        """Whether the centre's policy decides."""
        return self.assigned is not None and self.assigned.version > 0

    @property
    def mask(self) -> tuple[MaskRule, ...]:
        """The rules of masking: the machine's own go after, and let nothing stay."""
        return self.policy.mask + (masking_only(self.own.mask) if self.own is not None else ())

    @property
    def guarded(self) -> tuple[str, ...]:
        """Every tool that has a shim."""
        return tuple(dict.fromkeys((*self.policy.guarded, *(self.own.guarded if self.own is not None else ()))))

    def later(self, first: Ruling) -> list[str]:
        """Name what a session that began under `first` was set up without: it holds from the next session on."""
        before, after = first.policy, self.policy
        found = {
            "tools": bool(set(self.guarded) - set(first.guarded)),
            "gateways and credentials": before.resources != after.resources,
            "isolation": before.isolation != after.isolation,
        }
        return [name for name, differs in found.items() if differs]

    def facts(self) -> Mapping[str, object]:
        """Return what the record says of it."""
        data: dict[str, object] = {"policy": self.policy.name, "digest": self.policy.digest}
        if self.assigned is not None:
            answer, published = self.assigned.answer, self.assigned.published
            data |= {"version": answer.version, "serial": answer.serial, "group": answer.group}
            data |= {"groups": list(answer.groups), "content": answer.content, "key": self.assigned.keys.current.id}
            if published is not None:
                data |= {"published_by": published.by, "comment": published.comment}
        if self.own is not None:
            data |= {"own": self.own.name, "own_digest": self.own.digest}
        if self.away is not None:
            data["away"] = round(self.away)
        return data


@dataclass(frozen=True, slots=True)
class Machine:
    """The policy of the machine itself; `chosen` says that it is not just what guard falls back on."""

    policy: Policy
    chosen: bool

    def under(self, assigned: Assigned | None, away: float | None = None) -> Ruling:
        """Return who decides where the centre has answered this.

        Raises ConfigurationError where the bundle is none that this guard can read.
        """
        if assigned is None or not assigned.version:
            return Ruling(self.policy, assigned=assigned, away=away)
        from guardcli.policy.bundles import opened

        own = self.policy if self.chosen else None
        return Ruling(opened(assigned.content), own, assigned.answer.groups, assigned, away)
