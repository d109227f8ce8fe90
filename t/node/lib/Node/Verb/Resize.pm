# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm resize: everything is checked in the worker, and the exit status is 0 whatever came of it (pve-facts 0.10, 3;
# transcripts 03, 06).

package Node::Verb::Resize;
use strict;
use warnings;
use Node::Config;
use Node::Disk;
use Node::Fault;
use Node::Lock;
use Node::Lvm;
use Node::Options;
use Node::Property;
use Node::Storage;
use Node::Task;

sub resize {
    my $param = Node::Options::read(\@_, usage => 'qm disk resize <vmid> <disk> <size> [OPTIONS]',
        positional => [['vmid', 'vmid'], ['disk', 'slot'], ['size', 'size']],
        option => { digest => 'string', skiplock => 'bool' });
    my $vmid = $param->{vmid};
    Node::Fault::begin('resize', $vmid);
    Node::Task::run('resize', $vmid, sub { Node::Lock::vm($vmid, sub { work($vmid, $param) }) });
    return 0;
}

sub work {
    my ($vmid, $param) = @_;
    my $key = $param->{disk};
    my $conf = Node::Config::load($vmid);
    die "checksum mismatch (file change by other user?)\n"
        if defined($param->{digest}) && $param->{digest} ne Node::Config::digest($conf);
    Node::Config::check_lock($conf, $param->{skiplock});
    die "disk '$key' does not exist\n" if !defined($conf->{main}{$key});
    my $drive = Node::Disk::parse($key, $conf->{main}{$key});
    die "you can't resize a cdrom\n" if Node::Disk::is_cdrom($drive) || Node::Disk::is_cloudinit($drive);
    my $volume = Node::Storage::volume($drive->{file});
    my ($plus, $text) = $param->{size} =~ /^(\+?)(.*)$/;
    my $size = Node::Property::bytes($text) + ($plus ? $volume->{size} : 0);
    die "shrinking disks is not supported\n" if $size < $volume->{size};
    return if $size == $volume->{size};
    my ($store, $name) = Node::Storage::split_id($drive->{file});
    Node::Storage::activate($drive->{file});
    Node::Lock::storage($store->{id}, sub { Node::Lvm::extend($store->{vgname}, $name, $size) });
    Node::Fault::point('extended');
    $drive->{size} = Node::Property::size_text($size);
    $conf->{main}{$key} = Node::Property::print_drive($drive);
    Node::Config::write($vmid, $conf);
    Node::Fault::point('written');
}

1;
