"""In what form kubectl prints objects: whether what it prints says which key a value is of.

JSON and YAML do, and so do tables under their header. Templates and ``--no-headers`` do not: of those, the names are
read that they ask for, as far as a template is made of nothing but paths.
Source: Kubernetes documentation, "JSONPath Support"; kubectl's custom columns.
"""

from __future__ import annotations

import re

from guardcli.inspectors.kubectl.flags import CommandLine
from guardcli.model.operations import Unlabelled

INSTEAD = "-o json, -o yaml or a table with its header"
_NAMED = frozenset(("", "json", "yaml", "wide", "name", "kyaml", "table"))
_PATHS = ("jsonpath", "jsonpath-as-json")
_ACTION = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_STEP = re.compile(
    r"\.(?P<name>(?:[\w$-]|\\.)+)|\[(?P<quote>['\"])(?P<quoted>[^'\"\]]+)(?P=quote)\]|\[(?P<index>-?[0-9:-]*)\]"
    r"|\[\?\((?P<filter>[^()]*)\)\]|(?P<any>\[\*\]|\.\*)|(?P<deep>\.)(?=\.)"
)
_HEADER = re.compile(r"[A-Z][A-Z0-9_()/-]*(?: [A-Z0-9_()/-]+)*")

Names = frozenset[str]


def unlabelled(line: CommandLine) -> Unlabelled | None:
    """Return what the output of a call would not say; None where every value stands beside its name."""
    output, _, template = line.value("output").partition("=")
    template = template or line.value("template")
    if output in _PATHS:
        fields = _paths(template)
        return Unlabelled(f"kubectl -o {output}", INSTEAD, None if fields is None else (("", fields),))
    if output == "custom-columns":
        return Unlabelled("kubectl -o custom-columns", INSTEAD, _columns(template, line.maybe("no-headers")))
    if output not in _NAMED or line.has("template"):
        return Unlabelled(f"kubectl -o {output}" if output else "kubectl --template", INSTEAD)
    if output in ("", "wide") and line.maybe("no-headers"):
        return Unlabelled("kubectl --no-headers", INSTEAD)
    return None


def _columns(spec: str, without_header: bool) -> tuple[tuple[str, Names], ...] | None:
    """Return each column of ``HEADER:path,…`` with the names that its path goes by."""
    found = []
    for part in re.split(r",(?![^()\[\]]*[)\]])", spec):
        header, colon, path = part.partition(":")
        names = _path(path.strip().strip("{}"), False) if colon else None
        if names is None:
            return None
        found.append((header if _HEADER.fullmatch(header) and not without_header else "", names))
    return tuple(found)


def _paths(template: str) -> Names | None:
    """Return every name on the paths of a template; None where it may print a value whose name it does not give."""
    if not template or template.count("{") != template.count("}"):
        return None
    actions = _ACTION.findall(template if "{" in template else f"{{{template}}}")
    if len(actions) != max(1, template.count("{")):
        return None
    names: set[str] = set()
    ranges = 0
    for action in actions:
        text = action.strip()
        if text == "end":
            ranges -= 1
        elif not _LITERAL.fullmatch(text):
            is_range = text.startswith("range ")
            found = _path(text.removeprefix("range ").strip(), ranges > 0, is_range)
            if found is None:
                return None
            names |= found
            ranges += is_range
    return frozenset(names)


def _path(path: str, within: bool, is_range: bool = False) -> Names | None:
    """Return the names on one path. `within` a range its root is a value that has no name here any more."""
    names: list[str] = []
    is_named, place = not within, 0
    path = re.sub(r"^[@$](?=[.\[]|\Z)", "", path)
    path = path if not path or path[0] in ".[" else f".{path}"
    path = "" if path == "." else path
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            return None
        name = (step["name"] or step["quoted"] or "").replace("\\", "").lower()
        if name:
            names += [name, *re.split(r"[./]", name)]
            is_named = True
        elif step["any"] or step["filter"]:
            is_named = is_range or (names == ["items", "items"] and place == len(".items"))
        place = step.end()
    return frozenset(names) if is_named else None
