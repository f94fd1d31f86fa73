"""What guard logs in with, where the agent has nothing."""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.model.secrets import Secret


@dataclass(frozen=True, slots=True)
class Credential:
    """A password, and the user whose it is; `user` empty where the source names none, `password` None for none."""

    password: Secret | None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a credential is for: some sources make one for just that server and user."""

    host: str = ""
    port: int = 0
    user: str = ""
