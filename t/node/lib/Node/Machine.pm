# SPDX-License-Identifier: GPL-3.0-or-later
#
# Guests that can be logged in to, where ROOT/etc/stand-in.d/N/ssh asks for it and the VM has a cloud-init drive. The guest is
# t/node/guest: a process that qm only starts, with its namespaces, its network card in the bridge and its root. It lives
# in ROOT/var/lib/stand-in/guest/N, and what it wrote to its root stays there until the VM is destroyed. On a machine that
# is the node (`new /`) the root is the ext4 of scsi0, if it has one.

package Node::Machine;
use strict;
use warnings;
use Node::Root;
use Node::Cloudinit;
use Node::Disk;
use Node::Guest;
use Node::Property;
use Node::Storage;

sub folder { return Node::Root::path("/var/lib/stand-in/guest/$_[0]"); }

# The setting's first line; further ones are `WORD VALUE`.
sub wanted {
    my ($vmid, $main) = @_;
    my $how = Node::Guest::behaviour($vmid, 'ssh') // return 0;
    return $how !~ /^no\b/ && defined(Node::Cloudinit::drive_key($main));
}

# (the machine's pid, its first process's), or nothing when it does not run.
sub running {
    my ($vmid) = @_;
    my ($pid, $start, $init) = split ' ', Node::Root::slurp(folder($vmid) . '/pid') // return;
    my $stat = Node::Root::slurp("/proc/$pid/stat") // return;
    my @field = split / /, $stat =~ s/^.*\)\s+//sr;
    return $field[0] ne 'Z' && $field[19] == $start ? ($pid, $init) : ();
}

# What the guest finds when it boots. Returns its folder.
sub prepare {
    my ($vmid, $main) = @_;
    my $dir = folder($vmid);
    Node::Root::folder("$dir/root");
    my %machine = (vmid => $vmid, name => $main->{name} // "VM$vmid", user => $main->{ciuser} // 'ubuntu',
        instance => Node::Cloudinit::instance($vmid, $main), settings => Node::Root::path('/etc/stand-in.d'),
        card($vmid, $main), address($main), behaviour($vmid));
    $machine{name} =~ s/\..*//;
    $machine{disk} = disk($main) if $Node::Root::root eq '';
    Node::Root::replace("$dir/machine", join('', map { "$_ $machine{$_}\n" } grep { defined($machine{$_}) } sort keys %machine));
    Node::Root::replace("$dir/keys", ($main->{sshkeys} // '') =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ger);
    unlink("$dir/pid");
    return $dir;
}

sub card {
    my ($vmid, $main) = @_;
    my $card = Node::Property::check('net', 'net0', $main->{net0} // return);
    my $bridge = $card->{bridge} // return;
    return (bridge => $bridge, mac => $card->{macaddr}, tap => "tap${vmid}i0");
}

sub address {
    my ($main) = @_;
    my $ip = Node::Property::parse($main->{ipconfig0} // return, undef);
    return map { defined($ip->{$_}) && $ip->{$_} !~ /^(?:dhcp|auto)$/ ? ($_ => $ip->{$_}) : () } qw(ip gw ip6 gw6);
}

sub behaviour {
    my ($vmid) = @_;
    my ($how, @more) = split /\n/, Node::Guest::behaviour($vmid, 'ssh');
    my %found = map { /^(host-key-changes) (\d+)$/ ? ($1 => $2) : die "stand-in: unknown setting ssh: $_\n" } @more;
    return %found if $how =~ /^(?:yes)?$/;
    return (%found, 'ssh-never' => 1) if $how eq 'never';
    return (%found, 'ssh-after' => $1) if $how =~ /^after (\d+)$/;
    die "stand-in: unknown setting ssh: $how\n";
}

# The volume of scsi0, if there is an ext4 on it.
sub disk {
    my ($main) = @_;
    my $volid = Node::Disk::parse('scsi0', $main->{scsi0} // return undef)->{file};
    open(my $fh, '<:raw', Node::Storage::path($volid)) or return undef;
    seek($fh, 1080, 0);
    read($fh, my $magic, 2);
    return $magic eq "\x53\xef" ? Node::Storage::path($volid) : undef;
}

# The bridge has to be in the network that qm runs in.
sub check_bridge {
    my ($main) = @_;
    my (%card) = card(0, $main) or return undef;
    return system("ip link show dev '$card{bridge}' > /dev/null 2>&1") ? $card{bridge} : undef;
}

sub program {
    my $self = $INC{'Node/Root.pm'} =~ s!lib/Node/Root\.pm$!guest!r;
    return $self =~ m!^/! ? $self : "$ENV{PWD}/$self";
}

# Start it, and wait until its card is in the bridge; its sshd comes later.
sub start {
    my ($vmid, $main) = @_;
    my $dir = prepare($vmid, $main);
    my $pid = fork() // die "fork failed: $!\n";
    if (!$pid) {
        require POSIX;
        POSIX::setsid();
        Node::Lock::abandon();
        open($_->[0], $_->[1], $_->[2]) for [*STDIN, '<', '/dev/null'], [*STDOUT, '>', "$dir/log"], [*STDERR, '>&', *STDOUT];
        $SIG{$_} = 'DEFAULT' for qw(INT TERM QUIT HUP PIPE);
        exec($^X, program(), 'boot', $dir) or POSIX::_exit(1);
    }
    require POSIX;
    for (1 .. 500) {
        return if running($vmid);
        last if waitpid($pid, POSIX::WNOHANG()) == $pid;
        select(undef, undef, undef, 0.01);
    }
    die 'start failed: ' . (Node::Root::slurp("$dir/log") || "QEMU exited with code 1\n");
}

# TERM is the power button, and INT pulls the plug. Returns when it is down.
sub down {
    my ($vmid, $signal) = @_;
    my ($pid) = running($vmid) or return;
    kill $signal, $pid;
    for (1 .. 500) {
        return if !running($vmid);
        select(undef, undef, undef, 0.01);
    }
    kill 'KILL', $pid;
}

sub remove {
    my ($vmid) = @_;
    system('rm', '-rf', folder($vmid)) if -d folder($vmid);
}

# In the text backend a clone has no data but these.
sub copy {
    my ($from, $to) = @_;
    my ($old, $new) = (folder($from), folder($to));
    return if $Node::Root::setting{backend} ne 'text' || !-d "$old/root";
    Node::Root::folder($new);
    system('rm', '-rf', "$new/root");
    system('cp', '-a', "$old/root", $new);
}

# Is the agent there, and the guest far enough to have started it?
sub has_agent {
    my ($vmid) = @_;
    my (undef, $init) = running($vmid) or return 0;
    my $root = "/proc/$init/root";
    return 0 if (Node::Root::slurp("$root/run/stand-in.vmid") // '') ne "$vmid\n" || !-e "$root/run/stand-in.booted";
    return (Node::Root::slurp("$root/var/lib/dpkg/status") // '') =~ /^Package: qemu-guest-agent$/m;
}

1;
