"""From ``approve`` and ``limits`` sections to the terms of a yes and the bounds of a response."""

from __future__ import annotations

from guardcli.model.decisions import ApprovalTerms
from guardcli.model.limits import OutputLimit
from guardcli.policy.parts import Parts
from guardcli.policy.problems import Path
from guardcli.policy.rules import LimitRule
from guardcli.policy.schema import ApproveSection, LimitSection, MatchSection, PolicyLimitSection
from guardcli.policy.windows import build_window


def build_terms(section: ApproveSection, match: MatchSection, parts: Parts, path: Path) -> ApprovalTerms:
    """Return the terms of `section`, which belongs to what `match` matches."""
    if section.expires <= 0:
        parts.report.at((*path, "expires"), "an approval that expires at once can never be used")
    if section.grant is not None and section.grant <= 0:
        parts.report.at((*path, "grant"), "a grant that ends at once is none; leave it out")
    if section.grant and not match.resource:
        parts.report.at_key((*path, "grant"), "a grant is for a rule and a resource: name the `resource` in `match`")
    return ApprovalTerms(
        groups=parts.texts(section.groups, (*path, "groups")),
        quorum=section.quorum,
        expires=section.expires,
        all_of=parts.texts(section.all_of, (*path, "all_of")),
        grant=section.grant or 0.0,
        windows=() if section.window is None else (build_window(section.window, parts.report, (*path, "window")),),
        justification=section.justification == "required",
    )


def build_limit(section: LimitSection, name: str, parts: Parts, path: Path) -> OutputLimit | None:
    """Return the limit of `section`, which goes by `name` unless it has an id; None where it is none."""
    measures = [key for key in ("findings", "rows", "size") if getattr(section, key) is not None]
    detect = parts.detectors(section.detect, (*path, "detect"))
    if len(measures) != 1:
        count = "none" if not measures else "several"
        parts.report.at(path, f"a limit has one of `findings`, `rows` and `bytes`; this one has {count}")
        return None
    if (section.findings is None) != (section.detect is None):
        parts.report.at(path, "`findings` says how many, `detect` of what; the one needs the other")
        return None
    if section.detect is not None and not detect:
        return None
    return OutputLimit(
        name=section.id or name,
        then=section.then,
        findings=section.findings,
        detect=detect,
        rows=section.rows,
        size=section.size,
        message=section.message or "",
    )


def build_limit_rule(section: PolicyLimitSection, parts: Parts, path: Path) -> LimitRule | None:
    """Return the limit of the whole policy that `section` describes; None where it is none, or is switched off."""
    if section.id is None:
        parts.report.at(path, "a limit has an `id`, by which the agent is told and another policy can replace it")
    if not section.enabled:
        return None
    limit = build_limit(section, "limit", parts, path)
    tools = parts.texts(section.tools, (*path, "tools"), parts.check_tool)
    resources = parts.texts(section.resource, (*path, "resource"), parts.check_resource)
    return None if limit is None else LimitRule(limit, tools, resources)
