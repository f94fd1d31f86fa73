"""SHA-256 of what a stream delivers, worked out beside the stream: it costs more than moving the bytes does."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor

LARGE = 128 * 1024
"""Pieces of so many bytes are worth a thread, which needs 50 microseconds to wake; hashing this many takes 80."""


class StreamDigest:
    """The digest of a stream. One piece at a time is hashed by a thread, so that memory stays bounded."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()
        self._thread: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def update(self, data: bytes) -> None:
        """Take the next piece; wait until the one before is hashed."""
        self._settle()
        if len(data) < LARGE:
            self._state.update(data)
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="guard-digest")
        self._pending = self._thread.submit(self._state.update, data)

    def hexdigest(self) -> str:
        """Return the digest of all pieces so far."""
        self._settle()
        return self._state.hexdigest()

    def close(self) -> None:
        """Let the thread go; more pieces may come and get a new one."""
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None
