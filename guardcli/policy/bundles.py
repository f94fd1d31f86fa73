"""Bundles: a policy with every file it is made of, as the centre publishes, assigns and answers for it. Pure.

Three things are signed, each for a purpose of its own, over canonical JSON:

===========  ==========================================================================================
`Published`  a version: the SHA-256 of its content, the digest of what is in force by it, who, when, why
`Order`      from its serial on, this group is judged by that version; serials only grow, a rollback's too
`Answer`     to one question, told apart by a nonce: what the bearer of this token is judged by now
===========  ==========================================================================================

Whoever is answered checks all of it with `verify`: what was tampered with, was answered to somebody else or at another
time, or is older than what was seen before, is refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import os.path
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from guardcli.model.errors import ConfigurationError
from guardcli.model.events import canonical
from guardcli.signing import ForgedError, KeySet, Signature

if TYPE_CHECKING:
    from guardcli.policy import Policy

CONTENT_MAX = 4 << 20
"""Bytes of a bundle's content."""

PACK = "pack:"

EVERYBODY = "*"
"""The group that everybody is in; it goes after every other."""


@dataclass(frozen=True, slots=True)
class Published:
    """A version. `digest` is the `Policy.digest` of what it comes to, `at` in seconds since the epoch."""

    version: int
    name: str
    digest: str
    content: str
    by: str
    at: float
    comment: str


@dataclass(frozen=True, slots=True)
class Order:
    """`group` is judged by `version`, 0 for none, whose content is `content`; the highest `priority` goes first."""

    serial: int
    group: str
    version: int
    content: str
    priority: int
    action: str
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What was decided last is `serial`; `group` is the one whose assignment holds, empty for none, version 0.

    `bearer` is the SHA-256 of the token that was shown, empty for none; `groups` those that the API knows it to be in.
    """

    serial: int
    group: str
    version: int
    content: str
    bearer: str
    groups: tuple[str, ...]
    nonce: str
    at: float


Statement = Published | Order | Answer
Kind = TypeVar("Kind", Published, Order, Answer)

PURPOSES: Mapping[type[Statement], str] = {Published: "policy", Order: "policy-order", Answer: "policy-answer"}


def message(statement: Statement) -> bytes:
    """Return what is signed of a statement."""
    return canonical(asdict(statement))


def parsed(kind: type[Kind], form: object) -> Kind:
    """Return the statement of a JSON object. Raises ForgedError where it is none."""
    if not isinstance(form, dict) or form.keys() != {one.name for one in fields(kind)}:
        raise ForgedError(f"this is no {kind.__name__.lower()} statement")
    values: dict[str, Any] = {}
    for one in fields(kind):
        value, wanted = form[one.name], str(one.type)
        if wanted == "tuple[str, ...]":
            sound = isinstance(value, list) and all(isinstance(part, str) for part in value)
            value = tuple(value) if sound else value
        else:
            sound = type(value).__name__ == wanted and (wanted != "float" or math.isfinite(value))
        if not sound:
            raise ForgedError(f"{one.name} of a statement is wrong")
        values[one.name] = value
    return kind(**values)


def checked(kind: type[Kind], form: object, signature: object, keys: KeySet) -> Kind:
    """Return the statement of a JSON object that a key of `keys` has signed. Raises ForgedError."""
    statement = parsed(kind, form)
    keys.verify(PURPOSES[kind], message(statement), Signature.parse(signature))
    return statement


def gather(source: str, read: Callable[[str], bytes]) -> tuple[bytes, Policy]:
    """Return the content of a bundle of the policy at `source`, a path or ``pack:NAME``, and that policy.

    `read` gives the bytes of a source and raises OSError. Paths are kept relative to the file. Raises
    ConfigurationError with every problem, or where it is too long.
    """
    is_pack = source.startswith(PACK)
    top, directory = (source, "") if is_pack else (os.path.basename(source), os.path.dirname(source))
    files: dict[str, str] = {}

    def kept(name: str) -> bytes:
        found = read(name if name.startswith(PACK) else os.path.join(directory, name))
        files[name] = found.decode("utf-8")
        return found

    from guardcli.policy import load_policy

    policy = load_policy(top, kept)
    return packed(top, files), policy


def packed(top: str, files: Mapping[str, str]) -> bytes:
    """Return the content of a bundle that begins with the file `top`; raises ConfigurationError if it is too long."""
    content = canonical({"policy": top, "files": dict(files)})
    if len(content) > CONTENT_MAX:
        raise ConfigurationError(f"a bundle holds at most {CONTENT_MAX} bytes", hint="split the policy by group")
    return content


def sha256(content: bytes) -> str:
    """Return the name of a content."""
    return hashlib.sha256(content).hexdigest()


def unpacked(content: bytes) -> tuple[str, Mapping[str, str]]:
    """Return the first file's name, and every file. Raises ConfigurationError where it is no content of a bundle."""
    try:
        form = json.loads(content)
        files = form["files"]
        if isinstance(form["policy"], str) and all(isinstance(text, str) for text in files.values()):
            return form["policy"], files
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise ConfigurationError("this is no bundle of a policy")


def opened(content: bytes) -> Policy:
    """Return the policy in a bundle, loaded from its own files alone. Raises ConfigurationError with every problem."""
    top, files = unpacked(content)

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(2, "it is not in the bundle")
        return files[name].encode("utf-8", "surrogatepass")

    from guardcli.policy import load_policy

    return load_policy(top, read)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for: the nonce, the SHA-256 of the token that was shown, and the last serial that was seen."""

    nonce: str
    bearer: str
    serial: int


@dataclass(frozen=True, slots=True)
class Assigned:
    """An answer that holds, and the version that it names, None for none."""

    answer: Answer
    keys: KeySet
    published: Published | None
    content: bytes

    @property
    def version(self) -> int:
        """The version, 0 for none."""
        return self.answer.version


def verify(form: object, keys: KeySet, question: Question | None, known: Assigned | None = None) -> Assigned:
    """Return what an API's answer says, all of it checked with `keys`, which are trusted.

    Without `question` the answer is one that was kept. An answer that leaves the bundle out means that of `known`.
    Raises ForgedError with what does not hold.
    """
    if not isinstance(form, dict) or not {"answer", "signature", "bundle"} <= form.keys():
        raise ForgedError("this is no answer about policies")
    answer = checked(Answer, form["answer"], form["signature"], keys)
    if Signature.parse(form["signature"]).key != keys.current.id:
        raise ForgedError("the answer is signed by a key that signs no more")
    if question is not None:
        _fits(answer, question)
    if not answer.version:
        return Assigned(answer, keys, None, b"")
    if form["bundle"] is None:
        if known is None or known.published is None:
            raise ForgedError(f"the answer names version {answer.version} and does not give it")
        published, content = known.published, known.content
    else:
        published, content = _bundle(form["bundle"], keys)
    if (published.version, published.content, sha256(content)) != (answer.version, answer.content, answer.content):
        raise ForgedError(f"what was given is not version {answer.version}")
    return Assigned(answer, keys, published, content)


def _fits(answer: Answer, question: Question) -> None:
    if answer.nonce != question.nonce:
        raise ForgedError("the answer is to another question: an old one, perhaps")
    if answer.bearer != question.bearer:
        raise ForgedError("the answer is for the bearer of another token")
    if answer.serial < question.serial:
        raise ForgedError(f"the answer is of serial {answer.serial}, after {question.serial} was seen: it is older")


def _bundle(form: object, keys: KeySet) -> tuple[Published, bytes]:
    if not isinstance(form, dict) or not {"published", "signature", "content"} <= form.keys():
        raise ForgedError("this is no bundle")
    published = checked(Published, form["published"], form["signature"], keys)
    if not isinstance(form["content"], str):
        raise ForgedError("this is no bundle's content")
    return published, form["content"].encode("utf-8", "surrogatepass")
