"""Judges a command that is in the table of known commands, and names the files that it touches."""

from __future__ import annotations

import re
from collections.abc import Sequence

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.files import controls_access, is_device, is_home, is_sensitive, names_secret
from guardcli.inspectors.shell.scope import Scope
from guardcli.inspectors.shell.table import Finding, commands, judge_command, judge_verb, verbs
from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_NO_CONTENT = names(
    "echo printf ls dir vdir stat du df realpath basename dirname readlink test [ which whereis type "
    "pgrep ps file wc findmnt mountpoint lsattr getfacl getcap id getconf seq expr sleep true false : cd "
    "tty kill"
)
"""Commands that show no content of the files they are given."""

_SHOWS = names("cd pushd ps")
"""Commands that may show a secret all the same: the directory of the commands after it, the variables of programs."""

_NAMES_FROM = re.compile(r"\w+ --files0?-from|file -f")
"""Options of such commands that take names from a file, and say which of them there are not."""

_CERTIFICATES = frozenset({"openssl x509", "openssl crl", "openssl req", "openssl verify"})
"""What shows no key, whatever the file is called."""

_ENVIRONMENT = frozenset(
    {"systemctl show-environment", "docker compose config", "podman compose config", "docker-compose config"}
)
_INSPECTS = re.compile(r"(?:docker|podman|nerdctl) (?:(?:container|pod|service) )?inspect\Z")
"""Actions that show a container, the variables of its environment with it."""

_PROGRAMS_OF_TEXT = names("jq gojq jaq yq")
_ENVIRON = re.compile(r"\$ENV\b|(?<![\w.])env\b|\.Config\.Env\b")

_GREPS = names("grep egrep fgrep zgrep zegrep zfgrep bzgrep xzgrep zstdgrep")
_RECURSIVE = names("rg ag ack tar bsdtar zip cpio rsync")
"""Commands that read all below a directory."""

_NO_FILES = names("echo test [ expr seq sleep kill pkill killall id groups getent ps pgrep ping systemctl")
"""Commands whose operands are no files."""

_ROOTS = frozenset(
    {"/", "/*", "~", "~/", "~/*", "*", ".", "./", "./*", "..", "/.", "/..", "/home", "/etc", "/usr", "/var"}
)


def table(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge a command by the table of known commands."""
    entry = verbs().get(name)
    finding = judge_verb(entry, words) if entry is not None else judge_command(commands()[name], words)
    action = f"{name} {finding.verb}" if finding.verb else name
    return [_operation(action, name, words, finding, scope)]


def _operation(action: str, name: str, words: Sequence[Word], finding: Finding, scope: Scope) -> Operation:
    effects = set(finding.effects)
    if name == "getent" and not all(word.known for word in words):
        return scope.concede(action, "a name that is looked up can carry out what it is made of", Effect.NETWORK)
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
    names_from = any(_NAMES_FROM.match(f"{name} {word.text}") for word in words)
    shows = name not in _NO_CONTENT or name in _SHOWS or names_from
    sensitive = shows and action not in _CERTIFICATES and not grave and _reads_secret(action, name, words)
    files = () if finding.verb or name in _NO_FILES else finding.operands
    return scope.done(action, effects, files, sensitive=sensitive, unbounded=unbounded)


def _written(name: str, words: Sequence[Word], finding: Finding) -> Sequence[Word]:
    """Return what is written: of a copy only its end, unless ``-t`` names it."""
    if name not in ("cp", "ln", "install", "link"):
        return finding.operands
    return words if any(word.text.startswith(("-t", "--t")) for word in words) else finding.operands[-1:]


def _is_root(word: Word) -> bool:
    return word.text in _ROOTS or (not word.known and word.text.strip("*/") == "")


def _reads_secret(action: str, name: str, words: Sequence[Word]) -> bool:
    if action in _ENVIRONMENT or (name in _PROGRAMS_OF_TEXT and any(_ENVIRON.search(word.text) for word in words)):
        return True
    if _INSPECTS.match(action):
        return _shows_variables(words)
    if name == "ps":
        return any(re.match(r"[A-Za-z]*e[A-Za-z]*\Z", word.text) for word in words[:1])
    if name == "printenv":
        named = [word.text for word in words if not word.text.startswith("-")]
        return not named or any("*" in variable or names_secret(variable) for variable in named)
    if name == "getent":
        return any(word.text in ("shadow", "gshadow") for word in words)
    if name in _GREPS or name in _PROGRAMS_OF_TEXT:
        words, recursive = _searched(words)
    else:
        recursive = name in _RECURSIVE
    paths = [word.text.partition("=")[2] or word.text for word in words if not _is_public(word)]
    return any(is_sensitive(path) or (recursive and is_home(path)) for path in paths)


def _is_public(word: Word) -> bool:
    """Tell whether whatever `word` stands for is a public key by its name: ``~/.ssh/*.pub``."""
    return not word.splits and not word.known and word.text.endswith(".pub") and "[" not in word.text


_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_FIELD = re.compile(r"(?<![\w)])[.$](?!\w*:?=)[\w.]*")


def _shows_variables(words: Sequence[Word]) -> bool:
    """Tell whether ``docker inspect`` is asked for the variables of a container: with a template that names them.

    Without one it shows everything, of which masking hides what is secret. Source: docker inspect's manual page, and
    Go's text/template for which fields an action may reach.
    """
    texts = [word.text for word in words]
    given = dict(zip(texts, [*texts[1:], ""], strict=True))
    given |= dict(text.split("=", 1) for text in texts if text.startswith("-") and "=" in text)
    template = given.get("--format") or given.get("-f") or ""
    actions = _ACTION.findall(template)
    return "Env" in template or any(field in _WHOLE for action in actions for field in _FIELD.findall(action))


_WHOLE = frozenset({".Config", "$.Config", ".Spec", "$.Spec", ".Spec.TaskTemplate", "$.Spec.TaskTemplate"})
"""Fields that hold the variables of a container or a service among others."""


def _searched(words: Sequence[Word]) -> tuple[Sequence[Word], bool]:
    """Return the words of a search without its pattern, and whether it goes through directories."""
    options = [word.text for word in words if word.text.startswith("-") and len(word.text) > 1]
    short = "".join(option for option in options if not option.startswith("--"))
    recursive = bool({"r", "R"} & set(short)) or any("recursive" in option for option in options)
    if {"e", "f"} & set(short) or any(option.startswith(("--regexp", "--file")) for option in options):
        return words, recursive
    pattern = next((place for place, word in enumerate(words) if word.known and word.text not in options), None)
    return words if pattern is None else [*words[:pattern], *words[pattern + 1 :]], recursive
