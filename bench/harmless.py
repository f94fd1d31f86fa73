"""Lines that speak of a secret and hold none: code, templates, help texts, forms, references to where it is kept."""

from __future__ import annotations

import random

from places import styles

LINES = (
    "{low}: str", "def f({low}: str, x: int) -> None:", "self.{low} = {low}", '{low} = os.environ["{UP}"]',
    "{UP}=${{{UP}}}", "{low}: ${{{UP}}}", "{low}={{{{ {low} }}}}", '"{low}": "<your-{kebab}>"', "{UP}=changeme",
    "{low}: xxxxxxxx", "private String {camel};", "String get{Pascal}() {{", "return this.{camel};",
    "if (!{camel}) throw new Error('missing {low}')", "const {camel} = process.env.{UP};", "{camel}: string;",
    "{camel}?: string", "{low} = models.CharField(max_length=128)", "--{kebab} <{UP}>", "Usage: tool [--{kebab} {UP}]",
    "valueFrom: {{secretKeyRef: {{name: x, key: {low}}}}}", "{low} = getpass.getpass()", '{low} := os.Getenv("{UP}")',
    "{low} = var.{low}", "{low} = data.aws_secret.db.{low}", "The {low} must be at least 8 characters.",
    '<input type="password" name="{low}" placeholder="Password">', "Enter your {low}: ", "invalid {low}", "{Pascal}Provider",
    "t.string :{low}", "{low}_path: /etc/app/{low}", "{low}_file=/run/secrets/{low}", "import {{ {Pascal} }} from './{kebab}'",
    "'{low}' => env('{UP}'),", "{low}: vault:secret/data/app#{low}", "{UP}: ***", "{low}=[REDACTED]", "print({low})",
    "SELECT {low} FROM users WHERE id = 1", "assert {low} is not None", "log.info('{low} rotated')", "{low}_expires_in: 3600",
    '"{low}_type": "bearer"', "# {low}: see the wiki", "f(user, {low}={low}, timeout=5)", "{low} = config.get('{low}')",
    "    {low}=None,", "{low}: Optional[str] = None", "let {camel} = req.body.{camel}", "{camel} = {camel} || this.{camel}",
    '"{low}": null,', '"{low}": "string"', "{low}: required", "export {UP}=$(vault read -field={low} secret/app)",
    "{UP}=$1", "if [ -z \"${UP}\" ]; then", "echo \"${UP}\" | docker login -u x --password-stdin", "-e {UP}", "unset {UP}",
    "mysql -u root -p app", "curl -u \"$USER:${UP}\" https://x", "postgres://app:${{{UP}}}@db/app", "Authorization: Bearer ${{{UP}}}",
    "Authorization: Bearer <token>", "headers['Authorization'] = 'Bearer ' + {camel}", "X-Api-Key: {{{{{low}}}}}",
    "{low} = \"\"", "{low}: ''", "ALTER ROLE app PASSWORD :'{low}';", "PASSWORD = %s", "{camel} = await get{Pascal}()",
    "type {Pascal} struct {{", "{Pascal} string `json:\"{low}\"`", "@Column(name = \"{low}\")", "public {Pascal}: {Pascal};",
    "fn {low}(&self) -> &str {{", "{low}: &'a str,", "val {camel}: String,", "case \"{low}\":", "'{low}',", "[\"{low}\", \"username\"]",
    "form.fields['{low}'].required = True", "<label for=\"{low}\">{low}</label>", "msgid \"{low}\"", "{low}.placeholder=Enter your {low}",
    "tests/test_{low}.py::test_{low} PASSED", "commit: rename {low} to {camel}", "docs: the {kebab} option", "rotate {low} every 90 days",
    "kubectl get secret {kebab} -o yaml", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{kebab}-AbCdEf",
)  # fmt: skip


def harmless(dice: random.Random) -> str:
    """Return one such line."""
    return dice.choice(LINES).format(**styles(dice))
