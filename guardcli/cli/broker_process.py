"""The broker's process as the command line starts it: forked, with what the policy's resources need beside it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from guardcli.broker.agent import keep_memory_private
from guardcli.broker.contact import Contact
from guardcli.broker.maskers import Maskers
from guardcli.broker.passing import passing_service
from guardcli.broker.recovery import recover_spools
from guardcli.broker.services import Service
from guardcli.broker.session import Broker, Session, run_broker
from guardcli.broker.shipper import Shipper
from guardcli.broker.spool import Spool
from guardcli.cli.central import Ruled, begun, watch
from guardcli.cli.connection import connect
from guardcli.cli.session_facts import masked_command, session_facts
from guardcli.cli.settings import Settings
from guardcli.client.api import ApiClient
from guardcli.masking.cache import PatternCache
from guardcli.model.isolation import Network
from guardcli.model.secrets import Secret
from guardcli.policy import Policy

APPROVAL_WAIT = 120.0


def fork_broker(
    session: Session,
    spool: Spool,
    listener: socket.socket,
    control: socket.socket,
    settings: Settings,
    token: Secret,
    ruled: Ruled,
    become: Callable[[], None] | None = None,
    others: Sequence[socket.socket] = (),
) -> int:
    """Start the broker and return its pid; what only it needs is closed here, `others` are closed there.

    `control` is its end of the socket to what runs the agent. `become` changes in the new process who that is.
    """
    pid = os.fork()
    if pid:
        control.close()
        listener.close()
        spool.close()
        return pid
    status = 1
    try:
        for other in others:
            other.close()
        if become is not None:
            become()
            keep_memory_private()

        contact = session.standing.contact or Contact()

        def connect_again() -> tuple[ApiClient, Shipper]:
            client = connect(settings).with_token(token)

            def revive() -> ApiClient:
                again = connect(settings)
                if token:
                    return again.with_token(token)
                shown = again.create_session(session.facts, [os.getpid(), os.getppid()])
                client.transport.show(shown)
                return client

            told = contact if ruled.centre is None else None  # with a centre only answers that hold count
            return client, Shipper(settings.spool_dir, session.id, client, spool.key, revive=revive, contact=told)

        def recover() -> None:
            recover_spools(settings.spool_dir, connect(settings), skip=[session.id])

        status = run_broker(
            session,
            spool,
            listener,
            control,
            connect_again,
            recover,
            partial(session_services, settings),
            lambda: watch(settings, ruled, contact, token),
        )
    finally:
        os._exit(status)


def session_services(settings: Settings, broker: Broker) -> list[Service]:
    """Return what runs beside the broker's socket: what lends credentials, the gateways of the policy's resources."""
    services: list[Service] = []
    kinds = {resource.kind for resource in broker.session.policy.resources}
    if kinds & {"ssh", "git"} or any(rules.equips for rules in broker.session.policy.tool_rules):
        from guardcli.broker.lenders import custody_services  # only who needs it waits for its import

        services += custody_services(broker, settings.config_dir)
    if "postgres" in kinds:
        from guardcli.broker.postgres import postgres_services  # the same

        services += postgres_services(broker, settings.config_dir)
    if "kubernetes" in kinds:
        from guardcli.broker.kubernetes import kubernetes_services  # the same

        services += kubernetes_services(broker, settings.config_dir)
    plan = broker.session.enclosure
    if plan is None or plan.network is Network.SHARED:  # else a call would reach where its sandbox does not
        passing = passing_service(broker)
        broker.routes.pass_on(passing)
        services.append(passing)
    return services


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that the API knows, and whose record has begun; `token` is its own."""

    facts: dict[str, object]
    maskers: Maskers
    spool: Spool
    token: Secret


def open_record(settings: Settings, ruled: Ruled, argv: Sequence[str], cwd: str | None = None) -> Opened:
    """Open a session of the command `argv` in `cwd`, or in the current directory. Raises GuardError."""
    policy = ruled.ruling.policy
    maskers = Maskers(ruled.ruling.mask, PatternCache(settings.state_dir / "cache"))
    facts = session_facts(settings, policy, masked_command(argv, maskers))
    if cwd is not None:
        facts["cwd"] = cwd
    spool = Spool(settings.spool_dir, facts)
    try:
        client = connect(settings)
        opened = begun(client, settings, facts, ruled)
        spool.keep_key(opened.recipient)
        client.close()
    except BaseException:
        spool.remove()
        raise
    return Opened(facts, maskers, spool, opened.token)


def patience(policy: Policy, seconds: float | None) -> float:
    """Return for how long a call waits for a person: the `seconds` that were asked for, or what the policy says."""
    if seconds is not None:
        return seconds
    return APPROVAL_WAIT if policy.approval_wait is None else policy.approval_wait
