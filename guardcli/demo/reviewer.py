"""The person at another terminal: looks at what waits, and says yes to what was expected."""

from __future__ import annotations

import threading
from collections.abc import Callable

from guardcli.client.api import ApiClient
from guardcli.demo.script import UPDATE
from guardcli.demo.stage import Stage
from guardcli.model.approvals import Approval, ApprovalState
from guardcli.model.errors import GuardError

LOOK_SECONDS = 0.1
THINK_SECONDS = 1.0
REASON = "she has paid"


class Reviewer(threading.Thread):
    """Approves the demo's one UPDATE, with `guard approvals approve`, from outside the session's processes."""

    def __init__(self, stage: Stage, client: ApiClient, tell: Callable[[str], None]) -> None:
        """`tell` prints one line."""
        super().__init__(name="reviewer", daemon=True)
        self._stage = stage
        self._client = client
        self._tell = tell
        self._leave = threading.Event()

    def run(self) -> None:
        """Look again and again until told to leave or the one thing is approved."""
        while not self._leave.wait(LOOK_SECONDS):
            try:
                waiting = self._client.list_approvals(ApprovalState.PENDING)
            except GuardError as error:
                self._tell(f"cannot see what waits: {error}")
                return
            for approval in waiting:
                if UPDATE in approval.command:
                    self._approve(approval)
                    return

    def leave(self) -> None:
        """Go away, and wait until gone."""
        self._leave.set()
        self.join()

    def _approve(self, approval: Approval) -> None:
        self._tell(f"{approval.requester} wants: {approval.command}")
        self._leave.wait(THINK_SECONDS)
        self._tell(f"$ guard approvals approve {approval.id} --reason {REASON!r}")
        done = self._stage.run_guard("approvals", "approve", approval.id, "--reason", REASON)
        for line in (done.stdout + done.stderr).strip().splitlines():
            self._tell(line)
