#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bash completes what vyom knows: its verbs, and each verb's options.
. "${srcdir:-.}/t/lib.sh"

# shellcheck source=/dev/null
source "$srcdir/etc/bash-completion/vyom"
vyom=$top_builddir/vyom

# completed WORD…: what stands to choose from for the last WORD, sorted
completed() {
	COMP_WORDS=(vyom "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_vyom "$vyom" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
	printf '%s\n' "${COMPREPLY[@]}" | sort >"$tmp/out"
}

# is WORD…: just these, in any order
is() {
	cmp -s <(printf '%s\n' "$@" | sort) "$tmp/out"
}

# words of the help itself, without what the completion reads of it
verbs=$("$vyom" help | grep -Eo '^  [a-z]+(-[a-z]+)*' | tr -d ' ')
ok "there are verbs" test "$(wc -w <<<"$verbs")" -gt 8
completed ""
# shellcheck disable=SC2086 # words
ok "after vyom stand all its verbs" is $verbs
completed he
ok "or those that begin so" is help
completed frob
ok "or none" is ''
completed help pl
ok "help is for verbs" is plan
for verb in $verbs; do
	options=$("$vyom" help "$verb" 2>/dev/null | grep -Eo '(^|[ ,])--?[A-Za-z]+(-[a-z]+)*' | tr -d ' ,')
	[ -n "$options" ] || continue
	completed "$verb" -
	# shellcheck disable=SC2086
	ok "vyom $verb has the options that its help has" is $options
done
completed plan --rei
ok "an option that is begun" is --reinit
completed template ""
ok "the words of template" is build list lint verify prune
completed template build ""
ok "and after one of them no other" is ''
completed apply ""
ok "a verb without words has none" is ''

cd "$tmp" && mkdir folder && : >"a file.conf"
completed plan -c a
ok "-c is for files, also with a blank in the name" is 'a file.conf'
completed plan --config a
ok "and so is --config" is 'a file.conf'
completed plan --sysroot f
ok "--sysroot is for folders" is folder
completed plan -o ""
ok "-o is for formats" test "$(wc -l <"$tmp/out")" -ge 2
node_new
owner_conf
while read -r format; do
	vyom plan -o "$format"
	no_out 'formats are' "$format is one"
done < <(cat "$tmp/out")
completed apply --wait ""
ok "a number is not guessed" is ''
completed apply --yes --d
ok "options can follow one another" is --dry-run
done_testing
