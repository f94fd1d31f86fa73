"""Policy as code: text in, `Decision` out. Pure but for reading the files that are named.

==================  ==================================================================================
``source``          YAML to a tree that knows its lines; bounded, no aliases, no tags, no duplicate keys
``schema``          the shape of a policy file, in pydantic; ``schema_file`` publishes it for editors
``problems``        faults with file:line:column and a suggestion
``parts``           what building any section needs: the report, the names, shared lists
``build``           one file's sections to rules, with what a schema cannot see
``terms``           approval terms and limits; ``windows`` spans of time; ``places`` resources and isolation
``loader``          `load_policy`: extends, overrides, lists; every problem at once
``checks``          rules that can never fire or never decide
``rules``           the frozen values that a loaded policy is made of
``effective``       `Policy`: a policy with everything that it extends
``normal``          a policy as plain data: its digest, and ``show --effective``
``globs``           ``*`` and ``**``, in linear time
``recognition``     is this operation aimed at that resource: yes, no, or not known
``view``            one operation with its context, taken apart as far as rules ask
``keys``            what each key of a match asks of it
``expressions``     regular expressions in linear time
``matching``        one rule against one operation
``unknown``         servers of databases that no resource names
``engine``          `decide`: every rule against every operation, the strictest wins
==================  ==================================================================================
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guardcli.policy.effective import Policy
    from guardcli.policy.engine import decide
    from guardcli.policy.loader import load_policy, pack_names
    from guardcli.policy.rules import Context

__all__ = ["Context", "Policy", "decide", "load_policy", "pack_names"]

_HOMES = {
    "Context": "rules",
    "Policy": "effective",
    "decide": "engine",
    "load_policy": "loader",
    "pack_names": "loader",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first asked for: an API deals in bundles, and judges nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
