"""``env:NAME``: a variable of the environment that guard itself was started with.

`guard run` takes it out of what the agent gets, and out of the block of memory that ``/proc/PID/environ`` shows of
guard's own processes (`forget`). The shell that exported it still has it: give it to guard alone (``NAME=… guard
run``), or use another provider.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping

from guardcli.credentials.provider import Lasting, Loan, read_credential, split_field
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError


class Environment(Lasting):
    """Lends what variables held when guard was started."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def lend(self, reference: str, purpose: Purpose) -> Loan:
        """Return the value of the variable `reference`."""
        name, field = split_field(reference)
        value = self._variables.get(name)
        if value is None:
            raise UnavailableError(f"the variable {name} is not set", hint="set it for guard: NAME=… guard run …")
        return Loan(read_credential(value, f"the variable {name}", field))


def forget(names: Iterable[str]) -> None:
    """Overwrite the values of `names` where this process's first environment lies in memory (proc(5), environ).

    What Python's own ``os.environ`` holds is not touched. Must be called before anything changes the environment.
    """
    libc = ctypes.CDLL(None)
    block = ctypes.cast(ctypes.c_void_p.in_dll(libc, "environ"), ctypes.POINTER(ctypes.c_void_p))
    wanted = {name.encode() for name in names}
    index = 0
    while block and block[index]:
        address = block[index]
        entry = ctypes.string_at(address)
        name, _, value = entry.partition(b"=")
        if name in wanted and address is not None:
            ctypes.memset(address + len(name) + 1, ord("x"), len(value))
        index += 1
