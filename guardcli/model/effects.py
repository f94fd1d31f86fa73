"""The closed set of effects, shared by all tools, and their order from harmless to grave."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Effect(str, Enum):
    """The worst thing that an operation does. The order of definition is the order of gravity."""

    READ = "read"
    """Looks at data or state and changes nothing."""
    SESSION = "session"
    """Changes only the client's own session: settings, transactions, cursors."""
    WRITE = "write"
    """Creates or changes data or objects in a way that names what it touches."""
    DEFINE = "define"
    """Changes the shape of things: DDL, custom resource definitions, repository configuration."""
    DELETE = "delete"
    """Removes data or objects, or loses work."""
    NETWORK = "network"
    """Opens or redirects a path: forwards, proxies, other endpoints."""
    FILE = "file"
    """Reads or writes files outside what the tool is for, above all on the server."""
    EXECUTE = "execute"
    """Runs a program, on the agent's side or on the target."""
    PRIVILEGE = "privilege"
    """Changes who may do what, or acts as somebody else."""
    UNKNOWN = "unknown"
    """Could not be known; never the only word on an operation that is called complete."""


_GRAVITY = {effect: rank for rank, effect in enumerate(Effect)}


def worst(effects: Iterable[Effect]) -> Effect:
    """Return the gravest of `effects`; READ for none."""
    return max(effects, key=_GRAVITY.__getitem__, default=Effect.READ)


def in_order(effects: Iterable[Effect]) -> list[Effect]:
    """Return `effects` sorted from harmless to grave."""
    return sorted(effects, key=_GRAVITY.__getitem__)
