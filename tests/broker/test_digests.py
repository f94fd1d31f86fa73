"""The digest of a stream is that of its bytes, however they come, and leaves no thread behind."""

from __future__ import annotations

import hashlib
import random
import threading

import pytest

from guardcli.broker.digests import LARGE, StreamDigest


@pytest.mark.parametrize(
    "sizes", [(), (0,), (1, 2, 3), (LARGE,), (LARGE - 1, LARGE, 1, LARGE + 1), (LARGE,) * 9, (3, 1 << 20, 7)]
)
def test_the_digest_is_that_of_all_pieces_in_order(sizes: tuple[int, ...]) -> None:
    dice, whole, digest = random.Random(1), hashlib.sha256(), StreamDigest()
    for size in sizes:
        piece = dice.randbytes(size)
        whole.update(piece)
        digest.update(piece)
        if dice.random() < 0.3:
            assert digest.hexdigest() == whole.hexdigest()
    assert digest.hexdigest() == whole.hexdigest()
    digest.close()


def test_its_thread_ends_when_it_is_closed_and_more_may_come() -> None:
    digest = StreamDigest()
    for _ in range(3):
        digest.update(bytes(LARGE))
        digest.close()
    wanted = hashlib.sha256(bytes(3 * LARGE)).hexdigest()
    assert digest.hexdigest() == wanted
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("guard-digest")]
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
