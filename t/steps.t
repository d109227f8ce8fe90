#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A step: journalled before it begins, run apart from vyom, judged by what the node shows.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

export node_says='jobs = 8'	# for vms

# step RUN VMID 'PERL': passes if PERL does; $d is that run, @s are its steps for that VM
step() {
	vyom log "$1" -o json || return 1
	perl -MJSON::PP -0777 -pi -e '$d = decode_json($_); @$s = grep { $_->{vmid} == '"$2"' } @{$d->{steps}};
		$_ = JSON::PP->new->pretty->canonical->ascii->encode({ %$d, steps => $s })' "$tmp/out"
	json "@s = @{\$d->{steps}}; $3"
}

# --- a lock that is never to be had: how that ends is looked at last, since it takes half a minute ---
root=$tmp/stuck
node_new
vms 2
faults <<-'END'
	set:201 lock lock-timeout 99
END
begin apply --yes
stuck=$live
root=$tmp/node

# --- what a child is given, and what is journalled before it runs ---
node_new
vms 1
wrap qm <<-'END'
	mkdir -p "$root/seen"
	see=$root/seen/$1
	"$vyom" log 1 --sysroot "$root" -o json >"$see.journal" 2>&1
	readlink "/proc/$$/fd/0" >"$see.stdin"
	readlink "/proc/$$/fd/1" "/proc/$$/fd/2" | sort -u >"$see.output"
	ls "/proc/$$/fd" >"$see.fds"
	tr '\0' '\n' <"/proc/$$/environ" | sort >"$see.environment"
	read -r pid _ _ parent _ session _ <"/proc/$$/stat"
	echo "$pid $parent $session" >"$see.family"
	while read -r key mask; do
		case $key in SigBlk: | SigIgn:) echo "$((0x$mask & ~0x180000004))" ;; esac
	done <"/proc/$$/status" >"$see.signals"
	exec "$real" "$@"
END
begin apply --yes
vyom_pid=$live
status 0 "a run, looked at by its own children, ends well" finished
n=0
for verb in clone set resize start; do
	n=$((n + 1))
	see=$root/seen/$verb
	cp "$see.journal" "$tmp/out"
	ok "$verb: its intent is in the journal before it runs" json \
		"\$s = \$d->{steps}[-1]; @{\$d->{steps}} == $n && \$s->{verb} eq '$verb' && \$s->{argv} =~ /^qm $verb .*201/ &&
		\$s->{result} eq 'open' && !defined(\$s->{ended}) && \$s->{before} ne ''"
	ok "$verb: the run is open" json "\$d->{result} eq 'open' && \$d->{vmids} eq '201' && \$d->{argv} =~ /^vyom apply/"
	cat "$see".[eiofs]* >"$tmp/out"
	ok "$verb: stdin is /dev/null" grep -qx /dev/null "$see.stdin"
	ok "$verb: stdout and stderr go to the step's own file" grep -qx "$root/var/lib/vyom/output/1-$n" "$see.output"
	ok "$verb: and to nothing else" test "$(wc -l <"$see.output")" = 1
	ok "$verb: no other descriptor is open (255 is bash's own)" test "$(grep -vx 255 "$see.fds" | tr '\n' ' ')" = "0 1 2 "
	ok "$verb: its environment is PATH, HOME and LC_ALL" \
		test "$(sed 's/=.*//' "$see.environment" | tr '\n' ' ')" = "HOME LC_ALL PATH "
	ok "$verb: LC_ALL is C.UTF-8" grep -qx LC_ALL=C.UTF-8 "$see.environment"
	pid=none parent=none session=none
	read -r pid parent session <"$see.family"
	ok "$verb: it leads a session of its own" test "$session" = "$pid"
	ok "$verb: it is vyom's child" test "$parent" = "$vyom_pid"
	ok "$verb: no signal is blocked or ignored (but QUIT, by bash, and the C library's 32 and 33)" test "$(tr '\n' ' ' <"$see.signals")" = "0 0 "
done
cp "$root/seen/clone.journal" "$tmp/out"
ok "a clone begins where there is no config" json "\$d->{steps}[0]{before} eq 'no config'"
cp "$root/seen/set.journal" "$tmp/out"
ok "a set notes the config's digest and the VM's volumes" json \
	"\$d->{steps}[1]{before} =~ /^config [0-9a-f]{40}, .*pve\/vm-201-disk-0/"
ok "a step's result, exit status, times and output are journalled" step 1 201 \
	"@s == 4 && !(grep { \$_->{result} ne 'done' || \$_->{exit_status} ne 0 || \$_->{ended} < \$_->{started} } @s) &&
	\$s[0]{output} =~ /create linked clone/"
state_of 201 >"$tmp/one"

# --- what only root may read ---
node_new
vms 1
(umask 000 && vyom apply --yes)
modes() {
	(cd "$root" && stat -c '%a %n' "$@") >"$tmp/out"
	cat "$tmp/out"
}
ok "under umask 000 the state folder is 0700" test "$(modes var/lib/vyom var/lib/vyom/output | grep -vc '^700')" = 0
ok "the journal and its lock 0600" test "$(modes var/lib/vyom/journal.db run/lock/vyom.lock | grep -vc '^600')" = 0
ok "every output file 0600" test "$(modes var/lib/vyom/output/1-{1,2,3,4} | grep -c '^600')" = 4

# --- one run with a fault in nearly every VM: each stops its own VM alone, and the next run mends all ---
# locks time out after a second here, not after a fifth of one: nothing else than the faults is to go wrong
node_new --time-scale 0.1
vms 17
vyom apply --yes
# shellcheck disable=SC2046 # numbers
state_of $(seq 201 217) >"$tmp/undisturbed"
ok "the undisturbed run made its VMs" grep -q '^== 217' "$tmp/undisturbed"
node_new --time-scale 0.1
vms 17
faults <<-'END'
	resize:202 storage-lock fail no extents were to be had
	resize:203 extended fail the link to the storage broke
	resize:204 lock lie
	set:205 lock lie
	set:206 pending-2 fail out of ink
	clone:207 locked lie
	clone:208 locked fail sorry
	clone:209 disk-allocated fail the disk went away
	start:210 prepared lie
	start:211 spawned fail timeout waiting on systemd
	start:212 prepared fail no more sockets
	set:213 lock lock-timeout 1
	clone:214 locked lock-timeout 2
	clone:215 storage-lock lock-timeout 1
	start:216 lock lock-timeout 1
	resize:217 lock lock-timeout 1
END
status 2 "a run in which VMs fail has exit status 2" vyom apply --yes
cp "$tmp/out" "$tmp/faulty"
out 'Look at `vyom log`' "it says where to look"
ok "a VM without a fault is finished" test -e "$root/run/qemu-server/201.pid"
out 'vm-2 \(202\) +resize +failed .*no extents were to be had' "a resize that failed with exit status 0 is failed, with qm's sentence"
ok "its exit status was 0 indeed" step 1 202 "\$s[-1]{verb} eq 'resize' && \$s[-1]{result} eq 'failed' && \$s[-1]{exit_status} == 0"
ok "nothing more was begun for that VM" not test -e "$root/run/qemu-server/202.pid"
ok "a resize that broke off after it had extended the volume is no success, with qm's sentence" step 1 203 \
	"\$s[2]{verb} eq 'resize' && \$s[2]{result} eq 'failed' && \$s[2]{message} =~ /the link to the storage broke/"
cp "$tmp/faulty" "$tmp/out"
no_out 'vm-3 .*changed by someone else' "and is not blamed on somebody else"
for lie in 204:resize 205:set 207:clone 210:start; do
	ok "a ${lie#*:} that only said that it was done is failed" step 1 ${lie%:*} \
		"\$s[-1]{verb} eq '${lie#*:}' && \$s[-1]{result} eq 'failed' && \$s[-1]{message} =~ /said it was done, but/"
done
ok "a set that died half-way is failed" step 1 206 "\$s[-1]{result} eq 'failed' && \$s[-1]{message} =~ /out of ink/"
ok "a clone that failed is failed" step 1 208 "@s == 1 && \$s[0]{message} =~ /exit status 255: sorry/"
ok "it is not tried again" test "$(grep -c 'vm-8 .*clone' "$tmp/faulty")" = 1
ok "nor is one that had made a volume" step 1 209 "@s == 1 && \$s[0]{result} eq 'failed' && \$s[0]{message} =~ /the disk went away/"
ok "a start that said it failed, of a VM that runs, is done" step 1 211 \
	"\$s[-1]{verb} eq 'start' && \$s[-1]{result} eq 'done' && \$s[-1]{exit_status} != 0"
ok "a start that failed is failed" step 1 212 "\$s[-1]{result} eq 'failed' && \$s[-1]{message} =~ /no more sockets/"
for lock in 213:set:1 214:clone:2 215:clone:1 216:start:1 217:resize:1; do
	IFS=: read -r vmid verb times <<<"$lock"
	ok "$verb: a lock that was not to be had $times times is tried again, and then it is done" step 1 "$vmid" \
		"@s = grep { \$_->{verb} eq '$verb' } @s; @s == $times + 1 && \$s[-1]{result} eq 'done' &&
		$times == grep { \$_->{result} eq 'retried' && \$_->{message} =~ /got timeout/ } @s"
done
ok "after pauses that grow" step 1 214 \
	"(\$first, \$second) = map { \$s[\$_]{started} - \$s[\$_ - 1]{ended} } 1, 2; \$first > 0.7 && \$second > 1.4 && \$second > \$first"
cp "$tmp/faulty" "$tmp/out"
out 'vm-14 \(214\) +clone +waits .*got timeout' "which are said"
status 0 "a second apply goes on from there" vyom apply --yes
status 0 "after which there is nothing to do" vyom plan
# shellcheck disable=SC2046 # numbers
state_of $(seq 201 217) | diff "$tmp/undisturbed" - >"$tmp/out"
ok "and all VMs are what an undisturbed run makes" not test -s "$tmp/out"

# --- what is left behind ---
node_new
vms 3
wrap qm <<-'END'
	"$real" "$@"
	result=$?
	[ "$1 $3" = "clone 202" ] || exit $result
	echo "can't lock file '/var/lock/qemu-server/lock-202.conf' - got timeout" >&2
	exit 255
END
faults <<-'END'
	clone:202 disk-allocated kill
END
status 2 "a clone that left something behind has failed" vyom apply --yes
ok "though a lock was not to be had, it is not tried again" step 1 202 "@s == 1 && \$s[0]{result} eq 'interrupted'"
ok "the other VMs are finished" test -e "$root/run/qemu-server/201.pid" -a -e "$root/run/qemu-server/203.pid"
ok "what it left is untouched" test "$(volumes_of 202)" = 1 -a "$(grep -c '^lock: clone' "$root/etc/pve/qemu-server/202.conf")" = 1
status 1 "plan shows how it is undone" vyom plan
out 'pvesm free local-lvm:vm-202-cloudinit' "first the volume that no config names"
out 'qm destroy 202 --purge 1 --skiplock 1' "then what is left of the VM"
out 'note vm-2 \(202\): left by a clone of run 1 that was cut off' "and says what left it"
status 1 "to verify it is drift" vyom verify
out 'vm-2 \(202\): vm: half-made: left by a clone of run 1' "which it tells so"
vyom status
out 'vm-2 .*half-made' "as does status"
status 0 "the next run undoes it and makes the VM" vyom apply --yes
ok "each as a step of its own" step 2 202 \
	"join(' ', map { \$_->{verb} . ':' . \$_->{result} } @s) eq 'free:done destroy:done clone:done set:done resize:done start:done'"
ok "the new VM has the volumes of one" test "$(volumes_of 202)" = 2
status 0 "and nothing is left to do" vyom plan

# --- a value that waits for a restart ---
node_new
vms 1
vyom apply --yes
sed -i 's/256M/320M/' "$root/etc/vyom/vyom.conf"
status 0 "a set that leaves a value pending on a running VM is done" vyom apply --yes
out 'note vm-1 \(201\): memory: in force only after' "and said"
ok "in the journal too it is done" step 2 201 "@s == 1 && \$s[0]{verb} eq 'set' && \$s[0]{result} eq 'done'"
sed -i 's/320M/384M/; s/user = /cores = 4 user = /' "$root/etc/vyom/vyom.conf"
faults <<-'END'
	set:201 pending-1 fail somebody pulled the plug
END
status 2 "a set that died with half of its values pending is failed" vyom apply --yes
status 0 "the next one brings the rest" vyom apply --yes
sed -n '/PENDING/,$p' "$root/etc/pve/qemu-server/201.conf" >"$tmp/out"
ok "all of it is pending then" test "$(grep -cx -e 'memory: 384' -e 'cores: 4' "$tmp/out")" = 2

# --- no qm ---
node_new
vms 1
mv "$root/usr/sbin/qm" "$tmp/qm"
status 2 "without a qm the run fails" vyom apply --yes
out 'qm could not be executed: No such file' "and says so"
ok "in the journal too" step 1 201 "@s == 1 && \$s[0]{result} eq 'failed' && \$s[0]{message} =~ /could not be executed/"
echo '#!/nonexistent' >"$root/usr/sbin/qm"
status 2 "a qm that is not executable" vyom apply --yes
out 'qm could not be executed: Permission denied' "is said too"
mv "$tmp/qm" "$root/usr/sbin/qm"
status 0 "once it is there all goes on" vyom apply --yes
state_of 201 | diff "$tmp/one" - >"$tmp/out"
ok "to the same end" not test -s "$tmp/out"

# --- killed while a clone runs ---
node_new
vms 2 'clone = "full"'
vyom apply --yes
state_of 201 202 >"$tmp/undisturbed"
node_new --clone-rate 1
vms 2 'clone = "full"'
begin apply --yes
soon grep -q 'vm-201-disk-0' "$root/var/lib/stand-in/lvs"
kill -9 "$live"
wait "$live" 2>/dev/null
ok "a qm outlives its vyom" grep -q '^lock: clone' "$root/etc/pve/qemu-server/201.conf"
status 3 "plan sees a VM that somebody is at work on" vyom plan
status 0 "the next apply comes to an end" vyom apply --yes
out 'vm-1 \(201\): qm clone of run 1 is still at work \(process [0-9]+\); waiting' "it waited for the clone"
out 'vm-1 \(201\): qm clone of run 1 was cut off: it came to its end' "and went on from it"
out '2 of 2 VMs finished, 7 steps done' "with the rest of the steps"
ok "no volume is there twice" test "$(volumes_of 201) $(volumes_of 202)" = "2 2"
ok "each VM was cloned once" test "$(tasks qmclone)" = 2
state_of 201 202 | diff "$tmp/undisturbed" - >"$tmp/out"
ok "and is what an undisturbed run makes" not test -s "$tmp/out"
ok "the journal tells of the run that was cut off" step 1 201 \
	"\$d->{result} eq 'interrupted' && @s == 1 && \$s[0]{result} eq 'done' && \$s[0]{output} =~ /create full clone/"

# --- killed anywhere ---
# killed SYSCALL N: vyom is killed as it enters its Nth SYSCALL; the next run ends where an undisturbed one does
killed() {
	node_again
	(
		strace -qq -o /dev/null -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
			"$top_builddir/vyom" apply --sysroot "$root" --yes >"$tmp/out" 2>&1 </dev/null
		[ $? = 137 ]
	) 2>/dev/null || return 1
	# a child that waits yet to be let go may hold the lock for a moment more
	vyom apply --yes --wait 5 || return 1
	state_of 201 | diff "$tmp/one" - >>"$tmp/out" || return 1
	[ "$(volumes_of 201) $(tasks qmclone) $(tasks qmstart)" = "2 1 1" ] || return 1
	vyom plan
}

if strace -qq -o /dev/null true 2>/dev/null; then
	node_new
	vms 1
	node_keep
	# of clone and sendto the first is for lvs
	for moment in 'clone 2' 'sendto 2' 'clone 3' 'sendto 5' 'wait4 3'; do
		# shellcheck disable=SC2086 # a name and a number
		ok "killed at its ${moment#* }. ${moment% *}: the next run ends as if nothing had been" killed $moment
	done
	for n in 1 5 8 11 16 20; do
		ok "killed at its $n. write to the disk: the next run ends as if nothing had been" killed fdatasync $n
	done
else
	report 0 "killed anywhere # SKIP strace cannot be used"
fi

root=$tmp/stuck live=$stuck
status 2 "a lock that is never to be had ends as a failure" finished
ok "after six tries" step 1 201 "@s = grep { \$_->{verb} eq 'set' } @s; @s == 6 && \$s[5]{result} eq 'failed' &&
	5 == grep { \$_->{result} eq 'retried' } @s"
ok "with longer and longer pauses" step 1 201 "@s = grep { \$_->{verb} eq 'set' } @s;
	!grep { \$s[\$_ + 1]{started} - \$s[\$_]{ended} < 2 ** \$_ * 0.7 } 0 .. 4"
ok "the other VM had not to wait for it" step 1 202 "@s == 4 && \$s[3]{ended} - \$d->{started} < 10"
done_testing
