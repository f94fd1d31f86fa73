"""What ``git commit`` and ``git push`` would publish, looked through for credentials on the very objects that would go.

A commit: the files of the index that differ from HEAD, or of the working tree where the call takes them from there,
their names, and the message as far as the call says it. A push: every commit, tag and file that is reachable from
what is pushed and not from what is known of the remote, so a secret that a later commit took out is found as well.
A value that the changed files held before, or that the remote has, is not published again and raises no alarm.

What this does not find:

- values that no detector knows: in base64, encrypted or compressed files, split over lines or pushes;
- in a commit, what a clean filter of the repository would make of a file, what a message gets in an editor, and what
  changes between the judgement and the run. The push looks again, at the objects themselves;
- in a push, a ref that moves between the judgement and the run. The refspecs are not replaced by the ids that were
  judged: ``-u``, hooks and ``--follow-tags`` would see another push than the one that was asked for;
- what refs below ``refs/remotes/`` claim that the remote has: they are files of the agent's. Submodules are
  repositories of their own, and what git-lfs keeps elsewhere goes there by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guardcli.inspectors.git.call import Call, Judge, does, names_nothing, unknown
from guardcli.inspectors.git.options import Parsed
from guardcli.inspectors.git.refspecs import candidates
from guardcli.inspectors.git.simple import judge_simple
from guardcli.inspectors.texts import as_bytes
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable, Found
from guardcli.model.invocation import Stdin
from guardcli.model.operations import Operation, Target

OBJECTS_LIMIT = 20_000
"""Objects of one push, or files of one commit, that are looked through; more are a person's to judge."""
SHOWN_LIMIT = 20
"""Files with secrets that are named; one is enough to stop the call."""

_LINK = "160000"
_RAW = re.compile(r":([0-7]{6}) ([0-7]{6}) ([0-9a-f]+) ([0-9a-f]+) [A-Z][0-9]*\0([^\0]+)\0")
_DIFF = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv")
_LOG = ("--format=", "--no-show-signature", "--no-notes", "--no-mailmap", "--root", "-m")
_PLAIN_REMOTE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")
_RANGE = re.compile(r"\.\.|^\^|\^[@!-]")
_MESSAGE = "(message)"

Findings = Mapping[str, frozenset[Found]]
"""Path, or what stands for it, to what was found there."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a push sends: `names` of revisions, `patterns` of refs with one ``*``, or every ref there is."""

    names: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    everything: bool = False

    def __bool__(self) -> bool:
        return bool(self.names or self.patterns or self.everything)


@dataclass(frozen=True, slots=True)
class Change:
    """One file of a diff: its object before and after, all zeros where there is none."""

    path: str
    old: str
    new: str


def judge_commit(call: Call) -> Sequence[Operation]:
    """Judge a commit, and look through what it would hold."""
    parsed = call.parsed()
    operations = judge_simple(call)
    try:
        return [*operations, *_alarm(call, _commit_findings(call, parsed))]
    except FactUnavailable as error:
        return [*operations, *_unscanned(call, error)]


def scan_push(call: Call, remote: str, sources: Sources) -> Sequence[Operation]:
    """Return an operation for the credentials that a push of `sources` to `remote` would publish, if there are any.

    `remote` is the name under which refs of it are kept here, empty for an address without one.
    """
    if not sources:
        return []
    try:
        if any(_RANGE.search(name) for name in sources.names):
            raise FactUnavailable("a source of the push is no single revision")
        return _alarm(call, _push_findings(call, _selection(remote, sources)))
    except FactUnavailable as error:
        return _unscanned(call, error)


def _alarm(call: Call, findings: Findings) -> list[Operation]:
    if not findings:
        return []
    paths = sorted(findings)
    detectors = sorted({name for found in findings.values() for name, _ in found})
    reason = f"{', '.join(detectors)} in {len(paths)} {'place' if len(paths) == 1 else 'places'}"
    targets = [Target("file", path) for path in paths[:SHOWN_LIMIT]]
    return [does(call.name, Effect.WRITE, targets=targets, reason=reason, sensitive=True)]


def _unscanned(call: Call, error: FactUnavailable) -> list[Operation]:
    if names_nothing(error):
        return []
    return [unknown(call.name, f"what it publishes was not looked through: {error}", Effect.WRITE)]


def _minus(findings: Findings, known: Iterable[frozenset[Found]]) -> Findings:
    """Return `findings` without the values that are `known`."""
    old = frozenset[Found]().union(*known)
    return {path: found - old for path, found in findings.items() if found - old}


def _changes(text: str) -> list[Change]:
    """Return the files of a raw diff, submodules left out. Raises FactUnavailable over the bound."""
    found = [
        Change(path, old, new) for old_mode, mode, old, new, path in _RAW.findall(text) if _LINK not in (old_mode, mode)
    ]
    if len(found) > OBJECTS_LIMIT:
        raise FactUnavailable(f"more than {OBJECTS_LIMIT} files")
    return found


def _exists(oid: str) -> bool:
    return bool(oid.strip("0"))


# -- commit --


def _commit_findings(call: Call, parsed: Parsed) -> Findings:
    """Return what the commit would hold that HEAD does not."""
    by_hand = parsed.given("patch", "interactive")
    only = bool(parsed.words) and not by_hand and not parsed.on("include")
    listing = call.git("diff", "--cached", *_DIFF, *(("--", *parsed.words) if only else ()))
    index = {change.path: change for change in _changes(listing)}
    tree: Mapping[str, str] = {}
    if by_hand or parsed.words or parsed.given("all", "pathspec-from-file"):
        tree = _working_tree(call, parsed)
    from_tree = not by_hand and not parsed.problems and not parsed.given("pathspec-from-file")
    replaced = tree.keys() if from_tree and (parsed.words or parsed.on("all")) else ()
    new = {change.path: change.new for change in index.values() if change.path not in replaced and _exists(change.new)}
    findings = _in_objects(call, new)
    for name, path in tree.items():
        found = call.facts.find_secrets(call.facts.read_file(path)) if path else frozenset()
        if found:
            findings[name] = findings.get(name, frozenset()) | found
    if words := call.facts.find_secrets(as_bytes("\0".join((listing, *tree)))):
        findings["(names)"] = words
    if words := call.facts.find_secrets(_message(call, parsed)):
        findings[_MESSAGE] = words
    return _minus(findings, _before(call, index.values(), findings)) if findings else findings


def _working_tree(call: Call, parsed: Parsed) -> Mapping[str, str]:
    """Return the tracked files that the commit would take as they lie there: name to path, empty if gone."""
    if any(key == "core.worktree" for key, _ in call.overrides):
        raise FactUnavailable("the working tree is moved for this call")
    whole = not parsed.words or parsed.given("all", "pathspec-from-file")
    changed = call.facts.git_changed(call.invocation.cwd, call.options, () if whole else parsed.words)
    if len(changed) > OBJECTS_LIMIT:
        raise FactUnavailable(f"more than {OBJECTS_LIMIT} files")
    return changed


def _message(call: Call, parsed: Parsed) -> bytes:
    """Return what the call says in words, ``-m`` and a file of ``-F`` among it."""
    parts = [as_bytes("\n".join(call.arguments))]
    for name in parsed.values("file"):
        if name != "-":
            parts.append(_file(call, name))
        elif call.invocation.stdin is Stdin.STREAM:
            parts.append(call.facts.stdin())
    return b"\n".join(parts)


def _file(call: Call, name: str) -> bytes:
    try:
        return call.facts.read_file(call.path(name))
    except FactUnavailable as error:
        if "No such file" in str(error):  # git will say so
            return b""
        raise


def _before(call: Call, index: Iterable[Change], findings: Findings) -> Iterable[frozenset[Found]]:
    """Return what the changed files held before: in HEAD, and in the commit that is being merged."""
    names = [change.old for change in index if _exists(change.old)]
    names += [f"{commit}:{path}" for commit in ("HEAD", "MERGE_HEAD") for path in findings]
    return call.facts.git_secrets(call.invocation.cwd, call.options, names).values()


def _in_objects(call: Call, objects: Mapping[str, str]) -> dict[str, frozenset[Found]]:
    """Return what is found in `objects`, path to object id, by path."""
    if not objects:
        return {}
    found = call.facts.git_secrets(call.invocation.cwd, call.options, tuple(dict.fromkeys(objects.values())))
    return {path: found[oid] for path, oid in objects.items() if oid in found}


# -- push --


def _selection(remote: str, sources: Sources) -> tuple[str, ...]:
    """Return the words by which git selects the commits that would go.

    A source is looked up as a revision and as every ref that a push could take it for: the two differ where a file
    of that name lies beside HEAD.
    """
    words: list[str] = []
    if _PLAIN_REMOTE.fullmatch(remote):
        words += ["--not", f"--remotes={remote}", "--not"]
    if sources.everything:
        words.append("--all")
    refs = [ref for name in sources.names for ref in (*candidates(name), f"refs/remotes/{name}")]
    exact = [f"refs/[{ref[5]}]{ref[6:]}" for ref in refs if ref[5:6].isalnum() and ref.startswith("refs/")]
    words += [f"--glob={pattern}" for pattern in (*exact, *sources.patterns)]
    return (*words, "--end-of-options", *sources.names, "--")


def pushed_commits(call: Call, remote: str, sources: Sources) -> list[str]:
    """Return the commits that `scan_push` has looked through, by the answer that it got. Raises FactUnavailable."""
    if not sources:
        return []
    lines = _listing(call, _selection(remote, sources)).split("\n")
    return [line for line in lines if line and " " not in line]  # trees and files stand with their names


def _listing(call: Call, selection: Sequence[str]) -> str:
    return call.git("rev-list", "--objects", "--ignore-missing", *selection)


def _push_findings(call: Call, selection: Sequence[str]) -> Findings:
    """Return what the objects hold that would go."""
    listing = _listing(call, selection)
    objects = {oid: path for oid, _, path in (line.partition(" ") for line in listing.split("\n")) if oid}
    if len(objects) > OBJECTS_LIMIT:
        raise FactUnavailable(f"more than {OBJECTS_LIMIT} objects")
    if not objects:
        return {}
    found = call.facts.git_secrets(call.invocation.cwd, call.options, tuple(objects))
    findings: dict[str, frozenset[Found]] = {}
    for oid, secrets in found.items():
        path = objects[oid] or f"commit {oid[:12]}"
        findings[path] = findings.get(path, frozenset()) | secrets
    if words := call.facts.find_secrets(as_bytes(listing)):
        findings["(names)"] = words
    return _minus(findings, _published(call, selection, objects)) if findings else findings


def _published(call: Call, selection: Sequence[str], sent: Mapping[str, str]) -> Iterable[frozenset[Found]]:
    """Return what the files that these commits change held before, where that is not sent by this very push."""
    text = call.git("log", *_LOG, *_DIFF, "--ignore-missing", *selection)
    old = {change.old for change in _changes(text) if _exists(change.old)}
    return call.facts.git_secrets(call.invocation.cwd, call.options, tuple(sorted(old - sent.keys()))).values()


JUDGES: Mapping[str, Judge] = {"commit": judge_commit}
"""Command to its judge."""
