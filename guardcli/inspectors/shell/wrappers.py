"""Commands that run another command given as words: what they add, and where the inner command begins.

Sources: POSIX.1-2017 utilities, and the manual pages of coreutils, util-linux, sudo, doas, findutils, systemd and
busybox.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from guardcli.inspectors.shell.inner import judges
from guardcli.inspectors.shell.known import table
from guardcli.inspectors.shell.names import assignment_danger
from guardcli.inspectors.shell.options import leading
from guardcli.inspectors.shell.scope import NOTHING, NotUnderstoodError, Scope
from guardcli.inspectors.shell.words import DYNAMIC, Word
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation


@dataclass(frozen=True, slots=True)
class Wrapper:
    """One that passes its arguments on: its options, the operands before the command, the effects it adds."""

    flags: str = ""
    values: str = ""
    skip: int = 0
    effects: frozenset[Effect] = frozenset()


_PRIVILEGE = frozenset({Effect.PRIVILEGE})

PLAIN = {
    "nohup": Wrapper(),
    "nice": Wrapper("-#", "-n --adjustment"),
    "ionice": Wrapper("-t --ignore", "-c -n --class --classdata"),
    "setsid": Wrapper("-c -f -w --ctty --fork --wait"),
    "stdbuf": Wrapper("", "-i -o -e --input --output --error"),
    "timeout": Wrapper("-v --verbose --foreground --preserve-status", "-k -s --kill-after --signal", 1),
    "time": Wrapper("-p -v -q --portability --verbose --quiet", "-f --format"),
    "chrt": Wrapper("-b -f -i -o -r -a", "-T -P -D", 1),
    "taskset": Wrapper("", "-c", 1),
    "linux32": Wrapper("-R -L -B -X -Z -3"),
    "linux64": Wrapper("-R -L -B -X -Z -3"),
    "unbuffer": Wrapper("-p"),
    "chronic": Wrapper("-v -e"),
    "catchsegv": Wrapper(),
    "pkexec": Wrapper("--disable-internal-agent --keep-cwd", "--user", 0, _PRIVILEGE),
    "doas": Wrapper("-n -L", "-u", 0, _PRIVILEGE),
    "gosu": Wrapper("", "", 1, _PRIVILEGE),
    "su-exec": Wrapper("", "", 1, _PRIVILEGE),
    "chroot": Wrapper("--skip-chdir", "--userspec --groups", 1, _PRIVILEGE),
    "nsenter": Wrapper(
        "-a -m -u -i -n -p -U -C -T -r -w -F -Z --all --mount --uts --ipc --net --pid --user --cgroup --time --root "
        "--wd --no-fork --preserve-credentials",
        "-t --target -S -G --setuid --setgid",
        0,
        _PRIVILEGE,
    ),
    "unshare": Wrapper(
        "-m -u -i -n -p -U -C -T -f -r -c --mount --uts --ipc --net --pid --user --cgroup --time --fork "
        "--map-root-user --map-current-user --mount-proc",
        "-S -G -R -w --setuid --setgid --root --wd",
        0,
        _PRIVILEGE,
    ),
    "flock": Wrapper("-n -e -x -s -F -o -u -v", "-w -E", 1, frozenset({Effect.WRITE})),
}
"""Wrappers that need nothing but their options read."""


def with_effects(operations: list[Operation], effects: frozenset[Effect], name: str, scope: Scope) -> list[Operation]:
    """Return `operations` of the wrapper `name`, with `effects` added to those of the scope's own tool.

    What a guarded tool does is its own; the wrapper's effects then stand beside it.
    """
    if not effects:
        return operations
    if not any(operation.tool == scope.tool for operation in operations):
        return [scope.done(name, effects | {Effect.READ}), *operations]
    return [
        replace(operation, effects=operation.effects | effects) if operation.tool == scope.tool else operation
        for operation in operations
    ]


def plain(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge the inner command of a wrapper in `PLAIN`."""
    wrapper = PLAIN[name]
    _, rest = leading(words, wrapper.flags, wrapper.values)
    if name == "chroot" and [word.text for word in rest[:1]] != ["/"]:
        return [scope.concede(name, "the programs of another root are not known", Effect.EXECUTE, Effect.PRIVILEGE)]
    if any(word.splits for word in rest[: wrapper.skip]):
        raise NotUnderstoodError("where the inner command begins cannot be known")
    rest = rest[wrapper.skip :]
    if rest[:1] and rest[0].text in ("-c", "--command") and name == "flock":
        return with_effects(_script(rest[1:2], scope), wrapper.effects, name, scope)
    if not rest:
        if wrapper.effects & _PRIVILEGE:
            return [scope.concede(name, "it starts a shell", Effect.EXECUTE, Effect.PRIVILEGE)]
        return [scope.done(name, wrapper.effects or {Effect.READ})]
    return with_effects(scope.command(rest), wrapper.effects, name, scope)


def _script(words: Sequence[Word], scope: Scope) -> list[Operation]:
    if not words or not words[0].known:
        raise NotUnderstoodError("the text that a shell would run cannot be known")
    return scope.script(words[0].text)


def _assignments(words: Sequence[Word], scope: Scope) -> tuple[list[Operation], list[Word], dict[str, str]]:
    """Return what the leading ``NAME=value`` words concede, the words after them, and the variables."""
    operations = []
    given: dict[str, str] = {}
    position = 0
    for word in words:
        name, equals, value = word.text.partition("=")
        if not equals:
            if not word.known and not word.prefix.startswith(("/", ".")):
                raise NotUnderstoodError("where the inner command begins cannot be known")
            break
        if word.splits or (not word.known and "=" not in word.prefix):
            raise NotUnderstoodError("an assignment cannot be known")
        command = next((each.text for each in words[position:] if "=" not in each.text), "")
        danger = "" if judges(command, name) else assignment_danger(name, Word(value, known=word.known))
        if danger:
            operations.append(scope.concede(f"{name}=", danger, Effect.EXECUTE))
        given[name] = value
        position += 1
    return operations, list(words[position:]), given


def env(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``env``: assignments, then a command, or the whole environment printed."""
    if words and words[0].text == "-":
        words = words[1:]
    _, rest = leading(
        words,
        "-i -0 -v --ignore-environment --null --debug --list-signal-handling",
        "-u -C --unset --chdir",
    )
    operations, rest, given = _assignments(rest, scope)
    if not rest:
        return [*operations, scope.done(name, {Effect.READ}, sensitive=True)]
    return operations + replace(scope, place=scope.place.given(given)).command(rest)


def sudo(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``sudo``: every operation of the inner command acts as somebody else."""
    options, rest = leading(
        words,
        "-n -E -H -S -k -b -i -s -l -v -V -K -P -B -N --non-interactive --preserve-env --set-home --stdin --login "
        "--shell --list --validate --version --reset-timestamp --background",
        "-u -g -p -C -r -t -T -U --user --group --prompt --close-from --role --type --command-timeout --other-user",
    )
    names = {option for option, _ in options}
    operations, rest, given = _assignments(rest, scope)
    scope = replace(scope, place=scope.place.given(given))
    if not rest:
        if names & {"-i", "-s", "--login", "--shell"}:
            return [*operations, scope.concede(name, "it starts a shell", Effect.EXECUTE, Effect.PRIVILEGE)]
        return [*operations, scope.done(name, {Effect.READ, Effect.PRIVILEGE})]
    if names & {"-l", "--list"}:
        return [*operations, scope.done(name, {Effect.READ, Effect.PRIVILEGE})]
    return with_effects(operations + scope.command(rest), _PRIVILEGE, name, scope)


def su(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``su`` and ``runuser``: ``-c`` holds a text for the other user's shell."""
    flags = "-l -m -p -f -P --login --preserve-environment --fast --pty"
    values = "-c -s -g -G -w --command --shell --group --supp-group --whitelist-environment --session-command"
    if name == "runuser" and any(word.text in ("-u", "--user") for word in words):
        _, rest = leading(words, flags, values + " -u --user")
        return with_effects(scope.command(rest) if rest else _no_text(name, scope), _PRIVILEGE, name, scope)
    options: list[tuple[str, Word | None]] = []
    rest = list(words)
    while rest:
        if rest[0].text == "-" or not rest[0].text.startswith("-"):
            if not rest[0].known:
                raise NotUnderstoodError("an option could be hidden in a word that is not known")
            rest = rest[1:]
            continue
        found, rest = leading(rest, flags, values)
        options += found
    texts = [value for option, value in options if option in ("-c", "--command", "--session-command")]
    if len(texts) != 1 or any(option in ("-s", "--shell") for option, _ in options):
        return _no_text(name, scope)
    return with_effects(_script([text for text in texts if text is not None], scope), _PRIVILEGE, name, scope)


def _no_text(name: str, scope: Scope) -> list[Operation]:
    return [scope.concede(name, "it starts a shell", Effect.EXECUTE, Effect.PRIVILEGE)]


def xargs(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``xargs``: the inner command gets words that nobody can know here."""
    options, rest = leading(
        words,
        "-0 -r -t -x -o --null --no-run-if-empty --verbose --exit --open-tty --interactive -p",
        "-a -d -E -I -L -n -P -s --arg-file --delimiter --max-args --max-procs --max-chars",
    )
    replaced = next((value.text for option, value in options if option == "-I" and value), "")
    if not rest:
        return [scope.done(name, {Effect.READ})]
    filled = [DYNAMIC_ONE if replaced and replaced in word.text else word for word in rest]
    rest = filled if replaced else [*rest, DYNAMIC]
    return replace(scope, stdin=NOTHING).command(rest)


DYNAMIC_ONE = Word("*", known=False, bare=False)
"""Exactly one word of which nothing is known."""


def watch(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``watch``: its words are joined and given to a shell, unless ``-x`` says otherwise."""
    options, rest = leading(
        words,
        "-b -c -d -e -g -p -t -w -x --beep --color --differences --errexit --chgexit --precise --no-title --exec",
        "-n -q --interval --equexit",
    )
    if not rest:
        return [scope.done(name, {Effect.READ})]
    if any(option in ("-x", "--exec") for option, _ in options):
        return scope.command(rest)
    if not all(word.known for word in rest):
        raise NotUnderstoodError("the text that a shell would run cannot be known")
    return scope.script(" ".join(word.text for word in rest))


def command(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``command``, ``builtin`` and ``exec``."""
    flags, values = {"command": ("-p -v -V", ""), "exec": ("-c -l", "-a")}.get(name, ("", ""))
    options, rest = leading(words, flags, values)
    if not rest or any(option in ("-v", "-V") for option, _ in options):
        return [scope.done(name, {Effect.READ})]
    return scope.command(rest)


def busybox(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``busybox APPLET …`` as the applet."""
    if not words or words[0].text in ("--help", "--list", "--list-full"):
        return [scope.done(name, {Effect.READ})]
    if words[0].may_be_option:
        raise NotUnderstoodError("its options are not known")
    return scope.command(words)


def script(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``script -c TEXT``: it runs the text and writes a typescript."""
    options, rest = leading(words, "-q -e -f -a --quiet --return --flush --append", "-c --command -E --echo")
    texts = [value for option, value in options if option in ("-c", "--command") and value is not None]
    if len(texts) != 1:
        raise NotUnderstoodError("it starts a shell")
    operations = _script(texts, scope)
    if [word.text for word in rest] != ["/dev/null"]:
        operations.append(scope.done(name, {Effect.WRITE, Effect.FILE}, rest))
    return operations


def container_exec(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``docker exec CONTAINER COMMAND``; anything else of docker is left to the table."""
    if [word.text for word in words[:1]] != ["exec"] and [word.text for word in words[:2]] != ["container", "exec"]:
        return table(name, words, scope)
    after = words[1:] if words[0].text == "exec" else words[2:]
    options, rest = leading(
        after, "-i -t -d --interactive --tty --detach", "-u -w --user --workdir --index --detach-keys"
    )
    if len(rest) < 2 or any(word.splits for word in rest[:1]):
        raise NotUnderstoodError("the command in the container cannot be known")
    effects = _PRIVILEGE if any(option in ("-u", "--user") for option, _ in options) else frozenset[Effect]()
    return with_effects(scope.command(rest[1:]), effects, name, scope)


WRAPPERS: dict[str, Callable[[str, Sequence[Word], Scope], list[Operation]]] = {
    **dict.fromkeys(PLAIN, plain),
    "env": env,
    "sudo": sudo,
    "su": su,
    "runuser": su,
    "xargs": xargs,
    "watch": watch,
    "command": command,
    "builtin": command,
    "exec": command,
    "busybox": busybox,
    "toybox": busybox,
    "script": script,
    "docker": container_exec,
    "podman": container_exec,
    "nerdctl": container_exec,
}
