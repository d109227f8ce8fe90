# SPDX-License-Identifier: GPL-3.0-or-later
#
# Faults ordered by a test: what goes wrong, at which named step.
#
# ROOT/etc/stand-in.d/faults holds lines `VERB[:VMID] POINT ACTION [COUNT]`. A point lies right after the step it is named
# after. COUNT (1 when not given) is how often it strikes; the file is rewritten, under a lock, each time one does.
#
#   kill           SIGKILL to the task's parent and to the process itself, as a power cut does
#   hang           sleep for ever
#   fail TEXT      die with TEXT
#   lie            end here, with success
#   lock-timeout   wait for the usual time and die as if somebody held the lock

package Node::Fault;
use strict;
use warnings;
use Fcntl qw(:flock);
use Node::Root;

our $verb = '';
our @vmids;
our $parent;    # pid of the qm that runs this task, when in a worker
our $armed;     # is there a fault file at all? (looked up once)

sub file { return Node::Root::path('/etc/stand-in.d/faults'); }

sub begin {
    ($verb, @vmids) = @_;
    $armed = -e file();
}

# The step called $point was just done: strike if the test asked for it.
sub point {
    my ($point) = @_;
    return if !$armed;
    my $action = strike($point) // return;
    act($action, $point);
}

sub act {
    my ($action, $point) = @_;
    if ($action eq 'kill') {
        kill 'KILL', $parent if $parent;
        kill 'KILL', $$;
        sleep 1 while 1;
    } elsif ($action eq 'hang') {
        sleep 1 while 1;
    } elsif ($action eq 'lie') {
        die { lie => 1 };
    } elsif ($action eq 'lock-timeout') {
        my $file = $point eq 'storage-lock' ? '/var/lock/pve-manager/pve-storage-local-lvm'
            : "/var/lock/qemu-server/lock-$vmids[0].conf";
        print STDERR "trying to acquire lock...\n";
        Node::Root::pause(10);
        die "can't lock file '$file' - got timeout\n";
    } elsif ($action =~ /^fail(?:\s+(.*))?$/) {
        die(($1 // 'stand-in: fault') . "\n");
    } else {
        die "stand-in: unknown fault '$action'\n";
    }
}

# Find the fault for this point, take one off its count, and say what to do.
sub strike {
    my ($point) = @_;
    open(my $lock, '>>', file() . '.lock') or return undef;
    flock($lock, LOCK_EX);
    my ($action, @kept);
    for my $line (split /\n/, Node::Root::slurp(file()) // '') {
        if (!defined($action) && $line =~ /^\s*([a-z]+)(?::(\d+))?\s+(\S+)\s+(\S.*?)\s*$/) {
            my ($for, $vmid, $at, $what) = ($1, $2, $3, $4);
            my $count = $what =~ s/\s+(\d+)$// ? $1 : 1;
            my $mine = $for eq $verb && $at eq $point && (!defined($vmid) || grep { $_ == $vmid } @vmids);
            if ($mine && $count > 0) {
                $action = $what;
                $line = $for . (defined($vmid) ? ":$vmid" : '') . " $at $what " . ($count - 1);
            }
        }
        push @kept, $line;
    }
    Node::Root::replace(file(), join('', map { "$_\n" } @kept)) if defined($action);
    return $action;
}

1;
