"""Texts in the database that are sealed there: ``age:IDENTITY:BASE64`` in the place of JSON, which begins otherwise."""

from __future__ import annotations

import base64
import binascii

from guardcli.api.archive.ring import CannotOpenError, Ring

PREFIX = "age:"


class Texts:
    """Seals texts for the present identity, if `seals` says so; opens whatever was sealed, and leaves the rest."""

    def __init__(self, ring: Ring, seals: bool) -> None:
        self._ring = ring
        self.seals = seals

    def closed(self, text: str) -> str:
        """Return what is to be stored for `text`."""
        if not self.seals:
            return text
        name, sealed = self._ring.seal(text.encode())
        return f"{PREFIX}{name}:{base64.b64encode(sealed).decode()}"

    def opened(self, stored: str) -> str:
        """Return the text that was stored. Raises ValueError where it was changed, UnavailableError without its key."""
        if not stored.startswith(PREFIX):
            return stored
        name, _, text = stored.removeprefix(PREFIX).partition(":")
        try:
            return self._ring.open(name, base64.b64decode(text, validate=True)).decode()
        except binascii.Error:
            raise CannotOpenError("what is stored is not Base64") from None

    def resealed(self, stored: str) -> str:
        """Return a sealed text sealed for the present identity."""
        name, sealed = self._ring.seal(self.opened(stored).encode())
        return f"{PREFIX}{name}:{base64.b64encode(sealed).decode()}"
