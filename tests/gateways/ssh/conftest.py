"""Keys made by ssh-keygen, and the messages that a client sends."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guardcli.credentials.ssh_key import SshKey, load_key
from guardcli.model.secrets import Secret

KINDS = {
    "ed25519": [],
    "ecdsa": ["-b", "256"],
    "ecdsa384": ["-b", "384"],
    "ecdsa521": ["-b", "521"],
    "rsa": ["-b", "2048"],
}


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SshKey]:
    """A key of each kind, and ``host`` and ``other``, which are hosts'."""
    directory = tmp_path_factory.mktemp("keys")
    made = {
        name: _make(directory / name, name.rstrip("0123456789") if name != "ed25519" else name, *options)
        for name, options in KINDS.items()
    }
    return made | {name: _make(directory / name, "ed25519") for name in ("host", "other")}


def _make(path: Path, kind: str, *options: str) -> SshKey:
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-f", str(path)], check=True)
    return load_key(Secret(path.read_text()), None, path.name)
