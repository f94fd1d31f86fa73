"""``guard run --isolate``: decide whether a session is isolated, and put its sandbox together."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import guardcli
from guardcli.broker.enclosure import EnclosurePlan
from guardcli.broker.place import CALLS, SessionPlace
from guardcli.broker.proxy import inner_ports
from guardcli.broker.shim_binary import enter_binary
from guardcli.cli.settings import Settings
from guardcli.isolation.bubblewrap import PLACE, Bubblewrap, Sandbox, arguments, command, find_bubblewrap, in_memory
from guardcli.isolation.keyed import new_key
from guardcli.isolation.project import Project, find_project
from guardcli.isolation.seccomp import make_filter
from guardcli.isolation.standins import StandIns, find_stand_ins
from guardcli.isolation.variables import agent_environment
from guardcli.isolation.view import Mount, Surroundings, build_view, places_of, visible
from guardcli.model.errors import UnavailableError
from guardcli.model.isolation import Network
from guardcli.policy import Policy


class Mode(str, Enum):
    """What is wanted."""

    REQUIRE = "require"
    AUTO = "auto"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Isolating:
    """A sandbox that can be had: made before the session's place is there."""

    bubblewrap: Bubblewrap
    project: Project
    view: tuple[Mount, ...]
    stand_ins: StandIns
    network: Network
    key: bytes
    filter: int

    @property
    def covered(self) -> list[str]:
        """The real tools that the view would show: the shim goes over them."""
        return sorted({place for path in self.stand_ins.paths for place in places_of(path, self.view)})


@dataclass(frozen=True, slots=True)
class Entry:
    """How the agent is started inside: the command, and the descriptors that it inherits."""

    argv: list[str]
    inherited: tuple[int, ...]


def choose(mode: Mode, settings: Settings, policy: Policy, network: Network) -> tuple[Isolating | None, str]:
    """Return the sandbox for a session and what to say about it; None where it is not isolated.

    Raises UnavailableError where isolation is required and cannot be had.
    """
    if mode is Mode.OFF:
        return None, ""
    try:
        isolating = prepare(settings, policy, network)
    except UnavailableError as error:
        if mode is Mode.REQUIRE:
            raise UnavailableError(
                f"the agent cannot be isolated: {error.message}", hint=error.hint or "--isolate=off runs it without"
            ) from None
        return None, f"not isolated, so real tools and credentials are within the agent's reach: {error}"
    return isolating, isolating.project.remark


def prepare(settings: Settings, policy: Policy, network: Network) -> Isolating:
    """Find out all that a sandbox needs. Raises UnavailableError with the reason why there can be none."""
    path = os.environ.get("PATH", os.defpath)
    bubblewrap = find_bubblewrap(path)
    enter_binary()
    filter_fd = make_filter()
    home = os.path.expanduser("~")
    project = find_project(_cwd(), home)
    around = Surroundings(
        home=home,
        path=path,
        project=project,
        needed=_needed(),
        private=_private(settings),
        kept=_policy_files(settings),
    )
    view = build_view(around, policy.isolation)
    stand_ins = find_stand_ins(policy.guarded, path)
    return Isolating(bubblewrap, project, view, stand_ins, network, new_key(), filter_fd)


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        raise UnavailableError("the current directory is gone", hint="change to another one") from None


def _needed() -> tuple[str, ...]:
    """Return what guard's own commands need inside: Python and this package."""
    package = str(Path(guardcli.__file__).resolve().parent)
    given = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry.startswith("/")]
    places = [sys.prefix, sys.base_prefix, package, *given]
    return tuple(dict.fromkeys(os.path.realpath(place) for place in places if os.path.isdir(place)))


def _private(settings: Settings) -> tuple[str, ...]:
    return tuple(map(str, (settings.config_dir, settings.state_dir, settings.runtime_dir)))


def _policy_files(settings: Settings) -> tuple[str, ...]:
    return (os.path.realpath(settings.policy),) if os.path.isfile(settings.policy) else ()


def enclosure(isolating: Isolating, control: socket.socket) -> EnclosurePlan:
    """Return what the broker needs of it; `control` is its end of the socket to the sandbox."""
    tools, programs = isolating.stand_ins.tools, isolating.stand_ins.programs
    return EnclosurePlan(isolating.key, control, enter_binary(), tools, programs, isolating.network)


def entry(
    isolating: Isolating, place: SessionPlace, control: socket.socket, argv: Sequence[str], told: Mapping[str, str]
) -> Entry:
    """Return how to start `argv` inside; `control` is the sandbox's end of the socket to the broker.

    `told` is what the broker's services have to say: the ports of the loopback that it names are there inside as well.
    """
    ports = inner_ports(isolating.network, told)
    sandbox = Sandbox(
        mounts=isolating.view,
        covered=isolating.covered,
        shims=str(place.shims),
        socket=str(place.socket),
        empty=str(place.empty),
        cwd=isolating.project.cwd if _there(isolating) else "/",
        gateways=str(place.directory / "pg"),
        kubeconfigs=str(place.directory / "kube"),
        calls=str(place.directory / CALLS),
        own_network=isolating.network is not Network.SHARED,
    )
    options = in_memory(arguments(sandbox, isolating.filter))
    whole = command(isolating.bubblewrap.program, options, control.fileno(), ports, argv)
    return Entry(whole, (options, isolating.filter, control.fileno()))


def _there(isolating: Isolating) -> bool:
    """Tell whether the directory that the agent is to start in is there inside."""
    cwd = isolating.project.cwd
    return visible(cwd, isolating.view) or any(mount.target == cwd for mount in isolating.view)


def inside_environment(
    environment: Mapping[str, str], policy: Policy, session: str, told: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of an agent that is isolated; `told` is what the broker's services have to say."""
    env = {**agent_environment(environment, policy.isolation), **told}
    env["PATH"] = f"{PLACE}/bin{os.pathsep}{env.get('PATH', os.defpath)}"
    env["GUARD_SESSION"] = session
    env["GUARD_SOCKET"] = f"{PLACE}/broker.sock"
    return env
