#!/bin/bash
# Provokes the symptoms of docs/troubleshooting.md: each must look as it is written there, and what it advises must help.
# shellcheck disable=SC2016 # backticks are words of the guide
. /root/house.sh
export DEBIAN_FRONTEND=noninteractive
guide=/root/docs/troubleshooting.md
log() { journalctl -u sallyportd -o cat --no-pager -n "${1:-40}"; }

# told TEXT COMMAND…: the command says it, and so does the guide.
told() {
  local text=$1 said
  shift
  grep -qF -- "$text" "$guide" || fail "the guide does not speak of: $text"
  said=$("$@" 2>&1) || true
  grep -qF -- "$text" <<<"$said" || fail "no \"$text\" in: $said"
  say "seen: $text"
}
ask() {
  curl -s -m 20 http://127.0.0.1:8002/v1/messages -H "authorization: Bearer ${TOKEN-$(cat /root/token)}" -H 'content-type: application/json' \
    -d "{\"model\":\"$1\",\"max_tokens\":${2:-9},\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"
}
answers() { ask us.anthropic.claude-opus-4-8 | grep -q '"type":"message"'; }
verify() { curl -s -m 20 http://127.0.0.1:8001/auth/verify -H 'content-type: application/json' -d "{\"access_token\":\"$1\"}"; }
check() { (cd /etc/sallyport && CREDENTIALS_DIRECTORY=/etc/sallyport/credentials sallyportd check); }
toml=/etc/sallyport/sallyport.toml

dpkg -i /root/sallyport.deb

say "the daemon does not start"
told '`ENTRA_CLIENT_ID` is not set' check
configure
cp $toml /root/good.toml
sed -i 's/^\[bedrock\]/&\nregin = "x"/' $toml
told 'there is no key `bedrock.regin`' check
cp /root/good.toml $toml
check || fail "it is still wrong"
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/tmp/left.sock")'
told 'nobody listens at' sallyport --socket /tmp/left.sock status
told 'there is no socket at' sallyport status
python3 -m http.server 8002 -b 127.0.0.1 >/dev/null 2>&1 &
until_true curl -s http://127.0.0.1:8002/
systemctl start sallyportd 2>/dev/null && fail "it starts beside a stranger"
ss -ltnp | grep -q '127.0.0.1:8002.*python3' || fail "ss does not name the owner"
kill $!
wait $! || true
systemctl reset-failed
systemctl start sallyportd || fail "it still does not start"
sign_in > /root/token
answers || fail "no answer: $(ask us.anthropic.claude-opus-4-8)"

say "a folder of somebody else's"
systemctl stop sallyportd.socket sallyportd
grep -v credentials_file $toml > /tmp/no-keys.toml
chown -R root: /var/lib/sallyport
told 'hint: check its owner and its mode' runuser -u sallyport -- env INTERNAL_JWT_SECRET="$(cat /etc/sallyport/credentials/INTERNAL_JWT_SECRET)" \
  CREDENTIALS_DIRECTORY=/tmp SALLYPORT_STATE_DIR=/var/lib/sallyport SALLYPORT_RUNTIME_DIR=/tmp sallyportd --config /tmp/no-keys.toml run
systemctl start sallyportd || fail "systemd does not mend it"

say "a second one"
told 'another daemon uses `/var/lib/sallyport`' env CREDENTIALS_DIRECTORY=/etc/sallyport/credentials AUTH_PORT=0 GATEWAY_PORT=0 INSTALL_PORT=0 \
  SALLYPORT_STATE_DIR=/var/lib/sallyport SALLYPORT_RUNTIME_DIR=/tmp sallyportd --config $toml run
told 'port 8002 of 127.0.0.1 is in use' env CREDENTIALS_DIRECTORY=/etc/sallyport/credentials AUTH_PORT=0 INSTALL_PORT=0 \
  SALLYPORT_STATE_DIR=/tmp/state SALLYPORT_RUNTIME_DIR=/tmp sallyportd --config $toml run

say "signing in"
told refresh_token_unknown curl -s http://127.0.0.1:8001/auth/refresh -H 'content-type: application/json' -d '{"refresh_token":"of another store"}'

for rule in 'required_groups missing_group' 'required_roles missing_role' 'email_domains email_domain'; do
  sed "s/^\[entra\]/&\n${rule% *} = [\"nobody.example\"]/" /root/good.toml > $toml
  systemctl reload sallyportd
  told "${rule#* }" sign_in
done
cp /root/good.toml $toml
systemctl reload sallyportd
sign_in >/dev/null || fail "nobody gets in"

say "what Claude Code shows"
printf '[[policy]]\nname = "few"\ngroups = ["*"]\nmodels = ["sandbox.echo"]\nrequests_per_minute = 1\n' >> $toml
systemctl reload sallyportd
told 'policy' ask us.anthropic.claude-opus-4-8
sallyport users show ada@sandbox.example | grep -q few || fail "the user does not tell the policy"
ask sandbox.echo >/dev/null
ask sandbox.echo | grep -q rate_limit_error || fail "no limit holds"
sallyport grants add ada@sandbox.example --requests-per-minute 1000 --for 1h --reason test
ask sandbox.echo | grep -q '"type":"message"' || fail "a grant does not help"
cp /root/good.toml $toml
systemctl reload sallyportd
TOKEN='' told 'the access token is empty; sign in again' ask us.anthropic.claude-opus-4-8
sallyport users lock ada@sandbox.example --for 1h --yes --reason test --message "ask us"
told 'is locked until' ask us.anthropic.claude-opus-4-8
sallyport locks | grep -q ada || fail "locks do not show it"
sallyport users unlock ada@sandbox.example --reason test
sallyport users revoke ada@sandbox.example --yes --reason test
told 'this session was revoked; sign in again' ask us.anthropic.claude-opus-4-8
sallyport audit list | grep -q test || fail "the trail does not show why: $(sallyport audit list)"
sign_in > /root/token

say "answers from Bedrock"
told "You don't have access to the model with the specified model ID." ask sandbox.denied
told 'upstream refused us' log
told 'This model version has reached the end of its life.' ask sandbox.missing
told 'Too many requests, please wait before trying again.' ask sandbox.throttled
told 'no price is known' log
told 'the gateway could not get an answer' ask sandbox.expired
told 'ExpiredTokenException' log
mv /etc/sallyport/credentials/aws /root/aws
printf '[default]\n' > /etc/sallyport/credentials/aws
systemctl restart sallyportd
told 'the gateway could not get an answer' ask us.anthropic.claude-opus-4-8
told 'no AWS credentials' log
mv /root/aws /etc/sallyport/credentials/aws
systemctl restart sallyportd
answers || fail "the keys do not help: $(ask us.anthropic.claude-opus-4-8)"
sed -i 's#^endpoint = .*#endpoint = "http://127.0.0.1:9"#' $toml
systemctl restart sallyportd
told 'the gateway could not get an answer' ask us.anthropic.claude-opus-4-8
told 'no connection to the upstream' log
cp /root/good.toml $toml
systemctl restart sallyportd

say "the console"
useradd stranger
told 'you may not open' runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock status
usermod -aG sallyport stranger
runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock status >/dev/null || fail "the group does not help"
code=0
runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock users lock ada@sandbox.example --for 1h --reason x --yes || code=$?
[ $code = 4 ] || fail "a reader's lock ends with $code"
told 'this takes an operator' runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock reload --reason x

say "mirroring"
told "can't be fetched: " sallyport mirror --output /tmp/mirror --source http://127.0.0.1:9

say "other machines"
curl -s -m 2 http://127.0.0.2:8001/healthz && fail "it serves more than it should"
mkdir -p /etc/systemd/system/sallyportd.socket.d
cp /usr/share/doc/sallyport/examples/listen.conf /etc/systemd/system/sallyportd.socket.d/
systemctl daemon-reload
systemctl restart sallyportd.socket sallyportd.service
curl -s -m 2 http://127.0.0.2:8001/healthz || fail "listen.conf does not help"

say "Entra is away"
systemctl stop simulation
systemctl restart sallyportd
told entra_unavailable verify "$(printf '{"alg":"RS256","kid":"k"}' | base64 -w0 | tr -d =).$(printf '{}' | base64 -w0).x"
