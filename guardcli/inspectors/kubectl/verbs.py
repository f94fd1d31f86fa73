"""Which judge has which verb."""

from __future__ import annotations

from collections.abc import Mapping

from guardcli.inspectors.kubectl.call import Judge
from guardcli.inspectors.kubectl.changes import (
    judge_apply,
    judge_certificate,
    judge_change,
    judge_cordon,
    judge_create,
    judge_create_one,
    judge_create_token,
    judge_delete,
    judge_drain,
    judge_edit,
    judge_expose,
    judge_label,
    judge_patch,
    judge_reconcile,
    judge_replace,
    judge_set,
    judge_set_service_account,
    judge_taint,
)
from guardcli.inspectors.kubectl.config import CONFIG
from guardcli.inspectors.kubectl.exec import (
    judge_attach,
    judge_cp,
    judge_debug,
    judge_port_forward,
    judge_proxy,
    judge_run,
)
from guardcli.inspectors.kubectl.reads import (
    judge_diff,
    judge_dump,
    judge_group,
    judge_kustomize,
    judge_look,
    judge_looking_at,
    judge_quiet,
)

_PLAIN = ("api-resources", "api-versions", "auth can-i", "auth whoami", "cluster-info", "completion", "explain",
          "events", "help", "options", "plugin list", "version")  # fmt: skip

JUDGES: Mapping[str, Judge] = {
    **CONFIG,
    **dict.fromkeys(_PLAIN, judge_quiet),
    **dict.fromkeys(("get", "describe", "wait", "rollout status", "rollout history"), judge_look),
    "apply view-last-applied": judge_look,
    "logs": judge_looking_at("pod"),
    "top pod": judge_looking_at("pod"),
    "top node": judge_looking_at("node"),
    "diff": judge_diff,
    "cluster-info dump": judge_dump,
    "kustomize": judge_kustomize,
    **dict.fromkeys(("rollout restart", "rollout undo", "rollout pause", "rollout resume"), judge_change),
    **dict.fromkeys(("scale", "autoscale", "apply set-last-applied"), judge_change),
    "create": judge_create,
    "create token": judge_create_token,
    "apply": judge_apply,
    "apply edit-last-applied": judge_edit,
    "replace": judge_replace,
    "delete": judge_delete,
    "edit": judge_edit,
    "patch": judge_patch,
    "label": judge_label,
    "annotate": judge_label,
    **dict.fromkeys(("set image", "set env", "set resources", "set selector", "set subject"), judge_set),
    "set serviceaccount": judge_set_service_account,
    "taint": judge_taint,
    "cordon": judge_cordon,
    "uncordon": judge_cordon,
    "drain": judge_drain,
    "expose": judge_expose,
    "certificate approve": judge_certificate,
    "certificate deny": judge_certificate,
    "auth reconcile": judge_reconcile,
    "attach": judge_attach,
    "debug": judge_debug,
    "run": judge_run,
    "cp": judge_cp,
    "port-forward": judge_port_forward,
    "proxy": judge_proxy,
}
"""Every command that does something, but for exec, which needs the shell's inspector."""


def judge_for(command: str) -> Judge | None:
    """Return the judge of a command of the table, None for one that nobody wrote a judge for."""
    if command in JUDGES:
        return JUDGES[command]
    if command.startswith("create "):
        return judge_create_one if command not in ("create secret", "create service") else judge_group
    return judge_group if command in ("auth", "certificate", "config", "plugin", "rollout", "set", "top") else None
