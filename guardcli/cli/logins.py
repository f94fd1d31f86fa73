"""Where the token of a login is kept: one file in the state directory, its owner's alone, a token for each API."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from guardcli.model.errors import ConfigurationError
from guardcli.model.secrets import Secret

NAME = "logins.json"


def stored_login(state_dir: Path, url: str) -> Secret:
    """Return the token that was kept for the API at `url`, an empty one for none."""
    entry = _read(state_dir).get(url)
    token = entry.get("token") if isinstance(entry, Mapping) else None
    return Secret(token if isinstance(token, str) else "")


def keep_login(state_dir: Path, url: str, token: Secret | None) -> None:
    """Keep `token` for the API at `url`, or forget what was kept. Raises ConfigurationError where it cannot."""
    logins = {known: entry for known, entry in _read(state_dir).items() if known != url}
    if token is not None:
        logins[url] = {"token": token.reveal()}
    try:
        descriptor, made = tempfile.mkstemp(dir=state_dir, prefix=".logins")
        with os.fdopen(descriptor, "w") as file:
            json.dump(logins, file)
        os.replace(made, state_dir / NAME)
    except OSError as error:
        raise ConfigurationError(f"cannot keep the login in {state_dir}: {error.strerror}") from error


def _read(state_dir: Path) -> dict[str, Any]:
    try:
        found = json.loads((state_dir / NAME).read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {state_dir / NAME}: {error}", hint="remove it, then log in") from None
    return found if isinstance(found, dict) else {}
