"""Parts of objects that a flag brings: --patch, --overrides and the files of --patch-file and --custom."""

from __future__ import annotations

from typing import Any

from guardcli.inspectors.kubectl.call import Call
from guardcli.inspectors.kubectl.manifests import ManifestError, load_values
from guardcli.inspectors.texts import as_bytes
from guardcli.model.facts import FactUnavailable
from guardcli.model.operations import Input


def inline_part(call: Call, flag: str) -> tuple[Any, list[str]]:
    """Return the YAML or JSON that `flag` holds in the argument itself, and what is wrong with it."""
    if not call.line.value(flag):
        return None, []
    return _parsed(f"--{flag}", as_bytes(call.line.value(flag)))


def read_part(call: Call, flag: str) -> tuple[Any, list[str], list[Input]]:
    """Return the YAML or JSON in the file that `flag` names, what is wrong with it, and the file."""
    value = call.line.values(flag)[-1]
    path = call.invocation.path(value.text)
    if not value.text or value.text.startswith(("/dev/", "/proc/")):
        return None, [f"--{flag} names no file that can be read twice"], []
    try:
        content = call.facts.read_file(path)
    except FactUnavailable as missing:
        return None, [f"cannot read {path}: {missing}"], []
    part, doubts = _parsed(path, content)
    return part, doubts, [Input(path, value.index, value.prefix)]


def _parsed(name: str, content: bytes) -> tuple[Any, list[str]]:
    text = content.strip()
    try:
        # a JSON patch is a list, which YAML reads as well
        values = load_values(text)
    except ManifestError as fault:
        return None, [f"{name} is not understood: {fault}"]
    return list(values), []
