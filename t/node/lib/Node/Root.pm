# SPDX-License-Identifier: GPL-3.0-or-later
#
# Where the node is, and its settings.
#
# A tool is run as ROOT/usr/sbin/qm; ROOT is what stands in front, empty on a machine that is itself the node. Every path
# of the node is ROOT + the path that Proxmox VE uses; texts for people show the path without ROOT, as the real tool would.
# Settings are `key value` lines in ROOT/etc/stand-in.conf.

package Node::Root;
use strict;
use warnings;

our $root = '';
our %setting = (
    'node' => 'pve',
    'backend' => 'text',
    'time-scale' => 1,
    'latency' => 0,
    'clone-rate' => 400,
    'linger' => 0.3,
    'pve' => '8.4.21',
    'qemu' => '10.0.2',
);

# Take ROOT from the path of the tool, $0, and read its settings.
sub find {
    my ($invoked) = @_;
    $invoked = "$ENV{PWD}/$invoked" if $invoked !~ m!^/!;
    $root = $1 if $invoked =~ m!^(.*?)/usr/s?bin/[^/]+$!s;
    $root =~ s!/+$!!;
    settings();
}

sub settings {
    my $text = slurp(path('/etc/stand-in.conf'));
    for my $line (split /\n/, $text // '') {
        $setting{$1} = $2 if $line =~ /^\s*([a-z][a-z-]*)\s+(.*?)\s*$/;
    }
}

sub path { return $root . $_[0]; }
sub node { return $setting{node}; }

# Wait for as long as the real thing takes, times time-scale.
sub pause {
    my ($seconds) = @_;
    my $time = $seconds * $setting{'time-scale'};
    select(undef, undef, undef, $time) if $time > 0;
}

# A clock that never jumps back, in seconds.
sub clock {
    open(my $fh, '<', '/proc/uptime') or return time();
    my ($up) = split / /, readline($fh);
    return $up;
}

# The whole of a file, or undef.
sub slurp {
    my ($file) = @_;
    open(my $fh, '<', $file) or return undef;
    local $/;
    my $text = readline($fh);
    close($fh);
    return $text // '';
}

# Replace a file by write and rename, as PVE::File::file_set_contents does (pve-facts 5.9).
sub replace {
    my ($file, $text) = @_;
    commit(draft($file, $text), $file);
}

sub draft {
    my ($file, $text) = @_;
    my $tmp = "$file.tmp.$$";
    open(my $fh, '>', $tmp) or die "unable to open file '" . shown($tmp) . "' - $!\n";
    print $fh $text;
    close($fh) or die "unable to write '" . shown($tmp) . "' - $!\n";
    return $tmp;
}

sub commit {
    my ($tmp, $file) = @_;
    rename($tmp, $file) or die "close (rename) atomic file '" . shown($file) . "' failed: $!\n";
}

# A path as the real tool would print it.
sub shown {
    my ($file) = @_;
    $file =~ s/^\Q$root\E//;
    return $file;
}

# mkdir -p
sub folder {
    my ($dir) = @_;
    return if -d $dir;
    (my $up = $dir) =~ s!/[^/]+$!!;
    folder($up) if $up ne '' && $up ne $dir;
    mkdir $dir;
}

# Random hex digits, upper case.
sub random_hex {
    my ($count) = @_;
    open(my $fh, '<', '/dev/urandom') or die "no /dev/urandom: $!\n";
    sysread($fh, my $bytes, ($count + 1) >> 1);
    return substr(uc(unpack('H*', $bytes)), 0, $count);
}

sub uuid {
    my $hex = lc(random_hex(32));
    substr($hex, 12, 1) = '4';
    substr($hex, 16, 1) = substr('89ab', hex(substr($hex, 16, 1)) & 3, 1);
    return join('-', unpack('A8 A4 A4 A4 A12', $hex));
}

1;
