"""A real repository with branches, a remote, aliases and configuration that runs programs."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("home")
    bin_directory = tmp_path_factory.mktemp("bin")
    (bin_directory / "git-own").write_text("#!/bin/sh\n")
    (bin_directory / "git-own").chmod(0o755)
    return {
        "PATH": f"{bin_directory}:{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Path:
    """A repository on branch ``work`` with branches, a tag, a file, a remote and aliases."""
    path = tmp_path_factory.mktemp("repository")
    for command in (
        "init -q -b main",
        "commit -q --allow-empty -m first",
        "branch feature",
        "branch other/name",
        "tag v1",
        "checkout -q -b work",
        "remote add origin https://git.example.com/team/app.git",
        "config alias.st status",
        "config alias.pf 'push --force'",
        "config alias.quoted 'commit -m \"rm -rf /\"'",
        "config alias.sh '!rm -rf /'",
        "config alias.loop loop2",
        "config alias.loop2 loop",
        "config alias.paged '-c core.pager=evil log'",
        "config alias.plain '-c color.ui=always log'",
        "config alias.there '-C /elsewhere status'",
        "config core.hooksPath .husky",
        "config filter.lfs.smudge 'git-lfs smudge -- %f'",
        "config core.sshCommand 'own-ssh'",
        "config core.pager delta",
    ):
        subprocess.run(["git", *shlex.split(command)], cwd=path, env=env, check=True)
    (path / "README").write_text("words\n")
    (path / "file.txt").write_text("words\n")
    return path
