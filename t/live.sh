# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# live.sh - what the tests share that look at a run while it is live (after lib.sh)
#
#	wrap qm <<-'END' … END	a bash script in place of the node's qm; "$real" is the node's own,
#				$root and $vyom are known, hold waits until the test says `release`
#	begin apply --yes	vyom in the background: $live is its pid, $root.live its output
#	finished		waits for it: its exit status, and its output is the last command's
#	soon command…		passes if the command does within thirty seconds
#	json 'PERL'		passes if PERL does; $d is the last command's output as a document
#	node_keep, node_again	remembers this node as it is; makes it so again
#	state_of VMID…		the configs of VMs, less what no two clones have in common
#	vms COUNT [LINES…]	a cluster of small VMs from 201 on, vm-1 vm-2 …; LINES stand in its cluster
#				section, $node_says in the node's
#	faults <<-'END' … END	what goes wrong in the stand-in
#	disk SLOT VMID		that line of its config
#	count_calls		from now on each call of qm and pvesm is a line of $root/calls
#	volumes_of VMID		how many volumes it has; tasks TYPE: how many tasks of a type there were

wrap() {
	local path=$root/usr/sbin/$1

	[ -e "$path-real" ] || mv "$path" "$path-real"
	{
		printf '#!/bin/bash\n'
		printf 'root=%q real=%q vyom=%q\n' "$root" "$path-real" "$top_builddir/vyom"
		# shellcheck disable=SC2016 # expands in the wrapper
		echo 'hold() { for _ in {1..500}; do [ ! -e "$root/go" ] && [ -d "$root" ] || return 0; sleep 0.02; done; }'
		cat
	} >"$path.new"
	chmod 755 "$path.new"
	mv "$path.new" "$path"
	rm -f "$root/go"
}

release() {
	touch "$root/go"
}

# In a script's background SIGINT is ignored, which nobody means who types Ctrl-C. What an earlier run said is gone before
# anybody looks.
begin() {
	: >"$root.live"
	env --default-signal=INT,TERM,HUP "$top_builddir/vyom" "$1" --sysroot "$root" "${@:2}" \
		>"$root.live" 2>&1 </dev/null &
	live=$!
}

finished() {
	local result

	for _ in $(seq 600); do
		kill -0 "$live" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$live" 2>/dev/null
	wait "$live"
	result=$?
	cp "$root.live" "$tmp/out"
	return $result
}

soon() {
	local end=$((SECONDS + 30))

	while [ $SECONDS -lt $end ]; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.02
	done
	"$@"
}

json() {
	perl -MJSON::PP -0777 -ne 'BEGIN { $ok = 0 } $d = decode_json($_); $ok = do { '"$1"' }; END { exit !$ok }' "$tmp/out"
}

node_keep() {
	rm -rf "$root.kept"
	cp -a "$root" "$root.kept"
}

node_again() {
	rm -rf "$root"
	cp -a "$root.kept" "$root"
}

state_of() {
	local vmid

	for vmid; do
		echo "== $vmid"
		sed -E 's/uuid=[0-9a-f-]{36}/uuid=/; s/^vmgenid: .*/vmgenid:/; s/ctime=[0-9]+/ctime=/' \
			"$root/etc/pve/qemu-server/$vmid.conf" | sort
		test -e "$root/run/qemu-server/$vmid.pid" && echo running
		sed -nE "s/^thin (pve\/vm-$vmid-[^ ]*).* (origin=[^ ]*)?.*size=([0-9]+).*/\1 \2 \3/p" \
			"$root/var/lib/stand-in/lvs"
	done
}

vms() {
	local i

	{
		printf 'node "pve" { %s }\ntemplate "prakriti-template" { vmid = 9000 }\n' "$node_says"
		printf 'cluster "test" {\n\tmemory = "256M"\n\tdisk = "128M"\n\tuser = "ubuntu"\n'
		printf '\t%s\n' "${@:2}"
		for i in $(seq "$1"); do
			printf '\tvm "vm-%d" { vmid = %d  address = "10.0.2.%d/24" }\n' "$i" $((200 + i)) $((100 + i))
		done
		echo '}'
	} | conf
}

faults() {
	cat >"$root/etc/stand-in.d/faults"
}

disk() {
	sed -n "s/^$1: //p" "$root/etc/pve/qemu-server/$2.conf"
}

count_calls() {
	wrap qm <<<'echo "qm $*" >>"$root/calls"; exec "$real" "$@"'
	wrap pvesm <<<'echo "pvesm $*" >>"$root/calls"; exec "$real" "$@"'
	rm -f "$root/calls"
}

volumes_of() {
	grep -c "^thin pve/vm-$1-" "$root/var/lib/stand-in/lvs"
}

tasks() {
	grep -c ":$1:" "$root/var/log/pve/tasks/index"
}
