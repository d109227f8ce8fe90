# SPDX-License-Identifier: GPL-3.0-or-later
#
# qm clone. The order of actions is pve-facts 1.1, C0 to C11; texts from transcripts 02, 07, 08.

package Node::Verb::Clone;
use strict;
use warnings;
use Node::Root;
use Node::Config;
use Node::Copy;
use Node::Disk;
use Node::Fail;
use Node::Fault;
use Node::Lock;
use Node::Machine;
use Node::Options;
use Node::Property;
use Node::Schema;
use Node::Storage;
use Node::Task;
use Node::Guest;

my $usage = 'qm clone <vmid> <newid> [OPTIONS]';

sub clone {
    my $param = Node::Options::read(\@_, usage => $usage, positional => [['vmid', 'vmid'], ['newid', 'vmid']],
        option => { full => 'bool', name => 'string', description => 'string', storage => 'storage', format => 'string',
            snapname => 'string', pool => 'string', target => 'string', bwlimit => 'int' });
    my ($source, $new) = @$param{'vmid', 'newid'};
    Node::Fault::begin('clone', $new, $source);
    my $check = eval { checks($source, $new, $param) };
    Node::Options::usage($@, $usage) if $@ =~ /^400 /;
    die $@ if $@;
    return Node::Task::run('qmclone', $source, sub {
        my $running = Node::Guest::running($source);
        Node::Lock::with("/var/lock/qemu-server/lock-$source.conf", 1, !$running, sub {
            Node::Lock::with("/var/lock/qemu-server/lock-$new.conf", 1, 0, sub {
                Node::Fault::point('locked');
                work($source, $new, $param);
            });
        });
    });
}

# C0 and C3: everything that can be refused without a change. Returns what to do with each disk.
sub checks {
    my ($source, $new, $param) = @_;
    die "no such cluster node '$param->{target}'\n"
        if defined($param->{target}) && !-d Node::Root::path("/etc/pve/nodes/$param->{target}");
    my $conf = Node::Config::find($source);
    if (defined($param->{storage})) {
        my $store = Node::Storage::get($param->{storage});
        Node::Fail::parameters(storage => "storage '$param->{storage}' does not support vm images")
            if !Node::Storage::has_content($store, 'images');
    }
    Node::Config::check_lock($conf);
    die "snapshot '$param->{snapname}' does not exist\n"
        if defined($param->{snapname}) && !$conf->{snapshots}{ $param->{snapname} };
    my $full = $param->{full} // !$conf->{main}{template};
    die "parameter 'storage' not allowed for linked clones\n" if defined($param->{storage}) && !$full;
    die "parameter 'format' not allowed for linked clones\n" if defined($param->{format}) && !$full;
    my @plan;
    for my $key (sort grep { Node::Schema::is_drive($_) } keys %{ $conf->{main} }) {
        my $drive = Node::Disk::parse($key, $conf->{main}{$key});
        if (Node::Disk::is_cloudinit($drive)) {
            push @plan, [$key, $drive, 'cloudinit'];
        } elsif (!Node::Disk::is_cdrom($drive)) {
            die "Linked clone feature is not supported for '$drive->{file}' ($key)\n"
                if !$full && $drive->{file} !~ /:base-\d+-/;
            push @plan, [$key, $drive, $full ? 'full' : 'linked'];
        }
    }
    die "unable to create VM $new: config file already exists\n" if Node::Config::exists($new);
    return ($conf, \@plan);
}

sub work {
    my ($source, $new, $param) = @_;
    my ($conf, $plan) = checks($source, $new, $param);
    my $main = new_main($conf, $source, $param, $plan);
    my $stub = { main => { description => ' qmclone temporary file', lock => 'clone' }, pending => {}, special => {}, snapshots => {} };
    Node::Config::write($new, $stub);
    Node::Fault::point('C4-stub');
    copy_firewall($source, $new);
    Node::Fault::point('C5-fw');
    local @SIG{qw(INT TERM QUIT HUP)} = (sub { die "interrupted by signal\n" }) x 4;
    my @made;
    my $ok = eval {
        Node::Storage::activate($_->[1]{file}) for grep { $_->[2] ne 'cloudinit' } @$plan;
        my $state = { %$stub, main => { %$main, lock => 'clone' }, special => $conf->{special} };
        for my $step (@$plan) {
            my ($key, $drive, $how) = @$step;
            $state->{main}{$key} = copy_disk($key, $drive, $how, $new, $param, \@made);
            Node::Fault::point('disk-copied');
            Node::Config::write($new, $state);
            Node::Fault::point('disk-written');
        }
        Node::Machine::copy($source, $new);
        delete $state->{main}{lock};
        Node::Config::write($new, $state);
        Node::Fault::point('C8-commit');
        add_to_pool($param->{pool}, $new) if defined($param->{pool});
        1;
    };
    return if $ok;
    my $error = $@;
    die $error if ref($error);
    local @SIG{qw(INT TERM QUIT HUP)} = ('IGNORE') x 4;
    Node::Root::pause(1);
    for my $volid (@made) {
        eval { Node::Storage::free($volid) };
        print STDERR $@ if $@;
    }
    unlink(Node::Root::path("/etc/pve/firewall/$new.fw"));
    eval { Node::Config::remove($new) };
    die "clone failed: $error";
}

# What the clone's configuration takes over (pve-facts 1.4).
sub new_main {
    my ($conf, $source, $param, $plan) = @_;
    my %main = %{ $conf->{main} };
    delete @main{qw(template parent snaptime vmstate runningmachine runningcpu lock digest)};
    delete @main{ grep { /^unused\d+$/ } keys %main };
    delete @main{ map { $_->[0] } @$plan };
    warn "found pending changes for '" . join("', '", sort keys %{ $conf->{pending} }) . "', discarding for clone\n"
        if %{ $conf->{pending} };
    for my $key (grep { /^net\d+$/ } keys %main) {
        my $card = Node::Property::check('net', $key, $main{$key});
        delete $card->{macaddr};
        $main{$key} = Node::Property::print_net($card);
    }
    my %smbios = (%{ Node::Property::parse($main{smbios1} // '') }, uuid => Node::Root::uuid());
    $main{smbios1} = join(',', map { "$_=$smbios{$_}" } sort keys %smbios);
    $main{vmgenid} = Node::Root::uuid() if $main{vmgenid};
    $main{name} = $param->{name} // 'Copy-of-VM-' . ($main{name} // $source);
    $main{description} = $param->{description} if defined($param->{description});
    delete $main{description} if defined($main{description}) && $main{description} eq '';
    return \%main;
}

sub copy_firewall {
    my ($source, $new) = @_;
    Node::Lock::cluster("firewall-vm-$new", 'firewall-lock', sub {
        unlink(Node::Root::path("/etc/pve/firewall/$new.fw"));
        my $text = Node::Root::slurp(Node::Root::path("/etc/pve/firewall/$source.fw")) // return;
        Node::Root::replace(Node::Root::path("/etc/pve/firewall/$new.fw"), $text);
    });
}

# One disk; returns the new drive's text, its size read from the volume.
sub copy_disk {
    my ($key, $drive, $how, $new, $param, $made) = @_;
    print 'create ' . ($how eq 'linked' ? 'linked' : 'full') . " clone of drive $key ($drive->{file})\n";
    my ($store, $name) = Node::Storage::split_id($drive->{file});
    my $target = $param->{storage} // $store->{id};
    my $volid;
    if ($how eq 'cloudinit') {
        $volid = Node::Storage::alloc($target, $new, "vm-$new-cloudinit", 4096);
    } elsif ($how eq 'linked') {
        $volid = Node::Storage::clone($drive->{file}, $new);
    } else {
        my $size = Node::Storage::volume($drive->{file})->{size};
        $volid = Node::Storage::alloc($target, $new, undef, $size / 1024);
    }
    push @$made, $volid;
    Node::Fault::point('disk-allocated');
    Node::Disk::copy($drive->{file}, $volid, $param->{bwlimit}) if $how eq 'full';
    my %copy = (%$drive, file => $volid, size => Node::Storage::volume($volid)->{size});
    delete $copy{format};
    return Node::Property::print_drive(\%copy);
}

sub add_to_pool {
    my ($pool, $vmid) = @_;
    my $file = Node::Root::path('/etc/pve/user.cfg');
    Node::Lock::cluster('file-user_cfg', 'user-lock', sub {
        my $text = Node::Root::slurp($file) // '';
        $text =~ s/^(pool:\Q$pool\E:[^:]*:)([^:]*)(:)/$1 . join(',', grep({ $_ ne '' } split(m!,!, $2)), $vmid) . $3/me
            or die "pool '$pool' does not exist\n";
        Node::Root::replace($file, $text);
    });
}

1;
