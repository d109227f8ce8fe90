# SPDX-License-Identifier: GPL-3.0-or-later
#
# flock(2) with a time limit, as PVE::Tools::lock_file_full (pve-facts 1.2): files made on demand and never removed, and
# the texts `trying to acquire lock...`, ` OK` and `can't lock file '…' - got timeout`.

package Node::Lock;
use strict;
use warnings;
use Fcntl qw(:flock);
use Node::Root;
use Node::Fault;

my %held;    # path shown => handle

# Run $code with the lock on $file (a node's path) held. $shared: LOCK_SH.
sub with {
    my ($file, $timeout, $shared, $code) = @_;
    return $code->() if $held{$file};
    my $handle = take($file, $timeout, $shared);
    $held{$file} = $handle;
    my @result = eval { $code->() };
    my $error = $@;
    delete $held{$file};
    close($handle);
    die $error if $error;
    return wantarray ? @result : $result[0];
}

sub take {
    my ($file, $timeout, $shared) = @_;
    open(my $handle, '>>', Node::Root::path($file)) or die "can't open lock file '$file' - $!\n";
    my $mode = ($shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    return $handle if flock($handle, $mode);
    print STDERR "trying to acquire lock...\n";
    my $end = Node::Root::clock() + $timeout * $Node::Root::setting{'time-scale'};
    do {
        select(undef, undef, undef, 0.005);
        if (flock($handle, $mode)) {
            print STDERR " OK\n";
            return $handle;
        }
    } while (Node::Root::clock() < $end);
    die "can't lock file '$file' - got timeout\n";
}

# The VM's lock, 10 seconds if nothing else is said.
sub vm {
    my ($vmid, $code, $timeout, $shared) = @_;
    return with("/var/lock/qemu-server/lock-$vmid.conf", $timeout // 10, $shared, sub {
        Node::Fault::point('lock');
        return $code->();
    });
}

# The lock of a storage of this node, held only while volumes are made or removed. That takes its time however fast the
# node's clock is: whoever waits is given at least two seconds, or three clones side by side would not all get it.
sub storage {
    my ($storage, $code) = @_;
    my $scale = $Node::Root::setting{'time-scale'};
    return with("/var/lock/pve-manager/pve-storage-$storage", $scale < 0.2 ? 2 / $scale : 10, 0, sub {
        Node::Fault::point('storage-lock');
        return $code->();
    });
}

# A lock of the cluster: a folder of pmxcfs, tried once a second for ten, and free again 120 seconds after its holder died
# (pve-facts 5.19).
sub cluster {
    my ($name, $point, $code) = @_;
    my $folder = Node::Root::path("/etc/pve/priv/lock/$name");
    die "pve cluster filesystem not online.\n" if !-d Node::Root::path('/etc/pve/priv/lock');
    my $scale = $Node::Root::setting{'time-scale'};
    my $end = Node::Root::clock() + 10 * $scale;
    until (mkdir($folder)) {
        my $made = (stat($folder))[9] // next;
        rmdir($folder) && next if time() - $made > 120 * $scale;
        die "cfs-lock '$name' error: got lock request timeout\n" if Node::Root::clock() >= $end;
        print STDERR "trying to acquire cfs lock '$name' ...\n";
        Node::Root::pause(1);
    }
    my $ok = eval {
        Node::Fault::point($point);
        $code->();
        1;
    };
    my $error = $@;
    rmdir($folder);
    die $error if !$ok;
}

# In a child that goes on alone: let go of every lock that was inherited. The parent's own hold is not touched.
sub abandon {
    close($_) for values %held;
    %held = ();
}

1;
