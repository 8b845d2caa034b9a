# What a host runs while hosts measure what is between them, where there is no Perl (Python 3.6 or newer). Orders come in on
# stdin and answers go out on stdout, as told in peer-dialogue.ts; peer.pl is the same program. It writes no file, starts no
# process, and ends when its stdin does, or at its deadline.
import errno, os, select, signal, socket, struct, sys, time

NONCE = os.environ.pop('provision_nonce', '')
readable, writable, timers, heard, queue, targets, points = {}, {}, {}, set(), [], [], []


class World:
    name, token, own = '', '', '-'
    timer = running = done = greeted = tick = 0
    total, slow = None, False


def out(text):
    data = text.encode()
    while data:
        data = data[os.write(1, data):]


def mark(*words):
    out('\n%s %s\n' % (NONCE, ' '.join(str(word) for word in words)))


def answer(*fields):
    out('\t'.join(str(field) for field in fields) + '\n')


def ms(*values):
    return tuple('%.3f' % value for value in values)


def after(seconds, run):
    World.timer += 1
    timers[World.timer] = (time.monotonic() + seconds, run)
    return World.timer


def family(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def opened(kind_of_address, kind):
    s = socket.socket(kind_of_address, kind)
    s.setblocking(False)
    if kind_of_address == socket.AF_INET6:
        s.setsockopt(41, 26, 1)
    return s


def forget(s):
    n = s.fileno()
    readable.pop(n, None)
    writable.pop(n, None)
    s.close()


def start(s, to):
    """Connects without waiting. None, or the number of the error."""
    e = s.connect_ex(to)
    return None if e in (0, errno.EINPROGRESS) else e


def because(e):
    return 'refused' if e == errno.ECONNREFUSED else 'unreachable: ' + os.strerror(e)


def bound(kind, port):
    for address in (World.own, '::' if ':' in World.own else '0.0.0.0'):
        if address == '-':
            continue
        s = opened(family(address), kind)
        if kind == socket.SOCK_STREAM:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((address, port))
            if kind == socket.SOCK_STREAM:
                s.listen(1024)
            return s
        except OSError as error:
            s.close()
            if error.errno != errno.EADDRNOTAVAIL:
                raise
    raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))


def serve(protocol, port):
    tcp = protocol == 'tcp'
    try:
        s = bound(socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM, port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return answer('listen', protocol, port, 'taken' if taken else 'failed: ' + os.strerror(error.errno))
    readable[s.fileno()] = (s, (lambda: greet(s)) if tcp else (lambda: echo(s, port)))
    if port:
        answer('listen', protocol, port, 'ours')
    else:
        answer('measure', s.getsockname()[1])


def greet(listener):
    while True:
        try:
            s, _ = listener.accept()
        except OSError:
            return
        s.setblocking(False)
        try:
            s.send(('provision %s %s\n' % (World.token, World.name)).encode())
        except OSError:
            pass
        if World.greeted >= 400:
            s.close()
        else:
            welcome(s)


def welcome(s):
    World.greeted += 1

    def end():
        timers.pop(limit, None)
        World.greeted -= 1
        forget(s)

    limit = after(10, end)
    readable[s.fileno()] = (s, end)


def echo(s, port):
    while True:
        try:
            text, sender = s.recvfrom(65535)
        except OSError:
            return
        words = text[:96].split(b' ')
        if len(text) < 96 or len(words) < 4 or words[0] != b'provision' or words[1] != World.token.encode():
            continue
        if not words[2].isdigit() or len(words[2]) > 12:
            continue
        # Our answer may be lost on its way back: that is another direction.
        if words[3] and (words[3], port) not in heard:
            heard.add((words[3], port))
            answer('heard', words[3].decode('utf-8', 'replace'), port)
        reply = 'provision %s %s %d %.6f %s' % (World.token, words[2].decode(), len(text), time.time(), World.name)
        try:
            s.sendto(reply.encode(), sender)
        except OSError:
            pass


def find_own():
    for far in ('192.0.2.1', '2001:db8::1'):
        try:
            s = opened(family(far), socket.SOCK_DGRAM)
        except OSError:
            continue
        if start(s, (far, 9)) is None:
            World.own = s.getsockname()[0]
            return


def finished():
    World.running -= 1
    World.done += 1


class Reach:
    def __init__(self, to, protocol, port, expect):
        self.to, self.protocol, self.port, self.expect = to, protocol, int(port), expect
        self.tcp = protocol == 'tcp'
        self.over, self.state, self.took, self.limits, self.s = False, 'silent', None, [], None

    def run(self):
        World.running += 1
        self.since = time.monotonic()
        try:
            self.s = opened(family(self.to['address']), socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        except OSError as error:
            return self.end('failed: ' + os.strerror(error.errno))
        e = start(self.s, (self.to['address'], self.port))
        if e is not None:
            return self.end(because(e))
        self.limits.append(after(4, lambda: self.end(self.state)))
        if self.tcp:
            writable[self.s.fileno()] = (self.s, self.connected)
            return
        readable[self.s.fileno()] = (self.s, self.hear)
        self.limits += [after(seconds, self.ask) for seconds in (0.4, 1, 2, 3)]
        self.ask()

    def end(self, state):
        if self.over:
            return
        self.over = True
        for limit in self.limits:
            timers.pop(limit, None)
        if self.s:
            forget(self.s)
        answer('reach', self.to['name'], self.protocol, self.port, state, '' if self.took is None else ms(self.took)[0])
        if not self.tcp and state == 'reached':
            self.to['udp'] = self.port
        finished()

    def connected(self):
        e = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if e:
            return self.end(because(e))
        self.took = 1000 * (time.monotonic() - self.since)
        self.to['tcp'] = min(self.took, self.to.get('tcp', self.took))
        if self.expect == 'taken':
            return self.end('open')
        del writable[self.s.fileno()]
        self.state = 'mute'
        readable[self.s.fileno()] = (self.s, self.hear)

    def ask(self):
        if self.over:
            return
        try:
            self.s.send(('provision %s 0 %s ' % (World.token, World.name)).ljust(96).encode())
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                self.end('refused')

    def hear(self):
        try:
            text = self.s.recv(4096).decode('utf-8', 'replace')
        except OSError as error:
            if not self.tcp:
                return self.end(because(error.errno))
            text = ''
        if self.took is None:
            self.took = 1000 * (time.monotonic() - self.since)
        words = text.split()
        right = len(words) >= 3 and words[:2] == ['provision', World.token] and words[-1] == self.to['name']
        self.end('reached' if right else 'stranger')


class Measure:
    def __init__(self, to):
        self.to, self.six = to, ':' in to['address']
        self.overhead = 48 if self.six else 28
        self.over, self.lost, self.seq, self.passed, self.most, self.link = False, 0, 0, 0, 0, 575
        self.turn, self.tries, self.alive = 0, 0, False
        self.s = self.sent = self.best = None
        self.limit, self.times, self.sizes = 0, [], []

    def run(self):
        World.running += 1
        port = int(self.to.get('udp') or self.to['measure'])
        if not port:
            return self.end()
        try:
            self.s = opened(family(self.to['address']), socket.SOCK_DGRAM)
        except OSError:
            return self.end()
        if start(self.s, (self.to['address'], port)) is not None:
            return self.end()
        self.s.setsockopt(41 if self.six else 0, 23 if self.six else 10, 3)
        readable[self.s.fileno()] = (self.s, self.hear)
        # Bigger than the card takes is refused at once, without a packet.
        bad = 65536
        while self.link + 1 < bad:
            size = (self.link + bad) // 2
            if self.shoot(0, size):
                self.link = size
            else:
                bad = size
        self.most = self.link
        self.ping()

    def end(self):
        if self.over:
            return
        self.over = True
        timers.pop(self.limit, None)
        if self.s:
            forget(self.s)
        self.times.sort()
        name = self.to['name']
        if self.times:
            answer('rtt', name, 'udp', *ms(self.times[0], self.times[(len(self.times) - 1) // 2]))
        elif 'tcp' in self.to:
            answer('rtt', name, 'tcp', *ms(self.to['tcp'], self.to['tcp']))
        if self.best:
            answer('skew', name, *ms(*(1000 * value for value in self.best)))
        if self.tries and self.passed >= self.most:
            answer('mtu', name, self.passed, self.link)
        finished()

    def shoot(self, n, size):
        # What a router said of the packet before comes back as the error of this one: only the second refusal is our own card's.
        text = ('provision %s %d ' % (World.token, n)).ljust(size - self.overhead).encode()
        for _ in range(2):
            try:
                self.s.send(text)
                return True
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    return True
        return False

    def ping(self):
        if self.lost > 4 and not self.times:
            return self.end()
        if len(self.times) >= 5 or self.lost > 5:
            return self.round([576, 1280, 1400, 1450, 1500, 4000, 8900])
        self.seq += 1
        self.sent = (time.monotonic(), time.time())
        self.shoot(self.seq, 96 + self.overhead)
        self.limit = after(1, self.miss)

    def miss(self):
        self.lost += 1
        self.ping()

    def round(self, some):
        self.tries = self.tries or 1
        if self.passed >= self.most:
            return self.end()
        self.sizes = [size for size in some if self.passed < size < self.most] + [self.most]
        self.turn, self.alive = 0, False
        self.settle()

    def settle(self):
        # A size counts as lost after three turns in which something else came through: what is merely late or stuck is not.
        self.sizes = [size for size in self.sizes if size > self.passed]
        self.turn += self.alive
        if self.sizes and self.turn < 3 and self.tries < 30:
            self.tries += 1
            self.alive = False
            for size in [96 + self.overhead] + self.sizes:
                self.shoot(0, size)
            self.limit = after(min(1, max(0.25, 4 * self.times[-1] / 1000)), self.settle)
            return
        if not self.passed or self.tries >= 30:
            return self.end()
        if self.sizes:
            self.most = self.sizes[0] - 1
        self.round([self.passed + (self.most - self.passed) * i // 12 for i in range(1, 12)])

    def hear(self):
        try:
            words = self.s.recv(4096).decode('utf-8', 'replace').split()
        except OSError:
            return
        if len(words) < 5 or words[1] != World.token:
            return
        n, size = int(words[2]), int(words[3]) + self.overhead
        if n == 0:
            self.alive = True
            self.passed = max(self.passed, size)
            return self.end() if self.tries and self.passed >= self.most else None
        if n != self.seq or not self.sent:
            return
        took = time.monotonic() - self.sent[0]
        self.times.append(1000 * took)
        if not self.best or took / 2 < self.best[1]:
            self.best = (float(words[4]) - self.sent[1] - took / 2, took / 2)
        self.sent = None
        timers.pop(self.limit, None)
        self.ping()


def look_up(point, host, port):
    # Looking up a name stops everything, so it is done before others measure; a resolver that is slow once is not asked again.
    if World.slow:
        return answer('point', point, 'failed: not looked up, names take too long here')
    since = time.monotonic()
    try:
        points.append(Visit(point, socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]))
    except OSError as error:
        answer('point', point, 'failed: ' + (error.strerror or 'unknown'))
    World.slow = time.monotonic() - since > 3


class Visit:
    def __init__(self, point, to):
        self.point, self.to, self.times = point, to, []

    def run(self):
        World.running += 1
        self.knock()

    def knock(self):
        self.over, self.limit, self.s, self.since = False, 0, None, time.monotonic()
        try:
            self.s = opened(self.to[0], socket.SOCK_STREAM)
        except OSError as error:
            return self.end('failed: ' + os.strerror(error.errno))
        e = start(self.s, self.to[4])
        if e is not None:
            return self.end(because(e))
        self.limit = after(4, lambda: self.end('silent'))
        writable[self.s.fileno()] = (self.s, self.connected)

    def connected(self):
        e = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.end('' if e in (0, errno.ECONNREFUSED) else because(e))

    def end(self, why):
        self.times.append(1000 * (time.monotonic() - self.since))
        timers.pop(self.limit, None)
        if self.s:
            forget(self.s)
        if not why and len(self.times) < 6:
            return self.knock()
        # The first one paid for ARP and routes.
        times = sorted(self.times[1:])
        answer('point', self.point, *([why] if why else ['tcp', *ms(times[0], times[2])]))
        finished()


class Question:
    """To a service that need not know us: connect, say TEXT, take the first bytes that come back. One question after the other,
    as a client asks; three silences in a row are enough."""

    def __init__(self, about, protocol, address, port, times, want, text):
        self.about, self.tcp, self.address, self.port = about, protocol == 'tcp', address, int(port)
        self.times, self.want, self.text, self.silent = int(times), want, bytes.fromhex(text), 0

    def run(self):
        World.running += 1
        self.ask()

    def ask(self):
        self.since, self.state, self.limit, self.s = time.monotonic(), 'silent', 0, None
        try:
            self.s = opened(family(self.address), socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        except OSError as error:
            return self.end('failed: ' + os.strerror(error.errno))
        e = start(self.s, (self.address, self.port))
        if e is not None:
            return self.end(because(e))
        self.limit = after(4 if self.tcp else 2, lambda: self.end(self.state))
        if self.tcp:
            writable[self.s.fileno()] = (self.s, self.connected)
        else:
            self.say()

    def connected(self):
        e = self.s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if e:
            return self.end(because(e))
        if self.want == 'open':
            return self.end('open')
        del writable[self.s.fileno()]
        self.state = 'mute'
        self.say()

    def say(self):
        readable[self.s.fileno()] = (self.s, self.hear)
        try:
            if self.text:
                self.s.send(self.text)
        except OSError:
            pass

    def hear(self):
        try:
            heard = self.s.recv(4096)
        except OSError as error:
            return self.end(because(error.errno))
        self.end('answered' if heard else 'mute', heard)

    def end(self, state, heard=b''):
        took = 1000 * (time.monotonic() - self.since)
        timers.pop(self.limit, None)
        if self.s:
            forget(self.s)
        answer('asked', self.about, state, *ms(took), heard[:64].hex())
        self.silent = self.silent + 1 if state == 'silent' else 0
        self.times -= 1
        if self.times > 0 and self.silent < 3:
            return self.ask()
        finished()


def order(word, *rest):
    if word == 'name':
        World.name, World.token = rest
    elif word == 'deadline':
        signal.alarm(int(rest[0]))
    elif word == 'address':
        World.own = rest[0]
        if World.own == '-':
            find_own()
    elif word == 'listen':
        serve(rest[0], int(rest[1]))
    elif word == 'ready':
        serve('udp', 0)
        answer('own', World.own)
        mark('listening')
    elif word == 'clock':
        mark('clock', rest[0], *ms(1000 * time.time()))
    elif word == 'point':
        look_up(*rest)
    elif word == 'question':
        points.append(Question(*rest))
    elif word == 'go':
        World.total = len(queue) + len(targets) + len(points)
        tick()
    elif word == 'target':
        to = {'name': rest[0], 'address': rest[1], 'measure': rest[2]}
        targets.append(Measure(to))
        queue.extend(Reach(to, *port.split(':')) for port in rest[3:])


def tick():
    mark('progress', World.done, World.total)
    World.tick = after(1, tick)


def work():
    while World.total is not None:
        if World.running < 128 and queue:
            queue.pop(0).run()
        elif World.running or queue:
            return
        elif targets or points:
            wave = targets or points
            queue.extend(wave)
            wave.clear()
        else:
            World.total = None
            timers.pop(World.tick, None)
            mark('probed')


rest = b''


def hear_orders():
    global rest
    data = os.read(0, 65536)
    if not data:
        sys.exit(0)
    lines = (rest + data).split(b'\n')
    rest = lines.pop()
    for line in lines:
        order(*line.decode().split('\t'))


signal.signal(signal.SIGPIPE, signal.SIG_DFL)
# fd 0 is left blocking: sshd may give one socket for both ends, and then answers would get lost as well.
readable[0] = (None, hear_orders)
while True:
    work()
    wait = max(0, min(due for due, _ in timers.values()) - time.monotonic()) if timers else None
    can_read, can_write, _ = select.select(list(readable), list(writable), [], wait)
    for n in can_write:
        if n in writable:
            writable[n][1]()
    for n in can_read:
        if n in readable:
            readable[n][1]()
    now = time.monotonic()
    for n in sorted(n for n, (due, _) in timers.items() if due <= now):
        if n in timers:
            timers.pop(n)[1]()
