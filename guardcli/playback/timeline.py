"""Says in one line what an event tells. Pure; everything that was recorded is made inert by whoever prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guardcli.model.events import Event, EventType

VERDICT_COLOURS = {"allow": "green", "approve": "yellow", "deny": "red"}

COLOURS = {
    EventType.ASKED: "yellow",
    EventType.MASKED: "magenta",
    EventType.LIMITED: "red",
    EventType.FAILED: "red",
    EventType.RECOVERED: "red",
}

_PLACES = 5
"""Places of a detector that are named; the event has more of them."""

HIDDEN = frozenset({EventType.OUTPUT})
"""Types that a timeline leaves out unless asked for all."""


def colour(event: Event) -> str:
    """Return the colour of an event's word: by what was decided where it tells of that."""
    if event.type is EventType.JUDGED:
        return VERDICT_COLOURS.get(str(event.data.get("verdict")), "")
    if event.type is EventType.DECIDED:
        return {"consumed": "green", "approved": "green", "denied": "red"}.get(str(event.data.get("state")), "yellow")
    return COLOURS.get(event.type, "")


def sentence(event: Event) -> str:
    """Return what the event tells, without its type."""
    return _SENTENCES.get(event.type, _facts)(event.data)


def parameters(data: Mapping[str, Any]) -> str:
    """Return the values that a judged statement came with, a line each."""
    values = enumerate(_list(data.get("parameters")), 1)
    return "\n".join(f"${number} = {'NULL' if value is None else repr(value)}" for number, value in values)


def where(data: Mapping[str, Any]) -> str:
    """Return the resource that a judged call reached, and as whom in which database."""
    names = [str(data[name]) for name in ("user", "database") if data.get(name)]
    return f"{data.get('resource') or ''} {'@'.join(names)}".strip()


def _opened(data: Mapping[str, Any]) -> str:
    command = data.get("command")
    shown = " ".join(str(part) for part in command) if isinstance(command, list) else str(command or "")
    return f"{shown}  as {data.get('identity', '?')} on {data.get('host', '?')}, policy {data.get('policy', '?')}"


def grounds(data: Mapping[str, Any]) -> str:
    """Return what a ``judged`` event tells behind its command: what the call would do, and why that was decided."""
    reason = "; ".join(str(one.get("reason")) for one in _operations(data) if one.get("reason"))
    effects = list(dict.fromkeys(str(effect) for one in _operations(data) for effect in _list(one.get("effects"))))
    parts = [f"[{', '.join(effects)}]" if effects else "", f"rule {data['rule']}" if data.get("rule") else ""]
    return "  ".join(filter(None, (*parts, f"({reason})" if reason else "")))


def judged(data: Mapping[str, Any], behind: str) -> str:
    """Return what a ``judged`` event tells; `behind` are its `grounds`, which many events have in common."""
    parts = (str(data.get("verdict", "?")), str(data.get("command", data.get("tool", ""))), behind)
    return "  ".join(filter(None, parts))


def _judged(data: Mapping[str, Any]) -> str:
    told, end = judged(data, grounds(data)), data.get("ended")
    return f"{told}  ended {_ended(end)}" if isinstance(end, Mapping) else told


def _operations(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    operations = data.get("operations")
    return [one for one in _list(operations) if isinstance(one, dict)]


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _decided(data: Mapping[str, Any]) -> str:
    by = f" by {data['reviewer']}" if data.get("reviewer") else ""
    why = f": {data['reason']}" if data.get("reason") else ""
    return f"approval {data.get('approval', '?')} {data.get('state', '?')}{by}{why}"


def _asked(data: Mapping[str, Any]) -> str:
    return f"approval {data.get('approval', '?')}"


def _masked(data: Mapping[str, Any]) -> str:
    findings = data.get("findings")
    found = findings.items() if isinstance(findings, dict) else ()
    places = data.get("places")
    where = places if isinstance(places, dict) else {}
    shown = ", ".join(f"{name} ×{count}{_at(where.get(name))}" for name, count in found)
    return f"{shown} on {data.get('stream', 'output')}"


def _at(places: object) -> str:
    if not isinstance(places, list) or not places:
        return ""
    more = ", …" if len(places) > _PLACES else ""
    return f" at byte {', '.join(str(place) for place in places[:_PLACES])}{more}"


def _limited(data: Mapping[str, Any]) -> str:
    what = "cut off" if data.get("then") == "cut" else "denied"
    return f"{what} by limit {data.get('limit', '?')}: {data.get('reason', '')}"


def _lent(data: Mapping[str, Any]) -> str:
    what = f"a signature with {data['key']}" if "key" in data else str(data.get("what", "a credential"))
    whom = f" as {data['user']}" if data.get("user") else ""
    return f"{what} of {data.get('resource', '?')}{whom}"


def _adopted(data: Mapping[str, Any]) -> str:
    if not data.get("version"):
        return f"no policy of the centre's any more: {data.get('policy', '?')} of this machine"
    kept = f", as it was kept {data['away']} s ago" if "away" in data else ""
    return f"version {data['version']} of the centre's for {data.get('group', '?')}: {data.get('policy', '?')}{kept}"


def _output(data: Mapping[str, Any]) -> str:
    return f"{data.get('length')} bytes of recording at {data.get('offset')}"


def _ended(data: Mapping[str, Any]) -> str:
    if "status" in data:
        how = f"status {data['status']}"
    elif data.get("tags") or data.get("error"):  # of a statement at a gateway
        how = "; ".join(str(one) for one in (*_list(data.get("tags")), data.get("error")) if one)
    else:
        how = ", ".join(f"{name} {data[name]}" for name in ("signal", "lost", "reason") if name in data)
    took = data.get("seconds")
    seconds = f" after {took:.3f} s" if isinstance(took, (int, float)) and abs(took) < 1e12 else ""
    streams = data.get("streams")
    sizes = [
        f"{name} {totals['bytes']} bytes"
        for name, totals in (streams.items() if isinstance(streams, dict) else ())
        if isinstance(totals, dict) and totals.get("bytes")
    ]
    return f"{how}{seconds}" + (f"; {', '.join(sizes)}" if sizes else "")


def _started(data: Mapping[str, Any]) -> str:
    return str(data.get("program", ""))


def _reason(data: Mapping[str, Any]) -> str:
    return str(data.get("reason", "")) or _facts(data)


def _facts(data: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in data.items())


_SENTENCES: dict[EventType, Callable[[Mapping[str, Any]], str]] = {
    EventType.OPENED: _opened,
    EventType.JUDGED: _judged,
    EventType.ASKED: _asked,
    EventType.DECIDED: _decided,
    EventType.STARTED: _started,
    EventType.OUTPUT: _output,
    EventType.MASKED: _masked,
    EventType.LIMITED: _limited,
    EventType.LENT: _lent,
    EventType.REFUSED: _reason,
    EventType.ENDED: _ended,
    EventType.FAILED: _reason,
    EventType.RECOVERED: _reason,
    EventType.ADOPTED: _adopted,
}
