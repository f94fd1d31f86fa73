"""The filter of system calls for everything inside, compiled by libseccomp (seccomp_init(3), seccomp_export_bpf(3)).

All calls are allowed but for those that reach into other processes, other namespaces, the kernel itself, or its key
store. Calls of another ABI (i386, x32) end the process: the filter could not tell them apart by number.
"""

from __future__ import annotations

import ctypes
import errno
import os

from guardcli.model.errors import UnavailableError

LIBRARY = "libseccomp.so.2"

ALLOW = 0x7FFF0000
ERRNO = 0x00050000
CMP_EQ, CMP_MASKED_EQ = 4, 7
MISSING = -1
"""What libseccomp answers for a call that this architecture does not have: __NR_SCMP_ERROR."""

DENIED = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd"),
    *("keyctl", "add_key", "request_key"),
    *(
        "mount",
        "umount",
        "umount2",
        "pivot_root",
        "chroot",
        "move_mount",
        "open_tree",
        "open_tree_attr",
        "mount_setattr",
    ),
    *("fsopen", "fsconfig", "fsmount", "fspick", "listmount", "statmount"),
    *("unshare", "setns", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter"),
    *("io_uring_register", "open_by_handle_at", "name_to_handle_at", "fanotify_init", "lookup_dcookie"),
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module"),
    *("reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "nfsservctl", "vhangup", "syslog"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "sethostname", "setdomainname"),
    *("iopl", "ioperm", "modify_ldt", "vm86", "vm86old", "uselib", "ustat", "sysfs", "_sysctl", "move_pages"),
    *("migrate_pages", "mbind", "set_mempolicy", "cachestat", "lsm_set_self_attr"),
)
"""Answered with EPERM, as where the user has no right to them."""

ABSENT = ("clone3",)
"""Answered with ENOSYS: its flags lie in memory, where no filter can look. The C library then uses clone."""

PR_SET_SECCOMP = 22
SECCOMP_SET_MODES = (0, 1)
"""Filters of the agent's own (seccomp(2), strict mode and filters) are answered with EINVAL, as by a kernel without.
They stay over what is run next, and say what its system calls answer: a shim that is told that it has a new socket
speaks on the agent's."""

NAMESPACES = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (clone(2))."""

TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put characters into the terminal's input, which the shell behind the agent would read."""

ADDRESS_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Others, AF_VSOCK among them, lead past the network namespace."""
FAMILIES_MOST = 64

FULL = 0xFFFFFFFF
"""The kernel takes the lower half of these arguments only, so only that is compared."""


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def make_filter() -> int:
    """Return a descriptor at the start of the compiled filter. Raises UnavailableError without libseccomp."""
    library = _library()
    context = library.seccomp_init(ALLOW)
    if not context:
        raise UnavailableError("libseccomp makes no filter")
    fd = os.memfd_create("guard-filter", os.MFD_CLOEXEC)
    try:
        _fill(library, context)
        _check(library.seccomp_export_bpf(ctypes.c_void_p(context), fd), "export")
        os.lseek(fd, 0, os.SEEK_SET)
    except BaseException:
        os.close(fd)
        raise
    finally:
        library.seccomp_release(ctypes.c_void_p(context))
    return fd


def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError:
        raise UnavailableError(f"{LIBRARY} is missing", hint="on Debian: apt-get install libseccomp2") from None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [
        *(ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Comparison))
    ]
    return library


def _fill(library: ctypes.CDLL, context: int) -> None:
    def deny(name: str, answer: int, *comparisons: _Comparison) -> None:
        call = library.seccomp_syscall_resolve_name(name.encode())
        if call == MISSING:
            return
        array = (_Comparison * len(comparisons))(*comparisons)
        _check(library.seccomp_rule_add_array(context, ERRNO | answer, call, len(comparisons), array), name)

    for name in DENIED:
        deny(name, errno.EPERM)
    for name in ABSENT:
        deny(name, errno.ENOSYS)
    for flag in NAMESPACES:
        deny("clone", errno.EPERM, _Comparison(0, CMP_MASKED_EQ, flag, flag))
    deny("prctl", errno.EINVAL, _Comparison(0, CMP_MASKED_EQ, FULL, PR_SET_SECCOMP))
    for mode in SECCOMP_SET_MODES:
        deny("seccomp", errno.EINVAL, _Comparison(0, CMP_MASKED_EQ, FULL, mode))
    for request in TERMINAL_INPUT:
        deny("ioctl", errno.EPERM, _Comparison(1, CMP_MASKED_EQ, FULL, request))
    for family in range(FAMILIES_MOST):
        if family not in ADDRESS_FAMILIES:
            for name in ("socket", "socketpair"):
                deny(name, errno.EAFNOSUPPORT, _Comparison(0, CMP_MASKED_EQ, FULL, family))


def _check(result: int, what: str) -> None:
    if result < 0:
        raise UnavailableError(f"libseccomp refuses {what}: {os.strerror(-result)}")
