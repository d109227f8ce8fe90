#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# make install: what belongs where, and an edited config stays as it is.
. "${srcdir:-.}/t/lib.sh"

dest=$tmp/dest
install_to() {
	make -s -C "$top_builddir" "$1" DESTDIR="$dest" >"$tmp/out" 2>&1
}

ok "make install installs" install_to install
find "$dest" -type f | sed "s:^$dest::" | sort >"$tmp/out"
for file in /sbin/vyom /man8/vyom.8 /man5/vyom.conf.5 /vyom/vyom.conf /cron.d/vyom /completions/vyom vyom-verify.timer vyom-verify.service; do
	out "$file\$" "$file"
done
config=$(find "$dest" -path '*etc/vyom/vyom.conf')
example=$(find "$dest" -path '*share/vyom/vyom.conf')
ok "the config is the example" cmp -s "$config" "$srcdir/etc/vyom.conf"
ok "which lies beside" cmp -s "$example" "$srcdir/etc/vyom.conf"
echo '# of an earlier version' | tee -a "$config" >>"$example"
ok "make install again" install_to install
ok "a config that nobody edited follows the example" cmp -s "$config" "$srcdir/etc/vyom.conf"
echo '# mine' >>"$config"
ok "make install once more" install_to install
ok "leaves an edited config alone" grep -q '^# mine' "$config"
unit=$(find "$dest" -name vyom-verify.service)
ok "the unit's paths are filled in" not grep -q '@' "$unit"
ok "and are those of its config and the example" grep -q " ${config#"$dest"} ${example#"$dest"}'" "$unit"
ok "the unit runs the installed vyom" test -x "$dest$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")"
cron=$(find "$dest" -path '*/cron.d/vyom')
ok "cron's file is not executable" not test -x "$cron"
ok "cron's line has a user" grep -q '^17 \* \* \* \* root ' "$cron"
ok "its paths are filled in" not grep -q '@' "$cron"

# what cron runs, on a node whose vyom.conf is at first the example
node_new
cp "$example" "$config" "$root/etc/vyom/"
# cron_runs [VYOM]: its line, with the paths of this node and no systemd
# shellcheck disable=SC2120
cron_runs() {
	sed -n 's/^17 \* \* \* \* root //p' "$cron" | sed "s:${config#"$dest"}:$root/etc/vyom/vyom.conf:g
		s:${example#"$dest"}:$example:; s:[^ ]*/vyom verify:$top_builddir/vyom verify --sysroot $root:
		s:-x [^ ]*:-x ${1:-$top_builddir/vyom}:" >"$tmp/line"
	VYOM_CRON=yes sh "$tmp/line" >"$tmp/out" 2>&1
}
status 0 "cron finds nothing wrong with an unchanged example" cron_runs
ok "and says nothing" not test -s "$tmp/out"
condition=$(sed -n "s:^ExecCondition=::p" "$unit" |
	sed "s:${config#"$dest"}:$root/etc/vyom/vyom.conf:; s:${example#"$dest"}:$example:")
status 1 "the unit's condition does not hold then" eval "$condition"
owner_conf
status 1 "once it was edited, cron looks" cron_runs
status 0 "and so does the unit" eval "$condition"
vyom apply --yes
status 0 "cron's command is content while all is in line" cron_runs
ok "not a word" not test -s "$tmp/out"
qm set 102 --onboot 0 >/dev/null
cron_runs
out '^drift vyom-worker-1' "it prints drift, which cron mails"
status 0 "the file that a removed package leaves runs nothing" cron_runs "$tmp/gone"
ok "and says nothing either" not test -s "$tmp/out"

echo '# mine' >>"$config"
ok "make uninstall removes it all" install_to uninstall
ok "but the edited config" test "$(find "$dest" -type f)" = "$config"
done_testing
