"""``git push``: one operation for every ref of the remote that it would change.

What to push, and where, comes from the words, then from ``remote.NAME.push``, ``push.default`` and the current
branch's own settings, as git-push(1) and git-config(1) say. What cannot be found out concedes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from guardcli.inspectors.git.call import (
    Call,
    Judge,
    contacts,
    does,
    executes,
    hosts,
    names_nothing,
    problems,
    reads,
    remote_urls,
    unknown,
)
from guardcli.inspectors.git.options import Parsed
from guardcli.inspectors.git.programs import name_of
from guardcli.inspectors.git.publish import Sources, scan_push
from guardcli.inspectors.git.refspecs import Refspec, candidates, from_words, mapped, parse_refspec
from guardcli.inspectors.git.urls import remote_part
from guardcli.model.effects import Effect
from guardcli.model.facts import FactUnavailable
from guardcli.model.operations import Operation, Target

REFS_LIMIT = 200
"""Refs named one by one; a push of more is called unbounded."""

_USUAL = ("git-receive-pack", "git receive-pack")
_TRUE = frozenset({"true", "yes", "on", "1"})


@dataclass(frozen=True, slots=True)
class Push:
    """A push as far as it is known: `config` is empty and `doubt` says why where it could not be read."""

    call: Call
    parsed: Parsed
    config: Mapping[str, tuple[str, ...]]
    doubt: str
    remote: str
    branch: str

    def last(self, key: str) -> str:
        """Return the value in effect of a variable, empty where it is not set."""
        return self.config.get(key, ("",))[-1]

    @property
    def force(self) -> bool:
        """Whether every ref is forced."""
        return self.parsed.given("force", "force-with-lease") or self.mirror

    @property
    def mirror(self) -> bool:
        """Whether the remote becomes an image of what is here, refs that are not here deleted."""
        return self.parsed.given("mirror") or self.last(f"remote.{self.remote}.mirror").lower() in _TRUE

    def changes(self, ref: str, *, force: bool = False, delete: bool = False, more: Sequence[str] = ()) -> Operation:
        """Return the change of `ref` on the remote, or of one of `more`."""
        action = "push --delete" if delete else "push --force" if force or self.force else "push"
        effects = self.effects(lost=action != "push")
        place = remote_part(self.remote)
        targets = [Target("ref", f"{place}/{name}") for name in (ref, *more)]
        unbounded = ref.endswith("*")
        return does(action, *effects, targets=(*targets, *self._hosts()), unbounded=unbounded)

    def effects(self, *, lost: bool) -> frozenset[Effect]:
        """Return the effects of a change that loses commits of the remote, or does not."""
        elsewhere = [Effect.NETWORK] if self._goes_elsewhere() else []
        return frozenset((Effect.WRITE, *([Effect.DELETE] if lost else []), *elsewhere))

    def _hosts(self) -> tuple[Target, ...]:
        return hosts(*remote_urls(self.config, self.remote, push=True)) or hosts(self.remote)

    def _goes_elsewhere(self) -> bool:
        """Return whether the remote is an address of a host that the configuration does not hold."""
        if not hosts(self.remote):
            return False
        known = {url for key, urls in self.config.items() if key.startswith("remote.") for url in urls}
        return self.remote not in known


def judge_push(call: Call) -> Sequence[Operation]:
    """Judge a push as a whole."""
    parsed = call.parsed()
    found = problems(call, parsed)
    for option in ("receive-pack", "exec"):
        values = [value for value in parsed.values(option) if value not in _USUAL]
        found += [executes(f"push --{option}", name_of(value)) for value in values]
    push = understand(call, parsed)
    found += contacts(call, push.remote)
    if parsed.on("dry-run") and not parsed.problems:
        return [reads("push --dry-run"), *found]
    operations = list(_refs(push)) or [does("push", Effect.WRITE, targets=hosts(push.remote))]
    if len(operations) > REFS_LIMIT:
        lost = any(Effect.DELETE in operation.effects for operation in operations)
        operations = [_all(push, "push --force" if lost else "push")]
    return [*operations, *_submodules(push), *found, *scan_push(call, tracked_remote(push), sources_of(push))]


def understand(call: Call, parsed: Parsed) -> Push:
    """Read the configuration, and the current branch where the words leave something to it."""
    config: Mapping[str, tuple[str, ...]] = {
        key: (value,) for key, value in call.overrides if key.startswith(("remote.", "push.", "branch."))
    }
    doubt = branch = ""
    try:
        config = call.config()
        if len(parsed.words) < 2 or not {"HEAD", "+HEAD", "@", "+@"}.isdisjoint(parsed.words):
            branch = call.git("symbolic-ref", "-q", "HEAD").strip()
    except FactUnavailable as error:
        doubt = str(error)
    remote = parsed.words[0] if parsed.words else (parsed.values("repo") or ("",))[-1]
    return Push(call, parsed, config, doubt, remote or _default_remote(config, branch), branch)


def _default_remote(config: Mapping[str, tuple[str, ...]], branch: str) -> str:
    """Return the remote of a push that names none."""
    name = branch.removeprefix("refs/heads/")
    for key in (f"branch.{name}.pushremote", "remote.pushdefault", f"branch.{name}.remote"):
        if config.get(key):
            return config[key][-1]
    remotes = {
        key[len("remote.") : -len(".url")] for key in config if key.startswith("remote.") and key.endswith(".url")
    }
    return next(iter(remotes)) if len(remotes) == 1 else "origin"


def _refs(push: Push) -> Iterator[Operation]:
    """Yield the change of every ref."""
    parsed = push.parsed
    if push.mirror:
        yield _all(push, "push --mirror")
        return
    refspecs = _given(parsed)
    configured = _configured(push)
    if not refspecs:
        refspecs = configured
        configured = []
        if not refspecs:
            yield from _by_default(push)
    local = _local_refs(push, refspecs[: REFS_LIMIT + 1])
    for refspec in refspecs[: REFS_LIMIT + 1]:
        yield from _refspec(push, refspec, configured, local)
    if any(refspec.force or refspec.deletes for refspec in refspecs[REFS_LIMIT + 1 :]):
        yield _all(push, "push --force")
    if parsed.given("prune"):
        yield _all(push, "push --prune")
    if _follows_tags(push):
        yield replace(push.changes("refs/tags/*"), unbounded=False)


def _given(parsed: Parsed) -> list[Refspec]:
    """Return the refspecs of the command line, options that stand for some included."""
    refspecs = from_words(parsed.words[1:], delete=parsed.given("delete"))
    if parsed.given("all", "branches"):
        refspecs.append(Refspec("refs/heads/*", "refs/heads/*"))
    if parsed.given("tags"):
        refspecs.append(Refspec("refs/tags/*", "refs/tags/*"))
    return refspecs


def _configured(push: Push) -> list[Refspec]:
    return [parse_refspec(text) for text in push.config.get(f"remote.{push.remote}.push", ())]


def _follows_tags(push: Push) -> bool:
    return push.parsed.given("follow-tags") or push.last("push.followtags").lower() in _TRUE


def sources_of(push: Push) -> Sources:
    """Return what the push sends, never less: what ``--follow-tags`` would choose among are all tags here."""
    if push.mirror:
        return Sources(everything=True)
    refspecs = _given(push.parsed) or _configured(push)
    if not refspecs:
        kind = push.last("push.default")
        matching = [Refspec("refs/heads/*", "refs/heads/*")]
        refspecs = {"matching": matching, "nothing": []}.get(kind, [Refspec(push.branch or "HEAD", None)])
    patterns = ["refs/tags/*"] if _follows_tags(push) else []
    patterns += ["refs/heads/*" for spec in refspecs if spec.matching]
    patterns += [spec.source for spec in refspecs if spec.pattern and spec.source]
    names = [spec.source for spec in refspecs if spec.source and not spec.pattern]
    return Sources(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(patterns)))


def tracked_remote(push: Push) -> str:
    """Return the configured remote that the push goes to, empty where it is an address that none has."""
    if f"remote.{push.remote}.url" in push.config:
        return push.remote
    named = (
        key[len("remote.") :].rpartition(".")[0]
        for key, values in push.config.items()
        if key.startswith("remote.") and key.endswith((".url", ".pushurl")) and push.remote in values
    )
    return next(named, "")


def _all(push: Push, action: str) -> Operation:
    """Return a push of more refs than can be named."""
    return replace(push.changes("*"), action=action, effects=push.effects(lost=action != "push"), unbounded=True)


def _by_default(push: Push) -> Iterator[Operation]:
    """Yield what a push without refspecs does: ``push.default``, which is ``simple`` where not set."""
    kind = push.last("push.default") or "simple"
    if kind == "matching":
        yield from _pattern(push, Refspec("refs/heads/*", "refs/heads/*"))
    elif kind == "nothing":
        yield reads("push")
    elif not push.branch:
        reason = f"the current branch is not known: {push.doubt}"
        yield _unsure(push, reason)
    elif kind in ("upstream", "tracking"):
        upstream = push.last(f"branch.{push.branch.removeprefix('refs/heads/')}.merge")
        yield push.changes(upstream) if upstream else _unsure(push, "the branch has no upstream")
    else:
        yield push.changes(push.branch)


def _unsure(push: Push, reason: str) -> Operation:
    effects = (Effect.WRITE, Effect.DELETE) if push.force else (Effect.WRITE,)
    return unknown("push --force" if push.force else "push", reason, *effects, targets=hosts(push.remote))


@dataclass(frozen=True, slots=True)
class LocalRefs:
    """The local refs that the names of a push may mean; `doubt` says why they are not known."""

    refs: tuple[str, ...]
    doubt: str = ""


def _local_refs(push: Push, refspecs: Sequence[Refspec]) -> LocalRefs:
    """Look up all unqualified names at once."""
    names = [spec.source for spec in refspecs if spec.destination is None and not spec.source.startswith("refs/")]
    wanted = [ref for name in names if name != "HEAD" for ref in (*candidates(name), f"refs/remotes/{name}")]
    if not wanted:
        return LocalRefs(())
    try:
        return LocalRefs(tuple(push.call.git("for-each-ref", "--format=%(refname)", *wanted).split("\n")))
    except FactUnavailable as error:
        return LocalRefs((), "" if names_nothing(error) else f"a branch or a tag: {error}")


def _refspec(push: Push, refspec: Refspec, configured: Sequence[Refspec], local: LocalRefs) -> Iterator[Operation]:
    """Yield the changes of one refspec."""
    if refspec.deletes:
        first, *more = candidates(refspec.destination or "")
        yield push.changes(first, delete=True, more=more)
    elif refspec.matching:
        yield from _pattern(push, Refspec("refs/heads/*", "refs/heads/*", refspec.force))
    elif refspec.pattern:
        yield from _pattern(push, refspec)
    elif refspec.destination:
        first, *more = candidates(refspec.destination)
        yield push.changes(first, force=refspec.force, more=more)
    else:
        yield _to_its_own_name(push, refspec, configured, local)


def _pattern(push: Push, refspec: Refspec) -> Iterator[Operation]:
    """Yield the changes of a refspec with ``*``, from the refs that are here."""
    prefix = refspec.source.partition("*")[0].rpartition("/")[0]
    try:
        refs = push.call.git("for-each-ref", "--format=%(refname)", *([prefix] if prefix else ())).split("\n")
    except FactUnavailable as error:
        destination = refspec.destination or refspec.source
        change = push.changes(destination, force=refspec.force)
        yield unknown(change.action, f"the refs are not known: {error}", *change.effects, targets=change.targets)
        return
    for ref in refs[: REFS_LIMIT + 2]:
        destination = mapped(refspec, ref) or ""
        if ref and destination:
            yield push.changes(destination, force=refspec.force)


def _to_its_own_name(push: Push, refspec: Refspec, configured: Sequence[Refspec], local: LocalRefs) -> Operation:
    """Return the change of ``push REMOTE NAME``: the ref of that name, unless the configuration sends it elsewhere."""
    source, doubt = _resolve(push, refspec.source, local)
    if not source:
        return _unsure(push, doubt)
    for other in configured:
        destination = mapped(other, source)
        if destination:
            return push.changes(destination, force=refspec.force or other.force)
    if push.last("push.default") in ("upstream", "tracking") and source.startswith("refs/heads/"):
        source = push.last(f"branch.{source.removeprefix('refs/heads/')}.merge") or source
    change = push.changes(source, force=refspec.force)
    if doubt:
        return unknown(change.action, doubt, *change.effects, targets=change.targets)
    return change


def _resolve(push: Push, name: str, local: LocalRefs) -> tuple[str, str]:
    """Return the full name of the local ref that `name` means, and what is doubtful about it."""
    if name.startswith("refs/"):
        return name, ""
    if name == "HEAD":
        return push.branch, "" if push.branch else f"the current branch is not known: {push.doubt}"
    wanted = (*candidates(name), f"refs/remotes/{name}")
    return next((ref for ref in wanted if ref in local.refs), wanted[0]), local.doubt


def _submodules(push: Push) -> Iterator[Operation]:
    """Yield what cannot be known of a push that takes submodules along."""
    asked = push.parsed.values("recurse-submodules") or push.config.get("push.recursesubmodules", ())[-1:]
    recurse = push.last("submodule.recurse").lower() in _TRUE and not asked
    if recurse or (asked and asked[-1] not in ("no", "check", "false", "")):
        yield _unsure(push, "submodules are pushed as well")


JUDGES: Mapping[str, Judge] = {"push": judge_push}
"""Command to its judge."""
