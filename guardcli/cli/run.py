"""``guard run``: put the engine together, start the broker, run the agent."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from guardcli.broker.agent import (
    BrokerLost,
    Supervisor,
    adopt_orphans,
    descendants,
    end_processes,
    keep_memory_private,
    leave_as,
)
from guardcli.broker.contact import Contact
from guardcli.broker.place import SessionPlace, remove_stale, runtime_root
from guardcli.broker.server import listen
from guardcli.broker.services import hear_started
from guardcli.broker.session import FLUSH_SECONDS, Session
from guardcli.broker.standing import Standing
from guardcli.cli.broker_process import fork_broker, open_record, patience
from guardcli.cli.central import Ruled, rule
from guardcli.cli.isolating import Isolating, Mode, choose, enclosure, entry, inside_environment
from guardcli.cli.own_user import OwnUser, begin, places, prepare
from guardcli.cli.session_environment import forget_in_memory, lent_environment, outside_environment, withheld
from guardcli.cli.settings import Settings, load_settings
from guardcli.client.embedded import embedded_pid
from guardcli.model.errors import UnavailableError
from guardcli.model.isolation import Network

READY_SECONDS = 20.0


@click.command(
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
    epilog="Example: guard run -- claude\n\nExample: guard run --approval-wait 0 -- sh deploy.sh",
)
@click.option(
    "--policy",
    "policy_source",
    metavar="FILE|pack:NAME",
    help="The policy to judge by; the centre's goes before it, where it has assigned one, and this can only make that "
    "stricter. Default: GUARD_POLICY, the configured one, or pack:default.",
)
@click.option(
    "--approval-wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long a call waits for a person; 0 answers 75 at once. Default: what the policy says, or 120.",
)
@click.option(
    "--isolate",
    type=click.Choice([mode.value for mode in Mode]),
    is_flag=False,
    flag_value=Mode.REQUIRE.value,
    help="Run the agent in a sandbox of its own (bubblewrap): auto where that works, require or refuse, off. "
    "--isolate alone is require. Default: GUARD_ISOLATE, the configured one, or auto.",
)
@click.option(
    "--network",
    type=click.Choice([network.value for network in Network]),
    help="The network of an isolated agent: shared, through guard's proxy, or none. Default: what the policy says.",
)
@click.option(
    "--as-user",
    "agent_user",
    metavar="NAME",
    help="As root, in a container for one: run the agent as this user and the broker as another, with no way back. The "
    "real tools have to be closed to the agent's user (guard shims protect). Default: GUARD_AS_USER, or nobody else.",
    envvar="GUARD_AS_USER",
)
@click.option(
    "--broker-user",
    metavar="NAME",
    help="The broker's user, with --as-user. Default: GUARD_BROKER_USER, or guard.",
    envvar="GUARD_BROKER_USER",
)
@click.option(
    "--sidecar",
    type=click.Path(path_type=Path),
    metavar="DIRECTORY",
    help="Run the agent under the broker in the container beside this one (guard sidecar DIRECTORY), which decides "
    "about everything else. Default: GUARD_SIDECAR, or a broker of its own.",
    envvar="GUARD_SIDECAR",
)
@click.argument("argv", nargs=-1, required=True, metavar="-- AGENT [ARGUMENT]...", type=click.UNPROCESSED)
def command(
    policy_source: str | None,
    approval_wait: float | None,
    isolate: str | None,
    network: str | None,
    agent_user: str | None,
    broker_user: str | None,
    sidecar: Path | None,
    argv: tuple[str, ...],
) -> None:
    """Run an agent, or any command, under guard.

    psql, kubectl, ssh and git, and the tools that the policy names, are judged call by call for as long as it runs,
    whatever it starts included. Without isolation this stops mistakes and casual evasion, not an agent that calls the
    tools by another path. With --isolate it sees its project, its own configuration and the system's programs; the
    shim stands wherever a real tool is. With --as-user it is another user, and the real tools are closed to it.

    The exit status is the agent's own; 69 when guard cannot keep its record or the API cannot be reached, 78 when
    the policy has faults. A guarded call exits 77 when it was denied and 75 while its approval is pending.
    """
    if sidecar is not None:
        if any((policy_source, approval_wait is not None, isolate, network, agent_user, broker_user)):
            raise click.UsageError("with --sidecar the broker's container decides: give it those options")
        from guardcli.cli.beside import enter  # only who needs it waits for its import

        sys.exit(enter(sidecar, argv))
    if agent_user and (isolate not in (None, Mode.OFF.value) or network):
        raise click.UsageError("--as-user is for where there is no sandbox: not with --isolate or --network")
    users = begin(agent_user, broker_user or "") if agent_user else None
    settings = load_settings()
    ruled = rule(settings, policy_source)
    policy = ruled.ruling.policy
    approval_wait = patience(policy, approval_wait)
    if users is not None:
        sys.exit(start(settings, ruled, approval_wait, argv, own=prepare(users, policy, settings)))
    wanted = Network(network) if network else policy.isolation.network
    isolating, said = choose(Mode(isolate or settings.isolate), settings, policy, wanted)
    if said:
        click.echo(f"guard: {said}", err=True)
    sys.exit(start(settings, ruled, approval_wait, argv, isolating))


def start(
    settings: Settings,
    ruled: Ruled,
    approval_wait: float,
    argv: Sequence[str],
    isolating: Isolating | None = None,
    own: OwnUser | None = None,
) -> int:
    """Run one session to its end and return the exit status. Raises UnavailableError before the agent has started."""
    opened = open_record(settings, ruled, argv)
    root = places(settings) if own else runtime_root(settings.runtime_dir, settings.state_dir)
    remove_stale(root)
    kept = own or isolating
    key, reader = kept.key if kept else b"", own.reader if own else None
    place = SessionPlace(root, opened.spool.session, ruled.ruling.guarded, key, reader)
    inner, outer = socket.socketpair()
    plan = enclosure(isolating, outer) if isolating else None
    session = Session(
        facts=opened.facts,
        identity=str(opened.facts["identity"]),
        groups=settings.groups,
        policy=ruled.ruling.policy,
        standing=Standing(ruled.ruling, Contact(ruled.ruling.away)),
        maskers=opened.maskers,
        approval_wait=approval_wait,
        place=place,
        spool_dir=settings.spool_dir,
        environment=dict(os.environ),
        size=shutil.get_terminal_size(),
        enclosure=own.enclosure(outer, place) if own else plan,
        agent=own.users.agent.uid if own else None,
    )
    forget_in_memory(withheld(session.standing.policies))
    keep_memory_private()
    adopt_orphans()
    ours, theirs = socket.socketpair()
    listener = listen(str(place.socket), for_group=own is not None)
    become = own.users.become_broker if own else None
    broker = fork_broker(session, opened.spool, listener, theirs, settings, opened.token, ruled, become, (ours, inner))
    outer.close()
    keeper = own.keep(inner) if own else 0
    try:
        return _supervise(session, settings, ours, broker, argv, isolating, inner, own, keeper)
    finally:
        if own:
            own.users.finish()
        place.remove()


def _supervise(
    session: Session,
    settings: Settings,
    control: socket.socket,
    broker: int,
    argv: Sequence[str],
    isolating: Isolating | None,
    inner: socket.socket,
    own: OwnUser | None,
    keeper: int,
) -> int:
    try:
        told = hear_started(control, READY_SECONDS)
    except UnavailableError:
        _await_broker(broker)
        raise
    if told is None:
        raise UnavailableError("the broker could not start", hint=f"see {_kept_log(session)}")
    place = session.place
    inherited: tuple[int, ...] = ()
    become: Callable[[], None] | None = None
    if own is not None:
        env, become = (
            own.environment(lent_environment(session), session.policy, place, session.id, told),
            own.become_agent,
        )
    elif isolating is not None:
        env = inside_environment(lent_environment(session), session.policy, session.id, told)
        way = entry(isolating, place, inner, argv, told)
        argv, inherited = way.argv, way.inherited
        inner.detach()
    else:
        env = outside_environment(session, told)
        inner.close()
    supervisor = Supervisor(control)
    try:
        status = supervisor.run(argv, env, inherited, become, enters=isolating is not None)
    except BrokerLost:
        end_processes(_left_behind(settings, broker, own, keeper))
        if own:
            own.users.finish()
        raise UnavailableError(
            "the broker of this session was lost, so the agent was ended",
            hint=f"what it recorded is shipped by the next run; see {_kept_log(session)}",
        ) from None
    if isolating is not None and not supervisor.has_entered():
        status = UnavailableError.exit_status << 8
        click.echo("guard: the sandbox could not be set up, so nothing was run; what bwrap says above is why", err=True)
    if left := _left_behind(settings, broker, own, keeper):
        click.echo(f"guard: ended {len(left)} process(es) that the agent left behind", err=True)
        end_processes(left)
    if own:
        own.users.finish()
    code = os.waitstatus_to_exitcode(status)
    control.sendall(str(code).encode())
    _await_broker(broker)
    place.remove()
    leave_as(status)
    return code


def _left_behind(settings: Settings, broker: int, own: OwnUser | None, keeper: int) -> list[int]:
    """Return the processes of the session but for guard's own: an API restarted meanwhile hangs below this one too."""
    with own.users.as_guard() if own else nullcontext():
        spared = {broker, keeper, embedded_pid(settings.runtime_dir)}
    return [pid for pid in descendants(os.getpid()) if pid not in spared]


def _await_broker(broker: int) -> None:
    """Wait until the broker has closed the record; say so when some of it could not be shipped yet."""
    until = time.monotonic() + FLUSH_SECONDS + READY_SECONDS
    while time.monotonic() < until:
        try:
            pid, status = os.waitpid(broker, os.WNOHANG)
        except ChildProcessError:
            return
        if pid:
            if status:
                click.echo("guard: part of the record is still in the spool; the next run ships it", err=True)
            return
        time.sleep(0.002)
    click.echo("guard: the broker does not end; its record stays in the spool", err=True)
    end_processes([broker])


def _kept_log(session: Session) -> Path:
    """Move the broker's log to where it outlives the session, and return that place."""
    kept = session.spool_dir.parent / "broker.log"
    if session.place.log.exists():
        shutil.copy(session.place.log, kept)
    return kept
