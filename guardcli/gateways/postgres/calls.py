"""The old fast path: a FunctionCall names its function by OID. Those of libpq's large objects are known by theirs.

A call is judged as the SELECT that does the same, with its integers as literals. What is not in the table is conceded.
Source: PostgreSQL documentation, "Large Objects, Client Interfaces"; the OIDs are fixed in ``pg_proc.dat``.
"""

from __future__ import annotations

from guardcli.gateways.postgres.codec.frontend import FunctionCall, format_of

LARGE_OBJECTS = {
    764: "lo_import",
    765: "lo_export",
    715: "lo_create",
    952: "lo_open",
    953: "lo_close",
    954: "loread",
    955: "lowrite",
    956: "lo_lseek",
    957: "lo_creat",
    958: "lo_tell",
    964: "lo_unlink",
    1004: "lo_truncate",
    3170: "lo_lseek64",
    3171: "lo_tell64",
    3172: "lo_truncate64",
}
_BYTES = frozenset((955,))
"""Functions whose last argument is data, not a number."""


def as_select(call: FunctionCall) -> str:
    """Return the statement that does what `call` does; one that names an unknown function where it is not known."""
    name = LARGE_OBJECTS.get(call.function)
    arguments = [_literal(value, format_of(call.formats, place)) for place, value in enumerate(call.arguments)]
    if call.function in _BYTES and len(call.arguments) == 2:
        arguments[1] = "'…'"
    if name is None:
        return f"SELECT function_with_oid_{call.function}({', '.join(arguments)})"
    return f"SELECT {name}({', '.join(arguments)})"


def _literal(value: bytes | None, format: int) -> str:
    if value is None:
        return "NULL"
    if format and len(value) in (4, 8):
        return str(int.from_bytes(value, "big", signed=True))
    return "'" + value.decode("utf-8", "replace").replace("'", "''").replace("\\", "/")[:200] + "'"
