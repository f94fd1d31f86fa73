"""Programs whose arguments hold commands, scripts or destinations: ``find``, ``sed``, ``awk``, ``tar``, ``curl`` …

Sources: POSIX.1-2017 utilities, and the manual pages of GNU findutils, sed, gawk, tar, coreutils and of curl and wget.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from guardcli.inspectors.names import names
from guardcli.inspectors.shell.files import HARMLESS, controls_access, is_device, is_home, is_sensitive
from guardcli.inspectors.shell.options import leading
from guardcli.inspectors.shell.scope import NOTHING, NotUnderstoodError, Scope
from guardcli.inspectors.shell.scripts import awk_is_plain, sed_is_plain
from guardcli.inspectors.shell.table import Option, parse_effects, scan
from guardcli.inspectors.shell.words import Word
from guardcli.model.effects import Effect
from guardcli.model.operations import Operation

_FIND_VALUES = names(
    "-name -iname -path -ipath -wholename -iwholename -regex -iregex -lname -ilname -newer -anewer "
    "-cnewer -samefile -size -mtime -atime -ctime -mmin -amin -cmin -used -type -xtype -user -group -uid "
    "-gid -perm -links -inum -fstype -maxdepth -mindepth -context -regextype -printf -D"
)
_FIND_PLAIN = names(
    "-print -print0 -ls -prune -quit -a -o -and -or -not -true -false -empty -readable -writable "
    "-executable -depth -d -daystart -follow -mount -xdev -noleaf -ignore_readdir_race "
    "-noignore_readdir_race -nouser -nogroup -warn -nowarn -H -L -P -E -X -x -s -help -version --help "
    "--version"
)
_FIND_RUN = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_FIND_WRITE = {"-fprint": 1, "-fprint0": 1, "-fls": 1, "-fprintf": 2}


def find(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``find`` by every action of its expression."""
    operations: list[Operation] = []
    starts: list[Word] = []
    position, expression, wanted = 0, False, "*"
    while position < len(words):
        word = words[position]
        text = word.text
        position += 1
        if not word.known and (word.splits or word.may_be_option):
            raise NotUnderstoodError("an action could be hidden in a word that is not known")
        if word.known and text in _FIND_RUN:
            position = _find_run(words, position, (starts, wanted), scope, operations)
        elif word.known and text == "-delete":
            operations.append(scope.done(name, {Effect.DELETE, Effect.FILE}, starts))
        elif word.known and text in _FIND_WRITE:
            operations.append(write(name, words[position : position + 1], scope))
            position += _FIND_WRITE[text]
        elif word.known and (text in _FIND_VALUES or text.startswith("-newer")):
            if position < len(words) and words[position].splits:
                raise NotUnderstoodError("an action could be hidden in a word that is not known")
            if text in ("-name", "-iname", "-path") and position < len(words):
                wanted = words[position].text.lstrip("/")
            position += 1
        elif word.known and (text in _FIND_PLAIN or re.match(r"-O\d\Z", text)):
            expression = expression or text not in ("-H", "-L", "-P")
        elif text in ("(", ")", "!", ","):
            expression = True
        elif text.startswith("-") or expression:
            raise NotUnderstoodError(f"{text} is not among its tests and actions that are known")
        else:
            starts.append(word)
    secret = any(is_sensitive(start.text) for start in starts)  # what it names is read next
    return [scope.done(name, {Effect.READ}, starts, sensitive=secret), *operations]


def _find_run(
    words: Sequence[Word], position: int, found: tuple[list[Word], str], scope: Scope, operations: list[Operation]
) -> int:
    inner: list[Word] = []
    starts, wanted = found
    while position < len(words):
        word = words[position]
        position += 1
        if word.known and (word.text == ";" or (word.text == "+" and inner and inner[-1].prefix == "./")):
            if not inner:
                raise NotUnderstoodError("an action without a command")
            operations.extend(replace(scope, stdin=NOTHING).command(inner))
            return position
        if "{}" in word.text:
            head = word.text.split("{}", 1)[0]
            place = f"{starts[0].text}/{wanted}" if len(starts) == 1 and starts[0].known else wanted
            shown = word.text.replace("{}", place)
            word = Word(shown, known=False, prefix=head or "./", bare=False)
        inner.append(word)
    raise NotUnderstoodError("an action without an end")


def write(name: str, files: Sequence[Word], scope: Scope) -> Operation:
    """Return the operation of the program `name` writing `files`."""
    effects = {Effect.WRITE, Effect.FILE}
    if any(controls_access(word.text) for word in files):
        effects.add(Effect.PRIVILEGE)
    if any(is_device(word.text) for word in files):
        effects.add(Effect.DELETE)
    if any(not word.known and not word.prefix.strip("/.") for word in files):
        return scope.concede(name, "which file it writes cannot be known", *effects, files=files)
    return scope.done(name, effects, files)


def _read(name: str, files: Sequence[Word], scope: Scope) -> Operation:
    secret = any(is_sensitive(word.text) or (name.endswith("tar") and is_home(word.text)) for word in files)
    return scope.done(name, {Effect.READ}, files, sensitive=secret)


def sed(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``sed`` by its script and ``-i``."""
    scripts: list[Word] = []
    operands: list[Word] = []
    in_place = False
    rest = list(words)
    while rest:
        if rest[0].text in ("-i", "-I") or re.match(r"-[nErsuz]*i|--in-place", rest[0].text):
            in_place = True
            letters = rest[0].text
            rest = rest[1:]
            if re.match(r"-[nErsuz]*i\w*[ef]", letters):
                raise NotUnderstoodError("its options are not plain")
            continue
        if not rest[0].text.startswith("-") or rest[0].text == "-":
            if not rest[0].known and rest[0].may_be_option:
                raise NotUnderstoodError("an option could be hidden in a word that is not known")
            operands.append(rest[0])
            rest = rest[1:]
            continue
        before = len(rest)
        options, rest = leading(
            rest,
            "-n -E -r -s -u -z -l --quiet --silent --regexp-extended --posix --debug --separate",
            "-e --expression",
        )
        scripts += [value for _, value in options if value is not None]
        if len(rest) == before:
            raise NotUnderstoodError("its options are not plain")
    if not scripts:
        scripts, operands = operands[:1], operands[1:]
    if not scripts or not all(word.known for word in scripts) or not sed_is_plain("\n".join(w.text for w in scripts)):
        raise NotUnderstoodError("its script may write a file or run a command")
    return [write(name, operands, scope) if in_place else _read(name, operands, scope)]


def awk(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``awk`` by its program."""
    options, rest = leading(words, "", "-F -v --field-separator --assign")
    if any(value is not None and not value.known for _, value in options):
        options = []
    if not rest or not rest[0].known or not awk_is_plain(rest[0].text):
        raise NotUnderstoodError("its program may write a file or run a command")
    read = _read(name, rest[1:], scope)
    return [replace(read, sensitive=True) if "ENVIRON" in rest[0].text else read]


_TAR_LIST = frozenset("tvfzjJaZPkO")
_TAR_LONG = names("--list --gzip --bzip2 --xz --zstd --verbose --wildcards --no-wildcards --gunzip")


def tar(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``tar``: listing and writing an archive to standard output read; all else writes."""
    mode, archive, operands, plain = "", None, [], True
    position = 0
    while position < len(words):
        word = words[position]
        text = word.text
        position += 1
        if not word.known and word.may_be_option:
            raise NotUnderstoodError("an option could be hidden in a word that is not known")
        if word.known and (position == 1 or text.startswith("-")) and not text.startswith("--") and text != "-":
            letters = text.lstrip("-")
            mode += "".join(letter for letter in letters if letter in "tcxruAd")
            if letters in ("C", "X", "T"):
                plain = plain and letters == "C"
                position += 1
            elif set(letters) - _TAR_LIST - set("cxpSh"):
                plain = False
            elif "f" in letters:
                archive = words[position] if position < len(words) else None
                position += 1
        elif text.startswith("--"):
            long = text.split("=", 1)[0]
            mode += {"--list": "t", "--create": "c", "--extract": "x", "--get": "x"}.get(long, "")
            if long == "--file" and "=" in text:
                archive = Word(text.split("=", 1)[1])
            plain = plain and (long in _TAR_LONG or long in ("--create", "--exclude", "--file", "--extract", "--get"))
        else:
            operands.append(word)
    if not plain or len(set(mode)) != 1 or (archive is not None and ":" in archive.text):
        return [scope.concede(name, "its options may run a program", Effect.WRITE, Effect.FILE, files=operands)]
    if mode == "t":
        return [_read(name, [archive] if archive else [], scope)]
    if mode[0] == "c":
        if archive is not None and archive.text in ("-", "/dev/stdout", "/dev/null"):
            return [_read(name, operands, scope)]
        return [write(name, [archive] if archive else [], scope)]
    return [write(name, [*([archive] if archive else []), *operands], scope)]


def dd(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``dd``: with ``of=`` it overwrites."""
    if any(not word.known and "=" not in word.prefix for word in words):
        raise NotUnderstoodError("an operand could be hidden in a word that is not known")
    files = [Word(word.text[3:], known=word.known) for word in words if word.text.startswith("of=")]
    sources = [Word(word.text[3:], known=word.known) for word in words if word.text.startswith("if=")]
    if all(word.text in HARMLESS for word in files):
        return [_read(name, sources, scope)]
    return [scope.done(name, {Effect.WRITE, Effect.DELETE, Effect.FILE}, files)]


def tee(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``tee``: it writes each operand."""
    files = [word for word in words if not (word.known and word.text.startswith("-")) and word.text not in HARMLESS]
    return [write(name, files, scope)] if files else [scope.done(name, {Effect.READ})]


def compressed(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``gzip`` and its like: in a pipe or with ``-c`` they leave files alone."""
    known = {letter: Option() for letter in names("-l -t -v -q -c -d -k -n -N -f -V -h -1 -2 -3 -4 -5 -6 -7 -8 -9 -T0")}
    known.update(
        {long: Option() for long in names("--list --test --stdout --decompress --keep --version --help --fast --best")}
    )
    _, operands, reason = scan(words, known, allow=True)
    if reason:
        raise NotUnderstoodError(reason)
    letters = "".join(word.text[1:] for word in words if re.match(r"-\w", word.text))
    longs = {word.text for word in words if word.text.startswith("--")}
    if not operands or set(letters) & set("ltcVh") or longs & {"--list", "--test", "--stdout", "--version", "--help"}:
        return [_read(name, operands, scope)]
    return [scope.done(name, {Effect.WRITE, Effect.DELETE, Effect.FILE}, operands)]


_LOCAL_URL = re.compile(
    r"(?:https?://)?(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:[/?#][\w./?=&%#:@,+~-]*)?\Z"
)
_CURL: dict[str, Option] = {
    **{
        flag: Option()
        for flag in names(
            "-s -S -f -v -i -I -L -k -g -4 -6 -0 -1 -2 -# -N -G --silent --show-error --fail --verbose --include "
            "--head --location --insecure --compressed --http1.1 --http2 --no-progress-meter --fail-with-body "
            "--get --globoff --ipv4 --ipv6 --no-buffer --version -V --tlsv1.2 --tlsv1.3 --path-as-is"
        )
    },
    **{
        value: Option(True)
        for value in names(
            "-m -w -H -A -e -r -y -Y --max-time --connect-timeout --write-out --header --user-agent --retry "
            "--retry-delay --cacert --cert --key  --referer --range --max-redirs --interface"
        )
    },
    "-o": Option(True, parse_effects("write+file")),
    "--output": Option(True, parse_effects("write+file")),
}


def curl(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``curl``: a plain GET from the host itself reads, everything else is conceded."""
    plain: list[Word] = []
    position = 0
    while position < len(words):  # a discarded body is no file
        discards = words[position].text in ("-o", "--output") and position + 1 < len(words)
        if (discards and words[position + 1].text in ("/dev/null", "-")) or (
            words[position].text in ("-X", "--request")
            and [w.text for w in words[position + 1 : position + 2]]
            in (
                ["GET"],
                ["HEAD"],
            )
        ):
            position += 2
        else:
            plain.append(words[position])
            position += 1
    effects, operands, reason = scan(plain, _CURL, allow=True)
    urls = [word.text for word in operands]
    if any("@" in word.text or "%output" in word.text for word in words):
        reason = reason or "it may send a file or a password"
    if reason or not all(word.known for word in operands):
        raise NotUnderstoodError(reason or "where it sends its request cannot be known")
    if not all(_LOCAL_URL.match(url) for url in urls):
        return [scope.concede(name, "it sends a request to another host", Effect.READ, *effects)]
    return [scope.done(name, effects or {Effect.READ})]


def wget(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``wget``: printing or discarding an answer of the host itself reads."""
    options, rest = leading(
        words,
        "-q -S --quiet --spider --server-response -nv --no-verbose",
        "-O -T -t --output-document --timeout --tries",
    )
    names = {option for option, _ in options}
    outputs = [value.text for option, value in options if option in ("-O", "--output-document") and value]
    discards = "--spider" in names or (outputs and all(text in ("-", "/dev/null") for text in outputs))
    if discards and rest and all(word.known and _LOCAL_URL.match(word.text) for word in rest):
        return [scope.done(name, {Effect.READ})]
    effects = (Effect.READ,) if discards else (Effect.WRITE, Effect.FILE)
    return [scope.concede(name, "it sends a request to another host or writes a file", *effects)]


def service(name: str, words: Sequence[Word], scope: Scope) -> list[Operation]:
    """Judge ``service NAME ACTION`` by the action."""
    texts = [word.text if word.known else "" for word in words]
    if texts == ["--status-all"] or texts[1:] == ["status"]:
        return [scope.done(f"{name} status", {Effect.READ})]
    if texts[1:] in (["start"], ["restart"], ["reload"], ["force-reload"]):
        return [scope.done(f"{name} {texts[1]}", {Effect.WRITE})]
    if texts[1:] == ["stop"]:
        return [scope.done(f"{name} stop", {Effect.DELETE})]
    raise NotUnderstoodError("what the service is told is not known")


PROGRAMS: dict[str, Callable[[str, Sequence[Word], Scope], list[Operation]]] = {
    "find": find,
    **dict.fromkeys(("sed", "gsed"), sed),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk"), awk),
    **dict.fromkeys(("tar", "bsdtar"), tar),
    "dd": dd,
    "tee": tee,
    **dict.fromkeys(names("gzip gunzip bzip2 bunzip2 xz unxz zstd unzstd lzma lz4"), compressed),
    "curl": curl,
    "wget": wget,
    **dict.fromkeys(("service", "rc-service"), service),
}
