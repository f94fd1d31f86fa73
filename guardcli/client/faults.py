"""What a verification of the record finds wrong; apart from what finds it, which has keys and hashes to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `sequence` is -1 where it is not about one event, `session` empty for the trail."""

    session: str
    sequence: int
    message: str
