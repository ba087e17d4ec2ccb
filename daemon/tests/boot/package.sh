#!/bin/bash
# The package's life on a bare Debian: install, use, upgrade, remove, install again, purge.
. /root/house.sh
export DEBIAN_FRONTEND=noninteractive
database() { python3 -c 'import sqlite3, sys; c = sqlite3.connect("/var/lib/sallyport/sallyport.db"); c.execute(sys.argv[1]); c.commit()' "$1"; }

if [ "$BOOT" = 2 ]; then
  say "after a reboot the newer version is there, and the session too"
  until_true is_served

  say "a package with other sockets opens them anew"
  [ "$(stat -c %a /run/sallyport/admin.sock)" = 660 ] || fail "the test begins elsewhere"
  dpkg -i /root/other-sockets.deb
  [ "$(stat -c %a /run/sallyport/admin.sock)" = 600 ] || fail "the old sockets are still open"
  until_true is_served

  say "an older version takes over what it knows"
  dpkg -i /root/sallyport.deb
  until_true is_served
  [ "$(stat -c %a /run/sallyport/admin.sock)" = 660 ] || fail "the newer sockets are still open"

  say "and says so if it does not know it"
  systemctl stop sallyportd.socket
  database "UPDATE meta SET value = value + 1 WHERE key = 'version'"
  systemctl start sallyportd && fail "it serves from a database that it does not know"
  journalctl -u sallyportd -o cat | grep 'knows versions up to' || fail "the journal does not say why"
  database "UPDATE meta SET value = value - 1 WHERE key = 'version'"
  systemctl reset-failed
  systemctl start sallyportd || fail "it does not start again"
  is_served || fail "the session is gone"

  say "removing keeps what can't be had again"
  kept > /root/kept
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
fi

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

# With everything in its place, systemd has nothing to say of any unit.
said=$(systemd-analyze verify --man=no /usr/lib/systemd/system/sallyport* 2>&1)
[ -z "$said" ] || fail "systemd-analyze: $said"

say "an upgrade under load keeps sessions, and nobody notices it"
kept > /root/kept
before=$(main_pid)
under_load dpkg -i /root/newer.deb
[ "$(main_pid)" != "$before" ] || fail "the old version runs on"
is_served || fail "the session is gone"
kept | cmp - /root/kept || fail "the upgrade changed secrets or configuration"
dpkg -s sallyport | grep '^Version:'
systemctl reboot
