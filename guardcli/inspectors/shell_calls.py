"""Judges one simple command: its name decides whether a wrapper, a program with rules of its own, or the table does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from guardcli.inspectors.shell_builtins import BUILTINS
from guardcli.inspectors.shell_files import controls_access, is_device, is_sensitive
from guardcli.inspectors.shell_interpreters import INTERPRETERS
from guardcli.inspectors.shell_names import names
from guardcli.inspectors.shell_programs import PROGRAMS
from guardcli.inspectors.shell_scope import NotUnderstoodError, Scope
from guardcli.inspectors.shell_table import Finding, commands, judge_command, judge_verb, verbs
from guardcli.inspectors.shell_words import Word
from guardcli.inspectors.shell_wrappers import WRAPPERS
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

Handler = Callable[[str, Sequence[Word], Scope], list[Operation]]

_SYSTEM = ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/")

_NO_CONTENT = names(
    "echo printf ls dir vdir stat du df realpath basename dirname readlink test [ which whereis type "
    "pgrep ps file wc findmnt mountpoint lsattr getfacl getcap id getconf seq expr sleep true false : cd "
    "tty kill"
)
"""Commands that show no content of the files they are given."""

_NO_FILES = names("echo test [ expr seq sleep kill pkill killall id groups getent ps pgrep ping systemctl")
"""Commands whose operands are no files."""

_ROOTS = frozenset(
    {"/", "/*", "~", "~/", "~/*", "*", ".", "./", "./*", "..", "/.", "/..", "/home", "/etc", "/usr", "/var"}
)


def judge(words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Return what the simple command `words` would do; never empty unless it calls a function judged before."""
    first = words[0]
    if not first.known or first.tilde or not first.text:
        return [scope.concede("?", "the name of a command cannot be known", Effect.EXECUTE)]
    name = first.text
    defined = name in scope.functions
    for directory in _SYSTEM:
        if name.startswith(directory) and "/" not in name[len(directory) :]:
            name = name[len(directory) :]
            break
    if "/" in name:
        return [scope.concede(name, f"{name} is a program that is not known", Effect.EXECUTE)]
    if name.startswith("git-"):  # never under the action that a policy lets pass for git itself
        reason = "only git itself speaks this protocol; call git"
        return [scope.concede(f"{name} called directly", reason, Effect.EXECUTE)]
    handler = _handler(name)
    if handler is None and defined:  # its body was judged where it stands
        return []
    if handler is None:
        return [scope.concede(name, f"{name} is not in the table of known commands", Effect.EXECUTE)]
    try:
        return handler(name, words[1:], scope)
    except NotUnderstoodError as problem:
        return [scope.concede(name, str(problem), Effect.EXECUTE)]


def _handler(name: str) -> Handler | None:
    for handlers in (BUILTINS, WRAPPERS, INTERPRETERS, PROGRAMS):
        found = handlers.get(name)
        if found is not None:
            return found
    if name in verbs() or name in commands():
        return table
    return None


def table(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge a command by the table of known commands."""
    entry = verbs().get(name)
    finding = judge_verb(entry, words) if entry is not None else judge_command(commands()[name], words)
    action = f"{name} {finding.verb}" if finding.verb else name
    return [_operation(action, name, words, finding, scope)]


def _operation(action: str, name: str, words: Sequence[Word], finding: Finding, scope: Scope) -> Operation:
    effects = set(finding.effects)
    if Effect.UNKNOWN in effects:
        effects.discard(Effect.UNKNOWN)
        return scope.concede(
            action, finding.reason or f"what {name} does is not known", *effects, files=finding.operands
        )
    changes = effects - {Effect.READ}
    if Effect.FILE in changes and any(controls_access(word.text) for word in _written(name, words, finding)):
        effects.add(Effect.PRIVILEGE)
    if Effect.FILE in effects and any(is_device(word.text) for word in finding.operands):
        effects.add(Effect.DELETE)
    unbounded = name == "rm" and any(_is_root(word) for word in finding.operands)
    grave = effects & {Effect.DELETE, Effect.PRIVILEGE}
    sensitive = name not in _NO_CONTENT and not grave and _reads_secret(name, words)
    files = () if finding.verb or name in _NO_FILES else finding.operands
    return scope.done(action, effects, files, sensitive=sensitive, unbounded=unbounded)


def _written(name: str, words: Sequence[Word], finding: Finding) -> Sequence[Word]:
    """Return what is written: of a copy only its end, unless ``-t`` names it."""
    if name not in ("cp", "ln", "install", "link"):
        return finding.operands
    return words if any(word.text.startswith(("-t", "--t")) for word in words) else finding.operands[-1:]


def _is_root(word: Word) -> bool:
    return word.text in _ROOTS or (not word.known and word.text.strip("*/") == "")


def _reads_secret(name: str, words: Sequence[Word]) -> bool:
    if name in ("printenv",) and not any(word.known and not word.text.startswith("-") for word in words):
        return True
    if name == "getent":
        return any(word.text in ("shadow", "gshadow") for word in words)
    return any(is_sensitive(word.text.partition("=")[2] or word.text) for word in words)
