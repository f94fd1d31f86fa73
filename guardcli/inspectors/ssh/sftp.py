"""sftp: its options, and the commands of its batch one by one."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.files import is_home, is_sensitive, steers
from guardcli.inspectors.ssh.call import config_files, environment, harmless
from guardcli.inspectors.ssh.options import SFTP, Parsed, parse
from guardcli.inspectors.ssh.scp import reached, take_option
from guardcli.inspectors.ssh.settings import Settings
from guardcli.inspectors.ssh.targets import Destination, parse_destination, parse_uri
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation, Stdin
from guardcli.model.operations import Input, Inspection, Operation, Target, conceded

_PLAIN = frozenset("1246afNpqrvCcilBRX")

MAX_LINES = 1000
"""Lines of a batch that are judged; a longer one is conceded."""

_READS = names("ls dir pwd lpwd cd lcd df help ? version progress exit quit bye lumask")
_EFFECTS: dict[str, frozenset[Effect]] = {
    **dict.fromkeys(("get", "reget", "mget"), frozenset({Effect.READ, Effect.FILE})),
    **dict.fromkeys(("put", "reput", "mput", "mkdir", "copy", "cp"), frozenset({Effect.WRITE, Effect.FILE})),
    **dict.fromkeys(("ln", "symlink"), frozenset({Effect.WRITE, Effect.FILE})),
    "rename": frozenset({Effect.WRITE, Effect.DELETE, Effect.FILE}),
    **dict.fromkeys(("rm", "delete", "rmdir"), frozenset({Effect.DELETE, Effect.FILE})),
    **dict.fromkeys(("chmod", "chown", "chgrp"), frozenset({Effect.PRIVILEGE, Effect.WRITE, Effect.FILE})),
    "lmkdir": frozenset({Effect.WRITE, Effect.FILE}),
    "lls": frozenset({Effect.EXECUTE}),
}


class SftpInspector:
    """Understands calls of sftp."""

    tool = "sftp"

    def inspect(self, invocation: Invocation, facts: Facts) -> Inspection:
        """Return what the call would copy or change. Never raises."""
        parsed = parse(invocation.argv, SFTP)
        operands = invocation.argv[parsed.operands :]
        if parsed.fault:
            return Inspection((conceded(self.tool, "sftp", f"sftp would refuse it: {parsed.fault}", Effect.FILE),))
        if any(option.letter == "h" for option in parsed.options):
            return Inspection((harmless(self.tool, "usage"),))
        settings = Settings(self.tool)
        environment(invocation, settings)
        for option in parsed.options:
            if not self._option(option.letter, option.value, settings):
                take_option(option, settings, _PLAIN)
        if not operands:
            return Inspection((*settings.operations, harmless(self.tool, "usage")))
        destination = _destination(operands[0])
        inputs = config_files(parsed.options, destination.host, invocation, facts, settings)
        if destination.fault:
            settings.concede("sftp", destination.fault, Effect.FILE)
        target = reached(destination, settings)
        operations, batches = self._commands(parsed, operands, destination, invocation, facts)
        return Inspection(
            tuple(replace(found, targets=(target, *found.targets)) for found in [*settings.operations, *operations]),
            (*inputs, *batches),
        )

    def _option(self, letter: str, value: str, settings: Settings) -> bool:
        if letter != "s":
            return False
        if "/" in value:
            settings.concede("-s", f"{value} runs on the other side as the server", Effect.EXECUTE)
        elif value != "sftp":
            settings.concede("-s", f"what the subsystem {value} does is not known", Effect.EXECUTE)
        return True

    def _commands(
        self,
        parsed: Parsed,
        operands: Sequence[str],
        destination: Destination,
        invocation: Invocation,
        facts: Facts,
    ) -> tuple[list[Operation], list[Input]]:
        """Return the operations of the path in the destination, of the batch or of standard input."""
        batches = [option for option in parsed.options if option.letter == "b"]
        found: list[Operation] = []
        if destination.path and not destination.path.endswith("/"):
            found.append(self._download(destination.path, operands[1:]))
            if len(operands) > 1:
                return found, []
        try:
            if batches and batches[-1].value != "-":
                path = invocation.path(batches[-1].value)
                found += self._batch(facts.read_file(path).decode())
                return found, [Input(path, batches[-1].index, batches[-1].prefix)]
            if invocation.stdin is Stdin.STREAM:
                return [*found, *self._batch(facts.stdin().decode())], []
        except (FactUnavailable, UnicodeDecodeError) as problem:
            reason = f"the commands were not read: {problem}"
            return [*found, conceded(self.tool, "batch", reason, Effect.FILE)], []
        if found and invocation.stdin is not Stdin.TERMINAL:
            return found, []
        reason = "what will be typed is not known"
        return [*found, conceded(self.tool, "interactive", reason, Effect.FILE)], []

    def _download(self, path: str, rest: Sequence[str]) -> Operation:
        """Return the download of the destination's path; of a directory the commands on standard input follow."""
        files = (Target("file", path), *(Target("file", name) for name in rest))
        effects = {Effect.READ, Effect.FILE} | ({Effect.PRIVILEGE} if any(map(steers, rest)) else set())
        return Operation(self.tool, "get", frozenset(effects), files, sensitive=_secret(path))

    def _batch(self, text: str) -> list[Operation]:
        lines = [line.strip(" \t\r") for line in text.split("\n")]
        lines = [line for line in lines if line and not line.startswith("#")]
        if len(lines) > MAX_LINES:
            return [conceded(self.tool, "batch", f"the batch has more than {MAX_LINES} commands", Effect.FILE)]
        found, place = [], ""
        for line in lines:
            found.append(self._command(line.lstrip("-@ \t"), place))
            if moved := re.match(r"[-@ \t]*cd[ \t]+(.+)", line, re.IGNORECASE):
                place = posixpath.join(place, moved[1].strip("\"'"))
        return found or [harmless(self.tool, "connect")]

    def _command(self, line: str, place: str) -> Operation:
        if line.startswith("!"):
            return Operation(self.tool, "!", frozenset({Effect.EXECUTE}))
        try:
            words = shlex.split(line, posix=True)
        except ValueError:
            return conceded(self.tool, "batch", "a command of the batch has an open quote", Effect.FILE)
        name = words[0].lower() if words else "help"
        paths = [word for word in words[1:] if not word.startswith("-")]
        if name in _READS:
            return harmless(self.tool, name)
        effects = _EFFECTS.get(name)
        if effects is None:
            return conceded(self.tool, name, f"{name} is not a command of sftp that is known", Effect.FILE)
        if name == "lls" and len(words) == 1:
            return harmless(self.tool, name)
        here = name.endswith("get") and len(paths) > 1
        if (here or (Effect.WRITE in effects and name != "lmkdir")) and any(steers(path) for path in paths[-1:]):
            effects |= {Effect.PRIVILEGE}
        return Operation(
            self.tool,
            name,
            effects,
            tuple(Target("file", path) for path in paths),
            sensitive=name.endswith("get") and any(_secret(posixpath.join(place, path)) for path in paths[:1]),
        )


def _secret(path: str) -> bool:
    return is_sensitive(path) or is_home(path)


def _destination(word: str) -> Destination:
    uri = parse_uri(word, "sftp")
    if uri is not None:
        return uri
    head, colon, path = word.partition(":")
    if word.startswith("[") or "@[" in word:
        before, _, after = word.partition("]")
        user, _, host = before.rpartition("[")
        return Destination(host, user.rstrip("@"), path=after.removeprefix(":") or None)
    found = parse_destination(head)
    return replace(found, path=path or None) if colon else found
