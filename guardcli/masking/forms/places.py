"""Where programs and formats have a place for a password without naming it: options of clients, and files.

From the manual pages of the programs, and netrc(5), pgpass (PostgreSQL, libpq), ODBC, Oracle Net and Cisco IOS.
"""

from __future__ import annotations

from guardcli.masking.compiled.judges import CHOSEN, GIVEN, Judge
from guardcli.masking.forms.form import Form
from guardcli.masking.forms.tails import Tail

_VALUE = rb"(?:'([^'\n]{1,8192})'|\"([^\"\n]{1,8192})\"|([^\s\"'`|;&<>(][^\s\"'`|;&<>]{0,8191}))"
_WORD = rb"([^\s\"'`]{1,8192})"
_FAR = 480


_STOP = rb"for|to|is|and|or|in|on|from|the"
WORD = GIVEN._replace(declines=rb"(?i)" + _STOP + rb"|[\x80-\xff]{6}[^\n]*")
"""Given, and not a word of a sentence."""


COMMUNITY = GIVEN._replace(
    declines=rb"(?i)public|private|\{.*|hash|ascii-text|hexadecimal|[a-z]+_[a-z_]+_[a-z_]+|" + _STOP
)
"""More than the names that every device has from its maker."""


_LOGINS = (
    rb"vault|snyk|cargo|netlify|doctl|railway|vercel|wandb|ngrok|huggingface-cli|hf|pulumi|infracost|codecov|phrase"
)
"""Programs that are given a token as an argument."""


ARGUMENT = GIVEN._replace(declines=rb"[A-Z][A-Z_]*|[0-9]{1,5}|(?i:hash(?:es)?|[\w./-]+\.(?:txt|li?st|csv))")
"""Given, and no word in capitals as usages have them, nor a port."""


PLAIN = (
    rb"(?:'([^'\n]{1,8192})'|\"([^\"\n]{1,8192})\""
    rb"|([a-z]{1,40})(?=[ \t]*(?:\Z|[\r\n\"'`,;])|[ \t]+(?:R[OW]|r[ow]|group|view|[0-9]))"
    rb"|([^\s\"'`<>]{0,60}[^\s\"'`<>a-z][^\s\"'`<>]{0,8000}))"
)
"""A value in a device's configuration: a plain word of small letters has no further words of a sentence behind it."""


def _client(programs: bytes, options: bytes, value: bytes = _VALUE, judge: Judge = GIVEN) -> Form:
    """Return the form of `options` of one of `programs`."""
    names = rb"(?<![\w./-])(?:[\w./-]{0,60}/)?(?:" + programs + rb")"
    head = rb"[ \t](?:" + options + rb")"
    return Form(rb"\b(?:" + programs + rb")[ \t]", head, value, judge, _FAR, names + rb"(?=[ \t])")


CLIENTS = (
    _client(rb"curl|wget|https?|xh", rb"(?:-u|-U|-a|--user|--auth|--proxy-user)[ \t=]?[\"']?[^\s:\"'/]{1,100}:", _WORD),
    _client(
        rb"curl|wget|https?|xh",
        rb"(?:-u|-U|-a|--user|--auth|--proxy-user)[ \t=]?(?=[\"'][^\"'\n]* )[\"'][^\s:\"'/]{1,100}:",
        rb"([^\"'\n]{1,8192})",
    ),
    _client(rb"https?|xh", rb"-A[ \t=]?bearer[ \t]+-a[ \t=]?"),
    _client(rb"mosquitto_(?:pub|sub)", rb"-P[ \t]+"),
    _client(rb"psexec(?:64)?(?:\.exe)?|cqlsh|snowsql", rb"-p[ \t]+"),
    _client(rb"schtasks(?:\.exe)?", rb"/rp[ \t]+"),
    _client(rb"cmdkey(?:\.exe)?", rb"/pass:"),
    Form(
        rb"\bwpa_passphrase[ \t]{1,4}[^\s<>|-]",
        rb"\bwpa_passphrase[ \t]+(?:\"[^\"\n]{1,60}\"|'[^'\n]{1,60}'|[^\s<>|\"'`-][^\s<>|\"'`]{0,60})[ \t]+",
        _VALUE,
        GIVEN,
        80,
    ),
    _client(rb"ansible-vault", rb"encrypt_string[ \t]+(?!-)"),
    _client(rb"mc(?:li)?", rb"alias[ \t]+set[ \t]+\S{1,100}[ \t]+\S{1,300}[ \t]+\S{1,100}[ \t]+"),
    _client(rb"jenkins-cli(?:\.jar)?", rb"-auth[ \t]+[^\s:@]{1,100}:", _WORD),
    _client(rb"nmcli", rb"password[ \t]+"),
    Form(rb"\bsshpass[ \t]{1,4}-", rb"\bsshpass[ \t]+(?:-[vP][ \t]+)?-p[ \t]?", _VALUE, GIVEN, 40),
    _client(
        rb"(?:evil-winrm|crackmapexec|cme|nxc|netexec|bloodhound-python|kerbrute|enum4linux-ng|certipy|bloodyAD)(?:\.py)?",
        rb"(?:-p|-H|--password|--hash|-hashes)[ \t]+",
        _VALUE,
        ARGUMENT,
    ),
    _client(
        rb"impacket-[\w-]{1,40}|(?:psexec|secretsdump|wmiexec|smbexec|atexec|dcomexec|mssqlclient|smbclient|lookupsid"
        rb"|GetUserSPNs|GetNPUsers|GetADUsers|getTGT|getST|addcomputer)\.py",
        rb"[\"']?(?:[\w.-]{1,60}/)?[\w.$-]{1,60}:",
        rb"([^\s\"'@/:]{1,200})(?=@|[\"']?(?:[ \t\r\n]|\Z))",
        ARGUMENT,
    ),
    _client(rb"mysql(?:dump|admin|import|show)?|mariadb(?:-dump|-admin)?", rb"-p(?![ \t])"),
    Form(
        rb"\b(?:docker|podman|oc|helm|nerdctl|skopeo|buildah|az|twine|crane)[ \t][a-z ]{0,20}(?:login|upload)[ \t]",
        rb"[ \t]-p[ \t]+",
        _VALUE,
        GIVEN,
        _FAR,
        rb"\b(?:login|upload)(?=[ \t])",
    ),
    _client(rb"(?:redis|keydb|valkey)-cli", rb"(?:-a|AUTH|auth|requirepass|masterauth)[ \t]+"),
    _client(rb"mongo(?:sh|dump|restore|import|export|stat)?", rb"-p[ \t]?(?![ \t-])"),
    _client(rb"ldap(?:search|modify|add|delete|passwd|whoami|compare)", rb"-w[ \t]?"),
    _client(rb"sqlcmd|bcp|osql|isql|tsql", rb"-P[ \t]?"),
    _client(rb"unzip|zip|ipmitool|zipcloak", rb"-P[ \t]?"),
    _client(rb"7z[ar]?|rar|unrar", rb"-h?p(?![ \t])"),
    _client(rb"openssl", rb"(?:-k[ \t]+|-pass(?:in|out)?[ \t]+[\"']?pass:)"),
    _client(rb"keytool|jarsigner|orapki|mkstore", rb"-(?:(?:src|dest)?(?:store|key)pass|new|wpwd?)[ \t]+"),
    _client(
        rb"smbclient|rpcclient|winexe|smbmap|smbget|net|nmblookup|wmic",
        rb"(?:-U|--user)[ \t=]?[\"']?[^\s%\"']{1,100}%",
        _WORD,
    ),
    _client(
        rb"htpasswd", rb"-[a-zA-Z]{0,6}b[a-zA-Z]{0,6}[ \t]+(?:-\w+[ \t]+){0,6}\S{1,200}[ \t]+[^\s-]\S{0,100}[ \t]+"
    ),
    _client(rb"[xw]freerdp3?|mstsc|rdesktop", rb"(?:/p:|-p[ \t]+)"),
    _client(rb"snmp(?:walk|get|set|bulkwalk|getnext|table|trap)", rb"-[AXc][ \t]?"),
    _client(rb"net(?:\.exe)?[ \t]{1,4}use", rb"/user:\S{1,100}[ \t]+(?![/\\])"),
    Form(
        rb"\bnet(?:\.exe)?[ \t]{1,4}user[ \t]{1,4}[^\s/]",
        rb"(?i)\bnet(?:\.exe)?[ \t]{1,4}user[ \t]+(?:\"[\w. $-]{1,60}\"|[\w.$-]{1,60})[ \t]+(?![/\\*])",
        rb"(?:\"([^\"\n]{1,200})\"|'([^'\n]{1,200})'|([^\s\"'`|;&<>]{1,200}))(?=[ \t]*(?:\Z|[\r\n\"'`|;&/\\]))",
        GIVEN,
        100,
    ),
    _client(rb"rabbitmqctl", rb"(?:add_user|change_password|authenticate_user)[ \t]+\S{1,100}[ \t]+"),
    _client(rb"useradd|usermod|adduser", rb"-p[ \t]+"),
    _client(rb"plink|pscp|psftp|putty|kitty", rb"-pw[ \t]+"),
    _client(rb"consul|nomad", rb"-http-auth[ \t=][\"']?[^\s:\"']{1,100}:", _WORD),
    _client(rb"ncftp(?:put|get|ls)", rb"-p[ \t]+"),
    _client(rb"lftp|ncftp", rb"-u[ \t]?[\"']?[^\s,\"']{1,100},", _WORD),
    _client(rb"ssh-keygen", rb"-[NP][ \t]+"),
    _client(
        rb"restic|borg|rclone|ansible(?:-\w{1,12})?",
        rb"--?[\w-]{0,20}pass(?:word)?-command[ \t=]+[\"']?(?:echo|printf)[ \t]+",
        _WORD,
    ),
    _client(
        rb"sqlplus|expdp|impdp|rman|sqlldr",
        rb"[\"']?(?:userid=|target[ \t]+)?[\w$#]{1,60}/",
        rb"([^\s\"'@/]{1,8192})(?=@|[\"']|[ \t\r\n]|\Z)",
    ),
    Form(
        rb"\b(?:" + _LOGINS + rb")[ \t][a-z ]{0,20}(?:login|unseal|auth|(?:add-)?authtoken)[ \t]",
        rb"\b(?:login|unseal|auth|authtoken)[ \t]+(?:init[ \t]+-t[ \t]+|-[\w-]{1,20}[ \t]+)?",
        _VALUE,
        CHOSEN,
        60,
    ),
    Form(
        rb"\b(?:" + _LOGINS + rb")[ \t][a-z ]{0,20}(?:login|unseal|auth)[ \t]",
        rb"\b(?:login|unseal|auth)[ \t]+(?:-[\w-]{1,20}[ \t]+)?",
        rb"([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?![\w-])",
        GIVEN,
        60,
    ),
    Form(
        rb"--from-literal[ =][\"']?[\w.-]{1,100}=[\"']?[^\s\"']",
        rb"--from-literal[ =][\"']?(?!(?:(?:user)?name|user|host(?:name)?|port|db(?:name)?|database)=)"
        rb"[\w.-]{1,100}=[\"']?",
        rb"([^\s\"']{1,8192})",
    ),
    Form(
        rb"\b(?:echo|printf)[ \t]{1,4}(?:-\w{1,4}[ \t]{1,4})?[\"']?[^\s\"'|]",
        rb"(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?[\"']?",
        rb"(?:[\w.-]{1,60}:)?([^\s\"'|;&<>:]{1,4096})[\"']?[ \t]*\|[ \t]*(?:sudo[^\n|]{0,60} -\w*S\b|"
        rb"(?:sudo[ \t]+)?chpasswd|kinit|passwd[ \t]+--stdin"
        rb"|[^\n|]{0,200}--password-stdin|cryptsetup)",
    ),
    Form(
        rb"\b(?:echo|printf)[ \t]{1,4}(?:-\w{1,4}[ \t]{1,4})?[\"']?[\w.@+-]{1,60}:[^\s\"'|]",
        rb"(?:echo|printf)[ \t]+(?:-\w+[ \t]+)?[\"']?[\w.@+-]{1,60}:",
        rb"([^\s\"'|;&<>:]{1,4096})[\"']?[ \t]*\|[ \t]*base64",
    ),
)
"""Options of clients."""

PROGRAMS = (
    rb"curl|wget|https?|xh|sshpass|mysql\w{0,6}|mariadb[\w-]{0,6}|docker|podman|oc|helm|nerdctl|az|twine|[\w]{1,6}-cli|mongo\w{0,8}"
    rb"|ldap\w{3,8}|sqlcmd|bcp|osql|isql|tsql|unzip|zip|ipmitool|7z[ar]?|rar|openssl|keytool|jarsigner|smbclient|rpcclient"
    rb"|evil-winrm|crackmapexec|cme|nxc|netexec|certipy|bloodyAD|ansible(?:-\w{1,12})?|winexe|htpasswd"
    rb"|[xw]freerdp3?|rdesktop|snmp\w{3,8}|net|rabbitmqctl|useradd|usermod|ssh-keygen|restic|sqlplus|expdp|impdp"
)
"""What an unfinished quote may belong to that holds a password."""

FILES = (
    Form(
        Tail.ESCAPED,
        rb"(?i)\b(?:pass(?:word|wd)|pwd|secret|token|api_?key)%3D",
        rb"((?:[^\s&%\"'<>`]|%(?!26)){1,8192})",
    ),
    Form(
        rb"\b(?:ro|rw)community6?[ \t]{1,8}[^\s]",
        rb"(?im)^[ \t]*(?:ro|rw)community6?[ \t]+",
        _WORD,
        COMMUNITY,
    ),
    Form(
        rb"\bcreateuser[ \t]{1,8}(?:-e [^\s]{1,60} )?[^\s]{1,60}[ \t]{1,8}(?:MD5|SHA(?:-?[0-9]{3})?)[ \t]{1,8}[^\s]",
        rb"(?i)[ \t](?:MD5|SHA(?:-?[0-9]{3})?)[ \t]{1,8}",
        _VALUE,
    ),
    Form(
        rb"\bcreateuser[ \t][^\n]{1,200}[ \t](?:DES|AES(?:-?[0-9]{3})?)[ \t]{1,8}[^\s]",
        rb"(?i)[ \t](?:DES|AES(?:-?[0-9]{3})?)[ \t]{1,8}",
        _VALUE,
    ),
    Form(
        rb"/[\w.-]{0,60}pass(?:word|wd)?[\w-]{0,20}[ \t]{1,8}(?:password|string)[ \t]{1,8}[^\s]",
        rb"(?i)/[\w.-]{0,60}pass(?:word|wd)?[\w-]{0,20}[ \t]{1,8}(?:password|string)[ \t]{1,8}",
        _WORD,
        WORD,
    ),
    Form(
        rb"(?:header|header_up|request_header|fastcgi_param)[ \t]{1,4}(?:set[ \t]{1,4})?[\w-]{0,40}"
        rb"(?:authorization|key|token|secret)[ \t]{1,8}[\"']?(?:basic |bearer |token )?[^\s\"'$%{]",
        rb"(?i)header\w{0,6}[ \t]+(?:set[ \t]+)?[\w-]{0,40}(?:authorization|key|token|secret)[ \t]+[\"']?"
        rb"(?:basic |bearer |token )?",
        rb"([^\s\"'$%{};]{6,8192})",
        CHOSEN,
    ),
    Form(
        rb"(?:^|\n|[>:] ?)(?:[a-z]{0,4}[0-9]{1,6}|[a-z.]) LOGIN [^\s]{1,100} [^\s]",
        rb"(?m)(?:^|[>:] ?)(?:[A-Za-z]{0,4}[0-9]{1,6}|[A-Za-z.]) LOGIN \S{1,100} ",
        rb"(?:\"([^\"\n]{1,8192})\"|([^\s\"]{1,8192}))(?=[ \t\r]*(?:\n|\Z))",
    ),
    Form(
        rb"\bexpect[ \t][^\n]{0,60}pass(?:word|phrase)[^\n]{0,20}[ \t]send[ \t]{1,4}(?:-- )?\"[^\"\n$]",
        rb"(?i)[ \t]send[ \t]{1,4}(?:-- )?",
        rb"\"([^\"\\\n]{1,8192})",
    ),
    Form(
        Tail.LOGIN,
        rb"(?i)(?<![\w'])login[ \t]+(?!(?:and|or|with|name,?)[ \t])\S{1,100}[ \t]+password[ \t]+",
        rb"([^\s{}]{1,8192})",
        WORD,
    ),
    Form(
        rb"\b(?:requirepass|masterauth|bindpw|rootpw|olcrootpw)[ \t:]{1,8}"
        rb"(?:--[a-z-]{1,20}[ \t]{1,8}){0,3}[\"']?[^\s\"'-]",
        rb"(?im)(?:^|[ \t])(?:--)?(?:requirepass|masterauth|bindpw|rootpw|olcrootpw)[ \t:]+"
        rb"(?:--[a-z-]{1,20}[ \t]+){0,3}",
        _VALUE,
        WORD,
    ),
    Form(
        rb":(?:5432|5433|6432|\*):[^:\s]{1,64}:[^:\s]{1,64}:[^\s:]",
        rb"(?m)^[ \t]{0,8}(?:\*|[A-Za-z][\w-]{0,60}(?:\.[\w-]{1,60}){0,8}|[0-9.]{7,15}|/[\w./-]{1,100}):(?:5432|5433"
        rb"|6432|\*)"
        rb":[^:\s]{1,64}:[A-Za-z_*][^:\s]{0,63}:",
        rb"([^\s:]{1,8192})(?![\S])",
    ),
    Form(
        rb"\bjdbc:oracle:(?:thin|oci8?):[\w$#]{1,60}/[^\s@]",
        rb"jdbc:oracle:(?:thin|oci8?):[\w$#]{1,60}/",
        rb"([^\s\"'<>]{1,4096})@",
    ),
    Form(
        rb"[A-Za-z0-9_.-]:[^\s:/\"'<>]{1,200}@(?:tcp|unix|udp)\(",
        rb"(?<![\w@/.-])[\w.-]{1,60}:",
        rb"([^\s:/\"'<>]{1,4096})@(?:tcp|unix|udp)\(",
        GIVEN,
        1,
    ),
    Form(
        rb"auth[ \t]{0,2}[=:]?[ \t]{0,2}[(\[][ \t]{0,2}[\"'][^\"'\n]{1,100}[\"'][ \t]{0,4},[ \t]{0,4}[\"'][^\"']",
        rb"(?i)(?<!requires_)(?<!do_)auth[ \t]*[=:]?[ \t]*[(\[][ \t]*[\"'][^\"'\n]{1,100}[\"'][ \t]*,[ \t]*",
        rb"(?:\"([^\"\n]{1,4096})\"|'([^'\n]{1,4096})')",
        GIVEN._replace(declines=rb"[a-z]+(?:\.[A-Za-z]+)+"),
    ),
    Form(
        rb"\b(?:password|secret|key|key-string|md5)[ \t]{1,2}[05-9][ \t]{1,2}[^\s]{4}",
        rb"(?im)^[ \t]*(?:[\w./-]+[ \t]+){0,8}?(?:password|secret|key|key-string|md5)[ \t]+[05-9][ \t]+",
        rb"(\S{4,8192})",
        CHOSEN,
    ),
    Form(
        rb"(?:\bsnmp-server[ \t]{1,2}community|(?:^|[\n#>\"'`])[ \t]{0,4}enable[ \t]{1,2}(?:secret|password)"
        rb"|\b(?:tacacs|radius)-server[ \t]{1,2}key"
        rb"|\bpre-shared-key|\bisakmp[ \t]{1,2}key|\bkey-string|\bneighbor[ \t]{1,2}[^\s]{1,45}[ \t]{1,2}password|"
        rb"\bwpa-psk)[ \t]{1,4}[\"']?[^\s\"']",
        rb"(?im)(?:snmp-server[ \t]+community|(?:^|[#>\"'`])[ \t]{0,4}enable[ \t]+(?:secret|password)"
        rb"|(?:tacacs|radius)-server[ \t]+key|pre-shared-key"
        rb"(?:[ \t]+(?:local|remote|ascii-text|hexadecimal|address[ \t]+\S+[ \t]+key))?|isakmp[ \t]+key|key-string"
        rb"|neighbor[ \t]+\S{1,45}"
        rb"[ \t]+password|wpa-psk)"
        rb"[ \t]+(?![0-9][ \t])",
        PLAIN,
        COMMUNITY,
        60,
    ),
    Form(
        rb"\b(?:username[ \t]{1,2}[^\s]{1,60}|ppp[ \t]{1,2}(?:chap|pap[ \t]{1,2}sent-username[ \t]{1,2}[^\s]{1,60}))"
        rb"[ \t]{1,2}(?:privilege[ \t]{1,2}[0-9]{1,2}[ \t]{1,2})?(?:password|secret)"
        rb"[ \t]{1,2}[^\s]",
        rb"(?i)\b(?:username[ \t]+(?!(?:and|or)[ \t])\S{1,60}|ppp[ \t]+(?:chap|pap[ \t]+sent-username[ \t]+\S{1,60}))"
        rb"[ \t]+(?:privilege[ \t]+[0-9]{1,2}[ \t]+)?(?:password|secret)"
        rb"[ \t]+(?:[0-9][ \t]+)?",
        PLAIN,
        COMMUNITY,
        8,
    ),
    Form(
        rb"\n key[ \t](?:[0-9][ \t])?[^\s]",
        rb"(?m)^ key[ \t]+(?:[0-9][ \t]+)?",
        rb"([^\s:=]{4,200})(?=[ \t\r]*(?:\n|\Z))",
        CHOSEN,
        2,
    ),
    _client(
        rb"snmp-server[ \t]{1,4}user|snmpv3[ \t]{1,4}user",
        rb"auth[ \t]+(?:md5|sha(?:-?[0-9]{3})?)[ \t]+(?:\xe2\x80\x9c)?",
        rb"(?:\"([^\"\n]{1,200})\"|([^\s\"'<>\[]{1,200}?)(?=\xe2\x80\x9d|[ \t\r\n]|\Z))",
    ),
    _client(
        rb"snmp-server[ \t]{1,4}user|snmpv3[ \t]{1,4}user",
        rb"priv[ \t]+(?:(?:3?des|aes)(?:[ -]?[0-9]{3})?[ \t]+)?(?:\xe2\x80\x9c)?",
        rb"(?:\"([^\"\n]{1,200})\"|([^\s\"'<>\[]{1,200}?)(?=\xe2\x80\x9d|[ \t\r\n]|\Z))",
    ),
)
