# SPDX-License-Identifier: GPL-3.0-or-later
#
# The data copy of a full clone or an import: a process of its own, called qemu-img, that holds both volumes open and goes
# on to the end when the task that started it is killed (pve-facts 1.3.5, 1.5, 12.5; transcripts 06, 07). Its progress comes
# back over a pipe and is shown as `transferred 2.0 MiB of 64.0 MiB (3.12%)`.
#
# text backend: the target's written sectors grow at `clone-rate` MiB/s; only an image's bytes are moved.
# lvm backend: Debian's qemu-img if there is one, else a sparse copy in perl.

package Node::Copy;
use strict;
use warnings;
use Node::Root;
use Node::Apart;
use Node::Fault;
use Node::Lock;
use Node::Lvm;

my $unit = 2 * 1024 * 1024;

# from: path shown; to: volume id's path; total: bytes; content: bytes that are not holes; hold: [vg, lv]…, target last;
# limit: KiB/s or undef; format: raw or qcow2; image: the file on this machine, of an import.
sub run {
    my (%job) = @_;
    my @command = ('/usr/bin/qemu-img', 'convert', '-p', '-n', ($job{limit} ? ('-r', "$job{limit}K") : ()), '-f', $job{format} // 'raw',
        '-O', 'raw', $job{from}, "zeroinit:$job{to}");
    pipe(my $out, my $in) or die "pipe failed: $!\n";
    my $pid = fork() // die "fork failed: $!\n";
    if (!$pid) {
        close($out);
        child($in, "@command", %job);
    }
    close($in);
    my $ok = eval {
        follow($out, $job{total});
        waitpid($pid, 0);
        1;
    };
    return if $ok && $? == 0;
    my $why = $ok ? 'exit code ' . ($? >> 8) : $@;
    chomp($why);
    if (!$ok) {
        kill 'KILL', $pid;
        waitpid($pid, 0);
    }
    die "copy failed: command '@command' failed: $why\n";
}

# Turn percentages into lines.
sub follow {
    my ($out, $total) = @_;
    local $/ = "\r";
    my $half = 0;
    while (defined(my $part = readline($out))) {
        if ($part !~ m!\((\d+\.\d+)/100%\)!) {
            print STDERR $part if $part =~ /\S/;
            next;
        }
        my $done = $total * $1 / 100;
        Node::Fault::point('disk-copying') if $1 >= 50 && !$half++;
        print 'transferred ' . amount($done) . ' of ' . amount($total) . sprintf(" (%.2f%%)\n", $1);
    }
    die "interrupted by signal\n" if $! && $!{EINTR};
}

sub amount {
    my ($bytes) = @_;
    my @name = ('B', 'KiB', 'MiB', 'GiB', 'TiB');
    my $step = 0;
    while ($bytes >= 1024 && $step < $#name) {
        $bytes /= 1024;
        $step++;
    }
    return sprintf('%.1f %s', $bytes, $name[$step]);
}

# --- in the copying process ---

sub child {
    my ($in, $name, %job) = @_;
    Node::Lock::abandon();
    $SIG{$_} = 'DEFAULT' for qw(INT TERM QUIT HUP);
    $SIG{PIPE} = 'IGNORE';    # qemu-img does not mind that nobody reads
    open(STDOUT, '>&', $in);
    open(STDERR, '>&', $in);
    close($in);
    close($Node::Apart::control) if $Node::Apart::control;
    open(STDIN, '<', '/dev/null');
    $| = 1;
    $0 = $name;
    require POSIX;
    my $ok = eval { $Node::Root::setting{backend} eq 'lvm' ? copy(%job) : pretend(%job); 1 };
    print STDERR $@ if !$ok;
    POSIX::_exit($ok ? 0 : 1);
}

sub progress { printf "    (%.2f/100%%)\r", $_[0]; }

# Let the target fill, at the rate set, and tell of each percent.
sub pretend {
    my (%job) = @_;
    my $target = $job{hold}[-1];
    my $watcher = watch();
    my $holder = $watcher . '.' . start_of($watcher);
    Node::Lvm::hold($holder, @{ $job{hold} });
    my $rate = ($Node::Root::setting{'clone-rate'} || 1e9) * 1024 * 1024;
    $rate = $job{limit} * 1024 if $job{limit} && $job{limit} * 1024 < $rate;
    my $share = $job{total} ? $job{content} / $job{total} : 0;
    my ($shown, $told, $slept, $full) = (-1, 0, 0, 0);
    Node::LvmText->blank(@$target) if $job{image};
    for (my $done = 0; ; $done += $unit) {
        $done = $job{total} if $done > $job{total};
        my $percent = $job{total} ? 100 * $done / $job{total} : 100;
        if ($done - $slept >= $rate * 0.02 || $done == $job{total}) {
            Node::Root::pause(($done - $slept) / $rate);
            $slept = $done;
        }
        if ($percent - $told >= 10 || $done == $job{total}) {
            $told = $percent;
            $full ||= !Node::Lvm::write(@$target, int($done * $share));
        }
        if ($percent - $shown >= 1 || $done == 0 || $done == $job{total}) {
            $shown = $percent;
            progress($percent);
        }
        last if $done == $job{total};
    }
    Node::LvmText->fill(@$target, @job{'image', 'format'}) if $job{image};
    progress(100);
    if ($full) {
        Node::Root::pause(60);    # the kernel's time-out for a pool without space
        Node::LvmText->give_up(@$target);
    }
    Node::Lvm::release($holder);
    kill 'KILL', $watcher;
    waitpid($watcher, 0);
}

# Who holds the volumes for the copy: a process that notices when the copy was killed, and lets go of them, as the kernel
# would, after the moment that this takes (pve-facts 8.9d).
sub watch {
    pipe(my $read, my $write) or die "pipe failed: $!\n";
    my $pid = fork() // die "fork failed: $!\n";
    if ($pid) {
        close($read);
        our $kept = $write;    # closed by the kernel when this process ends, however it ends
        return $pid;
    }
    POSIX::setsid();
    $SIG{$_} = 'IGNORE' for qw(INT TERM QUIT HUP PIPE);
    close($write);
    open($_->[0], $_->[1], '/dev/null') for [*STDIN, '<'], [*STDOUT, '>'], [*STDERR, '>'];
    for my $fd (3 .. 20) {
        POSIX::close($fd) if $fd != fileno($read);
    }
    $0 = 'stand-in watcher';
    sysread($read, my $byte, 1);
    Node::Root::pause($Node::Root::setting{linger});
    eval { Node::Lvm::release($$ . '.' . start_of($$)) } if -e Node::LvmText::file();
    POSIX::_exit(0);
}

sub start_of {
    my ($pid) = @_;
    my $stat = Node::Root::slurp("/proc/$pid/stat");
    $stat =~ s/^.*\)\s+//s;
    return (split / /, $stat)[19];
}

# A real copy, block by block, holes left out.
sub copy {
    my (%job) = @_;
    my $to = Node::Root::path($job{to});
    my $from = $job{from};
    if (-x '/usr/bin/qemu-img') {
        my @limit = $job{limit} ? ('-r', "$job{limit}K") : ();
        exec('/usr/bin/qemu-img', 'convert', '--target-is-zero', '-p', '-n', @limit, '-f', $job{format} // 'raw', '-O', 'raw', $from, $to);
    }
    die "stand-in: no qemu-img to read '$from'\n" if ($job{format} // 'raw') ne 'raw';
    open(my $in, '<:raw', $from) or die "Could not open '$from': $!\n";
    open(my $out, '+<:raw', $to) or die "Could not open '$to': $!\n";
    my ($done, $shown, $zero) = (0, -1, "\0" x $unit);
    my $rate = $job{limit} ? $job{limit} * 1024 : 0;
    progress(0);
    while (my $got = sysread($in, my $block, $unit)) {
        if ($block ne substr($zero, 0, $got)) {
            sysseek($out, $done, 0);
            syswrite($out, $block) == $got or die "error while writing at byte $done: $!\n";
        }
        $done += $got;
        select(undef, undef, undef, $got / $rate) if $rate;
        my $percent = 100 * $done / $job{total};
        if ($percent - $shown >= 1) {
            $shown = $percent;
            progress($percent > 100 ? 100 : $percent);
        }
    }
    progress(100);
    require IO::Handle;
    $out->sync();
    close($out) or die "error while closing '$to': $!\n";
}

1;
