"""Finds where recordings lie and what opens them: as the settings say, or beside the database."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL

from guardcli.api.archive.objects import Objects
from guardcli.api.archive.ring import Ring
from guardcli.api.archive.segments import Segments
from guardcli.api.config import Config
from guardcli.model.errors import ConfigurationError

DIRECTORY, IDENTITIES = "recordings", "recordings.key"


def segments_of(config: Config, database: URL) -> Segments:
    """Return the recordings that `config` speaks of, for the database at `database`.

    Raises ConfigurationError where nothing says where they are: a server's database has no directory of its own.
    """
    home = config.state or home_of(database)
    url, path = config.recordings.url, config.encryption.file
    if home is None and not (url and (path or config.encryption.identities)):
        raise ConfigurationError(
            "nothing says where recordings are kept, and what opens them",
            hint="set recordings.url and encryption.file, or state, a directory for both",
        )
    objects = Objects(url or (home or Path()).joinpath(DIRECTORY).absolute().as_uri(), config.recordings.options)
    if config.encryption.identities:
        return Segments(objects, Ring(text=config.encryption.identities), config.encryption.events)
    return Segments(objects, Ring(path or (home or Path()) / IDENTITIES), config.encryption.events)


def home_of(database: URL) -> Path | None:
    """Return the directory of an SQLite database, None for any other."""
    if database.get_backend_name() != "sqlite" or not database.database or database.database == ":memory:":
        return None
    return Path(database.database).absolute().parent
