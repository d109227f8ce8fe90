#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How an outpost gets in, and what is said when it does not.
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/sshd.sh
. "$srcdir/t/sshd.sh"

sshd_need
sshd_outpost
sshd_start pve "$root"
port=$(cat "$tmp/pve/port")
print=$(ssh-keygen -lf "$tmp/pve/host_key.pub" | cut -d' ' -f2)
print=${print//+/\\+}
status 0 "a known host and a key that is let in" afar pve log

# --- host keys ---
cp "$home/.ssh/known_hosts" "$tmp/known"
: >"$home/.ssh/known_hosts"
status 3 "a host whose key is not known" afar pve log
out "^vyom: pve: .*$print" "is refused, with its fingerprint"
out "ssh-keyscan .*-p $port " "and the line that would make it known"
ok "which is nothing that vyom does" test ! -s "$home/.ssh/known_hosts"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/other"
printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$tmp/other.pub")" >"$home/.ssh/known_hosts"
status 3 "a host whose key has changed" afar pve log
out "$print" "is refused, with its fingerprint"
out "ssh-keygen .*-R .*127\.0\.0\.1.*$port" "and the line that would forget the old one"
ok "nothing was sent there" test "$(grep -c 'Accepted publickey' "$tmp/pve/log")" = 1
cp "$tmp/known" "$home/.ssh/known_hosts"

# --- who asks ---
status 2 "a user that is not let in" afar "nobody@pve" log
out '^vyom: nobody@pve: .*nobody' "is named"
mv "$home/.ssh/id_ed25519" "$home/.ssh/id_ed25519.pub" "$tmp"
status 2 "with no key at all" afar pve log
out '^vyom: pve: .*key' "is told"
agent=$tmp/agent
ssh-agent -D -a "$agent" >/dev/null 2>&1 &
for _ in $(seq 100); do [ -S "$agent" ] && break; sleep 0.02; done
status 2 "with an agent that has none" afar pve log
SSH_AUTH_SOCK=$agent ssh-add -q "$tmp/id_ed25519"
status 0 "with the agent's key" afar pve log
agent=
ssh-keygen -q -t ed25519 -N '' -f "$home/.ssh/id_ed25519"
status 2 "with a key that is not let in" afar pve log
out 'root' "the user is named"
mv "$tmp/id_ed25519" "$tmp/id_ed25519.pub" "$home/.ssh"
ssh-keygen -q -p -N 'open sesame' -f "$home/.ssh/id_ed25519"
status 2 "with a passphrase that nobody can be asked for" afar pve log
typed() {
	: >"$tmp/out"
	{
		for _ in $(seq 200); do grep -q '^Passphrase for ' "$tmp/out" && break; sleep 0.05; done
		printf 'open sesame\n'
	} | HOME=$home script -qec "$(printf '%q ' "$top_builddir/vyom" -H pve --sysroot "$tmp/outpost" log)" \
		/dev/null >"$tmp/out" 2>&1
}
status 0 "with a passphrase that is typed" typed
no_out 'sesame' "which is not shown"
ssh-keygen -q -p -P 'open sesame' -N '' -f "$home/.ssh/id_ed25519"

# --- the way there ---
sshd_start gate "$tmp/none"
cp "$home/.ssh/config" "$tmp/config"
sed -i 's/^Host pve$/&\n\tProxyJump gate/' "$home/.ssh/config"
status 0 "through a jump host" afar pve log
ok "which was logged in to" grep -q 'Accepted publickey' "$tmp/gate/log"
sed -i "/]:$(cat "$tmp/gate/port") /d" "$home/.ssh/known_hosts"
status 3 "the jump host's key must be known too" afar pve log
cp "$tmp/known" "$home/.ssh/known_hosts"
cp "$tmp/config" "$home/.ssh/config"
status 2 "where nobody listens" afar 127.0.0.1:1 log
out '^vyom: 127.0.0.1:1: .*refused' "is told"
status 2 "a name that is none" afar no-such-host.invalid log
out '^vyom: no-such-host.invalid: ' "is told"
done_testing
