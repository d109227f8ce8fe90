#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A restart that was asked for: one VM at a time, and none after one that is not back. And what is waited for after a start.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"
export VYOM_TIME_SCALE=0.02 node_says=

# guest VMID FILE WORDS…: how a guest behaves
guest() {
	mkdir -p "$root/etc/stand-in.d/$1"
	printf '%s\n' "${*:3}" >"$root/etc/stand-in.d/$1/$2"
}

count_calls() {
	wrap qm <<-'END'
		case $1 in shutdown | start | set) echo "$1 $2" >>"$root/calls" ;; esac
		exec "$real" "$@"
	END
	rm -f "$root/calls"
}

calls() {
	paste -sd, "$root/calls"
}

is_running() {
	test -e "$root/run/qemu-server/$1.pid"
}

node_new --memory 16G
vms 3 'agent = true'
guest default agent yes
guest default shutdown-time 0.1
status 0 "three VMs are made" vyom apply --yes
vms 3 'agent = true' 'cores = 3'
status 0 "more cores are set" vyom apply --yes
out 'note vm-1 \(201\): cores: in force only after the VM is stopped and started again \(vyom apply --restart\)' \
	"and said to wait"
node_keep

count_calls
status 0 "--restart stops and starts them" vyom apply --yes --restart
ok "one at a time, each started before the next goes down" \
	test "$(calls)" = 'shutdown 201,start 201,shutdown 202,start 202,shutdown 203,start 203'
out 'Plan: 9 steps for 3 of 3 VMs' "with three steps each"
out '3 of 3 VMs finished, 9 steps done' "which are all done"
ok "what waited is in force" grep -q '^cores: 3' "$root/etc/pve/qemu-server/203.conf"
no_out 'wait.*failed' "each was back"
status 0 "all is in line" vyom verify
no_out 'waits' "and nothing waits"
rm -f "$root/calls"
status 0 "a second --restart" vyom apply --yes --restart
ok "restarts nothing" test ! -e "$root/calls"

node_again
count_calls
guest 202 agent no
status 2 "the second one's agent does not come back" vyom apply --yes --restart
out 'vm-2.*the guest agent was not there after 300 s' "it says what was waited for"
out 'did not come back from its restart' "and that no other is restarted"
ok "the third was left alone" test "$(grep -c 203 "$root/calls")" = 0
ok "the second runs" is_running 202
guest 202 agent yes
status 0 "the same again goes on" vyom apply --yes --restart
ok "with the third alone" test "$(grep -c 'shutdown 203' "$root/calls")/$(grep -c 'shutdown 201' "$root/calls")" = 1/1

node_again
guest 201 ignore-shutdown
status 2 "a guest that does not go down is not forced" vyom apply --yes --restart
out 'vm-1.*VM quit/powerdown failed' "qm's own words are said"
ok "it runs on" is_running 201
ok "and no other went down" is_running 202

node_again
wrap qm <<-'END'
	"$real" "$@"
	status=$?
	[ "$1" = shutdown ] && kill -9 "$(cat "$root/vyom.pid")" 2>/dev/null
	exit $status
END
begin apply --yes --restart
echo $live >"$root/vyom.pid"
finished
rm "$root/vyom.pid"
ok "vyom was killed as the first was down" test ! -e "$root/run/qemu-server/201.pid"
status 0 "the next apply starts it" vyom apply --yes
ok "with what waited in force" grep -q '^cores: 3' "$root/etc/pve/qemu-server/201.conf"
ok "and leaves the others running" is_running 202

# --- by another's hand ---

node_again
qm set 201 --cores 1 --acpi 0 >/dev/null
vms 1 'agent = true' 'cores = 1'
status 0 "what somebody set and is now declared is no drift" vyom verify
out 'waits for a restart vm-1 \(201\): cores: wanted 1, found 2' "but waits"
count_calls
status 0 "--restart" vyom apply --yes --restart
out '# restart: cores 2 → 1' "says that it comes into force"
out 'vm-1 \(201\): acpi: a change that somebody left waiting comes into force along with this' "with the rest of it"
ok "and restarts alone" test "$(calls)" = 'shutdown 201,start 201'
ok "as declared" grep -q '^cores: 1' "$root/etc/pve/qemu-server/201.conf"
out 'Plan: 3 steps' "with three steps"
out '1 of 1 VM finished, 3 steps done' "which are all done"

# --- cut off ---

node_again
vms 1 'agent = true' 'cores = 3'
count_calls
faults <<<'shutdown:201 ended kill'
status 0 "qm dies when the guest is down and nothing is applied" vyom apply --yes --restart
ok "then the start applies what waits" test "$(calls)" = 'shutdown 201,start 201'
ok "as declared" grep -q '^cores: 3' "$root/etc/pve/qemu-server/201.conf"

node_again
vms 1 'agent = true' 'cores = 3'
wrap qm <<-'END'
	"$real" "$@" || exit
	case $1 in shutdown | start | set) echo "$1 $2" >>"$root/calls" ;; esac
	[ "$1" = start ] || exit 0
	sed -i 's/^cores: .*/cores: 2/' "$root/etc/pve/qemu-server/201.conf"
	printf '\n[PENDING]\ncores: 3\n' >>"$root/etc/pve/qemu-server/201.conf"
END
status 2 "what still waits after its restart is no success" vyom apply --yes --restart
out 'vm-1 \(201\) +shutdown +not begun  it is needed once more' "which is said"
ok "but it is not restarted twice" test "$(calls)" = 'shutdown 201,start 201'

node_again
vms 3 'agent = true' 'cores = 3' 'start = false'
status 0 "what is not declared to run is not restarted" vyom apply --yes --restart
ok "it runs on" is_running 201

# --- after a start ---

node_new
vms 1 'wait = agent'
guest default agent after 20
status 0 "a VM is made, and its guest waited for" vyom apply --yes
out 'vm-1 \(201\) +wait +the guest is there, at 10.0.2.101' "its address is said"
vyom log 1
out 'wait' "the log has the step"
status 0 "verify does not ask" vyom verify
vms 1 'wait = no'
status 0 "without it" vyom apply --yes
out 'Nothing to do' "nothing is to do"

node_new
vms 2 'wait = agent'
guest 201 agent no
guest 202 agent yes
status 0 "a guest that does not answer is no failure" vyom apply --yes
out 'vm-1 \(201\) +wait +it was started, but the guest agent was not there after 300 s' "but is said"
ok "both VMs run" test -e "$root/run/qemu-server/201.pid" -a -e "$root/run/qemu-server/202.pid"

# cloudinit STATUS EXITCODE: what cloud-init status says in 201
cloudinit() {
	guest 201 exec "{\"exitcode\":$2,\"exited\":1,\"out-data\":\"$1\"}"
}

node_new
vms 1 'wait = cloud-init'
guest default agent yes
cloudinit 'status: error\nextended_status: error - done\nerrors:\n\t- (\"scripts_user\", RuntimeError(\"2 failed\"))\n' 1
status 0 "what cloud-init failed at is no failure of the create" vyom apply --yes
out 'cloud-init failed in the guest: - \("scripts_user", RuntimeError\("2 failed"\)\)' "its own error is said"

node_new
vms 1 'wait = cloud-init'
guest default agent yes
cloudinit 'status: done\ndetail: DataSourceNoCloud\nerrors: []\n' 0
status 0 "cloud-init that is done" vyom apply --yes
no_out 'cloud-init failed|met with' "is not remarked upon"

node_new
vms 1 'wait = cloud-init'
guest default agent yes
cloudinit 'status: running\n' 0
begin apply --yes
ok "it is waited for" soon grep -rq 'waiting for cloud-init' "$root/var/lib/vyom/output"
kill -INT "$live"
finished
ok "Ctrl-C ends the waiting" grep -q 'not waited for any more' "$root.live"
ok "the VM is made" is_running 201

vms 1 'wait = reply'
status 2 "what cannot be waited for is refused" vyom plan
out 'vyom.conf:[0-9]+: cluster "test": wait: "reply" is nothing to wait for; write no, agent or cloud-init' "where it stands"

done_testing
