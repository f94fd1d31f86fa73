"""Calls that a guarded tool makes of its own accord, inside, where the shim stands at every path.

git starts itself for most of what it does, and its helpers for remotes; scp and sftp start ssh. Such a call is a part
of the one that was judged, if the kernel says that the tool itself started it (``processes``) and if it is one that it
makes by itself. What publishes is judged in any case.
"""

from __future__ import annotations

from guardcli.broker.judge import Judgement
from guardcli.inspectors.names import names
from guardcli.model.decisions import Decision, Recording, Verdict
from guardcli.model.effects import Effect
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Inspection, Operation, Stream

OWN = names(
    "add--interactive am apply bisect--helper bundle cat-file checkout checkout--worker checkout-index cherry "
    "cherry-pick clone commit commit-graph commit-tree config credential credential-cache credential-cache--daemon "
    "credential-store describe diff diff-files diff-index diff-tree difftool--helper env--helper fast-export fast- "
    "import fetch fetch-pack fmt-merge-msg for-each-ref format-patch fsck fsmonitor--daemon gc grep hash-object "
    "http-backend http-fetch index-pack init log ls-files ls-remote ls-tree mailinfo mailsplit maintenance merge "
    "merge-base merge-file merge-index merge-octopus merge-one-file merge-ours merge-recursive merge-resolve merge- "
    "subtree merge-tree mktag mktree multi-pack-index name-rev notes pack-objects pack-redundant pack-refs patch-id "
    "prune prune-packed read-tree rebase receive-pack reflog refs remote-ftp remote-ftps remote-http remote-https "
    "repack replay rerere reset rev-list rev-parse send-pack sh-i n--envsubst shortlog show show-branch show-index "
    "show-ref sparse-checkout stash status stripspace submodule submodule--helper symbolic-ref tag unpack-file "
    "unpack-objects update-index update-ref update-server-info upload-archive upload-archive--writer upload-pack "
    "var verify-commit verify-pack verify-tag worktree write-tree"
)
"""Commands that git starts by itself, as its sources call them (run-command.c and its users)."""

COPIERS = ("scp", "sftp")
"""They start ssh for every connection; what that runs and where it connects is judged with them."""

WITH_VALUE = frozenset({"-c", "-C", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env"})
"""Options of git before the command that take the next word."""

RULE = "part-of-a-call"


def part_of_a_call(invocation: Invocation) -> Judgement | None:
    """Return that `invocation` is allowed where it is a part of a call that was judged; None where it is not."""
    command = command_of(invocation.arguments) if invocation.tool == "git" else "connect"
    gits_own = invocation.parent == invocation.tool == "git" and command in OWN
    if not gits_own and not (invocation.parent in COPIERS and invocation.tool == "ssh"):
        return None
    effects = frozenset({Effect.READ, Effect.WRITE} if gits_own else {Effect.NETWORK})
    operation = Operation(tool=invocation.tool, action=command, effects=effects, targets=(), complete=True)
    inspection = Inspection((operation,), output=Stream.BINARY)
    message = f"{invocation.parent} itself started this for a call that was judged."
    return Judgement(
        invocation, inspection, Decision(Verdict.ALLOW, RULE, message, (operation,), recording=Recording.COMMAND)
    )


def command_of(arguments: tuple[str, ...]) -> str:
    """Return git's command in `arguments`, empty where there is none."""
    words = iter(arguments)
    for word in words:
        if word in WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""
