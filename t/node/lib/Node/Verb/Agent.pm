# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm agent (guest cmd) and qm guest exec: ping, network-get-interfaces and a few more (pve-facts 4.16, 4.17, 4.23).
#
# Does the guest's agent answer? ROOT/etc/stand-in.d/N/agent (or default/agent) says: `yes`, `no`, or `after SECONDS` of
# uptime, times time-scale. Without a file: if it is installed in a guest that can be logged in to. A file named as a command holds the JSON that it answers.

package Node::Verb::Agent;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Guest;
use Node::Json;
use Node::Machine;
use Node::Options;
use Node::Property;

sub answers {
    my ($vmid) = @_;
    my $how = Node::Guest::behaviour($vmid, 'agent') // return Node::Machine::has_agent($vmid);
    return 1 if $how eq 'yes' || $how eq '';
    return Node::Guest::uptime($vmid) >= $1 * $Node::Root::setting{'time-scale'} if $how =~ /^after\s+(\S+)$/;
    return 0;
}

sub ready {
    my ($vmid) = @_;
    my $conf = Node::Config::load($vmid);
    die "VM $vmid is not running\n" if !Node::Guest::running($vmid);
    die "No QEMU guest agent configured\n" if !defined($conf->{main}{agent});
    die "QEMU guest agent is not running\n" if !answers($vmid);
    return $conf;
}

sub command {
    my $param = Node::Options::read(\@_, usage => 'qm guest cmd <vmid> <command>', positional => [['vmid', 'vmid'], ['command', 'string']]);
    my ($vmid, $command) = @$param{qw(vmid command)};
    my $conf = ready($vmid);
    if (defined(my $text = Node::Guest::behaviour($vmid, $command))) {
        print "$text\n";
    } elsif ($command eq 'network-get-interfaces') {
        print Node::Json::pretty(interfaces($conf->{main})) . "\n";
    } elsif ($command eq 'get-host-name') {
        print Node::Json::pretty({ 'host-name' => $conf->{main}{name} // "VM$vmid" }) . "\n";
    } elsif ($command ne 'ping') {
        die "stand-in: no answer for guest command '$command'\n";
    }
    return 0;
}

# What a guest set up by cloud-init would say of its network.
sub interfaces {
    my ($main) = @_;
    my @found = ({ name => 'lo', 'hardware-address' => '00:00:00:00:00:00', 'ip-addresses' => [{ 'ip-address' => '127.0.0.1',
        'ip-address-type' => 'ipv4', prefix => 8 }], statistics => statistics() });
    for my $key (sort grep { /^net\d+$/ } keys %$main) {
        my ($n) = $key =~ /(\d+)/;
        my $mac = lc(Node::Property::check('net', $key, $main->{$key})->{macaddr});
        my @address;
        my $ip = defined($main->{"ipconfig$n"}) ? Node::Property::parse($main->{"ipconfig$n"}, undef)->{ip} : undef;
        if (defined($ip)) {
            my ($address, $prefix) = $ip eq 'dhcp' ? ('192.0.2.' . (hex(substr($mac, -2)) % 250 + 2), 24) : split m!/!, $ip;
            push @address, { 'ip-address' => $address, 'ip-address-type' => 'ipv4', prefix => $prefix + 0 };
        }
        push @found, { name => "eth$n", 'hardware-address' => $mac, 'ip-addresses' => \@address, statistics => statistics() };
    }
    return \@found;
}

sub statistics {
    return { map { $_ => 0 } qw(rx-bytes rx-dropped rx-errs rx-packets tx-bytes tx-dropped tx-errs tx-packets) };
}

sub execute {
    my $param = Node::Options::read(\@_, usage => 'qm guest exec <vmid> [<extra-args>] [OPTIONS]', rest => 1,
        positional => [['vmid', 'vmid'], ['extra-args?', 'rest']], option => { timeout => 'int', synchronous => 'bool', 'pass-stdin' => 'bool' });
    ready($param->{vmid});
    my $text = Node::Guest::behaviour($param->{vmid}, 'exec');
    print defined($text) ? "$text\n" : Node::Json::pretty({ exitcode => 0, exited => 1 }) . "\n";
    return 0;
}

1;
