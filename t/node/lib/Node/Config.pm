# SPDX-License-Identifier: GPL-3.0-or-later
#
# N.conf: read, write, remove, and the cluster's list of guests. Follows pve-facts 5 (grammar, order of keys, atomic
# writes, .vmlist with its counters).
#
# A configuration is { main => {…}, pending => {…}, special => { NAME => {…} }, snapshots => { NAME => {…} }, file => TEXT };
# a section's comment lines are its key `description`.

package Node::Config;
use strict;
use warnings;
use Fcntl qw(:flock);
use Node::Root;
use Node::Apart;
use Node::Fault;

sub short { return 'nodes/' . Node::Root::node() . "/qemu-server/$_[0].conf"; }
sub file { return Node::Root::path('/etc/pve/' . short($_[0])); }
sub exists { return -e file($_[0]); }

sub load {
    my ($vmid) = @_;
    my $text = Node::Root::slurp(file($vmid));
    die "Configuration file '" . short($vmid) . "' does not exist\n" if !defined($text);
    return parse($text);
}

# The other wording, of the calls that look for the guest in the whole cluster first.
sub find {
    my ($vmid) = @_;
    die "unable to find configuration file for VM $vmid on node '" . Node::Root::node() . "'\n"
        if !Node::Config::exists($vmid);
    return load($vmid);
}

sub parse {
    my ($text) = @_;
    my $conf = { main => {}, pending => {}, special => {}, snapshots => {}, file => $text };
    my $section = $conf->{main};
    for my $line (split /\n/, $text) {
        next if $line =~ /^\s*$/;
        if ($line =~ /^\[PENDING\]\s*$/i) {
            $section = $conf->{pending};
        } elsif ($line =~ /^\[special:([a-z]+)\]\s*$/i) {
            $section = $conf->{special}{lc $1} //= {};
        } elsif ($line =~ /^\[([a-z][a-z0-9_-]+)\]\s*$/i) {
            $section = $conf->{snapshots}{$1} //= {};
        } elsif ($line =~ /^#(.*)$/) {
            $section->{description} = ($section->{description} // '') . decode($1) . "\n";
        } elsif ($line =~ /^([a-z][a-z_-]*\d*):\s*(.+?)\s*$/) {
            $section->{$1} = $2;
        } else {
            warn "vm - unable to parse config: $line\n";
        }
    }
    for my $each (sections($conf)) {
        $each->{description} =~ s/\s+$// if defined($each->{description});
    }
    return $conf;
}

sub sections {
    my ($conf) = @_;
    return ($conf->{main}, $conf->{pending}, values %{ $conf->{special} }, values %{ $conf->{snapshots} });
}

sub print {
    my ($conf) = @_;
    my $text = print_section($conf->{main});
    $text .= "\n[PENDING]\n" . print_section($conf->{pending}, 1) if %{ $conf->{pending} };
    for my $name (sort keys %{ $conf->{special} }) {
        next if !%{ $conf->{special}{$name} };
        $text .= "\n[special:$name]\n" . print_section($conf->{special}{$name});
    }
    for my $name (sort keys %{ $conf->{snapshots} }) {
        $text .= "\n[$name]\n" . print_section($conf->{snapshots}{$name});
    }
    return $text;
}

sub print_section {
    my ($section, $pending) = @_;
    my $text = '';
    if (defined(my $description = $section->{description})) {
        if ($description ne '') {
            $text .= '#' . encode($_) . "\n" for split /\n/, $description;
        } elsif ($pending) {
            $text .= "#\n";
        }
    }
    for my $key (sort keys %$section) {
        next if $key eq 'description' || !defined($section->{$key});
        $text .= "$key: $section->{$key}\n";
    }
    return $text;
}

# Comment lines: controls, non-ASCII bytes, ':' and '%' are percent-encoded.
sub encode {
    my ($text) = @_;
    $text =~ s/([^\x20-\x24\x26-\x39\x3b-\x7e])/sprintf('%%%02X', ord($1))/ge;
    return $text;
}

sub decode {
    my ($text) = @_;
    $text =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
    return $text;
}

sub write {
    my ($vmid, $conf) = @_;
    drop_readded_unused($conf->{main});
    my $text = Node::Config::print($conf);
    refuse_foreign($vmid);
    my $draft = Node::Root::draft(file($vmid), $text);
    Node::Fault::point('config-tmp');
    Node::Apart::run(sub {
        Node::Root::commit($draft, file($vmid));
        count_write($vmid);
        return;
    });
    $conf->{file} = $text;
}

# A volume that a key uses again is no longer unused (pve-facts 2.2.3).
sub drop_readded_unused {
    my ($main) = @_;
    my %used;
    for my $key (keys %$main) {
        $used{$1} = 1 if $key =~ /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/ && $main->{$key} =~ /^(?:file=)?([^,]+)/;
    }
    for my $key (grep { /^unused\d+$/ } keys %$main) {
        delete $main->{$key} if $used{ $main->{$key} };
    }
}

sub remove {
    my ($vmid) = @_;
    Node::Apart::run(sub {
        unlink(file($vmid)) or die "unlink config '" . Node::Root::shown(file($vmid)) . "' failed: $!\n";
        count_write($vmid);
        return;
    });
}

sub digest {
    my ($conf) = @_;
    return sha1($conf->{file});
}

sub sha1 {
    my ($text) = @_;
    require IPC::Open2;
    my $pid = IPC::Open2::open2(my $out, my $in, 'sha1sum');
    print $in $text;
    close($in);
    my $line = readline($out);
    close($out);
    waitpid($pid, 0);
    return substr($line, 0, 40);
}

sub check_lock {
    my ($conf, $skip) = @_;
    return if $skip;
    my $lock = $conf->{main}{lock};
    die "VM is locked ($lock)\n" if defined($lock);
}

# pmxcfs lets an id stand only once in the cluster (pve-facts 5.14).
sub refuse_foreign {
    my ($vmid) = @_;
    my $known = vmlist()->{ids}{$vmid} // return;
    return if $known->{node} eq Node::Root::node() && $known->{type} eq 'qemu';
    die "close (rename) atomic file '/etc/pve/" . short($vmid) . "' failed: File exists\n";
}

# --- .vmlist, .version ---

sub vmlist {
    my $text = Node::Root::slurp(Node::Root::path('/etc/pve/.vmlist')) // '';
    my $list = { version => 1, ids => {} };
    $list->{version} = $1 if $text =~ /^"version": (\d+)/m;
    while ($text =~ /"(\d+)": \{ "node": "([^"]*)", "type": "([^"]*)", "version": (\d+) \}/g) {
        $list->{ids}{$1} = { node => $2, type => $3, version => $4 };
    }
    return $list;
}

# Bring .vmlist in line with the files, and give $vmid (if any) a new version.
sub count_write {
    my ($vmid) = @_;
    open(my $lock, '>>', Node::Root::path('/var/lib/stand-in/pmxcfs.lock')) or return;
    flock($lock, LOCK_EX);
    my $list = vmlist();
    my %seen;
    my $changed = 0;
    my $nodes = Node::Root::path('/etc/pve/nodes');
    for my $node (names($nodes)) {
        for my $kind (['qemu-server', 'qemu'], ['lxc', 'lxc']) {
            for my $name (names("$nodes/$node/$kind->[0]")) {
                next if $name !~ /^([1-9][0-9]{2,8})\.conf$/;
                $seen{$1} = 1;
                next if $list->{ids}{$1} && (!defined($vmid) || $1 ne $vmid);
                $list->{ids}{$1} = { node => $node, type => $kind->[1], version => ++$list->{version} };
                $changed = 1;
            }
        }
    }
    for my $gone (grep { !$seen{$_} } keys %{ $list->{ids} }) {
        delete $list->{ids}{$gone};
        $list->{version}++;
        $changed = 1;
    }
    write_vmlist($list) if $changed || !defined($vmid);
}

sub names {
    my ($dir) = @_;
    opendir(my $dh, $dir) or return;
    return grep { !/^\./ } readdir($dh);
}

sub write_vmlist {
    my ($list) = @_;
    my $text = qq({\n"version": $list->{version});
    # a hash table's order, as pmxcfs prints it: no reader may count on a sorted list
    my @ids = sort { ($a * 2654435761) % 4294967296 <=> ($b * 2654435761) % 4294967296 } keys %{ $list->{ids} };
    if (@ids) {
        $text .= qq(,\n"ids": {\n) . join(",\n", map {
            my $id = $list->{ids}{$_};
            qq("$_": { "node": "$id->{node}", "type": "$id->{type}", "version": $id->{version} })
        } @ids) . '}';
    }
    Node::Root::replace(Node::Root::path('/etc/pve/.vmlist'), "$text\n\n}\n");
    my $version = Node::Root::slurp(Node::Root::path('/etc/pve/.version')) // '';
    $version =~ s/^("vmlist": )\d+/$1$list->{version}/m;
    Node::Root::replace(Node::Root::path('/etc/pve/.version'), $version) if $version ne '';
}

# The guests of this node.
sub local_ids {
    my $dir = Node::Root::path('/etc/pve/nodes/' . Node::Root::node() . '/qemu-server');
    return sort { $a <=> $b } map { /^([1-9][0-9]{2,8})\.conf$/ ? $1 : () } names($dir);
}

1;
