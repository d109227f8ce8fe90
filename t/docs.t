#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual pages are well-formed, and what the README names is there.
. "${srcdir:-.}/t/lib.sh"

cd "$srcdir" || exit 1

if command -v mandoc >/dev/null; then
	for page in agent/vyom.8 agent/vyom.conf.5; do
		# pages of other packages may not be installed here
		mandoc -Tlint -Wwarning "$page" 2>&1 | grep -v 'referenced manual not found' >"$tmp/out"
		ok "$page: mandoc has nothing to say" not test -s "$tmp/out"
	done
else
	report 0 "mandoc has nothing to say # SKIP mandoc is not installed"
fi

# keys of the config, in the only table there is of them
sed -n 's/^\t*"\([a-z0-9-]*\)", SCOPE_.*/\1/p' agent/model/key_table.c >"$tmp/keys"
ok "the table of keys is read" test "$(wc -l <"$tmp/keys")" -gt 20
while read -r key; do
	ok "vyom.conf(5) has $key" grep -q "^\.It Cm $key " agent/vyom.conf.5
done <"$tmp/keys"
grep -o '^\.It Cm [a-z0-9-]* Pq' agent/vyom.conf.5 | cut -d' ' -f3 | grep -vxFf "$tmp/keys" >"$tmp/out"
ok "and none that is no key" not test -s "$tmp/out"

# each key's example is that of etc/vyom.conf
while read -r key; do
	value=$(sed -nE "s/^\t*#?\t*$key = (.*)$/\1/p" etc/vyom.conf | head -1 | sed -E 's/\t+#.*//; s/\\/\\e/g; s/"/\\(dq/g')
	ok "vyom.conf(5) has the example of $key" grep -qxF ".Dl $key = $value" agent/vyom.conf.5
done <"$tmp/keys"

# address is a key of two kinds, each with an example of its own
while read -r section value; do
	sed -n "/^\.It Cm address Pq $section/,/^\.Dl/p" agent/vyom.conf.5 | tail -1 >"$tmp/out"
	ok "vyom.conf(5) has the example of a $section's address" grep -qxF ".Dl address = \\(dq$value\\(dq" "$tmp/out"
	ok "which etc/vyom.conf has" grep -qF "address = \"$value\"" etc/vyom.conf
done <<-'END'
	vm 192.168.68.211/20
	node root@192.168.68.10
END

# when a change of each key of a VM or a card is in force: each stands there once
sed -nE 's/^\t*"([a-z0-9-]*)", .*SCOPE_(VM|GUEST|NIC)\>.*/\1/p' agent/model/key_table.c | sort >"$tmp/keys"
sed -n '/^\.Ss When a change is in force/,/^\.S[hs] [^W]/s/^\.Cm //p' agent/vyom.conf.5 | sed 's/ [,;:.]//g' | tr ' ' '\n' |
	grep . | sort >"$tmp/said"
ok "there are some" test "$(wc -l <"$tmp/keys")" -gt 60
diff "$tmp/keys" "$tmp/said" >"$tmp/out"
ok "vyom.conf(5) says of each key of a VM when its change is in force" not test -s "$tmp/out"

# how long a step may take
perl -ne 'print "$1 ", $2 || "none", "\n" while /\[QM_[A-Z]+\]\s*= \{ "([a-z]+)", ([0-9]+),/g' \
	agent/model/qm.c | sort >"$tmp/limits"
sed -n '/^\.It Cm timeouts/,/^\.El/p' agent/vyom.conf.5 |
	perl -ne '$t = $1 if /^\.It ([0-9]+|none)$/; print map { "$_ $t\n" } grep { /[a-z]/ } split / /, $1 if defined $t && /^\.Cm (.*)/' |
	sort >"$tmp/said"
ok "steps are read" test "$(wc -l <"$tmp/limits")" -gt 15
diff "$tmp/limits" "$tmp/said" >"$tmp/out"
ok "vyom.conf(5) says how long each step may take" not test -s "$tmp/out"

grep -Eo '\b(agent|t|etc|scripts)/[A-Za-z0-9._/-]*[A-Za-z0-9_]' README | sort -u >"$tmp/named"
ok "the README names files" test -s "$tmp/named"
while read -r file; do
	case $file in
	etc/vyom/* | etc/pve/*) continue ;;	# of a node
	esac
	ok "the README's $file is there" test -e "$file"
done <"$tmp/named"
for file in COPYING agent/vyom.8 agent/vyom.conf.5 etc/vyom.conf; do
	ok "$file is there" test -e "$file"
done
for word in $(grep -Eo '`?\bvyom [a-z]+\b' README | sed 's/.*vyom //' | sort -u); do
	"$top_builddir/vyom" help "$word" >"$tmp/out" 2>&1 || continue
	verbs="${verbs:-} $word"
done
ok "the README's verbs are verbs of vyom" test "$(wc -w <<<"${verbs:-}")" -ge 4
done_testing
