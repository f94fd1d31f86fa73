"""What a stream lets out is the same however its bytes are cut, and never a secret."""

from __future__ import annotations

import base64
import random

import pytest

from guardcli.masking import DEFAULT_RULES, Masker
from guardcli.masking.views import SEQUENCE
from guardcli.model.masking import DETECTORS, MaskRule, Strategy

LONG = 400
"""Bytes from which on a text, a key block, is one of very many lines that are alike."""

KEY_BODY = "\n".join(base64.b64encode(bytes(range(n, n + 48))).decode() for n in range(0, 200, 9))
JWT = (
    base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
    + "."
    + base64.urlsafe_b64encode(b'{"sub":"1234567890","admin":true}').decode().rstrip("=")
    + ".c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1oZXJl"
)

SECRETS: dict[str, tuple[str, ...]] = {
    "mail to ann.lee@corp-mail.org, please\n": ("ann.lee@corp-mail.org",),
    "card 4111 1111 1111 1111 exp 12/27\n": ("4111 1111 1111 1111",),
    "4111-1111-1111-1111": ("4111-1111-1111-1111",),
    " id |       email        |       card       \n----+--------------------+------------------\n"
    "  1 | ann@corp-mail.org  | 4111111111111111\n  2 | bo@x-mail.de       | 378282246310005\n(2 rows)\n": (
        "ann@corp-mail.org",
        "bo@x-mail.de",
        "4111111111111111",
        "378282246310005",
    ),
    "export PGPASSWORD=Tr0ub4dor\nrun\n": ("Tr0ub4dor",),
    "password: correct horse battery staple\nuser: x\n": ("correct horse battery staple",),
    '{"user": "x", "api_key": "k-9 8 7/+=", "n": 1}\n': ("k-9 8 7/+=",),
    "login --user x --password hunter22 --verbose\n": ("hunter22",),
    "DATABASE_URL=postgres://app:s3cr3t@db.internal:5432/orders\n": ("s3cr3t",),
    "key AKIAQ3EGPLKJH2M5N6B7 end": ("AKIAQ3EGPLKJH2M5N6B7",),
    "aws_secret_access_key = " + "Zk8v" * 10 + "\n": ("Zk8v" * 10,),
    f"token is {JWT} ok\n": (JWT,),
    f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_BODY}\n-----END RSA PRIVATE KEY-----\nafter\n": tuple(KEY_BODY.split("\n")),
    f"  key: |\n    -----BEGIN PRIVATE KEY-----\n    {KEY_BODY[:64]}\n    -----END PRIVATE KEY-----\n": (
        KEY_BODY[:64],
    ),
    "a\0b@c-mail.org\0c\0004111111111111111\0": ("b@c-mail.org", "4111111111111111"),
    "\x1b[32mAKIA\x1b[0m\x1b[1mQ3EGPLKJH2M5N6B7\x1b[0m\r\n": ("AKIAQ3EGPLKJH2M5N6B7",),
    "\x1b]0;password=hunter22\x07$ \x1b[1mann@corp\x1b[0m-mail.org\r\n": ("hunter22", "ann@corp-mail.org"),
    "naïve café: jörg@köln-mail.de, 日本語 ann@corp-mail.org。\r\n": ("ann@corp-mail.org",),
    "ALTER ROLE app PASSWORD 'it''s hunter2';\n": ("it''s hunter2",),
}
"""Text → what must not be in the output of the default rules. Escape sequences are left out before comparing."""

CLEAN: tuple[str, ...] = (
    "Password: ",
    "[sudo] password for ann: ",
    "commit 3b18e512dba79e4c8300dd08aeb37f8e728b8dad\nDate:   Mon Jan 1 00:00:00 2024 +0000\n",
    "0189d9c4-7b1e-7cc3-98c4-dc0c0c07398f 1700000000000 1700000000000000000\n",
    "def login(password: str, token: str | None = None) -> None:\n    self.password = password\n",
    "password=<password> token=$TOKEN secret=${SECRET} api_key=xxxxxxxx pwd=********\n",
    "getty@tty1.service loaded\nicon@2x.png\ngit@github.com:org/repo.git\n",
    "\x1b[1;32muser@host\x1b[0m:\x1b[34m~/src\x1b[0m$ \r\n",
    " id | name  | n \n----+-------+---\n  1 | Alice | 3\n(1 row)\n",
    "line one\r\nline two\r\n\r\n\ttabs\t\x0b\x0c\n",
    "日本語のテキスト — naïve café ☕\n",
    "It's \"quoted\n",
    "\0\0\0binary\xff\xfe\x80\n",
)
"""Texts that come out byte for byte."""

KEY = bytes(range(32))
MASKER = Masker(DEFAULT_RULES, key=KEY)
ALL = tuple(sorted(DETECTORS))
BY_STRATEGY = {one: Masker([MaskRule(detect=ALL, strategy=one)], key=KEY) for one in Strategy}


def through(masker: Masker, pieces: list[bytes], idles: int = 0) -> bytes:
    stream = masker.stream()
    out = []
    for piece in pieces:
        out.append(stream.feed(piece))
        out.extend(stream.idle() for _ in range(idles))
    out.append(stream.finish())
    assert stream.held == 0
    return b"".join(out)


def seen(data: bytes) -> bytes:
    return SEQUENCE.sub(b"", data)


def cut(data: bytes, dice: random.Random, count: int) -> list[bytes]:
    places = sorted(dice.randrange(len(data) + 1) for _ in range(count))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
@pytest.mark.parametrize("strategy", Strategy, ids=lambda one: one.value)
def test_a_secret_is_masked_alike_over_every_split_in_two(text: str, strategy: Strategy) -> None:
    data = text.encode("latin-1") if "\xff" in text else text.encode()
    masker = BY_STRATEGY[strategy]
    whole = through(masker, [data])
    for secret in SECRETS[text]:
        assert secret.encode() not in seen(whole)
    for place in range(len(data) + 1):
        assert through(masker, [data[:place], data[place:]]) == whole


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
def test_a_secret_is_masked_alike_byte_by_byte(text: str) -> None:
    data = text.encode()
    assert through(MASKER, [data[i : i + 1] for i in range(len(data))]) == through(MASKER, [data])


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
@pytest.mark.parametrize("idles", [1, 2, 3])
def test_no_secret_and_no_tail_of_it_gets_out_when_the_stream_idles(text: str, idles: int) -> None:
    data = text.encode()
    for place in range(0, len(data) + 1, 1 if len(data) < LONG else 3 + idles):
        out = seen(through(MASKER, [data[:place], data[place:]], idles))
        for secret in SECRETS[text]:
            assert secret.encode() not in out
            if len(secret) > 6:
                assert secret[-6:].encode() not in out, (place, out)


@pytest.mark.parametrize("text", CLEAN, ids=range(len(CLEAN)))
def test_clean_text_comes_out_byte_for_byte_however_it_is_cut(text: str) -> None:
    data = text.encode("latin-1") if "\xff" in text else text.encode()
    for place in range(len(data) + 1):
        for idles in (0, 1):
            assert through(MASKER, [data[:place], data[place:]], idles) == data


def test_long_mixed_text_is_masked_alike_over_random_splits() -> None:
    dice = random.Random(7)
    texts = [text.encode() for text in (*SECRETS, *CLEAN)]
    data = b"".join(dice.choice(texts) + dice.choice([b"\n", b"\n", b" "]) for _ in range(400))
    whole = through(MASKER, [data])
    for count in (1, 3, 10, 100, 2000):
        assert through(MASKER, cut(data, dice, count)) == whole


def test_one_long_line_is_masked_alike_over_random_splits() -> None:
    dice = random.Random(8)
    texts = [text.replace("\n", " ").encode() for text in (*SECRETS, *CLEAN) if "PRIVATE" not in text]
    data = b"".join(dice.choice(texts) + b" , " for _ in range(6000))
    whole = through(MASKER, [data])
    assert b"Tr0ub4dor" not in whole and b"AKIAQ3EGPLKJH2M5N6B7" not in whole
    for count in (1, 3, 10, 100, 1000):
        assert through(MASKER, cut(data, dice, count)) == whole


def test_an_endless_value_is_swallowed_in_bounded_memory() -> None:
    stream = MASKER.stream()
    out = stream.feed(b"password=")
    for _ in range(100):
        out += stream.feed(b"x1y2" * 1000)
        assert stream.held < 64 * 1024
    out += stream.feed(b" done\n") + stream.finish()
    assert out == b"password=[PASSWORD] done\n"


def test_random_bytes_come_out_exact() -> None:
    data = random.Random(9).randbytes(4 << 20)
    stream = MASKER.stream()
    out = [stream.feed(data[i : i + 65536]) for i in range(0, len(data), 65536)]
    assert b"".join([*out, stream.finish()]) == data


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
def test_no_byte_of_a_secret_gets_out_however_long_a_silence_is(text: str) -> None:
    data, secrets = text.encode(), SECRETS[text]
    for place in range(5, len(data) + 1, 1 if len(data) < LONG else 5):  # up to four bytes are the echo of keys
        stream = MASKER.stream()
        out = stream.feed(data[:place])
        for _ in range(250):
            out += stream.idle()
            if not stream.held:
                break
        assert stream.held == 0
        for secret in secrets:
            start = data.find(secret.encode())
            if start > 4 and place > start + 8 and "@" in secret:
                assert secret[:8].encode() not in seen(out), (place, out)
        out += stream.feed(data[place:]) + stream.finish()
        assert not any(secret.encode() in seen(out) for secret in secrets)


def test_a_word_is_held_over_a_silence_and_comes_out_whole_when_it_was_one() -> None:
    stream = MASKER.stream()
    assert stream.feed(b"hello wor") == b"hello "
    assert b"".join(stream.idle() for _ in range(199)) == b""
    assert stream.feed(b"ld\n") == b"world\n"
    assert stream.feed(b"mail to ann") + b"".join(stream.idle() for _ in range(300)) == b"mail to ***"
    assert stream.feed(b"@corp-mail.org now\n") == b" now\n"


DRIPPED = {
    "echo Tr0ub4dor | docker login -u x --password-stdin\n": "Tr0ub4dor",
    "echo 'app:Tr0ub4dor' | chpasswd\n": "Tr0ub4dor",
    "jdbc:oracle:thin:app/Tr0ub4dor@db:1521:X\n": "Tr0ub4dor",
    "app:Tr\x1b[1;31m0ub4dor@tcp(db:3306)/x\n": "Tr0ub4dor",
    "https://conda.h/t/tg-d0836a6d674d5276f9f548d59436be62a1b2c3/main\n": "d59436be62a1b2c3",
}


@pytest.mark.parametrize("text", DRIPPED)
def test_no_silence_lets_a_secret_out_that_comes_in_small_pieces_among_longer_ones(text: str) -> None:
    data = text.encode()
    for sizes in ((2,), (3,), (4,), (1, 3), (5, 1), (1, 1, 2), (7, 3), (1, 7, 4), (12, 4, 1)):
        for first in range(1, max(sizes) + 1):
            stream, out, place, turn = MASKER.stream(), b"", 0, 0
            while place < len(data):
                size = first if place == 0 else sizes[turn % len(sizes)]
                out += stream.feed(data[place : place + size]) + stream.idle() + stream.idle()
                place, turn = place + size, turn + 1
            out += stream.finish()
            assert DRIPPED[text] not in SEQUENCE.sub(b"", out).decode(), (sizes, first, out)


@pytest.mark.parametrize("keys", ["l s", "p s q l", "cd x", "è a ☕", "l s \b\x20\b s \x1b[C"])
def test_each_key_shows_at_the_first_silence(keys: str) -> None:
    stream = MASKER.stream()
    assert stream.feed(b"ann@host:~$ ") == b"ann@host:~$ "
    for key in keys.encode().split(b" "):
        assert stream.feed(key) + stream.idle() == key
    assert stream.feed(b"\r\n") == b"\r\n"


@pytest.mark.parametrize("prompt", [b"Password: ", b"postgres=# ", b"Continue? [y/N] ", b"ann@host:~$ ", b">>> "])
def test_a_prompt_appears_at_once(prompt: bytes) -> None:
    assert MASKER.stream().feed(prompt) == prompt


@pytest.mark.parametrize("prompt", [b"Password:", b"login:", b"sh-5.2#", b"mysql>"])
def test_a_prompt_without_a_blank_appears_at_the_first_idle(prompt: bytes) -> None:
    stream = MASKER.stream()
    assert stream.feed(prompt) + stream.idle() == prompt
    assert stream.held == 0


def test_numbers_in_a_row_are_held_as_long_as_another_card_may_end_them() -> None:
    cards = b"4111 1111 1111 1111 5500 0000 0000 0004 4111 1111 1111 1111\n"
    for cut in range(len(cards)):
        stream = MASKER.stream()
        out = stream.feed(cards[:cut]) + stream.idle() + stream.idle() + stream.feed(cards[cut:]) + stream.finish()
        assert b"1111 1111" not in out and b"0000 0000" not in out, (cut, out)
    stream = MASKER.stream()
    assert stream.feed(b"42 42 42 42") + stream.idle() + stream.idle() + stream.finish() == b"42 42 42 42"


@pytest.mark.parametrize("start", [b"AKIAQ3EGPL", b"eyJhbGciOi", b"ann.lee@corp", b"4111 1111 1"])
def test_the_beginning_of_a_secret_is_starred_at_the_second_idle(start: bytes) -> None:
    stream = MASKER.stream()
    assert stream.feed(start) + stream.idle() == b""
    assert stream.idle() == b"*" * len(start)


def test_a_value_let_out_masked_swallows_its_rest() -> None:
    stream = MASKER.stream()
    out = stream.feed(b"password=hun") + stream.idle() + stream.idle()
    assert out == b"password=[PASSWORD]"
    assert stream.feed(b"ter2 x\n") == b" x\n"


def test_findings_count_and_never_show() -> None:
    stream = MASKER.stream()
    stream.feed(b"ann@corp-mail.org and bo@corp-mail.org password=hunter2\n")
    assert dict(stream.findings) == {"email": 2, "password": 1}


def test_rules_hold_for_their_tools() -> None:
    text = "Author: Ann <ann@corp-mail.org> password=hunter2"
    assert MASKER.text(text, "git") == "Author: Ann <ann@corp-mail.org> password=[PASSWORD]"
    assert MASKER.text(text, "psql") == "Author: Ann <[EMAIL]> password=[PASSWORD]"


WRAPPED = [
    "$ export TOKEN=Tr0ub4dor and \rmore\n",
    "$ git clone https://app:Tr0ub \r4dor9x@h.org/x\n",
    "$ x ghp_aZ3kQw7Rt9Yp2Ls8 \rDv4Xn6Bm1Hj5Gc0Fk3Ue y\n",
    "$ x ghp_aZ3kQw7Rt9Yp2Ls8\x1b[K\r\n",
    "$ x ghp_aZ3kQw7Rt9Yp2Ls8\x1b[7;1H\x1b[KDv4Xn6Bm1Hj5Gc0Fk3Ue y\n",
    "$ curl -H 'Authorization: Bearer abcdefgh \rijklmnop12345'\n",
]


@pytest.mark.parametrize("text", WRAPPED)
def test_a_secret_broken_at_the_border_of_a_terminal_is_masked(text: str) -> None:
    data = text.encode()
    whole = MASKER.stream()
    wanted = whole.feed(data) + whole.finish()
    if "\r\n" not in text:
        assert b"[" in wanted.replace(b"\x1b[", b"")
    for secret in (b"Tr0ub", b"4dor", b"aZ3k", b"Dv4Xn", b"ijklm"):
        assert "\r\n" in text or secret not in wanted
    for place in range(len(data)):
        stream = MASKER.stream()
        assert stream.feed(data[:place]) + stream.feed(data[place:]) + stream.finish() == wanted, place


def test_a_progress_bar_and_blanks_before_a_line_break_come_out_as_they_were() -> None:
    for text in ("10% \r20% \rdone \r\n", "a \r\nb \r\n", "password: \rnext\n", "word \r", " \r"):
        assert MASKER.text(text) == text
