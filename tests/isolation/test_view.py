"""What an isolated agent sees: tables of paths, shown and hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from guardcli.isolation.project import find_project
from guardcli.isolation.view import Kind, Surroundings, build_view, places_of, visible
from guardcli.model.isolation import Isolation

FILES = (
    *(
        ".ssh/id",
        ".pgpass",
        ".gitconfig",
        ".bashrc",
        ".claude/settings.json",
        ".claude/.ssh-like",
        ".config/gh/hosts.yml",
    ),
    *(
        ".config/git/config",
        ".config/git/credentials",
        ".local/bin/tool",
        ".local/state/guard/db",
        "notes",
        "project/a",
    ),
    *("project/.env", "other/b", ".cargo/bin/x", ".cargo/credentials.toml", ".aws/config", ".aws/credentials"),
)


@pytest.fixture(name="home")
def home_fixture(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name in FILES:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x")
    return home


def view(home: Path, isolation: Isolation | None = None, **more: object):
    project = find_project(str(home / "project"), str(home))
    around = {"home": str(home), "path": "/usr/bin", "project": project, "private": (str(home / ".local/state/guard"),)}
    return build_view(Surroundings(**{**around, **more}), isolation or Isolation())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("project/a", True),
        ("project/.env", True),
        (".gitconfig", True),
        (".bashrc", True),
        (".claude/settings.json", True),
        (".config/git/config", True),
        (".local/bin/tool", True),
        (".cargo/bin/x", True),
        (".ssh/id", False),
        (".pgpass", False),
        (".config/gh/hosts.yml", False),
        (".config/git/credentials", False),
        (".cargo/credentials.toml", False),
        (".aws/config", False),
        (".local/state/guard/db", False),
        ("notes", False),
        ("other/b", False),
    ],
)
def test_of_the_home_programs_and_the_agents_own_are_shown_and_nothing_else(home, name, expected) -> None:
    assert visible(str(home / name), view(home)) is expected


def test_only_the_project_and_the_agents_own_configuration_are_writable(home) -> None:
    writable = {mount.target for mount in view(home) if mount.kind is Kind.WRITABLE}
    assert writable == {str(home / "project"), str(home / ".claude")}


@pytest.mark.parametrize(
    ("isolation", "shown", "hidden"),
    [
        (Isolation(show=("~/notes",)), ["notes"], ["other/b"]),
        (Isolation(show=("~/.aws/config",)), [".aws/config"], [".aws/credentials"]),
        (Isolation(show=("~/other",), hide=("~/other/b",)), [], ["other/b"]),
        (Isolation(hide=("~/project/.env",)), ["project/a"], ["project/.env"]),
        (Isolation(hide=("~/project/.e*",)), ["project/a"], ["project/.env"]),
        (Isolation(show=("~/.local/state/guard",)), [], [".local/state/guard/db"]),
        (Isolation(show=("~/.ssh",), hide=("~/.ssh",)), [], [".ssh/id"]),
    ],
)
def test_a_policy_shows_and_hides(home, isolation, shown, hidden) -> None:
    mounts = view(home, isolation)
    assert [name for name in shown if not visible(str(home / name), mounts)] == []
    assert [name for name in hidden if visible(str(home / name), mounts)] == []


def test_what_a_policy_lets_write_can_be_written_to_and_what_is_hidden_there_stays_hidden(home) -> None:
    found = {
        mount.target: mount.kind for mount in view(home, Isolation(write=("~/notes", "~/other"), hide=("~/other/b",)))
    }
    assert found[str(home / "notes")] == found[str(home / "other")] == Kind.WRITABLE
    assert found[str(home / "other" / "b")] in (Kind.EMPTY_FILE, Kind.EMPTY_DIRECTORY)
    private = view(home, Isolation(write=("~/.local/state/guard", "~/.config/guard")))
    assert not visible(str(home / ".local/state/guard/db"), private)


def test_what_a_policy_shows_cannot_be_written_to(home) -> None:
    found = [mount for mount in view(home, Isolation(show=("~/notes",))) if mount.target == str(home / "notes")]
    assert [mount.kind for mount in found] == [Kind.READ_ONLY]


def test_a_credential_inside_the_project_is_hidden_by_what_its_link_leads_to(home) -> None:
    (home / "project" / "link").symlink_to(home / ".ssh")
    assert not visible(str((home / "project" / "link" / "id").resolve()), view(home))


def test_a_policy_file_in_the_project_is_there_and_cannot_be_written_to(home) -> None:
    policy = home / "project" / "policy.yaml"
    policy.write_text("version: 1")
    (found,) = [mount for mount in view(home, kept=(str(policy),)) if mount.target == str(policy)]
    assert found.kind is Kind.READ_ONLY


def test_guards_own_directories_are_hidden_even_where_they_lie_in_the_project(home) -> None:
    state = home / "project" / "state"
    state.mkdir()
    (state / "db").write_text("x")
    assert not visible(str(state / "db"), view(home, private=(str(state),)))


def test_parents_are_mounted_before_what_is_in_them(home) -> None:
    depths = [mount.target.count("/") for mount in view(home)]
    assert depths == sorted(depths)


def test_a_directory_on_the_path_that_is_a_link_shows_one_place_and_covers_both(home, tmp_path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("x")
    (tmp_path / "alias").symlink_to(tools)
    mounts = view(home, path=f"{tmp_path / 'alias'}:{tools}")
    assert sorted(places_of(str(tools / "git"), mounts)) == sorted(
        [str(tools / "git"), str(tmp_path / "alias" / "git")]
    )


def test_a_directory_of_the_system_named_by_its_link_is_not_shown_a_second_time(home) -> None:
    assert [mount.kind for mount in view(home, path="/bin:/usr/bin") if mount.target == "/bin"] in (
        [Kind.LINK],
        [Kind.READ_ONLY],
    )
    assert places_of("/usr/bin/env", view(home, path="/bin:/usr/bin")) == ["/usr/bin/env"]
