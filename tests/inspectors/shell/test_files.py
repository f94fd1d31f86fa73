"""Which paths hold secrets, wherever a home is, beside those that look alike and hold none."""

from __future__ import annotations

from importlib.resources import files

import pytest

from guardcli.inspectors.shell import inspect_shell
from guardcli.inspectors.shell.files import is_home, is_sensitive, mentions_secret, names_secret
from guardcli.model.effects import Effect

PATHS = [
    ("~/.ssh/id_rsa", "~/.ssh/id_rsa.pub"),
    ("~/.ssh/any-name", "~/.ssh/known_hosts"),
    (".ssh/deploy", ".ssh/config"),
    ("~/.ssh", "~/ssh"),
    ("/home/ann//.ssh/./x", "/home/ann/ssh.md"),
    ("~ann/.ssh/*", "~ann/src/*"),
    ("~/.aws/credentials", "~/aws/notes.md"),
    ("/srv/ci/.aws/sso/cache/1.json", "/srv/ci/aws/template.json"),
    ("~/.config/gh/hosts.yml", "~/.config/git/ignore"),
    ("~/.config/gcloud", "~/.config/htop/htoprc"),
    ("~/.kube/prod.yaml", "~/.kube/cache/discovery/x.json"),
    ("/etc/kubernetes/pki/ca.key", "/etc/kubernetes/manifests/etcd.yaml"),
    ("~/.docker/config.json", "~/.docker/cli-plugins/docker-compose"),
    (".env", ".env.example"),
    ("/srv/app/.env.production", "/srv/app/.environment"),
    ("/etc/shadow", "/etc/passwd"),
    ("/etc/sudoers.d/ci", "/etc/skel/.bashrc"),
    ("/etc/letsencrypt/live/a/privkey.pem", "/etc/letsencrypt/live/a/fullchain.pem"),
    ("/etc/ssl/private/a", "/etc/ssl/certs/a.pem"),
    ("/run/secrets/db", "/run/systemd/units"),
    ("/proc/1/environ", "/proc/1/status"),
    ("/proc/self/root/etc/hosts", "/proc/meminfo"),
    ("/dev/sda1", "/dev/null"),
    ("keys/a.gpg", "/usr/share/keyrings/debian.gpg"),
    (".*", "*"),
    ("~/.*", "~/*.md"),
    ("/r??t/.s*/id_rsa", "/var/log/*.log"),
    ("x/" * 300, "x/" * 30),
]


@pytest.mark.parametrize(("secret", "harmless"), PATHS)
def test_a_path_that_holds_a_secret_is_told_from_one_that_looks_alike(secret: str, harmless: str) -> None:
    assert is_sensitive(secret)
    assert not is_sensitive(harmless)


def test_every_row_of_the_table_says_what_it_is_and_where_that_is_written() -> None:
    lines = files("guardcli.inspectors.shell").joinpath("data/secrets.tsv").read_text().splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    assert all(len(row) == 3 and all(row) for row in rows)
    for row in rows:
        for pattern in row[0].split(" "):
            if not pattern.startswith("!"):
                assert is_sensitive(pattern.replace("/**", "/x").replace("*", "x")), pattern


def test_homes_and_what_holds_them() -> None:
    for path, home in [("~", True), ("~ann/", True), ("/root", True), ("/home", True), ("/home/ann", True), ("/", True),
                       ("/home/ann/src", False), ("~/src", False), (".", False), ("/srv", False)]:  # fmt: skip
        assert is_home(path) is home, path


def test_names_of_variables() -> None:
    for name in ("DB_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "apiKey", "MYSQL_PWD", "DATABASE_URL"):
        assert names_secret(name), name
    for name in ("PATH", "HOME", "PWD", "OLDPWD", "LANG", "KEYBOARD", "COMPASS_HOME"):
        assert not names_secret(name), name
    assert mentions_secret("find '/root/.ssh' -type f")
    assert not mentions_secret("find /srv -type f")


READS = [
    ("grep -r x ~/.ssh", "grep -r x ~/src"),
    ("grep -rn BEGIN ~", "grep -rn BEGIN ~/app"),
    ("grep -R x /home/ann", "grep x /etc/hosts"),
    ("grep -e a ~/.netrc", "grep secret app.log"),
    ("rg key /root", "rg key /srv/app"),
    ("tar cf - ~/.ssh", "tar cf - src"),
    ("tar cf - ~ | wc -c", "tar tf a.tar"),
    ("cd ~/.ssh && cat mykey", "cd ~/src && cat README.md"),
    ("cat $HOME/.ssh/mykey", "cat $HOME/README.md"),
    ('cat "$HOME/.netrc"', 'cat "$HOME/notes"'),
    ("f=~/.ssh/mykey; cat $f", "f=~/notes; cat $f"),
    ("cat ~/.ssh/*", "cat ~/.ssh/*.pub"),
    ("cat ~/.ssh/$x", 'cat "$HOME"/.ssh/"$x".pub'),
    ("cat ~/.ssh/$x.pub", "cat ~/.ssh/id_*.pub"),
    ("cat ~/.ssh/{id_rsa,x.pub}", "head -1 ~/.ssh/id_rsa.pub"),
    ("docker inspect -f '{{.Config.Env}}' web", "docker inspect -f '{{.State.Status}}' web"),
    ("docker inspect --format '{{json .Config}}' web", "docker inspect --format '{{json .State}}' web"),
    ("docker inspect --format='{{index .Config \"Env\"}}' web", "docker inspect --format='{{.Config.Image}}' web"),
    (
        "podman container inspect -f '{{range .Config.Env}}{{println .}}{{end}}' web",
        "podman container inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' web",
    ),
    ("docker inspect web | jq '.[0].Config.Env'", "docker inspect web | jq '.[0].State'"),
    ("for f in ~/.ssh/*; do cat $f; done", "for f in /var/log/*.log; do tail -1 $f; done"),
    ("find ~/.ssh -type f | xargs cat", "find /srv -name '*.py' | xargs grep -n TODO"),
    ("find ~/.ssh -type f -exec cat {} +", "find /srv -type f -exec wc -l {} +"),
    ("ls ~/.aws | while read f; do cat $f; done", "ls /srv | while read f; do wc $f; done"),
    ("cat $(find ~ -name id_rsa)", "cat $(find /srv -name README)"),
    ("base64 < ~/.pgpass", "base64 < README"),
    ("cat .*", "cat *"),
    ("stat ~/.ssh/x; cat ~/.ssh/x", "stat ~/.ssh/x; ls -la ~/.ssh"),
    ("echo $DB_PASSWORD", "echo '$DB_PASSWORD'"),
    ('echo "token: ${API_TOKEN}"', 'test -n "$API_TOKEN" && echo set'),
    ("base64 <<< $API_TOKEN", "base64 <<< $LANG"),
    ("printenv AWS_SECRET_ACCESS_KEY", "printenv PATH"),
    ("printenv", "printenv HOME USER"),
    ("export -p", "export A=1; ls"),
    ("declare -x", "declare a=1; ls"),
    ("env", "env A=1 ls"),
]


@pytest.mark.parametrize(("secret", "harmless"), READS)
def test_a_read_of_a_secret_is_told_from_its_harmless_twin(secret: str, harmless: str) -> None:
    assert any(operation.sensitive for operation in inspect_shell(secret))
    found = inspect_shell(harmless)
    assert not any(operation.sensitive for operation in found)
    assert all(operation.complete for operation in found)


@pytest.mark.parametrize(
    ("secret", "harmless"),
    [
        ("ps auxe", "ps aux"),
        ("ps eww", "ps -ef"),
        ("jq -n env", "jq -r .env f.json"),
        ("jq -n '$ENV.DB'", "jq -r .environment f.json"),
        ("awk 'BEGIN{for(k in ENVIRON)print k,ENVIRON[k]}'", "awk '{print $1}' /var/log/app.log"),
        ("systemctl show-environment", "systemctl status app"),
        ("docker compose config", "docker compose ps"),
        ("file -f /etc/shadow", "file /etc/shadow"),
        ("wc --files0-from=/etc/shadow", "wc -l /etc/shadow"),
        ("tail -n +1 /etc/{shadow,passwd}", "tail /var/log/{syslog,auth.log}"),
        ("grep -r root /etc", "grep -r listen /etc/nginx"),
        ("find /etc -name 'shad*' | xargs cat", "find /etc -name 'shad*'"),
        ("cat server.pem", "openssl x509 -in server.pem -noout -dates"),
    ],
)
def test_what_shows_variables_or_the_lines_of_a_file_by_other_ways(secret: str, harmless: str) -> None:
    assert any(operation.sensitive for operation in inspect_shell(secret))
    found = inspect_shell(harmless)
    assert not any(operation.sensitive for operation in found)
    assert all(operation.complete for operation in found)


def test_a_looked_up_name_that_carries_something_out_is_not_a_plain_read() -> None:
    assert not all(operation.complete for operation in inspect_shell("getent hosts $(hostname).example.com"))
    assert all(operation.complete for operation in inspect_shell("getent hosts db"))


def test_a_table_of_jobs_that_is_removed_is_a_deletion() -> None:
    assert Effect.DELETE in inspect_shell("crontab -r")[0].effects
    assert inspect_shell("crontab -l")[0].effects == {Effect.READ}
