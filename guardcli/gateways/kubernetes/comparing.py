"""An object as it is and as it would be, in lines: what a reviewer is shown of a change. Pure.

What a change is laid over goes by the server's own rules as far as that can be said without it: maps are merged, lists
of things with a name each of its own by that name (of Kubernetes' own kinds, but in a JSON merge patch), other lists
replaced, a null takes away, and what ``kubectl apply`` gave the last time and gives no more goes. Defaults, and what
admission adds, are the server's and not shown. What only the server writes is left out, and of a Secret's data nothing
but its keys is shown, and which of them change.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from guardcli.gateways.kubernetes.documents import LAST_APPLIED
from guardcli.inspectors.kubectl.manifests import as_text
from guardcli.inspectors.kubectl.preview import Change, Way

_SERVERS_OWN = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")
_DATA = ("data", "stringData", "binaryData")
_NOTHING = ("null", "~")
Hide = Callable[[Any], object]
"""Masks a document in place."""
LINES_MAX = 2000
"""Lines of an object beyond which the two are not compared, which would take long."""


def described(change: Change, live: Mapping[str, Any] | None, hide: Hide, *, asked: bool) -> str:
    """Return a change in lines, masked by `hide`.

    `live` is the object as `json.loads` gives it, None where there is none or, unless it was `asked` for, where nobody
    knows.
    """
    place = "/".join(part for part in (change.namespace, change.kind.name, change.name) if part)
    words = change.way.value if change.way is not Way.INSTEAD or live is not None or not asked else "would be created"
    if change.way is Way.OVER and asked and live is None:
        words = "would be created" if change.applied else "is not there"
    head = f"{place} {words}"
    secret = change.kind.secret
    if change.way is Way.GONE:
        gone = [f"-{line}" for line in _lines(_hidden(_own(live), {}, secret, hide))] if live is not None else []
        return "\n".join([head if live is not None or not asked else f"{place} is not there", *gone])
    if live is None or change.way is Way.STEPS:
        given = change.form if change.way is Way.STEPS else _own(change.form)
        return "\n".join([head, *(f"+{line}" for line in _lines(_hidden(given, {}, secret, hide)))])
    before = _own(live)
    after = _own(change.form if change.way is Way.INSTEAD else _changed(live, change))
    same = before == after
    shown = _difference(_hidden(before, {}, secret, hide), _hidden(after, before, secret, hide))
    return "\n".join([head, *(shown or ["nothing is different" if same else "what is different is masked"])])


def _difference(before: Any, after: Any) -> list[str]:
    old, new = list(_lines(before)), list(_lines(after))
    if len(old) + len(new) > LINES_MAX:
        return [f"+{line}" for line in new]
    return list(difflib.unified_diff(old, new, lineterm="", n=3))[2:]


def _changed(live: Mapping[str, Any], change: Change) -> Any:
    by_name = _never if change.whole_lists else _by_name
    return _laid_over(_as_applied(live, change), change.form, by_name)


def _as_applied(live: Mapping[str, Any], change: Change) -> Any:
    """Return the live object without what was applied the last time and is given no more."""
    text = (live.get("metadata", {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        last = as_text(json.loads(text)) if isinstance(text, str) and change.applied else {}
    except (ValueError, RecursionError):
        last = {}
    return _without(as_text(live), last, change.form)


def _without(live: Any, last: Any, given: Any) -> Any:
    lists = live, last, given
    if all(isinstance(one, list) and _by_name(one) for one in lists):
        old, new = ({one["name"]: one for one in items} for items in (last, given))
        left = (one for one in live if one["name"] not in old or one["name"] in new)
        return [_without(one, old.get(one["name"]), new.get(one["name"])) for one in left]
    if not all(isinstance(one, Mapping) for one in lists):
        return live
    kept = {key: value for key, value in live.items() if key not in last or key in given}
    return {key: _without(value, last.get(key), given.get(key)) for key, value in kept.items()}


def _laid_over(live: Any, given: Any, by_name: Callable[[list[Any]], bool]) -> Any:
    """Return `given` laid over `live`, both with strings for scalars; lists that are both `by_name` by that."""
    if isinstance(live, Mapping) and isinstance(given, Mapping):
        kept = {key: value for key, value in live.items() if given.get(key) not in _NOTHING}
        new = {key: value for key, value in given.items() if value not in _NOTHING}
        return {**kept, **{key: _laid_over(kept.get(key), value, by_name) for key, value in new.items()}}
    if isinstance(live, list) and isinstance(given, list) and by_name(live) and by_name(given):
        names = {one["name"]: one for one in given}
        old = [_laid_over(one, names.pop(one["name"], {}), by_name) for one in live]
        return old + list(names.values())
    return given


def _by_name(items: list[Any]) -> bool:
    names = [one.get("name") if isinstance(one, Mapping) else None for one in items]
    return bool(items) and all(isinstance(name, str) for name in names) and len({*names}) == len(names)


def _never(items: list[Any]) -> bool:
    return False


def _own(form: Any) -> Any:
    """Return an object with strings for scalars, without what only the server writes."""
    if not isinstance(form, Mapping):
        return as_text(form)
    found = dict(as_text(form))
    found.pop("status", None)
    metadata = found.get("metadata")
    if isinstance(metadata, Mapping):
        kept = {key: value for key, value in metadata.items() if key not in _SERVERS_OWN}
        notes = kept.get("annotations")
        if isinstance(notes, Mapping):
            kept["annotations"] = {key: value for key, value in notes.items() if key != LAST_APPLIED}
        found["metadata"] = {key: value for key, value in kept.items() if value != {}}
    return found


def _hidden(form: Any, before: Any, secret: bool, hide: Hide) -> Any:
    """Return an object masked; of a Secret no value of its data, only whether it is another than `before`."""
    found = as_text(form)  # a copy: what is given is what was judged
    if not isinstance(found, dict):
        whole = {"": "(hidden: it is about a Secret)" if secret else found}
        hide(whole)
        return whole[""]
    data = {part: found.pop(part) for part in _DATA if part in found} if secret else {}
    hide(found)
    for part, values in data.items():
        old = before.get(part) if isinstance(before, Mapping) else None
        names = values if isinstance(values, Mapping) else {"": values}
        found[part] = {name: _stand_in(name, value, old) for name, value in names.items()}
    return found


def _stand_in(name: str, value: Any, old: Any) -> str:
    other = isinstance(old, Mapping) and name in old and old[name] != value
    return "(hidden, another value)" if other else "(hidden)"


def _lines(form: Any, indent: str = "") -> Iterator[str]:
    """Yield an object as YAML would show it; what a text holds cannot pass for a line of its own."""
    if isinstance(form, Mapping) and form:
        for key, value in form.items():
            yield from _entry(f"{indent}{_scalar(key)}:", value, indent)
    elif isinstance(form, list) and form:
        for value in form:
            inner = list(_lines(value, f"{indent}  "))
            yield f"{indent}- {inner[0][len(indent) + 2 :]}" if inner else f"{indent}-"
            yield from inner[1:]
    else:
        yield f"{indent}{_scalar(form)}"


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, (Mapping, list)) and value:
        yield head
        yield from _lines(value, f"{indent}  ")
    elif isinstance(value, str) and "\n" in value:
        yield f"{head} |"
        yield from (f"{indent}  {line}" for line in value.split("\n"))
    else:
        yield f"{head} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if not value or "\n" in value else value
    return "[]" if isinstance(value, list) else "{}" if isinstance(value, Mapping) else str(value)
