"""The bodies of requests and answers about policies from the centre; `policy.bundles` has those that are signed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from guardcli.api.bodies import Body, Reason
from guardcli.api.routes.keys import KeySetView
from guardcli.policy.bundles import Answer, Order, Published

Group = Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._@:/+-]{0,99})$")]
"""The name of a group; ``*`` is everybody."""

Priority = Annotated[int, Field(ge=1, le=10**6)] | None
"""Which group goes first for somebody who is in several: the highest; none keeps what the group has."""

FileName = Annotated[str, Field(min_length=1, max_length=4096)]


class NewPolicy(Body):
    """A policy with every file that it is made of, by name; `policy` names the one to begin with."""

    policy: FileName
    files: Annotated[dict[FileName, str], Field(min_length=1, max_length=64)]
    group: Group
    comment: Reason = ""
    priority: Priority = None


class NewAssignment(Body):
    """Lets a group be judged by a version; `rollback` says that it was before."""

    group: Group
    priority: Priority = None
    rollback: bool = False


class SignatureView(Body):
    """An Ed25519 signature in Base64, and the id of the key that made it."""

    key: str
    value: str


class PolicyPublished(Body):
    """What came of publishing."""

    published: Published
    order: Order


class PolicyHistory(Body):
    """Every version and every order, oldest first."""

    versions: list[Published]
    orders: list[Order]


class PolicyView(Body):
    """A version with its files."""

    published: Published
    policy: str
    files: dict[str, str]


class BundleView(Body):
    """A version, its signature, and its content as it is hashed: canonical JSON."""

    published: Published
    signature: SignatureView
    content: str


class AssignedView(Body):
    """The answer with its signature, the public keys, and the version where there is one that the asker has not."""

    answer: Answer
    signature: SignatureView
    keys: KeySetView
    bundle: BundleView | None
