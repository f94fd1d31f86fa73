"""What the policy gives to the process of a tool of its own: variables and files, for one allowed call.

A file is an immutable copy in memory that the process alone holds, by the name ``/proc/self/fd/N``; it is gone with the
process. A variable is in the environment of the process and of what that starts. Both are masked in all output.
"""

from __future__ import annotations

from collections.abc import Sequence

from guardcli.broker.custody import Lent, Loans
from guardcli.broker.grants import Launch
from guardcli.broker.recorder import Recorder
from guardcli.model.credentials import Purpose
from guardcli.model.errors import UnavailableError
from guardcli.model.events import EventType
from guardcli.model.tools import ToolRules
from guardcli.policy.globs import Glob


class ToolCredentials:
    """Lends to the tools that the policy names."""

    def __init__(self, rules: Sequence[ToolRules], loans: Loans, recorder: Recorder) -> None:
        self._rules = {one.tool: one for one in rules if one.equips}
        self._loans = loans
        self._recorder = recorder

    async def lend(self, launch: Launch) -> Lent | None:
        """Return what the call gets. Raises GuardError where a credential cannot be had: then the tool does not run."""
        rules = self._rules.get(launch.invocation.tool)
        if rules is None:
            return None
        globs = [Glob(pattern) for pattern in rules.drop]
        environment: dict[str, str | None] = {
            name: None for name in launch.invocation.env if any(glob.matches(name) for glob in globs)
        }
        environment.update(rules.set)
        files: dict[str, bytes] = {}
        for one in rules.credentials:
            secret = (await self._loans.lend(one.reference, Purpose())).password
            if secret is None:
                raise UnavailableError(f"there is no credential for {one.variable}", hint="nothing was run")
            if one.in_file:
                files[one.variable] = secret.reveal().encode("utf-8", "surrogateescape") + b"\n"
            else:
                environment[one.variable] = secret.reveal()
            what = f"the {'file' if one.in_file else 'variable'} {one.variable}"
            data = {"resource": rules.tool, "for": rules.tool, "what": what}
            self._recorder.event(EventType.LENT, launch.record, data)
        return Lent(environment, files, shows=bool(rules.credentials))
