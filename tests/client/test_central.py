"""What the centre says is taken where it holds, against anybody in the middle; what was kept counts for a time."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from central_api import CentralApi, Middle, central_api, in_the_middle, policy

from guardcli.api.permissions import Role
from guardcli.client import central
from guardcli.client.central import Centre, Trust
from guardcli.model.errors import ConfigurationError, UnauthorizedError, UnavailableError
from guardcli.model.secrets import Secret
from guardcli.policy.bundles import opened
from guardcli.signing import ForgedError, KeyRing, KeySet


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CentralApi]:
    with central_api(tmp_path_factory.mktemp("central")) as found:
        found.publish("agents", policy("first", "allow"))
        found.publish("agents", policy("second", "deny"))
        yield found


@pytest.fixture(scope="module")
def token(api: CentralApi) -> Secret:
    return api.token("agent", Role.AGENT, "agents")


@pytest.fixture
def middle(api: CentralApi) -> Iterator[Middle]:
    with in_the_middle(api.url) as found:
        yield found


def trust(api: CentralApi, place: Path, url: str = "") -> Trust:
    found = Trust(place, url or api.url)
    found.learn(api.keys.public())
    return found


def centre(api: CentralApi, token: Secret, place: Path, url: str = "") -> Centre:
    return Centre(api.client(token, url), token, trust(api, place, url), place)


def test_a_group_gets_its_version_and_everybody_else_none(api: CentralApi, token: Secret, tmp_path: Path) -> None:
    found = centre(api, token, tmp_path).ask()
    assert (found.version, opened(found.content).name, found.answer.groups) == (2, "second", ("agents",))
    other = api.token("stranger", Role.AGENT, "strangers")
    assert centre(api, other, tmp_path).ask().version == 0
    assert centre(api, api.token("nobody", Role.AGENT), tmp_path).ask().published is None


def test_a_central_api_does_not_believe_which_groups_one_says_to_be_in(api: CentralApi, tmp_path: Path) -> None:
    sly = api.token("sly", Role.AGENT, "strangers")
    asking = Centre(api.client(sly), sly, trust(api, tmp_path), tmp_path, groups=["agents"])
    assert asking.ask().version == 0


def test_what_one_has_is_not_given_again(api: CentralApi, token: Secret, middle: Middle, tmp_path: Path) -> None:
    asking = centre(api, token, tmp_path, middle.url)
    first, second = asking.ask(), asking.ask()
    assert first.content == second.content and first.answer.nonce != second.answer.nonce
    assert [one["bundle"] is None for one in middle.answers] == [False, True]


def laxer(form: Any) -> None:
    form["bundle"]["content"] = form["bundle"]["content"].replace("decision: deny", "decision: allow")


def unsigned(form: Any) -> None:
    form["signature"]["value"] = form["bundle"]["signature"]["value"]


def none_assigned(form: Any) -> None:
    form["answer"].update(version=0, content="", group="")
    form["bundle"] = None


def keys_of_a_stranger(form: Any, ring: KeyRing) -> None:
    form["keys"] = ring.public().as_json()


@pytest.mark.parametrize("harm", [laxer, unsigned, none_assigned], ids=lambda harm: harm.__name__)
def test_what_somebody_in_the_middle_changes_is_refused(
    api: CentralApi, token: Secret, middle: Middle, tmp_path: Path, harm: Callable[[Any], None]
) -> None:
    def change(_path: str, form: Any) -> Any:
        harm(form)
        return form

    middle.change = change
    asking = centre(api, token, tmp_path, middle.url)
    with pytest.raises(ForgedError):
        asking.ask()
    assert asking.kept() is None
    middle.change = lambda path, form: form
    assert asking.ask().version == 2


def test_an_old_answer_is_refused_and_so_is_one_that_was_for_another(
    api: CentralApi, token: Secret, middle: Middle, tmp_path: Path
) -> None:
    asking = centre(api, token, tmp_path, middle.url)
    asking.ask()
    old = copy.deepcopy(middle.answers[0])
    middle.change = lambda path, form: old
    with pytest.raises(ForgedError, match="another question"):
        asking.ask()
    other = api.token("lax-agent", Role.AGENT, "lax")

    def relayed(path: str, form: Any) -> Any:
        """The very question, asked with a token of one's own that is judged by something laxer."""
        return api.client(other).transport.call("GET", path)

    middle.change = relayed
    with pytest.raises(ForgedError, match="another token"):
        asking.ask()


def test_a_key_that_does_not_follow_on_is_refused_and_one_that_does_is_taken(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    with central_api(tmp_path / "api") as api, in_the_middle(api.url) as middle:
        token = api.token("agent", Role.AGENT, "agents")
        api.publish("agents", policy("first", "allow"))
        asking = centre(api, token, tmp_path / "place", middle.url)
        assert asking.ask().version == 1
        stranger = KeyRing(tmp_path / "stranger")

        def change(path: str, form: Any) -> Any:
            return {**form, "keys": stranger.public().as_json()}

        middle.change = change
        with pytest.raises(ForgedError, match="does not follow on"):
            asking.ask()
        middle.change = lambda path, form: form
        api.keys.rotate(time.time())
        api.publish("agents", policy("second", "deny"))
        assert asking.ask().version == 2
        before = KeySet(api.keys.public().links[:1])

        def forgetting(path: str, form: Any) -> Any:
            return {**form, "keys": before.as_json()}

        middle.change = forgetting
        with pytest.raises(ForgedError):
            asking.ask()
        late = centre(api, token, tmp_path / "late")
        assert late.ask().version == 2, "whoever learns the new key takes what it signs"
        rolled = api.admin().assign(1, "agents", rollback=True)
        assert late.ask().version == 1, "and what the old one has signed, where the new one answers with it"
        assert late.ask().answer.serial == rolled["serial"]


def test_keys_are_pinned_by_the_operator_or_learned_and_never_just_believed(
    api: CentralApi, token: Secret, tmp_path: Path
) -> None:
    client, right = api.client(token), api.keys.public().current.fingerprint
    pinned = Trust(tmp_path / "pinned", api.url, [right])
    assert Centre(client, token, pinned, tmp_path / "pinned").ask().version == 2
    for pins in ([], ["0" * 64], [right[:16]]):
        found = Trust(tmp_path / f"other{len(pins)}{pins[:1]}", api.url, pins)
        assert found.exists is bool(pins)
        with pytest.raises(ForgedError):
            Centre(client, token, found, tmp_path).ask()
    learned = trust(api, tmp_path / "learned")
    repinned = Trust(tmp_path / "learned", api.url, ["0" * 64])
    assert learned.exists and repinned.known() is None
    with pytest.raises(ForgedError):
        Centre(client, token, repinned, tmp_path / "learned").ask()
    file = next((tmp_path / "learned").glob("*.keys.json"))
    file.write_text("{}")
    with pytest.raises(ConfigurationError, match="enrol"):
        learned.known()


def test_what_was_kept_counts_while_the_api_is_away(
    api: CentralApi, token: Secret, middle: Middle, tmp_path: Path
) -> None:
    centre(api, token, tmp_path, middle.url).ask()
    middle.change = lambda path, form: None
    again = centre(api, token, tmp_path, middle.url)
    kept = again.kept()
    assert kept is not None and kept.assigned.version == 2 and kept.away < 60
    with pytest.raises(UnavailableError):
        again.ask()
    other = api.token("third", Role.AGENT, "agents")
    assert centre(api, other, tmp_path, middle.url).kept() is None, "it is kept for one token"


def stored(place: Path) -> Path:
    return next(path for path in place.glob("*.json") if not path.name.endswith(".keys.json"))


def edited(place: Path, change: Callable[[Any], None]) -> None:
    form = json.loads(stored(place).read_text())
    change(form)
    stored(place).write_text(json.dumps(form))


def test_what_is_kept_cannot_be_edited(api: CentralApi, token: Secret, tmp_path: Path) -> None:
    for harm in (laxer, unsigned, none_assigned):
        place = tmp_path / harm.__name__
        centre(api, token, place).ask()
        edited(place, lambda form, harm=harm: harm(form["form"]))
        assert centre(api, token, place).kept() is None, harm
    place = tmp_path / "stranger"
    centre(api, token, place).ask()
    edited(place, lambda form: keys_of_a_stranger(form["form"], KeyRing(tmp_path / "ring")))
    assert centre(api, token, place).kept() is None
    stored(place).write_text("[")
    assert centre(api, token, place).kept() is None


HOUR = 3600.0

TIMES = [
    ("as it is", {}, 0.0, 0.0),
    ("an hour later", {}, HOUR, HOUR),
    ("an hour later, the file says just now", {"wall": HOUR, "steady": HOUR}, HOUR, HOUR - central.SKEW_SECONDS),
    ("an hour later by the other clock, and the wall's set back", {"steady": -HOUR}, 0.0, HOUR),
    ("another boot, an hour later", {"boot": "x"}, HOUR, HOUR),
    ("another boot, the wall's clock set back a little", {"boot": "x"}, -60.0, float("inf")),
    ("the wall's clock set back a lot", {}, -HOUR, float("inf")),
]


@pytest.mark.parametrize(("changes", "later", "least"), [case[1:] for case in TIMES], ids=[case[0] for case in TIMES])
def test_how_long_the_api_was_away_is_told_by_the_clock_that_says_the_longest(
    api: CentralApi,
    token: Secret,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    later: float,
    least: float,
) -> None:
    """`changes` are to what the file says, by so many seconds; `later` is how far the wall's clock has gone on."""
    centre(api, token, tmp_path).ask()

    def change(form: Any) -> None:
        for name, value in changes.items():
            form[name] = value if isinstance(value, str) else form[name] + value

    edited(tmp_path, change)
    real = time.time
    monkeypatch.setattr(central.time, "time", lambda: real() + later)
    kept = centre(api, token, tmp_path).kept()
    assert kept is not None and kept.away >= least - 1
    if least < HOUR:
        assert kept.away < least + 300


def test_a_token_that_is_not_valid_is_said_and_is_no_outage(api: CentralApi, tmp_path: Path) -> None:
    with pytest.raises(UnauthorizedError):
        centre(api, Secret("guard-service.x.y"), tmp_path).ask()


def test_a_disk_that_takes_nothing_keeps_nobody_from_the_answer(api: CentralApi, token: Secret, tmp_path: Path) -> None:
    trusted = trust(api, tmp_path / "keys")
    (tmp_path / "file").write_text("")
    asking = Centre(api.client(token), token, trusted, tmp_path / "file" / "none")
    assert asking.ask().version == 2 and asking.kept() is None
