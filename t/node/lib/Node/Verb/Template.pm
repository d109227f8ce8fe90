# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm template: the flag first, then disk by disk rename, flags, configuration; what fails in the worker still exits 0
# (pve-facts 4.1 to 4.3; transcripts 00, 01).

package Node::Verb::Template;
use strict;
use warnings;
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

sub template {
    my $param = Node::Options::read(\@_, usage => 'qm template <vmid> [OPTIONS]', positional => [['vmid', 'vmid']],
        option => { disk => 'slot' });
    my $vmid = $param->{vmid};
    Node::Fault::begin('template', $vmid);
    checks($vmid, $param->{disk});
    Node::Task::run('qmtemplate', $vmid, sub { Node::Lock::vm($vmid, sub { work($vmid, $param->{disk}) }) });
    return 0;
}

sub checks {
    my ($vmid, $disk) = @_;
    my $conf = Node::Config::load($vmid);
    Node::Config::check_lock($conf);
    die "unable to create template, because VM contains snapshots\n" if %{ $conf->{snapshots} };
    die "you can't convert a template to a template\n" if $conf->{main}{template} && !defined($disk);
    die "you can't convert a VM to template if VM is running\n" if Node::Guest::running($vmid);
    return $conf;
}

sub work {
    my ($vmid, $only) = @_;
    my $conf = checks($vmid, $only);
    $conf->{main}{template} = 1;
    Node::Config::write($vmid, $conf);
    Node::Fault::point('flag');
    for my $key (sort grep { Node::Schema::is_drive($_) } keys %{ $conf->{main} }) {
        next if defined($only) && $key ne $only;
        my $drive = Node::Disk::parse($key, $conf->{main}{$key});
        next if Node::Disk::is_cdrom($drive) || Node::Disk::is_cloudinit($drive);
        die "volume '$drive->{file}' does not support template/clone\n" if $drive->{file} =~ /:base-/;
        $drive->{file} = Node::Storage::make_base($drive->{file});
        $conf->{main}{$key} = Node::Property::print_drive($drive);
        Node::Config::write($vmid, $conf);
        Node::Fault::point('written');
    }
}

1;
