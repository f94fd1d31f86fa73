"""Passwords given by their place among the arguments of a call: those of database, mail and HTTP clients.

From the manuals of mysqli, PDO, java.net, .NET, requests, smtplib, ftplib, paramiko and their like.
"""

from __future__ import annotations

from guardcli.masking.compiled.judges import CHOSEN, STRING
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.tails import Tail

_STRING = rb"(?:\"((?:[^\"\\\n]|\\.){1,8192})\"?|'((?:[^'\\\n]|\\.){1,8192})'?)"
_GIVEN = rb"[ \t]{0,4}(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'|[\w.$>-]{1,100}(?:\([^()\n]{0,60}\))?)[ \t]{0,4},"
_NEXT = rb"[ \t]{0,4}(?:Some\()?[\"'][^\"'\n]"
_SPACE = rb"[ \t]{0,4}"

_AFTER_TWO = (
    rb"(?:mysqli|mysqli_connect|mysqli_real_connect|mysql_connect|PDO|PDO->__construct|mysqli->__construct|DBI->connect|pg_connect|getConnection"
    rb"|MySQLdb\.connect|ibase_connect|oci_pconnect)\("
)
_AFTER_ONE = (
    rb"(?:PasswordAuthentication|UsernamePasswordCredentials|UsernamePasswordToken|NetworkCredential|PlainAuthProvider"
    rb"|HTTP(?:Basic|Digest|Proxy)Auth|"
    rb"(?:[hH]ttp)?[bB]asic_?[aA]uth|setBasicAuth|SetBasicAuth|basicAuthentication|withBasicAuth"
    rb"|ftp_login|oci_connect|PlainCredentials|aiohttp\.BasicAuth|BasicCredentials|createCredentials"
    rb"|BasicAWSCredentials|algoliasearch|simple_bind(?:_s)?|[cC]redentials?\.(?:from|of|create|basic)|cy\.login"
    rb"|AwsBasicCredentials\.create|StaticCredentialsProvider|SSHPassword|WiFi(?:Multi)?\.(?:begin|softAP|addAP))\("
)
_LOGIN = (
    rb"(?:\b(?:smtp|server|session|conn|connection|client|imap|mail|mailer|ftp|s|M)\.(?:login|authenticate|auth)\()"
)


ARGUMENT = STRING._replace(declines=rb"(?s:-.*)")
"""What may be a secret between quotes, and is no option."""


KEYED = STRING._replace(declines=rb"(?is:-.*|[hrep]s[0-9]{3}|(?:sha|aes|md5|utf|hex|base64|latin)[\w/-]*)")
"""What may be a key that is given to a cipher, and names no way to encode or to sign."""

_PAYLOAD = rb"(?:\{[^{}\n]{0,200}\}|[\w.$?>\[\]'\"-]{1,100}(?:\([^()\n]{0,60}\))?)"


def _keyed(function: bytes, arguments: bytes = b"") -> Form:
    """Return the form of a key behind other `arguments` of a `function`."""
    return Form(function, rb"(?i)" + function + _SPACE + arguments + rb"b?", _STRING, KEYED, 400 if arguments else 8)


def _call(head: bytes, arguments: bytes, judge: bool) -> Form:
    wrapped = arguments + _SPACE + rb"(?:Some\()?"
    return Form(head + arguments + _NEXT, head + wrapped, _STRING, ARGUMENT if judge else CHOSEN)


CALLS = (
    _call(_AFTER_TWO, _GIVEN + _GIVEN, True),
    _call(_AFTER_ONE, _GIVEN, True),
    _call(rb"mysql_real_connect\(", _GIVEN + _GIVEN + _GIVEN, True),
    _call(rb"\bred(?:is)?[.:]auth\(", b"", True),
    _call(_LOGIN, _GIVEN, False),
    _keyed(rb"\bjwt(?:\.|::|->)(?:sign|verify|encode|decode)\(", _PAYLOAD + rb"[ \t]?,[ \t]{0,4}"),
    _keyed(rb"\bcryptojs\.\w{2,20}(?:\.(?:en|de)crypt)?\(", _PAYLOAD + rb"[ \t]?,[ \t]{0,4}"),
    _keyed(rb"\bcreatehmac\(", rb"[\"'][\w-]{1,20}[\"'],[ \t]{0,4}"),
    _keyed(rb"\bhash_hmac\(", rb"[\"'][\w-]{1,20}[\"'],[ \t]{0,4}" + _PAYLOAD + rb"[ \t]?,[ \t]{0,4}"),
    _keyed(rb"\bhmac\.new\("),
    _keyed(rb"\b(?:hash_?password|password_hash|bcrypt\.hash(?:sync|pw)?|hash::make|encoder(?:\(\))?\.encode)\("),
    _keyed(rb"\b(?:make_password|generate_password_hash)\("),
    _keyed(rb"\bcookieparser\("),
    _keyed(rb"\bsecretkeyspec\("),
    Form(
        rb"ConvertTo-SecureString[ \t]{1,4}(?:-String[ \t]{1,4})?[\"'][^\"'\n]",
        rb"(?i)ConvertTo-SecureString[ \t]{1,4}(?:-String[ \t]{1,4})?",
        _STRING,
        ARGUMENT,
    ),
    Form(
        rb"ConvertTo-SecureString[^\n\"']{1,60}-String[ \t]{1,4}[\"'][^\"'\n]",
        rb"(?i)ConvertTo-SecureString[^\n\"']{1,60}-String[ \t]{1,4}",
        _STRING,
        ARGUMENT,
    ),
    Form(
        Tail.OPTION,
        rb"(?i:[\"']-{1,2}[\w-]{0,60}(?:pass(?:word|wd|phrase)?|secret|token|api-?key)[\"'])[ \t]{0,4},[ \t]{0,4}",
        _STRING,
        ARGUMENT,
    ),
    Form(
        rb"masterauth[\"'][ \t]{0,4},[ \t]{0,4}[\"'][^\"'\n]",
        rb"(?i:[\"']-{1,2}[\w-]{0,60}masterauth[\"'])[ \t]{0,4},[ \t]{0,4}",
        _STRING,
        ARGUMENT,
    ),
)
"""Forms of such calls."""

OPENING = (
    rb"(?:mysqli\w{0,13}|mysql_connect|PDO|getConnection|[aA]uth\w{0,12}|Credentials?|login|SecureString)["
    rb"( \t][^\n]{0,300}?"
    rb"(?<=[\s,(])[\"']([^\"'\n]*)"
)
"""What an unfinished quote may belong to that holds a password."""
