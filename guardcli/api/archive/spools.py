"""Opens what a lost broker left beside its record: the key of its spool, sealed with age for the API."""

from __future__ import annotations

import base64
import binascii
import json
import re

from guardcli.api.archive.ring import CannotOpenError, Ring
from guardcli.model.errors import ConfigurationError, ConflictError

_KEY = re.compile(r"[0-9a-f]{64}").fullmatch


def spool_key(ring: Ring, session: str, sealed: str) -> str:
    """Return the key that was sealed, as Base64 says, for one of the identities of `ring` and for `session` alone.

    Raises ConfigurationError for what is no such thing, ConflictError where no identity opens it.
    """
    try:
        form = json.loads(ring.open_any(base64.b64decode(sealed, validate=True)))
    except binascii.Error:
        raise ConfigurationError("spool_key is not Base64") from None
    except CannotOpenError:
        raise ConflictError(
            "the spool's key is sealed for none of this API's identities",
            hint="put the one that was retired back: guard api encryption list",
        ) from None
    except ValueError:
        raise ConfigurationError("spool_key holds no key") from None
    if not isinstance(form, dict) or form.get("session") != session or not _KEY(str(form.get("key"))):
        raise ConfigurationError(f"spool_key holds no key of session {session}")
    return str(form["key"])
