#!/bin/bash
# The RPM package's life: install, use, upgrade, erase, install again. This is a Debian, so nobody resolves what it
# needs; files, scripts and their promises are those of the package.
. /root/house.sh

add() { rpm --nodeps "$@" /root/sallyport.rpm; }

say "install"
add -i || fail "it can't be installed"
systemctl -q is-active sallyportd && fail "it was started without being configured"
[ "$(stat -c %U:%a /etc/sallyport/credentials/INTERNAL_JWT_SECRET)" = root:600 ] || fail "the secret is not root's alone"
[ "$(stat -c %U:%G:%a /etc/sallyport/sallyport.toml)" = root:sallyport:640 ] || fail "the configuration is everybody's"
rpm -V --nodeps sallyport || fail "what is installed is not what was packed"
configure
systemctl enable -q sallyportd.service sallyportd.socket
systemctl start sallyportd || fail "it does not start"
for port in 8001 8002 8080; do [ "$(health $port)" = 200 ] || fail "nothing answers at $port"; done
sign_in > /root/token
is_served || fail "a request is not served"

say "an upgrade under load keeps sessions, and nobody notices it"
kept > /root/kept
before=$(main_pid)
under_load rpm --nodeps -U --replacepkgs /root/sallyport.rpm
[ "$(main_pid)" != "$before" ] || fail "the old version runs on"
is_served || fail "the session is gone"
kept | cmp - /root/kept || fail "the upgrade changed secrets or configuration"

say "erasing keeps what can't be had again"
rpm -e --nodeps sallyport
systemctl -q is-active sallyportd && fail "it runs on"
curl -s -m 2 http://127.0.0.1:8002/health && fail "something still answers"
[ -e /usr/bin/sallyportd ] && fail "the program is left"
[ -z "$(find /etc/systemd/system -type l -name 'sallyport*')" ] || fail "links of units are left"
[ -s /var/lib/sallyport/sallyport.db ] || fail "the sessions are lost"
mv /etc/sallyport/sallyport.toml.rpmsave /etc/sallyport/sallyport.toml
kept | cmp - /root/kept || fail "secrets or configuration are lost"

say "installed again, the session is still there"
add -i
systemctl start sallyportd || fail "it does not start again"
is_served || fail "the session is gone"
exit 0
