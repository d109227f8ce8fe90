#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One config, many nodes: side by side, each for itself.
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/sshd.sh
. "$srcdir/t/sshd.sh"

sshd_need
sshd_home
nodes=20
mkdir -p "$tmp/outpost/etc/vyom"
config=$tmp/outpost/etc/vyom/vyom.conf
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb me@home' \
	>"$tmp/outpost/etc/vyom/keys"
"$srcdir/t/node/new" "$tmp/first" --node first --time-scale 0.02 >/dev/null
"$srcdir/t/node/template" "$tmp/first" >/dev/null
{
	echo 'template "prakriti-template" { vmid = 9000 }'
	for i in $(seq $nodes); do
		echo "node \"n$i\" { address = \"n$i\" }"
	done
	echo 'cluster "wide" {'
	echo '	memory = "256M"  disk = "4G"  user = "ubuntu"  ssh-keys = "keys"'
	for i in $(seq $nodes); do
		echo "	vm \"vm-$i\" { node = \"n$i\"  vmid = $((200 + i))  address = \"10.0.0.$i/24\" }"
	done
	echo '}'
} >"$config"
for i in $(seq $nodes); do
	"$srcdir/t/node/new" "$tmp/root$i" --node "n$i" --time-scale 0.02 >/dev/null
	"$srcdir/t/node/template" "$tmp/root$i" >/dev/null
	sshd_start "n$i" "$tmp/root$i"
done
all() {
	HOME=$home "$top_builddir/vyom" "$1" --sysroot "$tmp/outpost" "${@:2}" >"$tmp/out" 2>&1 </dev/null
}
made() {
	find "$tmp"/root*/run/qemu-server -name '2*.pid' | wc -l
}

sshd_stop n7
status 2 "20 nodes, of which one is dead: apply fails" all apply --yes
ok "on that one alone" test "$(made)" = $((nodes - 1))
out '^vyom: n7: .*refused' "which is said"
ok "each node's plan is under its name" test "$(grep -c '^--- n[0-9]* ---$' "$tmp/out")" = $((nodes - 1))
out '^n12 +[0-9:]+ +vm-12 \(212\) +clone +done' "what happens has the node's name in front"
out '^n12 +Run 1: 1 of 1 VM finished, 4 steps done' "and so has how it ended"
out '^n7 +failed +0 +0$' "a table at the end says it of each"
ok "of all" test "$(grep -cE '^n[0-9]+ +(ok|failed) ' "$tmp/out")" = $nodes
ok "one connection a node" test "$(grep -c 'Accepted publickey' "$tmp/n1/log")" = 1
sshd_start n7 "$tmp/root7"
status 0 "once it lives, the rest is done" all apply --yes --hosts-at-once 3
ok "and nothing else" test "$(made)" = $nodes
out 'Plan: 4 steps for 1 of 1 VM' "with the one plan that had steps"
status 0 "verify of all" all verify
status 0 "verify -q of all is quiet" all verify -q
ok "quite" test ! -s "$tmp/out"
rm "$tmp/root3/run/qemu-server/203.pid"
status 1 "drift on one" all verify -q
out 'drift vm-3 \(203\)' "is told"
status 1 "in JSON" all verify -o json
json '$d->{nodes}{n3}{status} == 1 && $d->{nodes}{n4}{status} == 0 && $d->{nodes}{n4}{document}{event} eq "verify"' \
	"each node has its document"
status 0 "destroy goes where the VMs are" all destroy vm-5 vm-6 --yes
ok "and nowhere else" test "$(made) $(grep -c 'Accepted publickey' "$tmp/n8/log") $(grep -c 'Accepted publickey' "$tmp/n5/log")" = "17 6 7"
status 3 "of a VM that the config has not" all destroy vm-99 --yes
out 'declares no VM "vm-99": name the node that has it, vyom -H NODE destroy vm-99' "the node must be named"
cp "$tmp/n3/log" "$tmp/log"
status 3 "two VMs on two nodes are not replaced at once" all replace vm-3 vm-4 --yes
out 'one VM at a time' "it says so"
ok "no node was asked" cmp -s "$tmp/log" "$tmp/n3/log"
status 0 "one is, where it is" all replace vm-4 --yes
out '6 steps done' "and nowhere else"
status 64 "--plan is one node's" all apply --yes --plan 00
status 64 "--hosts-at-once wants a number" all apply --hosts-at-once none
sed -i 's/vmid = 204 /vmid = 203 /' "$config"
status 2 "an id that two nodes have" all plan
out 'vmid' "is found before any node is asked"
sed -i 's/vmid = 203  address = "10.0.0.4/vmid = 204  address = "10.0.0.3/' "$config"
status 2 "so is an address" all plan
sed -i 's/10.0.0.3\/24" }$/&/; s/vmid = 204  address = "10.0.0.3/vmid = 204  address = "10.0.0.4/; s/{ address = "n9" }/{ }/' "$config"
status 3 "a node that nobody knows the address of" all plan
out 'does not say where "n9" is' "is told"
done_testing
