# SPDX-License-Identifier: GPL-3.0-or-later
#
# JSON, printed only: `line` as pvesh prints it (compact, keys sorted), `pretty` as qm does. A scalar is printed as
# a number when perl holds it as one, else as a string; undef is null.

package Node::Json;
use strict;
use warnings;

sub line {
    my ($value) = @_;
    return 'null' if !defined($value);
    return '{' . join(',', map { text($_) . ':' . line($value->{$_}) } sort keys %$value) . '}' if ref($value) eq 'HASH';
    return '[' . join(',', map { line($_) } @$value) . ']' if ref($value) eq 'ARRAY';
    return scalar_text($value);
}

# Three spaces a step, ` : ` after a key, as JSON::XS.
sub pretty {
    my ($value, $indent) = @_;
    $indent //= '';
    my $in = "$indent   ";
    if (ref($value) eq 'HASH') {
        return '{}' if !%$value;
        return "{\n" . join(",\n", map { $in . text($_) . ' : ' . pretty($value->{$_}, $in) } sort keys %$value) . "\n$indent}";
    } elsif (ref($value) eq 'ARRAY') {
        return '[]' if !@$value;
        return "[\n" . join(",\n", map { $in . pretty($_, $in) } @$value) . "\n$indent]";
    }
    return defined($value) ? scalar_text($value) : 'null';
}

# `^` of a number with itself is 0, of a text a row of NULs.
sub scalar_text {
    my ($value) = @_;
    return ($value ^ $value) eq '0' ? "$value" : text($value);
}

sub text {
    my ($value) = @_;
    $value =~ s/(["\\])/\\$1/g;
    $value =~ s/\n/\\n/g;
    $value =~ s/\t/\\t/g;
    $value =~ s/\r/\\r/g;
    $value =~ s/([\x00-\x1f])/sprintf('\\u%04x', ord($1))/ge;
    return "\"$value\"";
}

1;
