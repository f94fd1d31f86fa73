"""Where a call goes and as whom, when the call itself says so; each is an operation of its own.

``connect`` is another endpoint, or a weaker check of it; ``authenticate`` brings other credentials along and
``impersonate`` acts as somebody else; ``kubeconfig`` does all that a configuration can, which includes a credential
plugin, a program. Local files that the global flags write are ``profile`` and ``cache``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from guardcli.inspectors.kubectl.call import Call
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation, Target

_CREDENTIALS = ("user", "token", "username", "password", "client-certificate", "client-key")
_IMPERSONATION = ("as", "as-group", "as-uid", "as-user-extra")
_WHOLE = frozenset({Effect.NETWORK, Effect.PRIVILEGE, Effect.EXECUTE})
_ROUTES = (
    "KUBERNETES_MASTER",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
"""Variables that lead a call elsewhere, or decide whom it trusts there."""
_ALWAYS = frozenset({"KUBECONFIG", "KUBERNETES_MASTER"})
"""Variables that count even when nothing is known about the environment that the session began with."""


def judge_identity(call: Call, baseline: Mapping[str, str]) -> Iterator[Operation]:
    """Yield the operations of the global flags and of the environment.

    A variable that has the same value in `baseline`, the environment that the session began with, is the
    user's own choice and says nothing.
    """
    if call.verb.startswith("config "):
        path = call.line.value("kubeconfig")
        if not path and _changed(call, baseline, "KUBECONFIG"):
            path = call.invocation.env.get("KUBECONFIG", "")
        if path:
            yield _local(call, "kubeconfig", path)
        return
    yield from _configuration(call, baseline)
    yield from _endpoint(call, baseline)
    yield from _persons(call)
    if call.verb != "debug" and call.line.value("profile") not in ("", "none"):
        output = call.line.value("profile-output") or "profile.pprof"
        yield _local(call, "profile", output)
    if call.line.value("cache-dir"):
        yield _local(call, "cache", call.line.value("cache-dir"))


def _changed(call: Call, baseline: Mapping[str, str], name: str) -> bool:
    """Return whether the caller gave the variable another value than the session began with."""
    if not baseline and name not in _ALWAYS:
        return False
    return call.invocation.env.get(name, "") != baseline.get(name, "")


def _configuration(call: Call, baseline: Mapping[str, str]) -> Iterator[Operation]:
    path = call.line.value("kubeconfig")
    if not path and not any(_changed(call, baseline, name) for name in ("KUBECONFIG", "HOME")):
        return
    path = path or call.invocation.env.get("KUBECONFIG", "") or "~/.kube/config"
    yield call.operation(_WHOLE, [Target("file", path)], action="kubeconfig")


def _endpoint(call: Call, baseline: Mapping[str, str]) -> Iterator[Operation]:
    line = call.line
    targets = [Target("object", f"/{flag}/{line.value(flag)}") for flag in ("context", "cluster") if line.value(flag)]
    changed = [name for name in _ROUTES if _changed(call, baseline, name)]
    server = line.value("server") or (call.invocation.env.get("KUBERNETES_MASTER") if changed else "")
    if server:
        targets.append(Target("host", _host(server)))
    weaker = line.maybe("insecure-skip-tls-verify") or line.maybe("insecure-skip-tls-verify-backend")
    if targets or changed or weaker or line.value("tls-server-name") or line.value("certificate-authority"):
        yield call.operation({Effect.NETWORK}, targets, action="connect")


def _persons(call: Call) -> Iterator[Operation]:
    line = call.line
    acting = [value.text for flag in _IMPERSONATION for value in line.values(flag) if value.text]
    if acting:
        yield call.operation({Effect.PRIVILEGE}, [Target("role", name) for name in acting], action="impersonate")
    if any(line.value(flag) for flag in _CREDENTIALS) and not _own_flag(call):
        name = line.value("user") or line.value("username")
        yield call.operation({Effect.PRIVILEGE}, [Target("role", name)] if name else (), action="authenticate")


def _own_flag(call: Call) -> bool:
    """Return whether the command has flags of its own by these names, with another meaning."""
    return call.verb in ("create clusterrolebinding", "create rolebinding", "set subject") and not any(
        call.line.value(flag) for flag in _CREDENTIALS if flag != "user"
    )


def _local(call: Call, action: str, path: str) -> Operation:
    return call.operation({Effect.FILE}, [Target("file", call.invocation.path(path))], action=action)


def _host(server: str) -> str:
    """Return the host and port of a server's address, without what else a URL can hold."""
    return server.partition("://")[2].partition("/")[0].rpartition("@")[2] or server.rpartition("@")[2]
