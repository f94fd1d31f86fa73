"""Waiting for a person: ask, tell the agent, wait, and use the yes once."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from guardcli.broker.facts import CallFacts
from guardcli.broker.judge import Judgement
from guardcli.broker.recorder import CallRecord, Recorder
from guardcli.model.approvals import Approval, ApprovalState, approval_digest
from guardcli.model.decisions import ApprovalTerms, Decision
from guardcli.model.effects import in_order
from guardcli.model.errors import ConflictError, DeniedError, PendingError
from guardcli.model.events import EventType, canonical
from guardcli.model.operations import Operation

POLL_SECONDS = 25.0
"""One question to the API waits at most so long for an answer."""
JUSTIFICATION = "GUARD_REASON"
"""The variable in which an agent says why it wants something."""
STEERING = ("PG", "GIT_", "KUBE", "SSH_", "LD_", "HOME", "XDG_CONFIG", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
"""Variables that begin so choose where a tool goes, with what, and as whom."""
GIVEN = "as guard gave it"
CHANGING = frozenset(["SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SSH_AUTH_SOCK", "SSH_AGENT_PID"])
"""These differ from one login to the next and choose nothing."""


class ApprovalClient(Protocol):
    """The part of `guardcli.client.ApiClient` that asking needs."""

    def request_approval(
        self,
        session: str,
        digest: str,
        *,
        tool: str,
        command: str,
        cwd: str,
        rule: str,
        message: str,
        effects: Sequence[str],
        targets: Sequence[str],
        groups: Sequence[str],
        quorum: int,
        expires: float,
        justification: str,
        reach: str,
        changes: str,
        all_of: Sequence[str],
        windows: Sequence[Mapping[str, object]],
        grant: float,
        grant_scope: Sequence[str],
        must_justify: bool,
    ) -> Approval:
        """Ask for a yes, or join the request that stands."""
        ...

    def wait_approval(self, id: str, seconds: float) -> Approval:
        """Return the approval as soon as it is no longer pending, or after `seconds`."""
        ...

    def consume_approval(self, id: str, digest: str) -> Approval:
        """Use the yes, once."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked: `digest` is what the yes is bound to, `command` a readable and masked form of it.

    `reach` says how far it would go, as far as that is known, in lines; `changes` what it would change.
    """

    digest: str
    tool: str
    command: str
    cwd: str
    decision: Decision
    justification: str = ""
    reach: str = ""
    changes: str = ""


class Approvals:
    """Gets a person's yes for the calls of one session. `patience` runs what waits for the API."""

    def __init__(
        self,
        client: ApprovalClient,
        session: str,
        identity: str,
        recorder: Recorder,
        patience: Executor,
        wait_seconds: float,
        standing: Callable[[], object] = lambda: None,
        given: Mapping[str, str] | None = None,
    ) -> None:
        """`standing` returns what decides now: another object after each change, which ends what waits.

        `given` are the variables that guard itself gives the agent, by which its programs find the session's gateways.
        """
        self._client = client
        self._session = session
        self._identity = identity
        self._recorder = recorder
        self._patience = patience
        self._wait_seconds = wait_seconds
        self._standing = standing
        self._given = given if given is not None else {}

    async def obtain(
        self,
        call: CallRecord,
        judgement: Judgement,
        facts: CallFacts,
        tell: Callable[[str], Awaitable[None]],
        preview: Callable[[], Awaitable[str]],
    ) -> None:
        """Return once a person has said yes to exactly this call, and that yes is used up. Raises as `ask` does.

        `preview` says what the call would change. Raises PendingError too where git has something else meanwhile than
        what was judged and shown.
        """
        invocation = judgement.invocation
        question = Question(
            digest=self.digest(judgement, facts),  # before the preview: what that asks is shown, and decides nothing
            tool=invocation.tool,
            command=self._recorder.command(invocation.argv),
            cwd=invocation.cwd,
            decision=judgement.decision,
            justification=invocation.env.get(JUSTIFICATION, ""),
            changes=await preview(),
        )
        async for words in self.ask(call, question):
            await tell(words)
        if not await asyncio.get_running_loop().run_in_executor(self._patience, facts.still_so):
            raise PendingError(
                "what git has here has changed since it was judged and shown",
                hint="nothing was run, and the yes is used up; run the very same command again, it is judged anew",
            )

    async def ask(self, call: CallRecord, question: Question) -> AsyncIterator[str]:
        """Wait for a person's yes, and use it up; the end of the iteration is that yes. Yields words for the asker.

        Raises DeniedError when the answer was no, PendingError when there was none in time, and UnavailableError
        when the API cannot be asked. What is cancelled meanwhile stays pending, for whoever asks the same again.
        """
        digest, standing = question.digest, self._standing()
        approval = await self._request(question)
        self._recorder.event(
            EventType.ASKED, call, {"approval": approval.id, "digest": digest, "state": approval.state.value}
        )
        if approval.state is ApprovalState.PENDING and self._wait_seconds > 0:
            yield _waiting_text(approval, self._wait_seconds)
            approval = await self._wait(approval)
        given = approval.state is ApprovalState.APPROVED
        if given and self._standing() is not standing:
            raise PendingError(
                f"the policy has changed since approval {approval.id} was asked for",
                hint="nothing was run; run the very same command again, it is judged anew",
            )
        if given:
            approval = await self._consume(approval, digest)
        self._recorder.event(
            EventType.DECIDED,
            call,
            {
                "approval": approval.id,
                "state": approval.state.value,
                "reviewer": approval.reviewer,
                "reason": self._recorder.mask(approval.reason),
            },
        )
        if not given:
            raise _refusal(approval)

    def digest(self, judgement: Judgement, facts: CallFacts) -> str:
        """Return what the yes is bound to: the call, what it was judged to do, and all that was read for that.

        What it was judged to do names the places that the environment chose; the variables that steer the tools
        are bound as well, for what of them no inspector looked at. One that is still as guard gave it is bound as
        just that: its value is a directory, a port or a password of this session, and the next one has others.
        """
        invocation = judgement.invocation
        judged = canonical([self._lasting(operation) for operation in judgement.inspection.operations]).decode()
        steering = [
            (f"environment {name}", GIVEN if self._given.get(name) == value else _sha256(value))
            for name, value in invocation.env.items()
            if name.startswith(STEERING) and name not in CHANGING
        ]
        return approval_digest(
            self._identity, invocation.argv, invocation.cwd, statement=judged, inputs=(*facts.inputs, *steering)
        )

    def _lasting(self, operation: Operation) -> dict[str, object]:
        """Return an operation without the place of this session's gateway, which is another in the next one."""
        place = f"@{self._given.get('PGHOST')}:{self._given.get('PGPORT')}"
        targets = [str(target) for target in operation.targets]
        kept = [f"{one.removesuffix(place)}@{GIVEN}" if one.endswith(place) else one for one in targets]
        return {**operation.as_json(), "targets": kept}

    def bound(self, where: Sequence[str], statement: str, operations: Sequence[Operation]) -> str:
        """Return what a yes to a statement is bound to: its digest, the server it goes to, what it was judged to do."""
        judged = canonical([operation.as_json() for operation in operations]).decode()
        return approval_digest(self._identity, where, "", statement=statement, inputs=[("judged", judged)])

    async def _request(self, question: Question) -> Approval:
        decision = question.decision
        terms = decision.terms or ApprovalTerms()
        if terms.justification and not question.justification.strip():
            raise DeniedError(
                f"{decision.rule} wants to be told why: {decision.message}",
                hint=f"nothing was run; set {JUSTIFICATION} to the reason and run the same command again",
            )
        mask = self._recorder.mask
        effects = in_order({effect for one in decision.operations for effect in one.effects})
        targets = dict.fromkeys(str(target) for one in decision.operations for target in one.targets)
        return await self._ask(
            lambda: self._client.request_approval(
                self._session,
                question.digest,
                tool=question.tool,
                command=question.command[:65536],
                cwd=mask(question.cwd),
                rule=decision.rule,
                message=mask(decision.message),
                justification=mask(question.justification)[:4096],
                reach=mask(question.reach)[:4096],
                changes=mask(question.changes),
                effects=[effect.value for effect in effects],
                targets=[mask(target)[:4096] for target in list(targets)[:1000]],
                groups=terms.groups,
                quorum=terms.quorum,
                expires=terms.expires,
                all_of=terms.all_of,
                windows=[window.as_json() for window in terms.windows],
                grant=terms.grant,
                grant_scope=decision.grant_scope,
                must_justify=terms.justification,
            )
        )

    async def _wait(self, approval: Approval) -> Approval:
        until = time.monotonic() + self._wait_seconds
        while approval.state is ApprovalState.PENDING and (left := until - time.monotonic()) > 0:
            approval = await self._ask(partial(self._client.wait_approval, approval.id, min(left, POLL_SECONDS)))
        return approval

    async def _consume(self, approval: Approval, digest: str) -> Approval:
        """Return the approval as consumed by this very call. Raises PendingError when another one was faster."""
        try:
            return await self._ask(lambda: self._client.consume_approval(approval.id, digest))
        except ConflictError as error:
            raise PendingError(
                f"approval {approval.id} was given, but it has expired or another call has used it",
                hint="a yes is good for one call; run the very same command again to ask anew",
            ) from error

    async def _ask(self, question: Callable[[], Approval]) -> Approval:
        return await asyncio.get_running_loop().run_in_executor(self._patience, question)


def _sha256(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _waiting_text(approval: Approval, seconds: float) -> str:
    return (
        f"waiting up to {seconds:.0f} s for a person to approve this ({approval.rule}: {approval.message})\n"
        f"approval {approval.id}; from another terminal: guard approvals approve {approval.id}"
    )


def _refusal(approval: Approval) -> DeniedError | PendingError:
    """Return what is said of anything but a yes that this call has used up."""
    state = approval.state
    if state is ApprovalState.DENIED:
        because = f": {approval.reason}" if approval.reason else ""
        return DeniedError(f"denied by {approval.reviewer}{because}", hint=f"approval {approval.id}; nothing was run")
    if state is ApprovalState.PENDING:
        return PendingError(
            f"approval {approval.id} is still pending ({approval.rule}: {approval.message})",
            hint="nothing was run; once it is approved, run the very same command again",
        )
    return PendingError(
        f"approval {approval.id} is {state.value}, which is no yes",
        hint="nothing was run; run the very same command again to ask anew",
    )
