"""Whether a call of psql takes the user's password to a server that it is not for.

A server may ask for the password in clear text (PostgreSQL protocol, AuthenticationCleartextPassword), so that whoever
chooses the host gets it. Two ways lead there. PGPASSWORD goes to every host that a call names: it is for the host that
the environment names beside it. A password file is searched for ``host``, while the connection goes to ``hostaddr``
(PostgreSQL manual, "Parameter Key Words"). A password that the call itself brings is the caller's own to send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target, conceded

_ACTION = "login elsewhere"
_PLACES = ("PGHOST", "PGHOSTADDR")
_LOCAL = frozenset({"", "localhost", "::1", "ip6-localhost"})


def judge_login(
    parameters: Mapping[str, str], env: Mapping[str, str], baseline: Mapping[str, str], *, leads_home: bool
) -> list[Operation]:
    """Return an operation where a call sends the user's password to another host; none where all is well.

    `parameters` are libpq's, all layers as one; `baseline` is the environment that the session began with, empty where
    that is not known. `leads_home` says that a service of the user's own, or a gateway of the session, chose the host.
    """
    password = env.get("PGPASSWORD", "")
    if leads_home or parameters.get("password") or not (password or parameters.get("hostaddr")):
        return []
    hosts, addresses = _listed(parameters.get("host", "")), _listed(parameters.get("hostaddr", ""))
    known = baseline or env
    ours = {name for variable in _PLACES for name in _listed(known.get(variable, ""))}
    hidden = [
        address
        for host, address in zip_longest(hosts, addresses, fillvalue="")
        if host and address and host != address and _is_foreign(address, ours)
    ]
    if password and baseline and baseline.get("PGPASSWORD") != password:
        return []
    if hidden:
        return [_sends(hidden)]
    reached = [address or host for host, address in zip_longest(hosts, addresses, fillvalue="")]
    foreign = [name for name in reached if _is_foreign(name, ours)]
    if not password or not foreign:
        return []
    if ours:
        return [_sends(foreign)]
    if not baseline:
        return []
    reason = "PGPASSWORD may be for another server than this; set PGHOST beside it before the session begins"
    return [conceded("psql", _ACTION, reason, Effect.SESSION)]


def _listed(text: str) -> Sequence[str]:
    return [name.strip().lower().rstrip(".") for name in text.split(",")] if text else []


def _is_foreign(name: str, ours: set[str]) -> bool:
    return not (name in _LOCAL or name in ours or name.startswith(("/", "@", "127.")))


def _sends(hosts: Sequence[str]) -> Operation:
    found = tuple(Target("host", host) for host in dict.fromkeys(hosts))
    return Operation("psql", _ACTION, frozenset((Effect.NETWORK,)), found)
