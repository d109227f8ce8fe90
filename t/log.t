#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# vyom log: what was run, by which run, and how it ended; a journal that it cannot read it says so of.
. "${srcdir:-.}/t/lib.sh"
. "$srcdir/t/live.sh"

journal=$root/var/lib/vyom/journal.db
node_new
owner_conf

# --- nothing yet ---
status 0 "before the first run there is a log" vyom log
out '^No runs yet\.$' "which says so"
status 0 "as JSON too" vyom log -o json
ok "it is an empty list" json "ref \$d->{runs} eq 'ARRAY' && !@{\$d->{runs}}"
ok "nothing was made for it" not test -e "$root/var/lib/vyom"
status 64 "a run, where there is none," vyom log 1
out "has no run 1; .vyom log. lists" "is refused by its number"
: >"$tmp/empty" && mkdir -p "$root/var/lib/vyom" && cp "$tmp/empty" "$journal"
status 0 "a journal that was made and not filled yet" vyom log
out '^No runs yet\.$' "is as good as none"
rm -r "$root/var/lib/vyom"

# --- two runs, one with a failure and a lock ---
cat >"$root/etc/stand-in.d/faults" <<-'END'
	resize:101 storage-lock fail no free extents here
	set:102 lock lock-timeout 1
END
vyom apply --yes
status 0 "vyom log lists the run" vyom log
out '^ +1  [0-9]{4}-[0-9-]{5} [0-9:]{8}  apply +failed +[0-9.]+s  2 of 3 VMs finished, [0-9]+ steps done, 1 failed' \
	"with its time, verb, result, duration and summary"
vyom apply --yes
vyom log
ok "newest first" test "$(awk '{ printf "%s ", $1 }' "$tmp/out")" = "2 1 "
status 0 "vyom log 1 shows its steps" vyom log 1
out "^Run 1: vyom apply --sysroot $root --yes, vyom [0-9.]+, " "what was typed, and with which vyom"
out 'vyom-control-1 \(101\)  done ' "the steps that were done"
out '\$ qm clone 9000 101 --name vyom-control-1 --description .managed by vyom: vyom/vyom-control-1.' "with their commands"
out '\| create linked clone of drive scsi0' "and output"
out 'vyom-control-1 \(101\)  failed ' "the one that failed"
out 'no free extents here' "and why"
out 'vyom-worker-1 \(102\)  retried ' "the one that was tried again"
out "can't lock file '/var/lock/qemu-server/lock-102.conf' - got timeout" "and why"
status 0 "vyom log 1 -o json" vyom log 1 -o json
ok "is the run" json "\$d->{run} == 1 && \$d->{verb} eq 'apply' && \$d->{vmids} eq '101 102 103' &&
	\$d->{result} eq 'failed' && \$d->{ended} >= \$d->{started} && \$d->{started} > 1.6e9"
ok "its steps, numbered" json "join(',', map { \$_->{step} } @{\$d->{steps}}) eq join(',', 1 .. @{\$d->{steps}})"
ok "each with what vyom(8) names" json "!grep { my \$s = \$_; grep { !exists \$s->{\$_} }
	qw(step vm vmid verb argv before started ended result exit_status message output) } @{\$d->{steps}}"
ok "the failed one" json "(\$s) = grep { \$_->{result} eq 'failed' } @{\$d->{steps}};
	\$s->{vmid} == 101 && \$s->{verb} eq 'resize' && \$s->{exit_status} == 0 && \$s->{message} =~ /no free extents here/"
ok "the one tried again" json "(\$s) = grep { \$_->{result} eq 'retried' } @{\$d->{steps}};
	\$s->{vmid} == 102 && \$s->{verb} eq 'set' && \$s->{exit_status} == 4 && \$s->{message} =~ /got timeout/"
vyom log -o json
ok "vyom log -o json lists both runs with what vyom(8) names" json "@{\$d->{runs}} == 2 && \$d->{runs}[0]{result} eq 'done' &&
	!grep { my \$r = \$_; grep { !exists \$r->{\$_} } qw(run verb argv version vmids started ended result summary) } @{\$d->{runs}}"

# --- what is no run ---
status 64 "an unknown run" vyom log 99
out "has no run 99; .vyom log. lists" "is refused by its number"
for word in 0 -- -1 1x two 99999999999999999999; do
	status 64 "a word that is no run: $word" vyom log -- "$word"
done
out '99999999999999999999' "is quoted"

# --- beside a live run ---
sed -i 's/disk = "64G"/disk = "65G"/' "$root/etc/vyom/vyom.conf"
wrap qm <<-'END'
	touch "$root/began"
	hold
	exec "$real" "$@"
END
begin apply --yes
soon test -e "$root/began"
status 0 "log works while a run is live" vyom log
out '^ +3 .* apply +running ' "and shows that it runs"
status 4 "outputs are not removed meanwhile" vyom log --prune 0
out 'another run holds this node: vyom apply' "for the run holds the node"
status 0 "its steps too" vyom log 3
out 'vyom-control-1 \(101\)  open' "as far as they are"
release
status 0 "which does not disturb it" finished

# --- old outputs ---
output=$root/var/lib/vyom/output
kept=$(ls "$output" | wc -l)
status 0 "vyom log --prune" vyom log --prune
out '^0 outputs of runs that ended more than 90 days ago removed: 0 B\.$' "removes nothing that is young"
ok "nothing" test "$(ls "$output" | wc -l)" = "$kept"
touch -d '91 days ago' "$output/98-1"
status 0 "vyom log --prune -o json" vyom log --prune -o json
ok "says how much of what age it removed" json "\$d->{days} == 90 && \$d->{files} == 1 && \$d->{bytes} == 0"
vyom log 1
cp "$tmp/out" "$tmp/before"
status 0 "vyom log --prune 0" vyom log --prune 0
out "^$kept outputs of runs that ended more than 0 days ago removed: [0-9.]+ (KiB|B)\.\$" "removes those of all runs that ended"
ok "all of them" test -z "$(ls "$output")"
vyom log 1
ok "the journal keeps the steps, with their last lines" cmp -s "$tmp/before" "$tmp/out"
status 0 "the next run has nothing to do" vyom apply --yes
for word in -1 x 1.5 99999; do
	status 64 "$word is no number of days" vyom log --prune -- "$word"
done

# --- a journal that is not for this vyom ---
cp "$journal" "$tmp/journal.db"

# refused STATUS PATTERN SENTENCE: by every verb that reads the journal, and nothing is changed
refused() {
	local before verb

	before=$(ls -A "$root/var/lib/vyom" && md5sum <"$journal")
	for verb in log "log --prune 0" plan verify status "apply --yes" "destroy --yes vyom-control-1"; do
		# shellcheck disable=SC2086 # a verb and its options
		status "$1" "$3: vyom $verb" vyom $verb
		out "$2" "$3: $verb says what to do"
	done
	ok "$3: it is left as it was" test "$before" = "$(ls -A "$root/var/lib/vyom" && md5sum <"$journal")"
}

# the schema's number is at byte 60
printf '\0\0\0\143' | dd of="$journal" bs=1 seek=60 conv=notrunc status=none
refused 3 'was written by a newer vyom: it has schema 99, .*install the newer vyom' "a newer vyom's journal"
echo 'this is no database, but it is long enough to be looked at as one; it was here before' >"$journal"
refused 2 'is no journal.*move it away' "garbage in its place"
cp "$tmp/journal.db" "$journal"
printf 'garbage garbage garbage garbage' | dd of="$journal" bs=1 seek=4096 conv=notrunc status=none
status 2 "a journal that is damaged inside" vyom log
out 'damaged; move it away' "is said with what to do"
cp "$tmp/journal.db" "$journal"
chmod 666 "$journal"
refused 3 'can be written by everybody; .*chmod 600' "a journal that everybody may write"
rm "$journal" && ln -s "$tmp/journal.db" "$journal"
refused 3 'is a symlink' "a symlink in its place"
done_testing
