# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm set: every option goes into [PENDING] with a write of its own, in no certain order, and only then are pending values
# applied: all of them on a stopped VM, those that can be changed live on a running one (pve-facts 2.1, 2.2; transcripts 01,
# 03, 04).

package Node::Verb::Set;
use strict;
use warnings;
use Node::Root;
use Node::Cloudinit;
use Node::Config;
use Node::Disk;
use Node::Fail;
use Node::Fault;
use Node::Guest;
use Node::Lock;
use Node::Options;
use Node::Property;
use Node::Schema;
use Node::Storage;

my $usage = 'qm set <vmid> [OPTIONS]';
my %fast = map { $_ => 1 } qw(description hookscript lock migrate_downtime migrate_speed name onboot protection shares startup tags
    vmstatestorage);
my %live = map { $_ => 1 } qw(cpuunits cpulimit);

sub set {
    my $param = Node::Options::read(\@_, usage => $usage, config => 1, positional => [['vmid', 'vmid']],
        option => { delete => 'list', revert => 'list', digest => 'string', force => 'bool', skiplock => 'bool' });
    my $vmid = delete $param->{vmid};
    Node::Fault::begin('set', $vmid);
    read_keys($param);
    my $said = join(' ', map { "-$_ " . ($_ eq 'cipassword' ? '<hidden>' : $param->{$_}) } sort keys %$param);
    my ($digest, $force, $skip) = delete @$param{'digest', 'force', 'skiplock'};
    my %drop = (delete => delete $param->{delete}, revert => delete $param->{revert});
    die "no options specified\n" if !%$param && !grep { defined && $_ ne '' } values %drop;
    my ($delete, $revert) = map { [split /[,;\s]+/, $drop{$_} // ''] } 'delete', 'revert';
    check_lists($param, $delete, $revert);
    Node::Disk::check_storage($param->{$_}) for grep { Node::Schema::is_drive($_) } sort keys %$param;
    $param->{cipassword} = Node::Cloudinit::hash($param->{cipassword}) if defined($param->{cipassword});
    $param->{tags} = Node::Schema::tags($param->{tags}) if defined($param->{tags});
    eval {
        Node::Lock::vm($vmid, sub { work($vmid, $param, $delete, $revert, $digest, $force, $skip, $said) });
        1;
    } or do {
        Node::Options::usage($@, $usage) if !ref($@) && $@ =~ /^400 /;
        die $@;
    };
    return 0;
}

# --sshkeys names a file; what is stored is its text, escaped. Already checked keys stay as they are.
sub read_keys {
    my ($param) = @_;
    return if !defined($param->{sshkeys}) || $param->{sshkeys} eq '';
    my $file = $param->{sshkeys};
    my $text = Node::Root::slurp(-e Node::Root::path($file) && $file =~ m!^/! ? Node::Root::path($file) : $file)
        // die "can't open '$file' - No such file or directory\n";
    $param->{sshkeys} = Node::Schema::escape($text);
    eval { Node::Schema::check_keys($param->{sshkeys}); 1 }
        or eval { Node::Fail::parameters(sshkeys => $@) } || Node::Options::usage($@, $usage);
}

sub check_lists {
    my ($param, $delete, $revert) = @_;
    my %wrong;
    for my $list (['delete', $delete], ['revert', $revert]) {
        for my $key (@{ $list->[1] }) {
            $key = 'ide2' if $key eq 'cdrom';
            $wrong{ $list->[0] } = "unknown option '$key'" if !Node::Schema::rule($key);
            $wrong{ $list->[0] } = "you can't use '-$key' and -$list->[0] $key' at the same time" if exists($param->{$key});
        }
    }
    return if !%wrong;
    eval { Node::Fail::parameters(%wrong) };
    Node::Options::usage($@, $usage);
}

sub work {
    my ($vmid, $param, $delete, $revert, $digest, $force, $skip, $said) = @_;
    my $conf = Node::Config::load($vmid);
    die "checksum mismatch (file change by other user?)\n" if defined($digest) && $digest ne Node::Config::digest($conf);
    Node::Config::check_lock($conf, $skip);
    check_boot($conf, $param, $delete);
    check_cloudinit_twice($conf, $param);
    check_balloon($conf, $param);
    check_hookscript($param->{hookscript}) if defined($param->{hookscript});
    print "update VM $vmid: $said\n";
    my $count = 0;
    for my $key (@$revert) {
        revert($conf, $key);
        Node::Config::write($vmid, $conf);
    }
    for my $key (@$delete) {
        next if !queue_delete($conf, $key, $force);
        Node::Config::write($vmid, $conf);
        Node::Fault::point('pending-' . ++$count);
    }
    for my $key (shuffled(keys %$param)) {
        my $value = $param->{$key};
        if ($key eq 'cipassword') {    # bypasses [PENDING]
            remember($conf, $key) if Node::Guest::running($vmid);
            $conf->{main}{$key} = $value;
        } elsif (Node::Schema::is_drive($key)) {
            check_tpm($conf->{main}{$key}, $value) if $key eq 'tpmstate0';
            unuse_pending($conf, $key);
            $conf->{pending}{$key} = make_drive($vmid, $key, $value);
        } else {
            $conf->{pending}{$key} = Node::Schema::normal($key, $value);
        }
        undelete($conf, $key);
        Node::Config::write($vmid, $conf);
        Node::Fault::point('pending-' . ++$count);
    }
    clean_pending($conf);
    if (Node::Guest::running($vmid)) {
        apply_live($vmid, $conf);
    } else {
        apply($vmid, $conf);
    }
    Node::Fault::point('applied');
}

# What a drive needs is made; and taken away again if that fails (API2/Qemu.pm: create_disks).
sub make_drive {
    my ($vmid, $key, $value) = @_;
    my @made;
    my $drive = eval { Node::Disk::create($vmid, $key, $value, \@made) };
    return $drive if defined($drive);
    my $error = $@;
    Node::Storage::free($_) for @made;
    die $error;
}

# Perl's hash order is random; so is this.
sub shuffled {
    my @keys = @_;
    for my $n (reverse 1 .. $#keys) {
        my $other = int(rand($n + 1));
        @keys[$n, $other] = @keys[$other, $n];
    }
    return @keys;
}

sub check_boot {
    my ($conf, $param, $delete) = @_;
    return if !defined($param->{boot}) || $param->{boot} !~ /^order=(.*)$/;
    for my $device (split /[;,\s]+/, $1) {
        my $there = $param->{$device} || ($conf->{main}{$device} && !grep { $_ eq $device } @$delete) || $conf->{pending}{$device};
        die "invalid bootorder: device '$device' does not exist'\n" if !$there;
    }
}

sub check_cloudinit_twice {
    my ($conf, $param) = @_;
    for my $key (grep { Node::Schema::is_drive($_) && $param->{$_} =~ /:(?:vm-\d+-)?cloudinit/ } sort keys %$param) {
        for my $other (grep { Node::Schema::is_drive($_) && $_ ne $key } sort keys %{ $conf->{main} }) {
            die "$key - cloud-init drive is already attached at '$other'\n" if $conf->{main}{$other} =~ /:vm-\d+-cloudinit/;
        }
    }
}

# Another version would need another state.
sub check_tpm {
    my ($was, $is) = @_;
    return if !defined($was);
    my ($old, $new) = map { Node::Disk::parse('tpmstate0', $_) } $was, $is;
    die "cannot change TPM state version after creation\n"
        if $old->{file} eq $new->{file} && ($old->{version} // 'v1.2') ne ($new->{version} // 'v1.2');
}

sub check_balloon {
    my ($conf, $param) = @_;
    return if !defined($param->{memory}) && !defined($param->{balloon});
    my ($memory) = ($param->{memory} // $conf->{pending}{memory} // $conf->{main}{memory} // 512) =~ /(\d+)/;
    my $balloon = $param->{balloon} // $conf->{pending}{balloon} // $conf->{main}{balloon};
    die "balloon value too large (must be smaller than assigned memory)\n" if $balloon && $balloon > $memory;
}

# As PVE::GuestHelpers has it.
sub check_hookscript {
    my ($volid) = @_;
    die "'$volid' is not in the snippets directory\n" if $volid !~ /^[^:]+:snippets\//;
    my $path = Node::Root::path(Node::Storage::path($volid));
    die "script '$volid' does not exists\n" if !-f $path;
    die "script '$volid' is not executable\n" if !-x $path;
}

# --- the pending section ---

sub deletes {
    my ($conf) = @_;
    my %list = map { /^(!?)(.*)$/ ? ($2 => $1) : () } split /,/, $conf->{pending}{delete} // '';
    return \%list;
}

sub set_deletes {
    my ($conf, $list) = @_;
    if (%$list) {
        $conf->{pending}{delete} = join(',', map { "$list->{$_}$_" } sort keys %$list);
    } else {
        delete $conf->{pending}{delete};
    }
}

sub queue_delete {
    my ($conf, $key, $force) = @_;
    if (!defined($conf->{main}{$key}) && !defined($conf->{pending}{$key})) {
        print STDERR "cannot delete '$key' - not set in current configuration!\n";
        return 0;
    }
    die "can't remove drive '$key' - protection mode enabled\n" =~ s/remove drive/remove unused disk/r
        if $conf->{main}{protection} && $key =~ /^unused/;
    die "can't remove drive '$key' - protection mode enabled\n" if $conf->{main}{protection} && Node::Schema::is_drive($key);
    if ($key =~ /^unused/) {
        Node::Storage::free(delete $conf->{main}{$key});
        return 1;
    }
    unboot($conf, $key);
    unuse_pending($conf, $key) if Node::Schema::is_drive($key);
    delete $conf->{pending}{$key};
    my $list = deletes($conf);
    $list->{$key} = $force ? '!' : '';
    set_deletes($conf, $list);
    return 1;
}

# What goes is not booted from any more; of a running VM that waits, as any change of boot does.
sub unboot {
    my ($conf, $key) = @_;
    return if ($conf->{pending}{boot} // $conf->{main}{boot} // '') !~ /^order=(.*)$/;
    my @order = split /;/, $1;
    my @left = grep { $_ ne $key } @order;
    $conf->{pending}{boot} = @left ? 'order=' . join(';', @left) : ' ' if @left != @order;
}

sub undelete {
    my ($conf, $key) = @_;
    my $list = deletes($conf);
    delete $list->{$key};
    set_deletes($conf, $list);
}

sub revert {
    my ($conf, $key) = @_;
    undelete($conf, $key);
    unuse_pending($conf, $key) if Node::Schema::is_drive($key);
    delete $conf->{pending}{$key};
}

# A drive that was only pending and is replaced leaves its volume unused.
sub unuse_pending {
    my ($conf, $key) = @_;
    my $old = $conf->{pending}{$key} // return;
    my $drive = Node::Disk::parse($key, $old);
    Node::Disk::unuse($conf->{main}, $drive->{file}) if !Node::Disk::is_cdrom($drive);
}

# What is pending and the same as what stands is dropped.
sub clean_pending {
    my ($conf) = @_;
    for my $key (keys %{ $conf->{pending} }) {
        next if $key eq 'delete';
        delete $conf->{pending}{$key} if defined($conf->{main}{$key}) && $conf->{main}{$key} eq $conf->{pending}{$key};
    }
    my $list = deletes($conf);
    delete $list->{$_} for grep { !defined($conf->{main}{$_}) } keys %$list;
    set_deletes($conf, $list);
}

# --- applying ---

# Stopped: everything pending, in one write.
sub apply {
    my ($vmid, $conf) = @_;
    my $made_cloudinit = 0;
    my $list = deletes($conf);
    for my $key (sort keys %$list) {
        apply_delete($conf, $key, $list->{$key} eq '!');
    }
    delete $conf->{pending}{delete};
    for my $key (sort keys %{ $conf->{pending} }) {
        $made_cloudinit = 1 if Node::Schema::is_drive($key) && $conf->{pending}{$key} =~ /:vm-\d+-cloudinit/;
        apply_one($vmid, $conf, $key);
    }
    Node::Config::write($vmid, $conf);
    if ($made_cloudinit) {
        Node::Cloudinit::generate($vmid, $conf);
        Node::Config::write($vmid, $conf) if delete $conf->{special}{cloudinit};
    }
}

# Running: what can be changed live; the rest stays pending, and that is no error.
sub apply_live {
    my ($vmid, $conf) = @_;
    my $list = deletes($conf);
    for my $key (sort keys %$list) {
        next if !is_live($conf, $key);
        remember($conf, $key);
        apply_delete($conf, $key, $list->{$key} eq '!');
        delete $list->{$key};
    }
    set_deletes($conf, $list);
    for my $key (sort grep { $_ ne 'delete' } keys %{ $conf->{pending} }) {
        next if !is_live($conf, $key);
        remember($conf, $key);
        apply_one($vmid, $conf, $key);
    }
    Node::Config::write($vmid, $conf);
}

# Can what is pending for a key be put into force while the VM runs? By the key, by what changes of it, and by what the VM
# lets be plugged (QemuServer.pm: vmconfig_hotplug_pending, vmconfig_update_disk, _net, _agent).
sub is_live {
    my ($conf, $key) = @_;
    return 1 if $fast{$key} || $live{$key} || Node::Schema::is_cloudinit($key) || $key =~ /^unused\d+$/;
    my ($was, $is) = ($conf->{main}{$key}, $conf->{pending}{$key});
    my %feature = map { $_ => 1 } split /[,;]/, features($conf->{main}{hotplug});
    return live_card($was, $is, $feature{network}) if $key =~ /^net\d+$/;
    return live_drive($key, $was, $is, $feature{disk}) if $key =~ /^(?:scsi|virtio)\d+$/;
    return live_agent($was, $is) if $key eq 'agent';
    return !!($was // 1) == !!($is // 1) if $key eq 'balloon';
    return ($was // '') !~ /memory|cpu/ && ($is // '') !~ /memory|cpu/ if $key eq 'hotplug';
    return $feature{memory} if $key eq 'memory';
    return $feature{cpu} if $key eq 'vcpus';
    return $feature{usb} if $key =~ /^(?:tablet|usb\d+)$/;
    return 0;
}

sub features {
    my ($text) = @_;
    return !defined($text) || $text eq '1' ? 'network,disk,usb' : $text eq '0' ? '' : $text;
}

sub differs {
    my ($was, $is, @key) = @_;
    return grep { ($was->{$_} // '') ne ($is->{$_} // '') } @key;
}

sub live_card {
    my ($was, $is, $plug) = @_;
    return $plug if !defined($was) || !defined($is);
    my ($old, $new) = map { Node::Property::check('net', 'net', $_) } $was, $is;
    return $plug || !differs($old, $new, qw(model macaddr queues mtu));
}

sub live_drive {
    my ($key, $was, $is, $plug) = @_;
    return $plug if !defined($was) || !defined($is);
    my ($old, $new) = map { Node::Disk::parse($key, $_) } $was, $is;
    return $plug if $old->{file} ne $new->{file};
    return !differs($old, $new, qw(aio discard iothread queues product cache ssd vendor ro));
}

sub live_agent {
    my ($was, $is) = @_;
    return 0 if !defined($was) || !defined($is);
    my ($old, $new) = map { $_->{enabled} ? $_ : {} } map { Node::Property::check('agent', 'agent', $_) } $was, $is;
    return !differs($old, $new, qw(enabled type freeze-fs-on-backup));
}

# The old value of a key that cloud-init uses (pve-facts 2.3.6).
sub remember {
    my ($conf, $key) = @_;
    return if !Node::Schema::is_cloudinit($key) && $key ne 'name' && $key !~ /^net\d+$/;
    return if !grep { Node::Schema::is_drive($_) && $conf->{main}{$_} =~ /:vm-\d+-cloudinit/ } keys %{ $conf->{main} };
    my $old = $conf->{special}{cloudinit} //= {};
    return if exists($old->{$key});
    my %added = map { $_ => 1 } split /,/, $old->{added} // '';
    return if $added{$key};
    if (defined($conf->{main}{$key})) {
        $old->{$key} = $conf->{main}{$key};
    } else {
        $old->{added} = join(',', sort keys %added, $key);
    }
}

sub apply_one {
    my ($vmid, $conf, $key) = @_;
    my $main = $conf->{main};
    my $new = delete $conf->{pending}{$key};
    if (Node::Schema::is_drive($key) && defined($main->{$key})) {
        my ($was, $is) = map { Node::Disk::parse($key, $_)->{file} } $main->{$key}, $new;
        my $old = Node::Disk::parse($key, $main->{$key});
        Node::Disk::unuse($main, $was) if $was ne $is && !Node::Disk::is_cdrom($old);
    }
    Node::Lvm::hold("vm.$vmid", Node::Guest::volumes({ $key => $new })) if Node::Schema::is_drive($key) && Node::Guest::running($vmid);
    $main->{$key} = $new;
    delete $main->{$key} if $key eq 'description' && $new eq '';
}

sub apply_delete {
    my ($conf, $key, $force) = @_;
    my $main = $conf->{main};
    my $old = delete $main->{$key} // return;
    return if !Node::Schema::is_drive($key);
    my $drive = Node::Disk::parse($key, $old);
    if (Node::Disk::is_cloudinit($drive) || $force) {
        Node::Storage::free($drive->{file});
    } elsif (!Node::Disk::is_cdrom($drive)) {
        Node::Disk::unuse($main, $drive->{file});
    }
}

1;
