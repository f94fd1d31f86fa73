"""A sealed directory holds, and whatever is done to it is named."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from guardcli.client.sealing import archive, opened, seal
from guardcli.model.errors import ConfigurationError, ConflictError, UnavailableError
from guardcli.signing import KeyRing, made_key

FILES = {"a.json": b'{"x":1}', "b.html": "<p>é".encode()}


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, str]:
    name = seal(tmp_path / "out", FILES, made_key(tmp_path / "key"))
    return tmp_path / "out", name


def test_what_is_untouched_holds(sealed: tuple[Path, str], tmp_path: Path) -> None:
    place, name = sealed
    assert opened(place) == ((name,), [])
    assert seal(tmp_path / "more", {}, made_key(tmp_path / "key")) == name
    assert seal(tmp_path / "other", FILES, made_key(tmp_path / "key2")) != name
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "key2", "more", "other", "out"]


def rewrite(place: Path, change: Callable[[dict[str, object]], object]) -> None:
    form = json.loads((place / "manifest.json").read_text())
    change(form)
    (place / "manifest.json").write_text(json.dumps(form))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed byte": (lambda place: flip(place / "a.json"), "a.json was changed"),
    "a cut tail": (lambda place: (place / "b.html").write_bytes(FILES["b.html"][:-1]), "b.html was changed"),
    "a missing file": (lambda place: (place / "b.html").unlink(), "b.html is missing"),
    "a file more": (lambda place: (place / "c").write_text(""), "c does not belong"),
    "files swapped": (lambda place: (place / "a.json").write_bytes(FILES["b.html"]), "a.json was changed"),
    "a forged digest": (lambda place: rewrite(place, lambda form: form.update(files={})), "not the signature"),
    "another key": (
        lambda place: rewrite(place, lambda form: form.update(key=base64.b64encode(b"k" * 32).decode())),
        "not the signature",
    ),
    "no manifest's form": (lambda place: (place / "manifest.json").write_text("[]"), "manifest.json is none"),
    "no JSON": (lambda place: (place / "manifest.json").write_bytes(b"\xff"), "manifest.json is none"),
    "nested too deep": (lambda place: (place / "manifest.json").write_text("[" * 100_000), "manifest.json is none"),
    "no signature's form": (lambda place: (place / "manifest.sig").write_text("é*"), "is none"),
    "another signature": (
        lambda place: (place / "manifest.sig").write_bytes(base64.b64encode(b"s" * 64)),
        "not the signature",
    ),
}


@pytest.mark.parametrize("name", HARMS)
def test_what_was_done_to_it_is_named(sealed: tuple[Path, str], name: str) -> None:
    harm, said = HARMS[name]
    harm(sealed[0])
    faults = opened(sealed[0])[1]
    assert faults and said in faults[0]


def test_what_is_not_there_or_in_the_way_is_said(sealed: tuple[Path, str], tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        opened(tmp_path / "none")
    with pytest.raises(ConflictError, match="exists already"):
        seal(sealed[0], FILES, made_key(tmp_path / "key"))
    with pytest.raises(UnavailableError):
        made_key(tmp_path / "none" / "key")


def test_a_key_that_others_can_read_or_that_is_none_is_refused(sealed: tuple[Path, str], tmp_path: Path) -> None:
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(ConfigurationError, match="read by others"):
        made_key(tmp_path / "key")
    (tmp_path / "short").write_bytes(b"x")
    (tmp_path / "short").chmod(0o600)
    with pytest.raises(ConfigurationError, match="32 bytes"):
        made_key(tmp_path / "short")


@pytest.fixture
def zipped(tmp_path: Path) -> tuple[Path, KeyRing]:
    """A zip that is signed by a key that follows on another."""
    ring = KeyRing(tmp_path / "keys")
    ring.rotate(5.0)
    path = tmp_path / "out.zip"
    path.write_bytes(archive(FILES, ring.public(), ring.sign))
    return path, ring


def rezip(path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)


def test_a_zip_is_known_by_every_key_that_its_own_follows_on(zipped: tuple[Path, KeyRing]) -> None:
    path, ring = zipped
    first, second = (link.key.fingerprint for link in ring.public().links)
    assert opened(path) == ((second, first), [])


ZIP_HARMS: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "a changed file": (lambda files: files.update({"a.json": b"{}"}), "a.json was changed"),
    "a missing file": (lambda files: files.pop("a.json"), "a.json is missing"),
    "a file more": (lambda files: files.update(c=b""), "c does not belong"),
    "a changed manifest": (
        lambda files: files.update({"manifest.json": files["manifest.json"] + b" "}),
        "not the signature",
    ),
    "no manifest": (lambda files: files.pop("manifest.json"), "manifest.json is missing"),
    "no signature": (lambda files: files.update({"manifest.sig": b"{}"}), "not the signature"),
    "many files": (lambda files: files.update({str(number): b"" for number in range(20)}), "more than evidence"),
}


@pytest.mark.parametrize("name", ZIP_HARMS)
def test_whatever_is_done_to_a_zip_is_named(zipped: tuple[Path, KeyRing], name: str) -> None:
    harm, words = ZIP_HARMS[name]
    rezip(zipped[0], harm)
    assert words in opened(zipped[0])[1][0]


def test_a_byte_of_a_zip_that_was_changed_is_found_or_says_nothing(zipped: tuple[Path, KeyRing]) -> None:
    """Every 5th byte; dates and the like, which nobody reads, may change: what comes out is the same then."""
    path, _ = zipped
    whole, names = path.read_bytes(), opened(path)[0]
    for place in range(0, len(whole), 5):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        found, faults = opened(path)
        assert faults or found == names, place


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18, b"x" * 1000])
def test_what_is_no_zip_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "out.zip").write_bytes(content)
    assert opened(tmp_path / "out.zip")[1]
