# What a host runs while hosts measure what is between them, in the Perl every Debian has (perl-base: no Time::HiRes).
# Orders come in on stdin and answers go out on stdout, as told in peer-dialogue.ts; peer.py is the same program. It writes
# no file, starts no process, and ends when its stdin does, or at its deadline.
use strict;
use Socket qw(:DEFAULT inet_pton inet_ntop getaddrinfo pack_sockaddr_in6 unpack_sockaddr_in6);
use Errno qw(EINPROGRESS EADDRINUSE EADDRNOTAVAIL ECONNREFUSED EMSGSIZE);
use Fcntl;
use POSIX ();
$| = 1;
my $nonce = delete $ENV{provision_nonce};
my %calls = (x86_64 => 228, aarch64 => 113, riscv64 => 113, ppc64le => 246, s390x => 260);
my $call = $calls{(POSIX::uname())[4]};
my $fine = eval { require Time::HiRes; 1 };
my (%readable, %writable, %timers, %heard, @queue, @targets, @points);
my ($name, $token, $own, $timer, $running, $done, $greeted, $slow, $total, $tick) = ('', '', '-', 0, 0, 0, 0, 0);

sub clock {
  my ($which) = @_;
  return Time::HiRes::clock_gettime($which) if $fine;
  return time unless $call;
  my $pair = pack 'qq', 0, 0;
  syscall $call, $which, $pair;
  my ($s, $ns) = unpack 'qq', $pair;
  return $s + $ns / 1e9;
}
sub mono { return clock(1) }
sub mark { print "\n$nonce @_\n" }
sub answer { print join("\t", @_), "\n" }
sub ms { return map { sprintf '%.3f', $_ } @_ }
sub after { my ($s, $cb) = @_; $timers{++$timer} = [mono() + $s, $cb]; return $timer }
sub family { return index($_[0], ':') >= 0 ? AF_INET6 : AF_INET }
sub place {
  my ($address, $port) = @_;
  my $family = family($address);
  my $bytes = inet_pton($family, $address);
  return $family == AF_INET6 ? pack_sockaddr_in6($port, $bytes) : pack_sockaddr_in($port, $bytes);
}
sub opened {
  my ($family, $kind) = @_;
  socket my $s, $family, $kind, 0 or return;
  fcntl $s, F_SETFL, O_NONBLOCK;
  setsockopt $s, 41, 26, 1 if $family == AF_INET6;
  return $s;
}
sub forget {
  my ($s) = @_;
  my $n = fileno $s;
  delete $readable{$n};
  delete $writable{$n};
  close $s;
}
sub error_of { return unpack 'i', getsockopt $_[0], SOL_SOCKET, SO_ERROR }
sub because {
  my ($e) = @_;
  return 'refused' if $e == ECONNREFUSED;
  local $! = $e;
  return "unreachable: $!";
}

sub bound {
  my ($kind, $port) = @_;
  for my $address ($own, index($own, ':') >= 0 ? '::' : '0.0.0.0') {
    next if $address eq '-';
    my $s = opened(family($address), $kind) or return;
    setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1 if $kind == SOCK_STREAM;
    return $s if bind $s, place($address, $port);
    return if $! != EADDRNOTAVAIL;
  }
  return;
}
sub serve {
  my ($protocol, $port) = @_;
  my $tcp = $protocol eq 'tcp';
  my $s = bound($tcp ? SOCK_STREAM : SOCK_DGRAM, $port);
  if (!$s || ($tcp && !listen $s, 1024)) {
    return answer('listen', $protocol, $port, $! == EADDRINUSE ? 'taken' : "failed: $!");
  }
  $readable{fileno $s} = [$s, $tcp ? sub { greet($s) } : sub { echo($s, $port) }];
  return answer('listen', $protocol, $port, 'ours') if $port;
  my $at = getsockname $s;
  ($port) = sockaddr_family($at) == AF_INET6 ? unpack_sockaddr_in6($at) : unpack_sockaddr_in($at);
  answer('measure', $port);
}
sub greet {
  my ($listener) = @_;
  while (accept my $s, $listener) {
    fcntl $s, F_SETFL, O_NONBLOCK;
    syswrite $s, "provision $token $name\n";
    if ($greeted >= 400) { close $s; next }
    $greeted++;
    my $limit;
    my $end = sub { delete $timers{$limit}; $greeted--; forget($s) };
    $limit = after(10, $end);
    $readable{fileno $s} = [$s, $end];
  }
}
sub echo {
  my ($s, $port) = @_;
  while (defined(my $from = recv $s, my $text, 65535, 0)) {
    next unless length $text >= 96 && $text =~ /^provision \Q$token\E (\d{1,12}) (\S*)/;
    # Our answer may be lost on its way back: that is another direction.
    answer('heard', $2, $port) if $2 ne '' && !$heard{"$2 $port"}++;
    send $s, sprintf('provision %s %s %d %.6f %s', $token, $1, length $text, clock(0), $name), 0, $from;
  }
}
sub find_own {
  for my $far ('192.0.2.1', '2001:db8::1') {
    my $s = opened(family($far), SOCK_DGRAM) or next;
    connect $s, place($far, 9) or next;
    my $at = getsockname $s;
    my $six = sockaddr_family($at) == AF_INET6;
    $own = inet_ntop(family($far), ($six ? unpack_sockaddr_in6($at) : unpack_sockaddr_in($at))[1]);
    return;
  }
}

sub reach {
  my ($to, $protocol, $port, $expect) = @_;
  my $tcp = $protocol eq 'tcp';
  my $from = mono();
  my ($over, $state, $took, @limits, $s) = (0, 'silent');
  my $end = sub {
    return if $over++;
    delete @timers{@limits};
    forget($s) if $s;
    answer('reach', $to->{name}, $protocol, $port, $_[0], defined $took ? ms($took) : '');
    $to->{udp} = $port if !$tcp && $_[0] eq 'reached';
    $running--; $done++;
  };
  my $heard = sub {
    my @words = split ' ', $_[0];
    my $right = @words >= 3 && $words[0] eq 'provision' && $words[1] eq $token && $words[-1] eq $to->{name};
    $end->($right ? 'reached' : 'stranger');
  };
  $running++;
  $s = opened(family($to->{address}), $tcp ? SOCK_STREAM : SOCK_DGRAM) or return $end->("failed: $!");
  connect $s, place($to->{address}, $port) or $! == EINPROGRESS or return $end->(because($! + 0));
  push @limits, after(4, sub { $end->($state) });
  my $hear = [$s, sub {
    my $got = sysread $s, my $text, 4096;
    return $end->(because($! + 0)) if !defined $got && !$tcp;
    $took = 1000 * (mono() - $from) unless defined $took;
    $heard->($got ? $text : '');
  }];
  if ($tcp) {
    $writable{fileno $s} = [$s, sub {
      my $e = error_of($s);
      return $end->(because($e)) if $e;
      $took = 1000 * (mono() - $from);
      $to->{tcp} = $took if !defined $to->{tcp} || $took < $to->{tcp};
      return $end->('open') if $expect eq 'taken';
      delete $writable{fileno $s};
      $state = 'mute';
      $readable{fileno $s} = $hear;
    }];
    return;
  }
  $readable{fileno $s} = $hear;
  my $ask = sub {
    return if $over || defined send $s, sprintf('%-96s', "provision $token 0 $name "), 0;
    $end->('refused') if $! == ECONNREFUSED;
  };
  push @limits, after($_, $ask) for 0.4, 1, 2, 3;
  $ask->();
}

sub measure {
  my ($to) = @_;
  my $six = family($to->{address}) == AF_INET6;
  my $overhead = $six ? 48 : 28;
  my ($over, $lost, $seq, $passed, $most, $link, $turn, $tries, $alive) = (0, 0, 0, 0, 0, 0, 0, 0, 0);
  my ($s, $sent, $best, $limit, $round, $settle, $ping, @times, @sizes) = (undef, undef, undef, 0);
  my $end = sub {
    return if $over++;
    delete $timers{$limit};
    forget($s) if $s;
    @times = sort { $a <=> $b } @times;
    if (@times) { answer('rtt', $to->{name}, 'udp', ms($times[0], $times[$#times / 2])) }
    elsif (defined $to->{tcp}) { answer('rtt', $to->{name}, 'tcp', ms($to->{tcp}, $to->{tcp})) }
    answer('skew', $to->{name}, ms(map { 1000 * $_ } @$best)) if $best;
    answer('mtu', $to->{name}, $passed, $link) if $tries && $passed >= $most;
    $running--; $done++;
  };
  $running++;
  my $port = $to->{udp} || $to->{measure} or return $end->();
  $s = opened(family($to->{address}), SOCK_DGRAM) or return $end->();
  connect $s, place($to->{address}, $port) or return $end->();
  setsockopt $s, $six ? 41 : 0, $six ? 23 : 10, 3;
  # What a router said of the packet before comes back as the error of this one: only the second refusal is our own card's.
  my $shoot = sub {
    my ($n, $size) = @_;
    my $text = sprintf '%-*s', $size - $overhead, "provision $token $n ";
    return defined(send $s, $text, 0) || $! != EMSGSIZE || defined(send $s, $text, 0) || $! != EMSGSIZE;
  };
  $ping = sub {
    return $end->() if $lost > 4 && !@times;
    return $round->(576, 1280, 1400, 1450, 1500, 4000, 8900) if @times >= 5 || $lost > 5;
    $seq++;
    $sent = [mono(), clock(0)];
    $shoot->($seq, 96 + $overhead);
    $limit = after(1, sub { $lost++; $ping->() });
  };
  $round = sub {
    my @some = @_;
    $tries ||= 1;
    return $end->() if $passed >= $most;
    @sizes = ((grep { $_ > $passed && $_ < $most } @some), $most);
    ($turn, $alive) = (0, 0);
    $settle->();
  };
  # A size counts as lost after three turns in which something else came through: what is merely late or stuck is not.
  $settle = sub {
    @sizes = grep { $_ > $passed } @sizes;
    $turn++ if $alive;
    if (@sizes && $turn < 3 && $tries++ < 30) {
      $alive = 0;
      $shoot->(0, $_) for 96 + $overhead, @sizes;
      my $wait = 4 * $times[-1] / 1000;
      $limit = after($wait < 0.25 ? 0.25 : $wait > 1 ? 1 : $wait, $settle);
      return;
    }
    return $end->() if !$passed || $tries >= 30;
    $most = $sizes[0] - 1 if @sizes;
    $round->(map { $passed + int(($most - $passed) * $_ / 12) } 1 .. 11);
  };
  $readable{fileno $s} = [$s, sub {
    return unless sysread $s, my $text, 4096;
    my (undef, $key, $n, $length, $epoch) = split ' ', $text;
    return unless defined $epoch && $key eq $token;
    if ($n == 0) {
      $alive = 1;
      $passed = $length + $overhead if $length + $overhead > $passed;
      return $tries && $passed >= $most ? $end->() : undef;
    }
    return if $n != $seq || !$sent;
    my $took = mono() - $sent->[0];
    push @times, 1000 * $took;
    $best = [$epoch - $sent->[1] - $took / 2, $took / 2] if !$best || $took / 2 < $best->[1];
    $sent = undef;
    delete $timers{$limit};
    $ping->();
  }];
  # Bigger than the card takes is refused at once, without a packet.
  ($link, my $bad) = (575, 65536);
  while ($link + 1 < $bad) { my $size = int(($link + $bad) / 2); if ($shoot->(0, $size)) { $link = $size } else { $bad = $size } }
  $most = $link;
  $ping->();
}

# Looking up a name stops everything, so it is done before others measure; a resolver that is slow once is not asked again.
sub look_up {
  my ($point, $host, $port) = @_;
  return answer('point', $point, 'failed: not looked up, names take too long here') if $slow;
  my $from = mono();
  my ($error, $to) = getaddrinfo($host, $port, {socktype => SOCK_STREAM});
  $slow = mono() - $from > 3;
  return answer('point', $point, "failed: $error") if $error;
  push @points, [\&visit, $point, $to];
}
sub visit { $running++; knock(@_) }
sub knock {
  my ($point, $to, @times) = @_;
  my ($over, $limit, $s, $from) = (0, 0, undef, mono());
  my $end = sub {
    my ($why) = @_;
    return if $over++;
    push @times, 1000 * (mono() - $from);
    delete $timers{$limit};
    forget($s) if $s;
    return knock($point, $to, @times) if !$why && @times < 6;
    # The first one paid for ARP and routes.
    shift @times;
    @times = sort { $a <=> $b } @times;
    answer('point', $point, $why || ('tcp', ms($times[0], $times[2])));
    $running--; $done++;
  };
  $s = opened($to->{family}, SOCK_STREAM) or return $end->("failed: $!");
  connect $s, $to->{addr} or $! == EINPROGRESS or return $end->(because($! + 0));
  $limit = after(4, sub { $end->('silent') });
  $writable{fileno $s} = [$s, sub { my $e = error_of($s); $end->($e && $e != ECONNREFUSED ? because($e) : '') }];
}

# To a service that need not know us: connect, say TEXT, take the first bytes that come back. One question after the other, as a
# client asks; three silences in a row are enough.
sub begin_questions { $running++; question(@_) }
sub question {
  my ($about, $protocol, $address, $port, $times, $want, $text, $silent) = @_;
  my ($tcp, $from, $over, $mute, $s, $limit) = ($protocol eq 'tcp', mono(), 0);
  my $end = sub {
    my ($state, $heard) = @_;
    return if $over++;
    delete $timers{$limit} if $limit;
    forget($s) if $s;
    answer('asked', $about, $state, ms(1000 * (mono() - $from)), unpack 'H*', substr defined $heard ? $heard : '', 0, 64);
    $silent = $state eq 'silent' ? ($silent || 0) + 1 : 0;
    return question($about, $protocol, $address, $port, $times - 1, $want, $text, $silent) if $times > 1 && $silent < 3;
    $running--; $done++;
  };
  $s = opened(family($address), $tcp ? SOCK_STREAM : SOCK_DGRAM) or return $end->("failed: $!");
  connect $s, place($address, $port) or $! == EINPROGRESS or return $end->(because($! + 0));
  $limit = after($tcp ? 4 : 2, sub { $end->($mute ? 'mute' : 'silent') });
  my $say = sub {
    $readable{fileno $s} = [$s, sub {
      my $got = sysread $s, my $heard, 4096;
      return $end->(because($! + 0)) unless defined $got;
      $end->($got ? 'answered' : 'mute', $heard);
    }];
    syswrite $s, pack 'H*', $text if $text ne '';
  };
  return $say->() unless $tcp;
  $writable{fileno $s} = [$s, sub {
    my $e = error_of($s);
    return $end->(because($e)) if $e;
    return $end->('open') if $want eq 'open';
    delete $writable{fileno $s};
    $mute = 1;
    $say->();
  }];
}

sub order {
  my ($word, @rest) = @_;
  if ($word eq 'name') { ($name, $token) = @rest }
  elsif ($word eq 'deadline') { alarm $rest[0] }
  elsif ($word eq 'address') { $own = $rest[0]; find_own() if $own eq '-' }
  elsif ($word eq 'listen') { serve(@rest) }
  elsif ($word eq 'ready') { serve('udp', 0); answer('own', $own); mark('listening') }
  elsif ($word eq 'clock') { mark('clock', $rest[0], ms(1000 * clock(0))) }
  elsif ($word eq 'point') { look_up(@rest) }
  elsif ($word eq 'question') { push @points, [\&begin_questions, @rest] }
  elsif ($word eq 'go') { $total = @queue + @targets + @points; tick() }
  elsif ($word eq 'target') {
    my %to = (name => shift @rest, address => shift @rest, measure => shift @rest);
    push @targets, [\&measure, \%to];
    push @queue, map { [\&reach, \%to, split /:/, $_] } @rest;
  }
}
sub tick { mark('progress', $done, $total); $tick = after(1, \&tick) }
sub work {
  while (defined $total) {
    if ($running < 128 && @queue) { my ($task, @args) = @{shift @queue}; $task->(@args) }
    elsif ($running || @queue) { return }
    elsif (@targets) { @queue = splice @targets }
    elsif (@points) { @queue = splice @points }
    else { $total = undef; delete $timers{$tick}; mark('probed') }
  }
}
my $input = '';
# Left blocking: sshd may give one socket for both ends, and then answers would get lost as well.
$readable{fileno STDIN} = [*STDIN, sub {
  my $got = sysread STDIN, $input, 65536, length $input;
  exit 0 if defined $got && $got == 0;
  while ($input =~ s/^([^\n]*)\n//) { order(split /\t/, $1) }
}];
for (;;) {
  work();
  my ($r, $w) = ('', '');
  vec($r, $_, 1) = 1 for keys %readable;
  vec($w, $_, 1) = 1 for keys %writable;
  my ($next) = sort { $a <=> $b } map { $_->[0] } values %timers;
  my $wait = defined $next ? $next - mono() : undef;
  select $r, $w, undef, defined $wait && $wait < 0 ? 0 : $wait;
  for my $n (grep { vec $w, $_, 1 } keys %writable) { $writable{$n}[1]->() if $writable{$n} }
  for my $n (grep { vec $r, $_, 1 } keys %readable) { $readable{$n}[1]->() if $readable{$n} }
  my $time = mono();
  for my $n (grep { $timers{$_}[0] <= $time } sort { $a <=> $b } keys %timers) { my $due = delete $timers{$n} or next; $due->[1]->() }
}
