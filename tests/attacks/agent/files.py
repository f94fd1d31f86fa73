"""To read what is not the agent's: credentials, other people's files, guard's own."""

import ctypes
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

from attempt import FACTS, attempt, canary, libc, out, read, shell

HOME = Path(FACTS["home"])


def credential(place):
    """Register an attempt at one file of the home."""

    @attempt(f"~/{place}")
    def take():
        return canary(HOME / place)


for _place in FACTS["credentials"]:
    credential(_place)


@attempt("a credential by way of a symbolic link in the project")
def by_link():
    link = Path(FACTS["project"]) / "link"
    link.unlink(missing_ok=True)
    link.symlink_to(HOME / ".pgpass")
    return canary(link)


@attempt("a credential by /proc/self/root")
def by_proc_root():
    return canary(f"/proc/self/root{HOME}/.pgpass")


@attempt("a descriptor of a directory outside, left open by who started guard")
def inherited_directory():
    for name in os.listdir("/proc/self/fd"):
        try:
            fd = os.open("secret", os.O_RDONLY, dir_fd=int(name))
        except OSError:
            continue
        return os.read(fd, 100).decode()
    return ""


@attempt("a hidden file named to a guarded tool (git config --file)")
def by_the_tool():
    done = subprocess.run(["git", "config", "--file", str(HOME / ".netrc"), "--list"], capture_output=True, text=True)
    return done.stdout + done.stderr if "CANARY" in done.stdout + done.stderr else ""


@attempt("a hidden file named to the broker, which reads to judge (psql -f)")
def by_the_broker():
    done = subprocess.run(["psql", "-f", FACTS["other_sql"]], capture_output=True, text=True)
    return "it was read and judged" if done.returncode not in (75, 77) else ""


@attempt("a hidden repository named to the broker's git (git -C)")
def by_the_brokers_git():
    done = subprocess.run(["git", "-C", FACTS["other_repository"], "log"], capture_output=True, text=True)
    return done.stdout if "CANARY" in done.stdout else ""


@attempt("another user's home")
def another_home():
    return canary(FACTS["other_home"])


@attempt("the machine's password hashes (/etc/shadow)")
def shadow():
    return len(read("/etc/shadow")) and "readable"


@attempt("file handles, which need no path (open_by_handle_at)")
def by_handle():
    handle = (ctypes.c_ubyte * 136)()
    ctypes.c_uint.from_buffer(handle).value = 128
    mount = ctypes.c_int()
    if libc.name_to_handle_at(-100, b"/etc/passwd", handle, ctypes.byref(mount), 0) < 0:
        return ""
    fd = libc.open_by_handle_at(os.open("/", os.O_RDONLY), handle, os.O_RDONLY)
    return "opened" if fd >= 0 else ""


@attempt("the disk itself (/dev/vda and its like)")
def disk():
    for device in ("vda", "sda", "nvme0n1", "xvda", "mem", "kmsg"):
        if os.path.exists(f"/dev/{device}"):
            return read(f"/dev/{device}")
    return ""


@attempt("guard's database")
def database():
    return "SQLite" if read(f"{FACTS['state']}/guard.db").startswith("SQLite") else ""


@attempt("guard's database changed: a yes written into it")
def change_database():
    import sqlite3

    with sqlite3.connect(f"file:{FACTS['state']}/guard.db?mode=rw", uri=True) as db:
        db.execute("update approvals set state = 'approved'")
    return "written"


@attempt("the record of the session (spool) deleted or changed")
def spool():
    for path in Path(FACTS["state"], "spool").rglob("*"):
        if path.is_file():
            with open(path, "ab"):
                return str(path)
    return ""


@attempt("the settings and the policy changed for the next session")
def settings():
    with open(FACTS["policy"], "r+") as policy:
        policy.seek(0, 2)
        policy.write("\n# changed\n")
    return "written"


@attempt("the policy replaced by renaming")
def rename_policy():
    if "version: 1" not in read(FACTS["policy"]):
        return ""
    os.rename(FACTS["policy"], FACTS["policy"] + ".old")
    os.rename(FACTS["policy"] + ".old", FACTS["policy"])
    return "renamed"


@attempt("guard's log and cache")
def cache():
    return os.listdir(f"{FACTS['state']}/cache")


@attempt("guard's runtime directory: sockets of sessions")
def runtime():
    return os.listdir(f"{FACTS['runtime']}/s")


@attempt("guard's key store (keyring, secrets)")
def keyring():
    return canary(HOME / ".local/share/keyrings/login.keyring")


@attempt("the project's .env", harmless="it is the project's own file: guard doctor names it")
def env_file():
    return canary(Path(FACTS["project"]) / ".env")


@attempt("a variable with a credential in the environment")
def variables():
    return [name for name, value in os.environ.items() if "CANARY" in value]


@attempt("the environment of other processes (/proc/PID/environ)")
def other_environments():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                content = (entry / "environ").read_bytes()
            except OSError:
                continue
            if b"CANARY-VARIABLE" in content:
                return entry.name
    return ""


@attempt("a core dump of a guarded tool")
def core_dump():
    text = "ulimit -c unlimited; cd $(mktemp -d); git hash-object --stdin-paths & sleep 0.5; kill -QUIT $!; wait; "
    return shell(text + "ls core* 2>/dev/null")


@attempt("the clipboard, the keyring and the screen by D-Bus and X11")
def desktop():
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"):
        if name in os.environ:
            return name
    return ""


@attempt("a key by the ssh agent's socket")
def ssh_agent():
    return ask(FACTS["agent_socket"])


@attempt("the docker socket")
def docker():
    return ask(FACTS["docker_socket"])


@attempt("the system's D-Bus socket")
def system_bus():
    with socket.socket(socket.AF_UNIX) as bus:
        bus.connect("/run/dbus/system_bus_socket")
        return "connected"


@attempt("the keys in the kernel's keyring (keyctl)")
def kernel_keys():
    serial = libc.syscall(250, 0, -3, 0, 0, 0)
    return serial if serial > 0 else ""


@attempt("an abstract unix socket of the machine's (X11, D-Bus)")
def abstract():
    return ask("\0" + FACTS["abstract"])


@attempt("a named pipe in the place of a file that is judged")
def fifo():
    path = Path(FACTS["project"]) / "pipe.sql"
    if not path.exists():
        os.mkfifo(path)
    done = subprocess.run(["psql", "-f", str(path)], capture_output=True, text=True, timeout=15)
    return "" if done.returncode in (75, 77) else f"ended with {done.returncode}"


@attempt("a symbolic link swapped between judgement and run")
def swapped():
    place = Path(FACTS["project"])
    (place / "good").write_text("select 1")
    (place / "evil").write_text("select 'EVIL' from pg_sleep(0); drop table canary")
    link, stop = place / "swapped", threading.Event()

    def swap():
        while not stop.is_set():
            for name in ("good", "evil"):
                (place / "new").unlink(missing_ok=True)
                (place / "new").symlink_to(name)
                os.rename(place / "new", link)
                time.sleep(0.0005)

    link.unlink(missing_ok=True)
    link.symlink_to("good")
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(15):
            if "EVIL" in out("psql", "-h", FACTS["postgres"], "-U", "app", "-d", "postgres", "-f", str(link)):
                return "ran what was not judged"
    finally:
        stop.set()
        thread.join()
    return ""


def ask(path):
    """Return what a listener of the test's says."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(3)
        probe.connect(path)
        found = probe.recv(64).decode()
    return found if "CANARY" in found else ""
