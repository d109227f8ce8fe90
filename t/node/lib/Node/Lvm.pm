# SPDX-License-Identifier: GPL-3.0-or-later
#
# Thin volumes, whichever way they are kept: `backend text` (LvmText, a file) or `backend lvm` (LvmReal, lvm2's own
# programs). Both print what the real commands print, to stdout and stderr, and die with what PVE makes of their failures.
# Commands and texts: pve-facts 1.3.3, 4.1, 8 and the transcripts.

package Node::Lvm;
use strict;
use warnings;
use Node::Root;

sub backend {
    if ($Node::Root::setting{backend} eq 'lvm') {
        require Node::LvmReal;
        return 'Node::LvmReal';
    }
    require Node::LvmText;
    return 'Node::LvmText';
}

# What every backend offers; $vg is a volume group's name, $name a volume's.
sub volumes { return backend()->volumes(@_); }      # vg -> { NAME => { size pool origin active readonly open mapped } }
sub pool { return backend()->pool(@_); }            # vg, pool -> { size used }, bytes
sub create { return backend()->create(@_); }        # vg, pool, name, KiB
sub snapshot { return backend()->snapshot(@_); }    # vg, base, name
sub make_base { return backend()->make_base(@_); }  # vg, old name, new name
sub remove { return backend()->remove(@_); }        # vg, name
sub extend { return backend()->extend(@_); }        # vg, name, bytes
sub activate { return backend()->activate(@_); }    # vg, name
sub deactivate { return backend()->deactivate(@_); }
sub write { return backend()->write(@_); }          # vg, name, bytes of content: only the text backend has to be told
sub hold { return backend()->hold(@_); }            # holder, [vg, name]…: an open device
sub release { return backend()->release(@_); }      # holder

# A size as lvm2 shows it: `64.00 MiB`, `<48.00 GiB` when rounding made it bigger than it is.
sub size_text {
    my ($bytes) = @_;
    my @unit = ('B', 'KiB', 'MiB', 'GiB', 'TiB');
    my ($value, $step) = ($bytes, 0);
    while ($value >= 1024 && $step < $#unit) {
        $value /= 1024;
        $step++;
    }
    my $shown = sprintf('%.2f', $value);
    return ($shown > $value ? '<' : '') . "$shown $unit[$step]";
}

1;
