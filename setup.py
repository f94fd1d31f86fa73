"""The build step that pyproject.toml cannot state: compile the static shim and masking's library into the package.

A wheel built here holds a static program and a library that knows no Python, so it fits one platform and every CPython:
``py3-none-PLATFORM``.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build
from setuptools.errors import CompileError, PlatformError

SOURCES = Path("shims")
PROGRAMS = Path("guardcli") / "_shim"
PARTS = {
    "guard-shim": ("guard-shim", "broker", "call", "plan", "tool", "relay"),
    "guard-enter": ("guard-enter",),
}
"""The sources of each program."""
SHIM_HEADER = SOURCES / "guard-shim.h"
LIBRARY_PARTS = (
    *("accounts", "addresses", "announced", "assigned", "bars", "before", "beginnings", "blockscalar", "email", "emit"),
    *("finders", "followers", "forms", "headings", "identifiers", "identities", "judges", "keyblock"),
    *("matches", "named", "names", "overlong", "persons", "programs", "quoted", "rows", "search"),
    *("secretdata", "signs", "sweep", "tables", "taxpayers", "telephones", "values", "view", "webtoken"),
)
LIBRARY_SOURCES = [Path("native", f"{name}.c") for name in LIBRARY_PARTS]
HEADERS = (
    *("addresses", "assigned", "automata", "beginnings", "digits", "finders", "followers", "guard_mask", "identifiers"),
    *("identities", "names", "programs", "searches", "tables", "taxpayers", "telephones", "values"),
)
BESIDES = ("expressions.py", *(f"{name}.h" for name in HEADERS))
AUTOMATA = Path("native") / "automata.py"
"""Writes one more source of the library, from native/expressions.py."""
LIBRARY = Path("guardcli") / "_native" / "libguard_mask.so"
MACHINES = ("x86_64", "amd64", "aarch64", "arm64")
COMPILERS = ("cc", "gcc", "clang", "musl-gcc")
FLAGS = (
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-fstack-protector-strong",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
    "-Wl,-z,relro,-z,now,-z,noexecstack",
    "-s",
)
STATIC = ("-static",)
SHARED = ("-O3", "-shared", "-fPIC", "-fvisibility=hidden", "-nostdlib", "-Inative")
"""The library names no C library: what it calls of one, the interpreter has loaded, whichever that is."""
PROBE = '#include <stdio.h>\n#include <sys/socket.h>\nint main(void) { return puts("") < 0; }\n'
ADVICE = """\
guard compiles one small C program, and needs a C compiler with a static C library:
    Debian, Ubuntu   apt-get install gcc libc6-dev
    Alpine           apk add build-base
    Fedora, RHEL     dnf install gcc glibc-static
    openSUSE         zypper install gcc glibc-devel-static
    Arch             pacman -S gcc
or name another one: CC='musl-gcc' pip install ."""


class BuildNative(Command):
    """Compile the shim and the library; a sub-command of ``build``."""

    description = "compile the static shim and masking's library into the package"
    user_options: ClassVar[list[tuple[str, str | None, str]]] = [
        ("inplace", "i", "into this source tree, as an editable install does")
    ]
    boolean_options: ClassVar[list[str]] = ["inplace"]

    def initialize_options(self) -> None:
        """Start without knowing where the build goes; setuptools sets `editable_mode`."""
        self.build_lib: str | None = None
        self.editable_mode = False
        self.inplace = False

    def finalize_options(self) -> None:
        """Take the build directory of ``build_py``."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        """Build into the build directory; into the source tree where the install is editable."""
        root = Path() if self.editable_mode or self.inplace else Path(self.build_lib or ".")
        for name, parts in PARTS.items():
            compile_native([SOURCES / f"{part}.c" for part in parts], root / PROGRAMS / name, STATIC)
        with tempfile.TemporaryDirectory() as scratch:
            compile_native([*LIBRARY_SOURCES, make_automata(Path(scratch))], root / LIBRARY, SHARED)

    def get_outputs(self) -> list[str]:
        """Return the files that an install puts in place."""
        return [str(Path(self.build_lib or ".") / made) for made in (*(PROGRAMS / name for name in PARTS), LIBRARY)]

    def get_output_mapping(self) -> dict[str, str]:
        """Return no mapping: what is compiled has no counterpart in the source tree."""
        return {}

    def get_source_files(self) -> list[str]:
        """Return what an sdist must hold for this step."""
        programs = [SHIM_HEADER, *(SOURCES / f"{part}.c" for parts in PARTS.values() for part in parts)]
        others = [Path("native", name) for name in BESIDES]
        return [str(source) for source in (*programs, *LIBRARY_SOURCES, AUTOMATA, *others)]


class BuildWithNative(build):
    """``build``, with what is compiled after the modules."""

    sub_commands: ClassVar[list[tuple[str, None]]] = [*build.sub_commands, ("build_native", None)]


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


def make_automata(directory: Path) -> Path:
    """Write the library's automata into `directory`, as C. Raises CompileError."""
    made = directory / "automata.c"
    done = subprocess.run([sys.executable, AUTOMATA, made], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise CompileError(f"{AUTOMATA} cannot write the library's automata:\n{done.stderr.strip()}")
    return made


def compile_native(sources: Sequence[Path], made: Path, kind: Sequence[str]) -> None:
    """Compile `sources` to `made`, replacing it in one step. Raises CompileError or PlatformError."""
    if not sys.platform.startswith("linux"):
        raise PlatformError(f"guard runs on Linux; this is {sys.platform}")
    if platform.machine() not in MACHINES:
        raise PlatformError(
            f"masking needs hyperscan, which has no build for {platform.machine()}; guard runs on x86_64 and aarch64"
        )
    for source in sources:
        if not source.is_file():
            raise CompileError(f"{source} is missing: this source tree is not whole")
    compiler = find_compiler()
    made.parent.mkdir(parents=True, exist_ok=True)
    unfinished = made.with_name(made.name + ".new")
    failure = attempt(compiler, sources, unfinished, kind)
    if failure:
        raise CompileError(f"{shlex.join(compiler)} cannot compile {shlex.join(map(str, sources))}:\n{failure}")
    unfinished.chmod(0o755)
    unfinished.replace(made)


@cache
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
            failure = attempt(command, [probe], Path(scratch) / "probe", STATIC)
        if not failure:
            return command
        failures.append(f"{shlex.join(command)}: {failure}")
    raise CompileError("no C compiler that can link a static program\n" + "\n".join([*failures, "", ADVICE]))


def attempt(compiler: Sequence[str], sources: Sequence[Path], made: Path, kind: Sequence[str]) -> str:
    """Compile; return the compiler's complaint, or an empty string where it succeeded."""
    command = [*compiler, *FLAGS, *kind, "-o", str(made), *map(str, sources)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"ended with {done.returncode}"


setup(
    distclass=PlatformDistribution,
    cmdclass={"build": BuildWithNative, "build_native": BuildNative, "bdist_wheel": PlatformWheel},
)
