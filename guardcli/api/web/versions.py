"""The centre's policies on the page: versions and their differences, who is judged by which, and changing that."""

from __future__ import annotations

import errno
import re
from typing import Annotated, Any

from fastapi import Form, Path, Query, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from guardcli.api.context import Api, Context
from guardcli.api.permissions import Permission
from guardcli.api.policy_bodies import NewAssignment, NewPolicy
from guardcli.api.principals import Principal
from guardcli.api.routes.policies import assign_policy, publish_policy, withdraw_policy
from guardcli.api.routing import new_router
from guardcli.api.web.access import Proven, Viewer
from guardcli.api.web.view import render
from guardcli.model.errors import ConfigurationError, GuardError
from guardcli.policy.bundles import gather, unpacked
from guardcli.policy.differences import differences, last_before
from guardcli.policy.loader import PACK, read_source

router = new_router(include_in_schema=False)

SEE_OTHER = 303
ORDERS = 100
"""Acts that are shown, the last."""
TEXT_MAX = 900_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}").fullmatch

Version = Annotated[int, Path(ge=1, lt=2**62)]
GroupField = Annotated[str, Form(alias="group", max_length=200)]
PriorityField = Annotated[str, Form(alias="priority", max_length=10)]


@router.get("/policy/versions")
def show_versions(request: Request, api: Api, who: Viewer) -> HTMLResponse:
    """Show every version, who is judged by which, and the last acts."""
    return _versions(request, api, who)


@router.post("/policy/versions", dependencies=[Proven])
def publish(
    request: Request,
    api: Api,
    who: Viewer,
    text: Annotated[str, Form(max_length=TEXT_MAX)] = "",
    name: Annotated[str, Form(max_length=100)] = "policy.yaml",
    group: GroupField = "",
    priority: PriorityField = "",
    comment: Annotated[str, Form(max_length=4096)] = "",
) -> Response:
    """Publish a version: it is loaded, its tests are run, it is signed, and the group is judged by it."""
    who.may_manage()
    try:
        files = _files(name.strip(), text.replace("\r\n", "\n"))
        values = {"group": group.strip(), "comment": comment.strip(), "priority": _number(priority)}
        published = publish_policy(_body(NewPolicy, policy=name.strip(), files=files, **values), api, who).published
    except GuardError as error:
        typed = {"text": text, "name": name, "group": group, "priority": priority, "comment": comment}
        return _versions(request, api, who, error, typed)
    return RedirectResponse(f"/policy/versions/{published.version}", SEE_OTHER)


@router.post("/policy/withdrawal", dependencies=[Proven])
def withdraw(request: Request, api: Api, who: Viewer, group: GroupField = "") -> Response:
    """Let a group be judged by no version of its own any more."""
    try:
        withdraw_policy(group, api, who)
    except GuardError as error:
        return _versions(request, api, who, error)
    return RedirectResponse("/policy/versions", SEE_OTHER)


@router.get("/policy/versions/{version}")
def show_version(
    request: Request,
    version: Version,
    api: Api,
    who: Viewer,
    against: Annotated[str, Query(pattern=r"^([1-9][0-9]{0,17})?$")] = "",
) -> HTMLResponse:
    """Show a version's files, and what is other in them than in the one before, or another one."""
    return _version(request, api, who, version, int(against or 0))


@router.post("/policy/versions/{version}/assignment", dependencies=[Proven])
def assign(
    request: Request,
    version: Version,
    api: Api,
    who: Viewer,
    group: GroupField = "",
    priority: PriorityField = "",
    rollback: Annotated[bool, Form()] = False,
) -> Response:
    """Let a group be judged by this version; with `rollback` by one that it was judged by before."""
    try:
        values = {"group": group.strip(), "priority": _number(priority), "rollback": rollback}
        assign_policy(version, _body(NewAssignment, **values), api, who)
    except GuardError as error:
        return _version(request, api, who, version, 0, error)
    return RedirectResponse("/policy/versions", SEE_OTHER)


def _versions(
    request: Request, api: Context, who: Principal, fault: GuardError | None = None, typed: dict[str, str] | None = None
) -> HTMLResponse:
    who.may_read_policies()
    keys = api.keys.public()
    orders = api.store.policies.orders(keys)
    standing = [one for one in {one.group: one for one in orders}.values() if one.version]
    return _answered(
        request,
        who,
        "versions.html",
        fault,
        title="Policies of the centre",
        versions=list(reversed(api.store.policies.versions(keys))),
        standing=sorted(standing, key=lambda one: (-one.priority, one.group)),
        orders=list(reversed(orders))[:ORDERS],
        typed=typed or {},
    )


def _version(
    request: Request, api: Context, who: Principal, version: int, against: int, fault: GuardError | None = None
) -> HTMLResponse:
    who.may_read_policies()
    keys = api.keys.public()
    found = api.store.policies.get(keys, version)
    versions = api.store.policies.versions(keys)
    other = against or last_before(((one.version, one.name) for one in versions), version, found.published.name)
    orders = api.store.policies.orders(keys)
    last = {one.group: one.version for one in orders}
    top, files = unpacked(found.content)
    return _answered(
        request,
        who,
        "version.html",
        fault,
        title=f"Policy version {version}",
        published=found.published,
        top=top,
        files=files,
        other=other,
        versions=versions,
        differences=differences(unpacked(api.store.policies.get(keys, other).content)[1], files) if other else [],
        judged=sorted(group for group, one in last.items() if one == version),
        returning=sorted({one.group for one in orders if one.version == version and last[one.group] != version}),
    )


def _answered(request: Request, who: Principal, page: str, fault: GuardError | None, **values: Any) -> HTMLResponse:
    manages = who.may(Permission.MANAGE)
    answer = render(request, who, page, fault=str(fault) if fault else "", manages=manages, **values)
    answer.status_code = fault.http_status if fault else 200
    return answer


def _files(name: str, text: str) -> dict[str, str]:
    """Return the files of the policy in `text`: itself, and the packs that it extends. Raises ConfigurationError."""

    if not _NAME(name):
        raise ConfigurationError(f"{name!r} is no name of a file", hint="letters, digits, . _ and -")

    def read(source: str) -> bytes:
        if source == name:
            return text.encode("utf-8", "surrogatepass")
        if source.startswith(PACK):
            return read_source(source)
        raise FileNotFoundError(errno.ENOENT, "the page takes one file and packs; guard policy publish takes more")

    try:
        content, _ = gather(name, read)
    except ConfigurationError as error:
        raise ConfigurationError(str(error)) from error
    return dict(unpacked(content)[1])


def _number(text: str) -> int | None:
    if text.strip() and not text.strip().isdecimal():
        raise ConfigurationError(f"{text!r} is no priority", hint="a number from 1 on, the highest goes first")
    return int(text) if text.strip() else None


def _body(kind: Any, **values: object) -> Any:
    """Return the body that the API would take. Raises ConfigurationError."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        raise ConfigurationError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
