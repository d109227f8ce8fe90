#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The command line: help and version come from one table, mistakes are usage errors.
. "${srcdir:-.}/t/lib.sh"

bare() {
	"$top_builddir/vyom" "$@" >"$tmp/out" 2>&1 </dev/null
}

status 0 "vyom --version" bare --version
out '^vyom [0-9]+\.[0-9]+\.[0-9]+$' "prints the version"
status 0 "vyom help" bare help
verbs=$(awk '/^  [a-z-]+ / && $1 != "help" { print $1 }' "$tmp/out")
ok "lists the verbs" test "$(echo "$verbs" | wc -w)" -ge 8
for verb in $verbs; do
	bare help "$verb"
	cp "$tmp/out" "$tmp/help"
	status 0 "vyom $verb --help" bare "$verb" --help
	ok "is what vyom help $verb says" cmp -s "$tmp/out" "$tmp/help"
	ok "the man page has $verb" grep -q "^.It Cm $verb\$" "$srcdir/agent/vyom.8"
	for option in $(grep -Eo -- '--[a-z-]+' "$tmp/help" | sort -u); do
		ok "the man page has $verb's $option" grep -q -- "^.It Fl .*-${option#--}" "$srcdir/agent/vyom.8"
	done
done
status 64 "no verb is a usage error" bare
status 64 "an unknown verb too" bare frobnicate
out 'there is no verb "frobnicate"' "named in the message"
status 64 "help for an unknown verb" bare help frobnicate
status 64 "an unknown option" bare plan --frobnicate
out 'vyom plan has no option --frobnicate' "named with its verb"
status 64 "an option of another verb" bare plan --yes
status 64 "an option without its argument" bare plan -c
status 64 "an unknown format" bare plan -o yaml
out 'formats are text, json and events' "says which there are"
status 64 "one word too many" bare plan now
out '"now" is too much' "named"
status 64 "a wait that is no number" bare apply --wait soon
status 2 "a config that is not there" bare plan -c "$tmp/none.conf"
out 'none.conf: cannot be read: No such file' "named"

if [ -w /dev/full ]; then
	status 2 "output that cannot be written is a failure" sh -c "'$top_builddir/vyom' help plan >/dev/full 2>/dev/null; exit \$?"
fi
done_testing
