# SPDX-License-Identifier: GPL-3.0-or-later
#
# Cloud-init: what is written to the drive, and when (pve-facts 2.3; transcript 01). The ISO itself is not made: its volume
# counts as written.

package Node::Cloudinit;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Disk;
use Node::Property;
use Node::Schema;
use Node::Storage;

# The key of the cloud-init drive, or undef.
sub drive_key {
    my ($main) = @_;
    for my $key (sort grep { Node::Schema::is_drive($_) } keys %$main) {
        return $key if $main->{$key} =~ /:vm-\d+-cloudinit/;
    }
    return undef;
}

# As `qm set` stores a password: SHA-256-crypt, unless it is hashed already; yescrypt is not recognised (2.3.2).
sub hash {
    my ($password) = @_;
    return $password if $password =~ /^\$(?:[156]|2[ay])(\$.+){2}/;
    my @letters = ('a' .. 'z', 'A' .. 'Z', 0 .. 9, '.', '/');
    my $salt = join('', map { $letters[hex($_) % 64] } unpack('(A2)8', Node::Root::random_hex(16)));
    return crypt($password, "\$5\$$salt\$");
}

# What a file of the user's own says in place of that part; undef if there is none (CI:get_custom_cloudinit_files).
sub own {
    my ($main, $part) = @_;
    my $volid = Node::Property::parse($main->{cicustom} // return undef, undef)->{$part} // return undef;
    my $path = Node::Root::path(Node::Storage::path($volid));
    die "volume '$volid' does not exist\n" if !-e $path;
    die "file '$path' too long - aborting\n" if -s $path > 1024 * 1024;
    return Node::Root::slurp($path);
}

sub generate {
    my ($vmid, $conf) = @_;
    my $key = drive_key($conf->{main}) // return 0;
    own($conf->{main}, $_) for qw(network user meta vendor);
    my $drive = Node::Disk::parse($key, $conf->{main}{$key});
    my ($store, $name) = Node::Storage::split_id($drive->{file});
    if (!Node::Lvm::volumes($store->{vgname})->{$name}) {
        Node::Storage::alloc($store->{id}, $vmid, $name, 4096);
    }
    Node::Storage::activate($drive->{file});
    print "generating cloud-init ISO\n";
    Node::Lvm::write($store->{vgname}, $name, 393216);
    return 1;
}

sub user {
    my ($vmid, $main) = @_;
    my $name = $main->{name} // "VM$vmid";
    my $host = $name =~ s/\..*//r;
    my $text = "#cloud-config\nhostname: $host\nmanage_etc_hosts: true\n";
    $text .= 'fqdn: ' . ($name eq $host && $main->{searchdomain} ? "$host.$main->{searchdomain}" : $name) . "\n";
    $text .= "user: $main->{ciuser}\n" if defined($main->{ciuser});
    $text .= "disable_root: False\n" if ($main->{ciuser} // '') eq 'root';
    $text .= "password: $main->{cipassword}\n" if defined($main->{cipassword});
    if (defined($main->{sshkeys})) {
        $text .= "ssh_authorized_keys:\n";
        $text .= "  - $_\n" for grep { /\S/ } split /\n/, $main->{sshkeys} =~ s/%([0-9A-F]{2})/chr(hex($1))/ger;
    }
    $text .= "chpasswd:\n  expire: False\n";
    $text .= "users:\n  - default\n" if ($main->{ciuser} // '') ne 'root';
    $text .= 'package_upgrade: ' . (($main->{ciupgrade} // 1) ? 'true' : 'false') . "\n";
    return $text;
}

sub network {
    my ($main) = @_;
    my $text = "version: 1\nconfig:\n";
    for my $key (sort grep { /^net\d+$/ } keys %$main) {
        my ($n) = $key =~ /(\d+)/;
        my $mac = lc(Node::Property::check('net', $key, $main->{$key})->{macaddr});
        $text .= "    - type: physical\n      name: eth$n\n      mac_address: '$mac'\n      subnets:\n";
        my $ip = defined($main->{"ipconfig$n"}) ? Node::Property::parse($main->{"ipconfig$n"}, undef) : {};
        if (($ip->{ip} // '') eq 'dhcp') {
            $text .= "      - type: dhcp4\n";
        } elsif (defined($ip->{ip})) {
            my ($address, $bits) = split m!/!, $ip->{ip};
            $text .= "      - type: static\n        address: '$address'\n        netmask: '" . mask($bits) . "'\n";
            $text .= "        gateway: '$ip->{gw}'\n" if defined($ip->{gw});
        }
        if (($ip->{ip6} // '') =~ /^(?:dhcp|auto)$/) {
            $text .= $ip->{ip6} eq 'dhcp' ? "      - type: dhcp6\n" : "      - type: ipv6_slaac\n";
        } elsif (defined($ip->{ip6})) {
            $text .= "      - type: static6\n        address: '$ip->{ip6}'\n";
            $text .= "        gateway: '$ip->{gw6}'\n" if defined($ip->{gw6});
        }
    }
    my @server = split /\s+/, $main->{nameserver} // resolv('nameserver');
    my @search = split /\s+/, $main->{searchdomain} // resolv('search');
    if (@server || @search) {
        $text .= "    - type: nameserver\n";
        $text .= "      address:\n" . join('', map { "      - '$_'\n" } @server) if @server;
        $text .= "      search:\n" . join('', map { "      - '$_'\n" } @search) if @search;
    }
    return $text;
}

sub mask {
    my ($bits) = @_;
    return join('.', unpack('C4', pack('N', (0xffffffff << (32 - $bits)) & 0xffffffff)));
}

# The host's resolver, when the guest has none of its own.
sub resolv {
    my ($word) = @_;
    my $text = Node::Root::slurp(Node::Root::path('/etc/resolv.conf')) // '';
    return join(' ', $text =~ /^$word\s+(.*?)\s*$/mg);
}

sub meta {
    my ($vmid, $main) = @_;
    return 'instance-id: ' . Node::Config::sha1(user($vmid, $main) . network($main)) . "\n";
}

# By which cloud-init in the guest knows it again: unlike what `qm cloudinit dump` prints, of the user's own files too.
sub instance {
    my ($vmid, $main) = @_;
    my $meta = own($main, 'meta');
    return $meta =~ /^instance-id: *(.*?) *$/m ? $1 : '' if defined($meta);
    return Node::Config::sha1((own($main, 'user') // user($vmid, $main)) . (own($main, 'network') // network($main)));
}

1;
