"""A model in Python of how the compiled core finds the secret around a trigger: what `finders` say, by `re`."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, reduce
from hashlib import sha256

from stdnum import bitcoin, iban
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from guardcli.masking.compiled.chosen import is_chosen
from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.compiled.native import Question, library
from guardcli.masking.compiled.numbering import plans
from guardcli.masking.compiled.placeholders import is_dummy, is_placeholder
from guardcli.masking.compiled.rightside import is_secret_string
from guardcli.masking.detectors.national_id import is_valid
from guardcli.masking.detectors.phone import _is_known, _is_number

Found = tuple[int, int] | None
PERHAPS = 2
_compiled = cache(re.compile)
_CHANGE = re.compile(rb"[a-z](?![a-z])|[A-Z](?![A-Z])|[0-9](?![0-9])")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_DIALLED = re.compile(rb"[+(]?[0-9][0-9 ()./-]{5,22}[0-9]")
_WORDS = re.compile(rb"_{0,2}(?>[A-Z]?[a-z]{2,}[-_/+]?|(?:To|Of|In|By|On|At|As)[-_/+]?)+")


def is_noise(text: bytes, start: int) -> bool:
    """Tell whether the core takes the 32 bytes before `start` for such as no text has."""
    return bool(library().guard_noise(text, len(text), start))


def differs(value: bytes, last: int) -> bool:
    return len(set(value[-last:])) > 4


def is_given(value: bytes) -> bool:
    return not value.startswith((b"$", b"{{", b"<", b"%(", b"#{")) and not is_dummy(value)


def is_login(value: bytes) -> bool:
    try:
        user, sign, password = base64.b64decode(value + b"=" * (-len(value) % 4), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return bool(sign) and f"{user}{password}".isprintable() and is_given(password.encode())


def is_pair(value: bytes) -> bool:
    try:
        return b":" in base64.b64decode(value, validate=True)
    except binascii.Error:
        return False


def is_random(value: bytes) -> bool:
    """Tell whether `value` mixes letters and digits and its characters are spread."""
    if value.isalpha() or value.isdigit() or _WORDS.fullmatch(value):
        return False
    if 10 * len(re.findall(rb"[0-9]", value)) < len(value) and 3 * len(_CHANGE.findall(value)) < len(value):
        return False
    size = min(len(value), 64)
    return -sum(n / size * math.log2(n / size) for n in Counter(value[:size]).values()) > 3.2


def is_armoured(value: bytes) -> bool:
    """Tell a private key in base64 from a certificate by its first bytes."""
    head = value[:100]
    try:
        plain = base64.b64decode(head + b"=" * (-len(head) % 4), validate=True)
    except binascii.Error:
        return False
    return b"PRIVATE KEY" in plain or plain.startswith(b"openssh-key-v1")


def is_base58check(value: str) -> bool:
    """Tell whether the last four bytes of 25 are the check sum of the others; Ripple has signs of its own."""
    signs = _RIPPLE if value.startswith("r") else _BASE58
    number = reduce(lambda whole, sign: whole * 58 + signs.find(sign), value, 0)
    if not set(value) <= set(signs) or number >> 200:
        return False
    plain = number.to_bytes(25, "big")
    zeros = len(value) - len(value.lstrip(signs[0])) == len(plain) - len(plain.lstrip(b"\0"))
    return zeros and sha256(sha256(plain[:21]).digest()).digest()[:4] == plain[21:]


def is_bech32(value: str) -> bool:
    """Tell whether it is a witness program with the check sum of its version."""
    length = 3 if value.startswith("l") else 2
    name, rest = value[:length], value[length + 1 :]
    if value[length] != "1" or not set(rest) <= set(bitcoin._bech32_alphabet) or not 11 <= len(value) <= 90:
        return False
    data = [bitcoin._bech32_alphabet.index(sign) for sign in rest]
    try:
        program = bitcoin.b32decode(data[1:-6])
    except ValidationError:
        return False
    fits = 2 <= len(program) <= 40 if data[0] else len(program) in (20, 32)
    wanted = 0x2BC830A3 if data[0] else 1
    return fits and data[0] <= 16 and bitcoin.bech32_checksum(bitcoin._expand_hrp(name) + data) == wanted


def is_address(value: bytes) -> bool:
    """Tell whether it has the check sum of its currency, or is spread as one without a check sum."""
    if value.startswith(b"0"):
        return len(set(value[2:])) > 4
    if len(value) == 95:
        return len(set(value)) > 20
    if value[:1] in b"bBtl":
        return is_bech32(value.decode().lower())
    return is_base58check(value.decode())


def account_length(country: str) -> int:
    """Return how long the account numbers of a country are, 0 where there is none."""
    known = [found["bban"] for _, found in iban._ibandb.info(country) if found]
    return 4 + sum(map(int, re.findall("[0-9]+", known[0]))) if known else 0


def is_account(value: bytes) -> bool:
    """Tell whether it has its country's length and the right check digits."""
    number = iban.compact(value.decode())
    length = account_length(number[:2]) if number[2:4].isdigit() else 0
    return bool(length) and len(number) == length and mod_97_10.is_valid(number[4:] + number[:4])


def is_identifier(value: bytes, number: int) -> bool:
    """Tell whether python-stdnum knows it, where its detector need not be asked."""
    answer = library().guard_identifier(value, len(value), number)
    return answer != PERHAPS and is_valid(value, number)


def is_dialled(value: bytes) -> bool:
    """Tell whether it has the digits and signs of a telephone number."""
    return _DIALLED.fullmatch(value) is not None and 7 <= len(re.findall(rb"[0-9]", value)) <= 15


def is_telephone(value: bytes, american: bool) -> bool:
    """Tell whether phonenumbers knows it, where its detector need not be asked."""
    answer = library().guard_telephone(plans().address, value, len(value), american)
    return answer != PERHAPS and (_is_number(value, "US") if american else _is_known(value))


QUESTIONS = {
    Question.PLACEHOLDER: lambda value: not is_placeholder(value),
    Question.CHOSEN: is_chosen,
    Question.STRICT_STRING: is_secret_string,
    Question.ANY: lambda _: True,
    Question.TOKEN: lambda value: differs(value, 16) and value[-7:].upper() != b"EXAMPLE",
    Question.BODY: lambda value: differs(value, 32) and not value.upper().rstrip(b"=").endswith(b"EXAMPLE"),
    Question.LOGIN: is_login,
    Question.PAIR: is_pair,
    Question.COOKIE: lambda value: len(value) >= 4 and not is_placeholder(value.partition(b"=")[2] or value),
    Question.GIVEN: is_given,
    Question.RANDOM: is_random,
    Question.MATERIAL: lambda value: len(set(value[:64])) > 12,
    Question.ADDRESS: is_address,
    Question.ARMOURED: is_armoured,
    Question.ACCOUNT: is_account,
    Question.DIALLED: is_dialled,
    Question.TELEPHONE: lambda value: is_telephone(value, False),
    Question.AMERICAN: lambda value: is_telephone(value, True),
}


def is_secret(judge: Judge, value: bytes) -> bool:
    if judge.wants and _compiled(judge.wants).fullmatch(value) is None:
        return False
    if judge.declines and _compiled(judge.declines).fullmatch(value) is not None:
        return False
    if judge.question >= Question.IDENTIFIER:
        return is_identifier(value, judge.question - Question.IDENTIFIER)
    return bool(QUESTIONS[judge.question](value))


class Heads:
    """How far the heads of a form have been looked for in a text, and the last one."""

    def __init__(self) -> None:
        self.head: re.Match[bytes] | None = None
        self.next = 0


def find(finder: Finder, text: bytes, at: int, heads: Heads) -> Found:
    """Return the secret that `finder` finds for a trigger that ended at `at`."""
    return _form(finder, text, at, heads) if finder.way is Way.FORM else _WAYS[finder.way](finder, text, at)


def _holds(finder: Finder, text: bytes, start: int, at: int) -> re.Match[bytes] | None:
    value = _compiled(finder.value).match(text, start)
    if value is None or value.end() < at or not is_secret(finder.judge, value[value.lastindex or 0]):
        return None
    return value


def _form(finder: Finder, text: bytes, at: int, heads: Heads) -> Found:
    if not finder.ahead and not any(_holds(finder, text, start, at) for start in range(at - 1, max(at - 5, -1), -1)):
        return None
    low = max(text.rfind(b"\n", max(0, at - 400), at) + 1, at - 400, 0)
    newline = text.find(b"\n", at, at + finder.ahead)
    high = newline if newline >= 0 else min(at + finder.ahead, len(text))
    found = _next(finder, text, at, heads, (low, high))
    return found or (_within(finder, text, at, low, high) if text[max(low - 1, 0) : low].strip(b"\n") else None)


def _next(finder: Finder, text: bytes, at: int, heads: Heads, reach: tuple[int, int]) -> Found:
    low, high = reach
    if heads.head is not None and heads.head.start() < low:
        heads.head = None
    heads.next = max(heads.next, low)
    while True:
        heads.head = heads.head or _compiled(finder.head).search(text, heads.next)
        if heads.head is None or heads.head.start() > high:
            heads.head, heads.next = None, max(heads.next, high + 1)
            return None
        if heads.head.end() > high:
            return _within(finder, text, at, heads.head.start(), high)
        if (value := _holds(finder, text, heads.head.end(), at)) is not None:
            return value.span(value.lastindex or 0)
        heads.head, heads.next = None, heads.head.start() + 1


def _within(finder: Finder, text: bytes, at: int, low: int, high: int) -> Found:
    while (head := _compiled(finder.head).search(text, low, min(high + 2, len(text)))) is not None:
        if head.start() > high:
            return None
        value = _holds(finder, text, head.end(), at) if head.end() <= high else None
        if value is not None:
            return value.span(value.lastindex or 0)
        low = head.start() + 1
    return None


def led(finder: Finder, text: bytes) -> Iterator[tuple[int, int]]:
    """Return the values anywhere behind heads that stand up to 400 bytes behind a lead on their line."""
    begin = 0
    for line in re.findall(rb"[^\n]*\n|[^\n]+", text):
        place, stop = begin, begin + len(line.rstrip(b"\n"))
        for start in range(begin, stop + 1):
            lead = _compiled(finder.lead).match(text, start)
            place = max(place, lead.end()) if lead else place
            while lead and place <= min(lead.end() + 401, stop):
                head = _compiled(finder.head).match(text, place)
                if head is None:
                    place += 1
                    continue
                value = _holds(finder, text, head.end(), 0)
                if value is not None:
                    yield value.span(value.lastindex or 0)
                place = value.end() if value is not None else place + 1
        begin += len(line)


def is_public(finder: Finder, text: bytes, start: int) -> bool:
    """Tell whether a name beside the value at `start` says that it is public."""
    return bool(finder.against) and _compiled(finder.against).search(text, max(0, start - 40), start) is not None


def _token(finder: Finder, text: bytes, at: int) -> Found:
    low = max(0, at - 128)
    places = [at - distance for distance in finder.distances if at >= distance]
    places += range(max(low, text.rfind(b"\n", low, at)), at) if finder.ahead else ()
    for start in places:
        found = _compiled(finder.value).match(text, start) if _compiled(finder.head).match(text, start, at) else None
        if found is None or found.end() < at:
            continue
        group = found.lastindex or 0
        if is_public(finder, text, found.start(group)) or not is_secret(finder.judge, found[group]):
            return None
        return found.span() if finder.whole else found.span(group)
    return None


def _shape(finder: Finder, text: bytes, at: int) -> Found:
    back, slack = (*finder.distances, 0)[:2]
    low = max(0, at - back)
    low = max(low, text.rfind(b"\n", low, at) + 1)
    for found in _compiled(finder.value).finditer(text, low, at + finder.ahead):
        if found.start() < at <= found.end() + slack:
            group = found.lastindex or 0
            return found.span(group) if is_secret(finder.judge, found[group]) else None
    return None


def _authority(finder: Finder, text: bytes, at: int) -> Found:
    begin = text.rfind(b"://", max(0, at - 4300), at)
    found = _compiled(finder.value).match(text, begin) if begin >= 0 else None
    if found is None or not is_secret(finder.judge, found[1]) or is_noise(text, begin):
        return None
    return None if _compiled(finder.head).match(text, begin) else found.span(1)


_WAYS = {Way.TOKEN: _token, Way.SHAPE: _shape, Way.AUTHORITY: _authority}
