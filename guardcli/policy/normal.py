"""A policy as plain data in its own language: what its digest is taken over, and what ``show --effective`` prints.

What is written this way and loaded again has the same digest: nothing of what it extends is left out.
"""

from __future__ import annotations

from typing import Any

from guardcli.model.decisions import ApprovalTerms, Verdict
from guardcli.model.effects import in_order
from guardcli.model.isolation import Isolation, Network
from guardcli.model.limits import OutputLimit
from guardcli.model.masking import MaskRule
from guardcli.model.resources import Access, Resource, UnknownServers
from guardcli.model.windows import DAYS, Window, clock_text
from guardcli.policy.effective import Policy
from guardcli.policy.rules import LimitRule, Match, Rule, Waiver
from guardcli.policy.schema import VERSION

Form = dict[str, Any]


def normal_form(policy: Policy) -> Form:
    """Return all of `policy` that can change a decision, the masking or a tool, without what is not given."""
    return _given(
        version=VERSION,
        name=policy.name,
        approval_wait=None if policy.approval_wait is None else _seconds(policy.approval_wait),
        unmatched=None if policy.unmatched is Verdict.APPROVE else policy.unmatched.value,
        unknown_servers=(None if policy.unknown_servers is UnknownServers.GATEWAY else policy.unknown_servers.value),
        resources={one.name: _resource(one) for one in policy.resources},
        tools={
            rules.tool: _given(
                patterns=[
                    {"match": one.match, "effects": [e.value for e in in_order(one.effects)], "action": one.action}
                    for one in rules.patterns
                ],
                sql=rules.sql or None,
                credentials=[
                    {"file" if one.in_file else "env": one.variable, "from": one.reference} for one in rules.credentials
                ],
                environment=_given(set=dict(rules.set), drop=list(rules.drop)),
            )
            for rules in policy.tool_rules
        },
        rules=[_rule(rule) for rule in policy.rules],
        exceptions=[_waiver(waiver) for waiver in policy.waivers],
        mask=[_mask(rule) for rule in policy.mask],
        limits=[_limit_rule(rule) for rule in policy.limits],
        offline={"reads": _seconds(policy.offline_reads)} if policy.offline_reads else None,
        isolation=_isolation(policy.isolation),
    )


def _given(**parts: Any) -> Form:
    """Return the parts that are given; False and 0 are."""
    return {name.rstrip("_"): part for name, part in parts.items() if part not in (None, "", (), [], {})}


def _seconds(duration: float) -> str:
    return f"{duration:.0f}s"


def _rule(rule: Rule) -> Form:
    return _given(
        id=rule.id,
        match=_match(rule.match),
        unless=None if rule.unless is None else _match(rule.unless),
        decision=rule.verdict.value,
        message=rule.message,
        approve=_terms(rule.terms),
        record=None if rule.recording is None else rule.recording.value,
        mask=[_mask(mask) for mask in rule.mask],
        limits=[_limit(limit) for limit in rule.limits],
    )


def _waiver(waiver: Waiver) -> Form:
    form = _rule(waiver.rule)
    del form["message"]
    form |= {"rules": sorted(waiver.rules), "owner": waiver.owner, "reason": waiver.reason}
    return form | _given(**{"from": waiver.start and waiver.start.isoformat()}, until=waiver.until.isoformat())


def _match(match: Match) -> Form:
    return _given(
        tool=list(match.tools),
        action=list(match.actions),
        effects=[effect.value for effect in in_order(match.effects)],
        targets=list(match.targets),
        complete=match.complete,
        unbounded=match.unbounded,
        sensitive=match.sensitive,
        resource=list(match.resources),
        environment=list(match.environments),
        branch=list(match.branches),
        groups=list(match.groups),
        identity=list(match.identities),
        parent=list(match.parents),
        argv=list(match.argv),
        values=list(match.values),
        when=None if match.when is None else _window(match.when),
    )


def _window(window: Window) -> Form:
    return _given(
        days=[DAYS[day] for day in sorted(window.days)],
        hours=None if window.hours is None else "-".join(map(clock_text, window.hours)),
        timezone=None if window.zone is None else str(window.zone),
        **{"from": window.start and window.start.isoformat()},
        until=window.end and window.end.isoformat(),
    )


def _terms(terms: ApprovalTerms | None) -> Form | None:
    if terms is None:
        return None
    return _given(
        groups=list(terms.groups),
        quorum=terms.quorum,
        all_of=list(terms.all_of),
        expires=_seconds(terms.expires),
        grant=_seconds(terms.grant) if terms.grant else None,
        window=_window(terms.windows[0]) if terms.windows else None,
        justification="required" if terms.justification else None,
    )


def _limit(limit: OutputLimit) -> Form:
    return _given(
        id=limit.name,
        findings=limit.findings,
        detect=list(limit.detect),
        rows=limit.rows,
        bytes=limit.size,
        then=limit.then.value,
        message=limit.message,
    )


def _limit_rule(rule: LimitRule) -> Form:
    return _limit(rule.limit) | _given(tools=list(rule.tools), resource=list(rule.resources))


def _isolation(isolation: Isolation) -> Form:
    form = _given(
        hide=list(isolation.hide),
        show=list(isolation.show),
        write=list(isolation.write),
        environment=_given(keep=list(isolation.keep), set=dict(isolation.set)),
        hosts=list(isolation.hosts),
    )
    if form or isolation.network is not Network.SHARED:
        form["network"] = isolation.network.value
    return form


def _mask(mask: MaskRule) -> Form:
    return _given(
        detect=list(mask.detect),
        columns=list(mask.columns),
        **{"with": mask.strategy.value},
        keep_last=mask.keep_last,
        tools=list(mask.tools),
        patterns={pattern.name: pattern.regex for pattern in mask.patterns},
        deny=list(mask.deny),
        allow=list(mask.allow),
        allow_matching=list(mask.allow_matching),
        decode=[encoding.value for encoding in mask.decode],
    )


def _resource(resource: Resource) -> Form:
    return _given(
        kind=resource.kind,
        host=list(resource.hosts),
        port=list(resource.ports),
        dbname=list(resource.databases),
        context=list(resource.contexts),
        namespace=list(resource.namespaces),
        remote=list(resource.remotes),
        environment=resource.environment,
        credential=resource.credential,
        expose=resource.expose,
        options=_options(resource.access),
    )


def _options(access: Access) -> Form:
    return _given(
        user=access.user,
        tls=None if access.tls is None else access.tls.value,
        ca=access.ca,
        certificate=access.certificate,
        key=access.key,
        known_hosts=access.known_hosts,
        host_key=access.host_key,
        passphrase=access.passphrase,
        paths=" ".join(access.paths),
        replication="allow" if access.replication else None,
        listen="tcp" if access.loopback else None,
        connections=access.connections or None,
        idle=_seconds(access.idle) if access.idle else None,
        lifetime=_seconds(access.lifetime) if access.lifetime else None,
        path=access.path,
        server_name=access.server_name,
        impersonation="allow" if access.impersonation else None,
        unmasked_streams="allow" if access.unmasked_streams else None,
    ) | dict(access.other)
