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
# More often than the unit allows in a minute.
restart() { systemctl reset-failed; systemctl restart sallyportd; }
# What is logged from now on.
mark() { journalctl -u sallyportd -n 0 --show-cursor | sed -n 's/^-- cursor: //p'; }
since() { journalctl -u sallyportd -o cat --no-pager --after-cursor "$1"; }
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
systemctl status --no-pager sallyportd.socket | grep -q 'already in use' || fail "the socket's status does not tell"
kill $!
wait $! || true
systemctl reset-failed
systemctl start sallyportd || fail "it still does not start"
sign_in > /root/token
answers || fail "no answer: $(ask us.anthropic.claude-opus-4-8)"

say "more starts than the unit allows"
for _ in $(seq 7); do systemctl restart sallyportd || break; done
told 'Start request repeated too quickly' log
systemctl reset-failed sallyportd
systemctl start sallyportd || fail "it does not start again"
answers || fail "no answer after many restarts"

say "a folder of somebody else's"
systemctl stop sallyportd.socket sallyportd
grep -v credentials_file $toml > /tmp/no-keys.toml
chown -R root: /var/lib/sallyport
other() { runuser -u sallyport -- env INTERNAL_JWT_SECRET="$(cat /etc/sallyport/credentials/INTERNAL_JWT_SECRET)" \
  CREDENTIALS_DIRECTORY=/tmp SALLYPORT_STATE_DIR=/var/lib/sallyport SALLYPORT_RUNTIME_DIR=/tmp sallyportd --config /tmp/no-keys.toml run; }
told "can't be used:" other
told 'hint: check its owner and its mode' other
systemctl start sallyportd || fail "systemd does not mend it"

say "a second one"
told 'another daemon uses `/var/lib/sallyport`' env CREDENTIALS_DIRECTORY=/etc/sallyport/credentials AUTH_PORT=0 GATEWAY_PORT=0 INSTALL_PORT=0 \
  SALLYPORT_STATE_DIR=/var/lib/sallyport SALLYPORT_RUNTIME_DIR=/tmp sallyportd --config $toml run
pgrep -a sallyportd | grep -q 'sallyportd run' || fail "pgrep does not show the other one"
told 'port 8002 of 127.0.0.1 is in use' env CREDENTIALS_DIRECTORY=/etc/sallyport/credentials AUTH_PORT=0 INSTALL_PORT=0 \
  SALLYPORT_STATE_DIR=/tmp/state SALLYPORT_RUNTIME_DIR=/tmp sallyportd --config $toml run

say "a full disk"
mkdir /tmp/full
mount -t tmpfs -o size=64k tmpfs /tmp/full
elsewhere() { env CREDENTIALS_DIRECTORY=/etc/sallyport/credentials AUTH_PORT=0 GATEWAY_PORT=0 INSTALL_PORT=0 SALLYPORT_METRICS_LISTEN=off \
  SALLYPORT_STATE_DIR=/tmp/full SALLYPORT_RUNTIME_DIR=/tmp/full timeout 3 sallyportd --config $toml run; }
told 'the disk is full' elsewhere
mount -o remount,size=64m /tmp/full
elsewhere 2>&1 | grep -q 'the disk is full' && fail "room does not help"

say "signing in"
told refresh_token_unknown curl -s http://127.0.0.1:8001/auth/refresh -H 'content-type: application/json' -d '{"refresh_token":"of another store"}'

for rule in 'required_groups missing_group' 'required_roles missing_role' 'email_domains email_domain'; do
  sed "s/^\[entra\]/&\n${rule% *} = [\"nobody.example\"]/" /root/good.toml > $toml
  systemctl reload sallyportd
  told "${rule#* }" sign_in
  sallyport audit list | grep -q "${rule#* }" || fail "the trail does not show the code"
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
printf '[[price]]\nmodel = "sandbox.*"\ninput = 1.0\noutput = 5.0\n' >> $toml
systemctl reload sallyportd
mark=$(mark)
ask sandbox.thinking >/dev/null
since "$mark" | grep -q 'no price is known' && fail "a price does not help"
cp /root/good.toml $toml
systemctl reload sallyportd
told "the gateway's AWS identity is not allowed to use this model" ask sandbox.marketplace
told 'AWS Marketplace actions' log
told 'Model use case details have not been submitted for this account.' ask sandbox.use-case
told 'The provided model identifier is invalid.' ask meta.llama3
told 'with on-demand throughput' ask sandbox.on-demand
printf '[gateway.aliases]\n"sandbox.on-demand" = "us.anthropic.claude-opus-4-8"\n' >> $toml
systemctl reload sallyportd
ask sandbox.on-demand | grep -q '"type":"message"' || fail "an alias does not help"
cp /root/good.toml $toml
systemctl reload sallyportd
told 'the gateway could not get an answer' ask sandbox.expired
told 'ExpiredTokenException' log
mv /etc/sallyport/credentials/aws /root/aws
printf '[default]\n' > /etc/sallyport/credentials/aws
restart
told 'the gateway could not get an answer' ask us.anthropic.claude-opus-4-8
told 'no AWS credentials' log
mkdir -p /root/.aws
cp /root/aws /root/.aws/credentials
restart
answers && fail "your ~/.aws is read"
sed 's/^\(aws_access_key_id\).*/\1 = AKIANOBODYKNOWSTHIS1/' /root/aws > /etc/sallyport/credentials/aws
restart
told 'the gateway could not get an answer' ask us.anthropic.claude-opus-4-8
told 'UnrecognizedClientException' log
sed 's/^\(aws_secret_access_key\).*/\1 = of-another-key/' /root/aws > /etc/sallyport/credentials/aws
restart
answers && fail "a wrong secret is taken"
told 'InvalidSignatureException' log
mv /root/aws /etc/sallyport/credentials/aws
restart
answers || fail "the keys do not help: $(ask us.anthropic.claude-opus-4-8)"
sed -i 's#^endpoint = .*#endpoint = "http://127.0.0.1:9"#' $toml
restart
told 'the gateway could not get an answer' ask us.anthropic.claude-opus-4-8
told 'no connection to the upstream' log
cp /root/good.toml $toml
restart

say "the console"
useradd stranger
told 'you may not open' runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock status
usermod -aG sallyport stranger
runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock status >/dev/null || fail "the group does not help"
code=0
runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock users lock ada@sandbox.example --for 1h --reason x --yes || code=$?
[ $code = 4 ] || fail "a reader's lock ends with $code"
told 'this takes an operator' runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock reload --reason x
printf '[admin]\noperators = ["stranger"]\n' >> $toml
restart
runuser -u stranger -- sallyport --socket /run/sallyport/admin.sock reload --reason x || fail "an operator may not act"
cp /root/good.toml $toml
restart

say "mirroring"
told 'sallyport mirror --output' curl -s http://127.0.0.1:8080/
told "can't be fetched: " sallyport mirror --output /tmp/mirror --source http://127.0.0.1:9

say "other machines"
curl -s -m 2 http://127.0.0.2:8001/healthz && fail "it serves more than it should"
mkdir -p /etc/systemd/system/sallyportd.socket.d
cp /usr/share/doc/sallyport/examples/listen.conf /etc/systemd/system/sallyportd.socket.d/
systemctl daemon-reload
systemctl restart sallyportd.socket sallyportd.service
curl -s -m 2 http://127.0.0.2:8001/healthz || fail "listen.conf does not help"

say "a proxy that does what it does by default"
# Every setting of nginx that the guide names, as it stands there.
grep -o '(nginx: `[^`]*' /root/docs/tls.md | cut -d '`' -f 2 > /root/advice
grep -q 'proxy_buffering off' /root/advice || fail "the guide names no settings of nginx"
before() { printf 'server {\nlisten 127.0.0.1:9002;\nlocation / {\n%s\n}\n}\n' "$1" > /etc/nginx/conf.d/gateway.conf; systemctl restart nginx; }
ask_through() { curl -sN -m "$1" http://127.0.0.1:9002/v1/messages -H "authorization: Bearer $(cat /root/token)" -H 'content-type: application/json' -d @- || true; }
prompt() { printf '{"model":"%s","max_tokens":9,"stream":%s,"messages":[{"role":"user","content":"%s"}]}' "$@"; }
large=$(head -c 2000000 /dev/zero | tr '\0' x)
before 'proxy_pass http://127.0.0.1:8002; proxy_read_timeout 1s;'
prompt sandbox.stall true hi | ask_through 3 | grep -q message_start && fail "nginx does not buffer"
prompt sandbox.silent.2 false hi | ask_through 9 | grep -q 504 || fail "nginx is patient"
prompt us.anthropic.claude-opus-4-8 false "$large" | ask_through 9 | grep -q 413 || fail "nginx takes large bodies"
before "$(cat /root/advice)"
prompt sandbox.stall true hi | ask_through 3 | grep -q message_start || fail "nothing arrives as it comes"
prompt sandbox.silent.2 false hi | ask_through 9 | grep -q '"type":"message"' || fail "nginx still gives up"
prompt us.anthropic.claude-opus-4-8 false "$large" | ask_through 9 | grep -q '"type":"message"' || fail "a large body is refused"
curl -s "http://127.0.0.1:9002/model/anthropic.claude-3-5-sonnet-20241022-v1%3A0/invoke" -H "authorization: Bearer $(cat /root/token)" \
  -d '{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' | grep -q '"type":"message"' || fail "paths are changed"
sallyport traffic --last 15m | grep -qi 'first byte' || fail "no time to the first byte: $(sallyport traffic --last 15m)"

say "more connections than allowed"
sed 's/^\[bedrock\]/[http]\nconnections = 2\n&/' /root/good.toml > $toml
restart
python3 -c 'import socket, time; held = [socket.create_connection(("127.0.0.1", 8002)) for _ in range(2)]; time.sleep(60)' &
until_true bash -c "ss -tn state established '( dport = :8002 )' | grep -c 8002 | grep -q 2"
curl -s -m 1 http://127.0.0.1:8002/healthz && fail "there is room"
told 'as many connections as http.connections allows' log
kill $!
until_true curl -s -m 1 http://127.0.0.1:8002/healthz
cp /root/good.toml $toml
restart

say "Entra is away"
systemctl stop simulation
restart
told entra_unavailable verify "$(printf '{"alg":"RS256","kid":"k"}' | base64 -w0 | tr -d =).$(printf '{}' | base64 -w0).x"
sallyport status | grep '^entra ' | grep -q down || fail "the status does not tell: $(sallyport status)"
