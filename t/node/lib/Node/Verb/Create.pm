# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm create: the parent writes a configuration of only `lock: create`, the worker makes the disks and then writes everything
# at once (pve-facts 4.21; transcripts 00, 01, 08).

package Node::Verb::Create;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Disk;
use Node::Fault;
use Node::Guest;
use Node::Lock;
use Node::Options;
use Node::Property;
use Node::Schema;
use Node::Storage;
use Node::Task;
use Node::Verb::Set;

my $usage = 'qm create <vmid> [OPTIONS]';

sub create {
    my $param = Node::Options::read(\@_, usage => $usage, config => 1, positional => [['vmid', 'vmid']],
        option => { archive => 'string', bwlimit => 'int', force => 'bool', 'live-restore' => 'bool', pool => 'string',
            start => 'bool', storage => 'storage', unique => 'bool' });
    my $vmid = delete $param->{vmid};
    Node::Fault::begin('create', $vmid);
    die "stand-in: create takes no --$_\n" for grep { exists($param->{$_}) } qw(archive live-restore storage unique);
    my ($pool, $start) = delete @$param{'pool', 'start'};
    delete @$param{'bwlimit', 'force'};
    Node::Verb::Set::read_keys($param);
    Node::Disk::check_storage($param->{$_}) for grep { Node::Schema::is_drive($_) } sort keys %$param;
    my $ok = eval {
        Node::Lock::vm($vmid, sub {
            my $known = Node::Config::vmlist()->{ids}{$vmid};
            my $node = $known ? $known->{node} : Node::Root::node();
            my $type = $known && $known->{type} eq 'lxc' ? 'CT' : 'VM';
            die "$type $vmid already exists on node '$node'\n" if $known || Node::Config::exists($vmid);
            Node::Config::write($vmid, { main => { lock => 'create' }, pending => {}, special => {}, snapshots => {} });
        }, 5);
        1;
    };
    if (!$ok) {
        die $@ if ref($@);
        die "unable to create VM $vmid - $@";
    }
    Node::Fault::point('stub');
    return Node::Task::run('qmcreate', $vmid, sub {
        Node::Lock::vm($vmid, sub { work($vmid, $param) }, 1);
        Node::Verb::Clone::add_to_pool($pool, $vmid) if defined($pool) && require Node::Verb::Clone;
        if ($start) {
            require Node::Verb::Power;
            eval { Node::Verb::Power::start_vm($vmid, {}) };
            print STDERR $@ if $@;
        }
    });
}

sub work {
    my ($vmid, $param) = @_;
    local @SIG{qw(INT TERM QUIT HUP)} = (sub { die "interrupted by signal\n" }) x 4;
    my @made;
    my $ok = eval {
        my %main;
        for my $key (sort grep { Node::Schema::is_drive($_) } keys %$param) {
            $main{$key} = Node::Disk::create($vmid, $key, $param->{$key}, \@made);
            Node::Fault::point('disk-created');
        }
        Node::Fault::point('disks');
        $main{$_} = Node::Schema::normal($_, $param->{$_}) for grep { !exists($main{$_}) } keys %$param;
        $main{boot} //= default_boot(\%main);
        $main{meta} = "creation-qemu=$Node::Root::setting{qemu},ctime=" . time();
        $main{smbios1} //= 'uuid=' . Node::Root::uuid();
        $main{vmgenid} //= Node::Root::uuid();
        Node::Config::write($vmid, { main => \%main, pending => {}, special => {}, snapshots => {} });
        Node::Fault::point('written');
        1;
    };
    return if $ok;
    my $error = $@;
    die $error if ref($error);
    for my $volid (@made) {
        eval { Node::Storage::free($volid) };
        print STDERR $@ if $@;
    }
    eval { Node::Config::remove($vmid) };
    die "unable to create VM $vmid - $error";
}

# First disk, then the first CD drive that is not cloud-init, then the first network card.
sub default_boot {
    my ($main) = @_;
    my @order;
    my (@disk, @cd);
    for my $key (grep { Node::Schema::is_drive($_) && !/^(?:efidisk|tpmstate)/ && defined($main->{$_}) } Node::Schema::slots()) {
        my $drive = Node::Disk::parse($key, $main->{$key});
        push @disk, $key if !Node::Disk::is_cdrom($drive);
        push @cd, $key if Node::Disk::is_cdrom($drive) && !Node::Disk::is_cloudinit($drive);
    }
    my @card = sort grep { /^net\d+$/ } keys %$main;
    @order = grep { defined } ($disk[0], $cd[0], $card[0]);
    return @order ? 'order=' . join(';', @order) : ' ';
}

1;
