"""From the sections of one file to frozen rules, with everything noted that a schema cannot see."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from functools import cache

from guardcli.model.decisions import ApprovalTerms, Recording, Verdict
from guardcli.model.masking import DETECTOR_GROUPS, DETECTORS, MaskPattern, MaskRule
from guardcli.model.tools import ToolPattern, ToolRules
from guardcli.policy.expressions import compile_expression
from guardcli.policy.globs import Glob
from guardcli.policy.problems import Path, Report, suggestion
from guardcli.policy.rules import Match, PolicyTest, Repository, Resource, Rule, Waiver, Window
from guardcli.policy.schema import (
    DAYS,
    ApproveSection,
    ExceptionSection,
    MaskSection,
    MatchSection,
    ResourceSection,
    RuleSection,
    TestSection,
    ToolSection,
    WhenSection,
)
from guardcli.policy.view import PLACES

KINDS = PLACES | {"table", "function", "schema", "role", "object", "ref", "file", "command"}
"""Every kind of target that an inspector names."""
_LIST = re.compile(r"(|.*[:/])\$([a-z0-9][a-z0-9._-]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Names:
    """What may be named in a policy: shared lists, resources and tools of everything that it extends too."""

    lists: Mapping[str, Sequence[str]]
    resources: Collection[str]
    tools: Sequence[str]


class Builder:
    """Builds the parts of one file; every problem goes to its report."""

    def __init__(self, report: Report, names: Names) -> None:
        self.report = report
        self.names = names

    def rule(self, section: RuleSection, path: Path) -> Rule:
        """Return the rule of `section`."""
        verdict = Verdict(section.decision)
        if section.approve is not None and verdict is not Verdict.APPROVE:
            self.report.at_key((*path, "approve"), f"`approve` has no meaning for a rule that decides {verdict.value}")
        masks = [self.mask(one, (*path, "mask", index)) for index, one in enumerate(section.mask or ())]
        return Rule(
            id=section.id,
            match=self.match(section.match, (*path, "match"), permits=verdict is Verdict.ALLOW),
            unless=None if section.unless is None else self.match(section.unless, (*path, "unless")),
            verdict=verdict,
            message=section.message or "",
            terms=self._terms(section.approve, (*path, "approve")) if verdict is Verdict.APPROVE else None,
            recording=None if section.record is None else Recording(section.record),
            mask=tuple(masks),
            source=self.report.file,
            line=self.report.line(path),
        )

    def waiver(self, section: ExceptionSection, path: Path) -> Waiver:
        """Return the exception of `section`."""
        verdict = Verdict(section.decision)
        if section.approve is not None and verdict is not Verdict.APPROVE:
            self.report.at_key((*path, "approve"), "`approve` has no meaning for an exception that allows")
        if section.start is not None and section.start > section.until:
            self.report.at((*path, "until"), "the exception ends before it begins")
        rule = Rule(
            id=section.id,
            match=self.match(section.match, (*path, "match"), permits=True),
            unless=None if section.unless is None else self.match(section.unless, (*path, "unless")),
            verdict=verdict,
            message=f"Exception of {section.owner} until {section.until}: {section.reason}",
            terms=self._terms(section.approve, (*path, "approve")) if verdict is Verdict.APPROVE else None,
            source=self.report.file,
            line=self.report.line(path),
        )
        return Waiver(frozenset(section.rules), rule, section.owner, section.reason, section.until, section.start)

    def match(self, section: MatchSection, path: Path, *, permits: bool = False) -> Match:
        """Return the match of `section`, its lists filled in."""
        if not section.model_fields_set:
            self.report.at(path, 'an empty match would match everything; say so with `tool: "*"`')

        def texts(key: str, check: Callable[[str, Path], None] | None = None) -> tuple[str, ...]:
            return self.texts(getattr(section, key), (*path, key), check)

        match = Match(
            tools=texts("tool", self._check_tool),
            actions=texts("action"),
            effects=frozenset(section.effects or ()),
            targets=texts("targets", self._check_target),
            complete=section.complete,
            unbounded=section.unbounded,
            sensitive=section.sensitive,
            resources=texts("resource", self._check_resource),
            groups=texts("groups"),
            identities=texts("identity"),
            parents=texts("parent", self._check_tool),
            environments=texts("environment"),
            branches=texts("branch", self._check_parts),
            argv=self._expressions(section.argv, (*path, "argv")),
            when=None if section.when is None else self._window(section.when, (*path, "when")),
        )
        self._check_contradictions(match, path, permits)
        return match

    def texts(
        self, values: Sequence[str] | None, path: Path, check: Callable[[str, Path], None] | None = None
    ) -> tuple[str, ...]:
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
        if name in self.names.lists:
            return [before + one for one in self.names.lists[name]]
        self.report.at(place, f"no list is named {name!r}{suggestion(name, self.names.lists)}")
        return []

    def mask(self, section: MaskSection, path: Path) -> MaskRule:
        """Return the mask rule of `section`."""
        masked = section.detect or section.columns or section.patterns or section.deny
        if section.enabled and not masked and not section.allow and not section.allow_matching:
            self.report.at(path, "a mask names what it masks: `detect`, `columns`, `patterns` or `deny`")
        for name, pattern in section.patterns.items():
            self._check_pattern(pattern, (*path, "patterns", name))
        for index, pattern in enumerate(section.allow_matching or ()):
            self.check_expression(pattern, (*path, "allow_matching", index))
        if not section.enabled and section.id is None:
            self.report.at_key((*path, "enabled"), "only a mask with an `id` can be switched off")

        def known(name: str, place: Path) -> None:
            if name not in DETECTORS and name not in DETECTOR_GROUPS:
                self.report.at(place, f"no detector is named {name!r}{suggestion(name, DETECTORS)}")

        named = self.texts(section.detect, (*path, "detect"), known)
        return MaskRule(
            detect=tuple(dict.fromkeys(one for name in named for one in sorted(DETECTOR_GROUPS.get(name, [name])))),
            columns=self.texts(section.columns, (*path, "columns")),
            strategy=section.strategy,
            keep_last=section.keep_last,
            tools=self.texts(section.tools, (*path, "tools"), self._check_tool),
            patterns=tuple(MaskPattern(name, pattern) for name, pattern in section.patterns.items()),
            deny=self.texts(section.deny, (*path, "deny")),
            allow=self.texts(section.allow, (*path, "allow")),
            allow_matching=tuple(section.allow_matching or ()),
        )

    def _check_pattern(self, pattern: str, path: Path) -> None:
        """Note a masking pattern that re2 refuses, or that matches an empty text."""
        try:
            if compile_expression(pattern).search(b"") is not None:
                self.report.at(path, f"{pattern!r} matches an empty text, so it would mask everything and nothing")
        except ValueError as error:
            self.report.at(path, f"not a regular expression that runs in linear time: {error}")

    def resource(self, name: str, section: ResourceSection) -> Resource:
        """Return the resource of `section`."""
        path: Path = ("resources", name)
        return Resource(
            name=name,
            kind=section.kind,
            hosts=self.texts(section.host, (*path, "host")),
            ports=tuple(section.port or ()),
            databases=self.texts(section.dbname, (*path, "dbname")),
            contexts=self.texts(section.context, (*path, "context")),
            namespaces=self.texts(section.namespace, (*path, "namespace")),
            remotes=self.texts(section.remote, (*path, "remote")),
            environment=section.environment or "",
            credential=section.credential or "",
            expose=section.expose or "",
            options=dict(section.options or {}),
        )

    def tool(self, name: str, section: ToolSection) -> ToolRules:
        """Return what is known about the tool `name`."""
        patterns = []
        for index, one in enumerate(section.patterns):
            self.check_expression(one.match, ("tools", name, "patterns", index, "match"))
            patterns.append(ToolPattern(one.match, frozenset(one.effects), one.action))
        return ToolRules(name, tuple(patterns))

    def test(self, section: TestSection, path: Path) -> PolicyTest:
        """Return the test of `section`."""
        if (section.run is None) == (section.sql is None):
            self.report.at(path, "a test has either `run` or `sql`")
        if section.resource:
            self._check_resource(section.resource, (*path, "resource"))
        repository = section.repository
        now = section.now
        return PolicyTest(
            expect=Verdict(section.expect),
            run=tuple(section.run or ()),
            sql=section.sql or "",
            rule=section.rule or "",
            resource=section.resource or "",
            env=section.env,
            stdin=section.stdin,
            files=section.files,
            repository=None
            if repository is None
            else Repository(repository.branch, repository.ahead, repository.files, repository.config),
            identity=section.identity,
            groups=self.texts(section.groups, (*path, "groups")),
            parent=section.parent,
            environment=section.environment,
            branch=section.branch,
            now=now.replace(tzinfo=UTC) if isinstance(now, datetime) and now.tzinfo is None else now,
            source=self.report.file,
            line=self.report.line(path),
        )

    def _expressions(self, patterns: Sequence[str] | None, path: Path) -> tuple[str, ...]:
        for index, pattern in enumerate(patterns or ()):
            self.check_expression(pattern, (*path, index))
        return tuple(patterns or ())

    def check_expression(self, pattern: str, path: Path) -> None:
        """Note a regular expression that re2 refuses."""
        try:
            compile_expression(pattern)
        except ValueError as error:
            self.report.at(path, f"not a regular expression that runs in linear time: {error}")

    def _terms(self, section: ApproveSection | None, path: Path) -> ApprovalTerms | None:
        if section is None:
            return None
        if section.expires <= 0:
            self.report.at((*path, "expires"), "an approval that expires at once can never be used")
        return ApprovalTerms(self.texts(section.groups, (*path, "groups")), section.quorum, section.expires)

    def _check_tool(self, pattern: str, path: Path) -> None:
        if not any(Glob(pattern).matches(tool) for tool in self.names.tools):
            hint = suggestion(pattern, self.names.tools)
            self.report.at(path, f"{pattern!r} is no guarded tool{hint or '; add it under `tools:`'}")

    def _check_resource(self, name: str, path: Path) -> None:
        if name not in self.names.resources:
            hint = suggestion(name, self.names.resources) or "; describe it under `resources:`"
            self.report.at(path, f"no resource is named {name!r}{hint}")

    def _check_parts(self, pattern: str, path: Path) -> None:
        if any("**" in part and part != "**" for part in pattern.split("/")):
            self.report.at(path, f"`**` stands for whole parts, so it has a part of its own: {pattern!r}")

    def _check_target(self, pattern: str, path: Path) -> None:
        kind, colon, name = pattern.partition(":")
        if not colon or not name:
            self.report.at(path, f"a target is written kind:name, such as table:public/orders, not {pattern!r}")
            return
        if kind != "*" and kind not in KINDS:
            self.report.at(path, f"no target is of the kind {kind!r}{suggestion(kind, KINDS)}")
            return
        self._check_parts(name, path)
        if kind in ("table", "function") and name.count("/") > 1 and "**" not in name.split("/"):
            self.report.at(path, f"{kind} targets are schema/{kind}, so {pattern!r} could never match")

    def _check_contradictions(self, match: Match, path: Path, permits: bool) -> None:
        unknown = {effect.value for effect in match.effects} == {"unknown"}
        if unknown and (match.complete is True or (permits and match.complete is None)):
            self.report.at_key(
                (*path, "effects"),
                "what has unknown effects is never complete, so nothing matches; add `complete: false`",
            )
        if match.branches and match.tools and not any(Glob(tool).matches("git") for tool in match.tools):
            self.report.at_key((*path, "branch"), "only git works on branches, and `tool` leaves git out")
        if match.unbounded and match.effects and {e.value for e in match.effects} <= {"read", "session"} and permits:
            self.report.at_key((*path, "unbounded"), "what only reads is never unbounded, so nothing matches")

    def _window(self, section: WhenSection, path: Path) -> Window:
        hours = None
        if section.hours is not None:
            opening, closing = (_clock(text) for text in section.hours.split("-"))
            if opening is None or closing is None or opening == closing:
                self.report.at((*path, "hours"), f"{section.hours!r} is no span of hours; write 09:00-17:30")
            else:
                hours = (opening, closing)
        if section.start is not None and section.end is not None and section.start > section.end:
            self.report.at((*path, "until"), "the window ends before it begins, so nothing matches")
        days: set[int] = set()
        for index, text in enumerate(section.days or ()):
            found = _days(text)
            if not found:
                names = ", ".join(DAYS)
                self.report.at((*path, "days", index), f"{text!r} is no day; use {names}, or a span such as mon-fri")
            days |= found
        zone = self._zone(section.timezone, (*path, "timezone"))
        return Window(frozenset(days), hours, zone, section.start, section.end)

    def _zone(self, name: str | None, path: Path) -> tzinfo | None:
        if name is None or name == "UTC":
            return UTC
        from zoneinfo import ZoneInfo

        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.report.at(path, f"no time zone is named {name!r}; write Europe/Berlin or UTC")
            return None


def _clock(text: str) -> time | None:
    hour, minute = int(text[:2]), int(text[3:])
    if (hour, minute) == (24, 0):
        return time.max
    return time(hour, minute) if hour < 24 and minute < 60 else None


@cache
def _days(text: str) -> frozenset[int]:
    first, _, last = text.lower().partition("-")
    if first not in DAYS or (last and last not in DAYS):
        return frozenset()
    start, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset(day % 7 for day in range(start, end + 1 if end >= start else end + 8))
