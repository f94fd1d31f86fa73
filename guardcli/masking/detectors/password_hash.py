"""Hashes of passwords: crypt(5), PHC strings, RFC 2307 schemes, those of databases and frameworks.

Who has one can try passwords against it without being seen.
"""

from __future__ import annotations

from guardcli.masking.compiled.finders import Finder, Way
from guardcli.masking.compiled.judges import Judge
from guardcli.masking.detector import Detector

_SCHEMES = rb"\{(?:S?SHA(?:224|256|384|512)?|S?MD5|CRYPT|PBKDF2(?:-SHA[0-9]{1,3})?|ARGON2|BCRYPT|x-issha, 1024)\}"
_REST = rb"[\w=,+./\$-]"
_LAN = rb":((?:[0-9A-Fa-f]{32}|NO PASSWORD\*{21}):[0-9A-Fa-f]{32})"
_HASHES = (
    (
        rb"\$(?:1|apr1|5|6|2[abxy]?|g?y|7|8|9|argon2(?:id|i|d)|pbkdf2(?:-sha[0-9]{1,3})?|bcrypt-sha256|A)\$"
        rb"[./0-9A-Za-z=,$]{12}",
        rb"(?:\$(?:1|apr1)\$[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{22}(?![./0-9A-Za-z])"
        rb"|\$[56]\$(?:rounds=[0-9]{1,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{43,86}"
        rb"|\$2[abxy]?\$[0-9]{2}\$[./0-9A-Za-z]{53}(?![./0-9A-Za-z])"
        rb"|\$(?:g?y|7)\$[./0-9A-Za-z]{1,12}\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{43}"
        rb"|\$(?:argon2(?:id|i|d)|pbkdf2(?:-sha[0-9]{1,3})?|bcrypt-sha256)\$" + _REST + rb"{20,400}"
        rb"|\$[89]\$[./0-9A-Za-z]{14}\$[./0-9A-Za-z]{43}|\$A\$005\$.{20}[./0-9A-Za-z]{43})",
    ),
    (rb"\$[PHS]\$[./0-9A-Za-z]{31}", rb"\$(?:[PH]\$[./0-9A-Za-z]{31}|S\$[./0-9A-Za-z]{52})"),
    (
        rb"\b(?:pbkdf2_sha(?:1|256|512)|scrypt|argon2|bcrypt(?:_sha256)?)\$",
        rb"(?:\$scrypt\$" + _REST + rb"{20,400}"
        rb"|(?<![\w$])(?:pbkdf2_sha(?:1|256|512)|scrypt|argon2)\$" + _REST + rb"{20,400}"
        rb"|(?<![\w$])bcrypt(?:_sha256)?\$+2[aby]\$[./0-9A-Za-z\$]{56})",
    ),
    (_SCHEMES + rb"[A-Za-z0-9+/$.]{16}", _SCHEMES + _REST + rb"{16,400}"),
    (
        rb"\bSCRAM-SHA-(?:1|256)\$[0-9]{4,7}:",
        rb"(?<![\w-])SCRAM-SHA-(?:1|256)\$[0-9]{4,7}:[A-Za-z0-9+/=]{8,100}\$[A-Za-z0-9+/=]{20,90}:[A-Za-z0-9+/=]{20,90}",
    ),
    (rb"\bmd5[0-9a-f]{32}\b", rb"(?<![\w-])md5[0-9a-f]{32}(?!\w)"),
    (rb"\*[0-9A-F]{40}\b", rb"(?<![\w*])\*[0-9A-F]{40}(?!\w)"),
    (_LAN + rb":::", _LAN + rb"(?=:::)"),
)
"""For each way to write hashes, the trigger, and the hash where it is there."""
_TRIGGER = {0, 3}
"""Of these the hash is of a looser form: its trigger must be there, too."""


class PasswordHash(Detector):
    """Find hashes by the form that their algorithm's name opens."""

    name = "password_hash"
    label = "PASSWORD_HASH"
    triggers = tuple(trigger for trigger, _ in _HASHES)
    opening = (
        rb"(\$(?:1|apr1|5|6|2[aby]|g?y|argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha[0-9]{1,3})?|bcrypt-sha256)\$[\w=,+./\$-]{1,400}"
        rb"|\$[789AHPS]\$[\w./\$-]{8,400}|\{(?:S?SHA|CRYPT|PBKDF2)[0-9]{0,3}\}[A-Za-z0-9+/=.$]{0,200}"
        rb"|(?<![\w-])SCRAM-SHA-(?:1|256)\$[A-Za-z0-9+/=:\$]{0,300}"
        rb"|(?<![\w$])(?:pbkdf2_sha(?:1|256|512)|scrypt|argon2|bcrypt(?:_sha256)?)\$[\w=,+./\$-]{1,400})"
        rb"|:[0-9]{1,10}:((?:[0-9A-Fa-f]{1,32}|NO PASSWORD\*{0,21})(?::[0-9A-Fa-f]{0,32}:{0,3})?)"
    )
    finders = tuple(
        Finder(Way.BEGINNING, rb"(?=" + trigger + rb")" + value if number in _TRIGGER else value, Judge())
        for number, (trigger, value) in enumerate(_HASHES)
    )
