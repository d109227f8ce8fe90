# SPDX-License-Identifier: GPL-3.0-or-later
#
# Faults ordered by a test: what goes wrong, at which named step.
#
# ROOT/etc/stand-in.d/faults holds lines `VERB[:VMID] POINT[:NTH] ACTION [COUNT]`. A point lies right after the step it is
# named after; NTH is the how manieth time that this call comes there. COUNT (1 when not given) is how often it strikes; the
# file is rewritten, under a lock, each time one does.
#
#   kill           SIGKILL to the task's parent and to the process itself
#   kill qm        only to the parent: the worker goes on as far as it can
#   kill worker    only to the worker
#   hang           sleep for ever
#   stop           SIGSTOP to itself, until a test says CONT
#   fail TEXT      die with TEXT
#   lie            end here, with success
#   lock-timeout   wait for the usual time and die as if somebody held the lock
#
# If there is a file ROOT/etc/stand-in.d/points, each point that is passed is written to it: `VERB:VMID POINT:NTH`.

package Node::Fault;
use strict;
use warnings;
use Fcntl qw(:flock);
use Node::Root;

our $verb = '';
our @vmids;
our $parent;    # pid of the qm that runs this task, when in a worker
our $armed;     # is there a fault file, or one for the points, at all? (looked up once)
my %passed;     # point => how often

sub file { return Node::Root::path('/etc/stand-in.d/faults'); }
sub points { return Node::Root::path('/etc/stand-in.d/points'); }

sub begin {
    ($verb, @vmids) = @_;
    %passed = ();
    $armed = -e file() || -e points();
}

# The step called $point was just done: strike if the test asked for it.
sub point {
    my ($point) = @_;
    return if !$armed;
    my $time = ++$passed{$point};
    note("$verb:$vmids[0] $point:$time\n") if -e points();
    my $action = strike($point, $time) // return;
    act($action, $point);
}

sub note {
    my ($line) = @_;
    open(my $fh, '>>', points()) or return;
    syswrite($fh, $line);
}

# The sentence of a lock that is not to be had.
sub timeout_at {
    my ($point) = @_;
    return "can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout\n" if $point eq 'storage-lock';
    return "cfs-lock 'firewall-vm-$vmids[0]' error: got lock request timeout\n" if $point eq 'firewall-lock';
    return "cfs-lock 'file-user_cfg' error: got lock request timeout\n" if $point eq 'user-lock';
    return "can't lock file '/var/lock/qemu-server/lock-$vmids[0].conf' - got timeout\n";
}

sub act {
    my ($action, $point) = @_;
    if ($action =~ /^kill(?: (qm|worker))?$/) {
        my $whom = $1 // '';
        kill 'KILL', $parent if $parent && $whom ne 'worker';
        # what it prints from here on nobody reads
        select(undef, undef, undef, 0.001) while $parent && $whom eq 'qm' && getppid() == $parent;
        return if $parent && $whom eq 'qm';
        kill 'KILL', $$;
        sleep 1 while 1;
    } elsif ($action eq 'hang') {
        sleep 1 while 1;
    } elsif ($action eq 'stop') {
        kill 'STOP', $$;
    } elsif ($action eq 'lie') {
        die { lie => 1 };
    } elsif ($action eq 'lock-timeout') {
        my $error = timeout_at($point);
        print STDERR $error =~ /^cfs-lock ('\S+')/ ? "trying to acquire cfs lock $1 ...\n" : "trying to acquire lock...\n";
        Node::Root::pause(10);
        die $error;
    } elsif ($action =~ /^fail(?:\s+(.*))?$/) {
        die(($1 // 'stand-in: fault') . "\n");
    } else {
        die "stand-in: unknown fault '$action'\n";
    }
}

# Find the fault for this point, take one off its count, and say what to do.
sub strike {
    my ($point, $time) = @_;
    return undef if !-e file();
    open(my $lock, '>>', file() . '.lock') or return undef;
    flock($lock, LOCK_EX);
    my ($action, @kept);
    for my $line (split /\n/, Node::Root::slurp(file()) // '') {
        if (!defined($action) && $line =~ /^\s*([a-z]+)(?::(\d+))?\s+(\S+?)(?::(\d+))?\s+(\S.*?)\s*$/) {
            my ($for, $vmid, $at, $nth, $what) = ($1, $2, $3, $4, $5);
            my $count = $what =~ s/\s+(\d+)$// ? $1 : 1;
            my $mine = $for eq $verb && $at eq $point && ($nth // $time) == $time && (!defined($vmid) || grep { $_ == $vmid } @vmids);
            if ($mine && $count > 0) {
                $action = $what;
                $line = $for . (defined($vmid) ? ":$vmid" : '') . " $at" . (defined($nth) ? ":$nth" : '') . " $what " . ($count - 1);
            }
        }
        push @kept, $line;
    }
    Node::Root::replace(file(), join('', map { "$_\n" } @kept)) if defined($action);
    return $action;
}

1;
