"""Rules choose detectors, strategies and tools; one masker serves many threads; hostile input costs no more."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from guardcli.masking import DEFAULT_RULES, DETECTOR_NAMES, Masker
from guardcli.masking.cache import PatternCache
from guardcli.model.errors import ConfigurationError
from guardcli.model.masking import (
    CREDENTIAL_DETECTORS,
    DETECTORS,
    MACHINE_DETECTORS,
    PERSONAL_DETECTORS,
    MaskRule,
    Strategy,
)

KEY = bytes(range(32))
DEFAULT = Masker(DEFAULT_RULES, key=KEY)


def test_the_names_that_a_policy_may_use_are_those_of_the_detectors() -> None:
    assert set(DETECTOR_NAMES) == DETECTORS
    assert not CREDENTIAL_DETECTORS & (PERSONAL_DETECTORS | MACHINE_DETECTORS)


def test_an_unknown_detector_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"e-mail.*known are.*email"):
        Masker([MaskRule(detect=("e-mail",))], key=KEY)


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="16 bytes, not 32"):
        Masker([], key=bytes(16))


def test_no_rules_change_nothing() -> None:
    text = "ann@corp-mail.org password=hunter2"
    assert Masker([], key=KEY).text(text) == text


def test_the_first_rule_for_a_detector_and_a_tool_holds() -> None:
    rules = [
        MaskRule(detect=("email",), strategy=Strategy.MASK, tools=("psql",)),
        MaskRule(detect=("email",), strategy=Strategy.PARTIAL, keep_last=3),
    ]
    masker = Masker(rules, key=KEY)
    assert masker.text("ann@corp.org", "psql") == "************"
    assert masker.text("ann@corp.org", "git") == "*********org"


def test_text_that_is_not_utf8_survives() -> None:
    odd = b"\xff\xfe password=hunter2 \x80".decode("utf-8", "surrogateescape")
    assert DEFAULT.text(odd).encode("utf-8", "surrogateescape") == b"\xff\xfe password=[PASSWORD] \x80"


def test_hashes_join_within_a_key_and_not_across() -> None:
    rules = [MaskRule(detect=("email",), strategy=Strategy.HASH)]
    one, other = Masker(rules, key=KEY), Masker(rules, key=bytes(32))
    first, second = one.text("ann@corp.org ann@corp.org").split()
    assert first == second != other.text("ann@corp.org")
    assert one.text("bob@corp.org") != first


def test_many_threads_share_a_masker() -> None:
    data = b"mail ann@corp-mail.org password=hunter2\n" * 500
    wanted = DEFAULT.stream().feed(data)
    results: list[bytes] = []

    def work() -> None:
        for _ in range(5):
            results.append(DEFAULT.stream().feed(data))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [wanted] * 20


def test_compiled_patterns_are_kept_and_a_spoilt_file_costs_only_time(tmp_path: Path) -> None:
    cache = PatternCache(tmp_path / "patterns")
    rules = [MaskRule(detect=("jwt", "email"))]
    Masker(rules, key=KEY, load=cache.load, store=cache.store)
    (stored,) = (tmp_path / "patterns").iterdir()
    good = stored.read_bytes()
    for content in (good, good[:100], b"", b"guard-patterns-1\nnot a database"):
        stored.write_bytes(content)
        masker = Masker(rules, key=KEY, load=cache.load, store=cache.store)
        assert masker.text("to ann@corp.org") == "to [EMAIL]"
        assert stored.read_bytes() == good


@pytest.mark.parametrize(
    "unit",
    [
        b"a@b.c", b"@", b"a@", b"4", b"4 ", b"4111 ", b"password=", b"password:", b"token ", b"eyJ", b"eyJhbGciOi.",
        b"-----BEGIN PRIVATE KEY-----", b"://a:b", b"://a:b@", b"\x1b[", b"\x1b]", b"\x1b", b'"', b"'", b'"data":{"',
        b"AKIA", b"sk-", b"Cookie: a=b;", b"authorization: basic ", b"DE89 ", b"+1 ", b"\\\"", b"|", b" | ", b"key=",
        b"a.", b"data:\n ", b"-----BEGIN PRIVATE KEY-----\n",
    ],
)  # fmt: skip
def test_repeated_beginnings_of_secrets_take_linear_time(unit: bytes) -> None:
    def cost(size: int) -> float:
        data = unit * (size // len(unit))
        best = float("inf")
        for _ in range(2):
            stream = DEFAULT.stream()
            begin = time.process_time()
            for place in range(0, len(data), 4096):
                stream.feed(data[place : place + 4096])
            stream.finish()
            best = min(best, time.process_time() - begin)
        return best

    small, large = cost(16384), cost(4 * 16384)
    assert large < 0.05 + 4 * 4 * small
