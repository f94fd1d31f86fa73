"""Evidence as a page for people, on any screen and on paper: no script, nothing fetched, text only ever text."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

STYLE = """
body{font:16px/1.45 system-ui,sans-serif;margin:0 auto;max-width:70em;padding:1em;color:#111;background:#fff}
h1{font-size:1.5em}h2{font-size:1.2em;border-bottom:2px solid}h3{font-size:1em;margin:0}
section,li.chain{border:1px solid #999;border-radius:4px;margin:.8em 0;padding:.8em;break-inside:avoid}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em;margin:.5em 0}
dt{color:#444}dd{margin:0;overflow-wrap:anywhere}p,li{overflow-wrap:anywhere}
.broken{border:3px solid #a00;padding:.5em}ul.chains{list-style:none;padding:0}
@media (max-width:40em){dl{grid-template-columns:1fr}dd{margin:0 0 .4em 1em}}
@media print{body{font-size:10pt;max-width:none;padding:0}}
"""

LISTED = 200
"""Identities, hosts or policies that one line names; all of them are in evidence.json."""


def page(evidence: Mapping[str, Any]) -> str:
    """Return the evidence as HTML."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Evidence</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{STYLE}</style><h1>Evidence, {_text(evidence['framework'])}</h1>"
        f"{_summary(evidence)}<h2>Controls</h2>{''.join(map(_control, evidence['controls']))}"
        f"<h2>Approvals</h2>{_approvals(evidence['approvals'])}</html>\n"
    )


def _summary(evidence: Mapping[str, Any]) -> str:
    facts, verified, faults = evidence["facts"], evidence["verification"], evidence["faults"]
    said = {
        "From": evidence["from"],
        "To, exclusive": evidence["to"],
        "Made": evidence["made"],
        "Verified": f"{verified['sessions']} sessions, {verified['events']} events, {verified['heads']} signed heads",
        "Identities": facts["identities"],
        "Hosts": facts["hosts"],
        "Policies, by digest": facts["policies"],
        "Deleted by a rule": len(evidence["deleted"]),
    }
    if not faults:
        return f"<p>The record is whole.</p>{_pairs(said)}"
    named = "".join(f"<li>{_text(one['session'])}, event {_text(one['event'])}: {_text(one['what'])}" for one in faults)
    return f'<div class="broken"><p>The record is broken: {len(faults)} faults.</p><ul>{named}</ul></div>{_pairs(said)}'


def _control(control: Mapping[str, Any]) -> str:
    counts = {name.replace("_", " "): value for name, value in control["counts"].items()}
    return (
        f"<section><h3>{_text(control['id'])} {_text(control['title'])}</h3><p>{_text(control['shows'])}"
        f"{_pairs(counts)}<p><strong>guard cannot show:</strong> {_text(control['guard_cannot_show'])}</section>"
    )


def _approvals(approvals: Sequence[Mapping[str, Any]]) -> str:
    if not approvals:
        return "<p>None was asked for in this time."
    return f'<ul class="chains">{"".join(map(_chain, approvals))}</ul>'


def _chain(approval: Mapping[str, Any]) -> str:
    earlier = " (asked for before this time)" if approval["begins_earlier"] else ""
    steps = "".join(map(_step, approval["acts"]))
    return f'<li class="chain"><h3>{_text(approval["approval"])}{earlier}</h3><ol>{steps}</ol>'


def _step(step: Mapping[str, Any]) -> str:
    """Return one act: when, who, what, everything that the trail says of it, and its place and hash there."""
    said = {name: value for name, value in step["data"].items() if value not in ("", [], None)}
    place = {"in the trail": f"{step['sequence']}, {step['hash']}"}
    return f"<li>{_text(step['time'])} {_text(step['actor'])} {_text(step['action'])}{_pairs({**said, **place})}"


def _pairs(pairs: Mapping[str, object]) -> str:
    rows = "".join(f"<dt>{_text(name)}<dd>{_text(_words(value))}" for name, value in pairs.items())
    return f"<dl>{rows}</dl>" if rows else ""


def _words(value: object) -> object:
    if isinstance(value, list | tuple):
        more = f", and {len(value) - LISTED} more" if len(value) > LISTED else ""
        return ", ".join(str(one) for one in value[:LISTED]) + more or "none"
    return "none" if value == "" else value


def _text(value: object) -> str:
    shown = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in str(value))
    return html.escape(shown)
