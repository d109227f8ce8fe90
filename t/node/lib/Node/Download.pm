# SPDX-License-Identifier: GPL-3.0-or-later
#
# pvesh create /nodes/NODE/storage/STORE/download-url: a file from a web server into a dir storage, by a task that checks its
# digest. The real one runs wget, whose words these are; here it is http only, and a broken connection is not tried again.

package Node::Download;
use strict;
use warnings;
use Node::Root;
use Node::Disk;
use Node::Fail;
use Node::Fault;
use Node::Property;
use Node::Storage;
use Node::Task;

my %folder = (iso => 'template/iso', vztmpl => 'template/cache', import => 'import');
my %extension = (iso => [qr/[^\/]+\.(?:iso|img)$/i, 'wrong file extension'], vztmpl => [qr/[^\/]+\.tar\.(?:gz|xz|zst|bz2)$/i, 'wrong file extension'],
    import => [qr/^[a-zA-Z0-9\-.+=_]+\.(?:ova|qcow2|raw|vmdk)$/, 'invalid filename or wrong extension']);
my @algorithm = qw(md5 sha1 sha224 sha256 sha384 sha512);

# Returns the task's UPID.
sub from_url {
    my ($id, $option) = @_;
    check($option);
    my $store = Node::Storage::get($id);
    die "can't upload to storage type '$store->{type}', not a file based storage!\n" if !defined($store->{path});
    my ($content, $url) = @$option{'content', 'url'};
    die "storage '$id' is not configured for content-type '$content'\n" if !Node::Storage::has_content($store, $content);
    my $name = $option->{filename} =~ s/^.*[\/\\]//r =~ s/[^a-zA-Z0-9_.-]/_/gr;
    my ($may, $why) = @{ $extension{$content} };
    Node::Fail::parameters(filename => $why) if $name !~ $may;
    my $dir = "$store->{path}/$folder{$content}";
    Node::Root::folder(Node::Root::path($dir));
    Node::Fault::begin('download', 0);
    Node::Task::run('download', $name, sub { fetch("$dir/$name", $url, @$option{'checksum-algorithm', 'checksum'}) });
    return $Node::Task::upid;
}

sub check {
    my ($option) = @_;
    my %wrong = map { $_ => 'property is missing and it is not optional' } grep { !defined($option->{$_}) } qw(content filename url);
    my %known = map { $_ => 1 } qw(content filename url checksum checksum-algorithm verify-certificates compression output-format);
    $wrong{$_} = 'property is not defined in schema and the schema does not allow additional properties' for grep { !$known{$_} } keys %$option;
    $wrong{url} //= 'value does not match the regex pattern' if ($option->{url} // 'http://') !~ m!^https?://!;
    $wrong{content} //= enumeration($option->{content}, qw(iso vztmpl import)) if !$folder{ $option->{content} // 'iso' };
    my $algorithm = $option->{'checksum-algorithm'};
    $wrong{'checksum-algorithm'} = enumeration($algorithm, @algorithm) if defined($algorithm) && !grep { $_ eq $algorithm } @algorithm;
    $wrong{checksum} = "missing property - 'checksum-algorithm' needed" if defined($option->{checksum}) && !defined($algorithm);
    $wrong{'checksum-algorithm'} = "missing property - 'checksum' needed" if defined($algorithm) && !defined($option->{checksum});
    $wrong{'verify-certificates'} = "type check ('boolean') failed - got '$option->{'verify-certificates'}'"
        if !defined(Node::Property::bool($option->{'verify-certificates'} // 1));
    die "stand-in: download-url takes no --compression\n" if defined($option->{compression});
    Node::Fail::parameters(%wrong) if %wrong;
}

sub enumeration {
    my ($value, @may) = @_;
    return "value '$value' does not have a value in the enumeration '" . join(', ', @may) . "'";
}

# --- the task ---

# $to is the path as people see it.
sub fetch {
    my ($to, $url, $algorithm, $want) = @_;
    print "downloading $url to $to\n";
    Node::Fault::point('started');
    return if -f Node::Root::path($to) && is_there($to, $algorithm, $want);
    my $tmp = "$to.tmp.$$";
    my $ok = eval {
        eval { wget($url, $tmp); 1 } or die "download failed: $@";
        Node::Fault::point('downloaded');
        compare($tmp, $algorithm, $want) if defined($algorithm);
        check_image($tmp, $to);
        Node::Fault::point('verified');
        rename(Node::Root::path($tmp), Node::Root::path($to)) or die "unable to rename temporary file: $!\n";
        Node::Fault::point('renamed');
        1;
    };
    if (!$ok) {
        my $error = $@;
        unlink(Node::Root::path($tmp)) or print STDERR "could not cleanup temporary file: $!\n";
        die $error;
    }
    print "download of '$url' to '$to' finished\n";
}

# A file of that name is never written over.
sub is_there {
    my ($to, $algorithm, $want) = @_;
    die "refusing to override existing file '$to'\n" if !defined($algorithm);
    print 'calculating checksum of existing file...';
    my $got = digest($algorithm, $to);
    if ($got eq lc($want)) {
        print "OK, got correct file already, no need to download\n";
        return 1;
    }
    print "\n";
    die "checksum mismatch: got '$got' != expect '$want', aborting\n";
}

sub compare {
    my ($file, $algorithm, $want) = @_;
    print 'calculating checksum...';
    my $got = digest($algorithm, $file);
    if ($got ne lc($want)) {
        print "\n";
        die "checksum mismatch: got '$got' != expect '$want'\n";
    }
    print "OK, checksum verified\n";
}

sub digest {
    my ($algorithm, $file) = @_;
    open(my $out, '-|', "${algorithm}sum", Node::Root::path($file)) or die "unable to open '$file': $!\n";
    return (split / /, readline($out) // '')[0] =~ s/^\\//r;
}

# An import must be what its name says.
sub check_image {
    my ($file, $to) = @_;
    return if $to !~ /\.qcow2$/;
    my ($format) = Node::Disk::image(Node::Root::path($file));
    die "Could not open '$file': Image is not in qcow2 format\n" if $format ne 'qcow2';
}

# --- wget's part ---

sub stamp { require POSIX; return POSIX::strftime('%Y-%m-%d %H:%M:%S', localtime()); }

sub wget {
    my ($url, $to) = @_;
    open(my $out, '>:raw', Node::Root::path($to)) or die "$to: $!\n";
    my ($socket, $length, $type) = ask($url);
    my $mib = 1 << 20;
    printf STDERR "Length: %s [%s]\nSaving to: '%s'\n", defined($length) ? "$length (" . int($length / $mib + 0.5) . 'M)' : 'unspecified', $type, $to;
    my ($began, $done, $half) = (Node::Root::clock(), 0, 0);
    while (my $got = read($socket, my $block, $mib)) {
        print $out $block or die "Cannot write to '$to' ($!).\n";
        my $dots = int($done / $mib);
        $done += $got;
        Node::Fault::point('downloading') if defined($length) && $done * 2 >= $length && !$half++;
        line($dots - 31, $done, $length, ' ') if $dots % 32 == 31;
    }
    close($out) or die "Cannot write to '$to' ($!).\n";
    if (defined($length) && $done < $length) {
        print STDERR stamp() . " - Connection closed at byte $done. Giving up.\n";
        die "exit code 4\n";
    }
    line(int($done / $mib / 32) * 32, $done, $length, '=') if $done % (32 * $mib);
    print STDERR stamp() . " - '$to' saved [$done/" . ($length // $done) . "]\n";
}

# A dot for each MiB, 32 in a line.
sub line {
    my ($first, $done, $length, $sign) = @_;
    my $dots = '.' x int(($done + (1 << 20) - 1) / (1 << 20) - $first);
    my $percent = $length ? sprintf('%3d%%', 100 * $done / $length) : '    ';
    printf STDERR "%6dK %-35s %s  100M%s0s\n", $first * 1024, join(' ', unpack('(A8)*', $dots)), $percent, $sign;
}

# (socket, length or undef, type) of what the server sends.
sub ask {
    my ($url) = @_;
    require IO::Socket::IP;
    for (1 .. 20) {
        my ($host, $port, $path) = $url =~ m!^http://(\[[^\]]+\]|[^/:]+)(?::(\d+))?(/.*)?$! or die "stand-in: it has no https: $url\n";
        $port //= 80;
        print STDERR '--' . stamp() . "--  $url\n";
        my $socket = IO::Socket::IP->new(PeerHost => $host =~ s/^\[|\]$//gr, PeerPort => $port, Timeout => 30)
            or die $@ =~ /refused|timed out|unreachable|No route/ ? "Connecting to $host:$port... failed: Connection refused.\n"
            : "wget: unable to resolve host address '$host'\n";
        print $socket 'GET ' . ($path // '/') . " HTTP/1.0\r\nHost: $host:$port\r\nUser-Agent: Wget/1.21.3\r\nConnection: close\r\n\r\n";
        my ($status) = (readline($socket) // '') =~ m!^HTTP/\S+ (\d+.*?)\s*$! or die "exit code 4\n";
        print STDERR "Connecting to $host:$port... connected.\nHTTP request sent, awaiting response... $status\n";
        my %header;
        while (defined(my $line = readline($socket))) {
            last if $line =~ /^\r?\n$/;
            $header{ lc $1 } = $2 if $line =~ /^([^:\s]+):\s*(.*?)\s*$/;
        }
        return ($socket, $header{'content-length'}, $header{'content-type'} // 'application/octet-stream') if $status =~ /^200/;
        if ($status =~ /^30/ && defined($header{location})) {
            $url = $header{location} =~ m!^/! ? "http://$host:$port$header{location}" : $header{location};
            print STDERR "Location: $url [following]\n";
            next;
        }
        print STDERR stamp() . ' ERROR ' . $status =~ s/ /: /r . ".\n";
        die "exit code 8\n";
    }
    die "exit code 8\n";
}

1;
