"""The objects that a call of kubectl would change, each with what it gives: what whoever is asked about it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from guardcli.inspectors.kubectl.call import Call, Named, named
from guardcli.inspectors.kubectl.flags import parse
from guardcli.inspectors.kubectl.kinds import Kind
from guardcli.inspectors.kubectl.parts import inline_part, read_part
from guardcli.model.facts import Facts
from guardcli.model.invocation import Invocation


class Way(Enum):
    """What becomes of an object, by `form`.

    That is laid over it, takes its place, or is steps, or what a part such as the status is given; or the object goes.
    """

    OVER = "would be changed"
    INSTEAD = "would be replaced"
    STEPS = "would be patched"
    GONE = "would be deleted"


@dataclass(frozen=True, slots=True)
class Change:
    """One object and what is done to it. `version` is its ``apiVersion`` where a manifest says it.

    The scalars of `form` are strings. `namespace` is empty where the call leaves it to its context. `applied`: it is
    made where it is not there, and what was applied before and is not in `form` goes. `plain`: it is laid over as
    RFC 7396 says.
    """

    way: Way
    kind: Kind
    namespace: str
    name: str
    version: str = ""
    form: Any = field(default=None, repr=False)
    applied: bool = False
    plain: bool = False

    @property
    def whole_lists(self) -> bool:
        """Whether a list takes the place of the one that is there, as for kinds that Kubernetes did not define."""
        group = (self.version if "/" in self.version else self.kind.name.partition(".")[2]).partition("/")[0]
        others = "." in group and not group.endswith(".k8s.io")
        return self.plain or others or not self.kind.built_in


_WAYS = {"apply": Way.OVER, "create": Way.INSTEAD, "replace": Way.INSTEAD, "delete": Way.GONE}


def changes(invocation: Invocation, facts: Facts) -> tuple[Change, ...]:
    """Return what a call changes of objects that it names; nothing for commands of which that is not known."""
    line = parse(invocation.arguments)
    call = Call(line, invocation, facts)
    if line.problem or line.has("raw"):
        return ()
    if call.verb in _WAYS or call.verb == "patch":
        found = _whole(call, _WAYS[call.verb]) if call.verb in _WAYS else _patch(call)
        return tuple(replace(one, way=Way.STEPS) for one in found) if line.has("subresource") else tuple(found)
    if call.verb == "scale":
        form = {"spec": {"replicas": line.value("replicas")}}
        return tuple(_named(call, named(line.words), Way.OVER, form)) + tuple(_files(call, Way.OVER, form))
    return ()


def _whole(call: Call, way: Way) -> Iterator[Change]:
    if way is Way.GONE:
        yield from _named(call, named(call.line.words), way)
    for one in _files(call, way):
        yield replace(one, applied=way is Way.OVER)


def _files(call: Call, way: Way, form: Any = None) -> Iterator[Change]:
    for thing in call.manifests().things:
        given = None if way is Way.GONE else form if form is not None else thing.form
        namespace = thing.namespace or call.namespace
        yield Change(way, thing.kind, namespace, thing.name, str(thing.form.get("apiVersion", "")), given)


def _patch(call: Call) -> Iterator[Change]:
    part = inline_part(call, "patch")[0] or (read_part(call, "patch-file")[0] if call.line.has("patch-file") else None)
    form = part[0] if part else None
    way = Way.OVER if isinstance(form, Mapping) else Way.STEPS
    plain = call.line.value("type").lower() == "merge"
    for one in (*_named(call, named(call.line.words), way, form), *_files(call, way, form)):
        yield replace(one, plain=plain)


def _named(call: Call, found: Sequence[Named], way: Way, form: Any = None) -> Iterator[Change]:
    for each in found:
        for name in each.names:
            yield Change(way, each.kind, call.namespace, name, form=form)
