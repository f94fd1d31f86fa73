"""The build step that pyproject.toml cannot state: compile the static shim into the package.

A wheel built here holds one static program, so it fits one platform and every CPython: ``py3-none-PLATFORM``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
from setuptools.errors import CompileError, PlatformError

SOURCE = Path("shims") / "guard-shim.c"
PROGRAM = Path("guardcli") / "_shim" / "guard-shim"
COMPILERS = ("cc", "gcc", "clang", "musl-gcc")
FLAGS = (
    "-std=gnu11",
    "-static",
    "-O2",
    "-Wall",
    "-Wextra",
    "-fstack-protector-strong",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
    "-Wl,-z,relro,-z,now,-z,noexecstack",
    "-s",
)
PROBE = '#include <stdio.h>\n#include <sys/socket.h>\nint main(void) { return puts("") < 0; }\n'
ADVICE = """\
guard compiles one small C program, and needs a C compiler with a static C library:
    Debian, Ubuntu   apt-get install gcc libc6-dev
    Alpine           apk add build-base
    Fedora, RHEL     dnf install gcc glibc-static
    openSUSE         zypper install gcc glibc-devel-static
    Arch             pacman -S gcc
or name another one: CC='musl-gcc' pip install ."""


class BuildShim(Command):
    """Compile the shim; a sub-command of ``build``."""

    description = "compile the static shim into the package"
    user_options: ClassVar[list[tuple[str, str | None, str]]] = []

    def initialize_options(self) -> None:
        """Start without knowing where the build goes; setuptools sets `editable_mode`."""
        self.build_lib: str | None = None
        self.editable_mode = False

    def finalize_options(self) -> None:
        """Take the build directory of ``build_py``."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        """Build into the build directory; into the source tree where the install is editable."""
        root = Path() if self.editable_mode else Path(self.build_lib or ".")
        compile_shim(SOURCE, root / PROGRAM)

    def get_outputs(self) -> list[str]:
        """Return the file that an install puts in place."""
        return [str(Path(self.build_lib or ".") / PROGRAM)]

    def get_output_mapping(self) -> dict[str, str]:
        """Return no mapping: the program has no counterpart in the source tree."""
        return {}

    def get_source_files(self) -> list[str]:
        """Return what an sdist must hold for this step."""
        return [str(SOURCE)]


class BuildWithShim(build):
    """``build``, with the shim after the modules."""

    sub_commands: ClassVar[list[tuple[str, None]]] = [*build.sub_commands, ("build_shim", None)]


class PlatformWheel(bdist_wheel):
    """A wheel that fits one platform and every Python 3."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the tag without an interpreter or an ABI."""
        return "py3", "none", super().get_tag()[2]


class PlatformDistribution(Distribution):
    """A distribution that goes where platform files go, although no module of it is compiled."""

    def has_ext_modules(self) -> bool:
        """Say yes, so that the wheel is not taken for a pure one."""
        return True


def compile_shim(source: Path, program: Path) -> None:
    """Compile `source` to the static `program`, replacing it in one step. Raises CompileError or PlatformError."""
    if not sys.platform.startswith("linux"):
        raise PlatformError(f"guard runs on Linux; this is {sys.platform}")
    if not source.is_file():
        raise CompileError(f"{source} is missing: this source tree is not whole")
    compiler = find_compiler()
    program.parent.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_name(program.name + ".new")
    failure = attempt(compiler, source, unfinished)
    if failure:
        raise CompileError(f"{shlex.join(compiler)} cannot compile {source}:\n{failure}")
    unfinished.chmod(0o755)
    unfinished.replace(program)


def find_compiler() -> list[str]:
    """Return the command of the first compiler that links a static program; $CC alone where it is set."""
    named = shlex.split(os.environ.get("CC", ""))
    failures = []
    for command in [named] if named else [[name] for name in COMPILERS]:
        if shutil.which(command[0]) is None:
            failures.append(f"{command[0]}: not found")
            continue
        with tempfile.TemporaryDirectory() as scratch:
            probe = Path(scratch) / "probe.c"
            probe.write_text(PROBE)
            failure = attempt(command, probe, Path(scratch) / "probe")
        if not failure:
            return command
        failures.append(f"{shlex.join(command)}: {failure}")
    raise CompileError("no C compiler that can link a static program\n" + "\n".join([*failures, "", ADVICE]))


def attempt(compiler: list[str], source: Path, program: Path) -> str:
    """Compile; return the compiler's complaint, or an empty string where it succeeded."""
    try:
        done = subprocess.run(
            [*compiler, *FLAGS, "-o", str(program), str(source)], capture_output=True, text=True, errors="replace"
        )
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"ended with {done.returncode}"


setup(
    distclass=PlatformDistribution,
    cmdclass={"build": BuildWithShim, "build_shim": BuildShim, "bdist_wheel": PlatformWheel},
)
