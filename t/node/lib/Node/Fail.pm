# SPDX-License-Identifier: GPL-3.0-or-later
#
# Errors, and the exit status each gives.
#
# An error is a plain die with a text. A real `qm` that dies outside a task exits with whatever errno was last, so the
# status of each known text is written down here as the real node showed it (pve-facts 0.11, 12.2); 255 for the rest.

package Node::Fail;
use strict;
use warnings;

my @status = (
    [qr/^Configuration file '.*' does not exist/ => 2],
    [qr/^unable to find configuration file/ => 2],
    [qr/^unable to create VM \d+: config file already exists/ => 2],
    [qr/^parameter 'storage' not allowed for linked clones/ => 2],
    [qr/^no such cluster node/ => 2],
    [qr/^snapshot '.*' does not exist/ => 2],
    [qr/^can't open '.*' - No such file/ => 2],
    [qr/: non-existent or non-regular file/ => 2],
    [qr/^VM \d+ is not running$/ => 2],
    [qr/^VM \d+ not running$/ => 2],
    [qr/^lvcreate '.*' error/ => 5],
    [qr/ - got timeout$/ => 4],
    [qr/^VM \d+ is running - destroy failed/ => 25],
    [qr/^you can't convert a VM to template if VM is running/ => 25],
);

sub status {
    my ($text) = @_;
    return 2 if $text =~ /^VM \d+ is not running$/ || $text =~ /^VM \d+ not running$/;
    for my $known (@status) {
        return $known->[1] if $text =~ $known->[0];
    }
    return 255;
}

# The 400 of the API: one `key: reason` line each, in sorted order; the caller adds the usage line (pve-facts 0.12).
sub parameters {
    my (%reason) = @_;
    die "400 Parameter verification failed.\n" . join('', map { "$_: $reason{$_}\n" } sort keys %reason);
}

1;
