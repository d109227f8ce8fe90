# SPDX-License-Identifier: GPL-3.0-or-later
#
# What device-mapper would show of the text backend's volumes: ROOT/run/dm/{info,table,status}, in the formats of
# `dmsetup info -c --noheadings -o name,uuid,open,readonly`, `dmsetup table` and `dmsetup status`, names sorted, active
# volumes only. Names and tables: pve-facts 8.6, 8.7; the numbers' shape: transcripts 01, 02, 06, 10.

package Node::Dm;
use strict;
use warnings;
use Node::Root;

sub write {
    my ($state) = @_;
    my (@info, @table, @status);
    my $minor = 1;
    for my $name (sort keys %$state) {
        my $entry = $state->{$name};
        next if !defined($entry->{active}) || $entry->{kind} eq 'vg';
        linear($state, $entry, \@info, \@table, \@status) if $entry->{kind} eq 'linear' && $entry->{active};
        if ($entry->{kind} eq 'pool') {
            pool($state, $entry, $minor, \@info, \@table, \@status);
            $minor += 4;
        }
    }
    my $dir = Node::Root::path('/run/dm');
    Node::Root::replace("$dir/info", join('', sort @info));
    Node::Root::replace("$dir/table", join('', sort @table));
    Node::Root::replace("$dir/status", join('', sort @status));
}

# `vm-101-disk-0` in `pve` is `pve-vm--101--disk--0`.
sub name {
    my ($vg, $lv) = @_;
    s/-/--/g for $vg, $lv;
    return "$vg-$lv";
}

# $device: what tables call it by, where they do; as if `-o …,major,minor` were asked for.
sub info {
    my ($name, $vg_uuid, $lv_uuid, $layer, $open, $readonly, $device) = @_;
    return "$name:LVM-$vg_uuid$lv_uuid$layer:$open:" . ($readonly ? 'Read-only' : 'Writeable') . ($device ? ":$device" : '') . "\n";
}

sub linear {
    my ($state, $entry, $info, $table, $status) = @_;
    my ($vg, $lv) = split m!/!, $entry->{name};
    my $name = name($vg, $lv);
    my $sectors = $entry->{size} / 512;
    push @$info, info($name, $state->{$vg}{uuid}, $entry->{uuid}, '', 0, 0);
    push @$table, "$name: 0 $sectors linear 254:16 $entry->{start}\n";
    push @$status, "$name: 0 $sectors linear \n";
}

# A pool and its active thin volumes. $minor: the number of its metadata device; data, pool and its front follow.
sub pool {
    my ($state, $pool, $minor, $info, $table, $status) = @_;
    my ($vg, $lv) = split m!/!, $pool->{name};
    my $name = name($vg, $lv);
    my $group = $state->{$vg}{uuid};
    my ($sectors, $meta) = ($pool->{size} / 512, $pool->{meta} / 512);
    my @thin = sort { $a->{name} cmp $b->{name} } Node::LvmText::thins($state, $vg, $lv);
    my @active = grep { $_->{active} } @thin;
    my ($tmeta, $tdata, $tpool) = map { "253:$_" } ($minor, $minor + 1, $minor + 2);

    push @$info, info("${name}_tmeta", $group, $pool->{tmeta}, '-tmeta', 1, 0);
    push @$info, info("${name}_tdata", $group, $pool->{tdata}, '-tdata', 1, 0);
    push @$info, info("$name-tpool", $group, $pool->{uuid}, '-tpool', 1 + @active, 0, $tpool);
    push @$info, info($name, $group, $pool->{uuid}, '-pool', 0, 1);
    push @$table, "${name}_tmeta: 0 $meta linear 254:16 $pool->{mstart}\n", "${name}_tdata: 0 $sectors linear 254:16 $pool->{start}\n",
        "$name-tpool: 0 $sectors thin-pool $tmeta $tdata 128 0 0 \n", "$name: 0 $sectors linear $tpool 0\n";
    my ($total, $used) = ($sectors / 128, Node::LvmText::used($state, $pool) / 128);
    my ($meta_total, $meta_used) = metadata($state, $pool, scalar(@thin));
    my $mark = $meta_total / 4 < 1024 ? int($meta_total / 4) : 1024;
    my $mode = $pool->{mode} // 'rw';
    my $held = $pool->{held} || '-';
    my $full = $mode eq 'out_of_data_space' && $pool->{errors} ? 'error_if_no_space' : 'queue_if_no_space';
    $full = 'error_if_no_space' if ($pool->{whenfull} // '') eq 'error';
    push @$status, "${name}_tmeta: 0 $meta linear \n", "${name}_tdata: 0 $sectors linear \n", "$name: 0 $sectors linear \n",
        "$name-tpool: 0 $sectors thin-pool $pool->{txn} $meta_used/$meta_total $used/$total $held $mode discard_passdown $full - $mark \n";

    for my $thin (@active) {
        my $lv_name = name($vg, (split m!/!, $thin->{name})[1]);
        my $size = $thin->{size} / 512;
        my $mapped = Node::LvmText::mapped($thin);
        push @$info, info($lv_name, $group, $thin->{uuid}, '', scalar(split /,/, $thin->{holders} // ''), $thin->{ro});
        push @$table, "$lv_name: 0 $size thin $tpool $thin->{id}\n";
        push @$status, "$lv_name: 0 $size thin $mapped " . ($mapped ? $mapped - 1 : '-') . "\n";
    }
}

# Blocks of a pool's metadata device, all and used: a tenth stands from the start, then a little for each data block.
# A test may press them up with `metapress` in the pool's line.
sub metadata {
    my ($state, $pool, $volumes) = @_;
    my $total = int($pool->{meta} / 4096);
    my $used = int($total * 0.10115) + 6 + int(Node::LvmText::used($state, $pool) / 128 / 225) + int($volumes / 2);
    $used += $pool->{metapress} // 0;
    return ($total, $used < $total ? $used : $total);
}

1;
