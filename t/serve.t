#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom serve-ssh: what a key may do whose forced command it is, and what not.
. "${srcdir:-.}/t/lib.sh"

node_new
owner_conf
# serve COMMAND [OPTION…]: what an SSH client asks for, stdin as it is
serve() {
	SSH_ORIGINAL_COMMAND=$1 "$top_builddir/vyom" serve-ssh --sysroot "$root" "${@:2}" >"$tmp/out" 2>&1
}
# what of the node a change would touch
node_is() {
	find "$root/etc" "$root/var" "$root/run/dm" -type f -printf '%P %s %T@\n' | sort
}
no_command() {
	env -u SSH_ORIGINAL_COMMAND "$top_builddir/vyom" serve-ssh --sysroot "$root" >"$tmp/out" 2>&1
}
exec </dev/null

# --- what works ---
vyom status
cp "$tmp/out" "$tmp/here"
status 0 "a verb" serve 'vyom status'
ok "does what it does on the node" cmp -s "$tmp/out" "$tmp/here"
status 0 "by its whole path" serve '/usr/sbin/vyom status'
status 0 "in the quotes that an outpost writes" serve "vyom 'status' -o 'json'"
json 'exists $d->{vms}' "with its options"
status 0 "options may stand in front" serve 'vyom -o json status'
json 'exists $d->{vms}' "of the verb"
status 1 "the exit status is the verb's" serve 'vyom plan'
status 0 "a change is made" serve 'vyom apply --yes'
vyom log
out '^ *1 .*apply' "and is in the journal"
vyom log 1
out 'vyom apply --yes' "as it was asked for"
status 64 "a mistake is the verb's to tell" serve 'vyom plan --frobnicate'
out 'vyom plan has no option' "in its words"
status 64 "an unknown verb too" serve 'vyom frobnicate'
status 0 "vyom help" serve 'vyom help plan'
status 0 "vyom --version" serve 'vyom --version'
out '^vyom [0-9]' "says which it is"
vyom bundle
cp "$tmp/out" "$tmp/bundle"
status 0 "a config that is sent with its files" serve 'vyom -c - verify' <"$tmp/bundle"

# --- what is no vyom command ---
status 3 "no session is opened" no_command
status 3 "nor for an empty command" serve ''
out 'opens no session: it is for commands like' "says what it is for"
for command in id '/bin/sh -c id' 'sudo vyom status' ./vyom /tmp/vyom "'vyom status'" 'PATH=/tmp vyom status' \
	/usr/lib/openssh/sftp-server 'scp -t /etc' ' ' "''" -- "vyom'x'"; do
	status 3 "$command is not done" serve "$command"
	out 'this key ' "and why is said"
done
printf '#!/bin/sh\ntouch "%s"\n' "$tmp/done" >"$tmp/touch"
chmod +x "$tmp/touch"
for command in "vyom status; $tmp/touch" "vyom status && $tmp/touch" "vyom status | $tmp/touch" "vyom \$($tmp/touch)" \
	"vyom \`$tmp/touch\`" "vyom status &" "vyom status >$tmp/done" "vyom status"$'\n'"$tmp/touch" 'vyom "status"' \
	'vyom status #' "vyom sta'tus" 'vyom status\' 'vyom *' 'vyom {status,log}' "vyom stat$(printf '\303\274')s"; do
	status 64 "$(head -1 <<<"$command" | sed "s:$tmp/::"): no shell reads it" serve "$command"
	out 'shell|quotes|has no other' "and why is said"
done
ok "nothing of it was done" not test -e "$tmp/done"

# --- what is not for others to ask ---
for verb in serve-ssh bundle; do
	status 3 "not vyom $verb" serve "vyom $verb"
	out "may not ask for vyom $verb" "named"
done
for option in '--sysroot /' --sysroot=/ '--sys /'; do
	status 3 "not $option" serve "vyom status $option"
	out 'may not give' "and why is said"
done
status 3 "not in front of the verb either" serve 'vyom --sysroot / status'
for option in "-c $root/etc/vyom/vyom.conf" "-c$root/etc/vyom/vyom.conf" "--config=$root/etc/vyom/vyom.conf" '-c /dev/stdin' \
	"-c - -c $root/etc/vyom/vyom.conf" "-c ''"; do
	status 3 "not ${option//"$root"/}" serve "vyom plan $option"
	out 'may name no file of the node' "and what to do is said"
done
# every option of every verb is either for them or not, and somebody has decided which
"$top_builddir/vyom" help | grep -Eo '^  [a-z]+' | grep -v help >"$tmp/verbs"
while read -r verb; do
	serve "vyom $verb --help"
	grep -q 'may not ask' "$tmp/out" && continue
	grep -Eo '(^|[ ,])--[a-z-]+( [A-Z]+)?' "$tmp/out" | tr -d ',' >"$tmp/options"
	while read -r option argument; do
		serve "vyom $verb $option ${argument:+1} --help"
		grep -q 'this key' "$tmp/out" && echo "$verb $option"
	done <"$tmp/options"
done <"$tmp/verbs" | grep -Ev ' --(config|sysroot|host|hosts-at-once)$' >"$tmp/refused"
cp "$tmp/refused" "$tmp/out"
ok "no other option is refused" not test -s "$tmp/refused"

# --- a config that is sent reaches nothing else of the node ---
status 3 "a config without its files" serve 'vyom plan -c -' <"$root/etc/vyom/vyom.conf"
out 'send what vyom bundle prints' "says what to send"
sed 's!"files":.*!"files":{"/etc/vyom/vyom.conf":"include \\"/etc/shadow\\""}}!; s!"config":"[^"]*"!"config":"/etc/vyom/vyom.conf"!' \
	"$tmp/bundle" >"$tmp/sly"
status 2 "one that includes a file of the node" serve 'vyom plan -c -' <"$tmp/sly"
out '/etc/shadow.* was not sent along' "gets nothing of it"
no_out root: "not a line"
sed 's!"files":.*!"files":{"/vyom.conf":"template \\"t\\" { vmid = 9000  files = { \\"/etc/shadow:/x\\" } }"}}!; s!"config":"[^"]*"!"config":"/vyom.conf"!' \
	"$tmp/bundle" >"$tmp/sly"
status 2 "one that puts a file of the node into a guest" serve 'vyom -c - template build --yes' <"$tmp/sly"
out '/etc/shadow: was not sent along' "gets nothing of it either"
cp "$root/etc/vyom/authorized_keys" "$tmp"
# reaching SECTION LINE: is refused of others, and not of the node's own
reaching() {
	sed "s:^\\($1 .*{\\)\$:\\1\n\t$2:" "$root/etc/vyom/vyom.conf" >"$tmp/reaching.conf"
	"$top_builddir/vyom" bundle -c "$tmp/reaching.conf" >"$tmp/reaching" 2>"$tmp/out"
	ok "$1: ${2%% *} can be bundled" test -s "$tmp/reaching"
	status 3 "but is not taken from others" serve 'vyom -c - template build --yes' <"$tmp/reaching"
	out "may not say ${2%% *}, which reaches the node" "which is said"
	vyom template build --yes -c "$tmp/reaching.conf"
	no_out 'this key' "on the node it may be said"
}
reaching template 'key-sink = { "/bin/true" }'
reaching template "key-file = \"$tmp/master\""
if grep -q '^.It Cm options ' "$srcdir/agent/vyom.conf.5"; then
	for section in cluster role "	vm"; do
		reaching "$section" 'options = { "args=-version" }'
	done
fi
if grep -q '^.It Cm serial ' "$srcdir/agent/vyom.conf.5"; then
	reaching role 'serial = "/dev/sda"'
fi

# --- a key that may only look ---
node_is >"$tmp/before"
for command in 'check' 'plan' 'verify' 'status' 'pool' 'log' 'log 1' 'template list' 'apply --dry-run' \
	'destroy --dry-run vyom-worker-1' '-c - replace --dry-run vyom-worker-1' 'adopt --all --dry-run' '-c - plan'; do
	serve "vyom $command" --read-only <"$tmp/bundle"
	no_out 'only look' "may look: vyom $command"
done
for command in 'apply --yes' 'apply' 'destroy --yes vyom-worker-1' '-c - replace --yes vyom-worker-1' 'adopt --yes --all' 'template build --yes' \
	'template prune --yes' 'template verify --full' 'log --prune' 'pool --shared' '-c - apply --yes'; do
	status 3 "may not: vyom $command" serve "vyom $command" --read-only <"$tmp/bundle"
	out 'this key may only look' "which is said"
done
node_is | diff "$tmp/before" - >"$tmp/out"
ok "and nothing was changed" not test -s "$tmp/out"

# --- by a real key ---
if [ "$(id -u)" = 0 ] && [ -x /usr/sbin/sshd ]; then
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/host" && ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
	echo "restrict,command=\"$top_builddir/vyom serve-ssh --sysroot $root\" $(cat "$tmp/key.pub")" >"$tmp/allowed"
	port=$((20000 + $$ % 12000))
	made=
	[ -d /run/sshd ] || { mkdir -m 755 /run/sshd && made=yes; }
	/usr/sbin/sshd -D -f /dev/null -o "HostKey=$tmp/host" -o "AuthorizedKeysFile=$tmp/allowed" -o StrictModes=no -o UsePAM=no \
		-o "PidFile=none" -p $port -o ListenAddress=127.0.0.1 2>"$tmp/sshd.log" &
	sshd=$!
	echo "[127.0.0.1]:$port $(cat "$tmp/host.pub")" >"$tmp/known"
	remote() {
		ssh -F /dev/null -i "$tmp/key" -o "UserKnownHostsFile=$tmp/known" -o BatchMode=yes -p $port root@127.0.0.1 "$@" >"$tmp/out" 2>&1
	}
	for _ in $(seq 50); do
		remote vyom --version && break
		sleep 0.1
	done
	out '^vyom [0-9]' "a key whose forced command it is does vyom's verbs"
	status 0 "takes a bundle" remote vyom -c - verify <"$tmp/bundle"
	status 3 "opens no session" remote
	status 3 "runs nothing else" remote cat /etc/shadow
	no_out root: "and shows nothing"
	kill $sshd
	wait $sshd 2>/dev/null
	[ -z "$made" ] || rmdir /run/sshd
else
	report 0 "a key whose forced command it is # SKIP needs root and /usr/sbin/sshd"
fi
done_testing
