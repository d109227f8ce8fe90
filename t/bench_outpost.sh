#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bench_outpost.sh - what an outpost costs, over real SSH on loopback to stand-in nodes
#
#	bench_outpost.sh NODES		prints, each on a line:
#
#	trip SECONDS			a command that does nothing, over a connection that is open
#	login SECONDS			the same with a connection of its own
#	beyond SECONDS			apply of 3 VMs from here, less the same on the node: the median of five
#	wide WALL ONE BUSY KIB		NODES nodes with 3 VMs each, and one of them: seconds; the cores' share that
#					was busy meanwhile; and the outpost's peak memory
#	ansible SECONDS VYOM		the same calls of qm by ansible-playbook on eight nodes, and vyom's apply there

# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"
# shellcheck source=t/sshd.sh
. "$srcdir/t/sshd.sh"

nodes=$1
unset VYOM_TIME_SCALE
sshd_need
sshd_home
ssh=(ssh -F "$home/.ssh/config" -o "UserKnownHostsFile=$home/.ssh/known_hosts" -i "$home/.ssh/id_ed25519")

fail() {
	cat "$tmp/out" >&2
	exit 1
}

# seconds COMMAND…
seconds() {
	local began=$EPOCHREALTIME
	"$@" >"$tmp/out" 2>&1 </dev/null || fail
	awk "BEGIN { printf \"%.3f\\n\", $EPOCHREALTIME - $began }"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

make_node() {
	"$srcdir/t/node/new" "$tmp/root-$1" --node "$1" --time-scale 1 --latency "$latency" >/dev/null
	"$srcdir/t/node/template" "$tmp/root-$1" >/dev/null
	sshd_start "$1" "$tmp/root-$1"
}

# config NODE…: three VMs on each
config() {
	local i=0 node
	mkdir -p "$tmp/outpost/etc/vyom"
	{
		echo 'template "prakriti-template" { vmid = 9000 }'
		for node; do
			printf 'node "%s" { address = "%s" }\n' "$node" "$node"
		done
		printf 'cluster "bench" {\n\tmemory = "256M"  disk = "4G"\n'
		for node; do
			for _ in 1 2 3; do
				i=$((i + 1))
				printf '\tvm "vm-%d" { node = "%s"  vmid = %d }\n' $i "$node" $((1000 + i))
			done
		done
		echo '}'
	} >"$tmp/outpost/etc/vyom/vyom.conf"
}

here() {
	HOME=$home "$top_builddir/vyom" "$1" --sysroot "$tmp/outpost" "${@:2}"
}

forget() {
	local node
	for node; do
		rm -rf "$tmp/root-$node"
		"$srcdir/t/node/new" "$tmp/root-$node" --node "$node" --time-scale 1 --latency "$latency" >/dev/null
		"$srcdir/t/node/template" "$tmp/root-$node" >/dev/null
	done
}

# --- one node: beyond what it takes there ---
latency=0.1
make_node pve
config pve
"${ssh[@]}" -M -S "$tmp/control" -fN pve
for _ in 1 2 3 4 5; do
	seconds "${ssh[@]}" -S "$tmp/control" pve true
done | median | sed 's/^/trip /'
"${ssh[@]}" -S "$tmp/control" -O exit pve 2>/dev/null
for _ in 1 2 3 4 5; do
	seconds "${ssh[@]}" pve true
done | median | sed 's/^/login /'
for _ in 1 2 3 4 5; do
	forget pve
	there=$(seconds "$top_builddir/vyom" apply --yes --sysroot "$tmp/root-pve" -c "$tmp/outpost/etc/vyom/vyom.conf")
	forget pve
	afar=$(seconds here apply --yes)
	awk "BEGIN { print $afar - $there }"
done | median | sed 's/^/beyond /'

# --- many ---
# of all cores, the ticks that were not idle, and all
ticks() {
	awk '/^cpu / { print $2 + $3 + $4 + $7 + $8, $2 + $3 + $4 + $5 + $6 + $7 + $8 }' /proc/stat
}
names=()
for i in $(seq "$nodes"); do
	names+=("n$i")
	make_node "n$i"
done
config n1
one=$(seconds here apply --yes)
forget n1
config "${names[@]}"
read -r busy all < <(ticks)
began=$EPOCHREALTIME
peak=$(HOME=$home "$top_builddir/t/bench_measure" "$top_builddir/vyom" apply --yes --sysroot "$tmp/outpost" \
	--hosts-at-once "$nodes" 2>"$tmp/out" | cut -d' ' -f2)
[ -n "$peak" ] || fail
wall=$(awk "BEGIN { print $EPOCHREALTIME - $began }")
read -r busy_after all_after < <(ticks)
echo "wide $wall $one $(awk "BEGIN { print ($busy_after - $busy) / ($all_after - $all) }") $peak"

# --- ansible ---
command -v ansible-playbook >/dev/null || exit 0
eight=("${names[@]:0:8}")
forget "${eight[@]}"
config "${eight[@]}"
{
	printf '[all]\n'
	printf '%s\n' "${eight[@]}"
} >"$tmp/inventory"
cat >"$tmp/ansible.cfg" <<-END
	[defaults]
	forks = 16
	gathering = explicit
	[ssh_connection]
	pipelining = true
	ssh_args = -F $home/.ssh/config -o UserKnownHostsFile=$home/.ssh/known_hosts -i $home/.ssh/id_ed25519 -o ControlMaster=auto -o ControlPersist=60s
END
here plan -o json >"$tmp/plan" 2>"$tmp/out"
# each node's commands, in their order, each a task
perl -MJSON::PP -0777 -ne '
	my $nodes = decode_json($_)->{nodes};
	my @plays;
	my @lists = map { $nodes->{$_}{document}{steps} } sort keys %$nodes;
	for my $i (0 .. $#{$lists[0]}) {
		push @plays, { "ansible.builtin.command" => { argv => "{{ steps[$i] }}" } };
	}
	my %steps = map { my $node = $_; $node => { steps => [map { [@{$_->{argv}}] } @{$nodes->{$node}{document}{steps}}] } } keys %$nodes;
	print encode_json([{ hosts => "all", strategy => "free", tasks => \@plays }]);
	for my $node (keys %steps) {
		mkdir "'"$tmp"'/host_vars";
		open my $out, ">", "'"$tmp"'/host_vars/$node.json" or die;
		print $out encode_json($steps{$node});
	}' "$tmp/plan" >"$tmp/play.json"
for node in "${eight[@]}"; do
	printf '#!/bin/sh\nexec %q "$@"\n' "$tmp/root-$node/usr/sbin/qm" >"$tmp/$node/bin/qm"
	chmod 755 "$tmp/$node/bin/qm"
done
ansible=$(HOME=$home ANSIBLE_CONFIG=$tmp/ansible.cfg seconds ansible-playbook -i "$tmp/inventory" "$tmp/play.json")
forget "${eight[@]}"
echo "ansible $ansible $(seconds here apply --yes)"
