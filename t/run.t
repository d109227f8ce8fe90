#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One run at a time holds the node; the rest looks on, waits its turn, or is told who it is.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

# begin_held: an apply whose first commands wait until `release`
begin_held() {
	wrap qm <<-'END'
		echo "$1 $2 $3" >>"$root/calls"
		hold
		exec "$real" "$@"
	END
	rm -f "$root/calls"
	begin "$@"
	soon test -s "$root/calls"
}

called() {
	[ "$(wc -l <"$root/calls")" = "$1" ]
}

# --- beside a live run ---
node_new
owner_conf
node_keep
export SUDO_USER=priya
begin_held apply --yes
unset SUDO_USER
soon called 3
status 4 "a second apply while one runs is busy" vyom apply --yes
out "another run holds this node: vyom apply, pid $live, by priya since $(date +%Y)-[0-9-]+ [0-9:]+;" "it says who, and since when"
out 'say --wait SECONDS' "and what would do"
status 4 "so is a destroy" vyom destroy --yes vyom-control-1
status 4 "one that waits for a second gives up then" vyom apply --yes --wait 1
out 'another run holds this node' "with the same words"
status 1 "plan works beside it" vyom plan
status 4 "verify too, which finds no drift in what is being worked on: busy" vyom verify
out 'in progress vyom-control-1 \(101\): vm: does not exist' "it says that it is in progress"
status 4 "quietly" vyom verify -q
ok "it says nothing" not test -s "$tmp/out"
status 0 "status works beside it" vyom status
status 0 "pool too" vyom pool
status 0 "and log" vyom log
out '^ +1 .* apply +running' "which shows that it runs"
live_one=$live
"$top_builddir/vyom" apply --sysroot "$root" --yes --wait 60 >"$tmp/second" 2>&1 </dev/null &
second=$!
sleep 0.3
ok "one that may wait, waits" kill -0 "$second"
release
live=$live_one
status 0 "the first run is not disturbed by any of it" finished
out '3 of 3 VMs finished, 12 steps done' "it made its VMs"
wait "$second"
ok "then the one that waited has its turn" test $? = 0
cp "$tmp/second" "$tmp/out"
out 'Nothing to do: 3 VMs as declared' "and finds the work done"
ok "no volume is there twice" test "$(volumes | grep -c '^pve-vm--10[123]-')" = 6

# --- verify tells what is being worked on from what is not ---
vyom destroy --yes vyom-control-1
begin_held apply --yes
"$root/usr/sbin/qm-real" stop 103
status 1 "what the live run does not work on is drift" vyom verify
out 'in progress vyom-control-1 \(101\)' "the one is in progress"
out 'drift vyom-worker-2 \(103\): run state: does not run' "the other is drift"
"$root/usr/sbin/qm-real" start 103 >/dev/null
# verify asks lvs while 101 is not there yet; when lvs answers, the run is over
wrap lvs <<-'END'
	if mv "$root/slow" "$root/slowed" 2>/dev/null; then
		until [ -e "$root/over" ] || [ ! -d "$root" ]; do sleep 0.02; done
	fi
	exec "$real" "$@"
END
touch "$root/slow"
"$top_builddir/vyom" verify --sysroot "$root" >"$tmp/second" 2>&1 </dev/null &
second=$!
soon test -e "$root/slowed"
release
status 0 "the live run ends" finished
touch "$root/over"
wait "$second"
result=$?
cp "$tmp/second" "$tmp/out"
ok "a verify during which the run ended takes its work for no drift" test $result = 4

# --- interrupted ---
for signal in INT TERM HUP; do
	node_again
	begin_held apply --yes
	soon called 3
	kill -$signal "$live"
	sleep 0.2
	release
	status 2 "SIG$signal: exit status 2" finished
	out 'interrupted: no new steps are begun; running ones finish' "SIG$signal: it says that running steps finish"
	out '0 of 3 VMs finished, 3 steps done\. Interrupted: run vyom again to go on' "SIG$signal: they did, and the summary tells"
	ok "SIG$signal: no new step was begun" test "$(grep -vc clone "$root/calls")" = 0
	ok "SIG$signal: the clones are whole" test "$(cat "$root"/etc/pve/qemu-server/10?.conf | grep -c '^lock')" = 0
	vyom log -o json
	ok "SIG$signal: the journal calls the run interrupted" json "\$d->{runs}[0]{result} eq 'interrupted' && \$d->{runs}[0]{ended}"
	status 0 "SIG$signal: the next apply completes it" vyom apply --yes
	out '3 of 3 VMs finished, 9 steps done' "SIG$signal: with what was left to do"
done
node_again
wrap qm <<-'END'
	echo "$1" >>"$root/calls"
	hold
	exec "$real" "$@"
END
nohup "$top_builddir/vyom" apply --sysroot "$root" --yes >"$root.live" 2>&1 </dev/null &
live=$!
soon test -s "$root/calls"
kill -HUP "$live"
sleep 0.2
release
status 0 "under nohup a SIGHUP does not stop a run" finished

# --- nobody reads what it prints ---
node_again
wrap qm <<-'END'
	touch "$root/began"
	hold
	exec "$real" "$@"
END
{
	"$top_builddir/vyom" apply --sysroot "$root" --yes 2>"$tmp/complaint" </dev/null
	echo $? >"$tmp/result"
} | head -1 >/dev/null &
soon test -e "$root/began"
release
soon test -s "$tmp/result"
cat "$tmp/result" "$tmp/complaint" >"$tmp/out"
ok "a closed stdout does not kill a run" not grep -qx 141 "$tmp/result"
ok "it finishes its VMs" test -e "$root/run/qemu-server/101.pid" -a -e "$root/run/qemu-server/102.pid" \
	-a -e "$root/run/qemu-server/103.pid"
vyom log -o json
ok "and its run" json "\$d->{runs}[0]{result} eq 'done'"

# --- how many at once ---
# most PATTERN: how many commands that match PATTERN ran side by side at most
most() {
	awk -v pattern="$1" '
		$0 ~ pattern && $1 == "begin" { n++; if (n > most) most = n }
		$0 ~ pattern && $1 == "end" { n-- }
		END { print most + 0 }' "$root/calls"
}

# vms 'NODE LINES' 'CLUSTER LINES' COUNT: VMs from 201 on, that are not started
vms() {
	local i

	{
		printf 'node "pve" { %s }\ntemplate "prakriti-template" { vmid = 9000 }\n' "$1"
		printf 'cluster "test" {\n\tmemory = "64M"  start = false  %s\n' "$2"
		for i in $(seq "$3"); do
			printf '\tvm "vm-%d" { vmid = %d %s }\n' "$i" $((200 + i)) "$([ "$i" -gt 4 ] && echo "${4:-}")"
		done
		echo '}'
	} | conf
}

counted() {
	node_new --tiny-pool 4G --clone-rate 0 --time-scale 0.1
	wrap qm <<-'END'
		storage=none
		for word; do storage=$word; done
		echo "begin $1 $storage" >>"$root/calls"
		sleep 0.1
		"$real" "$@"
		result=$?
		echo "end $1 $storage" >>"$root/calls"
		exit $result
	END
	vms "$@"
	vyom apply --yes
}

ok "a run of eight VMs" counted '' '' 8
ok "works on four at a time" test "$(most .)" = 4
ok "six at a time, if jobs says so" counted 'jobs = 6' '' 8
ok "that is six" test "$(most .)" = 6
ok "but no more than four linked clones" test "$(most clone)" = 4
ok "with clone-jobs = 2" counted 'jobs = 6 clone-jobs = 2' '' 5
ok "two clones at a time" test "$(most clone)" = 2
ok "full clones, to two storages" counted 'jobs = 6' 'clone = "full"' 6 'storage = "tinythin"'
ok "are made one at a time on a storage" test "$(most 'clone local-lvm') $(most 'clone tinythin')" = "1 1"
ok "side by side with the other's" test "$(most clone)" = 2
ok "with clone-jobs = 3" counted 'jobs = 6 clone-jobs = 3' 'clone = "full"' 4
ok "three at a time" test "$(most clone)" = 3
ok "with jobs = 1" counted 'jobs = 1' '' 2
ok "one after the other" test "$(most .)" = 1
done_testing
