#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every key of the table, alone and with all others, on a VM that runs and on one that does not: what is applied is in
# line, is set once only, and waits for a restart where the plan says so, and nowhere else.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

# NAME of each key that a VM can be told, in the table's order
keys() {
	perl -0777 -ne 'print "$1\n" while /^\t\t"([a-z0-9-]+)", SCOPE_(?:GUEST|VM)\b/mg' "$srcdir/agent/model/key_table.c"
}

# NAME of each key that a network card can be told
card_keys() {
	perl -0777 -ne 'print "$1\n" while /^\t\t"([a-z0-9-]+)", [A-Z_ |]*SCOPE_NIC\b/mg' "$srcdir/agent/model/key_table.c"
}

# value_of KEY: as etc/vyom.conf shows it
value_of() {
	if [ "$1" = ssh-keys ]; then
		echo '"authorized_keys"'	# of this node
		return
	fi
	sed -nE "s/^\t*#?\t*$1 = (.*)$/\1/p" "$srcdir/etc/vyom.conf" | head -1 | sed -E 's/\t+#.*//'
}

# said_apart KEY: what is not a thing of one VM's own, or is tested by its own sentences
said_apart() {
	case $1 in
	vmid | count | address | address6 | mac) return 0 ;;	# each VM its own: below, apply.t, config.t
	gateway6) return 0 ;;	# says something with address6: below
	node | role | template | storage | clone) return 0 ;;	# where it comes from: apply.t, refusals.t
	*) return 1 ;;
	esac
}

# cluster LINES…: one VM that runs and one that does not, with LINES in common
cluster() {
	{
		printf 'node "pve" { }\ntemplate "prakriti-template" { vmid = 9000 }\ncluster "keys" {\n'
		printf '\t%s\n' "$@"
		printf '\tvm "runs" { vmid = 201 }\n\tvm "rests" { vmid = 202  start = false }\n}\n'
	} | conf
}

count_calls() {
	wrap qm <<-'END'
		echo "$*" >>"$root/calls"
		exec "$real" "$@"
	END
}

# may_wait KEY: does vyom.conf(5) say that a change of it may wait for a restart?
may_wait() {
	sed -n '/^\.Ss When a change is in force/,/^\.It at its next start/p' "$srcdir/agent/vyom.conf.5" |
		sed -n '/^\.Cm balloon/,$s/^\.Cm//p' | grep -Eq " $1( |\$)"
}

# settled SENTENCE: after an apply, all is in line, and another one calls no qm
settled() {
	status 0 "$1: verify is in line" vyom verify
	rm -f "$root/calls"
	status 0 "$1: a second apply" vyom apply --yes --reinit
	ok "$1: calls no qm" not test -e "$root/calls"
}

# restarted SENTENCE: what waits is what the plan said would wait; after a restart nothing does
restarted() {
	vyom verify
	sed -nE 's/^waits for a restart runs \(201\): ([a-z0-9]+): .*/\1/p' "$tmp/out" | sort >"$tmp/waits"
	ok "$1: what waits for a restart was said by the plan" cmp "$tmp/said" "$tmp/waits"
	[ -s "$tmp/waits" ] || return 0
	qm reboot 201 >/dev/null 2>&1
	vyom verify
	no_out 'waits for a restart' "$1: after a restart nothing waits"
	settled "$1, restarted"
}

# applied SENTENCE LINES…: the cluster of before is told LINES
applied() {
	local sentence=$1

	shift
	cluster "$@"
	vyom plan --reinit
	sed -nE 's/^note runs \(201\): (.*): in force only after .*/\1/p' "$tmp/out" | sed 's/, /\n/g' | sort >"$tmp/said"
	status 0 "$sentence: apply" vyom apply --yes --reinit
	settled "$sentence"
	restarted "$sentence"
}

node_new --memory 128G
echo 'pool:prod::::' >>"$root/etc/pve/user.cfg"
echo '#cloud-config' >"$root/var/lib/vz/snippets/vyom.yaml"
cluster 'memory = "20G"'
vyom apply --yes
ok "there is one VM that runs" test -e "$root/run/qemu-server/201.pid"
ok "and one that does not" test -e "$root/etc/pve/qemu-server/202.conf" -a ! -e "$root/run/qemu-server/202.pid"
count_calls
node_keep

all=()
for key in $(keys); do
	said_apart "$key" && continue
	value=$(value_of "$key")
	ok "etc/vyom.conf shows $key" test -n "$value"
	line="$key = $value"
	memory='memory = "20G"'
	[ "$key" = memory ] && memory=
	case $key in
	agent-*) applied "$key" "$memory" "agent = true" "$line" ;;
	cpu-flags | cpu-hidden) applied "$key" "$memory" 'cpu = "host"' "$line" ;;
	rng-*) applied "$key" "$memory" 'rng = "/dev/urandom"' "$line" ;;
	*) applied "$key" "$memory" "$line" ;;
	esac
	[ ! -s "$tmp/said" ] || ok "vyom.conf(5) says that $key may wait for a restart" may_wait "$key"
	case $key in
	iops | mbps) ;;		# with those for reads and for writes they would be refused
	*) all+=("$line") ;;
	esac
	node_again
done

cards=()
for key in $(card_keys); do
	case $key in
	mac | address | address6 | gateway | gateway6) continue ;;	# below
	esac
	cards+=("$key = $(value_of "$key")")
	applied "a card's $key" 'memory = "20G"' "nic \"net1\" { ${cards[-1]} }"
	node_again
	case $key in
	bridge | vlan) ;;
	*)
		applied "the first card's $key" 'memory = "20G"' "nic \"net0\" { ${cards[-1]} }"
		node_again
		;;
	esac
done
ok "there are some of cards" test ${#cards[@]} -gt 6
all+=("nic \"net1\" { $(printf '%s ' "${cards[@]}") }")

# the key "options": a value of each form that qm keeps one in
applied "other options" 'memory = "20G"' 'options = { "boot=order=scsi0;net0", "usb0=host=1234:5678,usb3=1",' \
	'"ivshmem=size=32,name=shm", "audio0=device=AC97", "citype=nocloud", "args=-cpu \"host\"", "tablet=off", "kvm=TRUE",' \
	'"vcpus=1", "startdate=2006-06-17T16:01:21", "migrate_speed=10", "numa0=cpus=0-1;3,memory=1024" }'
node_again

# what etc/vyom.conf shows of these is what Proxmox takes anyway, and not set: something else is, and back
applied "not what Proxmox takes" 'memory = "20G"' "agent = true" "agent-freeze = false" 'agent-type = "isa"' "sockets = 2" \
	"numa = true" "onboot = true" 'nic "net1" { link-down = true  firewall = true }'
ok "is set" grep -qx "sockets: 2" "$root/etc/pve/qemu-server/201.conf"
applied "what Proxmox takes" 'memory = "20G"' "agent = true" "agent-freeze = true" 'agent-type = "virtio"' "sockets = 1" \
	"numa = false" "onboot = false" 'nic "net1" { link-down = false  firewall = false }'
ok "is set where something else was" grep -qx "sockets: 1" "$root/etc/pve/qemu-server/201.conf"
for vmid in 201 202; do
	qm set "$vmid" --delete numa,sockets,onboot >/dev/null
	qm set "$vmid" --net1 "$(sed -nE 's/^net1: ([^,]*,bridge=vmbr0).*/\1/p' "$root/etc/pve/qemu-server/$vmid.conf")" >/dev/null
done
qm reboot 201 >/dev/null 2>&1
ok "Proxmox drops it" not grep -q "^sockets" "$root/etc/pve/qemu-server/201.conf"
settled "what Proxmox takes, dropped"
node_again

# cards where nothing can be plugged: what comes, or is another, waits, and the plan says so
for vmid in 201 202; do
	qm set "$vmid" --hotplug disk >/dev/null
done
for line in 'nic "net1" { }' 'nic "net0" { model = "e1000" }' 'nic "net0" { mtu = 1400 }' 'vlan = 30'; do
	applied "without hotplug of cards, $line" 'memory = "20G"' "$line"
done
node_again

# what each VM has of its own
conf <<-'END'
	node "pve" { }
	template "prakriti-template" { vmid = 9000 }
	cluster "keys" {
		memory = "20G"  gateway = "10.0.0.1"  gateway6 = "fd00::1"
		vm "runs" {
			vmid = 201  mac = "02:ab:00:00:02:01"  address = "10.0.0.201/24"  address6 = "fd00::201/64"
			nic "net1" { mac = "02:ab:00:01:02:01"  address = "dhcp"  address6 = "auto" }
			nic "net2" { address6 = "fd00:2::5/64"  gateway6 = "fd00:2::1" }
			nic "net3" { }
		}
		vm "rests" { vmid = 202  start = false }
	}
END
status 0 "addresses and MACs of cards: apply" vyom apply --yes --reinit
settled "addresses and MACs of cards"
for line in 'ipconfig0: ip=10.0.0.201/24,gw=10.0.0.1,ip6=fd00::201/64,gw6=fd00::1' 'ipconfig1: ip=dhcp,ip6=auto' \
	'ipconfig2: ip6=fd00:2::5/64,gw6=fd00:2::1' 'net1: virtio=02:AB:00:01:02:01,bridge=vmbr0'; do
	ok "the config has $line" grep -qx "$line" "$root/etc/pve/qemu-server/201.conf"
done
ok "a card without an address is not cloud-init's" not grep -q '^ipconfig3' "$root/etc/pve/qemu-server/201.conf"
ok "but is there" grep -q '^net3: virtio=02:' "$root/etc/pve/qemu-server/201.conf"
node_again

ok "the table was read" test ${#all[@]} -gt 50
# a disk grows once what waits for its drive is in force: verify.t, t/plan/disk-waits-*.test
others=()
for line in "${all[@]}"; do
	case $line in
	disk\ *) ;;
	*) others+=("$line") ;;
	esac
done
applied "all keys" "${others[@]}"

node_new --memory 128G
echo 'pool:prod::::' >>"$root/etc/pve/user.cfg"
echo '#cloud-config' >"$root/var/lib/vz/snippets/vyom.yaml"
count_calls
cluster "${all[@]}"
vyom plan
out '--cipassword$' "the hash of the password is read by qm itself"
no_out PutHere "and shown in no plan"
vyom plan -o json
hash=$(grep -o '"hash": *"[0-9a-f]*"' "$tmp/out")
sed -i 's/PutHere/PutThis/' "$root/etc/vyom/vyom.conf"
vyom plan -o json
ok "a plan with another hash is another plan" test -n "$hash" -a "$hash" != "$(grep -o '"hash": *"[0-9a-f]*"' "$tmp/out")"
sed -i 's/PutThis/PutHere/' "$root/etc/vyom/vyom.conf"
status 0 "all keys on VMs that are not there yet: apply" vyom apply --yes
ok "nor given as an argument" not grep -q PutHere "$root/calls"
settled "all keys on new VMs"
ok "it is in the config" grep -q '^cipassword: \$6\$salt\$PutHere' "$root/etc/pve/qemu-server/201.conf"
ok "and nowhere in what vyom keeps" not grep -rqs 'PutHere' "$root/var/lib/vyom"
vyom log 1
no_out PutHere "nor in its log"
done_testing
