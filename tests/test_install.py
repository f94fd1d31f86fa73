"""install.sh in an empty home and below another root, and the build step behind it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PATH = "/usr/local/bin:/usr/bin:/bin"


def install(home: Path, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run install.sh as somebody whose home is `home`, with pip's cache of this user."""
    cache = os.environ.get("PIP_CACHE_DIR") or os.path.expanduser("~/.cache/pip")
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "GUARD_TEST_", "SSL_"))}
    settings = {**kept, "HOME": str(home), "PATH": PATH, "PYTHON": base_python(), "PIP_CACHE_DIR": cache}
    return subprocess.run(
        [ROOT / "install.sh", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**settings, "PIP_NO_CACHE_DIR": "0", "PIP_NO_COMPILE": "1", **env},
        cwd=home,
    )


@pytest.fixture(scope="session")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A compiler that remembers what it made of the same sources and options: one build by the real one is enough."""
    place = tmp_path_factory.mktemp("compiler")
    real = shutil.which("cc") or shutil.which("gcc") or "cc"
    program = place / "cc"
    program.write_text(REMEMBERING.format(python=sys.executable, real=real, place=str(place)))
    program.chmod(0o755)
    return str(program)


REMEMBERING = """#!{python} -I
import hashlib, os, shutil, subprocess, sys
words = sys.argv[1:]
output = words[words.index("-o") + 1] if "-o" in words else ""
read = [word for word in words if word != output]
key = hashlib.sha256()
for word in read:
    key.update(open(word, "rb").read() if os.path.isfile(word) else word.encode())
    key.update(bytes(1))
for name in sorted(os.listdir("native")) if os.path.isdir("native") else ():
    if name.endswith(".h"):
        key.update(open(os.path.join("native", name), "rb").read())
known = os.path.join({place!r}, key.hexdigest())
if output and os.path.exists(known):
    shutil.copy(known, output)
    sys.exit(0)
status = subprocess.run([{real!r}, *words]).returncode
if output and status == 0:
    shutil.copy(output, known)
sys.exit(status)
"""


def base_python() -> str:
    """Return the interpreter that this one's environment was made with."""
    return getattr(sys, "_base_executable", sys.executable)


def tree(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_help_names_every_option(tmp_path: Path) -> None:
    done = install(tmp_path, "--help")
    assert done.returncode == 0
    for option in ("--system", "--root", "--uninstall", "--dry-run"):
        assert option in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--system", "--root", "."], ["--uninstall"]])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path: Path, arguments: list[str]) -> None:
    done = install(tmp_path, *arguments, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "nothing is changed" in done.stdout
    assert tree(tmp_path) == []


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"PYTHON": "/bin/false"}, "no Python 3.11 or later"),
        ({"CC": "/nonexistent/cc"}, "no C compiler found"),
        ({"HOME": ""}, "HOME is not set"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_put(tmp_path: Path, env: dict[str, str], said: str) -> None:
    done = install(tmp_path, **env)
    assert done.returncode == 1
    assert said in done.stderr
    assert tree(tmp_path) == []


def test_a_machine_without_a_build_of_hyperscan_is_told_so_and_gets_no_weaker_engine(
    tmp_path: Path, source: Path
) -> None:
    settings = {"HOME": str(tmp_path), "PATH": PATH, "PYTHON": base_python()}
    for command in ([ROOT / "install.sh"], [sys.executable, source / "setup.py", "-q", "bdist_wheel"]):
        command = ["setarch", "i686", *map(str, command)]
        done = subprocess.run(command, capture_output=True, text=True, env=settings, cwd=source)
        assert done.returncode == 1
        assert "hyperscan, which has no build for i686" in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / ".local").exists()


@pytest.mark.parametrize("arguments", [["--sytem"], ["--root"], ["--root", "."], ["--system", "--root", "missing"]])
def test_a_mistyped_command_line_does_nothing(tmp_path: Path, arguments: list[str]) -> None:
    done = install(tmp_path, *arguments)
    assert done.returncode == 1
    assert done.stderr
    assert tree(tmp_path) == []


def test_a_guard_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    other = tmp_path / ".local" / "bin" / "guard"
    other.parent.mkdir(parents=True)
    other.write_text("somebody else's\n")
    done = install(tmp_path)
    assert done.returncode == 1
    assert "is not from here" in done.stderr
    assert other.read_text() == "somebody else's\n"
    assert install(tmp_path, "--uninstall").returncode == 0
    assert other.read_text() == "somebody else's\n"


WITHOUT_NETWORK = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": sysconfig.get_path("purelib")}
"""What guard needs is taken from these tests' own environment, which was made by the same requirements."""
FETCHING: dict[str, str] = {} if os.environ.get("GUARD_TEST_FETCH") else WITHOUT_NETWORK
"""`GUARD_TEST_FETCH=1` has a person's first install fetch all of it once more (`scripts/soak/run install`)."""


def test_a_person_installs_twice_uses_guard_and_removes_all_of_it(tmp_path: Path, compiler: str) -> None:
    home = tmp_path / "a home"
    (home / ".local").mkdir(parents=True)
    first = install(home, CC=compiler, **FETCHING)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "not on your PATH" in first.stdout
    guard = home / ".local" / "bin" / "guard"
    version = subprocess.run([guard, "--version"], capture_output=True, text=True, env={**FETCHING, "PATH": PATH})
    assert version.stdout.startswith("guard, version ")
    shims = list(home.glob(".local/share/guard/venv/lib/python3.*/site-packages/guardcli/_shim/guard-shim"))
    assert len(shims) == 1
    again = install(home, PATH=f"{guard.parent}:{PATH}", CC=compiler, **WITHOUT_NETWORK)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "keeping the environment" in again.stdout
    assert "not on your PATH" not in again.stdout
    assert not (ROOT / "build").exists()
    removed = install(home, "--uninstall")
    assert removed.returncode == 0, removed.stderr
    assert [name for name in tree(home) if name.startswith(".local")] == [".local"]


@pytest.fixture
def image(tmp_path: Path) -> Iterator[Path]:
    """A small root with a start-up file and a real tool of its own."""
    root = tmp_path / "image"
    for name in ("etc/zsh", "usr/local/bin"):
        (root / name).mkdir(parents=True)
    (root / "etc" / "bash.bashrc").write_text('# System-wide .bashrc\n[ -z "$PS1" ] && return\n')
    (root / "usr" / "local" / "bin" / "kubectl").write_text("#!/bin/sh\necho real\n")
    (root / "usr" / "local" / "bin" / "kubectl").chmod(0o755)
    yield root


def test_an_image_gets_shims_on_every_path_and_is_left_as_it_was(tmp_path: Path, image: Path, compiler: str) -> None:
    def contents() -> dict[str, bytes]:
        files = [name for name in tree(image) if (image / name).is_file() and "/venv/" not in name]
        return {name: (image / name).read_bytes() for name in files}

    before, names = contents(), tree(image)
    own = {**WITHOUT_NETWORK, "CC": compiler}
    done = install(tmp_path, "--system", "--root", image, **own)
    assert done.returncode == 0, done.stdout + done.stderr
    local = image / "usr" / "local"
    shims = local / "lib" / "guard" / "shims"

    def met(*shell: str) -> str:
        search = f"{local}/sbin:{local}/bin:/usr/bin:/bin"
        return subprocess.run(shell, capture_output=True, text=True, env={"PATH": search}).stdout.strip()

    assert met("sh", "-c", "command -v kubectl") == f"{local}/sbin/kubectl"
    assert met("sh", "-c", f". {image}/etc/profile.d/guard.sh; command -v kubectl") == f"{shims}/kubectl"
    assert met("bash", "-c", f". {image}/etc/bash.bashrc; command -v psql") == f"{shims}/psql"
    assert met("sh", "-c", f". {image}/etc/profile.d/guard.sh; . {image}/etc/profile.d/guard.sh; echo $PATH") == (
        f"{shims}:{local}/sbin:{local}/bin:/usr/bin:/bin"
    )
    assert met("sh", "-c", "psql; echo $?") == "69"
    once = contents()
    again = install(tmp_path, "--system", "--root", image, **own)
    assert again.returncode == 0, again.stdout + again.stderr
    assert contents() == once
    assert install(tmp_path, "--system", "--root", image, "--uninstall", **own).returncode == 0
    assert tree(image) == names
    assert contents() == before


def test_a_start_up_file_whose_block_lost_its_end_is_left_alone(tmp_path: Path, image: Path) -> None:
    (image / "usr" / "local" / "lib" / "guard").mkdir(parents=True)
    text = "# >>> guard >>>\nsomething\n# the user's own lines\n"
    (image / "etc" / "bash.bashrc").write_text(text)
    done = install(tmp_path, "--system", "--root", image, "--uninstall")
    assert done.returncode == 0, done.stderr
    assert "remove them by hand" in done.stdout
    assert (image / "etc" / "bash.bashrc").read_text() == text


@pytest.mark.parametrize("value", ["relative", "", "/nonexistent-at-the-root"])
def test_only_an_absolute_data_directory_counts(tmp_path: Path, value: str) -> None:
    done = install(tmp_path, "--dry-run", XDG_DATA_HOME=value)
    place = value if value.startswith("/") else f"{tmp_path}/.local/share"
    assert f"creating {place}/guard\n" in done.stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what the build step needs."""
    for name in ("guardcli", "native", "shims"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "_shim", "_native"))
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def build(source: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "setup.py", "-q", "bdist_wheel"],
        cwd=source,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
    )


def test_a_wheel_carries_what_is_compiled_and_fits_every_python_on_this_platform(source: Path, compiler: str) -> None:
    done = build(source, CC=compiler)
    assert done.returncode == 0, done.stderr
    (wheel,) = (source / "dist").iterdir()
    assert "-py3-none-linux_" in wheel.name
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, source / "unpacked"], check=True)
    package = source / "unpacked" / "guardcli"
    assert (package / "_shim" / "guard-shim").read_bytes().startswith(b"\x7fELF")
    assert (package / "_native" / "libguard_mask.so").read_bytes().startswith(b"\x7fELF")
    assert (package / "policy" / "packs" / "default.yaml").is_file()


@pytest.mark.parametrize("compiler", ["/bin/false", "/nonexistent/cc"])
def test_a_build_without_a_working_compiler_names_the_package_to_install(source: Path, compiler: str) -> None:
    done = build(source, CC=compiler)
    assert done.returncode == 1
    for package in ("gcc libc6-dev", "build-base", "glibc-static"):
        assert package in done.stderr
    assert "Traceback" not in done.stderr


def test_a_shim_that_does_not_compile_is_blamed_on_itself_and_not_on_the_compiler(source: Path) -> None:
    (source / "shims" / "guard-shim.c").write_text("int main(void) { return missing; }\n")
    done = build(source)
    assert done.returncode == 1
    assert "cannot compile shims/guard-shim.c" in done.stderr
    assert "libc6-dev" not in done.stderr
