#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# bench_build.sh - print, for each of five builds of a template, its seconds, those in qm, and those of its guest step
#
# qm's time is taken around each call, by a script in its place; the guest's from the journal. All else is vyom's: the
# checks, the looks at the node, and the hashing of the image and of the finished disk, which are small here (33 MiB).

# shellcheck source=t/guests.sh
. "${srcdir:-.}/t/guests.sh"
# shellcheck source=t/lib.sh
. "$srcdir/t/lib.sh"
# shellcheck source=t/live.sh
. "$srcdir/t/live.sh"
# shellcheck source=t/images.sh
. "$srcdir/t/images.sh"

unset VYOM_TIME_SCALE
export sink="key-file = \"$tmp/master\""

fail() {
	cat "$tmp/out" >&2
	exit 1
}

guest_seconds() {
	vyom log -o json 1 || fail
	perl -MJSON::PP -0777 -ne 'printf "%.3f\n", $_->{ended} - $_->{started}
		for grep { $_->{verb} eq "guest" } @{decode_json($_)->{steps}}' "$tmp/out"
}

for _ in 1 2 3 4 5; do
	node_bare --time-scale 1 --latency 0.8 --clone-rate 400
	# shellcheck disable=SC2016 # for the script
	wrap qm <<-'END'
		began=$EPOCHREALTIME
		"$real" "$@"
		status=$?
		echo "$EPOCHREALTIME - $began" >>"$root/qm-seconds"
		exit $status
	END
	template_conf
	began=$EPOCHREALTIME
	build || fail
	ended=$EPOCHREALTIME
	awk "BEGIN { print $ended - $began, $(paste -s -d + "$root/qm-seconds"), $(guest_seconds) }"
done
