"""Parts of addresses that open a door: signatures, codes, tokens in a path (RFC 6749, manuals of the clouds)."""

from __future__ import annotations

from guardcli.masking.chosen import is_chosen
from guardcli.masking.forms import Form, is_given

_PART = rb"((?:[\w.~+/=-]|%[0-9A-Fa-f]{2}){16,8192})"


def is_key(value: bytes) -> bool:
    """Tell whether the user of a URL is a key: digits amid letters, and no name."""
    return is_chosen(value) and sum(48 <= byte <= 57 for byte in value) > 3


LINKS = (
    Form(rb"[?&;](?:amp;)?signature=[\w%.~+/-]{16}", rb"(?i)[?&;](?:amp;)?signature=", _PART, is_given, 1),
    Form(
        rb"[?&;](?:amp;)?x-(?:amz|goog|oss|cos)-(?:signature|security-token)=[\w%.~+/-]{16}",
        rb"(?i)[?&;](?:amp;)?x-(?:amz|goog|oss|cos)-(?:signature|security-token)=",
        _PART,
        is_given,
        1,
    ),
    Form(rb"[?&](?:amp;)?code=[\w%.~+/-]{16}", rb"(?i)[?&](?:amp;)?code=", _PART, is_chosen, 1),
    Form(
        rb"[?&](?:amp;)?(?:password|passwd|pwd|api_?key|(?:access_)?token)=[^\s&\"'<>#]{6}",
        rb"(?i)(?:://|jdbc:)[^\s\"'<>]{1,300}[?&](?:amp;)?(?:password|passwd|pwd|api_?key|(?:access_)?token)=",
        rb"([^\s&\"'<>#;]{1,4096})",
        is_given,
        1,
    ),
    Form(rb"://[A-Za-z0-9_-]{20,200}@", rb"://", rb"([A-Za-z0-9_-]{20,200})@", is_key, 1),
    Form(rb"/t/[a-z]{2}-[0-9a-f-]{32}", rb"/t/", rb"([a-z]{2}-[0-9a-f-]{36,60})(?=/)", is_given, 1),
    Form(
        rb"\b(?:github|gitlab|bitbucket)\.(?:com|org)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"[A-Za-z0-9_-]{20}",
        rb"(?i)(?:github|gitlab|bitbucket)\.(?:com|org)\\?\"[ \t]{0,4}:[ \t]{0,4}\\?\"",
        rb"([A-Za-z0-9_-]{20,8192})",
        is_chosen,
        1,
    ),
    Form(
        rb"\botpauth(?:-migration)?://[^\s\"']{0,300}[?&](?:secret|data)=[A-Z2-7%A-Za-z0-9]{8}",
        rb"[?&](?:secret|data)=",
        rb"([\w%+/=-]{8,8192})",
        is_given,
        1,
    ),
)
"""Forms of such parts."""
