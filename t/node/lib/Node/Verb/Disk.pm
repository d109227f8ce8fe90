# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm importdisk and qm disk rescan: inline, without a task (pve-facts 4.19, 4.20, 4.27; transcripts 01, 05, 12). qm disk move:
# a task, of a VM that is down (API2/Qemu.pm: move_vm_disk; QemuServer.pm: clone_disk).

package Node::Verb::Disk;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Disk;
use Node::Fail;
use Node::Fault;
use Node::Guest;
use Node::Lock;
use Node::Lvm;
use Node::Options;
use Node::Property;
use Node::Schema;
use Node::Storage;
use Node::Task;

my $move_usage = 'qm disk move <vmid> <disk> [<storage>] [OPTIONS]';

sub move {
    my $param = Node::Options::read(\@_, usage => $move_usage,
        positional => [['vmid', 'vmid'], ['disk', 'slot'], ['storage', 'storage']],
        option => { delete => 'bool', digest => 'string', bwlimit => 'int', format => 'string' });
    my $vmid = $param->{vmid};
    Node::Fault::begin('move', $vmid);
    eval { check_move($vmid, $param); 1 } or do {
        Node::Options::usage($@, $move_usage) if !ref($@) && $@ =~ /^400 /;
        die $@;
    };
    return Node::Task::run('qmmove', $vmid, sub { Node::Lock::vm($vmid, sub { move_work($vmid, $param) }) });
}

# Before the task, and again under its lock. Returns the config, the drive, and whether a snapshot has its volume too.
sub check_move {
    my ($vmid, $param) = @_;
    my ($key, $storage) = @$param{'disk', 'storage'};
    my $conf = Node::Config::load($vmid);
    Node::Config::check_lock($conf);
    die "checksum mismatch (file change by other user?)\n"
        if defined($param->{digest}) && $param->{digest} ne Node::Config::digest($conf);
    die "disk '$key' does not exist\n" if !defined($conf->{main}{$key});
    my $drive = Node::Disk::parse($key, $conf->{main}{$key});
    die "you can't move a cdrom\n" if Node::Disk::is_cdrom($drive) && !Node::Disk::is_cloudinit($drive);
    my ($from) = Node::Storage::split_id($drive->{file});
    die "you can't move to the same storage with same format\n" if $from->{id} eq $storage;
    my $store = Node::Storage::get($storage);
    Node::Fail::parameters(storage => "storage '$storage' does not support vm images")
        if !Node::Storage::has_content($store, 'images');
    my $snapshotted = grep { ($_->{$key} // '') =~ /^(?:file=)?\Q$drive->{file}\E(?:,|$)/ } values %{ $conf->{snapshots} };
    die "you can't move a disk with snapshots and delete the source\n" if $snapshotted && $param->{delete};
    return ($conf, $drive, $snapshotted);
}

sub move_work {
    my ($vmid, $param) = @_;
    my ($conf, $drive, $snapshotted) = check_move($vmid, $param);
    my ($key, $old) = ($param->{disk}, $drive->{file});
    die "stand-in: it moves no disk of a VM that runs\n" if Node::Guest::running($vmid);
    die "stand-in: it moves disks and TPM states, not '$key'\n" if $key =~ /^efidisk/ || Node::Disk::is_cloudinit($drive);
    Node::Storage::activate($old);
    my $new;
    my $ok = eval {
        local @SIG{qw(INT TERM QUIT HUP)} = (sub { die "interrupted by signal\n" }) x 4;
        print STDERR "moving disk with snapshots, snapshots will not be moved!\n" if $snapshotted;
        print "create full clone of drive $key ($old)\n";
        $new = Node::Storage::alloc($param->{storage}, $vmid, undef, Node::Storage::volume($old)->{size} / 1024);
        Node::Fault::point('disk-allocated');
        Node::Disk::copy($old, $new, $param->{bwlimit});
        Node::Fault::point('disk-copied');
        my %moved = (%$drive, file => $new, size => Node::Storage::volume($new)->{size});
        delete $moved{format};
        $conf->{main}{$key} = Node::Property::print_drive(\%moved);
        Node::Disk::unuse($conf->{main}, $old) if !$param->{delete};
        Node::Config::write($vmid, $conf);
        Node::Fault::point('written');
        # of a VM that is down no volume stays active
        my ($store, $name) = Node::Storage::split_id($new);
        Node::Lvm::deactivate($store->{vgname}, $name);
        1;
    };
    if (!$ok) {
        my $error = $@;
        die $error if ref($error);
        eval { Node::Storage::free($new) if defined($new) };
        print STDERR $@ if $@;
        die "storage migration failed: $error";
    }
    if ($param->{delete}) {
        eval { Node::Storage::free($old) };
        print STDERR $@ if $@;
    }
}

sub import_disk {
    my $param = Node::Options::read(\@_, usage => 'qm disk import <vmid> <source> <storage> [OPTIONS]',
        positional => [['vmid', 'vmid'], ['source', 'string'], ['storage', 'storage']],
        option => { format => 'string', 'target-disk' => 'slot' });
    my ($vmid, $source, $storage, $slot) = @$param{qw(vmid source storage target-disk)};
    Node::Fault::begin('importdisk', $vmid);
    $| = 1;
    my $conf = Node::Config::load($vmid);
    Node::Config::check_lock($conf);
    Node::Storage::get($storage);
    my $file = -f Node::Root::path($source) ? Node::Root::path($source) : $source;
    die "$source: non-existent or non-regular file\n" if $source =~ m!^/! && !-f $file;
    print "importing disk '$source' to VM $vmid ...\n";
    my @made;
    local @SIG{qw(INT TERM QUIT HUP PIPE)} = (sub { die "interrupted by signal\n" }) x 5;
    my ($key, $volid);
    my $ok = eval {
        $volid = Node::Disk::import_from($storage, $vmid, $source, undef, {}, \@made, 0);
        Node::Fault::point('disk-copied');
        Node::Lock::vm($vmid, sub {
            my $now = Node::Config::load($vmid);
            Node::Config::check_lock($now);
            if (defined($slot)) {
                die "cowardly refusing to overwrite existing entry: $slot\n" if defined($now->{main}{$slot});
                $now->{main}{ $key = $slot } = $volid;
            } else {
                Node::Disk::unuse($now->{main}, $volid);
                ($key) = grep { /^unused/ && $now->{main}{$_} eq $volid } keys %{ $now->{main} };
            }
            Node::Config::write($vmid, $now);
        });
        1;
    };
    if (!$ok) {
        my $error = $@;
        die $error if ref($error);
        for my $new (@made) {
            eval { Node::Storage::free($new) };
            print STDERR $@ if $@;
        }
        die $error;
    }
    print "$key: successfully imported disk '$volid'\n";
    return 0;
}

sub rescan {
    my $param = Node::Options::read(\@_, usage => 'qm disk rescan  [OPTIONS]', option => { vmid => 'vmid', dryrun => 'bool' });
    my @vmids = defined($param->{vmid}) ? $param->{vmid} : Node::Config::local_ids();
    Node::Fault::begin('rescan', @vmids);
    print "NOTE: running in dry-run mode, won't write changes out!\n" if $param->{dryrun};
    print "rescan volumes...\n";
    for my $vmid (@vmids) {
        Node::Lock::vm($vmid, sub {
            my $conf = Node::Config::load($vmid);
            Node::Config::check_lock($conf);
            my $changed = rescan_vm($vmid, $conf);
            Node::Config::write($vmid, $conf) if $changed && !$param->{dryrun};
        });
    }
    return 0;
}

sub rescan_vm {
    my ($vmid, $conf) = @_;
    my $main = $conf->{main};
    my %size = map { $_->[0] => $_->[1] } grep { $_->[2] == $vmid }
        map { my $store = Node::Storage::all()->{$_}; $store->{disable} ? () : Node::Storage::images($store) } sort keys %{ Node::Storage::all() };
    my (%used, $changed);
    for my $key (sort grep { Node::Schema::is_drive($_) } keys %$main) {
        my $drive = Node::Disk::parse($key, $main->{$key});
        my $volid = $drive->{file};
        $used{$volid} = 1;
        next if Node::Disk::is_cdrom($drive) || !defined($size{$volid});
        my ($old, $new) = ($drive->{size} // '', Node::Property::size_text($size{$volid}));
        next if $old ne '' && Node::Property::bytes($old) == $size{$volid};
        print "VM $vmid ($key): size of disk '$volid' updated from " . ($old eq '' ? '0 T' : $old) . " to $new\n";
        $drive->{size} = $new;
        $main->{$key} = Node::Property::print_drive($drive);
        $changed = 1;
    }
    for my $key (sort grep { /^unused\d+$/ } keys %$main) {
        my $volid = $main->{$key};
        if ($used{$volid} || !defined($size{$volid})) {
            print "VM $vmid remove entry '$key', its volume '$volid' is " . ($used{$volid} ? "in use\n" : "gone\n");
            delete $main->{$key};
            $changed = 1;
        } else {
            $used{$volid} = 1;
        }
    }
    for my $volid (sort grep { !$used{$_} && !/vm-\d+-state-/ } keys %size) {
        Node::Disk::unuse($main, $volid);
        my ($key) = grep { /^unused/ && $main->{$_} eq $volid } keys %$main;
        print "VM $vmid add unreferenced volume '$volid' as '$key' to config\n";
        $changed = 1;
    }
    return $changed;
}

1;
