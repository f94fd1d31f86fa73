"""Passwords in the configuration of network devices, VPNs, mail servers and Windows, where no sign of equality stands.

From Junos, FortiOS and RouterOS manuals, ipsec.secrets(5), pppd(8), postfix's sasl_passwd, openvpn(8), reg.exe.
"""

from __future__ import annotations

from guardcli.masking.compiled.judges import CHOSEN, GIVEN, STRING
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.names import TELLING
from guardcli.masking.forms.tails import REGISTRY_TYPE, Tail

_VALUE = rb"(?:\"([^\"\n]{1,8192})\"|'([^'\n]{1,8192})'|([^\s\"']{1,8192}))"


CONFIGURED = GIVEN._replace(declines=rb"authorization|public|private|clients|encrypted")
"""Given, and not a word of the command line's own."""


DEVICES = (
    Form(
        Tail.REGISTRY,
        rb"(?i)" + TELLING + rb"[0-9]?[ \t]{1,30}" + REGISTRY_TYPE + rb"[ \t]{1,8}",
        rb"([^\r\n]{1,8192})",
    ),
    Form(
        rb"\b(?:PSK|XAUTH|EAP|NTLM)[ \t]{1,8}\"[^\"\n]",
        rb"(?m)(?:^|[ \t]|[ \t]:)(?:PSK|XAUTH|EAP|NTLM)[ \t]{1,8}",
        rb"\"([^\"\n]{1,8192})",
    ),
    Form(
        rb"[ \t]\*[ \t]{1,8}\"[^\"\n]",
        rb"(?m)^[ \t]{0,8}\"?[\w@\\][\w.@\\-]{0,59}\"?[ \t]{1,16}\*[ \t]{1,8}",
        rb"\"([^\"\n]{1,200})\"(?:[ \t]+(?:\*|[0-9.]{1,15})?[ \t\r]*)?(?=\n|\Z)",
    ),
    Form(
        rb"@[\w.-]{1,80}:[^\s]",
        rb"(?m)^\[?[\w.-]{3,80}\]?(?::[0-9a-z]{2,10})?[ \t]{1,16}[^\s:@]{1,60}@[\w.-]{1,80}:(?!=)",
        rb"(\S{4,200})(?=[ \t\r]*(?:\n|\Z))",
    ),
    Form(
        rb"(?:^|\n)\[[\w.-]{3,80}\](?::[0-9a-z]{2,10})?[ \t]{1,16}[^\s:@]{1,60}:[^\s]",
        rb"(?m)^\[[\w.-]{3,80}\](?::[0-9a-z]{2,10})?[ \t]{1,16}[^\s:@]{1,60}:(?!//)",
        rb"(\S{4,200})(?=[ \t\r]*(?:\n|\Z))",
    ),
    Form(
        rb"_password_maps[ \t]{0,4}=[ \t]{0,4}(?:static|inline):[^\s:]{0,80}:[^\s]",
        rb"(?i)password_maps[ \t]{0,4}=[ \t]{0,4}(?:static|inline):[^\s:]{0,80}:",
        rb"(\S{1,200})",
    ),
    Form(
        Tail.DEVICE,
        rb"(?i)(?:(?:plain-text|encrypted|authentication|privacy|simple)-password|shared-secret)[ \t]{1,8}",
        _VALUE,
        CHOSEN,
    ),
    Form(
        rb"\b(?:pre-shared-key ascii-text|authentication-key)[ \t]{1,8}[\"']?[^\s\"']",
        rb"(?i)(?:pre-shared-key ascii-text|authentication-key)[ \t]{1,8}",
        _VALUE,
        CHOSEN,
    ),
    Form(
        Tail.PLAIN_TEXT,
        rb"(?i)\bset [^\n]{1,200}plain-text-password(?:-value)?[ \t]{1,8}",
        _VALUE,
        CONFIGURED,
    ),
    Form(
        rb"\bset snmp (?:v[0-9] )?community[ \t]{1,8}[\"']?[^\s\"']",
        rb"(?i)\bset snmp (?:v[0-9] )?community[ \t]{1,8}",
        _VALUE,
        CONFIGURED,
    ),
    Form(
        rb"\bset [a-z0-9_-]{0,40}(?:passw(?:or)?d|passphrase|psk"
        rb"(?:secret)?|secret|key)[a-z0-9_-]{0,20}[ \t]{1,4}ENC[ \t]{1,4}[A-Za-z0-9+/]{8}",
        rb"(?i)[ \t]ENC[ \t]{1,4}",
        rb"([A-Za-z0-9+/=]{8,8192})",
        GIVEN,
        1,
    ),
    Form(
        Tail.SET,
        rb"(?i)\bset [a-z0-9_-]{0,40}(?:passw(?:or)?d|passphrase|psk(?:secret)?|secret)[ \t]{1,4}",
        rb"\"([^\"\n]{1,8192})",
    ),
    Form(
        Tail.LISTED,
        rb"(?i)\buser(?:name)?=[^\s,;&]{1,100},(?:password|pass)=",
        rb"([^\s,]{1,8192})",
    ),
    Form(
        Tail.BRACES,
        rb"(?i);[ \t]?(?:uid|user id)[ \t]?=[^;\n]{1,100};[ \t]?(?:pwd|password)[ \t]?=[ \t]?\{",
        rb"([^{}\n]{1,8192})\}",
        STRING,
    ),
    Form(
        rb"(?:^|\n)(?:user|ACL SETUSER)[ \t]{1,4}[^\s]{1,80}[ \t][^\n>]{0,200}>[^\s]",
        rb"(?:user|SETUSER|setuser)[ \t]{1,4}\S{1,80}[ \t](?:[^\n>]{0,200}[ \t])?>",
        rb"(\S{1,8192})",
    ),
)
"""Forms of such lines."""
