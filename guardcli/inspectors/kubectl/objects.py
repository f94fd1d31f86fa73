"""What applying one object, or a part of one, gives away: rights, the node under a pod, another shape of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guardcli.inspectors.kubectl.kinds import REVIEWS, Kind, kind_of
from guardcli.model.effects import Effect

_NO = frozenset({"false", "no", "off", "n", "null", "~", "", "0"})
"""Scalars that mean no, in lower case: YAML 1.1 has many; whatever is not among them counts as yes."""

_POD_FLAGS = frozenset({"hostpid", "hostipc", "hostnetwork", "privileged", "hostprocess"})
_POD_PARTS = frozenset({"hostpath"})
_HARMLESS_CAPABILITIES = frozenset({"NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"})
LEVEL = "pod-security.kubernetes.io/"
"""Labels of a namespace that say how far its pods may reach."""
CLOUD_IDENTITIES = ("eks.amazonaws.com/role-arn", "iam.gke.io/", "azure.workload.identity/")
"""Annotations of a service account that make it somebody in a cloud."""
_OPAQUE = frozenset({"configmap", "secret", "customresourcedefinition"})
"""Kinds whose content is data or a schema: a key there means nothing to the cluster."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of a manifest, `form`: where it is, and what creating or changing it adds to the verb's effects."""

    kind: Kind
    namespace: str
    name: str
    added: frozenset[Effect]
    question: bool = False
    form: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def describe(form: Mapping[str, Any]) -> Thing:
    """Return what `form`, one object with its scalars as strings, is."""
    kind = kind_of(_text(form.get("apiVersion")), _text(form.get("kind")))
    metadata = form.get("metadata")
    if not isinstance(metadata, Mapping):
        metadata = {}
    name = _text(metadata.get("name"))
    if not name:
        name = _text(metadata.get("generateName")) + "*"
    added = set(kind.change())
    if kind.base not in _OPAQUE and grants(form):
        added.add(Effect.PRIVILEGE)
    added |= identity(kind, name, form)
    return Thing(kind, _text(metadata.get("namespace")), name, frozenset(added), kind.base in REVIEWS, form)


def identity(kind: Kind, name: str, form: Any) -> set[Effect]:
    """Return PRIVILEGE for objects that hand out an identity although most of their kind do not."""
    handed = (
        (kind.base == "secret" and "kubernetes.io/service-account-token" in _scalars(form))
        or (kind.base == "serviceaccount" and any(key.startswith(CLOUD_IDENTITIES) for key in _keys(form)))
        or (kind.base == "configmap" and name == "aws-auth")
    )
    return {Effect.PRIVILEGE} if handed else set()


def grants(form: Any) -> bool:
    """Return whether `form`, an object, a part of one, or a JSON patch, lets a pod reach its node or loosens a rule."""
    return any(_loosens(key.lower(), value) for key, value in _pairs(form))


def _loosens(key: str, value: Any) -> bool:
    if key in _POD_FLAGS:
        return not (isinstance(value, str) and value.lower() in _NO)
    if key in _POD_PARTS:
        return not (isinstance(value, str) and value.lower() in ("null", "~", ""))
    if key == "procmount":
        return not isinstance(value, str) or value != "Default"
    if key == "add" and isinstance(value, list):
        return any(_text(item).upper() not in _HARMLESS_CAPABILITIES for item in value)
    return key.startswith(LEVEL)


def drives_out(form: Any) -> bool:
    """Return whether `form`, a patch of a node, has a taint in it that what runs there does not survive."""
    return "NoExecute" in _scalars(form)


def removes_finalizers(form: Any) -> bool:
    """Return whether `form`, a patch, touches finalizers: what was held back from deletion goes."""
    return any(key == "finalizers" for key, _ in _pairs(form))


def _pairs(form: Any) -> list[tuple[str, Any]]:
    """Return every key with its value in all of `form`, and the parts of every JSON patch's path likewise.

    A value that aliases share is looked at once.
    """
    found: list[tuple[str, Any]] = []
    seen: set[int] = set()
    waiting = [form]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) or id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Mapping):
            found.extend(part.items())
            waiting.extend(part.values())
            if isinstance(part.get("path"), str) and "op" in part:
                found.extend(_patched(part))
        elif isinstance(part, list):
            waiting.extend(part)
    return found


def _patched(operation: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the keys that one operation of a JSON patch names on its way, and what it puts at the end."""
    if operation.get("op") in ("remove", "test"):
        value: Any = "null"
    else:
        value = operation.get("value", "true")
    steps = [step.replace("~1", "/").replace("~0", "~") for step in operation["path"].split("/")]
    pairs: list[tuple[str, Any]] = [(step, value) for step in steps]
    if "capabilities" in steps and "add" in steps:
        pairs.append(("add", value if isinstance(value, list) else [value]))
    return pairs


def _keys(form: Any) -> list[str]:
    return [key for key, _ in _pairs(form)]


def _scalars(form: Any) -> list[str]:
    return [value for _, value in _pairs(form) if isinstance(value, str)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value not in ("null", "~") else ""
