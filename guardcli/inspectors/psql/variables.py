"""psql's variables as far as they are known before the call runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

AT_RUN_TIME = frozenset(
    (
        "DBNAME",
        "ENCODING",
        "ERROR",
        "HOST",
        "LASTOID",
        "LAST_ERROR_MESSAGE",
        "LAST_ERROR_SQLSTATE",
        "PORT",
        "ROW_COUNT",
        "SERVER_VERSION_NAME",
        "SERVER_VERSION_NUM",
        "SHELL_ERROR",
        "SHELL_EXIT_CODE",
        "SQLSTATE",
        "USER",
        "VERSION",
        "VERSION_NAME",
        "VERSION_NUM",
        "WATCH_INTERVAL",
        "SERVICE",
        "PIPELINE_SYNC_COUNT",
        "PIPELINE_COMMAND_COUNT",
        "PIPELINE_RESULT_COUNT",
        "AUTOCOMMIT",
        "COMP_KEYWORD_CASE",
        "ECHO",
        "ECHO_HIDDEN",
        "FETCH_COUNT",
        "HISTCONTROL",
        "HISTSIZE",
        "IGNOREEOF",
        "ON_ERROR_ROLLBACK",
        "ON_ERROR_STOP",
        "PROMPT1",
        "PROMPT2",
        "PROMPT3",
        "QUIET",
        "SHOW_ALL_RESULTS",
        "SHOW_CONTEXT",
        "SINGLELINE",
        "SINGLESTEP",
        "VERBOSITY",
        "HIDE_TABLEAM",
        "HIDE_TOAST_COMPRESSION",
    )
)
"""Variables that psql itself sets."""

MAX_VALUE = 1 << 16
"""Characters of a value; a longer one counts as not known, so that no value can double itself without end."""

_OFF = frozenset(("off", "false", "no", "0", "of", "f", "fa", "fal", "fals", "n"))


class Variables:
    """Names and values. A value of None is not known; after `forget_all`, no name is."""

    def __init__(self) -> None:
        self._values: dict[str, str | None] = dict.fromkeys(AT_RUN_TIME)
        self._all_unknown = False
        self._expanding: set[str] = set()

    def set(self, name: str, value: str | None) -> None:
        """Give `name` a value, None for one that is not known."""
        self._values[name] = None if value is not None and len(value) > MAX_VALUE else value

    def unset(self, name: str) -> None:
        """Remove `name`."""
        if self._all_unknown or name in AT_RUN_TIME:
            self._values[name] = None
        else:
            self._values.pop(name, None)

    def forget_all(self) -> None:
        """Note that any variable may have any value from here on."""
        self._all_unknown = True
        self._values = dict.fromkeys(self._values)

    def get(self, name: str) -> str | None:
        """Return the value; None where there is none or it is not known."""
        return self._values.get(name)

    def is_unknown(self, name: str) -> bool:
        """Say whether `name` may have a value that is not known."""
        if name in self._values:
            return self._values[name] is None
        return self._all_unknown

    def is_set(self, name: str) -> bool:
        """Say whether `name` is set, as far as known."""
        return name in self._values

    def is_on(self, name: str) -> bool:
        """Say whether `name` is known to be set to something that psql takes for true."""
        value = self._values.get(name)
        return value is not None and value.lower() in ("on", "true", "yes", "1", "tru", "tr", "t", "ye", "y")

    def is_off(self, name: str) -> bool:
        """Say whether `name` is known to be off, or psql's own default and never touched."""
        value = self._values.get(name)
        return value is None or value.lower() in _OFF

    @property
    def depth(self) -> int:
        """How many variables stand in the value of one another just now."""
        return len(self._expanding)

    @contextmanager
    def expanding(self, name: str) -> Iterator[int]:
        """Give the depth of expansion; 0 for a variable in its own value, which psql leaves as it stands."""
        if name in self._expanding:
            yield 0
            return
        self._expanding.add(name)
        try:
            yield len(self._expanding)
        finally:
            self._expanding.discard(name)
