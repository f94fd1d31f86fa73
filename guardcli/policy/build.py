"""From the sections of one file to frozen rules, with everything noted that a schema cannot see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from guardcli.model.decisions import ApprovalTerms, Recording, Verdict
from guardcli.model.masking import MaskPattern, MaskRule
from guardcli.model.tools import ToolPattern, ToolRules
from guardcli.policy.expressions import compile_expression, first_word
from guardcli.policy.globs import Glob
from guardcli.policy.parts import Parts
from guardcli.policy.places import build_credentials, build_variables, check_variables, hint_at_slip
from guardcli.policy.problems import Path, nearest, suggestion
from guardcli.policy.rules import RESOURCE_TOOLS, SHELL, Match, PolicyTest, Repository, Rule, Waiver
from guardcli.policy.schema import (
    ExceptionSection,
    MaskSection,
    MatchSection,
    RuleSection,
    TestSection,
    ToolSection,
)
from guardcli.policy.terms import build_limit, build_terms
from guardcli.policy.view import PLACES
from guardcli.policy.windows import build_window

KINDS = PLACES | {"table", "function", "schema", "role", "object", "ref", "file", "command"}
"""Every kind of target that an inspector names."""
_NEVER_NAMED = {
    "git": frozenset({"table", "function", "schema", "role", "database", "object"}),
    "psql": frozenset({"ref", "object"}),
    "kubectl": frozenset({"ref"}),
}
"""Tool → kinds that none of its operations has as a target."""


_HANDING_ON = frozenset({"ssh", "kubectl", SHELL})
"""Tools in whose calls those of other tools are found."""


class Builder(Parts):
    """Builds the parts of one file; every problem goes to its report."""

    def rule(self, section: RuleSection, path: Path) -> Rule:
        """Return the rule of `section`."""
        verdict = Verdict(section.decision)
        if section.approve is not None and verdict is not Verdict.APPROVE:
            self.report.at_key((*path, "approve"), f"`approve` has no meaning for a rule that decides {verdict.value}")
        masks = [self.mask(one, (*path, "mask", index)) for index, one in enumerate(section.mask or ())]
        if section.limits and verdict is Verdict.DENY:
            self.report.at_key((*path, "limits"), "`limits` have no meaning for a rule that denies: nothing is run")
        bounds = enumerate(section.limits or ())
        limits = [build_limit(one, section.id, self, (*path, "limits", index)) for index, one in bounds]
        return Rule(
            id=section.id,
            match=self.match(section.match, (*path, "match"), permits=verdict is Verdict.ALLOW),
            unless=None if section.unless is None else self.match(section.unless, (*path, "unless")),
            verdict=verdict,
            message=section.message or "",
            terms=self._terms(section, (*path, "approve")) if verdict is Verdict.APPROVE else None,
            recording=None if section.record is None else Recording(section.record),
            mask=tuple(masks),
            limits=tuple(limit for limit in limits if limit is not None),
            source=self.report.file,
            line=self.report.line(path),
        )

    def _terms(self, section: RuleSection | ExceptionSection, path: Path) -> ApprovalTerms | None:
        return None if section.approve is None else build_terms(section.approve, section.match, self, path)

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
            terms=self._terms(section, (*path, "approve")) if verdict is Verdict.APPROVE else None,
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
            tools=texts("tool", self.check_tool),
            actions=texts("action", self._check_action),
            effects=frozenset(section.effects or ()),
            targets=texts("targets", self._check_target),
            complete=section.complete,
            unbounded=section.unbounded,
            sensitive=section.sensitive,
            resources=texts("resource", self.check_resource),
            groups=texts("groups"),
            identities=texts("identity"),
            parents=texts("parent", self.check_tool),
            environments=texts("environment", self.check_environment),
            branches=texts("branch", self._check_parts),
            argv=self.expressions(section.argv, (*path, "argv")),
            values=texts("values"),
            when=None if section.when is None else build_window(section.when, self.report, (*path, "when")),
        )
        self._check_contradictions(match, path, permits)
        return match

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

        return MaskRule(
            detect=self.detectors(section.detect, (*path, "detect")),
            columns=self.texts(section.columns, (*path, "columns")),
            strategy=section.strategy,
            keep_last=section.keep_last,
            tools=self.texts(section.tools, (*path, "tools"), self.check_tool),
            patterns=tuple(MaskPattern(name, pattern) for name, pattern in section.patterns.items()),
            deny=self.texts(section.deny, (*path, "deny")),
            allow=self.texts(section.allow, (*path, "allow")),
            allow_matching=tuple(section.allow_matching or ()),
            decode=tuple(dict.fromkeys(section.decode or ())),
        )

    def _check_pattern(self, pattern: str, path: Path) -> None:
        """Note a masking pattern that re2 refuses, or that matches an empty text."""
        try:
            if compile_expression(pattern).search(b"") is not None:
                self.report.at(path, f"{pattern!r} matches an empty text, so it would mask everything and nothing")
        except ValueError as error:
            self.report.at(path, f"not a regular expression that runs in linear time: {error}")

    def tool(self, name: str, section: ToolSection) -> ToolRules:
        """Return what is known about the tool `name`."""
        patterns = []
        for index, one in enumerate(section.patterns):
            self.check_expression(one.match, ("tools", name, "patterns", index, "match"))
            patterns.append(ToolPattern(one.match, frozenset(one.effects), one.action))
        environment = section.environment
        return ToolRules(
            name,
            tuple(patterns),
            section.sql or "",
            credentials=build_credentials(name, section.credentials, self),
            set=build_variables(environment.set if environment else {}, self, ("tools", name, "environment", "set")),
            drop=self.texts(
                environment.drop if environment else None, ("tools", name, "environment", "drop"), check_variables(self)
            ),
        )

    def test(self, section: TestSection, path: Path) -> PolicyTest:
        """Return the test of `section`."""
        if (section.run is None) == (section.sql is None):
            self.report.at(path, "a test has either `run` or `sql`")
        if section.resource:
            self.check_resource(section.resource, (*path, "resource"))
        repository = section.repository
        now = section.now
        for name in section.env:
            hint_at_slip(name, self, (*path, "env", name))
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

    def _check_action(self, action: str, path: Path) -> None:
        first = action.split(" ")[0]
        if first != first.lower() or "  " in action or action != action.strip():
            plain = " ".join(action.split()).lower()
            self.report.at(path, f"actions are in lower case with single spaces; write {plain!r}, not {action!r}")

    def _wrong_tool(self, word: str, tools: Sequence[str]) -> str:
        """Return why no call that begins with `word` is one of `tools`: it is another tool's name, or a slip of one.

        What ssh, kubectl and a shell run may be a call of any other tool.
        """
        if not word or any(Glob(tool).matches(word) for tool in tools) or word in _HANDING_ON:
            return ""
        near = "" if word in self.names.tools else nearest(word, self.names.tools)
        if near:
            return f"{word!r} is no guarded tool; did you mean {near!r}?"
        return (
            f"no call of {', '.join(tools)} begins with {word!r}, so nothing matches"
            if word in self.names.tools
            else ""
        )

    def _check_contradictions(self, match: Match, path: Path, permits: bool) -> None:
        unknown = {effect.value for effect in match.effects} == {"unknown"}
        if unknown and (match.complete is True or (permits and match.complete is None)):
            self.report.at_key(
                (*path, "effects"),
                "what has unknown effects is never complete, so nothing matches; add `complete: false`",
            )
        tools = [tool for tool in self.names.tools if any(Glob(one).matches(tool) for one in match.tools)]
        kinds = {self.names.resources[name] for name in match.resources if name in self.names.resources}
        if tools and kinds and not any(tool in RESOURCE_TOOLS.get(kind, (tool,)) for kind in kinds for tool in tools):
            self.report.at_key((*path, "resource"), f"{', '.join(tools)} never reaches such a resource")
        named = {target.partition(":")[0] for target in match.targets}
        if tools and named and all(named <= _NEVER_NAMED.get(tool, frozenset()) for tool in tools):
            self.report.at_key((*path, "targets"), f"{', '.join(tools)} has no such targets, so nothing matches")
        if match.branches and match.tools and not any(Glob(tool).matches("git") for tool in match.tools):
            self.report.at_key((*path, "branch"), "only git works on branches, and `tool` leaves git out")
        for index, pattern in enumerate(match.argv if match.tools else ()):
            if wrong := self._wrong_tool(first_word(pattern, whole=permits), match.tools):
                self.report.at((*path, "argv", index), wrong)
        if match.unbounded and match.effects and {e.value for e in match.effects} <= {"read", "session"} and permits:
            self.report.at_key((*path, "unbounded"), "what only reads is never unbounded, so nothing matches")
