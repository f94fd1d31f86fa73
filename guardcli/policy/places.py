"""From ``resources`` and ``isolation`` sections to how systems are reached and where an isolated agent runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from guardcli.model.isolation import Isolation, Network
from guardcli.model.resources import Access, Resource
from guardcli.model.tools import ToolCredential
from guardcli.policy.parts import Check, Parts
from guardcli.policy.problems import Path, note_shape, suggestion
from guardcli.policy.schema import OPTIONS, IsolationSection, ResourceSection, ToolCredentialSection
from guardcli.policy.variables import slip

CREDENTIALS_MAX = 20
"""Files among them are handed over as descriptors, of which a call has no more."""
PROVIDERS = ("keyring", "env", "file", "command", "vault", "aws")
"""Where a credential may come from."""

_HOST_KEY = re.compile(r"(ssh-|ecdsa-)[a-z0-9-]+ AAAA[A-Za-z0-9+/]+={0,2}( .*)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLES = re.compile(r"[A-Za-z_*][A-Za-z0-9_*]*")
_API_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9*])?(:(\d{1,5}|\*))?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")


def build_resource(name: str, section: ResourceSection, parts: Parts) -> Resource:
    """Return the resource of `section`."""
    path: Path = ("resources", name)
    if section.credential is not None:
        check_reference(section.credential, name, parts, (*path, "credential"))
    if section.expose is not None and not _VARIABLE.fullmatch(section.expose):
        parts.report.at((*path, "expose"), f"{section.expose!r} is no name of a variable, such as DATABASE_URL")
    hint_at_slip(section.expose or "", parts, (*path, "expose"))
    return Resource(
        name=name,
        kind=section.kind,
        hosts=parts.texts(section.host, (*path, "host")),
        ports=tuple(section.port or ()),
        databases=parts.texts(section.dbname, (*path, "dbname")),
        contexts=parts.texts(section.context, (*path, "context")),
        namespaces=parts.texts(section.namespace, (*path, "namespace")),
        remotes=parts.texts(section.remote, (*path, "remote")),
        environment=section.environment or "",
        credential=section.credential or "",
        expose=section.expose or "",
        access=_access(section, parts, (*path, "options")),
    )


def check_reference(reference: str, name: str, parts: Parts, path: Path) -> None:
    """Note what is no ``provider:reference``; `name` is a word for the example."""
    provider, colon, rest = reference.partition(":")
    if provider not in PROVIDERS:
        parts.report.at(path, f"no provider is named {provider!r}{suggestion(provider, PROVIDERS)}")
    elif not colon or not rest:
        parts.report.at(path, f"write what {provider} holds it under: {provider}:{name}")


def build_credentials(tool: str, sections: Sequence[ToolCredentialSection], parts: Parts) -> tuple[ToolCredential, ...]:
    """Return what the process of `tool` is given."""
    found: dict[str, ToolCredential] = {}
    for index, section in enumerate(sections):
        path: Path = ("tools", tool, "credentials", index)
        check_reference(section.reference, tool, parts, (*path, "from"))
        names = [name for name in (section.env, section.file) if name is not None]
        if len(names) != 1:
            parts.report.at(path, "a credential goes into a variable, `env: NAME`, or into a file, `file: NAME`")
            continue
        if not _VARIABLE.fullmatch(names[0]):
            parts.report.at(path, f"{names[0]!r} is no name of a variable, such as AWS_SECRET_ACCESS_KEY")
        hint_at_slip(names[0], parts, (*path, "file" if section.env is None else "env"))
        if names[0] in found:
            parts.report.at(path, f"{names[0]} is given twice")
        found[names[0]] = ToolCredential(names[0], section.reference, in_file=section.file is not None)
    if len(found) > CREDENTIALS_MAX:
        parts.report.at(("tools", tool, "credentials"), f"a tool is given {CREDENTIALS_MAX} credentials at the most")
    return tuple(found.values())


def build_variables(values: Mapping[str, str], parts: Parts, path: Path) -> tuple[tuple[str, str], ...]:
    """Return variables with their values."""
    for name, value in values.items():
        if not _VARIABLE.fullmatch(name):
            parts.report.at_key((*path, name), f"{name!r} is no name of a variable")
        hint_at_slip(name, parts, (*path, name))
        if "\0" in value:
            parts.report.at((*path, name), "a variable cannot hold a NUL")
    return tuple(sorted(values.items()))


def check_variables(parts: Parts) -> Check:
    """Return what notes a glob over names of variables that is none."""

    def check(pattern: str, path: Path) -> None:
        if not _VARIABLES.fullmatch(pattern):
            parts.report.at(path, f"{pattern!r} is no name of a variable, such as AWS_REGION or AWS_*")
        hint_at_slip(pattern, parts, path)

    return check


def hint_at_slip(name: str, parts: Parts, path: Path) -> None:
    """Note that the variable `name` is nearly one that the usual tools read."""
    if near := slip(name):
        parts.report.hint(path, f"no usual tool reads {name}; did you mean {near}?")


def _access(section: ResourceSection, parts: Parts, path: Path) -> Access:
    given = section.options or {}
    model = OPTIONS.get(section.kind)
    if model is None:
        return Access(other=tuple(sorted(given.items())))
    try:
        options = model.model_validate(given).model_dump(exclude_none=True)
    except ValidationError as error:
        note_shape(parts.report, error.errors(include_url=False), model, path)
        return Access()
    for key in ("ca", "certificate", "key", "known_hosts"):
        if key in options:
            _check_path(options[key], parts, (*path, key))
    if ("key" in options) and "certificate" not in options:
        parts.report.at_key((*path, "key"), "a key is of use with its `certificate` only")
    if "passphrase" in options:
        check_reference(options["passphrase"], "passphrase", parts, (*path, "passphrase"))
    if "host_key" in options and not _HOST_KEY.fullmatch(options["host_key"]):
        parts.report.at((*path, "host_key"), "write a public key, such as ssh-ed25519 AAAAC3Nza…")
    if "paths" in options:
        options["paths"] = tuple(path.strip("/") for path in options["paths"].split())
    for key in ("replication", "impersonation", "unmasked_streams"):
        options[key] = options.get(key) == "allow"
    if not _API_PATH.fullmatch(options.get("path", "")):
        parts.report.at((*path, "path"), f"{options['path']!r} is no path of a URL, such as /k8s/clusters/c-1")
    options["loopback"] = options.pop("listen", "unix") == "tcp"
    return Access(**options)


def build_isolation(sections: Sequence[tuple[IsolationSection, Parts]]) -> Isolation:
    """Return what `sections` come to, the policy's own first.

    Each key that is given takes the place of the same key in what is extended; but what any of them hides stays
    hidden, and variables are set by name.
    """
    hide: dict[str, None] = {}
    chosen: dict[str, tuple[str, ...]] = {}
    variables: dict[str, str] = {}
    network: Network | None = None
    for section, parts in sections:
        _check_isolation(section, parts)
        path: Path = ("isolation",)
        hide |= dict.fromkeys(parts.texts(section.hide, (*path, "hide")))
        environment = section.environment
        keep = None if environment is None else environment.keep
        given = {"show": section.show, "write": section.write, "hosts": section.hosts}
        for key, values in given.items():
            if values is not None:
                chosen.setdefault(key, parts.texts(values, (*path, key)))
        if keep is not None:
            chosen.setdefault("keep", parts.texts(keep, (*path, "environment", "keep")))
        variables = {**(environment.set if environment is not None else {}), **variables}
        network = section.network if network is None else network
    network = network or Network.SHARED
    if sections and chosen.get("hosts") and network is not Network.PROXY:
        section, parts = next(one for one in sections if one[0].hosts is not None)
        parts.report.at_key(("isolation", "hosts"), f"hosts are for `network: proxy`; here it is {network.value}")
    return Isolation(hide=tuple(hide), set=tuple(sorted(variables.items())), network=network, **chosen)


def _check_isolation(section: IsolationSection, parts: Parts) -> None:
    path: Path = ("isolation",)
    for key in ("hide", "show", "write"):
        parts.texts(getattr(section, key), (*path, key), lambda value, place: _check_path(value, parts, place))
    for index, host in enumerate(section.hosts or ()):
        if not host.startswith("$") and not _HOST.fullmatch(host):
            parts.report.at((*path, "hosts", index), f"{host!r} is no host, such as *.example.com or db.internal:5432")
    if section.environment is None:
        return
    path = (*path, "environment")
    for index, pattern in enumerate(section.environment.keep or ()):
        if not pattern.startswith("$") and not _VARIABLES.fullmatch(pattern):
            parts.report.at((*path, "keep", index), f"{pattern!r} is no name of a variable, such as LANG or LC_*")
        hint_at_slip(pattern, parts, (*path, "keep", index))
    build_variables(section.environment.set, parts, (*path, "set"))


def _check_path(value: str, parts: Parts, path: Path) -> None:
    if not value.startswith(("/", "~/")) or "\0" in value or ".." in value.split("/"):
        parts.report.at(path, f"write a whole path, such as ~/.kube or /etc/ssl/ca.pem, not {value!r}")
