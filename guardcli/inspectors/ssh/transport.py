"""Git's own transport over ssh: the one remote command that git sends, and nothing else beside it."""

from __future__ import annotations

import re

from guardcli.model.effects import Effect

_TRANSPORT = re.compile(
    r"git[ -](?P<service>upload-pack|receive-pack|upload-archive) "
    r"(?:'(?!-)(?:[^'\x00-\x1f\x7f]|'\\''|'\\!')*'|(?!-)[\w./~@:+-]+)\Z",
    re.ASCII,
)
"""As git quotes it: one path in single quotes, ``'`` and ``!`` each taken out of them with a backslash."""


def transport(command: str) -> tuple[str, Effect] | None:
    """Return the service that exactly `command` asks for and its effect; None for any other command."""
    match = _TRANSPORT.match(command)
    if match is None:
        return None
    service = match["service"]
    return f"git-{service}", Effect.WRITE if service == "receive-pack" else Effect.READ
