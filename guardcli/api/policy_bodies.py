"""The bodies of requests and answers about policies from the centre."""

from __future__ import annotations

from collections.abc import Sequence
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


class PublishedView(Body):
    """A version: `digest` is of what it comes to, `content` the SHA-256 of its files, `at` seconds since the epoch."""

    version: int
    name: str
    digest: str
    content: str
    by: str
    at: float
    comment: str

    @classmethod
    def of(cls, published: Published) -> PublishedView:
        """Return the view of `published`."""
        return cls.model_validate(published, from_attributes=True)


class OrderView(Body):
    """From `serial` on, `group` is judged by `version`, 0 for none; `action` says why."""

    serial: int
    group: str
    version: int
    content: str
    priority: int
    action: str
    by: str
    at: float

    @classmethod
    def of(cls, order: Order) -> OrderView:
        """Return the view of `order`."""
        return cls.model_validate(order, from_attributes=True)


class PolicyPublished(Body):
    """What came of publishing."""

    published: PublishedView
    order: OrderView


class PolicyHistory(Body):
    """Every version and every order, oldest first."""

    versions: list[PublishedView]
    orders: list[OrderView]

    @classmethod
    def of(cls, versions: Sequence[Published], orders: Sequence[Order]) -> PolicyHistory:
        """Return the view of these."""
        return cls(versions=[PublishedView.of(one) for one in versions], orders=[OrderView.of(one) for one in orders])


class PolicyView(Body):
    """A version with its files."""

    published: PublishedView
    policy: str
    files: dict[str, str]


class AnswerView(Body):
    """By which version the bearer of a token is judged, 0 for none, as of `serial`; to the question with `nonce`.

    `bearer` is the SHA-256 of the token, empty where none was shown, `groups` those that the API knows it to be in.
    """

    serial: int
    group: str
    version: int
    content: str
    bearer: str
    groups: list[str]
    nonce: str
    at: float

    @classmethod
    def of(cls, answer: Answer) -> AnswerView:
        """Return the view of `answer`."""
        return cls.model_validate(answer, from_attributes=True)


class BundleView(Body):
    """A version, its signature, and its content as it is hashed: canonical JSON."""

    published: PublishedView
    signature: SignatureView
    content: str


class AssignedView(Body):
    """The answer with its signature, the public keys, and the version where there is one that the asker has not."""

    answer: AnswerView
    signature: SignatureView
    keys: KeySetView
    bundle: BundleView | None
