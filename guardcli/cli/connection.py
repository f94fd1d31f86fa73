"""How every command reaches the API: the configured one, or the one that guard brings along."""

from __future__ import annotations

from guardcli.cli.settings import Settings
from guardcli.client.api import ApiClient
from guardcli.client.embedded import ensure_embedded


def connect(settings: Settings) -> ApiClient:
    """Return a client of the API that `settings` name, or of the embedded one, which is started where need be.

    Raises UnavailableError where the embedded API cannot be started, ConfigurationError for a wrong address.
    """
    if settings.api_url:
        return ApiClient(settings.api_url, settings.token or None)

    def embedded() -> str:
        return ensure_embedded(settings.runtime_dir, settings.database, settings.state_dir)

    return ApiClient(embedded(), revive=embedded)
