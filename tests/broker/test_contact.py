"""How long the API has been away is told by clocks that a session cannot turn back."""

from __future__ import annotations

from guardcli.broker.contact import GRACE_SECONDS, STALE_SECONDS, Contact


class Clocks:
    def __init__(self) -> None:
        self.steady, self.wall = 1000.0, 5000.0

    def contact(self, away: float | None = None) -> Contact:
        return Contact(away, steady=lambda: self.steady, wall=lambda: self.wall)

    def on(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds


def test_an_api_that_answers_is_not_away() -> None:
    clocks = Clocks()
    contact = clocks.contact()
    for _ in range(10):
        clocks.on(STALE_SECONDS / 2)
        contact.heard()
        assert contact.away() is None


def test_a_short_outage_is_none_and_a_longer_one_counts_from_when_it_was_last_heard() -> None:
    clocks = Clocks()
    contact = clocks.contact()
    clocks.on(20)
    contact.failed()
    clocks.on(GRACE_SECONDS - 1)
    contact.failed()
    assert contact.away() is None
    clocks.on(1)
    assert contact.away() == 20 + GRACE_SECONDS
    contact.heard()
    assert contact.away() is None


def test_an_api_that_says_nothing_for_long_is_away_though_no_attempt_has_failed() -> None:
    clocks = Clocks()
    contact = clocks.contact()
    clocks.on(STALE_SECONDS + 1)
    assert contact.away() == STALE_SECONDS + 1


def test_setting_the_clock_back_gains_nothing_and_setting_it_forward_ends_it_sooner() -> None:
    clocks = Clocks()
    contact = clocks.contact()
    contact.failed()
    clocks.on(60)
    clocks.wall -= 3600
    assert contact.away() == 60
    clocks.wall += 7200
    assert contact.away() == 60 + 3600


def test_the_wall_s_clock_alone_makes_no_outage() -> None:
    clocks = Clocks()
    contact = clocks.contact()
    clocks.wall += 1e6
    assert contact.away() is None


def test_what_was_away_from_the_beginning_is_so_without_a_grace() -> None:
    clocks = Clocks()
    contact = clocks.contact(away=30.0)
    assert contact.away() == 30
    clocks.on(5)
    assert contact.away() == 35
    contact.heard()
    assert contact.away() is None
