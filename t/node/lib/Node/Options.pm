# SPDX-License-Identifier: GPL-3.0-or-later
#
# The command line of a verb, as Getopt::Long and PVE::JSONSchema::get_options read it: `-x V`, `--x V`, `--x=V`, any case,
# unique beginnings, a bare switch is 1, lists may repeat (pve-facts 9.4). Errors go to stderr with the usage line and end
# with 255 (transcripts 02, 03).

package Node::Options;
use strict;
use warnings;
use Node::Schema;
use Node::Fail;

# $want: usage, positional => [[NAME, TYPE]…] (a NAME ending in ? may be left out), option => { NAME => TYPE }, config =>
# true when every key of a configuration is an option too. TYPEs: bool int string list password vmid storage; anything with
# a rule in Node::Schema is checked by it. Returns the parameters as a hash.
sub read {
    my ($argv, %want) = @_;
    my %type = map { $_ => $want{option}{$_} } keys %{ $want{option} // {} };
    if ($want{config}) {
        for my $name (Node::Schema::names()) {
            my $rule = Node::Schema::rule($name)->[0];
            $type{$name} //= $rule eq 'bool' ? 'bool' : $rule eq 'password' ? 'password' : $rule eq 'tags' ? 'list' : 'string';
        }
        $type{cdrom} = 'string';
    }
    my (%param, @plain);
    my @rest = @$argv;
    while (@rest) {
        my $arg = shift @rest;
        if ($arg eq '--') {
            push @plain, @rest;
            last;
        }
        if ($arg !~ /^--?([a-zA-Z][^=]*)(?:=(.*))?$/s) {
            push @plain, $arg;
            next;
        }
        my ($given, $value) = (lc $1, $2);
        my $name = exists($type{$given}) ? $given : whole($given, \%type);
        if (!defined($name)) {
            print STDERR "Unknown option: $given\n";
            usage("400 unable to parse option\n", $want{usage});
        }
        if (!defined($value)) {
            my $may = $type{$name} eq 'bool' || $type{$name} eq 'password';
            if ($may) {
                $value = @rest && $rest[0] !~ /^-./ ? shift @rest : '';
            } elsif (!@rest) {
                print STDERR "Option $given requires an argument\n";
                usage("400 unable to parse option\n", $want{usage});
            } else {
                $value = shift @rest;
            }
        }
        $value = 1 if $type{$name} eq 'bool' && $value eq '';
        $value = password() if $type{$name} eq 'password' && $value eq '';
        if ($type{$name} eq 'list' && defined($param{$name})) {
            $param{$name} .= ",$value";
        } else {
            $param{$name} = $value;
        }
    }
    positional(\%param, \@plain, %want);
    my %wrong;
    for my $name (sort keys %param) {
        eval { $param{$name} = check($name, $type{$name} // kind($name, %want), $param{$name}); 1 } or $wrong{$name} = reason($@);
    }
    if (%wrong) {
        eval { Node::Fail::parameters(%wrong) };
        usage($@, $want{usage});
    }
    if (exists($param{cdrom})) {
        $param{ide2} = delete $param{cdrom};
    }
    return \%param;
}

sub reason {
    my ($text) = @_;
    $text =~ s/ at \S+ line \d+\.\n$//;
    return $text;
}

# The one option that begins so.
sub whole {
    my ($given, $type) = @_;
    my @like = grep { index($_, $given) == 0 } keys %$type;
    return @like == 1 ? $like[0] : undef;
}

sub positional {
    my ($param, $plain, %want) = @_;
    for my $place (@{ $want{positional} // [] }) {
        my ($name) = @$place;
        my $optional = $name =~ s/\?$//;
        if (!@$plain) {
            last if $optional;
            usage("400 not enough arguments\n", $want{usage});
        }
        $param->{$name} = $want{rest} && $place == $want{positional}[-1] ? [splice(@$plain)] : shift @$plain;
    }
    usage("400 too many arguments\n", $want{usage}) if @$plain;
}

sub kind {
    my ($name, %want) = @_;
    for my $place (@{ $want{positional} // [] }) {
        return $place->[1] if $place->[0] =~ /^\Q$name\E\??$/;
    }
    return 'string';
}

sub check {
    my ($name, $type, $value) = @_;
    if ($type eq 'bool') {
        return Node::Property::bool($value) // die "type check ('boolean') failed - got '$value'";
    } elsif ($type eq 'int') {
        die "type check ('integer') failed - got '$value'" if $value !~ /^[+-]?\d+$/;
        return int($value);
    } elsif ($type eq 'vmid') {
        die "type check ('integer') failed - got '$value'" if $value !~ /^\d+$/;
        die "invalid format - value does not look like a valid VM ID\n" if $value !~ /^[1-9][0-9]{2,8}$/;
        return int($value);
    } elsif ($type eq 'storage') {
        die "invalid format - storage ID '$value' contains illegal characters\n" if $value !~ /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;
        return $value;
    } elsif ($type eq 'size') {
        die "value does not match the regex pattern" if $value !~ /^\+?\d+(?:\.\d+)?[KMGT]?$/;
        return $value;
    } elsif ($type eq 'slot') {
        die "value '$value' does not have a value in the enumeration '" . join(', ', Node::Schema::slots()) . "'"
            if !grep { $_ eq $value } Node::Schema::slots();
        return $value;
    }
    return $value if $name eq 'cdrom' || ref($value) || !Node::Schema::rule($name);
    return Node::Schema::check($name, $value);
}

# A password from stdin: twice, one line each, when there is no terminal (pve-facts 2.3.3).
sub password {
    my $first = readline(STDIN) // '';
    my $again = readline(STDIN) // '';
    chomp($first, $again);
    die "Passwords do not match.\n" if $first ne $again;
    return $first;
}

sub usage {
    my ($error, $usage) = @_;
    print STDERR "$error$usage\n";
    exit 255;
}

1;
