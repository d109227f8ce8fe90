# SPDX-License-Identifier: GPL-3.0-or-later
#
# storage.cfg and volume ids: STORE:LV of an lvmthin storage, and read-only STORE:iso/…, STORE:import/… of a dir one.
# Follows pve-facts 5.20 and 8; volumes are made and removed under the storage's flock (1.2.5).

package Node::Storage;
use strict;
use warnings;
use Node::Root;
use Node::Lock;
use Node::Lvm;

my $all;

sub all {
    return $all if $all;
    $all = {};
    my $now;
    for my $line (split /\n/, Node::Root::slurp(Node::Root::path('/etc/pve/storage.cfg')) // '') {
        next if $line =~ /^\s*(?:#.*)?$/;
        if ($line =~ /^(\S+):\s*(\S+)\s*$/) {
            $now = $all->{$2} = { id => $2, type => $1 };
        } elsif ($now && $line =~ /^\s+(\S+)(?:\s+(.*?))?\s*$/) {
            $now->{$1} = $2 // 1;
        }
    }
    return $all;
}

# An enabled storage of this node, or the error that PVE gives.
sub get {
    my ($id) = @_;
    my $store = all()->{$id} // die "storage '$id' does not exist\n";
    die "storage '$id' is disabled\n" if $store->{disable};
    die "storage '$id' is not available on node '" . Node::Root::node() . "'\n"
        if $store->{nodes} && !grep { $_ eq Node::Root::node() } split /[,;\s]+/, $store->{nodes};
    return $store;
}

sub has_content {
    my ($store, $kind) = @_;
    return grep { $_ eq $kind } split /,/, $store->{content} // '';
}

# (storage, name) of a volume id.
sub split_id {
    my ($volid) = @_;
    $volid =~ /^([A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]):(.+)$/ or die "unable to parse volume ID '$volid'\n";
    return (get($1), $2);
}

# Which VM a volume belongs to: by its name only.
sub owner {
    my ($name) = @_;
    return $name =~ /^(?:vm|base)-(\d+)-\S+$/ ? $1 : undef;
}

sub path {
    my ($volid) = @_;
    my ($store, $name) = split_id($volid);
    return "/dev/$store->{vgname}/$name" if $store->{type} eq 'lvmthin';
    return "$store->{path}/template/$1" if $name =~ m!^((?:iso|cache)/.+)$!;
    return "$store->{path}/$1" if $name =~ m!^((?:import|snippets)/.+)$!;
    return "$store->{path}/images/$name";
}

# The volume's row, or the error of an activation.
sub volume {
    my ($volid) = @_;
    my ($store, $name) = split_id($volid);
    die "stand-in: only lvmthin volumes, not '$volid'\n" if $store->{type} ne 'lvmthin';
    my $found = Node::Lvm::volumes($store->{vgname})->{$name} // die "no such logical volume $store->{vgname}/$name\n";
    return $found;
}

sub activate {
    my ($volid) = @_;
    my ($store, $name) = split_id($volid);
    Node::Lvm::activate($store->{vgname}, $name) if $store->{type} eq 'lvmthin';
}

# First vm-N-disk-K for which neither vm- nor base- is there (pve-facts 1.3.4).
sub free_name {
    my ($store, $vmid) = @_;
    my $volumes = Node::Lvm::volumes($store->{vgname});
    my $k = 0;
    $k++ while $volumes->{"vm-$vmid-disk-$k"} || $volumes->{"base-$vmid-disk-$k"};
    return "vm-$vmid-disk-$k";
}

sub alloc {
    my ($storage, $vmid, $name, $kib) = @_;
    my $store = get($storage);
    die "storage '$storage' does not support content-type 'images'\n" if $store->{type} ne 'lvmthin';
    return Node::Lock::storage($storage, sub {
        $name ||= free_name($store, $vmid);
        Node::Lvm::create($store->{vgname}, $store->{thinpool}, $name, $kib);
        return "$storage:$name";
    });
}

sub clone {
    my ($volid, $vmid) = @_;
    my ($store, $base) = split_id($volid);
    return Node::Lock::storage($store->{id}, sub {
        my $name = free_name($store, $vmid);
        Node::Lvm::snapshot($store->{vgname}, $base, $name);
        return "$store->{id}:$name";
    });
}

sub make_base {
    my ($volid) = @_;
    my ($store, $name) = split_id($volid);
    (my $new = $name) =~ s/^vm-/base-/;
    Node::Lock::storage($store->{id}, sub { Node::Lvm::make_base($store->{vgname}, $name, $new) });
    return "$store->{id}:$new";
}

# A volume that is not there is no error (pve-facts 4.8).
sub free {
    my ($volid) = @_;
    my ($store, $name) = split_id($volid);
    die "stand-in: only lvmthin volumes, not '$volid'\n" if $store->{type} ne 'lvmthin';
    Node::Lock::storage($store->{id}, sub {
        Node::Lvm::remove($store->{vgname}, $name) if Node::Lvm::volumes($store->{vgname})->{$name};
    });
}

# All images: [volid, size, owner], of one storage, in the order of their names.
sub images {
    my ($store) = @_;
    return if $store->{type} ne 'lvmthin';
    my $volumes = Node::Lvm::volumes($store->{vgname});
    return map { ["$store->{id}:$_", $volumes->{$_}{size}, owner($_), $volumes->{$_}{time}] }
        grep { $volumes->{$_}{thin} && $volumes->{$_}{pool} eq $store->{thinpool} && defined(owner($_)) } sort keys %$volumes;
}

# All files of a dir storage: [content, volid, format, size, time].
sub files {
    my ($store) = @_;
    my @rows;
    for my $kind (['iso', 'template/iso', qr/\.(?:iso|img)$/i], ['import', 'import', qr/\.(ova|ovf|qcow2|raw|vmdk)$/], ['snippets', 'snippets', qr/./]) {
        my $dir = Node::Root::path("$store->{path}/$kind->[1]");
        opendir(my $dh, $dir) or next;
        for my $file (sort grep { !/^\./ && /$kind->[2]/ } readdir($dh)) {
            my $format = $kind->[0] eq 'import' ? $file =~ s/^.*\.//r : $kind->[0] eq 'iso' ? 'iso' : 'snippet';
            push @rows, [$kind->[0], "$store->{id}:$kind->[0]/$file", $format, (stat("$dir/$file"))[7, 10]];
        }
    }
    return @rows;
}

# (total, used, free) in bytes.
sub usage {
    my ($store) = @_;
    if ($store->{type} eq 'lvmthin') {
        my $pool = Node::Lvm::pool($store->{vgname}, $store->{thinpool}) // return;
        return ($pool->{size}, $pool->{used}, $pool->{size} - $pool->{used});
    }
    return (14687412224, 1211809792, 12709257216);
}

1;
