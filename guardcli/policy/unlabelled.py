"""Whether a call would show, without its name, what a rule masks by its name.

Such an output is not masked and then let through in the hope that it holds nothing: the call is denied, and its caller
told which form of output has names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from guardcli.model.masking import MaskRule
from guardcli.model.operations import Operation, Unlabelled

UNNAMED_COLUMNS = "guard:unnamed-columns"
"""The rule that denies it."""


def unlabelled(rules: Iterable[MaskRule], operations: Sequence[Operation], tool: str) -> str:
    """Return why a call of `tool` must not run as it is, and what to do instead; empty where nothing is against it."""
    held = [rule for rule in rules if rule.columns and (not rule.tools or not tool or tool in rule.tools)]
    for operation in operations if held else ():
        shown = operation.unlabelled
        if shown is not None and (hidden := _hidden(shown, held)):
            globs = ", ".join(dict.fromkeys(glob for rule in hidden for glob in rule.columns))
            return (
                f"The policy masks values by the names of their columns and keys ({globs}), and {shown.form} "
                f"may show them where no name tells them. Instead: {shown.instead}."
            )
    return ""


def _hidden(shown: Unlabelled, rules: Sequence[MaskRule]) -> list[MaskRule]:
    """Return the rules whose columns may be shown under no name, or under one that they do not know."""
    if shown.columns is None:
        return list(rules)
    return [
        rule
        for rule in rules
        if any(any(map(rule.names, names)) and not rule.names(label) for label, names in shown.columns)
    ]
