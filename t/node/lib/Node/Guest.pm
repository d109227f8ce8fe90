# SPDX-License-Identifier: GPL-3.0-or-later
#
# Running guests. With a ROOT no process is made: /run/qemu-server/N.pid, /proc/PID/{cmdline,stat} under ROOT say that one
# runs (its pid is above any that a kernel gives); one that can be logged in to has a Node::Machine too. Without, a sham kvm process is started that holds the VM's volumes open
# and quits on TERM. Running or not is decided as pve-facts 4.15 says. What a guest does is set by files in
# ROOT/etc/stand-in.d/N/, or .../default/ for all.

package Node::Guest;
use strict;
use warnings;
use Node::Root;
use Node::Apart;
use Node::Config;
use Node::Disk;
use Node::Lvm;
use Node::Schema;
use Node::Storage;
use Node::Machine;

sub pid_file { return Node::Root::path("/run/qemu-server/$_[0].pid"); }

# The guest's pid, or undef.
sub running {
    my ($vmid) = @_;
    my $pid = Node::Root::slurp(pid_file($vmid)) // return undef;
    $pid =~ s/\s+$//;
    return undef if $pid !~ /^\d+$/;
    my $line = Node::Root::slurp(Node::Root::path("/proc/$pid/cmdline")) // return undef;
    my @arg = split /\0/, $line;
    return undef if !@arg || $arg[0] !~ m!kvm$|(?:^|/)qemu-[^/]*$!;
    for my $n (0 .. $#arg - 1) {
        next if $arg[$n] ne '-pidfile' || $arg[$n + 1] ne "/var/run/qemu-server/$vmid.pid";
        my $stat = Node::Root::slurp(Node::Root::path("/proc/$pid/stat")) // return undef;
        return $stat =~ /\)\s+Z/ ? undef : $pid;
    }
    return undef;
}

# A setting of the guest's behaviour, or undef.
sub behaviour {
    my ($vmid, $name) = @_;
    for my $who ($vmid, 'default') {
        my $text = Node::Root::slurp(Node::Root::path("/etc/stand-in.d/$who/$name")) // next;
        $text =~ s/\s+$//;
        return $text;
    }
    return undef;
}

# The volumes the guest opens: [vg, lv]…
sub volumes {
    my ($main) = @_;
    my @found;
    for my $key (sort grep { Node::Schema::is_drive($_) } keys %$main) {
        my $drive = Node::Disk::parse($key, $main->{$key});
        next if $drive->{file} =~ /^(?:none|cdrom)$/;
        my ($store, $name) = Node::Storage::split_id($drive->{file});
        push @found, [$store->{vgname}, $name] if $store->{type} eq 'lvmthin';
    }
    return @found;
}

# The kvm command line, in the order of transcript 04.
sub command {
    my ($vmid, $main) = @_;
    my $run = '/var/run/qemu-server';
    my ($cores, $sockets) = ($main->{cores} // 1, $main->{sockets} // 1);
    my $cpus = $cores * $sockets;
    my ($memory) = ($main->{memory} // 512) =~ /^(?:current=)?(\d+)/;
    my $name = $main->{name} // "vm$vmid";
    my @command = ('/usr/bin/kvm', '-id', $vmid, '-name', "$name,debug-threads=on", '-no-shutdown',
        '-chardev', "socket,id=qmp,path=$run/$vmid.qmp,server=on,wait=off", '-mon', 'chardev=qmp,mode=control',
        '-chardev', 'socket,id=qmp-event,path=/var/run/qmeventd.sock,reconnect-ms=5000', '-mon', 'chardev=qmp-event,mode=control',
        '-pidfile', "$run/$vmid.pid", '-daemonize');
    push @command, '-smbios', 'type=1' . smbios($main->{smbios1}) if $main->{smbios1};
    push @command, '-smp', "$cpus,sockets=$sockets,cores=$cores,maxcpus=$cpus", '-nodefaults',
        '-boot', 'menu=on,strict=on,reboot-timeout=1000,splash=/usr/share/qemu-server/bootsplash.jpg', '-nographic',
        '-cpu', ($main->{cpu} // 'kvm64') =~ s/,.*//r . ',enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+lahf_lm,+sep', '-m', $memory;
    push @command, '-device', "vmgenid,guid=$main->{vmgenid}" if $main->{vmgenid};
    push @command, '-chardev', "socket,id=serial0,path=$run/$vmid.serial0,server=on,wait=off", '-device', 'isa-serial,chardev=serial0'
        if $main->{serial0};
    push @command, '-chardev', "socket,path=$run/$vmid.qga,server=on,wait=off,id=qga0", '-device', 'virtio-serial,id=qga0,bus=pci.0,addr=0x8',
        '-device', 'virtserialport,chardev=qga0,name=org.qemu.guest_agent.0' if has_agent($main);
    for my $key (sort grep { Node::Schema::is_drive($_) } keys %$main) {
        my $drive = Node::Disk::parse($key, $main->{$key});
        next if $drive->{file} =~ /^(?:none|cdrom)$/;
        my $kind = Node::Disk::is_cdrom($drive) ? 'media=cdrom,format=raw,aio=io_uring' : 'format=raw,cache=none,aio=io_uring,detect-zeroes=on';
        push @command, '-drive', 'file=' . Node::Storage::path($drive->{file}) . ",if=none,id=drive-$key,$kind";
    }
    for my $key (sort grep { /^net\d+$/ } keys %$main) {
        my $card = Node::Property::check('net', $key, $main->{$key});
        my ($n) = $key =~ /(\d+)/;
        push @command, '-netdev', tap($vmid, $n), '-device', "virtio-net-pci,mac=$card->{macaddr},netdev=$key,bus=pci.0,addr=0x12,id=$key,rx_queue_size=1024,tx_queue_size=256";
    }
    push @command, '-machine', 'smm=off,type=pc+pve0';
    return @command;
}

# What of smbios1 QEMU is given: decoded, a comma as two, and without what Perl takes for false.
sub smbios {
    my ($text) = @_;
    my $part = Node::Property::check('smbios', 'smbios1', $text);
    return ",$text" if !delete $part->{base64};
    for my $key (grep { $_ ne 'uuid' } keys %$part) {
        $part->{$key} = unpack('u', Node::Schema::uu($part->{$key})) =~ s/,/,,/gr;
    }
    return join('', map { $part->{$_} ? ",$_=$part->{$_}" : '' } sort keys %$part);
}

sub tap {
    my ($vmid, $n) = @_;
    return "type=tap,id=net$n,ifname=tap${vmid}i$n,script=/usr/libexec/qemu-server/pve-bridge,downscript=/usr/libexec/qemu-server/pve-bridgedown,vhost=on";
}

sub has_agent {
    my ($main) = @_;
    return ($main->{agent} // '0') =~ /^(?:enabled=)?(?:1|on|yes|true)\b/;
}

# QemuServer.pm, print_netdevice_full; a bridge that is not there is not its affair.
sub check_mtus {
    my ($main) = @_;
    for my $key (sort grep { /^net\d+$/ } keys %$main) {
        my $card = Node::Property::check('net', $key, $main->{$key});
        my $mtu = $card->{mtu} || next;
        next if $card->{model} ne 'virtio' || !$card->{bridge} || $mtu == 1;
        die "netdev $key: MTU '$mtu' is smaller than the IP minimum MTU '576'\n" if $mtu < 576;
        my $most = Node::Root::slurp(Node::Root::path("/sys/class/net/$card->{bridge}/mtu")) // next;
        $most =~ s/\s+$//;
        die "netdev $key: MTU '$mtu' is bigger than the bridge MTU '$most'\n" if $mtu > $most;
    }
}

# A bridge that is not there shows only now (pve-facts 12.13).
sub check_bridges {
    my ($vmid, $main) = @_;
    my $missing = Node::Machine::wanted($vmid, $main) && Node::Machine::check_bridge($main);
    for my $key (sort grep { /^net\d+$/ } keys %$main) {
        my $bridge = Node::Property::check('net', $key, $main->{$key})->{bridge} // next;
        next if -d Node::Root::path("/sys/class/net/$bridge") && !($key eq 'net0' && $missing);
        print "bridge '$bridge' does not exist\nkvm: -netdev " . tap($vmid, $key =~ /(\d+)/)
            . ": network script /usr/libexec/qemu-server/pve-bridge failed with status 512\n";
        die "start failed: QEMU exited with code 1\n";
    }
}

sub spawn {
    my ($vmid, $main) = @_;
    my @command = command($vmid, $main);
    check_bridges($vmid, $main);
    return spawn_process($vmid, $main, @command) if $Node::Root::root eq '';
    Node::Apart::run(sub {
        Node::Lvm::hold("vm.$vmid", volumes($main));    # a kvm has its disks open before it has a pid file
        eval { Node::Machine::start($vmid, $main) if Node::Machine::wanted($vmid, $main); 1 } or do {
            my $why = $@;
            Node::Lvm::release("vm.$vmid");
            die $why;
        };
        pretend($vmid, $main, @command);
        return;
    });
}

sub pretend {
    my ($vmid, $main, @command) = @_;
    my $pid = fresh_pid();
    my $dir = Node::Root::path("/proc/$pid");
    Node::Root::folder($dir);
    Node::Root::replace("$dir/cmdline", join('', map { "$_\0" } @command));
    Node::Root::replace("$dir/stat", "$pid (kvm) S 1 $pid $pid 0 -1 138428736 25001 0 28 0 312 104 0 0 20 0 6 0 " . start_ticks()
        . ' 1347874816 61440 18446744073709551615 1 1 0 0 0 0 268444224 4096 16963 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0' . "\n");
    Node::Root::replace(pid_file($vmid), "$pid\n");
}

# Pids from 5000000 on: the kernel's own end at 4194304.
sub fresh_pid {
    my $file = Node::Root::path('/var/lib/stand-in/pid');
    open(my $lock, '>>', "$file.lock");
    flock($lock, 2);
    my $pid = (Node::Root::slurp($file) || 4999999) + 1;
    Node::Root::replace($file, $pid);
    return $pid;
}

# A root's own clock is that of the machine, and a day more.
sub up {
    return ($Node::Root::root eq '' ? 0 : 100000) + Node::Root::clock();
}

# Its /proc/uptime stands still until the next guest is started.
sub start_ticks {
    my $file = Node::Root::path('/proc/uptime');
    my $up = up();
    Node::Root::replace($file, sprintf("%.2f %.2f\n", $up, 2 * $up));
    return int($up * 100);
}

# A process that looks like kvm in /proc. Its command line is the real one, run by perl: perl takes `-id` as its switch -i
# and the VM's number after it as the name of a script, which is a link to t/node/kvm.
sub spawn_process {
    my ($vmid, $main, @command) = @_;
    require POSIX;
    my $self = $INC{'Node/Root.pm'} =~ s!lib/Node/Root\.pm$!kvm!r;
    $self = "$ENV{PWD}/$self" if $self !~ m!^/!;
    Node::Root::folder('/var/lib/stand-in/kvm');
    unlink("/var/lib/stand-in/kvm/$vmid");
    symlink($self, "/var/lib/stand-in/kvm/$vmid") or die "stand-in: no link to $self: $!\n";
    my $guest = Node::Machine::wanted($vmid, $main) ? Node::Machine::prepare($vmid, $main) : '';
    my $pid = fork() // die "fork failed: $!\n";
    if (!$pid) {
        POSIX::setsid();
        Node::Lock::abandon();
        open($_->[0], $_->[1], '/dev/null') for [*STDIN, '<'], [*STDOUT, '>'], [*STDERR, '>'];
        $ENV{STAND_IN_GUEST} = $guest;
        $ENV{STAND_IN_DEVICES} = join(' ', map { "/dev/$_->[0]/$_->[1]" } volumes($main));
        chdir('/var/lib/stand-in/kvm');
        exec({ $^X } @command) or POSIX::_exit(1);
    }
    for (1 .. 1000) {
        return if running($vmid);
        last if waitpid($pid, POSIX::WNOHANG()) == $pid;
        select(undef, undef, undef, 0.02);
    }
    die "start failed: command '@command' failed: got timeout\n";
}

# The guest is gone: TERM or KILL for a real process, files away for a simulated one.
sub end {
    my ($vmid) = @_;
    my $pid = running($vmid) // return;
    if ($Node::Root::root eq '') {
        kill 'TERM', $pid;
        for (1 .. 500) {
            last if !running($vmid);
            select(undef, undef, undef, 0.02);
        }
        kill 'KILL', $pid if running($vmid);
        unlink(pid_file($vmid));
        return;
    }
    Node::Apart::run(sub {
        Node::Machine::down($vmid, 'INT');
        Node::Lvm::release("vm.$vmid");
        unlink(map { Node::Root::path("/proc/$pid/$_") } qw(cmdline stat));
        rmdir(Node::Root::path("/proc/$pid"));
        unlink(pid_file($vmid));
        return;
    });
}

# Ask the guest to go down: it does in its own time, whether or not anybody waits for it (pve-facts 4.12b).
sub ask_down {
    my ($vmid) = @_;
    return if defined(behaviour($vmid, 'ignore-shutdown'));
    my $guest = running($vmid) // return;
    my $needs = behaviour($vmid, 'shutdown-time') // 2;
    my $pid = fork() // die "fork failed: $!\n";
    return if $pid;
    Node::Apart::leave();
    open($_->[0], $_->[1], '/dev/null') for [*STDIN, '<'], [*STDOUT, '>'], [*STDERR, '>'];
    Node::Root::pause($needs);
    Node::Machine::down($vmid, 'TERM') if (running($vmid) // '') eq $guest;
    end($vmid) if (running($vmid) // '') eq $guest;
    exit(0);
}

# Seconds since it started.
sub uptime {
    my ($vmid) = @_;
    my $pid = running($vmid) // return 0;
    my $stat = Node::Root::slurp(Node::Root::path("/proc/$pid/stat"));
    $stat =~ s/^.*\)\s+//s;
    my $ticks = (split / /, $stat)[19];
    my $up = up();
    return int($up - $ticks / 100);
}

1;
