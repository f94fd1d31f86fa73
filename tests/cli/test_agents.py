"""Agents told of guard in their own settings, on real files; the hook as the process that an agent starts."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import inside
import pytest

import guardcli

BARE = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
Run = Callable[..., subprocess.CompletedProcess[str]]
FILES = {"claude-code": ".claude/settings.json", "codex": ".codex/hooks.json", "gemini": ".gemini/settings.json"}
EVENTS = {"claude-code": "PreToolUse", "codex": "PreToolUse", "gemini": "BeforeTool"}
SHELLS = {"claude-code": "Bash", "codex": "Bash", "gemini": "run_shell_command"}
OTHERS = """{
    "model": "größ",
    "hooks": {
        "PreToolUse": [{"matcher": "Edit", "hooks": [{"type": "command", "command": "lint"}]}],
        "BeforeTool": [{"matcher": "replace", "hooks": [{"type": "command", "command": "lint"}]}]
    },
    "unknown": {"kept": [1, 2.5, null]}
}"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home" / "project").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def guard(home: Path, tmp_path: Path) -> Run:
    """Run guard with an empty home, in a project below it."""

    def run(*words: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        env = {**BARE, "HOME": str(home), "GUARD_RUNTIME_DIR": str(tmp_path / "run"), **more}
        return inside.guard("agents", *words, input=stdin, env=env, cwd=home / "project")

    return run


def ask(guard: Run, agent: str, tool: str, given: object, **more: str) -> subprocess.CompletedProcess[str]:
    form = {"hook_event_name": EVENTS[agent], "tool_name": tool, "tool_input": given, "cwd": "/tmp", "session_id": "x"}
    return guard("hook", agent, stdin=json.dumps(form), **more)


@pytest.mark.parametrize("agent", FILES)
def test_a_home_without_settings_is_the_same_after_uninstall(guard: Run, home: Path, agent: str) -> None:
    done = guard("install", agent)
    assert done.returncode == 0, done.stderr
    written = json.loads((home / FILES[agent]).read_text())
    (group,) = written["hooks"][EVENTS[agent]]
    assert group["hooks"][0]["command"].endswith(f" agents hook {agent} || exit 2")
    assert guard("uninstall", agent).stdout.startswith("restored")
    assert not (home / FILES[agent]).parent.exists()


@pytest.mark.parametrize("agent", FILES)
def test_other_settings_stay_and_bytes_and_mode_come_back(guard: Run, home: Path, agent: str) -> None:
    path = home / FILES[agent]
    path.parent.mkdir()
    path.write_text(OTHERS)
    path.chmod(0o640)
    assert guard("install", agent).returncode == 0
    first = path.read_bytes()
    assert guard("install", agent).returncode == 0
    assert path.read_bytes() == first
    now = json.loads(first)
    assert now["unknown"] == json.loads(OTHERS)["unknown"]
    assert now["hooks"][EVENTS[agent]][0] == json.loads(OTHERS)["hooks"][EVENTS[agent]][0]
    assert "größ" in first.decode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert guard("uninstall", agent).stdout.startswith("restored")
    assert path.read_text() == OTHERS
    assert path.stat().st_mode & 0o777 == 0o640


def test_what_was_edited_after_the_install_is_kept_and_only_the_hook_goes(guard: Run, home: Path) -> None:
    path = home / FILES["claude-code"]
    path.parent.mkdir()
    path.write_text(OTHERS)
    guard("install", "claude-code")
    edited = json.loads(path.read_text()) | {"theme": "dark"}
    edited["hooks"]["PreToolUse"][-1]["hooks"].append({"type": "command", "command": "mine"})
    path.write_text(json.dumps(edited))
    assert guard("uninstall", "claude-code").stdout.startswith("removed")
    now = json.loads(path.read_text())
    assert now["theme"] == "dark"
    assert [hook["command"] for group in now["hooks"]["PreToolUse"] for hook in group["hooks"]] == ["lint", "mine"]


def test_a_hook_of_somebody_else_that_only_names_guard_is_left_alone(guard: Run, home: Path) -> None:
    path = home / FILES["claude-code"]
    path.parent.mkdir()
    text = OTHERS.replace('"lint"', '"echo guard agents hook claude-code"')
    path.write_text(text)
    assert guard("uninstall", "claude-code").stdout.startswith("absent")
    assert path.read_text() == text


def test_an_install_after_the_record_was_lost_still_comes_out(guard: Run, home: Path) -> None:
    guard("install", "claude-code")
    for record in (home / ".local/state/guard/agents").iterdir():
        record.write_text("{broken")
    assert guard("uninstall", "claude-code").stdout.startswith("removed")
    assert json.loads((home / FILES["claude-code"]).read_text()) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1,}', "settings.json:1:"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[]", "no JSON object"),
        ('{"hooks": []}', "hooks is no object"),
        ('{"hooks": {"PreToolUse": {}}}', "is no list"),
        ('// mine\n{"a": 1}', "not JSON"),
    ],
)
def test_a_file_that_cannot_be_edited_without_loss_is_left_with_a_clear_error(
    guard: Run, home: Path, content: str, said: str
) -> None:
    path = home / FILES["claude-code"]
    path.parent.mkdir()
    path.write_text(content)
    for words in (("install", "claude-code"), ("uninstall", "claude-code")):
        done = guard(*words)
        assert done.returncode == 78
        assert done.stderr.startswith("guard: ")
        assert said in done.stderr
    assert path.read_text() == content
    assert guard("list").returncode == 0


@pytest.mark.parametrize("link", [".claude", ".claude/settings.json"])
def test_a_symbolic_link_is_refused_and_what_it_leads_to_is_untouched(guard: Run, home: Path, link: str) -> None:
    real = home / "elsewhere"
    if link == ".claude":
        real.mkdir()
    else:
        (home / ".claude").mkdir()
        real.write_text("{}")
    (home / link).symlink_to(real)
    done = guard("install", "claude-code")
    assert done.returncode == 78
    assert "symbolic link" in done.stderr
    assert list(real.iterdir()) == [] if real.is_dir() else real.read_text() == "{}"


def test_a_dry_run_shows_the_file_and_writes_nothing(guard: Run, home: Path) -> None:
    (row,) = json.loads(guard("install", "claude-code", "--print", "--json").stdout)
    assert "agents hook claude-code" in row["content"]
    assert not (home / ".claude").exists()


def test_a_project_is_installed_apart_from_the_user_and_by_the_name_of_guard(guard: Run, home: Path) -> None:
    assert guard("install", "claude-code", "--project").returncode == 0
    form = json.loads((home / "project" / FILES["claude-code"]).read_text())
    assert form["hooks"]["PreToolUse"][0]["hooks"][0]["command"] == "guard agents hook claude-code || exit 2"
    rows = {(row["agent"], row["file"]): row["state"] for row in json.loads(guard("list", "--json").stdout)}
    assert rows["claude-code", str(home / "project" / FILES["claude-code"])] == "installed"
    assert rows["claude-code", str(home / FILES["claude-code"])] == "absent"


@pytest.mark.parametrize("agent", FILES)
@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("ls -la && git status", 0, ""),
        ("psql -c 'SELECT 1'", 0, ""),
        ("psql -c 'DROP TABLE orders'", 2, "psql-definitions"),
        ("ls; psql -c 'DROP TABLE orders'", 2, "psql-definitions"),
        ("psql -c 'DELETE FROM orders WHERE id = 1'", 2, "guard run"),
        ("rm -rf /", 2, "denied"),
    ],
)
def test_the_hook_answers_a_command_outside_of_a_session(
    guard: Run, agent: str, command: str, status: int, said: str
) -> None:
    done = ask(guard, agent, SHELLS[agent], {"command": command})
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert (done.stderr == "") == (status == 0)


def test_reading_a_secret_asks_the_person_at_the_agent_or_blocks(guard: Run, home: Path) -> None:
    for agent, tool, status in (("claude-code", "Read", 0), ("gemini", "read_file", 2)):
        done = ask(guard, agent, tool, {"file_path": str(home / ".ssh/id_rsa")})
        assert done.returncode == status
        if status == 0:
            output = json.loads(done.stdout)["hookSpecificOutput"]
            assert (output["hookEventName"], output["permissionDecision"]) == ("PreToolUse", "ask")
        plain = ask(guard, agent, tool, {"file_path": "/tmp/notes.txt"})
        assert (plain.returncode, plain.stdout) == (0, "")


def test_a_secret_behind_a_link_or_in_a_directory_or_by_a_glob_is_found(guard: Run, home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / "notes").symlink_to(home / ".ssh" / "id_rsa")
    (home / "plain").symlink_to(home / "project" / "a.txt")
    for tool, given, asked in (
        ("Read", {"file_path": str(home / "notes")}, True),
        ("Read", {"file_path": str(home / "plain")}, False),
        ("Grep", {"pattern": "KEY", "path": str(home / ".ssh")}, True),
        ("Grep", {"pattern": "KEY", "path": str(home / "project")}, False),
        ("Grep", {"pattern": "KEY", "path": str(home / "project"), "glob": "**/.env"}, True),
        ("Grep", {"pattern": "KEY", "glob": "*.py"}, False),
    ):
        done = ask(guard, "claude-code", tool, given)
        assert done.returncode == 0, done.stderr
        assert ('"ask"' in done.stdout) == asked, (tool, given, done.stdout)


def test_fetching_what_is_no_page_is_blocked(guard: Run) -> None:
    for url in ("file:///etc/shadow", "-K/etc/passwd", "gopher://x"):
        assert ask(guard, "claude-code", "WebFetch", {"url": url}).returncode == 2


def test_fetching_a_page_asks_the_person_at_the_agent(guard: Run) -> None:
    done = ask(guard, "claude-code", "WebFetch", {"url": "https://example.org/", "prompt": "sum up"})
    assert json.loads(done.stdout)["hookSpecificOutput"]["permissionDecision"] == "ask"


def test_in_a_session_guarded_tools_are_left_to_the_shims_and_secrets_are_not(guard: Run, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as broker:
        broker.bind(str(tmp_path / "s"))
        session = {"GUARD_SESSION": "s", "GUARD_SOCKET": str(tmp_path / "s")}
        for command, status in (
            ("psql -c 'DELETE FROM orders WHERE id = 1'", 0),
            ("python3 build.py", 0),
            ("cat ~/.ssh/id_rsa", 2),
            ("rm -rf /", 2),
        ):
            assert ask(guard, "codex", "Bash", {"command": command}, **session).returncode == status, command
    gone = {"GUARD_SESSION": "s", "GUARD_SOCKET": str(tmp_path / "nobody")}
    assert ask(guard, "codex", "Bash", {"command": "psql -c 'DROP TABLE a'"}, **gone).returncode == 2


GOOD = {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": "ls"}, "cwd": "/tmp"}


@pytest.mark.parametrize(
    "stdin",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        json.dumps({**GOOD, "hook_event_name": "PostToolUse"}),
        json.dumps({**GOOD, "tool_name": "Unknown"}),
        json.dumps({**GOOD, "tool_name": ["Bash"]}),
        json.dumps({**GOOD, "tool_input": {"cmd": "ls"}}),
        json.dumps({**GOOD, "tool_input": {"command": ""}}),
        json.dumps({**GOOD, "tool_input": {"command": ["ls"]}}),
        json.dumps({**GOOD, "tool_input": {"command": "ls\0"}}),
        json.dumps({**GOOD, "tool_input": None}),
        json.dumps({**GOOD, "cwd": "."}),
    ],
    ids=range(13),
)
def test_what_the_hook_does_not_understand_is_blocked_and_says_why(guard: Run, stdin: str) -> None:
    done = guard("hook", "claude-code", stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("guard: ")
    assert "Traceback" not in done.stderr


def test_input_that_is_closed_or_too_long_or_a_home_that_cannot_be_is_blocked(guard: Run, tmp_path: Path) -> None:
    assert guard("hook", "codex", stdin="x" * (17 << 20)).returncode == 2
    assert guard("hook", "codex", stdin=json.dumps(GOOD), GUARD_CONFIG_DIR="/dev/null/x").returncode == 2
    words = ["/bin/sh", "-c", f"exec {sys.executable} -m guardcli agents hook codex <&-"]
    env = {**BARE, "HOME": str(tmp_path), "GUARD_RUNTIME_DIR": str(tmp_path / "run")}
    done = subprocess.run(words, capture_output=True, text=True, env=env, timeout=600)
    assert done.returncode == 2
    assert done.stderr.startswith("guard: ")


def test_the_same_input_whole_is_allowed(guard: Run) -> None:
    assert guard("hook", "claude-code", stdin=json.dumps(GOOD)).returncode == 0


def test_a_policy_that_is_broken_or_gone_blocks(guard: Run, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("rules: [")
    for policy in ("policy.yaml", "gone.yaml"):
        done = guard("hook", "claude-code", stdin=json.dumps(GOOD), GUARD_POLICY=str(tmp_path / policy))
        assert done.returncode == 2
        assert "cannot be judged" in done.stderr


def test_the_command_in_the_settings_works_and_blocks_when_guard_is_gone(
    guard: Run, home: Path, tmp_path: Path
) -> None:
    guard("install", "claude-code")
    form = json.loads((home / FILES["claude-code"]).read_text())
    command = form["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
    env = {**BARE, "HOME": str(home), "GUARD_RUNTIME_DIR": str(tmp_path / "run")}
    for words, status in ((command, 0), (f"/nowhere/guard {command.partition(' agents ')[2]}", 2)):
        done = subprocess.run(
            ["/bin/sh", "-c", words], input=json.dumps(GOOD), text=True, capture_output=True, env=env, timeout=600
        )
        assert done.returncode == status, done.stderr


def test_the_text_for_agents_is_ten_lines_and_names_what_guard_answers(guard: Run) -> None:
    text = guard("text").stdout
    assert len(text.splitlines()) == 10
    assert all(word in text for word in ("77", "75", "GUARD_REASON"))


def test_the_page_shows_the_text_as_it_is_printed(guard: Run) -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "agents.md").read_text()
    assert guard("text").stdout in page


@pytest.mark.parametrize("before", [None, '{"env": {"A": "b"}}\n', OTHERS])
def test_the_shell_of_an_agent_can_begin_sessions_and_all_comes_back(
    guard: Run, home: Path, before: str | None
) -> None:
    path = home / FILES["claude-code"]
    if before is not None:
        path.parent.mkdir()
        path.write_text(before)
    for _ in range(2):
        assert guard("install", "claude-code", "--shell").returncode == 0
    form = json.loads(path.read_text())
    program = Path(form["env"]["CLAUDE_CODE_SHELL_PREFIX"])
    assert program.name == "guard-agent-shell" and program.stat().st_mode & 0o111 == 0o111
    assert guard("list").stdout.count("installed") == 1
    assert guard("uninstall", "claude-code").stdout.startswith("restored")
    assert (path.read_text() if path.exists() else None) == before


def test_an_edited_file_loses_the_shell_of_guard_alone(guard: Run, home: Path) -> None:
    path = home / FILES["claude-code"]
    assert guard("install", "claude-code", "--shell").returncode == 0
    form = json.loads(path.read_text())
    path.write_text(json.dumps({**form, "env": {**form["env"], "MINE": "1"}}))
    assert guard("uninstall", "claude-code").stdout.startswith("removed")
    assert json.loads(path.read_text()) == {"env": {"MINE": "1"}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("codex", "--shell"), "no setting of codex is documented"),
        (("gemini", "--shell"), "no setting of gemini is documented"),
        (("claude-code", "--shell", "--project"), "a team shares no path of yours"),
    ],
)
def test_what_is_not_documented_is_not_written(guard: Run, home: Path, words: tuple[str, ...], said: str) -> None:
    done = guard("install", *words)
    assert (done.returncode, said in done.stderr) == (78, True)
    assert not any(home.rglob("*.json"))


def test_a_prefix_of_the_users_own_stays(guard: Run, home: Path) -> None:
    path = home / FILES["claude-code"]
    path.parent.mkdir()
    path.write_text('{"env": {"CLAUDE_CODE_SHELL_PREFIX": "/usr/bin/mine"}}')
    done = guard("install", "claude-code", "--shell")
    assert (done.returncode, "is set already" in done.stderr) == (78, True)
    assert path.read_text() == '{"env": {"CLAUDE_CODE_SHELL_PREFIX": "/usr/bin/mine"}}'


@pytest.mark.parametrize("words", [("echo $((1+1)) 'a b'",), ("echo", "2", "a b")])
@pytest.mark.parametrize("session", ["", "x"])
def test_the_program_begins_a_session_unless_there_is_one(tmp_path: Path, words: tuple[str, ...], session: str) -> None:
    stub = tmp_path / "guard"
    stub.write_text('#!/bin/sh\nshift 3\necho in a session; exec "$@"\n')
    stub.chmod(0o755)
    program = Path(guardcli.__file__).parent / "cli" / "guard-agent-shell"
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", **({"GUARD_SESSION": session} if session else {})}
    done = subprocess.run([program, *words], env=env, capture_output=True, text=True)
    assert done.stdout == ("" if session else "in a session\n") + "2 a b\n"
    none = subprocess.run([program, *words], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert (none.returncode, none.stdout) == (69, "")
