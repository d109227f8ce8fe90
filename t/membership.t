#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the cluster knows of a VM besides its config: resource pools, HA, replication.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export VYOM_TIME_SCALE=0.02 node_says=

users=$root/etc/pve/user.cfg
is_running() {
	test -e "$root/run/qemu-server/$1.pid"
}

# --- pools ---
node_new
vms 2 'pool = "prod"'
status 3 "a pool that is not there is refused" vyom apply --yes
out 'vm-1 \(201\): pool: the node has no prod: pvesh create /pools --poolid prod' "with what makes it"
printf 'pool:prod:the real ones:::\npool:test::1000::\n' >>"$users"
status 0 "VMs are made and put into their pool" vyom apply --yes
ok "both are in it" grep -q '^pool:prod:the real ones:201,202::' "$users"
ok "who was in another stays there" grep -q '^pool:test::1000::' "$users"
status 0 "verify is in line" vyom verify
wrap qm <<<'touch "$root/called"; exec "$real" "$@"'
status 0 "a second apply" vyom apply --yes
ok "calls nothing" test ! -e "$root/called"
sed -i 's/^pool:prod:\(.*\):201,202::/pool:prod:\1:202::/; s/^pool:test::1000::/pool:test::201,1000::/' "$users"
status 1 "who was moved by hand is drift" vyom verify
out 'drift vm-1 \(201\): pool: wanted prod, found test' "and said"
status 0 "apply moves it back" vyom apply --yes
ok "out of the other" grep -q '^pool:test::1000::' "$users"
vms 2
status 0 "where no pool is declared" vyom verify
vms 2 'pool = "no pool"'
status 2 "a name that is none is refused" vyom plan
out 'pool: "no pool" is no name of a resource pool' "with what one is"

node_new
printf 'pool:prod::::\n' >>"$users"
vms 1 'pool = "prod"'
faults <<<'pool user-lock lock-timeout 1'
status 0 "the lock of the pools that was not to be had is tried for again" vyom apply --yes
ok "the VM is in its pool" grep -q '^pool:prod::201::' "$users"
ok "it was cloned once" test "$(tasks qmclone)" = 1

# --- HA ---
node_new
vms 1 'agent = true'
mkdir -p "$root/etc/stand-in.d/default" "$root/etc/pve/ha"
echo yes >"$root/etc/stand-in.d/default/agent"
status 0 "a VM is made" vyom apply --yes
qm stop 201
printf 'vm: 201\n\tgroup all\n\tstate stopped\n' >"$root/etc/pve/ha/resources.cfg"
status 0 "one that HA starts is waited for" vyom apply --yes
out 'asked of HA' "the plan says so"
ok "it runs" is_running 201
vms 1 'agent = true' 'cores = 3'
status 0 "it is restarted through HA" vyom apply --yes --restart
ok "it runs again" is_running 201
ok "with what was changed" grep -q '^cores: 3' "$root/etc/pve/qemu-server/201.conf"
ok "and HA shall keep it so" grep -q 'state started' "$root/etc/pve/ha/resources.cfg"
qm shutdown 201 >/dev/null
ok "it is down" soon test ! -e "$root/run/qemu-server/201.pid"
echo 1000 >"$root/etc/stand-in.d/default/ha-delay"
status 2 "HA that does not start it" vyom apply --yes
out 'vm-1.*start +failed.*the VM is not as it should be' "is a failure of that step"

# --- replication ---
node_new
vms 1
status 0 "a VM is made" vyom apply --yes
printf 'local: 201-0\n\ttarget pve2\n' >"$root/etc/pve/replication.cfg"
status 1 "a replication job on it is drift" vyom verify
out 'drift vm-1 \(201\): replication: job 201-0 copies it to another node.*pvesr delete 201-0' "with what ends it"
status 0 "apply leaves it" vyom apply --yes
out 'note vm-1 \(201\): replication: job 201-0' "and says so"

done_testing
