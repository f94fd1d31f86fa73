"""Objects under names, on local files or in a bucket: obstore, with durability, bounds and errors of guard's own.

A local file is on the disk, and so is its name, before `Objects.put` returns: the answer to a batch means that. A store
that is slow or away costs whoever needs it a bounded time, and never more than `AT_ONCE` threads of a worker, so that
the rest of the API goes on. Credentials come from the environment, under the names that each provider's own tools use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from guardcli.model.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

SCHEMES = ("file", "s3", "gs", "az", "abfs", "abfss", "adl", "azure", "s3a")

AT_ONCE = 16
"""Threads of one worker that wait for the store at the same time; it has 40."""

QUEUE_SECONDS = 2.0
"""How long another one waits for one of them to be done, before it is told to come again."""

REQUEST_SECONDS = 10.0
TRIES = 2
RETRY_SECONDS = 12.0
"""With these a store that does not answer is given up before the client gives the API up."""

LISTED = 1000


class Objects:
    """Objects of one directory or bucket; `url` is ``file:///DIR``, ``s3://BUCKET/PREFIX``, ``gs://…`` or ``az://…``.

    `options` are the provider's settings as obstore names them (endpoint, region, …). Raises ConfigurationError for a
    URL or an option that is none, UnavailableError where a directory cannot be made.
    """

    def __init__(self, url: str, options: Mapping[str, str] | None = None) -> None:
        self.url = url
        self._options = dict(options or {})
        self._gate = BoundedSemaphore(AT_ONCE)
        scheme = urlsplit(url).scheme
        if scheme not in SCHEMES:
            raise ConfigurationError(
                f"recordings cannot be kept at {url!r}", hint="use file:///DIRECTORY, s3://, gs:// or az://"
            )
        self._root = Path(unquote(urlsplit(url).path)) if scheme == "file" else None
        if self._root is not None and (self._options or urlsplit(url).netloc):
            raise ConfigurationError(f"{url} is no directory of this machine", hint="file:///DIRECTORY, no options")
        self._made = None if self._root is not None else self._open()

    @property
    def is_local(self) -> bool:
        """Whether the objects are files of this machine."""
        return self._root is not None

    @property
    def _store(self) -> Any:
        """The store of obstore's; the directory of a local one is made when it is first needed."""
        if self._made is None:
            self._made = self._open()
        return self._made

    def _open(self) -> Any:
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url

        if self._root is not None:
            try:
                self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise UnavailableError(
                    f"cannot keep recordings in {self._root}: {error.strerror}", hint="correct its permissions"
                ) from error
            return LocalStore(self._root)
        client: ClientConfig = {
            "timeout": timedelta(seconds=REQUEST_SECONDS),
            "connect_timeout": timedelta(seconds=REQUEST_SECONDS / 2),
            "allow_http": self._options.get("endpoint", "").startswith("http://"),
        }
        retry: RetryConfig = {"max_retries": TRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)}
        config: Any = self._options
        try:
            return from_url(self.url, config=config, client_options=client, retry_config=retry)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(f"recordings cannot be kept at {self.url}: {_first_line(error)}") from None

    @contextmanager
    def _turn(self, act: str) -> Iterator[None]:
        """Give one of the turns at the store. Raises UnavailableError for whatever goes wrong in it."""
        from obstore.exceptions import BaseError

        if not self._gate.acquire(timeout=QUEUE_SECONDS):
            raise UnavailableError("the store of recordings is too slow", hint="try again")
        try:
            yield
        except (BaseError, OSError) as error:
            raise UnavailableError(
                f"the store of recordings cannot {act}: {_first_line(error)}",
                hint="see that it is there, has room, and lets the API in",
            ) from error
        finally:
            self._gate.release()

    def put(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`, for good once this returns. Raises UnavailableError."""
        import obstore

        store = self._store
        with self._turn("be written"):
            obstore.put(store, name, content, use_multipart=False)
            if self._root is not None:
                _settle(self._root, self._root / name)

    def get(self, name: str, start: int, length: int) -> bytes | None:
        """Return `length` bytes of an object from `start`, fewer where it ends; None where there is no such object.

        Raises UnavailableError.
        """
        import obstore

        store = self._store
        with self._turn("be read"):
            try:
                return bytes(obstore.get_range(store, name, start=start, length=length))
            except FileNotFoundError:
                return None
            except Exception:
                if self._size(name) <= start:
                    return b""
                raise

    def _size(self, name: str) -> int:
        """Return how many bytes an object has: a range behind its end is an error to every store."""
        import obstore

        return int(obstore.head(self._store, name)["size"])

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; those that are gone already are no error. Raises UnavailableError."""
        import obstore

        store = self._store
        with self._turn("delete"):
            for name in names:
                try:
                    obstore.delete(store, name)
                except FileNotFoundError:
                    continue

    def names(self, prefix: str) -> Iterator[list[str]]:
        """Give the names below `prefix`, a part of a path, up to `LISTED` at once. Raises UnavailableError."""
        import obstore

        store = self._store
        with self._turn("be listed"):
            for page in obstore.list(store, prefix, chunk_size=LISTED):
                yield [str(found["path"]) for found in page]


def _settle(root: Path, path: Path) -> None:
    """Bring a file and the names that lead to it to the disk (fsync(2): a file's name is in its directory)."""
    for place in (path, *path.parents):
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if place == root:
            return


def _first_line(error: Exception) -> str:
    """Return what a library said, without the requests and the settings that it may show after that."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:300]
