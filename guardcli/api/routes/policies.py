"""Policies from the centre: publish, assign, roll back, and which one the caller is judged by."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from starlette.concurrency import run_in_threadpool

from guardcli.api.bodies import Text
from guardcli.api.context import Api, Context, Who
from guardcli.api.policy_bodies import (
    AssignedView,
    BundleView,
    Group,
    NewAssignment,
    NewPolicy,
    PolicyHistory,
    PolicyPublished,
    PolicyView,
    SignatureView,
)
from guardcli.api.routes.events import MAX_WAIT
from guardcli.api.routes.keys import KeySetView
from guardcli.api.routes.sessions import vouched
from guardcli.api.routing import new_router
from guardcli.api.store.database import now
from guardcli.api.store.policies import Wish
from guardcli.api.store.sessions import hash_token
from guardcli.judging.apart import check
from guardcli.model.errors import ConfigurationError
from guardcli.policy.bundles import PURPOSES, Answer, Order, message, opened, packed, unpacked

router = new_router(tags=["policies"])

TOPIC = "policies"

Version = Annotated[int, Path(ge=1, lt=2**62)]


@router.post("/policies", status_code=201)
def publish_policy(body: NewPolicy, api: Api, who: Who) -> PolicyPublished:
    """Keep a new version of a policy, signed, and let the group be judged by it from now on.

    It is loaded from the files that are given alone, packs too, and refused with every problem; its tests must pass.
    """
    who.may_manage()
    content = packed(body.policy, body.files)
    try:
        policy = opened(content)
    except ConfigurationError as error:
        raise ConfigurationError(str(error)) from error  # an answer has no list of problems, so that all are words
    if policy.tests:
        check(content)
    wish = Wish(who.owner, body.group, body.priority)
    published, order = api.store.policies.publish(api.keys, content, policy, wish, body.comment)
    api.notifier.publish(TOPIC)
    return PolicyPublished(published=published, order=order)


@router.get("/policies")
def list_policies(api: Api, who: Who) -> PolicyHistory:
    """List every version, and who was judged by which since when, oldest first."""
    who.may_read_policies()
    keys = api.keys.public()
    return PolicyHistory(versions=list(api.store.policies.versions(keys)), orders=list(api.store.policies.orders(keys)))


@router.get("/policies/{version}")
def show_policy(version: Version, api: Api, who: Who) -> PolicyView:
    """Show a version with its files."""
    who.may_read_policies()
    found = api.store.policies.get(api.keys.public(), version)
    top, files = unpacked(found.content)
    return PolicyView(published=found.published, policy=top, files=dict(files))


@router.post("/policies/{version}/assignment")
def assign_policy(version: Version, body: NewAssignment, api: Api, who: Who) -> Order:
    """Let a group be judged by a version that there is, or again by one that it was judged by before."""
    who.may_manage()
    wish = Wish(who.owner, body.group, body.priority)
    act = api.store.policies.roll_back if body.rollback else api.store.policies.assign
    order = act(api.keys, version, wish)
    api.notifier.publish(TOPIC)
    return order


@router.post("/policies/withdrawal")
def withdraw_policy(group: Annotated[Group, Query()], api: Api, who: Who) -> Order:
    """Let a group be judged by no version of its own any more."""
    who.may_manage()
    order = api.store.policies.withdraw(api.keys, Wish(who.owner, group))
    api.notifier.publish(TOPIC)
    return order


@router.get("/policy")
async def ask_for_policy(
    request: Request,
    api: Api,
    who: Who,
    nonce: Annotated[str, Query(pattern=r"^[0-9a-f]{32,64}$")],
    have: Annotated[str, Query(pattern=r"^([0-9a-f]{64})?$")] = "",
    serial: Annotated[int, Query(ge=0, lt=2**62)] = 0,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, allow_inf_nan=False)] = 0.0,
    group: Annotated[list[Text] | None, Query(max_length=100)] = None,
) -> AssignedView:
    """Tell by which version the caller is judged now, signed as the answer to `nonce`.

    `have` is the content that need not be given again; with `wait`, up to so many seconds until something newer than
    `serial` was decided. The caller's groups are those that the API knows; `group` is for the local user.
    """
    who.may_be_ruled()
    groups = await run_in_threadpool(vouched, api, who, group or ())

    def look() -> tuple[int, Order | None]:
        return api.store.policies.chosen(api.keys.public(), groups)

    last, order = await api.notifier.wait(TOPIC, wait, look, lambda seen: seen[0] != serial)
    shown = request.headers.get("authorization", "").partition(" ")[2].strip()
    answer = Answer(
        serial=last,
        group=order.group if order else "",
        version=order.version if order else 0,
        content=order.content if order else "",
        bearer=hash_token(shown) if shown else "",
        groups=groups,
        nonce=nonce,
        at=now(),
    )
    return await run_in_threadpool(_signed, api, answer, have)


def _signed(api: Context, answer: Answer, have: str) -> AssignedView:
    """Return the answer as it is given; signed by the key that is current in the set beside it."""
    signature = api.keys.sign(PURPOSES[Answer], message(answer))
    keys = api.keys.public()
    if signature.key != keys.current.id:  # rotated in between
        signature = api.keys.sign(PURPOSES[Answer], message(answer))
    bundle = None
    if answer.version and have != answer.content:
        found = api.store.policies.get(keys, answer.version)
        bundle = BundleView(
            published=found.published,
            signature=SignatureView.model_validate(found.signature),
            content=found.content.decode(),
        )
    return AssignedView(
        answer=answer,
        signature=SignatureView.model_validate(signature.as_json()),
        keys=KeySetView.model_validate(keys.as_json()),
        bundle=bundle,
    )
