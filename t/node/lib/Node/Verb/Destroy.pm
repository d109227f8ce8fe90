# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm destroy and qm unlock (pve-facts 4.6 to 4.10; transcripts 02, 05, 07, 12).

package Node::Verb::Destroy;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Disk;
use Node::Fault;
use Node::Guest;
use Node::Lock;
use Node::Machine;
use Node::Options;
use Node::Schema;
use Node::Storage;
use Node::Task;

sub destroy {
    my $param = Node::Options::read(\@_, usage => 'qm destroy <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { purge => 'bool', skiplock => 'bool', 'destroy-unreferenced-disks' => 'bool' });
    my $vmid = $param->{vmid};
    Node::Fault::begin('destroy', $vmid);
    early($vmid);
    return Node::Task::run('qmdestroy', $vmid, sub { Node::Lock::vm($vmid, sub { work($vmid, $param) }) });
}

sub early {
    my ($vmid) = @_;
    my $conf = Node::Config::load($vmid);
    die "can't remove VM $vmid - protection mode enabled\n" if $conf->{main}{protection};
    die "VM $vmid is running - destroy failed\n" if Node::Guest::running($vmid);
    return $conf;
}

sub work {
    my ($vmid, $param) = @_;
    my $conf = early($vmid);
    Node::Config::check_lock($conf, $param->{skiplock}) if ($conf->{main}{lock} // '') ne 'suspended';
    free($_, "Could not remove disk '$_', check manually: ") for referenced($vmid, $conf);
    if ($param->{'destroy-unreferenced-disks'}) {
        for my $store (map { Node::Storage::all()->{$_} } sort keys %{ Node::Storage::all() }) {
            next if $store->{disable};
            free($_->[0], '') for grep { $_->[2] == $vmid } Node::Storage::images($store);
        }
    }
    Node::Fault::point('volumes');
    Node::Config::write($vmid, { main => { lock => 'destroyed' }, pending => {}, special => {}, snapshots => {} });
    Node::Fault::point('stub');
    drop_from_pools($vmid);
    Node::Fault::point('pools');
    unlink(Node::Root::path("/etc/pve/firewall/$vmid.fw"));
    print "purging VM $vmid from related configurations..\n" if $param->{purge};
    Node::Fault::point('purged');
    Node::Machine::remove($vmid);
    Node::Config::remove($vmid);
    Node::Fault::point('removed');
}

# Volumes that any section names and whose name says that they are this VM's, in the order of the keys.
sub referenced {
    my ($vmid, $conf) = @_;
    my (%seen, @found);
    for my $section (Node::Config::sections($conf)) {
        for my $key (sort keys %$section) {
            my $volid = Node::Schema::is_drive($key) ? (split /,/, $section->{$key})[0] =~ s/^file=//r
                : $key =~ /^(?:unused\d+|vmstate)$/ ? $section->{$key} : next;
            my ($name) = $volid =~ /^[^:\/]+:(.+)$/ or next;
            my $owner = Node::Storage::owner($name);
            push @found, $volid if defined($owner) && $owner == $vmid && !$seen{$volid}++;
        }
    }
    return @found;
}

# What cannot be removed is only a warning, and the VM goes all the same (4.9).
sub free {
    my ($volid, $warning) = @_;
    eval { Node::Storage::free($volid); 1 } or ref($@) ? die $@ : print STDERR "$warning$@";
    Node::Fault::point('freed');
}

sub drop_from_pools {
    my ($vmid) = @_;
    my $file = Node::Root::path('/etc/pve/user.cfg');
    my $ok = eval {
        Node::Lock::cluster('file-user_cfg', 'user-lock', sub {
            my $text = Node::Root::slurp($file) // return;
            my $new = $text =~ s/^(pool:[^:]*:[^:]*:)([^:]*)(:)/$1 . join(',', grep { $_ ne $vmid } split m!,!, $2) . $3/mger;
            Node::Root::replace($file, $new) if $new ne $text;
        });
        1;
    };
    die ref($@) ? $@ : "access permissions cleanup for VM $vmid failed: $@" if !$ok;
}

sub unlock {
    my $param = Node::Options::read(\@_, usage => 'qm unlock <vmid>', positional => [['vmid', 'vmid']]);
    my $vmid = $param->{vmid};
    Node::Fault::begin('unlock', $vmid);
    Node::Lock::vm($vmid, sub {
        my $conf = Node::Config::load($vmid);
        delete $conf->{main}{lock};
        Node::Config::write($vmid, $conf);
        Node::Fault::point('written');
    });
    return 0;
}

1;
