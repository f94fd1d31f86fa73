"""A real S3 over HTTP, on this machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 with the bucket ``recordings``."""
    log = tmp_path_factory.mktemp("s3") / "log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        address = ""
        while not address:
            time.sleep(0.05)
            assert process.poll() is None, log.read_text()
            address = next((line.split()[-1] for line in log.read_text().splitlines() if "Running on" in line), "")
        assert requests.put(f"{address}/recordings", timeout=30).status_code == 200
        yield address
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")


@pytest.fixture(params=["file", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """URL and options of a store of either kind."""
    if request.param == "file":
        return (tmp_path / "a b" / "recordings").as_uri(), {}
    request.getfixturevalue("credentials")
    address = request.getfixturevalue("s3")
    return f"s3://recordings/{tmp_path.name}", {"endpoint": address, "region": "eu-central-1"}
