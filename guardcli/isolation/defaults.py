"""What an isolated agent sees and does not see where its policy says nothing else. Paths below ``~`` are the user's
home."""

from __future__ import annotations

SYSTEM = ("bin", "sbin", "usr", "lib", "lib32", "lib64", "libx32", "libexec", "etc", "opt", "nix", "gnu", "snap", "sys")
"""Directories of the root that are shown, read-only."""

SYSTEM_STATE = (
    "/var/lib/dpkg",
    "/var/lib/apt",
    "/var/lib/rpm",
    "/var/lib/pacman",
    "/var/lib/alternatives",
    "/var/cache/fontconfig",
    "/var/lib/ca-certificates",
)
"""Of ``/var``: what package managers and fonts are looked up in, read-only. The rest of ``/var`` is not there."""

OWN = (
    "~/.claude",
    "~/.claude.json",
    "~/.config/claude",
    "~/.codex",
    "~/.gemini",
    "~/.qwen",
    "~/.cursor",
    "~/.config/cursor",
    "~/.copilot",
    "~/.config/github-copilot",
    "~/.config/opencode",
    "~/.local/share/opencode",
    "~/.local/state/opencode",
    "~/.config/goose",
    "~/.local/share/goose",
    "~/.continue",
    "~/.config/crush",
    "~/.local/share/crush",
    "~/.config/amp",
    "~/.local/share/amp",
    "~/.aider.conf.yml",
    "~/.aider",
    "~/.config/zed",
)
"""The agents' own configuration and state, which they write to. It holds the key to their model: that one they need."""

READ_ONLY = (
    *("~/.ssh/known_hosts", "~/.gitconfig", "~/.config/git", "~/.gitignore", "~/.gitignore_global", "~/.gitattributes"),
    *("~/.bashrc", "~/.bash_profile", "~/.bash_aliases", "~/.profile", "~/.zshrc", "~/.zshenv", "~/.zprofile"),
    *("~/.inputrc", "~/.vimrc", "~/.config/nvim", "~/.tmux.conf", "~/.editorconfig", "~/.config/fish"),
    *("~/bin", "~/.local/bin", "~/.local/lib", "~/.local/opt", "~/.local/pipx", "~/.local/share/pipx"),
    *("~/.local/share/uv", "~/.local/share/claude", "~/.local/share/cursor-agent", "~/.local/share/fnm"),
    *("~/.local/share/mise", "~/.local/share/pnpm", "~/.local/share/virtualenvs", "~/.local/share/man"),
    *("~/.nvm", "~/.fnm", "~/.volta", "~/.asdf", "~/.pyenv", "~/.rbenv", "~/.goenv", "~/.sdkman", "~/.jenv"),
    *("~/.rustup", "~/.cargo/bin", "~/.cargo/env", "~/.cargo/config.toml", "~/go/bin", "~/go/pkg/mod"),
    *("~/.deno/bin", "~/.bun", "~/.dotnet", "~/.npm-global", "~/.yarn", "~/.krew", "~/.poetry", "~/.rye"),
    *("~/miniconda3", "~/anaconda3", "~/miniforge3", "~/.ghcup", "~/.opam", "~/.elan", "~/.juliaup"),
)
"""Programs and their settings. Read-only, so that nothing is written there for the next time."""

HIDDEN = (
    # keys and passwords by name of the file
    *(
        "~/.ssh",
        "~/.gnupg",
        "~/.pgpass",
        "~/.pg_service.conf",
        "~/.my.cnf",
        "~/.mylogin.cnf",
        "~/.netrc",
        "~/.authinfo",
    ),
    *("~/.authinfo.gpg", "~/.git-credentials", "~/.config/git/credentials", "~/.password-store", "~/.vault-token"),
    *("~/.local/share/keyrings", "~/.local/share/kwalletd", "~/.kde/share/apps/kwallet", "~/.pki", "~/.config/pulse"),
    *("~/.config/op", "~/.config/1Password", "~/.config/Bitwarden", "~/.config/Bitwarden CLI", "~/.config/keepassxc"),
    *("~/.config/rclone", "~/.s3cfg", "~/.boto", "~/.passwd-s3fs", "~/.msmtprc", "~/.mbsyncrc", "~/.fetchmailrc"),
    # clusters, clouds, registries, forges
    *("~/.kube", "~/.minikube", "~/.k3d", "~/.config/k3d", "~/.config/helm", "~/.docker", "~/.config/containers"),
    *("~/.aws", "~/.azure", "~/.config/azure", "~/.config/gcloud", "~/.gsutil", "~/.config/doctl", "~/.oci"),
    *(
        "~/.aliyun",
        "~/.bluemix",
        "~/.config/hcloud",
        "~/.config/scw",
        "~/.config/linode-cli",
        "~/.fly",
        "~/.config/fly",
    ),
    *("~/.terraform.d/credentials.tfrc.json", "~/.terraformrc", "~/.pulumi", "~/.config/heroku", "~/.config/netlify"),
    *("~/.config/gh", "~/.config/glab-cli", "~/.config/hub", "~/.config/tea", "~/.config/vercel", "~/.config/wrangler"),
    *("~/.npmrc", "~/.yarnrc", "~/.yarnrc.yml", "~/.pypirc", "~/.config/pip", "~/.pip", "~/.config/pypoetry"),
    *("~/.cargo/credentials", "~/.cargo/credentials.toml", "~/.gem/credentials", "~/.m2", "~/.gradle", "~/.nuget"),
    *("~/.composer/auth.json", "~/.config/composer", "~/.config/configstore", "~/.cache/huggingface/token"),
    # browsers, mail, sessions
    *("~/.mozilla", "~/.config/google-chrome", "~/.config/chromium", "~/.config/BraveSoftware", "~/.config/vivaldi"),
    *("~/.config/microsoft-edge", "~/.thunderbird", "~/.config/Slack", "~/.config/Signal", "~/.Xauthority"),
    *("~/.ICEauthority", "~/.bash_history", "~/.zsh_history", "~/.psql_history", "~/.python_history"),
    *("~/.mysql_history", "~/.rediscli_history", "~/.node_repl_history", "~/.lesshst", "~/.viminfo"),
    # the machine's own
    *("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d", "/etc/guard"),
    *("/etc/ssh/ssh_host_*_key", "/etc/ssl/private", "/etc/pki/tls/private", "/etc/letsencrypt", "/etc/krb5.keytab"),
    *("/etc/kubernetes", "/etc/rancher", "/etc/NetworkManager/system-connections", "/etc/wireguard", "/etc/openvpn"),
    *("/etc/wpa_supplicant", "/etc/ppp", "/etc/cups", "/etc/docker", "/etc/containerd", "/etc/salt", "/etc/puppet"),
    *("/etc/machine-id", "/etc/security/opasswd", "/etc/exim4/passwd.client", "/etc/postfix/sasl_passwd"),
    *("/sys/kernel/security", "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/fs/bpf", "/sys/firmware"),
)
"""Hidden wherever something shown would hold it. Most of it is not shown in the first place."""

KEPT = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "COLORTERM",
        "TERM_PROGRAM",
        "TERM_PROGRAM_VERSION",
        "COLUMNS",
    ),
    *("LINES", "LANG", "LANGUAGE", "LC_*", "TZ", "PWD", "OLDPWD", "SHLVL", "HOSTNAME", "PYTHONPATH"),
    *("EDITOR", "VISUAL", "PAGER", "LESS", "LESSOPEN", "LS_COLORS", "GREP_COLORS", "MANPATH", "INFOPATH"),
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "DEBIAN_FRONTEND", "SOURCE_DATE_EPOCH"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_DIRS"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYENV_ROOT", "PYENV_VERSION", "POETRY_HOME", "UV_*"),
    *("NVM_DIR", "NVM_BIN", "FNM_*", "VOLTA_HOME", "NODE_ENV", "PNPM_HOME", "BUN_INSTALL", "DENO_INSTALL"),
    *("GOPATH", "GOROOT", "GOBIN", "GOFLAGS", "GOPROXY", "CARGO_HOME", "RUSTUP_HOME", "RUSTFLAGS", "JAVA_HOME"),
    *("GRADLE_HOME", "MAVEN_HOME", "SDKMAN_DIR", "DOTNET_ROOT", "CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS"),
    *("MAKEFLAGS", "PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"),
    *("ANTHROPIC_*", "CLAUDE_*", "CLAUDECODE", "OPENAI_*", "CODEX_*", "GEMINI_*", "GOOGLE_API_KEY", "CURSOR_*"),
    *("OPENROUTER_API_KEY", "MISTRAL_API_KEY", "DEEPSEEK_API_KEY", "GROQ_API_KEY", "XAI_API_KEY", "OLLAMA_HOST"),
    *("COPILOT_*", "QWEN_*", "GOOSE_*", "AIDER_*", "OPENCODE_*", "AMP_*", "GUARD_REASON"),
)
"""Globs over names of variables. The agents' keys to their models are among them: without those they do not work."""

NEVER_KEPT = ("GUARD_*", "BASH_FUNC_*", "LD_*")
"""Not even where a policy keeps everything, but for ``GUARD_REASON``."""

DROPPED = (
    *("LD_*", "GLIBC_TUNABLES", "GCONV_PATH", "GETCONF_DIR", "LOCPATH", "NLSPATH", "MALLOC_*", "NIS_PATH"),
    *("HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_*", "OPENSSL_CONF", "OPENSSL_CONF_INCLUDE"),
    *("OPENSSL_MODULES", "OPENSSL_ENGINES", "KRB5_CONFIG", "KRB5_TRACE", "GSS_MECH_CONFIG", "SASL_PATH"),
    *("P11_KIT_*", "PKCS11_*", "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "INPUTRC", "GODEBUG", "GOTRACEBACK"),
    *("BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "BASH_FUNC_*", "BASH_XTRACEFD", "PS4", "CDPATH", "IFS", "ZDOTDIR"),
    *("PYTHON*", "PERL5*", "PERLLIB", "PERL_*", "RUBYLIB", "RUBYOPT", "NODE_OPTIONS", "NODE_PATH", "NODE_V8_*"),
    *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "LUA_PATH", "LUA_CPATH", "LUA_INIT"),
    *("GIT_EXEC_PATH", "GIT_TRACE*", "GIT_TEST_*", "CLOUDSDK_PYTHON", "CLOUDSDK_PYTHON_ARGS"),
)
"""Globs over variables that put code of the agent's into a tool's own process, or show it what the tool holds."""
