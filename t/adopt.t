#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom adopt: a lost journal is rebuilt from the node, and nothing of the node is touched.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

conf=$root/etc/pve/qemu-server

# in lib.sh's order, which live.sh turned round
json() {
	perl -MJSON::PP -0777 -ne '$d = decode_json($_); exit !do { '"$1"' }' "$tmp/out"
	report $? "$2"
}

# every VM's config, its volumes, its process, and all that qm was ever asked
held() {
	(cd "$root" && find etc/pve var/lib/stand-in run/dm run/qemu-server var/log/pve -type f -print0 | sort -z |
		xargs -0 sha256sum)
}

lose_journal() {
	rm -rf "$root/var/lib/vyom"
}

# again: the cluster as apply made it, and no journal
again() {
	node_again
	lose_journal
}

refresh() {
	"$srcdir/t/node/refresh" "$root"
}

# uuid VMID: ends in VMID
uuid() {
	echo "00000000-0000-4000-8000-000000000$1"
}

# edit VMID SED-SCRIPT: what somebody else did to it
edit() {
	sed -i "$2" "$conf/$1.conf"
	refresh
}

# copy VMID NEW [SED-SCRIPT]: somebody's clone of it, with its notes
copy() {
	sed "s/^smbios1: .*/smbios1: uuid=$(uuid "$2")/; s/^vmgenid: .*/vmgenid: $(uuid "$2")/; /^scsi0:/d; /^ide2:/d; ${3:-}" \
		"$conf/$1.conf" >"$conf/$2.conf"
	refresh
}

# migrate VMID: to the node "other"
migrate() {
	mkdir -p "$root/etc/pve/nodes/other/qemu-server"
	mv "$conf/$1.conf" "$tmp/moved"
	refresh
	mv "$tmp/moved" "$root/etc/pve/nodes/other/qemu-server/$1.conf"
	refresh
}

# refused PATTERN SENTENCE: adopt of the control plane is; nothing is taken over, of others neither
refused() {
	status 3 "$2 is not taken over" vyom adopt vyom-control-1 vyom-worker-2 --yes
	out "^refused vyom-control-1 \\(101\\): $1" "$2: it says what it is and what would do"
	out 'Nothing is taken over: 1 problem must be solved first' "$2: nor is the VM named along with it"
	vyom log
	out 'No runs yet' "$2: the journal has no run of it"
}

# alone PATTERN SENTENCE: adopt --all leaves something alone, and takes the rest
alone() {
	status 3 "$2: exit status 3" vyom adopt --all --yes
	out "^left alone $1" "$2: it says which, and what would do"
}

node_new
owner_conf
vyom apply --yes
node_keep

# --- the journal is lost ---
lose_journal
status 3 "without a journal plan refuses" vyom plan
held >"$tmp/before"
status 1 "adopt --all --dry-run shows what it would take over" vyom adopt --all --dry-run
ok "it makes no journal" not test -e "$root/var/lib/vyom/journal.db"
status 3 "without a terminal and --yes nothing is taken over" vyom adopt --all
out 'say --yes' "it says what would do"
status 3 "with -o json neither" vyom adopt --all -o json
out 'with -o json nothing can be asked: say --yes' "it says so"
vyom log
out 'No runs yet' "there was no run"
status 0 "adopt --all takes all three over" vyom adopt --all --yes
out '^vyom-control-1 \(101\)  to be taken over as vyom/vyom-control-1$' "it shows each by name and id"
out '^    name     vyom-control-1$' "the name it has"
out "^    uuid     $(sed -n 's/^smbios1: uuid=//p' "$conf/101.conf")\$" "its smbios uuid"
out "^    vmgenid  $(sed -n 's/^vmgenid: //p' "$conf/101.conf")\$" "its vmgenid"
out '^    mark     vyom/vyom-control-1, tagged$' "its mark"
out '^    shape    4 cores, 8 GiB memory, 64 GiB disk on local-lvm$' "its shape"
out '^    state    running for [0-9.]+s$' "that it runs"
out '^    differs  in nothing$' "that it is as declared"
out '^    apply    would change nothing$' "and what apply would change"
out '^To take over: 3 VMs; 0 known already, 0 left alone\.$' "it counts them"
out '^Run 1: 3 VMs taken over\.$' "and says that it did"
held >"$tmp/after"
ok "configs, volumes and processes are the same to the byte, and no qm was run" cmp "$tmp/before" "$tmp/after"
status 0 "there is nothing left to plan" vyom plan
out 'Nothing to do: 3 VMs as declared' "all is as declared"
status 0 "verify is in line" vyom verify
vyom log -o json
json '@{$d->{runs}} == 1 && $d->{runs}[0]{verb} eq "adopt" && $d->{runs}[0]{result} eq "done" && $d->{runs}[0]{vmids} eq "101 102 103"' \
	"the run is in the log, with its VMs"
vyom log
out 'adopt +done .*3 VMs taken over, 0 left alone' "and how it ended"
status 0 "again there is nothing to take over" vyom adopt --all --yes
out '^Nothing to take over: 3 known already, 0 left alone\.$' "those known are counted"
ok "and no more is said" test "$(wc -l <"$tmp/out")" = 1
status 0 "a VM that is known needs no question either" vyom adopt vyom-control-1
out '^vyom-control-1 \(101\): is known already$' "it is said to be known"
vyom log -o json
json '@{$d->{runs}} == 1' "there was no other run"
status 0 "destroy removes what was taken over" vyom destroy --yes vyom-control-1 vyom-worker-1 vyom-worker-2
ok "all of it" not has_volume 'vm--10[123]--'

# --- one by one ---
again
status 0 "adopt takes over by name" vyom adopt vyom-control-1 --yes
status 0 "by cluster and name, and one named twice once" vyom adopt vyom/vyom-worker-1 vyom-worker-1 --yes
out '^Run 2: 1 VM taken over\.$' "it counts that"
status 3 "the third is not known" vyom plan
out 'refused vyom-worker-2' "it was not named"
no_out 'refused vyom-(control-1|worker-1)' "the others were"
status 0 "adopt -o json is one document" vyom adopt vyom-worker-2 vyom-worker-1 --yes -o json
json '$d->{take_over} == 1 && $d->{known} == 1 && $d->{left_alone} == 0 && $d->{run} == 3' "with its counts"
json '($v) = grep { $_->{standing} eq "take-over" } @{$d->{vms}}; $v->{vmid} == 103 && $v->{name} eq "vyom-worker-2" &&
	$v->{cluster} eq "vyom" && $v->{uuid} =~ /^[0-9a-f-]{36}$/ && $v->{declared} && !defined $v->{journal} &&
	$v->{found}{marked} && $v->{found}{tagged} && $v->{found}{cores} == 4 && $v->{found}{memory} == 16 << 30 &&
	$v->{found}{disk} == 128 << 30 && $v->{found}{storage} eq "local-lvm" && $v->{found}{running} && @{$v->{plan}{steps}} == 0' \
	"with who the VM is, its shape, and the plan for it"
status 0 "so it is where there is nothing to do" vyom adopt --all -o json
json '$d->{take_over} == 0 && $d->{known} == 3 && !defined $d->{run} && $d->{vms}[0]{standing} eq "known"' "without a run"
status 64 "neither names nor --all is a usage error" vyom adopt --yes
status 64 "both too" vyom adopt --all vyom-worker-1
status 64 "-a is pool's" vyom adopt -a
status 3 "a name that the config does not have is refused" vyom adopt nobody
out 'declares no VM "nobody": declare it' "it says what would do"
status 3 "in another cluster neither" vyom adopt other/vyom-worker-1
qm set 102 --lock backup >/dev/null
lose_journal
status 3 "a refusal is one document too" vyom adopt vyom-worker-1 vyom-worker-2 --yes -o json
json '$d->{left_alone} == 1 && $d->{vms}[0]{standing} eq "left-alone" && $d->{vms}[0]{text} =~ /locked/ && !exists $d->{run}' \
	"which says why, and has no run"

# --- a VM that is not as declared ---
again
qm set 102 --cores 2 --delete tags >/dev/null
qm stop 102
qm set 102 --delete description >/dev/null
edit 102 's/\(uuid=[0-9a-f-]*\)/\U\1/; s/UUID=/uuid=/'
status 0 "a VM of that name without the mark is taken over by name" vyom adopt vyom-worker-1 --yes
out '^    mark     none, no tag$' "it shows that it has none"
out '^    state    stopped$' "that it does not run"
out '^    differs  description: wanted "managed by vyom: vyom/vyom-worker-1", found nothing; apply sets it$' "each difference"
out '^             cores: wanted 4, found 2; apply sets it$' "with what is wanted and what is there"
out '^             run state: wanted running, found stopped; apply starts it$' "and what apply would make of it"
out '^    apply    would then run:$' "and that apply would change it"
out "qm set 102 --description 'managed by vyom: vyom/vyom-worker-1' --tags vyom --cores 4" "how"
out 'qm start 102' "and would start it"
vyom adopt --all --yes
status 0 "which it then does" vyom apply --yes
out '1 of 1 VM finished' "that VM's alone"
status 0 "and in line it is" vyom verify
again
sed -i 's/disk = "64G"/disk = "32G"/' "$root/etc/vyom/vyom.conf"
status 0 "what apply would refuse is said before" vyom adopt vyom-control-1 --yes
out '^    apply    would refuse it:$' "as such"
out '^    refused vyom-control-1 \(101\): disk: 32 GiB is declared, but its disk has 64 GiB' "with its words"
again
edit 101 's/^name: .*/name: renamed/'
status 0 "a VM with the mark is ours whatever its name is now" vyom adopt vyom-control-1 --yes
out '^    name     renamed$' "it shows that name"
again
edit 101 '/^scsi0:/d; /^vmgenid:/d'
status 0 "a VM without boot disk and vmgenid is shown as it is" vyom adopt vyom-control-1 --yes
out 'memory, no disk to boot from$' "no disk"
out '^    vmgenid  none$' "no vmgenid"
status 0 "and is known then" vyom adopt vyom-control-1
no_out 'to be taken over' "as it is"
echo "vmgenid: $(uuid 201)" >>"$conf/101.conf"
status 0 "until it has a vmgenid" vyom adopt vyom-control-1 --yes
out '^ +was none: it was rolled back' "where there was none"

again
qm set 101 --net1 virtio,bridge=vmbr0 --onboot 0 >/dev/null
edit 101 's/^ipconfig0: .*/ipconfig0: ip=dhcp/; s/^cores: .*/cores: 2/'
sed -i 's/disk = "64G"/disk = "32G"/' "$root/etc/vyom/vyom.conf"
status 1 "adopt --dry-run shows how a VM differs" vyom adopt vyom-control-1 --dry-run
out '^    differs  .*wanted' "one by one"
out 'onboot: wanted 1, found 0; apply changes it at once$' "what is changed at once"
out 'ipconfig0: wanted ip=192.168.68.211/20,gw=192.168.68.1, found ip=dhcp; apply refuses it without --reinit: ' \
	"what makes cloud-init start over"
out 'disk: wanted 32G, found 64G; apply refuses it: disks are never shrunk$' "what is refused"
out 'net1: wanted nothing, found virtio=.*; the file does not name it: it is left alone$' "what is left alone"
vyom adopt vyom-control-1 --dry-run -o json
json '%f = map { $_->{what} => $_ } @{$d->{vms}[0]{differences}}; $f{onboot}{fate} eq "live" && $f{onboot}{wanted} eq "1" &&
	$f{onboot}{found} eq "0" && $f{ipconfig0}{fate} eq "reinit" && $f{disk}{fate} eq "refused" && $f{net1}{fate} eq "never" &&
	!defined $f{net1}{wanted} && $f{cores}{text} =~ /restart/' "JSON has them too"
held >"$tmp/before"
vyom adopt vyom-control-1 --yes
held >"$tmp/after"
ok "what differs stays as it is" cmp "$tmp/before" "$tmp/after"

# --- never started ---
node_new
sed 's/cluster "vyom" {/&\n\tstart = false/' "$srcdir/etc/vyom.conf" | sed 's:/etc/vyom/authorized_keys:authorized_keys:' | conf
vyom apply --yes
lose_journal
vyom adopt --all --yes
sed -i 's:192.168.68.212/20:192.168.68.222/20:; /start = false/d' "$root/etc/vyom/vyom.conf"
status 1 "a VM that never started has nothing to lose, after adopt as before" vyom plan
out 'qm set 102 .*--ipconfig0' "its address may change"
sed -i 's/ active=1 \(.*\)vm-102-cloudinit/ active=0 \1vm-102-cloudinit/; /^thin pve\/vm-102-cloudinit/s/active=1/active=0/' \
	"$root/var/lib/stand-in/lvs"
refresh
status 1 "also when its cloud-init volume does not tell any more" vyom plan
lose_journal
vyom adopt --all --yes
status 3 "where that did not tell when it was taken over, it counts as started" vyom plan
out 'say --reinit' "and what makes cloud-init begin anew is refused"

# --- refusals ---
again
edit 101 '/^smbios1:/d'
refused 'it has no smbios uuid.*qm set 101 --smbios1' "a VM without a uuid"
alone 'vyom-control-1 \(101\): it has no smbios uuid' "--all, of one without a uuid"
out '^Run 1: 2 VMs taken over\.$' "the others are taken over"
status 3 "--dry-run too" vyom adopt --all --dry-run
status 3 "and while it is there it is said again" vyom adopt --all --yes
out '^Nothing to take over: 2 known already, 1 left alone\.$' "with nothing to do"
again
edit 101 's/^smbios1: .*/smbios1: uuid=/'
refused 'it has no smbios uuid' "a VM with an empty uuid"
again
echo 'template: 1' >>"$conf/101.conf"
refused 'the VM with this id is a template' "a template"
alone 'vyom-control-1 \(101\): the VM with this id is a template' "--all, of a template"
again
qm set 101 --lock backup >/dev/null
refused 'it is locked \(backup\).*qm config 101' "a VM that is locked"
alone 'vyom-control-1 \(101\): it is locked' "--all, of one that is locked"
again
edit 101 's/^name: .*/name: someone-elses/; /^#/d'
refused 'it is called "someone-elses" and carries no mark.*qm set 101 --name vyom-control-1' "a VM of another name, without the mark"
status 0 "--all does not look at it" vyom adopt --all --yes
out '^Run 1: 2 VMs taken over\.$' "it takes the others"
again
edit 101 's/^#managed.*/#managed by vyom%3A web\/vyom-control-1/'
refused 'it carries the mark of web/vyom-control-1, not of vyom/vyom-control-1' "a VM with the mark of another cluster"
again
edit 101 's/^#managed.*/#managed by vyom%3A vyom\/vyom-worker-9/'
refused 'it carries the mark of vyom/vyom-worker-9' "a VM with another's mark"
again
edit 101 's/^#managed.*/&\n#managed by vyom%3A web\/www/'
refused 'its notes carry the marks of two VMs, vyom/vyom-control-1 and web/www' "a VM with two marks"
alone 'vyom-control-1 \(101\): its notes carry the marks of two VMs' "--all, of one with two marks"
again
edit 101 's/^#managed.*/#see managed by vyom%3A web\/www/'
status 0 "a mark that is not at a line's beginning is none" vyom adopt vyom-control-1 --yes
again
qm stop 101
qm destroy 101 >/dev/null
refused 'nothing has the id 101.*vyom apply makes it' "what is not there"
echo 'hostname: ct' >"$root/etc/pve/nodes/pve/lxc/101.conf"
refresh
refused 'its id belongs to a container' "a container"
rm "$root/etc/pve/nodes/pve/lxc/101.conf"
cp "$root.kept/etc/pve/qemu-server/101.conf" "$conf/101.conf"
migrate 101
refused 'its id belongs to a guest on node other: migrate' "a guest of another node"
rm -r "$root/etc/pve/nodes/other"
refresh
status 0 "--all takes what is there" vyom adopt --all --yes
again
sed -i 's/^cluster "vyom"/node "other" { }\n&/; s/vm "vyom-control-1" {/& node = "other" /' "$root/etc/vyom/vyom.conf"
refused 'it is declared for node other: run vyom adopt there' "a VM declared for another node"
alone 'vyom-control-1 \(101\): vyom/vyom-control-1 is declared for node other' "--all, of one declared for another node"

# --- what the journal knows otherwise ---
node_again
edit 101 "s/uuid=.*/uuid=$(uuid 101)/; s/^vmgenid: .*/vmgenid: $(uuid 201)/"
status 3 "a VM that was restored from a backup is refused by apply" vyom apply --yes
status 0 "adopt takes it over" vyom adopt vyom-control-1 --yes
out "^    uuid     $(uuid 101)\$" "it shows the new uuid"
out "was $(sed -n 's/^smbios1: uuid=//p' "$root.kept/etc/pve/qemu-server/101.conf"): it was replaced, or restored" "and the old one"
no_out 'rolled back' "whose vmgenid says no more"
status 0 "and apply goes on" vyom apply --yes
status 0 "verify too" vyom verify
node_again
edit 101 "s/uuid=.*/uuid=$(uuid 101)/"
status 0 "also where its vmgenid is the same" vyom adopt vyom-control-1 --yes
out '^Run 2: 1 VM taken over\.$' "it is taken over"
node_again
edit 101 "s/^vmgenid: .*/vmgenid: $(uuid 201)/"
status 0 "--all takes over a VM that was rolled back" vyom adopt --all --yes
out "^    vmgenid  $(uuid 201)\$" "it shows the new vmgenid"
out "was $(sed -n 's/^vmgenid: //p' "$root.kept/etc/pve/qemu-server/101.conf"): it was rolled back, or restored in place" "and the old one"
out '^To take over: 1 VM; 2 known already, 0 left alone\.$' "those known are counted"
no_out 'vyom-worker' "and not named"
status 0 "then it is known" vyom adopt vyom-control-1
node_again
sed -i 's/"vyom-control-1"/"vyom-control-9"/' "$root/etc/vyom/vyom.conf"
edit 101 's/vyom-control-1/vyom-control-9/'
status 0 "a VM that the journal has by another name" vyom adopt vyom-control-9 --yes
out '^    journal  has this id as vyom/vyom-control-1$' "it says which"
status 0 "is then destroyed by the new one" vyom destroy vyom-control-9 --yes
node_again
sed -i 's/vmid = 101/vmid = 201/' "$root/etc/vyom/vyom.conf"
copy 101 201
status 3 "a second VM of a name that the journal knows, at the declared id" vyom adopt vyom-control-1 --yes
out '^refused vyom-control-1 \(201\): the journal knows the VM 101 as vyom/vyom-control-1, and that is there' "is refused"
migrate 101
status 3 "also when the one known moved to another node" vyom adopt vyom-control-1 --yes
rm -r "$root/etc/pve/nodes/other"
refresh
cp "$conf/9000.conf" "$conf/101.conf"
refresh
status 0 "when another VM has its id, it is gone, and the new one is taken over" vyom adopt vyom-control-1 --yes
status 1 "destroy then knows one of that name" vyom destroy --dry-run vyom-control-1
out 'qm destroy 201 ' "the new one"

node_again
# a clone into a pool that ran full, which cannot be taken away again
wrap qm <<-'END'
	[ -e "$root/stuck" ] && [ "$1" = destroy ] && exit 255
	"$real" "$@"
	result=$?
	[ "$1" = clone ] && sed -i "s/ rw / out_of_data_space /" "$root/run/dm/status"
	exit $result
END
vyom destroy --yes vyom-control-1
touch "$root/stuck"
vyom apply --yes
mv "$root/usr/sbin/qm-real" "$root/usr/sbin/qm"
sed -i 's/ out_of_data_space / rw /' "$root/run/dm/status"
status 0 "a VM whose data is not whole is known all the same" vyom adopt vyom-control-1
vyom plan
out 'its data is not whole' "and stays what it was"
edit 101 "s/^vmgenid: .*/vmgenid: $(uuid 201)/"
status 0 "one that was restored in its place" vyom adopt vyom-control-1 --yes
out '^    journal  has its data as not whole, and forgets that$' "is whole"
status 1 "and apply may go on with it" vyom plan

# --- copies, and what is not declared ---
again
copy 103 203
copy 103 204 's/^name: .*/name: Copy-of-VM-vyom-worker-2/'
alone 'vyom-worker-2 \(203\): it carries the mark of vyom/vyom-worker-2, which is declared with the id 103.*if it is a copy' \
	"--all, of a copy of a declared VM"
no_out '\(204\)' "a copy that has another name is nobody's business"
out '^Run 1: 3 VMs taken over\.$' "the declared one is taken over, and the rest"
status 0 "then all is as declared" vyom plan
again
sed -i '/vm "vyom-worker-2"/,/}/d' "$root/etc/vyom/vyom.conf"
status 0 "--all takes over what is declared no more" vyom adopt --all --yes
out '^    apply    does not look at it: it is not declared$' "it says that it is not"
status 0 "so that destroy can remove it" vyom destroy vyom-worker-2 --yes
again
edit 103 's/^#managed.*/#managed by vyom%3A web\/vyom-worker-2/'
status 0 "and what bears the mark of a cluster that is not declared" vyom adopt --all --yes
out '^vyom-worker-2 \(103\)  to be taken over as web/vyom-worker-2$' "by that cluster's name"
out 'does not look at it: it is not declared' "though one of its name is declared in another"
again
sed -i '/vm "vyom-worker-2"/,/}/d' "$root/etc/vyom/vyom.conf"
copy 103 203
alone 'vyom-worker-2 \(103\): the VM 203 carries the mark of vyom/vyom-worker-2 too, and neither is declared' \
	"--all, of two with one mark that is not declared"
out '^left alone vyom-worker-2 \(203\): the VM 103 carries' "the other one neither"
out '^Run 1: 2 VMs taken over\.$' "the rest is"
vyom adopt --all --yes -o json
json '$d->{left_alone} == 2 && $d->{vms}[2]{standing} eq "left-alone" && $d->{vms}[2]{text} =~ /203/ && !defined $d->{run}' "JSON has it too"
node_again
sed -i '/vm "vyom-worker-2"/,/}/d' "$root/etc/vyom/vyom.conf"
copy 103 203
alone 'vyom-worker-2 \(203\): ' "--all, of a copy of a VM that the journal knows"
no_out '\(103\):' "the one it knows is silent"
again
sed -i 's/vmid = 103/vmid = 303/' "$root/etc/vyom/vyom.conf"
alone 'vyom-worker-2 \(103\): .* which is declared with the id 303; correct the file' "--all, of a VM declared with another id"
node_new
owner_conf
status 0 "a node without any VM of ours" vyom adopt --all
out "^No VM of this node carries vyom's mark\\.\$" "has nothing to take over"

# --- who may, and when ---
again
begin_lock() {
	exec 9>"$root/run/lock/vyom.lock"
	flock 9
}
vyom adopt vyom-control-1 --yes
begin_lock
status 4 "while another run holds the node adopt is busy" vyom adopt --all --yes
status 1 "its --dry-run is not" vyom adopt --all --dry-run
exec 9>&-
nobody() {
	# a machine that has /etc/pve, else it would look for a node elsewhere
	unshare --mount sh -c 'mount -t tmpfs none /etc && mkdir /etc/pve && exec setpriv --reuid 65534 --clear-groups "$@"' \
		sh "$top_builddir/vyom" "$@" >"$tmp/out" 2>&1
}
chmod -R a+rX "$tmp"
if [ "$(id -u)" = 0 ] && nobody help; then
	status 3 "only root may" nobody adopt --all --yes -c "$root/etc/vyom/vyom.conf"
	out 'only root can change the node' "it says so"
else
	report 0 "only root may # SKIP cannot become another user here"
fi

if script -qec true /dev/null >/dev/null 2>&1; then
	# answers WORD: at a terminal
	answers() {
		echo "$1" | script -qec "'$top_builddir/vyom' adopt vyom-worker-1 --sysroot '$root'" /dev/null >"$tmp/out" 2>&1
	}
	status 3 "on a terminal it asks, and a no is taken for one" answers n
	out 'Take it over\? \[y/N\]' "what it asks"
	out 'nothing was done' "what it says then"
	status 3 "an end of file too" answers ''
	vyom log -o json
	json '@{$d->{runs}} == 1' "there was no run"
	status 0 "a yes too" answers y
	out 'Run 2: 1 VM taken over' "it is done"
else
	report 0 "on a terminal it asks # SKIP script(1) is not installed"
fi

# --- what others wrote ---
again
evil=$(printf 'e\033[31m\033]0;title\007\302\233vil\177')
edit 101 "s/^name: .*/name: $evil/; s/^smbios1: .*/smbios1: uuid=$evil/; s/^vmgenid: .*/vmgenid: $evil/; s/^scsi0: local-lvm/scsi0: $evil/"
sed -i "s/^#managed.*/#managed by vyom%3A $evil\/vyom-worker-1/" "$conf/102.conf"
edit 103 "s/^name: .*/name: $evil/; s/^#managed.*/#managed by vyom%3A lab\/$evil/"
for format in text json; do
	for names in "vyom-control-1 --dry-run" "vyom-worker-1 --dry-run" "--all --dry-run"; do
		# shellcheck disable=SC2086 # words
		vyom adopt $names -o $format
		ok "what others wrote does not steer the terminal: adopt $names, as $format" \
			not env LC_ALL=C grep -Pq '[\x00-\x08\x0b-\x1f]|\xc2[\x80-\x9f]' "$tmp/out"
		ok "but is shown" grep -Eq '\\x1B\[31m|\\u001B\[31m' "$tmp/out"
	done
done

# --- killed in the middle ---
# SIGXFSZ, which ends it where the journal would outgrow the limit: at each of its writes once
partly=0
lost=0
for limit in $(seq 32 4 160); do
	again
	{ (ulimit -f "$limit" && ulimit -c 0 && vyom adopt --all --yes) && break; } 2>/dev/null
	vyom adopt --all --dry-run -o json
	grep -Eq '"known": [12],' "$tmp/out" && partly=$((partly + 1))
	{ vyom adopt --all --yes && vyom plan && vyom verify; } || { lost=$limit && break; }
done
ok "a run cut off anywhere is made good by running it again" test "$lost" = 0
ok "also where it had taken over some and not the rest" test "$partly" -ge 1
ok "and a journal that may grow is complete at once" test "$limit" -lt 160
done_testing
