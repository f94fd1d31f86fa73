"""Commands that move branches and overwrite files: what the reflog can undo, told from what loses work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from guardcli.inspectors.git.call import Call, Judge, loses, names_nothing, problems, reads, unknown, writes
from guardcli.inspectors.git.options import Parsed
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable
from guardcli.model.operations import Operation, Target

_MAGIC = frozenset(":*?[\\")
_ZEROS = frozenset("0")


def judge_checkout(call: Call) -> Sequence[Operation]:
    """``checkout BRANCH`` refuses to overwrite changes; ``checkout [TREE] PATH…`` and ``--force`` overwrite them."""
    parsed = call.parsed()
    found = problems(call, parsed)
    if parsed.given("force"):
        return [loses("checkout --force"), *found]
    if parsed.given("patch", "pathspec-from-file", "ours", "theirs") or parsed.paths:
        return [loses("checkout --"), *found]
    creates = parsed.given("b", "B", "orphan", "detach", "track")
    words = parsed.words
    if not words or creates:
        return [loses("checkout --") if len(words) > 1 else writes("checkout"), *found]
    if len(words) > 1:
        return [loses("checkout --"), *found]
    if parsed.before_dashes == 1 or words[0] == "-":
        return [writes("checkout"), *found]
    return [_checkout_word(call, words[0]), *found]


def _checkout_word(call: Call, word: str) -> Operation:
    """Judge ``checkout WORD``: git takes it for a commit first, then for a file, then for a remote's branch."""
    try:
        call.git("rev-parse", "--verify", "--quiet", "--end-of-options", word + "^{commit}")
        return writes("checkout")
    except FactUnavailable as error:
        if names_nothing(error):
            return loses("checkout --") if _looks_like_a_path(word) else writes("checkout")
        if "ended with 1:" not in str(error):
            return _checkout_guess(word, str(error))
    if not _MAGIC.isdisjoint(word) or word in (".", ".."):
        return loses("checkout --")
    directory, _, name = call.path(word).rpartition("/")
    try:
        there = name in call.facts.list_directory(directory or "/")
    except FactUnavailable as error:
        return _checkout_guess(word, str(error))
    return loses("checkout --") if there else writes("checkout")


def _checkout_guess(word: str, reason: str) -> Operation:
    if _looks_like_a_path(word):
        return loses("checkout --")
    return unknown("checkout", f"a branch or a file: {reason}", Effect.WRITE, Effect.DELETE)


def _looks_like_a_path(word: str) -> bool:
    last = word.rstrip("/").rpartition("/")[2]
    return word.endswith("/") or word.startswith((".", "/", ":")) or "*" in word or "." in last.strip("0123456789v.")


def judge_restore(call: Call) -> Sequence[Operation]:
    """``restore`` overwrites files, but for ``--staged`` alone, which changes the index only."""
    parsed = call.parsed()
    index_only = parsed.on("staged") and not parsed.given("worktree", "patch")
    return [writes("restore --staged") if index_only else loses("restore"), *problems(call, parsed)]


def judge_reset(call: Call) -> Sequence[Operation]:
    """``reset --hard`` and ``--merge`` throw changes away; the other modes keep the files."""
    parsed = call.parsed()
    for mode in ("hard", "merge"):
        if parsed.given(mode):
            return [loses(f"reset --{mode}"), *problems(call, parsed)]
    return [writes("reset"), *problems(call, parsed)]


def judge_clean(call: Call) -> Sequence[Operation]:
    """``clean`` deletes what git never saw; ``-n`` only tells."""
    parsed = call.parsed()
    dry = parsed.on("dry-run") and not parsed.given("interactive") and not parsed.problems
    return [reads("clean --dry-run") if dry else loses("clean"), *problems(call, parsed)]


def judge_prune(call: Call) -> Sequence[Operation]:
    """``prune`` deletes every object that nothing names any more."""
    parsed = call.parsed()
    dry = parsed.on("dry-run") and not parsed.problems
    return [reads("prune --dry-run") if dry else loses("prune"), *problems(call, parsed)]


_BRANCH_LISTS = names(
    "list all remotes show-current contains no-contains merged no-merged points-at format with without verbose"
)


def judge_branch(call: Call) -> Sequence[Operation]:
    """``-D`` loses commits and the branch's reflog, ``-M`` and ``-C`` those of a branch that they overwrite."""
    parsed = call.parsed()
    found = problems(call, parsed)
    force = parsed.given("force")
    if parsed.given("D") or (force and parsed.given("delete")):
        return [loses("branch -D", *_branches(parsed.words)), *found]
    if parsed.given("delete"):
        return [writes("branch -d", *_branches(parsed.words)), *found]
    if parsed.given("M", "C") or (force and parsed.given("move", "copy")):
        return [_overwrite_branch(call, parsed), *found]
    if parsed.given("move", "copy", "edit-description", "set-upstream-to", "unset-upstream", "set-upstream", "track"):
        return [writes("branch"), *found]
    if not parsed.words or parsed.given(*_BRANCH_LISTS):
        return [reads("branch"), *found] if not force else [writes("branch --force"), *found]
    return [writes("branch --force" if force else "branch"), *found]


def _branches(names: Sequence[str]) -> list[Target]:
    return [Target("ref", f"/refs/heads/{name}") for name in names]


def _overwrite_branch(call: Call, parsed: Parsed) -> Operation:
    """Judge ``branch -M``, which is harmless where the new name is free, as for ``branch -M main``."""
    if not parsed.words:
        return writes("branch -M")
    new = parsed.words[-1]
    ref = f"refs/heads/{new}"
    try:
        taken = ref in call.git("for-each-ref", "--format=%(refname)", ref).splitlines()
        taken = taken and call.git("symbolic-ref", "-q", "HEAD").strip() != ref
    except FactUnavailable as error:
        if names_nothing(error):
            return writes("branch -M")
        return unknown("branch -M", f"whether {new} exists: {error}", Effect.WRITE, Effect.DELETE)
    return loses("branch -M", *_branches([new])) if taken else writes("branch -M")


def judge_update_ref(call: Call) -> Sequence[Operation]:
    """``update-ref`` deletes with ``-d`` and with a new value of zeros; ``--stdin`` may do anything."""
    parsed = call.parsed()
    found = problems(call, parsed)
    targets = [Target("ref", f"/{word}") for word in parsed.words[:1]]
    if parsed.given("stdin"):
        return [unknown("update-ref --stdin", "its input is not read", Effect.WRITE, Effect.DELETE)]
    value = parsed.words[1] if len(parsed.words) > 1 else "0"
    if parsed.given("d") or _ZEROS.issuperset(value):
        return [loses("update-ref -d", *targets), *found]
    if not parsed.words[0].startswith("refs/heads/") and parsed.words[0] != "HEAD":
        return [loses("update-ref", *targets), *found]
    return [writes("update-ref", *targets), *found]


def judge_symbolic_ref(call: Call) -> Sequence[Operation]:
    """``symbolic-ref NAME`` reads, with a second word it sets, with ``--delete`` it deletes."""
    parsed = call.parsed()
    if parsed.given("delete"):
        return [loses("symbolic-ref --delete")]
    return [writes("symbolic-ref") if len(parsed.words) > 1 else reads("symbolic-ref"), *problems(call, parsed)]


JUDGES: Mapping[str, Judge] = {
    "branch": judge_branch,
    "checkout": judge_checkout,
    "clean": judge_clean,
    "prune": judge_prune,
    "reset": judge_reset,
    "restore": judge_restore,
    "symbolic-ref": judge_symbolic_ref,
    "update-ref": judge_update_ref,
}
"""Command to its judge."""
