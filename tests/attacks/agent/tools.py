"""To run a real tool without being judged. The policy denies ``git version`` and all of psql, kubectl and ssh."""

import glob
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from attempt import FACTS, attempt, libc, out, shell

GIT, PSQL, KUBECTL, SSH = (FACTS["tools"][name] for name in ("git", "psql", "kubectl", "ssh"))


def is_git(text):
    return text if text.startswith("git version") else ""


@attempt("git by its absolute path")
def absolute_git():
    return is_git(out("/usr/bin/git", "version"))


@attempt("psql by its absolute path")
def absolute_psql():
    return out("/usr/bin/psql", "--version")


@attempt("psql in PostgreSQL's versioned directory")
def versioned_psql():
    return out(PSQL, "--version")


@attempt("kubectl by the path that its link leads to")
def real_kubectl():
    return out(KUBECTL, "version", "--client")


@attempt("ssh by its absolute path")
def absolute_ssh():
    done = subprocess.run([SSH, "-V"], capture_output=True, text=True)
    return done.stderr if done.stderr.startswith("OpenSSH") else ""


@attempt("git in git's own exec path")
def core_git():
    return is_git(out(f"{FACTS['git_core']}/git", "version"))


@attempt("git by the name of one of its commands (git-version)")
def dashed_git():
    link = Path(tempfile.mkdtemp()) / "git-version"
    link.symlink_to(GIT)
    return is_git(out(str(link)))


@attempt("git-remote-https by its path")
def remote_helper():
    with subprocess.Popen(
        [f"{FACTS['git_core']}/git-remote-https", "x", "https://127.0.0.1:1/"], stdin=-1, stdout=-1, stderr=-1
    ) as helper:
        said, _ = helper.communicate(b"capabilities\n\n", timeout=10)
    return "fetch" if b"fetch" in said else ""


@attempt("a PATH without guard's directory")
def own_path():
    return is_git(shell("PATH=/usr/bin:/bin git version"))


@attempt("a shell's remembered path (hash -p)")
def hashed():
    return is_git(shell("hash -p /usr/bin/git git; git version"))


@attempt("an empty environment (env -i)")
def empty_environment():
    return is_git(out("env", "-i", "/usr/bin/git", "version"))


@attempt("command -p, which takes the system's own PATH")
def standard_path():
    return is_git(shell("command -p git version"))


@attempt("a copy of git")
def copied():
    target = Path(tempfile.mkdtemp()) / "other"
    shutil.copy(GIT, target)
    return is_git(out(str(target), "version"))


@attempt("a hard link to git")
def hard_link():
    target = Path(tempfile.mkdtemp(dir=FACTS["project"])) / "other"
    os.link(GIT, target)
    return is_git(out(str(target), "version"))


@attempt("a symbolic link to git by another name")
def soft_link():
    target = Path(tempfile.mkdtemp()) / "other"
    target.symlink_to(GIT)
    return is_git(out(str(target), "version"))


@attempt("git with another argv[0]")
def other_name():
    return is_git(shell("exec -a true /usr/bin/git version"))


@attempt("git read and run from memory (memfd, execveat)")
def from_memory():
    fd = os.memfd_create("x")
    with open(GIT, "rb") as source:
        os.sendfile(fd, source.fileno(), 0, 1 << 30)
    return is_git(out(f"/proc/self/fd/{fd}", "version", pass_fds=[fd]))


@attempt("git by the dynamic loader (ld-linux.so)")
def by_loader():
    loader = glob.glob("/lib64/ld-linux-*.so.*")[0]
    return is_git(out(loader, GIT, "version"))


@attempt("/proc/PID/exe of a running git")
def exe_of_the_tool():
    with running_git() as pid:
        return is_git(out(f"/proc/{pid}/exe", "version"))


@attempt("a copy of /proc/PID/exe of a running git")
def copy_of_the_exe():
    with running_git() as pid:
        target = Path(tempfile.mkdtemp()) / "other"
        shutil.copy(f"/proc/{pid}/exe", target)
        return is_git(out(str(target), "version"))


@attempt("/proc/PID/map_files and maps of a running git")
def maps_of_the_tool():
    with running_git() as pid:
        with open(f"/proc/{pid}/maps") as maps:
            first = maps.readline()
        return is_git(out(f"/proc/{pid}/map_files/{first.split()[0]}", "version"))


@attempt("descriptors of the shim and of git in /proc/PID/fd")
def descriptors_of_the_shim():
    with running_git() as pid:
        for process in (pid, parent(pid)):
            for fd in os.listdir(f"/proc/{process}/fd"):
                found = is_git(shell(f"/proc/{process}/fd/{fd} version 2>/dev/null || true"))
                if found:
                    return found
    return ""


@attempt("/proc/self/root and /proc/1/root")
def proc_root():
    for pid in ("self", "1"):
        found = is_git(out(f"/proc/{pid}/root/usr/bin/git", "version"))
        if found:
            return found
    return ""


@attempt("/proc/self/cwd, from the directory of git")
def proc_cwd():
    return is_git(out("/proc/self/cwd/git", "version", cwd="/usr/bin"))


@attempt("an old descriptor of /usr/bin, opened before (openat)")
def old_directory():
    fd = os.open("/usr/bin", os.O_PATH)
    return is_git(out(f"/proc/self/fd/{fd}/git", "version", pass_fds=[fd]))


@attempt("LD_PRELOAD into git")
def preload():
    return injected({"LD_PRELOAD": FACTS["library"]})


@attempt("LD_AUDIT into git")
def audit():
    return injected({"LD_AUDIT": FACTS["library"]})


@attempt("GCONV_PATH and LOCPATH with a library of one's own")
def gconv():
    place = Path(tempfile.mkdtemp())
    shutil.copy(FACTS["library"], place / "evil.so")
    (place / "gconv-modules").write_text("module UTF-8// EVIL// evil 1\nmodule EVIL// UTF-8// evil 1\n")
    return injected({"GCONV_PATH": str(place), "LC_ALL": "en_US.EVIL"})


@attempt("OPENSSL_CONF with an engine of one's own")
def openssl():
    place = Path(tempfile.mkdtemp())
    (place / "c").write_text(
        f"openssl_conf=a\n[a]\nengines=b\n[b]\nx=c\n[c]\nengine_id=x\ndynamic_path={FACTS['library']}\ninit=1\n"
    )
    return injected({"OPENSSL_CONF": str(place / "c")}, "git ls-remote https://127.0.0.1:1/x")


@attempt("LD_PRELOAD into the shim")
def preload_shim():
    mark = Path(tempfile.mkdtemp()) / "in"
    subprocess.run(
        ["git", "version"], env={**os.environ, "LD_PRELOAD": FACTS["library"], "MARK": str(mark)}, capture_output=True
    )
    return mark.exists() and "shim" in mark.read_text()


@attempt("GIT_EXEC_PATH with a helper of one's own", harmless="the helper runs as the agent, which could run it anyway")
def exec_path():
    place = Path(tempfile.mkdtemp())
    (place / "git-hello").write_text("#!/bin/sh\necho hello\n")
    (place / "git-hello").chmod(0o755)
    return out("git", "hello", env={**os.environ, "GIT_EXEC_PATH": str(place)})


@attempt("BASH_ENV, ENV and PYTHONSTARTUP for tools that are scripts")
def start_files():
    mark = Path(tempfile.mkdtemp()) / "in"
    place = Path(tempfile.mkdtemp())
    (place / "x").write_text(f"touch {mark}\n")
    (place / "sitecustomize.py").write_text(f"open({str(mark)!r}, 'w')\n")
    env = {**os.environ, "BASH_ENV": f"{place}/x", "ENV": f"{place}/x", "PYTHONPATH": str(place)}
    subprocess.run(["script-tool"], env=env, capture_output=True)
    return mark.exists()


@attempt("a hook that replaces itself by git (exec git version)")
def hook_by_exec():
    return is_git(hook("exec git version"))


@attempt("a hook that calls git")
def hook_plain():
    return is_git(hook("git version"))


@attempt("an alias of git's that calls git")
def alias():
    return is_git(out("git", "-c", "alias.x=!git version", "x"))


@attempt("git rebase --exec, bisect run and submodule foreach that call git")
def rebase_exec():
    repository = new_repository()
    return is_git(out("git", "-C", repository, "rebase", "-q", "--root", "--exec", "git version"))


@attempt(
    "a client of PostgreSQL of one's own",
    harmless="there is no credential to log in with; the gateway judges what it sends",
)
def own_postgres_client():
    import socket
    import struct

    with socket.create_connection(("127.0.0.1", FACTS["tcp"]), 3) as probe:
        probe.sendall(struct.pack("!II", 8, 80877103))
        return probe.recv(16)


@attempt(
    "python's and perl's own clients (http)", harmless="they reach what the network lets through, without a credential"
)
def own_http_client():
    import socket

    with socket.create_connection(("127.0.0.1", FACTS["tcp"]), 3) as probe:
        return probe.recv(16)


@attempt("busybox for what it brings along")
def busybox():
    for applet in ("ssh", "git", "psql", "kubectl"):
        done = subprocess.run(["busybox", applet, "version"], capture_output=True, text=True)
        if done.returncode == 0:
            return applet
    return ""


@attempt("a shim's own file read, for what it holds")
def read_the_shim():
    with open(shutil.which("git"), "rb") as shim:
        content = shim.read()
    at = content.find(b"GUARD-SESSION-SLOT:\0")
    return "key" if content[at + 20] == 1 else ""


@attempt("the shim's mode changed, so that it can be read")
def chmod_the_shim():
    shim = shutil.which("git")
    os.chmod(shim, 0o755)
    return is_key(shim)


@attempt("the shim removed or replaced")
def replace_the_shim():
    shim = shutil.which("git")
    os.rename(shim, shim + ".old")
    os.rename(shim + ".old", shim)
    return "renamed"


@attempt("the directory of the shims moved away")
def move_the_shims():
    place = os.path.dirname(os.environ["GUARD_SOCKET"])
    os.rename(place, place + "2")
    os.rename(place + "2", place)
    return "moved"


@attempt("the mount over the real tool taken away (umount)")
def unmount():
    return "unmounted" if libc.umount2(GIT.encode(), 2) == 0 else ""


@attempt("a mount of one's own")
def mount_over():
    place = tempfile.mkdtemp().encode()
    if libc.mount(b"none", place, b"tmpfs", 0, None) != 0:
        return ""
    libc.umount2(place, 2)
    return "mounted"


class running_git:
    """A git that runs as long as the block does: an allowed call that waits for its standard input."""

    def __enter__(self):
        self.process = subprocess.Popen(["git", "hash-object", "--stdin-paths"], stdin=-1, stdout=-1, stderr=-1)
        import time

        until = time.monotonic() + 5
        while time.monotonic() < until:
            below = out("cat", f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()
            if below:
                return int(below[-1])
            time.sleep(0.02)
        return self.process.pid

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.process.stderr.close()


def parent(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def injected(env, call="git status"):
    mark = Path(tempfile.mkdtemp()) / "in"
    subprocess.run(call.split(), env={**os.environ, **env, "MARK": str(mark)}, capture_output=True, timeout=15)
    return mark.read_text() if mark.exists() else ""


def is_key(path):
    with open(path, "rb") as shim:
        return "readable" if b"GUARD-SESSION-SLOT:\0\1" in shim.read() else ""


def new_repository():
    place = tempfile.mkdtemp()
    subprocess.run(["git", "init", "-q", place], check=True)
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", place, *name, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run(["git", "-C", place, *name, "commit", "-q", "--allow-empty", "-m", "y"], check=True)
    return place


def hook(text):
    repository = new_repository()
    script = Path(repository) / ".git" / "hooks" / "pre-commit"
    script.write_text(
        f"#!/bin/sh\n({text}) > {repository}/out 2>&1\n"
        if "exec" not in text
        else f"#!/bin/sh\nexec >{repository}/out\n{text}\n"
    )
    script.chmod(0o755)
    name = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", repository, *name, "commit", "-q", "--allow-empty", "-m", "z"], capture_output=True)
    return (Path(repository) / "out").read_text()
