#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shape of agent/: layers, one foreign library a file, no I/O below the edge, and what is not written here.
. "${srcdir:-.}/t/lib.sh"

cd "$srcdir" || exit 1

# code FILE…: "FILE:LINE: text", without comments and what stands in quotes
code() {
	perl -0777 -ne '
		s{/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*")|\x27(?:\\.|[^\x27\\\n])+\x27}
		 { $1 ? "\"\"" : $& =~ s/[^\n]//gr }gse;
		my $n = 0;
		print map { $n++; "$ARGV:$n: $_\n" } split /\n/' "$@"
}

# none SENTENCE: passes if $tmp/out, a list of breaches, is empty
none() {
	ok "$1" not test -s "$tmp/out"
}

# --- layers ---
perl -e '
	my @order = qw(base model decide edge act cli);
	my %rank = map { $order[$_] => $_ } 0 .. $#order;
	for my $file (glob "agent/*/*.[ch]") {
		my ($layer) = $file =~ m{^agent/([^/]+)/};
		print "$file: no layer is called $layer\n" if !defined $rank{$layer};
		open my $in, "<", $file or die "$file: $!\n";
		while (<$in>) {
			my ($name) = /^\s*#\s*include\s+"([^"]+)"/ or next;
			my ($from) = $name =~ m{^([^/]+)/[^/]+\.h$};
			print "$file:$.: \"$name\" is not written LAYER/FILE.h\n" if !defined $from;
			print "$file:$.: $layer may not know of $name\n"
				if defined $from && ($rank{$from} // 99) > ($rank{$layer} // -1);
		}
	}' >"$tmp/out"
none "a file includes headers of its own layer or a lower one"
find agent -mindepth 1 -maxdepth 1 ! -name '*.[58]' ! -type d >"$tmp/out"
none "sources lie in a layer"
ok "there are sources at all" test "$(find agent -name '*.c' | wc -l)" -gt 40

# --- foreign libraries, also through our own headers ---
perl -e '
	my @known = (
		["libconfuse", qr/^confuse\.h$/, qr{^edge/spec_conf\.c$}],
		["libdevmapper", qr/^libdevmapper\.h$/, qr{^edge/thin_(dm|row_kernel)\.c$}],
		["SQLite", qr/^sqlite3\.h$/, qr{^edge/journal(_[a-z]+)?\.[ch]$}],
		["jansson", qr/^jansson\.h$/, qr{^(edge/(agent|image|lvs|pvefs|bundle)\.c|cli/.*)$}],
		["libcrypto", qr{^openssl/}, qr{^base/(base64|digest)\.c$}],
		["libssh", qr{^libssh/}, qr{^edge/(ssh|link)_[a-z]+\.[ch]$|^edge/link\.c$}],
	);
	my (%includes, %foreign);
	for my $file (map { s{^agent/}{}r } glob "agent/*/*.[ch]") {
		open my $in, "<", "agent/$file" or die "$file: $!\n";
		while (<$in>) {
			push @{$includes{$file}}, $1 if /^\s*#\s*include\s+"([^"]+)"/;
			my ($name) = /^\s*#\s*include\s+<([^>]+)>/ or next;
			$foreign{$file}{$_->[0]} = 1 for grep { $name =~ $_->[1] } @known;
		}
	}
	sub reached {
		my ($file, $seen) = @_;
		return () if $seen->{$file}++;
		return keys %{$foreign{$file} // {}}, map { reached($_, $seen) } @{$includes{$file} // []};
	}
	for my $file (sort grep { /\.[ch]$/ } map { s{^agent/}{}r } glob "agent/*/*.[ch]") {
		my %libraries = map { $_ => 1 } reached($file, {});
		print "agent/$file: knows ", join(" and ", sort keys %libraries), "\n" if keys %libraries > 1;
		for my $one (@known) {
			print "agent/$file: is not where $one->[0] belongs\n" if $libraries{$one->[0]} && $file !~ $one->[2];
		}
	}' >"$tmp/out"
none "each foreign library is known where it belongs, and no file knows two"

# --- the lower layers do no I/O ---
calls='open|open64|openat|creat|close|read|pread|readv|write|pwrite|writev|lseek|fopen|fdopen|freopen|fmemopen|fclose|fread|fwrite'
calls+='|fgets|fgetc|getc|getline|printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|putc|fputc|perror|fflush'
calls+='|stat|lstat|fstat|fstatat|access|faccessat|readlink|unlink|unlinkat|rename|renameat|mkdir|mkdirat|rmdir|link|symlink'
calls+='|opendir|readdir|closedir|scandir|glob|chdir|getcwd|chmod|fchmod|chown|truncate|ftruncate|fsync|fdatasync|flock|fcntl'
calls+='|ioctl|mmap|socket|connect|bind|listen|accept|send|sendto|recv|poll|select|fork|vfork|execve|execv|execvp|execl|execlp'
calls+='|posix_spawn|posix_spawnp|wait|waitpid|kill|raise|signal|sigaction|sleep|usleep|nanosleep|time|clock|clock_gettime'
calls+='|gettimeofday|getenv|setenv|putenv|getpid|getppid|geteuid|getuid|isatty|syslog|exit|_exit|gethostname|uname|rand|random'
# file.c reads a file, scope.h closes what a scope opened, memory.c has last words when there is none left
find agent/base agent/model agent/decide -name '*.[ch]' ! -path agent/base/file.c ! -path agent/base/scope.h \
	! -path agent/base/memory.c | sort >"$tmp/files"
# shellcheck disable=SC2046 # our own names have no blanks
code $(cat "$tmp/files") | grep -E "[^A-Za-z0-9_>.]($calls)[[:space:]]*\(" >"$tmp/out"
none "base, model and decide do no I/O: they neither open, print, run nor look at the clock"

# --- what is not written here, because there is something better ---
calls='system|popen|sprintf|vsprintf|strcpy|strcat|gets|strtok|alloca|tmpnam|mktemp|atoi|atol|execvp|execlp'
# shellcheck disable=SC2046
code $(find agent -name '*.[ch]' | sort) | grep -E "[^A-Za-z0-9_>.]($calls)[[:space:]]*\(" >"$tmp/out"
none "no shell, no unbounded copy, no search in PATH"

# --- form ---
find agent -name '*.[ch]' -print0 | sort -z | xargs -0 wc -l | awk '$1 > 450 && $2 != "total"' >"$tmp/out"
none "no file is longer than 450 lines"
find agent -name '*.[ch]' -print0 | sort -z | xargs -0 perl -CSDA -ne '
	chomp;
	1 while s/^([^\t]*)\t/$1 . " " x (8 - length($1) % 8)/e;
	print "$ARGV:$.: ", length, " columns\n" if length > 100;
	close ARGV if eof' >"$tmp/wide"
sed 's/^/# /' "$tmp/wide"
awk '$2 > 110' "$tmp/wide" >"$tmp/out"
none "no line is wider than 110 columns"
find agent t scripts etc .ci Makefile.am configure.ac \( -name '*.[ch]' -o -name '*.t' -o -name '*.sh' -o -name '*.p[lm]' -o -name '*.[58]' \
	-o -name Makefile.am -o -name configure.ac -o -path 'scripts/*' -o -path '.ci/*' -o -path 't/vm/*' -o -perm -100 \) \
	-type f ! -name '*.in' ! -name '*~' 2>/dev/null | sort | while read -r file; do
	head -3 "$file" | grep -q 'SPDX-License-Identifier: GPL-3\.0-or-later' || echo "$file"
done >"$tmp/out"
none "each source says its licence in its head"
grep -rnE '[[:blank:]]+$' agent --include='*.[ch]' >"$tmp/out"
none "no line ends in blanks"

# --- headers ---
for file in agent/*/*.h; do
	guard=$(basename "$file" .h | tr 'a-z-' 'A-Z_')_H
	grep -qx "#ifndef $guard" "$file" && grep -qx "#define $guard" "$file" || echo "$file: no guard $guard"
done >"$tmp/out"
none "every header has its guard"
if [ -n "${CC:-}" ] && [ -e "$top_builddir/config.h" ]; then
	for file in agent/*/*.h; do
		echo "#include \"${file#agent/}\"" >"$tmp/$(tr / - <<<"$file").c"
	done
	$CC -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -include "$top_builddir/config.h" -iquote "$srcdir/agent" \
		"$tmp"/agent-*.c >"$tmp/out" 2>&1
	none "every header compiles alone"
else
	report 0 "every header compiles alone # SKIP no compiler is named"
fi
done_testing
