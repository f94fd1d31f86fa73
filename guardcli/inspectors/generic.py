"""Any tool that has no inspector of its own: understood only as far as the policy's own patterns go."""

from __future__ import annotations

import functools
import shlex
from typing import Any

import re2  # type: ignore[import-untyped]

from guardcli.model.effects import Effect
from guardcli.model.facts import Facts
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation, conceded
from guardcli.model.tools import ToolPattern, ToolRules

MAX_TEXT = 1 << 20
"""Characters of joined arguments that are matched: time grows with the length, and no honest call is longer."""


class GenericInspector:
    """Describes a call by the first `ToolPattern` that matches it, and concedes otherwise.

    Regular expressions run in linear time. A pattern that does not compile makes every call conceded, because the
    order of the patterns is part of their meaning.
    """

    def __init__(self, tool: str, patterns: tuple[ToolPattern, ...] = ()) -> None:
        self.tool = tool
        self._rules = ToolRules(tool, patterns)

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what the policy's patterns say about `invocation`."""
        return Inspection((self._operation(invocation),))

    def _operation(self, invocation: Invocation) -> Operation:
        text = shlex.join(invocation.arguments)
        if len(text) > MAX_TEXT:
            return conceded(self.tool, self.tool, f"the arguments are longer than {MAX_TEXT} characters")
        try:
            compiled = _compile(self._rules)
        except re2.error as error:
            return conceded(self.tool, self.tool, f"a pattern of the policy for {self.tool} is not valid: {error}")
        searched = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
        for pattern, expression in compiled:
            if expression.search(searched):
                return self._described(pattern)
        return conceded(self.tool, self.tool, f"no pattern of the policy describes this call of {self.tool}")

    def _described(self, pattern: ToolPattern) -> Operation:
        if not pattern.effects or Effect.UNKNOWN in pattern.effects:
            reason = f"the policy does not say what {pattern.action} does"
            return conceded(self.tool, pattern.action, reason, *pattern.effects)
        return Operation(self.tool, pattern.action, pattern.effects)


@functools.lru_cache(maxsize=256)
def _compile(rules: ToolRules) -> tuple[tuple[ToolPattern, Any], ...]:
    options = re2.Options()
    options.log_errors = False
    return tuple((pattern, re2.compile(pattern.match, options)) for pattern in rules.patterns)
