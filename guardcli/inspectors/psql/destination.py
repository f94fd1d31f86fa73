"""Where a call of psql would connect, and how its arguments and variables must be for it to go somewhere else.

The first is libpq's order of precedence over conninfo strings, options, arguments, a service file and the environment.
The second is for a gateway: psql is to meet the gateway's socket whatever it was told, with all else left as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guardcli.inspectors.psql.connection import ENVIRONMENT, Parameters, is_conninfo, merged, read_conninfo
from guardcli.inspectors.psql.options import CommandLine

LETTERS = {"h": "host", "p": "port", "U": "user", "d": "dbname"}
TRANSPORT = frozenset(
    {
        "host",
        "hostaddr",
        "port",
        "service",
        "servicefile",
        "passfile",
        "requirepeer",
        "require_auth",
        "channel_binding",
        "krbsrvname",
        "gsslib",
        "gssencmode",
        "gssdelegation",
        "load_balance_hosts",
        "target_session_attrs",
        "sslmode",
        "requiressl",
        "sslnegotiation",
        "sslcompression",
        "sslcert",
        "sslkey",
        "sslpassword",
        "sslcertmode",
        "sslrootcert",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "sslkeylogfile",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "min_protocol_version",
        "max_protocol_version",
    }
)
"""Parameters that say how a server is reached and known; at a gateway's socket they only stand in the way."""
CLEARED = (
    "PGHOSTADDR",
    "PGSERVICE",
    "PGPASSFILE",
    "PGREQUIREPEER",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGLOADBALANCEHOSTS",
    "PGTARGETSESSIONATTRS",
    "PGSSLMODE",
    "PGREQUIRESSL",
    "PGSSLNEGOTIATION",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLROOTCERT",
    "PGSSLCRL",
    "PGMINPROTOCOLVERSION",
    "PGMAXPROTOCOLVERSION",
)
"""Variables of the same kind."""

SYSTEM_SERVICES = "/etc/postgresql-common/pg_service.conf"
"""Debian's place for the services of all users."""


@dataclass(frozen=True, slots=True)
class Destination:
    """What libpq is told, the first layer counting most; `fault` where a string is not understood."""

    layers: tuple[Parameters, ...]
    fault: str = ""

    @property
    def service(self) -> str:
        """The service that is named, an empty string for none."""
        return merged(self.layers).get("service", "")

    def parameters(self, service: Parameters | None = None) -> Parameters:
        """Return what holds; `service` is what the service file has for `service`."""
        expanded, given, around = self.layers
        return merged((expanded, given, service or {}, around))


def read_destination(line: CommandLine, env: Mapping[str, str]) -> Destination:
    """Return what a command line and an environment tell libpq."""
    given: Parameters = {}
    for option in line.options:
        if option.letter in LETTERS:
            given[LETTERS[option.letter]] = option.value
    for argument in line.arguments:
        given.setdefault("dbname" if "dbname" not in given else "user", argument)
    expanded: Parameters = {}
    fault = ""
    if is_conninfo(given.get("dbname", "")):
        read = read_conninfo(given.pop("dbname"))
        if isinstance(read, str):
            fault = read
        else:
            expanded = read
    around = {key: env[variable] for variable, key in ENVIRONMENT.items() if env.get(variable)}
    return Destination((expanded, given, around), fault)


def redirected_arguments(
    line: CommandLine, parameters: Mapping[str, str], host: str, port: int, *, keep_password: bool
) -> dict[int, str]:
    """Return what must stand where in argv, so that psql connects to the socket in the directory `host`."""
    found: dict[int, str] = {}
    places: list[tuple[int, str, str]] = []
    for option in line.options:
        if option.letter in ("h", "p"):
            found[option.index] = option.prefix + (host if option.letter == "h" else str(port))
        elif option.letter == "d":
            places.append((option.index, option.prefix, option.value))
    places += [(place, "", text) for place, text in zip(line.places, line.arguments, strict=True)]
    for index, prefix, text in places:
        if is_conninfo(text):
            kept = {
                key: value
                for key, value in parameters.items()
                if key not in TRANSPORT and (keep_password or key != "password")
            }
            found[index] = prefix + conninfo({**kept, "host": host, "port": str(port)})
    return found


def redirected_environment(
    parameters: Mapping[str, str], host: str, port: int, *, keep_password: bool
) -> dict[str, str | None]:
    """Return the variables that psql must have for that; None for those that it must not."""
    found: dict[str, str | None] = dict.fromkeys(CLEARED)
    found |= {"PGHOST": host, "PGPORT": str(port), "PGGSSENCMODE": "disable"}
    for key, variable in (("dbname", "PGDATABASE"), ("user", "PGUSER")):
        if parameters.get(key):
            found[variable] = parameters[key]
    if not keep_password:
        found["PGPASSWORD"] = None
    return found


def service_files(env: Mapping[str, str]) -> list[str]:
    """Return the files in which libpq looks for a service, in order."""
    own = env.get("PGSERVICEFILE") or (f"{env['HOME']}/.pg_service.conf" if env.get("HOME") else "")
    system = f"{env['PGSYSCONFDIR']}/pg_service.conf" if env.get("PGSYSCONFDIR") else SYSTEM_SERVICES
    return [path for path in (own, system) if path]


def conninfo(parameters: Mapping[str, str]) -> str:
    """Return a connection string that says `parameters`."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in parameters.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def hosts_of(parameters: Mapping[str, str]) -> Sequence[str]:
    """Return the hosts that are named, in order, and behind them the addresses that libpq connects to instead."""
    named = f"{parameters.get('host', '')},{parameters.get('hostaddr', '')}"
    return [host for host in named.split(",") if host]
