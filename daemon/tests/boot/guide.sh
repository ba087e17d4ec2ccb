#!/bin/bash
# Every guide of docs/, followed to the letter on a bare Debian with the package, beside a simulated Entra and Bedrock.
. /root/house.sh
export DEBIAN_FRONTEND=noninteractive
GATEWAY=(http://127.0.0.1:8002/v1/models)

guide() { say "$1: ${2:-all of it}"; python3 /root/guide.py "/root/docs/$1" ${2:+"$2"} || fail "the guide is not true"; }
status() { curl -s -o /dev/null -w '%{http_code}' -m 5 -H "authorization: Bearer $(cat /root/token)" "${GATEWAY[@]}"; }
is_served() { [ "$(status)" = 200 ]; }
is_refused() { [ "$(status)" = 401 ]; }

dpkg -i /root/sallyport.deb
configure
guide entra.md
guide aws.md
systemctl start sallyportd
sign_in > /root/token
is_served || fail "not served: $(status)"

guide operations.md "Backup"
sallyport users revoke ada@sandbox.example --yes --reason "after the backup"
is_refused || fail "a session that was revoked is served"
# The last block of this chapter ends what the backup has brought back.
guide operations.md "Restore"
is_refused || fail "the restored session is served"
sign_in > /root/token

guide operations.md "Rotating secrets"
is_refused || fail "a token of the old secret is served"
sign_in > /root/token
cp /root/newer.deb /root/sallyport_9.9.9_amd64.deb
guide operations.md "Upgrade"
is_served || fail "the upgrade has lost the session"

guide troubleshooting.md

guide tls.md
GATEWAY=(--cacert /etc/sallyport/tls/try-ca.pem --connect-to ::127.0.0.1: https://sallyport.example.com:8002/v1/models)
is_served || fail "not served over TLS: $(status)"

guide operations.md "Removing it"
[ -s /var/lib/sallyport/sallyport.db ] || fail "the sessions are lost"
