"""Names of variables that the usual tools read, so that a slip in a policy is noticed: ``PGHOTS`` for ``PGHOST``.

A name that is not here may still be right: another program's, or the agent's own. So what is near one only gets a hint.
Sources: PostgreSQL manual 34.15, git(1), kubectl's manual, ssh(1), environ(7), locale(7), and the
manuals of the AWS, Google Cloud, Azure, Vault, Terraform and Docker command lines.
"""

from __future__ import annotations

from guardcli.policy.problems import nearest

_NAMES = """
PGAPPNAME PGCHANNELBINDING PGCLIENTENCODING PGCONNECT_TIMEOUT PGDATABASE PGDATESTYLE PGGSSENCMODE PGHOST PGHOSTADDR
PGKRBSRVNAME PGOPTIONS PGPASSFILE PGPASSWORD PGPORT PGREQUIREAUTH PGSERVICE PGSERVICEFILE PGSSLCERT PGSSLCRL
PGSSLKEY PGSSLMODE PGSSLROOTCERT PGSYSCONFDIR PGTARGETSESSIONATTRS PGTZ PGUSER PSQLRC PSQL_EDITOR PSQL_HISTORY
PSQL_PAGER MYSQL_HOST MYSQL_PWD MYSQL_TCP_PORT SQLCMDPASSWORD SNOWSQL_PWD DATABASE_URL REDIS_URL GIT_ASKPASS
GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_NAME GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_DIR
GIT_EDITOR GIT_EXTERNAL_DIFF GIT_PAGER GIT_SSH GIT_SSH_COMMAND GIT_TERMINAL_PROMPT GIT_TRACE GIT_WORK_TREE GH_TOKEN
GITHUB_TOKEN GITLAB_TOKEN KUBECONFIG KUBECTL_EXTERNAL_DIFF KUBE_EDITOR KUBERNETES_SERVICE_HOST
KUBERNETES_SERVICE_PORT SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_AUTH_SOCK AWS_ACCESS_KEY_ID AWS_CA_BUNDLE
AWS_CONFIG_FILE AWS_DEFAULT_OUTPUT AWS_DEFAULT_REGION AWS_ENDPOINT_URL AWS_PAGER AWS_PROFILE AWS_REGION AWS_ROLE_ARN
AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SHARED_CREDENTIALS_FILE AWS_WEB_IDENTITY_TOKEN_FILE AZURE_CLIENT_ID
AZURE_CLIENT_SECRET AZURE_CONFIG_DIR AZURE_SUBSCRIPTION_ID AZURE_TENANT_ID ARM_CLIENT_ID ARM_CLIENT_SECRET
ARM_SUBSCRIPTION_ID ARM_TENANT_ID CLOUDSDK_CONFIG CLOUDSDK_CORE_PROJECT GOOGLE_APPLICATION_CREDENTIALS
GOOGLE_CLOUD_PROJECT VAULT_ADDR VAULT_CACERT VAULT_NAMESPACE VAULT_TOKEN TF_LOG TF_TOKEN_app_terraform_io
DOCKER_CONFIG DOCKER_HOST DOCKER_CERT_PATH DOCKER_TLS_VERIFY ANTHROPIC_API_KEY OPENAI_API_KEY GEMINI_API_KEY
NPM_TOKEN PIP_INDEX_URL COLORTERM DISPLAY EDITOR HOME HTTPS_PROXY HTTP_PROXY LANG LANGUAGE LC_ALL LC_COLLATE
LC_CTYPE LC_MESSAGES LC_NUMERIC LC_TIME LESS LESSOPEN LOGNAME NO_COLOR NO_PROXY PAGER PATH PWD PYTHONPATH SHELL
SSL_CERT_DIR SSL_CERT_FILE TERM TMPDIR TZ USER VISUAL XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR
XDG_STATE_HOME
"""

KNOWN = frozenset(_NAMES.split())
"""What the usual tools read."""


def slip(name: str) -> str:
    """Return the variable that `name`, or a glob over names, is most likely a slip of; empty where there is none.

    A glob is a slip where no known name begins like it and a family nearly does. A name in small letters, or one that
    only continues a known one (``AWS_REGION_2``), is nobody's slip.
    """
    head = name.rstrip("*")
    if name in KNOWN or len(head) < 4 or not head.replace("_", "").isalnum() or head.upper() != head:
        return ""
    if head == name:
        found = nearest(name, KNOWN)
        more = name.removeprefix(found)[:1]
        return "" if abs(len(found) - len(name)) > 1 or more == "_" or more.isdigit() else found
    if any(known.startswith(head) for known in KNOWN):
        return ""
    family = nearest(head, {known.partition("_")[0] + "_" for known in KNOWN if "_" in known})
    return family and f"{family}*"
