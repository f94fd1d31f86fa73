"""What ssh, scp and sftp have in common: options that stand for keywords, ``-F`` files, and the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable

from guardcli.inspectors.ssh.keywords import FLAGS, VALUES
from guardcli.inspectors.ssh.options import Option
from guardcli.inspectors.ssh.settings import Settings, read_config
from guardcli.model.effects import Effect
from guardcli.model.facts import Facts, FactUnavailable
from guardcli.model.invocation import Invocation
from guardcli.model.operations import Input, Operation

_ASKPASS = re.compile(r"/usr/(?:local/)?(?:bin|lib|libexec)/(?:[\w/-]*/)?(?:[\w-]*askpass[\w-]*)\Z")

_PROGRAMS = {
    "SSH_SK_PROVIDER": "a library is loaded on this side",
    "SSH_SK_HELPER": "a program runs on this side",
    "SSH_PKCS11_HELPER": "a program runs on this side",
}


def environment(invocation: Invocation, settings: Settings) -> None:
    """Judge the variables that make OpenSSH run or load something on this side."""
    for name, why in _PROGRAMS.items():
        value = invocation.env.get(name, "")
        if value and value != "internal":
            settings.concede(name.lower(), f"{name} is set: {why}", Effect.EXECUTE)
    askpass = invocation.env.get("SSH_ASKPASS", "")
    if askpass and not _ASKPASS.match(askpass):
        settings.concede("ssh_askpass", "SSH_ASKPASS names a program that ssh would run", Effect.EXECUTE)


def shared_option(option: Option, settings: Settings) -> bool:
    """Take an option of ssh that stands for a keyword; tell whether it was one."""
    if option.letter in FLAGS:
        settings.keyword(*FLAGS[option.letter])
    elif option.letter in VALUES:
        settings.keyword(VALUES[option.letter], option.value)
    elif option.letter == "o":
        settings.line(option.value)
    else:
        return False
    return True


def config_files(
    options: Iterable[Option], host: str, invocation: Invocation, facts: Facts, settings: Settings
) -> list[Input]:
    """Read the file of each ``-F`` and take what applies to `host`; return the files as inputs."""
    inputs = []
    for option in options:
        if option.letter != "F" or option.value in ("none", "/dev/null"):
            continue
        path = invocation.path(option.value)
        try:
            text = facts.read_file(path).decode()
        except (FactUnavailable, UnicodeDecodeError) as problem:
            settings.concede("-F", f"the configuration file {option.value} was not read: {problem}", Effect.EXECUTE)
            continue
        inputs.append(Input(path, option.index, option.prefix, elsewhere=True))

        def include(value: str) -> None:
            settings.concede("include", f"the configuration file includes {value}", Effect.EXECUTE)

        read_config(text, host, settings, include)
    return inputs


def harmless(tool: str, action: str) -> Operation:
    """Return an operation that only looks."""
    return Operation(tool, action, frozenset({Effect.READ}))
