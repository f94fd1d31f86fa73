"""The keys that the API signs with: where they lie."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from guardcli.api.config import Config
from guardcli.signing import KeyRing

NAME = "keys"


def key_ring(config: Config, engine: Engine) -> KeyRing:
    """Return the API's ring: in the directory that is set, or else beside its SQLite database.

    Workers on several machines share one directory, or each has a copy that is replaced at every rotation.
    """
    if config.keys is not None:
        return KeyRing(config.keys)
    url = engine.url
    is_file = url.get_backend_name() == "sqlite" and url.database
    return KeyRing(Path(str(url.database)).absolute().with_name(NAME) if is_file else None)
