# SPDX-License-Identifier: GPL-3.0-or-later
#
# The lvm backend: lvm2's own programs, called as PVE 8 calls them (pve-facts 1.3.3, 3.3, 4.1, 8.2, 8.3, 8.8). Their output
# goes where PVE lets it go; of a failure, the last line of stderr becomes the error.

package Node::LvmReal;
use strict;
use warnings;
use IPC::Open3 ();
use Node::Root;
use Node::Fault;

# Run a command: stdout lines are printed, stderr lines too but for the last, which a failure turns into its text.
sub run {
    my ($what, @command) = @_;
    local $ENV{LC_ALL} = 'C';
    local $ENV{LVM_SUPPRESS_FD_WARNINGS} = 1;
    pipe(my $err, my $err_w) or die "pipe failed: $!\n";
    my $pid = IPC::Open3::open3(my $in, my $out, '>&' . fileno($err_w), @command);
    close($in);
    close($err_w);
    my @lines = readline($out);
    my @complaints = readline($err);
    waitpid($pid, 0);
    my $status = $?;
    print @lines;
    my $last = pop(@complaints) // '';
    print STDERR @complaints;
    if ($status) {
        chomp($last);
        my $why = $last ne '' ? $last : 'exit code ' . ($status >> 8);
        die "$what error: $why\n" if defined($what);
        die "command '@command' failed: $why\n";
    }
    print STDERR $last;
}

sub query {
    my (@command) = @_;
    local $ENV{LC_ALL} = 'C';
    local $ENV{LVM_SUPPRESS_FD_WARNINGS} = 1;
    open(my $out, '-|', @command) or die "command '@command' failed: $!\n";
    my @rows = map { chomp; s/^\s+//; [split /:/, $_, -1] } readline($out);
    close($out);
    return @rows;
}

sub rows {
    my ($vg) = @_;
    return query('/sbin/lvs', '--separator', ':', '--noheadings', '--units', 'b', '--unbuffered', '--nosuffix', '--options',
        'vg_name,lv_name,lv_size,lv_attr,pool_lv,origin,data_percent', $vg);
}

sub volumes {
    my ($class, $vg) = @_;
    my %found;
    for my $row (rows($vg)) {
        my (undef, $name, $size, $attr, $pool, $origin, $percent) = @$row;
        $found{$name} = { size => $size, pool => $pool, origin => $origin, thin => substr($attr, 0, 1) eq 'V', time => 0,
            active => substr($attr, 4, 1) eq 'a', readonly => substr($attr, 1, 1) eq 'r', open => substr($attr, 5, 1) eq 'o',
            mapped => int($size * ($percent || 0) / 100) };
    }
    return \%found;
}

sub pool {
    my ($class, $vg, $name) = @_;
    my ($row) = grep { $_->[1] eq $name } rows($vg);
    return undef if !$row;
    return { size => $row->[2], used => int($row->[2] * ($row->[6] || 0) / 100) };
}

sub create {
    my ($class, $vg, $pool, $name, $kib) = @_;
    run("lvcreate '$vg/$name'", '/sbin/lvcreate', '-aly', '-V', "${kib}k", '--name', $name, '--thinpool', "$vg/$pool");
}

sub snapshot {
    my ($class, $vg, $base, $name) = @_;
    run("clone image '$vg/$base'", '/sbin/lvcreate', '-n', $name, '-prw', '-kn', '-s', "$vg/$base");
}

sub make_base {
    my ($class, $vg, $old, $new) = @_;
    run("lvrename '$vg/$old' to '$vg/$new'", '/sbin/lvrename', $vg, $old, $new);
    Node::Fault::point('renamed');
    eval { run(undef, '/sbin/lvchange', '-an', '-ky', '-pr', "$vg/$new"); 1 } or print STDERR $@;
    Node::Fault::point('flags');
}

sub remove {
    my ($class, $vg, $name) = @_;
    run("lvremove '$vg/$name'", '/sbin/lvremove', '-f', "$vg/$name");
}

sub extend {
    my ($class, $vg, $name, $bytes) = @_;
    my $size = sprintf('%.0f', $bytes / 1024 / 1024);
    run("error resizing volume '$vg/$name'", '/sbin/lvextend', '-L', "${size}M", "/dev/$vg/$name");
}

sub activate { change(@_[1, 2], 1, '-ay', '-K'); }
sub deactivate { change(@_[1, 2], 0, '-an'); }

sub change {
    my ($vg, $name, $active, @flags) = @_;
    my $volume = volumes(undef, $vg)->{$name} // die "no such logical volume $vg/$name\n";
    return if !!$volume->{active} == !!$active;
    run("can't " . ($active ? '' : 'de') . "activate LV '/dev/$vg/$name'", '/sbin/lvchange', @flags, "$vg/$name");
}

# Something that is not zero, so that the kernel maps it (the cloud-init drive's content).
sub write {
    my ($class, $vg, $name, $bytes) = @_;
    open(my $out, '+<:raw', "/dev/$vg/$name") or return 0;
    return syswrite($out, 'vyom' x ($bytes / 4)) == $bytes;
}

# The kernel keeps these books.
sub hold { }
sub release { }

1;
