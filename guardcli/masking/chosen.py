"""Tells a value that somebody chose to be secret from a word, a name, a number, a path or a piece of code.

It decides where the surroundings alone do not: beside a name that only half tells, in an argument, in a sentence.
"""

from __future__ import annotations

import re

_ORDINARY = re.compile(
    rb"""(?ix)
      [a-z]+(?:[ _.:/-][a-z]+)*                                          # a word, a name, an attribute
    | [+-]?[0-9][0-9_.,:/+-]*(?:/[a-z]+|st|nd|rd|th|[kmgtpe]i?b?|[munp]?s|min|[hdwy]|px|r?em|pt|%|l|u|f)?
    | v?[0-9]+(?:\.[0-9a-z*]+)+(?:[-+][\w.+-]*)?                         # a version
    | [0-9]{4}-[0-9]{2}-[0-9]{2}[t\ _-]?[0-9:.]*(?:z|[+-][0-9:]{4,6})?   # a date
    | 0x[0-9a-f]{1,8} | \#[0-9a-f]{3,8} | u\+[0-9a-f]{4,6}
    | (?:[a-z]+[_.-])*(?:(?:sha|md|aes|rsa|des|dsa|rc|ecdh|ecdsa|ec|ed|utf|ucs|latin|iso|cp|koi|base|oauth|ipv?|http|tls
        |ssl|u?int|float|char|long|double|es|py|python|php|java|jdk|mp|hs|rs|ps|pbkdf|pkcs|blake|keccak|crc|curve|socks|ntlmv?|ntlm|smb
        |grpc|proto|amd|arm|x|win|mac|node|vue|web|h|i|k|s|t|v|p|q|r|n|m|a|b|c|d|e|f|g|j|l|o|u|w|y|z|part|step|stage|phase|level
        |layer|line|row|col|column
        |field|arg|param|item|index|idx|num|number|val|value|var|tmp|temp|test|foo|bar|baz|user|name|id|key|token|secret
        |password|passwd|pass|pwd|file|path|page|tab|opt|option|type|kind|mode|group|host|server|port|db|table|version|release|build|rev
        |round|case|example|sample|demo|dummy|default|string|str|text|obj|object|data|input|output|image|img|icon|fig|figure
        |chapter|section|sec|appendix|ch|alg|algorithm|method|app|service|worker|pod|replica|shard|zone|region|east|west|north|south|central)
      [_-]?[0-9]{1,5}[a-z]?)(?:[_.-][a-z]+)*                             # sha256, token_1, us-east-1
    | (?:~|\.{0,2})/\S* | [a-z]:\\\S* | [a-z][a-z0-9+.-]*://\S*          # a path, a URL
    | [a-z][\w-]*(?:/[\w.-]+)+                                           # a path, a MIME type
    | (?:[a-z0-9_-]+\.)+[a-z]{2,10}(?::[0-9]{1,5})?                      # a host, a file
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)*                                       # an address
    | [a-z_][\w.]*[(\[{<].* | .*[({\[]                                   # code
    | .*(?:%[sdrf(]|\$\{|\{\{|\{[a-z_0-9]*\}|\\[wdsbn]|=>|&&|&(?:quot|amp|lt|gt|\#[0-9]+);?|\|\||::).*   # an expression
    | \$\w+ | %\w+% | @[a-z_][\w./-]* | --?[a-z][\w-]* | &\w+;?
    | (?-i:[a-z]+(?:_[a-z]+)*_?[0-9]{1,2}(?:_[a-z]+)+ | [a-z]+(?:_[a-z]+)+[0-9]{1,2})   # a variable
    """
)
_FULL = re.compile(rb"(?=.*[A-Za-z])(?=.*[0-9!@#$%^&*?~])[\x21-\x7e\x80-\xff]{6,8192}", re.DOTALL)
_UUID = re.compile(rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LONG = 8192


def is_chosen(value: bytes) -> bool:
    """Tell whether `value` mixes letters with digits or signs, in six characters and more, and is none of the above."""
    if _FULL.fullmatch(value) is None:
        return len(value) > _LONG
    head = value[:256]
    return _ORDINARY.fullmatch(head) is None and _UUID.fullmatch(head) is None
