# SPDX-License-Identifier: GPL-3.0-or-later
#
# Property strings: `value,key=value,…`. Parsing, checking, and the printed normal form of drives and network cards
# (pve-facts 2.4). Errors are worded as PVE::JSONSchema words them (transcript 03).

package Node::Property;
use strict;
use warnings;
use Node::Root;

# The parts of a property string; $default is the key of a bare first value.
sub parse {
    my ($text, $default) = @_;
    my %part;
    for my $piece (split /,/, $text) {
        next if $piece =~ /^\s*$/;
        my ($key, $value) = $piece =~ /^([^=]+)=(.*)$/ ? ($1, $2) : ($default, $piece);
        die "invalid format - value without key, but schema does not define a default key\n" if !defined($key);
        die "invalid format - duplicate key in comma-separated list property: $key\n" if exists($part{$key});
        $part{$key} = $value;
    }
    return \%part;
}

my %bool = map { $_ => 'bool' } qw(backup iothread ssd ro replicate snapshot scsiblock shared detect_zeroes firewall link_down
    enabled fstrim_cloned_disks freeze-fs-on-backup hidden no-debug no-key-sharing kernel-hashes allow-smt foldersharing);

my $volume = qr/^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:.+$/;
my @cpu = qw(
    486 Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server Cascadelake-Server-noTSX
    Cascadelake-Server-v2 Cascadelake-Server-v4 Cascadelake-Server-v5 Conroe Cooperlake Cooperlake-v2 EPYC EPYC-Genoa
    EPYC-IBPB EPYC-Milan EPYC-Milan-v2 EPYC-Rome EPYC-Rome-v2 EPYC-Rome-v3 EPYC-Rome-v4 EPYC-v3 EPYC-v4 GraniteRapids
    Haswell Haswell-IBRS Haswell-noTSX Haswell-noTSX-IBRS Icelake-Client Icelake-Client-noTSX Icelake-Server
    Icelake-Server-noTSX Icelake-Server-v3 Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 IvyBridge
    IvyBridge-IBRS KnightsMill Nehalem Nehalem-IBRS Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn
    SandyBridge SandyBridge-IBRS SapphireRapids SapphireRapids-v2 Skylake-Client Skylake-Client-IBRS
    Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server Skylake-Server-IBRS Skylake-Server-noTSX-IBRS
    Skylake-Server-v4 Skylake-Server-v5 Westmere Westmere-IBRS athlon core2duo coreduo host kvm32 kvm64 max pentium
    pentium2 pentium3 phenom qemu32 qemu64 x86-64-v2 x86-64-v2-AES x86-64-v3 x86-64-v4
);
my @flag = qw(pcid spec-ctrl ibpb ssbd virt-ssbd amd-ssbd amd-no-ssb pdpe1gb md-clear hv-tlbflush hv-evmcs aes);

# What each kind of string may hold: key => type; a type is a name below or a regular expression.
my %kind = (
    drive => { default => 'file', key => { file => 'any', media => qr/^(?:cdrom|disk)$/, size => qr/^\d+(?:\.\d+)?[KMGT]?$/,
        cache => qr/^(?:none|writethrough|writeback|unsafe|directsync)$/, aio => qr/^(?:native|threads|io_uring)$/,
        backup => 'bool', discard => qr/^(?:ignore|on)$/, iothread => 'bool', ssd => 'bool', ro => 'bool', replicate => 'bool',
        snapshot => 'bool', shared => 'bool', detect_zeroes => 'bool', scsiblock => 'bool', serial => 'any', wwn => 'any',
        werror => 'any', rerror => 'any', queues => 'int', format => qr/^(?:raw|qcow2|vmdk|qed|cow|cloop|vma)$/, model => 'any',
        'import-from' => 'any', efitype => qr/^[24]m$/, 'pre-enrolled-keys' => 'bool', version => 'any', product => 'any',
        vendor => 'any', (map { $_ => 'number' } qw(mbps mbps_rd mbps_wr mbps_max mbps_rd_max mbps_wr_max)),
        map { $_ => 'int' } qw(iops iops_rd iops_wr iops_max iops_rd_max iops_wr_max bps bps_rd bps_wr) } },
    net => { default => 'model', key => { model => 'nic', macaddr => 'mac', bridge => qr/^[-_.\w\d]+$/, firewall => 'bool',
        link_down => 'bool', mtu => 'int', queues => 'int', rate => 'number', tag => 'vlan', trunks => 'any' } },
    ipconfig => { default => undef, key => { ip => 'ipv4cidr', gw => 'ipv4', ip6 => 'ipv6cidr', gw6 => 'ipv6' } },
    memory => { default => 'current', key => { current => 'memory' } },
    agent => { default => 'enabled', need => 'enabled', key => { enabled => 'bool', fstrim_cloned_disks => 'bool',
        'freeze-fs-on-backup' => 'bool', type => qr/^(?:virtio|isa)$/ } },
    cpu => { default => 'cputype', key => { cputype => 'cpu', flags => 'flags', hidden => 'bool', 'phys-bits' => qr/^(?:host|\d+)$/,
        'hv-vendor-id' => qr/^[a-zA-Z0-9]{1,12}$/, 'reported-model' => 'any' } },
    machine => { default => 'type', key => { viommu => qr/^(?:intel|virtio)$/, type =>
        qr/^(?:pc|pc(?:-i440fx)?-\d+(?:\.\d+)+(?:\+pve\d+)?(?:\.pxe)?|q35|pc-q35-\d+(?:\.\d+)+(?:\+pve\d+)?(?:\.pxe)?)$/ } },
    startup => { default => 'order', key => { order => 'int', up => 'int', down => 'int' } },
    vga => { default => 'type', key => { memory => qr/^(?:[4-9]|\d\d|[1-4]\d\d|50\d|51[0-2])$/, clipboard => qr/^vnc$/,
        type => qr/^(?:cirrus|qxl[234]?|none|serial[0-3]|std|virtio|virtio-gl|vmware)$/ } },
    rng => { default => 'source', need => 'source', key => { source => qr!^/dev/(?:urandom|random|hwrng)$!, max_bytes => 'int',
        period => 'int' } },
    smbios => { default => undef, key => { uuid => qr/^[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$/, base64 => 'bool',
        map { $_ => qr!^[A-Za-z0-9+/]+={0,2}$! } qw(version serial manufacturer product sku family) } },
    watchdog => { default => 'model', key => { model => qr/^(?:i6300esb|ib700)$/,
        action => qr/^(?:reset|shutdown|poweroff|pause|debug|none)$/ } },
    cicustom => { default => undef, key => { map { $_ => $volume } qw(meta network user vendor) } },
    audio0 => { default => undef, need => 'device', key => { device => qr/^(?:ich9-intel-hda|intel-hda|AC97)$/,
        driver => qr/^(?:spice|none)$/ } },
    ivshmem => { default => undef, need => 'size', key => { size => 'int', name => qr/^[a-zA-Z0-9-]+$/ } },
    spice_enhancements => { default => undef, key => { foldersharing => 'bool', videostreaming => qr/^(?:off|all|filter)$/ } },
    'amd-sev' => { default => 'type', need => 'type', key => { type => 'any', 'no-debug' => 'bool', 'no-key-sharing' => 'bool',
        'kernel-hashes' => 'bool', 'allow-smt' => 'bool' } },
);

my @nic = qw(e1000 e1000-82540em e1000-82544gc e1000-82545em e1000e i82551 i82557b i82559er ne2k_isa ne2k_pci pcnet rtl8139 virtio
    vmxnet3);

# Check a string of the given kind, named $name in the texts. Returns its parts or dies with the reason.
sub check {
    my ($kind, $name, $text) = @_;
    my $schema = $kind{$kind};
    my $part = eval { parse($text, $schema->{default}) };
    die $@ if !$part;
    if ($kind eq 'net') {
        for my $nic (grep { exists($part->{$_}) } @nic) {    # `virtio=MAC` is an alias of model=virtio,macaddr=MAC
            $part->{model} = $nic;
            $part->{macaddr} = delete $part->{$nic};
        }
    }
    my $errors = '';
    for my $key (sort keys %$part) {
        my $type = $schema->{key}{$key};
        my $why = !defined($type)
            ? "property is not defined in schema and the schema does not allow additional properties"
            : wrong($type, $part->{$key});
        $errors .= "$name.$key: $why\n" if defined($why);
    }
    my $first = { drive => 'file', net => 'model' }->{$kind} // $schema->{need};
    $errors .= "$name.$first: property is missing and it is not optional\n" if $first && !exists($part->{$first});
    $errors .= "CPU is missing cputype\n" if $kind eq 'cpu' && !exists($part->{cputype});
    $errors .= "$name.gw: missing property - 'ip' needed\n" if $kind eq 'ipconfig' && $part->{gw} && !$part->{ip};
    die "invalid format - format error\n$errors" if $errors ne '';
    for my $key (keys %$part) {
        $part->{$key} = Node::Property::bool($part->{$key}) if ($schema->{key}{$key} // '') eq 'bool';
    }
    return $part;
}

# Why a value is not of a type, or undef.
sub wrong {
    my ($type, $value) = @_;
    if (ref($type)) {
        return $value =~ $type ? undef : 'value does not match the regex pattern';
    } elsif ($type eq 'bool') {
        return defined(Node::Property::bool($value)) ? undef : "type check ('boolean') failed - got '$value'";
    } elsif ($type eq 'int' || $type eq 'memory' || $type eq 'vlan') {
        return "type check ('integer') failed - got '$value'" if $value !~ /^[+-]?\d+$/;
        return 'value must have a minimum value of 16' if $type eq 'memory' && $value < 16;
        return 'value must have a minimum value of 1' if $type eq 'vlan' && $value < 1;
        return 'value must have a maximum value of 4094' if $type eq 'vlan' && $value > 4094;
    } elsif ($type eq 'number') {
        return "type check ('number') failed - got '$value'" if $value !~ /^\d+(?:\.\d+)?$/;
    } elsif ($type eq 'cpu') {
        return undef if grep { $_ eq $value } @cpu;
        if ($value =~ /^custom-(.+)/) {
            my $models = Node::Root::slurp(Node::Root::path('/etc/pve/virtual-guest/cpu-models.conf')) // '';
            return $models =~ /^cpu-model:\s*\Q$1\E\s*$/m ? undef : "Custom cputype '$1' not found\n";
        }
        return "Built-in cputype '$value' is not defined (missing 'custom-' prefix?)\n";
    } elsif ($type eq 'flags') {
        for my $flag (split /;/, $value, -1) {
            return "VM-specific CPU flags must be a subset of: " . join(', ', @flag) . "\n"
                if !grep { $flag eq "+$_" || $flag eq "-$_" } @flag;
        }
    } elsif ($type eq 'nic') {
        return "value '$value' does not have a value in the enumeration '" . join(', ', @nic) . "'" if !grep { $_ eq $value } @nic;
    } elsif ($type eq 'mac') {
        return "invalid format - value does not look like a valid unicast MAC address\n"
            if $value !~ /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i;
    } elsif ($type eq 'ipv4cidr') {
        my ($address, $mask) = $value =~ m!^([\d.]+)/(\d+)$!;
        return "invalid format - value does not look like a valid ipv4 network configuration\n"
            if $value ne 'dhcp' && !(defined($mask) && ipv4($address) && $mask >= 1 && $mask <= 32);
    } elsif ($type eq 'ipv4') {
        return "invalid format - value does not look like a valid ipv4 address\n" if !ipv4($value);
    } elsif ($type eq 'ipv6cidr') {
        my ($address, $mask) = $value =~ m!^([0-9a-f:.]+)/(\d+)$!i;
        return "invalid format - value does not look like a valid ipv6 network configuration\n"
            if $value !~ /^(?:auto|dhcp)$/ && !(defined($mask) && $address =~ /:/ && $mask >= 1 && $mask <= 128);
    } elsif ($type eq 'ipv6') {
        return "invalid format - value does not look like a valid ipv6 address\n" if $value !~ /^[0-9a-f:.]+$/i || $value !~ /:/;
    }
    return undef;
}

sub ipv4 {
    my ($text) = @_;
    my @byte = $text =~ /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/ or return 0;
    return !grep { $_ > 255 || /^0\d/ } @byte;
}

sub bool {
    my ($value) = @_;
    return 1 if $value =~ /^(?:1|on|yes|true)$/i;
    return 0 if $value =~ /^(?:0|off|no|false)$/i;
    return undef;
}

# --- printing ---

sub print_drive {
    my ($part) = @_;
    my %rest = %$part;
    delete @rest{qw(file format import-from)};
    $rest{size} = size_text(bytes($rest{size})) if defined($rest{size});
    return join(',', $part->{file}, map { "$_=$rest{$_}" } sort grep { defined($rest{$_}) } keys %rest);
}

# A card without a MAC gets a new one (pve-facts 2.4).
sub print_net {
    my ($part) = @_;
    my %rest = %$part;
    my $mac = delete $rest{macaddr} // random_mac();
    my $model = delete $rest{model};
    return join(',', "$model=$mac", map { "$_=$rest{$_}" } sort keys %rest);
}

sub random_mac {
    my $prefix = 'BC:24:11';
    my $text = Node::Root::slurp(Node::Root::path('/etc/pve/datacenter.cfg')) // '';
    $prefix = $1 if $text =~ /^mac_prefix:\s*(\S+)/m;
    my @have = split /:/, $prefix;
    push @have, Node::Root::random_hex(2) while @have < 6;
    return uc(join(':', @have));
}

# `size=`: the largest unit that leaves no fraction.
sub size_text {
    my ($bytes) = @_;
    for my $unit (['T', 1 << 40], ['G', 1 << 30], ['M', 1 << 20], ['K', 1 << 10]) {
        return $bytes / $unit->[1] . $unit->[0] if $bytes && $bytes % $unit->[1] == 0 && $bytes >= $unit->[1];
    }
    return $bytes;
}

sub bytes {
    my ($text) = @_;
    my ($number, $unit) = $text =~ /^(\d+(?:\.\d+)?)([KMGT]?)$/ or return undef;
    return int($number * { '' => 1, K => 1 << 10, M => 1 << 20, G => 1 << 30, T => 1 << 40 }->{$unit});
}

1;
