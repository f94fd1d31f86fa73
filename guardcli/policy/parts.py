"""What building any section of a file needs: its report, the names that it may use, and shared lists filled in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from guardcli.model.masking import DETECTOR_GROUPS, DETECTORS
from guardcli.policy.expressions import compile_expression
from guardcli.policy.globs import Glob
from guardcli.policy.problems import Path, Report, nearest, suggestion

_LIST = re.compile(r"(|.*[:/])\$([a-z0-9][a-z0-9._-]*)", re.DOTALL)

Check = Callable[[str, Path], None]


@dataclass(frozen=True, slots=True)
class Names:
    """What may be named in a policy: shared lists, resources with their kinds, tools, the resources' environments;
    of all that it extends too."""

    lists: Mapping[str, Sequence[str]]
    resources: Mapping[str, str]
    tools: Sequence[str]
    environments: Set[str] = frozenset()


class Parts:
    """Builds parts of one file; every problem goes to its report."""

    def __init__(self, report: Report, names: Names) -> None:
        self.report = report
        self.names = names
        self.used_lists: set[str] = set()

    def texts(self, values: Sequence[str] | None, path: Path, check: Check | None = None) -> tuple[str, ...]:
        """Return `values`, each that ends in ``$name`` once for every entry of that list; `check` sees each one."""
        found: list[str] = []
        for index, value in enumerate(values or ()):
            place = (*path, index)
            for one in self._filled_in(value, place):
                found.append(one)
                if check is not None:
                    check(one, place)
        return tuple(dict.fromkeys(found))

    def _filled_in(self, value: str, place: Path) -> Sequence[str]:
        named = _LIST.fullmatch(value)
        if named is None:
            return [value]
        before, name = named.groups()
        self.used_lists.add(name)
        if name in self.names.lists:
            return [before + one for one in self.names.lists[name]]
        self.report.at(place, f"no list is named {name!r}{suggestion(name, self.names.lists)}")
        return []

    def check_lists(self, lists: Mapping[str, Sequence[str]]) -> None:
        """Note entries that name another list: lists are not put into lists."""
        for name, values in lists.items():
            for index, value in enumerate(values):
                if _LIST.fullmatch(value):
                    self.report.at(("lists", name, index), f"a list holds no other list; {value!r} would stay as it is")

    def detectors(self, values: Sequence[str] | None, path: Path) -> tuple[str, ...]:
        """Return the names of detectors, those of a group in its place."""

        def known(name: str, place: Path) -> None:
            if name not in DETECTORS and name not in DETECTOR_GROUPS:
                self.report.at(place, f"no detector is named {name!r}{suggestion(name, DETECTORS)}")

        named = self.texts(values, path, known)
        return tuple(dict.fromkeys(one for name in named for one in sorted(DETECTOR_GROUPS.get(name, [name]))))

    def expressions(self, patterns: Sequence[str] | None, path: Path) -> tuple[str, ...]:
        """Return `patterns`, each checked."""
        for index, pattern in enumerate(patterns or ()):
            self.check_expression(pattern, (*path, index))
        return tuple(patterns or ())

    def check_expression(self, pattern: str, path: Path) -> None:
        """Note a regular expression that re2 refuses."""
        try:
            compile_expression(pattern)
        except ValueError as error:
            self.report.at(path, f"not a regular expression that runs in linear time: {error}")

    def check_tool(self, pattern: str, path: Path) -> None:
        """Note a glob that no guarded tool fits."""
        if not any(Glob(pattern).matches(tool) for tool in self.names.tools):
            hint = suggestion(pattern, self.names.tools)
            self.report.at(path, f"{pattern!r} is no guarded tool{hint or '; add it under `tools:`'}")

    def check_environment(self, name: str, path: Path) -> None:
        """Note a name that is nearly that of an environment of some resource, where none is in it."""
        if any(Glob(name).matches(one) for one in self.names.environments):
            return
        if near := nearest(name, self.names.environments):
            self.report.at(path, f"no resource is in the environment {name!r}; did you mean {near!r}?")

    def check_resource(self, name: str, path: Path) -> None:
        """Note a name that no resource has."""
        if name not in self.names.resources:
            hint = suggestion(name, self.names.resources) or "; describe it under `resources:`"
            self.report.at(path, f"no resource is named {name!r}{hint}")
