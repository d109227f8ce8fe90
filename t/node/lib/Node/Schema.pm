# SPDX-License-Identifier: GPL-3.0-or-later
#
# The keys of a VM's configuration: which there are, what they may hold, and how a value is spelt in the file
# (pve-facts 2.4, 9.3; wordings from the transcripts).

package Node::Schema;
use strict;
use warnings;
use Node::Property;

our @lock = qw(backup clone create migrate rollback snapshot snapshot-delete suspending suspended);

# type, then whatever it needs: bool, int MIN [MAX], number, enum LIST, or a string with a rule of its own
my %key = (
    (map { $_ => ['bool'] } qw(acpi autostart ciupgrade freeze keephugepages kvm localtime numa onboot protection reboot tablet tdf
        template)),
    (map { $_ => ['string'] } qw(args bootdisk ciuser hookscript searchdomain startdate vmstatestorage meta parent)),
    (map { $_ => ['items', $_] } qw(cicustom cpu ivshmem machine spice_enhancements startup vga watchdog audio0 amd-sev)),
    rng0 => ['items', 'rng'], smbios1 => ['items', 'smbios', 512], affinity => ['cpuset'], hotplug => ['features'], 'allow-ksm' => ['bool'],
    balloon => ['int', 0], cores => ['int', 1], sockets => ['int', 1], smp => ['int', 1], vcpus => ['int', 1],
    cpuunits => ['int', 1, 262144], shares => ['int', 0, 50000], migrate_speed => ['int', 0],
    cpulimit => ['number', 0, 128], migrate_downtime => ['number'],
    bios => ['enum', 'seabios', 'ovmf'], citype => ['enum', 'configdrive2', 'nocloud', 'opennebula'],
    scsihw => ['enum', qw(lsi lsi53c810 virtio-scsi-pci virtio-scsi-single megasas pvscsi)],
    ostype => ['enum', qw(other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris)],
    hugepages => ['enum', 'any', '2', '1024'], arch => ['enum', 'x86_64', 'aarch64'],
    keyboard => ['enum', qw(de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr)],
    lock => ['enum', @lock],
    name => ['dns-name'], description => ['text', 8192], tags => ['tags'], memory => ['memory'], agent => ['agent'],
    boot => ['boot'], cipassword => ['password'], sshkeys => ['sshkeys'], nameserver => ['addresses'], vmgenid => ['vmgenid'],
);
my %numbered = (ide => ['drive', 3], sata => ['drive', 5], scsi => ['drive', 30], virtio => ['drive', 15], efidisk => ['drive', 0],
    tpmstate => ['drive', 0], net => ['net', 31], ipconfig => ['ipconfig', 31], unused => ['string', 255], serial => ['port', 3],
    parallel => ['string', 2], usb => ['string', 13], hostpci => ['string', 15], numa => ['string', 7], virtiofs => ['string', 9]);

# The rule of a key, or undef when there is no such key.
sub rule {
    my ($key) = @_;
    return $key{$key} if $key{$key};
    return undef if $key !~ /^([a-z]+?)(0|[1-9]\d*)$/ || !$numbered{$1} || $2 > $numbered{$1}[1];
    return [$numbered{$1}[0]];
}

sub is_drive {
    my ($key) = @_;
    my $rule = rule($key) // return 0;
    return $rule->[0] eq 'drive';
}

sub names {
    return ((sort keys %key), map { my $base = $_; map { "$base$_" } 0 .. $numbered{$base}[1] } sort keys %numbered);
}

# All slots that can be resized, in PVE's order.
sub slots { return ((map { "ide$_" } 0 .. 3), (map { "scsi$_" } 0 .. 30), (map { "virtio$_" } 0 .. 15), (map { "sata$_" } 0 .. 5), 'efidisk0', 'tpmstate0'); }

sub cloudinit_keys { return qw(cicustom cipassword citype ciupgrade ciuser nameserver searchdomain sshkeys); }

sub is_cloudinit {
    my ($key) = @_;
    return $key =~ /^ipconfig\d+$/ || grep { $_ eq $key } cloudinit_keys();
}

# Check one value. Returns the value in its stored spelling; dies with the reason.
sub check {
    my ($key, $value) = @_;
    my ($type, @rule) = @{ rule($key) };
    if ($type eq 'bool') {
        return Node::Property::bool($value) // die "type check ('boolean') failed - got '$value'";
    } elsif ($type eq 'int') {
        die "type check ('integer') failed - got '$value'" if $value !~ /^[+-]?\d+$/;
        die "value must have a minimum value of $rule[0]" if $value < $rule[0];
        die "value must have a maximum value of $rule[1]" if defined($rule[1]) && $value > $rule[1];
        return int($value);
    } elsif ($type eq 'number') {
        die "type check ('number') failed - got '$value'" if $value !~ /^\d+(?:\.\d+)?$/;
        die "value must have a maximum value of $rule[1]" if defined($rule[1]) && $value > $rule[1];
        return $value;
    } elsif ($type eq 'items') {
        Node::Property::check($rule[0], $key, $value);
        die "value may only be $rule[1] characters long" if defined($rule[1]) && length($value) > $rule[1];
        return $value;
    } elsif ($type eq 'cpuset') {
        for my $part (split /,/, $value, -1) {
            my ($first, $last) = $part =~ /^(\d+)(?:-(\d+))?$/;
            die "invalid format - unable to parse cpuset option\n" if !defined($first) || defined($last) && $last < $first;
        }
        return $value;
    } elsif ($type eq 'features') {
        for my $feature ($value =~ /^[01]$/ ? () : split /[,;\s]+/, $value) {
            die "invalid hotplug feature '$feature'\n" if $feature !~ /^(?:network|disk|cpu|memory|usb|cloudinit)$/;
        }
        return $value;
    } elsif ($type eq 'port') {
        die "value does not match the regex pattern" if $value !~ m!^(?:/dev/.+|socket)$!;
        return $value;
    } elsif ($type eq 'enum') {
        die "value '$value' does not have a value in the enumeration '" . join(', ', @rule) . "'" if !grep { $_ eq $value } @rule;
        return $value;
    } elsif ($type eq 'text') {
        die "value may only be $rule[0] characters long" if length($value) > $rule[0];
        return $value;
    } elsif ($type eq 'dns-name') {
        my $label = qr/[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/;
        die "invalid format - value does not look like a valid DNS name\n" if $value !~ /^$label(?:\.$label)*$/;
        return $value;
    } elsif ($type eq 'tags') {
        for my $tag (split /[,;\s]+/, $value) {
            die "invalid format - value does not look like a valid tag\n" if $tag !~ /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;
        }
        return $value;
    } elsif ($type eq 'sshkeys') {
        return $value;    # the name of a file; see Node::Verb::Set
    } elsif ($type eq 'addresses') {
        for my $address (split /[,;\s]+/, $value) {
            die "invalid format - value does not look like a valid IP address\n"
                if !Node::Property::ipv4($address) && !($address =~ /:/ && $address =~ /^[0-9a-f:.]+$/i);
        }
        return $value;
    } elsif ($type eq 'vmgenid') {
        die "value does not match the regex pattern" if $value !~ /^(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])$/;
        return $value;
    } elsif ($type eq 'boot') {
        return $value;
    } elsif ($type =~ /^(?:drive|net|ipconfig|memory|agent)$/) {
        return $value if $type eq 'drive' && $value =~ /^(?:none|cdrom)$/;
        Node::Property::check($type, $key, $value);
        return $value;
    }
    die "property contains a line feed" if $value =~ /[\r\n]/;
    $value =~ s/^"(.*)"$/$1/ if $type eq 'string';
    return $value;
}

# A checked value as it goes into the file; drives are another matter.
sub normal {
    my ($key, $value) = @_;
    my ($type) = @{ rule($key) };
    $value =~ s/\s+$//;
    return Node::Property::print_net(Node::Property::check($type, $key, $value)) if $type eq 'net';
    return 'order=' . join(';', split /[;,\s]+/, $1) if $type eq 'boot' && $value =~ /^order=(.*)$/s;
    return $value > 10000 ? 10000 : $value if $key eq 'cpuunits';    # cgroup v2
    return $value eq '1' ? Node::Root::uuid() : $value if $type eq 'vmgenid';
    return $value;
}

# The tags of a guest as `qm set` stores them.
sub tags {
    my ($value) = @_;
    my %seen;
    return join(';', sort grep { $_ ne '' && !$seen{$_}++ } split /[,;\s]+/, lc($value));
}

# The file's keys, one a line, in percent encoding; each line as ssh-keygen would judge it.
sub check_keys {
    my ($value) = @_;
    $value =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
    for my $line (split /\n/, $value) {
        next if $line =~ /^\s*(?:#.*)?$/;
        my ($type, $blob) = $line =~ /(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+([A-Za-z0-9+\/]+=*)(?:\s|$)/;
        my $plain = defined($blob) ? unpack('u', uu($blob)) : '';
        die "invalid format - SSH public key validation error\n"
            if !defined($type) || length($plain) < 8 || substr($plain, 4, unpack('N', $plain)) ne $type;
    }
}

# base64 as uuencode lines, for unpack.
sub uu {
    my ($text) = @_;
    $text =~ tr!A-Za-z0-9+/=!!cd;
    $text =~ s/=+$//;
    $text =~ tr!A-Za-z0-9+/! -_!;
    return join('', map { chr(32 + int(length($_) * 3 / 4)) . "$_\n" } unpack('(A60)*', $text =~ s/ /`/gr));
}

# As PVE stores them: URI::Escape's unreserved set stays.
sub escape {
    my ($text) = @_;
    $text =~ s/([^A-Za-z0-9\-._~!*'()])/sprintf('%%%02X', ord($1))/ge;
    return $text;
}

1;
