#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom replace: one VM is destroyed and made again, asked for by name, and nothing else is touched.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

conf=$root/etc/pve/qemu-server

# in lib.sh's order, which live.sh turned round
json() {
	perl -MJSON::PP -0777 -ne '$d = decode_json($_); exit !do { '"$1"' }' "$tmp/out"
	report $? "$2"
}

uuid_of() {
	sed -n 's/^smbios1: uuid=//p' "$conf/$1.conf"
}

# untouched VMID…: the VMs are those that were kept, to the byte
untouched() {
	local vmid

	for vmid; do
		cmp -s "$root.kept/etc/pve/qemu-server/$vmid.conf" "$conf/$vmid.conf" || return 1
		test -e "$root.kept/run/qemu-server/$vmid.pid" && { cmp -s "$root.kept/run/qemu-server/$vmid.pid" \
			"$root/run/qemu-server/$vmid.pid" || return 1; }
	done
	return 0
}

# refused SENTENCE PATTERN [NAME]: replace is, and nothing is touched
refused() {
	local before

	before=$(tasks qmdestroy)
	status 3 "$1 is not replaced" vyom replace --yes "${3:-vm-1}"
	out "$2" "$1: it says why"
	ok "$1: nothing was destroyed" test "$(tasks qmdestroy)" = "$before"
}

export node_says='data-limit = 100'	# for vms
node_new
vms 2
vyom apply --yes
node_keep
state_of 201 >"$tmp/wanted"

# --- what is shown, and who is asked ---
status 1 "--dry-run shows the plan" vyom replace --dry-run vm-1
out '^vm-1 \(201\)  what is lost:$' "what is lost first"
out '^    scsi0     128 MiB on local-lvm:vm-201-disk-0' "its disk, by size"
out '^    state     running for [0-9.]+s$' "that it runs"
out "^    made      $(date +%Y)-[0-9-]+ [0-9:]+\$" "when it was made"
out '^    template  9000$' "and from what"
out '^vm-1 \(201\)  to be destroyed, and made again$' "what is to be done"
out 'qm shutdown 201' "that it is shut down"
out 'qm clone 9000 201' "and cloned"
out 'its firewall rules, permissions and place in backup jobs .* are not made again' "and what more goes with it"
ok "it does nothing" untouched 201 202
vyom replace --dry-run -o json vm-1
json '$d->{event} eq "plan" && $d->{steps}[0]{fate} eq "replaced" && join(" ", map { $_->{verb} } @{$d->{steps}}) eq
	"shutdown destroy clone set resize start"' "JSON has the steps"
json '$l = $d->{lost}; $l->{vm} eq "vm-1" && $l->{vmid} == 201 && @{$l->{disks}} == 1 && $l->{disks}[0]{key} eq "scsi0" &&
	$l->{disks}[0]{size} == 128 << 20 && $l->{disks}[0]{volume} eq "local-lvm:vm-201-disk-0" && $l->{running} && !@{$l->{snapshots}} &&
	$l->{since} > 1e9 && !$l->{adopted} && $l->{template}{vmid} == 9000 && $l->{next_template}{vmid} == 9000' "and what is lost"
printf '\n[before-upgrade]\nname: vm-1\nsnaptime: 1795360451\n' >>"$conf/201.conf"
"$srcdir/t/node/refresh" "$root"
vyom replace --dry-run vm-1
out '^    snapshot  before-upgrade$' "its snapshots too"
vyom replace --dry-run -o json vm-1
json '$d->{lost}{snapshots}[0] eq "before-upgrade"' "in JSON as well"
node_again
status 3 "without a terminal and --yes nothing is done" vyom replace vm-1
out 'say --yes' "it says so"
status 3 "with -o json neither" vyom replace -o json vm-1
ok "it is as it was" untouched 201 202
if script -qec true /dev/null >/dev/null 2>&1; then
	answers() {
		echo "$1" | script -qec "'$top_builddir/vyom' replace vm-1 --sysroot '$root'" /dev/null >"$tmp/out" 2>&1
	}
	status 3 "on a terminal it asks, and a no is taken for one" answers n
	out 'Destroy this VM and all that is on its disks, and make it again\? \[y/N\]' "what it asks"
	ok "nothing was done" untouched 201 202
	status 0 "a yes too" answers y
	out 'Looked again: nothing is left to do' "it is done"
	ok "the VM is another" test "$(uuid_of 201)" != "$(sed -n 's/^smbios1: uuid=//p' "$root.kept/etc/pve/qemu-server/201.conf")"
else
	report 0 "on a terminal it asks # SKIP script(1) is not installed"
fi

# --- it is done ---
node_again
old=$(uuid_of 201)
status 0 "replace destroys a VM and makes it again" vyom replace --yes vm-1
out '1 of 1 VM finished, 6 steps done\. Looked again: nothing is left to do' "in six steps"
ok "it is another VM" test "$(uuid_of 201)" != "$old"
state_of 201 | diff "$tmp/wanted" - >"$tmp/out"
ok "of the same shape" not test -s "$tmp/out"
ok "the other one is untouched" untouched 202
status 0 "all is as declared" vyom plan
status 0 "verify too" vyom verify
vyom log -o json
json '$r = $d->{runs}[0]; $r->{verb} eq "replace" && $r->{result} eq "done" && $r->{vmids} eq "201"' "the run is in the journal"
vyom log
out 'replace +done' "by that name"
vyom log -o json 2
json 'join(" ", map { "$_->{verb}:$_->{result}" } @{$d->{steps}}) eq
	"shutdown:done destroy:done clone:done set:done resize:done start:done"' "with its steps"
status 0 "the new one can be destroyed: the journal knows it" vyom destroy --yes vm-1
status 0 "a VM that is gone is only made" vyom replace --yes test/vm-1
out '1 of 1 VM finished, 4 steps done' "in four steps"
status 0 "one that does not run need not be shut down" bash -c "'$root/usr/sbin/qm' stop 201 && '$top_builddir/vyom' replace --sysroot '$root' --yes vm-1"
node_again
mkdir -p "$root/etc/stand-in.d/201" && touch "$root/etc/stand-in.d/201/ignore-shutdown"
status 0 "one that ignores the shutdown is stopped" vyom replace --yes vm-1
ok "and runs anew" test -e "$root/run/qemu-server/201.pid"

node_again
mkdir -p "$root/etc/stand-in.d/default"
echo 'after 0' >"$root/etc/stand-in.d/default/agent"
sed -i 's/user = "ubuntu"/& agent = true wait = "agent"/' "$root/etc/vyom/vyom.conf"
status 0 "one whose guest is waited for" vyom replace --yes vm-1
out 'vm-1 \(201\) +wait +done' "is waited for again"
out '7 steps done\. Looked again: nothing is left to do' "as the last step"

# --- from another template; and changes that apply refuses ---
node_again
"$root/usr/sbin/qm" clone 9000 9001 --name prakriti-template --full 1 >/dev/null
"$root/usr/sbin/qm" set 9001 --description "$(printf 'golden image by vyom: prakriti-template\nvyom-image: sha256:%064d\nvyom-generation: 2\nvyom-made: 2026-11-28 by vyom 0.1.0' 0)" >/dev/null
"$root/usr/sbin/qm" template 9001 >/dev/null
sed -i 's/{ vmid = 9000 }/{ vmids = "9000-9001" }/; s/disk = "128M"/disk = "64M"/; s:10.0.2.101/24:10.0.2.151/24:' "$root/etc/vyom/vyom.conf"
status 3 "what a VM can only become anew" vyom apply --yes
out 'say --reinit' "apply refuses"
out 'destroy the VM and make it again' "and says what would do"
status 0 "replace does it" vyom replace --yes vm-1
out '^    template  9000; it is made again from 9001, generation 2$' "it says from which template, and from which it will be"
ok "it is cloned from the newest" grep -q 'pve/vm-201-disk-0 .*origin=base-9001-disk-0' "$root/var/lib/stand-in/lvs"
ok "with the new address" grep -q '^ipconfig0: ip=10.0.2.151/24' "$conf/201.conf"
ok "the other one is untouched" untouched 202

# --- --plan, -o events ---
node_again
vyom replace --dry-run -o json vm-1
hash=$(perl -MJSON::PP -0777 -ne 'print decode_json($_)->{hash}' "$tmp/out")
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
status 3 "another plan than --plan allows is not carried out" vyom replace --yes --plan "$hash" vm-1
out 'not what --plan allows' "it says so"
sed -i 's/320M/256M/' "$root/etc/vyom/vyom.conf"
status 0 "that plan is" vyom replace --yes --plan "$hash" -o events vm-1
out '^\{"event":"run-begin","run":2,"steps":6' "and told line by line"
out '^\{"event":"end","status":0,"error":null\}$' "to its end"

# --- refusals: before anything is destroyed ---
node_again
status 3 "two VMs are not replaced at once" vyom replace --yes vm-1 vm-2
out 'vyom replace destroys one VM at a time, so that all others serve meanwhile .*name vm-1 alone, then vm-2' "it says why"
ok "neither was touched" untouched 201 202
status 64 "without a name nothing is replaced" vyom replace --yes
refused "a name that the config does not have" 'declares no VM "vm-9", so it could not be made again; vyom destroy' vm-9
sed -i '/vm "vm-1"/d' "$root/etc/vyom/vyom.conf"
refused "a VM that the file does not name any more" 'declares no VM "vm-1"'
node_again
"$root/usr/sbin/qm" set 201 --protection 1 >/dev/null
refused "a protected VM" 'qm set 201 --protection 0'
status 3 "--dry-run is refused too" vyom replace --dry-run vm-1
no_out 'to be destroyed|what is lost' "and shows no steps"
vyom replace --yes -o json vm-1
json '@{$d->{refusals}} == 1 && !@{$d->{steps}} && !exists $d->{lost}' "nor does JSON"
node_again
"$root/usr/sbin/qm" set 201 --description "someone wrote here" >/dev/null
refused "a VM that lost its mark" 'its description lacks the line'
node_again
sed -i 's/uuid=.*/uuid=00000000-0000-4000-8000-000000000000/' "$conf/201.conf"
refused "a VM with another identity" 'replaced outside'
node_again
rm -r "$root/var/lib/vyom"
refused "a VM that the journal does not know" 'vyom did not make the VM with this id'
node_again
sed -i 's/"vm-1"/"vm-7"/' "$root/etc/vyom/vyom.conf"
refused "a VM that was renamed in the file" 'vyom made the VM with this id as test/vm-1' vm-7
node_again
"$root/usr/sbin/pvesm" alloc local-lvm 201 vm-201-disk-5 8M >/dev/null
refused "a VM with a volume that its config does not name" 'would be left in the new VM.s way: pve/vm-201-disk-5'
node_again
"$root/usr/sbin/qm" destroy 9000 >/dev/null
refused "a VM whose template is gone" 'there is nothing to clone'
node_again
"$root/usr/sbin/qm" set 9000 --delete serial0 >/dev/null
refused "a VM whose template is unfit" 'has no serial port'
node_again
sed -i 's/memory = "256M"/memory = "4T"/' "$root/etc/vyom/vyom.conf"
refused "a VM that the memory is too small for" 'memory: running VMs would hold 4'
node_again
sed -i 's/disk = "128M"/disk = "90T"/' "$root/etc/vyom/vyom.conf"
refused "a VM that the pool is too small for" 'would promise'
node_again
sed -i 's/memory = "256M"/bridge = "vmbr7" memory = "256M"/' "$root/etc/vyom/vyom.conf"
refused "a VM whose bridge is not there" 'the node has no vmbr7'

node_again
mkdir -p "$root/etc/pve/ha"
printf 'vm: 201\n\tstate started\n' >"$root/etc/pve/ha/resources.cfg"
refused "a VM that HA manages" 'ha-manager remove vm:201 first'
node_again
printf 'local: 201-0\n\ttarget pve2\n' >"$root/etc/pve/replication.cfg"
refused "a VM that is replicated" 'pvesr delete 201-0 first'

# --- it fails on the way, or is cut off ---
node_again
faults <<-'END'
	clone:201 disk-allocated fail no more
END
status 2 "where the clone fails after the destroy" vyom replace --yes vm-1
out 'vm-1 \(201\) +destroy +done' "the VM is destroyed"
out 'vm-1 \(201\) +clone +failed' "and not made"
ok "the other one is untouched" untouched 202
status 1 "verify misses it" vyom verify
rm "$root/etc/stand-in.d/faults"
status 0 "apply makes it" vyom apply --yes
state_of 201 | diff "$tmp/wanted" - >"$tmp/out"
ok "as it was meant" not test -s "$tmp/out"

node_again
wrap qm <<-'END'
	[ "$1" != clone ] || sed -i '/vm-9000-cloudinit/ { /parts=/! s/ pool=/ parts=full:838854912 pool=/ }' "$root/var/lib/stand-in/lvs"
	exec "$real" "$@"
END
sed -i 's/user = "ubuntu"/& clone = "full"/' "$root/etc/vyom/vyom.conf"
status 3 "a full clone into a pool that somebody else fills meanwhile" vyom replace --yes vm-1
out 'vm-1 \(201\) +clone +failed.*its pool could not be written while it was copied' "is not done"
ok "what it made is taken away again" test "$(volumes_of 201)" = 0 -a ! -e "$conf/201.conf"
# a clone that died of TERM may still leave something, so it is in doubt until the next run has looked
forgotten() {
	vyom destroy --dry-run vm-1
	grep -q 'vyom made no VM called "vm-1"\|vm-1 (201): it is gone already' "$tmp/out"
}
ok "and there is nothing left to destroy" forgotten
sed -i '/vm-9000-cloudinit/ s/ parts=full:838854912//' "$root/var/lib/stand-in/lvs"
"$srcdir/t/node/refresh" "$root"
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
status 0 "when the pool has space again, replace makes it" vyom replace --yes vm-1
ok "the other one is untouched" untouched 202

node_again
wrap qm <<-'END'
	[ "$1" != destroy ] || exit 255
	exec "$real" "$@"
END
status 2 "where the destroy fails" vyom replace --yes vm-1
out 'vm-1 \(201\) +destroy +failed' "it says so"
ok "nothing is cloned over the VM" test "$(tasks qmclone)" = 2
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
status 0 "apply starts it again" vyom apply --yes
ok "it is the VM that it was" cmp -s "$root.kept/etc/pve/qemu-server/201.conf" "$conf/201.conf"

# cut VERB before|after: that qm kills its vyom, and lives on to its end
cut() {
	wrap qm <<-END
		[ "\$1 $2" != "$1 before" ] || kill -9 \$PPID
		"\$real" "\$@"
		result=\$?
		[ "\$1 $2" != "$1 after" ] || kill -9 \$PPID
		exit \$result
	END
}

# good WHEN: there is one good VM, and nothing else was touched
good() {
	status 0 "$1: then all is as declared" vyom plan
	state_of 201 | diff "$tmp/wanted" - >"$tmp/out" && untouched 202 && [ "$(volumes_of 201)" = 2 ]
	report $? "$1: there is one good VM, and nothing else was touched"
}

for verb in shutdown destroy clone set resize start; do
	for when in before after; do
		for again in 'replace vm-1' apply; do
			node_again
			cut $verb $when
			{ vyom replace --yes vm-1; } 2>/dev/null
			[ $? = 137 ] || echo "# it was not killed"
			mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
			# shellcheck disable=SC2086 # words
			status 0 "killed $when its $verb, $again goes on" vyom $again --yes --wait 30
			good "killed $when its $verb, then $again"
		done
	done
done
for point in 'shutdown:201 asked' 'destroy:201 freed' 'destroy:201 volumes' 'destroy:201 stub' 'destroy:201 purged' \
	'clone:201 C4-stub' 'clone:201 disk-allocated' 'clone:201 disk-written' 'set:201 config-tmp' 'resize:201 extended' \
	'start:201 spawned'; do
	node_again
	faults <<<"$point kill"
	vyom replace --yes vm-1
	status 0 "qm killed at $point, replace goes on" vyom replace --yes --wait 30 vm-1
	good "qm killed at $point"
done
done_testing
