"""Recorded things as rich text: inert, coloured by what they mean, never read as markup."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterable, Mapping, Sequence

from pygments.lexers.shell import BashLexer
from pygments.lexers.sql import PostgresLexer
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType
from rich.text import Text

from guardcli.client.api import SessionInfo
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.events import Event, EventType, end_of
from guardcli.playback.commands import asked
from guardcli.playback.questions import change_lines, granted, left, needs, said
from guardcli.playback.text import age, clock, inert, inert_block, lookalikes
from guardcli.playback.timeline import parameters, where

VERDICTS = {"allow": "green", "approve": "yellow", "deny": "red"}
STATES = {
    ApprovalState.PENDING: "yellow",
    ApprovalState.APPROVED: "green",
    ApprovalState.CONSUMED: "green",
    ApprovalState.DENIED: "red",
}
SESSION_STATES = {"live": "green", "lost": "red"}
EFFECTS = {
    "read": "green",
    "session": "green",
    "write": "yellow",
    "network": "yellow",
    "file": "yellow",
    "define": "red",
    "delete": "red",
    "privilege": "red",
    "execute": "red",
    "unknown": "magenta",
}
HIGHLIGHT_MAX = 64 * 1024
"""Characters; a longer statement is shown in one colour."""

CHANGES = {"added": "green", "removed": "red", "place": "bold"}

SHELL, SQL = BashLexer(stripnl=False, ensurenl=False), PostgresLexer(stripnl=False, ensurenl=False)
_LOOKS = {Keyword: "bold cyan", String: "green", Number: "magenta", Comment: "dim", Name.Builtin: "cyan"}


def line(text: object, style: str = "") -> Text:
    """Return recorded text as one line."""
    return Text(inert(text), style)


def block(text: str, style: str = "") -> Text:
    """Return recorded text of many lines."""
    return Text(inert_block(text), style)


def effects(names: Iterable[object]) -> Text:
    """Return effects, each in the colour of how far it goes."""
    shown = [Text(inert(name), EFFECTS.get(str(name), "")) for name in dict.fromkeys(names)]
    return Text(" ").join(shown)


def sql(statement: str) -> Text:
    """Return a statement with its keywords, strings and comments told apart."""
    return _highlighted(statement, SQL)


def call(tool: str, text: str) -> tuple[Text, Text]:
    """Return a call's command line and its statement in the colours of their languages, empty where there is none."""
    found = asked(tool, text)
    return command(found.command, found.statement), sql(found.statement)


def command(text: str, statement: str = "") -> Text:
    """Return a command line; a statement in it stands in the colours of SQL."""
    before, quoted, after = text.partition(shlex.quote(statement))
    if not statement or not before:
        return _highlighted(text, SHELL)
    return _highlighted(before, SHELL).append_text(sql(quoted)).append_text(_highlighted(after, SHELL))


def _highlighted(text: str, lexer: PostgresLexer | BashLexer) -> Text:
    if len(text) > HIGHLIGHT_MAX:
        return block(text)
    shown = Text()
    for kind, piece in lexer.get_tokens(text):
        style = _style_of(kind)
        shown.append(inert_block(piece), style)
    return shown


def _style_of(kind: _TokenType | None) -> str:
    while kind is not None:
        if kind in _LOOKS:
            return _LOOKS[kind]
        kind = kind.parent
    return ""


def changes(text: str) -> Text:
    """Return what a call would change, with what comes and what goes told apart."""
    shown = [block(line, CHANGES.get(what, "")) for what, line in change_lines(text)]
    return Text("\n").join(shown)


def facts(rows: Iterable[tuple[str, Text | str]], width: int = 14) -> Text:
    """Return names and values below each other; rows without a value are left out."""
    shown = Text()
    for name, value in rows:
        text = value if isinstance(value, Text) else block(value)
        if not text.plain:
            continue
        shown.append(f"{name:<{width}} ", "dim")
        for number, part in enumerate(text.split("\n", allow_blank=True)):
            shown.append(" " * (width + 1) if number else "").append_text(part).append("\n")
    return shown


def session_facts(session: SessionInfo) -> Text:
    """Return what is known of a session as a whole."""
    took = age((session.closed or time.time()) - session.started)
    counts = ", ".join(f"{name} {count}" for name, count in session.counts.items())
    return facts(
        [
            ("session", Text(inert(session.id)).append(f"  {session.state}", SESSION_STATES.get(session.state, ""))),
            ("who", f"{session.identity} ({', '.join(session.groups)}), opened by {session.owner}"),
            ("command", command(" ".join(session.command).strip())),
            ("where", f"{session.cwd} on {session.host}"),
            ("policy", f"{session.policy} {session.policy_digest[:12]}"),
            ("began", f"{clock(session.started)}, took {took}"),
            ("inside of", session.parent),
            ("counted", counts),
        ]
    )


def approval_facts(approval: Approval, at: float) -> Text:
    """Return all that is needed to decide, at the moment `at`."""
    line, statement = call(approval.tool, approval.command)
    rows: list[tuple[str, Text | str]] = [
        ("approval", Text(approval.id).append(f"  {approval.state.value}", STATES.get(approval.state, ""))),
        ("who", f"{approval.requester}, in session {approval.session}"),
        ("tool", approval.tool),
        ("command", line),
        ("statement", statement),
        ("looks alike", block("\n".join(lookalikes(approval.command)), "bold red")),
        ("directory", approval.cwd),
        ("effects", effects(approval.effects)),
        ("targets", "\n".join(approval.targets)),
        ("reach", block(approval.reach, "bold")),
        ("rule", approval.rule),
        ("", approval.message),
        ("agent's reason", approval.justification),
        ("asked", f"{clock(approval.created)}, {age(at - approval.created)} ago"),
        ("left", left(approval, at)),
        ("needs", needs(approval)),
        ("runs only", "; ".join(approval.windows)),
        ("grant", granted(approval)),
        ("votes", "\n".join(said(vote) for vote in approval.votes)),
        ("digest", approval.digest),
    ]
    if approval.decided:
        rows.append(("decided", f"{clock(approval.decided)} by {approval.reviewer or approval.requester}"))
    rows += [("reason", approval.reason), ("changes", changes(approval.changes))]
    return facts(rows)


def call_facts(events: Sequence[Event]) -> Text:
    """Return what is known of one call: what it was, why it was decided so, what became of it."""
    shown = Text()
    for event in events:
        if event.type is EventType.JUDGED:
            shown.append_text(_judged(event.data, end_of(event))).append("\n")
        elif event.type is not EventType.OUTPUT:
            shown.append(f"{event.time[11:23]} {event.type.value:<9} ", "dim")
            shown.append_text(block(_flat(event.data))).append("\n")
    return shown


def _judged(data: Mapping[str, object], end: Mapping[str, object] | None) -> Text:
    verdict = str(data.get("verdict", "?"))
    line, statement = call(str(data.get("tool", "")), str(data.get("command", "")))
    matched = data.get("matched")
    others = [str(rule) for rule in matched if rule != data.get("rule")] if isinstance(matched, list) else []
    operations = data.get("operations")
    shown = facts(
        [
            ("verdict", Text(inert(verdict), f"bold {VERDICTS.get(verdict, '')}")),
            ("rule", str(data.get("rule", ""))),
            ("also matched", ", ".join(others)),
            ("message", str(data.get("message", ""))),
            ("command", line),
            ("statement", statement),
            ("parameters", parameters(data)),
            ("resource", where(data)),
            ("directory", str(data.get("cwd", ""))),
            ("called from", str(data.get("parent", ""))),
            ("argv SHA-256", str(data.get("argv_sha256", ""))),
            ("ended", _flat(end or {})),
        ]
    )
    for one in operations if isinstance(operations, list) else ():
        if isinstance(one, dict):
            shown.append_text(_operation(one))
    return shown


def _operation(data: Mapping[str, object]) -> Text:
    named, targets = data.get("effects"), data.get("targets")
    shown = Text().append("  · ", "dim").append_text(line(data.get("action", ""), "bold")).append("  ")
    shown.append_text(effects(named if isinstance(named, list) else ()))
    shown.append("  ").append_text(line(", ".join(map(str, targets)) if isinstance(targets, list) else ""))
    for flag, words in (("unbounded", "without a bound"), ("sensitive", "sensitive")):
        if data.get(flag):
            shown.append(f"  {words}", "red")
    if data.get("complete") is False:
        shown.append("  not all is known: ", "magenta").append_text(line(data.get("reason", ""), "magenta"))
    return shown.append("\n")


def _flat(data: Mapping[str, object]) -> str:
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in data.items()
    )
