"""Which variables an isolated agent starts with, and which no tool is given."""

from __future__ import annotations

import pytest

from guardcli.isolation.variables import agent_environment, dropped_for_tools
from guardcli.model.isolation import Isolation

KEPT = ("PATH", "HOME", "LC_ALL", "TERM", "VIRTUAL_ENV", "ANTHROPIC_API_KEY", "https_proxy", "GUARD_REASON")
GONE = ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "KUBECONFIG", "GITHUB_TOKEN", "DATABASE_URL")
GONE_TOO = ("LD_PRELOAD", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "XDG_RUNTIME_DIR", "GUARD_TOKEN", "GUARD_STATE_DIR")


@pytest.mark.parametrize("name", KEPT)
def test_what_programs_need_is_kept(name) -> None:
    assert agent_environment({name: "x"}, Isolation()) == {name: "x"}


@pytest.mark.parametrize("name", (*GONE, *GONE_TOO))
def test_credentials_and_ways_out_are_not(name) -> None:
    assert agent_environment({name: "x"}, Isolation()) == {}


def test_a_policys_list_takes_the_place_of_guards_but_for_the_essential() -> None:
    env = {"PATH": "/bin", "DATABASE_URL": "x", "TERM": "t", "EDITOR": "vi", "GUARD_TOKEN": "t", "LD_PRELOAD": "l"}
    found = agent_environment(env, Isolation(keep=("*",), set=(("EDITOR", "ed"),)))
    assert found == {"PATH": "/bin", "DATABASE_URL": "x", "TERM": "t", "EDITOR": "ed"}
    assert agent_environment(env, Isolation(keep=("DATABASE_URL",))) == {
        "PATH": "/bin",
        "DATABASE_URL": "x",
        "TERM": "t",
    }


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        *((name, True) for name in ("LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "PYTHONPATH", "PERL5OPT", "NODE_OPTIONS")),
        *((name, True) for name in ("GCONV_PATH", "OPENSSL_CONF", "GIT_EXEC_PATH", "GIT_TRACE", "BASH_FUNC_ls%%")),
        *((name, False) for name in ("PATH", "GIT_DIR", "PGHOST", "KUBECONFIG", "LDFLAGS", "PYTH", "MY_LD_PRELOAD")),
    ],
)
def test_a_tool_is_not_given_what_puts_code_into_it(name, dropped) -> None:
    assert dropped_for_tools({name: "x"}, {}, ()) == [name] * dropped


def test_what_was_there_when_the_session_began_or_is_allowed_stays() -> None:
    assert dropped_for_tools({"LD_PRELOAD": "x"}, {"LD_PRELOAD": "x"}, ()) == []
    assert dropped_for_tools({"LD_PRELOAD": "y"}, {"LD_PRELOAD": "x"}, ()) == ["LD_PRELOAD"]
    assert dropped_for_tools({"LD_PRELOAD": "y"}, {}, ("LD_*",)) == []
