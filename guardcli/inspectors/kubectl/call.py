"""One call of kubectl, taken apart, with what its words and files name: the ground that all verbs stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from guardcli.inspectors.kubectl.flags import CommandLine, Value
from guardcli.inspectors.kubectl.kinds import Kind, kind_named
from guardcli.inspectors.kubectl.kustomize import Kustomization
from guardcli.inspectors.kubectl.manifests import MAX_BYTES, ManifestError, load_manifests
from guardcli.inspectors.kubectl.objects import Thing, describe
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Input, Operation, Target

STDIN_NAMES = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_SUFFIXES = (".json", ".yaml", ".yml")
_DRY = frozenset({"client", "server", "1", "t", "T", "TRUE", "true", "True"})
"""Values of --dry-run that change nothing: today's two, and the yes of versions where it was a boolean."""

MAX_DIRECTORY = 500
"""Manifests of one directory that are looked at."""
MAX_TOTAL = MAX_BYTES
"""Bytes of all the files of one call together."""
MAX_TARGETS = 10_000
"""Kinds times names of one call; beyond, every name of the kinds is meant."""
MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Named:
    """Objects of one kind that the words of a call name; ``*`` stands for all of them."""

    kind: Kind
    names: tuple[str, ...]

    @property
    def all(self) -> bool:
        """Return whether no name limits it."""
        return self.names == ("*",)


@dataclass(frozen=True, slots=True)
class Manifests:
    """What the files of a call hold; `doubts` says what could not be read or could still change."""

    things: tuple[Thing, ...] = ()
    inputs: tuple[Input, ...] = ()
    doubts: tuple[str, ...] = ()
    network: bool = False
    given: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """What a verb's judge returns."""

    operations: tuple[Operation, ...]
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """An invocation with its command line taken apart."""

    line: CommandLine
    invocation: Invocation
    facts: Facts

    @property
    def verb(self) -> str:
        """The command, which is the action of its operations."""
        return self.line.command

    @property
    def namespace(self) -> str:
        """The namespace as far as the command line says; ``*`` for all."""
        return "*" if self.line.maybe("all-namespaces") else self.line.value("namespace")

    @property
    def dry(self) -> bool:
        """Return whether nothing is changed: --dry-run, or --local for the commands that have it."""
        if self.line.surely("local"):
            return True
        values = self.line.values("dry-run")
        return bool(values) and (not values[-1].given or values[-1].text in _DRY)

    def target(self, kind: Kind, name: str, namespace: str = "") -> Target:
        """Return the target of one object; `namespace` is a manifest's own."""
        return Target("object", f"{namespace or self.namespace}/{kind.name}/{name}")

    def targets(self, named: Iterable[Named]) -> tuple[Target, ...]:
        """Return the targets of all that `named` names."""
        return tuple(self.target(each.kind, name) for each in named for name in each.names)

    def operation(
        self,
        effects: Iterable[Effect],
        targets: Sequence[Target] = (),
        doubts: Sequence[str] = (),
        *,
        unbounded: bool = False,
        sensitive: bool = False,
        action: str = "",
    ) -> Operation:
        """Return an operation of this verb, conceded where there are `doubts`."""
        known = frozenset(effects)
        return Operation(
            tool="kubectl",
            action=action or self.verb or "kubectl",
            effects=known | {Effect.UNKNOWN} if doubts else known,
            targets=tuple(targets),
            complete=not doubts,
            reason="; ".join(doubts)[:MAX_REASON],
            unbounded=unbounded,
            sensitive=sensitive,
        )

    def kustomization(self, directory: str) -> Kustomization:
        """Follow the kustomization in `directory`, as the caller wrote it."""
        found = Kustomization(self.facts)
        if "://" in directory or not self.invocation.cwd:
            found.problems.append("the kustomization is fetched when kubectl runs")
        else:
            found.follow(self.invocation.path(directory))
        return found

    def manifests(self) -> Manifests:
        """Read all that -f and -k name."""
        reader = _Reader(self)
        for value in self.line.values("filename"):
            reader.read(value)
        if self.line.has("kustomize"):
            found = self.kustomization(self.line.value("kustomize"))
            reader.things.extend(found.things)
            reader.network = bool(found.problems)
            reader.doubts.extend(found.problems or ["what kustomize makes of its parts is not worked out"])
        given = self.line.has("filename") or self.line.has("kustomize")
        return Manifests(tuple(reader.things), tuple(reader.inputs), tuple(reader.doubts), reader.network, given)


Judge = Callable[[Call], Findings]
"""What knows one verb."""


def one(operation: Operation, inputs: Sequence[Input] = ()) -> Findings:
    """Return the findings of a single operation."""
    return Findings((operation,), tuple(inputs))


def named(words: Sequence[str], default: str = "") -> tuple[Named, ...]:
    """Return what `words` name, in either form: ``TYPE[,TYPE] [NAME…]`` or ``TYPE/NAME…``.

    With a `default` kind, words without ``/`` are names of that kind.
    """
    if default or any("/" in word for word in words):
        return tuple(each for word in words for each in _combined(word, default))
    if not words:
        return ()
    names = tuple(words[1:]) or ("*",)
    kinds = dict.fromkeys(kind for kind in words[0].split(",") if kind)
    if len(kinds) * len(names) > MAX_TARGETS:
        names = ("*",)
    return tuple(Named(kind_named(kind), names) for kind in kinds)


def _combined(word: str, default: str) -> list[Named]:
    kinds, slash, name = word.partition("/")
    if not slash and default:
        return [Named(kind_named(default), (word,))]
    return [Named(kind_named(kind), (name or "*",)) for kind in kinds.split(",") if kind]


def sweeping(line: CommandLine, everything: bool) -> bool:
    """Return whether a change has no limit; `everything` says that no name limits it."""
    if line.maybe("all") or line.maybe("all-namespaces"):
        return True
    if not everything:
        return False
    return not any(limits(line.value(flag)) for flag in ("selector", "field-selector"))


def limits(selector: str) -> bool:
    """Return whether a requirement of `selector` asks for something to be there; ``!x`` and ``x!=y`` do not."""
    depth, requirement, requirements = 0, "", []
    for character in selector:
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            requirements.append(requirement)
            requirement = ""
        else:
            requirement += character
    requirements.append(requirement)
    return any(
        part.strip() and not part.strip().startswith("!") and "!=" not in part and " notin" not in part.lower()
        for part in requirements
    )


class _Reader:
    """Reads the values of -f one after the other."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.things: list[Thing] = []
        self.inputs: list[Input] = []
        self.doubts: list[str] = []
        self.network = False
        self.left = MAX_TOTAL

    def read(self, value: Value) -> None:
        """Read what one -f names."""
        name = value.text
        if name.startswith(("http://", "https://")):
            self.network = True
            self.doubts.append(f"{name.partition('?')[0]} is fetched when kubectl runs")
        elif not name or any(character in name for character in ',"\n\r'):
            self.doubts.append("-f names several files at once: give each its own -f")
        elif name in STDIN_NAMES:
            self._stdin()
        elif name.startswith(("/dev/", "/proc/")):
            self.doubts.append(f"{name} is no file that can be read twice")
        elif not self.call.invocation.cwd and not name.startswith("/"):
            self.doubts.append(f"{name} stands in a directory that is gone")
        else:
            self._path(self.call.invocation.path(name), value)

    def _path(self, path: str, value: Value) -> None:
        try:
            content = self.call.facts.read_file(path)
        except FactUnavailable as missing:
            self._directory(path, str(missing))
            return
        self._manifest(path, content)
        self.inputs.append(Input(path, value.index, value.prefix))

    def _directory(self, path: str, reason: str) -> None:
        """Judge what is in a directory, for what it is worth: nothing holds it still until kubectl reads it."""
        try:
            names = self.call.facts.list_directory(path)
        except FactUnavailable:
            self.doubts.append(f"cannot read {path}: {reason}")
            return
        self.doubts.append(f"what is in the directory {path} may change before kubectl reads it")
        for name in [name for name in names if name.endswith(_SUFFIXES)][:MAX_DIRECTORY]:
            inner = f"{path}/{name}"
            try:
                self._manifest(inner, self.call.facts.read_file(inner))
            except FactUnavailable as missing:
                self.doubts.append(f"cannot read {inner}: {missing}")

    def _stdin(self) -> None:
        try:
            content = self.call.facts.stdin()
        except FactUnavailable as missing:
            self.doubts.append(f"cannot read standard input: {missing}")
            return
        self._manifest("standard input", content)

    def _manifest(self, name: str, content: bytes) -> None:
        self.left -= len(content)
        if self.left < 0:
            self.doubts.append(f"the files have more than {MAX_TOTAL >> 20} MB together, so {name} is not looked at")
            return
        try:
            self.things.extend(describe(form) for form in load_manifests(content))
        except ManifestError as fault:
            self.doubts.append(f"{name} is not understood: {fault}")
