"""Real servers for a test, as an unprivileged user where they insist on it; on loopback or unix sockets, gone with it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


def free_port() -> int:
    """Return a port of the loopback that nobody listens on, and that the kernel gives to no connection meanwhile."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(max(1024, lowest - 12_000), lowest) or range(1024, 65_536)
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port := secrets.choice(ports)))
            return port


def find_server(*names: str) -> str | None:
    """Return the path of a server's program, on the PATH or where Debian puts it."""
    places = [*os.environ.get("PATH", "").split(":"), "/usr/sbin", "/usr/local/sbin"]
    places += [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    for name in names:
        if found := shutil.which(name, path=":".join(places)):
            return found
    return None


@contextmanager
def sshd(directory: Path) -> Iterator[dict[str, str]]:
    """Run sshd on the loopback for this user; yields the ssh options that reach it, as an ``ssh`` configuration."""
    program = find_server("sshd")
    assert program, "openssh-server is missing"
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)], check=True)
    shutil.copy(directory / "user.pub", directory / "authorized")
    port = free_port()
    config = directory / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {directory}/host\nPidFile {directory}/pid\n"
        f"AuthorizedKeysFile {directory}/authorized\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        f"PermitRootLogin yes\nLogLevel ERROR\nMaxStartups 200\n"
        "Subsystem sftp internal-sftp\n"
    )
    os.makedirs("/run/sshd", exist_ok=True) if os.getuid() == 0 else None
    process = subprocess.Popen([program, "-D", "-e", "-f", str(config)])
    try:
        _wait_for_port(port)
        host_key = (directory / "host.pub").read_text().split()[:2]
        (directory / "known").write_text(f"[127.0.0.1]:{port} {' '.join(host_key)}\n")
        client = directory / "ssh_config"
        client.write_text(
            f"Host box\n HostName 127.0.0.1\n Port {port}\n IdentityFile {directory}/user\n"
            f" UserKnownHostsFile {directory}/known\n IdentitiesOnly yes\n BatchMode yes\n"
        )
        yield {"port": str(port), "config": str(client)}
    finally:
        process.terminate()
        process.wait(60)


def _wait_for_port(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the server does not listen")


def sleeps(env: Mapping[str, str]) -> bool:
    """Tell whether a statement is under way at the server of `env` that does nothing but wait."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND state = 'active'"
    done = subprocess.run(["psql", "-XAtqc", asked], env={**os.environ, **env}, capture_output=True, check=True)
    return done.stdout != b"0\n"


def _cluster(initdb: Sequence[str], user: Sequence[str], root: Path) -> None:
    """Make ``data`` in `root`: a copy of the one cluster that the run has made, or made anew where this is no run."""

    def make(data: Path) -> None:
        options = ["-D", str(data), "-U", "app", "--auth=trust", "-N", "-E", "UTF8"]
        subprocess.run([*initdb, *options], check=True, capture_output=True, cwd=root)

    kept = os.environ.get("GUARD_TEST_CLUSTERS", "")
    if not kept:
        make(root / "data")
        return
    made = Path(kept) / hashlib.sha256(initdb[-1].encode()).hexdigest()[:16]
    with open(f"{made}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(root / "data")
            subprocess.run(["cp", "-a", "--reflink=auto", root / "data", f"{made}.new"], check=True)
            os.rename(f"{made}.new", made)
            return
    subprocess.run([*user, "cp", "-a", "--reflink=auto", made, root / "data"], check=True)


@contextmanager
def postgres(*settings: str, hba: str = "") -> Iterator[dict[str, str]]:
    """Run a throw-away PostgreSQL on a unix socket, with `settings` of its own; yields the environment for libpq.

    `hba` takes the place of pg_hba.conf, which otherwise trusts everybody. GUARD_TEST_POSTGRES names the directory of
    another installation than the system's, see scripts/soak/postgres-versions.
    """
    home = os.environ.get("GUARD_TEST_POSTGRES", "")
    initdb, server = (f"{home}/bin/{name}" if home else find_server(name) for name in ("initdb", "postgres"))
    assert initdb and server, "postgresql is missing"
    root = Path(tempfile.mkdtemp(prefix="gpg", dir="/tmp"))
    user = [] if os.getuid() else ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    if user:
        shutil.chown(root, "nobody", "nogroup")
    process = None
    try:
        _cluster([*user, initdb], user, root)
        if hba:
            Path(f"{root}/data/pg_hba.conf").write_text(hba)
        options = ["-k", str(root), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal"]
        options += [part for setting in settings for part in ("-c", setting)]
        process = subprocess.Popen([*user, server, "-D", f"{root}/data", *options], cwd=root, stderr=subprocess.DEVNULL)
        env = {"PGHOST": str(root), "PGUSER": "app", "PGDATABASE": "postgres"}
        if port := next((setting[5:] for setting in settings if setting.startswith("port=")), ""):
            env["PGPORT"] = port
        until = time.monotonic() + 60
        while subprocess.run(["pg_isready", "-q"], env={**os.environ, **env}).returncode:
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.05)
        yield env
    finally:
        if process is not None:
            process.send_signal(2)
            process.wait(60)
        shutil.rmtree(root, ignore_errors=True)
