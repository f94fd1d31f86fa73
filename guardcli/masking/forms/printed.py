"""Secrets by their place in what tools print: logs of TLS keys, the AWS CLI's text, Jenkins, Redis, properties of XML.

Sources: NSS Key Log Format, ``aws secretsmanager get-secret-value --output text``, Redis' MONITOR, Hadoop's site files.
"""

from __future__ import annotations

from guardcli.masking.compiled.judges import CHOSEN, STRING
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.names import GUARDED, SUFFIX
from guardcli.masking.forms.tails import ELEMENTS, Tail

_NAME = rb"(?i:(?:[\w$.:/-]{0,60}[\w$.:/-])??" + GUARDED + SUFFIX + rb")"
_LABELS = (
    rb"(?:CLIENT_RANDOM|(?:CLIENT|SERVER)_(?:HANDSHAKE_)?TRAFFIC_SECRET(?:_0)?|CLIENT_EARLY_TRAFFIC_SECRET"
    rb"|EXPORTER_SECRET|EARLY_EXPORTER_SECRET)"
)
_SECRET_VALUE = rb"\barn:aws[\w-]{0,10}:secretsmanager:[^\t\n]{1,200}\t[0-9.TZ:+-]{4,40}\t[^\t\n]{1,100}\t"

PRINTED = (
    Form(
        rb"\b" + _LABELS + rb" [0-9a-f]{64} [0-9a-f]{32}",
        rb"\b" + _LABELS + rb" [0-9a-f]{64} ",
        rb"([0-9a-f]{32,128})",
        ahead=1,
    ),
    Form(
        _SECRET_VALUE + rb"[^\t\n]{1,1000}\t[0-9a-f]{8}-",
        _SECRET_VALUE,
        rb"([^\t\n]{1,8192})\t[0-9a-f]{8}-",
        ahead=1,
    ),
    Form(
        rb"\{AQAAABAAAA[A-Za-z0-9+/]{4}",
        rb"(?=\{)",
        rb"(\{AQAAABAAAA[A-Za-z0-9+/]{16,8192}={0,2}\})",
        ahead=1,
    ),
    Form(
        rb"\bSecretString[ \t]{0,60}[|\t][ \t]{0,20}[^\s|{]",
        rb"\bSecretString[ \t]{0,60}[|\t][ \t]{0,20}",
        rb"([^\s|]{1,8192})",
    ),
    Form(
        Tail.QUOTED_PAIR,
        rb"\"" + _NAME + rb"\" ",
        rb"\"((?:[^\"\\\n]|\\.){1,8192})\"",
        CHOSEN,
    ),
    Form(
        Tail.NEXT_ELEMENT,
        rb"<" + ELEMENTS + rb">" + _NAME + rb"</" + ELEMENTS + rb">[ \t]{0,4}<(?:value|string)>",
        rb"([^<\n]{1,8192})",
        STRING,
    ),
)
"""Forms; a trigger matches in any case."""
