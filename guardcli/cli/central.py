"""The centre's policy, put together with the machine's own, for every command that judges or shows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from guardcli.broker.ruling import Machine, Ruling
from guardcli.cli.connection import connect
from guardcli.cli.settings import Settings
from guardcli.model.errors import GuardError, UnavailableError
from guardcli.model.secrets import Secret
from guardcli.policy import load_policy

if TYPE_CHECKING:
    from guardcli.broker.contact import Contact
    from guardcli.broker.watch import Watch
    from guardcli.client.api import ApiClient
    from guardcli.client.central import Centre, Trust
    from guardcli.client.forms import OpenedSession


@dataclass(frozen=True, slots=True)
class Ruled:
    """Who decides, by what the machine's own policy is, and by whom the centre is asked on; `fault` is what failed."""

    ruling: Ruling
    machine: Machine
    centre: Centre | None = None
    fault: GuardError | None = None


def has_centre(settings: Settings) -> bool:
    """Tell, at once, whether a centre may have a say: cheap, because every session asks.

    An embedded API leaves word beside its keys when it publishes; a central one has a say where its keys are trusted.
    """
    if not settings.api_url:
        return (settings.own_keys / "policy").exists()
    return bool(settings.policy_keys) or settings.central_dir.is_dir()


def trust(settings: Settings) -> Trust:
    """Return the keys of the API that are trusted on this machine."""
    from guardcli.client.central import Trust

    local = None if settings.api_url else settings.own_keys / "keys.json"
    return Trust(settings.central_dir, settings.api_url or "embedded", settings.policy_keys, local)


def rule(settings: Settings, source: str | None = None, client: ApiClient | None = None) -> Ruled:
    """Return who decides for a session that begins now; `source` is the machine's own policy where one is named.

    Where the centre cannot be reached, or what it says does not hold, what it said last counts, for as long as that
    lets reads go on. Raises UnavailableError where nothing is left to go by, and what is wrong with a policy.
    """
    machine = Machine(load_policy(source or settings.policy), settings.policy_is_chosen or source is not None)
    if not has_centre(settings) or not trust(settings).exists:
        return Ruled(Ruling(machine.policy), machine)
    from guardcli.client.central import Centre
    from guardcli.signing import ForgedError

    client = client or connect(settings)
    token = settings.token if settings.api_url else Secret("")
    centre = Centre(client, token, trust(settings), settings.central_dir, settings.groups)
    kept = centre.kept()
    try:
        return Ruled(machine.under(centre.ask()), machine, centre)
    except (UnavailableError, ForgedError) as error:
        if kept is None:
            raise
        ruling = machine.under(kept.assigned, kept.away)
        if ruling.is_central and kept.away >= ruling.policy.offline_reads:
            raise UnavailableError(
                f"the policy of the centre cannot be had: {error}",
                hint=f"version {kept.assigned.version} was kept {kept.away:.0f} s ago, "
                f"and its `offline: reads` lets it count for {ruling.policy.offline_reads:.0f} s",
            ) from error
        return Ruled(ruling, machine, centre, error)


def in_force(settings: Settings, source: str = "") -> Ruling:
    """Return who decides by `source` alone where it is named, and otherwise what a session would begin with now.

    Raises what `rule` does.
    """
    return Ruling(load_policy(source)) if source else rule(settings).ruling


def begun(client: ApiClient, settings: Settings, facts: Mapping[str, object], ruled: Ruled) -> OpenedSession:
    """Open a session at the API: one with an empty token where reads may go on without the API.

    Raises UnavailableError where they may not.
    """
    from guardcli.broker.spool_key import remember, remembered
    from guardcli.client.forms import OpenedSession

    try:
        opened = client.open_session(facts, [os.getpid()])
    except UnavailableError:
        if ruled.ruling.away is None or not ruled.ruling.is_central:
            raise
    else:
        remember(settings.state_dir, settings.api_url, opened.recipient)
        return opened
    recipient = remembered(settings.state_dir, settings.api_url)
    left = ruled.ruling.policy.offline_reads - ruled.ruling.away
    click.echo(f"guard: the API is out of reach; for {left:.0f} s more, only reads go on", err=True)
    return OpenedSession(Secret(""), recipient)


def watch(settings: Settings, ruled: Ruled, contact: Contact, token: Secret) -> Watch | None:
    """Return who hears of changes as the bearer of a session's `token`, None where no centre has a say.

    A session that began without the API has no token yet, and asks as its user. To be called in the broker.
    """
    if ruled.centre is None:
        return None
    from guardcli.broker.watch import Watch

    client = connect(settings)
    if token:
        centre = ruled.centre.acting(client.with_token(token), token)
    else:
        centre = ruled.centre.acting(client, settings.token if settings.api_url else Secret(""))
    return Watch(centre, ruled.machine, ruled.ruling, contact)


def enrol(settings: Settings, form: object, key: str | None) -> str:
    """Trust the set of keys in `form` from now on, and return the fingerprint of the one that signs.

    Raises ForgedError where it does not have `key`, or one that is pinned, or does not follow on what is trusted
    already: then another `key` must be named.
    """
    from guardcli.signing import KeySet

    found = trust(settings)
    if key is None:
        keys = found.accept(form) if found.exists else KeySet.parse(form)
    else:
        keys = KeySet.parse(form).pinned([key.strip().lower()])
        if settings.policy_keys:
            keys.pinned(settings.policy_keys)
    found.learn(keys)
    return keys.current.fingerprint
