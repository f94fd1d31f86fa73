"""The names that tell of a secret, as fragments of expressions on bytes that Python and hyperscan both read."""

from __future__ import annotations

_SIGN = rb"[_. -]?"
_KEYS = (
    rb"(?:api|access|auth|account|(?:en|de)cryption|encrypt|sign(?:ing|ature)|secret|private|master|shared|session"
    rb"|consumer"
    rb"|subscription|service|admin|ingest(?:ion)?|application|app|storage|hmac|webhook|cipher|crypt(?:o|ographic)?|aes|jwt|preshared"
    rb"|pre-shared)"
)
CORE = (
    rb"pass(?:word|wd|wrd|phrase|code|wort)|pwd|pswd|wpa-?psk|psk|kennwort|senha|contrase(?:\xc3\xb1|n)a|mot[_ -]de"
    rb"[_ -]passe"
    rb"|wachtwoord|adgangskode|salasana|l(?:\xc3\xb6|o)senord|parola(?: d'ordine)?|heslo"
    rb"|has(?:\xc5\x82|l)o|jelsz(?:\xc3\xb3|o)|lozinka"
    rb"|\xc5[\x9e\x9f]ifre|\xd0[\x9f\xbf]\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c|\xe5\xaf\x86\xe7\xa0\x81|\xe5\xaf\x86\xe7\xa2\xbc|\xe5\x8f\xa3\xe4\xbb\xa4"
    rb"|\xe3\x83\x91\xe3\x82\xb9\xe3\x83\xaf\xe3\x83\xbc\xe3\x83\x89|\xeb\xb9\x84\xeb\xb0\x80\xeb\xb2\x88\xed\x98\xb8|authtok"
    rb"|secret|token|apikey|[_-]pw|" + _KEYS + _SIGN + rb"key|credentials?|(?:password|passwd|pass)[_-]?hash"
    rb"|" + _KEYS + _SIGN + rb"secret"
)
"""Names that tell wherever they stand."""

TELLING = rb"(?:" + CORE + rb"|pass)"
"""Whatever is assigned to such a name is secret, unless it is none of a value."""

GUARDED = rb"(?:" + CORE + rb"|(?-i:(?<![A-Za-z])pass|(?<![A-Z])Pass|PASS))"
"""The same for Python alone: ``pass`` where it is no end of a word like ``compass``."""

SUFFIX = (
    rb"(?:[0-9]{1,2}|[_-](?:prod(?:uction)?|stag(?:e|ing)|dev(?:elopment)?|test(?:ing)?|live|sandbox|old|new|current"
    rb"|previous"
    rb"|admin|root|wifi|router|console|smtp|mail|google|github|gitlab|mysql|postgres|redis|mongo|ftp|ssh|aws"
    rb"|default|raw|plain(?:text)?|clear(?:text)?|b(?:ase)?64|primary|secondary|main|backup|[0-9]{1,2}))?"
)
"""What may follow the name without changing what it is the name of."""

_READ = (
    b"next prev previous page paging pagination input output continue continuation sync cancelation "
    b"cancellation eos bos unk sep cls pad mask special end start stop max min num total prompt completion "
    b"count symbol lexer parse parser parsed line string op operator keyword ident identifier current "
    b"expected unexpected text word marker cursor delimiter resume row close open"
).split()
_OTHERS = (
    rb"no[_-]?passw(?:or)?d|existing[_-]?secret|image[_-]?pull[_-]?secrets?|(?:git|ssh|sudo)_?askpass"
    rb"|checksum/(?:[a-z]{1,20}-){0,3}(?:secret|token|password|credential)s?"
)
PUBLIC = (
    rb"(?:[^A-Za-z](?i:(?:" + b"|".join(_READ) + rb")[ _-]?token|" + _OTHERS + rb")"
    rb"|[a-z](?:(?:" + b"|".join(word.capitalize() for word in _READ) + rb")Token|ExistingSecret|ImagePullSecrets?))"
)
"""Tokens that open nothing, with the byte before them: those of pagination, of parsers and of language models; programs
that ask; digests that Helm's charts keep in annotations."""
