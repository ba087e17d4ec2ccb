#!/bin/sh
# Installs Claude Code from inside your company's network:  curl -fsSL @INSTALL@/install.sh | sh
# Nothing is fetched from anywhere else, and no more rights are asked for than you have.
set -eu

server='@INSTALL@'
version='@VERSION@'
# Platform, SHA-256 and size: of Claude Code as its makers signed it, and of the agent.
programs='
@PROGRAMS@
'
agents='
@AGENTS@
'

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "error: $1"
  if [ $# -gt 1 ]; then say "hint: $2"; fi
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The name of this machine's platform.
platform() {
  case "$(uname -s)" in
    Linux) system=linux ;;
    Darwin) system=darwin ;;
    *) fail "there is no Claude Code for $(uname -s) here" "on Windows, use the line for PowerShell at $server/" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) processor=x64 ;;
    arm64 | aarch64) processor=arm64 ;;
    *) fail "there is no Claude Code for the processor $(uname -m)" ;;
  esac
  # A shell under Rosetta says x86_64 on Apple's own processors.
  if [ "$system-$processor" = darwin-x64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then
    processor=arm64
  fi
  if [ "$system" = linux ] && is_musl; then processor=$processor-musl; fi
  printf '%s-%s\n' "$system" "$processor"
}

is_musl() {
  for loader in /lib/libc.musl-*.so.1 /lib/ld-musl-*.so.1; do
    if [ -e "$loader" ]; then return 0; fi
  done
  has ldd && ldd --version 2>&1 | grep -qi musl
}

# line TABLE PLATFORM: its line.
line() { printf '%s\n' "$1" | grep "^$2 " || true; }

# field NUMBER LINE
field() { printf '%s\n' "$2" | cut -d ' ' -f "$1"; }

# fetch URL FILE: adds what is missing to a file that a broken download has left.
fetch() {
  if has curl; then
    curl --fail --silent --show-error --location --proto '=http,https' --retry 5 --continue-at - --output "$2" "$1"
  elif has wget; then
    wget -q -c -O "$2" "$1"
  else
    fail 'neither curl nor wget is installed' 'install one of them'
  fi
}

# size FILE: nothing if there is none.
size() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# digest FILE
digest() {
  if has sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif has openssl; then
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  else
    fail 'nothing here can compute SHA-256' 'install coreutils or openssl'
  fi
}

# obtain URL FILE DIGEST SIZE: fetches a file and puts it there if it is the right one. A broken download goes on where it
# ended, the next time at the latest.
obtain() {
  part=$2.$3.part
  for attempt in 1 2 3; do
    # One that is whole already can't be continued.
    if [ "$(size "$part")" -ge "$4" ] || fetch "$1" "$part"; then break; fi
    if [ "$attempt" = 3 ]; then
      fail "$1 could not be fetched" 'run the same line again: it goes on where it ended'
    fi
    sleep 1
  done
  if [ "$(size "$part")" != "$4" ] || [ "$(digest "$part")" != "$3" ]; then
    rm -f "$part"
    fail "$1 is not what it should be: it was thrown away" 'run the same line again, or tell your administrators'
  fi
  chmod 755 "$part"
  mv -f "$part" "$2"
}

# Leaves the rest to the agent.
install_agent() {
  target=$HOME/.claude/bin
  mkdir -p "$target"
  obtain "$server/agent/$1/claude-agent" "$target/claude-agent" "$(field 2 "$2")" "$(field 3 "$2")"
  say "the agent is at $target/claude-agent"
  AUTH_SERVER_URL='@AUTH@' LLM_GATEWAY_URL='@GATEWAY@' INSTALL_SERVER_URL=$server \
    ENTRA_TENANT_ID='@TENANT@' ENTRA_CLIENT_ID='@CLIENT@' ENTRA_AUTHORITY='@AUTHORITY@' \
    BEDROCK_REGION='@REGION@' \
    "$target/claude-agent" install
}

# Puts the program where Claude Code's own installer puts it.
install_program() {
  versions=$HOME/.local/share/claude/versions
  mkdir -p "$versions" "$HOME/.local/bin"
  obtain "$server/claude-code-releases/$version/$1/claude" "$versions/$version" "$(field 2 "$2")" "$(field 3 "$2")"
  link=$HOME/.local/bin/claude
  ln -sf "$versions/$version" "$link.new"
  mv -f "$link.new" "$link"
  say "Claude Code $version is installed: $link"
  case ":$PATH:" in
    *":$HOME/.local/bin:"*) ;;
    *) say "hint: add $HOME/.local/bin to your PATH" ;;
  esac
}

main() {
  [ -z "${SUDO_USER:-}" ] || fail 'this installs for the user who runs it' 'run it without sudo'
  [ -n "${HOME:-}" ] || fail 'HOME is not set'
  umask 022
  here=$(platform)
  agent=$(line "$agents" "$here")
  if [ -n "$agent" ]; then
    install_agent "$here" "$agent"
    return
  fi
  say "there is no agent for $here on this server: Claude Code alone is installed, without sign-in"
  program=$(line "$programs" "$here")
  [ -n "$program" ] || fail "there is no Claude Code for $here on this server" 'ask your administrators to mirror it'
  install_program "$here" "$program"
}

main "$@"
