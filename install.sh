#!/bin/sh
# Install guard from the checkout or source archive that this file lies in. See docs/install.md.
set -eu
umask 022

usage() {
    cat <<'END'
Usage: ./install.sh [--system [--root DIR | --protect]] [--dry-run]
       ./install.sh --uninstall [--system [--root DIR]] [--dry-run]

Without options: install for yourself, without root. An environment of its own in ~/.local/share/guard, and
`guard` in ~/.local/bin.

  --system     for an image or a CI container, as root: the environment in /usr/local/lib/guard, `guard` in
               /usr/local/bin, and shims for the guarded tools ahead of the real ones on every PATH. The real tools
               stay where they are. A call of a shim outside a session ends with status 69.
  --protect    with --system, in an image where the agent is a user of its own (guard run --as-user): make the user
               `guard`, and close the real tools to everybody but its group and root
  --root DIR   with --system: put everything below DIR instead of /
  --uninstall  remove what was put, and nothing else
  --dry-run    say what would be done, and do nothing
  --help       this text

PYTHON names the interpreter to use (3.11 or later), CC the C compiler.
END
}

say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
do_it() { [ -n "$dry" ] || "$@"; }

# --- what this machine has ---------------------------------------------------------------------------------

advice() { # advice DEBIAN ALPINE FEDORA: the command that installs a missing thing here
    family=$(. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-}" "${ID_LIKE:-}") || family=''
    case "$family" in
        *debian* | *ubuntu*) printf 'apt-get install %s' "$1" ;;
        *alpine*) printf 'apk add %s' "$2" ;;
        *fedora* | *rhel*) printf 'dnf install %s' "$3" ;;
        *) printf 'install it with your package manager: on Debian %s, on Alpine %s, on Fedora %s' "$1" "$2" "$3" ;;
    esac
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or later found; $(advice python3 python3 python3)"
}

check_machine() { # masking rests on hyperscan, which is built for these; nothing weaker takes its place
    case "$(uname -m)" in
        x86_64 | amd64 | aarch64 | arm64) ;;
        *) fail "masking needs hyperscan, which has no build for $(uname -m); guard runs on x86_64 and aarch64" ;;
    esac
}

check_needs() {
    check_machine
    python=$(find_python)
    say "using $python ($("$python" -c 'import platform; print(platform.python_version())'))"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python cannot make virtual environments; $(advice python3-venv python3 python3)"
    command -v bwrap >/dev/null 2>&1 ||
        say "no bubblewrap here, which guard run --isolate needs; $(advice 'bubblewrap libseccomp2' 'bubblewrap libseccomp' 'bubblewrap libseccomp')"
    for candidate in ${CC:-cc gcc clang musl-gcc}; do
        command -v "$candidate" >/dev/null 2>&1 && return
    done
    fail "no C compiler found; $(advice 'gcc libc6-dev' build-base 'gcc glibc-static')"
}

# --- steps ---------------------------------------------------------------------------------------------------

make_directory() { # and remember each one that was not there, to remove it again
    [ ! -d "$1" ] || return 0
    case "$newline$created" in *"$newline$1$newline"*) return 0 ;; esac
    make_directory "$(dirname "$1")"
    say "creating $1"
    do_it mkdir "$1"
    created=$1$newline$created
}

ours() { # ours LINK: is it a link into our place?
    case "$(readlink "$1" 2>/dev/null)" in "$place"/*) return 0 ;; *) return 1 ;; esac
}

check_link() {
    if { [ -e "$1" ] || [ -L "$1" ]; } && ! ours "$1"; then
        fail "$1 exists and is not from here; move it away first"
    fi
}

install_environment() {
    if [ -x "$place/venv/bin/python" ] && "$place/venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "keeping the environment $place/venv"
    else
        say "creating the environment $place/venv"
        do_it "$python" -m venv --clear "$place/venv"
    fi
    say "installing guard from $source into it"
    if [ -z "$dry" ]; then
        scratch=$(mktemp -d)
        trap 'rm -rf "$scratch"' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        for part in guardcli shims native LICENSE MANIFEST.in README.md pyproject.toml setup.py; do
            cp -R "$source/$part" "$scratch/"
        done
        PIP_NO_CACHE_DIR=${PIP_NO_CACHE_DIR:-1} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
            "$place/venv/bin/python" -m pip install --quiet --upgrade --only-binary hyperscan "$scratch" ||
            fail "pip could not install guard; what it says above is the cause"
    fi
}

link_program() {
    if ours "$bin/guard"; then
        say "keeping $bin/guard"
    else
        say "linking $bin/guard to $place/venv/bin/guard"
        do_it ln -s "$place/venv/bin/guard" "$bin/guard"
    fi
}

remember() { # which directories were made, the newest first
    [ -z "$dry" ] || return 0
    earlier=$(cat "$place/created" 2>/dev/null) || earlier=''
    printf '%s%s\n' "$created" "$earlier" | sed '/^$/d' >"$place/created.new"
    mv "$place/created.new" "$place/created"
}

block_begin='# >>> guard >>>'
block_end='# <<< guard <<<'

path_lines() { # the same lines for every shell: put the shims first, once
    cat <<END
case ":\$PATH:" in
    :"$shims":*) ;;
    *) PATH="$shims:\$PATH"; export PATH ;;
esac
END
}

add_block() { # add_block FILE: put our lines first in a start-up file that is there already
    [ -f "$1" ] || return 0
    if grep -qxF "$block_begin" "$1"; then
        say "keeping the lines in $1"
        return
    fi
    say "adding four lines to the top of $1"
    [ -z "$dry" ] || return 0
    { printf '%s\n' "$block_begin" && path_lines && printf '%s\n' "$block_end" && cat "$1"; } >"$1.guard-new"
    cat "$1.guard-new" >"$1" && rm "$1.guard-new"
}

remove_block() {
    [ -f "$1" ] && grep -qxF "$block_begin" "$1" || return 0
    if ! grep -qxF "$block_end" "$1"; then
        say "leaving $1 alone: the end of our lines is missing; remove them by hand, from '$block_begin' on"
        return
    fi
    say "removing our lines from $1"
    [ -z "$dry" ] || return 0
    sed "/^$block_begin\$/,/^$block_end\$/d" "$1" >"$1.guard-new"
    cat "$1.guard-new" >"$1" && rm "$1.guard-new"
}

start_up_files() { printf '%s\n' "$root/etc/bash.bashrc" "$root/etc/bashrc" "$root/etc/zsh/zshenv" "$root/etc/zshenv"; }

make_user() { # the broker's, once; what was made is remembered
    if id guard >/dev/null 2>&1; then
        say "keeping the user guard"
    else
        say "making the user guard, with the home /var/lib/guard"
        [ -z "$dry" ] || return 0
        if command -v useradd >/dev/null 2>&1; then
            groupadd --system --force guard
            useradd --system --gid guard --home-dir /var/lib/guard --no-create-home --shell /sbin/nologin guard
        else
            addgroup -S guard
            adduser -S -D -H -G guard -h /var/lib/guard -s /sbin/nologin guard
        fi || fail "the user guard cannot be made"
        : >"$place/user"
    fi
    [ -n "$dry" ] || install -d -o guard -g guard -m 711 /var/lib/guard
}

remove_user() {
    [ -e "$place/user" ] || return 0
    say "removing the user guard; what it keeps in /var/lib/guard is left"
    [ -z "$dry" ] || return 0
    if command -v userdel >/dev/null 2>&1; then userdel guard; else deluser guard; fi ||
        say "the user guard is still in use: remove it by userdel guard, once what runs as guard has ended"
    if getent group guard >/dev/null 2>&1; then
        if command -v groupdel >/dev/null 2>&1; then groupdel guard; else delgroup guard; fi || true
    fi
    rm "$place/user"
    rmdir /var/lib/guard 2>/dev/null || true
}

protect_tools() {
    make_user
    say "closing the real tools to everybody but the group guard"
    do_it "$place/venv/bin/guard" shims protect --record "$place/protected"
}

release_tools() {
    [ -e "$place/protected" ] || return 0
    say "giving the real tools back"
    do_it "$place/venv/bin/guard" shims release --record "$place/protected" ||
        fail "the real tools cannot be given back; mend the environment first: ./install.sh --system"
}

# --- the two kinds of install ----------------------------------------------------------------------------

install_for_person() {
    check_needs
    check_link "$bin/guard"
    make_directory "$place"
    make_directory "$bin"
    remember
    install_environment
    link_program
    case ":$PATH:" in
        *:"$bin":*) say "done: guard demo" ;;
        *)
            say "$bin is not on your PATH; add this line to ~/.profile and log in again:"
            say "    export PATH=\"$bin:\$PATH\""
            say "done: $bin/guard demo"
            ;;
    esac
}

install_for_system() {
    check_needs
    check_link "$bin/guard"
    make_directory "$place"
    make_directory "$bin"
    make_directory "$root/usr/local/sbin"
    make_directory "$root/etc/profile.d"
    remember
    install_environment
    link_program
    say "installing the shims into $shims, with links in $root/usr/local/sbin and $bin"
    do_it "$place/venv/bin/guard" shims install --dir "$shims" --links "$root/usr/local/sbin" --links "$bin"
    say "writing $root/etc/profile.d/guard.sh for login shells"
    [ -n "$dry" ] || path_lines >"$root/etc/profile.d/guard.sh"
    start_up_files | while read -r file; do add_block "$file"; done
    if [ -n "$protect" ]; then
        protect_tools
        say "done: as root, guard run --as-user AGENT -- YOUR-AGENT"
    else
        say "done: guard run -- YOUR-AGENT; guard doctor checks that guard is in the path"
    fi
}

uninstall() {
    [ -d "$place" ] || { say "nothing is installed in $place"; return; }
    if [ -n "$system" ]; then
        release_tools
        remove_user
        start_up_files | while read -r file; do remove_block "$file"; done
        if [ -f "$root/etc/profile.d/guard.sh" ]; then
            say "removing $root/etc/profile.d/guard.sh"
            do_it rm "$root/etc/profile.d/guard.sh"
        fi
        if [ -d "$shims" ]; then
            say "removing the shims"
            do_it "$place/venv/bin/guard" shims uninstall --dir "$shims" ||
                fail "the shims cannot be removed; mend the environment first: ./install.sh --system"
        fi
    fi
    if ours "$bin/guard"; then
        say "removing $bin/guard"
        do_it rm "$bin/guard"
    fi
    directories=$(cat "$place/created" 2>/dev/null) || directories=''
    say "removing $place"
    do_it rm -rf "$place/venv" "$place/created" "$place/created.new"
    printf '%s\n' "$directories" | while read -r directory; do
        if [ -n "$directory" ] && [ -d "$directory" ]; then
            do_it rmdir "$directory" 2>/dev/null || say "leaving $directory: it is not empty"
        fi
    done
    say "done; settings, policies and records are left where they are"
}

# --- what was asked for --------------------------------------------------------------------------------------

newline='
'
dry='' system='' remove='' root='' protect='' created=''
while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run) dry=yes ;;
        --system) system=yes ;;
        --uninstall) remove=yes ;;
        --protect) protect=yes ;;
        --root) [ $# -gt 1 ] || fail "--root needs a directory"; root=${2%/}; shift ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; fail "unknown option: $1" ;;
    esac
    shift
done

source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
[ -f "$source/pyproject.toml" ] && [ -d "$source/guardcli" ] || fail "guard's sources are not beside $0"
[ -z "$protect" ] || [ -n "$system" ] || fail "--protect goes with --system"
[ -z "$protect" ] || [ -z "$root" ] || fail "--protect changes this machine's users and tools: not with --root"
if [ -n "$system" ]; then
    [ -n "$root$dry" ] || [ "$(id -u)" = 0 ] || fail "--system needs root"
    [ -z "$root" ] || root=$(CDPATH='' cd -- "$root" && pwd) || fail "--root names no directory"
    place=$root/usr/local/lib/guard
    bin=$root/usr/local/bin
    shims=$place/shims
else
    [ -z "$root" ] || fail "--root goes with --system"
    [ -n "${HOME:-}" ] || fail "HOME is not set"
    case "${XDG_DATA_HOME:-}" in
        /*) place=$XDG_DATA_HOME/guard ;;
        *) place=$HOME/.local/share/guard ;;
    esac
    bin=$HOME/.local/bin
fi

[ -z "$dry" ] || say "dry run: nothing is changed"
if [ -n "$remove" ]; then
    uninstall
elif [ -n "$system" ]; then
    install_for_system
else
    install_for_person
fi
