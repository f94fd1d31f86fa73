"""Parts of addresses that open a door: signatures, codes, tokens in a path (RFC 6749, manuals of the clouds)."""

from __future__ import annotations

from guardcli.masking.compiled.judges import CHOSEN, GIVEN
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.tails import Tail

_PART = rb"((?:[\w.~+/=-]|%[0-9A-Fa-f]{2}){16,8192})"
_KEY = CHOSEN._replace(wants=rb"(?s:(?:[^0-9]*[0-9]){4}.*)")
"""The user of a URL that is a key: digits amid letters, and no name."""

LINKS = (
    Form(rb"[?&;](?:amp;)?signature=[\w%.~+/-]{16}", rb"(?i)[?&;](?:amp;)?signature=", _PART, GIVEN, 1),
    Form(
        rb"[?&;](?:amp;)?x-(?:amz|goog|oss|cos)-(?:signature|security-token)=[\w%.~+/-]{16}",
        rb"(?i)[?&;](?:amp;)?x-(?:amz|goog|oss|cos)-(?:signature|security-token)=",
        _PART,
        GIVEN,
        1,
    ),
    Form(rb"[?&](?:amp;)?code=[\w%.~+/-]{16}", rb"(?i)[?&](?:amp;)?code=", _PART, CHOSEN, 1),
    Form(rb"://[A-Za-z0-9_-]{20,200}:x-oauth-basic@", rb"://", rb"([A-Za-z0-9_-]{20,200}):x-oauth-basic@", GIVEN, 1),
    Form(
        rb"://[^\s\"'<>]{1,300}[?&](?:amp;)?auth=[^\s&\"'<>#]",
        rb"://[^\s\"'<>]{1,300}[?&](?:amp;)?auth=",
        rb"([^\s&\"'<>#;]{6,4096})",
        CHOSEN,
    ),
    Form(
        Tail.QUERY,
        rb"(?i)(?:://|jdbc:)[^\s\"'<>]{1,300}[?&](?:amp;)?(?:password|passwd|pwd|api_?key|(?:access_)?token)=",
        rb"([^\s&\"'<>#;]{1,4096})",
        GIVEN,
        1,
    ),
    Form(rb"://[A-Za-z0-9_-]{20,200}@", rb"://", rb"([A-Za-z0-9_-]{20,200})@", _KEY, 1),
    Form(rb"/t/[a-z]{2}-[0-9a-f-]{32}", rb"/t/", rb"([a-z]{2}-[0-9a-f-]{36,60})(?=/)", GIVEN, 1),
    Form(
        rb"\b(?:github|gitlab|bitbucket)\.(?:com|org)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"[A-Za-z0-9_-]{20}",
        rb"(?i)(?:github|gitlab|bitbucket)\.(?:com|org)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"",
        rb"([A-Za-z0-9_-]{20,8192})",
        CHOSEN,
        1,
    ),
    Form(
        rb"\botpauth(?:-migration)?://[^\s\"']{0,300}[?&](?:secret|data)=[A-Z2-7%A-Za-z0-9]{8}",
        rb"[?&](?:secret|data)=",
        rb"([\w%+/=-]{8,8192})",
        GIVEN,
        1,
    ),
)
"""Forms of such parts."""
