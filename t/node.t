#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The stand-in node against what a real one printed: t/node/expect holds excerpts of the recorded runs.

srcdir=${srcdir:-$(dirname "$0")/..}
here=$(cd "$srcdir/t/node" && pwd)
root=$(mktemp -d "${TMPDIR:-/tmp}/vyom-node.XXXXXX") || exit 99
trap 'rm -rf "$root"' EXIT
trap 'exit 1' HUP INT TERM
LC_ALL=C.UTF-8
export LC_ALL
count=0
out=$root/out err=$root/err conf=$root/etc/pve/qemu-server faults=$root/etc/stand-in.d/faults

# ok SENTENCE CONDITION...: one test; on failure show what the last command printed.
ok() {
    count=$((count + 1))
    sentence=$1
    shift
    if "$@" > "$root/why" 2>&1; then
        echo "ok $count - $sentence"
    else
        echo "not ok $count - $sentence"
        sed 's/^/# /' "$root/why" "$out" "$err"
    fi
}

# Run a tool; its streams go to files, its status to $status.
qm() { "$root/usr/sbin/qm" "$@" > "$out" 2> "$err" < /dev/null; status=$?; }
pvesm() { "$root/usr/sbin/pvesm" "$@" > "$out" 2> "$err" < /dev/null; status=$?; }
pvesh() { "$root/usr/bin/pvesh" "$@" > "$out" 2> "$err" < /dev/null; status=$?; }
lvs() { "$root/usr/sbin/lvs" --reportformat json --units b --nosuffix "$@" > "$out" 2> "$err"; status=$?; }

# Conditions.
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; false; }; }
ended() { is "$status" "$1" && is "$(cat "$err")" "$2"; }            # STATUS STDERR
quiet() { ended 0 "" && is "$(cat "$out")" "${1-}"; }                # STDOUT
same() { printf '%s\n' "$2" | diff "$here/expect/$1" -; }            # FILE TEXT
has() { grep -q -e "$2" "$1" || { echo "no '$2' in:"; cat "$1"; false; }; }
lacks() { ! grep -q -e "$2" "$1" || { echo "'$2' in:"; cat "$1"; false; }; }
plain() { sed -E 's/ctime=[0-9]+/ctime=TIME/; s/([0-9A-F]{2}:){5}[0-9A-F]{2}/MAC/; s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/' "$1"; }
volumes() { sed -n 's/^thin pve\/\([^ ]*\).*/\1/p' "$root/var/lib/stand-in/lvs" | grep -e "-$1-" | tr '\n' ' '; }
free_lock() { flock -n "$root/var/lock/qemu-server/lock-$1.conf" true; }
soon() { n=0; while [ $n -lt 600 ]; do "$@" > /dev/null 2>&1 && return 0; sleep 0.05; n=$((n + 1)); done; "$@"; }
scale() { sed -i "s/^time-scale .*/time-scale $1/" "$root/etc/stand-in.conf"; }

"$here/new" "$root" --time-scale 0.02 --pool-size 32G --tiny-pool 400M || exit 99
echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP7j92eKIUes9ahAYTdsMtZflZ4fB4HwHzmXhuTVoNzb one@test' > "$root/keys.pub"
image=$root/var/lib/vz/template/iso/tiny-cloudimg-amd64.img
truncate -s 64M "$image"
dd if=/dev/zero of="$image" bs=1M count=12 conv=notrunc 2> /dev/null

# --- a template ---
qm create 9000 --name ubuntu-noble --memory 512 --cores 1 --net0 virtio,bridge=vmbr0 --scsihw virtio-scsi-single
ok "create says nothing" quiet
ok "the default boot order names what is there" has "$conf/9000.conf" '^boot: order=net0$'
qm create 9000 --name again
ok "create refuses an id in use" ended 255 "unable to create VM 9000 - VM 9000 already exists on node 'pve'"
qm set 9000 --scsi0 local-lvm:0,import-from=/var/lib/vz/template/iso/tiny-cloudimg-amd64.img
ok "an import tells its progress" is "$(grep -c transferred "$out")" 34
ok "and what it made" has "$out" "^scsi0: successfully created disk 'local-lvm:vm-9000-disk-0,size=64M'$"
qm set 9000 --ide2 local-lvm:cloudinit --boot order=scsi0 --serial0 socket --vga serial0
ok "a new cloud-init drive is filled at once" has "$out" '^generating cloud-init ISO$'
ok "the call is repeated with its options sorted" has "$out" '^update VM 9000: -boot order=scsi0 -ide2 local-lvm:cloudinit -serial0 socket -vga serial0$'
qm set 9000 --ide2 local-lvm:cloudinit
ok "the same cloud-init drive twice fails in lvcreate" ended 5 "lvcreate 'pve/vm-9000-cloudinit' error:   Logical Volume \"vm-9000-cloudinit\" already exists in volume group \"pve\""
qm set 9000 --ciuser ubuntu --sshkeys "$root/keys.pub" --ipconfig0 ip=dhcp --agent enabled=1 --ostype l26
ok "keys are shown escaped" has "$out" 'one%40test%0A$'
qm set 9000 --sshkeys "$root/nosuch.pub"
ok "a missing key file is an error with status 2" ended 2 "can't open '$root/nosuch.pub' - No such file or directory"
qm template 9000
ok "template renames and freezes the disk" quiet '  Renamed "vm-9000-disk-0" to "base-9000-disk-0" in volume group "pve"
  Logical volume pve/base-9000-disk-0 changed.
  WARNING: Combining activation change with other commands is not advised.'
lvs -o lv_name,lv_attr,lv_size,data_percent pve/base-9000-disk-0
ok "a base volume is read-only, inactive and to be skipped" has "$out" '^                  {"lv_name":"base-9000-disk-0", "lv_attr":"Vri---tz-k", "lv_size":"67108864", "data_percent":""}$'
ok "an inactive volume is not in device-mapper" lacks "$root/run/dm/info" 'base--9000'
qm template 9000
ok "a template is no second time made one" ended 255 "you can't convert a template to a template"
qm start 9000
ok "a template does not start" ended 255 "you can't start a vm if it's a template"
qm list
ok "list prints the columns of the real one" same list "$(cat "$out")"
ok ".vmlist has the line breaks of pmxcfs" same vmlist "$(sed 's/"version": [0-9]*/"version": N/' "$root/etc/pve/.vmlist")"

# --- clones ---
qm clone 9000 101 --name c1
ok "a linked clone says what the real one says" same clone-linked "$(cat "$out")"
ok "its configuration is the recorded one" same clone-linked.conf "$(plain "$conf/101.conf")"
lvs -o lv_name,origin pve/vm-101-disk-0
ok "only the volume knows its origin" has "$out" '"origin":"base-9000-disk-0"'
mapped=$(sed -n 's/^pve-vm--101--disk--0: //p' "$root/run/dm/status")
ok "the clone has its origin's sectors" is "$mapped" "0 131072 thin 24576 24575"
used=$(sed -n 's/^pve-data-tpool: .* \([0-9]*\)\/524288 .*/\1/p' "$root/run/dm/status")
ok "and the pool counts them once" is "$used" 198
ok "a pool's status line has all its words" has "$root/run/dm/status" '^pve-data-tpool: 0 67108864 thin-pool [0-9]* [0-9]*/32768 [0-9]*/524288 - rw discard_passdown queue_if_no_space - 1024 $'
ok "info names a volume by its LVM uuid" has "$root/run/dm/info" '^pve-vm--101--disk--0:LVM-[0-9A-Za-z]\{64\}:0:Writeable$'
qm clone 9000 102 --name c2 --full
ok "a full clone tells its progress" same clone-full "$(head -7 "$out")"
ok "in as many lines" is "$(grep -c transferred "$out")" 34
qm clone 9000 101 --name dup
ok "a clone onto an id in use is refused before any task" ended 2 "unable to create VM 101: config file already exists"
qm clone 9999 105
ok "a clone of nothing too" ended 2 "unable to find configuration file for VM 9999 on node 'pve'"
qm clone 9000 105 --name bad_name
ok "a bad name is a parameter error with its blank line" is "$(cat "$err")" "$(cat "$here/expect/clone-name")"
qm clone 9000 105 --storage local-lvm
ok "a linked clone takes no storage" ended 2 "parameter 'storage' not allowed for linked clones"
qm clone 9000 105 --nosuchopt 1
ok "an unknown option is named" ended 255 "Unknown option: nosuchopt
400 unable to parse option
qm clone <vmid> <newid> [OPTIONS]"

# --- set ---
qm set 101 --tags 'B,a b' --onboot yes --description 'one: 100%
two' --net0 virtio,bridge=vmbr9 --name renamed
ok "tags are lower-cased, sorted, joined" has "$conf/101.conf" '^tags: a;b$'
ok "a boolean becomes 1" has "$conf/101.conf" '^onboot: 1$'
ok "a description is encoded comment lines" is "$(head -2 "$conf/101.conf")" '#one%3A 100%25
#two'
ok "a card without a MAC gets one, and no bridge is looked for" has "$conf/101.conf" '^net0: virtio=BC:24:11:..:..:..,bridge=vmbr9$'
qm set 101 --memory abc
ok "a bad number is refused in the real words" is "$(cat "$err")" "$(cat "$here/expect/set-memory")"
qm set 101 --smbios1 "serial=Two words,uuid=x"
ok "set refuses what is no base64, and no uuid" has "$err" 'smbios1.serial: value does not match the regex pattern'
ok "by the item" has "$err" 'smbios1.uuid: value does not match the regex pattern'
qm set 101 --smbios1 "serial=$(printf '%0510d' 0)"
ok "set refuses what is too long of that" has "$err" 'value may only be 512 characters long'
qm set 101 --ipconfig0 ip=10.0.2.51
ok "a bad address too" is "$(cat "$err")" "$(cat "$here/expect/set-ipconfig")"
qm set 101 --digest 0000000000000000000000000000000000000000 --cores 1
ok "a wrong digest is refused" ended 255 "checksum mismatch (file change by other user?)"
digest=$(sha1sum "$conf/101.conf")
qm set 101 --digest "${digest%% *}" --cores 1
ok "the file's SHA-1 is the digest" is "$status" 0
before=$(sed -n 's/^"version": \([0-9]*\),/\1/p' "$root/etc/pve/.vmlist")
qm set 101 --cores 3 --memory 300
after=$(sed -n 's/^"version": \([0-9]*\),/\1/p' "$root/etc/pve/.vmlist")
ok "two options are three writes" is $((after - before)) 3
qm set 101 --delete tags,description
ok "delete removes keys" lacks "$conf/101.conf" '^tags\|^#'
qm set 101
ok "no option is an error" ended 255 "no options specified"
qm set 101 --scsi1 local-lvm:1
qm set 101 --scsi1 local-lvm:1
ok "STORE:SIZE makes a new volume each time and the old one is unused" has "$conf/101.conf" '^unused0: local-lvm:vm-101-disk-1$'
qm set 101 --scsi1 local-lvm:vm-101-disk-1,ssd=1,discard=on
ok "a drive is printed in normal form with its real size" has "$conf/101.conf" '^scsi1: local-lvm:vm-101-disk-1,discard=on,size=1G,ssd=1$'
qm set 101 --boot 'order=scsi0;scsi1' --protection 1
qm set 101 --delete scsi1
ok "of a protected VM no drive is taken out" ended 255 "can't remove drive 'scsi1' - protection mode enabled"
qm set 101 --protection 0
before=$(sed -n 's/^unused.: //p' "$conf/101.conf" | wc -l)
qm set 101 --delete scsi1
ok "a drive that is taken out is kept as unusedN" has "$conf/101.conf" '^unused[0-9]: local-lvm:vm-101-disk-1$'
ok "and is not booted from any more" has "$conf/101.conf" '^boot: order=scsi0$'
ok "one unusedN more than before" is "$(sed -n 's/^unused.: //p' "$conf/101.conf" | wc -l)" $((before + 1))
qm set 101 --scsi1 local-lvm:vm-101-disk-1,ssd=1,discard=on

qm set 101 --efidisk0 local-lvm:1,efitype=4m --tpmstate0 local-lvm:1,version=v2.0
ok "an EFI disk is as large as its extent, whatever was asked" has "$conf/101.conf" '^efidisk0: local-lvm:vm-101-disk-[0-9],efitype=4m,size=4M$'
ok "a TPM's state has 4 MiB" has "$conf/101.conf" '^tpmstate0: local-lvm:vm-101-disk-[0-9],size=4M,version=v2.0$'
qm set 101 --tpmstate0 "$(sed -n 's/^tpmstate0: \([^,]*\),.*/\1/p' "$conf/101.conf"),version=v1.2"
ok "its version is not changed" ended 255 "cannot change TPM state version after creation"
qm set 101 --efidisk0 local-lvm:1,efitype=8m
ok "there is no other kind of an EFI disk" is "$status" 255
qm set 101 --delete efidisk0,tpmstate0
qm set 101 --delete unused1,unused2

# --- resize ---
qm resize 101 scsi0 +16M
ok "resize tells as lvextend does" quiet '  Size of logical volume pve/vm-101-disk-0 changed from 64.00 MiB (16 extents) to 80.00 MiB (20 extents).
  Logical volume pve/vm-101-disk-0 successfully resized.'
qm resize 101 scsi0 64M
ok "a failed resize exits 0" ended 0 "shrinking disks is not supported"
qm resize 101 scsi0 80M
ok "the same size writes nothing" quiet
qm resize 999 scsi0 +1G
ok "even for a VM that is not there" ended 0 "Configuration file 'nodes/pve/qemu-server/999.conf' does not exist"
qm resize 101 scsi0 10X
ok "only a bad size does not" is "$status" 255

# --- locks ---
qm set 101 --lock backup
qm set 101 --cores 1
ok "a locked VM refuses" ended 255 "VM is locked (backup)"
qm clone 101 110 --full
ok "to be cloned too" ended 255 "VM is locked (backup)"
qm unlock 101
ok "unlock frees it" lacks "$conf/101.conf" '^lock'
flock "$root/var/lock/qemu-server/lock-101.conf" sleep 1 & holder=$!
sleep 0.1
qm set 101 --cores 2
ok "a held lock is a time-out with status 4" ended 4 "trying to acquire lock...
can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout"
qm config 101
ok "but reading does not wait" is "$status" 0
wait $holder

# --- running ---
qm clone 9000 120 --name run1
qm set 120 --ipconfig0 ip=10.0.2.60/24,gw=10.0.2.2 --memory 256
qm shutdown 120
ok "shutdown of a stopped VM is a warning" is "$status $(cat "$err")" "0 VM 120 not running"
qm start 120
ok "start fills the cloud-init drive" quiet 'generating cloud-init ISO'
pid=$(cat "$root/run/qemu-server/120.pid")
ok "the guest is in /proc" is "$(tr '\0' ' ' < "$root/proc/$pid/cmdline" | grep -o -e '-id 120 .*-pidfile [^ ]*' | sed 's/.* //')" /var/run/qemu-server/120.pid
ok "with 52 fields" is "$(wc -w < "$root/proc/$pid/stat")" 52
ok "and holds its volumes open" has "$root/run/dm/info" '^pve-vm--120--disk--0:[^:]*:1:Writeable$'
qm start 120
ok "a second start fails" ended 255 "VM 120 already running"
qm agent 120 ping
ok "the agent does not answer" ended 255 "QEMU guest agent is not running"
mkdir -p "$root/etc/stand-in.d/120"
echo yes > "$root/etc/stand-in.d/120/agent"
qm agent 120 ping
ok "until it is told to" quiet
qm agent 120 network-get-interfaces
ok "then it knows its address" has "$out" '"ip-address" : "10.0.2.60"'
qm set 120 --memory 300
qm set 120 --ipconfig0 ip=10.0.2.61/24,gw=10.0.2.2
qm set 120 --cores 2
qm set 120 --name run1b
ok "a running VM keeps memory and cores pending and remembers what cloud-init knew" same running.conf "$(sed -n '/PENDING/,$p' "$conf/120.conf")"
qm destroy 120
ok "a running VM is not destroyed" ended 25 "VM 120 is running - destroy failed"
touch "$root/etc/stand-in.d/120/ignore-shutdown"
qm shutdown 120 --timeout 2
ok "a guest that does not listen makes shutdown time out" ended 255 "VM quit/powerdown failed - got timeout"
rm "$root/etc/stand-in.d/120/ignore-shutdown"
qm shutdown 120
ok "else it goes down" quiet
ok "what was pending is applied" has "$conf/120.conf" '^memory: 300$'
ok "and its volumes are let go" has "$root/run/dm/info" '^pve-vm--120--disk--0:[^:]*:0:Writeable$'

# --- destroy ---
qm destroy 120 --purge
ok "destroy tells what it removes" quiet '  Logical volume "vm-120-cloudinit" successfully removed.
  Logical volume "vm-120-disk-0" successfully removed.
purging VM 120 from related configurations..'
qm destroy 120
ok "twice is an error" ended 2 "Configuration file 'nodes/pve/qemu-server/120.conf' does not exist"
pvesm alloc local-lvm 134 vm-134-disk-7 8M
qm create 134 --name d --scsi0 local-lvm:1
qm destroy 134
ok "a volume without a reference stays" is "$(volumes 134)" "vm-134-disk-7 "
qm create 134 --name d
qm destroy 134 --destroy-unreferenced-disks 1
ok "unless it is asked for" is "$(volumes 134)" ""

# --- the pool ---
qm clone 9000 143
qm resize 143 scsi0 +60G
ok "more promised than there is is only a warning" same overcommit "$(head -4 "$out")"
qm destroy 143
truncate -s 300M "$root/rnd.raw"
fallocate -l 300M "$root/rnd.raw" 2> /dev/null || dd if=/dev/zero of="$root/rnd.raw" bs=1M count=300 2> /dev/null
qm create 9100 --name rnd --scsi0 "local-lvm:0,import-from=$root/rnd.raw"
qm template 9100
rm "$root/rnd.raw"
qm clone 9100 140 --full --storage tinythin
qm clone 9100 141 --full --storage tinythin
ok "a full clone into a pool that runs full exits 0" is "$status" 0
ok "with a complete configuration" has "$conf/141.conf" '^scsi0: tinythin:vm-141-disk-0,size=300M$'
ok "but the data is not there" is "$(sed -n 's/^pve-vm--141--disk--0: //p' "$root/run/dm/status")" "0 614400 thin 204800 204799"
ok "and the pool says so" has "$root/run/dm/status" '^pve-tiny-tpool: 0 819200 thin-pool 2 242/2048 6400/6400 - out_of_data_space discard_passdown error_if_no_space - 512 $'
qm destroy 141
qm destroy 140
ok "room again, writable again" has "$root/run/dm/status" '0/6400 - rw discard_passdown queue_if_no_space'

# --- killed ---
scale 1
"$root/usr/sbin/qm" clone 9100 150 --name k150 --full --bwlimit 200000 > "$out" 2>&1 < /dev/null & pid=$!
soon has "$out" '(20'
ok "a full clone holds its lock" eval '! free_lock 150'
kill -9 $pid
wait $pid 2> /dev/null
ok "killed with its parent the task lets the lock go" soon free_lock 150
ok "while the copy still holds the volume" has "$root/run/dm/info" '^pve-vm--150--disk--0:[^:]*:1:'
ok "the stub stays" is "$(cat "$conf/150.conf")" "# qmclone temporary file
lock: clone"
ok "the copy goes on to its end" soon has "$root/run/dm/info" '^pve-vm--150--disk--0:[^:]*:0:'
scale 0.02
qm destroy 150
ok "the stub is locked" ended 255 "VM is locked (clone)"
ok "the task's end is not known" has "$root/var/log/pve/tasks/index" ':qmclone:9100:root@pam: [0-9A-F]\{8\} unexpected status$'
qm unlock 150
qm destroy 150 --purge
qm clone 9100 150
ok "an orphan makes the next clone take disk-1" has "$conf/150.conf" '^scsi0: local-lvm:vm-150-disk-1,size=300M$'
qm destroy 150 --purge 1 --destroy-unreferenced-disks 1
ok "which goes with its orphan" is "$(volumes 150)" ""
scale 1
"$root/usr/sbin/qm" clone 9100 151 --full --bwlimit 100000 > "$out" 2> "$err" < /dev/null & pid=$!
soon has "$out" '(10'
kill $pid
wait $pid
status=$?
scale 0.02
ok "TERM cleans up" ended 255 "clone failed: copy failed: command '/usr/bin/qemu-img convert -p -n -r 100000K -f raw -O raw /dev/pve/base-9100-disk-0 zeroinit:/dev/pve/vm-151-disk-0' failed: interrupted by signal"
ok "with nothing left" eval '[ ! -e "$conf/151.conf" ] && is "$(volumes 151)" ""'

# --- at work, and what others see of it ---
"$root/usr/sbin/qm" clone 9100 180 --name slow --full --bwlimit 2500 > "$root/slow" 2>&1 < /dev/null & pid=$!
soon has "$root/slow" 'created\.'
qm set 9100 --description x
ok "a full clone keeps others from changing its template" ended 4 "trying to acquire lock...
can't lock file '/var/lock/qemu-server/lock-9100.conf' - got timeout"
qm set 180 --cores 1
ok "and from changing what it makes" ended 4 "trying to acquire lock...
can't lock file '/var/lock/qemu-server/lock-180.conf' - got timeout"
qm destroy 180
ok "or from destroying it" ended 255 "can't lock file '/var/lock/qemu-server/lock-180.conf' - got timeout"
qm config 180
ok "but not from reading it" quiet 'description:  qmclone temporary file
lock: clone'
qm clone 9100 181 --name lnk
ok "another clone of the template goes on beside it" quiet 'create linked clone of drive scsi0 (local-lvm:base-9100-disk-0)
  Logical volume "vm-181-disk-0" created.'
wait $pid
ok "in the end it is whole" has "$conf/180.conf" '^scsi0: local-lvm:vm-180-disk-0,size=300M$'
qm destroy 180
"$root/usr/sbin/qm" clone 9100 183 --name bp --full --bwlimit 5000 2>&1 < /dev/null | head -3 > "$out"
ok "a clone whose reader went away leaves its stub" is "$(cat "$conf/183.conf")" "# qmclone temporary file
lock: clone"
# the worker is still at it for a moment after its reader has gone
for _ in $(seq 100); do
	[ -n "$(volumes 183)" ] || break
	sleep 0.05
done
ok "but no volume" is "$(volumes 183)" ""
ok "and the task says why" has "$root/var/log/pve/tasks/index" ':qmclone:9100:root@pam: [0-9A-F]\{8\} broken pipe$'
qm destroy 183 --skiplock 1
"$here/vzdump" "$root" 101 1 & pid=$!
soon has "$conf/101.conf" '^lock: backup$'
qm set 101 --cores 1
ok "a backup locks its VM" ended 255 "VM is locked (backup)"
wait $pid
ok "until it is done" lacks "$conf/101.conf" '^lock'

# --- open volumes ---
busy() { has "$root/run/dm/info" "^pve-vm--$1--disk--0:[^:]*:1:"; }
idle() { has "$root/run/dm/info" "^pve-vm--$1--disk--0:[^:]*:0:"; }
copy() { grep -l "qemu-img.convert.*vm-$1-disk-0" /proc/[0-9]*/cmdline 2> /dev/null | cut -d/ -f3; }
echo 'clone:60152 disk-copying kill worker' > "$faults"
qm clone 9100 60152 --full --bwlimit 2500
ok "qm does not know how a killed worker ended" ended 255 "got unexpected control message: "
ok "its copy goes on, with no lock held" eval 'busy 60152 && free_lock 60152'
pvesm free local-lvm:vm-60152-disk-0
ok "pvesm free of an open volume fails and exits 0" ended 0 "lvremove 'pve/vm-60152-disk-0' error:   Logical volume pve/vm-60152-disk-0 in use."
qm destroy 60152 --purge --skiplock 1 --destroy-unreferenced-disks 1
ok "destroy only warns of it" quiet "lvremove 'pve/vm-60152-disk-0' error:   Logical volume pve/vm-60152-disk-0 in use.
purging VM 60152 from related configurations.."
ok "and the VM is gone, its volume not" eval '[ ! -e "$conf/60152.conf" ] && is "$(volumes 60152)" "vm-60152-disk-0 "'
ok "until the copy has ended" soon idle 60152
pvesm free local-lvm:vm-60152-disk-0
ok "then it can be freed" eval 'ended 0 "" && is "$(volumes 60152)" ""'
sed -i '/^linger/d; $a linger 20' "$root/etc/stand-in.conf"
echo 'clone:60153 disk-copying kill' > "$faults"
qm clone 9100 60153 --full --bwlimit 2500
kill -9 "$(copy 60153)"
ok "a killed copy lets its volume go" eval 'busy 60153 && soon idle 60153'
qm destroy 60153 --skiplock 1 --destroy-unreferenced-disks 1
ok "and it is removed with its stub" eval '[ ! -e "$conf/60153.conf" ] && is "$(volumes 60153)" ""'
qm clone 9100 130
echo 'clone:131 disk-copying kill' > "$faults"
qm clone 130 131 --full --bwlimit 2500
qm destroy 130
ok "a VM with an open volume is destroyed with exit 0" quiet "Could not remove disk 'local-lvm:vm-130-disk-0', check manually: lvremove 'pve/vm-130-disk-0' error:   Logical volume pve/vm-130-disk-0 in use."
ok "its volume stays" eval '[ ! -e "$conf/130.conf" ] && is "$(volumes 130)" "vm-130-disk-0 "'
soon idle 130
pvesm free local-lvm:vm-130-disk-0
qm destroy 131 --skiplock 1 --destroy-unreferenced-disks 1
rm "$faults"

# --- disk move ---
qm disk move 101 scsi1 local-lvm
ok "a disk is not moved to where it is" ended 255 "you can't move to the same storage with same format"
qm disk move 101 scsi7 tinythin
ok "nor one that there is not" ended 255 "disk 'scsi7' does not exist"
qm disk move 101 scsi1 local
ok "nor to what holds no disks" has "$err" "^storage: storage 'local' does not support vm images"
qm disk move 101 scsi1 tinythin --digest 0000000000000000000000000000000000000000
ok "nor of a config that was changed" ended 255 "checksum mismatch (file change by other user?)"
before=$(sed -n 's/^unused.: //p' "$conf/101.conf" | wc -l)
qm move-disk 101 scsi0 tinythin
ok "a move is a full copy" eval 'is "$status" 0 && has "$out" "^create full clone of drive scsi0 (local-lvm:vm-101-disk-0)$" && has "$out" "^transferred 80.0 MiB of 80.0 MiB (100.00%)$"'
ok "to a new volume" has "$conf/101.conf" '^scsi0: tinythin:vm-101-disk-[0-9],.*size=80M'
ok "that is not active, as the VM is down" eval '! grep "^pve-vm--101--disk--$(sed -n "s/^scsi0: tinythin:vm-101-disk-\([0-9]\),.*/\1/p" "$conf/101.conf"):" "$root/run/dm/info"'
ok "and the old one is unused" eval 'has "$conf/101.conf" "^unused[0-9]: local-lvm:vm-101-disk-0$" && is "$(sed -n "s/^unused.: //p" "$conf/101.conf" | wc -l)" $((before + 1))'
moved=$(sed -n 's/^scsi0: \([^,]*\),.*/\1/p' "$conf/101.conf")
qm set 101 --scsi0 "$(sed -n 's/^scsi0: [^,]*//p' "$conf/101.conf" | sed 's/^/local-lvm:vm-101-disk-0/')"
ok "which can be put back" has "$conf/101.conf" '^scsi0: local-lvm:vm-101-disk-0,.*size=80M'
qm set 101 --delete "$(sed -n "s/^\(unused.\): $moved$/\1/p" "$conf/101.conf")"
printf '\n[before]\nscsi0: local-lvm:vm-101-disk-0,size=80M\n' >> "$conf/101.conf"
qm disk move 101 scsi0 tinythin --delete
ok "with a snapshot its source is not deleted" ended 255 "you can't move a disk with snapshots and delete the source"
sed -i '/^$/,$d' "$conf/101.conf"

# --- killed at each point ---
# left VMID: its lock, its drives, whatever else stands in its config, and its volumes
left() {
    if [ -e "$conf/$1.conf" ]; then
        echo "$(sed -n 's/^lock: //p' "$conf/$1.conf"):$(sed -n 's/^\(ide2\|scsi0\|PENDING\|memory\): .*/ \1/p; s/^\[\(PENDING\)\]/ \1/p' "$conf/$1.conf" | tr -d '\n'),$(volumes "$1" | sed 's/\(.*\) $/ \1/')"
    else
        echo "none,$(volumes "$1" | sed 's/\(.*\) $/ \1/')"
    fi | sed "s/vm-$1-//g"
}
# killed at POINT [WHOM]: a line each, `POINT: what is left of VM 500`, which $before makes and $call is done to
killed() {
    verb=$1
    [ "$1" != disk ] || verb=$2
    while IFS='|' read -r point whom want; do
        $before
        echo "$verb $point kill$whom" > "$faults"
        qm "$@"
        soon free_lock 500
        ok "$verb killed$whom at $point" is "$status: $(left 500)" "$want"
        rm "$faults"
        "$root/usr/sbin/qm" stop 500 > /dev/null 2>&1
        qm destroy 500 --skiplock 1 --destroy-unreferenced-disks 1
        ok "and is cleared away" is "$(left 500)" none,
    done
}
echo '[RULES]' > "$root/etc/pve/firewall/9000.fw"
before=:
killed clone 9000 500 <<'END'
locked||137: none,
config-tmp||137: none,
C4-stub||137: clone:,
C5-fw||137: clone:,
storage-lock||137: clone:,
disk-allocated||137: clone:, cloudinit
disk-written||137: clone: ide2 memory, cloudinit
disk-allocated:2||137: clone: ide2 memory, cloudinit disk-0
disk-copied:2||137: clone: ide2 memory, cloudinit disk-0
config-tmp:3||137: clone: ide2 memory, cloudinit disk-0
disk-written:2||137: clone: ide2 memory scsi0, cloudinit disk-0
C8-commit||137: : ide2 memory scsi0, cloudinit disk-0
storage-lock:2| qm|137: clone: ide2 memory, cloudinit disk-0
C4-stub| qm|137: clone:,
disk-allocated:2| qm|137: : ide2 memory scsi0, cloudinit disk-0
disk-allocated| worker|255: clone:, cloudinit
firewall-lock||137: clone:,
END
ok "a lock of the cluster outlives its holder" test -d "$root/etc/pve/priv/lock/firewall-vm-500"
touch -d '+60 seconds' "$root/etc/pve/priv/lock/firewall-vm-500"  # on a busy machine two minutes of this node's go by soon
qm clone 9000 500
ok "so the next clone finds it taken, and leaves its stub too" is "$status $(cat "$err") $(left 500)" "255 cfs-lock 'firewall-vm-500' error: got lock request timeout clone:,"
qm destroy 500 --skiplock 1
touch -d '-3 seconds' "$root/etc/pve/priv/lock/firewall-vm-500"
qm clone 9000 500
ok "until two minutes have gone by" is "$status: $(left 500)" "0: : ide2 memory scsi0, cloudinit disk-0"
mkdir "$root/etc/pve/priv/lock/file-user_cfg"
qm destroy 500
ok "destroy that cannot have the users' file leaves a stub" is "$status $(cat "$err") $(left 500)" "255 access permissions cleanup for VM 500 failed: cfs-lock 'file-user_cfg' error: got lock request timeout destroyed:,"
rmdir "$root/etc/pve/priv/lock/file-user_cfg"
qm destroy 500
ok "which is locked" ended 255 "VM is locked (destroyed)"
qm destroy 500 --skiplock 1
ok "but for those who skip that" is "$status: $(left 500)" "0: none,"
ok "stray temporary files are no guests" is "$(find "$conf/" -name '500.conf.tmp.*' | wc -l) $(grep -c '"500"' "$root/etc/pve/.vmlist")" "2 0"
killed clone 9000 500 --full <<'END'
disk-allocated:2||137: clone: ide2 memory, cloudinit disk-0
disk-copying||137: clone: ide2 memory, cloudinit disk-0
disk-copied:2||137: clone: ide2 memory, cloudinit disk-0
disk-written:2||137: clone: ide2 memory scsi0, cloudinit disk-0
disk-copying| qm|137: clone: ide2 memory, cloudinit disk-0
END
before=
killed create 500 --memory 300 --scsi0 local-lvm:1 <<'END'
stub||137: create:,
disk-allocated||137: create:, disk-0
disks||137: create:, disk-0
written||137: : memory scsi0, disk-0
END
before="qm clone 9000 500"
killed set 500 --cores 3 --scsi1 local-lvm:1 --delete agent <<'END'
lock||137: : ide2 memory scsi0, cloudinit disk-0
disk-allocated||137: : ide2 memory scsi0 PENDING, cloudinit disk-0 disk-1
applied||137: : ide2 memory scsi0, cloudinit disk-0 disk-1
END
killed resize 500 scsi0 100M <<'END'
storage-lock||137: : ide2 memory scsi0, cloudinit disk-0
extended||137: : ide2 memory scsi0, cloudinit disk-0
written||137: : ide2 memory scsi0, cloudinit disk-0
END
killed disk move 500 scsi0 tinythin <<'END'
lock||137: : ide2 memory scsi0, cloudinit disk-0
storage-lock||137: : ide2 memory scsi0, cloudinit disk-0
disk-allocated||137: : ide2 memory scsi0, cloudinit disk-0 disk-1
disk-copying||137: : ide2 memory scsi0, cloudinit disk-0 disk-1
disk-copied||137: : ide2 memory scsi0, cloudinit disk-0 disk-1
written||137: : ide2 memory scsi0, cloudinit disk-0 disk-1
disk-copying| qm|137: : ide2 memory scsi0, cloudinit disk-0 disk-1
END
killed destroy 500 --purge <<'END'
lock||137: : ide2 memory scsi0, cloudinit disk-0
freed||137: : ide2 memory scsi0, disk-0
freed:2||137: : ide2 memory scsi0,
volumes||137: : ide2 memory scsi0,
stub||137: destroyed:,
pools||137: destroyed:,
purged||137: destroyed:,
removed||137: none,
END

# --- killed at what is not in its config ---
running() { [ -e "$root/run/qemu-server/$1.pid" ]; }
stopped() { ! running "$1"; }
# doomed LINE ARGUMENT...: qm ARGUMENT..., with that fault
doomed() { echo "$1" > "$faults"; shift; qm "$@"; rm "$faults"; }
qm clone 9000 500
doomed 'start prepared kill' start 500
ok "start killed before the guest is there" stopped 500
doomed 'start spawned kill' start 500
ok "and after" running 500
qm set 500 --cores 3
doomed 'shutdown asked kill' shutdown 500
ok "a guest that was asked to go goes, though nobody waits" soon stopped 500
ok "and what is pending stays so" has "$conf/500.conf" PENDING
qm start 500
qm set 500 --cores 4
doomed 'stop ended kill' stop 500
ok "so it does when stop is killed" eval 'stopped 500 && has "$conf/500.conf" PENDING'
qm stop 500
ok "another stop does not see to it" has "$conf/500.conf" PENDING
qm destroy 500

qm clone 9000 500
doomed 'destroy user-lock kill' destroy 500
ok "destroy killed with the users' file in its hands leaves a stub" is "$(left 500)" destroyed:,
rmdir "$root/etc/pve/priv/lock/file-user_cfg"
qm destroy 500 --skiplock 1

# --- asked to end ---
# asked SIGNAL POINT ARGUMENT...: qm ARGUMENT... hangs at POINT and gets a signal
asked() {
    signal=$1 point=$2
    shift 2
    echo "$1 $point hang" > "$faults"
    env --default-signal=INT,TERM,HUP "$root/usr/sbin/qm" "$@" > "$out" 2> "$err" < /dev/null & pid=$!
    soon has "$faults" "hang 0"
    kill "-$signal" $pid
    wait $pid
    status=$?
    rm "$faults"
}
asked TERM disk-allocated:2 clone 9000 500
ok "TERM in a linked clone takes all away" eval 'ended 255 "clone failed: interrupted by signal" && is "$(left 500)" none,'
asked INT C4-stub clone 9000 500
ok "before it has begun with the disks, the stub stays" eval 'ended 255 "received interrupt" && is "$(left 500)" clone:,'
qm destroy 500 --skiplock 1
asked TERM disks create 500 --scsi0 local-lvm:1
ok "TERM in a create takes all away" eval 'is "$status" 255 && is "$(left 500)" none,'
asked HUP disk-written clone 9000 500
ok "HUP ends qm alone" eval 'is "$status" 129 && ! free_lock 500'
kill -9 "$(perl -ne '/^UPID:pve:(\w+):.*:qmclone:9000:.* 0$/ and print hex($1) and exit' "$root/var/log/pve/tasks/active")"
soon free_lock 500
qm destroy 500 --skiplock 1
qm clone 9000 500
asked TERM pending-1 set 500 --cores 3 --memory 300
ok "TERM ends a set where it stands" eval 'is "$status" 143 && has "$conf/500.conf" PENDING'
qm destroy 500

# --- faults ---
echo 'clone:200 C4-stub kill' > "$faults"
qm clone 9000 200
ok "a fault kills a clone at its stub" is "$status $(cat "$conf/200.conf")" "137 # qmclone temporary file
lock: clone"
ok "and is used up" is "$(cat "$faults")" "clone:200 C4-stub kill 0"
qm destroy 200 --skiplock 1
echo 'set pending-2 kill' > "$faults"
qm set 101 --cores 1 --memory 400 --ciuser x
ok "a killed set leaves what it had got to in PENDING" is "$(sed -n '/PENDING/,$p' "$conf/101.conf" | wc -l)" 3
rm "$faults"
qm set 101 --onboot 0
ok "the next set of the stopped VM applies it all" lacks "$conf/101.conf" 'PENDING'
echo 'template renamed kill' > "$faults"
qm create 300 --name t --scsi0 local-lvm:1
qm template 300
ok "a killed template has the flag and a name that is gone" has "$conf/300.conf" '^scsi0: local-lvm:vm-300-disk-0'
ok "for its volume is base- now" is "$(volumes 300)" "base-300-disk-0 "
"$root/usr/sbin/lvrename" pve base-300-disk-0 vm-300-disk-0 > "$out" 2> "$err"
status=$?
ok "lvrename gives its old name back" quiet '  Renamed "base-300-disk-0" to "vm-300-disk-0" in volume group "pve"'
qm template 300 --disk scsi0
ok "and then it is finished" eval 'is "$status" 0 && has "$conf/300.conf" "^scsi0: local-lvm:base-300-disk-0"'
"$root/usr/sbin/lvchange" -ay pve/base-300-disk-0
ok "a base volume is not activated by the way" lacks "$root/run/dm/info" 'base--300'
"$root/usr/sbin/lvchange" -ay -K pve/base-300-disk-0
ok "but if that is meant" has "$root/run/dm/info" '^pve-base--300--disk--0:[^:]*:0:Read-only$'
"$root/usr/sbin/lvchange" -pr pve/base-300-disk-0 > "$out" 2> "$err"
status=$?
ok "what is read-only is not made so" ended 5 '  Logical volume "pve/base-300-disk-0" is already read only.'
"$root/usr/sbin/lvchange" -an pve/base-300-disk-0
echo 'resize extended kill' > "$faults"
qm resize 101 scsi0 100M
ok "a killed resize has a big volume and an old text" has "$conf/101.conf" '^scsi0: local-lvm:vm-101-disk-0,size=80M$'
qm disk rescan --vmid 101
ok "which rescan mends" has "$conf/101.conf" '^scsi0: local-lvm:vm-101-disk-0,size=100M$'

# --- side by side ---
scale 0.3
for n in 1 2 3 4; do "$root/usr/sbin/qm" clone 9000 40$n > "$root/p$n" 2>&1 < /dev/null & done
wait
ok "clones run side by side" is "$(cat "$conf"/40?.conf | grep -c '^scsi0: local-lvm:vm-40.-disk-0,size=64M$')" 4
for n in 1 2; do "$root/usr/sbin/qm" clone 9000 410 > "$root/p$n" 2>&1 < /dev/null & done
wait
ok "of two for one id one loses" is "$(cat "$root/p1" "$root/p2" | grep -c 'created\.')" 2

# --- the golden VM in one call ---
gold() {
    qm create 500 --name gold --memory 1024 --cores 1 --net0 virtio,bridge=vmbr0 --scsihw virtio-scsi-single \
        --scsi0 "local-lvm:0,import-from=$root/odd.qcow2,discard=on,iothread=1" --ide2 local-lvm:cloudinit --serial0 socket --vga serial0 \
        --boot order=scsi0 --agent enabled=1 --ostype l26 --ciuser ubuntu --ciupgrade 0 --ipconfig0 ip=10.0.2.9/24,gw=10.0.2.1,ip6=fd00:2::9/64 \
        --sshkeys "$root/keys.pub" --tags vyom --description 'managed by vyom
100%'
}
truncate -s 62M "$root/odd.raw"
printf 'some bytes' | dd of="$root/odd.raw" bs=1 seek=5000000 conv=notrunc 2> /dev/null
if qemu-img convert -f raw -O qcow2 "$root/odd.raw" "$root/odd.qcow2"; then
    gold
    ok "the golden VM is made" eval 'is "$status $(cat "$err")" "0 " && has "$out" "^  Rounding up size to full physical extent 64.00 MiB$"'
    ok "all of it is in its config" same gold.conf "$(plain "$conf/500.conf")"
    ok "its disk has the image's bytes" cmp -n 65011712 "$root/odd.raw" "$root/dev/pve/vm-500-disk-0"
    ok "as large as the volume, and as sparse as the image" is "$(stat -c %s "$root/dev/pve/vm-500-disk-0") $(($(stat -c %b "$root/dev/pve/vm-500-disk-0") < 1000))" "67108864 1"
    qm set 500 --delete sshkeys --ipconfig0 ip=dhcp --description 'a
b: c'
    ok "the key is taken out again" lacks "$conf/500.conf" '^sshkeys'
    ok "and the address" has "$conf/500.conf" '^ipconfig0: ip=dhcp$'
    ok "a description keeps its lines" is "$(head -2 "$conf/500.conf")" '#a
#b%3A c'
    echo 'template flag kill' > "$faults"
    qm template 500
    rm "$faults"
    qm template 500
    ok "a half template is not made one again" ended 255 "you can't convert a template to a template"
    qm template 500 --disk scsi0
    ok "but its disk is" eval 'is "$status $(volumes 500)" "0 base-500-disk-0 vm-500-cloudinit " && has "$conf/500.conf" "^scsi0: local-lvm:base-500-disk-0,"'
    qm template 500 --disk scsi0
    ok "once" ended 0 "volume 'local-lvm:base-500-disk-0' does not support template/clone"
    ok "its bytes are a base volume's, for reading" is "$(stat -c %a "$root/dev/pve/base-500-disk-0")" 400
    qm clone 500 501
    qm destroy 500 --purge
    ok "a template with a clone is destroyed" eval 'is "$status $(volumes 500)" "0 " && [ ! -e "$root/dev/pve/base-500-disk-0" ]'
    ok "its clone has all the same" is "$(volumes 501)" "vm-501-cloudinit vm-501-disk-0 "
    qm destroy 501
    while IFS='|' read -r point want; do
        echo "create $point kill" > "$faults"
        gold
        soon free_lock 500
        soon lacks "$root/run/dm/info" '^pve-vm--500--disk--0:[^:]*:1:'
        ok "it killed at $point" is "$status: $(left 500)" "137: $want"
        rm "$faults"
        qm destroy 500 --skiplock 1 --destroy-unreferenced-disks 1
        ok "is cleared away" is "$(left 500) $(find "$root/dev/pve" -name 'vm-500-*')" "none, "
    done <<'END'
config-tmp|none,
stub|create:,
storage-lock|create:,
disk-allocated|create:, cloudinit
disk-created|create:, cloudinit
disk-allocated:2|create:, cloudinit disk-0
disk-copying|create:, cloudinit disk-0
disk-created:2|create:, cloudinit disk-0
disks|create:, cloudinit disk-0
config-tmp:2|create:, cloudinit disk-0
written|: ide2 memory scsi0, cloudinit disk-0
END
fi

# --- a download ---
url=/nodes/pve/storage/local/download-url iso=$root/var/lib/vz/template/iso
"$here/httpd" "$root" > "$root/httpd" & httpd=$!
soon test -s "$root/httpd"
port=$(head -n 1 "$root/httpd")
sum=$(sha256sum "$root/odd.raw") sum=${sum%% *}
# download FILE FROM [SUM]
download() { pvesh create $url --content iso --filename "$1" --url "http://127.0.0.1:$port/$2" ${3:+--checksum "$3" --checksum-algorithm sha256}; }
download odd.img odd.raw "$sum"
ok "a download tells how far it is" has "$out" '^     0K [.]\{8\} [.]\{8\} [.]\{8\} [.]\{8\} .* 51% '
ok "and that the digest is right" has "$out" '^calculating checksum...OK, checksum verified$'
ok "its task is last" has "$out" '^UPID:pve:.*:download:odd.img:root@pam:$'
ok "the file is where images are" cmp "$root/odd.raw" "$iso/odd.img"
download odd.img odd.raw "$sum"
ok "it is not fetched twice" has "$out" '^calculating checksum of existing file...OK, got correct file already, no need to download$'
download odd.img odd.raw abc
ok "nor written over" ended 0 "checksum mismatch: got '$sum' != expect 'abc', aborting"
download odd.img odd.raw
ok "nor without a digest" ended 0 "refusing to override existing file '/var/lib/vz/template/iso/odd.img'"
download new.img odd.raw abc
ok "a wrong digest fails the task, not the call" ended 0 "checksum mismatch: got '$sum' != expect 'abc'"
ok "and leaves nothing" is "$(find "$iso" -name 'new*')" ""
download new.img nosuch abc
ok "so does a file that is not there" ended 0 "download failed: exit code 8"
download new.txt odd.raw
ok "a name must be an image's" ended 255 "400 Parameter verification failed.
filename: wrong file extension
pvesh create <api_path> [OPTIONS] [FORMAT_OPTIONS]"
pvesh create $url --content import --filename new.qcow2 --url "http://127.0.0.1:$port/odd.raw"
ok "an import must be what it says" has "$err" 'Image is not in qcow2 format$'
pvesh create $url --content iso --filename new.img --url "file://$root/odd.raw"
ok "only a web server is asked" has "$err" '^url: value does not match the regex pattern$'
pvesh create /nodes/pve/storage/local-lvm/download-url --content iso --filename new.img --url "http://127.0.0.1:$port/odd.raw"
ok "a pool takes no files" ended 255 "can't upload to storage type 'lvmthin', not a file based storage!"
for point in started downloading downloaded verified; do
    echo "download $point kill" > "$faults"
    download new.img odd.raw "$sum"
    ok "a download killed at $point has not come" eval 'is "$status" 137 && [ ! -e "$iso/new.img" ]'
done
rm "$faults"
download new.img odd.raw "$sum"
ok "until it is asked for again" cmp "$root/odd.raw" "$iso/new.img"
pvesh get /nodes/pve/storage/local/content --content iso --output-format json
ok "what is there is listed" has "$out" '"volid":"local:iso/new.img"'
kill $httpd

# --- the others ---
pvesm path local-lvm:base-9000-disk-0
ok "pvesm path" quiet /dev/pve/base-9000-disk-0
pvesm free local-lvm:vm-999-disk-0
ok "pvesm free of nothing says it did" quiet "Removed volume 'local-lvm:vm-999-disk-0'"
pvesh get /version --output-format json
ok "pvesh get /version" quiet '{"release":"8.4","repoid":"2606ac850d46da29","version":"8.4.21"}'
pvesh get /nodes/pve/qemu/101/config --output-format json
ok "pvesh has numbers for cores, text for memory" has "$out" '"cores":[13],.*"memory":"[34]00"'
pvesh get /nosuch --output-format json
ok "pvesh of an unknown path" ended 1 "No 'get' handler defined for '/nosuch'"
qm nosuchcommand
ok "an unknown verb shows the usage" is "$status $(head -1 "$err")" "255 ERROR: unknown command 'qm nosuchcommand'"

echo "1..$count"
