"""What changing a run-time setting of a session does.

The context of each setting comes from the catalogue: what any user may set is harmless to others, what
only a superuser may set is a privilege. The exceptions below are named with their reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.inspectors.sql.catalogue import catalogue
from guardcli.inspectors.sql.functions import FunctionVerdict
from guardcli.model.effects import Effect

_SESSION = frozenset((Effect.SESSION,))
_PRIVILEGE = frozenset((Effect.PRIVILEGE,))
_EXECUTE = frozenset((Effect.EXECUTE,))

_IDENTITY = frozenset(("role", "session_authorization", "createrole_self_grant"))
_LOADS_CODE = frozenset(
    (
        "local_preload_libraries",
        "session_preload_libraries",
        "dynamic_library_path",
        "jit_provider",
        "extension_control_path",
    )
)
_SAFE_ENCODINGS = frozenset(
    (
        "utf8",
        "unicode",
        "sqlascii",
        "latin1",
        "latin2",
        "latin3",
        "latin4",
        "latin5",
        "latin6",
        "latin7",
        "latin8",
        "latin9",
        "latin10",
        "iso88591",
        "iso88592",
        "iso88595",
        "iso88596",
        "iso88597",
        "iso88598",
        "iso885915",
        "win1250",
        "win1251",
        "win1252",
        "win1253",
        "win1254",
        "win1255",
        "win1256",
        "win1257",
        "win1258",
        "win866",
        "win874",
        "koi8r",
        "koi8u",
        "eucjp",
        "euckr",
        "euctw",
        "eucjis2004",
        "auto",
    )
)
"""Client encodings in which no byte of a character can be taken for a quote or a backslash."""

_UNLISTED = frozenset(("seed",))
"""Settings of any user that the catalogue's view leaves out."""

_REASONS = {
    "standard_conforming_strings": "it changes how the text of every later statement is read",
    "backslash_quote": "it changes how the text of every later statement is read",
    "transform_null_equals": "it changes what a comparison with NULL means",
}
_HARMLESS_VALUES = {
    "standard_conforming_strings": frozenset(("on", "true", "yes", "1")),
    "transform_null_equals": frozenset(("off", "false", "no", "0")),
    "backslash_quote": frozenset(("safe_encoding", "off", "false", "no", "0")),
}


def judge_setting(name: str, values: Sequence[str] | None) -> FunctionVerdict:
    """Return what setting `name` to `values` does; None for values that are reset to their default.

    A value that is not known stands as an empty sequence.
    """
    name = name.lower()
    if name in _IDENTITY:
        return FunctionVerdict(_PRIVILEGE)
    if name in _LOADS_CODE:
        return FunctionVerdict(_EXECUTE)
    if name == "search_path":
        return _judge_search_path(values)
    if name == "client_encoding":
        return _judge_encoding(values)
    if name in _REASONS and values is not None:
        harmless = len(values) == 1 and values[0].lower() in _HARMLESS_VALUES[name]
        return FunctionVerdict(_SESSION, "" if harmless else f"{name} is changed: {_REASONS[name]}")
    context = "user" if name in _UNLISTED else catalogue().settings.get(name)
    if context == "user":
        return FunctionVerdict(_SESSION)
    if context is not None:
        return FunctionVerdict(_PRIVILEGE)
    return FunctionVerdict(
        _SESSION, f"the setting {name} is not PostgreSQL's own; policies and triggers of the database may depend on it"
    )


def _judge_search_path(values: Sequence[str] | None) -> FunctionVerdict:
    """Accept a path that leaves pg_catalog first, so that PostgreSQL's own names keep their meaning."""
    if values is None:
        return FunctionVerdict(_SESSION)
    schemas = [part.strip().strip('"') for value in values for part in value.split(",")]
    if not values:
        return FunctionVerdict(_SESSION, "the new search_path is not known")
    if "pg_catalog" in schemas[1:]:
        return FunctionVerdict(
            _SESSION, "the search_path puts other schemas before pg_catalog: any name may mean another thing"
        )
    return FunctionVerdict(_SESSION)


def _judge_encoding(values: Sequence[str] | None) -> FunctionVerdict:
    if values is None:
        return FunctionVerdict(_SESSION)
    if len(values) == 1 and "".join(filter(str.isalnum, values[0].lower())) in _SAFE_ENCODINGS:
        return FunctionVerdict(_SESSION)
    return FunctionVerdict(_SESSION, "the client encoding changes how the text of every later statement is read")
