"""What a push would change, for whoever is asked about it: the commits that go, those that are lost, and the diff.

Everything is read from the commits that the judgement found to go (`publish.pushed_commits`), by their ids: a ref that
moved since shows nothing else. Where one line of commits goes to one ref that the remote is known to have, the diff is
between the two; else from where each line leaves what the remote has. What refs below ``refs/remotes/`` claim that the
remote has are files of the agent's: they choose where a diff begins, never what goes. So whose word that is stands
there, and of what they say to be there already at least the commits that the refs would be at are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from guardcli.inspectors.git.call import Call
from guardcli.inspectors.git.inspector import read_call
from guardcli.inspectors.git.publish import pushed_commits
from guardcli.inspectors.git.push import Push, sources_of, tracked_remote, understand
from guardcli.inspectors.git.refspecs import mapped, parse_refspec
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Operation

COMMITS_LIMIT = 1000
"""Commits of a push of which a diff is shown; of more, some are named."""
SHOWN_COMMITS = 20
SHOWN_REFS = 5
"""Refs whose lost commits are named, and lines of commits whose diff is shown."""

_PLAIN = (
    *("--no-show-signature", "--no-notes", "--no-mailmap", "--no-decorate", "--no-color", "--date=short"),
    "--encoding=UTF-8",
)
_FORM = "--format=%H%x00%P%x00%ad%x00%an <%ae>%x00%s"
_TREES = ("-r", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--ignore-submodules=none")
_DIFF = ("-p", *_TREES)
_STAT = ("--stat=78", "--stat-count=30", "--summary", *_TREES)
_WORD = "by the agent's own refs"
_EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree with nothing in it, which git knows without having it (in a repository of SHA-1)."""


class Commit(tuple[str, str, str, str, str]):
    """A commit as `_FORM` prints it."""

    __slots__ = ()

    @property
    def parents(self) -> list[str]:
        """The ids of its parents."""
        return self[1].split()

    def __str__(self) -> str:
        return f"  {self[0][:12]}  {self[2]}  {self[3]}\n      {self[4]}"


def preview(invocation: Invocation, facts: Facts, operations: Sequence[Operation]) -> str:
    """Return what a call that was judged to do `operations` would change; empty for all but a push.

    `facts` are those that it was judged by. Raises FactUnavailable.
    """
    call, stands_for, _ = read_call(invocation, facts)
    return _push(call, operations) if call.name == "push" and stands_for is None else ""


def _push(call: Call, operations: Sequence[Operation]) -> str:
    push = understand(call, call.parsed())
    ids = pushed_commits(call, tracked_remote(push), sources_of(push))
    commits = _commits(call, ids[:COMMITS_LIMIT])
    known = dict(_known(push, operations))
    heads = _heads(commits) if commits else _tips(call, push)
    parts = [_named(commits, len(ids), "would go")] if heads else []
    if heads and not ids:
        parts.append(_named(_commits(call, heads), len(heads), "pushed, which by them is there"))
    parts += [_lost(call, place, ref, heads) for place, ref in list(known.items())[:SHOWN_REFS]]
    if len(ids) <= COMMITS_LIMIT:
        parts += _diffs(call, commits, heads, list(known.values()))
    return "\n".join(part for part in parts if part)


def _commits(call: Call, ids: Sequence[str]) -> dict[str, Commit]:
    if not ids:
        return {}
    text = call.git("log", "--no-walk=unsorted", *_PLAIN, _FORM, *ids, "--")
    found = [Commit(line.split("\0", 4)) for line in text.split("\n") if line.count("\0") >= 4]
    if [commit[0] for commit in found] != list(ids):
        raise FactUnavailable("git shows other commits than it was asked for")
    return {commit[0]: commit for commit in found}


def _heads(commits: Mapping[str, Commit]) -> list[str]:
    """Return the commits that no other one of `commits` follows."""
    followed = {parent for commit in commits.values() for parent in commit.parents}
    return [one for one in commits if one not in followed]


def _tips(call: Call, push: Push) -> list[str]:
    """Return what is pushed where the remote has all of it already."""
    found = []
    for name in sources_of(push).names[:SHOWN_REFS]:
        tip = call.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        found.append(tip)
    return list(dict.fromkeys(found))


def _known(push: Push, operations: Sequence[Operation]) -> Iterator[tuple[str, str]]:
    """Yield the refs of the remote that change, each with the ref here that says what the remote has there."""
    remote = tracked_remote(push)
    fetched = [parse_refspec(text) for text in push.config.get(f"remote.{remote}.fetch", ())]
    for operation in operations:
        for target in operation.targets if operation.action.startswith("push") else ():
            name = target.name[target.name.find("refs/") :] if "/refs/" in target.name else ""
            here = next((kept for spec in fetched if name and (kept := mapped(spec, name))), "")
            if target.kind == "ref" and "*" not in name and here and _has(push.call, here):
                yield str(target.name), here


def _has(call: Call, ref: str) -> bool:
    return bool(call.git("for-each-ref", "--format=%(objectname)", ref).strip())


def _named(commits: Mapping[str, Commit], count: int, words: str) -> str:
    if not count:
        return f"no commit {words}: {_WORD} the remote has all of them" if words == "would go" else ""
    shown = list(commits.values())[:SHOWN_COMMITS]
    more = [f"  and {count - len(shown)} more"] if count > len(shown) else []
    head = f"{count} {'commit' if count == 1 else 'commits'} {words}"
    return "\n".join([head, *map(str, shown), *more])


def _lost(call: Call, place: str, ref: str, heads: Sequence[str]) -> str:
    """Return the commits that the remote is known to have at `place` and would not have there any more."""
    listing = call.git("rev-list", ref, "--not", *heads, "--")
    ids = listing.split()
    return _named(_commits(call, ids[:SHOWN_COMMITS]), len(ids), f"would be lost at {place}")


def _diffs(call: Call, commits: Mapping[str, Commit], heads: Sequence[str], known: Sequence[str]) -> list[str]:
    shown = []
    for head in heads[:SHOWN_REFS]:
        base = known[0] if len(known) == 1 == len(heads) else _base(commits, head)
        if base != _EMPTY:
            shown.append(f"{head[:12]} against {base if base in known else base[:12]}, which {_WORD} the remote has:")
        for words in (_STAT, _DIFF):
            try:
                text = call.git("diff-tree", *words, "--end-of-options", base, head, index=False)
            except FactUnavailable as error:
                text = f"the diff is not shown: {error}"
            shown.append(text.rstrip("\n"))
    if len(heads) > SHOWN_REFS:
        shown.append(f"and {len(heads) - SHOWN_REFS} more lines of commits")
    return shown


def _base(commits: Mapping[str, Commit], head: str) -> str:
    """Return where the first parents of `head` leave `commits`."""
    at = head
    while at in commits:
        parents = commits[at].parents
        if not parents:
            return _EMPTY
        at = parents[0]
    return at
