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
for file in /sbin/vyom /man8/vyom.8 /man5/vyom.conf.5 /vyom/vyom.conf /cron.d/vyom vyom-verify.timer vyom-verify.service; do
	out "$file\$" "$file"
done
config=$(find "$dest" -path '*/etc/vyom/vyom.conf' -o -path '*/vyom/vyom.conf' | grep -v examples | head -1)
ok "the config is the example" cmp -s "$config" "$srcdir/etc/vyom.conf"
echo '# mine' >>"$config"
ok "make install again" install_to install
ok "leaves an edited config alone" grep -q '^# mine' "$config"
unit=$(find "$dest" -name vyom-verify.service)
ok "the unit's paths are filled in" not grep -q '@' "$unit"
ok "the unit runs the installed vyom" test -x "$dest$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")"
cron=$(find "$dest" -path '*/cron.d/vyom')
ok "cron's file is not executable" not test -x "$cron"
ok "cron's line has a user" grep -q '^17 \* \* \* \* root ' "$cron"
ok "make uninstall removes it all" install_to uninstall
ok "but the edited config" test "$(find "$dest" -type f)" = "$config"

# what cron runs, on a node
node_new
owner_conf
vyom apply --yes
line=$(sed -n 's/^17 \* \* \* \* root //p' "$srcdir/etc/cron.d/vyom" |
	sed "s:/etc/vyom/vyom.conf:$root/etc/vyom/vyom.conf:; s:vyom verify -q:$top_builddir/vyom verify --sysroot $root -q:")
ok "cron's command is silent while all is in line" sh -c "VYOM_CRON=yes; $line >'$tmp/out' 2>&1"
ok "not a word" not test -s "$tmp/out"
qm set 102 --onboot 0 >/dev/null
sh -c "VYOM_CRON=yes; $line >'$tmp/out' 2>&1"
out '^drift vyom-worker-1' "it prints drift, which cron mails"
done_testing
