"""A policy as plain data: what its digest is taken over, and what ``guard policy show --effective`` prints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, time, tzinfo
from enum import Enum
from typing import Any

from guardcli.policy.effective import Policy

_LEFT_OUT = frozenset({"digest", "tests", "sources", "source", "line", "replaces", "ruleset"})
"""Fields that change no decision."""


def normal_form(policy: Policy) -> dict[str, Any]:
    """Return all of `policy` that can change a decision, the masking or a tool, without what is not given."""
    form: dict[str, Any] = _plain(policy)
    return {"version": 1, **form}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        parts = {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if one.name not in _LEFT_OUT}
        return {name: _plain(part) for name, part in parts.items() if part not in (None, (), frozenset(), "", {})}
    if isinstance(value, frozenset):
        return sorted(_plain(one) for one in value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in sorted(value.items())}
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, tzinfo) else value
