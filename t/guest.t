#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The stand-in's guests: a real sshd at a VM's address, and what of a guest can go wrong.  No vyom here.

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "${srcdir:-.}/t/lib.sh"

ssh_to() {
	guest_ssh "$@" >"$tmp/out" 2>&1
}

run_qm() {
	qm "$@" >"$tmp/out" 2>&1
}

# from VMID: a VM at 10.0.2.VMID
vm() {
	qm create "$1" --name "vm-$1" --memory 256 --net0 virtio,bridge=vmbr0 --ide2 local-lvm:cloudinit --scsi0 local-lvm:1 \
		--agent enabled=1 --ciuser ubuntu --sshkeys "$key.pub" --ipconfig0 "ip=10.0.2.$1/24,gw=10.0.2.1,ip6=fd00:2::$1/64" >/dev/null
}

host_key() {
	ssh-keyscan -T 5 -t ed25519 "$1" 2>/dev/null
}

gone() {
	! ip link show "tap$1i0" >/dev/null 2>&1 && ! pgrep -f "guest/$1( |\$)" >/dev/null
}

soon() {
	local end=$((SECONDS + 30))

	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# apt VMID LINE…: the setting, then an update and an install
apt() {
	guest_says "$1" apt "${@:2}"
	ssh_to "10.0.2.$1" 'sudo apt-get update && sudo DEBIAN_FRONTEND=noninteractive apt-get -y install qemu-guest-agent'
}

# mapped VMID: sectors of its disk that the pool has given
mapped() {
	dmsetup status "pve-vm--$1--disk--0" | cut -d' ' -f4
}

# The root of a guest on real LVM-thin is its disk: what it writes is in the pool, what it trims is not.
on_disk() {
	local booted image=/var/lib/vz/template/iso/cloud.img

	"$srcdir/t/node/image" $image 96M >/dev/null
	qm create 201 --name disk --memory 256 --net0 virtio,bridge=vmbr0 --ide2 local-lvm:cloudinit --agent enabled=1 \
		--scsi0 "local-lvm:0,import-from=$image,discard=on" --sshkeys "$key.pub" --ipconfig0 ip=10.0.2.101/24 >/dev/null
	run_qm start 201
	ok "a guest boots from its disk" guest_up 10.0.2.101
	status 0 "which it has for its root" ssh_to 10.0.2.101 'grep " / ext4 " /proc/mounts; sudo fstrim -v /'
	booted=$(mapped 201)
	ssh_to 10.0.2.101 'sudo apt-get update && sudo apt-get -y install qemu-guest-agent && sync'
	ok "what apt writes is in the pool" test "$(mapped 201)" -gt "$booted"
	booted=$(mapped 201)
	status 0 "what is not needed is trimmed" ssh_to 10.0.2.101 \
		'sudo rm /boot/initrd.img && sudo apt-get clean && sync && sudo fstrim -av && cloud-init status --wait'
	out '^/: .* trimmed on /dev/' "as the real fstrim says"
	ok "and free in the pool" test "$(mapped 201)" -lt "$booted"
	status 0 "the agent answers" run_qm agent 201 ping
	status 0 "the guest goes down" run_qm shutdown 201
	status 0 "and lets its disk go" run_qm template 201
	ok "which is a base volume now" lvs pve/base-201-disk-0
	run_qm clone 201 202
	run_qm set 202 --ipconfig0 ip=10.0.2.102/24
	run_qm start 202
	ok "a clone boots" guest_up 10.0.2.102
	status 0 "and has what was installed" ssh_to 10.0.2.102 'dpkg-query -W qemu-guest-agent'
	run_qm stop 202
	status 0 "it is stopped and destroyed at once" run_qm destroy 202
	ok "with its volume" not lvs pve/vm-202-disk-0
}

node_new
key=$tmp/key
key_new "$key"
key_new "$tmp/other"
guests_say
if [ -z "$root" ]; then
	on_disk
	done_testing
	exit
fi
vm 201
run_qm start 201
ok "a VM with a cloud-init drive starts" guest_up 10.0.2.201
status 0 "its user logs in with the key that cloud-init was given" ssh_to 10.0.2.201 'id -un; hostname; cat /etc/machine-id'
out '^ubuntu$' "as ciuser"
out '^vm-201$' "on a machine that is called as the VM"
out '^[0-9a-f]{32}$' "which has an id of its own"
status 0 "over IPv6 too" ssh_to fd00:2::201 true
status 255 "nobody logs in with another key" ssh_to 10.0.2.201 "$tmp/other" true
status 0 "the user is root without a password" ssh_to 10.0.2.201 'sudo id -u'
out '^0$' "by sudo"
status 255 "the agent does not answer" run_qm agent 201 ping
out '^QEMU guest agent is not running$' "for it is not installed"

# --- apt ---
ssh_to 10.0.2.201 'sudo apt-get -y install qemu-guest-agent'
out '^E: Unable to locate package qemu-guest-agent$' "apt knows no package before an update"
status 100 "offline, apt cannot tell what there is" apt 201 offline
out "Temporary failure resolving 'archive.ubuntu.com'" "and says so"
status 100 "a lock held by another" apt 201 "locked 1"
out '^E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1234' "has its words"
status 100 "a package may be unknown" apt 201 "unknown qemu-guest-agent"
status 100 "an install may fail" apt 201 "fails 1"
out '^E: Sub-process /usr/bin/dpkg returned an error code \(1\)$' "in dpkg"
guest_says 201 apt "fails 1"
status 1 "apt asks who does not say yes" ssh_to 10.0.2.201 'sudo apt-get install qemu-guest-agent'
begin=$(date +%s%N)
status 0 "the next time it goes, if slowly" apt 201 "fails 1" "slow 1"
ok "as long as asked" test $((($(date +%s%N) - begin) / 1000000)) -ge 900
ok "it noted what it was asked for" grep -q '^noninteractive -y install qemu-guest-agent$' "$(guest_root 201)/var/log/stand-in-apt"
ok "and left an archive" test -n "$(ls "$(guest_root 201)/var/cache/apt/archives/"*.deb)"
ssh_to 10.0.2.201 'sudo apt-get clean'
ok "which clean removes" test -z "$(ls "$(guest_root 201)/var/cache/apt/archives/"*.deb 2>/dev/null)"
status 0 "now the agent answers" run_qm agent 201 ping

# --- the clean slate ---
status 0 "cloud-init is done" ssh_to 10.0.2.201 'cloud-init status --wait'
out '^status: done$' "and says so"
guest_says 201 cloud-init 'degraded something is odd'
status 2 "or not quite" ssh_to 10.0.2.201 'cloud-init status --long'
out '^extended_status: degraded done$' "which it tells who asks"
guest_says 201 cloud-init 'error Traceback'
status 1 "or failed" ssh_to 10.0.2.201 'cloud-init status'
guest_says 201 cloud-init
status 0 "fstrim tells what it did" ssh_to 10.0.2.201 'sudo fstrim -v /'
out '^/: .* trimmed$' "in the words of the real one"
old=$(host_key 10.0.2.201)
status 0 "cloud-init is made to forget" ssh_to 10.0.2.201 'sudo sh -c "
	cloud-init clean --logs --seed && truncate -s 0 /etc/machine-id && rm /etc/ssh/ssh_host_*"'
ok "its data is gone" test -z "$(ls "$(guest_root 201)/var/lib/cloud")"
ok "its log too" test ! -e "$(guest_root 201)/var/log/cloud-init.log"
status 0 "the VM is shut down" run_qm shutdown 201
ok "with all that it was" gone 201
ok "but its files, without host keys" not grep -rq . "$(guest_root 201)/etc/ssh/" --include='ssh_host_*'
run_qm start 201
ok "it starts again" guest_up 10.0.2.201
ok "with other host keys" test "$(host_key 10.0.2.201)" != "$old"
ok "and has an id again" test -s "$(guest_root 201)/etc/machine-id"
ok "the key is there once" test "$(wc -l <"$(guest_root 201)/home/ubuntu/.ssh/authorized_keys")" = 1
old=$(host_key 10.0.2.201)
run_qm stop 201
ok "stop ends it at once" gone 201
run_qm start 201
guest_up 10.0.2.201
ok "and leaves the host keys as they are" test "$(host_key 10.0.2.201)" = "$old"
run_qm stop 201
run_qm template 201
run_qm clone 201 202
run_qm set 202 --ipconfig0 ip=10.0.2.202/24
run_qm start 202
ok "a clone has what its template has" soon run_qm agent 202 ping
run_qm stop 202
run_qm destroy 202
ok "destroy leaves nothing" test ! -e "$root/var/lib/stand-in/guest/202"

# --- what goes wrong ---
guests_say "after 1"
vm 203
begin=$(date +%s%N)
run_qm start 203
guest_up 10.0.2.203
ok "sshd may come late" test $((($(date +%s%N) - begin) / 1000000)) -ge 900
run_qm stop 203
guests_say never
run_qm start 203
status 255 "or never" ssh_to 10.0.2.203 true
run_qm stop 203
guests_say yes "host-key-changes 5"
run_qm start 203
guest_up 10.0.2.203
ok "a host key may change" test "$(for _ in 1 2 3 4 5 6; do host_key 10.0.2.203; done | sort -u | wc -l)" = 2
guest_says 203 ignore-shutdown ''
status 255 "a guest may not listen to shutdown" run_qm shutdown 203 --timeout 5
ok "and stays" ssh_to 10.0.2.203 true
run_qm stop 203
guests_say
"$root/usr/sbin/qm" set 203 --net0 virtio,bridge=vmbr7 >/dev/null
status 255 "a bridge that is not there" run_qm start 203
out "^bridge 'vmbr7' does not exist$" "has the words of the real one"
qm set 203 --net0 virtio,bridge=vmbr0 >/dev/null
echo 'start spawned kill' >"$root/etc/stand-in.d/faults"
run_qm start 203
ok "a killed qm leaves its guest alone" guest_up 10.0.2.203
rm "$root/etc/stand-in.d/faults"
run_qm stop 203
ok "which stop ends" gone 203
guests_say no
run_qm start 203
ok "who asks for no guest gets none" test -z "$(pgrep -f 'guest boot')"

done_testing
