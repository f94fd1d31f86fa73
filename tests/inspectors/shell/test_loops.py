"""A loop over a few plain words is read turn by turn; what else its variable may be is not known."""

from __future__ import annotations

import pytest

from guardcli.inspectors.shell import inspect_shell
from guardcli.inspectors.shell.loops import MAX_LOOP, MAX_TURNS, turns
from guardcli.model.effects import Effect


def only_reads(text: str) -> bool:
    found = inspect_shell(text)
    return all(one.complete and one.effects <= {Effect.READ, Effect.SESSION} and not one.sensitive for one in found)


@pytest.mark.parametrize(
    ("harmless", "other"),
    [
        ("for s in nginx redis; do systemctl is-active $s; done", "for s in nginx redis; do systemctl stop $s; done"),
        ("for v in status is-active; do systemctl $v nginx; done", "for v in status stop; do systemctl $v nginx; done"),
        ("for c in ls df; do $c; done", "for c in ls rm; do $c x; done"),
        ("for f in /var/log/a /var/log/b; do cat $f; done", "for f in /var/log/a /etc/shadow; do cat $f; done"),
        ("for f in a b; do find . -name $f; done", "for f in a -delete; do find . $f; done"),
        ("for h in a b; do docker logs ${h}; done", "for h in a b; do docker rm ${h}; done"),
        ("for s in a b; do systemctl status $s; done", "for s in a b; do read s; systemctl status $s; done"),
        ("for s in a b; do echo $s; done", "for s in a b; do printf -v s rm; $s x; done"),
        ("for s in ls df; do $s; done", "for s in ls df; do s=rm; $s x; done"),
        ("for s in ls df; do $s; done", "for s in ls df; do $s; done; $s"),
        ("for s in ls df; do $s; done", "s=rm; for s in ls df; do $s; done; $s x"),
        ("for s in ls df; do $s; done", "for s in ls df; do for s in rm; do $s x; done; done"),
        ("for s in ls df; do $s; done", "for s in ls df; do for t in a b; do $s; $t; done; done"),
        ("for s in ls df; do $s; done", "for s in ls $x; do $s; done"),
        ("for s in ls df; do $s; done", "for s in ls 'rm x'; do $s; done"),
        ("for s in ls df; do $s; done", "for s in ls r*; do $s; done"),
        ("for s in ls df; do $s; done", "for s in ls {df,rm}; do $s; done"),
        ("for s in ls df; do $s; done", "for s; do $s; done"),
        ("for s in ls df; do $s; done", "f() { s=rm; }; for s in ls df; do f; $s x; done"),
        ("for s in ls df; do $s; done", "for s in ls df; do eval s=rm; $s x; done"),
        ("for s in ls df; do $s; done", "for PATH in a b; do ls; done"),
    ],
)
def test_each_turn_is_judged_for_what_it_does(harmless: str, other: str) -> None:
    assert only_reads(harmless)
    assert not only_reads(other)


def test_only_few_plain_words_are_turns() -> None:
    assert turns(["a", "/b_1", "10.0.0.7", "k=v"], "") == ["a", "/b_1", "10.0.0.7", "k=v"]
    assert turns(["ls"] * MAX_TURNS, "") and not turns(["ls"] * (MAX_TURNS + 1), "")
    for word in ("-x", "$x", "~", "a*", "'a'", "{a,b}", "", "a b", "a\nb", "a;b", "é"):
        assert not turns(["a", word], "")
    assert not turns(["ls"], "x" * (MAX_LOOP + 1))
