# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# lib.sh - what the end-to-end tests share: TAP, and a node of one's own
#
#	. "${srcdir:-.}/t/lib.sh"
#	node_new			a stand-in node with a template, in $root
#	conf <<-END … END		writes vyom.conf; owner_conf is the owner's cluster
#	ok "sentence" command…		passes if the command does
#	status 3 "sentence" command…	passes if its exit status is 3
#	json 'condition' "sentence"	it is JSON, and the condition in perl holds of $d
#	out 'pattern' "sentence"	the last command's output (stdout and stderr) matches
#	done_testing
#
# With VYOM_TEST_VM set the node is this machine itself, the VM of t/vm, and $root
# is empty: the same sentences then hold on real LVM-thin.
#
# The last command's output is in $tmp/out.  What a failed test saw is shown as
# comments.  Each test file has a folder and a node of its own, and takes both
# away when it ends.

set -u
srcdir=${srcdir:-.}
srcdir=$(cd "$srcdir" && pwd)
top_builddir=${top_builddir:-$srcdir}
top_builddir=$(cd "$top_builddir" && pwd)
export LC_ALL=C.UTF-8 TZ=UTC

tmp=$(mktemp -d "${TMPDIR:-/tmp}/vyom-test.XXXXXX")
root=${VYOM_TEST_VM:+}
[ -n "${VYOM_TEST_VM:-}" ] || root=$tmp/node
tests=0
failures=0

finish() {
	jobs -p | xargs -r kill 2>/dev/null
	rm -rf "$tmp"
}
trap finish EXIT

# vyom on this test's node, output kept
vyom() {
	if [ -n "$root" ]; then
		"$top_builddir/vyom" "$1" --sysroot "$root" "${@:2}" >"$tmp/out" 2>&1 </dev/null
	else
		command vyom "$@" >"$tmp/out" 2>&1 </dev/null
	fi
}

# the active volumes, by device-mapper's names
volumes() {
	if [ -n "$root" ]; then
		cut -d: -f1 "$root/run/dm/info"
	else
		dmsetup ls | cut -f1
	fi
}

has_volume() {
	volumes | grep -q -- "$1"
}

qm() {
	"$root/usr/sbin/qm" "$@" </dev/null
}

report() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
		sed 's/^/#   /' "$tmp/out" 2>/dev/null
	fi
}

ok() {
	local sentence=$1
	shift
	"$@"
	report $? "$sentence"
}

not() {
	! "$@"
}

status() {
	local want=$1 sentence=$2 got
	shift 2
	"$@"
	got=$?
	[ "$got" = "$want" ] || echo "# exit status $got, not $want"
	[ "$got" = "$want" ]
	report $? "$sentence"
}

out() {
	grep -Eq -- "$1" "$tmp/out"
	report $? "$2"
}

no_out() {
	! grep -Eq -- "$1" "$tmp/out"
	report $? "$2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# in the VM: away with all that a test made, and begin again
node_reset() {
	local conf vmid
	for conf in /etc/pve/qemu-server/*.conf; do
		[ -e "$conf" ] || continue
		vmid=$(basename "$conf" .conf)
		qm stop "$vmid"
		qm destroy "$vmid" --skiplock 1 --destroy-unreferenced-disks 1
	done >/dev/null 2>&1
	rm -rf /var/lib/vyom /etc/stand-in.d/*
	grep -q '^lvmthin: tinythin' /etc/pve/storage.cfg || return 0
	lvremove -q -y pve/tiny >/dev/null
	sed -i '/^lvmthin: tinythin/,/^$/d' /etc/pve/storage.cfg
}

# in the VM: the second pool that some tests want, which no other has to be booted with
node_tiny_pool() {
	lvcreate -q -q -y --type thin-pool -L "$1" -c 256k -Zy --poolmetadatasize 4m -n tiny pve >/dev/null
	printf 'lvmthin: tinythin\n\tthinpool tiny\n\tvgname pve\n\tcontent images,rootdir\n\n' >>/etc/pve/storage.cfg
}

node_new() {
	if [ -n "$root" ]; then
		rm -rf "$root"
		"$srcdir/t/node/new" "$root" --time-scale 0.02 "$@" >/dev/null
	else
		node_reset
		[ "${1:-}" != --tiny-pool ] || node_tiny_pool "$2"
	fi
	"$srcdir/t/node/template" "${root:-/}" >/dev/null
	mkdir -p "$root/etc/vyom"
	echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb me@home' \
		>"$root/etc/vyom/authorized_keys"
}

conf() {
	cat >"$root/etc/vyom/vyom.conf"
}

owner_conf() {
	sed 's:/etc/vyom/authorized_keys:authorized_keys:' "$srcdir/etc/vyom.conf" | conf
}

# json 'PERL-CONDITION on $d' "sentence": the last command's output is one JSON document, and so
json() {
	if perl -MJSON::PP -e1 2>/dev/null; then
		perl -MJSON::PP -0777 -ne '$d = decode_json($_); exit !('"$1"')' "$tmp/out"
		report $? "$2"
	else
		report 0 "$2 # SKIP perl has no JSON::PP here"
	fi
}

# vm_conf VMID: its config in the node
vm_conf() {
	cat "$root/etc/pve/qemu-server/$1.conf"
}

done_testing() {
	echo "1..$tests"
	[ "$failures" = 0 ]
}
