"""Which variables of the user's own an agent gets."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from guardcli.broker.session import Session
from guardcli.policy import Policy


def withheld(policies: Sequence[Policy]) -> frozenset[str]:
    """Return the variables that hold credentials of a policy, or open the door to them; no agent gets them."""
    held = [resource for policy in policies for resource in policy.resources if resource.credential]
    references = [one for resource in held for one in (resource.credential, resource.access.passphrase) if one]
    references += [one.reference for policy in policies for rules in policy.tool_rules for one in rules.credentials]
    if not references:
        return frozenset({"GUARD_TOKEN"})
    from guardcli.credentials.lending import variables_of

    agents = {"SSH_AUTH_SOCK", "SSH_AGENT_PID"} if any(resource.kind == "ssh" for resource in held) else set()
    return variables_of(references) | {"GUARD_TOKEN"} | agents


def forget_in_memory(names: frozenset[str]) -> None:
    """Take `names` out of what /proc shows of this process, and of the broker that is forked from it."""
    present = names & os.environ.keys()
    if present:
        from guardcli.credentials.env import forget

        forget(present)


def lent_environment(session: Session) -> dict[str, str]:
    """Return the user's own environment without what no agent gets."""
    hidden = withheld(session.standing.policies)
    return {name: value for name, value in session.environment.items() if name not in hidden}


def outside_environment(session: Session, told: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an agent that is not isolated: the user's own, what the broker's services have to say
    (`told`), and the shims first on the PATH.
    """
    env = lent_environment(session)
    env.update(told)
    env["PATH"] = f"{session.place.shims}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["GUARD_SESSION"] = session.id
    env["GUARD_SOCKET"] = str(session.place.socket)
    return env
