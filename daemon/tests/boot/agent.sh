#!/bin/bash
# The life of the agent's packages on a bare Debian: without a configuration, with one, with a wrong one.
. /root/house.sh
folder=/etc/claude-code
add_deb() { dpkg -i /root/claude-agent.deb; }
drop_deb() { dpkg -r claude-agent; }
add_rpm() { rpm -i --nodeps /root/claude-agent.rpm; }
drop_rpm() { rpm -e --nodeps claude-agent; }
state() { find $folder -type f -exec sha256sum {} + | sort; }
is_back() { state | cmp - /root/before || fail "not everything was put back"; }
is_set_up() {
  grep -q '"/usr/bin/claude-agent get-token"' $folder/managed-settings.json || fail "Claude Code is not told who has tokens"
  grep -q '"model": "opus"' $folder/managed-settings.json || fail "what administrators wrote is gone"
}

for kind in deb rpm; do
  say "$kind: nobody has said where the servers are"
  add_$kind | grep "write $folder/claude-agent.json" || fail "nobody is told what to do"
  [ -e $folder ] && fail "something was set up"
  claude-agent --version
  drop_$kind
  [ -e /usr/bin/claude-agent ] && fail "the program is left"

  say "$kind: an administrator has, and has settings as well"
  mkdir $folder
  cat > $folder/claude-agent.json <<'JSON'
{"auth_server_url": "https://sallyport.example.com:8001", "llm_gateway_url": "https://sallyport.example.com:8002",
 "entra_tenant_id": "5a11b047-0000-4000-8000-000000000001", "entra_client_id": "5a11b047-0000-4000-8000-00000000c11e"}
JSON
  printf '{\n  "model": "opus"\n}\n' > $folder/managed-settings.json
  state > /root/before
  add_$kind
  is_set_up
  [ -e /usr/local/bin/claude-agent ] && fail "the program was copied"

  say "$kind: an upgrade changes nothing of it"
  state > /root/set-up
  if [ $kind = deb ]; then dpkg -i /root/newer-agent.deb; else rpm -U --replacepkgs --nodeps /root/claude-agent.rpm; fi
  state | cmp - /root/set-up || fail "the upgrade changed something"

  say "$kind: undone by hand, the program stays"
  claude-agent system uninstall
  is_back
  [ -x /usr/bin/claude-agent ] || fail "the package lost its program"
  claude-agent system install
  is_set_up

  say "$kind: removing puts everything back"
  drop_$kind
  is_back
  [ -e /usr/bin/claude-agent ] && fail "the program is left"

  say "$kind: a configuration that is wrong is told, and the package is there"
  echo '{' > $folder/claude-agent.json
  add_$kind 2>&1 | tee /root/said
  grep -q 'this machine is not set up' /root/said || fail "nobody is told"
  [ -x /usr/bin/claude-agent ] || fail "the program is not there"
  drop_$kind
  rm -r $folder
done
exit 0
