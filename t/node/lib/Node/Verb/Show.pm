# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm config, pending, list, status, showcmd, help: they read only and take no lock (transcripts 01 to 04).

package Node::Verb::Show;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Disk;
use Node::Guest;
use Node::Options;
use Node::Property;
use Node::Schema;

# The configuration with pending values in their places.
sub merged {
    my ($conf) = @_;
    my %main = %{ $conf->{main} };
    delete @main{ map { s/^!//r } split /,/, $conf->{pending}{delete} // '' };
    $main{$_} = $conf->{pending}{$_} for grep { $_ ne 'delete' } keys %{ $conf->{pending} };
    $main{cipassword} = '**********' if defined($main{cipassword});
    return \%main;
}

sub config {
    my $param = Node::Options::read(\@_, usage => 'qm config <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { current => 'bool', snapshot => 'string' });
    my $conf = Node::Config::load($param->{vmid});
    my $main = $param->{current} ? $conf->{main} : merged($conf);
    for my $key (sort keys %$main) {
        print "$key: " . ($key eq 'description' ? Node::Config::encode($main->{$key}) : $main->{$key}) . "\n";
    }
    return 0;
}

sub pending {
    my $param = Node::Options::read(\@_, usage => 'qm pending <vmid>', positional => [['vmid', 'vmid']]);
    my $conf = Node::Config::load($param->{vmid});
    my %delete = map { s/^!//r => 1 } split /,/, $conf->{pending}{delete} // '';
    my %key = map { $_ => 1 } keys %{ $conf->{main} }, grep { $_ ne 'delete' } keys %{ $conf->{pending} };
    for my $key (sort keys %key) {
        my ($cur, $new) = ($conf->{main}{$key}, $conf->{pending}{$key});
        $_ = defined($_) && $key eq 'cipassword' ? '**********' : $_ for $cur, $new;
        $_ = defined($_) && $key eq 'description' ? Node::Config::encode($_) : $_ for $cur, $new;
        if ($delete{$key}) {
            print "del $key: $cur\n";
        } else {
            print "cur $key: $cur\n" if defined($cur);
            print "new $key: $new\n" if defined($new);
        }
    }
    return 0;
}

# (MiB of memory, bytes of the boot disk)
sub sizes {
    my ($main) = @_;
    my ($memory) = ($main->{memory} // 512) =~ /^(?:current=)?(\d+)/;
    my $disk = 0;
    my @order = ($main->{boot} // '') =~ /^order=(.*)$/ ? split(/;/, $1) : ();
    for my $key ((grep { Node::Schema::is_drive($_) && defined($main->{$_}) } @order), sort grep { Node::Schema::is_drive($_) } keys %$main) {
        my $drive = Node::Disk::parse($key, $main->{$key});
        next if Node::Disk::is_cdrom($drive);
        $disk = Node::Property::bytes($drive->{size} // 0) // 0;
        last;
    }
    return ($memory, $disk);
}

sub list {
    Node::Options::read(\@_, usage => 'qm list  [OPTIONS]', option => { full => 'bool' });
    printf("%10s %-20s %-10s %-10s %12s %-10s\n", 'VMID', 'NAME', 'STATUS', 'MEM(MB)', 'BOOTDISK(GB)', 'PID');
    for my $vmid (Node::Config::local_ids()) {
        my $conf = Node::Config::load($vmid);
        my ($memory, $disk) = sizes($conf->{main});
        my $pid = Node::Guest::running($vmid);
        printf("%10s %-20s %-10s %-10s %12.2f %-10s\n", $vmid, $conf->{main}{name} // "VM $vmid", $pid ? 'running' : 'stopped',
            $memory, $disk / (1 << 30), $pid // 0);
    }
    return 0;
}

sub status {
    my $param = Node::Options::read(\@_, usage => 'qm status <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { verbose => 'bool' });
    my $vmid = $param->{vmid};
    my $conf = Node::Config::load($vmid);
    if (!$param->{verbose}) {
        print 'status: ' . (Node::Guest::running($vmid) ? 'running' : 'stopped') . "\n";
        return 0;
    }
    my %field = %{ fields($vmid, $conf) };
    my $nics = delete $field{nics};
    for my $key (sort keys %field, $nics ? 'nics' : ()) {
        if ($key eq 'nics') {
            print "nics:\n";
            for my $nic (sort keys %$nics) {
                print "\t$nic:\n", map { "\t\t$_: $nics->{$nic}{$_}\n" } sort keys %{ $nics->{$nic} };
            }
            next;
        }
        print "$key: $field{$key}\n";
    }
    return 0;
}

# What the status of a VM tells (also for pvesh).
sub fields {
    my ($vmid, $conf) = @_;
    my $main = $conf->{main};
    my ($memory, $disk) = sizes($main);
    my $pid = Node::Guest::running($vmid);
    my %field = (vmid => $vmid, name => $main->{name} // "VM $vmid", cpus => ($main->{cores} // 1) * ($main->{sockets} // 1), disk => 0,
        maxdisk => $disk, maxmem => $memory * 1048576, mem => 0, netin => 0, netout => 0, uptime => 0,
        status => $pid ? 'running' : 'stopped', qmpstatus => $pid ? 'running' : 'stopped');
    $field{template} = 1 if $main->{template};
    $field{serial} = 1 if grep { /^serial\d+$/ } keys %$main;
    $field{$_} = $main->{$_} for grep { defined($main->{$_}) } qw(lock tags);
    if ($pid) {
        @field{qw(pid uptime mem)} = ($pid, Node::Guest::uptime($vmid), 45191705);
        $field{nics} = { map { my ($n) = /(\d+)/; ("tap${vmid}i$n" => { netin => 0, netout => 0 }) } grep { /^net\d+$/ } keys %$main };
        delete $field{nics} if !%{ $field{nics} };
    }
    return \%field;
}

sub showcmd {
    my $param = Node::Options::read(\@_, usage => 'qm showcmd <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { pretty => 'bool', snapshot => 'string' });
    my $conf = Node::Config::load($param->{vmid});
    print join(' ', map { m!^[\w/.,:=+-]+$! && !/=/ ? $_ : "'$_'" } Node::Guest::command($param->{vmid}, merged($conf))) . "\n";
    return 0;
}

sub help {
    print Node::Root::slurp($INC{'Node/Root.pm'} =~ s!Root\.pm$!qm.usage!r);
    return 0;
}

1;
