# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm start, stop, shutdown, reboot, wait (pve-facts 4.11 to 4.15, 4.24; transcripts 04, 08). Of a VM in ha/resources.cfg start,
# stop and shutdown are requests: exit 0 at once, and done after `ha-delay` seconds (README).

package Node::Verb::Power;
use strict;
use warnings;
use POSIX ();
use Node::Root;
use Node::Cloudinit;
use Node::Config;
use Node::Fault;
use Node::Guest;
use Node::Lock;
use Node::Lvm;
use Node::Options;
use Node::Storage;
use Node::Task;
use Node::Verb::Set;

my $ending = { timeout => 'int', skiplock => 'bool', forceStop => 'bool', forcestop => 'bool', keepActive => 'bool', keepactive => 'bool',
    'overrule-shutdown' => 'bool' };

sub start {
    my $param = Node::Options::read(\@_, usage => 'qm start <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { timeout => 'int', skiplock => 'bool' });
    my $vmid = $param->{vmid};
    Node::Fault::begin('start', $vmid);
    return request($vmid, 'start', sub { start_vm($vmid, $param) }) if in_ha($vmid);
    return Node::Task::run('qmstart', $vmid, sub { start_vm($vmid, $param) });
}

# The whole start under the VM's lock.
sub start_vm {
    my ($vmid, $param) = @_;
    Node::Lock::vm($vmid, sub {
        my $conf = Node::Config::load($vmid);
        die "you can't start a vm if it's a template\n" if $conf->{main}{template};
        Node::Config::check_lock($conf, $param->{skiplock}) if ($conf->{main}{lock} // '') ne 'suspended';
        die "VM $vmid already running\n" if Node::Guest::running($vmid);
        if (%{ $conf->{pending} }) {
            Node::Verb::Set::clean_pending($conf);
            Node::Verb::Set::apply($vmid, $conf);
        }
        check_cpus($conf->{main});
        check_vcpus($conf->{main});
        Node::Guest::check_mtus($conf->{main});
        if (Node::Cloudinit::generate($vmid, $conf) && delete $conf->{special}{cloudinit}) {
            Node::Config::write($vmid, $conf);
        }
        Node::Fault::point('prepared');
        Node::Lvm::activate(@$_) for Node::Guest::volumes($conf->{main});
        my $delay = Node::Guest::behaviour($vmid, 'start-time');
        Node::Root::pause($delay) if defined($delay);
        my $fails = Node::Guest::behaviour($vmid, 'start-fails');
        die 'start failed: ' . ($fails || 'QEMU exited with code 1') . "\n" if defined($fails);
        Node::Guest::spawn($vmid, $conf->{main});
        Node::Fault::point('spawned');
    });
}

# QemuServer.pm, config_to_command: sockets times cores, however many of them are plugged (vcpus).
sub check_cpus {
    my ($main) = @_;
    my $have = () = (Node::Root::slurp(Node::Root::path('/proc/cpuinfo')) // '') =~ /^processor\s*:\s*\d+\s*$/mg;
    die "MAX $have vcpus allowed per VM on this node\n" if $have < ($main->{sockets} || $main->{smp} || 1) * ($main->{cores} || 1);
}

# The same, and QEMU's own check of -smp.
sub check_vcpus {
    my ($main) = @_;
    my $most = ($main->{sockets} || $main->{smp} || 1) * ($main->{cores} || 1);
    return if ($main->{vcpus} || 0) <= $most;
    print "kvm: Invalid CPU topology: maxcpus must be equal to or greater than smp\n";
    die "start failed: QEMU exited with code 1\n";
}

sub stop {
    my $param = Node::Options::read(\@_, usage => 'qm stop <vmid> [OPTIONS]', positional => [['vmid', 'vmid']], option => $ending);
    my $vmid = $param->{vmid};
    Node::Fault::begin('stop', $vmid);
    overrule($vmid) if $param->{'overrule-shutdown'};
    return request($vmid, 'stop', sub { Node::Guest::end($vmid); after($vmid) }) if in_ha($vmid);
    return Node::Task::run('qmstop', $vmid, sub {
        Node::Lock::vm($vmid, sub {
            my $conf = Node::Config::find($vmid);
            return if !Node::Guest::running($vmid);
            Node::Config::check_lock($conf, $param->{skiplock});
            Node::Guest::end($vmid);
            Node::Fault::point('ended');
            after($vmid);
        });
    });
}

# TERM to every running qmshutdown task of this VM.
sub overrule {
    my ($vmid) = @_;
    for my $line (split /\n/, Node::Root::slurp(Node::Task::dir() . '/active') // '') {
        my ($upid, $saved) = split / /, $line;
        next if $saved ne '0' || $upid !~ /^UPID:[^:]+:([0-9A-F]+):.*:qmshutdown:\Q$vmid\E:/;
        kill 'TERM', hex($1) if Node::Task::alive($upid);
    }
}

# What a VM that was stopped by us leaves to do: pending changes (pve-facts 2.1.4).
sub after {
    my ($vmid) = @_;
    my $conf = Node::Config::load($vmid);
    if (%{ $conf->{pending} }) {
        Node::Verb::Set::clean_pending($conf);
        Node::Verb::Set::apply($vmid, $conf);
    }
    Node::Fault::point('applied');
}

sub shutdown {
    my $param = Node::Options::read(\@_, usage => 'qm shutdown <vmid> [OPTIONS]', positional => [['vmid', 'vmid']], option => $ending);
    my $vmid = $param->{vmid};
    Node::Fault::begin('shutdown', $vmid);
    paused_probe($vmid);
    return request($vmid, 'stop', sub { Node::Lock::vm($vmid, sub { go_down($vmid, Node::Config::find($vmid), $param->{timeout}, 1); after($vmid) }) })
        if in_ha($vmid);
    return Node::Task::run('qmshutdown', $vmid, sub {
        Node::Lock::vm($vmid, sub {
            my $conf = Node::Config::find($vmid);
            return if !Node::Guest::running($vmid);
            Node::Config::check_lock($conf, $param->{skiplock});
            go_down($vmid, $conf, $param->{timeout}, $param->{forceStop} || $param->{forcestop});
            after($vmid);
        });
    });
}

# Does HA start and stop it?
sub in_ha {
    my ($vmid) = @_;
    my ($block) = (Node::Root::slurp(Node::Root::path('/etc/pve/ha/resources.cfg')) // '') =~ /^vm:\s*\Q$vmid\E\s*\n((?:[ \t].*\n?)*)/m
        or return 0;
    return $block !~ /^\s+state\s+ignored\s*$/m;
}

sub request {
    my ($vmid, $what, $work) = @_;
    print "Requesting HA $what for VM $vmid\n";
    my $file = Node::Root::path('/etc/pve/ha/resources.cfg');
    my $state = $what eq 'start' ? 'started' : 'stopped';
    my $text = Node::Root::slurp($file);
    my ($head, $rest) = $text =~ /^(vm:\s*\Q$vmid\E\s*\n)((?:[ \t].*\n?)*)/m;
    my $new = "${head}\tstate $state\n" . $rest =~ s/^\s+state\s.*\n?//mr;
    $text =~ s/\Q$head$rest\E/$new/;
    Node::Root::replace($file, $text);
    $| = 1;
    my $pid = fork() // die "fork: $!\n";
    return 0 if $pid;
    POSIX::setsid();
    open(STDIN, '<', '/dev/null') && open(STDOUT, '>', '/dev/null') && open(STDERR, '>', '/dev/null');
    Node::Root::pause(Node::Guest::behaviour($vmid, 'ha-delay') // 2);
    eval { $work->() };
    POSIX::_exit(0);
}

# The warning of the call that looks whether the VM is paused.
sub paused_probe {
    my ($vmid) = @_;
    if (!Node::Config::exists($vmid)) {
        print STDERR "unable to find configuration file for VM $vmid on node '" . Node::Root::node() . "'\n\n";
    } elsif (!Node::Guest::running($vmid)) {
        print STDERR "VM $vmid not running\n\n";
    }
}

# Ask the guest to go, and wait; the VM's lock is held all the time (4.12a).
sub go_down {
    my ($vmid, $conf, $timeout, $force) = @_;
    if (Node::Guest::has_agent($conf->{main}) && !agent_answers($vmid)) {
        print "QEMU Guest Agent is not running - VM $vmid qmp command 'guest-ping' failed - got timeout\n";
    }
    my ($down) = ($conf->{main}{startup} // '') =~ /down=(\d+)/;
    $timeout //= $down // 60;
    Node::Guest::ask_down($vmid);
    Node::Fault::point('asked');
    my $end = Node::Root::clock() + $timeout * $Node::Root::setting{'time-scale'};
    select(undef, undef, undef, 0.005) while Node::Guest::running($vmid) && Node::Root::clock() < $end;
    if (Node::Guest::running($vmid)) {
        die "VM quit/powerdown failed - got timeout\n" if !$force;
        print "VM quit/powerdown failed - terminating now with SIGTERM\n";
        Node::Root::pause(1);
    }
    Node::Guest::end($vmid);
    Node::Fault::point('ended');
}

sub agent_answers {
    my ($vmid) = @_;
    require Node::Verb::Agent;
    return Node::Verb::Agent::answers($vmid);
}

sub reboot {
    my $param = Node::Options::read(\@_, usage => 'qm reboot <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { timeout => 'int' });
    my $vmid = $param->{vmid};
    Node::Fault::begin('reboot', $vmid);
    paused_probe($vmid);
    Node::Config::find($vmid);
    die "VM $vmid not running\n" if !Node::Guest::running($vmid);
    return Node::Task::run('qmreboot', $vmid, sub {
        Node::Lock::vm($vmid, sub {
            my $conf = Node::Config::load($vmid);
            Node::Config::check_lock($conf);
            go_down($vmid, $conf, $param->{timeout}, 0);
        });
        local *STDOUT;    # the start is another process's, in the real thing
        open(STDOUT, '>', '/dev/null');
        start_vm($vmid, {});
    });
}

sub wait_for {
    my $param = Node::Options::read(\@_, usage => 'qm wait <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { timeout => 'int' });
    my $left = $param->{timeout};
    while (Node::Guest::running($param->{vmid})) {
        die "wait failed - got timeout\n" if defined($left) && $left-- <= 0;
        Node::Root::pause(1);
    }
    return 0;
}

1;
