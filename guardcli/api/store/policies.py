"""Policies from the centre: versions, and orders that say which group is judged by which; both only grow, all signed.

Every act is one row in `POLICY_ORDERS`, with a serial that never comes again: whoever has seen one refuses an answer
from before it. What stands for a group is its last order. A row that is not what the API's own keys signed is never
answered with, be it another version's, another group's or one that somebody wrote past the API; that the newest rows
were taken away is seen by the brokers that know a later serial, and by whoever checks the trail.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Table, func, insert, select, update

from guardcli.api.store.database import now, reading, writing
from guardcli.api.store.engines import locking
from guardcli.api.store.schema import POLICIES, POLICY_ORDERS
from guardcli.api.store.trail import Action, Trail
from guardcli.model.errors import ConflictError, NotFoundError, UnavailableError
from guardcli.model.events import canonical
from guardcli.policy.bundles import EVERYBODY, PURPOSES, Kind, Order, Published, Statement, message, parsed, sha256
from guardcli.signing import ForgedError, KeyRing, KeySet, Signature

if TYPE_CHECKING:
    from guardcli.policy import Policy

PRIORITY = 100
"""Of the first group that gets a bundle, where none is said."""


class OrderAction(str, Enum):
    """Why a group is judged by another version now."""

    PUBLISHED = "published"
    ASSIGNED = "assigned"
    ROLLED_BACK = "rolled-back"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Signed:
    """A version as it is given out: its statement, the signature in its stored form, its content."""

    published: Published
    signature: dict[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants `group` to be judged by another version, at which priority, None for the one that it has."""

    actor: str
    group: str
    priority: int | None = None


class Policies:
    """Publishes, assigns, rolls back and finds versions."""

    def __init__(self, engine: Engine, trail: Trail) -> None:
        self._engine = engine
        self._trail = trail

    def publish(
        self, ring: KeyRing, content: bytes, policy: Policy, wish: Wish, comment: str
    ) -> tuple[Published, Order]:
        """Keep a new version and let the group be judged by it. Raises ConflictError where no priority can be told."""
        with writing(self._engine) as connection:
            locking(connection, "policies")
            last = connection.execute(select(func.max(POLICIES.c.version))).scalar() or 0
            at, digest = now(), sha256(content)
            ring.mark(PURPOSES[Published])
            published = Published(last + 1, policy.name, policy.digest, digest, wish.actor, at, comment)
            connection.execute(
                insert(POLICIES).values(version=published.version, body=content, **_row(ring, published))
            )
            return published, self._order(connection, ring, wish, published, OrderAction.PUBLISHED)

    def assign(self, ring: KeyRing, version: int, wish: Wish) -> Order:
        """Let the group be judged by a version that there is.

        Raises NotFoundError, ConflictError where no priority can be told.
        """
        with writing(self._engine) as connection:
            locking(connection, "policies")
            published = self._find(connection, ring.public(), version).published
            return self._order(connection, ring, wish, published, OrderAction.ASSIGNED)

    def roll_back(self, ring: KeyRing, version: int, wish: Wish) -> Order:
        """Let the group be judged by a version that it was judged by before. Raises NotFoundError, ConflictError."""
        with writing(self._engine) as connection:
            locking(connection, "policies")
            published = self._find(connection, ring.public(), version).published
            orders = [one for one in self._orders(connection, ring.public()) if one.group == wish.group]
            if not any(one.version == version for one in orders):
                raise ConflictError(f"{wish.group} was never judged by version {version}", hint="assign it instead")
            if orders[-1].version == version:
                raise ConflictError(f"{wish.group} is judged by version {version} already")
            return self._order(connection, ring, wish, published, OrderAction.ROLLED_BACK)

    def withdraw(self, ring: KeyRing, wish: Wish) -> Order:
        """Let the group be judged by no version of its own any more. Raises NotFoundError where it has none."""
        with writing(self._engine) as connection:
            locking(connection, "policies")
            if wish.group not in _standing(self._orders(connection, ring.public())):
                raise NotFoundError(f"no policy is assigned to {wish.group}")
            return self._order(connection, ring, wish, None, OrderAction.WITHDRAWN)

    def sign_again(self, ring: KeyRing, actor: str) -> int:
        """Sign every version and order with the current key, as they stand, after the keys were replaced.

        Returns how many rows there are. Raises UnavailableError where one is no statement, or a content another one.
        """
        count = 0
        with writing(self._engine) as connection:
            locking(connection, "policies")
            for row in connection.execute(select(POLICIES)).all():
                published = _stated(Published, row, row.version)
                if published.content != sha256(row.body):
                    raise _tampered(POLICIES, row.version)
                values = _row(ring, published)
                connection.execute(update(POLICIES).where(POLICIES.c.version == row.version).values(**values))
                count += 1
            for row in connection.execute(select(POLICY_ORDERS)).all():
                values = _row(ring, _stated(Order, row, row.serial))
                connection.execute(update(POLICY_ORDERS).where(POLICY_ORDERS.c.serial == row.serial).values(**values))
                count += 1
            key = ring.public().current.id
            self._trail.append(connection, now(), actor, Action.POLICIES_SIGNED_AGAIN, key, {"rows": count})
        return count

    def _order(
        self, connection: Connection, ring: KeyRing, wish: Wish, published: Published | None, action: OrderAction
    ) -> Order:
        orders = self._orders(connection, ring.public())
        standing = _standing(orders)
        priority = _priority(wish, standing) if published is not None else 0
        version, content = (published.version, published.content) if published else (0, "")
        serial = orders[-1].serial + 1 if orders else 1
        order = Order(serial, wish.group, version, content, priority, action.value, wish.actor, now())
        connection.execute(insert(POLICY_ORDERS).values(serial=serial, **_row(ring, order)))
        before = standing[wish.group].version if wish.group in standing else 0
        data = {"group": wish.group, "version": version, "before": before, "content": content, "priority": priority}
        data |= {"serial": serial, "digest": published.digest if published else ""}
        self._trail.append(connection, order.at, wish.actor, _ACTIONS[action], str(version), data)
        return order

    def chosen(self, keys: KeySet, groups: Collection[str]) -> tuple[int, Order | None]:
        """Return the last serial, and the order that holds for a member of `groups`, None for none.

        Raises UnavailableError where an order is not what was signed.
        """
        with reading(self._engine) as connection:
            orders = self._orders(connection, keys)
        standing = [one for group, one in _standing(orders).items() if group in groups or group == EVERYBODY]
        standing.sort(key=lambda one: (one.group != EVERYBODY, one.priority))
        return orders[-1].serial if orders else 0, standing[-1] if standing else None

    def orders(self, keys: KeySet) -> Sequence[Order]:
        """Return every order, oldest first. Raises UnavailableError where one is not what was signed."""
        with reading(self._engine) as connection:
            return self._orders(connection, keys)

    def versions(self, keys: KeySet) -> Sequence[Published]:
        """Return every version, oldest first, without its content. Raises UnavailableError as `orders` does."""
        query = select(POLICIES.c.version, POLICIES.c.statement, POLICIES.c.signature).order_by(POLICIES.c.version)
        with reading(self._engine) as connection:
            return [_checked(Published, row, keys, row.version) for row in connection.execute(query)]

    def get(self, keys: KeySet, version: int) -> Signed:
        """Return a version. Raises NotFoundError, UnavailableError where it is not what was signed."""
        with reading(self._engine) as connection:
            return self._find(connection, keys, version)

    def _find(self, connection: Connection, keys: KeySet, version: int) -> Signed:
        row = connection.execute(select(POLICIES).where(POLICIES.c.version == version)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no version {version}", hint="guard policy history shows what there is")
        published = _checked(Published, row, keys, version)
        if sha256(row.body) != published.content:
            raise _tampered(POLICIES, version)
        return Signed(published, json.loads(row.signature), row.body)

    def _orders(self, connection: Connection, keys: KeySet) -> list[Order]:
        rows = connection.execute(select(POLICY_ORDERS).order_by(POLICY_ORDERS.c.serial))
        return [_checked(Order, row, keys, row.serial) for row in rows]


_ACTIONS = {
    OrderAction.PUBLISHED: Action.POLICY_PUBLISHED,
    OrderAction.ASSIGNED: Action.POLICY_ASSIGNED,
    OrderAction.ROLLED_BACK: Action.POLICY_ROLLED_BACK,
    OrderAction.WITHDRAWN: Action.POLICY_WITHDRAWN,
}


def _row(ring: KeyRing, statement: Statement) -> dict[str, str]:
    text = message(statement)
    signature = ring.sign(PURPOSES[type(statement)], text)
    return {"statement": text.decode(), "signature": canonical(signature.as_json()).decode()}


def _checked(kind: type[Kind], row: Any, keys: KeySet, number: int) -> Kind:
    """Return the statement of `row`. Raises UnavailableError where it is not what was signed, or another's."""
    if not _holds(PURPOSES[kind], row.statement, row.signature, keys):
        raise _tampered(POLICIES if kind is Published else POLICY_ORDERS, number)
    return _stated(kind, row, number)


def _stated(kind: type[Kind], row: Any, number: int) -> Kind:
    """Return what `row` says, its signature not looked at. Raises UnavailableError where it is another row's."""
    try:
        found = parsed(kind, json.loads(row.statement))
    except (ValueError, RecursionError, ForgedError):
        raise _tampered(POLICIES if kind is Published else POLICY_ORDERS, number) from None
    if number != (found.version if isinstance(found, Published) else found.serial):
        raise _tampered(POLICIES if kind is Published else POLICY_ORDERS, number)
    return found


@lru_cache(maxsize=4096)
def _holds(purpose: str, text: str, signature: str, keys: KeySet) -> bool:
    """Tell whether `text` was signed; remembered, since every broker that asks has all orders looked at."""
    try:
        keys.verify(purpose, text.encode("utf-8", "surrogatepass"), Signature.parse(json.loads(signature)))
    except (ValueError, RecursionError, ForgedError):
        return False
    return True


def _tampered(table: Table, number: int) -> UnavailableError:
    return UnavailableError(
        f"row {number} of {table.name} is not what this API has signed, so no policy is given out",
        hint="restore the database or the keys from a backup; after a change of keys: guard api keys sign-again",
    )


def _standing(orders: Sequence[Order]) -> dict[str, Order]:
    """Return the order that stands for each group that has a version."""
    last = {one.group: one for one in orders}
    return {group: one for group, one in last.items() if one.version}


def _priority(wish: Wish, standing: dict[str, Order]) -> int:
    """Return the priority of the group's order: its own where it has one, and never another's."""
    if wish.group == EVERYBODY:
        return 0
    others = {one.priority: group for group, one in standing.items() if group not in (wish.group, EVERYBODY)}
    shown = ", ".join(f"{group} has {priority}" for priority, group in sorted(others.items(), reverse=True))
    if wish.priority is not None:
        if wish.priority in others:
            raise ConflictError(
                f"{others[wish.priority]} has priority {wish.priority}: who is in both groups would have two policies",
                hint=f"say another --priority, the highest goes first ({shown})",
            )
        return wish.priority
    if wish.group in standing:
        return standing[wish.group].priority
    if others:
        raise ConflictError(
            f"somebody may be in {wish.group} and in another group that has a policy",
            hint=f"say with --priority which goes first, the highest does ({shown})",
        )
    return PRIORITY
