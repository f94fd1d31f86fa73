"""Where programs and formats have a place for a password without naming it: options of clients, files of their own form.

From the manual pages of the programs, and netrc(5), pgpass (PostgreSQL, libpq), ODBC, Oracle Net and Cisco IOS.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from guardcli.masking.chosen import is_chosen
from guardcli.masking.forms import Form, is_given

_VALUE = rb"(?:'([^'\n]{1,8192})'|\"([^\"\n]{1,8192})\"|([^\s\"'|;&<>]{1,8192}))"
_OPTIONS = rb"[ \t](?:[^\n]{0,400}?[ \t])?"


def _form(trigger: bytes, word: bytes, pattern: bytes, judge: Callable[[bytes], bool] = is_given) -> Form:
    return Form(rb"(?i)" + trigger, word, re.compile(pattern), judge)


def _client(programs: bytes, word: bytes, options: bytes, value: bytes = _VALUE) -> Form:
    """Return the form of `options` of one of `programs`; `word` is what all their names hold."""
    names = rb"(?<![\w-])(?:" + programs + rb")"
    return _form(rb"\b(?:" + programs + rb")[ \t]", word, names + _OPTIONS + options + value)


CLIENTS = (
    _client(rb"curl|wget|https?|xh", b"", rb"(?:-u|-U|-a|--user|--auth|--proxy-user)[ \t=]?[\"']?[^\s:\"'/]{1,100}:", rb"([^\s\"']{1,8192})"),
    _client(rb"sshpass", b"sshpass", rb"-p[ \t]?"),
    _client(rb"mysql(?:dump|admin|import|show)?|mariadb(?:-dump|-admin)?", b"", rb"-p"),
    _form(
        rb"\b(?:docker|podman|oc|helm|nerdctl|skopeo|buildah|az|twine|crane)[ \t][a-z ]{0,20}(?:login|upload)[ \t]", b"",
        rb"\b(?:login|upload)[ \t](?:[^\n]{0,400}?[ \t])?-p[ \t]+" + _VALUE,
    ),
    _client(rb"redis-cli|keydb-cli|valkey-cli", b"-cli", rb"-a[ \t]+"),
    _client(rb"mongo(?:sh|dump|restore|import|export|stat)?", b"mongo", rb"-p[ \t]?"),
    _client(rb"ldap(?:search|modify|add|delete|passwd|whoami|compare)", b"ldap", rb"-w[ \t]?"),
    _client(rb"sqlcmd|bcp|osql|isql|tsql", b"", rb"-P[ \t]?"),
    _client(rb"unzip|zip|ipmitool|zipcloak", b"", rb"-P[ \t]?"),
    _client(rb"7z[ar]?|rar|unrar", b"", rb"-h?p"),
    _client(rb"openssl", b"openssl", rb"(?:-k[ \t]+|-pass(?:in|out)?[ \t]+[\"']?pass:)"),
    _client(rb"keytool|jarsigner|orapki|mkstore", b"", rb"-(?:(?:src|dest)?(?:store|key)pass|new|wpwd?)[ \t]+"),
    _client(rb"smbclient|rpcclient|winexe|smbmap|smbget|net|nmblookup|wmic", b"", rb"(?:-U|--user)[ \t=]?[\"']?[^\s%\"']{1,100}%", rb"([^\s\"']{1,8192})"),
    _client(rb"htpasswd", b"htpasswd", rb"-[a-zA-Z]*b[a-zA-Z]*[ \t]+(?:-\w+[ \t]+)*\S+[ \t]+[^\s-]\S*[ \t]+"),
    _client(rb"[xw]freerdp3?|mstsc|rdesktop", b"", rb"(?:/p:|-p[ \t]+)"),
    _client(rb"snmp(?:walk|get|set|bulkwalk|getnext|table|trap)", b"snmp", rb"-[AXc][ \t]?"),
    _client(rb"net(?:\.exe)?[ \t]+use", b"use", rb"/user:\S{1,100}[ \t]+(?![/\\])"),
    _client(rb"net(?:\.exe)?[ \t]+user", b"user", rb"[\w.-]{1,60}[ \t]+(?![/\\*])"),
    _client(rb"rabbitmqctl", b"rabbitmqctl", rb"(?:add_user|change_password|authenticate_user)[ \t]+\S{1,100}[ \t]+"),
    _client(rb"useradd|usermod|adduser", b"user", rb"(?:-p|--password)[ \t]+"),
    _client(rb"ssh-keygen", b"ssh-keygen", rb"-[NP][ \t]+"),
    _client(rb"restic|borg|rclone|ansible(?:-\w+)?", b"", rb"--?[\w-]{0,20}pass(?:word)?-command[ \t=]+[\"']?(?:echo|printf)[ \t]+", rb"([^\s\"']{1,8192})"),
    _client(rb"sqlplus|expdp|impdp|rman|sqlldr", b"", rb"(?:-\w+[ \t]+)*[\"']?(?:userid=|target[ \t]+)?[\w$#]{1,60}/", rb"([^\s\"'@/]{1,8192})(?=@|[\"']|[ \t]|\Z)"),
    _form(rb"\b(?:vault|snyk|cargo|netlify|doctl|railway|vercel)[ \t][a-z ]{0,20}(?:login|unseal|auth)[ \t]", b"", rb"\b(?:login|unseal|auth)[ \t]+(?:init[ \t]+-t[ \t]+|-[\w-]+[ \t]+)?" + _VALUE, is_chosen),
    _form(rb"--from-literal[ =][\w.-]{1,100}=[^\s]", b"--from-literal", rb"--from-literal[ =][\"']?[\w.-]{1,100}=[\"']?([^\s\"']{1,8192})"),
    _form(
        rb"\|[ \t]{0,4}(?:sudo[ \t]|chpasswd|kinit|passwd[ \t]|[^\n|]{0,200}--password-stdin|cryptsetup[ \t])", b"|",
        rb"(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?[\"']?(?:[\w.-]{1,60}:)?" + rb"([^\s\"'|;&<>:]{1,8192})"
        + rb"[\"']?[ \t]*\|[ \t]*(?:sudo[^\n|]{0,60} -\w*S|sudo[ \t]+chpasswd|chpasswd|kinit|passwd[ \t]+--stdin|[^\n|]{0,200}--password-stdin|cryptsetup)",
    ),
)  # fmt: skip
"""Options of clients; an empty word is one that always tries."""

FILES = (
    _form(rb"\b(?:pass(?:word|wd)|pwd|secret|token|api_?key)%3D[^\s&%]", b"%3d", rb"(?i)(?:pass(?:word|wd)|pwd|secret|token|api_?key)%3D((?:[^\s&%\"'<>]|%(?!26)){1,8192})"),
    _form(rb"login[ \t]{1,8}[^\s]{1,100}[ \t]{1,8}password[ \t]", b"login", rb"(?i)(?<![\w'])login[ \t]+\S{1,100}[ \t]+password[ \t]+([^\s{}]{1,8192})",
        lambda value: is_given(value) and value.lower() not in (b"for", b"to", b"is", b"and", b"or", b"in", b"on", b"from")),
    _form(
        rb"\b(?:requirepass|masterauth|bindpw|rootpw|credentialspw|olcrootpw)[ \t:]{1,8}[^\s]", b"",
        rb"(?im)^[ \t]{0,8}(?:requirepass|masterauth|bindpw|rootpw|olcrootpw)[ \t:]+" + _VALUE,
    ),
    _form(
        rb":(?:[0-9]{2,5}|\*):[^:\s]{1,64}:[^:\s]{1,64}:[^\s:]", b":",
        rb"(?m)^[ \t]{0,8}(?:\*|[A-Za-z][\w-]*(?:\.[\w-]+)*|[0-9.]{7,15}|/[\w./-]+):(?:5432|5433|6432|\*):[^:\s]{1,64}:[A-Za-z_*][^:\s]{0,63}:([^\s:]{1,8192})[ \t\r]*$",
    ),
    _form(rb"jdbc:oracle:(?:thin|oci8?):[\w$#]{1,60}/", b"jdbc:oracle", rb"jdbc:oracle:(?:thin|oci8?):[\w$#]{1,60}/([^\s@\"'<>]{1,4096})@"),
    _form(rb":[^\s:@/\"']{1,200}@(?:tcp|unix|udp)\(", b"@", rb"(?<![\w@/])[\w.-]{1,60}:([^\s@\"'<>]{1,4096})@(?:tcp|unix|udp)\("),
    _form(
        rb"\b(?:auth|httpbasicauth|httpdigestauth|setbasicauth|basicauth|basic_auth|passwordauth)[ \t]{0,2}[=:]?[ \t]{0,2}[(\[][ \t]{0,2}[\"']", b"auth",
        rb"(?i)auth[ \t]*[=:]?[ \t]*[(\[][ \t]*[\"'][^\"'\n]{1,100}[\"'][ \t]*,[ \t]*(?:\"([^\"\n]{1,4096})\"|'([^'\n]{1,4096})')",
    ),
    _form(
        rb"\b(?:password|secret|key|md5|hash)[ \t]{1,2}[0-9][ \t]{1,2}[^\s]", b"",
        rb"(?im)^[ \t]*(?:[\w./-]+[ \t]+){0,8}?(?:password|secret|key|key-string|md5)[ \t]+[0-9][ \t]+(\S{4,8192})",
    ),
    _form(
        rb"\b(?:snmp-server[ \t]{1,2}community|enable[ \t]{1,2}(?:secret|password)|(?:tacacs|radius)-server[ \t]{1,2}key|pre-shared-key|isakmp[ \t]{1,2}key|key-string|neighbor[ \t]{1,2}[^\s]{1,45}[ \t]{1,2}password|wpa-psk)[ \t]{1,4}[^\s]",
        b"", rb"(?m)(?:snmp-server[ \t]+community|^[ \t]{0,4}enable[ \t]+(?:secret|password)|(?:tacacs|radius)-server[ \t]+key|pre-shared-key(?:[ \t]+(?:local|remote|address[ \t]+\S+[ \t]+key))?|isakmp[ \t]+key|key-string|neighbor[ \t]+\S{1,45}[ \t]+password|wpa-psk)[ \t]+(?![0-9][ \t])" + _VALUE,
        lambda value: is_given(value) and value.lower() not in (b"public", b"private", b"is", b"the", b"for"),
    ),
)  # fmt: skip
