# SPDX-License-Identifier: GPL-3.0-or-later
#
# What on a real node another process does for qm: pmxcfs, lvm2's commands, kvm. Who kills qm does not kill that one: it ends
# what it began, so no file of the node is ever half in line with another.

package Node::Apart;
use strict;
use warnings;
use Node::Lock;

our $control;    # in a worker, the handle that tells qm how it ended: nobody else may keep it open

# In a child that goes on alone, whatever becomes of who started it.
sub leave {
    setpgrp(0, 0);
    $0 = 'stand-in, apart';
    $SIG{$_} = 'IGNORE' for qw(INT TERM QUIT HUP PIPE);
    Node::Lock::abandon();
    close($control) if $control;
}

# Run $code in a process of its own, wait for it, and return the list of texts that it returned, or die as it did. A signal
# that has a handler comes after it.
sub run {
    my ($code) = @_;
    pipe(my $read, my $write) or die "pipe failed: $!\n";
    my (@came, $answer, $pid);
    {
        local @SIG{qw(INT TERM QUIT HUP)} = map { ref($SIG{$_}) ? sub { push @came, $_[0] } : $SIG{$_} // 'DEFAULT' } qw(INT TERM QUIT HUP);
        $pid = fork() // die "fork failed: $!\n";
        child($read, $write, $code) if !$pid;
        close($write);
        $answer = slurp($read);
        waitpid($pid, 0);
    }
    kill $_ => $$ for @came;
    my ($ok, @result) = unpack('(N/a*)*', $answer);
    die $result[0] // "stand-in: process $pid ended without an answer\n" if !$ok;
    return @result;
}

sub slurp {
    my ($read) = @_;
    my $text = '';
    while (1) {
        my $got = sysread($read, $text, 65536, length($text));
        return $text if defined($got) ? !$got : !$!{EINTR};
    }
}

sub child {
    my ($read, $write, $code) = @_;
    leave();
    close($read);
    my @result = eval { (1, $code->()) };
    @result = (0, $@) if !@result;
    print $write pack('(N/a*)*', @result);
    close($write);
    exit(0);
}

1;
