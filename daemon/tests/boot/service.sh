#!/bin/bash
# The daemon under a real systemd, by its real units: start, restart under load, every way to die, reload, reboot, stop.
. /root/house.sh

is_other_than() { [ "$(main_pid)" != "$1" ] && systemctl -q is-active sallyportd; }

if [ "$BOOT" = 2 ]; then
  say "after a reboot it is there, and the session too"
  until_true is_served
  say "the socket stops all of it"
  systemctl stop sallyportd.socket
  systemctl -q is-active sallyportd && fail "the daemon still runs"
  curl -s -m 2 http://127.0.0.1:8002/health && fail "something still answers"
  exit 0
fi

configure
# Hanging is found out sooner than in production.
printf '[Service]\nWatchdogSec=2\n' > /etc/systemd/system/sallyportd.service.d/watchdog.conf
systemctl daemon-reload
systemctl enable -q sallyportd.service sallyportd.socket
systemctl start sallyportd || fail "it does not start"
sign_in > /root/token
is_served || fail "a request is not served: $(models)"
[ "$(stat -c %U:%G:%a /run/sallyport/admin.sock)" = sallyport:sallyport:660 ] || fail "the admin socket is someone else's"
sallyport status >/dev/null || fail "an operator can't reach it"
# Not so without the files of /proc that are about the machine.
sees_the_machine() { sallyport status | grep -q '^machine  [1-9]'; }
until_true sees_the_machine

say "a restart under streams and 200 requests a second"
under_load systemctl restart sallyportd

say "kill -9 of the main process under the same load"
under_load kill -9 "$(main_pid)"
[ "$(restarts)" = 1 ] || fail "systemd restarted it $(restarts) times"

say "kill -9 of the process that serves"
before=$(main_pid)
kill -9 "$(serving_pid)"
until_true is_other_than "$before"
until_true is_served

say "a process that hangs is found out by the watchdog"
before=$(main_pid)
kill -STOP "$(serving_pid)"
until_true is_other_than "$before"
until_true is_served
journalctl -u sallyportd -o cat | grep -q 'Watchdog timeout' || fail "it was not the watchdog"

say "a reload, and one that can't be"
before=$(main_pid)
systemctl reload sallyportd || fail "no reload"
cp /etc/sallyport/sallyport.toml /root/good.toml
echo 'nonsense = 1' >> /etc/sallyport/sallyport.toml
systemctl reload sallyportd 2>/dev/null && fail "nonsense was reloaded"
journalctl -u sallyportd -o cat | grep -q nonsense || fail "the journal does not say what is wrong"
is_served || fail "the reload that failed changed something"
cp /root/good.toml /etc/sallyport/sallyport.toml
[ "$(main_pid)" = "$before" ] || fail "a reload is no restart"

say "all usage was written, also beside a successor"
journalctl -u sallyportd -o cat | grep 'not written' && fail "usage waits"

say "sandbox"
systemd-analyze security sallyportd --no-pager | tail -1
systemctl reboot
