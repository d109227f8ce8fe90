#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bench_outpost.sh - what an outpost costs, over real SSH on loopback to stand-in nodes
#
#	bench_outpost.sh NODES		prints, each on a line:
#
#	trip SECONDS			a command that does nothing, over a connection that is open
#	login SECONDS			the same with a connection of its own
#	beyond SECONDS STEPS		apply of 3 VMs from here, less the same on the node: the median of five; its steps
#	wide WALL ONE CPU CPU-ONE KIB	NODES nodes with 3 VMs each, and one of them: seconds, and those of CPU time of
#					the whole machine meanwhile; and the outpost's peak memory
#	ansible SECONDS VYOM COUNT	the same calls of qm by ansible-playbook on COUNT nodes, eight at most, and vyom's
#					apply there
#
# Whatever fails, and an apply after which a VM does not run, ends it without the row: exit status 1.

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

# made NODE…: all three VMs run there
made() {
	local node
	for node; do
		[ "$(find "$tmp/root-$node/run/qemu-server" -name '1[0-9]*.pid' | wc -l)" = 3 ] && continue
		echo "not all VMs run on $node" >>"$tmp/out"
		fail
	done
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
done >"$tmp/trips"
echo "trip $(median <"$tmp/trips")"
"${ssh[@]}" -S "$tmp/control" -O exit pve 2>/dev/null
for _ in 1 2 3 4 5; do
	seconds "${ssh[@]}" pve true
done >"$tmp/logins"
echo "login $(median <"$tmp/logins")"
here plan -o json >"$tmp/plan" 2>"$tmp/out"
steps=$(perl -MJSON::PP -0777 -ne 'print 0 + @{decode_json($_)->{steps}}' "$tmp/plan")
[ "${steps:-0}" -gt 0 ] || fail
for _ in 1 2 3 4 5; do
	forget pve
	there=$(seconds "$top_builddir/vyom" apply --yes --sysroot "$tmp/root-pve" -c "$tmp/outpost/etc/vyom/vyom.conf") || fail
	made pve
	forget pve
	afar=$(seconds here apply --yes) || fail
	made pve
	awk "BEGIN { print $afar - $there }"
done >"$tmp/beyond"
echo "beyond $(median <"$tmp/beyond") $steps"

# --- many ---
# seconds of CPU time of all cores so far; whatever else runs here is in it
cpu() {
	awk -v hz="$(getconf CLK_TCK)" '/^cpu / { print ($2 + $3 + $4 + $7 + $8) / hz }' /proc/stat
}
names=()
for i in $(seq "$nodes"); do
	names+=("n$i")
	make_node "n$i"
done
config n1
before=$(cpu)
one=$(seconds here apply --yes) || fail
cpu_one=$(awk "BEGIN { print $(cpu) - $before }")
made n1
forget n1
config "${names[@]}"
before=$(cpu)
began=$EPOCHREALTIME
peak=$(HOME=$home "$top_builddir/t/bench_measure" "$top_builddir/vyom" apply --yes --sysroot "$tmp/outpost" \
	--hosts-at-once "$nodes" 2>"$tmp/out") || fail
wall=$(awk "BEGIN { print $EPOCHREALTIME - $began }")
cpu_wide=$(awk "BEGIN { print $(cpu) - $before }")
made "${names[@]}"
echo "wide $wall $one $cpu_wide $cpu_one ${peak#* }"

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
ansible=$(HOME=$home ANSIBLE_CONFIG=$tmp/ansible.cfg seconds ansible-playbook -i "$tmp/inventory" "$tmp/play.json") || fail
made "${eight[@]}"
forget "${eight[@]}"
ours=$(seconds here apply --yes) || fail
made "${eight[@]}"
echo "ansible $ansible $ours ${#eight[@]}"
