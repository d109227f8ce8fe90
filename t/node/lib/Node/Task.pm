# SPDX-License-Identifier: GPL-3.0-or-later
#
# A task: a worker process, its UPID, its log and the lists of tasks. Follows pve-facts 0.7, 0.8 and 7: the worker's output
# goes through one pipe to the parent, which copies it to its own stdout and to the task log; how it ended travels on a
# second pipe; the parent prints the error on stderr. Signals as in 7.5 to 7.8.

package Node::Task;
use strict;
use warnings;
use Fcntl qw(:flock);
use POSIX ();
use Node::Root;
use Node::Apart;
use Node::Lock;
use Node::Fault;
use Node::Copy;

sub dir { return Node::Root::path('/var/log/pve/tasks'); }

our $upid;    # of the last task that was run

# Run $code as a task and return 0 or 255.
sub run {
    my ($type, $id, $code) = @_;
    pipe(my $out, my $out_w) or die "pipe failed: $!\n";
    pipe(my $end, my $end_w) or die "pipe failed: $!\n";
    pipe(my $go, my $go_w) or die "pipe failed: $!\n";
    pipe(my $upid_r, my $upid_w) or die "pipe failed: $!\n";
    my $parent = $$;
    my $pid = fork() // die "fork failed: $!\n";
    if (!$pid) {
        close($_) for $out, $end, $go_w, $upid_r;
        $Node::Fault::parent = $parent;
        $Node::Apart::control = $end_w;
        worker($type, $id, $code, $out_w, $end_w, $go, $upid_w);
    }
    close($_) for $out_w, $end_w, $go, $upid_w;
    $upid = readline($upid_r) // die "unable to fork worker\n";
    chomp($upid);
    my $log = open_log($upid);
    update_lists($upid);
    syswrite($go_w, "OK\n");
    my ($message, $bad) = tend($pid, $out, $end, $log);
    waitpid($pid, 0);
    print $log $message if defined($message);
    close($log);
    update_lists();
    return $bad ? 255 : 0;
}

# --- the worker ---

sub worker {
    my ($type, $id, $code, $out, $end, $go, $upid_w) = @_;
    if (-t STDIN) {
        setpgrp(0, 0);
    } else {
        POSIX::setsid();
    }
    $SIG{$_} = sub { die "received interrupt\n" } for qw(INT TERM QUIT);
    $SIG{$_} = 'DEFAULT' for qw(HUP PIPE);
    my $upid = sprintf('UPID:%s:%08X:%08X:%08X:%s:%s:root@pam:', Node::Root::node(), $$, Node::Copy::start_of($$), time(), $type, $id);
    syswrite($upid_w, "$upid\n");
    close($upid_w);
    sysread($go, my $answer, 3);
    POSIX::_exit(1) if ($answer // '') ne "OK\n";    # the parent is gone before the task began
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>&', $out);
    open(STDERR, '>&', $out);
    close($out);
    $_->autoflush(1) for grep { defined } map { require IO::Handle; $_ } \*STDOUT, \*STDERR;
    $0 = "task $upid";
    my $ok = eval { $code->(); 1 };
    my $error = $@;
    $ok = 1 if ref($error) && $error->{lie};
    $SIG{$_} = 'IGNORE' for qw(INT TERM QUIT);
    chomp($error) if !ref($error);
    syswrite($end, $ok ? "TASK OK\n" : 'TASK ERROR: ' . $error =~ s/\n/ /gr . "\n");
    close(STDOUT);
    close(STDERR);
    POSIX::_exit(0);
}

# --- the parent ---

# Copy the worker's output until it ends. Returns the log's last lines and whether it went wrong.
sub tend {
    my ($pid, $out, $end, $log) = @_;
    my $signals = 0;
    local @SIG{qw(INT TERM QUIT)} = (sub { kill(++$signals > 3 ? 'KILL' : 'TERM', -$pid) }) x 3;
    local $SIG{PIPE} = 'IGNORE';
    while (1) {
        my $got = sysread($out, my $text, 65536);
        next if !defined($got) && $!{EINTR};
        last if !$got;
        if (!put($text)) {
            stop_group($pid, $out);
            print STDERR "broken pipe\n";
            return ("\nTASK ERROR: broken pipe\n", 1);
        }
        print $log $text;
        $log->flush();
    }
    my $message;
    while (1) {
        $message = '';
        my $got = sysread($end, $message, 65536);
        last if defined($got) || !$!{EINTR};
    }
    if ($message =~ /^TASK OK$/m) {
        return ("TASK OK\n", 0);
    } elsif ($message =~ /^TASK ERROR: (.*)$/m) {
        print STDERR "$1\n";
        return ("\nTASK ERROR: $1\n", 1);
    }
    print STDERR "got unexpected control message: \n";
    return (undef, 1);
}

sub put {
    my ($text) = @_;
    my $at = 0;
    while ($at < length($text)) {
        my $wrote = syswrite(STDOUT, $text, length($text) - $at, $at);
        next if !defined($wrote) && $!{EINTR};
        return 0 if !defined($wrote);
        $at += $wrote;
    }
    return 1;
}

# TERM, five seconds, KILL. The pipe is closed: what the worker prints while it cleans up is its end (transcript 13).
sub stop_group {
    my ($pid, $out) = @_;
    kill 'TERM', -$pid;
    close($out);
    my $end = Node::Root::clock() + 5 * ($Node::Root::setting{'time-scale'} < 0.2 ? 0.2 : $Node::Root::setting{'time-scale'});
    while (Node::Root::clock() < $end) {
        return if waitpid($pid, POSIX::WNOHANG()) == $pid;
        select(undef, undef, undef, 0.02);
    }
    kill 'KILL', -$pid;
}

# --- log and lists ---

sub log_file {
    my ($upid) = @_;
    my $start = (split /:/, $upid)[4];
    return dir() . '/' . substr($start, -1) . "/$upid";
}

sub open_log {
    my ($upid) = @_;
    require IO::Handle;
    my $file = log_file($upid);
    Node::Root::folder($file =~ s!/[^/]*$!!r);
    open(my $log, '>', $file) or die "unable to create output file '" . Node::Root::shown($file) . "' - $!\n";
    return $log;
}

# `active`: running first, newest first, 25 in all; a task that ended is also appended to `index`.
sub update_lists {
    my ($new) = @_;
    open(my $lock, '>>', dir() . '/.active.lock') or return;
    flock($lock, LOCK_EX);
    my (@running, @ended, $index);
    for my $line (split /\n/, Node::Root::slurp(dir() . '/active') // '') {
        my ($upid, $saved, $rest) = split / /, $line, 3;
        if ($saved eq '1') {
            push @ended, $line;
        } elsif (!finished($upid) && alive($upid)) {
            push @running, $line;
        } else {
            my $status = sprintf('%08X ', time()) . status($upid);
            unshift @ended, "$upid 1 $status";
            $index .= "$upid $status\n";
        }
    }
    unshift @running, "$new 0" if $new;
    my @all = (@running, @ended);
    splice(@all, 25) if @all > 25 && @running <= 25;
    Node::Root::replace(dir() . '/active', join('', map { "$_\n" } @all));
    if (defined($index)) {
        rename(dir() . '/index', dir() . '/index.1') if (-s dir() . '/index' // 0) > 50000;
        open(my $fh, '>>', dir() . '/index');
        print $fh $index;
        close($fh);
    }
}

sub alive {
    my ($upid) = @_;
    my (undef, undef, $pid, $start) = split /:/, $upid;
    my $stat = Node::Root::slurp('/proc/' . hex($pid) . '/stat') // return 0;
    $stat =~ s/^.*\)\s+//s;
    my @field = split / /, $stat;
    return $field[0] ne 'Z' && $field[19] == hex($start);
}

sub last_line {
    my ($upid) = @_;
    my $text = Node::Root::slurp(log_file($upid)) // '';
    return $text =~ /^(.*)\n?\z/m && $text =~ /([^\n]*)\n?\z/ ? $1 : '';
}

sub finished { return last_line($_[0]) =~ /^TASK (?:OK|ERROR|WARNINGS)/; }

sub status {
    my ($upid) = @_;
    my $line = last_line($upid);
    return 'OK' if $line eq 'TASK OK';
    return $1 if $line =~ /^TASK ERROR: (.*)$/;
    return $1 if $line =~ /^TASK (WARNINGS: \d+)$/;
    return 'unexpected status';
}

1;
