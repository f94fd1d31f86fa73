"""What git asks a helper for is read strictly, and what would break the answer is not answered."""

from __future__ import annotations

import pytest

from guardcli.gateways.git.helper import Wanted, admits, answer, read_wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("protocol=https\nhost=git.example.com\n\n", Wanted("https", "git.example.com", 443)),
        ("protocol=https\nhost=Git.Example.com\npath=a/b.git\n", Wanted("https", "git.example.com", 443, "a/b.git")),
        ("protocol=https\nhost=h:8443\nusername=u=x\n", Wanted("https", "h", 8443, "", "u=x")),
        ("protocol=http\nhost=h\n", Wanted("http", "h", 0)),
        ("protocol=https\nhost=[::1]:8443\n", Wanted("https", "::1", 8443)),
        ("capability[]=authtype\nprotocol=https\nhost=h\nwwwauth[]=Basic realm=\"x\"\n", Wanted("https", "h", 443)),
        ("protocol=https\nhost=h\n\nhost=other\n", Wanted("https", "h", 443)),
        ("host=other\nprotocol=https\nhost=h\n", Wanted("https", "h", 443)),
    ],
)  # fmt: skip
def test_a_request_is_read_as_git_writes_it(text: str, wanted: Wanted) -> None:
    assert read_wanted(text.encode()) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "\n", "protocol=https\n", "host=h\n", "protocol=https\nhost=\n", "protocol=https\nhost=h:x\n", "protocol\n",
     "protocol=https\nhost=h:0\n", "protocol=https\nhost=h:99999\n", "protocol=https\nhost=h\r\n", "a\0b=c\n",
     "protocol=https\nhost=h\npath=" + "x" * 20_000, "protocol=https\nhost=:443\n", "protocol=https\nhost=\xff\n"],
)  # fmt: skip
def test_what_git_does_not_write_is_no_request(text: str) -> None:
    with pytest.raises(ValueError):
        read_wanted(text.encode("latin-1"))


@pytest.mark.parametrize(
    ("paths", "path", "admitted"),
    [
        ((), "any/thing", True),
        (("team/*",), "team/app", True),
        (("team/*",), "team/app.git", True),
        (("team/app",), "team/app.git", True),
        (("team/app",), "team/apple", False),
        (("team/*",), "private/app", False),
        (("team/*",), "xteam/app", False),
        (("team/*",), "team/../private/app", False),
        (("team/*",), "", False),
    ],
)
def test_paths_are_those_that_the_policy_names(paths, path: str, admitted: bool) -> None:
    assert admits(paths, path) is admitted


def test_an_answer_is_two_lines_or_none() -> None:
    assert answer("u", "p=w") == b"username=u\npassword=p=w\n"
    for user, password in (("u\nx", "p"), ("u", "p\nquit=0"), ("u", "p\0"), ("u", "p\r")):
        with pytest.raises(ValueError):
            answer(user, password)
