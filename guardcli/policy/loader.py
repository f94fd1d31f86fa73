"""`load_policy`: one file and all that it extends, strictly, every problem at once.

Files are merged by name: a rule, an exception, a resource, a tool, a list or a mask with an ``id`` takes the place
of the one of the same name in what is extended. Each file counts once, however often it is extended, and what is
named later in ``extends`` goes before what is named earlier.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.resources
import json
import os.path
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from guardcli.model.decisions import Verdict
from guardcli.model.errors import ConfigurationError, Problem
from guardcli.model.masking import MaskRule
from guardcli.model.resources import Resource, UnknownServers
from guardcli.model.tools import ToolRules
from guardcli.policy.build import Builder
from guardcli.policy.checks import Order, never_applies, never_together
from guardcli.policy.effective import Policy
from guardcli.policy.normal import normal_form
from guardcli.policy.parts import Names
from guardcli.policy.places import build_isolation, build_resource
from guardcli.policy.problems import Path, Report, nearest, note_nothing, note_shape, suggestion
from guardcli.policy.rules import SHELL, SHIMMED, LimitRule, Rule, Waiver
from guardcli.policy.schema import PolicySection
from guardcli.policy.source import MAX_CHARACTERS, parse_tree
from guardcli.policy.terms import build_limit_rule

PACK = "pack:"
MAX_FILES = 32
"""Files that one policy may be made of."""

Read = Callable[[str], bytes]
Value = TypeVar("Value")

_BY_NAME = frozenset({"lists", "resources", "tools"})
"""Sections whose entries go by names, so that one that is faulty can be left out."""
_PACKS = importlib.resources.files("guardcli.policy") / "packs"


@dataclass(frozen=True, slots=True)
class _Document:
    """One file: its shape, where its parts are, and what it extends, in order."""

    source: str
    section: PolicySection
    report: Report
    indexes: Mapping[str, Sequence[int]]


def pack_names() -> tuple[str, ...]:
    """Return the names of the packs that ship, sorted."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _PACKS.iterdir() if entry.name.endswith(".yaml")))


def read_source(source: str) -> bytes:
    """Return the text of a pack or a file, no more than one byte over the bound. Raises OSError."""
    place = _PACKS / f"{source[len(PACK) :]}.yaml" if source.startswith(PACK) else _PACKS / os.path.abspath(source)
    if isinstance(place, pathlib.Path) and not (place.is_file() or place.is_dir()) and place.exists():
        raise OSError(errno.EINVAL, "it is no regular file")
    with place.open("rb") as file:
        return file.read(4 * MAX_CHARACTERS + 1)


def load_policy(source: str, read: Read = read_source) -> Policy:
    """Return the policy at `source`, a path or ``pack:NAME``, with all that it extends.

    `read` gives the bytes of a source and raises OSError. Raises ConfigurationError with every problem found.
    """
    gathered = _Gathering(read)
    gathered.load(source, None)
    complete = bool(gathered.documents) and gathered.documents[-1].source == source
    policy = _merge(gathered.documents) if complete else None
    problems = [*gathered.problems, *(p for one in gathered.documents for p in one.report.problems)]
    if problems or policy is None:
        ordered = sorted(set(problems), key=lambda p: (p.file != source, p.file, p.line, p.column, p.message))
        count = "a problem" if len(ordered) == 1 else f"{len(ordered)} problems"
        raise ConfigurationError(f"the policy {source} has {count}", ordered)
    return policy


class _Gathering:
    """Reads a file and all that it extends, each once, parents before children."""

    def __init__(self, read: Read) -> None:
        self.documents: list[_Document] = []
        self.problems: list[Problem] = []
        self._read = read
        self._open: list[str] = []
        self._seen: set[str] = set()

    def load(self, source: str, asked: tuple[Report, Path] | None) -> None:
        """Read `source`; `asked` is where it was named, None for the first."""
        if source in self._open:
            circle = " → ".join([*self._open[self._open.index(source) :], source])
            self._note(source, asked, f"the policy extends itself: {circle}")
            return
        if source in self._seen:
            return
        self._seen.add(source)
        if len(self._seen) > MAX_FILES:
            self._note(source, asked, f"a policy is made of at most {MAX_FILES} files")
            return
        text = self._text(source, asked)
        document = None if text is None else self._shape(source, text)
        if document is None:
            return
        self._open.append(source)
        for index, name in enumerate(document.section.extends or ()):
            self.load(_relative(name, source), (document.report, ("extends", index)))
        self._open.pop()
        self.documents.append(document)

    def _note(self, source: str, asked: tuple[Report, Path] | None, message: str) -> None:
        if asked is None:
            self.problems.append(Problem(source, 0, 0, message))
        else:
            asked[0].at(asked[1], message)

    def _text(self, source: str, asked: tuple[Report, Path] | None) -> str | None:
        name = source.removeprefix(PACK)
        if source.startswith(PACK) and name not in pack_names():
            self._note(source, asked, f"no pack is named {name!r}{suggestion(name, pack_names())}")
            return None
        try:
            return self._read(source).decode("utf-8")
        except UnicodeDecodeError as error:
            self._note(source, asked, f"{source} is not UTF-8, from byte {error.start} on")
        except OSError as error:
            hint = f"; did you mean pack:{source}?" if source in pack_names() else ""
            self._note(source, asked, f"{source} cannot be read: {error.strerror or error}{hint}")
        return None

    def _shape(self, source: str, text: str) -> _Document | None:
        tree, problems = parse_tree(text, source)
        self.problems += problems
        if tree is None or not isinstance(tree.value, dict):
            if not problems:
                self.problems.append(Problem(source, 1, 1, "a policy is a mapping that begins with `version: 1`"))
            return None
        report = Report(source, tree)
        note_nothing(report, tree)
        section, indexes = _validate(tree.value, report)
        return _Document(source, section, report, indexes)


def _relative(name: str, source: str) -> str:
    if name.startswith(PACK) or os.path.isabs(name) or source.startswith(PACK):
        return name
    return os.path.normpath(os.path.join(os.path.dirname(source), name))


def _validate(value: dict[str, Any], report: Report) -> tuple[PolicySection, Mapping[str, Sequence[int]]]:
    """Return what has the right shape; the rest is noted and left out, so that more faults can be found in one go."""
    indexes = {key: list(range(len(part))) for key, part in value.items() if isinstance(part, list)}
    try:
        return PolicySection.model_validate(value), indexes
    except ValidationError as error:
        errors = error.errors(include_url=False)
    note_shape(report, errors, PolicySection)
    bad = {tuple(error["loc"][:2]) for error in errors}
    sound: dict[str, Any] = {}
    for key, part in value.items():
        if (key,) in bad or key not in PolicySection.model_fields:
            continue
        if isinstance(part, list):
            indexes[key] = [index for index in range(len(part)) if (key, index) not in bad]
            sound[key] = [part[index] for index in indexes[key]]
        elif isinstance(part, dict) and key in _BY_NAME:
            sound[key] = {name: one for name, one in part.items() if (key, name) not in bad}
        elif part is not None and not any(place[:1] == (key,) for place in bad):
            sound[key] = part
    sound["version"] = "1"
    sound["name"] = value["name"] if isinstance(value.get("name"), str) and ("name",) not in bad else "unnamed"
    if not sound.get("extends", True):
        del sound["extends"]
    return PolicySection.model_validate(sound), indexes


def _merge(documents: Sequence[_Document]) -> Policy | None:
    """Put the files together, the last one's parts first; None where there are problems."""
    names = _names(documents)
    builders = {one.source: Builder(one.report, names) for one in documents}
    top = documents[-1]
    rules: dict[str, Rule] = {}
    waivers: dict[str, Waiver] = {}
    resources: dict[str, Resource] = {}
    tools: dict[str, ToolRules] = {}
    mask: list[tuple[str, MaskRule, bool]] = []
    limits: dict[str, LimitRule | None] = {}
    for document in reversed(documents):
        builder, section = builders[document.source], document.section
        builder.check_lists(section.lists)
        _keep(rules, _rules(document, builder))
        _keep(waivers, _waivers(document, builder))
        for name, resource in section.resources.items():
            resources.setdefault(name, build_resource(name, resource, builder))
        for name, tool in section.tools.items():
            if name in (*SHIMMED, SHELL):
                document.report.at_key(("tools", name), f"guard understands {name} by itself; write rules for it")
            tools.setdefault(name, builder.tool(name, tool))
        _keep_masks(mask, document, builder)
        _keep_limits(limits, document, builder)
    _check_ids(top, rules, waivers)
    _check_lists_used(top, builders.values())
    _check_order(documents, rules, names.tools)
    tests = [builders[top.source].test(*item) for item in _items(top, "tests", top.section.tests)]
    for index, test in enumerate(tests):
        if test.rule and not test.rule.startswith("guard:") and test.rule not in rules and test.rule not in waivers:
            place = ("tests", top.indexes["tests"][index], "rule")
            top.report.at(place, f"no rule is named {test.rule!r}{suggestion(test.rule, [*rules, *waivers])}")
    isolated = ((one.section.isolation, builders[one.source]) for one in reversed(documents))
    isolation = build_isolation([(section, builder) for section, builder in isolated if section is not None])
    if any(one.report.problems for one in documents):
        return None
    offline = (one.section.offline.reads for one in reversed(documents) if one.section.offline is not None)
    waits = (one.section.approval_wait for one in reversed(documents))
    unmatched = (one.section.unmatched for one in reversed(documents))
    unknown = (one.section.unknown_servers for one in reversed(documents))
    policy = Policy(
        name=top.section.name,
        digest="",
        rules=tuple(rules.values()),
        waivers=tuple(waivers.values()),
        resources=tuple(resources.values()),
        tools=tuple(name for name in tools if name not in (*SHIMMED, SHELL)),
        tool_rules=tuple(tools.values()),
        mask=tuple(rule for _, rule, enabled in mask if enabled),
        limits=tuple(limit for limit in limits.values() if limit is not None),
        isolation=isolation,
        offline_reads=next(offline, 0.0),
        approval_wait=next((wait for wait in waits if wait is not None), None),
        unmatched=next((Verdict(said) for said in unmatched if said is not None), Verdict.APPROVE),
        unknown_servers=next((one for one in unknown if one is not None), UnknownServers.GATEWAY),
        tests=tuple(tests),
        sources=tuple(one.source for one in reversed(documents)),
        hints=tuple(hint for one in reversed(documents) for hint in one.report.hints),
    )
    canonical = json.dumps(normal_form(policy), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return replace(policy, digest=hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest())


def _names(documents: Sequence[_Document]) -> Names:
    lists: dict[str, Sequence[str]] = {}
    for document in documents:
        lists |= document.section.lists
    return Names(
        lists=lists,
        resources={name: resource.kind for one in documents for name, resource in one.section.resources.items()},
        environments={
            one.environment for each in documents for one in each.section.resources.values() if one.environment
        },
        tools=(*SHIMMED, SHELL, *dict.fromkeys(name for one in documents for name in one.section.tools)),
    )


def _items(document: _Document, key: str, sections: Sequence[Value]) -> Iterator[tuple[Value, Path]]:
    """Yield each section of a list with its path in the file, where faulty ones still count."""
    for section, index in zip(sections, document.indexes.get(key, ()), strict=True):
        yield section, (key, index)


def _rules(document: _Document, builder: Builder) -> list[Rule]:
    found: dict[str, Rule] = {}
    for section, path in _items(document, "rules", document.section.rules):
        rule = builder.rule(section, path)
        if rule.id in found:
            document.report.at(
                (*path, "id"), f"the rule {rule.id!r} is given twice; first on line {found[rule.id].line}"
            )
        found.setdefault(rule.id, rule)
    return list(found.values())


def _waivers(document: _Document, builder: Builder) -> list[Waiver]:
    found: dict[str, Waiver] = {}
    for section, path in _items(document, "exceptions", document.section.exceptions):
        waiver = builder.waiver(section, path)
        if waiver.rule.id in found:
            first = found[waiver.rule.id].rule.line
            document.report.at((*path, "id"), f"the exception {waiver.rule.id!r} is given twice; first on line {first}")
        found.setdefault(waiver.rule.id, waiver)
    return list(found.values())


def _keep(into: dict[str, Any], found: Sequence[Rule] | Sequence[Waiver]) -> None:
    """Add what no later file has replaced, and note there what was replaced."""
    for one in found:
        name = one.id if isinstance(one, Rule) else one.rule.id
        kept = into.setdefault(name, one)
        if kept is not one and isinstance(kept, Rule) and isinstance(one, Rule) and not kept.replaces:
            into[name] = replace(kept, replaces=one.source)


def _keep_masks(into: list[tuple[str, MaskRule, bool]], document: _Document, builder: Builder) -> None:
    taken = {name for name, _, _ in into if name}
    for section, path in _items(document, "mask", document.section.mask):
        rule = builder.mask(section, path)
        if (section.id or "") not in taken:
            into.append((section.id or "", rule, section.enabled))


def _keep_limits(into: dict[str, LimitRule | None], document: _Document, builder: Builder) -> None:
    own: dict[str, int] = {}
    for section, path in _items(document, "limits", document.section.limits):
        rule, name = build_limit_rule(section, builder, path), section.id or ""
        if name in own:
            document.report.at((*path, "id"), f"the limit {name!r} is given twice; first on line {own[name]}")
        own.setdefault(name, document.report.line(path))
        into.setdefault(name, rule)


def _check_ids(top: _Document, rules: Mapping[str, Rule], waivers: Mapping[str, Waiver]) -> None:
    """Note exceptions that share a name with a rule or that take away what is not there."""
    for section, path in _items(top, "exceptions", top.section.exceptions):
        if section.id in rules:
            top.report.at((*path, "id"), f"{section.id!r} is the name of a rule; give the exception its own")
        for index, name in enumerate(section.rules):
            place = (*path, "rules", index)
            if name not in rules:
                top.report.at(place, f"no rule is named {name!r}{suggestion(name, rules)}")
            elif rules[name].verdict is Verdict.ALLOW:
                top.report.at(place, f"{name!r} allows; an exception takes away rules that ask or deny")
            elif section.id in waivers and never_together(waivers[section.id].rule.match, rules[name].match):
                top.report.at(place, f"whatever this exception is for, {name!r} does not match it, so it does nothing")


def _check_lists_used(top: _Document, builders: Iterable[Builder]) -> None:
    """Note a list that nothing uses and whose name is nearly that of one that is used."""
    used = {name for builder in builders for name in builder.used_lists}
    for name in top.section.lists.keys() - used:
        near = nearest(name, used)
        if near:
            top.report.at_key(("lists", name), f"nothing uses the list {name!r}; did you mean {near!r}?")


def _check_order(documents: Sequence[_Document], rules: Mapping[str, Rule], tools: Sequence[str]) -> None:
    """Note the rules of the top file that another rule always goes before."""
    top = documents[-1]
    if top.report.problems:
        return
    order = Order(tuple(rules.values()), tools)
    paths = {section.id: path for section, path in _items(top, "rules", top.section.rules)}
    for rule in rules.values():
        if rule.source == top.source and never_applies(rule, tools):
            top.report.at_key(
                (*paths[rule.id], "unless"),
                f"the rule {rule.id!r} can never decide: its `unless` takes away all that it matches",
            )
            continue
        other = order.never_decides(rule) if rule.source == top.source else None
        if other is not None:
            where = f"on line {other.line}" if other.source == top.source else f"of {other.source}"
            advice = "" if other.source == top.source else f", or replace it: write a rule with the id {other.id!r}"
            top.report.at(
                paths[rule.id],
                f"the rule {rule.id!r} can never decide: {other.id!r} {where} ({other.verdict.value}) matches whatever"
                f" it matches and goes before it; narrow that one with `unless`, write an exception{advice}",
            )
