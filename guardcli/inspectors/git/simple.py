"""Commands whose options say it all: tables of what reads, what writes, and which option makes it worse.

The table of a command that is not in ``PURE`` is consulted for every option; an option that no table knows concedes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from guardcli.inspectors.git.call import (
    Call,
    Judge,
    contacts,
    does,
    executes,
    hosts,
    loses,
    problems,
    reads,
    unknown,
    writes,
    writes_file,
)
from guardcli.inspectors.git.environment import judge_setting
from guardcli.inspectors.git.keys import STRATEGIES
from guardcli.inspectors.git.options import Option, Parsed
from guardcli.inspectors.git.places import made_elsewhere
from guardcli.inspectors.git.programs import harmless_pager, name_of
from guardcli.inspectors.names import names
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

PURE = names(
    "cat-file check-attr check-ignore check-mailmap check-ref-format cherry column count-objects describe "
    "diff-pairs for-each-ref fsck fsck-objects get-tar-commit-id help last-modified ls-files ls-tree merge-base "
    "name-rev pack-redundant patch-id repo rev-parse show-branch show-index show-ref status stripspace survey "
    "upload-pack upload-archive var verify-commit verify-pack verify-tag version"
)
"""Commands that only look, whatever their options are."""

READS = names(
    "annotate blame diff diff-files diff-index diff-tree fast-export grep log ls-remote merge-tree pickaxe range-diff "
    "request-pull rev-list shortlog show whatchanged archive"
)
"""Commands that look, and have options that write a file or run a program."""

WRITES = names(
    "add am apply backfill checkout-index cherry-pick clone commit commit-graph commit-tree fetch fetch-pack "
    "fmt-merge-msg format-patch gc hash-object index-pack init init-db interpret-trailers mailinfo mailsplit merge "
    "merge-file merge-one-file merge-octopus merge-ours merge-recursive merge-recursive-ours merge-recursive-theirs "
    "merge-resolve merge-subtree mktag mktree multi-pack-index mv pack-objects pack-refs prune-packed pull quiltimport "
    "read-tree rebase repack replace revert rm stage switch unpack-file unpack-objects update-index "
    "update-server-info write-tree diagnose bugreport http-fetch replay tag subtree"
)
"""Commands whose changes the reflog, or git's own refusal to overwrite, can undo or prevent."""

LOSING_OPTIONS: Mapping[str, frozenset[str]] = {
    "checkout-index": names("force"),
    "mv": names("force"),
    "read-tree": names("reset"),
    "replace": names("force delete"),
    "rm": names("force"),
    "switch": names("force discard-changes"),
    "tag": names("force delete"),
    "apply": names("unsafe-paths"),
}
"""Options after which uncommitted work, or a ref without a reflog, is gone."""

READING_OPTIONS: Mapping[str, frozenset[str]] = {
    "tag": names("list contains no-contains with without merged no-merged points-at verify n"),
    "replace": names("list"),
    "apply": names("stat numstat summary check"),
    "format-patch": names("stdout"),
}
"""Options that turn a command that writes into one that looks."""

DRY = names("add rm mv fetch pull prune-packed stage")
"""Commands with an option ``--dry-run`` that really does nothing."""

PROGRAM_OPTIONS: Mapping[str, frozenset[str]] = {
    "archive": names("exec"),
    "clone": names("upload-pack template"),
    "fetch": names("upload-pack"),
    "fetch-pack": names("upload-pack exec"),
    "init": names("template"),
    "init-db": names("template"),
    "ls-remote": names("upload-pack exec"),
    "pull": names("upload-pack"),
    "rebase": names("exec"),
}
"""Options whose value is a program, or a directory from which hooks come."""

_USUAL_PROGRAMS = names("git-upload-pack git-upload-archive git-receive-pack")
_FILE_OPTIONS = names("output output-directory export-marks separate-git-dir index-output prefix o")
_WITH_OUTPUT = names(
    "annotate blame bugreport checkout-index cherry-pick clone diagnose diff diff-files diff-index diff-tree "
    "fast-export format-patch index-pack init init-db log pickaxe range-diff read-tree rev-list revert shortlog show "
    "whatchanged"
)
_WRITTEN_UNLESS = {"merge-file": names("stdout p"), "pack-objects": names("stdout")}
"""Commands that write the file that is named first, unless they are told to print."""
_READ_TWICE = names(
    "annotate archive blame cherry-pick diff diff-files diff-index diff-tree fast-export format-patch log pickaxe "
    "range-diff rev-list revert shortlog show whatchanged"
)
"""Commands that read their words with one table after the other."""
_WITH_STRATEGY = names("cherry-pick merge pull rebase revert")
_WITH_ADDRESS = names("clone fetch fetch-pack http-fetch ls-remote pull request-pull subtree")
_NO_TABLE = names(
    "backfill http-fetch mailsplit merge-octopus merge-one-file merge-ours merge-recursive merge-recursive-ours "
    "merge-recursive-theirs merge-resolve merge-subtree quiltimport replay request-pull subtree unpack-file "
    "unpack-objects merge-tree"
)
"""Commands without a table of options, none of which does more than the command."""


_WEB = re.compile(r"-[a-z]*w|--w")
"""``--web`` of ``help``, cut or combined."""


def judge_pure(call: Call) -> Sequence[Operation]:
    """Judge a command that only looks; ``help --web`` alone starts a browser."""
    if call.name == "help" and any(_WEB.match(word) for word in call.arguments):
        return [executes("help --web", reason="a browser is started")]
    return [reads(call.name)]


def judge_simple(call: Call) -> Sequence[Operation]:
    """Judge a command by the tables of this module."""
    name = call.name
    if name == "mailsplit":
        places = [word.removeprefix("-o") for word in call.arguments if word.startswith("-o") or word[:1] != "-"]
        return [_by_nature(call), *(writes_file(call, name, place or ".") for place in places)]
    if name in _NO_TABLE:
        return [_by_nature(call), *_addresses(call, call.arguments)]
    parsed = call.parsed(digits=True)
    operations = [*_main(call, parsed), *problems(call, parsed)]
    options = call.any_options(parsed) if name in _READ_TWICE else parsed.options
    operations += _programs(call, options)
    if name in _WITH_OUTPUT or name == "archive":
        named = _FILE_OPTIONS if name in _WITH_OUTPUT else ("output",)
        files = [option.value for option in options if option.name in named and option.value]
        operations += [writes_file(call, f"{name} --output", value) for value in files]
    operations += [writes_file(call, name, word) for word in _written(call, parsed)]
    operations += made_elsewhere(call, parsed)
    if name in _WITH_ADDRESS:
        operations += _addresses(call, parsed.words)
    return operations


def _written(call: Call, parsed: Parsed) -> Sequence[str]:
    """Return the words that name files which the command writes, over whatever they held."""
    if call.name == "mailinfo":
        return parsed.words[:2]
    if call.name == "interpret-trailers" and parsed.given("in-place"):
        return parsed.words
    if call.name in _WRITTEN_UNLESS and not parsed.given(*_WRITTEN_UNLESS[call.name]):
        return parsed.words[:1]
    return ()


def _main(call: Call, parsed: Parsed) -> list[Operation]:
    """Return what the command itself does."""
    name = call.name
    losing = [option for option in sorted(LOSING_OPTIONS.get(name, ())) if parsed.given(option)]
    if name in READING_OPTIONS and parsed.given(*READING_OPTIONS[name]) and not losing:
        return [reads(name)]
    if name == "tag" and not parsed.words and not losing:
        return [reads(name)]
    if name in DRY and parsed.on("dry-run") and not parsed.problems:
        return [reads(f"{name} --dry-run")]
    if losing == ["unsafe-paths"]:
        return [does("apply --unsafe-paths", Effect.WRITE, Effect.FILE)]
    if losing:
        return [loses(f"{name} --{losing[0]}")]
    if name in ("fetch", "pull") and _overwrites_tags_or_prunes(parsed):
        return [loses(f"{name} --prune-tags")]
    if name == "replace":
        return [loses("replace") if parsed.words else reads("replace")]
    if name == "gc":
        return [_collect_garbage(parsed)]
    if (
        name == "repack"
        and parsed.given("d")
        and parsed.given("a")
        and not parsed.given("A", "cruft", "keep-unreachable")
    ):
        return [loses("repack -a -d")]
    return [_by_nature(call)]


def _by_nature(call: Call) -> Operation:
    if call.name in READS:
        return reads(call.name)
    words = [word for word in call.arguments if not word.startswith("-")]
    if call.name == "subtree" and "push" in words:
        return unknown("subtree push", "which ref it changes is not known", Effect.WRITE)
    return writes(call.name, *(hosts(*words) if call.name in _WITH_ADDRESS else ()))


def _overwrites_tags_or_prunes(parsed: Parsed) -> bool:
    """Return whether a fetch deletes refs outside of ``refs/remotes``, or moves tags, which have no reflog."""
    refspecs = [word for word in parsed.words[1:] if ":" in word]
    forced = parsed.given("force") and (parsed.given("tags") or refspecs)
    tags = any("tags/" in word and (forced or word.startswith("+")) for word in refspecs)
    prunes = parsed.given("prune") and (refspecs or parsed.given("refmap"))
    return bool(parsed.given("prune-tags") or prunes or tags or (forced and parsed.given("tags")))


def _collect_garbage(parsed: Parsed) -> Operation:
    """``gc --prune`` without a value keeps two weeks; any date other than that may lose what the reflog names."""
    dates = [value for value in parsed.values("prune") if value not in ("", "never", "2.weeks.ago")]
    return loses("gc --prune") if dates else writes("gc")


def _addresses(call: Call, words: Sequence[str]) -> list[Operation]:
    """Return the programs that addresses among the words run; any word may be one, since options may hide it."""
    if call.name not in _WITH_ADDRESS:
        return []
    return [operation for word in words for operation in contacts(call, word)]


def _programs(call: Call, options: Sequence[Option]) -> list[Operation]:
    """Return the programs that options name."""
    name = call.name
    found = []
    for option in options:
        value = option.value or ""
        if option.negated:
            continue
        if option.name in PROGRAM_OPTIONS.get(name, ()) and value and value not in _USUAL_PROGRAMS:
            found.append(executes(f"{name} --{option.name}", name_of(value)))
        elif option.name == "strategy" and name in _WITH_STRATEGY and value not in STRATEGIES:
            found.append(executes(f"{name} --strategy", f"git-merge-{value}"))
        elif option.name == "open-files-in-pager" and name == "grep" and not (value and harmless_pager(value)):
            found.append(executes("grep --open-files-in-pager", name_of(value)))
        elif option.name == "config" and name == "clone":
            key, equals, setting = value.partition("=")
            found += judge_setting("clone -c", key, setting if equals else "true")
        elif option.name == "remote" and name == "archive":
            found += contacts(call, value)
    return found


JUDGES: Mapping[str, Judge] = {
    **dict.fromkeys(PURE, judge_pure),
    **dict.fromkeys(READS | WRITES, judge_simple),
}
"""Command to its judge."""
