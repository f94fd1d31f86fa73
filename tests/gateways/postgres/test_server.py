"""The server around a conversation, with real clients and a real PostgreSQL."""

from __future__ import annotations

from guardcli.gateways.postgres.target import Target
from guardcli.model.credentials import Credential


async def nothing() -> Credential:
    return Credential(None)


def local(env: dict[str, str], **more: object) -> Target:
    return Target("db", env["PGHOST"], user="app", credential=nothing, **more)


def test_psql_runs_through_it(stage, real_server, psql) -> None:
    _, keeper = stage.gateway(local(real_server))
    done = psql(stage.directory, "-c", "SELECT 1", "-c", "SELECT current_user", env={"PGUSER": "whoever"})
    assert (done.stdout, done.stderr, done.returncode) == ("1\napp\n", "", 0)
    (conversation,) = keeper.met
    assert conversation.opening.user == "app"
    assert conversation.opening.parameters["user"] == "whoever"
    assert conversation.opening.pid
    assert conversation.settings["server_version"]
    assert conversation.reason == "the client left"
