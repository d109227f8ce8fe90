#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Shell scripts pass shellcheck.
. "${srcdir:-.}/t/lib.sh"

command -v shellcheck >/dev/null || skip_all "shellcheck is not installed"
cd "$srcdir" || exit 1

for file in t/*.t t/*.sh t/vm/* scripts/* .ci/* etc/bash-completion/*; do
	[ -f "$file" ] || continue
	grep -qE '^#!/.*[/ ](ba|da)?sh$|^# shellcheck shell=' "$file" || continue
	# SC2154: what lib.sh gives to those that read it
	shellcheck -S warning -e SC2154 "$file" >"$tmp/out" 2>&1
	report $? "$file"
done
ok "there were some" test "$tests" -gt 15
done_testing
