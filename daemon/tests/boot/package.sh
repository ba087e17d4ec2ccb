#!/bin/bash
# The package's life on a bare Debian: install, use, upgrade, remove, install again, purge.
. /root/house.sh
export DEBIAN_FRONTEND=noninteractive
health() { curl -s -o /dev/null -w '%{http_code}' -m 5 "http://127.0.0.1:$1/health"; }
models() { curl -s -o /dev/null -w '%{http_code}' -m 5 -H "authorization: Bearer $(cat /root/token)" http://127.0.0.1:8002/v1/models; }
is_served() { [ "$(models)" = 200 ]; }
kept() { sha256sum /etc/sallyport/credentials/INTERNAL_JWT_SECRET /etc/sallyport/sallyport.toml; }

say "install"
dpkg -i /root/sallyport.deb || fail "it can't be installed"
systemctl -q is-enabled sallyportd.service sallyportd.socket || fail "a reboot would not start it"
systemctl -q is-active sallyportd && fail "it was started without being configured"
[ "$(stat -c %U:%a /etc/sallyport/credentials/INTERNAL_JWT_SECRET)" = root:600 ] || fail "the secret is not root's alone"
configure
systemctl start sallyportd || fail "it does not start"
for port in 8001 8002 8080; do [ "$(health $port)" = 200 ] || fail "nothing answers at $port"; done
sign_in > /root/token
is_served || fail "a request is not served"
for page in sallyportd sallyportd-run sallyport sallyport-mirror; do
  # Debian's smallest keeps no manual pages; the package has them.
  dpkg -L sallyport | grep -q "man1/$page.1.gz" || fail "there is no page $page"
done

say "an upgrade under load keeps sessions, and nobody notices it"
kept > /root/kept
before=$(main_pid)
python3 /root/load.py http://127.0.0.1:8002 "$(cat /root/token)" -- dpkg -i /root/newer.deb || fail "requests failed"
[ "$(main_pid)" != "$before" ] || fail "the old version runs on"
is_served || fail "the session is gone"
kept | cmp - /root/kept || fail "the upgrade changed secrets or configuration"
dpkg -s sallyport | grep '^Version:'

say "removing keeps what can't be had again"
dpkg -r sallyport
systemctl -q is-active sallyportd && fail "it runs on"
curl -s -m 2 http://127.0.0.1:8002/health && fail "something still answers"
[ -s /var/lib/sallyport/sallyport.db ] || fail "the sessions are lost"
kept | cmp - /root/kept || fail "secrets or configuration are lost"

say "installed again, the session is still there"
dpkg -i /root/sallyport.deb
systemctl start sallyportd || fail "it does not start again"
is_served || fail "the session is gone"

say "purging takes everything away"
dpkg -P sallyport
for place in /var/lib/sallyport /etc/sallyport /run/sallyport /usr/bin/sallyportd; do
  [ -e $place ] && fail "$place is left"
done
getent passwd sallyport && fail "the user is left"
[ -z "$(find /etc/systemd/system -type l -name 'sallyport*')" ] || fail "links of units are left"
exit 0
