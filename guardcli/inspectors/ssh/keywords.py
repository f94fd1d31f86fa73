"""What each keyword of ssh_config(5) means for a call: harmless, or what it runs, opens or weakens.

The table follows OpenSSH's own list of keywords; one that is not in it is conceded. Keywords are compared in lower
case, as OpenSSH does.
"""

from __future__ import annotations

from dataclasses import dataclass

from guardcli.inspectors.names import names
from guardcli.model.effects import Effect

HARMLESS = names(
    "addkeystoagent addressfamily batchmode bindaddress bindinterface canonicaldomains "
    "canonicalizefallbacklocal canonicalizemaxdots canonicalizepermittedcnames casignaturealgorithms "
    "certificatefile challengeresponseauthentication channeltimeout checkhostip cipher ciphers "
    "clearallforwardings compression compressionlevel connectionattempts connecttimeout controlpersist "
    "enablesshkeysign escapechar exitonforwardfailure fingerprinthash forkafterauthentication "
    "forwardx11timeout forwardx11trusted gssapiauthentication gssapiclientidentity gssapikexalgorithms "
    "gssapikeyexchange gssapirenewalforcesrekey gssapiserveridentity hashknownhosts "
    "hostbasedacceptedalgorithms hostbasedauthentication hostbasedkeytypes hostkeyalgorithms hostname "
    "identitiesonly identityagent identityfile ignoreunknown ipqos kbdinteractiveauthentication "
    "kbdinteractivedevices kexalgorithms loglevel logverbose macs numberofpasswordprompts "
    "obscurekeystroketiming passwordauthentication permitremoteopen port preferredauthentications "
    "protocol proxyusefdpass pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication "
    "rekeylimit requesttty requiredrsasize serveralivecountmax serveraliveinterval sessiontype stdinnull "
    "streamlocalbindmask streamlocalbindunlink syslogfacility tag tcpkeepalive tunneldevice "
    "updatehostkeys usekeychain user visualhostkey warnweakcrypto"
)
"""Change only how this connection is made or spoken, to the host that is named."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a keyword does unless its value is one of `harmless`; conceded where `known` is not set."""

    effect: Effect
    why: str
    harmless: frozenset[str] = frozenset()
    known: bool = True


def _m(effect: Effect, why: str, *harmless: str, known: bool = True) -> Meaning:
    return Meaning(effect, why, frozenset(harmless), known)


_NO = ("no", "false")
_LOCAL = "it runs a program on this side"
_FORWARD = "it opens a path through the connection"
_TRUST = "it weakens how the host is recognised"

MEANINGS: dict[str, Meaning] = {
    "proxycommand": _m(Effect.EXECUTE, _LOCAL, "none"),
    "localcommand": _m(Effect.EXECUTE, _LOCAL, "none"),
    "permitlocalcommand": _m(Effect.EXECUTE, _LOCAL, *_NO),
    "knownhostscommand": _m(Effect.EXECUTE, _LOCAL, "none"),
    "pkcs11provider": _m(Effect.EXECUTE, "it loads a library on this side", "none"),
    "smartcarddevice": _m(Effect.EXECUTE, "it loads a library on this side", "none"),
    "securitykeyprovider": _m(Effect.EXECUTE, "it loads a library on this side", "internal"),
    "xauthlocation": _m(Effect.EXECUTE, _LOCAL),
    "proxyjump": _m(Effect.NETWORK, "it goes through another host", "none"),
    "forwardagent": _m(Effect.NETWORK, "it lends the keys of this side to the host", *_NO),
    "gssapidelegatecredentials": _m(Effect.NETWORK, "it lends the credentials of this side to the host", *_NO),
    "forwardx11": _m(Effect.NETWORK, "it opens this side's display to the host", *_NO),
    "localforward": _m(Effect.NETWORK, _FORWARD),
    "remoteforward": _m(Effect.NETWORK, _FORWARD),
    "dynamicforward": _m(Effect.NETWORK, _FORWARD),
    "stdioforward": _m(Effect.NETWORK, _FORWARD),
    "gatewayports": _m(Effect.NETWORK, _FORWARD, *_NO),
    "tunnel": _m(Effect.NETWORK, _FORWARD, *_NO),
    "enableescapecommandline": _m(Effect.NETWORK, "forwards can be added while it runs", *_NO),
    "controlmaster": _m(Effect.NETWORK, "it lets other calls use the connection", *_NO),
    "controlpath": _m(Effect.NETWORK, "it uses a connection that another call made", "none", known=False),
    "canonicalizehostname": _m(Effect.NETWORK, "it may go to another host", "none", *_NO, known=False),
    "hostkeyalias": _m(Effect.NETWORK, "the host is recognised under another name", known=False),
    "stricthostkeychecking": _m(Effect.NETWORK, _TRUST, "yes", "true", "ask", "accept-new"),
    "userknownhostsfile": _m(
        Effect.NETWORK, _TRUST, "~/.ssh/known_hosts", "~/.ssh/known_hosts ~/.ssh/known_hosts2", "%d/.ssh/known_hosts"
    ),
    "globalknownhostsfile": _m(
        Effect.NETWORK,
        _TRUST,
        "/etc/ssh/ssh_known_hosts",
        "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2",
    ),
    "nohostauthenticationforlocalhost": _m(Effect.NETWORK, _TRUST, *_NO),
    "verifyhostkeydns": _m(Effect.NETWORK, _TRUST, "ask", *_NO),
    "gssapitrustdns": _m(Effect.NETWORK, _TRUST, *_NO),
    "revokedhostkeys": _m(Effect.NETWORK, _TRUST, known=False),
}

FLAGS: dict[str, tuple[str, str]] = {
    "A": ("forwardagent", "yes"),
    "K": ("gssapidelegatecredentials", "yes"),
    "X": ("forwardx11", "yes"),
    "Y": ("forwardx11", "yes"),
    "g": ("gatewayports", "yes"),
    "M": ("controlmaster", "yes"),
}
"""Options of ssh without a value that stand for a keyword."""

VALUES = {
    "J": "proxyjump",
    "L": "localforward",
    "R": "remoteforward",
    "D": "dynamicforward",
    "W": "stdioforward",
    "w": "tunnel",
    "S": "controlpath",
    "I": "pkcs11provider",
    "p": "port",
    "l": "user",
}
"""Options of ssh with a value that stand for a keyword."""
