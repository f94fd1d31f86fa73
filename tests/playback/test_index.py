"""A player stands where it is told to, whether it came there by playing or by jumping."""

from __future__ import annotations

import json
import random

import pytest

from guardcli.playback import index as room
from guardcli.playback.index import Index, Player


def recording(entries: list[tuple[float, str, str]], columns: int = 30, rows: int = 6) -> bytes:
    lines = [json.dumps({"version": 2, "width": columns, "height": rows}), *(json.dumps(one) for one in entries)]
    return "".join(line + "\n" for line in lines).encode()


def entries(seed: int, count: int) -> list[tuple[float, str, str]]:
    chance = random.Random(seed)
    bits = [
        "word ",
        "\r\n",
        "\x1b[31m",
        "\x1b[0m",
        "\x1b[2;2H",
        "\x1b[2J",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "é漢",
        "\x1b[",
    ]
    found, time = [], 0.0
    for _ in range(count):
        time += chance.choice((0, 0.01, 0.5))
        if chance.random() < 0.02:
            found.append((time, "r", f"{chance.randint(5, 60)}x{chance.randint(2, 12)}"))
        found.append((time, "o", "".join(chance.choice(bits) for _ in range(chance.randint(1, 30)))))
    return found


def played(data: bytes, time: float) -> Player:
    """Return a player that came to `time` from the beginning, by an index without keyframes in between."""
    index = Index()
    index.add(data.split(b"\n", 1)[0] + b"\n")
    player = Player(index, lambda offset, length: data[offset : offset + length])
    player.seek(0)
    player.advance(time)
    return player


@pytest.mark.parametrize("seed", range(4))
def test_a_jump_shows_what_playing_would_show(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(room, "KEYFRAME_BYTES", 700)
    data = recording(entries(seed, 200))
    index = Index()
    chance = random.Random(seed)
    place = 0
    while place < len(data):
        step = chance.randint(1, 900)
        index.add(data[place : place + step])
        place += step
    jumping = Player(index, lambda offset, length: data[offset : offset + length])
    for _ in range(30):
        time = chance.uniform(-1, index.duration + 1)
        jumping.seek(time)
        straight = played(data, max(0.0, time))
        assert (jumping.terminal.rows(), jumping.terminal.cursor) == (
            straight.terminal.rows(),
            straight.terminal.cursor,
        )
        assert jumping.next_time() == straight.next_time()


def test_a_keyframe_is_never_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEYFRAME_BYTES", 1000)
    data = recording([(n / 10, "o", f"line {n}\r\n") for n in range(2000)])
    index = Index()
    index.add(data)
    for time in (0.0, 50.0, 123.4, 199.0):
        frame = index.before(time)
        assert frame is not None
        between = [line for line in data[frame.offset :].split(b"\n")[:-1] if json.loads(line)[0] <= time]
        assert sum(len(line) + 1 for line in between) <= 1100


def test_a_player_goes_on_with_what_is_written_meanwhile() -> None:
    data = bytearray(recording([(1.0, "o", "first")]))
    index = Index()
    index.add(bytes(data))
    player = Player(index, lambda offset, length: bytes(data[offset : offset + length]))
    player.seek(5)
    assert player.next_time() is None
    more = json.dumps([6.0, "o", " second"]).encode()
    data += more[:5]
    assert not player.advance(10)
    data += more[5:] + b"\n"
    assert player.next_time() == 10
    assert player.advance(10)
    assert player.terminal.text()[0] == "first second"


@pytest.mark.parametrize(
    "junk", [b"", b"\n", b"[1]\n", b"\xff\xfe\n", b'{"width": "x"}\n', b'[1e999, "o", "x"]\n', b"[" * 9999 + b"\n"]
)
def test_what_is_torn_or_nonsense_is_passed_over(junk: bytes) -> None:
    data = recording([(1.0, "o", "a")]) + junk + b'[2.0, "o", "b"]\n'
    index = Index()
    index.add(data)
    player = Player(index, lambda offset, length: data[offset : offset + length])
    player.seek(9)
    assert player.terminal.text()[0] == "ab"


def test_without_a_file_there_is_an_empty_screen() -> None:
    player = Player(Index(), lambda offset, length: b"")
    player.seek(3)
    assert player.next_time() is None
    assert not any(player.terminal.text())
