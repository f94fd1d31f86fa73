"""E-mail addresses (RFC 5321 in the forms that occur), the documentation domains of RFC 2606 included."""

from __future__ import annotations

from guardcli.masking.detector import Detector


class Email(Detector):
    """Names addresses; `native` finds them, and declines remotes of scp and ssh, user names in URLs, units, file names
    and binary data.
    """

    name = "email"
    label = "EMAIL"
    personal = True
    opening = rb"((?<![A-Za-z0-9.-])[A-Za-z0-9][A-Za-z0-9.%'+_-]{0,63}@[A-Za-z0-9.-]{0,255})"
    stub = rb"(?<![A-Za-z0-9.%'+_\x80-\xff-])([A-Za-z0-9\x80-\xff](?:[A-Za-z0-9'+_\x80-\xff-]|\.(?!\.)){0,63})"
