"""Where a call of psql would connect, and what its connection parameters do besides.

Parameters come from conninfo strings, URIs, options, a service file and the environment, in libpq's order of
precedence: what the database name expands to goes before the options, these before a service, this before the
environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from guardcli.inspectors.sql.settings import judge_setting
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target, conceded

ENVIRONMENT = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGOPTIONS": "options",
    "PGSERVICE": "service",
    "PGSSLKEY": "sslkey",
    "PGCLIENTENCODING": "client_encoding",
    "PGSSLKEYLOGFILE": "sslkeylogfile",
}
_URI = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_PAIR = re.compile(r"\s*([^=\s]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))", re.DOTALL)
_MAX_HOSTS = 64
_MAX_CONNINFO = 1 << 13
"""Characters of a connection string that is read."""

Parameters = dict[str, str]


def is_conninfo(text: str) -> bool:
    """Say whether libpq takes a database name for a connection string."""
    return bool(_URI.match(text)) or "=" in text


def read_conninfo(text: str) -> Parameters | str:
    """Return the parameters of a connection string or URI, or why libpq would refuse it."""
    if len(text) > _MAX_CONNINFO:
        return f"the connection string is longer than {_MAX_CONNINFO} characters"
    if _URI.match(text):
        return _read_uri(text)
    found: Parameters = {}
    place, text = 0, text.rstrip()
    while place < len(text):
        match = _PAIR.match(text, place)
        if match is None:
            return "the connection string is not understood"
        raw = match[2] if match[2] is not None else match[3]
        found[match[1]] = re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)
        place = match.end()
    return found


def _read_uri(text: str) -> Parameters | str:
    found: Parameters = {}
    rest = text[text.index("//") + 2 :]
    rest, question, query = rest.partition("?")
    authority, _, name = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    if at:
        user, colon, password = credentials.partition(":")
        found["user"] = unquote(user)
        if colon:
            found["password"] = unquote(password)
    names, ports = [], []
    for host in hosts.split(",")[:_MAX_HOSTS]:
        match = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(.*))?", host)
        if match is None:
            return "the connection URI is not understood"
        names.append(unquote(match[1].strip("[]")))
        ports.append(match[2] or "")
    if any(names):
        found["host"] = ",".join(names)
    if any(ports):
        found["port"] = ",".join(ports)
    if name:
        found["dbname"] = unquote(name)
    for pair in query.split("&") if question else ():
        key, equals, value = pair.partition("=")
        if not equals:
            return "the connection URI is not understood"
        found[unquote(key)] = unquote(value)
    return found


def targets(parameters: Mapping[str, str]) -> tuple[Target, ...]:
    """Return the hosts and the database, as far as given; an address counts beside the host that it stands in for."""
    ports = parameters.get("port", "").split(",")
    user = f"{parameters['user']}@" if parameters.get("user") else ""
    found = []
    for key in ("host", "hostaddr") if parameters.get("hostaddr") else ("host",):
        for place, host in enumerate(parameters.get(key, "").split(",")[:_MAX_HOSTS]):
            port = ports[place] if place < len(ports) else ports[0]
            name = f"{user}{host}{f':{port}' if port else ''}"
            if name and (host or not parameters.get("hostaddr")):
                found.append(Target("host", name))
    if parameters.get("dbname"):
        found.append(Target("database", parameters["dbname"]))
    return tuple(found)


def judge_parameters(parameters: Mapping[str, str]) -> list[Operation]:
    """Return operations for the parameters that do more than say where to connect."""
    found = []
    if parameters.get("options"):
        found.append(_options(parameters["options"]))
    if ":" in parameters.get("sslkey", "") and not parameters["sslkey"].startswith("/"):
        found.append(Operation("psql", "load ssl engine", frozenset((Effect.EXECUTE,))))
    if parameters.get("sslkeylogfile"):
        path = parameters["sslkeylogfile"]
        found.append(Operation("psql", "write tls keys", frozenset((Effect.FILE,)), (Target("file", path),)))
    if parameters.get("client_encoding"):
        verdict = judge_setting("client_encoding", (parameters["client_encoding"],))
        if verdict.unknown:
            found.append(conceded("psql", "set", verdict.unknown, Effect.SESSION))
    return found


def _options(text: str) -> Operation:
    """Judge the server options of a connection: ``-c name=value``, ``--name=value``."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|[^\s\\])+", text)]
    effects, reasons, place = {Effect.SESSION}, [], 0
    while place < len(words):
        word = words[place]
        place += 1
        if word == "-c" and place < len(words):
            word, place = words[place], place + 1
        elif word.startswith("-c"):
            word = word[2:]
        elif word.startswith("--"):
            word = word[2:].replace("-", "_") if "=" not in word else _dashes(word[2:])
        else:
            reasons.append(f"the server option {word} is not known")
            continue
        name, equals, value = word.partition("=")
        verdict = judge_setting(name.strip().replace("-", "_"), (value.strip(),) if equals else ())
        effects |= verdict.effects
        if verdict.unknown:
            reasons.append(verdict.unknown)
    if reasons:
        return conceded("psql", "connection options", "; ".join(reasons), *effects)
    return Operation("psql", "connection options", frozenset(effects))


def _dashes(word: str) -> str:
    name, _, value = word.partition("=")
    return f"{name.replace('-', '_')}={value}"


def read_service(content: str, service: str) -> Parameters | None:
    """Return the parameters that a service file has for `service`; None where it has none."""
    found: Parameters | None = None
    for raw in content.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            if found is not None:
                break
            if line == f"[{service}]":
                found = {}
        elif found is not None:
            key, _, value = line.partition("=")
            found.setdefault(key.strip(), value.strip())
    return found


def merged(layers: Sequence[Mapping[str, str]]) -> Parameters:
    """Return the layers as one; an earlier layer goes before a later one, and an empty value counts for nothing."""
    found: Parameters = {}
    for layer in layers:
        for key, value in layer.items():
            if value:
                found.setdefault(key, value)
    return found
