"""What the API and the record are told of a new session."""

from __future__ import annotations

import getpass
import os
import secrets
import shlex
import socket
import time
from collections.abc import Sequence

from guardcli.broker.maskers import Maskers
from guardcli.broker.recorder import printable
from guardcli.broker.spool import timestamp
from guardcli.cli.settings import Settings
from guardcli.policy import Policy


def masked_command(argv: Sequence[str], maskers: Maskers) -> list[str]:
    """Return the agent's command as the record may hold it."""
    text = maskers.text(printable(shlex.join(argv)))
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def session_facts(settings: Settings, policy: Policy, command: Sequence[str]) -> dict[str, object]:
    """Return what the API and the record are told of a new session; the identifier sorts by time."""
    now = time.time()
    host = socket.gethostname()
    return {
        "id": f"{int(now * 1000):012x}{secrets.token_hex(5)}",
        "identity": f"{_user()}@{host}",
        "groups": list(settings.groups),
        "command": list(command),
        "cwd": _cwd(),
        "host": host,
        "policy": policy.name,
        "policy_digest": policy.digest,
        "started": timestamp(now),
    }


def _user() -> str:
    """Return the user's name, or the number of one who has none, as in many containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
