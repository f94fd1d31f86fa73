"""Kustomizations, followed as far as that goes without running kustomize.

Rules: a directory has one of `NAMES`; ``resources``, ``components`` and ``bases`` name files, further directories, or
else repositories that are fetched with git; any path may be a URL that is fetched. Generators, transformers,
validators and Helm charts are programs, or may be. What the parts become in the end is not worked out: names,
namespaces and whole fields may differ from what stands in them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from guardcli.inspectors.kubectl.manifests import MAX_BYTES, ManifestError, load_manifests, load_values
from guardcli.inspectors.kubectl.objects import Thing, describe
from guardcli.model.facts import Facts, FactUnavailable

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_PARTS = 100
"""Files and directories of one kustomization, all levels together."""

_PARTS = ("resources", "components", "bases")
_PLAIN = frozenset(
    {
        "apiVersion",
        "buildMetadata",
        "commonAnnotations",
        "commonLabels",
        "configMapGenerator",
        "configurations",
        "crds",
        "generatorOptions",
        "images",
        "kind",
        "labels",
        "metadata",
        "namePrefix",
        "nameSuffix",
        "namespace",
        "patches",
        "patchesJson6902",
        "patchesStrategicMerge",
        "replacements",
        "replicas",
        "secretGenerator",
        "sortOptions",
        "vars",
        *_PARTS,
    }
)
"""Fields that run nothing."""


class Kustomization:
    """What follows from one directory: the objects of its parts, and what keeps it from being local and plain."""

    def __init__(self, facts: Facts) -> None:
        self.things: list[Thing] = []
        self.problems: list[str] = []
        self.secret = False
        self._facts = facts
        self._seen: set[str] = set()
        self._left = MAX_BYTES

    def follow(self, directory: str) -> None:
        """Read the kustomization of `directory`, an absolute path, and all that it names."""
        waiting = [directory]
        while waiting and not self.problems:
            path = waiting.pop()
            if path in self._seen:
                continue
            self._seen.add(path)
            if len(self._seen) > MAX_PARTS or self._left < 0:
                self.problems.append("the kustomization has more parts than are looked at")
                return
            waiting.extend(self._part(path))

    def _part(self, path: str) -> list[str]:
        """Take up a manifest, or return the parts of a directory's kustomization."""
        content = self._read(path)
        try:
            if content is not None:
                self.things.extend(describe(form) for form in load_manifests(content))
                return []
            found = [each for each in (self._read(f"{path}/{name}") for name in NAMES) if each is not None]
            if len(found) != 1:
                self.problems.append(f"{path} is no local kustomization, so kustomize fetches it")
                return []
            (form,) = load_values(found[0])
            return self._kustomization(path, form)
        except (ManifestError, ValueError) as fault:
            self.problems.append(f"{path} is not understood: {fault}")
            return []

    def _read(self, path: str) -> bytes | None:
        try:
            content = self._facts.read_file(path)
        except FactUnavailable:
            return None
        self._left -= len(content)
        return content

    def _kustomization(self, path: str, form: Any) -> list[str]:
        if not isinstance(form, dict):
            raise ManifestError("it is no kustomization")
        strange = sorted(set(form) - _PLAIN)
        if strange:
            self.problems.append(f"{path} has {strange[0]}, which may run a program")
        if any("://" in text for text in _texts(form)):
            self.problems.append(f"{path} names a URL")
        self.secret = self.secret or "secretGenerator" in form
        entries = [entry for field in _PARTS for entry in _listed(form.get(field))]
        return [posixpath.normpath(posixpath.join(path, entry)) for entry in entries]


def _listed(value: Any) -> list[str]:
    if value in (None, "null", "~", ""):
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise ManifestError("it names its parts in an odd way")
    return value


def _texts(form: Any) -> Iterator[str]:
    """Yield every scalar of `form` once."""
    waiting, seen = [form], set[int]()
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif id(part) not in seen:
            seen.add(id(part))
            waiting.extend(part.values() if isinstance(part, dict) else part)
