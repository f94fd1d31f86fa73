"""Commands that serve, send, keep credentials, run other programs, or speak git's own protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guardcli.inspectors.git.call import Call, Judge, does, executes, hosts, loses, reads, unknown, writes
from guardcli.inspectors.git.urls import is_url
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

PACK_ENDS = frozenset({"upload-pack", "receive-pack", "upload-archive"})
"""The far ends of a fetch and a push: their standard output is the pack protocol."""

PACK_HELPERS = PACK_ENDS | names(
    "cat-file fast-export fast-import fetch-pack http-fetch http-push index-pack pack-objects remote-ftp "
    "remote-ftps remote-http remote-https rev-list send-pack unpack-objects upload-archive--writer"
)
"""Commands that git itself starts and whose streams carry packs or a helper protocol."""

_OWN_HELPERS = PACK_HELPERS | names(
    "add--interactive bisect--helper checkout--worker credential credential-cache credential-cache-- "
    "daemon credential-store env--helper merge-index sh-i18n--envsubst submodule--helper difftool--helper"
)
_RUNS = names("citool difftool gui gitk gitweb hook instaweb mergetool mergetool--lib shell web--browse")
_SERVES = names("daemon http-backend imap-send send-email")
_CREDENTIALS = names("credential credential-cache credential-cache--daemon credential-store")
_FOREIGN = names("archimport cvsexportcommit cvsimport cvsserver p4 svn")
_LFS_READS = names("env fsck locks logs ls-files pointer status version")
_LFS_WRITES = names(
    "checkout clean fetch filter-process install lock post-checkout post-commit post-merge pre-push prune pull push "
    "smudge track untrack"
)


def judge_helper(call: Call) -> Sequence[Operation]:
    """Judge a command that people rarely type; what git started by itself belongs to a call already judged."""
    name = call.name
    if call.from_git and name in _OWN_HELPERS:
        return [writes(name)]
    if name in _CREDENTIALS:
        return [does(name, Effect.PRIVILEGE, sensitive=True)]
    if name in _RUNS or name in ("bisect--helper", "difftool--helper"):
        if any(word.startswith("--tool-h") for word in call.arguments):
            return [reads(name)]
        return [executes(name)]
    if name in _SERVES:
        return [unknown(name, "whom it serves or sends to is not known", Effect.NETWORK, Effect.EXECUTE)]
    if name in _FOREIGN:
        return [unknown(name, "it talks to another system of versions", Effect.NETWORK, Effect.EXECUTE)]
    if name.startswith(("remote-ext", "remote-fd")):
        return [executes(name)]
    if name.startswith("remote-"):
        return [unknown(name, "its input decides what it does", Effect.NETWORK)]
    return [_rest(call)]


def _rest(call: Call) -> Operation:
    name = call.name
    if name in ("sh-setup", "sh-i18n", "sh-i18n--envsubst", "env--helper", "parse-remote"):
        return reads(name)
    if name == "merge-index":
        own = "git-merge-one-file" in call.arguments[:3]
        return writes(name) if own else executes(name, next((w for w in call.arguments if w[:1] != "-"), ""))
    if name == "fast-import":
        return unknown(name, "its input decides what it does", Effect.WRITE, Effect.DELETE, Effect.FILE)
    if name in ("receive-pack", "send-pack", "http-push"):
        return unknown(name, "which refs it changes is not known", Effect.WRITE, Effect.DELETE)
    return unknown(name, "it is meant to be started by git alone", Effect.WRITE)


def judge_submodule_helper(call: Call) -> Sequence[Operation]:
    """The inner half of ``git submodule``: by hand it is judged as harshly as ``foreach``."""
    if call.from_git:
        return [writes(call.name)]
    if "foreach" in call.arguments:
        return [executes("submodule foreach")]
    return [unknown(call.name, "it is meant to be started by git alone", Effect.WRITE, Effect.DELETE)]


def judge_filter_branch(call: Call) -> Sequence[Operation]:
    """``filter-branch`` rewrites history, and its filters are shell commands."""
    words = [word for word in call.arguments if word.endswith("-filter") or word == "--setup"]
    if all(word == "--subdirectory-filter" for word in words):
        return [loses(call.name)]
    return [does(call.name, Effect.WRITE, Effect.DELETE, Effect.EXECUTE)]


def judge_filter_repo(call: Call) -> Sequence[Operation]:
    """``filter-repo`` rewrites history; its callbacks are Python."""
    if any("callback" in word for word in call.arguments):
        return [does(call.name, Effect.WRITE, Effect.DELETE, Effect.EXECUTE)]
    return [loses(call.name)]


def judge_for_each_repo(call: Call) -> Sequence[Operation]:
    """``for-each-repo`` runs a git command in every repository that a variable lists."""
    return [unknown(call.name, "the command runs in repositories that are not known", Effect.EXECUTE)]


def judge_lfs(call: Call) -> Sequence[Operation]:
    """``git lfs``, the most usual command that is not git's own."""
    sub = call.arguments[0] if call.arguments else "version"
    if sub in _LFS_READS or (sub == "track" and len(call.arguments) == 1):
        return [reads(f"lfs {sub}")]
    if sub in _LFS_WRITES:
        return [writes(f"lfs {sub}"), *_lfs_addresses(call, sub)]
    return [unknown(f"lfs {sub}", "this subcommand of git-lfs is not known", Effect.WRITE)]


def _lfs_addresses(call: Call, sub: str) -> list[Operation]:
    """Return what sends files to an address that no remote has: ``lfs push URL``."""
    words = [word for word in call.arguments[1:] if not word.startswith("-")] if sub == "push" else []
    return [does("lfs push", Effect.NETWORK, targets=hosts(word)) for word in words[:1] if is_url(word)]


JUDGES: Mapping[str, Judge] = {
    **dict.fromkeys(
        _OWN_HELPERS | _RUNS | _SERVES | _FOREIGN | {"remote-ext", "remote-fd", "sh-setup", "sh-i18n", "parse-remote"},
        judge_helper,
    ),
    "filter-branch": judge_filter_branch,
    "filter-repo": judge_filter_repo,
    "for-each-repo": judge_for_each_repo,
    "lfs": judge_lfs,
    "submodule--helper": judge_submodule_helper,
}
"""Command to its judge; commands that other modules know as well are judged there."""
