"""Surroundings in which passwords and keys of every making occur, and values as people and machines choose them.

A template's `{UP}`, `{low}`, `{camel}`, `{Pascal}`, `{kebab}` and `{dot}` are the name of the secret in that style,
`{v}` is a value that needs no quotes there, `{q}` one within quotes.
"""

from __future__ import annotations

import base64
import random
import string

_ALNUM = string.ascii_letters + string.digits
_OWNERS = (
    "db", "database", "smtp", "redis", "admin", "root", "mysql", "postgres", "ldap", "app", "service", "stripe", "jwt",
    "session", "webhook", "client", "auth", "bot", "ssh", "ftp", "proxy", "wifi", "vault", "rabbitmq", "mail",
    "datadog",
    "backup", "registry", "sonar", "internal",
)  # fmt: skip
_KINDS = (
    "password", "passwd", "pwd", "pass", "passphrase", "secret", "secret key", "token", "api key", "access token",
    "auth token", "client secret", "encryption key", "signing key", "refresh token", "api token", "api secret",
    "access key",
)  # fmt: skip
_PEOPLE = (
    "Summer", "winter", "dragon", "Monkey", "welcome", "letmein", "Sunshine", "football", "qwerty", "Shadow", "master",
    "Berlin", "chocolate", "princess", "trustno", "Liverpool", "pepper", "tiger", "flower", "Maverick",
)  # fmt: skip

PLACES: dict[str, tuple[str, ...]] = {
    "shell": (
        "export {UP}={v}", "{UP}={v}", "{UP}={v} ./run.sh --fast", "export {UP}='{q}'", '{UP}="{q}"', "set {UP}={v}",
        '$env:{UP} = "{q}"', "setenv {UP} {v}", "+ export {UP}={v}", "declare -x {UP}=\"{q}\"",
        "env {UP}={v} make test",
        "{UP}={v} # rotate in May", "export {UP}={v} && ./deploy", 'fish> set -gx {UP} "{q}"', "readonly {UP}='{q}'",
    ),
    "yaml": (
        "{low}: {v}", '{low}: "{q}"', "{low}: '{q}'", "  {camel}: {v}", "    - {UP}={v}", "      {UP}: {v}",
        "- name: {UP}\n  value: {v}", '        - name: {UP}\n          value: "{q}"', "env:\n  {UP}: {v}\n",
        "{kebab}: {v}", "{low}: {v} # for now", "spring:\n  datasource:\n    password: {v}\n", "{low}: |\n  {v}\n",
        "  - {{name: {UP}, value: {v}}}",
    ),
    "json": (
        '{{"{low}": "{q}"}}', '{{"user": "app", "{camel}": "{q}", "ttl": 30}}', '  "{kebab}": "{q}",',
        '{{"{UP}":"{q}"}}',
        '{{"name": "{UP}", "value": "{q}"}}', '{{"name":"{UP}","value":"{q}"}}', '"{{\\"{low}\\": \\"{v}\\"}}"',
        '{{"Key": "{UP}", "Value": "{q}"}}', '      {{\n        "name": "{UP}",\n        "value": "{q}"\n      }}',
        '{{"{low}" : "{q}"}}', "{{'{low}': '{q}', 'port': 5432}}",
    ),
    "ini": (
        "{low}={v}", "{low} = {v}", "[db]\n{low} = {v}\n", "{dot}={v}", "{dot} = {v}", "{dot}: {v}", '{low} = "{q}"',
        "{low} {v}", "; old\n{low}={v}", "{low}\t=\t{v}", "{low}:{v}",
    ),
    "xml": (
        "<{low}>{q}</{low}>", '<property name="{dot}" value="{q}"/>', '<add key="{Pascal}" value="{q}" />',
        '<connection user="app" password="{q}"/>', '<entry key="{dot}">{q}</entry>',
        '<string name="{low}">{q}</string>',
        "<key>{camel}</key>\n<string>{q}</string>", "<{Pascal}>{q}</{Pascal}>", '<server {low}="{q}" port="25">',
        "<property name='{camel}'>{q}</property>", '<Parameter Name="{Pascal}" Value="{q}" />',
    ),
    "terraform": (
        '{low} = "{q}"', '  {low}    = "{q}"', 'variable "{low}" {{\n  default = "{q}"\n}}',
        '{{ name = "{UP}", value = "{q}" }}', 'TF_VAR_{low}="{q}" terraform plan',
        "-var '{low}={v}'", '+ {low} = "{q}"', '~ {low} = "{q}" -> (known after apply)',
        'output "{low}" {{ value = "{q}" }}',
    ),
    "docker": (
        "ENV {UP}={v}", "ENV {UP} {v}", 'ENV {UP}="{q}"', "ARG {UP}={v}", "docker run -e {UP}={v} img",
        "--env {UP}={v}",
        "docker build --build-arg {UP}={v} .", '"Env": ["{UP}={v}", "PATH=/bin"]', "    {UP}: '{q}'",
        "      {UP}: ${{{UP}:-{v}}}",
    ),
    "source": (
        '{low} = "{q}"', "{low} = '{q}'", "{UP}: str = '{q}'", 'connect(user="app", {low}="{q}")', 'dict({low}="{q}")',
        'os.environ["{UP}"] = "{q}"', 'const {camel} = "{q}";', "  {camel}: '{q}',", "let {camel} = `{q}`;",
        'process.env.{UP} = "{q}"', '{camel} := "{q}"', '\t{Pascal}: "{q}",', 'os.Setenv("{UP}", "{q}")',
        "ENV['{UP}'] = '{q}'", ":{low} => '{q}',", 'string {camel} = "{q}";', 'private const string {Pascal} = "{q}";',
        "define('{UP}', '{q}');", "${camel} = '{q}';", "'{low}' => '{q}',", 'private static final String {UP} = "{q}";',
        'set{Pascal}("{q}");', 'props.put("{dot}", "{q}");', 'let {low}: &str = "{q}";', '#define {UP} "{q}"',
        'char *{low} = "{q}";', "my ${low} = '{q}';", 'val {camel} = "{q}"', 'self.{low} = "{q}"',
        "this.{camel} = '{q}';",
        'props.setProperty("{dot}", "{q}");', 'config["{low}"] = "{q}"', 'static let {camel} = "{q}"',
        'os.putenv("{UP}", "{q}")',
        'auth=("app", "{q}")' , '@Value("${{{dot}:{v}}}")', 'System.setProperty("{dot}", "{q}");',
        'os.getenv("{UP}", "{q}")',
        'process.env.{UP} || "{q}"', 'var {Pascal} = @"{q}";', "const char {low}[] = \"{q}\";", 'with{Pascal}("{q}")',
    ),
    "connection": (
        "jdbc:postgresql://db.host:5432/app?user=app&password={v}",
        "jdbc:mysql://db.host/app?user=app&password={v}&useSSL=true",
        "jdbc:oracle:thin:app/{v}@db.host:1521:ORCL",
        "jdbc:sqlserver://db.host:1433;user=app;password={v};encrypt=true",
        "Driver={{ODBC Driver 17}};Server=db;UID=app;PWD={v};", "Server=db;Database=x;User Id=app;Password={v};",
        "Data Source=db;User ID=app;Password={v}", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey={b64};",
        "Endpoint=sb://x.net/;SharedAccessKeyName=Root;SharedAccessKey={b64}",
        "host=db user=app password={v} sslmode=require",
        "host=db user=app password='{v}' dbname=x", "postgresql://app:{v}@db.host/app",
        "mongodb://app:{v}@h1:27017,h2:27017/x",
        "redis://:{v}@cache.host:6379/1", "amqp://app:{v}@mq.host:5672/%2f", "https://app:{v}@git.host/team/repo.git",
        "origin\thttps://app:{v}@git.host/team/repo.git (fetch)", "sqlplus app/{v}@ORCL", "ftp://app:{v}@files.host/x",
        "mysql+pymysql://app:{v}@db.host/app?charset=utf8", "app:{v}@tcp(db.host:3306)/app?parseTime=true",
        "smtp://app:{v}@mail.host:587", "sqlserver://app:{v}@db.host:1433?database=x", "ldap://cn=app:{v}@dir.host",
        "dbi:mysql:app;user=app;password={v}", "snowflake://app:{v}@acc/db", "socks5://app:{v}@proxy.host:1080",
        "Server=db;Port=3306;Uid=app;Pwd={v}", "jdbc:db2://h:50000/X:user=app;password={v};",
        "redis-cli -u redis://app:{v}@h",
        "spark.hadoop.fs.s3a.secret.key={v}",
    ),
    "client": (
        "curl -u app:{v} https://x.host", "curl --user 'app:{v}' https://x.host", "wget --password={v} https://x.host",
        "mysql -u root -p{v} app", "mysqldump --password={v} app", "sshpass -p {v} ssh h", "sshpass -p'{q}' ssh h",
        "PGPASSWORD={v} psql -h db", "redis-cli -a {v} ping", "mongo -u app -p {v} h", "mongosh --password {v}",
        "ldapsearch -x -D cn=app -w {v} -b dc=x", "docker login -u app -p {v} reg.host",
        "svn checkout --password {v} url",
        "openssl rsa -in k.pem -passin pass:{v}", "openssl enc -aes-256-cbc -k {v} -in f",
        "keytool -list -storepass {v} -keystore k",
        "smbclient //h/s -U app%{v}", "sqlcmd -S db -U sa -P {v}", "unzip -P {v} a.zip", "7z x -p{v} a.7z",
        "gpg --batch --passphrase {v} -d f", "htpasswd -b .htpasswd app {v}", "echo 'app:{v}' | chpasswd",
        "echo {v} | docker login --username app --password-stdin", "xfreerdp /u:app /p:{v} /v:h",
        "ansible-playbook x -e {low}={v}",
        "vault kv put secret/app {low}={v}", "helm install x --set {dot}={v}",
        "kubectl create secret generic x --from-literal={kebab}={v}",
        "az login --service-principal -u id -p {v} --tenant t", "tool --{kebab} {v}", "tool --{kebab}={v} --fast",
        'tool --{kebab} "{q}"',
        "java -D{dot}={v} -jar x.jar", "git clone https://app:{v}@git.host/x.git", "aws configure set {low} {v}",
        "ipmitool -I lanplus -U root -P {v} power", "restic --password-command 'echo {v}'",
        "psql 'host=db password={v}'",
        "mysql -uroot -p'{q}' app", "snmpwalk -v3 -u app -A {v} h", "net use Z: \\\\h\\s /user:app {v}",
        "rabbitmqctl add_user app {v}",
        "useradd -p '{q}' app", "heroku config:set {UP}={v}", "gh secret set {UP} --body {v}", "setx {UP} {v}",
        "fly secrets set {UP}={v}", "consul kv put x/{low} {v}",
    ),
    "files": (
        "machine x.host login app password {v}", "machine x.host\n  login app\n  password {v}\n",
        "db.host:5432:app:app:{v}",
        "*:*:*:app:{v}", "//registry.host/:_authToken={v}", "//registry.host/:_password={b64}", "_auth = {b64}",
        "[pypi]\nusername = __token__\npassword = {v}\n", "requirepass {v}", "app:$apr1${salt8}${hash22}",
        "app:$2y$10${hash53}",
        "app:$6${salt8}${hash86}:19700:0:99999:7:::", "app:{{SSHA}}{b64}", "<password>{q}</password>",
        "https://app:{v}@github.com",
        "[client]\nuser=root\npassword={v}\n", "psk=\"{q}\"", "PrivateKey = {b64key}", "PresharedKey = {b64key}",
        "  wpa-psk {v}",
        "enable secret 5 $1${salt4}${hash22}", "username app password 7 {hexv}", "snmp-server community {v} RO",
        "$ANSIBLE_VAULT_PASSWORD={v}", "bindpw {v}", "rootpw {{SSHA}}{b64}", "aws_secret_access_key = {b64aws}",
    ),
    "header": (
        "Authorization: Basic {b64login}", "Authorization: Bearer {tok}", "authorization: Token {tok}",
        "Proxy-Authorization: Basic {b64login}",
        "X-Api-Key: {tok}", "x-auth-token: {tok}", "PRIVATE-TOKEN: {tok}", "X-Vault-Token: {tok}",
        "Cookie: sessionid={tok}; x=1",
        "Set-Cookie: session={tok}; Path=/; HttpOnly", "curl -H 'X-Api-Key: {tok}' https://x", '"X-Api-Key": "{tok}"',
        "Ocp-Apim-Subscription-Key: {tok}", "Api-Key: {tok}", "DD-API-KEY: {tok}", "X-Shopify-Access-Token: {tok}",
        "Authorization: ApiKey {tok}", "Authorization: {tok}", "headers = {{'Authorization': 'Bearer {tok}'}}",
        "-H \"Authorization: Bearer {tok}\"", "curl -b 'session={tok}' https://x", "http GET x.host X-Api-Key:{tok}",
        "axios.defaults.headers.common['Authorization'] = 'Bearer {tok}'",
        'req.Header.Set("Authorization", "Bearer {tok}")',
        "X-Amz-Security-Token: {tok}", "> X-Auth-Key: {tok}",
        "Authorization: Digest username=\"app\", response=\"{hexv}\"",
        "X-CSRF-Token: {tok}", "Authorization: SSWS {tok}", "Authorization: Splunk {tok}",
        "setRequestHeader('X-Api-Key', '{tok}')",
    ),
    "sql": (
        "ALTER ROLE app PASSWORD '{q}';", "ALTER ROLE app WITH LOGIN ENCRYPTED PASSWORD '{q}';",
        "CREATE USER app WITH PASSWORD '{q}'",
        "CREATE USER 'app'@'%' IDENTIFIED BY '{q}';", "ALTER USER app IDENTIFIED BY \"{q}\"",
        "ALTER USER app IDENTIFIED BY {v};",
        "SET PASSWORD FOR 'app'@'h' = PASSWORD('{q}');", "CREATE LOGIN app WITH PASSWORD = '{q}'",
        "SET PASSWORD = '{q}';",
        "OPTIONS (user 'app', password '{q}')", "CONNECTION 'host=h user=app password={v}'",
        "ALTER USER app WITH PASSWORD N'{q}'",
        "GRANT ALL ON x.* TO app IDENTIFIED BY '{q}'", "CREATE SECRET s (TYPE S3, SECRET '{q}')", "password => '{q}'",
        "UPDATE users SET password = '{q}' WHERE id = 1", "UPDATE users SET {low}='{q}'",
        "IDENTIFIED WITH mysql_native_password BY '{q}'",
        "SELECT dblink('host=h password={v}', 'x')", "ENCRYPTION BY PASSWORD = '{q}'",
    ),
    "log": (
        "2024-11-21 08:45:11 DEBUG login user=app password={v}", "config loaded: {{{low}={v}, port=1}}",
        "level=debug msg=x {low}={v}",
        "POST /login username=app&password={v}", "GET /cb?code=1&access_token={tok}&x=2 200", "using {low} '{q}'",
        "Settings({low}='{q}')",
        "User(name='app', password='{q}')", "got {low}: {v}", "[DEBUG] {UP} = {v}", "{low} is {v}!9".replace("!9", ""),
        "env: {UP}={v} HOME=/root", "?{low}={v}", "password changed to {v}", "DEBUG {camel}={v}, user=app",
        "Connecting with password: {v}",
        "{Pascal} [{low}={v}, id=3]", "new {low} -> {v}", "your password is: {v}", "temporary password: {v}",
        "Initial root password: {v}",
    ),
}  # fmt: skip


def chars(dice: random.Random, alphabet: str, count: int) -> str:
    """Return `count` characters of `alphabet`."""
    return "".join(dice.choices(alphabet, k=count))


def plain_value(dice: random.Random) -> str:
    """Return a password or key that needs no quotes anywhere."""
    person = dice.choice(_PEOPLE)
    return dice.choice(
        (
            chars(dice, _ALNUM, dice.randint(8, 32)) + "7",
            f"{person}{dice.randrange(10, 2030)}",
            f"{person}{dice.choice('!_-')}{dice.randrange(10, 9999)}",
            chars(dice, "0123456789abcdef", dice.choice((32, 40, 64))),
            "-".join(dice.choices([one.lower() for one in _PEOPLE], k=3)) + str(dice.randrange(9)),
            f"{dice.choice('ABCDEFGH')}{chars(dice, string.ascii_lowercase, 5)}{chars(dice, string.digits, 3)}",
            person,
        )
    )


def quoted_value(dice: random.Random) -> str:
    """Return one that holds signs which quotes must hold together."""
    person = dice.choice(_PEOPLE)
    return dice.choice(
        (
            plain_value(dice),
            f"{person}{dice.choice('!@#%^*')}{dice.randrange(10, 9999)}",
            chars(dice, _ALNUM + "!@#%^*()_+=-[]{}|:;,.?/~", dice.randint(10, 24)) + "q8",
            " ".join(dice.choices([one.lower() for one in _PEOPLE], k=4)),
            chars(dice, _ALNUM + "+/", 43) + "=",
        )
    )


def styles(dice: random.Random) -> dict[str, str]:
    """Return a name that tells, in the styles that languages and formats have for names."""
    words = dice.choice(_KINDS) if dice.random() < 0.3 else f"{dice.choice(_OWNERS)} {dice.choice(_KINDS)}"
    low = words.replace(" ", "_")
    pascal = "".join(word.capitalize() for word in words.split())
    return {
        "low": low,
        "UP": low.upper(),
        "kebab": words.replace(" ", "-"),
        "dot": words.replace(" ", ".", 1).replace(" ", "-"),
        "Pascal": pascal,
        "camel": pascal[0].lower() + pascal[1:],
    }


def placed(dice: random.Random, place: str) -> tuple[str, str]:
    """Return a text of that kind of place, and the secret in it."""
    crypt = _ALNUM + "./"
    values = {
        "v": plain_value(dice),
        "q": quoted_value(dice),
        "tok": chars(dice, _ALNUM + "-_", dice.randint(20, 48)) + "3k",
        "b64": base64.b64encode(dice.randbytes(dice.choice((18, 33, 64)))).decode(),
        "b64key": base64.b64encode(dice.randbytes(32)).decode(),
        "b64aws": chars(dice, _ALNUM + "+/", 39) + "q",
        "b64login": base64.b64encode(f"app:{plain_value(dice)}".encode()).decode(),
        "hexv": chars(dice, "0123456789abcdef", 32),
        "salt8": chars(dice, crypt, 8),
        "salt4": chars(dice, crypt, 4),
        "hash22": chars(dice, crypt, 22),
        "hash53": chars(dice, crypt, 53),
        "hash86": chars(dice, crypt, 86),
    }
    template = dice.choice(PLACES[place])
    used = next(one for one in ("b64login", "b64key", "b64aws", "b64", "hash22", "hash53", "hash86", "hexv", "tok",
    "v", "q")
                if f"{{{one}}}" in template)  # fmt: skip
    return template.format(**values, **styles(dice)), values[used]
