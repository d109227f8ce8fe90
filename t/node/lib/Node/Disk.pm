# SPDX-License-Identifier: GPL-3.0-or-later
#
# Drives of a guest: reading them, making the volumes that `STORE:GiB`, `STORE:0,import-from=…` and `STORE:cloudinit` ask
# for, and attaching what is there. Follows pve-facts 2.2 and 4.19.

package Node::Disk;
use strict;
use warnings;
use Node::Root;
use Node::Copy;
use Node::Fault;
use Node::Lvm;
use Node::Property;
use Node::Storage;

sub parse {
    my ($key, $text) = @_;
    return Node::Property::check('drive', $key, $text);
}

# KiB of what the size given is ignored for: OVMF's variables and a TPM's state (API2/Qemu.pm: create_disks).
my %firmware = (efidisk0 => 528, tpmstate0 => 4096);

sub is_cdrom { return ($_[0]{media} // '') eq 'cdrom' || $_[0]{file} =~ /^(?:cdrom|none)$/; }
sub is_cloudinit { return $_[0]{file} =~ /[:\/](?:vm-\d+-cloudinit|cloudinit)(?:\.\w+)?$/; }

# Before any lock: does the storage exist at all?
sub check_storage {
    my ($text) = @_;
    return if $text =~ /^(?:file=)?(?:none|cdrom)(?:,|$)/;
    return if $text =~ m!^(?:file=)?/!;
    my ($storage) = $text =~ /^(?:file=)?([A-Za-z][A-Za-z0-9._-]*):/ or die "unable to parse volume ID '$text'\n";
    Node::Storage::get($storage);
}

# Make or attach what a drive option asks for. Returns the text for the configuration; new volumes go on @$made.
sub create {
    my ($vmid, $key, $text, $made) = @_;
    return $text =~ s/^file=//r if $text =~ /^(?:file=)?(?:none|cdrom)(?:,|$)/;
    my $drive = parse($key, $text);
    my $file = $drive->{file};
    my $volid;
    if ($file =~ /^([^:\/]+):cloudinit$/) {
        $volid = Node::Storage::alloc($1, $vmid, "vm-$vmid-cloudinit", 4096);
        $drive->{media} = 'cdrom';
        delete $drive->{size};
    } elsif (defined($drive->{'import-from'})) {
        my ($storage) = $file =~ /^([^:\/]+):0$/ or die "$key - cannot import, expected volume '<storage ID>:0'\n";
        $volid = import_from($storage, $vmid, delete $drive->{'import-from'}, undef, $drive, $made, 1);
    } elsif ($file =~ /^([^:\/]+):(\d+(?:\.\d+)?)$/) {
        my ($storage, $gib) = ($1, $2);
        my $kib = $firmware{$key} // int($gib * 1024 * 1024);
        $volid = Node::Storage::alloc($storage, $vmid, undef, $kib);
        $kib = Node::Storage::volume($volid)->{size} / 1024 if $key eq 'efidisk0';
        $drive->{size} = Node::Property::size_text($kib * 1024);
    } else {
        my ($store, $name) = Node::Storage::split_id($file);
        if ($store->{type} ne 'lvmthin') {
            die "volume '$file' does not exist\n" if !-e Node::Root::path(Node::Storage::path($file));
            $drive->{size} = Node::Property::size_text(-s Node::Root::path(Node::Storage::path($file)));
        } else {
            Node::Storage::activate($file);
            $drive->{size} = Node::Property::size_text(Node::Storage::volume($file)->{size});
        }
        return Node::Property::print_drive($drive);
    }
    push @$made, $volid if !grep { $_ eq $volid } @$made;
    Node::Fault::point('disk-allocated') if !defined($drive->{imported});
    delete $drive->{imported};
    $drive->{file} = $volid;
    my $done = Node::Property::print_drive($drive);
    print "$key: successfully created disk '$done'\n";
    return $done;
}

# A new volume with the content of an image file or another volume.
sub import_from {
    my ($storage, $vmid, $source, $name, $drive, $made, $say) = @_;
    my $from = $source;
    my $from_volume = $source !~ m!^/!;
    if ($from_volume) {
        print "create full clone of drive ($source)\n" if $say;
        my ($store, $lv) = Node::Storage::split_id($source);
        if ($store->{type} eq 'lvmthin') {
            my $size = Node::Storage::volume($source)->{size};
            my $volid = Node::Storage::alloc($storage, $vmid, $name, $size / 1024);
            push @$made, $volid;
            Node::Fault::point('disk-allocated');
            copy($source, $volid);
            @$drive{'size', 'imported'} = (Node::Property::size_text($size), 1);
            return $volid;
        }
        $from = Node::Root::path(Node::Storage::path($source));
    } elsif (!-f Node::Root::path($from) && -f $from) {
        # an image given by its path on the machine, not in the root
    } else {
        $from = Node::Root::path($from);
    }
    die "$source: non-existent or non-regular file\n" if !-f $from;
    my ($format, $size, $content) = image($from);
    my $volid = Node::Storage::alloc($storage, $vmid, $name, int(($size + 1023) / 1024));
    push @$made, $volid;
    Node::Fault::point('disk-allocated');
    my ($store, $lv) = Node::Storage::split_id($volid);
    Node::Copy::run(image => $from, from => $Node::Root::setting{backend} eq 'lvm' ? $from : Node::Root::shown($from), to => Node::Storage::path($volid),
        total => $size, content => $content, format => $format, hold => [[$store->{vgname}, $lv]]);
    @$drive{'size', 'imported'} = (Node::Property::size_text($size), 1);
    return $volid;
}

# (format, virtual size, bytes that are not holes) of an image file.
sub image {
    my ($file) = @_;
    open(my $fh, '<:raw', $file) or die "$file: $!\n";
    sysread($fh, my $head, 32);
    my @stat = stat($fh);
    my $stored = $stat[12] * 512 < $stat[7] ? $stat[12] * 512 : $stat[7];
    return ('qcow2', unpack('Q>', substr($head, 24, 8)), $stat[7]) if substr($head, 0, 4) eq "QFI\xfb";
    return ('raw', $stat[7], $stored);
}

# All the data of one volume into another.
sub copy {
    my ($from, $to, $limit) = @_;
    my ($from_store, $from_lv) = Node::Storage::split_id($from);
    my ($to_store, $to_lv) = Node::Storage::split_id($to);
    Node::Storage::activate($from);
    my $volume = Node::Storage::volume($from);
    Node::Copy::run(from => Node::Storage::path($from), to => Node::Storage::path($to), total => $volume->{size},
        content => $volume->{mapped}, limit => $limit, hold => [[$from_store->{vgname}, $from_lv], [$to_store->{vgname}, $to_lv]]);
}

# Detach a volume: its id goes to the first free unusedN.
sub unuse {
    my ($main, $volid) = @_;
    return if grep { /^unused\d+$/ && $main->{$_} eq $volid } keys %$main;
    my $n = 0;
    $n++ while exists($main->{"unused$n"});
    $main->{"unused$n"} = $volid;
}

1;
