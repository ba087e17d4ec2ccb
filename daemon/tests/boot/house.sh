# shellcheck shell=bash
# What every script of a booted system begins with: a simulated Entra and Bedrock on loopback, and a daemon that is
# configured for them. Sourced.
set -eu
AWS_SECRET=${1:-}
TENANT=5a11b047-0000-4000-8000-000000000001
CLIENT=5a11b047-0000-4000-8000-00000000c11e

say() { printf '== %s\n' "$*"; }
fail() { echo "FAILED: $*"; journalctl -u simulation -u sallyportd --no-pager -n 60 -o cat; exit 1; }
# Waits for a command to succeed.
until_true() { for _ in $(seq 200); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; fail "never: $*"; }
main_pid() { systemctl show -p MainPID --value sallyportd; }
health() { curl -s -o /dev/null -w '%{http_code}' -m 5 "http://127.0.0.1:$1/health"; }
# The status of a request that needs a token.
models() { curl -s -o /dev/null -w '%{http_code}' -m 5 -H "authorization: Bearer $(cat /root/token)" http://127.0.0.1:8002/v1/models; }
is_served() { [ "$(models)" = 200 ]; }
kept() { sha256sum /etc/sallyport/credentials/INTERNAL_JWT_SECRET /etc/sallyport/sallyport.toml; }
# Runs a command under streams and 200 requests a second.
under_load() { python3 /root/load.py http://127.0.0.1:8002 "$(cat /root/token)" -- "$@" || fail "requests failed"; }
# The process that serves.
serving_pid() { pgrep -P "$(main_pid)" sallyportd; }
restarts() { systemctl show -p NRestarts --value sallyportd; }

# Entra and Bedrock, at whatever ports were free.
simulate() {
  systemd-run -q --unit=simulation --setenv=HOME=/root --property=StandardOutput=file:/root/sandbox.json \
    sallyportd sandbox --json
  until_true grep -q token_helper /root/sandbox.json
  ENTRA=$(sed 's/.*"entra":"\([^"]*\)".*/\1/' /root/sandbox.json)
  BEDROCK=$(sed 's/.*"bedrock":"\([^"]*\)".*/\1/' /root/sandbox.json)
}

configure() {
  simulate
  secret=/etc/sallyport/credentials/INTERNAL_JWT_SECRET
  [ -f $secret ] || head -c 48 /dev/urandom | base64 -w0 > $secret
  cat > /etc/sallyport/sallyport.toml <<TOML
[entra]
tenant_id = "$TENANT"
client_id = "$CLIENT"
authority = "$ENTRA"
[bedrock]
endpoint = "$BEDROCK"
credentials_file = "\$CREDENTIALS_DIRECTORY/aws"
[install]
artifacts_dir = "/var/lib/sallyport/install_artifacts"
TOML
  printf '[default]\naws_access_key_id = AKIASALLYPORTSANDBOX\naws_secret_access_key = %s\n' "$AWS_SECRET" \
    > /etc/sallyport/credentials/aws
  chmod 600 /etc/sallyport/credentials/aws
  mkdir -p /etc/systemd/system/sallyportd.service.d
  printf '[Service]\nLoadCredential=aws:/etc/sallyport/credentials/aws\n' > /etc/systemd/system/sallyportd.service.d/aws.conf
  systemctl daemon-reload
}

sign_in() { sallyportd sandbox-token --entra "$ENTRA" --auth http://127.0.0.1:8001 --user ada; }
