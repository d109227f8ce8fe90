# SPDX-License-Identifier: GPL-3.0-or-later
#
# The text backend: volume groups, thin pools and volumes in ROOT/var/lib/stand-in/lvs, one `KIND VG/NAME key=value …` line
# each, replaced as a whole under a lock; after each change Node::Dm writes what device-mapper would show.
#
# What a thin volume has written is a list of groups of sectors, `parts=GROUP:SECTORS,…`. A snapshot starts with its
# origin's groups, so a pool counts each group once, and a removed origin leaves its blocks to its clones.
# A volume that an image was imported into has its bytes too, in ROOT/dev/VG/NAME; clones have none.
# `holders` are who has the device open: `PID.START` of a process, or `vm.N` for a running guest.

package Node::LvmText;
use strict;
use warnings;
use Fcntl qw(:flock);
use Node::Root;
use Node::Apart;
use Node::Dm;

my $extent = 4 * 1024 * 1024;
my @said;    # streams and lines, to be printed once the change is on disk: whoever dies at a print leaves the change behind

sub file { return Node::Root::path('/var/lib/stand-in/lvs'); }

# --- the state ---

sub read_state {
    my $state = {};
    for my $line (split /\n/, Node::Root::slurp(file()) // '') {
        my ($kind, $name, @fields) = split / /, $line;
        next if !defined($name);
        my %entry = map { split /=/, $_, 2 } @fields;
        $state->{$name} = { kind => $kind, name => $name, %entry };
    }
    forget_dead($state);
    return $state;
}

sub write_state {
    my ($state) = @_;
    my $text = '';
    settle($_, $state) for grep { $_->{kind} eq 'pool' } values %$state;
    for my $name (sort keys %$state) {
        my $entry = $state->{$name};
        $text .= "$entry->{kind} $name" . join('', map { " $_=$entry->{$_}" }
            grep { $_ ne 'kind' && $_ ne 'name' && defined($entry->{$_}) && $entry->{$_} ne '' } sort keys %$entry) . "\n";
    }
    Node::Root::replace(file(), $text);
    Node::Dm::write($state);
}

# Run $code on the state under the lock, write it back, and return what $code did; a command of lvm2 by itself.
sub change {
    my ($code) = @_;
    my ($result, @lines) = Node::Apart::run(sub {
        open(my $handle, '>>', file() . '.lock') or die "stand-in: no volume state: $!\n";
        flock($handle, LOCK_EX);
        my $state = read_state();
        my $result = $code->($state);
        write_state($state);
        return ($result // '', @said);
    });
    while (my ($stream, $text) = splice(@lines, 0, 2)) {
        print { $stream eq 'out' ? *STDOUT : *STDERR } $text;
    }
    return $result;
}

sub say_out { push @said, 'out', join('', @_); }
sub say_err { push @said, 'err', join('', @_); }

# A holder whose process is gone holds nothing.
sub forget_dead {
    my ($state) = @_;
    for my $entry (values %$state) {
        next if !$entry->{holders};
        my @alive = grep { alive($_) } split /,/, $entry->{holders};
        $entry->{holders} = join(',', @alive);
    }
}

sub alive {
    my ($holder) = @_;
    my ($pid, $start) = split /\./, $holder;
    return 1 if $pid eq 'vm';
    my $stat = Node::Root::slurp("/proc/$pid/stat") // return 0;
    my ($rest) = $stat =~ /^.*\)\s+(.*)$/s;
    my @field = split / /, $rest;
    return $field[0] ne 'Z' && $field[19] == $start;
}

sub thins {
    my ($state, $vg, $pool) = @_;
    return grep { $_->{kind} eq 'thin' && $_->{name} =~ m!^\Q$vg\E/! && (!defined($pool) || $_->{pool} eq $pool) }
        values %$state;
}

sub mapped {
    my ($entry) = @_;
    my $sum = 0;
    $sum += (split /:/)[1] for split /,/, $entry->{parts} // '';
    return $sum;
}

# Sectors of a pool in use: each group once.
sub used {
    my ($state, $pool) = @_;
    my ($vg, $name) = split m!/!, $pool->{name};
    my %group;
    for my $thin (thins($state, $vg, $name)) {
        for my $part (split /,/, $thin->{parts} // '') {
            my ($id, $sectors) = split /:/, $part;
            $group{$id} = $sectors if ($group{$id} // 0) < $sectors;
        }
    }
    my $sum = 0;
    $sum += $_ for values %group;
    return $sum;
}

# A pool that has room again is read-write again (transcript 06).
sub settle {
    my ($pool, $state) = @_;
    delete @{$pool}{'mode', 'errors'} if $pool->{mode} && used($state, $pool) < $pool->{size} / 512;
}

# --- bytes ---

sub device { return Node::Root::path("/dev/$_[0]"); }

# The volume as a file: holes for now.
sub blank {
    my ($class, $vg, $name) = @_;
    Node::Root::folder(Node::Root::path("/dev/$vg"));
    open(my $fh, '>', device("$vg/$name")) or die "stand-in: no bytes of $vg/$name: $!\n";
    change(sub { $_[0]{"$vg/$name"}{bytes} = 1 });
    truncate($fh, read_state()->{"$vg/$name"}{size});
}

# An image's content into it.
sub fill {
    my ($class, $vg, $name, $image, $format) = @_;
    my $file = device("$vg/$name");
    my @command = $format eq 'raw' ? ('cp', '--sparse=always', $image, $file) : ('qemu-img', 'convert', '-f', $format, '-O', 'raw', $image, $file);
    system(@command) == 0 or die "stand-in: '@command' failed\n";
    truncate($file, read_state()->{"$vg/$name"}{size});
}

# A volume without bytes has some while it is active, and they say what was written.
sub made_up {
    my ($entry) = @_;
    my $file = device($entry->{name});
    unlink($file);
    return if !$entry->{active};
    Node::Root::folder($file =~ s!/[^/]*$!!r);
    Node::Root::replace($file, 'parts=' . ($entry->{parts} // '') . "\n");
    truncate($file, $entry->{size});
}

sub rename_bytes {
    my ($old, $new) = map { device($_) } @_;
    rename($old, $new);
}

# --- asking ---

sub volumes {
    my ($class, $vg) = @_;
    my $state = read_state();
    my %found;
    for my $entry (values %$state) {
        next if $entry->{name} !~ m!^\Q$vg\E/(.*)$!;
        $found{$1} = {
            size => $entry->{size},
            pool => $entry->{pool} // '',
            origin => $entry->{origin} // '',
            active => $entry->{active},
            readonly => $entry->{ro},
            open => $entry->{holders} ? 1 : 0,
            mapped => mapped($entry) * 512,
            thin => $entry->{kind} eq 'thin',
            time => $entry->{time} // 0,
        };
    }
    return \%found;
}

sub pool {
    my ($class, $vg, $name) = @_;
    my $state = read_state();
    my $pool = $state->{"$vg/$name"} // return undef;
    return { size => $pool->{size}, used => used($state, $pool) * 512 };
}

# --- changing ---

sub create {
    my ($class, $vg, $pool, $name, $kib) = @_;
    change(sub {
        my ($state) = @_;
        die "lvcreate '$vg/$name' error:   Logical Volume \"$name\" already exists in volume group \"$vg\"\n"
            if $state->{"$vg/$name"};
        my $size = round_up($kib * 1024);
        my $asked = $kib * 1024;
        say_out '  Rounding up size to full physical extent ' . Node::Lvm::size_text($size) . "\n" if $size != $asked;
        add_thin($state, $vg, $pool, $name, size => $size);
        overcommit($state, $vg, $pool, sub { say_out "  Logical volume \"$name\" created.\n" });
    });
}

sub snapshot {
    my ($class, $vg, $base, $name) = @_;
    change(sub {
        my ($state) = @_;
        die "clone image '$vg/$name' error:   Logical Volume \"$name\" already exists in volume group \"$vg\"\n"
            if $state->{"$vg/$name"};
        my $from = $state->{"$vg/$base"}
            // die "clone image '$vg/$base' error:   Failed to find logical volume \"$vg/$base\"\n";
        add_thin($state, $vg, $from->{pool}, $name, size => $from->{size}, parts => $from->{parts}, origin => $base);
        overcommit($state, $vg, $from->{pool}, sub { say_out "  Logical volume \"$name\" created.\n" });
    });
}

sub add_thin {
    my ($state, $vg, $pool_name, $name, %more) = @_;
    my $pool = $state->{"$vg/$pool_name"} // die "lvcreate '$vg/$name' error:   Failed to find logical volume \"$vg/$pool_name\"\n";
    my %taken = map { $_->{id} => 1 } thins($state, $vg, $pool_name);
    my $id = 1;
    $id++ while $taken{$id};
    $pool->{txn}++;
    $state->{"$vg/$name"} = { kind => 'thin', name => "$vg/$name", pool => $pool_name, id => $id, active => 1, ro => 0,
        skip => 0, uuid => lv_uuid(), time => time(), %more };
}

# 32 characters, as lvm2 makes them.
sub lv_uuid {
    my @letters = (0 .. 9, 'a' .. 'z', 'A' .. 'Z');
    return join('', map { $letters[hex($_) % 62] } unpack('(A4)32', Node::Root::random_hex(128)));
}

sub rename_volume {
    my ($class, $vg, $old, $new) = @_;
    change(sub {
        my ($state) = @_;
        die "lvrename '$vg/$old' to '$vg/$new' error:   Logical Volume \"$new\" already exists in volume group \"$vg\"\n" if $state->{"$vg/$new"};
        my $entry = delete $state->{"$vg/$old"}
            // die "lvrename '$vg/$old' to '$vg/$new' error:   Existing logical volume \"$old\" not found in volume group \"$vg\"\n";
        $entry->{name} = "$vg/$new";
        $state->{"$vg/$new"} = $entry;
        $_->{origin} = $new for grep { ($_->{origin} // '') eq $old } thins($state, $vg);
        rename_bytes("$vg/$old", "$vg/$new");
        say_out "  Renamed \"$old\" to \"$new\" in volume group \"$vg\"\n";
    });
}

# lvchange: p r|rw, k y|n, a y|n, K. A volume to be skipped is not activated without K, and that is no error.
sub set_flags {
    my ($class, $vg, $name, %flag) = @_;
    change(sub {
        my ($state) = @_;
        my $entry = $state->{"$vg/$name"} // die "lvchange error:   Failed to find logical volume \"$vg/$name\"\n";
        my $ro = defined($flag{p}) ? $flag{p} eq 'r' || 0 : $entry->{ro};
        die "lvchange error:   Logical volume \"$vg/$name\" is already " . ($ro ? 'read only' : 'writable') . ".\n"
            if defined($flag{p}) && $ro == $entry->{ro};
        die "lvchange error:   Logical volume $vg/$name in use.\n" if ($flag{a} // '') eq 'n' && $entry->{holders};
        $entry->{ro} = $ro;
        $entry->{skip} = $flag{k} eq 'y' || 0 if defined($flag{k});
        $entry->{active} = $flag{a} eq 'y' || 0 if defined($flag{a}) && ($flag{a} eq 'n' || !$entry->{skip} || $flag{K});
        $entry->{bytes} ? chmod($ro ? 0400 : 0600, device("$vg/$name")) : made_up($entry);
        say_out "  Logical volume $vg/$name changed.\n" if defined($flag{p}) || defined($flag{k});
        say_out "  WARNING: Combining activation change with other commands is not advised.\n" if defined($flag{a}) && keys(%flag) > 1 && !$flag{K};
    });
}

sub make_base {
    my ($class, $vg, $old, $new) = @_;
    $class->rename_volume($vg, $old, $new);
    Node::Fault::point('renamed');
    eval { $class->set_flags($vg, $new, p => 'r', k => 'y', a => 'n'); 1 } or print STDERR $@ =~ s/^lvchange error: */command '\/sbin\/lvchange -an -ky -pr $vg\/$new' failed:   /r;
    Node::Fault::point('flags');
}

sub remove {
    my ($class, $vg, $name) = @_;
    change(sub {
        my ($state) = @_;
        my $entry = $state->{"$vg/$name"} // return;
        die "lvremove '$vg/$name' error:   Logical volume $vg/$name in use.\n" if $entry->{holders};
        say_out "  Logical volume \"$name\" successfully removed.\n";
        delete $state->{"$vg/$name"};
        $state->{"$vg/$entry->{pool}"}{txn}++ if $entry->{pool} && $state->{"$vg/$entry->{pool}"};
        delete $_->{origin} for grep { ($_->{origin} // '') eq $name } thins($state, $vg);
        unlink(device("$vg/$name"));
    });
}

sub extend {
    my ($class, $vg, $name, $bytes) = @_;
    change(sub {
        my ($state) = @_;
        my $entry = $state->{"$vg/$name"} // die "no such logical volume $vg/$name\n";
        my $size = round_up($bytes);
        say_out '  Rounding size to boundary between physical extents: ' . Node::Lvm::size_text($size) . ".\n" if $size != $bytes;
        my ($from, $to) = map { Node::Lvm::size_text($_) . ' (' . $_ / $extent . ' extents)' } ($entry->{size}, $size);
        say_out "  Size of logical volume $vg/$name changed from $from to $to.\n";
        $entry->{size} = $size;
        truncate(device("$vg/$name"), $size) if -e device("$vg/$name");
        overcommit($state, $vg, $entry->{pool}, sub { say_out "  Logical volume $vg/$name successfully resized.\n" });
    });
}

sub activate { my ($class, $vg, $name) = @_; set_active($vg, $name, 1); }
sub deactivate { my ($class, $vg, $name) = @_; set_active($vg, $name, 0); }

sub set_active {
    my ($vg, $name, $value) = @_;
    my $now = read_state()->{"$vg/$name"} // die "no such logical volume $vg/$name\n";
    return if $now->{active} == $value;
    change(sub { $_[0]{"$vg/$name"}{active} = $value; });
}

# Say that the first $bytes of a volume are now written. Returns false when the pool could not take them all.
sub write {
    my ($class, $vg, $name, $bytes) = @_;
    return change(sub {
        my ($state) = @_;
        my $entry = $state->{"$vg/$name"} // return 0;
        my $pool = $state->{"$vg/$entry->{pool}"};
        my $chunk = 128;
        my $want = int(($bytes / 512 + $chunk - 1) / $chunk) * $chunk;
        $want = $entry->{size} / 512 if $want > $entry->{size} / 512;
        my $missing = $want - mapped($entry);
        return 1 if $missing <= 0;
        my $free = $pool->{size} / 512 - used($state, $pool);
        my $given = $missing < $free ? $missing : $free;
        add_part($entry, $given) if $given > 0;
        return 1 if $given == $missing;
        $pool->{mode} = 'out_of_data_space';
        return 0;
    });
}

# The kernel's minute is over: a full pool now fails writes instead of keeping them waiting.
sub give_up {
    my ($class, $vg, $name) = @_;
    change(sub {
        my ($state) = @_;
        my $pool = $state->{"$vg/" . $state->{"$vg/$name"}{pool}};
        $pool->{errors} = 1 if $pool->{mode};
    });
}

# New sectors go to the volume's own group.
sub add_part {
    my ($entry, $sectors) = @_;
    my %part = map { split /:/ } split /,/, $entry->{parts} // '';
    $part{ $entry->{uuid} } += $sectors;
    $entry->{parts} = join(',', map { "$_:$part{$_}" } sort keys %part);
}

sub hold {
    my ($class, $holder, @volumes) = @_;
    change(sub {
        my ($state) = @_;
        for my $volume (@volumes) {
            my $entry = $state->{"$volume->[0]/$volume->[1]"} // next;
            $entry->{holders} = join(',', grep { $_ ne '' } split(/,/, $entry->{holders} // ''), $holder);
            $entry->{active} = 1;
        }
    });
}

sub release {
    my ($class, $holder) = @_;
    change(sub {
        my ($state) = @_;
        for my $entry (values %$state) {
            $entry->{holders} = join(',', grep { $_ ne $holder } split /,/, $entry->{holders}) if $entry->{holders};
        }
    });
}

# Write the device-mapper files again: holders may have gone.
sub refresh {
    change(sub { });
}

sub round_up {
    my ($bytes) = @_;
    return int(($bytes + $extent - 1) / $extent) * $extent;
}

# lvm2's warnings when more is promised than there is (transcript 06): $done prints its line between them.
sub overcommit {
    my ($state, $vg, $pool_name, $done) = @_;
    my ($sum, $room, $pools) = (0, 0, 0);
    $sum += $_->{size} for thins($state, $vg);
    for my $pool (grep { $_->{kind} eq 'pool' && $_->{name} =~ m!^\Q$vg\E/! } values %$state) {
        $room += $pool->{size};
        $pools++;
    }
    if ($sum <= $room) {
        $done->();
        return;
    }
    say_out "  WARNING: You have not turned on protection against thin pools running out of space.\n"
        . "  WARNING: Set activation/thin_pool_autoextend_threshold below 100 to trigger automatic extension of thin pools before they get full.\n";
    $done->();
    my $group = $state->{$vg};
    my $free = vg_free($state, $vg);
    my $what = $pools > 1 ? 'thin pools' : "thin pool $vg/$pool_name";
    my ($more, $size) = $sum > $group->{size} ? (' and the size of whole volume group', Node::Lvm::size_text($group->{size}))
        : $sum > $free ? ($free ? ' and the amount of free space in volume group' : '', $free ? Node::Lvm::size_text($free)
            : 'no free space in volume group')
        : ('', Node::Lvm::size_text($room));
    say_err '  WARNING: Sum of all thin volume sizes (' . Node::Lvm::size_text($sum)
        . ") exceeds the size of $what$more ($size).\n";
}

sub vg_free {
    my ($state, $vg) = @_;
    my $free = $state->{$vg}{size};
    for my $entry (values %$state) {
        next if $entry->{name} !~ m!^\Q$vg\E/!;
        $free -= $entry->{size} if $entry->{kind} eq 'linear' || $entry->{kind} eq 'pool';
        $free -= 2 * $entry->{meta} if $entry->{kind} eq 'pool';
    }
    return $free;
}

1;
