# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm cloudinit dump, update, pending (transcripts 01, 04).

package Node::Verb::Cloudinit;
use strict;
use warnings;
use Node::Cloudinit;
use Node::Config;
use Node::Fault;
use Node::Lock;
use Node::Options;

sub dump {
    my $param = Node::Options::read(\@_, usage => 'qm cloudinit dump <vmid> <type>', positional => [['vmid', 'vmid'], ['type', 'string']]);
    my $main = Node::Config::load($param->{vmid})->{main};
    my %text = (
        user => sub { Node::Cloudinit::user($param->{vmid}, $main) },
        network => sub { Node::Cloudinit::network($main) },
        meta => sub { Node::Cloudinit::meta($param->{vmid}, $main) },
    );
    my $text = $text{ $param->{type} } // Node::Options::usage("400 Parameter verification failed.\n"
        . "type: value '$param->{type}' does not have a value in the enumeration 'user, network, meta'\n", 'qm cloudinit dump <vmid> <type>');
    print $text->(), "\n";
    return 0;
}

sub update {
    my $param = Node::Options::read(\@_, usage => 'qm cloudinit update <vmid>', positional => [['vmid', 'vmid']]);
    my $vmid = $param->{vmid};
    Node::Fault::begin('cloudinit', $vmid);
    Node::Lock::vm($vmid, sub {
        my $conf = Node::Config::load($vmid);
        Node::Config::check_lock($conf);
        Node::Cloudinit::generate($vmid, $conf) or die "no cloud-init drive found\n";
        Node::Fault::point('generated');
        Node::Config::write($vmid, $conf) if delete $conf->{special}{cloudinit};
    });
    return 0;
}

sub pending {
    my $param = Node::Options::read(\@_, usage => 'qm cloudinit pending <vmid>', positional => [['vmid', 'vmid']]);
    my $main = Node::Config::load($param->{vmid})->{main};
    for my $key (qw(cipassword ciuser sshkeys)) {
        print "cur $key: " . ($key eq 'cipassword' ? '**********' : $main->{$key}) . "\n" if defined($main->{$key});
    }
    return 0;
}

1;
